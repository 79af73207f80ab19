//! Processes that use one store while whoever holds it ends, again and again.

use std::collections::HashMap;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use factory_core::ids::RunId;
use factory_engine::port::store::{EventLog, Position, StoreError};
use factory_store::{Access, Store, link};
use tokio::time;

use crate::child::{self, explained, runtime, say};
use crate::records;
use crate::share;

/// How many processes work at once, and how often one of them ends.
const WORKERS: usize = 4;
const ENDS: usize = 40;

/// What a worker appends: to a run of its own, to one that all share, and to the ledger alone.
const KINDS: [&str; 3] = ["own", "shared", "alone"];

fn shared() -> RunId {
    records::run(99)
}

fn own(process: u32) -> RunId {
    records::run(process as usize)
}

/// What nobody else appends, and nobody twice.
fn text(kind: &str, process: u32, number: Position) -> Vec<u8> {
    format!("{kind} {process} {number}").into_bytes()
}

/// A process that works, and what it says.
struct Worker {
    child: Child,
    listener: JoinHandle<Vec<String>>,
}

/// One that has ended.
struct Ended {
    process: u32,
    said: Vec<String>,
    killed: bool,
}

impl Worker {
    /// One that has begun to work.
    fn start(base: &Path) -> Self {
        let mut child = child::command("toil", base).spawn().unwrap();
        let mut lines = share::listen(&mut child);
        assert_eq!(lines.next().as_deref(), Some("opened"));
        Self { child, listener: thread::spawn(move || lines.collect()) }
    }

    /// Kills it, or lets it end by itself.
    fn end(mut self, kill: bool) -> Ended {
        assert!(
            self.child.try_wait().unwrap().is_none(),
            "it has ended too early: {:?}",
            self.listener.join()
        );
        if kill {
            self.child.kill().unwrap();
        } else {
            drop(self.child.stdin.take());
        }
        let status = self.child.wait().unwrap();
        assert!(kill || status.success(), "{status}");
        Ended { process: self.child.id(), said: self.listener.join().unwrap(), killed: kill }
    }
}

impl Ended {
    /// How many of a kind were acknowledged.
    fn acknowledged(&self, kind: &str) -> Position {
        self.said.iter().filter(|line| *line == kind).count() as Position
    }

    /// Looks that of `found`, the numbers of one kind in the order in which they stand, none is missing or doubled.
    fn check(&self, kind: &str, found: &[Position]) {
        let process = self.process;
        let expected: Vec<_> = (0..found.len() as Position).collect();
        assert_eq!(found, expected, "{kind} of {process}");
        let (there, promised) = (found.len() as Position, self.acknowledged(kind));
        // Of who was killed, what was just being appended may be there.
        let most = promised + Position::from(self.killed);
        assert!((promised..=most).contains(&there), "{kind} of {process}: {there} are there of {promised}");
    }
}

pub(crate) fn nothing_is_lost_or_doubled() {
    let base = tempfile::tempdir().unwrap();
    let mut workers: Vec<_> = (0..WORKERS).map(|_| Worker::start(base.path())).collect();
    let (mut ended, mut holders) = (Vec::new(), 0);
    for round in 0..ENDS {
        thread::sleep(Duration::from_millis(30 + round as u64 * 37 % 120));
        let lock = std::fs::read_to_string(base.path().join("lock")).unwrap();
        let holder = lock.lines().next().and_then(|line| line.parse::<u32>().ok());
        let place = workers.iter().position(|worker| Some(worker.child.id()) == holder);
        // Now and then it is one of the others.
        let place = if round % 5 == 4 { None } else { place };
        holders += usize::from(place.is_some());
        ended.push(workers.remove(place.unwrap_or(0)).end(round % 2 == 0));
        workers.push(Worker::start(base.path()));
    }
    ended.extend(workers.into_iter().map(|worker| worker.end(false)));
    assert!(holders > ENDS / 2, "only {holders} holders have ended");

    runtime().block_on(async {
        let store = Store::open(base.path()).unwrap();
        let mut there: HashMap<String, Vec<Position>> = HashMap::new();
        let mut note = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).unwrap();
            let (whose, number) = text.rsplit_once(' ').unwrap();
            there.entry(whose.to_owned()).or_default().push(number.parse().unwrap());
        };
        for run in store.log.runs().await.unwrap() {
            store.log.read(&run).await.unwrap().iter().for_each(|record| note(&record.bytes));
        }
        let entries = store.log.decisions(0, usize::MAX).await.unwrap();
        let mut last = None;
        for entry in &entries {
            assert_eq!(entry.hash, link(last, &entry.bytes));
            last = Some(&entry.hash);
            note(&entry.bytes);
        }
        let found =
            |kind: &str, process: u32| there.get(&format!("{kind} {process}")).map_or(&[][..], Vec::as_slice);
        let mut total = 0;
        for worker in &ended {
            for kind in KINDS {
                worker.check(kind, found(kind, worker.process));
                total += worker.acknowledged(kind);
            }
            // With each record of the shared run goes a decision.
            assert_eq!(found("because", worker.process), found("shared", worker.process));
        }
        assert!(total > ENDS as Position, "only {total} were appended in all");
    });
}

/// Appends, reads what it has appended, and puts blobs, until its input ends. No end of a holder may disturb it.
pub(crate) fn play_toil(base: &Path) {
    let ended = thread::spawn(share::await_end);
    runtime().block_on(async {
        let opened = Store::open_or_attach(base).await.unwrap();
        say("opened");
        let process = std::process::id();
        let mut number = 0;
        let mut place = 0;
        while !ended.is_finished() {
            let sound = async {
                let log = opened.log.as_ref();
                log.append(&own(process), number, &text("own", process, number), &[]).await?;
                say("own");
                place = append_somewhere(log, place, process, number).await?;
                say("shared");
                log.append_decisions(&[text("alone", process, number)]).await?;
                say("alone");
                let mine = log.read(&own(process)).await?;
                assert_eq!(mine.last().unwrap().bytes, text("own", process, number));
                assert_eq!(mine.len() as Position, number + 1);
                let digest = opened.blobs.put(&text("blob", process, number)).await?;
                assert_eq!(opened.blobs.get(&digest).await?, text("blob", process, number));
                Ok::<_, StoreError>(())
            };
            sound.await.unwrap_or_else(|error| panic!("{}", explained(&error)));
            number += 1;
        }
    });
}

/// Appends to the run that others append to as well. Answers where the next one may come.
async fn append_somewhere(
    log: &dyn EventLog,
    mut place: Position,
    process: u32,
    number: Position,
) -> Result<Position, StoreError> {
    let because = [text("because", process, number)];
    loop {
        match log.append(&shared(), place, &text("shared", process, number), &because).await {
            Ok(kept) => return Ok(kept + 1),
            Err(StoreError::Conflict { actual, .. }) => place = actual,
            Err(other) => return Err(other),
        }
    }
}

/// Who only waits for changes goes on to hear of them, whoever makes them.
pub(crate) fn who_listens_is_told() {
    let base = tempfile::tempdir().unwrap();
    let mut holder = Worker::start(base.path());
    runtime().block_on(async {
        let opened = Arc::new(Store::open_or_attach(base.path()).await.unwrap());
        assert_eq!(opened.access, Access::Attached { holder: holder.child.id() });
        let mut told = opened.log.changes();
        for _ in 0..3 {
            let next = Worker::start(base.path());
            holder.end(true);
            let news = own(next.child.id());
            let heard = async {
                // Many times: not only because of the switch.
                let mut times = 0;
                while times < 20 {
                    match told.recv().await {
                        Ok(run) => times += u32::from(run == news),
                        Err(error) => panic!("{error}"),
                    }
                }
            };
            time::timeout(Duration::from_secs(30), heard).await.expect("what others append is told");
            holder = next;
        }
        holder.end(false);
    });
}
