//! A run whose commands are not confined, since whoever asked for it accepted that: it can do all but merge by itself.

use factory_core::command::{Command, Deciding};
use factory_core::decide::{self, Rejection};
use factory_core::event::{Channel, Decision, RunStarted};
use factory_core::ids::Timestamp;
use factory_core::pipeline::model::{Edge, EntryGate};
use factory_testkit::samples;

use crate::walk::{self, Walk};

fn unsealed() -> RunStarted {
    RunStarted { unsealed: Some("no machine with namespaces is at hand".to_owned()), ..samples::started() }
}

/// The same in a pipeline that would merge without asking.
fn asking_nobody() -> RunStarted {
    let mut started = unsealed();
    for stage in &mut started.pipeline.stages {
        if stage.id.as_str() == "merge" {
            stage.entry_gate = EntryGate::None;
            stage.rules.remove(&Edge::Entry);
        }
    }
    started
}

#[test]
fn a_person_decides_on_the_merge_whatever_the_pipeline_says() {
    let gate = samples::entry("merge");
    let mut sealed = Walk::of(RunStarted { unsealed: None, ..asking_nobody() });
    sealed.go_on_to("merge");
    assert_eq!(sealed.wanted(), ["merge/1"], "sealed, it merges without asking");

    let mut walk = Walk::of(asking_nobody());
    walk.go_on_to("verify");
    walk.make("verify");
    assert!(walk.wanted().is_empty(), "nothing goes on until somebody has decided");
    let wanted = Deciding { via: Channel::InAdvance, ..walk.decides(&gate, Decision::Approved) };
    assert_eq!(walk.refused(Command::Decide(Box::new(wanted))), Rejection::NotInAdvance(gate.clone()));
    let events = walk.approve(&gate);
    assert_eq!(walk::story(&events), ["decided merge:entry Approved", "started merge/1"]);
}

#[test]
fn it_needs_a_reason() {
    let started = RunStarted { unsealed: Some("ok".to_owned()), ..samples::started() };
    let refused = decide::decide(None, Command::Start(Box::new(started)), Timestamp(1));
    assert!(matches!(refused, Err(Rejection::NoReason(_))), "{refused:?}");
}
