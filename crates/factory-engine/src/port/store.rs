//! Keeping records and blobs. An implementation never looks inside a record.

use async_trait::async_trait;
use factory_core::ids::{Digest, RunId};

/// The number of records that a run's log holds; also the position that the next one gets.
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
    /// A record or blob is not what was written. Only this run is affected.
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

/// Append-only logs, one for each run.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends one record durably: when this returns, a power cut cannot lose it. Answers the position
    /// that the record got, which is `expected`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the log does not hold exactly `expected` records; nothing is written then.
    async fn append(&self, run: &RunId, expected: Position, record: &[u8]) -> Result<Position, StoreError>;

    /// All records of a run, in order, each checked against the hash chain. Empty for an unknown run.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the first record that is not what was written.
    async fn read(&self, run: &RunId) -> Result<Vec<StoredRecord>, StoreError>;

    /// Every run that has a record, in no particular order.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn runs(&self) -> Result<Vec<RunId>, StoreError>;
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
