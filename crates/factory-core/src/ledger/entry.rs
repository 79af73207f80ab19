//! One entry of the ledger: a decision with what it takes to understand it without the run's log.

use serde::{Deserialize, Serialize};

use crate::event::{Event, Person, RunStarted};
use crate::ids::{Digest, RunId, Timestamp};
use crate::pipeline::model::EntryType;

/// The version of the entry format that this crate writes. A newer one is refused.
pub const LEDGER_SCHEMA: u32 = 1;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerEntry {
    /// Version of the format; see [`LEDGER_SCHEMA`].
    pub schema: u32,
    /// When it was decided.
    pub at: Timestamp,
    /// What was decided.
    pub decided: Decided,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case", deny_unknown_fields)]
pub enum Decided {
    /// A run was asked for.
    Request(Box<Request>),
    /// Something was decided in a run.
    Run {
        /// The run.
        run: RunId,
        /// The record of the run's log that it stands in, from 0.
        position: u64,
        /// The event, as that record has it.
        event: Box<Event>,
    },
    /// How far the project trusts its runs.
    Trust(crate::trust::TrustChange),
}

/// A run that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The run.
    pub run: RunId,
    /// The specification's file, relative to the project.
    pub spec: String,
    /// Digest of the specification's text.
    pub source: Digest,
    /// How many requirements it has.
    pub requirements: u32,
    /// Codes of what the linter said of it.
    pub lint: Vec<String>,
    /// What kind of work.
    pub entry: EntryType,
    /// The pipeline's name.
    pub pipeline: String,
    /// The pipeline's digest.
    pub pipeline_digest: Digest,
    /// Who answers as the model, in words.
    pub model: String,
    /// Who asked.
    pub requested_by: Person,
    /// The version of factory.
    pub factory: String,
    /// Why they accepted that commands are not confined, where they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsealed: Option<String>,
}

/// Why stored bytes are not an entry.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Written by a newer factory.
    #[error("ledger entry has format version {found}, this factory knows up to {LEDGER_SCHEMA}")]
    Newer {
        /// The version found.
        found: u32,
    },
    /// Not the JSON of an entry.
    #[error("ledger entry cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct SchemaOnly {
    schema: u32,
}

impl LedgerEntry {
    /// Wraps a decision.
    pub fn new(at: Timestamp, decided: Decided) -> Self {
        Self { schema: LEDGER_SCHEMA, at, decided }
    }

    /// The exact bytes that are stored and chained.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("entries hold only what JSON can say")
    }

    /// Reads stored bytes. The version is looked at where reading fails, so that a newer entry says so.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryError> {
        let entry: Result<Self, serde_json::Error> = serde_json::from_slice(bytes);
        match entry {
            Ok(entry) if entry.schema <= LEDGER_SCHEMA => Ok(entry),
            Ok(entry) => Err(EntryError::Newer { found: entry.schema }),
            Err(error) => match serde_json::from_slice::<SchemaOnly>(bytes) {
                Ok(version) if version.schema > LEDGER_SCHEMA => {
                    Err(EntryError::Newer { found: version.schema })
                }
                Ok(_) | Err(_) => Err(EntryError::Unreadable(error)),
            },
        }
    }
}

/// The entries for the events of one record of a run.
pub fn entries(run: &RunId, position: u64, at: Timestamp, events: &[Event]) -> Vec<LedgerEntry> {
    let entry = |event: &Event| match event {
        Event::RunStarted(started) => Some(Decided::Request(Box::new(request(started)))),
        Event::StageSkipped { .. }
        | Event::StageFailed { .. }
        | Event::GateDecided(_)
        | Event::GateExpired { .. }
        | Event::PolicyJudged { .. }
        | Event::SentBack { .. }
        | Event::BaseMoved { .. }
        | Event::ScorecardRevealed { .. }
        | Event::RunEnded { .. }
        | Event::RolledBack { .. } => {
            Some(Decided::Run { run: run.clone(), position, event: Box::new(event.clone()) })
        }
        // An escalation is a decision to ask; any other gate opens because the pipeline has it.
        Event::GateOpened { escalation: Some(_), .. } => {
            Some(Decided::Run { run: run.clone(), position, event: Box::new(event.clone()) })
        }
        Event::GateOpened { escalation: None, .. }
        | Event::GateSeen { .. }
        | Event::SoakBegan { .. }
        | Event::SoakEnded { .. }
        | Event::StageStarted { .. }
        | Event::StageProduced { .. }
        | Event::StageBlocked { .. }
        | Event::StageUnblocked { .. } => None,
    };
    events.iter().filter_map(entry).map(|decided| LedgerEntry::new(at, decided)).collect()
}

fn request(started: &RunStarted) -> Request {
    Request {
        run: started.run.clone(),
        spec: started.spec.path.clone(),
        source: started.spec.source.clone(),
        requirements: u32::try_from(started.spec.requirements.len()).unwrap_or(u32::MAX),
        lint: started.lint.clone(),
        entry: started.entry,
        pipeline: started.pipeline.name.clone(),
        pipeline_digest: started.pipeline.digest(),
        model: started.model.clone(),
        requested_by: started.requested_by.clone(),
        unsealed: started.unsealed.clone(),
        factory: started.factory.clone(),
    }
}
