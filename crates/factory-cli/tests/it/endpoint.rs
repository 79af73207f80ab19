//! A model endpoint that fails: the run is blocked, says what and how to go on, and goes on when that is mended.

use std::net::TcpListener;

use factory_testkit::model_twin::{Fault, Role};
use libtest_mimic::Trial;

use crate::fixture::{APPROVE, FACTORY, SPEC, World, building, right};
use crate::process::{self, Ran};
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("an_endpoint_that_is_down_blocks_until_it_is_up", an_endpoint_that_is_down),
        with_python("an_endpoint_that_refuses_the_key_blocks", an_endpoint_that_refuses_the_key),
        with_python("an_endpoint_that_answers_garbage_blocks", an_endpoint_that_answers_garbage),
        with_python("an_endpoint_that_is_late_blocks", an_endpoint_that_is_late),
        with_python("a_fault_that_passes_is_not_noticed", a_fault_that_passes),
        with_python("a_fault_in_the_middle_of_a_build_costs_nothing_but_that_attempt", a_fault_in_the_middle),
    ]
}

/// Runs with little patience for an endpoint.
fn impatient(world: &World, args: &[&str]) -> Ran {
    let mut command = world.command(FACTORY, args);
    command.env("FACTORY_MODEL_RETRY_SECONDS", "1").env("FACTORY_MODEL_TIMEOUT_SECONDS", "2");
    process::run(command)
}

/// The run is blocked, and the printed command takes it to its end once the twin works.
fn blocked_and_then_mended(world: &World, ran: Ran, stage: &str) {
    let ran = ran.ends_with(1).says(&format!("is blocked at {stage}: "));
    world.assert_no_process();
    world.assert_no_checkout();
    assert_eq!(world.json(&["runs", "show"])["state"], "blocked");
    world.factory(&["runs", "list"]).ends_with(0).says(&format!("blocked at {stage}"));
    world.twin().mend();
    let line = format!("{} '{APPROVE}'", ran.after("When that is mended:"));
    process::run(world.command("sh", &["-c", &line])).ends_with(0).says("is merged.");
    world.assert_merged();
}

fn an_endpoint_that_is_down() {
    let world = World::new(building(vec![right()]));
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/v1", listener.local_addr().unwrap())
    };
    let mut command = world.command(FACTORY, &["run", SPEC, APPROVE]);
    command.env("OPENAI_BASE_URL", &nobody).env("FACTORY_MODEL_RETRY_SECONDS", "1");
    let ran = process::run(command).says(&nobody).says("onnection refused");
    blocked_and_then_mended(&world, ran, "plan");
}

fn an_endpoint_that_refuses_the_key() {
    let world = World::new(building(vec![right()]));
    world.twin().break_down(Fault::Status(401));
    let ran =
        world.run(&[APPROVE]).says("401").says("the twin was told to refuse").never_says("sk-only-for-tests");
    assert_eq!(world.twin().requests().len(), 1, "a refused key is not tried again");
    blocked_and_then_mended(&world, ran, "plan");
}

fn an_endpoint_that_answers_garbage() {
    let world = World::new(building(vec![right()]));
    world.twin().break_down_for(Role::Tasks, Fault::Garbage);
    let ran = world.run(&[APPROVE]).says("It works!");
    blocked_and_then_mended(&world, ran, "tasks");
}

fn an_endpoint_that_is_late() {
    let world = World::new(building(vec![right()]));
    world.twin().break_down(Fault::Hang);
    let ran = impatient(&world, &["run", SPEC, APPROVE]).says("no answer within 2 s");
    blocked_and_then_mended(&world, ran, "plan");
}

fn a_fault_that_passes() {
    let world = World::new(building(vec![right()]));
    world.twin().break_down(Fault::Status(503));
    let running = process::Running::start(world.command(FACTORY, &["run", SPEC, APPROVE]));
    process::wait_until("the first refusal", || !world.twin().requests().is_empty());
    world.twin().break_down(Fault::Close);
    process::wait_until("a closed connection", || world.twin().requests().len() > 1);
    world.twin().mend();
    running.end().ends_with(0);
    world.assert_merged();
}

fn a_fault_in_the_middle() {
    let world = World::new(building(vec![right()]));
    world.twin().break_down_for(Role::Reviewer, Fault::Close);
    let ran = impatient(&world, &["run", SPEC, APPROVE]);
    blocked_and_then_mended(&world, ran, "review");
    assert!(world.twin().requests_of(Role::Implementer).iter().all(|request| request.session == 0));
    assert_eq!(world.json(&["runs", "show"])["stages"][4]["attempts"], 1);
}
