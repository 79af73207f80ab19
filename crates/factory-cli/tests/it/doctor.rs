//! `factory doctor`: what it finds in a project that works, and in one that does not.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::case;
use crate::fixture::{FACTORY, World, building};
use crate::process;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        case("the_doctor_finds_nothing_wrong_with_a_project_that_works", a_project_that_works),
        case("the_doctor_says_what_mends_a_project_that_does_not", a_project_that_does_not),
    ]
}

/// The state of a finding.
fn state<'a>(findings: &'a Value, id: &str) -> &'a str {
    let found = findings.as_array().unwrap().iter().find(|finding| finding["id"] == id);
    found.unwrap_or_else(|| panic!("{id} is not in {findings}"))["state"].as_str().unwrap()
}

fn a_project_that_works() {
    let world = World::new(building(vec![]));
    let findings = world.json(&["doctor"]);
    for id in ["git", "cache", "project", "store", "holdouts", "endpoint"] {
        assert_eq!(state(&findings, id), "ok", "{id}");
    }
    world.factory(&["doctor"]).ends_with(0).never_says("FAILED").never_says("sk-only-for-tests");
    assert_eq!(world.twin().requests().len(), 0, "looking costs nothing");
    assert!(!world.store().join("store").exists());
    world.assert_no_process();
}

fn a_project_that_does_not() {
    let world = World::new(building(vec![]));
    std::fs::remove_dir_all(world.holdouts()).unwrap();
    world.write("factory.toml", "schema = 1\n");
    let mut command = world.command(FACTORY, &["doctor", "--format", "json"]);
    command.env("FACTORY_CACHE_DIR", "/proc/nowhere");
    let ran = process::run(command).ends_with(1);
    let findings: Value = serde_json::from_str(&ran.out).unwrap();
    for id in ["cache", "project", "holdouts"] {
        assert_eq!(state(&findings, id), "failed", "{id}");
    }
    for finding in findings.as_array().unwrap() {
        assert!(finding["state"] == "ok" || finding["mend"].is_string(), "{finding}");
    }
    world.factory(&["doctor"]).ends_with(1).says("FAILED").says("mend: ");
}
