//! One decision as it stands in the log, and the version of its format.

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::ids::Timestamp;
use crate::upcast;

/// The version of the record format that this crate writes. A newer one is refused.
pub const RECORD_SCHEMA: u32 = 2;

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
        if version.schema < RECORD_SCHEMA {
            let old = serde_json::from_slice(bytes).map_err(RecordError::Unreadable)?;
            let lifted = upcast::record(old, version.schema).map_err(RecordError::Unreadable)?;
            return serde_json::from_value(lifted).map_err(RecordError::Unreadable);
        }
        serde_json::from_slice(bytes).map_err(RecordError::Unreadable)
    }
}
