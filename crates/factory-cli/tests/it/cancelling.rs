//! Stopping a run for good, from wherever.

use factory_testkit::model_twin::Fault;
use libtest_mimic::Trial;

use crate::case;
use crate::fixture::{APPROVE, FACTORY, SPEC, World, building, right};
use crate::process::{self, Running};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        case("a_run_that_another_process_performs_is_cancelled_at_once", from_another_process),
        case("a_run_that_waits_is_cancelled_with_a_reason", while_it_waits),
    ]
}

fn from_another_process() {
    let world = World::new(building(vec![right()]));
    world.twin().break_down(Fault::Hang);
    let first = Running::start(world.command(FACTORY, &["run", SPEC, APPROVE]));
    process::wait_until("the model is asked", || !world.twin().requests().is_empty());
    let cancel = || world.factory(&["runs", "cancel", "--because", "it is the wrong specification"]);
    cancel().ends_with(0).says("is cancelled by Tess <tess@example.test>: it is the wrong specification");
    let ran = first.end().ends_with(1);
    ran.says("cancelled by Tess <tess@example.test>: it is the wrong specification");
    assert_eq!(world.state(), "cancelled");
    cancel().ends_with(2).says("there is no run that is not finished");
    let run = world.id();
    world.factory(&["runs", "cancel", &run, "--because", "it is the wrong one"]).ends_with(2).says("is over");
    world.factory(&["runs", "resume", &run]).ends_with(2).says("is over");
    assert_eq!(world.branches(), ["main"]);
    world.assert_no_process();
    world.assert_no_checkout();
}

fn while_it_waits() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    for reason in ["", " ", "ok", "please", "\u{200b}"] {
        let ran = world.factory(&["runs", "cancel", "--because", reason]).ends_with(2);
        ran.says("error: ");
    }
    world.factory(&["runs", "cancel"]).ends_with(2).says("--because");
    assert_eq!(world.state(), "waiting");
    world.factory(&["runs", "cancel", "--because", "the customer has left"]).ends_with(0);
    assert_eq!(world.json(&["gate", "list"]), serde_json::json!([]));
    world.factory(&["gate", "approve", "--because", "they are back again"]).ends_with(2);
    world.factory(&["runs", "show"]).ends_with(0).says("cancelled by Tess").says("the customer has left");
}
