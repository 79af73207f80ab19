//! What can be asked of a run: by a person, or by whoever performed a stage.

use crate::artifact::Artifact;
use crate::event::{Channel, Decision, Evidence, FailureKind, Person, RunStarted};
use crate::ids::{Attempt, Digest, StageId, Usage};
use crate::pipeline::model::GateId;

/// Something asked of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Begin.
    Start(Box<RunStarted>),
    /// A performed stage made this.
    Produce {
        /// The stage.
        stage: StageId,
        /// Which try.
        attempt: Attempt,
        /// What it made.
        artifact: Box<Artifact>,
        /// Logs that belong to it.
        evidence: Vec<Evidence>,
        /// What its model calls used.
        usage: Usage,
    },
    /// A performed stage made nothing that counts.
    Fail {
        /// The stage.
        stage: StageId,
        /// Which try.
        attempt: Attempt,
        /// What kind of failure.
        kind: FailureKind,
        /// For people.
        detail: String,
        /// What its model calls used.
        usage: Usage,
    },
    /// Something outside kept a stage from being tried.
    Block {
        /// The stage.
        stage: StageId,
        /// Which try.
        attempt: Attempt,
        /// For people.
        detail: String,
        /// What its model calls used.
        usage: Usage,
    },
    /// Try blocked stages again.
    Resume,
    /// Decide at a gate.
    Decide {
        /// The gate.
        gate: GateId,
        /// What is decided.
        decision: Decision,
        /// Who decides.
        by: Person,
        /// How it came in.
        via: Channel,
        /// Why.
        because: String,
        /// Digests of the artifacts that were seen.
        seen: Vec<Digest>,
    },
}
