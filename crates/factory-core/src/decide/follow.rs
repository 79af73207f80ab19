//! What happens by itself after every command: stages start or are left out, gates open, times come, the run ends.

use super::{Rejection, gate, stuck};
use crate::event::{Event, FailureKind, Outcome, Skip};
use crate::evolve;
use crate::ids::{Attempt, Timestamp};
use crate::pipeline::model::{Edge, EntryGate, GateId, Role, Stage};
use crate::state::{RunState, StageState, StageStatus};

/// Adds what follows by itself.
pub(super) fn follow(
    state: Option<RunState>,
    first: Vec<Event>,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    let mut events = first;
    let mut state = evolve::evolve_all(state, &events, now)?.ok_or(Rejection::NotStarted)?;
    while let Some(next) = next(&state, now) {
        for event in next {
            state = evolve::evolve(Some(state), &event, now)?;
            events.push(event);
        }
    }
    Ok(events)
}

fn next(state: &RunState, now: Timestamp) -> Option<Vec<Event>> {
    if state.outcome.is_some() {
        return None;
    }
    let next = state.started.pipeline.stages.iter().find_map(|stage| {
        let at = state.stages.get(&stage.id)?;
        match &at.status {
            StageStatus::Pending => pending(state, stage, at, now),
            StageStatus::Failed if stuck::has_tries(state, stage) => {
                start(state, stage, at, now).map(|event| vec![event])
            }
            StageStatus::Soaking { until } if *until <= now => {
                Some(vec![Event::SoakEnded { stage: stage.id.clone() }])
            }
            StageStatus::AtGate { edge, since, expires: Some(expires), .. } if *expires <= now => {
                let gate = GateId { stage: stage.id.clone(), edge: *edge };
                let ended = super::ended(state, Outcome::Expired { gate: gate.clone() });
                Some(vec![Event::GateExpired { gate, waited_ms: now.since(*since) }, ended])
            }
            StageStatus::Soaking { .. }
            | StageStatus::AtGate { .. }
            | StageStatus::Running { .. }
            | StageStatus::Blocked { .. }
            | StageStatus::Produced
            | StageStatus::Failed
            | StageStatus::Passed
            | StageStatus::Skipped => None,
        }
    });
    next.or_else(|| over(state))
}

/// A stage that waits for what it needs: left out, or ready, or not yet.
fn pending(state: &RunState, stage: &Stage, at: &StageState, now: Timestamp) -> Option<Vec<Event>> {
    let entry = state.started.entry;
    let included = state.started.pipeline.included(entry)?;
    let skip = |why| Some(vec![Event::StageSkipped { stage: stage.id.clone(), why }]);
    if !included.contains(&stage.id) {
        return skip(Skip::Entry { entry });
    }
    if !stage.needs.iter().all(|need| state.settled(need)) {
        return None;
    }
    let not_met = stage.when.iter().find(|condition| gate::holds(state, condition, None) == Some(false));
    if let Some(condition) = not_met {
        return skip(Skip::Condition { condition: condition.to_string() });
    }
    if stage.soak_seconds > 0 && !at.soaked {
        let until = Timestamp(now.0.saturating_add(stage.soak_seconds.saturating_mul(1000)));
        return Some(vec![Event::SoakBegan { stage: stage.id.clone(), until }]);
    }
    let asks = stage.entry_gate == EntryGate::Human || gate::merges_unsealed(state, stage);
    if asks && !at.entered {
        return Some(vec![gate::opened(state, stage, Edge::Entry, None, now)]);
    }
    start(state, stage, at, now).map(|event| vec![event])
}

/// A try begins, unless the budget for it is spent.
fn start(state: &RunState, stage: &Stage, at: &StageState, now: Timestamp) -> Option<Event> {
    if is_spent(state, stage, at) {
        return Some(budget_gate(stage, now));
    }
    if is_capped(state, stage) && state.started.pipeline.stages.iter().any(|s| is_spending(state, s)) {
        // Whoever watches a budget lets one spend at a time, so that it is exceeded by one try at most.
        return None;
    }
    Some(Event::StageStarted { stage: stage.id.clone(), attempt: Attempt(at.last_attempt).next() })
}

fn budget_gate(stage: &Stage, now: Timestamp) -> Event {
    Event::GateOpened {
        gate: GateId { stage: stage.id.clone(), edge: Edge::Budget },
        sees: Vec::new(),
        expires: gate::expires(&stage.rule(Edge::Budget), now),
        escalation: None,
    }
}

/// Whether the stage asks a model.
fn spends(stage: &Stage) -> bool {
    stage.role != Role::None
}

fn is_capped(state: &RunState, stage: &Stage) -> bool {
    spends(stage) && (state.budget().caps() || stage.budget.caps())
}

fn is_spent(state: &RunState, stage: &Stage, at: &StageState) -> bool {
    spends(stage)
        && (state.budget().spent_times(state.usage) > state.raises
            || stage.budget.spent_times(at.usage) > at.raises)
}

fn is_spending(state: &RunState, stage: &Stage) -> bool {
    let running =
        state.stages.get(&stage.id).is_some_and(|at| matches!(at.status, StageStatus::Running { .. }));
    spends(stage) && running
}

/// Blocked stages are tried again, unless the budget is spent by now; under a budget one at a time.
pub(super) fn resumed(state: &RunState, now: Timestamp) -> Result<Vec<Event>, Rejection> {
    let mut events = Vec::new();
    let mut spending = state.started.pipeline.stages.iter().any(|stage| is_spending(state, stage));
    for stage in &state.started.pipeline.stages {
        let Some(at) = state.stages.get(&stage.id) else { continue };
        let StageStatus::Blocked { attempt, .. } = &at.status else { continue };
        if is_spent(state, stage, at) {
            events.push(budget_gate(stage, now));
        } else if !(spending && is_capped(state, stage)) {
            events.push(Event::StageUnblocked { stage: stage.id.clone(), attempt: *attempt });
            spending = spending || spends(stage);
        }
    }
    if events.is_empty() { Err(Rejection::NotBlocked) } else { Ok(events) }
}

/// The end, once nothing is left that could happen.
fn over(state: &RunState) -> Option<Vec<Event>> {
    let goes_on = state.stages.values().any(|at| match at.status {
        StageStatus::Running { .. }
        | StageStatus::AtGate { .. }
        | StageStatus::Soaking { .. }
        | StageStatus::Blocked { .. } => true,
        StageStatus::Pending
        | StageStatus::Produced
        | StageStatus::Failed
        | StageStatus::Passed
        | StageStatus::Skipped => false,
    });
    if goes_on {
        return None;
    }
    let left = state.started.pipeline.stages.iter().find(|stage| !state.settled(&stage.id));
    let stage = left.or(state.started.pipeline.stages.last())?;
    // Only a run that has merged comes here; any other has ended before. Should one come here all the same, it fails
    // rather than stand still.
    let failed = Outcome::Failed {
        stage: stage.id.clone(),
        kind: FailureKind::Policy,
        detail: "nothing is left that could be done".to_owned(),
    };
    Some(vec![super::ended(state, failed)])
}
