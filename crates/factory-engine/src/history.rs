//! A run read back from its log.

use factory_core::event::{Event, Record};
use factory_core::evolve;
use factory_core::ids::{Digest, RunId, Timestamp};
use factory_core::state::RunState;

use crate::error::EngineError;
use crate::port::store::{EventLog, Position};

/// A run with all that happened in it.
#[derive(Debug, Clone)]
pub struct History {
    /// Where it stands.
    pub state: RunState,
    /// What happened, with the time of each record.
    pub events: Vec<(Timestamp, Event)>,
    /// For each record, how many events came before it.
    starts: Vec<usize>,
    /// How many records the log holds.
    pub position: Position,
    /// The hash of the last record: a head that covers all before it.
    pub head: Digest,
}

impl History {
    /// The events of all records from that position on.
    pub fn since(&self, position: Position) -> Vec<Event> {
        let record = usize::try_from(position).unwrap_or(usize::MAX);
        let from = self.starts.get(record).copied().unwrap_or(self.events.len());
        self.events[from..].iter().map(|(_, event)| event.clone()).collect()
    }

    /// The record that an event stands in, by the event's place among all.
    pub fn record_of(&self, event: usize) -> Position {
        let records = self.starts.partition_point(|start| *start <= event);
        u64::try_from(records.saturating_sub(1)).expect("a log's length fits 64 bits")
    }
}

/// Reads a run.
///
/// # Errors
/// [`EngineError::NoRun`], or what is wrong with its log.
pub async fn read(log: &dyn EventLog, run: &RunId) -> Result<History, EngineError> {
    let stored = log.read(run).await?;
    let head = stored.last().ok_or_else(|| EngineError::NoRun(run.clone()))?.hash.clone();
    let mut state = None;
    let mut events = Vec::new();
    let mut starts = Vec::new();
    for record in &stored {
        let decoded = Record::from_bytes(&record.bytes).map_err(|source| EngineError::Record {
            run: run.clone(),
            position: record.position,
            source,
        })?;
        state = evolve::evolve_all(state, &decoded.events, decoded.at)
            .map_err(|source| EngineError::Broken { run: run.clone(), source })?;
        starts.push(events.len());
        events.extend(decoded.events.into_iter().map(|event| (decoded.at, event)));
    }
    let state = state.ok_or_else(|| EngineError::NoRun(run.clone()))?;
    let position = u64::try_from(stored.len()).expect("a log's length fits 64 bits");
    Ok(History { state, events, starts, position, head })
}
