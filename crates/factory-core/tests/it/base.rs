//! A base branch that moves on while the work is done.

use factory_core::artifact::{Body, Build, CheckOutcome, Merge, Patch};
use factory_core::command::{Command, Deciding};
use factory_core::decide::{MOST_REBASES, Rejection};
use factory_core::event::{Decision, Event, FailureKind, Outcome, SentBack, Stuck};
use factory_core::ids::GitOid;
use factory_core::pipeline::model::{BaseMoved, OnExhausted};
use factory_core::state::StageStatus;
use factory_testkit::samples;

use crate::walk::{self, Walk};

/// Tips that the branch moves to, one after the other.
fn tip(n: usize) -> GitOid {
    samples::oid(['d', 'e', 'f', '1', '2', '3'][n])
}

fn moved(walk: &Walk, to: GitOid) -> Command {
    Command::Move { stage: samples::stage("merge"), attempt: walk.attempt("merge"), to }
}

fn conflict(walk: &Walk, paths: &[&str]) -> Command {
    let paths = paths.iter().map(|&path| path.to_owned()).collect();
    Command::Conflict { stage: samples::stage("build"), attempt: walk.attempt("build"), paths }
}

fn merging() -> Walk {
    let mut walk = Walk::up_to("merge");
    walk.approve(&samples::entry("merge"));
    walk
}

/// The patch is carried over, judged, and about to be merged again.
fn go_on(walk: &mut Walk) {
    walk.go_on_to("merge");
    walk.approve(&samples::entry("merge"));
}

#[test]
fn a_patch_follows_its_base_and_is_judged_again() {
    let mut walk = merging();
    let before: Vec<_> = ["build", "review", "verify"].map(|id| walk.made(id)).into();
    let events = walk.obey(moved(&walk, tip(0)));
    assert_eq!(walk::story(&events), ["base moved to d", "sent back merge to build", "started build/2"]);
    assert_eq!(events[0], Event::BaseMoved { from: samples::base(), to: tip(0) });
    assert_eq!((&walk.state().base, walk.state().rebases), (&tip(0), 1));
    assert_eq!(walk.state().started.base, samples::base(), "how it began does not change");
    assert_eq!(walk.stage("build").corrections, [SentBack::Rebase { from: samples::base() }]);
    for id in ["review", "verify", "merge"] {
        assert_eq!(walk.stage(id).status, StageStatus::Pending, "{id}");
        assert!(walk.stage(id).artifact.is_none() && !walk.stage(id).entered, "{id}");
    }

    let old = Body::Build(samples::build("hello"));
    assert_eq!(walk.refused(walk::produce("build", 2, old)), Rejection::WrongBase, "it is on the old commit");
    walk.make("build");
    assert_eq!(walk.stage("build").corrections, []);
    walk.go_on_to("merge");
    let sees = walk.sees(&samples::entry("merge"));
    assert!(!sees.contains(&before[0]), "a person decides about what will be merged");
    walk.approve(&samples::entry("merge"));
    let old = Body::Merge(samples::merge(walk.patch()));
    assert_eq!(walk.refused(walk::produce("merge", 2, old)), Rejection::WrongBase);
    walk.make("merge");
    assert_eq!(walk.whole_story().last().unwrap(), "ended merged");
}

#[test]
fn following_the_base_costs_no_try() {
    let mut walk = merging();
    walk.obey(moved(&walk, tip(0)));
    assert_eq!((walk.stage("build").tries, walk.stage("build").granted), (2, 1));
    walk.make("build");
    // Two of the three tries are still there.
    for attempt in [3, 4] {
        walk.make("review");
        let events = walk.measure(5);
        assert_eq!(walk::story(&events).last().unwrap(), &format!("started build/{attempt}"));
        walk.make("build");
    }
    walk.make("review");
    let events = walk.measure(5);
    assert_eq!(walk::story(&events).last().unwrap(), "opened verify:escalation");
}

#[test]
fn nothing_moves_where_it_does_not_have_to() {
    let mut walk = merging();
    let same = moved(&walk, samples::base());
    assert_eq!(walk.refused(same), Rejection::NotMoved);
    let none =
        Command::Move { stage: samples::stage("merge"), attempt: walk.attempt("merge").next(), to: tip(0) };
    assert!(matches!(walk.refused(none), Rejection::NotRunning { .. }));

    for id in ["spec", "plan", "build", "verify"] {
        let mut walk = Walk::up_to(id);
        let command = Command::Move { stage: samples::stage(id), attempt: walk.attempt(id), to: tip(0) };
        assert_eq!(walk.refused(command), Rejection::NotMoved, "{id}");
    }

    let mut walk = Walk::with(|pipeline| pipeline.policy.base_moved = BaseMoved::Ignore);
    walk.go_on_to("merge");
    walk.approve(&samples::entry("merge"));
    assert_eq!(walk.refused(moved(&walk, tip(0))), Rejection::NotMoved);
    walk.make("merge");
}

#[test]
fn a_patch_that_does_not_fit_is_a_matter_for_people() {
    let mut walk = merging();
    walk.obey(moved(&walk, tip(0)));
    let events = walk.obey(conflict(&walk, &["greeting.txt", "b.txt"]));
    assert_eq!(walk::story(&events), ["failed build/2 BaseMoved", "opened build:escalation"]);
    let gate = samples::gate("build:escalation");
    let escalation = walk.open(&gate).escalation.unwrap();
    assert_eq!((escalation.why, escalation.kind), (Stuck::Conflict, FailureKind::BaseMoved));
    let findings = ["conflict:greeting.txt", "conflict:b.txt"].map(|name| name.parse().unwrap());
    assert_eq!(escalation.findings, findings);
    let d = "d".repeat(40);
    let detail =
        format!("the base branch has moved to {d}, and both it and the patch change greeting.txt, b.txt");
    assert_eq!(escalation.detail, detail);
    let overrides = escalation.findings;
    let wanted = Deciding { overrides, ..walk.decides(&gate, Decision::Overridden) };
    assert!(matches!(walk.decide_refused(wanted), Rejection::WrongDecision { .. }), "it cannot be merged so");

    // It is built anew, on the commit that the branch is at now.
    walk.retry(&gate, "keep the new greeting, add please");
    assert_eq!(walk.wanted(), ["build/3"]);
    let note = SentBack::Note { note: "keep the new greeting, add please".to_owned() };
    assert_eq!(walk.stage("build").corrections, [note], "nothing is carried over any more");
    assert_eq!(walk.state().base, tip(0));
    assert_eq!(walk.refused(conflict(&walk, &["b.txt"])), Rejection::NotRebasing(samples::stage("build")));
    walk.make("build");
    go_on(&mut walk);
    walk.make("merge");
    assert_eq!(walk.whole_story().last().unwrap(), "ended merged");
}

#[test]
fn only_what_is_carried_over_can_conflict() {
    let mut walk = Walk::up_to("build");
    assert_eq!(walk.refused(conflict(&walk, &["a"])), Rejection::NotRebasing(samples::stage("build")));
    let mut walk = Walk::up_to("review");
    let (stage, attempt) = (samples::stage("review"), walk.attempt("review"));
    let command = Command::Conflict { stage: stage.clone(), attempt, paths: Vec::new() };
    assert_eq!(walk.refused(command), Rejection::NotRebasing(stage));
}

#[test]
fn a_branch_that_moves_too_often_is_a_matter_for_people() {
    let mut walk = merging();
    for n in 0..3 {
        walk.obey(moved(&walk, tip(n)));
        go_on(&mut walk);
    }
    assert_eq!((walk.state().rebases, MOST_REBASES), (3, 3));
    let events = walk.obey(moved(&walk, tip(3)));
    assert_eq!(walk::story(&events), ["failed merge/4 BaseMoved", "opened merge:escalation"]);
    let escalation = walk.open(&samples::gate("merge:escalation")).escalation.unwrap();
    assert_eq!(escalation.why, Stuck::BaseMoves);
    assert_eq!(escalation.findings, ["base-moved".parse().unwrap()]);
    let one = "1".repeat(40);
    assert_eq!(
        escalation.detail,
        format!("the base branch has moved 4 times while the patch was checked, and is at {one} now")
    );
    assert_eq!(walk.state().base, tip(2), "it has not followed");
}

fn moved_too_often() -> Walk {
    let mut walk = merging();
    for n in 0..3 {
        walk.obey(moved(&walk, tip(n)));
        go_on(&mut walk);
    }
    walk.obey(moved(&walk, tip(3)));
    walk
}

#[test]
fn whoever_overrides_that_merges_on_the_commit_that_was_judged() {
    let mut walk = moved_too_often();
    let gate = samples::gate("merge:escalation");
    let nothing = Deciding { ..walk.decides(&gate, Decision::Overridden) };
    let expected = "base-moved".to_owned();
    assert_eq!(walk.decide_refused(nothing), Rejection::WrongOverride { gate: gate.clone(), expected });
    let events = walk.override_all(&gate);
    assert_eq!(walk::story(&events), ["decided merge:escalation Overridden", "started merge/5"]);
    assert!(walk.state().base_pinned);
    assert_eq!(walk.refused(moved(&walk, tip(4))), Rejection::NotMoved);
    let elsewhere = Body::Merge(Merge { base: tip(3), ..samples::merge(walk.patch()) });
    assert_eq!(walk.refused(walk::produce("merge", 5, elsewhere)), Rejection::WrongBase);
    walk.make("merge");
    assert_eq!(walk.whole_story().last().unwrap(), "ended merged");
}

#[test]
fn whoever_asks_for_another_try_lets_it_follow_again() {
    let mut walk = moved_too_often();
    let events = walk.retry(&samples::gate("merge:escalation"), "nobody pushes any more today");
    assert_eq!(walk::story(&events)[1..], ["sent back merge to merge", "opened merge:entry"]);
    walk.approve(&samples::entry("merge"));
    let events = walk.obey(moved(&walk, tip(3)));
    assert_eq!(walk::story(&events)[0], "base moved to 1");
    go_on(&mut walk);
    walk.make("merge");
    assert_eq!(walk.whole_story().last().unwrap(), "ended merged");
}

#[test]
fn where_nobody_is_asked_the_run_is_over() {
    let failing = || {
        let mut walk = Walk::with(|pipeline| {
            pipeline.stages.iter_mut().for_each(|stage| stage.on_exhausted = OnExhausted::Fail);
        });
        walk.go_on_to("merge");
        walk.approve(&samples::entry("merge"));
        walk
    };
    let mut walk = failing();
    walk.obey(moved(&walk, tip(0)));
    let events = walk.obey(conflict(&walk, &["a"]));
    assert_eq!(walk::story(&events), ["failed build/2 BaseMoved", "ended failed build BaseMoved"]);

    let mut walk = failing();
    for n in 0..3 {
        walk.obey(moved(&walk, tip(n)));
        go_on(&mut walk);
    }
    let events = walk.obey(moved(&walk, tip(3)));
    assert_eq!(walk::story(&events), ["failed merge/4 BaseMoved", "ended failed merge BaseMoved"]);
    let Some(Outcome::Failed { kind: FailureKind::BaseMoved, .. }) = &walk.state().outcome else { panic!() };
}

#[test]
fn a_patch_that_is_red_on_its_new_base_is_mended_there() {
    let mut walk = merging();
    walk.obey(moved(&walk, tip(0)));
    let checks = vec![samples::check(CheckOutcome::Failed { status: 1 })];
    let red = Build { base: tip(0), checks, ..samples::build("hello") };
    let events = walk.produce("build", Body::Build(red));
    assert_eq!(walk::story(&events), ["produced build/2", "sent back build to build", "started build/3"]);
    assert_eq!(walk.stage("build").corrections, [SentBack::Checks { logs: Vec::new() }]);
}

#[test]
fn a_try_at_carrying_over_that_came_to_nothing_is_made_again() {
    let mut walk = merging();
    walk.obey(moved(&walk, tip(0)));
    walk.fail("build");
    assert_eq!(walk.stage("build").corrections, [SentBack::Rebase { from: samples::base() }]);
    // What the base has by now needs no patch.
    let empty = Build { base: tip(0), patch: Patch::default(), ..samples::build("hello") };
    let events = walk.produce("build", Body::Build(empty));
    assert_eq!(walk::story(&events), ["failed build/3 BadPatch", "started build/4"]);
}

#[test]
fn the_second_base_counts_from_the_first() {
    let mut walk = merging();
    walk.obey(moved(&walk, tip(0)));
    go_on(&mut walk);
    let events = walk.obey(moved(&walk, tip(1)));
    assert_eq!(events[0], Event::BaseMoved { from: tip(0), to: tip(1) });
    assert_eq!(walk.stage("build").corrections, [SentBack::Rebase { from: tip(0) }]);
    // And back to where it began, as people do who rewrite a branch.
    go_on(&mut walk);
    let events = walk.obey(moved(&walk, samples::base()));
    assert_eq!(walk::story(&events)[0], "base moved to b");
}
