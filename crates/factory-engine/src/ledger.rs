//! The decision ledger as the engine keeps it: read back, held against the runs' logs, and filled for a store that was
//! written before there was one.

use std::collections::BTreeMap;

use factory_core::event::Record;
use factory_core::ids::{Digest, RunId};
use factory_core::ledger::entry::{self, LedgerEntry};
use factory_core::ledger::export::{self, jsonl};

use crate::error::EngineError;
use crate::port::store::{EventLog, LedgerHead, Position, StoreError, StoredRecord};

/// As many entries as are read at once.
const PAGE: usize = 4096;

/// One entry with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where it stands, from 0.
    pub position: Position,
    /// Its hash, over the hash of the one before and its exact bytes.
    pub hash: Digest,
    /// The entry.
    pub entry: LedgerEntry,
}

/// What is wrong with a ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An entry, or the chain at it, is not what was written. Nothing after it can be trusted.
    #[error("entry {position} is not what was written: {detail}")]
    Broken {
        /// The entry, from 0.
        position: Position,
        /// How that shows.
        detail: String,
    },
    /// A decision stands in a run's log, and not in the ledger.
    #[error("the ledger lacks a decision of the run {run}, made in its record {record}")]
    Missing {
        /// The run.
        run: RunId,
        /// The record of its log.
        record: Position,
        /// The last of the run's entries before it; none if it would be the first.
        after: Option<Position>,
    },
    /// The ledger has a decision that the run's log does not have.
    #[error("entry {position} is a decision that the log of the run {run} does not have")]
    Foreign {
        /// The entry.
        position: Position,
        /// The run that it names.
        run: RunId,
    },
    /// A run's log cannot be read, so that nothing can be held against it.
    #[error("the log of the run {run} cannot be read: {detail}")]
    Unreadable {
        /// The run.
        run: RunId,
        /// Why.
        detail: String,
    },
}

impl Fault {
    /// Where in the ledger it shows; for what is missing, the place where it would have to be at the
    /// earliest. None for a run that cannot be read.
    pub fn position(&self) -> Option<Position> {
        match self {
            Fault::Broken { position, .. } | Fault::Foreign { position, .. } => Some(*position),
            Fault::Missing { after, .. } => Some(after.map_or(0, |after| after + 1)),
            Fault::Unreadable { .. } => None,
        }
    }

    fn place(&self) -> Position {
        self.position().unwrap_or(Position::MAX)
    }
}

/// Every entry, in order.
///
/// # Errors
/// What is wrong with the first entry that cannot be read, or with the store.
pub async fn read(log: &dyn EventLog) -> Result<Vec<Kept>, EngineError> {
    stored(log).await?.into_iter().map(decode).collect()
}

/// Every entry as it is stored, in order, with its exact bytes.
///
/// # Errors
/// What is wrong with the first entry that is not what was written, or with the store.
pub async fn stored(log: &dyn EventLog) -> Result<Vec<StoredRecord>, StoreError> {
    let mut stored: Vec<StoredRecord> = Vec::new();
    loop {
        let from = stored.last().map_or(0, |last| last.position + 1);
        let page = log.decisions(from, PAGE).await?;
        if page.is_empty() {
            return Ok(stored);
        }
        stored.extend(page);
    }
}

fn decode(record: StoredRecord) -> Result<Kept, EngineError> {
    let entry = LedgerEntry::from_bytes(&record.bytes)
        .map_err(|source| EngineError::Entry { position: record.position, source })?;
    Ok(Kept { position: record.position, hash: record.hash, entry })
}

/// A ledger that was held against itself and against the runs' logs.
#[derive(Debug, Clone)]
pub struct Examined {
    /// The entries that can be read, in order.
    pub kept: Vec<Kept>,
    /// How many there should be.
    pub count: Position,
    /// How many runs there are.
    pub runs: usize,
    /// What is wrong, by its place. While an entry is broken, nothing is held against the runs' logs.
    pub faults: Vec<Fault>,
}

/// What is wrong with the ledger; see [`examine`].
///
/// # Errors
/// [`EngineError`] when the store as a whole cannot be read.
pub async fn verify(log: &dyn EventLog) -> Result<Vec<Fault>, EngineError> {
    Ok(examine(log).await?.faults)
}

/// Holds the ledger against itself and against the runs' logs.
///
/// # Errors
/// [`EngineError`] when the store as a whole cannot be read.
pub async fn examine(log: &dyn EventLog) -> Result<Examined, EngineError> {
    // In this order: whatever is in a log by now is in the ledger when that is read, and what is appended meanwhile is
    // behind the head.
    let head = log.ledger_head().await?;
    let mut runs = log.runs().await?;
    runs.sort();
    let mut asked_for = Vec::new();
    for run in runs {
        let expected = decisions(log, &run).await;
        asked_for.push((run, expected));
    }
    let runs = asked_for.len();
    let mut faults = Vec::new();
    let stored = match stored(log).await {
        Ok(stored) => stored,
        Err(StoreError::Damaged { what, detail }) => one_by_one(log, &what, &detail, &mut faults).await?,
        Err(other) => return Err(other.into()),
    };
    chain(&stored, head.as_ref(), &mut faults);
    let mut kept = Vec::new();
    for record in stored {
        let position = record.position;
        match decode(record) {
            Ok(entry) => kept.push(entry),
            Err(error) => faults.push(Fault::Broken { position, detail: reasons(&error) }),
        }
    }
    faults.sort_by_key(Fault::place);
    // What the store says of an entry comes before what follows from that.
    faults.dedup_by_key(|fault| fault.position());
    let count =
        head.as_ref().map_or(0, |head| head.count).max(kept.last().map_or(0, |last| last.position + 1));
    if faults.is_empty() {
        let known = head.as_ref().map_or(0, |head| head.count);
        faults = against_runs(asked_for, &kept);
        faults.retain(|fault| !matches!(fault, Fault::Foreign { position, .. } if *position >= known));
        faults.sort_by_key(Fault::place);
    }
    Ok(Examined { kept, count, runs, faults })
}

/// An error with its sources, on one line.
fn reasons(error: &dyn std::error::Error) -> String {
    let source = error.source().map(|source| format!(": {}", reasons(source)));
    format!("{error}{}", source.unwrap_or_default())
}

/// The chain, computed again from the bytes: what the store says of it is not believed.
fn chain(stored: &[StoredRecord], head: Option<&LedgerHead>, faults: &mut Vec<Fault>) {
    let mut previous: Option<&StoredRecord> = None;
    for record in stored {
        let expected = previous.map_or(0, |previous| previous.position + 1);
        if record.position != expected {
            // Named already where the store could not read what is between.
            let detail = format!("it is missing; the next one is {}", record.position);
            faults.push(Fault::Broken { position: expected, detail });
        } else if export::link(previous.map(|previous| &previous.hash), &record.bytes) != record.hash {
            let detail = "its bytes and the hash before it do not give its hash".to_owned();
            faults.push(Fault::Broken { position: record.position, detail });
        }
        previous = Some(record);
    }
    let Some(head) = head else { return };
    let at_head = head.count.checked_sub(1).and_then(|last| stored.iter().find(|r| r.position == last));
    if at_head.is_none_or(|record| record.hash != head.hash) {
        let position = head.count.saturating_sub(1);
        let detail = format!("the head of the ledger is {} after {} entries", head.hash.short(), head.count);
        faults.push(Fault::Broken { position, detail });
    }
}

/// The entries that can be read, each by itself; what cannot be is a fault.
async fn one_by_one(
    log: &dyn EventLog,
    what: &str,
    detail: &str,
    faults: &mut Vec<Fault>,
) -> Result<Vec<StoredRecord>, EngineError> {
    let count = log.ledger_head().await?.map_or(0, |head| head.count);
    let mut found = Vec::new();
    for position in 0..count {
        match log.decisions(position, 1).await {
            Ok(page) => found.extend(page.into_iter().next().filter(|record| record.position == position)),
            Err(StoreError::Damaged { what, detail }) => {
                faults.push(Fault::Broken { position, detail: format!("{what}: {detail}") });
            }
            Err(other) => return Err(other.into()),
        }
    }
    if faults.is_empty() {
        // Damage that shows only where several are read at once.
        faults.push(Fault::Broken { position: count, detail: format!("{what}: {detail}") });
    }
    Ok(found)
}

/// What a run's log asks for, or why it cannot be read.
type AskedFor = (RunId, Result<Vec<(Position, LedgerEntry)>, EngineError>);

fn against_runs(asked_for: Vec<AskedFor>, kept: &[Kept]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut by_run: BTreeMap<&RunId, Vec<&Kept>> = BTreeMap::new();
    for kept in kept {
        if let Some(run) = jsonl::run_of(&kept.entry) {
            by_run.entry(run).or_default().push(kept);
        }
    }
    for (run, expected) in asked_for {
        let found = by_run.remove(&run).unwrap_or_default();
        match expected {
            Ok(expected) => compare(&run, &expected, &found, &mut faults),
            Err(error) => faults.push(Fault::Unreadable { run, detail: reasons(&error) }),
        }
    }
    // Whole runs that the store has lost.
    for (run, found) in by_run {
        faults.extend(found.iter().map(|kept| Fault::Foreign { position: kept.position, run: run.clone() }));
    }
    faults
}

/// The entries that a run's log asks for.
async fn decisions(log: &dyn EventLog, run: &RunId) -> Result<Vec<(Position, LedgerEntry)>, EngineError> {
    let mut found = Vec::new();
    for stored in log.read(run).await? {
        let record = Record::from_bytes(&stored.bytes).map_err(|source| EngineError::Record {
            run: run.clone(),
            position: stored.position,
            source,
        })?;
        let entries = entry::entries(run, stored.position, record.at, &record.events);
        found.extend(entries.into_iter().map(|entry| (stored.position, entry)));
    }
    Ok(found)
}

/// Both are in the order in which they were decided. One entry that is gone, or one too many, shifts no other.
fn compare(run: &RunId, expected: &[(Position, LedgerEntry)], found: &[&Kept], faults: &mut Vec<Fault>) {
    let mut found = found.iter().copied().peekable();
    let mut after = None;
    for (record, entry) in expected {
        let is_there = found.clone().any(|kept| kept.entry == *entry);
        if !is_there {
            faults.push(Fault::Missing { run: run.clone(), record: *record, after });
            continue;
        }
        for kept in found.by_ref() {
            after = Some(kept.position);
            if kept.entry == *entry {
                break;
            }
            faults.push(Fault::Foreign { position: kept.position, run: run.clone() });
        }
    }
    faults.extend(found.map(|kept| Fault::Foreign { position: kept.position, run: run.clone() }));
}

/// Fills an empty ledger from the runs that are there, by the time of their decisions. Runs that cannot be read are left
/// out; [`verify`] names them. Answers how many entries were written.
///
/// # Errors
/// [`EngineError`] when the store cannot be read or written.
pub async fn backfill(log: &dyn EventLog) -> Result<usize, EngineError> {
    if log.ledger_head().await?.is_some() {
        return Ok(0);
    }
    let mut entries = Vec::new();
    let mut runs = log.runs().await?;
    runs.sort();
    for run in runs {
        if let Ok(found) = decisions(log, &run).await {
            entries.extend(found.into_iter().map(|(_, entry)| entry));
        }
    }
    // Stable, so that decisions of one run and one time stay in their order.
    entries.sort_by_key(|entry| entry.at);
    let bytes: Vec<Vec<u8>> = entries.iter().map(LedgerEntry::to_bytes).collect();
    if !bytes.is_empty() {
        log.append_decisions(&bytes).await?;
    }
    Ok(bytes.len())
}
