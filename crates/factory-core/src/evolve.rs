//! The state after an event. Total: what [`crate::decide`] put into the log is never refused here.

use std::collections::{BTreeMap, BTreeSet};

use crate::artifact::ArtifactKind;
use crate::decide::{gate, tripwire};
use crate::event::{Decision, Event, GateDecided, Outcome, Person, RunStarted, SentBack};
use crate::ids::{Digest, StageId, Timestamp, Usage};
use crate::pipeline::model::{Edge, ExitGate, GateId};
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
    state.changed_at = state.changed_at.max(at);
    match event {
        Event::RunStarted(_) => return Err(BrokenLog::StartedTwice),
        Event::StageSkipped { stage, .. } => stage_mut(&mut state, stage)?.status = StageStatus::Skipped,
        Event::SoakBegan { stage, until } => {
            stage_mut(&mut state, stage)?.status = StageStatus::Soaking { until: *until };
        }
        Event::SoakEnded { stage } => {
            let stage = stage_mut(&mut state, stage)?;
            stage.status = StageStatus::Pending;
            stage.soaked = true;
        }
        Event::StageStarted { stage, attempt } => {
            let stage = stage_mut(&mut state, stage)?;
            stage.status = StageStatus::Running { attempt: *attempt };
            stage.last_attempt = attempt.0;
            stage.tries += 1;
        }
        Event::StageProduced { stage, artifact, usage, .. } => {
            let exit_gate = state.started.pipeline.stage(stage).map(|stage| stage.exit_gate);
            let stage = used(&mut state, stage, *usage)?;
            // A stage without a gate passes with its artifact, unless that touches what belongs to people.
            let passes = exit_gate == Some(ExitGate::None) && artifact.protected.is_empty();
            stage.status = if passes { StageStatus::Passed } else { StageStatus::Produced };
            stage.artifact = Some(artifact.clone());
            stage.shown_to.clear();
            stage.corrections.clear();
        }
        Event::StageFailed { stage, usage, .. } => {
            used(&mut state, stage, *usage)?.status = StageStatus::Failed;
        }
        Event::StageBlocked { stage, attempt, detail, usage } => {
            used(&mut state, stage, *usage)?.status =
                StageStatus::Blocked { attempt: *attempt, detail: detail.clone() };
        }
        Event::StageUnblocked { stage, attempt } => {
            stage_mut(&mut state, stage)?.status = StageStatus::Running { attempt: *attempt };
        }
        Event::GateOpened { gate, sees, expires, escalation } => {
            let stage = stage_mut(&mut state, &gate.stage)?;
            if gate.edge == Edge::Budget && matches!(stage.status, StageStatus::Blocked { .. }) {
                // The try that was blocked is made again under a new number, and does not count twice.
                stage.granted += 1;
            }
            stage.status = StageStatus::AtGate {
                edge: gate.edge,
                sees: sees.clone(),
                since: at,
                expires: *expires,
                approved_by: Vec::new(),
                looked: BTreeMap::new(),
                escalation: escalation.clone(),
            };
        }
        Event::GateSeen { gate, by, seen, verdict_shown } => {
            if *verdict_shown {
                shown(&mut state, seen, by);
            }
            if let StageStatus::AtGate { looked, .. } = &mut stage_mut(&mut state, &gate.stage)?.status {
                let shown = looked.entry(by.login.clone()).or_default();
                *shown = *shown || *verdict_shown;
            }
        }
        Event::GateDecided(decided) => gate_decided(&mut state, decided)?,
        Event::GateExpired { gate, .. } => stage_mut(&mut state, &gate.stage)?.status = StageStatus::Failed,
        Event::PolicyJudged { gate, passed, scored, .. } => {
            let stage = stage_mut(&mut state, &gate.stage)?;
            stage.verdicts.extend(scored.clone());
            match (gate.edge, passed) {
                (Edge::Entry, true) => {
                    stage.entered = true;
                    stage.status = StageStatus::Pending;
                }
                (Edge::Exit | Edge::Escalation | Edge::Budget, true) => stage.status = StageStatus::Passed,
                (Edge::Entry | Edge::Exit | Edge::Escalation | Edge::Budget, false) => {
                    stage.status = StageStatus::Failed;
                }
            }
        }
        Event::SentBack { to, correction, .. } => sent_back(&mut state, to, correction)?,
        Event::BaseMoved { to, .. } => {
            state.base = to.clone();
            state.rebases += 1;
        }
        Event::ScorecardRevealed { .. } => {}
        Event::RunEnded { outcome, .. } => {
            // What it made may still stand unjudged: a build whose checks fail never comes to its gate.
            if let Outcome::Failed { stage, .. } = outcome {
                stage_mut(&mut state, stage)?.status = StageStatus::Failed;
            }
            state.outcome = Some(outcome.clone());
        }
        Event::RolledBack { .. } => state.rolled_back = true,
    }
    Ok(state)
}

fn begin(started: &RunStarted, at: Timestamp) -> RunState {
    let fresh = StageState {
        status: StageStatus::Pending,
        last_attempt: 0,
        tries: 0,
        granted: 0,
        usage: Usage::default(),
        raises: 0,
        soaked: false,
        entered: false,
        shown_to: BTreeSet::new(),
        artifact: None,
        corrections: Vec::new(),
        verdicts: Vec::new(),
    };
    let stages: BTreeMap<_, _> =
        started.pipeline.stages.iter().map(|stage| (stage.id.clone(), fresh.clone())).collect();
    RunState {
        started: started.clone(),
        base: started.base.clone(),
        rebases: 0,
        base_pinned: false,
        started_at: at,
        changed_at: at,
        stages,
        usage: Usage::default(),
        raises: 0,
        let_go: BTreeSet::new(),
        outcome: None,
        rolled_back: false,
    }
}

fn stage_mut<'a>(state: &'a mut RunState, id: &StageId) -> Result<&'a mut StageState, BrokenLog> {
    state.stages.get_mut(id).ok_or_else(|| BrokenLog::UnknownStage(id.clone()))
}

/// The stage, with what it used added to its account and the run's.
fn used<'a>(state: &'a mut RunState, id: &StageId, usage: Usage) -> Result<&'a mut StageState, BrokenLog> {
    state.usage = state.usage.plus(usage);
    let stage = stage_mut(state, id)?;
    stage.usage = stage.usage.plus(usage);
    Ok(stage)
}

/// Work goes back to a stage; everything made after it counts no more, and the gates that saw it open again.
fn sent_back(state: &mut RunState, to: &StageId, correction: &SentBack) -> Result<(), BrokenLog> {
    let asked_by_a_person = matches!(correction, SentBack::Note { .. });
    if asked_by_a_person {
        // Another try may follow the base branch again.
        state.rebases = 0;
    }
    for id in state.started.pipeline.downstream(to) {
        let stage = stage_mut(state, &id)?;
        reset(stage);
        if asked_by_a_person {
            stage.verdicts.clear();
        }
    }
    let stage = stage_mut(state, to)?;
    stage.status = StageStatus::Pending;
    stage.entered = false;
    stage.soaked = false;
    match correction {
        SentBack::Note { .. } => {
            stage.granted += 1;
            stage.verdicts.clear();
            // Whoever asks for another try has seen that the patch cannot be carried over.
            stage.corrections.retain(|earlier| !matches!(earlier, SentBack::Rebase { .. }));
        }
        SentBack::Rebase { .. } => stage.granted += 1,
        SentBack::Checks { .. } | SentBack::Review { .. } | SentBack::Holdouts { .. } => {}
    }
    stage.corrections.push(correction.clone());
    Ok(())
}

fn reset(stage: &mut StageState) {
    stage.status = StageStatus::Pending;
    stage.tries = 0;
    stage.granted = 0;
    stage.soaked = false;
    stage.entered = false;
    stage.artifact = None;
    stage.corrections.clear();
}

/// A person was shown what came of judging some of these artifacts.
fn shown(state: &mut RunState, seen: &[Digest], to: &Person) {
    for (id, at) in &mut state.stages {
        let judged =
            state.started.pipeline.stage(id).is_some_and(|stage| stage.makes == ArtifactKind::Verify);
        if judged && at.artifact.as_ref().is_some_and(|artifact| seen.contains(&artifact.digest)) {
            at.shown_to.insert(to.login.clone());
        }
    }
}

fn gate_decided(state: &mut RunState, decided: &GateDecided) -> Result<(), BrokenLog> {
    if decided.verdict.as_ref().is_some_and(|verdict| verdict.shown) {
        shown(state, &decided.seen, &decided.by);
    }
    let GateId { stage: id, edge } = &decided.gate;
    let wanted = state.started.pipeline.stage(id).map_or(1, |stage| stage.rule(*edge).approvals);
    let spent = state.budget().spent_times(state.usage);
    let stage_budget = state.started.pipeline.stage(id).map(|stage| stage.budget).unwrap_or_default();
    let merges = state.started.pipeline.stage(id).is_some_and(|stage| stage.makes == ArtifactKind::Merge);
    if decided.decision == Decision::Overridden && merges {
        state.base_pinned = true;
    }
    if decided.decision == Decision::Approved && *edge == Edge::Budget {
        state.raises = state.raises.max(spent);
    }
    let exit_gate = state.started.pipeline.stage(id).map(|stage| stage.exit_gate);
    let quarantined = *edge == Edge::Escalation && is_quarantined(stage_mut(state, id)?);
    if decided.decision == Decision::Overridden && quarantined {
        let made = stage_mut(state, id)?.artifact.as_ref().map(|made| made.digest.clone());
        state.let_go.extend(made);
    }
    let stage = stage_mut(state, id)?;
    if decided.decision == Decision::Retried && quarantined {
        // Whoever tries again must not find there what was caught.
        stage.artifact = None;
    }
    match (decided.decision, edge) {
        (Decision::Approved, Edge::Entry | Edge::Exit) => {
            if approvals(stage, decided) < wanted {
                return Ok(());
            }
            match edge {
                Edge::Entry => {
                    stage.entered = true;
                    stage.status = StageStatus::Pending;
                }
                Edge::Exit | Edge::Escalation | Edge::Budget => stage.status = StageStatus::Passed,
            }
        }
        (Decision::Approved, Edge::Budget) => {
            stage.raises = stage.raises.max(stage_budget.spent_times(stage.usage));
            stage.status = StageStatus::Pending;
        }
        (Decision::Overridden, Edge::Escalation) => {
            // What was let out of quarantine still has its own gate before it.
            let asks = quarantined && exit_gate == Some(ExitGate::Human);
            stage.status = match (merges, asks) {
                (true, _) => StageStatus::Pending,
                (false, true) => StageStatus::Produced,
                (false, false) => StageStatus::Passed,
            };
        }
        // Where the work goes is said by the event that follows.
        (Decision::Retried, Edge::Entry | Edge::Exit | Edge::Escalation | Edge::Budget)
        // Never decided so; what is no yes is a no.
        | (Decision::Approved, Edge::Escalation)
        | (Decision::Overridden, Edge::Entry | Edge::Exit | Edge::Budget)
        | (Decision::Rejected, Edge::Entry | Edge::Exit | Edge::Escalation | Edge::Budget) => {
            stage.status = StageStatus::Failed;
        }
    }
    Ok(())
}

/// Whether a person is asked there about what a tripwire caught.
fn is_quarantined(stage: &StageState) -> bool {
    match &stage.status {
        StageStatus::AtGate { escalation, .. } => escalation.as_deref().is_some_and(tripwire::is_quarantine),
        StageStatus::Pending
        | StageStatus::Soaking { .. }
        | StageStatus::Running { .. }
        | StageStatus::Blocked { .. }
        | StageStatus::Produced
        | StageStatus::Failed
        | StageStatus::Passed
        | StageStatus::Skipped => false,
    }
}

/// How many people have approved by now. Whoever changes the artifact is the first to approve what it is now.
fn approvals(stage: &mut StageState, decided: &GateDecided) -> u32 {
    if let Some(edited) = &decided.edited {
        let before = stage.artifact.replace(edited.clone());
        if let StageStatus::AtGate { sees, approved_by, looked, .. } = &mut stage.status {
            approved_by.clear();
            looked.clear();
            replace(sees, before.map(|artifact| artifact.digest), &edited.digest);
        }
    }
    match &mut stage.status {
        StageStatus::AtGate { approved_by, .. } => {
            approved_by.retain(|before| !gate::takes_the_place_of(before, &decided.by));
            approved_by.push(decided.by.clone());
            u32::try_from(approved_by.len()).unwrap_or(u32::MAX)
        }
        StageStatus::Pending
        | StageStatus::Soaking { .. }
        | StageStatus::Running { .. }
        | StageStatus::Blocked { .. }
        | StageStatus::Produced
        | StageStatus::Failed
        | StageStatus::Passed
        | StageStatus::Skipped => 0,
    }
}

fn replace(sees: &mut [Digest], old: Option<Digest>, new: &Digest) {
    for seen in sees.iter_mut().filter(|seen| Some(&**seen) == old.as_ref()) {
        *seen = new.clone();
    }
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
