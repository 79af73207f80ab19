//! Asking roles for artifacts. What a role is given is all that it can know: none of these types can hold a holdout.

use async_trait::async_trait;
use factory_core::artifact::{CheckResult, Design, Lessons, Plan, Recon, Review, Tasks, Tests};
use factory_core::feedback::Feedback;
use factory_core::ids::{EffectId, RequirementId, Usage};

use super::model::ModelError;
use super::observer::Observer;
use super::workspace::Checkout;

/// What every role is given.
pub struct Assignment<'a> {
    /// The performance it belongs to.
    pub effect: &'a EffectId,
    /// The specification's text.
    pub spec: &'a str,
    /// Ids of its requirements: an artifact that leaves one out, or names another, is sent back for repair.
    pub requirements: &'a [RequirementId],
    /// A checkout of the base commit (for the reviewer: base plus patch) without any holdout.
    pub checkout: &'a Checkout,
    /// What was made before, as far as the pipeline has it.
    pub before: &'a Before,
    /// What people said to whoever tries again, oldest first.
    pub notes: &'a [String],
    /// Told of every model call and tool call.
    pub observer: &'a dyn Observer,
}

/// What was made before a stage, and has passed its gates. A run of another entry type, or of another pipeline, has less
/// of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Before {
    /// What the change will look like.
    pub design: Option<Design>,
    /// How it will be tested in the open.
    pub tests: Option<Tests>,
    /// What is there already.
    pub recon: Option<Recon>,
    /// How it is to be made.
    pub plan: Option<Plan>,
    /// The plan in pieces.
    pub tasks: Option<Tasks>,
}

/// What a build is told of the attempt before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Correction {
    /// The project's own checks failed: their results, with the end of what each failing one printed.
    Checks(Vec<(CheckResult, String)>),
    /// The reviewer sent it back.
    Review(Review),
    /// Holdouts failed; this is all that may be said of them.
    Holdouts(Feedback),
}

/// A role's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered<T> {
    /// What it made.
    pub value: T,
    /// What its model calls used.
    pub usage: Usage,
}

/// Why a role made nothing. What was used up to then is kept.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct AgentFailed {
    /// What its model calls used.
    pub usage: Usage,
    /// Why.
    #[source]
    pub reason: AgentError,
}

/// Why a role made nothing.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The model could not be asked. Nothing was decided; the stage can go on later.
    #[error("the model could not be asked")]
    Model(#[source] ModelError),
    /// The answer did not fit its schema, and neither did two repairs.
    #[error("the answer did not fit its schema after {repairs} repairs: {detail}")]
    Unusable {
        /// How many repairs were asked for.
        repairs: u32,
        /// What was wrong with the last one.
        detail: String,
    },
    /// It used up its steps or its time without an answer.
    #[error("the {role} stopped without an answer: {limit}")]
    Limit {
        /// Which role.
        role: &'static str,
        /// Which limit was reached.
        limit: String,
    },
    /// A tool could not be run at all (not: ran and failed).
    #[error("a tool could not be run")]
    Tool(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The roles.
#[async_trait]
pub trait Agents: Send + Sync {
    /// The planner's design.
    ///
    /// # Errors
    /// [`AgentFailed`].
    async fn design(&self, work: Assignment<'_>) -> Result<Answered<Design>, AgentFailed>;

    /// The planner's list of tests.
    ///
    /// # Errors
    /// [`AgentFailed`].
    async fn tests(&self, work: Assignment<'_>) -> Result<Answered<Tests>, AgentFailed>;

    /// The planner's reading of the code.
    ///
    /// # Errors
    /// [`AgentFailed`].
    async fn recon(&self, work: Assignment<'_>) -> Result<Answered<Recon>, AgentFailed>;

    /// The planner's plan.
    ///
    /// # Errors
    /// [`AgentFailed`].
    async fn plan(&self, work: Assignment<'_>) -> Result<Answered<Plan>, AgentFailed>;

    /// The planner's tasks for an approved plan.
    ///
    /// # Errors
    /// [`AgentFailed`].
    async fn tasks(&self, work: Assignment<'_>, plan: &Plan) -> Result<Answered<Tasks>, AgentFailed>;

    /// Works in the checkout until it submits; answers the implementer's own summary. The patch is taken from the
    /// checkout by the engine.
    ///
    /// # Errors
    /// [`AgentFailed`].
    async fn build(
        &self,
        work: Assignment<'_>,
        corrections: &[Correction],
    ) -> Result<Answered<String>, AgentFailed>;

    /// The reviewer's judgement of a patch, given as a unified diff.
    ///
    /// # Errors
    /// [`AgentFailed`].
    async fn review(&self, work: Assignment<'_>, diff: &str) -> Result<Answered<Review>, AgentFailed>;

    /// What the reviewer would change for the next time, having read what was merged and how it came about. Neither
    /// says more of holdouts than an implementer was told.
    ///
    /// # Errors
    /// [`AgentFailed`].
    async fn lessons(
        &self,
        work: Assignment<'_>,
        diff: &str,
        account: &str,
    ) -> Result<Answered<Lessons>, AgentFailed>;
}
