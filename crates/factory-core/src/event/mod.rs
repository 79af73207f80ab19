//! What has happened in a run. This is the only vocabulary of the log; serde alone owns its wire names.
//!
//! Fixtures of released events are frozen under `tests/fixtures`; an unknown kind or a newer version is refused, an older
//! version is lifted by [`crate::upcast`].

mod decided;
mod happened;
mod person;
mod record;

pub use decided::{Channel, Decision, GateDecided, VerdictSeen};
pub use happened::{
    ArtifactRef, Counted, Escalation, Event, Evidence, FailureKind, Outcome, RunStarted, Scored, SentBack,
    Skip, SpecRef, Stuck,
};
pub use person::{Person, Proof};
pub use record::{RECORD_SCHEMA, Record, RecordError};
