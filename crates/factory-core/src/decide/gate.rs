//! Gates: what they show, who may decide what at which of them, and what a decision binds.

use std::collections::BTreeSet;

use super::{Rejection, made, stuck, tripwire};
use crate::artifact::ArtifactKind;
use crate::command::Deciding;
use crate::event::{
    ArtifactRef, Channel, Decision, Event, GateDecided, Outcome, Person, SentBack, Stuck, VerdictSeen,
};
use crate::ids::{Digest, FindingId, StageId, Timestamp};
use crate::pipeline::condition::{Condition, Facts, Field, Value};
use crate::pipeline::model::{Edge, GateId, GateRule, Role, Stage};
use crate::reason;
use crate::risk::RiskClass;
use crate::state::{OpenGate, RunState, StageStatus};

/// When a gate that opens now is shut.
pub(super) fn expires(rule: &GateRule, now: Timestamp) -> Option<Timestamp> {
    let seconds = rule.timeout_seconds?;
    Some(Timestamp(now.0.saturating_add(seconds.saturating_mul(1000))))
}

/// A gate before or after a stage opens, or policy passes it because one of its conditions does not hold; never where
/// what was made touches protected paths. `made` is what the stage has just made.
pub(super) fn opened(
    state: &RunState,
    stage: &Stage,
    edge: Edge,
    made: Option<&ArtifactRef>,
    now: Timestamp,
) -> Event {
    let gate = GateId { stage: stage.id.clone(), edge };
    let mut sees: Vec<Digest> =
        stage.needs.iter().filter_map(|need| Some(state.passed(need)?.digest.clone())).collect();
    let own = made.map(|made| (&stage.id, &made.facts));
    let rule = stage.rule(edge);
    let guarded = made.is_some_and(|made| !made.protected.is_empty()) || merges_unsealed(state, stage);
    let not_needed =
        rule.when.iter().find(|condition| !guarded && holds(state, condition, own) == Some(false));
    sees.extend(made.map(|made| made.digest.clone()));
    match not_needed {
        Some(condition) => Event::PolicyJudged {
            gate,
            sees,
            passed: true,
            reason: format!("nobody is asked unless {condition}"),
            scored: None,
        },
        None => Event::GateOpened { gate, sees, expires: expires(&rule, now), escalation: None },
    }
}

/// The protected paths that are decided on at a gate: those that the build before it touches, since the specification
/// names them. Where there is any, nobody can have decided in advance.
pub fn protected_at<'a>(state: &'a RunState, gate: &GateId) -> &'a [String] {
    let made = state.stages.get(&gate.stage).and_then(|stage| stage.artifact.as_ref());
    match (gate.edge, made) {
        (Edge::Exit, Some(made)) => &made.protected,
        (Edge::Exit, None) | (Edge::Entry | Edge::Escalation | Edge::Budget, _) => &[],
    }
}

/// Whether a stage merges what was made and judged where nothing kept the holdouts hidden. A person is asked, whatever the
/// pipeline says, and cannot have answered in advance.
pub fn merges_unsealed(state: &RunState, stage: &Stage) -> bool {
    state.started.unsealed.is_some() && stage.makes == ArtifactKind::Merge
}

/// Whether a condition holds, as far as is known. `own` are the facts of what a stage has just made.
pub(super) fn holds(
    state: &RunState,
    condition: &Condition,
    own: Option<(&StageId, &Facts)>,
) -> Option<bool> {
    match own {
        Some((stage, facts)) if *stage == condition.stage => condition.holds(facts),
        Some(_) | None => condition.holds(&state.passed(&condition.stage)?.facts),
    }
}

/// A person was shown what a gate shows.
pub(super) fn look(
    state: &RunState,
    gate: GateId,
    by: Person,
    seen: Vec<Digest>,
    verdict_shown: bool,
) -> Result<Vec<Event>, Rejection> {
    let open = open(state, &gate)?;
    if open.sees != seen {
        return Err(Rejection::Stale(gate));
    }
    let verdict_shown = verdict_shown && verdict(state, &seen).is_some();
    if looked(state, &gate, &by).is_some_and(|before| before || !verdict_shown) {
        return Err(Rejection::AlreadySeen);
    }
    Ok(vec![Event::GateSeen { gate, by, seen, verdict_shown }])
}

/// Whether a person has looked at what the gate shows, and if so whether they saw what the evaluator had said.
fn looked(state: &RunState, gate: &GateId, by: &Person) -> Option<bool> {
    match &state.stages.get(&gate.stage)?.status {
        StageStatus::AtGate { looked, .. } => looked.get(&by.login).copied(),
        StageStatus::Pending
        | StageStatus::Soaking { .. }
        | StageStatus::Running { .. }
        | StageStatus::Blocked { .. }
        | StageStatus::Produced
        | StageStatus::Failed
        | StageStatus::Passed
        | StageStatus::Skipped => None,
    }
}

fn open(state: &RunState, gate: &GateId) -> Result<OpenGate, Rejection> {
    let open = state.open_gates().into_iter().find(|open| &open.gate == gate);
    open.ok_or_else(|| Rejection::GateClosed(gate.clone()))
}

/// A person decides.
pub(super) fn decided(state: &RunState, wanted: Deciding, now: Timestamp) -> Result<Vec<Event>, Rejection> {
    let open = open(state, &wanted.gate)?;
    let id = &wanted.gate.stage;
    let stage = state.started.pipeline.stage(id).ok_or_else(|| Rejection::NoStage(id.clone()))?;
    if open.sees != wanted.seen {
        return Err(Rejection::Stale(wanted.gate));
    }
    if let Some(until) = open.expires.filter(|until| *until <= now) {
        return Err(Rejection::Expired { gate: wanted.gate, until });
    }
    let because = reason::check(&wanted.because)?;
    may_decide(state, stage, &open, &wanted)?;
    let edited = edited(state, stage, &wanted)?;
    let follows = follows(state, stage, &open, &wanted, now)?;
    let Deciding { gate, decision, by, via, seen, note, overrides, because: _, edited: _ } = wanted;
    let verdict = verdict(state, &seen).map(|verdict| {
        let shown = match (via, decision) {
            (Channel::Terminal, _) => true,
            (Channel::InAdvance, _) => false,
            // Whoever names all that is wrong knows that something is.
            (Channel::Command, Decision::Overridden) => true,
            (Channel::Command, Decision::Approved | Decision::Rejected | Decision::Retried) => {
                verdict.shown_to.contains(&by.login)
            }
        };
        VerdictSeen { verify: verdict.verify, passed: verdict.passed, shown }
    });
    let waited_ms = now.since(open.since);
    let note = note.map(|note| note.trim().to_owned());
    let risk = risk(state);
    let decided = GateDecided {
        gate,
        decision,
        by,
        via,
        because,
        seen,
        waited_ms,
        verdict,
        risk,
        edited,
        note,
        overrides,
    };
    let mut events = vec![Event::GateDecided(Box::new(decided))];
    events.extend(follows);
    Ok(events)
}

/// Whether this person may make this decision at this gate, and whether it is one that can be made there.
fn may_decide(state: &RunState, stage: &Stage, open: &OpenGate, wanted: &Deciding) -> Result<(), Rejection> {
    let gate = || wanted.gate.clone();
    let login = || wanted.by.login.clone();
    let rule = stage.rule(wanted.gate.edge);
    let wrong =
        |instead| Rejection::WrongDecision { gate: gate(), decision: wanted.decision.as_str(), instead };
    match (wanted.gate.edge, wanted.decision) {
        (Edge::Entry | Edge::Exit, Decision::Approved | Decision::Rejected | Decision::Retried)
        | (Edge::Escalation, Decision::Rejected | Decision::Retried | Decision::Overridden)
        | (Edge::Budget, Decision::Approved | Decision::Rejected) => {}
        (Edge::Entry | Edge::Exit, Decision::Overridden) => {
            return Err(wrong("nothing is wrong there that could be overridden; approve, retry or reject"));
        }
        (Edge::Escalation, Decision::Approved) if is_overridable(state, stage, open) => {
            return Err(wrong("something is wrong; retry with a note, reject, or override each finding"));
        }
        (Edge::Escalation, Decision::Approved) => {
            return Err(wrong("something is wrong; retry with a note, or reject"));
        }
        (Edge::Budget, Decision::Retried | Decision::Overridden) => {
            return Err(wrong("approve to grant the same budget once more, or reject"));
        }
    }
    if wanted.note.is_some() && wanted.decision != Decision::Retried {
        return Err(wrong("a note is for another try; say why in the reason"));
    }
    if !wanted.overrides.is_empty() && wanted.decision != Decision::Overridden {
        return Err(wrong("findings are named by who overrides them"));
    }
    let answered_by_nobody = matches!(wanted.gate.edge, Edge::Escalation | Edge::Budget)
        || !protected_at(state, &wanted.gate).is_empty()
        || merges_unsealed(state, stage);
    if wanted.via == Channel::InAdvance && (rule.asks_for_somebody() || answered_by_nobody) {
        return Err(Rejection::NotInAdvance(gate()));
    }
    let group = rule.authority.as_ref().and_then(|name| state.started.pipeline.authorities.get(name));
    if let Some(name) = &rule.authority {
        let member = group.is_some_and(|group| {
            group.people.contains(&wanted.by.login)
                || wanted.by.key().is_some_and(|key| group.keys.iter().any(|listed| listed == key))
        });
        if !member {
            return Err(Rejection::NoAuthority { gate: gate(), login: login(), authority: name.clone() });
        }
    }
    let agrees = matches!(wanted.decision, Decision::Approved | Decision::Overridden);
    if agrees && rule.not_requester && same_person(&wanted.by, &state.started.requested_by) {
        return Err(Rejection::Requester { gate: gate(), login: login() });
    }
    let keys = group.map(|group| &group.keys);
    let twice = |before: &Person| {
        same_person(before, &wanted.by)
            && !hold_two_keys(keys, before, &wanted.by)
            && !takes_the_place_of(before, &wanted.by)
    };
    if agrees && open.approved_by.iter().any(twice) {
        return Err(Rejection::SamePerson { gate: gate(), login: login() });
    }
    Ok(())
}

/// Whether two people signed with different keys of a group. By listing both, the group says that two people hold them,
/// whatever account they share.
fn hold_two_keys(listed: Option<&Vec<String>>, a: &Person, b: &Person) -> bool {
    let (Some(listed), Some(a), Some(b)) = (listed, a.key(), b.key()) else { return false };
    a != b && [a, b].iter().all(|key| listed.iter().any(|one| one == key))
}

/// Whether a signed approval says better what an unsigned one of maybe the same person said: then it counts instead, so
/// that who forgot to sign keeps nobody from signing.
pub(crate) fn takes_the_place_of(before: &Person, by: &Person) -> bool {
    before.key().is_none() && by.key().is_some() && same_person(before, by)
}

/// Whether two names are, or may be, the same person's: one thing in common is enough.
fn same_person(a: &Person, b: &Person) -> bool {
    let mail = |person: &Person| person.email.as_ref().map(|mail| mail.trim().to_lowercase());
    a.login == b.login
        || (mail(a).is_some() && mail(a) == mail(b))
        || (a.key().is_some() && a.key() == b.key())
}

/// What takes the place of the artifact that the gate shows.
fn edited(state: &RunState, stage: &Stage, wanted: &Deciding) -> Result<Option<ArtifactRef>, Rejection> {
    let Some(artifact) = &wanted.edited else { return Ok(None) };
    let editable = match stage.makes {
        ArtifactKind::Design
        | ArtifactKind::Tests
        | ArtifactKind::Recon
        | ArtifactKind::Plan
        | ArtifactKind::Tasks => true,
        // What is measured, built or merged is no opinion.
        ArtifactKind::Spec
        | ArtifactKind::Build
        | ArtifactKind::Review
        | ArtifactKind::Verify
        | ArtifactKind::Merge
        | ArtifactKind::Lessons => false,
    };
    if !editable || wanted.gate.edge != Edge::Exit || wanted.decision != Decision::Approved {
        return Err(Rejection::NotEditable(wanted.gate.clone()));
    }
    let reference = made::reference(state, stage, artifact)?;
    made::exit_criteria(state, &artifact.body).map_err(|(_, detail)| Rejection::BadEdit(detail))?;
    Ok(Some(reference))
}

/// What follows from the decision: the end, or work that goes back.
fn follows(
    state: &RunState,
    stage: &Stage,
    open: &OpenGate,
    wanted: &Deciding,
    now: Timestamp,
) -> Result<Vec<Event>, Rejection> {
    match wanted.decision {
        Decision::Approved => Ok(Vec::new()),
        Decision::Rejected => Ok(vec![super::ended(state, Outcome::Rejected { gate: wanted.gate.clone() })]),
        Decision::Retried => retried(state, stage, open, wanted),
        Decision::Overridden => {
            check_override(state, stage, open, wanted)?;
            let quarantined = open.escalation.as_deref().is_some_and(tripwire::is_quarantine);
            Ok(if quarantined { tripwire::let_go(state, stage, now) } else { Vec::new() })
        }
    }
}

/// The work goes back, with the note and with what the last try was to be told.
fn retried(
    state: &RunState,
    stage: &Stage,
    open: &OpenGate,
    wanted: &Deciding,
) -> Result<Vec<Event>, Rejection> {
    let note = wanted.note.as_deref().ok_or(Rejection::NoNote)?;
    let note = reason::check(note)?;
    let correction = open.escalation.as_ref().and_then(|escalation| escalation.correction.clone());
    let to = match wanted.gate.edge {
        Edge::Exit | Edge::Budget => stage.id.clone(),
        Edge::Escalation => match (&correction, &stage.returns_to) {
            (Some(_), Some(target)) => target.clone(),
            // Nothing is told of the vault, but what a person says; measuring once more would not mend anything.
            (None, Some(target)) if is_about_the_vault(open) => target.clone(),
            (Some(_), None) | (None, _) => stage.id.clone(),
        },
        Edge::Entry => {
            let implementer = |need: &&StageId| {
                state.started.pipeline.stage(need).is_some_and(|s| s.role == Role::Implementer)
            };
            stage.needs.iter().find(implementer).cloned().ok_or_else(|| Rejection::WrongDecision {
                gate: wanted.gate.clone(),
                decision: wanted.decision.as_str(),
                instead: "nothing that it shows was made by an implementer; approve or reject",
            })?
        }
    };
    if stuck::undoes_merge(state, &to) {
        return Err(Rejection::WrongDecision {
            gate: wanted.gate.clone(),
            decision: wanted.decision.as_str(),
            instead: "what would be made again is merged already; approve or reject",
        });
    }
    let back = |correction| Event::SentBack { from: stage.id.clone(), to: to.clone(), correction };
    let mut events: Vec<Event> = correction.into_iter().map(back).collect();
    events.push(back(SentBack::Note { note }));
    Ok(events)
}

fn is_about_the_vault(open: &OpenGate) -> bool {
    open.escalation.as_ref().is_some_and(|escalation| escalation.why == Stuck::Vault)
}

/// An override is for a verdict on the patch that is there, for a base that has moved, or for what a tripwire caught, and
/// names all that is wrong.
fn check_override(
    state: &RunState,
    stage: &Stage,
    open: &OpenGate,
    wanted: &Deciding,
) -> Result<(), Rejection> {
    if !is_overridable(state, stage, open) {
        return Err(Rejection::WrongDecision {
            gate: wanted.gate.clone(),
            decision: wanted.decision.as_str(),
            instead: "there is no verdict that could be overridden; retry with a note, or reject",
        });
    }
    let mut named = wanted.overrides.clone();
    named.sort();
    named.dedup();
    let mut expected = findings(open).to_vec();
    expected.sort();
    expected.dedup();
    if named == expected {
        Ok(())
    } else {
        let expected: Vec<&str> = expected.iter().map(|finding| finding.as_str()).collect();
        Err(Rejection::WrongOverride { gate: wanted.gate.clone(), expected: expected.join(", ") })
    }
}

/// What is wrong, as far as it has names.
fn findings(open: &OpenGate) -> &[FindingId] {
    open.escalation.as_ref().map_or(&[][..], |escalation| escalation.findings.as_slice())
}

/// Whether there is something at the open gate that a person can go on against.
pub fn can_override(state: &RunState, open: &OpenGate) -> bool {
    let stage = state.started.pipeline.stage(&open.gate.stage);
    open.gate.edge == Edge::Escalation && stage.is_some_and(|stage| is_overridable(state, stage, open))
}

/// A verdict on the patch that is there, a base that has moved, or something in quarantine that is otherwise sound, with
/// findings that can be named.
fn is_overridable(state: &RunState, stage: &Stage, open: &OpenGate) -> bool {
    let made = state.stages.get(&stage.id).and_then(|stage| stage.artifact.as_ref());
    let shown = made.is_some_and(|made| open.sees.contains(&made.digest));
    let quarantined = open.escalation.as_deref().is_some_and(tripwire::is_quarantine);
    let judged = match stage.makes {
        ArtifactKind::Review | ArtifactKind::Verify => shown,
        ArtifactKind::Merge => true,
        ArtifactKind::Spec
        | ArtifactKind::Design
        | ArtifactKind::Tests
        | ArtifactKind::Recon
        | ArtifactKind::Plan
        | ArtifactKind::Tasks
        | ArtifactKind::Build
        | ArtifactKind::Lessons => quarantined && shown,
    };
    judged && !findings(open).is_empty()
}

/// What the evaluator has said of the patch.
struct Judged<'a> {
    /// The verification's digest.
    verify: Digest,
    passed: bool,
    /// Logins of those who know, from whichever gate.
    shown_to: &'a BTreeSet<String>,
}

/// What the evaluator has said of the patch, if that is among what is seen.
fn verdict<'a>(state: &'a RunState, seen: &[Digest]) -> Option<Judged<'a>> {
    state.stages.iter().find_map(|(id, at)| {
        let artifact = at.artifact.as_ref()?;
        let stage = state.started.pipeline.stage(id)?;
        if stage.makes != ArtifactKind::Verify || !seen.contains(&artifact.digest) {
            return None;
        }
        let met = at.verdicts.iter().rev().find(|verdict| verdict.artifact == artifact.digest)?.met;
        Some(Judged { verify: artifact.digest.clone(), passed: met, shown_to: &at.shown_to })
    })
}

/// The risk class of the patch that is there.
fn risk(state: &RunState) -> Option<RiskClass> {
    state.stages.values().find_map(|at| match at.artifact.as_ref()?.facts.get(&Field::Risk)? {
        Value::Risk(class) => Some(*class),
        Value::Count(_) | Value::Flag(_) => None,
    })
}
