//! What the cases append, and what has to be there afterwards.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use factory_core::ids::RunId;
use factory_engine::port::store::{EventLog, Position, StoreError, StoredRecord};
use factory_store::link;
use tokio::task::JoinSet;
use tokio::time;

use crate::child;

/// How many runs are appended to at once.
pub(crate) const RUNS: usize = 4;

/// How long whoever is refused for want of space waits.
const PAUSE: Duration = Duration::from_millis(1);

/// What decisions that belong to no run are called where runs have their names.
pub(crate) const ALONE: &str = "alone";

/// The name of a run.
pub(crate) fn run(number: usize) -> RunId {
    format!("run-{number}").parse().unwrap()
}

/// The record that belongs at `position`; every seventh is too large for the log.
pub(crate) fn record(run: &RunId, position: Position) -> Vec<u8> {
    let length = if position % 7 == 3 { 20_000 } else { 40 + position as usize * 97 % 3000 };
    filled(format!("{run} {position} "), length)
}

/// The decisions that belong to it: none to every third; now and then one is too large for the ledger itself.
pub(crate) fn decisions(run: &RunId, position: Position) -> Vec<Vec<u8>> {
    (0..position % 3)
        .map(|part| {
            let length =
                if position % 11 == 5 && part == 1 { 9_000 } else { 60 + position as usize * 31 % 900 };
            filled(format!("{run} {position} {part} "), length)
        })
        .collect()
}

/// The decision of that number that belongs to no run.
pub(crate) fn alone(number: Position) -> Vec<u8> {
    filled(format!("{ALONE} {number} "), 30)
}

fn filled(text: String, length: usize) -> Vec<u8> {
    text.into_bytes().into_iter().cycle().take(length).collect()
}

/// Told of every append that was acknowledged: the run, or [`ALONE`], and the position.
pub(crate) type Tell = Arc<dyn Fn(&str, Position) + Send + Sync>;

/// Says so on standard output.
pub(crate) fn said() -> Tell {
    Arc::new(|name, position| child::say(&format!("{name} {position}")))
}

/// Notes so, and hands out the notes.
pub(crate) fn noted() -> (Tell, Arc<Mutex<HashMap<String, Position>>>) {
    let notes: Arc<Mutex<HashMap<String, Position>>> = Arc::default();
    let kept = Arc::clone(&notes);
    let tell: Tell = Arc::new(move |name, position| {
        kept.lock().unwrap().insert(name.to_owned(), position + 1);
    });
    (tell, notes)
}

/// Appends to all runs, and decisions alone, until each append fails in another way than for want of space. Answers how
/// the last one failed.
pub(crate) async fn append_all(log: &Arc<dyn EventLog>, tell: &Tell) -> StoreError {
    let mut there = HashMap::from([(ALONE.to_owned(), count_alone(&**log).await)]);
    for number in 0..RUNS {
        let count = log.read(&run(number)).await.unwrap().len() as Position;
        there.insert(run(number).to_string(), count);
    }
    append_while(log, &there, tell, false).await
}

/// The same, but what is refused for want of space is tried again, and what is there is told by `there`.
pub(crate) async fn append_patiently(
    log: &Arc<dyn EventLog>,
    there: &HashMap<String, Position>,
    tell: &Tell,
) -> StoreError {
    append_while(log, there, tell, true).await
}

async fn append_while(
    log: &Arc<dyn EventLog>,
    there: &HashMap<String, Position>,
    tell: &Tell,
    patient: bool,
) -> StoreError {
    let mut appenders = JoinSet::new();
    for number in 0..RUNS {
        let (log, tell, run) = (Arc::clone(log), Arc::clone(tell), run(number));
        let mut position = there.get(run.as_str()).copied().unwrap_or(0);
        appenders.spawn(async move {
            loop {
                let (record, decisions) = (record(&run, position), decisions(&run, position));
                match log.append(&run, position, &record, &decisions).await {
                    Ok(_) => tell(run.as_str(), position),
                    Err(StoreError::Full(_)) if patient => {
                        time::sleep(PAUSE).await;
                        continue;
                    }
                    Err(error) => return error,
                }
                position += 1;
            }
        });
    }
    let (log, tell, mut number) = (Arc::clone(log), Arc::clone(tell), there[ALONE]);
    appenders.spawn(async move {
        loop {
            match log.append_decisions(&[alone(number)]).await {
                Ok(_) => tell(ALONE, number),
                Err(StoreError::Full(_)) if patient => {
                    time::sleep(PAUSE).await;
                    continue;
                }
                Err(error) => return error,
            }
            number += 1;
        }
    });
    appenders.join_all().await.pop().unwrap()
}

/// How many decisions belong to no run.
async fn count_alone(log: &dyn EventLog) -> Position {
    let entries = ledger(log).await;
    entries.iter().filter(|entry| entry.bytes.starts_with(ALONE.as_bytes())).count() as Position
}

/// Every record of the run, after a look that each is what belongs there.
pub(crate) async fn checked(log: &dyn EventLog, run: &RunId) -> Position {
    let records = log.read(run).await.unwrap();
    for found in &records {
        assert!(found.bytes == record(run, found.position), "record {} of {run} is another", found.position);
    }
    records.len() as Position
}

/// How many records each run has, and how many decisions are alone, after a look that each record is what belongs
/// there, that the ledger is one chain, and that it has every decision of every record once, those of one record
/// together, and no other. Nobody may append meanwhile.
pub(crate) async fn agreement(log: &dyn EventLog) -> HashMap<String, Position> {
    let mut places = HashMap::new();
    let entries = ledger(log).await;
    let head = log.ledger_head().await.unwrap().map(|head| (head.count, head.hash));
    assert_eq!(head, entries.last().map(|last| (last.position + 1, last.hash.clone())));
    for entry in entries {
        let text = String::from_utf8(entry.bytes).unwrap();
        let twice = places.insert(text.clone(), entry.position);
        assert_eq!(twice, None, "`{}` is there twice", &text[..20]);
    }
    let mut counts = HashMap::new();
    for run in log.runs().await.unwrap() {
        let count = checked(log, &run).await;
        for position in 0..count {
            let mut last = None;
            for decision in decisions(&run, position) {
                let place = places.remove(std::str::from_utf8(&decision).unwrap());
                assert!(place.is_some(), "a decision of record {position} of {run} is not there");
                assert!(last.is_none() || last == place.map(|place| place - 1), "they are not together");
                last = place;
            }
        }
        counts.insert(run.to_string(), count);
    }
    let mut count = 0;
    while places.remove(std::str::from_utf8(&alone(count)).unwrap()).is_some() {
        count += 1;
    }
    counts.insert(ALONE.to_owned(), count);
    let left = places.keys().next().map(|text| text.chars().take(30).collect::<String>());
    assert_eq!(left, None, "a decision is there without its record");
    counts
}

/// All entries, after a look that they are linked to each other across pages.
async fn ledger(log: &dyn EventLog) -> Vec<StoredRecord> {
    let mut entries: Vec<StoredRecord> = Vec::new();
    loop {
        let page = log.decisions(entries.len() as Position, 500).await.unwrap();
        if page.is_empty() {
            break;
        }
        for entry in page {
            assert_eq!(entry.position, entries.len() as Position);
            assert_eq!(entry.hash, link(entries.last().map(|last| &last.hash), &entry.bytes));
            entries.push(entry);
        }
    }
    entries
}

/// Looks that everything which was acknowledged is there, and that log and ledger agree. Answers what is there.
pub(crate) async fn kept(
    log: &dyn EventLog,
    acknowledged: &HashMap<String, Position>,
) -> HashMap<String, Position> {
    let there = agreement(log).await;
    for (name, promised) in acknowledged {
        let count = there.get(name).copied().unwrap_or(0);
        assert!(count >= *promised, "{promised} of {name} were acknowledged, {count} are there");
    }
    there
}

/// Notes in `acknowledged` what somebody has said to be so.
pub(crate) fn note(said: &str, acknowledged: &mut HashMap<String, Position>) {
    // A line without its end was not said.
    for line in said.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        let Some((name, position)) = line.split_once(' ') else { continue };
        let Ok(position) = position.parse::<Position>() else { continue };
        let highest = acknowledged.entry(name.to_owned()).or_default();
        *highest = (position + 1).max(*highest);
    }
}
