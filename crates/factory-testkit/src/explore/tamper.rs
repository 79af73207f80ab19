//! What the sabotages have in common: looking into commands, and rewriting what goes into the log.

use factory_core::artifact::{Artifact, ArtifactKind, Body};
use factory_core::command::{Command, Deciding};
use factory_core::event::{Event, GateDecided};
use factory_core::ids::{Attempt, Digest, StageId};
use factory_core::pipeline::model::{Edge, Role, Stage};
use factory_core::state::{RunState, StageStatus};

pub(super) fn made(command: &mut Command) -> Option<&mut Body> {
    match command {
        Command::Produce { artifact, .. } => Some(&mut artifact.body),
        _ => None,
    }
}

pub(super) fn body(command: &Command) -> Option<&Body> {
    match command {
        Command::Produce { artifact, .. } => Some(&artifact.body),
        _ => None,
    }
}

pub(super) fn deciding(command: &mut Command) -> Option<&mut Deciding> {
    match command {
        Command::Decide(deciding) => Some(deciding),
        _ => None,
    }
}

pub(super) fn gate_opened(event: &Event) -> Option<Edge> {
    match event {
        Event::GateOpened { gate, .. } => Some(gate.edge),
        _ => None,
    }
}

/// The patch that is there.
pub(super) fn built(state: &RunState) -> Option<Digest> {
    let mut made = state.stages.values().filter_map(|stage| stage.artifact.as_ref());
    made.find(|artifact| artifact.kind == ArtifactKind::Build)?.patch.clone()
}

/// What a tripwire caught is taken for any other thing that was made.
pub(super) fn not_noticed(_: &mut RunState, command: &mut Command) {
    if let Command::Quarantine { stage, attempt, artifact: Some(artifact), evidence, usage, .. } = command {
        *command = Command::Produce {
            stage: stage.clone(),
            attempt: *attempt,
            artifact: artifact.clone(),
            evidence: evidence.clone(),
            usage: *usage,
        };
    }
}

/// What was made goes into the log as it was given.
pub(super) fn as_given(_: &RunState, command: &Command, mut events: Vec<Event>) -> Vec<Event> {
    if let (Some(Event::StageProduced { artifact, .. }), Command::Produce { artifact: given, .. }) =
        (events.first_mut(), command)
    {
        artifact.digest = Artifact::digest(given);
    }
    events
}

/// What was decided goes into the log as it was given.
pub(super) fn as_decided(_: &RunState, command: &Command, mut events: Vec<Event>) -> Vec<Event> {
    if let (Some(Event::GateDecided(decided)), Command::Decide(given)) = (events.first_mut(), command) {
        let GateDecided { by, via, seen, overrides, .. } = &mut **decided;
        by.clone_from(&given.by);
        *via = given.via;
        seen.clone_from(&given.seen);
        overrides.clone_from(&given.overrides);
    }
    events
}

/// The events before the first of that kind.
pub(super) fn until(mut events: Vec<Event>, kind: fn(&Event) -> bool) -> Vec<Event> {
    if let Some(at) = events.iter().position(kind) {
        events.truncate(at);
    }
    events
}

/// The events up to policy's verdict, which is that it passed.
pub(super) fn passed(mut events: Vec<Event>) -> Vec<Event> {
    let judged = events.iter_mut().position(|event| match event {
        Event::PolicyJudged { passed, .. } => {
            *passed = true;
            true
        }
        _ => false,
    });
    if let Some(at) = judged {
        events.truncate(at + 1);
    }
    events
}

pub(super) fn start(state: &RunState, stage: StageId) -> Event {
    let attempt = Attempt(state.stages[&stage].last_attempt).next();
    Event::StageStarted { stage, attempt }
}

/// Stages that ask a model, and wait for nothing but for another that asks one.
pub(super) fn startable(state: &RunState) -> Vec<StageId> {
    let stages = || state.started.pipeline.stages.iter().filter(|stage| stage.role != Role::None);
    let is_running = |stage: &Stage| matches!(state.stages[&stage.id].status, StageStatus::Running { .. });
    if !stages().any(is_running) {
        return Vec::new();
    }
    let pending = stages().filter(|stage| {
        let ready = stage.needs.iter().all(|need| state.settled(need));
        ready && state.stages[&stage.id].status == StageStatus::Pending
    });
    pending.map(|stage| stage.id.clone()).collect()
}
