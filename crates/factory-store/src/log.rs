//! The embedded logs and ledger: sled behind [`EventLog`], with one thread that writes.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_trait::async_trait;
use factory_core::ids::RunId;
use factory_engine::port::store::{
    BlobStore, EventLog, Lease, LedgerHead, Position, StoreError, StoredRecord,
};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::blobs::{self, FileBlobs};
use crate::chain::{Chain, Head, INLINE_LIMIT};
use crate::claims::Claims;
use crate::database::Database;
use crate::disk;
use crate::evidence;
use crate::hold::Hold;
use crate::keys::{self, Heads};
use crate::reader;
use crate::witness::Witness;
use crate::writer::{self, Piece, Record, Request, Writer};

/// How long an append waits before it asks whether the database has stopped, again and again.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many changes a receiver may be behind before it lags.
pub(crate) const CHANGES: usize = 1024;

/// Logs in the directory of a store. Its futures need a tokio runtime with a clock.
///
/// After a write that failed half way (a broken device, a quota, space taken by others between a look and the write)
/// every append fails with [`StoreError::Io`] until the store is opened again; what can still be read is what was
/// acknowledged. Opened again, the log may hold the records of the failed write too, whole and in the chain.
#[derive(Debug)]
pub struct SledLog {
    blobs: FileBlobs,
    heads: Arc<RwLock<Heads>>,
    /// `None` only while this is dropped.
    requests: Option<mpsc::Sender<Request>>,
    writer: Option<JoinHandle<()>>,
    database: Arc<Database>,
    /// Whether somebody is just asking if the database has stopped.
    nudged: Arc<AtomicBool>,
    changes: broadcast::Sender<RunId>,
    claims: Claims,
    hold: Arc<Hold>,
}

impl SledLog {
    /// Opens the database of the store in `base`, which is made if it is missing.
    pub(crate) fn open(base: &Path, blobs: FileBlobs, hold: Arc<Hold>) -> Result<Self, StoreError> {
        let opened = |error| disk::failed("opened", error);
        let dir = base.join("store");
        disk::ensure_dir(&dir).map_err(opened)?;
        evidence::keep(base).map_err(opened)?;
        let database = Arc::new(Database::open(&dir)?);
        let heads = keys::heads(&database)?;
        let witness = testify(base, &heads)?;
        evidence::clear(base).map_err(opened)?;
        let heads = Arc::new(RwLock::new(heads));
        let (requests, receiver) = mpsc::channel(writer::GROUP);
        let (changes, _) = broadcast::channel(CHANGES);
        let writer = Writer {
            dir,
            witness,
            database: Arc::clone(&database),
            heads: Arc::clone(&heads),
            changes: changes.clone(),
        };
        let writer = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(receiver))
            .map_err(opened)?;
        Ok(Self {
            blobs,
            heads,
            requests: Some(requests),
            writer: Some(writer),
            database,
            nudged: Arc::default(),
            changes,
            claims: Claims::of(base),
            hold,
        })
    }

    /// What keeps the store ours.
    pub(crate) fn hold(&self) -> &Arc<Hold> {
        &self.hold
    }

    fn end(&self, chain: &Chain) -> Result<Option<Head>, StoreError> {
        writer::end(&self.heads, chain)
    }

    /// Some records of a chain, which are durable.
    async fn stored(
        &self,
        chain: Chain,
        positions: Range<Position>,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let (database, blobs) = (Arc::clone(&self.database), self.blobs.clone());
        blobs::blocking("read", move || reader::read(&database, &blobs, &chain, positions)).await
    }

    /// Bytes in the form in which the writer takes them.
    async fn piece(&self, bytes: &[u8]) -> Result<Piece, StoreError> {
        let blob = if bytes.len() > INLINE_LIMIT { Some(self.blobs.put(bytes).await?) } else { None };
        Ok(Piece { bytes: bytes.to_vec(), blob })
    }

    /// Asks, for everybody who waits, whether the database has stopped.
    fn nudge(&self) {
        if !self.nudged.swap(true, Ordering::Relaxed) {
            let (database, nudged) = (Arc::clone(&self.database), Arc::clone(&self.nudged));
            tokio::task::spawn_blocking(move || {
                database.nudge();
                nudged.store(false, Ordering::Relaxed);
            });
        }
    }

    /// Has all of it written, or nothing.
    async fn write(&self, record: Option<Record>, decisions: &[Vec<u8>]) -> Result<Position, StoreError> {
        let mut pieces = Vec::with_capacity(decisions.len());
        for decision in decisions {
            pieces.push(self.piece(decision).await?);
        }
        let (reply, mut answer) = oneshot::channel();
        let requests = self.requests.as_ref().expect("requests can be sent until this is dropped");
        let request = Request { record, decisions: pieces, reply };
        requests.send(request).await.map_err(|_| writer_gone())?;
        loop {
            match tokio::time::timeout(PATIENCE, &mut answer).await {
                Ok(answered) => return answered.map_err(|_| writer_gone())?,
                Err(_) => self.nudge(),
            }
        }
    }
}

impl Drop for SledLog {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(Err(_)) = self.writer.take().map(JoinHandle::join) {
            tracing::error!("the store's writer panicked");
        }
    }
}

#[async_trait]
impl EventLog for SledLog {
    async fn append(
        &self,
        run: &RunId,
        expected: Position,
        record: &[u8],
        decisions: &[Vec<u8>],
    ) -> Result<Position, StoreError> {
        let record = Record { run: run.clone(), expected, piece: self.piece(record).await? };
        self.write(Some(record), decisions).await
    }

    async fn read(&self, run: &RunId) -> Result<Vec<StoredRecord>, StoreError> {
        let chain = Chain::Run(run.clone());
        let count = self.end(&chain)?.map_or(0, |head| head.count);
        self.stored(chain, 0..count).await
    }

    async fn position(&self, run: &RunId) -> Result<Position, StoreError> {
        Ok(self.end(&Chain::Run(run.clone()))?.map_or(0, |head| head.count))
    }

    async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        let heads = self.heads.read().unwrap_or_else(PoisonError::into_inner);
        let runs = heads.keys().filter_map(|chain| match chain {
            Chain::Run(run) => Some(run.clone()),
            Chain::Ledger => None,
        });
        Ok(runs.collect())
    }

    async fn append_decisions(&self, decisions: &[Vec<u8>]) -> Result<Position, StoreError> {
        self.write(None, decisions).await
    }

    async fn decisions(&self, from: Position, most: usize) -> Result<Vec<StoredRecord>, StoreError> {
        let count = self.end(&Chain::Ledger)?.map_or(0, |head| head.count);
        let to = from.saturating_add(most as Position).min(count);
        self.stored(Chain::Ledger, from..to).await
    }

    async fn ledger_head(&self) -> Result<Option<LedgerHead>, StoreError> {
        let head = self.end(&Chain::Ledger)?;
        Ok(head.map(|Head { count, hash }| LedgerHead { count, hash }))
    }

    fn changes(&self) -> broadcast::Receiver<RunId> {
        self.changes.subscribe()
    }

    async fn claim(&self, run: &RunId) -> Result<Lease, StoreError> {
        self.claims.take(run).await
    }
}

/// Looks that everything is there which has been acknowledged. Where the end of a chain is damaged, that is known.
fn testify(base: &Path, heads: &Heads) -> Result<Witness, StoreError> {
    let mut witness = Witness::open(base).map_err(|error| disk::failed("opened", error))?;
    let counts: Result<Vec<_>, _> = heads.values().map(|head| head.as_ref().map(|head| head.count)).collect();
    if let Ok(counts) = counts {
        let there = counts.into_iter().sum();
        if let Some(detail) = shortfall(there, witness.total()) {
            return Err(StoreError::Damaged { what: "the database".to_owned(), detail });
        }
        witness.note(there);
    }
    Ok(witness)
}

/// What is wrong if so many records are there and so many were kept.
pub(crate) fn shortfall(there: u64, kept: u64) -> Option<String> {
    (there < kept).then(|| format!("{there} records and decisions are there, and {kept} were kept"))
}

/// The writer ends before its last request only by a panic inside sled.
fn writer_gone() -> StoreError {
    StoreError::Io { action: "written", source: "its writer has panicked".into() }
}

#[cfg(test)]
mod tests {
    use factory_core::ids::Digest;
    use tempfile::TempDir;
    use tokio::task::JoinSet;

    use super::*;
    use crate::chain::{Body, Envelope};
    use crate::conformance::{self, Fresh};
    use crate::store::Store;

    fn run(name: &str) -> RunId {
        name.parse().unwrap()
    }

    fn open(base: &TempDir) -> Store {
        Store::open(&base.path().join(".factory")).unwrap()
    }

    /// A store with three records in each of the runs `a`, `b` and `c`, of which one is too large for the log.
    async fn three_runs() -> TempDir {
        let base = tempfile::tempdir().unwrap();
        let store = open(&base);
        for name in ["a", "b", "c"] {
            for (position, record) in (0..).zip([b"first".to_vec(), large(name), b"last".to_vec()]) {
                store.log.append(&run(name), position, &record, &[]).await.unwrap();
            }
        }
        base
    }

    fn large(name: &str) -> Vec<u8> {
        name.repeat(INLINE_LIMIT + 1).into_bytes()
    }

    /// The store with something done to its closed database.
    fn tamper(base: &TempDir, change: impl FnOnce(&Database)) {
        let database = Database::open(&base.path().join(".factory/store")).unwrap();
        change(&database);
    }

    /// What `b` is said to have, after a look that the others are all right.
    async fn damage_of_b(store: &Store) -> String {
        let mut runs = store.log.runs().await.unwrap();
        runs.sort();
        assert_eq!(runs, ["a", "b", "c"].map(run));
        for name in ["a", "c"] {
            assert_eq!(store.log.read(&run(name)).await.unwrap().len(), 3);
            store.log.append(&run(name), 3, b"more", &[]).await.unwrap();
        }
        match store.log.read(&run("b")).await {
            Err(StoreError::Damaged { what, detail }) => format!("{what}: {detail}"),
            other => panic!("expected damage, got {other:?}"),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conforms() {
        conformance::event_log(async || {
            let base = tempfile::tempdir().unwrap();
            let log: Arc<dyn EventLog> = open(&base).log;
            Fresh::new(log, base)
        })
        .await;
    }

    #[tokio::test]
    async fn a_store_that_is_opened_again_goes_on_where_it_was() {
        let base = three_runs().await;
        for round in 3..10 {
            let store = open(&base);
            for name in ["a", "b", "c"] {
                let records = store.log.read(&run(name)).await.unwrap();
                assert_eq!(records.len() as Position, round);
                assert_eq!(records[1].bytes, large(name));
                assert!(matches!(
                    store.log.append(&run(name), 0, b"x", &[]).await,
                    Err(StoreError::Conflict { actual, .. }) if actual == round
                ));
                store.log.append(&run(name), round, b"more", &[]).await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn the_first_changed_record_is_named_and_other_runs_go_on() {
        let base = three_runs().await;
        tamper(&base, |database| {
            let value =
                Envelope { hash: Digest::of(b"first"), body: Body::Inline(b"First".to_vec()) }.encode();
            database.overwrite(&Chain::Run(run("b")), 0, Some(&value));
        });
        assert!(damage_of_b(&open(&base)).await.starts_with("record 0 of run b: its hash is "));
    }

    #[tokio::test]
    async fn a_changed_record_with_a_hash_that_fits_it_breaks_the_chain_after_it() {
        let base = three_runs().await;
        tamper(&base, |database| {
            let value =
                Envelope { hash: Digest::of(b"First"), body: Body::Inline(b"First".to_vec()) }.encode();
            database.overwrite(&Chain::Run(run("b")), 0, Some(&value));
        });
        assert!(damage_of_b(&open(&base)).await.starts_with("record 1 of run b: its hash is "));
    }

    #[tokio::test]
    async fn a_record_that_is_gone_or_garbled_is_named() {
        for (value, detail) in [(None, "it is missing"), (Some(&b"?"[..]), "it has an unknown form")] {
            let base = three_runs().await;
            tamper(&base, |database| database.overwrite(&Chain::Run(run("b")), 1, value));
            assert_eq!(damage_of_b(&open(&base)).await, format!("record 1 of run b: {detail}"));
        }
    }

    #[tokio::test]
    async fn a_cut_tail_shows_by_the_head_and_nothing_is_appended_to_it() {
        let base = three_runs().await;
        tamper(&base, |database| database.overwrite(&Chain::Run(run("b")), 2, None));
        let store = open(&base);
        assert_eq!(
            damage_of_b(&store).await,
            "run b: its head counts 3 records, and its last record is another"
        );
        for expected in [2, 3] {
            assert!(matches!(
                store.log.append(&run("b"), expected, b"x", &[]).await,
                Err(StoreError::Damaged { what, .. }) if what == "run b"
            ));
        }
    }

    #[tokio::test]
    async fn a_large_record_without_its_blob_is_damaged() {
        let base = three_runs().await;
        let digest = Digest::of(&large("b"));
        let (shard, name) = digest.as_str().split_at(2);
        let path = base.path().join(".factory/blobs").join(shard).join(name);
        std::fs::write(&path, "changed").unwrap();
        assert!(damage_of_b(&open(&base)).await.contains("record 1 of run b: blob "));
        std::fs::remove_file(&path).unwrap();
        let Err(StoreError::Damaged { what, detail }) = open(&base).log.read(&run("b")).await else {
            panic!("read without its blob")
        };
        assert_eq!((what.as_str(), detail), ("record 1 of run b", format!("there is no blob {digest}")));
    }

    /// The largest records with the longest names: were a leaf to outgrow the log, the append would fail.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_largest_inline_records_stay_inside_the_log() {
        let base = tempfile::tempdir().unwrap();
        let store = open(&base);
        let mut appenders = JoinSet::new();
        for number in 0..16 {
            let log = Arc::clone(&store.log);
            appenders.spawn(async move {
                let run = run(&format!("{number:0>80}"));
                for position in 0..100 {
                    let record = vec![number; INLINE_LIMIT];
                    log.append(&run, position, &record, &[]).await.unwrap();
                }
            });
        }
        appenders.join_all().await;
        drop(store);
        assert_eq!(open(&base).log.runs().await.unwrap().len(), 16);
        assert_eq!(base.path().join(".factory/blobs").read_dir().unwrap().count(), 1, "only `tmp`");
    }

    #[tokio::test]
    async fn something_outside_the_log_of_the_database_is_damage() {
        let base = three_runs().await;
        std::fs::write(base.path().join(".factory/store/blobs/17"), "spilled").unwrap();
        let Err(StoreError::Damaged { what, detail }) = Store::open(&base.path().join(".factory")) else {
            panic!("opened")
        };
        assert_eq!(what, "the database");
        assert_eq!(detail, "it keeps `17` outside its log, where it may be lost");
    }
}
