//! How runs end, and what can still be asked of them then.

use factory_core::artifact::{ArtifactKind, Body};
use factory_core::command::Command;
use factory_core::decide::Rejection;
use factory_core::event::{Decision, Event, Outcome};
use factory_core::ids::Digest;
use factory_core::pipeline::model::{EntryGate, ExitGate, OnExhausted, Pipeline, Role};
use factory_core::state::{Phase, StageStatus};
use factory_testkit::samples::{self, pipelines};

use crate::walk::{self, Walk};

const BECAUSE: &str = "it breaks the login of old clients";

fn roll_back() -> Command {
    let commit = Some(samples::oid('e'));
    Command::RollBack { commit, by: samples::person(), because: format!(" {BECAUSE} ") }
}

fn reveal(stage: &str) -> Command {
    Command::Reveal {
        stage: samples::stage(stage),
        scorecard: Digest::of(b"scorecard"),
        by: samples::person(),
        because: BECAUSE.to_owned(),
    }
}

/// The run has merged, and lessons are about to be drawn.
fn merged() -> Walk {
    let mut walk = Walk::in_pipeline(pipelines::patient());
    walk.go_on_to("lessons");
    assert!(matches!(walk.stage("lessons").status, StageStatus::Soaking { .. }));
    walk
}

fn drawing_lessons() -> Walk {
    let mut walk = merged();
    walk.wait(60 * 60);
    walk.obey(Command::Tick);
    walk.approve(&samples::entry("lessons"));
    walk
}

#[test]
fn whoever_stops_a_run_stops_all_of_it() {
    let mut blocked = Walk::up_to("plan");
    blocked.block("plan");
    let mut waiting = Walk::up_to("plan");
    waiting.make("plan");
    let mut soaking = Walk::in_pipeline(pipelines::patient());
    soaking.go_on_to("merge");
    let mut stuck = Walk::up_to("tasks");
    stuck.fail("tasks");
    stuck.fail("tasks");
    for (mut walk, phase) in [
        (Walk::begun(), Phase::Running),
        (blocked, Phase::Blocked),
        (waiting, Phase::Waiting),
        (soaking, Phase::Soaking),
        (stuck, Phase::Waiting),
    ] {
        assert_eq!(walk.state().phase(), phase);
        let events = walk.obey(walk::cancel(samples::somebody("bob")));
        assert_eq!(walk::story(&events), ["ended cancelled by bob"]);
        let because = "the customer has gone".to_owned();
        let cancelled = Outcome::Cancelled { by: samples::somebody("bob"), because };
        assert_eq!(walk.state().outcome, Some(cancelled));
        assert_eq!(walk.state().phase(), Phase::Cancelled);
        assert!(walk.wanted().is_empty() && walk.gates().is_empty());
        assert_eq!(walk.state().due(), None);
        let twice = walk::cancel(samples::person());
        assert_eq!(walk.refused(twice), Rejection::Over(Phase::Cancelled));
    }
}

#[test]
fn what_is_merged_stays_merged_whoever_stops_what_comes_after() {
    let mut walk = drawing_lessons();
    let merge = walk.made("merge");
    let events = walk.obey(walk::cancel(samples::person()));
    assert_eq!(walk::story(&events), ["ended merged"]);
    assert_eq!(walk.state().outcome, Some(Outcome::Merged { merge }));
    assert_eq!(walk.refused(walk::cancel(samples::person())), Rejection::Over(Phase::Merged));
}

#[test]
fn a_merge_can_be_taken_back_once() {
    let mut walk = Walk::begun();
    assert_eq!(walk.refused(roll_back()), Rejection::NotMerged);
    walk.go_on_to("merge");
    assert_eq!(walk.refused(roll_back()), Rejection::NotMerged);
    walk.approve(&samples::entry("merge"));
    walk.make("merge");
    let merge = walk.made("merge");
    let events = walk.obey(roll_back());
    let rolled_back = Event::RolledBack {
        merge,
        commit: Some(samples::oid('e')),
        by: samples::person(),
        because: BECAUSE.to_owned(),
    };
    assert_eq!(events, [rolled_back]);
    assert!(walk.state().rolled_back);
    assert_eq!(walk.state().phase(), Phase::Merged, "that is how the run ended");
    assert_eq!(walk.refused(roll_back()), Rejection::AlreadyRolledBack);
}

#[test]
fn what_merged_nothing_cannot_be_taken_back() {
    for end in ["rejected", "cancelled", "failed"] {
        let mut walk = Walk::up_to("merge");
        match end {
            "rejected" => drop(walk.decide(walk.decides(&samples::entry("merge"), Decision::Rejected))),
            "cancelled" => drop(walk.obey(walk::cancel(samples::person()))),
            _ => {
                walk = Walk::begun();
                walk.fail("spec");
            }
        }
        assert!(walk.state().outcome.is_some());
        assert_eq!(walk.refused(roll_back()), Rejection::NotMerged, "{end}");
    }
}

#[test]
fn a_merge_can_be_taken_back_while_lessons_are_drawn_from_it() {
    let mut walk = merged();
    assert_eq!(walk.state().outcome, None);
    walk.obey(roll_back());
    assert!(walk.state().rolled_back);
    assert_eq!(walk.refused(roll_back()), Rejection::AlreadyRolledBack);
    walk.finish();
    assert_eq!(walk.whole_story().last().unwrap(), "ended merged");
    assert_eq!(walk.refused(roll_back()), Rejection::AlreadyRolledBack);
}

#[test]
fn a_scorecard_is_there_once_there_is_a_verdict() {
    let mut walk = Walk::up_to("verify");
    assert_eq!(walk.refused(reveal("verify")), Rejection::NoScorecard(samples::stage("verify")));
    assert_eq!(walk.refused(reveal("review")), Rejection::NoScorecard(samples::stage("review")));
    assert_eq!(walk.refused(reveal("deploy")), Rejection::NoStage(samples::stage("deploy")));
    walk.make("verify");
    let before = walk.state().clone();
    let events = walk.obey(reveal("verify"));
    let Event::ScorecardRevealed { stage, scorecard, by, because } = &events[0] else { panic!("{events:?}") };
    assert_eq!((stage.as_str(), scorecard), ("verify", &Digest::of(b"scorecard")));
    assert_eq!((by, because.as_str()), (&samples::person(), BECAUSE));
    let mut after = walk.state().clone();
    after.changed_at = before.changed_at;
    assert_eq!(after, before, "nothing follows from it");
    walk.obey(reveal("verify"));
    walk.finish();
    walk.obey(reveal("verify"));
    walk.obey(roll_back());
    walk.obey(reveal("verify"));
    assert_eq!(walk.state().phase(), Phase::Merged);
}

#[test]
fn lessons_that_nobody_could_draw_end_nothing() {
    for on_exhausted in [OnExhausted::Fail, OnExhausted::Escalate] {
        let mut pipeline = pipelines::patient();
        pipeline.stages.iter_mut().for_each(|stage| stage.on_exhausted = on_exhausted);
        let mut walk = Walk::in_pipeline(pipeline);
        walk.go_on_to("lessons");
        walk.wait(60 * 60);
        walk.obey(Command::Tick);
        walk.approve(&samples::entry("lessons"));
        assert_eq!(walk::story(&walk.fail("lessons")), ["failed lessons/1 Limit", "started lessons/2"]);
        let events = walk.fail("lessons");
        assert_eq!(walk::story(&events), ["failed lessons/2 Limit", "ended merged"]);
        assert_eq!(walk.stage("lessons").status, StageStatus::Failed);
        assert_eq!(walk.state().phase(), Phase::Merged);
    }
}

#[test]
fn whoever_wants_no_lessons_ends_nothing_but_the_run() {
    let mut walk = merged();
    walk.wait(60 * 60);
    walk.obey(Command::Tick);
    let events = walk.decide(walk.decides(&samples::entry("lessons"), Decision::Rejected));
    assert_eq!(walk::story(&events), ["decided lessons:entry Rejected", "ended merged"]);

    let mut walk = drawing_lessons();
    walk.block("lessons");
    assert_eq!(walk.state().phase(), Phase::Blocked);
    walk.obey(Command::Resume);
    walk.make("lessons");
    let events = walk.decide(walk.decides(&samples::exit("lessons"), Decision::Rejected));
    assert_eq!(walk::story(&events), ["decided lessons:exit Rejected", "ended merged"]);
}

/// After the merge the patch is reviewed once more, and whoever objects would send it back to the build.
fn watched() -> Pipeline {
    let mut pipeline = pipelines::patient();
    let mut watch = pipeline.stage(&samples::stage("lessons")).unwrap().clone();
    watch.id = samples::stage("watch");
    (watch.makes, watch.role) = (ArtifactKind::Review, Role::Reviewer);
    (watch.entry_gate, watch.exit_gate, watch.soak_seconds) = (EntryGate::None, ExitGate::Policy, 0);
    watch.returns_to = Some(samples::stage("build"));
    pipeline.stages.retain(|stage| stage.id.as_str() != "lessons");
    pipeline.stages.push(watch);
    pipeline
}

#[test]
fn what_is_found_after_the_merge_does_not_undo_it() {
    let mut walk = Walk::in_pipeline(watched());
    walk.go_on_to("watch");
    let events = walk.produce("watch", Body::Review(samples::objection()));
    assert_eq!(
        walk::story(&events),
        ["produced watch/1", "judged watch:exit not passed", "started watch/2"],
        "nothing goes back behind the merge"
    );
    let events = walk.produce("watch", Body::Review(samples::objection()));
    assert_eq!(walk::story(&events), ["produced watch/2", "judged watch:exit not passed", "ended merged"]);
    assert_eq!(walk.stage("merge").status, StageStatus::Passed);
}

#[test]
fn a_run_says_in_the_end_what_it_used() {
    let mut walk = merged();
    walk.finish();
    let ended = walk.log.iter().flat_map(|record| &record.events).find_map(|event| match event {
        Event::RunEnded { usage, .. } => *usage,
        _ => None,
    });
    assert_eq!(ended, Some(walk.state().usage));
    assert_eq!(walk.state().usage.calls, 7, "one for each stage");
}
