//! What can keep the engine itself from going on. A stage that fails is no error: it is an event.

use factory_core::decide::Rejection;
use factory_core::event::RecordError;
use factory_core::evolve::BrokenLog;
use factory_core::ids::RunId;
use factory_core::ledger::entry::EntryError;

use crate::port::store::StoreError;

/// What can keep the engine from going on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no such run.
    #[error("there is no run {0}")]
    NoRun(RunId),
    /// The core refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record of this run is not one.
    #[error("record {position} of the run {run} cannot be used")]
    Record {
        /// The run.
        run: RunId,
        /// The record, from 0.
        position: u64,
        /// Why.
        #[source]
        source: RecordError,
    },
    /// An entry of the ledger is not one.
    #[error("entry {position} of the decision ledger cannot be used")]
    Entry {
        /// The entry, from 0.
        position: u64,
        /// Why.
        #[source]
        source: EntryError,
    },
    /// The records do not fold to a run.
    #[error("the log of the run {run} is broken")]
    Broken {
        /// The run.
        run: RunId,
        /// Why.
        #[source]
        source: BrokenLog,
    },
}
