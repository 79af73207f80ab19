//! A process that is killed, and one that comes while another is there.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::thread;
use std::time::Duration;

use factory_engine::port::store::{EventLog as _, Position, StoreError};
use factory_store::Store;

use crate::{child, records};

const ROUNDS: u64 = 20;

pub(crate) fn survives_being_killed() {
    let base = tempfile::tempdir().unwrap();
    let runtime = child::runtime();
    let mut acknowledged = HashMap::new();
    for round in 0..ROUNDS {
        // Once while it appends, and once wherever it happens to be then, even in opening the store that the first left.
        append_and_die(base.path(), true, Duration::from_millis(round * 37 % 90), &mut acknowledged);
        append_and_die(base.path(), false, Duration::from_millis(round * 23 % 50), &mut acknowledged);

        let store = Store::open(base.path()).unwrap();
        runtime.block_on(records::kept(&*store.log, &acknowledged));
    }
    let total: Position = acknowledged.values().sum();
    assert!(total >= ROUNDS, "only {total} records were appended in all");
}

/// Starts appending, kills that after `delay` (counted from the first acknowledgement if `wait`), and notes how many
/// records of each run were acknowledged.
fn append_and_die(base: &Path, wait: bool, delay: Duration, acknowledged: &mut HashMap<String, Position>) {
    let mut child = child::command("append", base).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    if wait {
        lines.read_line(&mut text).unwrap();
        assert!(!text.is_empty(), "it ended by itself");
    }
    thread::scope(|scope| {
        // The pipe is emptied meanwhile, or the appenders would wait for that.
        let reader = scope.spawn(|| {
            while lines.read_line(&mut text).unwrap() > 0 {}
            text
        });
        thread::sleep(delay);
        child.kill().unwrap();
        let text = reader.join().unwrap();
        records::note(&text, acknowledged);
    });
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "it ended by itself");
}

/// How many decisions are appended in one go where that is killed, and how often.
const BACKFILL: Position = 2_000;
const BACKFILLS: u64 = 12;

pub(crate) fn keeps_all_or_nothing() {
    let base = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..BACKFILLS {
        let mut child = child::command("backfill", base.path()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        assert_eq!(line, "begun\n");
        thread::sleep(Duration::from_millis(round * 41 % 350));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged += lines.lines().map_while(Result::ok).filter(|line| line == "kept").count() as Position;

        let store = Store::open(base.path()).unwrap();
        let count = child::runtime().block_on(store.log.ledger_head()).unwrap().map_or(0, |head| head.count);
        assert_eq!(count % BACKFILL, 0, "a part of what was appended at once is there");
        assert!(count >= acknowledged * BACKFILL, "{acknowledged} times all was acknowledged");
        acknowledged = count / BACKFILL;
        let entries = child::runtime().block_on(store.log.decisions(0, usize::MAX)).unwrap();
        assert_eq!(entries.len() as Position, count);
    }
    assert!(acknowledged > 0, "nothing was ever kept");
}

/// Appends many decisions at once, again and again, until it is killed.
pub(crate) fn play_backfill(base: &Path) {
    let store = Store::open(base).unwrap();
    let decisions: Vec<_> = (0..BACKFILL).map(|number| vec![b'd'; 50 + number as usize % 700]).collect();
    child::say("begun");
    loop {
        child::runtime().block_on(store.log.append_decisions(&decisions)).unwrap();
        child::say("kept");
    }
}

pub(crate) fn is_told_the_holder() {
    let base = tempfile::tempdir().unwrap();
    let mut child = child::command("hold", base.path()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut String::new()).unwrap();

    let Err(StoreError::Held { holder }) = Store::open(base.path()) else { panic!("two processes hold it") };
    assert_eq!(holder, child.id().to_string());

    child.kill().unwrap();
    child.wait().unwrap();
    drop(Store::open(base.path()).unwrap());
}
