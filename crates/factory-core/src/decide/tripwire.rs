//! Quarantine: a tripwire found something of the holdouts in what came from a role. Policy never lets that go on, and no
//! further try answers it: a person is asked at once, who names all of it, or has the work done again from the start.

use super::made;
use super::stuck::{self, Trouble};
use super::{Rejection, gate};
use crate::artifact::{Artifact, Body};
use crate::event::{Escalation, Event, Evidence, FailureKind, Stuck};
use crate::ids::{Attempt, FindingId, Timestamp, Usage};
use crate::pipeline::model::{Edge, ExitGate, Role, Stage};
use crate::state::RunState;

/// What came from a role, and what was found in it.
pub(super) struct Caught {
    pub(super) artifact: Option<Box<Artifact>>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) findings: Vec<FindingId>,
    pub(super) detail: String,
}

/// Whether that is what a person is asked about.
pub(crate) fn is_quarantine(escalation: &Escalation) -> bool {
    match escalation.why {
        Stuck::Tripwire => true,
        Stuck::Exhausted | Stuck::Plateau | Stuck::Conflict | Stuck::BaseMoves | Stuck::Vault => false,
    }
}

/// A person is asked, whatever tries are left and whatever the pipeline says of a stage that is stuck. What is otherwise
/// sound can be overridden; anything else can only be made again. After the merge nobody is asked, since nothing follows.
pub(super) fn quarantined(
    state: &RunState,
    stage: &Stage,
    attempt: Attempt,
    caught: Caught,
    usage: Usage,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    match stage.role {
        Role::Planner | Role::Implementer | Role::Reviewer => {}
        Role::None | Role::Evaluator => return Err(Rejection::NotWatched(stage.id.clone())),
    }
    let Caught { artifact, evidence, mut findings, detail } = caught;
    let reference = artifact.as_ref().map(|made| made::reference(state, stage, made)).transpose()?;
    let merged = state.merged().is_some();
    let sound = artifact.as_ref().is_some_and(|made| is_sound(state, &made.body)) && !merged;
    let (made, verdict) = match (reference, &artifact) {
        (Some(reference), Some(artifact)) if sound => {
            let verdict = made::foreseen(state, stage, &reference.digest, &artifact.body);
            (Some(reference), verdict)
        }
        (Some(_), Some(_)) | (None, _) | (_, None) => (None, None),
    };
    // Whoever overrides names something, and all that is wrong: also what policy would have found.
    if findings.is_empty() {
        findings.extend("tripwire".parse::<FindingId>());
    }
    findings.extend(verdict.iter().flat_map(|scored| scored.findings.clone()));
    let kind = FailureKind::Tripwire;
    let (event, digest) = match made {
        Some(artifact) => {
            let digest = artifact.digest.clone();
            let stage = stage.id.clone();
            (Event::StageProduced { stage, attempt, artifact, evidence, usage }, Some(digest))
        }
        None => {
            let stage = stage.id.clone();
            // What may hold something of the holdouts is shown to nobody.
            let (detail, evidence) = (detail.clone(), Vec::new());
            (Event::StageFailed { stage, attempt, kind, detail, evidence, usage }, None)
        }
    };
    let mut events = vec![event];
    if !merged {
        let trouble = Trouble { why: Stuck::Tripwire, kind, detail, findings, verdict };
        events.push(stuck::escalated(state, stage, trouble, None, digest.as_ref(), now));
    }
    Ok(events)
}

/// Whether nothing but the tripwire speaks against it, and what policy makes of it.
fn is_sound(state: &RunState, body: &Body) -> bool {
    let green = match body {
        Body::Build(build) => made::red(build).is_empty(),
        Body::Spec(_)
        | Body::Design(_)
        | Body::Tests(_)
        | Body::Recon(_)
        | Body::Plan(_)
        | Body::Tasks(_)
        | Body::Review(_)
        | Body::Verify(_)
        | Body::Merge(_)
        | Body::Lessons(_) => true,
    };
    green && made::exit_criteria(state, body).is_ok()
}

/// What follows when a person has let it go on: whoever has to be asked about the artifact anyway is still asked.
pub(super) fn let_go(state: &RunState, stage: &Stage, now: Timestamp) -> Vec<Event> {
    let made = state.stages.get(&stage.id).and_then(|at| at.artifact.as_ref());
    match made.map(|made| (made::asked(stage, made), made)) {
        Some((ExitGate::Human, made)) => vec![gate::opened(state, stage, Edge::Exit, Some(made), now)],
        Some((ExitGate::None | ExitGate::Policy, _)) | None => Vec::new(),
    }
}
