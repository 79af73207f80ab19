//! Stages that wait for a time to come.

use factory_core::command::Command;
use factory_core::decide::Rejection;
use factory_core::event::Event;
use factory_core::evolve;
use factory_core::ids::Timestamp;
use factory_core::pipeline::condition::{Condition, Field, Test, Value};
use factory_core::state::{Phase, StageStatus};
use factory_testkit::samples::{self, pipelines};

use crate::walk::{self, Walk};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The merge waits a day.
fn soaking() -> Walk {
    let mut walk = Walk::in_pipeline(pipelines::patient());
    walk.go_on_to("merge");
    walk
}

#[test]
fn a_merge_waits_its_time_and_then_for_a_person() {
    let mut walk = Walk::in_pipeline(pipelines::patient());
    walk.go_on_to("verify");
    let events = walk.make("verify");
    assert_eq!(walk::story(&events), ["produced verify/1", "judged verify:exit passed", "soaking merge"]);
    let until = Timestamp(walk.now + DAY_MS);
    let Event::SoakBegan { until: said, .. } = &events[2] else { panic!("{events:?}") };
    assert_eq!(*said, until);
    assert_eq!(walk.state().phase(), Phase::Soaking);
    assert_eq!(walk.state().due(), Some(until));
    assert!(walk.wanted().is_empty() && walk.gates().is_empty());

    assert_eq!(walk.refused(Command::Tick), Rejection::NothingDue);
    walk.now = until.0 - 1001;
    assert_eq!(walk.refused(Command::Tick), Rejection::NothingDue, "a millisecond before");
    let events = walk.obey(Command::Tick);
    assert_eq!(walk::story(&events), ["soaked merge", "opened merge:entry"]);
    assert!(walk.stage("merge").soaked);
    assert_eq!(walk.state().due(), None);
    walk.approve(&samples::entry("merge"));
    assert_eq!(walk.wanted(), ["merge/1"], "it does not wait again");
}

#[test]
fn a_clock_that_goes_back_makes_nothing_happen_early() {
    let mut walk = soaking();
    let until = walk.state().due().unwrap();
    walk.now = 0;
    assert_eq!(walk.refused(Command::Tick), Rejection::NothingDue);
    assert_eq!(walk.state().due(), Some(until), "nor later");
    // It goes back before the wait begins, too: what was decided last is when it begins.
    let mut walk = Walk::in_pipeline(pipelines::patient());
    walk.go_on_to("verify");
    let changed = walk.state().changed_at;
    walk.now = 0;
    walk.make("verify");
    assert_eq!(walk.state().due(), Some(Timestamp(changed.0 + DAY_MS)));
}

#[test]
fn a_log_whose_times_go_back_folds_to_the_latest() {
    let mut walk = soaking();
    let changed = walk.state().changed_at;
    let ended = Event::SoakEnded { stage: samples::stage("merge") };
    walk.state = evolve::evolve_all(walk.state.take(), &[ended], Timestamp(1)).unwrap();
    assert_eq!(walk.state().changed_at, changed);
}

#[test]
fn what_others_do_a_millisecond_before_ends_no_wait() {
    // Tests wait an hour, and the plan is made meanwhile.
    let mut pipeline = pipelines::wide();
    let tests = pipeline.stages.iter_mut().find(|stage| stage.id.as_str() == "tests").unwrap();
    tests.soak_seconds = 60 * 60;
    for early in [1, 0] {
        let mut walk = Walk::in_pipeline(pipeline.clone());
        walk.go_on_to("plan");
        let until = walk.state().due().unwrap();
        walk.now = until.0 - early - 1000;
        let events = walk.make("plan");
        let ended = walk::story(&events).contains(&"soaked tests".to_owned());
        assert_eq!(ended, early == 0, "{early} ms before");
    }
}

#[test]
fn a_clock_that_jumps_ahead_ends_the_wait_once() {
    let mut walk = soaking();
    walk.now += 400 * DAY_MS;
    walk.obey(Command::Tick);
    assert_eq!(walk.refused(Command::Tick), Rejection::NothingDue);
    // And back again: what has happened stays.
    walk.now = 0;
    walk.approve(&samples::entry("merge"));
    walk.make("merge");
    assert!(walk.log.windows(2).all(|pair| pair[0].at <= pair[1].at), "the log's time never goes back");
}

#[test]
fn whatever_else_is_asked_ends_a_wait_that_is_over() {
    let mut walk = soaking();
    walk.now += DAY_MS;
    let verify = samples::stage("verify");
    // A look at the scorecard is no reason for anything to happen, a cancellation ends everything.
    let reveal = Command::Reveal {
        stage: verify,
        scorecard: factory_core::ids::Digest::of(b"scorecard"),
        by: samples::person(),
        because: "to see what was asked for".to_owned(),
    };
    assert_eq!(walk::story(&walk.obey(reveal)), ["revealed verify"]);
    assert!(matches!(walk.stage("merge").status, StageStatus::Soaking { .. }));
    let events = walk.obey(walk::cancel(samples::person()));
    assert_eq!(walk::story(&events), ["ended cancelled by ada"]);
    assert_eq!(walk.state().due(), None);
}

#[test]
fn other_work_waits_again() {
    let mut walk = soaking();
    walk.now += DAY_MS;
    walk.obey(Command::Tick);
    walk.retry(&samples::entry("merge"), "say please at the end");
    assert!(!walk.stage("merge").soaked);
    walk.make("build");
    let events = walk.make("verify");
    assert_eq!(walk::story(&events).last().unwrap(), "soaking merge");
}

#[test]
fn a_second_try_at_the_same_work_does_not() {
    let mut walk = soaking();
    walk.now += DAY_MS;
    walk.obey(Command::Tick);
    walk.approve(&samples::entry("merge"));
    let events = walk.fail("merge");
    assert_eq!(walk::story(&events), ["failed merge/1 Limit", "started merge/2"]);
}

#[test]
fn what_is_left_out_does_not_wait() {
    let mut pipeline = pipelines::patient();
    for stage in &mut pipeline.stages {
        if stage.id.as_str() == "lessons" {
            let (stage_id, value) = (samples::stage("build"), Value::Count(5));
            stage.when = vec![Condition { stage: stage_id, field: Field::Files, test: Test::AtLeast, value }];
        }
    }
    let mut walk = Walk::in_pipeline(pipeline);
    walk.go_on_to("merge");
    walk.now += DAY_MS;
    walk.obey(Command::Tick);
    walk.approve(&samples::entry("merge"));
    let events = walk.make("merge");
    assert_eq!(walk::story(&events), ["produced merge/1", "skipped lessons", "ended merged"]);
}

#[test]
fn a_wait_beyond_all_time_is_no_overflow() {
    let mut pipeline = pipelines::patient();
    pipeline.stages.iter_mut().for_each(|stage| stage.soak_seconds = u64::MAX);
    let walk = Walk::in_pipeline(pipeline);
    assert_eq!(walk.state().due(), Some(Timestamp(u64::MAX)));
}
