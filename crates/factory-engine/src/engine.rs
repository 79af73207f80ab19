//! One loop: append, evolve, perform, until a run waits for somebody, is blocked, or is over.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use factory_core::command::Command;
use factory_core::decide::Rejection;
use factory_core::effects;
use factory_core::event::RunStarted;
use factory_core::ids::{EffectId, RunId, Usage};
use factory_core::state::RunState;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::{AbortHandle, JoinError, JoinSet};
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
        let _lease = self.ports.log.claim(run).await?;
        let mut work = JoinSet::new();
        let driven = self.go_on(&mut work, run, cancel).await;
        // Ends what is still under way, and with it every process that it started, before anybody can begin it again.
        work.shutdown().await;
        self.ports.watcher.stopped();
        driven
    }

    /// Each effect is performed in a task of its own, so that a panic in an adapter blocks one stage and ends nothing
    /// else.
    async fn go_on(
        &self,
        work: &mut JoinSet<Command>,
        run: &RunId,
        cancel: &CancellationToken,
    ) -> Result<RunState, EngineError> {
        let journal = self.journal();
        // Before the run is read, so that nothing appended in between is missed.
        let mut changes = self.ports.log.changes();
        let mut loaded = journal.load(run).await?;
        if loaded.state.as_ref().and_then(RunState::due).is_some_and(|due| due <= self.ports.clock.now()) {
            journal.tick(run).await?;
            loaded = journal.load(run).await?;
        }
        let mut under_way: HashMap<EffectId, AbortHandle> = HashMap::new();
        loop {
            let state = loaded.state.clone().ok_or_else(|| EngineError::NoRun(run.clone()))?;
            let wanted = effects::effects(&state);
            // Work that was sent back, or a run that is over, leaves tries that nobody waits for.
            under_way.retain(|id, task| {
                let wanted = wanted.iter().any(|effect| effect.id == *id);
                if !wanted {
                    task.abort();
                }
                wanted
            });
            for effect in wanted {
                if let Entry::Vacant(entry) = under_way.entry(effect.id.clone()) {
                    let (ports, state) = (self.ports.clone(), state.clone());
                    entry.insert(work.spawn(async move { perform::perform(&ports, &effect, &state).await }));
                }
            }
            if under_way.is_empty() {
                return Ok(state);
            }
            let finished = tokio::select! {
                () = cancel.cancelled() => return Ok(state),
                () = elsewhere(&mut changes, run) => {
                    journal.catch_up(&mut loaded).await?;
                    continue;
                }
                finished = work.join_next_with_id() => finished.expect("tasks that are under way are in the set"),
            };
            let task = finished.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
            let performed =
                under_way.iter().find(|(_, handle)| handle.id() == task).map(|(id, _)| id.clone());
            let Some(id) = performed else {
                continue; // It was overtaken, and ended for that.
            };
            under_way.remove(&id);
            let command = match finished {
                Ok((_, command)) => command,
                Err(panicked) => Command::Block {
                    stage: id.stage,
                    attempt: id.attempt,
                    detail: format!("factory itself failed while it performed this stage: {panicked}"),
                    usage: Usage::default(),
                },
            };
            match journal.obey(&mut loaded, command).await {
                Ok(_) => {}
                // Somebody else's record came first, and with it this try was overtaken.
                Err(EngineError::Rejected(Rejection::NotRunning { .. } | Rejection::Over(_))) => {}
                Err(other) => return Err(other),
            }
        }
    }

    /// What gives commands to runs, without performing anything.
    pub fn journal(&self) -> Journal {
        let Ports { log, clock, watcher, .. } = self.ports.clone();
        Journal { log, clock, watcher }
    }
}

/// Waits until something has been appended to the run, by whomever. Where nothing tells, it waits for ever: then nobody
/// else can append.
async fn elsewhere(changes: &mut broadcast::Receiver<RunId>, run: &RunId) {
    loop {
        match changes.recv().await {
            Ok(changed) if changed == *run => return,
            Ok(_) => {}
            // Some were missed, and this run may be among them.
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
