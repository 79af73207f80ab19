//! May this command be obeyed, and which events follow? Legality is the one match in [`decide`].
//!
//! - `made`: what a stage made, and whether it meets what is asked of it.
//! - `stuck`: work that goes back, and what happens when there is no way on.
//! - `gate`: who may decide what.
//! - `tripwire`: what a role made with something of the holdouts in it.
//! - `follow`: what happens by itself after every command.

mod follow;
pub(crate) mod gate;
mod made;
mod rejection;
mod stuck;
pub(crate) mod tripwire;

pub use gate::{can_override, merges_unsealed, protected_at};
pub use made::check_log;
pub use rejection::Rejection;

pub use crate::reason::{LONGEST_RATIONALE, says_something};

use crate::artifact::ArtifactKind;
use crate::command::Command;
use crate::event::{Event, FailureKind, Outcome, SentBack, Stuck};
use crate::ids::{Attempt, FindingId, GitOid, StageId, Timestamp, Usage};
use crate::pipeline::model::{BaseMoved, Stage};
use crate::reason;
use crate::state::{RunState, StageStatus};

/// How often a patch is carried over to a base that has moved, before a person is asked.
pub const MOST_REBASES: u32 = 3;

/// The time that a decision gets: `now`, unless the clock has gone back since the last one. Durations are never
/// negative for it, and what has to wait waits longer, never shorter.
pub fn time(state: Option<&RunState>, now: Timestamp) -> Timestamp {
    state.map_or(now, |state| now.max(state.changed_at))
}

/// The events that follow from `command` at the time `now`, all of one record. The record's time is [`time`].
///
/// # Errors
/// [`Rejection`]; the run is as it was.
pub fn decide(state: Option<&RunState>, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
    let now = time(state, now);
    let first = match (state, command) {
        (None, Command::Start(mut started)) => {
            // Whoever accepts that nothing is hidden says why, like anybody who decides.
            started.unsealed = started.unsealed.as_deref().map(reason::check).transpose()?;
            if started.pipeline.included(started.entry).is_none() {
                return Err(Rejection::NoEntry);
            }
            vec![Event::RunStarted(started)]
        }
        (Some(_), Command::Start(_)) => return Err(Rejection::AlreadyStarted),
        (None, _) => return Err(Rejection::NotStarted),
        (Some(state), Command::Reveal { stage, scorecard, by, because }) => {
            judged_by(state, &stage)?;
            // Nothing follows from it, also where the run is over.
            let because = reason::check(&because)?;
            return Ok(vec![Event::ScorecardRevealed { stage, scorecard, by, because }]);
        }
        (Some(state), Command::RollBack { commit, by, because }) => {
            let because = reason::check(&because)?;
            // What comes after the merge may still go on.
            return match state.merged() {
                Some(_) if state.rolled_back => Err(Rejection::AlreadyRolledBack),
                Some(merge) => {
                    Ok(vec![Event::RolledBack { merge: merge.digest.clone(), commit, by, because }])
                }
                None => Err(Rejection::NotMerged),
            };
        }
        (Some(state), _) if state.outcome.is_some() => return Err(Rejection::Over(state.phase())),
        (Some(state), Command::Produce { stage, attempt, artifact, evidence, usage }) => {
            let stage = performed(state, &stage, attempt)?;
            made::produced(&after(state, usage), stage, attempt, &artifact, evidence, usage, now)?
        }
        (
            Some(state),
            Command::Quarantine { stage, attempt, artifact, evidence, findings, detail, usage },
        ) => {
            let stage = performed(state, &stage, attempt)?;
            let caught = tripwire::Caught { artifact, evidence, findings, detail };
            tripwire::quarantined(&after(state, usage), stage, attempt, caught, usage, now)?
        }
        (Some(state), Command::Fail { stage, attempt, kind, detail, usage }) => {
            let stage = performed(state, &stage, attempt)?;
            let why = stuck::Failure { kind, detail, evidence: Vec::new() };
            stuck::failed(&after(state, usage), stage, attempt, why, usage, now)
        }
        (Some(state), Command::Block { stage, attempt, detail, usage }) => {
            let stage = performed(state, &stage, attempt)?.id.clone();
            vec![Event::StageBlocked { stage, attempt, detail, usage }]
        }
        (Some(state), Command::Move { stage, attempt, to }) => {
            let stage = performed(state, &stage, attempt)?;
            moved(state, stage, attempt, to, now)?
        }
        (Some(state), Command::Conflict { stage, attempt, paths }) => {
            let stage = performed(state, &stage, attempt)?;
            conflict(state, stage, attempt, &paths, now)?
        }
        (Some(state), Command::Resume) => follow::resumed(state, now)?,
        (Some(state), Command::Tick) => {
            if state.due().is_none_or(|due| due > now) {
                return Err(Rejection::NothingDue);
            }
            Vec::new()
        }
        (Some(state), Command::Look { gate, by, seen, verdict_shown }) => {
            gate::look(state, gate, by, seen, verdict_shown)?
        }
        (Some(state), Command::Decide(deciding)) => gate::decided(state, *deciding, now)?,
        (Some(state), Command::Cancel { by, because }) => {
            let because = reason::check(&because)?;
            vec![ended(state, Outcome::Cancelled { by, because })]
        }
    };
    follow::follow(state.cloned(), first, now)
}

/// The state with what a try has used, since ends and escalations speak of all that was.
fn after(state: &RunState, usage: Usage) -> RunState {
    RunState { usage: state.usage.plus(usage), ..state.clone() }
}

/// The stage, if exactly this try at it is being performed.
fn performed<'a>(state: &'a RunState, id: &StageId, attempt: Attempt) -> Result<&'a Stage, Rejection> {
    let stage = state.started.pipeline.stage(id).ok_or_else(|| Rejection::NoStage(id.clone()))?;
    match state.stages.get(id).map(|s| &s.status) {
        Some(StageStatus::Running { attempt: running }) if *running == attempt => Ok(stage),
        Some(
            StageStatus::Running { .. }
            | StageStatus::Pending
            | StageStatus::Soaking { .. }
            | StageStatus::AtGate { .. }
            | StageStatus::Blocked { .. }
            | StageStatus::Produced
            | StageStatus::Failed
            | StageStatus::Passed
            | StageStatus::Skipped,
        )
        | None => Err(Rejection::NotRunning { stage: id.clone(), attempt }),
    }
}

/// Refuses a stage that has no scorecard.
fn judged_by(state: &RunState, id: &StageId) -> Result<(), Rejection> {
    let stage = state.started.pipeline.stage(id).ok_or_else(|| Rejection::NoStage(id.clone()))?;
    let judged = state.stages.get(id).is_some_and(|stage| stage.artifact.is_some());
    if stage.makes == ArtifactKind::Verify && judged {
        Ok(())
    } else {
        Err(Rejection::NoScorecard(id.clone()))
    }
}

/// The end of the run. Once something is merged, that is how the run ended, whatever came after.
fn ended(state: &RunState, outcome: Outcome) -> Event {
    let outcome = match state.merged() {
        Some(merge) => Outcome::Merged { merge: merge.digest.clone() },
        None => outcome,
    };
    Event::RunEnded { outcome, usage: Some(state.usage) }
}

/// The base branch has moved: the patch is carried over by the stage that built it, and everything after that is done
/// again.
fn moved(
    state: &RunState,
    stage: &Stage,
    attempt: Attempt,
    to: GitOid,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    let ignored = state.started.pipeline.policy.base_moved == BaseMoved::Ignore || state.base_pinned;
    if stage.makes != ArtifactKind::Merge || ignored || to == state.base {
        return Err(Rejection::NotMoved);
    }
    let built = |need: &&StageId| {
        state.started.pipeline.stage(need).is_some_and(|stage| stage.makes == ArtifactKind::Build)
    };
    let build = stage.needs.iter().find(built).ok_or(Rejection::NotMoved)?;
    if state.rebases >= MOST_REBASES {
        let detail = format!(
            "the base branch has moved {} times while the patch was checked, and is at {to} now",
            state.rebases + 1
        );
        let findings = vec!["base-moved".parse().expect("a finding")];
        return Ok(stuck::given_up(
            state,
            stage,
            attempt,
            stuck::Trouble {
                why: Stuck::BaseMoves,
                kind: FailureKind::BaseMoved,
                detail,
                findings,
                verdict: None,
            },
            now,
        ));
    }
    let from = state.base.clone();
    Ok(vec![
        Event::BaseMoved { from: from.clone(), to },
        Event::SentBack { from: stage.id.clone(), to: build.clone(), correction: SentBack::Rebase { from } },
    ])
}

/// The patch does not fit the base that has moved.
fn conflict(
    state: &RunState,
    stage: &Stage,
    attempt: Attempt,
    paths: &[String],
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    let at = state.stages.get(&stage.id);
    let rebasing = at.is_some_and(|s| s.corrections.iter().any(|c| matches!(c, SentBack::Rebase { .. })));
    if !rebasing {
        return Err(Rejection::NotRebasing(stage.id.clone()));
    }
    let detail = format!(
        "the base branch has moved to {}, and both it and the patch change {}",
        state.base,
        paths.join(", ")
    );
    let finding = |path: &String| -> Option<FindingId> { format!("conflict:{path}").parse().ok() };
    let findings = paths.iter().filter_map(finding).collect();
    Ok(stuck::given_up(
        state,
        stage,
        attempt,
        stuck::Trouble {
            why: Stuck::Conflict,
            kind: FailureKind::BaseMoved,
            detail,
            findings,
            verdict: None,
        },
        now,
    ))
}
