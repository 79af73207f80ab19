//! What becomes of what is asked when the holder ends at that moment, and of what was there before.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;
use crate::conformance::{self, Fresh};
use crate::log::SledLog;
use crate::share::{Access, Opened};
use crate::store::Store;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

fn run(name: &str) -> RunId {
    name.parse().unwrap()
}

/// A store with its holder, and one who is attached to that.
async fn two() -> (TempDir, Opened, Opened) {
    let dir = tempfile::tempdir().unwrap();
    let holder = Store::open_or_attach(dir.path()).await.unwrap();
    let attached = Store::open_or_attach(dir.path()).await.unwrap();
    assert!(holder.access == Access::Held && attached.access != Access::Held);
    (dir, holder, attached)
}

/// One who was attached to a holder that has ended since.
async fn left_behind() -> (TempDir, Opened) {
    let (dir, holder, attached) = two().await;
    drop(holder);
    (dir, attached)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_conforms() {
    conformance::event_log(async || {
        let (dir, holder, attached) = two().await;
        Fresh::new(attached.log, (holder, dir))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_conforms_when_its_holder_has_ended() {
    conformance::event_log(async || {
        let (dir, attached) = left_behind().await;
        Fresh::new(attached.log, dir)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_blobs_conform_when_their_holder_has_ended() {
    conformance::blob_store(async || {
        let (dir, attached) = left_behind().await;
        Fresh::new(attached.blobs, dir)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_those_who_are_left_holds_the_store_and_the_others_find_it() {
    let (dir, holder, attached) = two().await;
    let others: Vec<_> = [Store::open_or_attach(dir.path()).await, Store::open_or_attach(dir.path()).await]
        .map(Result::unwrap)
        .into();
    holder.log.append(&run("r"), 0, b"x", &[b"why".to_vec()]).await.unwrap();
    let digest = holder.blobs.put(b"blob").await.unwrap();
    let lease = attached.log.claim(&run("r")).await.unwrap();
    drop(holder);

    let mut left = vec![attached];
    left.extend(others);
    for (position, opened) in (1..).zip(&left) {
        assert_eq!(opened.log.append(&run("r"), position, b"y", &[]).await.unwrap(), position);
        assert_eq!(opened.blobs.get(&digest).await.unwrap(), b"blob");
        assert_eq!(opened.log.ledger_head().await.unwrap().unwrap().count, 1);
        assert!(matches!(opened.log.claim(&run("r")).await, Err(StoreError::Driven { .. })));
    }
    // One has become the holder, and the others are its clients.
    assert_eq!(left.iter().map(Opened::clients).sum::<usize>(), left.len() - 1);
    drop(lease);
    while let Some(opened) = left.pop() {
        assert_eq!(opened.log.read(&run("r")).await.unwrap().len(), 4);
    }
}

async fn is_told(told: &mut broadcast::Receiver<RunId>, wanted: &[RunId]) {
    let mut missing = wanted.to_vec();
    time::timeout(LONG, async {
        while !missing.is_empty() {
            match told.recv().await {
                Ok(run) => missing.retain(|wanted| *wanted != run),
                Err(error) => panic!("not told of {missing:?}: {error}"),
            }
        }
    })
    .await
    .unwrap_or_else(|_| panic!("not told of {wanted:?}"));
}

/// Who does nothing but listen is told as well, without asking anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_is_told_of_every_run_after_a_switch_and_of_changes_from_then_on() {
    let (dir, holder, attached) = two().await;
    for name in ["a", "b"] {
        holder.log.append(&run(name), 0, b"x", &[]).await.unwrap();
    }
    let mut told = attached.log.changes();
    assert!(told.try_recv().is_err(), "nothing has changed since");
    drop(holder);
    is_told(&mut told, &[run("a"), run("b")]).await;
    for round in 1..4 {
        let third = Store::open_or_attach(dir.path()).await.unwrap();
        third.log.append(&run("c"), round - 1, b"x", &[]).await.unwrap();
        is_told(&mut told, &[run("c")]).await;
    }
    attached.log.append(&run("d"), 0, b"x", &[]).await.unwrap();
    is_told(&mut told, &[run("d")]).await;
}

/// Who begins to listen when the holder has ended already is told as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_begins_to_listen_after_the_end_is_told() {
    let (dir, attached) = left_behind().await;
    time::sleep(Duration::from_millis(200)).await;
    // Nobody needed it, so it was left to others.
    let other = Store::open_or_attach(dir.path()).await.unwrap();
    assert_eq!(other.access, Access::Held);
    let mut told = attached.log.changes();
    time::sleep(Duration::from_millis(200)).await;
    other.log.append(&run("a"), 0, b"x", &[]).await.unwrap();
    is_told(&mut told, &[run("a")]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_not_in_use_any_more_is_given_up() {
    let (dir, holder, attached) = two().await;
    let told = attached.log.changes();
    drop((holder, attached, told));
    time::timeout(LONG, async {
        while Store::open(dir.path()).is_err() {
            time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("whoever was attached lets go of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_taken_away_is_not_made_anew() {
    let (dir, attached) = left_behind().await;
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::rename(dir.path(), elsewhere.path().join("moved")).unwrap();
    assert!(matches!(attached.log.runs().await, Err(StoreError::HolderGone)));
    assert!(!dir.path().exists());
}

/// When a holder ends that is asked to append.
#[derive(Clone, Copy)]
enum Ends {
    Before,
    After,
}

/// A holder that ends when it is asked to append; until then somebody else appends.
struct Dying {
    log: Mutex<Option<Arc<SledLog>>>,
    ends: Ends,
    /// What somebody else appends first: to the run, or to the ledger.
    others: Option<&'static [u8]>,
}

#[async_trait]
impl EventLog for Dying {
    async fn append(
        &self,
        run: &RunId,
        expected: Position,
        record: &[u8],
        decisions: &[Vec<u8>],
    ) -> Result<Position, StoreError> {
        let Some(log) = self.log.lock().unwrap().take() else { return Err(StoreError::HolderGone) };
        if let Some(theirs) = self.others {
            log.append(run, expected, theirs, &[]).await.unwrap();
        } else if let Ends::After = self.ends {
            log.append(run, expected, record, decisions).await.unwrap();
        }
        Err(StoreError::HolderGone)
    }

    async fn append_decisions(&self, decisions: &[Vec<u8>]) -> Result<Position, StoreError> {
        let Some(log) = self.log.lock().unwrap().take() else { return Err(StoreError::HolderGone) };
        if let Some(theirs) = self.others {
            log.append_decisions(&[theirs.to_vec()]).await.unwrap();
        }
        if let Ends::After = self.ends {
            log.append_decisions(decisions).await.unwrap();
        }
        Err(StoreError::HolderGone)
    }

    async fn read(&self, _: &RunId) -> Result<Vec<StoredRecord>, StoreError> {
        Err(StoreError::HolderGone)
    }

    async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        Err(StoreError::HolderGone)
    }

    async fn decisions(&self, _: Position, _: usize) -> Result<Vec<StoredRecord>, StoreError> {
        Err(StoreError::HolderGone)
    }

    async fn ledger_head(&self) -> Result<Option<LedgerHead>, StoreError> {
        let log = self.log.lock().unwrap().clone();
        log.ok_or(StoreError::HolderGone)?.ledger_head().await
    }

    fn changes(&self) -> broadcast::Receiver<RunId> {
        broadcast::channel(1).1
    }

    async fn claim(&self, _: &RunId) -> Result<Lease, StoreError> {
        Err(StoreError::HolderGone)
    }
}

/// A store that is reached through one that will end so.
async fn dying(ends: Ends, others: Option<&'static [u8]>) -> (TempDir, LastingStore) {
    let dir = tempfile::tempdir().unwrap();
    let holder = Store::open_or_attach(dir.path()).await.unwrap();
    let store = LastingStore::over(dir.path(), RemoteStore::connect(dir.path()).await.unwrap());
    drop(holder);
    let Store { log, blobs } = Store::open(dir.path()).unwrap();
    log.append(&run("r"), 0, b"zero", &[b"first".to_vec()]).await.unwrap();
    let log = Arc::new(Dying { log: Mutex::new(Some(log)), ends, others });
    drop(blobs);
    let remote = store.0.way();
    let way = Way { number: 1, log, blobs: Arc::clone(&remote.blobs), holder: Some(1), server: None };
    *store.0.way.lock().unwrap() = Arc::new(way);
    (dir, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_answer_is_lost_is_kept_once() {
    for ends in [Ends::Before, Ends::After] {
        let (_dir, store) = dying(ends, None).await;
        let decisions = [b"second".to_vec()];
        assert_eq!(store.append(&run("r"), 1, b"one", &decisions).await.unwrap(), 1);
        let records: Vec<_> = store.read(&run("r")).await.unwrap().into_iter().map(|r| r.bytes).collect();
        assert_eq!(records, [b"zero".to_vec(), b"one".to_vec()]);
        assert_eq!(store.ledger_head().await.unwrap().unwrap().count, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_somebody_else_s_was_before_is_a_conflict() {
    let (_dir, store) = dying(Ends::Before, Some(b"theirs")).await;
    let appended = store.append(&run("r"), 1, b"one", &[b"second".to_vec()]).await;
    assert!(matches!(appended, Err(StoreError::Conflict { expected: 1, actual: 2 })), "{appended:?}");
    assert_eq!(store.read(&run("r")).await.unwrap()[1].bytes, b"theirs");
    assert_eq!(store.ledger_head().await.unwrap().unwrap().count, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_whose_answer_is_lost_are_kept_once() {
    // The last of what stood before is the same as the first of these.
    let ours = [b"first".to_vec(), b"second".to_vec()];
    for ends in [Ends::Before, Ends::After] {
        for others in [None, Some(&b"first"[..])] {
            let (_dir, store) = dying(ends, others).await;
            let expected = 1 + others.map_or(0, |_| 1);
            assert_eq!(store.append_decisions(&ours).await.unwrap(), expected);
            let entries: Vec<_> =
                store.decisions(expected, 9).await.unwrap().into_iter().map(|entry| entry.bytes).collect();
            assert_eq!(entries, ours);
        }
    }
}

/// What stood there before is not what was sent, even if it is the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_that_is_there_already_may_come_again() {
    for ends in [Ends::Before, Ends::After] {
        let (_dir, store) = dying(ends, None).await;
        assert_eq!(store.append_decisions(&[b"first".to_vec()]).await.unwrap(), 1);
        assert_eq!(store.ledger_head().await.unwrap().unwrap().count, 2);
    }
}

/// A process that is still there may keep them yet. Here both holders are this process, one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_said_when_nobody_can_tell_whether_decisions_are_kept() {
    let (dir, attached) = left_behind().await;
    let next = Store::open_or_attach(dir.path()).await.unwrap();
    assert_eq!(next.access, Access::Held);
    let ours = [b"second".to_vec()];
    assert!(matches!(attached.log.append_decisions(&ours).await, Err(StoreError::HolderGone)));
    assert_eq!(next.log.ledger_head().await.unwrap(), None);
    assert_eq!(attached.log.append_decisions(&ours).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_many_ask_at_the_moment_of_a_switch_is_answered() {
    let (dir, mut holder, attached) = two().await;
    const EACH: Position = 400;
    let mut appenders = JoinSet::new();
    for number in 0..6 {
        let log = Arc::clone(&attached.log);
        appenders.spawn(async move {
            let run = run(&format!("run-{number}"));
            for position in 0..EACH {
                let record = format!("{number} {position}").into_bytes();
                let kept = log.append(&run, position, &record, std::slice::from_ref(&record)).await.unwrap();
                assert_eq!(kept, position);
                assert_eq!(log.position(&run).await.unwrap(), position + 1);
            }
        });
    }
    // Either this or the one who is attached holds it next, and then it stays so.
    for _ in 0..5 {
        time::sleep(Duration::from_millis(60)).await;
        drop(holder);
        holder = Store::open_or_attach(dir.path()).await.unwrap();
    }
    while let Some(appended) = appenders.join_next().await {
        appended.unwrap();
    }
    let mut entries: Vec<_> =
        attached.log.decisions(0, usize::MAX).await.unwrap().into_iter().map(|entry| entry.bytes).collect();
    entries.sort();
    entries.dedup();
    assert_eq!(entries.len() as Position, 6 * EACH);
    assert_eq!(attached.log.ledger_head().await.unwrap().unwrap().count, 6 * EACH);
}
