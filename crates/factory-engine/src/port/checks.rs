//! Running the project's own checks.

use async_trait::async_trait;
use factory_core::artifact::CheckResult;

use super::observer::Observer;
use super::workspace::Checkout;

/// A check's result and what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRun {
    /// The result.
    pub result: CheckResult,
    /// Standard output and error in the order they came, head and tail kept.
    pub log: Vec<u8>,
}

/// A check could not be run at all (not: ran and failed).
#[derive(Debug, thiserror::Error)]
#[error("the check `{name}` could not be run")]
pub struct CheckError {
    /// The check.
    pub name: String,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// The project's own checks, as `[[check]]` in `factory.toml` lists them.
#[async_trait]
pub trait Checks: Send + Sync {
    /// Runs all of them, in order, also after one failed.
    ///
    /// # Errors
    /// [`CheckError`] when one could not be started.
    async fn run(&self, checkout: &Checkout, observer: &dyn Observer) -> Result<Vec<CheckRun>, CheckError>;
}
