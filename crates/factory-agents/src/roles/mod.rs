//! The planner, the implementer and the reviewer; and a writer that has no tools.

mod agents;
mod writer;

pub use agents::ModelAgents;
pub use writer::{Writer, Written, WrittenSentence};
