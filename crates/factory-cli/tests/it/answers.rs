//! Answers that do not satisfy their schema or their criteria: mended twice, tried again once, and then a person is asked.

use factory_testkit::model_twin::{Call, Role};
use libtest_mimic::Trial;
use serde_json::json;

use crate::fixture::{APPROVE, World, building, right};
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("an_answer_may_be_mended_twice_and_the_stage_tried_again", an_answer_may_be_mended),
        with_python("answers_that_stay_unusable_go_to_a_person", answers_that_stay_unusable),
        case(
            "an_answer_that_serves_other_requirements_is_unusable",
            an_answer_that_serves_other_requirements,
        ),
    ]
}

fn plan(requirements: &[&str]) -> Call {
    Call::submit(json!({
        "summary": "One handler more.",
        "steps": [{ "title": "Answer", "detail": "There.", "files": [], "requirements": requirements }],
        "risks": [],
    }))
}

/// Not a plan.
fn prose() -> Call {
    Call::submit(json!({ "plan": "I shall do it." }))
}

fn an_answer_may_be_mended() {
    let sessions = vec![vec![prose()], vec![prose(), prose(), plan(&["R1", "R2"])]];
    let world = World::new(building(vec![right()]).with(Role::Planner, sessions));
    world.run(&[APPROVE]).ends_with(0).says("attempt 1 failed (unusable answer)");
    world.assert_merged();
    let asked: Vec<(usize, usize)> =
        world.twin().requests_of(Role::Planner).iter().map(|seen| (seen.session, seen.step)).collect();
    assert_eq!(asked, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
    let told = world.twin().requests_of(Role::Planner)[1].text();
    assert!(told.contains("This was not accepted:") && told.contains("summary"), "{told}");
}

fn answers_that_stay_unusable() {
    let world = World::new(building(vec![right()]).with(Role::Planner, vec![vec![prose()]]));
    let ran = world.run(&[APPROVE]).ends_with(4).says("waits at the gate plan:escalation.");
    ran.says("attempt 2 failed (unusable answer)").says("no try is left");
    assert_eq!(world.twin().requests().len(), 6);
    assert_eq!(world.json(&["runs", "list"])[0]["state"], "waiting");
    // Nothing was made that could be overridden or approved, and a reason in advance answers nothing here.
    let decide = |verb: &str, more: &[&str]| {
        world.factory(&[&["gate", verb, "--because", "the planner does not get it"], more].concat())
    };
    decide("approve", &[]).ends_with(2).says("something is wrong");
    decide("override", &["--finding", "R1:partial"]).ends_with(2).says("no verdict that could be overridden");
    world.factory(&["runs", "resume", APPROVE]).ends_with(4);
    world.factory(&["gate", "show"]).ends_with(0).says("It can be decided: retry or reject.");
    decide("reject", &[]).ends_with(0);
    assert_eq!(world.json(&["runs", "list"])[0]["state"], "rejected");
    assert_eq!(world.branches(), ["main"]);
    world.assert_no_checkout();
}

fn an_answer_that_serves_other_requirements() {
    let world = World::with_files(
        building(vec![right()]).with(Role::Planner, vec![vec![plan(&["R1"]), plan(&["R1", "R2", "R3"])]]),
        &[("check.py", ""), ("factory.toml", "schema = 1\n[deploy]\ncommand = \"true\"\n")],
    );
    world.run(&[APPROVE]).ends_with(4).says("attempt 2 failed (unusable answer)");
    let told = world.twin().requests()[2].text();
    assert!(told.contains("no step serves R2") && told.contains("a step names R3"), "{told}");
}
