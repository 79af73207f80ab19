//! The state after an event. Total: what [`crate::decide`] put into the log is never refused here.

use std::collections::BTreeMap;

use crate::event::{Decision, Event, GateDecided, Outcome, RunStarted};
use crate::ids::{StageId, Timestamp};
use crate::pipeline::model::{Edge, GateId};
use crate::state::{RunState, StageState, StageStatus};

/// Why a log cannot be folded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenLog {
    /// The first event is not the run's start.
    #[error("the log does not begin with the run's start")]
    NoStart,
    /// A run that has started starts again.
    #[error("the log starts the run twice")]
    StartedTwice,
    /// An event names a stage that the run's pipeline does not have.
    #[error("the log names the stage {0}, which the run's pipeline does not have")]
    UnknownStage(StageId),
}

/// The state after `event`, which happened at `at`.
///
/// # Errors
/// [`BrokenLog`] when the events cannot be those of one run.
pub fn evolve(state: Option<RunState>, event: &Event, at: Timestamp) -> Result<RunState, BrokenLog> {
    let mut state = match (state, event) {
        (None, Event::RunStarted(started)) => return Ok(begin(started, at)),
        (Some(_), Event::RunStarted(_)) => return Err(BrokenLog::StartedTwice),
        (None, _) => return Err(BrokenLog::NoStart),
        (Some(state), _) => state,
    };
    state.changed_at = at;
    match event {
        Event::RunStarted(_) => return Err(BrokenLog::StartedTwice),
        Event::StageStarted { stage, attempt } => {
            let stage = stage_mut(&mut state, stage)?;
            stage.status = StageStatus::Running { attempt: *attempt };
            stage.last_attempt = attempt.0;
            stage.tries += 1;
        }
        Event::StageProduced { stage, artifact, usage, .. } => {
            state.usage = state.usage.plus(*usage);
            let stage = stage_mut(&mut state, stage)?;
            stage.status = StageStatus::Produced;
            stage.artifact = Some(artifact.clone());
            stage.correction = None;
        }
        Event::StageFailed { stage, usage, .. } => {
            state.usage = state.usage.plus(*usage);
            stage_mut(&mut state, stage)?.status = StageStatus::Failed;
        }
        Event::StageBlocked { stage, attempt, detail, usage } => {
            state.usage = state.usage.plus(*usage);
            stage_mut(&mut state, stage)?.status =
                StageStatus::Blocked { attempt: *attempt, detail: detail.clone() };
        }
        Event::StageUnblocked { stage, attempt } => {
            stage_mut(&mut state, stage)?.status = StageStatus::Running { attempt: *attempt };
        }
        Event::GateOpened { gate, sees } => {
            stage_mut(&mut state, &gate.stage)?.status =
                StageStatus::AtGate { edge: gate.edge, sees: sees.clone(), since: at };
        }
        Event::GateDecided(decided) => gate_decided(&mut state, decided)?,
        Event::PolicyJudged { gate, passed, .. } => {
            let stage = stage_mut(&mut state, &gate.stage)?;
            stage.status = if *passed { StageStatus::Passed } else { StageStatus::Failed };
        }
        Event::SentBack { to, correction, .. } => {
            for id in state.started.pipeline.downstream(to) {
                reset(stage_mut(&mut state, &id)?);
            }
            let stage = stage_mut(&mut state, to)?;
            stage.status = StageStatus::Pending;
            stage.entered = false;
            stage.correction = Some(correction.clone());
        }
        Event::RunEnded { outcome } => {
            // What it made may still stand unjudged: a build whose checks fail never comes to its gate.
            if let Outcome::Failed { stage, .. } = outcome {
                stage_mut(&mut state, stage)?.status = StageStatus::Failed;
            }
            state.outcome = Some(outcome.clone());
        }
    }
    settle(&mut state, event)?;
    Ok(state)
}

fn begin(started: &RunStarted, at: Timestamp) -> RunState {
    let fresh = StageState {
        status: StageStatus::Pending,
        last_attempt: 0,
        tries: 0,
        entered: false,
        artifact: None,
        correction: None,
    };
    let stages: BTreeMap<_, _> =
        started.pipeline.stages.iter().map(|stage| (stage.id.clone(), fresh.clone())).collect();
    RunState {
        started: started.clone(),
        started_at: at,
        changed_at: at,
        stages,
        usage: crate::ids::Usage::default(),
        outcome: None,
    }
}

fn stage_mut<'a>(state: &'a mut RunState, id: &StageId) -> Result<&'a mut StageState, BrokenLog> {
    state.stages.get_mut(id).ok_or_else(|| BrokenLog::UnknownStage(id.clone()))
}

/// What was made from work that came back counts no more, and the gates that saw it open again.
fn reset(stage: &mut StageState) {
    stage.status = StageStatus::Pending;
    stage.tries = 0;
    stage.entered = false;
    stage.artifact = None;
    stage.correction = None;
}

fn gate_decided(state: &mut RunState, decided: &GateDecided) -> Result<(), BrokenLog> {
    let GateId { stage, edge } = &decided.gate;
    let stage = stage_mut(state, stage)?;
    match (decided.decision, edge) {
        (Decision::Approved, Edge::Entry) => {
            stage.entered = true;
            stage.status = StageStatus::Pending;
        }
        (Decision::Approved, Edge::Exit) => stage.status = StageStatus::Passed,
        (Decision::Rejected, Edge::Entry | Edge::Exit) => stage.status = StageStatus::Failed,
    }
    Ok(())
}

/// A stage without a gate passes with its artifact.
fn settle(state: &mut RunState, event: &Event) -> Result<(), BrokenLog> {
    if let Event::StageProduced { stage: id, .. } = event {
        let gate = state.started.pipeline.stage(id).map(|stage| stage.exit_gate);
        if gate == Some(crate::pipeline::model::ExitGate::None) {
            stage_mut(state, id)?.status = StageStatus::Passed;
        }
    }
    Ok(())
}

/// Folds events that happened at one time.
///
/// # Errors
/// [`BrokenLog`].
pub fn evolve_all(
    mut state: Option<RunState>,
    events: &[Event],
    at: Timestamp,
) -> Result<Option<RunState>, BrokenLog> {
    for event in events {
        state = Some(evolve(state, event, at)?);
    }
    Ok(state)
}
