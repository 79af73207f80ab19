//! Where a run stands: a fold of its events, nothing more.

use std::collections::BTreeMap;

use crate::event::{ArtifactRef, Outcome, RunStarted, SentBack};
use crate::ids::{Attempt, Digest, StageId, Timestamp, Usage};
use crate::pipeline::model::{Edge, GateId};

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunState {
    /// How it began.
    pub started: RunStarted,
    /// When it began.
    pub started_at: Timestamp,
    /// When the last decision was made.
    pub changed_at: Timestamp,
    /// Each stage of its pipeline.
    pub stages: BTreeMap<StageId, StageState>,
    /// All that its model calls used.
    pub usage: Usage,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
}

/// Where a stage stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageState {
    /// Its condition.
    pub status: StageStatus,
    /// The last try that was started; 0 before the first.
    pub last_attempt: u32,
    /// Tries that count against the stage's limit. Fresh work from an earlier stage gives a stage its tries back,
    /// work that is sent back to it does not.
    pub tries: u32,
    /// Whether the gate before it was passed for the artifacts that are there now.
    pub entered: bool,
    /// What it made last. Still there after work was sent back, as what the next try starts from.
    pub artifact: Option<ArtifactRef>,
    /// What the next try is told.
    pub correction: Option<SentBack>,
}

/// A stage's condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageStatus {
    /// Waits for what it needs.
    Pending,
    /// A person has to decide before it starts, or before what it made counts.
    AtGate {
        /// Which side.
        edge: Edge,
        /// Digests of what has to be seen.
        sees: Vec<Digest>,
        /// Since when.
        since: Timestamp,
    },
    /// Is performed, or was when the process ended: then it is performed again.
    Running {
        /// Which try.
        attempt: Attempt,
    },
    /// Something outside keeps it from being tried.
    Blocked {
        /// Which try.
        attempt: Attempt,
        /// For people.
        detail: String,
    },
    /// Has made an artifact that still has to be judged; never left so at the end of a record.
    Produced,
    /// Has made nothing that counts; never left so at the end of a record while the run goes on.
    Failed,
    /// Its artifact counts.
    Passed,
}

/// What a run is doing, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Some stage is performed.
    Running,
    /// A person has to decide.
    Waiting,
    /// Something outside has to be mended.
    Blocked,
    /// Merged.
    Merged,
    /// A person said no.
    Rejected,
    /// A stage failed for the last time.
    Failed,
}

impl Phase {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Running => "running",
            Phase::Waiting => "waiting",
            Phase::Blocked => "blocked",
            Phase::Merged => "merged",
            Phase::Rejected => "rejected",
            Phase::Failed => "failed",
        }
    }

    /// Whether the run can go no further.
    pub fn is_over(self) -> bool {
        match self {
            Phase::Running | Phase::Waiting | Phase::Blocked => false,
            Phase::Merged | Phase::Rejected | Phase::Failed => true,
        }
    }
}

/// A gate that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenGate {
    /// The gate.
    pub gate: GateId,
    /// Digests of what has to be seen.
    pub sees: Vec<Digest>,
    /// Since when.
    pub since: Timestamp,
}

impl RunState {
    /// The gates that wait for a person.
    pub fn open_gates(&self) -> Vec<OpenGate> {
        self.stages
            .iter()
            .filter_map(|(id, stage)| match &stage.status {
                StageStatus::AtGate { edge, sees, since } => Some(OpenGate {
                    gate: GateId { stage: id.clone(), edge: *edge },
                    sees: sees.clone(),
                    since: *since,
                }),
                StageStatus::Pending
                | StageStatus::Running { .. }
                | StageStatus::Blocked { .. }
                | StageStatus::Produced
                | StageStatus::Failed
                | StageStatus::Passed => None,
            })
            .collect()
    }

    /// What the run is doing. Work that goes on comes before a gate that waits, a gate before a block.
    pub fn phase(&self) -> Phase {
        match &self.outcome {
            Some(Outcome::Merged { .. }) => return Phase::Merged,
            Some(Outcome::Rejected { .. }) => return Phase::Rejected,
            Some(Outcome::Failed { .. }) => return Phase::Failed,
            None => {}
        }
        let any = |wanted: fn(&StageStatus) -> bool| self.stages.values().any(|stage| wanted(&stage.status));
        if any(|s| matches!(s, StageStatus::Running { .. })) {
            Phase::Running
        } else if any(|s| matches!(s, StageStatus::AtGate { .. })) {
            Phase::Waiting
        } else {
            Phase::Blocked
        }
    }

    /// What a stage that has passed made.
    pub fn passed(&self, stage: &StageId) -> Option<&ArtifactRef> {
        let stage = self.stages.get(stage)?;
        if stage.status == StageStatus::Passed { stage.artifact.as_ref() } else { None }
    }
}
