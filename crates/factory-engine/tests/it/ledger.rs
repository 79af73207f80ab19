//! The ledger against itself and the runs' logs: every way to change it shows, by the place where it was changed.

use std::sync::Arc;

use async_trait::async_trait;
use factory_core::event::{Event, FailureKind, Outcome, Record};
use factory_core::ids::{Attempt, Digest, RunId, Timestamp, Usage};
use factory_core::ledger::entry::{self, Decided, LedgerEntry};
use factory_core::ledger::export;
use factory_core::trust::{Phase, TrustActor, TrustChange};
use factory_engine::ledger::{self, Fault};
use factory_engine::port::store::{EventLog, Lease, LedgerHead, Position, StoreError, StoredRecord};
use factory_store::MemoryLog;
use factory_testkit::samples;
use tokio::sync::broadcast;

/// Records of runs in the order in which they were made, and the ledger.
#[derive(Clone)]
struct Project {
    records: Vec<(RunId, Record)>,
    ledger: Vec<Vec<u8>>,
}

fn run(name: &str) -> RunId {
    name.parse().unwrap()
}

fn failed(detail: &str) -> Event {
    Event::StageFailed {
        stage: samples::stage("plan"),
        attempt: Attempt(1),
        kind: FailureKind::Unusable,
        detail: detail.to_owned(),
        evidence: Vec::new(),
        usage: Usage::default(),
    }
}

impl Project {
    /// Two runs at the same time, of three decisions each; entries 0 to 5.
    fn of_two_runs() -> Self {
        let mut project = Self { records: Vec::new(), ledger: Vec::new() };
        let (a, b) = (run("greeting-aaaaaa"), run("greeting-bbbbbb"));
        let begun = |run: &RunId| {
            let mut started = samples::started();
            started.run = run.clone();
            Event::RunStarted(Box::new(started))
        };
        let over = Outcome::Rejected { gate: samples::exit("plan") };
        let ended = Event::RunEnded { outcome: over, usage: Some(Usage::default()) };
        for (run, at, event) in [
            (&a, 10, begun(&a)),
            (&b, 20, begun(&b)),
            (&a, 30, failed("of a")),
            (&b, 40, failed("of b")),
            (&b, 50, ended.clone()),
            (&a, 60, ended.clone()),
        ] {
            project.decide(run, at, vec![event]);
        }
        project
    }

    fn decide(&mut self, run: &RunId, at: u64, events: Vec<Event>) {
        let position = self.records.iter().filter(|(of, _)| of == run).count() as u64;
        let entries = entry::entries(run, position, Timestamp(at), &events);
        self.ledger.extend(entries.iter().map(LedgerEntry::to_bytes));
        self.records.push((run.clone(), Record::new(Timestamp(at), events)));
    }

    /// The store in which this was written; its chains are in order whatever is in them.
    async fn stored(&self) -> MemoryLog {
        let log = MemoryLog::default();
        for (run, record) in &self.records {
            let position = log.position(run).await.unwrap();
            log.append(run, position, &record.to_bytes(), &[]).await.unwrap();
        }
        log.append_decisions(&self.ledger).await.unwrap();
        log
    }

    async fn faults(&self) -> Vec<Fault> {
        ledger::verify(&self.stored().await).await.unwrap()
    }
}

fn missing(run: &str, record: Position, after: Option<Position>) -> Fault {
    Fault::Missing { run: self::run(run), record, after }
}

fn foreign(position: Position, run: &str) -> Fault {
    Fault::Foreign { position, run: self::run(run) }
}

/// A store that does not say what was written.
struct Lying {
    log: MemoryLog,
    lie: Lie,
}

enum Lie {
    /// A byte of that entry is another, and its hash is not.
    Flipped(Position, usize),
    /// That entry cannot be read.
    Damaged(Position),
    /// Entries from there on are not given out.
    Cut(Position),
    /// The head is that of another ledger.
    Head,
}

#[async_trait]
impl EventLog for Lying {
    async fn append(
        &self,
        run: &RunId,
        expected: Position,
        record: &[u8],
        decisions: &[Vec<u8>],
    ) -> Result<Position, StoreError> {
        self.log.append(run, expected, record, decisions).await
    }

    async fn read(&self, run: &RunId) -> Result<Vec<StoredRecord>, StoreError> {
        self.log.read(run).await
    }

    async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.log.runs().await
    }

    async fn append_decisions(&self, decisions: &[Vec<u8>]) -> Result<Position, StoreError> {
        self.log.append_decisions(decisions).await
    }

    async fn decisions(&self, from: Position, most: usize) -> Result<Vec<StoredRecord>, StoreError> {
        let mut page = self.log.decisions(from, most).await?;
        match self.lie {
            Lie::Flipped(position, byte) => {
                if let Some(record) = page.iter_mut().find(|record| record.position == position) {
                    record.bytes[byte] ^= 1;
                }
            }
            Lie::Damaged(position) if page.iter().any(|record| record.position == position) => {
                return Err(StoreError::Damaged {
                    what: format!("record {position} of the ledger"),
                    detail: "it does not match its hash".to_owned(),
                });
            }
            Lie::Cut(position) => page.retain(|record| record.position < position),
            Lie::Damaged(_) | Lie::Head => {}
        }
        Ok(page)
    }

    async fn ledger_head(&self) -> Result<Option<LedgerHead>, StoreError> {
        let head = self.log.ledger_head().await?;
        let lie = |head: LedgerHead| LedgerHead { hash: Digest::of(b"another"), ..head };
        Ok(if matches!(self.lie, Lie::Head) { head.map(lie) } else { head })
    }

    fn changes(&self) -> broadcast::Receiver<RunId> {
        self.log.changes()
    }

    async fn claim(&self, run: &RunId) -> Result<Lease, StoreError> {
        self.log.claim(run).await
    }
}

/// The places that are broken in a ledger of six entries.
async fn broken(lie: Lie) -> Vec<Position> {
    let log = Lying { log: Project::of_two_runs().stored().await, lie };
    let faults = ledger::verify(&log).await.unwrap();
    let place = |fault: &Fault| match fault {
        Fault::Broken { position, .. } => *position,
        other => panic!("{other:?}"),
    };
    faults.iter().map(place).collect()
}

#[tokio::test]
async fn what_was_written_is_in_order() {
    assert_eq!(Project::of_two_runs().faults().await, []);
    assert_eq!(ledger::verify(&MemoryLog::default()).await.unwrap(), []);
    let examined = ledger::examine(&Project::of_two_runs().stored().await).await.unwrap();
    assert_eq!((examined.kept.len(), examined.count, examined.runs), (6, 6, 2));
}

#[tokio::test]
async fn a_byte_of_any_entry_that_is_another_shows_there() {
    let project = Project::of_two_runs();
    for position in 0..6 {
        let length = project.ledger[position].len();
        for byte in [0, length / 3, length / 2, length - 1] {
            assert_eq!(broken(Lie::Flipped(position as u64, byte)).await, [position as u64], "byte {byte}");
        }
    }
}

#[tokio::test]
async fn what_the_store_cannot_read_is_named_and_the_rest_is_looked_at() {
    for position in 0..6 {
        assert_eq!(broken(Lie::Damaged(position)).await, [position]);
    }
}

#[tokio::test]
async fn a_tail_that_is_not_given_out_and_a_head_of_another_ledger_show() {
    for cut in 0..6 {
        assert_eq!(broken(Lie::Cut(cut)).await, [5]);
    }
    assert_eq!(broken(Lie::Head).await, [5]);
}

#[tokio::test]
async fn an_entry_that_is_taken_out_is_missing_and_nothing_else_is() {
    let (a, b) = ("greeting-aaaaaa", "greeting-bbbbbb");
    for (gone, fault) in [
        (0, missing(a, 0, None)),
        (1, missing(b, 0, None)),
        (2, missing(a, 1, Some(0))),
        (3, missing(b, 1, Some(1))),
        (4, missing(b, 2, Some(3))),
        (5, missing(a, 2, Some(2))),
    ] {
        let mut project = Project::of_two_runs();
        project.ledger.remove(gone);
        assert_eq!(project.faults().await, [fault], "{gone}");
    }
}

#[tokio::test]
async fn a_tail_that_was_cut_is_missing() {
    let mut project = Project::of_two_runs();
    project.ledger.truncate(4);
    let faults = [missing("greeting-aaaaaa", 2, Some(2)), missing("greeting-bbbbbb", 2, Some(3))];
    assert_eq!(project.faults().await, faults);
}

#[tokio::test]
async fn entries_of_one_run_in_another_order_show() {
    let mut project = Project::of_two_runs();
    project.ledger.swap(2, 5);
    let faults = project.faults().await;
    assert_eq!(faults.first().and_then(Fault::position), Some(2), "{faults:?}");
}

/// Which run was first is not in the runs' logs: only a checkpoint or a commit knows.
#[tokio::test]
async fn entries_of_two_runs_in_another_order_change_the_head() {
    let project = Project::of_two_runs();
    let mut swapped = project.clone();
    swapped.ledger.swap(2, 3);
    assert_eq!(swapped.faults().await, []);
    let head = |log: MemoryLog| async move { log.ledger_head().await.unwrap().unwrap().hash };
    assert_ne!(head(project.stored().await).await, head(swapped.stored().await).await);
}

#[tokio::test]
async fn a_decision_that_was_rewritten_is_foreign_and_the_true_one_missing() {
    let mut project = Project::of_two_runs();
    let text = String::from_utf8(project.ledger[3].clone()).unwrap();
    project.ledger[3] = text.replace("of b", "of x").into_bytes();
    let faults = project.faults().await;
    let b = "greeting-bbbbbb";
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults.contains(&missing(b, 1, Some(1))) && faults.contains(&foreign(3, b)), "{faults:?}");
}

#[tokio::test]
async fn a_decision_that_was_added_and_a_run_that_is_gone_are_foreign() {
    let mut project = Project::of_two_runs();
    let twice = project.ledger[2].clone();
    project.ledger.insert(3, twice);
    assert_eq!(project.faults().await, [foreign(3, "greeting-aaaaaa")]);

    let mut project = Project::of_two_runs();
    project.records.retain(|(of, _)| of.as_str() != "greeting-bbbbbb");
    let b = "greeting-bbbbbb";
    assert_eq!(project.faults().await, [foreign(1, b), foreign(3, b), foreign(4, b)]);
}

#[tokio::test]
async fn what_is_no_entry_is_broken_though_its_hash_holds() {
    for (bytes, said) in [
        (&b"not an entry"[..], "cannot be read"),
        (br#"{"schema":99,"at":1,"decided":{"about":"else"}}"#, "format version 99"),
    ] {
        let mut project = Project::of_two_runs();
        project.ledger[2] = bytes.to_vec();
        let faults = project.faults().await;
        let [Fault::Broken { position: 2, detail }] = &faults[..] else { panic!("{faults:?}") };
        assert!(detail.contains(said), "{detail}");
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_read_hides_no_other() {
    let mut project = Project::of_two_runs();
    let log = project.stored().await;
    let a = run("greeting-aaaaaa");
    log.append(&a, 3, b"no record", &[]).await.unwrap();
    let faults = ledger::verify(&log).await.unwrap();
    let [Fault::Unreadable { run, detail }] = &faults[..] else { panic!("{faults:?}") };
    assert!(*run == a && detail.contains("record cannot be read"), "{detail}");
    project.ledger.remove(1);
    let log = project.stored().await;
    log.append(&a, 3, b"no record", &[]).await.unwrap();
    assert_eq!(ledger::verify(&log).await.unwrap()[0], missing("greeting-bbbbbb", 0, None));
}

#[tokio::test]
async fn the_hash_is_the_store_s_own() {
    let log = Project::of_two_runs().stored().await;
    let mut previous = None;
    for record in log.decisions(0, 10).await.unwrap() {
        assert_eq!(export::link(previous.as_ref(), &record.bytes), record.hash);
        previous = Some(record.hash);
    }
}

#[tokio::test]
async fn an_empty_ledger_is_filled_by_time_and_then_is_in_order() {
    let mut project = Project::of_two_runs();
    let written = project.ledger.clone();
    project.ledger.clear();
    let log = project.stored().await;
    assert_eq!(ledger::backfill(&log).await.unwrap(), 6);
    let filled: Vec<Vec<u8>> =
        log.decisions(0, 100).await.unwrap().into_iter().map(|record| record.bytes).collect();
    assert_eq!(filled, written);
    assert_eq!(ledger::verify(&log).await.unwrap(), []);
    assert_eq!(ledger::backfill(&log).await.unwrap(), 0, "a ledger that is there is left alone");
    assert_eq!(log.decisions(0, 100).await.unwrap().len(), 6);
}

#[tokio::test]
async fn filling_keeps_the_order_within_one_moment_and_leaves_out_what_cannot_be_read() {
    let mut project = Project::of_two_runs();
    let a = run("greeting-aaaaaa");
    project.decide(&a, 60, vec![failed("first"), failed("second")]);
    project.ledger.clear();
    let log = project.stored().await;
    log.append(&run("greeting-bbbbbb"), 3, b"no record", &[]).await.unwrap();
    assert_eq!(ledger::backfill(&log).await.unwrap(), 5);
    let texts: Vec<String> = ledger::read(&log).await.unwrap().iter().map(|k| format!("{k:?}")).collect();
    assert!(texts[3].contains("first") && texts[4].contains("second"), "{texts:#?}");
    let faults = ledger::verify(&log).await.unwrap();
    assert!(matches!(&faults[..], [Fault::Unreadable { .. }]), "{faults:?}");
}

#[tokio::test]
async fn a_decision_of_no_run_is_no_run_s_business() {
    let mut project = Project::of_two_runs();
    let by = TrustActor::Human { login: "ada".to_owned(), because: "the figures are good".to_owned() };
    let change = TrustChange { from: Phase::Shadow, to: Phase::Advised, by, at: Timestamp(70) };
    project.ledger.insert(3, LedgerEntry::new(Timestamp(35), Decided::Trust(change)).to_bytes());
    assert_eq!(project.faults().await, []);
}

/// Somebody decides while the ledger is looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_that_are_made_meanwhile_are_no_faults() {
    let log = Arc::new(Project::of_two_runs().stored().await);
    let writer = Arc::clone(&log);
    let writing = tokio::spawn(async move {
        let a = run("greeting-aaaaaa");
        for position in 3..200 {
            let events = vec![failed(&format!("{position}"))];
            let at = Timestamp(1000 + position);
            let entries = entry::entries(&a, position, at, &events);
            let entries: Vec<Vec<u8>> = entries.iter().map(LedgerEntry::to_bytes).collect();
            writer.append(&a, position, &Record::new(at, events).to_bytes(), &entries).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    while !writing.is_finished() {
        assert_eq!(ledger::verify(log.as_ref()).await.unwrap(), []);
        tokio::task::yield_now().await;
    }
    writing.await.unwrap();
}
