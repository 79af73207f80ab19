//! May this command be obeyed, and which events follow? Legality is the one match in [`decide`].

use crate::artifact::{Artifact, ArtifactKind, Body, Build};
use crate::command::Command;
use crate::event::{ArtifactRef, Decision, Event, Evidence, FailureKind, GateDecided, Outcome, SentBack};
use crate::evolve::{self, BrokenLog};
use crate::ids::{Attempt, Digest, StageId, Timestamp, Usage};
use crate::pipeline::model::{Edge, EntryGate, ExitGate, GateId, Stage};
use crate::policy::{self, Verdict};
use crate::state::{RunState, StageState, StageStatus};

/// The longest rationale that is kept, in bytes.
pub const LONGEST_RATIONALE: usize = 16 * 1024;

/// Why a command is not obeyed. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The run has already begun.
    #[error("the run has already begun")]
    AlreadyStarted,
    /// The run has not begun.
    #[error("there is no such run")]
    NotStarted,
    /// The run is over.
    #[error("the run is over")]
    Over,
    /// The pipeline cannot be begun with this entry type.
    #[error("the pipeline has no entry for this kind of work")]
    NoEntry,
    /// There is no such stage.
    #[error("the run's pipeline has no stage {0}")]
    NoStage(StageId),
    /// Somebody reports on a try that is not being made (any more).
    #[error("attempt {attempt} at the stage {stage} is not being performed")]
    NotRunning {
        /// The stage.
        stage: StageId,
        /// The try.
        attempt: Attempt,
    },
    /// The artifact is not of the kind that the stage makes.
    #[error("the stage {stage} makes a {expected}, not a {found}")]
    WrongKind {
        /// The stage.
        stage: StageId,
        /// What it makes.
        expected: &'static str,
        /// What came.
        found: &'static str,
    },
    /// The artifact is about another patch than the one that is there now.
    #[error("the artifact is about another patch than the one that was built")]
    WrongPatch,
    /// Nothing is blocked.
    #[error("nothing in the run is blocked")]
    NotBlocked,
    /// The gate does not wait for a decision.
    #[error("the gate {0} does not wait for a decision")]
    GateClosed(GateId),
    /// The decision was made on artifacts that are not there any more.
    #[error("the gate {0} now shows other artifacts than the decision was made on")]
    Stale(GateId),
    /// No reason was given.
    #[error("a decision needs a reason that is not blank")]
    NoReason,
    /// The reason is too long to be one.
    #[error("the reason is {found} bytes long, more than {LONGEST_RATIONALE}")]
    LongReason {
        /// Its length in bytes.
        found: usize,
    },
    /// The state is not one that events can lead to.
    #[error("the run's log is broken")]
    Broken(#[from] BrokenLog),
}

/// The events that follow from `command` at the time `now`, all of one record.
///
/// # Errors
/// [`Rejection`]; the run is as it was.
pub fn decide(state: Option<&RunState>, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
    let first = match (state, command) {
        (None, Command::Start(started)) => {
            if !started.pipeline.entry.contains_key(&started.entry) {
                return Err(Rejection::NoEntry);
            }
            vec![Event::RunStarted(started)]
        }
        (Some(_), Command::Start(_)) => return Err(Rejection::AlreadyStarted),
        (None, _) => return Err(Rejection::NotStarted),
        (Some(state), _) if state.outcome.is_some() => return Err(Rejection::Over),
        (Some(state), Command::Produce { stage, attempt, artifact, evidence, usage }) => {
            let stage = performed(state, &stage, attempt)?;
            produced(state, stage, attempt, &artifact, evidence, usage)?
        }
        (Some(state), Command::Fail { stage, attempt, kind, detail, usage }) => {
            let stage = performed(state, &stage, attempt)?;
            failed(state, stage, attempt, kind, detail, usage)
        }
        (Some(state), Command::Block { stage, attempt, detail, usage }) => {
            let stage = performed(state, &stage, attempt)?.id.clone();
            vec![Event::StageBlocked { stage, attempt, detail, usage }]
        }
        (Some(state), Command::Resume) => resumed(state)?,
        (Some(state), Command::Decide { gate, decision, by, via, because, seen }) => {
            let waited_ms = check_decision(state, &gate, &because, &seen, now)?;
            let because = because.trim().to_owned();
            let decided = GateDecided { gate: gate.clone(), decision, by, via, because, seen, waited_ms };
            let mut events = vec![Event::GateDecided(Box::new(decided))];
            match decision {
                Decision::Approved => {}
                Decision::Rejected => events.push(Event::RunEnded { outcome: Outcome::Rejected { gate } }),
            }
            events
        }
    };
    follow(state.cloned(), first, now)
}

/// The stage, if exactly this try at it is being performed.
fn performed<'a>(state: &'a RunState, id: &StageId, attempt: Attempt) -> Result<&'a Stage, Rejection> {
    let stage = state.started.pipeline.stage(id).ok_or_else(|| Rejection::NoStage(id.clone()))?;
    match state.stages.get(id).map(|s| &s.status) {
        Some(StageStatus::Running { attempt: running }) if *running == attempt => Ok(stage),
        Some(
            StageStatus::Running { .. }
            | StageStatus::Pending
            | StageStatus::AtGate { .. }
            | StageStatus::Blocked { .. }
            | StageStatus::Produced
            | StageStatus::Failed
            | StageStatus::Passed,
        )
        | None => Err(Rejection::NotRunning { stage: id.clone(), attempt }),
    }
}

fn produced(
    state: &RunState,
    stage: &Stage,
    attempt: Attempt,
    artifact: &Artifact,
    evidence: Vec<Evidence>,
    usage: Usage,
) -> Result<Vec<Event>, Rejection> {
    let kind = artifact.body.kind();
    if kind != stage.makes {
        return Err(Rejection::WrongKind {
            stage: stage.id.clone(),
            expected: stage.makes.as_str(),
            found: kind.as_str(),
        });
    }
    let patch = patch_of(state, stage, &artifact.body)?;
    if let Err((kind, detail)) = exit_criteria(state, &artifact.body) {
        return Ok(failed(state, stage, attempt, kind, detail, usage));
    }
    let digest = artifact.digest();
    let sees = vec![digest.clone()];
    let produced = Event::StageProduced {
        stage: stage.id.clone(),
        attempt,
        artifact: ArtifactRef { kind, digest: digest.clone(), patch },
        evidence: evidence.clone(),
        usage,
    };
    let mut events = vec![produced];
    if let Body::Build(build) = &artifact.body {
        let back = red_checks(state, stage, build, &evidence);
        if !back.is_empty() {
            // Nobody is asked about a build that has gone back.
            events.extend(back);
            return Ok(events);
        }
    }
    let gate = GateId { stage: stage.id.clone(), edge: Edge::Exit };
    match stage.exit_gate {
        ExitGate::None => {}
        ExitGate::Human => events.push(Event::GateOpened { gate, sees: seen_at_exit(state, stage, digest) }),
        ExitGate::Policy => events.extend(judged(state, stage, gate, sees, &artifact.body)),
    }
    Ok(events)
}

/// Whoever decides after a stage sees what it was made from, and what it made.
fn seen_at_exit(state: &RunState, stage: &Stage, made: Digest) -> Vec<Digest> {
    let mut sees = seen_at_entry(state, stage);
    sees.push(made);
    sees
}

fn seen_at_entry(state: &RunState, stage: &Stage) -> Vec<Digest> {
    stage.needs.iter().filter_map(|need| Some(state.passed(need)?.digest.clone())).collect()
}

/// The patch that an artifact is about. A verdict on any patch but the one that was built is refused, and so is a merge
/// of any patch but the one that was verified.
fn patch_of(state: &RunState, stage: &Stage, body: &Body) -> Result<Option<Digest>, Rejection> {
    let built = needed(state, stage, ArtifactKind::Build).and_then(|a| a.patch.clone());
    let same = |patch: &Digest| {
        if built.as_ref() == Some(patch) { Ok(Some(patch.clone())) } else { Err(Rejection::WrongPatch) }
    };
    match body {
        Body::Spec(_) | Body::Plan(_) | Body::Tasks(_) => Ok(None),
        Body::Build(build) => Ok(Some(build.patch.digest())),
        Body::Review(_) => Ok(built),
        Body::Verify(verify) => same(&verify.patch),
        Body::Merge(merge) => {
            let verified = needed(state, stage, ArtifactKind::Verify).and_then(|a| a.patch.clone());
            if verified.as_ref() == Some(&merge.patch) {
                same(&merge.patch)
            } else {
                Err(Rejection::WrongPatch)
            }
        }
    }
}

/// The artifact of that kind that the stage needs, if it has passed.
fn needed<'a>(state: &'a RunState, stage: &Stage, kind: ArtifactKind) -> Option<&'a ArtifactRef> {
    stage.needs.iter().filter_map(|need| state.passed(need)).find(|artifact| artifact.kind == kind)
}

fn exit_criteria(state: &RunState, body: &Body) -> Result<(), (FailureKind, String)> {
    let requirements = &state.started.spec.requirements;
    let criteria = |result: Result<(), String>| result.map_err(|detail| (FailureKind::ExitCriteria, detail));
    match body {
        Body::Spec(spec) => {
            let red: Vec<&str> =
                spec.baseline.iter().filter(|c| !c.passed()).map(|c| c.name.as_str()).collect();
            if red.is_empty() {
                Ok(())
            } else {
                let detail =
                    format!("before any work, on the untouched base, these checks fail: {}", red.join(", "));
                Err((FailureKind::BaselineRed, detail))
            }
        }
        Body::Plan(plan) => criteria(policy::check_plan(plan, requirements)),
        Body::Tasks(tasks) => criteria(policy::check_tasks(tasks, requirements)),
        Body::Build(build) if build.patch.changes.is_empty() => {
            Err((FailureKind::BadPatch, "the implementer submitted without changing anything".to_owned()))
        }
        Body::Build(_) => Ok(()),
        Body::Review(review) => criteria(policy::check_review(review, requirements)),
        Body::Verify(_) | Body::Merge(_) => Ok(()),
    }
}

/// A build whose checks fail goes back to its own stage.
fn red_checks(state: &RunState, stage: &Stage, build: &Build, evidence: &[Evidence]) -> Vec<Event> {
    let red: Vec<&str> = build.checks.iter().filter(|c| !c.passed()).map(|c| c.name.as_str()).collect();
    if red.is_empty() {
        return Vec::new();
    }
    let logs =
        evidence.iter().filter(|e| red.iter().any(|name| e.name == check_log(name))).cloned().collect();
    let detail = format!("the project's own checks fail on the patch: {}", red.join(", "));
    send_back(state, stage, stage, FailureKind::ChecksRed, detail, SentBack::Checks { logs })
}

/// The name of a check's log among the evidence of a build.
pub fn check_log(check: &str) -> String {
    format!("check {check}")
}

fn judged(state: &RunState, stage: &Stage, gate: GateId, sees: Vec<Digest>, body: &Body) -> Vec<Event> {
    let (verdict, correction) = match body {
        Body::Verify(verify) => (
            policy::judge_verify(state.started.pipeline.policy, verify),
            SentBack::Holdouts { feedback: verify.feedback.clone() },
        ),
        Body::Review(review) => {
            let digest = sees.first().cloned().expect("a judged artifact has a digest");
            (policy::judge_review(review), SentBack::Review { review: digest })
        }
        // The pipeline check refuses policy gates on anything else; a run with one can only fail.
        Body::Spec(_) | Body::Plan(_) | Body::Tasks(_) | Body::Build(_) | Body::Merge(_) => (
            Verdict::Inconclusive("there is no policy for this artifact".to_owned()),
            SentBack::Checks { logs: Vec::new() },
        ),
    };
    let judged = |passed: bool, reason: &str| Event::PolicyJudged {
        gate: gate.clone(),
        sees: sees.clone(),
        passed,
        reason: reason.to_owned(),
    };
    match verdict {
        Verdict::Pass(reason) => vec![judged(true, &reason)],
        Verdict::Fail(reason) => {
            let mut events = vec![judged(false, &reason)];
            let back = stage.returns_to.as_ref().and_then(|id| state.started.pipeline.stage(id));
            match back {
                Some(target) => {
                    events.extend(send_back(state, stage, target, FailureKind::Policy, reason, correction))
                }
                None => events.push(ended(stage, FailureKind::Policy, reason)),
            }
            events
        }
        Verdict::Inconclusive(reason) => {
            let mut events = vec![judged(false, &reason)];
            events.extend(again(state, stage, FailureKind::Policy, reason));
            events
        }
    }
}

fn send_back(
    state: &RunState,
    from: &Stage,
    to: &Stage,
    kind: FailureKind,
    detail: String,
    correction: SentBack,
) -> Vec<Event> {
    if tries(state, to) < to.attempts {
        vec![Event::SentBack { from: from.id.clone(), to: to.id.clone(), correction }]
    } else {
        vec![ended(from, kind, detail)]
    }
}

fn failed(
    state: &RunState,
    stage: &Stage,
    attempt: Attempt,
    kind: FailureKind,
    detail: String,
    usage: Usage,
) -> Vec<Event> {
    let mut events =
        vec![Event::StageFailed { stage: stage.id.clone(), attempt, kind, detail: detail.clone(), usage }];
    events.extend(again(state, stage, kind, detail));
    events
}

/// Another try at the same stage, or the end.
fn again(state: &RunState, stage: &Stage, kind: FailureKind, detail: String) -> Vec<Event> {
    if tries(state, stage) < stage.attempts {
        let last = state.stages.get(&stage.id).map_or(0, |s| s.last_attempt);
        vec![Event::StageStarted { stage: stage.id.clone(), attempt: Attempt(last).next() }]
    } else {
        vec![ended(stage, kind, detail)]
    }
}

fn tries(state: &RunState, stage: &Stage) -> u32 {
    state.stages.get(&stage.id).map_or(0, |s| s.tries)
}

fn ended(stage: &Stage, kind: FailureKind, detail: String) -> Event {
    Event::RunEnded { outcome: Outcome::Failed { stage: stage.id.clone(), kind, detail } }
}

fn resumed(state: &RunState) -> Result<Vec<Event>, Rejection> {
    let events: Vec<Event> = state
        .stages
        .iter()
        .filter_map(|(id, stage)| match &stage.status {
            StageStatus::Blocked { attempt, .. } => {
                Some(Event::StageUnblocked { stage: id.clone(), attempt: *attempt })
            }
            StageStatus::Pending
            | StageStatus::AtGate { .. }
            | StageStatus::Running { .. }
            | StageStatus::Produced
            | StageStatus::Failed
            | StageStatus::Passed => None,
        })
        .collect();
    if events.is_empty() { Err(Rejection::NotBlocked) } else { Ok(events) }
}

/// Whether a reason has at least one letter or digit: neither spaces nor characters that nobody sees are a reason.
pub fn says_something(because: &str) -> bool {
    because.chars().any(char::is_alphanumeric)
}

/// Milliseconds that the gate has waited, if the decision may be made.
fn check_decision(
    state: &RunState,
    gate: &GateId,
    because: &str,
    seen: &[Digest],
    now: Timestamp,
) -> Result<u64, Rejection> {
    let open = state.open_gates().into_iter().find(|open| &open.gate == gate);
    let open = open.ok_or_else(|| Rejection::GateClosed(gate.clone()))?;
    if open.sees != seen {
        return Err(Rejection::Stale(gate.clone()));
    }
    if !says_something(because) {
        return Err(Rejection::NoReason);
    }
    if because.len() > LONGEST_RATIONALE {
        return Err(Rejection::LongReason { found: because.len() });
    }
    Ok(now.since(open.since))
}

/// Adds what follows by itself: stages start, gates open, the run ends.
fn follow(state: Option<RunState>, first: Vec<Event>, now: Timestamp) -> Result<Vec<Event>, Rejection> {
    let mut events = first;
    let mut state = evolve::evolve_all(state, &events, now)?.ok_or(Rejection::NotStarted)?;
    while let Some(next) = next(&state) {
        state = evolve::evolve(Some(state), &next, now)?;
        events.push(next);
    }
    Ok(events)
}

fn next(state: &RunState) -> Option<Event> {
    if state.outcome.is_some() {
        return None;
    }
    state.started.pipeline.stages.iter().find_map(|stage| {
        let at = state.stages.get(&stage.id)?;
        match at.status {
            StageStatus::Pending if stage.needs.iter().all(|need| state.passed(need).is_some()) => {
                Some(start(state, stage, at))
            }
            StageStatus::Passed if stage.makes == ArtifactKind::Merge => {
                let merge = at.artifact.as_ref()?.digest.clone();
                Some(Event::RunEnded { outcome: Outcome::Merged { merge } })
            }
            StageStatus::Pending
            | StageStatus::AtGate { .. }
            | StageStatus::Running { .. }
            | StageStatus::Blocked { .. }
            | StageStatus::Produced
            | StageStatus::Failed
            | StageStatus::Passed => None,
        }
    })
}

fn start(state: &RunState, stage: &Stage, at: &StageState) -> Event {
    match stage.entry_gate {
        EntryGate::Human if !at.entered => Event::GateOpened {
            gate: GateId { stage: stage.id.clone(), edge: Edge::Entry },
            sees: seen_at_entry(state, stage),
        },
        EntryGate::Human | EntryGate::None => {
            Event::StageStarted { stage: stage.id.clone(), attempt: Attempt(at.last_attempt).next() }
        }
    }
}
