//! What a stage made: whether it is what was asked for, about the right patch, and good enough.

use super::Rejection;
use super::stuck::{self, Failure, Trouble};
use crate::artifact::{Artifact, ArtifactKind, Body, Build};
use crate::event::{ArtifactRef, Counted, Event, Evidence, FailureKind, Scored, SentBack, Stuck};
use crate::ids::{Attempt, Digest, FindingId, Timestamp, Usage};
use crate::pipeline::condition;
use crate::pipeline::model::{Edge, ExitGate, GateId, Stage};
use crate::policy::{self, Verdict};
use crate::protected;
use crate::state::RunState;

pub(super) fn produced(
    state: &RunState,
    stage: &Stage,
    attempt: Attempt,
    artifact: &Artifact,
    evidence: Vec<Evidence>,
    usage: Usage,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    let reference = reference(state, stage, artifact)?;
    if let Err((kind, detail)) = exit_criteria(state, &artifact.body) {
        let evidence = red_logs(&artifact.body, evidence);
        let why = Failure { kind, detail, evidence };
        return Ok(stuck::failed(state, stage, attempt, why, usage, now));
    }
    let digest = reference.digest.clone();
    let mut events = vec![Event::StageProduced {
        stage: stage.id.clone(),
        attempt,
        artifact: reference.clone(),
        evidence: evidence.clone(),
        usage,
    }];
    if let Body::Build(build) = &artifact.body {
        let back = red_checks(state, stage, build, &digest, &evidence, now);
        if !back.is_empty() {
            // Nobody is asked about a build that has gone back.
            events.extend(back);
            return Ok(events);
        }
    }
    match asked(stage, &reference) {
        ExitGate::None => {}
        ExitGate::Human => {
            events.push(super::gate::opened(state, stage, Edge::Exit, Some(&reference), now));
        }
        ExitGate::Policy => events.extend(judged(state, stage, digest, &artifact.body, now)),
    }
    Ok(events)
}

/// Who is asked about what a stage has made. Whatever the pipeline says: what belongs to people is not changed without them.
pub(super) fn asked(stage: &Stage, made: &ArtifactRef) -> ExitGate {
    if made.protected.is_empty() { stage.exit_gate } else { ExitGate::Human }
}

/// The artifact as the log names it, if it is of the right kind and about the right patch.
pub(super) fn reference(
    state: &RunState,
    stage: &Stage,
    artifact: &Artifact,
) -> Result<ArtifactRef, Rejection> {
    let kind = artifact.body.kind();
    if kind != stage.makes {
        return Err(Rejection::WrongKind {
            stage: stage.id.clone(),
            expected: stage.makes.as_str(),
            found: kind.as_str(),
        });
    }
    let patch = patch_of(state, stage, &artifact.body)?;
    let protected = match &artifact.body {
        Body::Build(build) => protected::touched(&build.patch, &state.started.spec.protected),
        Body::Spec(_)
        | Body::Design(_)
        | Body::Tests(_)
        | Body::Recon(_)
        | Body::Plan(_)
        | Body::Tasks(_)
        | Body::Review(_)
        | Body::Verify(_)
        | Body::Merge(_)
        | Body::Lessons(_) => Vec::new(),
    };
    let facts = condition::facts(&artifact.body);
    Ok(ArtifactRef { kind, digest: artifact.digest(), patch, facts, protected })
}

/// The patch that an artifact is about. A verdict on any patch but the one that was built is refused, and so is a merge
/// of any patch but the one that was verified, or onto any commit but the one that it was verified on.
fn patch_of(state: &RunState, stage: &Stage, body: &Body) -> Result<Option<Digest>, Rejection> {
    let built = needed(state, stage, ArtifactKind::Build).and_then(|a| a.patch.clone());
    let same = |patch: &Digest| {
        if built.as_ref() == Some(patch) { Ok(Some(patch.clone())) } else { Err(Rejection::WrongPatch) }
    };
    match body {
        Body::Spec(_)
        | Body::Design(_)
        | Body::Tests(_)
        | Body::Recon(_)
        | Body::Plan(_)
        | Body::Tasks(_)
        | Body::Lessons(_) => Ok(None),
        Body::Build(build) if build.base != state.base => Err(Rejection::WrongBase),
        Body::Build(build) => Ok(Some(build.patch.digest())),
        Body::Review(_) => Ok(built),
        Body::Verify(verify) => same(&verify.patch),
        Body::Merge(merge) if merge.base != state.base => Err(Rejection::WrongBase),
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

/// What an artifact must meet beyond its schema.
pub(super) fn exit_criteria(state: &RunState, body: &Body) -> Result<(), (FailureKind, String)> {
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
        Body::Design(design) => criteria(policy::check_design(design, requirements)),
        Body::Tests(tests) => criteria(policy::check_tests(tests, requirements)),
        Body::Recon(recon) => criteria(policy::check_recon(recon)),
        Body::Plan(plan) => criteria(policy::check_plan(plan, requirements)),
        Body::Tasks(tasks) => criteria(policy::check_tasks(tasks, requirements)),
        Body::Build(build) if build.patch.changes.is_empty() => {
            Err((FailureKind::BadPatch, "the implementer submitted without changing anything".to_owned()))
        }
        Body::Build(_) => Ok(()),
        Body::Review(review) => criteria(policy::check_review(review, requirements)),
        Body::Verify(_) | Body::Merge(_) | Body::Lessons(_) => Ok(()),
    }
}

/// A build whose checks fail goes back to its own stage.
fn red_checks(
    state: &RunState,
    stage: &Stage,
    build: &Build,
    digest: &Digest,
    evidence: &[Evidence],
    now: Timestamp,
) -> Vec<Event> {
    let red = red(build);
    if red.is_empty() {
        return Vec::new();
    }
    let logs =
        evidence.iter().filter(|e| red.iter().any(|name| e.name == check_log(name))).cloned().collect();
    let trouble = Trouble {
        why: Stuck::Exhausted,
        kind: FailureKind::ChecksRed,
        detail: format!("the project's own checks fail on the patch: {}", red.join(", ")),
        findings: red.iter().filter_map(|name| format!("check:{name}").parse().ok()).collect(),
        verdict: None,
    };
    stuck::send_back(state, stage, stage, trouble, SentBack::Checks { logs }, Some(digest), now)
}

/// Of a base that is red, what tells why: all but the logs of checks that passed. Of anything else, what did not count is not
/// kept.
fn red_logs(body: &Body, mut evidence: Vec<Evidence>) -> Vec<Evidence> {
    let Body::Spec(spec) = body else { return Vec::new() };
    let green: Vec<String> =
        spec.baseline.iter().filter(|check| check.passed()).map(|check| check_log(&check.name)).collect();
    evidence.retain(|one| !green.contains(&one.name));
    evidence
}

/// The name of a check's log among the evidence of a build or of a base that is red.
pub fn check_log(check: &str) -> String {
    format!("check {check}")
}

/// The verdict that policy would come to, as a score; nothing for what no policy judges.
pub(super) fn foreseen(state: &RunState, stage: &Stage, digest: &Digest, body: &Body) -> Option<Scored> {
    if stage.exit_gate != ExitGate::Policy {
        return None;
    }
    let (verdict, _) = verdict(state, digest, body);
    Some(scored(&verdict, digest, body))
}

/// The names of the checks that fail on a build.
pub(super) fn red(build: &Build) -> Vec<&str> {
    build.checks.iter().filter(|check| !check.passed()).map(|check| check.name.as_str()).collect()
}

/// Policy's verdict, and what whoever gets the work back is told where it is no.
fn verdict(state: &RunState, digest: &Digest, body: &Body) -> (Verdict, SentBack) {
    match body {
        Body::Verify(verify) => (
            policy::judge_verify(state.started.pipeline.policy, verify),
            SentBack::Holdouts { feedback: verify.feedback.clone(), revealed: verify.revealed.clone() },
        ),
        Body::Review(review) => (policy::judge_review(review), SentBack::Review { review: digest.clone() }),
        // The pipeline check refuses policy gates on anything else; a run with one can only fail.
        Body::Spec(_)
        | Body::Design(_)
        | Body::Tests(_)
        | Body::Recon(_)
        | Body::Plan(_)
        | Body::Tasks(_)
        | Body::Build(_)
        | Body::Merge(_)
        | Body::Lessons(_) => (
            Verdict::Inconclusive("there is no policy for this artifact".to_owned()),
            SentBack::Checks { logs: Vec::new() },
        ),
    }
}

fn judged(state: &RunState, stage: &Stage, digest: Digest, body: &Body, now: Timestamp) -> Vec<Event> {
    let (verdict, correction) = verdict(state, &digest, body);
    let scored = scored(&verdict, &digest, body);
    let judged = |passed: bool, reason: &str| Event::PolicyJudged {
        gate: GateId { stage: stage.id.clone(), edge: Edge::Exit },
        sees: vec![digest.clone()],
        passed,
        reason: reason.to_owned(),
        scored: Some(scored.clone()),
    };
    let trouble = |why: Stuck, detail: String| Trouble {
        why,
        kind: FailureKind::Policy,
        detail,
        findings: scored.findings.clone(),
        verdict: Some(scored.clone()),
    };
    match verdict {
        Verdict::Pass(reason) => vec![judged(true, &reason)],
        // Of the vault nothing is ever told to whoever builds.
        Verdict::Fail(reason) if matches!(body, Body::Verify(verify) if verify.vault_failed()) => {
            let mut events = vec![judged(false, &reason)];
            let trouble = trouble(Stuck::Vault, reason);
            events.extend(stuck::exhausted(state, stage, trouble, None, Some(&digest), now));
            events
        }
        Verdict::Fail(reason) => {
            let mut events = vec![judged(false, &reason)];
            let back = stage.returns_to.as_ref().and_then(|id| state.started.pipeline.stage(id));
            let plateau = state.started.pipeline.policy.plateau;
            let stuck = plateau.is_some_and(|plateau| stuck::is_plateau(plateau, state, stage, &scored));
            match back {
                Some(target) if !stuck => events.extend(stuck::send_back(
                    state,
                    stage,
                    target,
                    trouble(Stuck::Exhausted, reason),
                    correction,
                    Some(&digest),
                    now,
                )),
                Some(_) | None => {
                    let why = if stuck { Stuck::Plateau } else { Stuck::Exhausted };
                    let correction = back.is_some().then_some(correction);
                    let trouble = trouble(why, reason);
                    events.extend(stuck::exhausted(state, stage, trouble, correction, Some(&digest), now));
                }
            }
            events
        }
        Verdict::Inconclusive(reason) => {
            let mut events = vec![judged(false, &reason)];
            if !stuck::has_tries(state, stage) {
                let trouble = trouble(Stuck::Exhausted, reason);
                events.extend(stuck::exhausted(state, stage, trouble, None, Some(&digest), now));
            }
            events
        }
    }
}

/// The verdict as a score, with a name for each thing that is wrong.
fn scored(verdict: &Verdict, digest: &Digest, body: &Body) -> Scored {
    let met = matches!(verdict, Verdict::Pass(_));
    let mut covered = None;
    let (counted, (passed, of, mut findings)) = match body {
        Body::Verify(verify) => {
            covered = verify.covered;
            (Counted::Scenarios, (verify.passed, verify.total(), policy::verify_findings(verify)))
        }
        Body::Review(review) => (Counted::Requirements, policy::review_score(review)),
        Body::Spec(_)
        | Body::Design(_)
        | Body::Tests(_)
        | Body::Recon(_)
        | Body::Plan(_)
        | Body::Tasks(_)
        | Body::Build(_)
        | Body::Merge(_)
        | Body::Lessons(_) => (Counted::Requirements, (0, 0, Vec::new())),
    };
    match verdict {
        Verdict::Pass(_) => findings.clear(),
        // Whoever overrides a verdict has to name something, and that nothing could be said above all.
        Verdict::Inconclusive(_) => findings.extend("inconclusive".parse::<FindingId>()),
        Verdict::Fail(_) if findings.is_empty() => findings.extend("pass-rate".parse::<FindingId>()),
        Verdict::Fail(_) => {}
    }
    Scored { artifact: digest.clone(), counted, passed, of, covered, met, findings }
}
