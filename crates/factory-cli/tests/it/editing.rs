//! A plan that a person changes before they approve it: what they wrote is what everybody works from.

use std::fs;

use factory_testkit::model_twin::Role;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::fixture::{APPROVE, World, building, right};
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![with_python("a_changed_plan_takes_the_place_of_the_one_that_was_made", a_changed_plan)]
}

fn a_changed_plan() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    let shown = world.factory(&["gate", "show", "plan", "--artifact"]).ends_with(0).out;
    let plan: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(plan["kind"], "plan");
    let file = world.root().join("plan.json");
    let approve = |text: &str, more: &[&str]| {
        fs::write(&file, text).unwrap();
        let args = ["gate", "approve", "--because", "the summary said too little", "--edited"];
        world.factory(&[&args[..], &[file.to_str().unwrap()], more].concat())
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = plan.clone();
        change(&mut changed);
        changed.to_string()
    };
    let before = world.json(&["runs", "logs"]);
    approve("", &[]).ends_with(2).says("is not the content of a plan");
    approve("{\"kind\": \"plan\"", &[]).ends_with(2).says("plan.json is not the content").says("--artifact");
    approve(&with(&|plan| plan["content"]["sumary"] = json!("x")), &[]).ends_with(2).says("sumary");
    let tasks = json!({ "kind": "tasks", "content": { "tasks": [] } }).to_string();
    approve(&tasks, &[]).ends_with(2).says("is a tasks, and the gate shows a plan");
    approve(&shown, &[]).ends_with(2).says("changes nothing");
    let serves = |requirements: Value| {
        with(&|plan| plan["content"]["steps"][0]["requirements"] = requirements.clone())
    };
    approve(&serves(json!(["R1"])), &[]).ends_with(2).says("the changed artifact cannot be used").says("R2");
    approve(&serves(json!(["R1", "R2", "R9"])), &[]).ends_with(2).says("R9");
    approve(&with(&|plan| plan["content"]["steps"] = json!([])), &[]).ends_with(2).says("no steps");
    let gone = ["gate", "approve", "--because", "the summary said too little", "--edited", "nowhere.json"];
    world.factory(&gone).ends_with(2).says("nowhere.json cannot be read");
    assert_eq!(world.json(&["runs", "logs"]), before);

    let changed =
        with(&|plan| plan["content"]["summary"] = json!("A table of greetings, looked up by name."));
    approve(&changed, &["--resume"]).ends_with(4).says("waits at the gate merge:entry.");
    for role in [Role::Tasks, Role::Implementer] {
        let told = world.twin().requests_of(role)[0].text();
        assert!(told.contains("A table of greetings, looked up by name."), "{told}");
        assert!(!told.contains("One handler more."), "{told}");
    }
    world.factory(&["runs", "show"]).ends_with(0).says("approved with changes");
    // What was built and judged is no opinion, and cannot be changed.
    let verdict = world.factory(&["gate", "show", "merge", "--artifact"]).ends_with(0).out;
    let better = verdict.replacen("\"passed\": 3", "\"passed\": 4", 1);
    assert_ne!(better, verdict);
    approve(&better, &[]).ends_with(2).says("cannot be changed there");
    world.factory(&["runs", "resume", APPROVE]).ends_with(0);
    world.assert_merged();
}
