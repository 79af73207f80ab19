//! Where a run stands: a fold of its events, nothing more.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::ArtifactKind;
use crate::event::{ArtifactRef, Escalation, Outcome, Person, RunStarted, Scored, SentBack};
use crate::ids::{Attempt, Budget, Digest, GitOid, StageId, Timestamp, Usage};
use crate::pipeline::model::{Edge, GateId};

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunState {
    /// How it began.
    pub started: RunStarted,
    /// The commit that the work goes on from: the one it began with, until the base branch has moved.
    pub base: GitOid,
    /// How often the base branch has moved, since a person last asked for another try.
    pub rebases: u32,
    /// Whether a person has said that the merge stays on its commit, although the base branch has moved.
    pub base_pinned: bool,
    /// When it began.
    pub started_at: Timestamp,
    /// When the last decision was made. Never goes back, whatever the clock does.
    pub changed_at: Timestamp,
    /// Each stage of its pipeline.
    pub stages: BTreeMap<StageId, StageState>,
    /// All that its model calls used.
    pub usage: Usage,
    /// How many more budgets of the same size people have granted.
    pub raises: u64,
    /// Digests of what tripwires caught and a person let go on all the same.
    pub let_go: BTreeSet<Digest>,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
    /// Whether what it merged has been taken back.
    pub rolled_back: bool,
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
    /// Tries that were granted beyond the limit: by a person, or because the base branch moved.
    pub granted: u32,
    /// What its model calls used, over all tries.
    pub usage: Usage,
    /// How many more budgets of the same size people have granted.
    pub raises: u64,
    /// Whether it has waited as long as it has to.
    pub soaked: bool,
    /// Whether the gate before it was passed for the artifacts that are there now.
    pub entered: bool,
    /// What it made last. Still there after work was sent back, as what the next try starts from.
    pub artifact: Option<ArtifactRef>,
    /// What the next try is told, oldest first.
    pub corrections: Vec<SentBack>,
    /// Logins of those who know what came of judging what it made last. Nothing but a verification has any.
    pub shown_to: BTreeSet<String>,
    /// What came of judging, oldest first, since a person last asked for another try. Kept when work is sent back.
    pub verdicts: Vec<Scored>,
}

/// A stage's condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageStatus {
    /// Waits for what it needs.
    Pending,
    /// Waits for a time to come.
    Soaking {
        /// Until when.
        until: Timestamp,
    },
    /// A person has to decide before it starts, or before what it made counts.
    AtGate {
        /// Which side.
        edge: Edge,
        /// Digests of what has to be seen.
        sees: Vec<Digest>,
        /// Since when.
        since: Timestamp,
        /// When the run is over if nobody has decided.
        expires: Option<Timestamp>,
        /// Who has approved already, where more than one has to.
        approved_by: Vec<Person>,
        /// Who has looked, by login, and whether what the evaluator had said was shown.
        looked: BTreeMap<String, bool>,
        /// At an escalation: what is stuck.
        escalation: Option<Box<Escalation>>,
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
    /// Has made nothing that counts. Left so at the end of a record only while another stage spends first what both may,
    /// when the run is over, or after the merge, where nobody is asked.
    Failed,
    /// Its artifact counts.
    Passed,
    /// Is left out of this run.
    Skipped,
}

/// What a run is doing, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Some stage is performed.
    Running,
    /// A person has to decide.
    Waiting,
    /// A time has to come.
    Soaking,
    /// Something outside has to be mended.
    Blocked,
    /// Merged.
    Merged,
    /// A person said no, or nobody said anything in time.
    Rejected,
    /// A person stopped it.
    Cancelled,
    /// A stage failed for the last time.
    Failed,
}

impl Phase {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Running => "running",
            Phase::Waiting => "waiting",
            Phase::Soaking => "soaking",
            Phase::Blocked => "blocked",
            Phase::Merged => "merged",
            Phase::Rejected => "rejected",
            Phase::Cancelled => "cancelled",
            Phase::Failed => "failed",
        }
    }

    /// Whether the run can go no further.
    pub fn is_over(self) -> bool {
        match self {
            Phase::Running | Phase::Waiting | Phase::Soaking | Phase::Blocked => false,
            Phase::Merged | Phase::Rejected | Phase::Cancelled | Phase::Failed => true,
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
    /// When the run is over if nobody has decided.
    pub expires: Option<Timestamp>,
    /// Who has approved already, where more than one has to.
    pub approved_by: Vec<Person>,
    /// At an escalation: what is stuck.
    pub escalation: Option<Box<Escalation>>,
}

impl RunState {
    /// The gates that wait for a person.
    pub fn open_gates(&self) -> Vec<OpenGate> {
        if self.outcome.is_some() {
            return Vec::new();
        }
        self.stages.iter().filter_map(|(id, stage)| open_gate(id, &stage.status)).collect()
    }

    /// What the run is doing. Work that goes on comes before a gate that waits, a gate before a time that has to come,
    /// and that before a block.
    pub fn phase(&self) -> Phase {
        match &self.outcome {
            Some(Outcome::Merged { .. }) => return Phase::Merged,
            Some(Outcome::Rejected { .. } | Outcome::Expired { .. }) => return Phase::Rejected,
            Some(Outcome::Cancelled { .. }) => return Phase::Cancelled,
            Some(Outcome::Failed { .. }) => return Phase::Failed,
            None => {}
        }
        let any = |wanted: fn(&StageStatus) -> bool| self.stages.values().any(|stage| wanted(&stage.status));
        if any(|s| matches!(s, StageStatus::Running { .. })) {
            Phase::Running
        } else if any(|s| matches!(s, StageStatus::AtGate { .. })) {
            Phase::Waiting
        } else if any(|s| matches!(s, StageStatus::Soaking { .. })) {
            Phase::Soaking
        } else {
            Phase::Blocked
        }
    }

    /// What a stage that has passed made.
    pub fn passed(&self, stage: &StageId) -> Option<&ArtifactRef> {
        let stage = self.stages.get(stage)?;
        if stage.status == StageStatus::Passed { stage.artifact.as_ref() } else { None }
    }

    /// Whether nothing more is expected of a stage: it has passed, or is left out.
    pub fn settled(&self, stage: &StageId) -> bool {
        self.stages
            .get(stage)
            .is_some_and(|stage| matches!(stage.status, StageStatus::Passed | StageStatus::Skipped))
    }

    /// The merge, once it is made. Whatever happens to the run afterwards, this stands.
    pub fn merged(&self) -> Option<&ArtifactRef> {
        let merge = self.started.pipeline.stages.iter().find(|stage| stage.makes == ArtifactKind::Merge)?;
        self.passed(&merge.id)
    }

    /// What the run's model calls may use, before anybody raised it.
    pub fn budget(&self) -> Budget {
        if self.started.budget.caps() { self.started.budget } else { self.started.pipeline.policy.budget }
    }

    /// The next time at which something happens by itself: a stage has waited long enough, or a gate has waited too
    /// long. `None` when the passing of time changes nothing.
    pub fn due(&self) -> Option<Timestamp> {
        if self.outcome.is_some() {
            return None;
        }
        let times = self.stages.values().filter_map(|stage| match &stage.status {
            StageStatus::Soaking { until } => Some(*until),
            StageStatus::AtGate { expires, .. } => *expires,
            StageStatus::Pending
            | StageStatus::Running { .. }
            | StageStatus::Blocked { .. }
            | StageStatus::Produced
            | StageStatus::Failed
            | StageStatus::Passed
            | StageStatus::Skipped => None,
        });
        times.min()
    }
}

fn open_gate(id: &StageId, status: &StageStatus) -> Option<OpenGate> {
    match status {
        StageStatus::AtGate { edge, sees, since, expires, approved_by, looked: _, escalation } => {
            Some(OpenGate {
                gate: GateId { stage: id.clone(), edge: *edge },
                sees: sees.clone(),
                since: *since,
                expires: *expires,
                approved_by: approved_by.clone(),
                escalation: escalation.clone(),
            })
        }
        StageStatus::Pending
        | StageStatus::Soaking { .. }
        | StageStatus::Running { .. }
        | StageStatus::Blocked { .. }
        | StageStatus::Produced
        | StageStatus::Failed
        | StageStatus::Passed
        | StageStatus::Skipped => None,
    }
}
