//! Several processes in one project: whoever comes second works through whoever came first, and neither disturbs the other.

use factory_testkit::model_twin::{Fault, Role};
use libtest_mimic::Trial;
use nix::sys::signal::Signal;

use crate::fixture::{APPROVE, FACTORY, SPEC, World, building, right};
use crate::gates::waits_at;
use crate::process::{self, Running};
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python(
            "a_run_is_looked_at_and_followed_while_another_process_performs_it",
            looked_at_and_followed,
        ),
        case("who_follows_learns_that_whoever_performed_the_run_was_killed", the_holder_is_killed),
        with_python("two_processes_perform_two_runs_in_one_store", two_runs_at_once),
        with_python("a_run_outlives_the_process_that_it_reached_the_store_through", the_holder_ends_first),
        case("of_two_approvals_at_once_one_lands", two_approvals_at_once),
    ]
}

/// A run whose model hangs, with the process that performs it.
fn hanging() -> (World, Running) {
    let world = World::new(building(vec![right()]));
    world.twin().break_down(Fault::Hang);
    let first = Running::start(world.command(FACTORY, &["run", SPEC, APPROVE]));
    process::wait_until("the first run asks its model", || !world.twin().requests().is_empty());
    (world, first)
}

fn looked_at_and_followed() {
    let (world, first) = hanging();
    assert_eq!(world.state(), "running");
    let run = world.id();
    world.factory(&["runs", "show"]).ends_with(0).says("running").says(&format!("runs attach {run}"));
    world.factory(&["runs", "logs"]).ends_with(0).says("plan     started");
    assert_eq!(world.json(&["gate", "list"]), serde_json::json!([]));
    let ran = world.factory(&["runs", "resume"]).ends_with(2);
    ran.says("is already going on").says(&format!("process {}", first.id())).says("runs attach");
    world
        .factory(&["gate", "approve", "--because", "it is not open yet"])
        .ends_with(2)
        .says("no run that waits at a gate");
    // What needs no store works meanwhile.
    world.run(&["--dry-run"]).ends_with(0);
    world.factory(&["clean"]).ends_with(0).says("removed 0 stale checkouts");
    assert_eq!(world.twin().requests().len(), 1, "none of these asked the model");

    let mut follows = Running::start(world.command(FACTORY, &["runs", "attach", "--format", "ndjson"]));
    while let Some(line) = follows.line() {
        if line.contains("\"stage_started\"") && line.contains("\"plan\"") {
            break;
        }
    }
    world.twin().mend();
    first.end().ends_with(0);
    let followed = follows.end().ends_with(0);
    assert!(followed.out.contains("\"run_ended\""), "{followed}");
    assert!(followed.out.lines().last().unwrap().contains("\"state\":\"merged\""), "{followed}");
    let told = followed.out.lines().count() - 1;
    assert_eq!(told, world.json(&["runs", "logs"]).as_array().unwrap().len());
    world.assert_merged();
    // Of a run that is over there is nothing to follow but how it ended.
    world.factory(&["runs", "attach"]).ends_with(0).says("merged");
}

fn the_holder_is_killed() {
    let (world, first) = hanging();
    let mut follows = Running::start(world.command(FACTORY, &["runs", "attach", "--format", "ndjson"]));
    follows.line().unwrap();
    first.signal(Signal::SIGKILL);
    // The store goes on; that nobody performs the run any more is what there is to say.
    follows.end().ends_with(1).says("interrupted");
    first.kill();
    world.assert_no_process();
    // Whoever comes next holds the store, and the run goes on from its log.
    assert_eq!(world.state(), "interrupted");
    world.factory(&["runs", "attach"]).ends_with(1).says("interrupted").says("runs resume");
}

fn two_runs_at_once() {
    let world = World::new(building(vec![right()]));
    world.twin().break_down_for(Role::Tasks, Fault::Hang);
    let start = || Running::start(world.command(FACTORY, &["run", SPEC, APPROVE]));
    let runs = [start(), start()];
    process::wait_until("both ask for tasks", || world.twin().requests_of(Role::Tasks).len() == 2);
    let list = world.json(&["runs", "list"]);
    let states: Vec<&str> =
        list.as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["running", "running"]);
    world.twin().mend();
    for run in runs {
        run.end().ends_with(0).says("is merged.");
    }
    assert_eq!(world.branches().len(), 3, "{:?}", world.branches());
    let list = world.json(&["runs", "list"]);
    assert!(list.as_array().unwrap().iter().all(|row| row["state"] == "merged"), "{list}");
    world.assert_no_process();
    world.assert_no_checkout();
}

fn two_approvals_at_once() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    waits_at(&world, "plan:exit");
    let start = |reason: &str| {
        Running::start(world.command(FACTORY, &["gate", "approve", "plan", "--because", reason]))
    };
    let both = [start("the plan is small enough"), start("the plan covers both requirements")];
    let ended = both.map(Running::end);
    let statuses = ended.each_ref().map(|ran| ran.status.code());
    assert!(matches!(statuses, [Some(0), Some(2)] | [Some(2), Some(0)]), "{} {}", ended[0], ended[1]);
    let decided = world.events("gate_decided");
    assert_eq!(decided.len(), 1, "{decided:?}");
}

fn the_holder_ends_first() {
    let (world, holder) = hanging();
    let first = world.id();
    let second = Running::start(world.command(FACTORY, &["run", SPEC, APPROVE]));
    process::wait_until("the second run asks its model, too", || world.twin().requests().len() == 2);
    world.factory(&["runs", "cancel", &first, "--because", "one of them is enough"]).ends_with(0);
    holder.end().ends_with(1);
    world.twin().mend();
    second.end().ends_with(0).says("is merged.");
    world.assert_merged();
}
