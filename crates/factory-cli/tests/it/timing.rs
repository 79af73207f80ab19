//! Time: gates that are shut when nobody decides, stages that wait, and a clock that goes back.

use std::thread;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::fixture::{APPROVE, FACTORY, PIPELINE, World, building, right};
use crate::process;
use crate::{case, needing, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    let back = case("a_clock_that_goes_back_changes_nothing", a_clock_that_goes_back);
    vec![
        case("a_gate_that_nobody_answers_ends_the_run", a_gate_that_nobody_answers),
        with_python("a_stage_that_soaks_is_waited_for", a_stage_that_soaks),
        needing("needs libfaketime", factory_eval::clock::find_libfaketime().is_some(), back),
    ]
}

fn a_gate_that_nobody_answers() {
    let rule = "\n[[gate]]\nat = \"plan:exit\"\ntimeout = \"1s\"\n";
    let expired = || {
        let world = World::with_pipeline(building(vec![right()]), &format!("{PIPELINE}{rule}"));
        world.run(&[]).ends_with(4).says("It is shut at ");
        thread::sleep(Duration::from_millis(1100));
        world
    };
    let world = expired();
    world
        .factory(&["runs", "resume", APPROVE])
        .ends_with(5)
        .says("nobody decided at the gate plan:exit in time");
    assert_eq!(world.state(), "rejected");
    // Who comes too late is told, and decides nothing.
    let world = expired();
    let late = ["gate", "approve", "--because", "better late than never"];
    world.factory(&late).ends_with(2);
    assert!(world.events("gate_decided").is_empty());
    assert_eq!(world.events("gate_expired").len(), 1);
    assert_eq!(world.state(), "rejected");
}

fn a_stage_that_soaks() {
    let pipeline = PIPELINE.replace("id = \"merge\"\n", "id = \"merge\"\nsoak = \"3s\"\n");
    let world = World::with_pipeline(building(vec![right()]), &pipeline);
    let ran = world.run(&[APPROVE]).ends_with(4).says(" waits until ");
    let line = ran.after("Then:");
    world.factory(&["runs", "list"]).ends_with(0).says("soaking");
    assert_eq!(world.branches(), ["main"]);
    thread::sleep(Duration::from_millis(3100));
    process::run(world.command("sh", &["-c", &format!("{line} '{APPROVE}'")]))
        .ends_with(0)
        .says("is merged.");
    world.assert_merged();
}

fn a_clock_that_goes_back() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    let library = factory_eval::clock::find_libfaketime().unwrap();
    let args = ["gate", "approve", "plan", "--because", "the plan is small enough"];
    let mut command = world.command(FACTORY, &args);
    command.env("LD_PRELOAD", library).env("FAKETIME", "-2d").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    process::run(command).ends_with(0);
    let logged = world.json(&["runs", "logs"]);
    let times: Vec<u64> = logged.as_array().unwrap().iter().map(|row| row["at"].as_u64().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(world.events("gate_decided")[0]["waited_ms"].as_u64().unwrap() < 600_000);
    assert_eq!(world.state(), "interrupted");
}
