//! Work that comes back, tries that fail, and tries that end.

use factory_core::artifact::{
    Artifact, Body, Build, CheckOutcome, CheckResult, Coverage, CoverageRow, Patch, Plan, PlanStep, Review,
    Spec, Tasks, Verify,
};
use factory_core::command::Command;
use factory_core::decide::Rejection;
use factory_core::event::{Decision, Event, Evidence, FailureKind, Outcome, SentBack};
use factory_core::ids::{Attempt, Digest, Usage};
use factory_core::pipeline::model::{EntryGate, OnExhausted};
use factory_core::state::{Phase, StageStatus};
use factory_testkit::samples;

use crate::walk::{self, Walk};

fn check(name: &str, outcome: CheckOutcome) -> CheckResult {
    CheckResult { name: name.to_owned(), outcome }
}

fn build(text: &str) -> Body {
    Body::Build(samples::build(text))
}

fn red(text: &str) -> Body {
    let checks = vec![
        check("format", CheckOutcome::Passed),
        check("test", CheckOutcome::Failed { status: 101 }),
        check("slow", CheckOutcome::TimedOut),
    ];
    Body::Build(Build { checks, ..samples::build(text) })
}

fn verify(text: &str, passed: u32, failed: u32, inconclusive: u32) -> Body {
    Body::Verify(samples::verify(samples::patch(text).digest(), passed, failed, inconclusive))
}

/// A run that ends where no try is left; what people are asked in other runs is told by `escalations`.
fn failing_up_to(stage: &str) -> Walk {
    let mut walk = Walk::with(|pipeline| {
        pipeline.stages.iter_mut().for_each(|stage| stage.on_exhausted = OnExhausted::Fail);
    });
    walk.go_on_to(stage);
    walk
}

/// Everything downstream of the build is as if it had never been tried.
fn assert_downstream_is_reset(walk: &Walk) {
    for id in ["review", "verify", "merge"] {
        let stage = walk.stage(id);
        assert_eq!(stage.status, StageStatus::Pending, "{id}");
        assert_eq!((stage.tries, stage.entered), (0, false), "{id}");
        assert_eq!((&stage.artifact, stage.corrections.as_slice()), (&None, &[][..]), "{id}");
    }
}

#[test]
fn red_checks_send_a_build_back_to_itself_with_their_logs() {
    let mut walk = Walk::up_to("build");
    let log = |name: &str| Evidence { name: format!("check {name}"), digest: Digest::of(name.as_bytes()) };
    let events = walk.obey(Command::Produce {
        stage: samples::stage("build"),
        attempt: Attempt(1),
        artifact: Box::new(Artifact::new(red("hello"), Vec::new())),
        evidence: vec![log("format"), log("test"), log("slow")],
        usage: Usage::default(),
    });
    assert_eq!(walk::story(&events), ["produced build/1", "sent back build to build", "started build/2"]);
    let told = SentBack::Checks { logs: vec![log("test"), log("slow")] };
    let stage = walk.stage("build");
    assert_eq!(stage.corrections, [told]);
    assert_eq!(stage.tries, 2);
    let artifact = stage.artifact.as_ref().expect("the next try starts from what is there");
    assert_eq!(artifact.patch, Some(samples::patch("hello").digest()));

    let events = walk.produce("build", build("hello again"));
    assert_eq!(walk::story(&events), ["produced build/2", "started review/1"]);
    assert_eq!(walk.stage("build").corrections, [], "it is said once");
}

#[test]
fn a_build_that_stays_red_ends_the_run() {
    let mut walk = failing_up_to("build");
    walk.produce("build", red("one"));
    walk.produce("build", red("two"));
    let events = walk.produce("build", red("three"));
    assert_eq!(walk::story(&events), ["produced build/3", "ended failed build ChecksRed"]);
    let Some(Outcome::Failed { detail, .. }) = &walk.state().outcome else { panic!() };
    assert_eq!(detail, "the project's own checks fail on the patch: test, slow");
    assert_eq!(walk.state().phase(), Phase::Failed);
    assert_eq!(walk.stage("build").status, StageStatus::Failed, "a red build has not passed");
    assert!(walk.wanted().is_empty());
}

#[test]
fn a_review_that_objects_sends_the_build_back() {
    let mut walk = Walk::up_to("review");
    let review = Body::Review(samples::objection());
    let digest = Artifact::new(review.clone(), Vec::new()).digest();
    let events = walk.produce("review", review);
    assert_eq!(
        walk::story(&events),
        [
            "produced review/1",
            "judged review:exit not passed",
            "sent back review to build",
            "started build/2"
        ]
    );
    assert_eq!(walk.stage("build").corrections, [SentBack::Review { review: digest }]);
    assert_downstream_is_reset(&walk);
    assert_eq!(walk.stage("tasks").status, StageStatus::Passed, "what stands before the build stays");
}

#[test]
fn a_requirement_that_is_not_wholly_covered_is_an_objection() {
    for status in [Coverage::Partial, Coverage::Missing] {
        let mut walk = Walk::up_to("review");
        let mut review = samples::review();
        review.coverage[1].status = status;
        let events = walk.produce("review", Body::Review(review));
        let Event::PolicyJudged { passed, reason, .. } = &events[1] else { panic!("{events:?}") };
        assert!(!passed);
        assert_eq!(reason, "0 blocking findings; 1 requirements not wholly covered: R2");
    }
}

#[test]
fn failed_holdouts_send_the_build_back_with_feedback_and_no_more() {
    let mut walk = Walk::up_to("verify");
    let events = walk.produce("verify", verify("hello", 8, 2, 0));
    assert_eq!(
        walk::story(&events),
        [
            "produced verify/1",
            "judged verify:exit not passed",
            "sent back verify to build",
            "started build/2"
        ]
    );
    assert_eq!(
        walk.stage("build").corrections,
        [SentBack::Holdouts { feedback: samples::feedback(2), revealed: samples::revealed() }]
    );
    assert_downstream_is_reset(&walk);

    // The next round has its own tries at review and verify, with numbers that were never used before.
    walk.produce("build", build("better"));
    assert_eq!(walk.wanted(), ["review/2"]);
    walk.produce("review", Body::Review(samples::review()));
    assert_eq!(walk.wanted(), ["verify/2"]);
    assert_eq!((walk.stage("review").tries, walk.stage("verify").tries), (1, 1));
    walk.produce("verify", verify("better", 10, 0, 0));
    assert_eq!(walk.state().phase(), Phase::Waiting);
}

#[test]
fn a_critical_scenario_that_fails_outweighs_every_share() {
    let mut walk = Walk::up_to("verify");
    let measured =
        Verify { critical_passed: false, ..samples::verify(samples::patch("hello").digest(), 99, 1, 0) };
    let events = walk.produce("verify", Body::Verify(measured));
    assert_eq!(walk::story(&events)[1..3], ["judged verify:exit not passed", "sent back verify to build"]);
}

#[test]
fn tries_of_every_kind_count_against_one_limit() {
    // The first build comes back from its checks, the second from the review, the third from the holdouts.
    let mut walk = failing_up_to("build");
    walk.produce("build", red("one"));
    walk.produce("build", build("two"));
    walk.produce("review", Body::Review(samples::objection()));
    walk.produce("build", build("three"));
    walk.produce("review", Body::Review(samples::review()));
    let events = walk.produce("verify", verify("three", 1, 9, 0));
    assert_eq!(
        walk::story(&events),
        ["produced verify/1", "judged verify:exit not passed", "ended failed verify Policy"]
    );
    let Some(Outcome::Failed { detail, .. }) = &walk.state().outcome else { panic!() };
    assert!(detail.starts_with("1 of 10 scenarios passed"), "{detail}");
}

#[test]
fn a_correction_outlives_a_try_that_made_nothing() {
    let mut walk = Walk::up_to("verify");
    walk.produce("verify", verify("hello", 8, 2, 0));
    let events = walk.fail("build");
    assert_eq!(walk::story(&events), ["failed build/2 Limit", "started build/3"]);
    assert_eq!(
        walk.stage("build").corrections,
        [SentBack::Holdouts { feedback: samples::feedback(2), revealed: samples::revealed() }]
    );
}

#[test]
fn tries_that_fail_are_made_again_until_none_is_left() {
    let mut walk = failing_up_to("tasks");
    assert_eq!(walk::story(&walk.fail("tasks")), ["failed tasks/1 Limit", "started tasks/2"]);
    let events = walk.fail("tasks");
    assert_eq!(walk::story(&events), ["failed tasks/2 Limit", "ended failed tasks Limit"]);
    let failed = Outcome::Failed {
        stage: samples::stage("tasks"),
        kind: FailureKind::Limit,
        detail: "too long".to_owned(),
    };
    assert_eq!(walk.state().outcome, Some(failed));
}

#[test]
fn an_inconclusive_verdict_never_passes() {
    for (passed, failed, inconclusive) in [(0, 0, 0), (100, 0, 1), (0, 0, 5), (99, 1, 1), (0, 9, 1)] {
        let mut walk = failing_up_to("verify");
        let events = walk.produce("verify", verify("hello", passed, failed, inconclusive));
        let again = ["produced verify/1", "judged verify:exit not passed", "started verify/2"];
        assert_eq!(walk::story(&events), again, "{passed} {failed} {inconclusive}");
        let events = walk.produce("verify", verify("hello", passed, failed, inconclusive));
        let over = ["produced verify/2", "judged verify:exit not passed", "ended failed verify Policy"];
        assert_eq!(walk::story(&events), over, "{passed} {failed} {inconclusive}");
    }
}

#[test]
fn a_gate_that_was_passed_opens_again_when_work_is_sent_back() {
    let mut started = samples::started();
    for stage in &mut started.pipeline.stages {
        if stage.id.as_str() == "verify" {
            stage.entry_gate = EntryGate::Human;
        }
    }
    let mut walk = Walk::of(started);
    walk.go_on_to("verify");
    let gate = samples::entry("verify");
    let first = walk.sees(&gate);
    walk.approve(&gate);
    assert!(walk.stage("verify").entered);
    walk.produce("verify", verify("hello", 0, 10, 0));
    assert!(!walk.stage("verify").entered, "nobody has seen what will be built now");

    walk.produce("build", build("better"));
    let events = walk.produce("review", Body::Review(samples::review()));
    assert_eq!(walk::story(&events).last().unwrap(), "opened verify:entry");
    assert!(walk.wanted().is_empty());
    let second = walk.sees(&gate);
    assert_ne!(first, second);
    let stale = walk::decision(&gate, Decision::Approved, first);
    assert_eq!(walk.refused(stale), Rejection::Stale(gate.clone()));
    walk.approve(&gate);
    assert_eq!(walk.wanted(), ["verify/2"]);
}

#[test]
fn work_from_a_red_base_is_not_begun() {
    let mut walk = Walk::begun();
    let spec = Spec { baseline: vec![check("test", CheckOutcome::Failed { status: 1 })], ..samples::spec() };
    let events = walk.produce("spec", Body::Spec(spec));
    assert_eq!(walk::story(&events), ["failed spec/1 BaselineRed", "ended failed spec BaselineRed"]);
    let Some(Outcome::Failed { detail, .. }) = &walk.state().outcome else { panic!() };
    assert_eq!(detail, "before any work, on the untouched base, these checks fail: test");
    assert_eq!(walk.state().usage.calls, 1, "what was used for nothing counts");
}

#[test]
fn artifacts_that_miss_their_exit_criteria_are_failed_tries() {
    let plan = Plan { steps: Vec::<PlanStep>::new(), ..samples::plan() };
    let tasks = Tasks { tasks: samples::tasks().tasks[..1].to_vec() };
    let empty = Build { patch: Patch::default(), ..samples::build("hello") };
    let coverage: Vec<CoverageRow> = samples::review().coverage[..1].to_vec();
    let review = Review { coverage, ..samples::review() };
    for (stage, body, kind, message) in [
        ("plan", Body::Plan(plan), "ExitCriteria", "the plan has no steps"),
        ("tasks", Body::Tasks(tasks), "ExitCriteria", "no task serves R2"),
        ("build", Body::Build(empty), "BadPatch", "the implementer submitted without changing anything"),
        ("review", Body::Review(review), "ExitCriteria", "no row of the coverage matrix serves R2"),
    ] {
        let mut walk = Walk::up_to(stage);
        let events = walk.produce(stage, body);
        assert_eq!(walk::story(&events), [format!("failed {stage}/1 {kind}"), format!("started {stage}/2")]);
        let Event::StageFailed { detail, .. } = &events[0] else { panic!("{events:?}") };
        assert_eq!(detail, message);
        assert_eq!(walk.stage(stage).artifact, None, "what does not count is not kept");
    }
}

#[test]
fn a_policy_gate_without_a_way_back_ends_the_run() {
    let mut walk = Walk::with(|pipeline| {
        for stage in &mut pipeline.stages {
            (stage.returns_to, stage.on_exhausted) = (None, OnExhausted::Fail);
        }
    });
    walk.go_on_to("review");
    let events = walk.produce("review", Body::Review(samples::objection()));
    assert_eq!(
        walk::story(&events),
        ["produced review/1", "judged review:exit not passed", "ended failed review Policy"]
    );
}

#[test]
fn what_was_overtaken_by_work_sent_back_is_refused() {
    // Review and verification side by side: the review objects while the verification is still performed.
    let mut started = samples::started();
    for stage in &mut started.pipeline.stages {
        stage.needs.retain(|need| stage.id.as_str() != "verify" || need.as_str() != "review");
    }
    let mut walk = Walk::of(started);
    walk.go_on_to("review");
    assert_eq!(walk.wanted(), ["review/1", "verify/1"]);
    walk.produce("review", Body::Review(samples::objection()));
    assert_eq!(walk.wanted(), ["build/2"]);
    let late = walk::produce("verify", 1, verify("hello", 10, 0, 0));
    walk.refused(late.clone());
    walk.produce("build", build("better"));
    assert_eq!(walk.wanted(), ["review/2", "verify/2"]);
    walk.refused(late);
}
