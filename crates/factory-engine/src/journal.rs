//! Giving commands to a run: decide, append, evolve. Enough for whoever only decides at a gate and performs nothing.

use std::sync::Arc;

use factory_core::command::Command;
use factory_core::decide::{self, Rejection};
use factory_core::event::Record;
use factory_core::evolve;
use factory_core::ids::RunId;
use factory_core::ledger::entry::{self, LedgerEntry};
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
    pub(crate) position: Position,
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

    /// Folds what others have appended, and tells whoever watches of it.
    pub(crate) async fn catch_up(&self, loaded: &mut Loaded) -> Result<(), EngineError> {
        // What was appended here is told, too; it costs no reading.
        if self.log.position(&loaded.run).await? > loaded.position {
            self.reload(loaded).await
        } else {
            Ok(())
        }
    }

    async fn reload(&self, loaded: &mut Loaded) -> Result<(), EngineError> {
        let history = history::read(self.log.as_ref(), &loaded.run).await?;
        let new = history.since(loaded.position);
        loaded.position = history.position;
        if !new.is_empty() {
            self.watcher.recorded(&new, &history.state);
        }
        loaded.state = Some(history.state);
        Ok(())
    }

    pub(crate) async fn load(&self, run: &RunId) -> Result<Loaded, EngineError> {
        let history = history::read(self.log.as_ref(), run).await?;
        Ok(Loaded { run: run.clone(), state: Some(history.state), position: history.position })
    }

    /// Decides, appends, evolves. The decision is made again if somebody else appended in between. What is due by now
    /// happens first.
    pub(crate) async fn obey(&self, loaded: &mut Loaded, command: Command) -> Result<RunState, EngineError> {
        loop {
            let now = decide::time(loaded.state.as_ref(), self.clock.now());
            let due = loaded.state.as_ref().and_then(RunState::due).is_some_and(|due| due <= now);
            let (command, last) = match &command {
                command if due && *command != Command::Tick => (Command::Tick, false),
                command => (command.clone(), true),
            };
            let events = decide::decide(loaded.state.as_ref(), command, now)?;
            let decisions = entry::entries(&loaded.run, loaded.position, now, &events);
            let decisions: Vec<Vec<u8>> = decisions.iter().map(LedgerEntry::to_bytes).collect();
            let record = Record::new(now, events);
            match self.log.append(&loaded.run, loaded.position, &record.to_bytes(), &decisions).await {
                Ok(position) => {
                    let state = evolve::evolve_all(loaded.state.take(), &record.events, now)
                        .map_err(|source| EngineError::Broken { run: loaded.run.clone(), source })?
                        .ok_or_else(|| EngineError::NoRun(loaded.run.clone()))?;
                    loaded.position = position + 1;
                    loaded.state = Some(state.clone());
                    self.watcher.recorded(&record.events, &state);
                    if last {
                        return Ok(state);
                    }
                }
                Err(StoreError::Conflict { .. }) => self.reload(loaded).await?,
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Lets happen what is due by now, if anything is.
    ///
    /// # Errors
    /// [`EngineError`]; the run is as it was then.
    pub async fn tick(&self, run: &RunId) -> Result<RunState, EngineError> {
        let mut loaded = self.load(run).await?;
        match self.obey(&mut loaded, Command::Tick).await {
            Err(EngineError::Rejected(Rejection::NothingDue | Rejection::Over(_))) => {
                loaded.state.ok_or_else(|| EngineError::NoRun(run.clone()))
            }
            done => done,
        }
    }
}
