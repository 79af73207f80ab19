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
    /// How many records the log holds.
    pub position: Position,
    /// The hash of the last record: a head that covers all before it.
    pub head: Digest,
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
    for record in &stored {
        let decoded = Record::from_bytes(&record.bytes).map_err(|source| EngineError::Record {
            run: run.clone(),
            position: record.position,
            source,
        })?;
        state = evolve::evolve_all(state, &decoded.events, decoded.at)
            .map_err(|source| EngineError::Broken { run: run.clone(), source })?;
        events.extend(decoded.events.into_iter().map(|event| (decoded.at, event)));
    }
    let state = state.ok_or_else(|| EngineError::NoRun(run.clone()))?;
    let position = u64::try_from(stored.len()).expect("a log's length fits 64 bits");
    Ok(History { state, events, position, head })
}
