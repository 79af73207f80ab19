//! Judging a candidate by holdouts. What comes back tells nothing that an implementer may not know.

use async_trait::async_trait;
use factory_core::artifact::Verify;
use factory_core::ids::{Digest, EffectId, RequirementId};
use factory_core::ledger::leak::Leaks;
use factory_core::pipeline::model::Policy;

use super::observer::Observer;
use super::workspace::Checkout;

/// What is to be judged.
pub struct Candidate<'a> {
    /// The performance it belongs to.
    pub effect: &'a EffectId,
    /// Base plus patch, sealed.
    pub checkout: &'a Checkout,
    /// What the patch was made on.
    pub base: &'a dyn Base,
    /// The patch's digest: the verdict is about exactly this.
    pub patch: Digest,
    /// The requirement ids of the public specification.
    pub requirements: &'a [RequirementId],
    /// What is asked of it: the vault is opened once that is met.
    pub policy: Policy,
    /// What scenarios have revealed so far: who has revealed too much does not count.
    pub leaks: &'a Leaks,
    /// Told how far it is, by counts alone.
    pub observer: &'a dyn Observer,
}

/// The commit that a candidate was made on.
#[async_trait]
pub trait Base: Send + Sync {
    /// A sealed checkout of it, made when it is asked for: it is needed only where something that failed may have passed
    /// before.
    ///
    /// # Errors
    /// [`EvaluatorError::Infrastructure`] when there can be none.
    async fn checkout(&self) -> Result<Checkout, EvaluatorError>;
}

/// Why there is no verdict. None of this quotes a scenario.
#[derive(Debug, thiserror::Error)]
pub enum EvaluatorError {
    /// There is nothing to judge by.
    #[error("the holdouts at {place} cannot be used: {detail}")]
    Holdouts {
        /// The folder.
        place: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Some sentences cannot be compiled to steps.
    #[error("{count} sentences of the holdouts at {place} cannot be compiled")]
    Uncompiled {
        /// The folder.
        place: String,
        /// How many.
        count: usize,
    },
    /// The machine could not do what was asked: no free port, no space, no clock that can be moved.
    #[error("the evaluation could not be carried out: {detail}")]
    Infrastructure {
        /// What was missing.
        detail: String,
        /// What the system said.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// What the evaluator would do, for a dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// How many scenarios there are.
    pub scenarios: usize,
    /// How often each is run.
    pub runs_each: u32,
    /// How the candidate's clock would be moved, in words.
    pub clock: String,
}

/// The judge.
#[async_trait]
pub trait Evaluator: Send + Sync {
    /// Runs every holdout against fresh deployments of the candidate.
    ///
    /// # Errors
    /// [`EvaluatorError`].
    async fn verify(&self, candidate: Candidate<'_>) -> Result<Verify, EvaluatorError>;

    /// Reads and compiles the holdouts without running them.
    ///
    /// # Errors
    /// [`EvaluatorError`], so that a run can be refused before anything is spent.
    fn outlook(&self) -> Result<Outlook, EvaluatorError>;
}
