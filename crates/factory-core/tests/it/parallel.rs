//! Stages side by side: ties, and what one of them does to the others.

use factory_core::artifact::Body;
use factory_core::command::Command;
use factory_core::decide::Rejection;
use factory_core::event::{Decision, Event};
use factory_core::pipeline::model::ExitGate;
use factory_core::state::{Phase, StageStatus};
use factory_testkit::samples::{self, pipelines};

use crate::walk::{self, Walk};

/// Review and verification are performed.
fn judging() -> Walk {
    let mut started = samples::started();
    for stage in &mut started.pipeline.stages {
        stage.needs.retain(|need| stage.id.as_str() != "verify" || need.as_str() != "review");
    }
    let mut walk = Walk::of(started);
    walk.go_on_to("review");
    assert_eq!(walk.wanted(), ["review/1", "verify/1"]);
    walk
}

fn object(walk: &mut Walk) -> Vec<Event> {
    walk.produce("review", Body::Review(samples::objection()))
}

/// No try at the build is left, and both judges are at work.
fn last_try() -> Walk {
    let mut walk = judging();
    for _ in 0..2 {
        walk.measure(5);
        walk.make("build");
    }
    walk
}

#[test]
fn whichever_is_done_first_the_run_comes_to_the_same() {
    let mut first = judging();
    let mut second = first.clone();
    first.make("review");
    first.make("verify");
    second.make("verify");
    second.make("review");
    assert_eq!(
        first.state().stages.keys().collect::<Vec<_>>(),
        second.state().stages.keys().collect::<Vec<_>>()
    );
    assert_eq!(first.sees(&samples::entry("merge")), second.sees(&samples::entry("merge")));
    assert_eq!(first.state().usage, second.state().usage);
}

#[test]
fn the_same_commands_always_come_to_the_same_events() {
    let led = || {
        let mut walk = Walk::in_pipeline(pipelines::wide());
        walk.finish();
        walk.log
    };
    assert_eq!(led(), led());
}

#[test]
fn two_who_find_no_way_on_ask_one_after_the_other() {
    let mut walk = last_try();
    walk.measure(5);
    assert_eq!(walk.gates(), ["verify:escalation"]);
    assert_eq!(walk.state().phase(), Phase::Running, "the review goes on");
    object(&mut walk);
    assert_eq!(walk.gates(), ["review:escalation", "verify:escalation"]);

    // Whoever wants another try at the build settles both.
    let mut again = walk.clone();
    let (review, verify) = (samples::gate("review:escalation"), samples::gate("verify:escalation"));
    let late = again.decides(&verify, Decision::Rejected);
    again.retry(&review, "say please at the end");
    assert_eq!((again.wanted(), again.gates()), (vec!["build/4".to_owned()], Vec::new()));
    assert_eq!(again.decide_refused(late), Rejection::GateClosed(verify.clone()));

    // Whoever overrides one has not overridden the other.
    walk.override_all(&verify);
    assert_eq!(walk.gates(), ["review:escalation"]);
    walk.override_all(&review);
    assert_eq!(walk.gates(), ["merge:entry"]);
}

#[test]
fn work_that_goes_back_takes_along_who_was_blocked_or_asked() {
    let mut walk = judging();
    walk.block("verify");
    object(&mut walk);
    assert_eq!(walk.stage("verify").status, StageStatus::Pending);
    assert_eq!(walk.refused(Command::Resume), Rejection::NotBlocked);
    assert_eq!(walk.wanted(), ["build/2"]);
    walk.make("build");
    assert_eq!(walk.wanted(), ["review/2", "verify/2"]);
}

#[test]
fn whoever_says_no_at_one_gate_closes_the_others() {
    let mut pipeline = pipelines::wide();
    for stage in &mut pipeline.stages {
        if ["design", "recon"].contains(&stage.id.as_str()) {
            stage.exit_gate = ExitGate::Human;
        }
    }
    let mut walk = Walk::in_pipeline(pipeline);
    walk.make("spec");
    walk.make("design");
    assert_eq!((walk.state().phase(), walk.gates().len()), (Phase::Running, 1));
    walk.make("recon");
    assert_eq!(walk.gates(), ["design:exit", "recon:exit"]);
    let late = walk.decides(&samples::exit("recon"), Decision::Approved);
    walk.decide(walk.decides(&samples::exit("design"), Decision::Rejected));
    assert_eq!(walk.decide_refused(late), Rejection::Over(Phase::Rejected));
}

#[test]
fn a_late_report_on_what_was_overtaken_is_refused() {
    let mut walk = judging();
    object(&mut walk);
    for late in [walk::fail("verify", 1), walk::block("verify", 1)] {
        assert!(matches!(walk.refused(late), Rejection::NotRunning { .. }));
    }
    walk.make("build");
    // Its number is never used again, so that it cannot be taken for the try that is made now.
    for late in [walk::fail("verify", 1), walk::block("review", 1)] {
        assert!(matches!(walk.refused(late), Rejection::NotRunning { .. }));
    }
}

#[test]
fn one_that_is_overridden_is_judged_again_when_the_other_sends_the_work_back() {
    let mut walk = judging();
    for _ in 0..2 {
        let verify = samples::verify(walk.patch(), 9, 0, 1);
        walk.produce("verify", Body::Verify(verify));
    }
    walk.override_all(&samples::gate("verify:escalation"));
    assert_eq!(walk.stage("verify").status, StageStatus::Passed);
    object(&mut walk);
    assert_eq!(walk.stage("verify").status, StageStatus::Pending, "that was for the other patch");
    assert!(walk.stage("verify").artifact.is_none());
}
