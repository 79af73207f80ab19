//! People who ask for another try: what goes back, to whom, with which words, and how many tries that is worth.

use factory_core::artifact::{Artifact, Body, Build, CheckOutcome};
use factory_core::command::{Command, Deciding};
use factory_core::decide::Rejection;
use factory_core::event::{Decision, Event, Evidence, SentBack, Stuck};
use factory_core::ids::{Attempt, Digest, Usage};
use factory_core::pipeline::model::ExitGate;
use factory_core::reason::NoReason;
use factory_core::state::StageStatus;
use factory_testkit::samples::{self, pipelines};

use crate::walk::{self, Walk};

const WORDS: &str = "say please at the end";

fn note() -> SentBack {
    SentBack::Note { note: WORDS.to_owned() }
}

fn stuck_at_verify() -> Walk {
    let mut walk = Walk::up_to("build");
    for _ in 0..3 {
        walk.make("build");
        walk.make("review");
        walk.measure(7);
    }
    walk
}

#[test]
fn a_plan_is_made_again_with_a_note() {
    let mut walk = Walk::up_to("plan");
    walk.make("plan");
    let first = walk.made("plan");
    let events = walk.retry(&samples::exit("plan"), &format!("  {WORDS}\n"));
    assert_eq!(
        walk::story(&events),
        ["decided plan:exit Retried", "sent back plan to plan", "started plan/2"]
    );
    let Event::GateDecided(decided) = &events[0] else { panic!("{events:?}") };
    assert_eq!(decided.note.as_deref(), Some(WORDS), "without the space around it");
    let plan = walk.stage("plan");
    assert_eq!(plan.corrections, [note()]);
    assert_eq!((plan.tries, plan.granted), (2, 1));
    assert_eq!(plan.artifact.as_ref().unwrap().digest, first, "what the next try starts from");

    walk.make("plan");
    assert_eq!(walk.stage("plan").corrections, [], "it is said once");
    assert_eq!(walk.gates(), ["plan:exit"], "and decided about again");
}

#[test]
fn each_note_is_worth_one_try_and_uses_up_none() {
    // Two tries are what the pipeline gives.
    let mut walk = Walk::up_to("plan");
    for attempt in 1..=7 {
        assert_eq!(walk.attempt("plan"), Attempt(attempt));
        walk.make("plan");
        walk.retry(&samples::exit("plan"), WORDS);
    }
    let plan = walk.stage("plan");
    assert_eq!((plan.tries, plan.granted), (8, 7));
    // The second of the two is still there.
    let events = walk.fail("plan");
    assert_eq!(walk::story(&events), ["failed plan/8 Limit", "started plan/9"]);
    assert_eq!(walk.stage("plan").corrections, [note()], "what was said is said again to the next");
    let events = walk.fail("plan");
    assert_eq!(walk::story(&events), ["failed plan/9 Limit", "opened plan:escalation"]);
}

#[test]
fn another_try_needs_words() {
    let mut walk = Walk::up_to("plan");
    walk.make("plan");
    let wanted = |note: Option<&str>| Deciding {
        note: note.map(str::to_owned),
        ..walk.decides(&samples::exit("plan"), Decision::Retried)
    };
    let [none, blank, empty, long] = [
        wanted(None),
        wanted(Some(" ")),
        wanted(Some("looks good to me")),
        wanted(Some(&"x y z ".repeat(9000))),
    ];
    assert_eq!(walk.decide_refused(none), Rejection::NoNote);
    assert_eq!(walk.decide_refused(blank), Rejection::NoReason(NoReason::Blank));
    let is_empty = NoReason::Empty("looks good to me".to_owned());
    assert_eq!(walk.decide_refused(empty), Rejection::NoReason(is_empty));
    assert_eq!(walk.decide_refused(long), Rejection::NoReason(NoReason::Long { found: 54_000 }));
}

#[test]
fn before_the_merge_the_build_gets_the_work_back() {
    let mut walk = Walk::up_to("merge");
    let before = walk.sees(&samples::entry("merge"));
    let events = walk.retry(&samples::entry("merge"), WORDS);
    assert_eq!(
        walk::story(&events),
        ["decided merge:entry Retried", "sent back merge to build", "started build/2"]
    );
    assert_eq!(walk.stage("build").corrections, [note()]);
    assert_eq!((walk.stage("build").tries, walk.stage("build").granted), (2, 1));
    for id in ["review", "verify", "merge"] {
        let stage = walk.stage(id);
        assert_eq!((stage.status.clone(), stage.tries), (StageStatus::Pending, 0), "{id}");
        assert_eq!((&stage.artifact, stage.verdicts.as_slice()), (&None, &[][..]), "{id}");
    }
    walk.produce("build", Body::Build(samples::build("hello, please")));
    walk.go_on_to("merge");
    assert_ne!(walk.sees(&samples::entry("merge")), before, "whoever decides sees what is there now");
    walk.finish();
}

#[test]
fn where_holdouts_failed_the_build_is_told_both() {
    let mut walk = stuck_at_verify();
    let gate = samples::gate("verify:escalation");
    let escalation = walk.open(&gate).escalation.unwrap();
    assert_eq!(escalation.why, Stuck::Exhausted);
    let holdouts = SentBack::Holdouts { feedback: samples::feedback(3), revealed: samples::revealed() };
    assert_eq!(escalation.correction, Some(holdouts.clone()));
    let events = walk.retry(&gate, WORDS);
    assert_eq!(
        walk::story(&events),
        [
            "decided verify:escalation Retried",
            "sent back verify to build",
            "sent back verify to build",
            "started build/4"
        ]
    );
    let build = walk.stage("build");
    assert_eq!(build.corrections, [holdouts, note()], "the note comes last");
    assert_eq!((build.tries, build.granted), (4, 1), "one more, although there are two to be told");

    // One more try, and no more than one.
    walk.make("build");
    walk.make("review");
    let events = walk.measure(7);
    assert_eq!(
        walk::story(&events),
        ["produced verify/4", "judged verify:exit not passed", "opened verify:escalation"]
    );
}

#[test]
fn what_was_tried_is_told_until_a_person_has_asked_for_more() {
    let mut walk = stuck_at_verify();
    let gate = samples::gate("verify:escalation");
    let told = |walk: &Walk| {
        let escalation = walk.open(&gate).escalation.unwrap();
        assert_eq!(escalation.tried.last().unwrap().artifact, walk.made("verify"), "the last one too");
        assert_eq!(escalation.usage, walk.state().usage, "all that was used");
        escalation.tried.iter().map(|tried| (tried.passed, tried.of, tried.met)).collect::<Vec<_>>()
    };
    assert_eq!(told(&walk), [(7, 10, false); 3]);
    walk.retry(&gate, WORDS);
    walk.make("build");
    walk.make("review");
    walk.measure(8);
    assert_eq!(told(&walk), [(8, 10, false)], "since somebody asked");
}

#[test]
fn where_the_projects_checks_failed_the_build_is_told_both() {
    let mut walk = Walk::up_to("build");
    let red = || Build {
        checks: vec![samples::check(CheckOutcome::Failed { status: 1 })],
        ..samples::build("hello")
    };
    let log = Evidence { name: "check test".to_owned(), digest: Digest::of(b"log") };
    for attempt in 1..=3 {
        walk.obey(Command::Produce {
            stage: samples::stage("build"),
            attempt: Attempt(attempt),
            artifact: Box::new(Artifact::new(Body::Build(red()), Vec::new())),
            evidence: vec![log.clone()],
            usage: Usage::default(),
        });
    }
    let gate = samples::gate("build:escalation");
    let open = walk.open(&gate);
    let findings = open.escalation.unwrap().findings;
    assert_eq!(findings, ["check:test".parse().unwrap()]);
    assert_eq!(open.sees.last(), Some(&walk.made("build")), "the build that is red is shown");
    walk.retry(&gate, WORDS);
    assert_eq!(walk.wanted(), ["build/4"]);
    assert_eq!(walk.stage("build").corrections, [SentBack::Checks { logs: vec![log] }, note()]);
}

#[test]
fn where_a_review_objected_the_build_is_told_both() {
    let mut walk = Walk::up_to("build");
    for _ in 0..3 {
        walk.make("build");
        walk.produce("review", Body::Review(samples::objection()));
    }
    let review = walk.made("review");
    walk.retry(&samples::gate("review:escalation"), WORDS);
    assert_eq!(walk.stage("build").corrections, [SentBack::Review { review }, note()]);
}

#[test]
fn where_a_try_came_to_nothing_only_the_note_goes_back() {
    let mut walk = Walk::up_to("build");
    (0..3).for_each(|_| drop(walk.fail("build")));
    let events = walk.retry(&samples::gate("build:escalation"), WORDS);
    assert_eq!(
        walk::story(&events),
        ["decided build:escalation Retried", "sent back build to build", "started build/4"]
    );
    assert_eq!(walk.stage("build").corrections, [note()]);
}

#[test]
fn where_nothing_could_be_measured_it_is_measured_again() {
    let mut walk = Walk::up_to("verify");
    for _ in 0..2 {
        let verify = samples::verify(walk.patch(), 9, 0, 1);
        walk.produce("verify", Body::Verify(verify));
    }
    let built = walk.made("build");
    let events = walk.retry(&samples::gate("verify:escalation"), "the port is free now");
    assert_eq!(
        walk::story(&events),
        ["decided verify:escalation Retried", "sent back verify to verify", "started verify/3"]
    );
    assert_eq!(walk.made("build"), built, "nobody builds anything again");
    assert_eq!(walk.stage("verify").verdicts, []);
}

#[test]
fn a_reviewer_can_be_asked_again_too() {
    let mut walk = Walk::with(|pipeline| {
        let review = pipeline.stages.iter_mut().find(|stage| stage.id.as_str() == "review").unwrap();
        (review.exit_gate, review.returns_to) = (ExitGate::Human, None);
    });
    walk.go_on_to("review");
    walk.make("review");
    let events = walk.retry(&samples::exit("review"), "look at the error paths, too");
    assert_eq!(walk::story(&events)[1..], ["sent back review to review", "started review/2"]);
    let told = SentBack::Note { note: "look at the error paths, too".to_owned() };
    assert_eq!(walk.stage("review").corrections, [told]);
}

#[test]
fn what_is_merged_is_not_made_again() {
    // After the merge somebody would rather have another patch: that is another run.
    let mut walk = Walk::in_pipeline(pipelines::patient());
    walk.go_on_to("lessons");
    walk.wait(60 * 60);
    walk.obey(Command::Tick);
    let wanted = walk.decides(&samples::entry("lessons"), Decision::Retried);
    let refused = walk.decide_refused(Deciding { note: Some(WORDS.to_owned()), ..wanted });
    let instead = "what would be made again is merged already; approve or reject";
    let gate = samples::entry("lessons");
    assert_eq!(refused, Rejection::WrongDecision { gate, decision: "retried", instead });

    // Lessons themselves can be drawn again.
    walk.approve(&samples::entry("lessons"));
    walk.make("lessons");
    let events = walk.retry(&samples::exit("lessons"), WORDS);
    assert_eq!(walk::story(&events)[1..], ["sent back lessons to lessons", "soaking lessons"]);
    walk.finish();
    assert_eq!(walk.whole_story().last().unwrap(), "ended merged");
}
