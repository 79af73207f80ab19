//! What can be asked of a run: by a person, by the passing of time, or by whoever performed a stage.

use crate::artifact::Artifact;
use crate::event::{Channel, Decision, Evidence, FailureKind, Person, RunStarted};
use crate::ids::{Attempt, Digest, FindingId, GitOid, StageId, Usage};
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
    /// A tripwire went off: what came from the role of a performed stage holds what only the holdouts say.
    Quarantine {
        /// The stage.
        stage: StageId,
        /// Which try.
        attempt: Attempt,
        /// What it made, where it made something.
        artifact: Option<Box<Artifact>>,
        /// Logs that belong to it.
        evidence: Vec<Evidence>,
        /// What was found and where, such as `canary:src/app.py`; never the text itself.
        findings: Vec<FindingId>,
        /// For people.
        detail: String,
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
    /// The stage that was about to merge found that the base branch has moved.
    Move {
        /// The stage.
        stage: StageId,
        /// Which try.
        attempt: Attempt,
        /// The commit that the branch is at now.
        to: GitOid,
    },
    /// The stage that was to carry its patch over to another commit could not.
    Conflict {
        /// The stage.
        stage: StageId,
        /// Which try.
        attempt: Attempt,
        /// The files in which both sides changed the same.
        paths: Vec<String>,
    },
    /// Try blocked stages again.
    Resume,
    /// Time has passed.
    Tick,
    /// A person was shown what a gate shows.
    Look {
        /// The gate.
        gate: GateId,
        /// Who looked.
        by: Person,
        /// Digests of what was shown.
        seen: Vec<Digest>,
        /// Whether what the evaluator had said was shown with it.
        verdict_shown: bool,
    },
    /// Decide at a gate.
    Decide(Box<Deciding>),
    /// Show a person the scorecard of a stage.
    Reveal {
        /// The stage that judged.
        stage: StageId,
        /// The scorecard's digest, as the stage's artifact has it.
        scorecard: Digest,
        /// Who asks.
        by: Person,
        /// Why.
        because: String,
    },
    /// Stop for good.
    Cancel {
        /// Who asks.
        by: Person,
        /// Why.
        because: String,
    },
    /// What was merged has been taken back.
    RollBack {
        /// The commit that took it back, where one is known.
        commit: Option<GitOid>,
        /// Who says so.
        by: Person,
        /// Why.
        because: String,
    },
}

/// A decision that somebody wants to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deciding {
    /// The gate.
    pub gate: GateId,
    /// What is decided.
    pub decision: Decision,
    /// Who decides.
    pub by: Person,
    /// How it came in.
    pub via: Channel,
    /// Why.
    pub because: String,
    /// Digests of the artifacts that were seen.
    pub seen: Vec<Digest>,
    /// For another try: what whoever tries is told.
    pub note: Option<String>,
    /// For an approval with changes: what takes the place of the artifact that the gate shows.
    pub edited: Option<Box<Artifact>>,
    /// For an override: the findings that are overridden.
    pub overrides: Vec<FindingId>,
}

impl Deciding {
    /// A decision without note, changes or overrides.
    pub fn plain(
        gate: GateId,
        decision: Decision,
        by: Person,
        via: Channel,
        because: String,
        seen: Vec<Digest>,
    ) -> Self {
        Self { gate, decision, by, via, because, seen, note: None, edited: None, overrides: Vec::new() }
    }
}
