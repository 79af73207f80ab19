//! A branch that goes on while a run checks its patch: what is merged was checked on what it is merged onto.

use libtest_mimic::Trial;

use crate::fixture::{APPROVE, BRANCH, World, building, right};
use crate::gates::waits_at;
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_patch_is_carried_over_and_checked_again", carried_over),
        with_python("a_patch_that_does_not_fit_any_more_goes_to_a_person", does_not_fit),
    ]
}

/// A run that waits before its merge.
fn before_the_merge() -> World {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    let approve = ["gate", "approve", "--because", "the plan is small enough", "--resume"];
    world.factory(&approve).ends_with(4);
    waits_at(&world, "merge:entry");
    world
}

const MERGE: [&str; 6] = ["gate", "approve", "merge", "--because", "the patch was read", "--resume"];

fn carried_over() {
    let world = before_the_merge();
    world.write("notes.txt", "Somebody else was here.\n");
    world.commit("Notes");
    let asked = world.twin().requests().len();
    // What was approved is not what would be merged now, so a person is asked again.
    world
        .factory(&MERGE)
        .ends_with(4)
        .says("the base branch moved from")
        .says("waits at the gate merge:entry.");
    assert_eq!(world.branches(), ["main"]);
    let requests = world.twin().requests();
    let again: Vec<String> = requests[asked..].iter().map(|seen| format!("{:?}", seen.role)).collect();
    assert_eq!(again, ["Some(Reviewer)"], "the patch is carried over as it is, and read again");
    assert_eq!(world.events("policy_judged").len(), 4, "reviewed and verified twice");
    world.factory(&MERGE).ends_with(0).says("is merged.");
    world.assert_merged();
    assert_eq!(world.git(&["show", &format!("{BRANCH}:notes.txt")]), "Somebody else was here.");
}

fn does_not_fit() {
    let world = before_the_merge();
    let service = std::fs::read_to_string(world.project().join("service.py")).unwrap();
    let base = world.git(&["rev-parse", "main"]);
    world.write("service.py", &service.replace("{\"status\": \"ok\"}", "{\"status\": \"fine\"}"));
    world.write("check.py", "import service\nassert service.answer(\"/health\")[0] == 200\n");
    world.commit("Another way to be well");
    let ran = world.factory(&MERGE).ends_with(4).says("waits at the gate build:escalation.");
    ran.says("does not fit the base that has moved").says("conflict:service.py");
    assert_eq!(world.branches(), ["main"]);
    let gate = ["gate", "show", "build:escalation"];
    let shown = world.factory(&gate).ends_with(0).says("both it and the patch change service.py");
    // There is no verdict, so there is nothing to go on against.
    shown.says("It can be decided: retry or reject.");
    let because = ["--because", "main is right about it"];
    let approve = world.factory(&[&["gate", "approve", "build"], &because[..]].concat()).ends_with(2);
    approve.says("something is wrong; retry with a note, or reject").never_says("override");
    let finding = ["--finding", "conflict:service.py"];
    world.factory(&[&["gate", "override", "build"], &finding[..], &because].concat()).ends_with(2);
    let shown = world.json(&["gate", "list"]);
    assert_eq!(shown[0]["findings"], serde_json::json!(["conflict:service.py"]));
    let again = ["--note", "Keep what main says of being well.", "--because", "main is right about it"];
    let ran = world.factory(&[&["gate", "retry", "build"], &again[..], &["--resume", APPROVE]].concat());
    // The implementer begins again on the new base; its script fits the old one, so nothing good comes of it here, and
    // nothing is merged.
    assert!(ran.status.code() != Some(0), "{ran}");
    assert_eq!(world.branches(), ["main"]);
    assert_ne!(world.git(&["rev-parse", "main"]), base);
}
