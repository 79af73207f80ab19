//! The project's only check, `test`: it fails when the file is broken.

use async_trait::async_trait;
use factory_core::artifact::CheckOutcome;
use factory_engine::port::checks::{CheckError, CheckRun, Checks};
use factory_engine::port::observer::{Observer, Progress};
use factory_engine::port::workspace::Checkout;

use crate::samples;

/// Printed before the line that matters, and longer than anybody is shown.
const NOISE: usize = 9_000;

pub(super) struct WorldChecks;

#[async_trait]
impl Checks for WorldChecks {
    async fn run(&self, checkout: &Checkout, observer: &dyn Observer) -> Result<Vec<CheckRun>, CheckError> {
        let result = |outcome| samples::check(outcome);
        observer.progress(Progress::Check { name: result(CheckOutcome::Passed).name });
        let text = super::written(checkout);
        let run = if text.contains("BROKEN") {
            let log = format!("{}\nthe greeting is broken: {text}\n", ".".repeat(NOISE));
            CheckRun { result: result(CheckOutcome::Failed { status: 1 }), log: log.into_bytes() }
        } else {
            CheckRun { result: result(CheckOutcome::Passed), log: b"all is well\n".to_vec() }
        };
        Ok(vec![run])
    }
}
