//! Stages that are left out and gates that are waived, because of what was made or of what kind of work it is.

use factory_core::artifact::{Body, Build, Change, FileChange, Patch, Plan, Spec};
use factory_core::event::{Event, Skip};
use factory_core::ids::Digest;
use factory_core::pipeline::condition::{Condition, Field, Test, Value};
use factory_core::pipeline::model::{Edge, EntryType, GateRule};
use factory_core::risk::RiskClass;
use factory_core::state::StageStatus;
use factory_testkit::samples::{self, pipelines};

use crate::walk::{self, Walk};

/// Stages that stand side by side have no order that matters here.
fn sorted<T: Ord>(mut things: Vec<T>) -> Vec<T> {
    things.sort();
    things
}

fn story(events: &[Event]) -> Vec<String> {
    sorted(walk::story(events))
}

fn wide() -> Walk {
    Walk::in_pipeline(pipelines::wide())
}

/// A plan of two steps.
pub(crate) fn long_plan() -> Body {
    let plan = samples::plan();
    let steps = [plan.steps.clone(), plan.steps.clone()].concat();
    Body::Plan(Plan { steps, ..plan })
}

/// A build of many files, which is no small change.
pub(crate) fn risky(text: &str) -> Body {
    let change = |n: u32| {
        let content = Digest::of(text.as_bytes());
        let change = Change::Written { content, executable: false, existed: false };
        FileChange { path: format!("greeting-{n}.txt"), change }
    };
    let patch = Patch { changes: (0..6).map(change).collect() };
    Body::Build(Build { patch, ..samples::build(text) })
}

/// Everything goes well until the build is performed, with as few stages and gates as there can be.
fn small_up_to_build() -> Walk {
    let mut walk = wide();
    let spec = Spec { requirements: vec![samples::requirement("R1")], ..samples::spec() };
    let events = walk.produce("spec", Body::Spec(spec));
    assert_eq!(story(&events), ["produced spec/1", "skipped design", "started recon/1", "started tests/1"]);
    let why = events.iter().find_map(|event| match event {
        Event::StageSkipped { why, .. } => Some(why),
        _ => None,
    });
    let Some(Skip::Condition { condition }) = why else { panic!("{events:?}") };
    assert_eq!(condition, "requirements of spec is at least 2");
    walk.make("recon");
    walk.make("tests");
    let events = walk.make("plan");
    assert_eq!(
        walk::story(&events),
        ["produced plan/1", "judged plan:exit passed", "skipped tasks", "started build/1"]
    );
    let Event::PolicyJudged { sees, reason, passed, scored, .. } = &events[1] else { panic!("{events:?}") };
    assert_eq!((passed, scored), (&true, &None));
    assert_eq!(reason, "nobody is asked unless steps of plan is at least 2");
    assert_eq!(sees, &[walk.made("spec"), walk.made("recon"), walk.made("plan")], "what the gate would show");
    walk
}

#[test]
fn a_small_change_goes_all_the_way_with_nobody_asked() {
    let mut walk = small_up_to_build();
    let events = walk.make("build");
    assert_eq!(story(&events), ["produced build/1", "skipped audit", "started review/1", "started verify/1"]);
    walk.make("review");
    let events = walk.make("verify");
    assert_eq!(
        walk::story(&events),
        ["produced verify/1", "judged verify:exit passed", "judged merge:entry passed", "started merge/1"]
    );
    let Event::PolicyJudged { reason, .. } = &events[2] else { panic!("{events:?}") };
    assert_eq!(reason, "nobody is asked unless risk of build is at least medium");
    let events = walk.make("merge");
    assert_eq!(walk::story(&events), ["produced merge/1", "ended merged"]);
    for id in ["design", "tasks", "audit"] {
        assert_eq!(walk.stage(id).status, StageStatus::Skipped, "{id}");
    }
}

#[test]
fn a_large_change_is_looked_at_from_all_sides() {
    let mut walk = wide();
    let events = walk.make("spec");
    assert_eq!(story(&events), ["produced spec/1", "started design/1", "started recon/1"]);
    walk.make("recon");
    walk.make("design");
    let events = walk.approve(&samples::exit("design"));
    assert_eq!(story(&events), ["decided design:exit Approved", "started plan/1", "started tests/1"]);
    walk.make("tests");
    let events = walk.produce("plan", long_plan());
    assert_eq!(walk::story(&events), ["produced plan/1", "opened plan:exit"]);
    let events = walk.approve(&samples::exit("plan"));
    assert_eq!(walk::story(&events), ["decided plan:exit Approved", "started tasks/1"]);
    walk.make("tasks");
    let events = walk.produce("build", risky("hello"));
    assert_eq!(
        story(&events),
        ["produced build/1", "started audit/1", "started review/1", "started verify/1"]
    );
    for id in ["review", "audit"] {
        walk.make(id);
    }
    // One scenario of ten fails, which is good enough for policy but not to merge unasked.
    let events = walk.measure(9);
    assert_eq!(
        walk::story(&events),
        ["produced verify/1", "judged verify:exit passed", "opened merge:entry"]
    );
}

#[test]
fn a_gate_asks_only_when_all_of_its_conditions_hold() {
    // High risk, but every scenario passed: the second condition does not hold.
    let mut walk = small_up_to_build();
    walk.produce("build", risky("hello"));
    walk.make("review");
    walk.make("audit");
    let events = walk.make("verify");
    let Event::PolicyJudged { reason, .. } = &events[2] else { panic!("{events:?}") };
    assert_eq!(reason, "nobody is asked unless pass_percent of verify is at most 99");
}

fn condition(stage: &str, field: Field, test: Test, value: Value) -> Condition {
    Condition { stage: samples::stage(stage), field, test, value }
}

#[test]
fn what_nobody_knows_spares_nobody_a_check() {
    // The tasks were left out, so nobody knows how many there are: the gate asks, and the audit is made.
    let unknown = condition("tasks", Field::Tasks, Test::AtLeast, Value::Count(9));
    let mut pipeline = pipelines::wide();
    for stage in &mut pipeline.stages {
        match stage.id.as_str() {
            "audit" => stage.when = vec![unknown.clone()],
            "merge" => {
                let rule = GateRule { when: vec![unknown.clone()], ..GateRule::default() };
                stage.rules.insert(Edge::Entry, rule);
            }
            _ => {}
        }
    }
    let mut walk = Walk::in_pipeline(pipeline);
    walk.go_on_to("build");
    assert_eq!(walk.stage("tasks").status, StageStatus::Skipped);
    walk.make("build");
    assert_eq!(sorted(walk.wanted()), ["audit/1", "review/1", "verify/1"]);
    walk.make("review");
    walk.make("audit");
    walk.make("verify");
    assert_eq!(walk.gates(), ["merge:entry"]);
}

#[test]
fn a_condition_compares_what_it_says_and_no_more() {
    let facts = [(Field::Steps, Value::Count(3)), (Field::Risk, Value::Risk(RiskClass::Medium))].into();
    for (test, value, expected) in [
        (Test::AtLeast, 2, true),
        (Test::AtLeast, 3, true),
        (Test::AtLeast, 4, false),
        (Test::AtMost, 4, true),
        (Test::AtMost, 3, true),
        (Test::AtMost, 2, false),
        (Test::Is, 3, true),
        (Test::Is, 2, false),
    ] {
        let steps = condition("plan", Field::Steps, test, Value::Count(value));
        assert_eq!(steps.holds(&facts), Some(expected), "{test:?} {value}");
    }
    let risk = |test, class| condition("build", Field::Risk, test, Value::Risk(class)).holds(&facts);
    assert_eq!(risk(Test::AtLeast, RiskClass::High), Some(false));
    assert_eq!(risk(Test::AtLeast, RiskClass::Low), Some(true));
    assert_eq!(condition("x", Field::Files, Test::Is, Value::Count(1)).holds(&facts), None, "not said");
    assert_eq!(condition("x", Field::Steps, Test::Is, Value::Flag(true)).holds(&facts), None, "another type");
}

#[test]
fn what_was_left_out_is_asked_about_again_for_what_is_made_again() {
    let mut walk = small_up_to_build();
    walk.make("build");
    assert_eq!(walk.stage("audit").status, StageStatus::Skipped);
    walk.make("review");
    walk.measure(5);
    assert_eq!(walk.wanted(), ["build/2"]);
    let events = walk.produce("build", risky("better"));
    assert_eq!(
        story(&events),
        ["produced build/2", "started audit/1", "started review/2", "started verify/2"],
        "the second patch is larger"
    );
    walk.make("review");
    walk.make("audit");
    walk.measure(8);
    let events = walk.make("build");
    assert!(walk::story(&events).contains(&"skipped audit".to_owned()), "the third is small again");
}

fn entered_as(entry: EntryType) -> Walk {
    let mut started = samples::started_in(pipelines::wide());
    started.entry = entry;
    Walk::of(started)
}

fn skipped(walk: &Walk) -> Vec<&str> {
    let stages = walk.state().started.pipeline.stages.iter();
    let ids = stages.map(|stage| stage.id.as_str());
    sorted(ids.filter(|id| walk.stage(id).status == StageStatus::Skipped).collect())
}

#[test]
fn each_kind_of_work_begins_where_the_pipeline_says() {
    for (entry, left_out, first) in [
        (EntryType::Feature, &[][..], &["design/1", "recon/1"][..]),
        (EntryType::Bug, &["design", "tests"], &["recon/1"]),
        (EntryType::Remediation, &["design", "recon", "tests"], &["plan/1"]),
        (EntryType::Hotfix, &["design", "plan", "recon", "tasks", "tests"], &["build/1"]),
    ] {
        let mut walk = entered_as(entry);
        assert_eq!(skipped(&walk), left_out, "{entry:?}");
        for event in &walk.log[0].events {
            if let Event::StageSkipped { why, .. } = event {
                assert_eq!(why, &Skip::Entry { entry });
            }
        }
        assert_eq!(walk.wanted(), ["spec/1"], "no run goes without its specification");
        walk.make("spec");
        assert_eq!(sorted(walk.wanted()), first, "{entry:?}");
        walk.finish();
        assert_eq!(walk.whole_story().last().unwrap(), "ended merged", "{entry:?}");
    }
}

#[test]
fn what_a_hotfix_leaves_out_stays_left_out_when_work_goes_back() {
    let mut walk = entered_as(EntryType::Hotfix);
    let before = skipped(&walk).len();
    walk.go_on_to("verify");
    walk.make("review");
    walk.measure(0);
    assert_eq!(walk.wanted(), ["build/2"]);
    walk.go_on_to("merge");
    assert_eq!(skipped(&walk).len(), before + 1, "and the audit of a small change");
}
