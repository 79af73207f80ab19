//! A judge with ten holdouts, two of which ask for politeness.

use std::sync::Arc;

use async_trait::async_trait;
use factory_core::artifact::Verify;
use factory_engine::port::evaluator::{Candidate, Evaluator, EvaluatorError, Outlook};
use factory_engine::port::observer::Progress;

use super::trap::Traps;
use crate::samples;

const SCENARIOS: usize = 10;

pub(super) struct WorldEvaluator {
    traps: Arc<Traps>,
}

impl WorldEvaluator {
    pub(super) fn new(traps: Arc<Traps>) -> Self {
        Self { traps }
    }
}

#[async_trait]
impl Evaluator for WorldEvaluator {
    async fn verify(&self, candidate: Candidate<'_>) -> Result<Verify, EvaluatorError> {
        self.traps.spring(candidate.effect.stage.as_str()).await.map_err(|_| {
            EvaluatorError::Infrastructure { detail: "no port is free".to_owned(), source: None }
        })?;
        candidate.observer.progress(Progress::Scenarios { done: SCENARIOS, of: SCENARIOS });
        let polite = super::written(candidate.checkout).contains("please");
        let (passed, failed) = if polite { (10, 0) } else { (8, 2) };
        Ok(samples::verify(candidate.patch, passed, failed, 0))
    }

    fn outlook(&self) -> Result<Outlook, EvaluatorError> {
        Ok(Outlook { scenarios: SCENARIOS, runs_each: 1, clock: "not moved".to_owned() })
    }
}
