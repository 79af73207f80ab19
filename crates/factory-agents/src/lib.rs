//! Runs roles against a model: live, recorded or replayed.
//!
//! - [`model`]: ways to ask a model. [`model::OpenAiModel`] asks an endpoint, [`model::RecordingModel`] also writes down
//!   what it said, [`model::ReplayModel`] answers from such a recording.
//! - [`roles`]: [`roles::ModelAgents`], the planner, implementer and reviewer on top of any of them; and
//!   [`roles::Writer`], which has no tools and is told what it is about by its caller.
//! - [`prompts`]: what the roles are told.
//!
//! Nothing in here knows a holdout: the crate does not depend on the evaluator, and the only word about holdouts that a
//! prompt can be made from is [`factory_core::feedback::Feedback`].
#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test stops at the first surprise"))]

pub mod model;
pub mod prompts;
pub mod roles;
mod roots;
mod session;
mod submission;
mod text;
mod tools;

pub use session::Limits;
