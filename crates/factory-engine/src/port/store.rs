//! Keeping records, decisions and blobs. An implementation never looks inside a record or a decision.
//!
//! Beside one log for each run, a store keeps one ledger for the whole project: the decisions of all its runs and those
//! that belong to none, in the order in which they became durable, as a hash chain of its own.

use std::any::Any;
use std::fmt;

use async_trait::async_trait;
use factory_core::ids::{Digest, RunId};
use tokio::sync::broadcast;

/// The number of records that a run's log, or the ledger, holds; also the position that the next one gets.
pub type Position = u64;

/// One record as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Where it stands, from 0.
    pub position: Position,
    /// Exactly the bytes that were appended.
    pub bytes: Vec<u8>,
    /// SHA-256 over the previous record's hash (its 64 hexadecimal digits; nothing for the first) and `bytes`.
    pub hash: Digest,
}

/// Where the ledger ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerHead {
    /// How many entries there are; never 0.
    pub count: Position,
    /// The hash of the last one.
    pub hash: Digest,
}

/// The right to perform a run's effects, which nobody else has while this lives.
pub struct Lease {
    _guard: Box<dyn Any + Send + Sync>,
}

impl Lease {
    /// A lease that is given back when `guard` is dropped.
    pub fn new(guard: impl Any + Send + Sync) -> Self {
        Self { _guard: Box::new(guard) }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

/// What the store could not do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else appended in between: read again and decide again.
    #[error("the log holds {actual} records where {expected} were expected")]
    Conflict {
        /// What the caller expected.
        expected: Position,
        /// What is there.
        actual: Position,
    },
    /// Another process has the store open.
    #[error("the store is in use by process {holder}")]
    Held {
        /// Its process id, or `unknown`.
        holder: String,
    },
    /// Somebody else performs the run's effects.
    #[error("run {run} is driven by process {holder}")]
    Driven {
        /// The run.
        run: RunId,
        /// The process id of who drives it, or `unknown`.
        holder: String,
    },
    /// The store was reached through the process that holds it, and that is there no more. What was asked of it last
    /// may have been done.
    #[error("the process that held the store has ended")]
    HolderGone,
    /// A record, a blob or a part of the ledger is not what was written. Nothing else is affected.
    #[error("{what} is damaged: {detail}")]
    Damaged {
        /// Which record or blob.
        what: String,
        /// How that shows.
        detail: String,
    },
    /// The store was written by a newer factory.
    #[error("the store has format version {found}, this factory knows up to {known}")]
    Newer {
        /// The version found.
        found: u32,
        /// The version that this factory writes.
        known: u32,
    },
    /// There is no such blob.
    #[error("there is no blob {0}")]
    NoBlob(Digest),
    /// The device is full. Nothing of the record was kept.
    #[error("no space is left on the device that holds the store")]
    Full(#[source] std::io::Error),
    /// The file system or the database said no.
    #[error("the store cannot be {action}")]
    Io {
        /// What was tried: `opened`, `read`, `written`.
        action: &'static str,
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Append-only logs, one for each run, and the ledger of the project.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends one record durably, and with it, in the same durable batch (all or nothing), these decisions to the end
    /// of the project's ledger: when this returns, a power cut cannot lose any of them. Answers the position that the
    /// record got, which is `expected`. The ledger has no expected position: whoever appends at the same time to
    /// another run gets other places in it, and nobody is refused for that.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the log does not hold exactly `expected` records; nothing is written then, to the
    /// ledger neither.
    async fn append(
        &self,
        run: &RunId,
        expected: Position,
        record: &[u8],
        decisions: &[Vec<u8>],
    ) -> Result<Position, StoreError>;

    /// All records of a run, in order, each checked against the hash chain. Empty for an unknown run.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the first record that is not what was written.
    async fn read(&self, run: &RunId) -> Result<Vec<StoredRecord>, StoreError>;

    /// How many records the run has; the position that its next one gets. 0 for an unknown run.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn position(&self, run: &RunId) -> Result<Position, StoreError> {
        Ok(self.read(run).await?.last().map_or(0, |last| last.position + 1))
    }

    /// Every run that has a record, in no particular order.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn runs(&self) -> Result<Vec<RunId>, StoreError>;

    /// Appends decisions that belong to no run, durably and all or nothing. Answers the position of the first; that of
    /// the next one to come when there are none.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be kept.
    async fn append_decisions(&self, decisions: &[Vec<u8>]) -> Result<Position, StoreError>;

    /// At most `most` entries of the ledger from position `from`, in order, each checked against the hash chain; the
    /// stored hash of the one before `from` is trusted. Empty from the end on.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the first entry that is not what was written.
    async fn decisions(&self, from: Position, most: usize) -> Result<Vec<StoredRecord>, StoreError>;

    /// Where the ledger ends; `None` when it is empty.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn ledger_head(&self) -> Result<Option<LedgerHead>, StoreError>;

    /// Told the run of every record that is appended from now on, by whomever, once it is durable. A run may be told
    /// more often than it was appended to. A receiver that lags must reload.
    fn changes(&self) -> broadcast::Receiver<RunId>;

    /// The right to perform the run's effects, for one performer at a time; given back when dropped. The run need not
    /// have a record yet.
    ///
    /// # Errors
    /// [`StoreError::Driven`] when somebody has it.
    async fn claim(&self, run: &RunId) -> Result<Lease, StoreError>;
}

/// Bytes by their SHA-256.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Keeps `bytes` durably; the same bytes again cost nothing.
    ///
    /// # Errors
    /// [`StoreError`] when they could not be kept.
    async fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError>;

    /// The bytes, hashed again on the way.
    ///
    /// # Errors
    /// [`StoreError::NoBlob`] or [`StoreError::Damaged`].
    async fn get(&self, digest: &Digest) -> Result<Vec<u8>, StoreError>;
}
