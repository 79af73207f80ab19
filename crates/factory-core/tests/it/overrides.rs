//! People who let a verdict pass that did not meet the bar.

use factory_core::artifact::{Body, Coverage};
use factory_core::command::Deciding;
use factory_core::decide::Rejection;
use factory_core::event::{Decision, Event, Stuck};
use factory_core::evolve;
use factory_core::feedback::{self, FailedScenario, FailureClass, Holdout};
use factory_core::ids::FindingId;
use factory_core::state::StageStatus;
use factory_testkit::samples;

use crate::walk::{self, Walk};

fn findings(names: &[&str]) -> Vec<FindingId> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// The last of three patches fails two requirements in different ways.
fn stuck_at_verify() -> Walk {
    let mut walk = Walk::up_to("build");
    for _ in 0..3 {
        walk.make("build");
        walk.make("review");
        let failed = |id: &str, class| FailedScenario { covers: vec![samples::requirement(id)], class };
        let scenarios = vec![
            failed("R2", FailureClass::WrongContent),
            failed("R1", FailureClass::UnwantedEffect),
            failed("R2", FailureClass::WrongContent),
        ];
        let mut verify = samples::verify(walk.patch(), 7, 3, 0);
        verify.feedback = feedback::declassify(&Holdout::new(scenarios), &samples::requirements());
        walk.produce("verify", Body::Verify(verify));
    }
    walk
}

fn overriding(walk: &Walk, gate: &str, named: &[&str]) -> Deciding {
    Deciding { overrides: findings(named), ..walk.decides(&samples::gate(gate), Decision::Overridden) }
}

#[test]
fn an_override_names_all_that_is_wrong_and_nothing_else() {
    let mut walk = stuck_at_verify();
    for named in [
        &[][..],
        &["R1:unwanted_effect"],
        &["R2:wrong_content"],
        &["R1:unwanted_effect", "R2:wrong_content", "R3:wrong_content"],
        &["R1:unwanted_effect", "R2:wrong_status"],
        &["R1:unwanted_effect, R2:wrong_content"],
        &["R1", "R2"],
    ] {
        let wanted = overriding(&walk, "verify:escalation", named);
        let gate = samples::gate("verify:escalation");
        let expected = "R1:unwanted_effect, R2:wrong_content".to_owned();
        assert_eq!(walk.decide_refused(wanted), Rejection::WrongOverride { gate, expected }, "{named:?}");
    }
    // In any order, and twice is no more than once.
    let named = ["R2:wrong_content", "R1:unwanted_effect", "R2:wrong_content"];
    let wanted = overriding(&walk, "verify:escalation", &named);
    let events = walk.decide(wanted);
    assert_eq!(walk::story(&events), ["decided verify:escalation Overridden", "opened merge:entry"]);
    let Event::GateDecided(decided) = &events[0] else { panic!("{events:?}") };
    assert_eq!(decided.overrides, findings(&named), "as it was said");
}

#[test]
fn what_was_overridden_can_be_merged_and_nothing_else_can() {
    let mut walk = stuck_at_verify();
    let verify = walk.made("verify");
    walk.override_all(&samples::gate("verify:escalation"));
    assert_eq!(walk.stage("verify").status, StageStatus::Passed);
    assert_eq!(
        walk.sees(&samples::entry("merge")).last(),
        Some(&verify),
        "whoever merges it sees the verdict"
    );
    walk.approve(&samples::entry("merge"));
    let other = Body::Merge(samples::merge(samples::patch("another").digest()));
    assert_eq!(walk.refused(walk::produce("merge", 1, other)), Rejection::WrongPatch);
    walk.make("merge");
    assert_eq!(walk.whole_story().last().unwrap(), "ended merged");
}

#[test]
fn an_override_is_for_one_patch() {
    let mut walk = stuck_at_verify();
    walk.override_all(&samples::gate("verify:escalation"));
    walk.retry(&samples::entry("merge"), "I would rather have it mended");
    assert_eq!(walk.stage("verify").status, StageStatus::Pending);
    walk.make("build");
    walk.make("review");
    let events = walk.measure(7);
    assert_eq!(walk::story(&events)[1], "judged verify:exit not passed", "the next patch is judged anew");
}

#[test]
fn a_verdict_that_says_nothing_has_to_be_named_as_such() {
    for (passed, failed, inconclusive, expected) in [
        (9, 0, 1, &["inconclusive"][..]),
        (0, 0, 0, &["inconclusive"]),
        (7, 2, 1, &["R2:wrong_content", "inconclusive"]),
    ] {
        let mut walk = Walk::up_to("verify");
        for _ in 0..2 {
            let verify = samples::verify(walk.patch(), passed, failed, inconclusive);
            walk.produce("verify", Body::Verify(verify));
        }
        let gate = samples::gate("verify:escalation");
        assert_eq!(walk.open(&gate).escalation.unwrap().findings, findings(expected));
        let wanted = overriding(&walk, "verify:escalation", expected);
        walk.decide(wanted);
        assert_eq!(walk.gates(), ["merge:entry"]);
    }
}

#[test]
fn where_no_requirement_is_to_blame_the_rate_is() {
    // Scenarios that failed name no requirement, or nothing was said of them at all.
    let mut walk = Walk::up_to("build");
    for _ in 0..3 {
        walk.make("build");
        walk.make("review");
        let mut verify = samples::verify(walk.patch(), 7, 3, 0);
        verify.feedback = Default::default();
        walk.produce("verify", Body::Verify(verify));
    }
    let gate = samples::gate("verify:escalation");
    assert_eq!(walk.open(&gate).escalation.unwrap().findings, findings(&["pass-rate"]));
    walk.override_all(&gate);
    assert_eq!(walk.gates(), ["merge:entry"]);
}

#[test]
fn a_review_can_be_overridden_and_the_verification_still_has_to_be_met() {
    let mut walk = Walk::up_to("build");
    for _ in 0..3 {
        walk.make("build");
        let mut review = samples::objection();
        review.coverage[0].status = Coverage::Partial;
        walk.produce("review", Body::Review(review));
    }
    let gate = samples::gate("review:escalation");
    let expected = findings(&["R1:partial", "greeting.txt:1"]);
    assert_eq!(walk.open(&gate).escalation.unwrap().findings, expected);
    let events = walk.override_all(&gate);
    assert_eq!(walk::story(&events), ["decided review:escalation Overridden", "started verify/1"]);
    let events = walk.measure(5);
    assert_eq!(walk::story(&events).last().unwrap(), "opened verify:escalation", "no try is left");
}

#[test]
fn what_was_never_judged_cannot_be_overridden() {
    // A build with red checks, a plan that nobody could make, a verification that never ended.
    let mut walk = Walk::up_to("build");
    (0..3).for_each(|_| drop(walk.fail("build")));
    let mut planless = Walk::up_to("plan");
    (0..2).for_each(|_| drop(planless.fail("plan")));
    let mut unmeasured = Walk::up_to("verify");
    (0..2).for_each(|_| drop(unmeasured.fail("verify")));
    let mut unmerged = Walk::up_to("merge");
    unmerged.approve(&samples::entry("merge"));
    unmerged.fail("merge");
    for (walk, gate) in [
        (&mut walk, "build:escalation"),
        (&mut planless, "plan:escalation"),
        (&mut unmeasured, "verify:escalation"),
        (&mut unmerged, "merge:escalation"),
    ] {
        let wanted = overriding(walk, gate, &[]);
        let instead = "there is no verdict that could be overridden; retry with a note, or reject";
        let gate = samples::gate(gate);
        let refused = Rejection::WrongDecision { gate, decision: "overridden", instead };
        assert_eq!(walk.decide_refused(wanted), refused);
    }
}

#[test]
fn an_older_verdict_does_not_stand_in_for_one_that_was_never_made() {
    // Once inconclusive, then the evaluator itself fails: there is an artifact, but it is not what is decided about.
    let mut walk = Walk::up_to("verify");
    let verify = samples::verify(walk.patch(), 9, 0, 1);
    walk.produce("verify", Body::Verify(verify));
    walk.fail("verify");
    let open = walk.open(&samples::gate("verify:escalation"));
    assert!(!open.sees.contains(&walk.made("verify")));
    let escalation = open.escalation.unwrap();
    assert_eq!((escalation.why, escalation.findings), (Stuck::Exhausted, Vec::new()));
    for named in [&[][..], &["inconclusive"]] {
        let wanted = overriding(&walk, "verify:escalation", named);
        assert!(matches!(walk.decide_refused(wanted), Rejection::WrongDecision { .. }));
    }
}

#[test]
fn what_is_not_shown_is_not_overridden() {
    // A log that says so, whoever wrote it: the gate names what is wrong, but shows no verdict.
    let mut walk = stuck_at_verify();
    let gate = samples::gate("verify:escalation");
    let escalation = walk.open(&gate).escalation;
    let opened = Event::GateOpened { gate, sees: Vec::new(), expires: None, escalation };
    let at = walk.state().changed_at;
    walk.state = evolve::evolve_all(walk.state.take(), &[opened], at).unwrap();
    let wanted = overriding(&walk, "verify:escalation", &["R1:unwanted_effect", "R2:wrong_content"]);
    assert!(matches!(walk.decide_refused(wanted), Rejection::WrongDecision { .. }));
}
