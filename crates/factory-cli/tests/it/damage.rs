//! A store that is not what was written: a clear error, no panic, and as much as can still be read.

use std::fs;
use std::path::PathBuf;

use libtest_mimic::Trial;

use crate::fixture::{World, building, right};
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_damaged_artifact_is_named_and_nothing_else_suffers", a_damaged_artifact),
        with_python("damage_anywhere_in_the_database_is_an_error_and_no_panic", damage_anywhere),
        with_python("a_store_of_a_newer_factory_is_left_alone", a_store_of_a_newer_factory),
    ]
}

/// Two runs that wait at their first gate.
fn two_runs() -> World {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    world.run(&[]).ends_with(4);
    world
}

/// All files below the store's blobs.
fn blobs(world: &World) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![world.store().join("blobs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn a_damaged_artifact() {
    let world = two_runs();
    let list = world.json(&["runs", "list"]);
    let run = list[0]["id"].as_str().unwrap();
    let plan = blobs(&world)
        .into_iter()
        .find(|path| fs::read_to_string(path).is_ok_and(|text| text.contains("\"plan\"")));
    let plan = plan.unwrap();
    let whole = fs::read(&plan).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs::remove_file(&plan).unwrap();
    fs::write(&plan, damaged).unwrap();
    let ran = world.factory(&["gate", "show", "--run", run]).ends_with(1);
    ran.says("is not what was written").says(plan.file_name().unwrap().to_str().unwrap().get(..12).unwrap());
    assert_eq!(world.json(&["runs", "list"]), list);
    world.factory(&["runs", "show", run]).ends_with(0);
    // What nobody can see nobody approves.
    let approve =
        || world.factory(&["gate", "approve", "--run", run, "--because", "the other run has shown it"]);
    approve().ends_with(1).says("is not what was written");
    assert!(world.events("gate_decided").is_empty());
    fs::write(&plan, &whole).unwrap();
    approve().ends_with(0);
    // Going on needs the plan, so the run is blocked; with the plan back, it is not.
    fs::remove_file(&plan).unwrap();
    world.factory(&["runs", "resume", run]).ends_with(1).says("is blocked at tasks");
    fs::write(&plan, whole).unwrap();
    world.factory(&["runs", "resume", run, crate::fixture::APPROVE]).ends_with(0);
    world.assert_merged();
}

/// In how many places the database is damaged.
const PARTS: usize = 16;

fn damage_anywhere() {
    let world = two_runs();
    let list = world.json(&["runs", "list"]);
    let before = world.factory(&["runs", "logs"]).ends_with(0).out;
    let database = world.store().join("store/db");
    let whole = fs::read(&database).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut failed = 0;
    let mut unharmed = 0;
    for part in 0..PARTS {
        let mut damaged = whole.clone();
        let place = used * part / PARTS + 7;
        for byte in &mut damaged[place..(place + 4).min(used)] {
            *byte ^= 0x55;
        }
        fs::write(&database, damaged).unwrap();
        for args in [&["runs", "list"][..], &["runs", "logs"]] {
            let ran = world.factory(args);
            assert!(!ran.err.contains("panicked at"), "byte {place}: {ran}");
            match ran.status.code() {
                Some(0) => unharmed += 1,
                Some(1) => {
                    failed += 1;
                    assert!(
                        ran.err.starts_with("error: ") && ran.err.contains("\n  next: "),
                        "byte {place}: {ran}"
                    );
                    // What helps is not the command that just failed.
                    assert!(
                        ran.err.contains("factory doctor") && !ran.err.contains("runs list"),
                        "byte {place}: {ran}"
                    );
                }
                _ => panic!("byte {place}: {ran}"),
            }
            if args == ["runs", "logs"] && ran.status.success() {
                // What is shown of a run is what was written.
                let shown = world.factory(&["runs", "logs", list[0]["id"].as_str().unwrap()]);
                assert!(!shown.status.success() || shown.out == before, "byte {place}: {shown}");
            }
        }
    }
    assert!(failed > unharmed, "{failed} commands failed, {unharmed} did not");
    fs::write(&database, whole).unwrap();
    assert_eq!(world.json(&["runs", "list"]), list);
}

fn a_store_of_a_newer_factory() {
    let world = two_runs();
    let format = fs::read_to_string(world.store().join("format")).unwrap();
    fs::write(world.store().join("format"), "99\n").unwrap();
    for args in [&["runs", "list"][..], &["gate", "list"], &["run", crate::fixture::SPEC]] {
        world.factory(args).ends_with(2).says("was written by a newer factory").says("use that version");
    }
    fs::write(world.store().join("format"), format).unwrap();
    assert_eq!(world.json(&["runs", "list"]).as_array().unwrap().len(), 2);
}
