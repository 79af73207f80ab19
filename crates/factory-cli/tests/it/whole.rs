//! A run from the specification to the branch, and every view of it afterwards.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::fixture::{APPROVE, BRANCH, World, building, right};
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_specification_becomes_a_branch", a_specification_becomes_a_branch),
        with_python("machines_read_every_event_and_then_the_summary", machines_read_every_event),
        with_python("a_second_run_gets_a_branch_of_its_own", a_second_run_gets_a_branch_of_its_own),
        with_python("holdouts_inside_the_repository_stay_hidden", holdouts_inside_the_repository_stay_hidden),
    ]
}

/// Rows of a list for machines, each with an id and a state.
fn rows(list: &Value) -> Vec<(String, String)> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(|row| (text(row, "id"), text(row, "state"))).collect()
}

fn a_specification_becomes_a_branch() {
    let world = World::new(building(vec![right()]));
    let ran = world.run(&[APPROVE]).ends_with(0).says("is merged.");
    let run = ran.out.split_once(" is merged.").unwrap().0.to_owned();

    world.assert_merged();
    let message = world.git(&["log", "-1", "--format=%B", BRANCH]);
    assert!(
        message.starts_with("The service greets\n\nAsked for by specs/feature-greeting.md.\n"),
        "{message}"
    );
    let trailers = world.git(&["log", "-1", "--format=%(trailers:only,unfold)", BRANCH]);
    let keys: Vec<&str> = trailers.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    assert_eq!(
        keys,
        [
            "Factory-Spec",
            "Factory-Build",
            "Factory-Verify",
            "Factory-Log-Head",
            "Factory-Ledger-Head",
            "Factory-Run",
            "Factory-Effect"
        ]
    );
    assert!(trailers.contains(&format!("Factory-Run: {run}\n")), "{trailers}");
    assert_eq!(world.git(&["diff", "--name-only", "main", BRANCH]), "service.py");
    world.assert_no_process();
    world.assert_no_checkout();
    world.assert_holdouts_stayed_hidden();

    assert_eq!(rows(&world.json(&["runs", "list"])), [(run.clone(), "merged".to_owned())]);
    world.factory(&["runs", "list"]).ends_with(0).says(&run).says("merged");
    assert_eq!(world.json(&["gate", "list"]), Value::Array(Vec::new()));
    world.factory(&["gate", "list"]).ends_with(0).says("no gate waits");

    let shown = world.json(&["runs", "show"]);
    assert_eq!((shown["id"].as_str(), shown["state"].as_str()), (Some(run.as_str()), Some("merged")));
    let stages = rows(&shown["stages"]);
    let names: Vec<&str> = stages.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(names, ["spec", "plan", "tasks", "build", "review", "verify", "merge"]);
    assert!(stages.iter().all(|(_, state)| state == "passed"), "{stages:?}");
    world
        .factory(&["runs", "show", &run[..run.len() - 2]])
        .ends_with(0)
        .says("3 of 3 scenarios passed")
        .says("in advance, unseen: the tests decide");

    let logged = world.json(&["runs", "logs"]);
    let events: Vec<&str> =
        logged.as_array().unwrap().iter().map(|row| row["event"]["event"].as_str().unwrap()).collect();
    assert_eq!((events.first(), events.last()), (Some(&"run_started"), Some(&"run_ended")));
    world.factory(&["runs", "logs"]).ends_with(0).says("merged");
    world.factory(&["runs", "logs", "--stage", "build"]).ends_with(0).says("── check tests ──");
    world
        .factory(&["runs", "logs", "--stage", "bild"])
        .ends_with(2)
        .says("its stages: spec, plan, tasks, build");

    let diff = world.factory(&["runs", "diff"]).ends_with(0).out;
    let expected = world.git(&["diff", "--no-color", "main", BRANCH]);
    let changed = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with(['+', '-'])).map(str::to_owned).collect()
    };
    assert_eq!(changed(&diff), changed(&expected));
}

fn machines_read_every_event() {
    let world = World::new(building(vec![right()]));
    let ran = world.run(&[APPROVE, "--format", "ndjson"]).ends_with(0);
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (summary, events) = lines.split_last().unwrap();
    assert_eq!(summary["state"], "merged");
    assert_eq!(*summary, world.json(&["runs", "show"]));
    let logged = world.json(&["runs", "logs"]);
    let logged = logged.as_array().unwrap();
    assert_eq!(events.len(), logged.len());
    for (event, logged) in events.iter().zip(logged) {
        assert_eq!((&event["event"], &event["at"]), (&logged["event"], &logged["at"]));
        assert_eq!(event["run"], summary["id"]);
    }
}

fn a_second_run_gets_a_branch_of_its_own() {
    let world = World::new(building(vec![right()]));
    world.run(&[APPROVE]).ends_with(0);
    let first = world.git(&["rev-parse", BRANCH]);
    let again: Value =
        serde_json::from_str(&world.run(&[APPROVE, "--format", "json"]).ends_with(0).out).unwrap();
    let own = format!("factory/{}", again["id"].as_str().unwrap());
    assert_eq!(world.branches(), [BRANCH, own.as_str(), "main"]);
    assert_eq!(world.git(&["rev-parse", BRANCH]), first);
    assert_eq!(world.tree(&own), world.tree(BRANCH));
    assert_eq!(rows(&world.json(&["runs", "list"])).len(), 2);
    world.factory(&["runs", "show", "greeting-"]).ends_with(2).says("2 runs begin with `greeting-`");
}

fn holdouts_inside_the_repository_stay_hidden() {
    let script = building(vec![[vec![crate::correction::show_everything()], right()].concat()]);
    let world = World::new(script);
    for (name, text) in crate::fixture::HOLDOUTS {
        world.write(&format!("kept/{name}"), text);
    }
    world.commit("Holdouts that should have stayed elsewhere");
    world.write(".factory/local.toml", "schema = 1\nholdouts = \"kept\"\n");
    world.run(&[APPROVE]).ends_with(0);
    world.assert_holdouts_stayed_hidden();
    for request in world.twin().requests() {
        assert!(!request.body.to_string().contains("kept/"), "{}", request.text());
    }
    assert_eq!(world.git(&["diff", "--name-only", "main", BRANCH]), "service.py");
}
