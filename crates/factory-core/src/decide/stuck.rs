//! Work that goes back, work that is tried again, and what happens when there is no way on.

use crate::artifact::ArtifactKind;
use crate::event::{Escalation, Event, Evidence, FailureKind, Outcome, Scored, SentBack, Stuck};
use crate::ids::{Attempt, Digest, FindingId, StageId, Timestamp, Usage};
use crate::pipeline::model::{Edge, GateId, OnExhausted, Plateau, Stage};
use crate::state::RunState;

/// What is wrong with a stage.
pub(super) struct Trouble {
    pub(super) why: Stuck,
    pub(super) kind: FailureKind,
    pub(super) detail: String,
    pub(super) findings: Vec<FindingId>,
    /// The verdict that found it, if one did.
    pub(super) verdict: Option<Scored>,
}

/// Whether the stage may be tried again.
pub(super) fn has_tries(state: &RunState, stage: &Stage) -> bool {
    let at = state.stages.get(&stage.id);
    at.is_none_or(|at| at.tries < stage.attempts.saturating_add(at.granted))
}

/// Why a try came to nothing.
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) detail: String,
    pub(super) evidence: Vec<Evidence>,
}

/// A try came to nothing. What is next follows by itself where a try is left.
pub(super) fn failed(
    state: &RunState,
    stage: &Stage,
    attempt: Attempt,
    why: Failure,
    usage: Usage,
    now: Timestamp,
) -> Vec<Event> {
    let Failure { kind, detail, evidence } = why;
    let id = stage.id.clone();
    let mut events =
        vec![Event::StageFailed { stage: id, attempt, kind, detail: detail.clone(), evidence, usage }];
    if !has_tries(state, stage) {
        let trouble = Trouble { why: Stuck::Exhausted, kind, detail, findings: Vec::new(), verdict: None };
        events.extend(exhausted(state, stage, trouble, None, None, now));
    }
    events
}

/// A try that no other try could better.
pub(super) fn given_up(
    state: &RunState,
    stage: &Stage,
    attempt: Attempt,
    trouble: Trouble,
    now: Timestamp,
) -> Vec<Event> {
    let mut events = vec![Event::StageFailed {
        stage: stage.id.clone(),
        attempt,
        kind: trouble.kind,
        detail: trouble.detail.clone(),
        evidence: Vec::new(),
        usage: Usage::default(),
    }];
    events.extend(exhausted(state, stage, trouble, None, None, now));
    events
}

/// Whether work that goes back to that stage would undo what has been merged. Nothing may: a merge stands.
pub(super) fn undoes_merge(state: &RunState, to: &StageId) -> bool {
    let pipeline = &state.started.pipeline;
    let after = pipeline.downstream(to);
    let merge = |stage: &Stage| stage.makes == ArtifactKind::Merge && after.contains(&stage.id);
    state.merged().is_some() && pipeline.stages.iter().any(merge)
}

/// Work goes back to `to`, if that may be tried again.
pub(super) fn send_back(
    state: &RunState,
    from: &Stage,
    to: &Stage,
    trouble: Trouble,
    correction: SentBack,
    made: Option<&Digest>,
    now: Timestamp,
) -> Vec<Event> {
    if has_tries(state, to) && !undoes_merge(state, &to.id) {
        vec![Event::SentBack { from: from.id.clone(), to: to.id.clone(), correction }]
    } else {
        exhausted(state, from, trouble, Some(correction), made, now)
    }
}

/// There is no way on: a person is asked, or the run is over, as the pipeline says. A stage after the merge ends
/// nothing: it has failed, and that is all.
pub(super) fn exhausted(
    state: &RunState,
    stage: &Stage,
    trouble: Trouble,
    correction: Option<SentBack>,
    made: Option<&Digest>,
    now: Timestamp,
) -> Vec<Event> {
    if state.merged().is_some() {
        return Vec::new();
    }
    match stage.on_exhausted {
        OnExhausted::Fail => {
            let Trouble { kind, detail, .. } = trouble;
            vec![super::ended(state, Outcome::Failed { stage: stage.id.clone(), kind, detail })]
        }
        OnExhausted::Escalate => vec![escalated(state, stage, trouble, correction, made, now)],
    }
}

/// A person is asked, who sees what the stage worked from and what it has made.
pub(super) fn escalated(
    state: &RunState,
    stage: &Stage,
    trouble: Trouble,
    correction: Option<SentBack>,
    made: Option<&Digest>,
    now: Timestamp,
) -> Event {
    let Trouble { why, kind, detail, findings, verdict } = trouble;
    let mut sees: Vec<Digest> =
        stage.needs.iter().filter_map(|need| Some(state.passed(need)?.digest.clone())).collect();
    sees.extend(made.cloned());
    let mut tried = state.stages.get(&stage.id).map_or(Vec::new(), |at| at.verdicts.clone());
    tried.extend(verdict);
    let usage = state.usage;
    let escalation = Escalation { why, kind, detail, findings, tried, usage, correction };
    Event::GateOpened {
        gate: GateId { stage: stage.id.clone(), edge: Edge::Escalation },
        sees,
        expires: super::gate::expires(&stage.rule(Edge::Escalation), now),
        escalation: Some(Box::new(escalation)),
    }
}

/// Whether the last verdicts, this one among them, name the same failures and gained too little.
pub(super) fn is_plateau(plateau: Plateau, state: &RunState, stage: &Stage, last: &Scored) -> bool {
    let window = usize::try_from(plateau.window).unwrap_or(usize::MAX);
    let earlier = state.stages.get(&stage.id).map_or(&[][..], |at| at.verdicts.as_slice());
    let Some(skip) = (earlier.len() + 1).checked_sub(window) else { return false };
    let mut verdicts = earlier.iter().skip(skip).chain([last]);
    let Some(first) = verdicts.next() else { return false };
    let percent = |verdict: &Scored| u64::from(verdict.passed) * 100 / u64::from(verdict.of).max(1);
    let rest: Vec<&Scored> = verdicts.collect();
    let same = rest.iter().all(|verdict| verdict.findings == first.findings);
    let best = rest.iter().map(|verdict| percent(verdict)).max().unwrap_or(0);
    same && best < percent(first) + u64::from(plateau.min_gain_percent)
}
