//! The events themselves, and what each of them carries.

use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactKind, ScenarioCoverage};
use crate::event::{GateDecided, Person};
use crate::feedback::Feedback;
use crate::ids::{
    Attempt, Budget, Digest, FindingId, GitOid, RequirementId, RunId, ScenarioKey, StageId, Timestamp, Usage,
};
use crate::pipeline::condition::Facts;
use crate::pipeline::model::{EntryType, GateId, Pipeline};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A run began.
    RunStarted(Box<RunStarted>),
    /// A stage is left out.
    StageSkipped {
        /// The stage.
        stage: StageId,
        /// Why.
        why: Skip,
    },
    /// A stage waits for a time to come.
    SoakBegan {
        /// The stage.
        stage: StageId,
        /// Until when.
        until: Timestamp,
    },
    /// The time has come.
    SoakEnded {
        /// The stage.
        stage: StageId,
    },
    /// A stage began to be performed. In the log before anything is done.
    StageStarted {
        /// The stage.
        stage: StageId,
        /// Which try.
        attempt: Attempt,
    },
    /// A stage made its artifact.
    StageProduced {
        /// The stage.
        stage: StageId,
        /// Which try.
        attempt: Attempt,
        /// The artifact.
        artifact: ArtifactRef,
        /// Logs and the like that belong to it, by digest.
        evidence: Vec<Evidence>,
        /// What its model calls used.
        usage: Usage,
    },
    /// A stage tried and made nothing that counts.
    StageFailed {
        /// The stage.
        stage: StageId,
        /// Which try.
        attempt: Attempt,
        /// What kind of failure.
        kind: FailureKind,
        /// For people.
        detail: String,
        /// Logs that tell why, by digest, such as those of the checks on the base. Nobody kept any at first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        evidence: Vec<Evidence>,
        /// What its model calls used.
        usage: Usage,
    },
    /// Something outside kept a stage from being tried: it goes on when that is mended.
    StageBlocked {
        /// The stage.
        stage: StageId,
        /// Which try.
        attempt: Attempt,
        /// For people: what, and what would mend it.
        detail: String,
        /// What its model calls used.
        usage: Usage,
    },
    /// A person asked a blocked stage to go on, with the same try.
    StageUnblocked {
        /// The stage.
        stage: StageId,
        /// Which try.
        attempt: Attempt,
    },
    /// A gate waits for a person.
    GateOpened {
        /// The gate.
        gate: GateId,
        /// Digests of the artifacts that whoever decides has to see.
        sees: Vec<Digest>,
        /// When the run is over if nobody has decided.
        expires: Option<Timestamp>,
        /// For an escalation: what is stuck, and what was tried.
        escalation: Option<Box<Escalation>>,
    },
    /// A person looked at what a gate shows.
    GateSeen {
        /// The gate.
        gate: GateId,
        /// Who looked.
        by: Person,
        /// Digests of what was shown.
        seen: Vec<Digest>,
        /// Whether what the evaluator had said was shown with it.
        verdict_shown: bool,
    },
    /// A person decided.
    GateDecided(Box<GateDecided>),
    /// Nobody decided in time.
    GateExpired {
        /// The gate.
        gate: GateId,
        /// Milliseconds that it had waited.
        waited_ms: u64,
    },
    /// Policy decided.
    PolicyJudged {
        /// The gate.
        gate: GateId,
        /// Digests of the artifacts that it judged.
        sees: Vec<Digest>,
        /// Whether it passed.
        passed: bool,
        /// Why, in the figures that decided.
        reason: String,
        /// The verdict as a score, for what has one.
        scored: Option<Scored>,
    },
    /// Work went back to an earlier stage; everything made after it counts no more.
    SentBack {
        /// The stage that found the fault.
        from: StageId,
        /// The stage that gets the work back.
        to: StageId,
        /// What it is told.
        correction: SentBack,
    },
    /// The base branch has moved on since the work began: it now goes on from another commit.
    BaseMoved {
        /// The commit that the work was made on.
        from: GitOid,
        /// The commit that it goes on from.
        to: GitOid,
    },
    /// A person looked at a scorecard, which says what the holdouts are about.
    ScorecardRevealed {
        /// The stage that was judged.
        stage: StageId,
        /// The scorecard's digest.
        scorecard: Digest,
        /// Who looked.
        by: Person,
        /// Why.
        because: String,
    },
    /// The run is over.
    RunEnded {
        /// How.
        outcome: Outcome,
        /// All that its model calls used; not written down by the first version.
        usage: Option<Usage>,
    },
    /// What was merged has been taken back.
    RolledBack {
        /// The merge's digest.
        merge: Digest,
        /// The commit that took it back, where one is known.
        commit: Option<GitOid>,
        /// Who said so.
        by: Person,
        /// Why.
        because: String,
    },
}

/// Why a stage is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case", deny_unknown_fields)]
pub enum Skip {
    /// Runs of this entry type begin after it.
    Entry {
        /// The entry type.
        entry: EntryType,
    },
    /// A condition does not hold.
    Condition {
        /// The condition, in words.
        condition: String,
    },
}

/// Why a person is asked about a stage that is stuck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// What made it stop.
    pub why: Stuck,
    /// What kind of failure.
    pub kind: FailureKind,
    /// The failure, for people.
    pub detail: String,
    /// What is wrong; an override names all of it.
    pub findings: Vec<FindingId>,
    /// The verdicts so far, oldest first.
    pub tried: Vec<Scored>,
    /// All that the run's model calls had used.
    pub usage: Usage,
    /// What whoever tries again is told beside a person's note.
    pub correction: Option<SentBack>,
}

/// What made a stage stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stuck {
    /// No try is left.
    Exhausted,
    /// The last tries changed nothing.
    Plateau,
    /// The patch does not fit the commit that the base branch has moved to.
    Conflict,
    /// The base branch moves faster than the patch is verified.
    BaseMoves,
    /// The evaluator's scenarios are met, and those of its vault are not.
    Vault,
    /// What came from a role holds what only the holdouts say: it stands in quarantine.
    Tripwire,
}

/// One verdict of a correction loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scored {
    /// The artifact that was judged.
    pub artifact: Digest,
    /// What was counted.
    pub counted: Counted,
    /// How many scenarios passed, or requirements were covered by the patch.
    pub passed: u32,
    /// Of how many.
    pub of: u32,
    /// How much of the specification the scenarios are about, where scenarios were counted and that is known.
    pub covered: Option<ScenarioCoverage>,
    /// Whether that met the bar.
    pub met: bool,
    /// What was wrong.
    pub findings: Vec<FindingId>,
}

/// What a score counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// The evaluator's scenarios.
    Scenarios,
    /// The specification's requirements, as the reviewer sees them.
    Requirements,
}

/// How a run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunStarted {
    /// Its id.
    pub run: RunId,
    /// The specification.
    pub spec: SpecRef,
    /// The commit that the work starts from.
    pub base: GitOid,
    /// What kind of work.
    pub entry: EntryType,
    /// The branch that was checked out, where there was one: the merge asks whether it has moved.
    pub branch: Option<String>,
    /// The pipeline as it was when the run began.
    pub pipeline: Pipeline,
    /// What the run's model calls may use; the pipeline's policy where neither is said.
    pub budget: Budget,
    /// Codes of what the linter said of the specification.
    pub lint: Vec<String>,
    /// Who answers as the model, in words: an endpoint with a model's name, or a recording.
    pub model: String,
    /// Who asked for the run.
    pub requested_by: Person,
    /// The version of factory.
    pub factory: String,
    /// Why whoever asked for it accepted that its commands are not confined, where they are not: then nothing keeps the
    /// holdouts hidden, and a person decides on the merge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsealed: Option<String>,
}

/// A specification as the log names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecRef {
    /// Its file, relative to the project.
    pub path: String,
    /// Its short name: the branch is called after it.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Digest of its text, which is kept as a blob.
    pub source: Digest,
    /// Ids of its requirements.
    pub requirements: Vec<RequirementId>,
    /// Protected paths that it names, relative to the repository's root ([`crate::protected::named`]): a patch may touch
    /// them, and then a person decides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protected: Vec<String>,
}

/// An artifact as the log names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactRef {
    /// Its kind.
    pub kind: ArtifactKind,
    /// Its digest.
    pub digest: Digest,
    /// For a build, review, verification or merge: the patch that it is about.
    pub patch: Option<Digest>,
    /// What conditions can be about.
    pub facts: Facts,
    /// For a build: the protected paths that its patch touches. Where there is any, a person decides at the stage's exit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protected: Vec<String>,
}

/// A blob that belongs to an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What it is, such as `check tests`.
    pub name: String,
    /// Its digest.
    pub digest: Digest,
}

/// What kept a try from making anything that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The model's answer did not fit its schema, nor did its repairs.
    Unusable,
    /// The answer fits its schema but not its exit criteria.
    ExitCriteria,
    /// Steps or time ran out.
    Limit,
    /// The patch is empty, or touches what it must not.
    BadPatch,
    /// The project's own checks failed on the untouched base.
    BaselineRed,
    /// The project's own checks failed on the patch.
    ChecksRed,
    /// Policy said no, and no try is left.
    Policy,
    /// The patch does not fit the commit that the base branch has moved to.
    BaseMoved,
    /// Something of the holdouts was found in what came from a role.
    Tripwire,
}

/// What a stage is told when work comes back to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case", deny_unknown_fields)]
pub enum SentBack {
    /// The project's own checks failed; their logs are the evidence of that build.
    Checks {
        /// Logs of the checks that failed.
        logs: Vec<Evidence>,
    },
    /// The reviewer objects.
    Review {
        /// The review's digest.
        review: Digest,
    },
    /// Holdouts failed.
    Holdouts {
        /// All that may be said of them.
        feedback: Feedback,
        /// The scenarios of which that says anything: each has revealed as much as one feedback can. Nobody counted at
        /// first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        revealed: Vec<ScenarioKey>,
    },
    /// A person asked for another try.
    Note {
        /// What they said to whoever tries.
        note: String,
    },
    /// The patch has to be carried over to another commit.
    Rebase {
        /// The commit that it was made on.
        from: GitOid,
    },
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// The patch is a commit on a branch.
    Merged {
        /// The merge's digest.
        merge: Digest,
    },
    /// A person said no.
    Rejected {
        /// Where.
        gate: GateId,
    },
    /// Nobody decided in time.
    Expired {
        /// Where.
        gate: GateId,
    },
    /// A person stopped it.
    Cancelled {
        /// Who.
        by: Person,
        /// Why.
        because: String,
    },
    /// A stage failed for the last time.
    Failed {
        /// The stage.
        stage: StageId,
        /// How.
        kind: FailureKind,
        /// For people.
        detail: String,
    },
}
