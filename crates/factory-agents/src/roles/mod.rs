//! The planner, the implementer and the reviewer.

mod agents;

pub use agents::ModelAgents;
