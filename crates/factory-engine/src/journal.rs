//! Giving commands to a run: decide, append, evolve. Enough for whoever only decides at a gate and performs nothing.

use std::sync::Arc;

use factory_core::command::Command;
use factory_core::decide;
use factory_core::event::Record;
use factory_core::evolve;
use factory_core::ids::RunId;
use factory_core::state::RunState;

use crate::error::EngineError;
use crate::history;
use crate::port::clock::Clock;
use crate::port::store::{EventLog, Position, StoreError};
use crate::port::watcher::Watcher;

/// The log with a clock and somebody who is told.
#[derive(Clone)]
pub struct Journal {
    /// The runs' logs.
    pub log: Arc<dyn EventLog>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Told of every record, once it is durable.
    pub watcher: Arc<dyn Watcher>,
}

/// A run in memory: the fold of its first `position` records.
pub(crate) struct Loaded {
    pub(crate) run: RunId,
    pub(crate) state: Option<RunState>,
    position: Position,
}

impl Loaded {
    /// A run that has no records yet.
    pub(crate) fn fresh(run: RunId) -> Self {
        Self { run, state: None, position: 0 }
    }
}

impl Journal {
    /// Gives a run a command.
    ///
    /// # Errors
    /// [`EngineError`]; the run is as it was then.
    pub async fn command(&self, run: &RunId, command: Command) -> Result<RunState, EngineError> {
        let mut loaded = self.load(run).await?;
        self.obey(&mut loaded, command).await
    }

    pub(crate) async fn load(&self, run: &RunId) -> Result<Loaded, EngineError> {
        let history = history::read(self.log.as_ref(), run).await?;
        Ok(Loaded { run: run.clone(), state: Some(history.state), position: history.position })
    }

    /// Decides, appends, evolves. The decision is made again if somebody else appended in between.
    pub(crate) async fn obey(&self, loaded: &mut Loaded, command: Command) -> Result<RunState, EngineError> {
        loop {
            let now = self.clock.now();
            let events = decide::decide(loaded.state.as_ref(), command.clone(), now)?;
            let record = Record::new(now, events);
            match self.log.append(&loaded.run, loaded.position, &record.to_bytes()).await {
                Ok(position) => {
                    let state = evolve::evolve_all(loaded.state.take(), &record.events, now)
                        .map_err(|source| EngineError::Broken { run: loaded.run.clone(), source })?
                        .ok_or_else(|| EngineError::NoRun(loaded.run.clone()))?;
                    loaded.position = position + 1;
                    loaded.state = Some(state.clone());
                    self.watcher.recorded(&record.events, &state);
                    return Ok(state);
                }
                Err(StoreError::Conflict { .. }) => *loaded = self.load(&loaded.run).await?,
                Err(other) => return Err(other.into()),
            }
        }
    }
}
