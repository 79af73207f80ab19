//! Paths that belong to people: refused, or decided on by a person where the specification names them.

use factory_testkit::model_twin::{Call, Script};
use libtest_mimic::Trial;

use crate::fixture::{APPROVE, BRANCH, PIPELINE, SPEC, SPECIFICATION, World, building, right};
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_protected_path_that_is_named_waits_for_a_person", one_that_is_named),
        with_python("a_protected_path_that_is_not_named_is_refused", one_that_is_not_named),
    ]
}

const CI: &str = ".github/workflows/ci.yml";

/// An implementer who does what is asked, and changes what CI runs.
fn changing_ci() -> Script {
    let mut attempt = right();
    attempt.insert(1, Call::bash(&format!("mkdir -p .github/workflows && echo 'on: push' > {CI}")));
    building(vec![attempt])
}

fn one_that_is_named() {
    let named = format!("- No new dependencies. `{CI}` runs the check.");
    let spec = SPECIFICATION.replace("- No new dependencies.", &named);
    assert!(spec.contains(CI));
    let world = World::with_files(changing_ci(), &[(SPEC, &spec), ("pipelines/feature.toml", PIPELINE)]);
    // A reason in advance passes the gates of the pipeline, and not this one.
    let ran = world.run(&[APPROVE]).ends_with(4).says("waits at the gate build:exit.");
    ran.says("belongs to people").says(CI);
    world.factory(&["gate", "show", "build"]).ends_with(0).says("belongs to people").says(CI);
    assert_eq!(world.branches(), ["main"]);
    let resumed = world.factory(&["runs", "resume", APPROVE]);
    resumed.ends_with(4).says("waits at the gate build:exit.");
    let because = ["--because", "the check belongs into the pipeline"];
    let approved =
        world.factory(&[&["gate", "approve", "build", "--resume", APPROVE], &because[..]].concat());
    approved.ends_with(0).says("is merged");
    world.assert_merged();
    assert_eq!(world.git(&["show", &format!("{BRANCH}:{CI}")]), "on: push");
    let made = world.events("stage_produced");
    let built = made.iter().find(|event| event["stage"] == "build").unwrap();
    assert_eq!(built["artifact"]["protected"], serde_json::json!([CI]));
}

fn one_that_is_not_named() {
    // What it leaves alone is not what it is about.
    let spec = SPECIFICATION.replace("- Other languages.", &format!("- `{CI}` stays as it is."));
    assert!(spec.contains(CI));
    let world = World::with_files(changing_ci(), &[(SPEC, &spec), ("pipelines/feature.toml", PIPELINE)]);
    let ran = world.run(&[APPROVE]);
    ran.says(CI).says("is protected");
    assert_eq!(world.branches(), ["main"]);
    assert!(world.events("stage_produced").iter().all(|event| event["stage"] != "build"));
}
