//! One loop: append, evolve, perform, until a run waits for somebody, is blocked, or is over.

use std::collections::HashSet;

use factory_core::command::Command;
use factory_core::effects::{self, Effect};
use factory_core::event::RunStarted;
use factory_core::ids::{EffectId, RunId, Usage};
use factory_core::state::RunState;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::error::EngineError;
use crate::journal::{Journal, Loaded};
use crate::perform;
use crate::port::Ports;

/// The engine: ports and nothing else. All that it knows of a run is in the log.
#[derive(Clone)]
pub struct Engine {
    ports: Ports,
}

impl Engine {
    /// An engine on these ports.
    pub fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// The ports.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Begins a run. Nothing is performed yet; see [`Engine::drive`].
    ///
    /// # Errors
    /// [`EngineError`]; nothing has begun then.
    pub async fn start(&self, started: RunStarted) -> Result<RunState, EngineError> {
        let mut loaded = Loaded::fresh(started.run.clone());
        self.journal().obey(&mut loaded, Command::Start(Box::new(started))).await
    }

    /// Gives a run a command from outside: a decision at a gate, or to go on after a block.
    ///
    /// # Errors
    /// [`EngineError`]; the run is as it was then.
    pub async fn command(&self, run: &RunId, command: Command) -> Result<RunState, EngineError> {
        self.journal().command(run, command).await
    }

    /// Performs all that the run asks for until it asks for nothing more, or until `cancel`. A cancelled run loses
    /// nothing: the try that was under way is made again when the run is driven again.
    ///
    /// # Errors
    /// [`EngineError`] when the log cannot go on; the run can be driven again when that is mended.
    pub async fn drive(&self, run: &RunId, cancel: &CancellationToken) -> Result<RunState, EngineError> {
        let journal = self.journal();
        let mut loaded = journal.load(run).await?;
        let mut under_way: HashSet<EffectId> = HashSet::new();
        let mut tasks: JoinSet<(EffectId, Command)> = JoinSet::new();
        loop {
            let state = loaded.state.as_ref().ok_or_else(|| EngineError::NoRun(run.clone()))?;
            for effect in effects::effects(state) {
                if under_way.insert(effect.id.clone()) {
                    let work = perform_whole(self.ports.clone(), effect, state.clone());
                    tasks.spawn(work);
                }
            }
            let finished = tokio::select! {
                () = cancel.cancelled() => None,
                finished = tasks.join_next() => finished,
            };
            let Some(finished) = finished else {
                // Dropping the set ends what is under way, and with it every process that it started.
                tasks.shutdown().await;
                return loaded.state.ok_or_else(|| EngineError::NoRun(run.clone()));
            };
            let (id, command) = finished.expect("performing an effect answers with a command even when it panics");
            under_way.remove(&id);
            journal.obey(&mut loaded, command).await?;
        }
    }

    fn journal(&self) -> Journal {
        let Ports { log, clock, watcher, .. } = self.ports.clone();
        Journal { log, clock, watcher }
    }
}

/// Performs one effect in a task of its own, so that a panic in an adapter blocks one stage and ends nothing else.
async fn perform_whole(ports: Ports, effect: Effect, state: RunState) -> (EffectId, Command) {
    let id = effect.id.clone();
    let mut task = JoinSet::new();
    task.spawn(async move { perform::perform(&ports, &effect, &state).await });
    let command = match task.join_next().await {
        Some(Ok(command)) => command,
        Some(Err(panicked)) => Command::Block {
            stage: id.stage.clone(),
            attempt: id.attempt,
            detail: format!("factory itself failed while it performed this stage: {panicked}"),
            usage: Usage::default(),
        },
        None => unreachable!("the set holds exactly the task that was spawned"),
    };
    (id, command)
}
