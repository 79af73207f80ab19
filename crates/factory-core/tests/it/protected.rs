//! A patch that touches what belongs to people, because the specification names it: a person decides, whatever the
//! pipeline says.

use factory_core::artifact::{Body, Build, Change, FileChange, Patch};
use factory_core::command::{Command, Deciding};
use factory_core::decide::{self, Rejection};
use factory_core::event::{Channel, Decision, Event, Record, RunStarted};
use factory_core::ids::Digest;
use factory_core::pipeline::condition::{Condition, Field, Test, Value};
use factory_core::pipeline::model::{Edge, ExitGate, GateRule};
use factory_testkit::samples;

use crate::walk::{self, Walk};

const CI: &str = ".github/workflows/ci.yml";

fn named() -> RunStarted {
    let mut started = samples::started();
    started.spec.protected = vec![CI.to_owned(), "docs/deploy.txt".to_owned()];
    started
}

/// A build that writes these files.
fn touching(paths: &[&str]) -> Body {
    let content = Digest::of(b"x");
    let change = |path: &&str| FileChange {
        path: (*path).to_owned(),
        change: Change::Written { content: content.clone(), executable: false, existed: false },
    };
    Body::Build(Build { patch: Patch { changes: paths.iter().map(change).collect() }, ..samples::build("x") })
}

fn up_to_build(started: RunStarted) -> Walk {
    let mut walk = Walk::of(started);
    walk.go_on_to("build");
    walk
}

#[test]
fn a_person_decides_where_the_pipeline_has_no_gate() {
    let mut walk = up_to_build(named());
    let events = walk.produce("build", touching(&["app.py", CI]));
    assert_eq!(walk::story(&events), ["produced build/1", "opened build:exit"]);
    assert_eq!(decide::protected_at(walk.state(), &samples::exit("build")), [CI]);
    assert!(walk.wanted().is_empty(), "nothing goes on until somebody has decided");
    let events = walk.approve(&samples::exit("build"));
    assert_eq!(walk::story(&events), ["decided build:exit Approved", "started review/1"]);
    walk.finish();
    assert!(walk.state().merged().is_some());
}

#[test]
fn nobody_has_decided_in_advance() {
    let mut walk = up_to_build(named());
    walk.produce("build", touching(&[CI]));
    let gate = samples::exit("build");
    let wanted = Deciding { via: Channel::InAdvance, ..walk.decides(&gate, Decision::Approved) };
    assert_eq!(walk.refused(Command::Decide(Box::new(wanted))), Rejection::NotInAdvance(gate));
}

#[test]
fn a_retry_builds_again_and_a_rejection_ends_the_run() {
    let gate = samples::exit("build");
    let mut walk = up_to_build(named());
    walk.produce("build", touching(&[CI]));
    let note = Some("leave the pipeline as it is".to_owned());
    let wanted = Deciding { note, ..walk.decides(&gate, Decision::Retried) };
    let events = walk.obey(Command::Decide(Box::new(wanted)));
    assert!(walk::story(&events).contains(&"started build/2".to_owned()), "{events:?}");
    let events = walk.produce("build", touching(&["app.py"]));
    assert_eq!(walk::story(&events), ["produced build/2", "started review/1"], "nothing is touched now");

    let mut walk = up_to_build(named());
    walk.produce("build", touching(&[CI]));
    let rejected = walk.decides(&gate, Decision::Rejected);
    walk.obey(Command::Decide(Box::new(rejected)));
    assert!(walk.state().outcome.is_some());
}

#[test]
fn no_condition_spares_the_person() {
    let mut started = named();
    for stage in &mut started.pipeline.stages {
        if stage.id.as_str() == "build" {
            stage.exit_gate = ExitGate::Human;
            let condition = Condition {
                stage: samples::stage("build"),
                field: Field::Files,
                test: Test::AtLeast,
                value: Value::Count(9),
            };
            let rule = GateRule { when: vec![condition], ..GateRule::default() };
            stage.rules.insert(Edge::Exit, rule);
        }
    }
    let mut walk = up_to_build(started.clone());
    let events = walk.produce("build", touching(&["app.py"]));
    assert_eq!(walk::story(&events)[..2], ["produced build/1", "judged build:exit passed"]);
    let mut walk = up_to_build(started);
    let events = walk.produce("build", touching(&[CI]));
    assert_eq!(walk::story(&events), ["produced build/1", "opened build:exit"]);
}

#[test]
fn what_no_adapter_should_have_let_through_is_asked_about_as_well() {
    let mut walk = up_to_build(samples::started());
    let events = walk.produce("build", touching(&["sub/AGENTS.md"]));
    assert_eq!(walk::story(&events), ["produced build/1", "opened build:exit"]);
}

#[test]
fn a_folder_of_the_project_counts_once_it_is_named() {
    let build = touching(&["docs/deploy.txt"]);
    let mut walk = up_to_build(named());
    assert_eq!(walk::story(&walk.produce("build", build.clone())), ["produced build/1", "opened build:exit"]);
    let mut walk = up_to_build(samples::started());
    assert_eq!(walk::story(&walk.produce("build", build)), ["produced build/1", "started review/1"]);
}

#[test]
fn the_log_keeps_what_was_named_and_what_was_touched() {
    let mut walk = up_to_build(named());
    walk.produce("build", touching(&[CI]));
    for record in &walk.log {
        assert_eq!(&Record::from_bytes(&record.to_bytes()).unwrap(), record);
    }
    let events = walk.log.iter().flat_map(|record| &record.events);
    let built = events.filter_map(|event| match event {
        Event::StageProduced { artifact, .. } => Some(artifact.protected.clone()),
        _ => None,
    });
    assert!(built.flatten().eq([CI]));
}

#[test]
fn version_1_knew_neither() {
    let started = include_str!("../fixtures/record-v1.jsonl").lines().next().unwrap();
    assert!(Record::from_bytes(started.as_bytes()).is_ok());
    let with = started.replacen(r#""slug":"#, r#""protected":[],"slug":"#, 1);
    assert!(Record::from_bytes(with.as_bytes()).is_err());
}
