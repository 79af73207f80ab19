//! Correction loops that come to nothing, and are stopped before all tries are used up.

use factory_core::artifact::{Body, Coverage};
use factory_core::event::{SentBack, Stuck};
use factory_core::feedback::{self, FailedScenario, FailureClass, Holdout};
use factory_core::pipeline::model::{OnExhausted, Plateau};
use factory_testkit::samples;

use crate::walk::{self, Walk};

/// Ten tries at the build, and that plateau.
fn walk(window: u32, min_gain_percent: u32) -> Walk {
    let mut walk = Walk::with(|pipeline| {
        pipeline.policy.plateau = Some(Plateau { window, min_gain_percent });
        for stage in &mut pipeline.stages {
            stage.attempts = 10;
        }
    });
    walk.go_on_to("build");
    walk
}

/// One more patch, of which so many of a hundred scenarios pass. Whether that was the plateau.
fn measured(walk: &mut Walk, passed: u32, class: FailureClass) -> bool {
    walk.make("build");
    walk.make("review");
    let failed = FailedScenario { covers: vec![samples::requirement("R2")], class };
    let mut verify = samples::verify(walk.patch(), passed, 100 - passed, 0);
    verify.feedback = feedback::declassify(&Holdout::new(vec![failed]), &samples::requirements());
    let events = walk.produce("verify", Body::Verify(verify));
    match walk::story(&events).last().unwrap().as_str() {
        "opened verify:escalation" => true,
        "started build/2" | "started build/3" | "started build/4" | "started build/5" | "started build/6" => {
            false
        }
        other => panic!("{other}"),
    }
}

const CONTENT: FailureClass = FailureClass::WrongContent;
const STATUS: FailureClass = FailureClass::WrongStatus;

#[test]
fn the_same_failures_with_too_little_gain_are_a_plateau() {
    for (window, gain, scores, expected) in [
        (2, 5, &[50, 50][..], true),
        (2, 5, &[50, 54], true),
        (2, 5, &[50, 55], false),
        (2, 1, &[50, 50], true),
        (2, 1, &[50, 51], false),
        (2, 5, &[50, 40], true),
        (3, 10, &[50, 50], false),
        (3, 10, &[50, 55, 59], true),
        (3, 10, &[50, 60, 50], false),
        (3, 10, &[50, 40, 60], false),
        (3, 10, &[50, 60, 65, 69], true),
        (3, 10, &[50, 60, 65, 70], false),
    ] {
        let mut walk = walk(window, gain);
        let (last, earlier) = scores.split_last().unwrap();
        for passed in earlier {
            assert!(!measured(&mut walk, *passed, CONTENT), "{scores:?}");
        }
        assert_eq!(measured(&mut walk, *last, CONTENT), expected, "{window} {gain} {scores:?}");
    }
}

#[test]
fn other_failures_are_progress_of_a_kind() {
    let mut walk = walk(2, 10);
    assert!(!measured(&mut walk, 50, CONTENT));
    assert!(!measured(&mut walk, 40, STATUS));
    assert!(!measured(&mut walk, 40, CONTENT));
    assert!(measured(&mut walk, 40, CONTENT));
}

#[test]
fn whoever_is_asked_sees_why_and_what_was_tried() {
    let mut walk = walk(2, 5);
    measured(&mut walk, 50, CONTENT);
    measured(&mut walk, 52, CONTENT);
    let escalation = walk.open(&samples::gate("verify:escalation")).escalation.unwrap();
    assert_eq!(escalation.why, Stuck::Plateau);
    let tried: Vec<_> = escalation.tried.iter().map(|tried| (tried.passed, tried.of)).collect();
    assert_eq!(tried, [(50, 100), (52, 100)]);
    assert!(matches!(escalation.correction, Some(SentBack::Holdouts { .. })));
    assert!(walk.stage("build").tries < 10, "tries were left");
}

#[test]
fn whoever_asks_for_more_starts_the_count_again() {
    let mut walk = walk(2, 5);
    measured(&mut walk, 50, CONTENT);
    assert!(measured(&mut walk, 50, CONTENT));
    walk.retry(&samples::gate("verify:escalation"), "read the second requirement again");
    assert!(!measured(&mut walk, 50, CONTENT), "the first since somebody asked");
    assert!(measured(&mut walk, 50, CONTENT));
}

#[test]
fn a_plateau_can_be_overridden() {
    let mut walk = walk(2, 5);
    measured(&mut walk, 50, CONTENT);
    measured(&mut walk, 50, CONTENT);
    walk.override_all(&samples::gate("verify:escalation"));
    walk.finish();
    assert_eq!(walk.whole_story().last().unwrap(), "ended merged");
}

#[test]
fn reviews_come_to_a_plateau_too() {
    let mut walk = walk(2, 5);
    let mut object = |rows: usize| {
        walk.make("build");
        let mut review = samples::objection();
        review.coverage.iter_mut().take(rows).for_each(|row| row.status = Coverage::Missing);
        let events = walk.produce("review", Body::Review(review));
        walk::story(&events).last().unwrap().clone()
    };
    assert_eq!(object(2), "started build/2");
    assert_eq!(object(1), "started build/3", "one more requirement is covered");
    assert_eq!(object(1), "opened review:escalation");
}

#[test]
fn without_a_policy_every_try_is_used() {
    let mut walk = Walk::up_to("build");
    for _ in 0..2 {
        assert!(!measured(&mut walk, 50, CONTENT));
    }
    assert!(measured(&mut walk, 50, CONTENT));
    let escalation = walk.open(&samples::gate("verify:escalation")).escalation.unwrap();
    assert_eq!(escalation.why, Stuck::Exhausted);
}

#[test]
fn where_nobody_is_asked_a_plateau_ends_the_run() {
    let mut walk = Walk::with(|pipeline| {
        pipeline.policy.plateau = Some(Plateau { window: 2, min_gain_percent: 5 });
        pipeline.stages.iter_mut().for_each(|stage| stage.on_exhausted = OnExhausted::Fail);
    });
    walk.go_on_to("build");
    measured(&mut walk, 50, CONTENT);
    walk.make("build");
    walk.make("review");
    let verify = samples::verify(walk.patch(), 50, 50, 0);
    let events = walk.produce("verify", Body::Verify(verify));
    assert_eq!(walk::story(&events).last().unwrap(), "ended failed verify Policy");
}
