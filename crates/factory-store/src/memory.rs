//! The same promises without a disk, but for durability: for tests of whatever needs a store.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{BlobStore, EventLog, Position, StoreError, StoredRecord};

use crate::chain;

/// Logs in memory.
#[derive(Debug, Default)]
pub struct MemoryLog {
    runs: Mutex<HashMap<RunId, Vec<StoredRecord>>>,
}

/// Blobs in memory.
#[derive(Debug, Default)]
pub struct MemoryBlobs {
    blobs: Mutex<HashMap<Digest, Vec<u8>>>,
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(&self, run: &RunId, expected: Position, record: &[u8]) -> Result<Position, StoreError> {
        let mut runs = lock(&self.runs);
        let actual = runs.get(run).map_or(0, |records| records.len() as Position);
        if actual != expected {
            return Err(StoreError::Conflict { expected, actual });
        }
        let records = runs.entry(run.clone()).or_default();
        let hash = chain::link(records.last().map(|last| &last.hash), record);
        records.push(StoredRecord { position: actual, bytes: record.to_vec(), hash });
        Ok(actual)
    }

    async fn read(&self, run: &RunId) -> Result<Vec<StoredRecord>, StoreError> {
        Ok(lock(&self.runs).get(run).cloned().unwrap_or_default())
    }

    async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        Ok(lock(&self.runs).keys().cloned().collect())
    }
}

#[async_trait]
impl BlobStore for MemoryBlobs {
    async fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        lock(&self.blobs).insert(digest.clone(), bytes.to_vec());
        Ok(digest)
    }

    async fn get(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        lock(&self.blobs).get(digest).cloned().ok_or_else(|| StoreError::NoBlob(digest.clone()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::conformance::{self, Fresh};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_log_conforms() {
        conformance::event_log(async || {
            let log: Arc<dyn EventLog> = Arc::new(MemoryLog::default());
            Fresh::new(log, ())
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_blobs_conform() {
        conformance::blob_store(async || {
            let blobs: Arc<dyn BlobStore> = Arc::new(MemoryBlobs::default());
            Fresh::new(blobs, ())
        })
        .await;
    }
}
