//! An engine with a store in memory and a world around it.

use std::sync::Arc;

use factory_core::command::{Command, Deciding};
use factory_core::event::{Channel, Decision, Event, RunStarted};
use factory_core::ids::{Attempt, EffectId, RunId};
use factory_core::ledger::entry::LedgerEntry;
use factory_core::pipeline::model::{Edge, OnExhausted, Pipeline};
use factory_core::state::{Phase, RunState, StageState};
use factory_engine::engine::Engine;
use factory_engine::error::EngineError;
use factory_engine::port::clock::Clock;
use factory_engine::port::store::{BlobStore, EventLog};
use factory_engine::{history, ledger};
use factory_store::{MemoryBlobs, MemoryLog};
use factory_testkit::samples;
use factory_testkit::world::{MeddledLog, World};
use tokio_util::sync::CancellationToken;

pub(crate) struct Factory {
    pub(crate) world: World,
    pub(crate) log: Arc<MeddledLog>,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) engine: Engine,
    pub(crate) run: RunId,
}

impl Factory {
    /// No run has begun.
    pub(crate) async fn idle(world: World) -> Self {
        let blobs: Arc<dyn BlobStore> = Arc::new(MemoryBlobs::default());
        blobs.put(samples::SPEC_TEXT.as_bytes()).await.unwrap();
        Self::on(world, MemoryLog::default(), blobs)
    }

    /// On a store that is there already.
    pub(crate) fn on(world: World, log: MemoryLog, blobs: Arc<dyn BlobStore>) -> Self {
        let log = Arc::new(MeddledLog::new(Arc::new(log)));
        let engine = Engine::new(world.ports(Arc::clone(&log) as _, Arc::clone(&blobs)));
        Self { world, log, blobs, engine, run: samples::started().run }
    }

    /// A run of the shipped pipeline has begun, whose implementer writes these texts.
    pub(crate) async fn begun(texts: &[&str]) -> Self {
        Self::begun_with(texts, samples::started()).await
    }

    pub(crate) async fn begun_with(texts: &[&str], started: RunStarted) -> Self {
        let factory = Self::idle(World::new(texts)).await;
        factory.engine.start(started).await.unwrap();
        factory
    }

    /// A run of that pipeline has begun.
    pub(crate) async fn begun_in(texts: &[&str], pipeline: Pipeline) -> Self {
        Self::begun_with(texts, samples::started_in(pipeline)).await
    }

    /// The same, and where nothing is left to try the run is over.
    pub(crate) async fn begun_failing(texts: &[&str]) -> Self {
        let mut pipeline = samples::pipeline();
        pipeline.stages.iter_mut().for_each(|stage| stage.on_exhausted = OnExhausted::Fail);
        Self::begun_in(texts, pipeline).await
    }

    pub(crate) async fn drive(&self) -> Result<RunState, EngineError> {
        self.engine.drive(&self.run, &CancellationToken::new()).await
    }

    /// Drives on, approves whatever waits, and lets pass the time that has to, until the run is over, blocked or stuck.
    pub(crate) async fn finish(&self) -> RunState {
        for _ in 0..100 {
            let state = self.drive().await.unwrap();
            if !self.go_on(&state).await {
                return state;
            }
        }
        panic!("the run never comes to an end: {:?}", self.events().await.last());
    }

    /// Drives on like that until the gate is open.
    pub(crate) async fn up_to(&self, gate: &str) -> RunState {
        for _ in 0..100 {
            let state = self.drive().await.unwrap();
            if state.open_gates().iter().any(|open| open.gate.to_string() == gate) {
                return state;
            }
            assert!(self.go_on(&state).await, "{gate} never opens: {:#?}", state.stages);
        }
        panic!("{gate} never opens");
    }

    /// Somebody approves at the first gate, or time passes. Whether there was anything to do.
    async fn go_on(&self, state: &RunState) -> bool {
        if let Some(open) = state.open_gates().into_iter().next() {
            if open.gate.edge == Edge::Escalation {
                return false;
            }
            for login in ["ada", "bob", "cleo"] {
                let wanted = self.wanted(&open.gate.to_string(), Decision::Approved, state);
                let by = if login == "ada" { samples::person() } else { samples::somebody(login) };
                if self.command(Command::Decide(Box::new(Deciding { by, ..wanted }))).await.is_ok() {
                    return true;
                }
            }
            panic!("nobody may approve at {}", open.gate);
        }
        if let Some(due) = state.due() {
            self.world.clock.set(self.world.clock.now().max(due));
            return true;
        }
        false
    }

    /// Decides at the open gate of that name, having seen what it showed in that state.
    pub(crate) async fn decide(
        &self,
        gate: &str,
        decision: Decision,
        seen: &RunState,
    ) -> Result<RunState, EngineError> {
        self.command(Command::Decide(Box::new(self.wanted(gate, decision, seen)))).await
    }

    /// Asks for another try, having seen what the gate showed in that state.
    pub(crate) async fn retry(&self, gate: &str, note: &str, seen: &RunState) -> RunState {
        let wanted = self.wanted(gate, Decision::Retried, seen);
        let wanted = Deciding { note: Some(note.to_owned()), ..wanted };
        self.command(Command::Decide(Box::new(wanted))).await.unwrap()
    }

    /// Overrides all that is wrong.
    pub(crate) async fn override_all(&self, gate: &str, seen: &RunState) -> RunState {
        let open = seen.open_gates().into_iter().find(|open| open.gate.to_string() == gate).unwrap();
        let overrides = open.escalation.unwrap().findings;
        let wanted = self.wanted(gate, Decision::Overridden, seen);
        self.command(Command::Decide(Box::new(Deciding { overrides, ..wanted }))).await.unwrap()
    }

    /// A decision at the open gate of that name.
    pub(crate) fn wanted(&self, gate: &str, decision: Decision, seen: &RunState) -> Deciding {
        let open = seen.open_gates().into_iter().find(|open| open.gate.to_string() == gate);
        let open = open.unwrap_or_else(|| panic!("the gate {gate} is not open"));
        let because = "it is as it should be".to_owned();
        Deciding::plain(open.gate, decision, samples::person(), Channel::Command, because, open.sees)
    }

    pub(crate) async fn command(&self, command: Command) -> Result<RunState, EngineError> {
        self.engine.command(&self.run, command).await
    }

    pub(crate) async fn resume(&self) -> Result<RunState, EngineError> {
        self.command(Command::Resume).await
    }

    pub(crate) async fn events(&self) -> Vec<Event> {
        let history = history::read(self.log.as_ref(), &self.run).await.unwrap();
        history.events.into_iter().map(|(_, event)| event).collect()
    }

    /// The stored records, as bytes.
    pub(crate) async fn records(&self) -> Vec<Vec<u8>> {
        self.log.read(&self.run).await.unwrap().into_iter().map(|record| record.bytes).collect()
    }

    /// The ledger, which has nothing wrong with it.
    pub(crate) async fn ledger(&self) -> Vec<LedgerEntry> {
        assert_eq!(ledger::verify(self.log.as_ref()).await.unwrap(), [], "it holds what the logs hold");
        ledger::read(self.log.as_ref()).await.unwrap().into_iter().map(|kept| kept.entry).collect()
    }
}

pub(crate) fn stage<'a>(state: &'a RunState, id: &str) -> &'a StageState {
    &state.stages[&samples::stage(id)]
}

pub(crate) fn effect(stage: &str, attempt: u32) -> EffectId {
    EffectId { run: samples::started().run, stage: samples::stage(stage), attempt: Attempt(attempt) }
}

#[track_caller]
pub(crate) fn assert_phase(state: &RunState, phase: Phase) {
    assert_eq!(state.phase(), phase, "{:#?}\n{:?}", state.stages, state.outcome);
}

/// The gates that are open, by name.
pub(crate) fn gates(state: &RunState) -> Vec<String> {
    state.open_gates().into_iter().map(|open| open.gate.to_string()).collect()
}
