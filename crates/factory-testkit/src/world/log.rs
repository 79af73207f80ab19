//! A log that somebody meddles with: it fails at a record, or somebody else's record comes first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use factory_core::event::Record;
use factory_core::ids::RunId;
use factory_core::ledger::entry::{self, LedgerEntry};
use factory_engine::port::store::{EventLog, Lease, LedgerHead, Position, StoreError, StoredRecord};
use tokio::sync::broadcast;

use super::lock;

/// Wraps a log.
pub struct MeddledLog {
    inner: Arc<dyn EventLog>,
    meddling: Mutex<BTreeMap<Position, Meddling>>,
    appends: Mutex<Vec<Position>>,
}

enum Meddling {
    Fail { written: bool },
    SlipIn(Vec<u8>),
}

impl MeddledLog {
    /// Nobody meddles yet.
    pub fn new(inner: Arc<dyn EventLog>) -> Self {
        Self { inner, meddling: Mutex::default(), appends: Mutex::default() }
    }

    /// The append at that position fails, once. Whether it was written all the same cannot be seen by who appended.
    pub fn fail_at(&self, position: Position, written: bool) {
        lock(&self.meddling).insert(position, Meddling::Fail { written });
    }

    /// Somebody else appends this at that position, with the decisions in it, just before the next who wants to.
    pub fn slip_in(&self, position: Position, record: Vec<u8>) {
        lock(&self.meddling).insert(position, Meddling::SlipIn(record));
    }

    /// The positions at which somebody tried to append, in order.
    pub fn appends(&self) -> Vec<Position> {
        lock(&self.appends).clone()
    }
}

/// The decisions in a record, as they stand in the ledger; none in what is not a record.
pub fn decisions_of(run: &RunId, position: Position, record: &[u8]) -> Vec<Vec<u8>> {
    let Ok(record) = Record::from_bytes(record) else { return Vec::new() };
    let entries = entry::entries(run, position, record.at, &record.events);
    entries.iter().map(LedgerEntry::to_bytes).collect()
}

#[async_trait]
impl EventLog for MeddledLog {
    async fn append(
        &self,
        run: &RunId,
        expected: Position,
        record: &[u8],
        decisions: &[Vec<u8>],
    ) -> Result<Position, StoreError> {
        lock(&self.appends).push(expected);
        let meddling = lock(&self.meddling).remove(&expected);
        match meddling {
            None => {}
            Some(Meddling::SlipIn(other)) => {
                self.inner.append(run, expected, &other, &decisions_of(run, expected, &other)).await?;
            }
            Some(Meddling::Fail { written }) => {
                if written {
                    self.inner.append(run, expected, record, decisions).await?;
                }
                return Err(StoreError::Io { action: "written", source: "the disk is gone".into() });
            }
        }
        self.inner.append(run, expected, record, decisions).await
    }

    async fn read(&self, run: &RunId) -> Result<Vec<StoredRecord>, StoreError> {
        self.inner.read(run).await
    }

    async fn position(&self, run: &RunId) -> Result<Position, StoreError> {
        self.inner.position(run).await
    }

    async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.inner.runs().await
    }

    async fn append_decisions(&self, decisions: &[Vec<u8>]) -> Result<Position, StoreError> {
        self.inner.append_decisions(decisions).await
    }

    async fn decisions(&self, from: Position, most: usize) -> Result<Vec<StoredRecord>, StoreError> {
        self.inner.decisions(from, most).await
    }

    async fn ledger_head(&self) -> Result<Option<LedgerHead>, StoreError> {
        self.inner.ledger_head().await
    }

    fn changes(&self) -> broadcast::Receiver<RunId> {
        self.inner.changes()
    }

    async fn claim(&self, run: &RunId) -> Result<Lease, StoreError> {
        self.inner.claim(run).await
    }
}
