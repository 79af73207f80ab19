//! Kinds of work: each begins at the stage that the pipeline names for it.

use libtest_mimic::Trial;
use serde_json::json;

use crate::fixture::{APPROVE, PIPELINE, World, building, right};
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_hotfix_begins_without_a_plan", a_hotfix),
        with_python("the_shipped_pipeline_for_bugs_takes_hotfixes", a_hotfix_of_the_shipped_pipeline),
    ]
}

fn a_hotfix() {
    let world = World::with_pipeline(building(vec![right()]), PIPELINE);
    let ran = world.run(&[APPROVE, "--entry", "remediation"]).ends_with(2);
    ran.says("has no entry for a remediation").says("feature, hotfix");
    world.run(&[APPROVE, "--entry", "whim"]).ends_with(2).says("hotfix");
    assert!(!world.store().join("store").exists());

    world.run(&[APPROVE, "--entry", "hotfix"]).ends_with(0).says("a hotfix begins after it");
    world.assert_merged();
    let stages = &world.json(&["runs", "show"])["stages"];
    let state = |id: &str| {
        let row = stages.as_array().unwrap().iter().find(|row| row["id"] == id);
        row.unwrap()["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (state("plan"), state("tasks"), state("build")),
        ("left out".into(), "left out".into(), "passed".into())
    );
    let roles: Vec<_> = world.twin().requests().iter().map(|seen| format!("{:?}", seen.role)).collect();
    assert!(roles.iter().all(|role| !role.contains("Planner") && !role.contains("Tasks")), "{roles:?}");
    assert_eq!(world.events("run_started")[0]["entry"], json!("hotfix"));
}

fn a_hotfix_of_the_shipped_pipeline() {
    let world = World::new(building(vec![right()]));
    world.run(&[APPROVE, "--entry", "hotfix"]).ends_with(2).says("has no entry for a hotfix");
    world
        .run(&[APPROVE, "--entry", "hotfix", "--pipeline", "bug"])
        .ends_with(0)
        .says("a hotfix begins after it");
    world.assert_merged();
    assert_eq!(world.events("run_started")[0]["pipeline"]["name"], json!("bug"));
}
