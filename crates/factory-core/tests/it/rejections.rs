//! Every reason for which a command is not obeyed. Each leaves the run as it was.

use factory_core::artifact::Body;
use factory_core::command::{Command, Deciding};
use factory_core::decide::{LONGEST_RATIONALE, Rejection};
use factory_core::event::Decision;
use factory_core::evolve::BrokenLog;
use factory_core::ids::{Attempt, Digest};
use factory_core::pipeline::model::EntryType;
use factory_core::reason::NoReason;
use factory_core::state::Phase;
use factory_testkit::samples;

use crate::walk::{self, Walk};

fn because(walk: &Walk, text: &str) -> Command {
    let wanted = walk.decides(&samples::exit("plan"), Decision::Approved);
    Command::Decide(Box::new(Deciding { because: text.to_owned(), ..wanted }))
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
    for command in [produced, walk::fail("spec", 1), walk::block("spec", 1), Command::Resume, decided] {
        assert_eq!(Walk::default().refused(command), Rejection::NotStarted);
    }
}

#[test]
fn nothing_can_be_asked_of_a_run_that_is_over() {
    let mut walk = Walk::up_to("merge");
    let seen = walk.sees(&samples::entry("merge"));
    walk.obey(walk::decision(&samples::entry("merge"), Decision::Rejected, seen.clone()));
    let decided = walk::decision(&samples::entry("merge"), Decision::Approved, seen);
    for command in [walk::fail("merge", 1), walk::block("merge", 1), Command::Resume, decided] {
        assert_eq!(walk.refused(command), Rejection::Over(Phase::Rejected));
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
    assert_eq!(walk.refused(walk::fail("deploy", 1)), none);
    assert_eq!(walk.refused(walk::block("deploy", 1)), none);
    assert_eq!(walk.refused(walk::produce("deploy", 1, Body::Spec(samples::spec()))), none);
}

#[test]
fn only_the_try_that_is_made_can_be_reported_on() {
    let mut walk = Walk::begun();
    let spec = Body::Spec(samples::spec());
    assert_eq!(walk.refused(walk::produce("spec", 2, spec.clone())), not_running("spec", 2), "a later try");
    assert_eq!(walk.refused(walk::fail("plan", 1)), not_running("plan", 1), "a stage that waits");
    walk.produce("spec", spec.clone());
    assert_eq!(
        walk.refused(walk::produce("spec", 1, spec)),
        not_running("spec", 1),
        "a stage that has passed"
    );
    walk.fail("plan");
    assert_eq!(walk.refused(walk::fail("plan", 1)), not_running("plan", 1), "an earlier try");
    walk.obey(walk::block("plan", 2));
    assert_eq!(walk.refused(walk::fail("plan", 2)), not_running("plan", 2), "a blocked try");
    walk.obey(Command::Resume);
    walk.produce("plan", Body::Plan(samples::plan()));
    assert_eq!(walk.refused(walk::block("plan", 2)), not_running("plan", 2), "a try that stands at its gate");
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
fn a_merge_that_does_not_stand_behind_a_verification() {
    // No pipeline that was checked is like this; a log can hold any.
    let mut walk = Walk::with(|pipeline| {
        let merge = pipeline.stages.iter_mut().find(|stage| stage.id.as_str() == "merge").unwrap();
        merge.needs.retain(|need| need.as_str() != "verify");
    });
    walk.go_on_to("merge");
    walk.approve(&samples::entry("merge"));
    let merge = walk.good("merge");
    assert_eq!(walk.refused(walk::produce("merge", 1, merge)), Rejection::WrongPatch);
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
    walk.make("plan");
    for blank in ["", "  ", "\n\t", "\u{a0}", "\u{200b}\u{a0}", "…", "-"] {
        assert_eq!(walk.refused(because(&walk, blank)), Rejection::NoReason(NoReason::Blank), "{blank:?}");
    }
    let short = NoReason::Short("ok".to_owned());
    assert_eq!(walk.refused(because(&walk, " ok ")), Rejection::NoReason(short));
    let empty = NoReason::Empty("looks good to me".to_owned());
    assert_eq!(walk.refused(because(&walk, "looks good to me")), Rejection::NoReason(empty));
}

#[test]
fn a_reason_that_is_too_long_or_hides_something() {
    let mut walk = Walk::up_to("plan");
    walk.make("plan");
    let megabyte = "read it. ".repeat(1_000_000 / 9 + 1);
    let long = NoReason::Long { found: megabyte.len() };
    assert_eq!(walk.refused(because(&walk, &megabyte)), Rejection::NoReason(long));
    let longest = "read it. ".repeat(LONGEST_RATIONALE / 9 + 1)[..LONGEST_RATIONALE].to_owned();
    let long = NoReason::Long { found: LONGEST_RATIONALE + 1 };
    assert_eq!(walk.refused(because(&walk, &format!("{longest}x"))), Rejection::NoReason(long));
    for (hidden, code, at) in [
        ("I have \u{7}read it", 0x7, 8),
        ("I have read it \u{1b}[2J", 0x1b, 16),
        ("I have \u{202e}read it", 0x202e, 8),
        ("I have read it\0", 0, 15),
    ] {
        let invisible = NoReason::Invisible { code, at };
        assert_eq!(walk.refused(because(&walk, hidden)), Rejection::NoReason(invisible), "{hidden:?}");
    }
    walk.obey(because(&walk, &longest));
}

/// Everything that asks for a reason asks for the same.
#[test]
fn whoever_stops_a_run_takes_back_a_merge_or_looks_at_a_scorecard_says_why() {
    let mut walk = Walk::up_to("merge");
    let scorecard = Digest::of(b"scorecard");
    let (by, stage) = (samples::person(), samples::stage("verify"));
    let reveal = |because: &str| Command::Reveal {
        stage: stage.clone(),
        scorecard: scorecard.clone(),
        by: by.clone(),
        because: because.to_owned(),
    };
    let cancel = |because: &str| Command::Cancel { by: by.clone(), because: because.to_owned() };
    let roll_back =
        |because: &str| Command::RollBack { commit: None, by: by.clone(), because: because.to_owned() };
    assert_eq!(walk.refused(reveal("  ")), Rejection::NoReason(NoReason::Blank));
    assert_eq!(walk.refused(cancel("lgtm")), Rejection::NoReason(NoReason::Short("lgtm".to_owned())));
    walk.finish();
    assert_eq!(walk.refused(reveal("…")), Rejection::NoReason(NoReason::Blank));
    assert_eq!(walk.refused(roll_back("")), Rejection::NoReason(NoReason::Blank));
}

#[test]
fn a_state_that_no_events_lead_to() {
    let mut walk = Walk::up_to("review");
    walk.state.as_mut().unwrap().stages.remove(&samples::stage("build"));
    let rejection = walk.refused(walk::produce("review", 1, Body::Review(samples::objection())));
    assert_eq!(rejection, Rejection::Broken(BrokenLog::UnknownStage(samples::stage("build"))));
}
