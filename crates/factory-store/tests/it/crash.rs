//! A process that is killed, and one that comes while another is there.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::thread;
use std::time::Duration;

use factory_engine::port::store::{Position, StoreError};
use factory_store::Store;

use crate::child;

const KILLS: u64 = 20;

pub(crate) fn survives_being_killed() {
    let base = tempfile::tempdir().unwrap();
    let runtime = child::runtime();
    let mut acknowledged = HashMap::new();
    for round in 0..KILLS {
        // Once while it appends, and once wherever it happens to be then, even in opening the store that the first left.
        append_and_die(base.path(), true, Duration::from_millis(round * 37 % 90), &mut acknowledged);
        append_and_die(base.path(), false, Duration::from_millis(round * 23 % 50), &mut acknowledged);

        let store = Store::open(base.path()).unwrap();
        runtime.block_on(async {
            for number in 0..child::RUNS {
                let run = child::run(number);
                let there = child::checked(&store, &run).await;
                let promised = acknowledged.get(run.as_str()).copied().unwrap_or(0);
                assert!(
                    there >= promised,
                    "{promised} records of {run} were acknowledged, {there} are there"
                );
            }
        });
    }
    let total: Position = acknowledged.values().sum();
    assert!(total >= KILLS, "only {total} records were appended in all");
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
        // A line without its end was not said.
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let (run, position) = line.split_once(' ').unwrap();
            let count = position.parse::<Position>().unwrap() + 1;
            let highest = acknowledged.entry(run.to_owned()).or_default();
            *highest = count.max(*highest);
        }
    });
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "it ended by itself");
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
