//! What has happened in a run. This is the only vocabulary of the log; serde alone owns its wire names.
//!
//! Fixtures of released events are frozen under `tests/fixtures`; an unknown kind or a newer version is refused.

use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactKind;
use crate::feedback::Feedback;
use crate::ids::{Attempt, Digest, GitOid, RequirementId, RunId, StageId, Timestamp, Usage};
use crate::pipeline::model::{EntryType, GateId, Pipeline};

/// The version of the record format that this crate writes. A newer one is refused.
pub const RECORD_SCHEMA: u32 = 1;

/// One decision as it stands in the log: the events that followed from one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Version of the format; see [`RECORD_SCHEMA`].
    pub schema: u32,
    /// When it was decided.
    pub at: Timestamp,
    /// What happened, in order.
    pub events: Vec<Event>,
}

/// Why stored bytes are not a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Written by a newer factory.
    #[error("record has format version {found}, this factory knows up to {RECORD_SCHEMA}")]
    Newer {
        /// The version found.
        found: u32,
    },
    /// Not the JSON of a record, or an event of an unknown kind.
    #[error("record cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct SchemaOnly {
    schema: u32,
}

impl Record {
    /// Wraps events.
    pub fn new(at: Timestamp, events: Vec<Event>) -> Self {
        Self { schema: RECORD_SCHEMA, at, events }
    }

    /// The exact bytes that are stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("events hold only what JSON can say")
    }

    /// Reads stored bytes. The version is looked at first, so that a newer record says so.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let version: SchemaOnly = serde_json::from_slice(bytes).map_err(RecordError::Unreadable)?;
        if version.schema > RECORD_SCHEMA {
            return Err(RecordError::Newer { found: version.schema });
        }
        serde_json::from_slice(bytes).map_err(RecordError::Unreadable)
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A run began.
    RunStarted(Box<RunStarted>),
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
    },
    /// A person decided.
    GateDecided(Box<GateDecided>),
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
    /// The run is over.
    RunEnded {
        /// How.
        outcome: Outcome,
    },
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
    /// The pipeline as it was when the run began.
    pub pipeline: Pipeline,
    /// Who answers as the model, in words: an endpoint with a model's name, or a recording.
    pub model: String,
    /// Who asked for the run.
    pub requested_by: Person,
    /// The version of factory.
    pub factory: String,
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
    },
}

/// A person's decision at a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateDecided {
    /// The gate.
    pub gate: GateId,
    /// What was decided.
    pub decision: Decision,
    /// Who decided.
    pub by: Person,
    /// How the decision came in.
    pub via: Channel,
    /// Why. Never blank.
    pub because: String,
    /// Digests of the artifacts that the decision binds.
    pub seen: Vec<Digest>,
    /// Milliseconds that the gate had waited.
    pub waited_ms: u64,
}

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The run goes on.
    Approved,
    /// The run ends.
    Rejected,
}

/// How a decision came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Asked and answered at a terminal.
    Terminal,
    /// Given in advance with `--approve-because`: nobody looked at this gate's artifacts.
    InAdvance,
    /// `factory gate approve` or `factory gate reject`.
    Command,
}

/// Who did something: the user of the operating system with the git identity. Nothing proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The operating system's name for the user.
    pub login: String,
    /// `user.name` of git, if set.
    pub name: Option<String>,
    /// `user.email` of git, if set.
    pub email: Option<String>,
    /// Whether anything proves that it was them.
    pub proof: Proof,
}

/// What proves who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Nothing but the operating system's account.
    Unauthenticated,
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
