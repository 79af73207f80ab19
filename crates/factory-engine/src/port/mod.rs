//! What the engine needs from the world, as traits. Adapters implement them and never meet each other.

pub mod agents;
pub mod checks;
pub mod clock;
pub mod evaluator;
pub mod model;
pub mod observer;
pub mod store;
pub mod tripwire;
pub mod watcher;
pub mod workspace;

use std::sync::Arc;

use crate::watch::Watch;

/// Everything that a run needs from the world.
#[derive(Clone)]
pub struct Ports {
    /// The runs' logs.
    pub log: Arc<dyn store::EventLog>,
    /// Artifacts, specifications, logs of checks.
    pub blobs: Arc<dyn store::BlobStore>,
    /// The roles.
    pub agents: Arc<dyn agents::Agents>,
    /// The project's own checks.
    pub checks: Arc<dyn checks::Checks>,
    /// Sealed checkouts.
    pub workspaces: Arc<dyn workspace::Workspaces>,
    /// The judge.
    pub evaluator: Arc<dyn evaluator::Evaluator>,
    /// The time.
    pub clock: Arc<dyn clock::Clock>,
    /// Whoever watches.
    pub watcher: Arc<dyn watcher::Watcher>,
    /// The tripwires, also around the model that the roles ask.
    pub watch: Arc<Watch>,
}
