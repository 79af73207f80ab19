//! Gates that wait for a person, blocked stages, and what is performed meanwhile.

use factory_core::artifact::{Body, Build, CheckOutcome};
use factory_core::command::Command;
use factory_core::decide;
use factory_core::event::{Decision, Event};
use factory_core::evolve::{self, BrokenLog};
use factory_core::ids::{Attempt, Timestamp};
use factory_core::pipeline::model::{EntryGate, ExitGate};
use factory_core::state::{Phase, StageStatus};
use factory_testkit::samples;

use crate::walk::{self, Walk};

#[test]
fn a_rejection_ends_the_run_where_it_was_made() {
    for gate in [samples::exit("plan"), samples::entry("merge")] {
        let mut walk = Walk::up_to("plan");
        if gate.stage.as_str() == "merge" {
            walk = Walk::up_to("merge");
        } else {
            walk.produce("plan", Body::Plan(samples::plan()));
        }
        let seen = walk.sees(&gate);
        let events = walk.obey(walk::decision(&gate, Decision::Rejected, seen));
        assert_eq!(
            walk::story(&events),
            [format!("decided {gate} Rejected"), format!("ended rejected at {gate}")]
        );
        assert_eq!(walk.state().phase(), Phase::Rejected);
        assert!(walk.wanted().is_empty());
        assert!(walk.state().open_gates().is_empty());
    }
}

#[test]
fn a_blocked_stage_goes_on_with_the_same_try() {
    let mut walk = Walk::up_to("tasks");
    walk.fail("tasks");
    let events = walk.block("tasks");
    assert_eq!(walk::story(&events), ["blocked tasks/2"]);
    assert_eq!(walk.state().phase(), Phase::Blocked);
    assert!(walk.wanted().is_empty(), "nothing is performed while a stage is blocked");
    assert_eq!(
        walk.stage("tasks").status,
        StageStatus::Blocked { attempt: Attempt(2), detail: "nobody answers".to_owned() }
    );

    let events = walk.obey(Command::Resume);
    assert_eq!(walk::story(&events), ["unblocked tasks/2"]);
    assert_eq!(walk.wanted(), ["tasks/2"]);
    assert_eq!(walk.stage("tasks").tries, 2, "a block is no try");

    // However often: it never uses up a try.
    for _ in 0..20 {
        walk.block("tasks");
        walk.obey(Command::Resume);
    }
    let events = walk.produce("tasks", Body::Tasks(samples::tasks()));
    assert_eq!(walk::story(&events), ["produced tasks/2", "started build/1"]);
    assert_eq!(walk.state().usage.calls, 3 + 21 * 2, "what was used before a block counts");
}

#[test]
fn what_a_gate_waited_is_never_negative() {
    let mut walk = Walk::up_to("plan");
    walk.produce("plan", Body::Plan(samples::plan()));
    let decided =
        walk::decision(&samples::exit("plan"), Decision::Approved, walk.sees(&samples::exit("plan")));
    let events = decide::decide(walk.state.as_ref(), decided, Timestamp(1)).unwrap();
    let Event::GateDecided(decided) = &events[0] else { panic!("{events:?}") };
    assert_eq!(decided.waited_ms, 0, "the clock went back");
}

/// A pipeline in which people decide before and after a build.
fn guarded_build() -> Walk {
    let mut started = samples::started();
    for stage in &mut started.pipeline.stages {
        if stage.id.as_str() == "build" {
            stage.entry_gate = EntryGate::Human;
            stage.exit_gate = ExitGate::Human;
        }
    }
    let mut walk = Walk::of(started);
    walk.go_on_to("build");
    walk
}

#[test]
fn a_stage_with_two_gates_asks_before_and_after() {
    let mut walk = guarded_build();
    assert_eq!(walk.state().open_gates()[0].gate, samples::entry("build"));
    assert!(walk.wanted().is_empty());
    let before = walk.sees(&samples::entry("build"));
    let events = walk.approve(&samples::entry("build"));
    assert_eq!(walk::story(&events), ["decided build:entry Approved", "started build/1"]);
    let events = walk.produce("build", Body::Build(samples::build("hello")));
    assert_eq!(walk::story(&events), ["produced build/1", "opened build:exit"]);
    let after = walk.sees(&samples::exit("build"));
    assert_eq!(after[..3], before[..], "whoever decides after sees all that was seen before");
    assert_eq!(after[3], walk.stage("build").artifact.as_ref().unwrap().digest);
    let events = walk.approve(&samples::exit("build"));
    assert_eq!(walk::story(&events), ["decided build:exit Approved", "started review/1"]);
}

#[test]
fn nobody_is_asked_about_a_build_whose_checks_fail() {
    let mut walk = guarded_build();
    walk.approve(&samples::entry("build"));
    for attempt in 1..=2 {
        let events = walk.produce("build", Body::Build(red()));
        assert_eq!(
            walk::story(&events),
            [
                format!("produced build/{attempt}"),
                "sent back build to build".to_owned(),
                "opened build:entry".to_owned()
            ]
        );
        walk.approve(&samples::entry("build"));
    }
    let events = walk.produce("build", Body::Build(red()));
    assert_eq!(walk::story(&events), ["produced build/3", "opened build:escalation"]);
    assert_eq!(walk.gates(), ["build:escalation"], "but about what to do now");
}

fn red() -> Build {
    Build { checks: vec![samples::check(CheckOutcome::Failed { status: 1 })], ..samples::build("hello") }
}

#[test]
fn a_log_that_is_not_one_of_a_run_is_refused() {
    let started = Event::RunStarted(Box::new(samples::started()));
    let unknown = Event::StageStarted { stage: samples::stage("deploy"), attempt: Attempt::FIRST };
    let fold = |events: &[Event]| evolve::evolve_all(None, events, Timestamp(1));
    assert_eq!(fold(std::slice::from_ref(&unknown)), Err(BrokenLog::NoStart));
    assert_eq!(fold(&[started.clone(), started.clone()]), Err(BrokenLog::StartedTwice));
    assert_eq!(fold(&[started, unknown]), Err(BrokenLog::UnknownStage(samples::stage("deploy"))));
}
