//! The same promises without a disk, but for durability: for tests of whatever needs a store.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{
    BlobStore, EventLog, Lease, LedgerHead, Position, StoreError, StoredRecord,
};
use tokio::sync::broadcast;

use crate::chain;
use crate::log;

/// Logs and a ledger in memory.
#[derive(Debug)]
pub struct MemoryLog {
    kept: Mutex<Kept>,
    changes: broadcast::Sender<RunId>,
    claims: Arc<Mutex<HashSet<RunId>>>,
}

#[derive(Debug, Default)]
struct Kept {
    runs: HashMap<RunId, Vec<StoredRecord>>,
    ledger: Vec<StoredRecord>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        let (changes, _) = broadcast::channel(log::CHANGES);
        Self { kept: Mutex::default(), changes, claims: Arc::default() }
    }
}

/// Blobs in memory.
#[derive(Debug, Default)]
pub struct MemoryBlobs {
    blobs: Mutex<HashMap<Digest, Vec<u8>>>,
}

/// Puts bytes at the end of a chain and answers where they stand.
fn push(chain: &mut Vec<StoredRecord>, bytes: &[u8]) -> Position {
    let position = chain.len() as Position;
    let hash = chain::link(chain.last().map(|last| &last.hash), bytes);
    chain.push(StoredRecord { position, bytes: bytes.to_vec(), hash });
    position
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(
        &self,
        run: &RunId,
        expected: Position,
        record: &[u8],
        decisions: &[Vec<u8>],
    ) -> Result<Position, StoreError> {
        let mut kept = lock(&self.kept);
        let actual = kept.runs.get(run).map_or(0, |records| records.len() as Position);
        if actual != expected {
            return Err(StoreError::Conflict { expected, actual });
        }
        push(kept.runs.entry(run.clone()).or_default(), record);
        for decision in decisions {
            push(&mut kept.ledger, decision);
        }
        drop(kept);
        // An error says that nobody listens.
        let _nobody = self.changes.send(run.clone());
        Ok(actual)
    }

    async fn read(&self, run: &RunId) -> Result<Vec<StoredRecord>, StoreError> {
        Ok(lock(&self.kept).runs.get(run).cloned().unwrap_or_default())
    }

    async fn position(&self, run: &RunId) -> Result<Position, StoreError> {
        Ok(lock(&self.kept).runs.get(run).map_or(0, |records| records.len() as Position))
    }

    async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        Ok(lock(&self.kept).runs.keys().cloned().collect())
    }

    async fn append_decisions(&self, decisions: &[Vec<u8>]) -> Result<Position, StoreError> {
        let mut kept = lock(&self.kept);
        let first = kept.ledger.len() as Position;
        for decision in decisions {
            push(&mut kept.ledger, decision);
        }
        Ok(first)
    }

    async fn decisions(&self, from: Position, most: usize) -> Result<Vec<StoredRecord>, StoreError> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(lock(&self.kept).ledger.iter().skip(from).take(most).cloned().collect())
    }

    async fn ledger_head(&self) -> Result<Option<LedgerHead>, StoreError> {
        let kept = lock(&self.kept);
        let last = kept.ledger.last();
        Ok(last.map(|last| LedgerHead { count: last.position + 1, hash: last.hash.clone() }))
    }

    fn changes(&self) -> broadcast::Receiver<RunId> {
        self.changes.subscribe()
    }

    async fn claim(&self, run: &RunId) -> Result<Lease, StoreError> {
        if !lock(&self.claims).insert(run.clone()) {
            return Err(StoreError::Driven { run: run.clone(), holder: std::process::id().to_string() });
        }
        Ok(Lease::new(Claim { run: run.clone(), claims: Arc::clone(&self.claims) }))
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

struct Claim {
    run: RunId,
    claims: Arc<Mutex<HashSet<RunId>>>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock(&self.claims).remove(&self.run);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
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
