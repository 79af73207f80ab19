//! Asking roles for artifacts. What a role is given is all that it can know: none of these types can hold a holdout.

use async_trait::async_trait;
use factory_core::artifact::{CheckResult, Plan, Review, Tasks};
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
    /// Told of every model call and tool call.
    pub observer: &'a dyn Observer,
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
        plan: &Plan,
        tasks: &Tasks,
        correction: Option<&Correction>,
    ) -> Result<Answered<String>, AgentFailed>;

    /// The reviewer's judgement of a patch, given as a unified diff.
    ///
    /// # Errors
    /// [`AgentFailed`].
    async fn review(&self, work: Assignment<'_>, diff: &str) -> Result<Answered<Review>, AgentFailed>;
}
