//! Gates without a terminal: where a run stops, what it prints, and every way to decide.

use libtest_mimic::Trial;
use serde_json::json;

use crate::fixture::{BRANCH, FACTORY, PIPELINE, World, building, right};
use crate::process::{self, Ran};
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("the_printed_command_goes_on_to_the_next_gate", the_printed_command_goes_on),
        with_python(
            "the_printed_command_names_the_model_and_the_holdouts",
            the_printed_command_names_the_model,
        ),
        with_python("an_approval_and_a_resumption_are_two_steps", an_approval_and_a_resumption_are_two_steps),
        with_python("the_only_gate_of_that_name_is_meant_whichever_run_it_is_of", the_only_gate_of_that_name),
        with_python("a_rejection_ends_the_run_with_its_own_status", a_rejection_ends_the_run),
        with_python("a_decision_that_cannot_be_made_records_nothing", a_decision_that_cannot_be_made),
        case("a_blank_reason_in_advance_is_refused_before_anything_runs", a_blank_reason_in_advance),
    ]
}

/// Does what the output says, with a reason put in.
fn obey(world: &World, ran: &Ran) -> Ran {
    let line = ran.after("Go on:").replace('…', "it is what was asked for");
    process::run(world.command("sh", &["-c", &line]))
}

pub(crate) fn waits_at(world: &World, gate: &str) {
    let list = world.json(&["gate", "list"]);
    let rows = list.as_array().unwrap();
    assert_eq!(rows.len(), 1, "{list}");
    assert_eq!((&rows[0]["id"], &rows[0]["state"]), (&json!(gate), &json!("waiting")));
    assert!(rows[0]["since_ms"].as_u64().unwrap() > 0, "{list}");
}

fn the_printed_command_goes_on() {
    let world = World::new(building(vec![right()]));
    let first = world.run(&[]).ends_with(4).says("waits at the gate plan:exit.");
    waits_at(&world, "plan:exit");
    let run = world.json(&["runs", "list"])[0]["id"].as_str().unwrap().to_owned();
    world.factory(&["gate", "list"]).ends_with(0).says("plan:exit").says(&run);
    let line = first.after("See it:");
    process::run(world.command("sh", &["-c", &line])).ends_with(0).says("One handler more.");

    let second = obey(&world, &first).ends_with(4).says("waits at the gate merge:entry.");
    waits_at(&world, "merge:entry");
    assert_eq!(world.branches(), ["main"]);
    world.assert_no_checkout();
    let line = second.after("See it:");
    let seen = process::run(world.command("sh", &["-c", &line])).ends_with(0);
    seen.says("3 of 3 holdout scenarios passed")
        .says("Everything is there.")
        .says("M service.py")
        .says("It greets.");

    world
        .factory(&["gate", "reject", "--because", "not before the release"])
        .ends_with(0)
        .says("is rejected");
    assert_eq!(world.json(&["runs", "list"])[0]["state"], "rejected");
    world.factory(&["runs", "resume", &run]).ends_with(2).says("is over");
    world.factory(&["runs", "resume"]).ends_with(2).says("there is no run that is not finished");
    world
        .factory(&["runs", "show"])
        .ends_with(0)
        .says("not before the release")
        .says("rejected at the gate merge:entry");
    assert_eq!(world.branches(), ["main"]);
    world.assert_no_process();
}

fn the_printed_command_names_the_model() {
    let world = World::new(building(vec![right()]));
    let holdouts = world.root().join("set aside");
    std::fs::rename(world.holdouts(), &holdouts).unwrap();
    // As somebody in a subfolder would write it.
    let args = ["run", "feature-greeting.md", "--model", "twin", "--holdouts", "../../set aside"];
    let mut command = world.command(FACTORY, &args);
    command.env_remove("FACTORY_MODEL").current_dir(world.project().join("specs"));
    let first = process::run(command).ends_with(4);
    let line = first.after("Go on:").replace('…', "it is what was asked for");
    let mut command = world.command("sh", &["-c", &line]);
    command.env_remove("FACTORY_MODEL").current_dir(world.project().join("specs"));
    let second = process::run(command).ends_with(4).says("waits at the gate merge:entry.");
    let line = second.after("Go on:").replace('…', "it is what was asked for");
    let mut command = world.command("sh", &["-c", &line]);
    command.env_remove("FACTORY_MODEL");
    process::run(command).ends_with(0);
    world.assert_merged();
}

fn the_only_gate_of_that_name() {
    let world = World::with_pipeline(building(vec![right()]), PIPELINE);
    world.run(&["--entry", "hotfix"]).ends_with(4).says("waits at the gate merge:entry.");
    let merging = world.id();
    world.run(&[]).ends_with(4).says("waits at the gate plan:exit.");
    let planning = world.id();

    let decide = |args: &[&str]| {
        world.factory(&[&["gate", "approve"], args, &["--because", "it is what was asked for"]].concat())
    };
    let both = decide(&[]).ends_with(2).says("2 gates wait; name the one that is meant");
    both.says(&format!("plan:exit --run {planning}")).says(&format!("merge:entry --run {merging}"));
    decide(&["tasks"])
        .ends_with(2)
        .says("no gate `tasks` waits")
        .says(&format!("merge:entry --run {merging}"));
    decide(&["plan", "--run", &merging]).ends_with(2).says(&format!("no gate `plan` of {merging} waits"));
    for args in [&["--run", ""][..], &["plan", "--run="]] {
        decide(args).ends_with(2).says("an empty text names no run");
    }
    world.factory(&["runs", "show", ""]).ends_with(2).says("an empty text names no run");
    for verb in ["resume", "cancel"] {
        let because: &[&str] = if verb == "cancel" { &["--because", "nobody needs it"] } else { &[] };
        let ran = world.factory(&[&["runs", verb], because].concat()).ends_with(2);
        ran.says("2 runs are not finished; name the one that is meant").says(&merging).says(&planning);
    }

    world.factory(&["gate", "show", "merge"]).ends_with(0).says(&format!("gate merge:entry of {merging}"));
    decide(&["plan:exit"]).ends_with(0).says(&format!("plan:exit of {planning} is approved."));
    decide(&[]).ends_with(0).says(&format!("merge:entry of {merging} is approved."));
}

fn an_approval_and_a_resumption_are_two_steps() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    let approved = world.factory(&["gate", "approve", "plan", "--because", "the plan is small"]).ends_with(0);
    let approved = approved.says("plan:exit of ").says("is approved.");
    assert_eq!(world.json(&["gate", "list"]), json!([]));
    // It is decided; there is nothing to decide again, or otherwise.
    let again = ["gate", "approve", "plan:exit", "--because", "the plan is small"];
    world.factory(&again).ends_with(2).says("there is no run that waits at a gate");
    world.factory(&["gate", "reject", "plan:exit", "--because", "no"]).ends_with(2);

    let line = approved.after("Go on:");
    process::run(world.command("sh", &["-c", &line])).ends_with(4).says("waits at the gate merge:entry.");
    world
        .factory(&["gate", "approve", "--because", "the patch was read", "--resume"])
        .ends_with(0)
        .says("is merged.");
    world.assert_merged();
    let shown = world.factory(&["runs", "show"]).ends_with(0);
    shown
        .says("approved by Tess <tess@example.test> by command: the plan is small")
        .says("by command: the patch was read");
    assert!(world.git(&["log", "-1", "--format=%an", BRANCH]).contains("Tess"));
}

fn a_rejection_ends_the_run() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    let ran = world.factory(&["gate", "reject", "plan", "--because", "another way is planned", "--resume"]);
    ran.ends_with(5).says("rejected at the gate plan:exit");
    assert_eq!(world.json(&["runs", "list"])[0]["state"], "rejected");
    assert_eq!(world.branches(), ["main"]);
}

fn a_decision_that_cannot_be_made() {
    let world = World::new(building(vec![right()]));
    world.factory(&["gate", "approve", "--because", "x"]).ends_with(2).says("there are no runs");
    world.run(&[]).ends_with(4);
    let before = world.json(&["runs", "logs"]);
    for reason in ["", "   ", "\t\n"] {
        let ran = world.factory(&["gate", "approve", "plan:exit", "--because", reason]);
        ran.ends_with(2).says("needs a reason");
        let ran = world.factory(&["gate", "reject", "--because", reason, "--resume"]);
        ran.ends_with(2).says("needs a reason");
    }
    let long = "x".repeat(20_000);
    world.factory(&["gate", "approve", "--because", &long]).ends_with(2).says("20000");
    world.factory(&["gate", "approve"]).ends_with(2).says("--because");
    for gate in ["merge:entry", "plan:entry", "review", "nonsense"] {
        let ran = world.factory(&["gate", "approve", gate, "--because", "x"]);
        ran.ends_with(2).says(gate).says("plan:exit");
    }
    world
        .factory(&["gate", "approve", "--run", "other", "--because", "x"])
        .ends_with(2)
        .says("no run begins with");
    world.factory(&["gate", "show", "merge"]).ends_with(2).says("plan:exit");
    let ran = world.factory(&["runs", "resume", "--approve-because", "  "]);
    ran.ends_with(2).says("needs a reason that is not blank");
    assert_eq!(world.json(&["runs", "logs"]), before);
    waits_at(&world, "plan:exit");
    // Without a decision it still waits, and says so again.
    world.factory(&["runs", "resume"]).ends_with(4).says("waits at the gate plan:exit.");
    assert_eq!(world.json(&["runs", "logs"]), before);
}

fn a_blank_reason_in_advance() {
    let world = World::new(building(vec![right()]));
    world.run(&["--approve-because", " "]).ends_with(2).says("needs a reason that is not blank");
    assert!(!world.store().join("store").exists());
    assert_eq!(world.twin().requests().len(), 0);
}
