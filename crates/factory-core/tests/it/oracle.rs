//! What must hold of every history, found from its events and the artifacts alone: nothing here asks the core.

use std::collections::BTreeMap;

use factory_core::artifact::{Artifact, Body};
use factory_core::event::{Decision, Event, GateDecided, Outcome, Record};
use factory_core::ids::{Attempt, Digest, StageId};
use factory_core::pipeline::model::{EntryGate, ExitGate, GateId, Pipeline};
use factory_testkit::samples;

/// Checks a log.
///
/// # Panics
/// When something does not hold.
pub(crate) fn check(log: &[Record], artifacts: &BTreeMap<Digest, Artifact>) {
    let events: Vec<&Event> = log.iter().flat_map(|record| &record.events).collect();
    let Some(Event::RunStarted(started)) = events.first() else {
        assert!(events.is_empty(), "a log begins with the run's start");
        return;
    };
    let starts = events.iter().filter(|event| matches!(event, Event::RunStarted(_))).count();
    assert_eq!(starts, 1, "a run starts once");
    tries(&events, &started.pipeline);
    reports(&events);
    gates(&events, &started.pipeline);
    if let Some(end) = events.iter().position(|event| matches!(event, Event::RunEnded { .. })) {
        assert_eq!(end, events.len() - 1, "nothing happens after the end");
        if let Event::RunEnded { outcome: Outcome::Merged { merge } } = events[end] {
            merged(&events, artifacts, merge);
        }
    }
}

/// No stage is tried more often than it may be, counted from the last time that work was sent back to a stage before
/// it; and a try's number is never used again.
fn tries(events: &[&Event], pipeline: &Pipeline) {
    let mut tries: BTreeMap<&StageId, u32> = BTreeMap::new();
    let mut last: BTreeMap<&StageId, Attempt> = BTreeMap::new();
    for event in events {
        match event {
            Event::StageStarted { stage, attempt } => {
                let count = tries.entry(stage).or_default();
                *count += 1;
                let most = pipeline.stage(stage).expect("a stage of the pipeline").attempts;
                assert!(*count <= most, "{stage} was tried {count} times, of {most}");
                assert!(
                    last.insert(stage, *attempt).is_none_or(|last| last < *attempt),
                    "{stage}/{attempt} twice"
                );
            }
            Event::SentBack { to, .. } => tries.retain(|stage, _| !comes_after(pipeline, stage, to)),
            Event::RunStarted(_)
            | Event::StageProduced { .. }
            | Event::StageFailed { .. }
            | Event::StageBlocked { .. }
            | Event::StageUnblocked { .. }
            | Event::GateOpened { .. }
            | Event::GateDecided(_)
            | Event::PolicyJudged { .. }
            | Event::RunEnded { .. } => {}
        }
    }
}

fn comes_after(pipeline: &Pipeline, stage: &StageId, before: &StageId) -> bool {
    let needs = &pipeline.stage(stage).expect("a stage of the pipeline").needs;
    needs.iter().any(|need| need == before || comes_after(pipeline, need, before))
}

/// Every try comes to one end, and only a try that is being made.
fn reports(events: &[&Event]) {
    let mut running: Vec<(&StageId, Attempt)> = Vec::new();
    let mut blocked: Vec<(&StageId, Attempt)> = Vec::new();
    let take = |from: &mut Vec<(&StageId, Attempt)>, stage: &StageId, attempt: Attempt| {
        let at = from.iter().position(|of| *of == (stage, attempt));
        from.swap_remove(at.unwrap_or_else(|| panic!("{stage}/{attempt} is not being made")));
    };
    for event in events {
        match event {
            Event::StageStarted { stage, attempt } => running.push((stage, *attempt)),
            Event::StageProduced { stage, attempt, .. } | Event::StageFailed { stage, attempt, .. } => {
                take(&mut running, stage, *attempt);
            }
            Event::StageBlocked { stage, attempt, .. } => {
                take(&mut running, stage, *attempt);
                blocked.push((stage, *attempt));
            }
            Event::StageUnblocked { stage, attempt } => {
                take(&mut blocked, stage, *attempt);
                running.push((stage, *attempt));
            }
            Event::RunStarted(_)
            | Event::GateOpened { .. }
            | Event::GateDecided(_)
            | Event::PolicyJudged { .. }
            | Event::SentBack { .. }
            | Event::RunEnded { .. } => {}
        }
    }
}

/// Whoever guards a stage has let in what is there now, and not what was there before work was sent back; and nothing
/// that came out counts before whoever guards its way out has said so.
fn gates(events: &[&Event], pipeline: &Pipeline) {
    for (at, event) in events.iter().enumerate() {
        let Event::StageStarted { stage: id, .. } = event else { continue };
        let stage = pipeline.stage(id).expect("a stage of the pipeline");
        let sent_back = |event: &&Event| matches!(event, Event::SentBack { to, .. } if to == id || comes_after(pipeline, id, to));
        let fresh = events[..at].iter().rposition(sent_back).unwrap_or(0);
        let approved = |gate: &GateId| {
            events[fresh..at].iter().any(|event| {
                matches!(event, Event::GateDecided(decided)
                    if decided.gate == *gate && decided.decision == Decision::Approved)
            })
        };
        if stage.entry_gate == EntryGate::Human {
            assert!(approved(&samples::entry(id.as_str())), "{id} started without its gate");
        }
        for need in stage.needs.iter().filter_map(|need| pipeline.stage(need)) {
            let passed = events[..at].iter().rev().find_map(|event| match event {
                Event::StageProduced { stage, .. } if *stage == need.id => {
                    Some(need.exit_gate == ExitGate::None)
                }
                Event::GateDecided(decided) if decided.gate == samples::exit(need.id.as_str()) => Some(true),
                Event::PolicyJudged { gate, passed, .. } if *gate == samples::exit(need.id.as_str()) => {
                    Some(*passed)
                }
                Event::RunStarted(_)
                | Event::StageStarted { .. }
                | Event::StageProduced { .. }
                | Event::StageFailed { .. }
                | Event::StageBlocked { .. }
                | Event::StageUnblocked { .. }
                | Event::GateOpened { .. }
                | Event::GateDecided(_)
                | Event::PolicyJudged { .. }
                | Event::SentBack { .. }
                | Event::RunEnded { .. } => None,
            });
            assert_eq!(passed, Some(true), "{id} started before {} had passed", need.id);
        }
    }
}

/// What is merged was built last, passed the policy's gate after its verification, and a person has seen exactly that.
fn merged(events: &[&Event], artifacts: &BTreeMap<Digest, Artifact>, merge: &Digest) {
    let last_made = |id: &str| {
        let made =
            |event: &&&Event| matches!(event, Event::StageProduced { stage, .. } if stage.as_str() == id);
        let at = events.iter().rposition(|event| made(&event)).unwrap_or_else(|| panic!("{id} was made"));
        let Event::StageProduced { artifact, .. } = events[at] else { unreachable!("found as such") };
        (at, &artifact.digest)
    };
    let (built_at, built) = last_made("build");
    let (reviewed_at, reviewed) = last_made("review");
    let (verified_at, verified) = last_made("verify");
    let (merged_at, merged) = last_made("merge");
    assert_eq!(merged, merge);
    let judged_at = reviewed_at.max(verified_at);
    assert!(built_at < reviewed_at.min(verified_at) && judged_at < merged_at, "each after the other");

    let body = |digest: &Digest| &artifacts[digest].body;
    let (Body::Build(build), Body::Verify(verify), Body::Merge(merge)) =
        (body(built), body(verified), body(merged))
    else {
        panic!("artifacts of other kinds");
    };
    let patch = build.patch.digest();
    assert_eq!((&verify.patch, &merge.patch), (&patch, &patch), "built, verified and merged are one patch");
    assert!(
        build.checks.iter().all(factory_core::artifact::CheckResult::passed),
        "the project's checks passed"
    );
    let measured = (verify.inconclusive, verify.critical_passed, verify.passed * 100 >= 90 * verify.total());
    assert_eq!(measured, (0, true, true), "the bar was met");
    assert!(verify.passed > 0, "something was measured");

    for (id, at, digest) in [("review", reviewed_at, reviewed), ("verify", verified_at, verified)] {
        let judged = events[at..].iter().any(|event| {
            matches!(event, Event::PolicyJudged { gate, sees, passed: true, .. }
                if *gate == samples::exit(id) && sees.contains(digest))
        });
        assert!(judged, "policy passed the {id} of what is merged");
    }
    let approved = |decided: &GateDecided, id| decided.gate == id && decided.decision == Decision::Approved;
    let seen = events[judged_at..].iter().any(|event| {
        matches!(event, Event::GateDecided(decided) if approved(decided, samples::entry("merge"))
            && [built, reviewed, verified].iter().all(|digest| decided.seen.contains(digest))
            && !decided.because.trim().is_empty())
    });
    assert!(seen, "a person approved the merge of exactly this");
}
