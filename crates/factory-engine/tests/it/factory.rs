//! An engine with a store in memory and a world around it.

use std::sync::Arc;

use factory_core::command::Command;
use factory_core::event::{Channel, Decision, Event, RunStarted};
use factory_core::ids::{Attempt, EffectId, RunId};
use factory_core::state::{Phase, RunState, StageState};
use factory_engine::engine::Engine;
use factory_engine::error::EngineError;
use factory_engine::history;
use factory_engine::port::store::{BlobStore, EventLog};
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

    pub(crate) async fn drive(&self) -> Result<RunState, EngineError> {
        self.engine.drive(&self.run, &CancellationToken::new()).await
    }

    /// Drives on, and approves whatever waits, until the run is over or blocked.
    pub(crate) async fn finish(&self) -> RunState {
        loop {
            let state = self.drive().await.unwrap();
            let Some(open) = state.open_gates().into_iter().next() else { return state };
            let gate = open.gate.to_string();
            self.decide(&gate, Decision::Approved, &state).await.unwrap();
        }
    }

    /// Decides at the open gate of that name, having seen what it showed in that state.
    pub(crate) async fn decide(
        &self,
        gate: &str,
        decision: Decision,
        seen: &RunState,
    ) -> Result<RunState, EngineError> {
        let open = seen.open_gates().into_iter().find(|open| open.gate.to_string() == gate);
        let open = open.unwrap_or_else(|| panic!("the gate {gate} is not open"));
        let command = Command::Decide {
            gate: open.gate,
            decision,
            by: samples::person(),
            via: Channel::Command,
            because: "it is as it should be".to_owned(),
            seen: open.sees,
        };
        self.engine.command(&self.run, command).await
    }

    pub(crate) async fn resume(&self) -> Result<RunState, EngineError> {
        self.engine.command(&self.run, Command::Resume).await
    }

    pub(crate) async fn events(&self) -> Vec<Event> {
        let history = history::read(self.log.as_ref(), &self.run).await.unwrap();
        history.events.into_iter().map(|(_, event)| event).collect()
    }

    /// The stored records, as bytes.
    pub(crate) async fn records(&self) -> Vec<Vec<u8>> {
        self.log.read(&self.run).await.unwrap().into_iter().map(|record| record.bytes).collect()
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
