//! A store that goes on when the process that holds it ends: then this one holds it, or finds who does so now.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{
    BlobStore, EventLog, Lease, LedgerHead, Position, StoreError, StoredRecord,
};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};
use tokio::time;

use super::client::RemoteStore;
use super::opened::{self, Found};
use super::server::Server;
use crate::claims::Claims;
use crate::log;

/// How long it is tried to find the store again: whoever has just taken it may have a large one to recover.
const WITHIN: Duration = Duration::from_secs(30);

/// How often one question is asked again in all, and how often of a process that has let this one down already.
const LOSSES: u32 = 100;
const LOSSES_OF_ONE: u32 = 10;

/// How long after a store was not found it is looked for again, for those who wait for changes.
const PAUSE: Duration = Duration::from_secs(1);

/// How many entries of the ledger are looked at in one go.
const PAGE: usize = 500;

/// A store that is held elsewhere, or here since its last holder has ended. Clones are the same.
#[derive(Clone)]
pub(super) struct LastingStore(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    claims: Claims,
    way: Mutex<Arc<Way>>,
    /// Taken by who looks for another way.
    looking: tokio::sync::Mutex<()>,
    changes: broadcast::Sender<RunId>,
    /// Told when somebody begins to listen, and at the end.
    listening: Arc<Notify>,
}

/// How the store is reached, until that is lost.
struct Way {
    /// Counts the ways.
    number: u64,
    log: Arc<dyn EventLog>,
    blobs: Arc<dyn BlobStore>,
    /// The process that holds the store, if it is another; that way alone can be lost.
    holder: Option<u32>,
    server: Option<Server>,
}

impl Way {
    fn new(number: u64, found: Found) -> Self {
        match found {
            Found::Here(store) => {
                let server = opened::serve(&store);
                Self { number, log: store.log, blobs: store.blobs, holder: None, server }
            }
            Found::There(remote) => {
                let holder = Some(remote.holder());
                let remote = Arc::new(remote);
                Self { number, log: Arc::clone(&remote) as _, blobs: remote, holder, server: None }
            }
        }
    }
}

impl LastingStore {
    /// The store in `dir`, which is reached through `remote` at first. Needs a tokio runtime.
    pub(super) fn over(dir: &Path, remote: RemoteStore) -> Self {
        let (changes, _) = broadcast::channel(log::CHANGES);
        let told = remote.changes();
        let inner = Arc::new(Inner {
            dir: dir.to_owned(),
            claims: Claims::of(dir),
            way: Mutex::new(Arc::new(Way::new(0, Found::There(remote)))),
            looking: tokio::sync::Mutex::default(),
            changes,
            listening: Arc::default(),
        });
        tokio::spawn(pass_on(Arc::downgrade(&inner), told));
        Self(inner)
    }

    /// How many other processes use the store through this one now.
    pub(super) fn clients(&self) -> usize {
        self.0.way().server.as_ref().map_or(0, Server::clients)
    }

    /// Asks, and again whenever the answer is lost. What is asked has to be the same when it is done twice.
    async fn ask<T, F>(&self, question: impl Fn(Arc<Way>) -> F + Send + Sync) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        let mut losses = Losses::default();
        let mut way = self.0.way();
        loop {
            match question(Arc::clone(&way)).await {
                Err(StoreError::HolderGone) => way = self.instead_of(&way, &mut losses).await?,
                answered => return answered,
            }
        }
    }

    async fn instead_of(&self, lost: &Way, losses: &mut Losses) -> Result<Arc<Way>, StoreError> {
        let next = self.0.instead_of(lost.number).await?;
        losses.count(lost, &next)?;
        Ok(next)
    }

    /// Whether exactly these bytes stand at that position of the run.
    async fn stands(&self, run: &RunId, position: Position, record: &[u8]) -> Result<bool, StoreError> {
        let records = self.read(run).await?;
        let found = usize::try_from(position).ok().and_then(|position| records.get(position));
        Ok(found.is_some_and(|found| found.bytes == record))
    }

    /// Where exactly these entries, which are not none, stand one after another in the ledger from `from` on.
    async fn found(&self, from: Position, decisions: &[Vec<u8>]) -> Result<Option<Position>, StoreError> {
        let mut entries: Vec<StoredRecord> = Vec::new();
        loop {
            let page = self.decisions(from + entries.len() as Position, PAGE).await?;
            if page.is_empty() {
                break;
            }
            entries.extend(page);
        }
        let same = |window: &&[StoredRecord]| {
            window.iter().zip(decisions).all(|(entry, decision)| entry.bytes == *decision)
        };
        Ok(entries.windows(decisions.len()).find(same).map(|window| window[0].position))
    }
}

/// How often one question was lost.
#[derive(Default)]
struct Losses {
    all: u32,
    of_one: u32,
}

impl Losses {
    /// Counts one more, and fails when it has to be something else than the end of a holder.
    fn count(&mut self, lost: &Way, next: &Way) -> Result<(), StoreError> {
        self.all += 1;
        if next.holder.is_some() && next.holder == lost.holder {
            self.of_one += 1;
        }
        if self.all > LOSSES || self.of_one > LOSSES_OF_ONE { Err(StoreError::HolderGone) } else { Ok(()) }
    }
}

impl Inner {
    fn way(&self) -> Arc<Way> {
        Arc::clone(&self.way.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The way after the one with that number, which is lost. Who looks for it waits for whoever does so already.
    async fn instead_of(&self, lost: u64) -> Result<Arc<Way>, StoreError> {
        let _alone = self.looking.lock().await;
        let current = self.way();
        if current.number != lost {
            return Ok(current);
        }
        // A store that was taken away is not made anew.
        if !self.dir.join("store").is_dir() {
            return Err(StoreError::HolderGone);
        }
        let next = Arc::new(Way::new(lost + 1, opened::find(&self.dir, WITHIN).await?));
        tracing::debug!(holder = next.holder, "the process that held the store has ended");
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
        Ok(next)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.listening.notify_one();
    }
}

/// Tells of changes, whichever way they come, as long as the store is in use. Whoever listens is told of every run when
/// some may have been missed.
async fn pass_on(store: Weak<Inner>, mut told: broadcast::Receiver<RunId>) {
    let mut number = 0;
    loop {
        let heard = told.recv().await;
        let Some(inner) = store.upgrade() else { return };
        let way = match heard {
            Ok(run) => {
                // An error says that nobody listens.
                let _nobody = inner.changes.send(run);
                continue;
            }
            Err(RecvError::Lagged(_)) => inner.way(),
            Err(RecvError::Closed) => {
                drop(inner);
                let Some(next) = follow(&store, number).await else { return };
                (number, told) = (next.number, next.log.changes());
                next
            }
        };
        // If that is lost as well, the receiver is closed, and it is done again.
        for run in way.log.runs().await.unwrap_or_default() {
            let Some(inner) = store.upgrade() else { return };
            let _nobody = inner.changes.send(run);
        }
    }
}

/// The way after the one with that number, once somebody listens; `None` when the store is not in use any more.
async fn follow(store: &Weak<Inner>, lost: u64) -> Option<Arc<Way>> {
    loop {
        let inner = store.upgrade()?;
        if inner.changes.receiver_count() == 0 {
            let listening = Arc::clone(&inner.listening);
            drop(inner);
            listening.notified().await;
            continue;
        }
        match inner.instead_of(lost).await {
            Ok(next) => return Some(next),
            Err(error) => tracing::debug!(%error, "the store is not found again"),
        }
        drop(inner);
        time::sleep(PAUSE).await;
    }
}

#[async_trait]
impl EventLog for LastingStore {
    async fn append(
        &self,
        run: &RunId,
        expected: Position,
        record: &[u8],
        decisions: &[Vec<u8>],
    ) -> Result<Position, StoreError> {
        let mut losses = Losses::default();
        let mut way = self.0.way();
        loop {
            match way.log.append(run, expected, record, decisions).await {
                Err(StoreError::HolderGone) => {}
                // It is refused now, but what was sent before may be kept; that is then what is in the way.
                Err(refused) if losses.all > 0 => {
                    let kept =
                        self.stands(run, expected, record).await.map_err(|_| StoreError::HolderGone)?;
                    return if kept { Ok(expected) } else { Err(refused) };
                }
                answered => return answered,
            }
            // Another error than this would say that nothing was kept.
            way = self.instead_of(&way, &mut losses).await.map_err(|_| StoreError::HolderGone)?;
        }
    }

    async fn read(&self, run: &RunId) -> Result<Vec<StoredRecord>, StoreError> {
        self.ask(|way| async move { way.log.read(run).await }).await
    }

    async fn position(&self, run: &RunId) -> Result<Position, StoreError> {
        self.ask(|way| async move { way.log.position(run).await }).await
    }

    async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.ask(|way| async move { way.log.runs().await }).await
    }

    async fn append_decisions(&self, decisions: &[Vec<u8>]) -> Result<Position, StoreError> {
        if decisions.is_empty() {
            return self.ask(|way| async move { way.log.append_decisions(&[]).await }).await;
        }
        let mut losses = Losses::default();
        let mut way = self.0.way();
        if way.holder.is_none() {
            return way.log.append_decisions(decisions).await;
        }
        let count = |head: Option<LedgerHead>| head.map_or(0, |head| head.count);
        let before = count(self.ledger_head().await?);
        loop {
            match way.log.append_decisions(decisions).await {
                Err(StoreError::HolderGone) => {}
                answered => return answered,
            }
            let gone = |_| StoreError::HolderGone;
            let next = self.instead_of(&way, &mut losses).await.map_err(gone)?;
            if count(self.ledger_head().await.map_err(gone)?) < before {
                return Err(StoreError::HolderGone); // It is another store.
            }
            if let Some(position) = self.found(before, decisions).await.map_err(gone)? {
                return Ok(position);
            }
            // A process that is still there may be about to keep them.
            if next.holder.is_some() && next.holder == way.holder {
                return Err(StoreError::HolderGone);
            }
            way = next;
        }
    }

    async fn decisions(&self, from: Position, most: usize) -> Result<Vec<StoredRecord>, StoreError> {
        self.ask(|way| async move { way.log.decisions(from, most).await }).await
    }

    async fn ledger_head(&self) -> Result<Option<LedgerHead>, StoreError> {
        self.ask(|way| async move { way.log.ledger_head().await }).await
    }

    fn changes(&self) -> broadcast::Receiver<RunId> {
        let told = self.0.changes.subscribe();
        self.0.listening.notify_one();
        told
    }

    async fn claim(&self, run: &RunId) -> Result<Lease, StoreError> {
        self.0.claims.take(run).await
    }
}

#[async_trait]
impl BlobStore for LastingStore {
    async fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.ask(|way| async move { way.blobs.put(bytes).await }).await
    }

    async fn get(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        self.ask(|way| async move { way.blobs.get(digest).await }).await
    }
}

#[cfg(test)]
mod tests;
