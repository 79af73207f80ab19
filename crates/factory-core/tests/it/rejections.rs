//! Every reason for which a command is not obeyed. Each leaves the run as it was.

use factory_core::artifact::Body;
use factory_core::command::Command;
use factory_core::decide::{LONGEST_RATIONALE, Rejection};
use factory_core::event::{Channel, Decision, FailureKind};
use factory_core::evolve::BrokenLog;
use factory_core::ids::{Attempt, Digest, Usage};
use factory_core::pipeline::model::EntryType;
use factory_testkit::samples;

use crate::walk::{self, Walk};

fn fail(stage: &str, attempt: u32) -> Command {
    Command::Fail {
        stage: samples::stage(stage),
        attempt: Attempt(attempt),
        kind: FailureKind::Limit,
        detail: String::new(),
        usage: Usage::default(),
    }
}

fn block(stage: &str, attempt: u32) -> Command {
    Command::Block {
        stage: samples::stage(stage),
        attempt: Attempt(attempt),
        detail: "nobody answers".to_owned(),
        usage: Usage::default(),
    }
}

fn because(walk: &Walk, text: &str) -> Command {
    Command::Decide {
        gate: samples::exit("plan"),
        decision: Decision::Approved,
        by: samples::person(),
        via: Channel::Command,
        because: text.to_owned(),
        seen: walk.sees(&samples::exit("plan")),
    }
}

fn not_running(stage: &str, attempt: u32) -> Rejection {
    Rejection::NotRunning { stage: samples::stage(stage), attempt: Attempt(attempt) }
}

#[test]
fn a_run_begins_once() {
    let mut walk = Walk::begun();
    assert_eq!(walk.refused(Command::Start(Box::new(samples::started()))), Rejection::AlreadyStarted);
}

#[test]
fn nothing_can_be_asked_of_a_run_that_has_not_begun() {
    let produced = walk::produce("spec", 1, Body::Spec(samples::spec()));
    let decided = walk::decision(&samples::exit("plan"), Decision::Approved, Vec::new());
    for command in [produced, fail("spec", 1), block("spec", 1), Command::Resume, decided] {
        assert_eq!(Walk::default().refused(command), Rejection::NotStarted);
    }
}

#[test]
fn nothing_can_be_asked_of_a_run_that_is_over() {
    let mut walk = Walk::up_to("merge");
    let seen = walk.sees(&samples::entry("merge"));
    walk.obey(walk::decision(&samples::entry("merge"), Decision::Rejected, seen.clone()));
    let decided = walk::decision(&samples::entry("merge"), Decision::Approved, seen);
    for command in [fail("merge", 1), block("merge", 1), Command::Resume, decided] {
        assert_eq!(walk.refused(command), Rejection::Over);
    }
    assert_eq!(walk.refused(Command::Start(Box::new(samples::started()))), Rejection::AlreadyStarted);
}

#[test]
fn a_run_begins_only_as_the_pipeline_allows() {
    let mut started = samples::started();
    started.entry = EntryType::Hotfix;
    assert_eq!(Walk::default().refused(Command::Start(Box::new(started))), Rejection::NoEntry);
}

#[test]
fn a_stage_that_the_pipeline_does_not_have() {
    let mut walk = Walk::begun();
    let none = Rejection::NoStage(samples::stage("deploy"));
    assert_eq!(walk.refused(fail("deploy", 1)), none);
    assert_eq!(walk.refused(block("deploy", 1)), none);
    assert_eq!(walk.refused(walk::produce("deploy", 1, Body::Spec(samples::spec()))), none);
}

#[test]
fn only_the_try_that_is_made_can_be_reported_on() {
    let mut walk = Walk::begun();
    let spec = Body::Spec(samples::spec());
    assert_eq!(walk.refused(walk::produce("spec", 2, spec.clone())), not_running("spec", 2), "a later try");
    assert_eq!(walk.refused(fail("plan", 1)), not_running("plan", 1), "a stage that waits");
    walk.produce("spec", spec.clone());
    assert_eq!(
        walk.refused(walk::produce("spec", 1, spec)),
        not_running("spec", 1),
        "a stage that has passed"
    );
    walk.fail("plan");
    assert_eq!(walk.refused(fail("plan", 1)), not_running("plan", 1), "an earlier try");
    walk.obey(block("plan", 2));
    assert_eq!(walk.refused(fail("plan", 2)), not_running("plan", 2), "a blocked try");
    walk.obey(Command::Resume);
    walk.produce("plan", Body::Plan(samples::plan()));
    assert_eq!(walk.refused(block("plan", 2)), not_running("plan", 2), "a try that stands at its gate");
}

#[test]
fn an_artifact_of_another_kind() {
    let mut walk = Walk::begun();
    let expected = Rejection::WrongKind { stage: samples::stage("spec"), expected: "spec", found: "plan" };
    assert_eq!(walk.refused(walk::produce("spec", 1, Body::Plan(samples::plan()))), expected);
}

#[test]
fn a_verdict_on_another_patch_than_the_one_that_was_built() {
    let mut walk = Walk::up_to("verify");
    let other = Body::Verify(samples::verify(samples::patch("goodbye").digest(), 10, 0, 0));
    assert_eq!(walk.refused(walk::produce("verify", 1, other)), Rejection::WrongPatch);
}

#[test]
fn a_merge_of_another_patch_than_the_one_that_was_verified() {
    let mut walk = Walk::up_to("merge");
    walk.approve(&samples::entry("merge"));
    let other = Body::Merge(samples::merge(samples::patch("goodbye").digest()));
    assert_eq!(walk.refused(walk::produce("merge", 1, other)), Rejection::WrongPatch);
}

#[test]
fn nothing_that_is_blocked_can_be_resumed() {
    let mut walk = Walk::begun();
    assert_eq!(walk.refused(Command::Resume), Rejection::NotBlocked);
}

#[test]
fn a_gate_that_does_not_wait() {
    let mut walk = Walk::up_to("plan");
    let plan = samples::exit("plan");
    let decided = walk::decision(&plan, Decision::Approved, Vec::new());
    assert_eq!(walk.refused(decided.clone()), Rejection::GateClosed(plan.clone()), "not open yet");
    walk.produce("plan", Body::Plan(samples::plan()));
    let other_side = walk::decision(&samples::entry("plan"), Decision::Approved, walk.sees(&plan));
    assert_eq!(
        walk.refused(other_side),
        Rejection::GateClosed(samples::entry("plan")),
        "the stage's other side"
    );
    let seen = walk.sees(&plan);
    walk.approve(&plan);
    let again = walk::decision(&plan, Decision::Rejected, seen);
    assert_eq!(walk.refused(again), Rejection::GateClosed(plan), "decided already");
}

#[test]
fn a_decision_on_other_artifacts_than_the_gate_shows() {
    let mut walk = Walk::up_to("merge");
    let gate = samples::entry("merge");
    let shown = walk.sees(&gate);
    let mut swapped = shown.clone();
    swapped[2] = Digest::of(b"another");
    let mut more = shown.clone();
    more.push(Digest::of(b"another"));
    for seen in [Vec::new(), shown[..2].to_vec(), swapped, more] {
        for decision in [Decision::Approved, Decision::Rejected] {
            let decided = walk::decision(&gate, decision, seen.clone());
            assert_eq!(walk.refused(decided), Rejection::Stale(gate.clone()));
        }
    }
}

#[test]
fn a_decision_without_a_reason() {
    let mut walk = Walk::up_to("plan");
    walk.produce("plan", Body::Plan(samples::plan()));
    for blank in ["", "  ", "\n\t", "\u{a0}", "\u{200b}\u{a0}", "…", "-"] {
        assert_eq!(walk.refused(because(&walk, blank)), Rejection::NoReason, "{blank:?}");
    }
}

#[test]
fn a_reason_that_is_too_long() {
    let mut walk = Walk::up_to("plan");
    walk.produce("plan", Body::Plan(samples::plan()));
    let longest = "x".repeat(LONGEST_RATIONALE);
    let longer = Rejection::LongReason { found: LONGEST_RATIONALE + 1 };
    assert_eq!(walk.refused(because(&walk, &format!("{longest}x"))), longer);
    walk.obey(because(&walk, &longest));
}

#[test]
fn a_state_that_no_events_lead_to() {
    let mut walk = Walk::up_to("review");
    walk.state.as_mut().unwrap().stages.remove(&samples::stage("build"));
    let rejection = walk.refused(walk::produce("review", 1, Body::Review(samples::objection())));
    assert_eq!(rejection, Rejection::Broken(BrokenLog::UnknownStage(samples::stage("build"))));
}
