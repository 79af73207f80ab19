//! Ctrl-C and SIGTERM: the run stops at once, loses nothing, says how to go on, and does.

use std::os::unix::process::CommandExt;

use factory_testkit::model_twin::{Call, Fault, Role};
use libtest_mimic::Trial;
use nix::sys::signal::Signal;

use crate::fixture::{APPROVE, FACTORY, SPEC, World, building, right};
use crate::process::{self, Ran, Running};
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("ctrl_c_while_the_model_thinks", || while_the_model_thinks(Signal::SIGINT)),
        with_python("sigterm_while_the_model_thinks", || while_the_model_thinks(Signal::SIGTERM)),
        with_python("ctrl_c_while_a_command_of_the_implementer_runs", while_a_command_runs),
        with_python("ctrl_c_while_scenarios_run", while_scenarios_run),
    ]
}

/// Starts a run that leads its own process group, as a shell would start it.
fn start(world: &World) -> Running {
    let mut command = world.command(FACTORY, &["run", SPEC, APPROVE, "--format", "ndjson"]);
    command.process_group(0);
    Running::start(command)
}

/// It stopped for the signal, and a resumption ends where the run would have ended.
fn stopped(world: &World, ran: Ran) {
    ran.ends_with(130);
    world.assert_no_process();
    world.assert_no_checkout();
    assert_eq!(world.json(&["runs", "show"])["state"], "interrupted");
    world.twin().mend();
    world.factory(&["runs", "resume", APPROVE]).ends_with(0).says("is merged.");
    world.assert_merged();
    world.assert_no_process();
    let stages = &world.json(&["runs", "show"])["stages"];
    assert!(stages.as_array().unwrap().iter().all(|stage| stage["attempts"] == 1), "{stages}");
}

fn while_the_model_thinks(signal: Signal) {
    let world = World::new(building(vec![right()]));
    world.twin().break_down_for(Role::Tasks, Fault::Hang);
    let running = Running::start(world.command(FACTORY, &["run", SPEC, APPROVE]));
    process::wait_until("tasks are asked for", || !world.twin().requests_of(Role::Tasks).is_empty());
    running.signal(signal);
    let ran = running.end().ends_with(130).says("was interrupted; nothing that was recorded is lost.");
    let line = ran.after("Go on:");
    assert!(line.contains("runs resume greeting-"), "{line}");
    world.twin().mend();
    let line = format!("{line} '{APPROVE}'");
    process::run(world.command("sh", &["-c", &line])).ends_with(0).says("is merged.");
    world.assert_merged();
    world.assert_no_process();
}

fn while_a_command_runs() {
    let world = World::new(building(vec![]));
    // It waits only until somebody has interrupted it once.
    let flags = world.root().join("flags");
    let slow = flags.join("slow");
    std::fs::create_dir(&flags).unwrap();
    crate::fixture::write(&slow, "");
    // Outside of the checkout, so the command sees it only because it is named.
    let local = format!("schema = 1\nholdouts = {:?}\nread = [{flags:?}]\n", world.holdouts());
    world.write(".factory/local.toml", &local);
    let waits = format!("touch started; while test -e '{}'; do sleep 0.05; done; rm started", slow.display());
    world.twin().play(building(vec![[vec![Call::bash(&waits)], right()].concat()]));
    let running = start(&world);
    process::wait_until("the command runs", || process::is_there(&world.checkouts(), "started"));
    running.signal_group(Signal::SIGINT);
    let ran = running.end();
    std::fs::remove_file(&slow).unwrap();
    stopped(&world, ran);
}

fn while_scenarios_run() {
    let world = World::new(building(vec![right()]));
    let mut running = start(&world);
    while let Some(line) = running.line() {
        if line.contains("\"stage_started\"") && line.contains("\"verify\"") {
            break;
        }
    }
    process::wait_until("a service runs", || process::runs(world.root(), "service.py"));
    running.signal_group(Signal::SIGINT);
    stopped(&world, running.end());
}
