//! What a tripwire caught: a person is asked at once, nothing in advance passes it, and what goes on was named.

use factory_core::artifact::{Artifact, Body, CheckOutcome};
use factory_core::command::{Command, Deciding};
use factory_core::decide::{self, Rejection};
use factory_core::event::{Channel, Decision, Event, FailureKind, Outcome, Stuck};
use factory_core::ids::FindingId;
use factory_core::pipeline::model::{OnExhausted, Pipeline};
use factory_core::state::StageStatus;
use factory_testkit::samples;
use proptest::prelude::*;

use crate::walk::{self, Walk};

const FOUND: [&str; 2] = ["canary:src/x.py", "shingle:summary"];

fn findings(names: &[&str]) -> Vec<FindingId> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn quarantine(walk: &Walk, stage: &str, body: Option<Body>, found: &[&str]) -> Command {
    Command::Quarantine {
        stage: samples::stage(stage),
        attempt: walk.attempt(stage),
        artifact: body.map(|body| Box::new(Artifact::new(body, Vec::new()))),
        evidence: Vec::new(),
        findings: findings(found),
        detail: "it holds what only the holdouts say".to_owned(),
        usage: walk::USED,
    }
}

/// A tripwire goes off at what the stage made.
fn caught_at(mut walk: Walk, stage: &str) -> Walk {
    walk.go_on_to(stage);
    let command = quarantine(&walk, stage, Some(walk.good(stage)), &FOUND);
    walk.obey(command);
    walk
}

fn overriding(walk: &Walk, gate: &str, named: &[&str]) -> Deciding {
    Deciding { overrides: findings(named), ..walk.decides(&samples::gate(gate), Decision::Overridden) }
}

#[test]
fn a_person_is_asked_at_once_whatever_tries_are_left() {
    let walk = caught_at(Walk::begun(), "build");
    assert_eq!(walk.gates(), ["build:escalation"]);
    let story = walk.whole_story();
    assert_eq!(story[story.len() - 2..], ["produced build/1", "opened build:escalation"]);
    let open = walk.open(&samples::gate("build:escalation"));
    assert!(open.sees.contains(&walk.made("build")));
    assert!(decide::can_override(walk.state(), &open));
    let escalation = open.escalation.unwrap();
    assert_eq!((escalation.why, escalation.kind), (Stuck::Tripwire, FailureKind::Tripwire));
    assert_eq!((escalation.findings, escalation.correction), (findings(&FOUND), None));
    assert_eq!(walk.state().usage.calls, escalation.usage.calls);
}

#[test]
fn also_where_the_pipeline_would_end_the_run_for_a_stage_that_is_stuck() {
    let fails = |pipeline: &mut Pipeline| {
        pipeline.stages.iter_mut().for_each(|stage| stage.on_exhausted = OnExhausted::Fail);
    };
    let walk = caught_at(Walk::with(fails), "build");
    assert_eq!((walk.gates(), &walk.state().outcome), (vec!["build:escalation".to_owned()], &None));
}

#[test]
fn nothing_in_advance_passes_it_and_nobody_approves_it() {
    let mut walk = caught_at(Walk::begun(), "build");
    let gate = samples::gate("build:escalation");
    let named = overriding(&walk, "build:escalation", &FOUND);
    let refused = walk.decide_refused(Deciding { via: Channel::InAdvance, ..named });
    assert_eq!(refused, Rejection::NotInAdvance(gate.clone()));
    let approved = walk.decides(&gate, Decision::Approved);
    assert!(matches!(walk.decide_refused(approved), Rejection::WrongDecision { .. }));
    let unexplained = Deciding { because: "ok".to_owned(), ..overriding(&walk, "build:escalation", &FOUND) };
    assert!(matches!(walk.decide_refused(unexplained), Rejection::NoReason(_)));
    assert!(walk.state().let_go.is_empty());
}

#[test]
fn what_was_named_goes_on_to_the_merge() {
    let mut walk = caught_at(Walk::begun(), "build");
    let made = walk.made("build");
    let wanted = overriding(&walk, "build:escalation", &FOUND);
    let events = walk.decide(wanted);
    assert_eq!(walk::story(&events), ["decided build:escalation Overridden", "started review/1"]);
    assert!(walk.state().let_go.contains(&made));
    walk.finish();
    assert!(matches!(walk.state().outcome, Some(Outcome::Merged { .. })));
}

#[test]
fn another_try_begins_without_what_was_caught() {
    let mut walk = caught_at(Walk::begun(), "build");
    walk.retry(&samples::gate("build:escalation"), "leave the scenarios alone");
    assert_eq!(walk.stage("build").artifact, None);
    assert_eq!(walk.wanted(), ["build/2"]);
    // An ordinary retry goes on from the patch that is there.
    let mut ordinary = Walk::up_to("build");
    ordinary.make("build");
    ordinary.go_on_to("merge");
    ordinary.retry(&samples::entry("merge"), "say it first");
    assert!(ordinary.stage("build").artifact.is_some());
}

#[test]
fn whoever_is_asked_about_an_artifact_anyway_is_still_asked() {
    let mut walk = caught_at(Walk::begun(), "plan");
    let events = walk.override_all(&samples::gate("plan:escalation"));
    assert_eq!(walk::story(&events), ["decided plan:escalation Overridden", "opened plan:exit"]);
    assert_eq!(walk.sees(&samples::gate("plan:exit")).last(), Some(&walk.made("plan")));
    walk.approve(&samples::gate("plan:exit"));
    assert_eq!(walk.stage("plan").status, StageStatus::Passed);
}

#[test]
fn what_policy_would_have_said_has_to_be_named_too() {
    let mut walk = Walk::up_to("review");
    let command = quarantine(&walk, "review", Some(Body::Review(samples::objection())), &["canary:review"]);
    walk.obey(command);
    let gate = samples::gate("review:escalation");
    let expected = findings(&["canary:review", "greeting.txt:1"]);
    assert_eq!(walk.open(&gate).escalation.unwrap().findings, expected);
    let wanted = overriding(&walk, "review:escalation", &["canary:review"]);
    assert!(matches!(walk.decide_refused(wanted), Rejection::WrongOverride { .. }));
    walk.override_all(&gate);
    assert_eq!(walk.wanted(), ["verify/1"]);
}

#[test]
fn what_is_not_sound_besides_can_only_be_made_again() {
    let mut red = samples::build("hello");
    red.checks = vec![samples::check(CheckOutcome::Failed { status: 1 })];
    let mut empty = samples::build("hello");
    empty.patch.changes.clear();
    for body in [Some(Body::Build(red)), Some(Body::Build(empty)), None] {
        let mut walk = Walk::up_to("build");
        let command = quarantine(&walk, "build", body, &FOUND);
        let events = walk.obey(command);
        assert_eq!(walk::story(&events), ["failed build/1 Tripwire", "opened build:escalation"]);
        let wanted = overriding(&walk, "build:escalation", &FOUND);
        assert!(matches!(walk.decide_refused(wanted), Rejection::WrongDecision { .. }));
        walk.retry(&samples::gate("build:escalation"), "leave the scenarios alone");
        assert_eq!(walk.wanted(), ["build/2"]);
    }
}

#[test]
fn only_what_a_model_works_on_is_watched() {
    for stage in ["spec", "verify", "merge"] {
        let mut walk = Walk::up_to(stage);
        if stage == "merge" {
            walk.approve(&samples::entry("merge"));
        }
        let command = quarantine(&walk, stage, None, &FOUND);
        assert_eq!(walk.refused(command), Rejection::NotWatched(samples::stage(stage)));
    }
    // A quarantine without any name is one all the same.
    let mut walk = Walk::up_to("build");
    let command = quarantine(&walk, "build", Some(walk.good("build")), &[]);
    walk.obey(command);
    let escalation = walk.open(&samples::gate("build:escalation")).escalation.unwrap();
    assert_eq!(escalation.findings, findings(&["tripwire"]));
}

proptest! {
    /// Whatever was found, exactly that has to be named.
    #[test]
    fn exactly_what_was_found_has_to_be_named(
        found in proptest::collection::btree_set("(canary|shingle):[a-z/]{1,12}", 1..5),
        left_out in any::<proptest::sample::Index>(),
        more in "[a-z]{3}:[a-z]{3}",
    ) {
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        let mut walk = Walk::up_to("build");
        let command = quarantine(&walk, "build", Some(walk.good("build")), &found);
        walk.obey(command);
        let mut fewer = found.clone();
        fewer.remove(left_out.index(found.len()));
        let others = [fewer, [&found[..], &[more.as_str()]].concat(), Vec::new()];
        for named in others {
            let wanted = overriding(&walk, "build:escalation", &named);
            let refused = walk.decide_refused(wanted);
            prop_assert!(matches!(refused, Rejection::WrongOverride { .. }), "{named:?}: {refused:?}");
        }
        let wanted = overriding(&walk, "build:escalation", &found);
        let events = walk.decide(wanted);
        let goes_on = matches!(events.last(), Some(Event::StageStarted { .. }));
        prop_assert!(goes_on, "{events:?}");
    }
}
