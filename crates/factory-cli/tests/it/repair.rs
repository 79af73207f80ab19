//! `factory doctor --repair`: what is damaged is named, and all that is whole goes on in a new store.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::fixture::{APPROVE, FACTORY, PIPELINE, World, building, right};
use crate::{process, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_store_that_is_whole_needs_no_repair", a_whole_store),
        with_python("a_run_with_a_damaged_record_goes_on_before_it", a_damaged_record),
        with_python("a_damaged_database_costs_no_more_than_it_must", a_damaged_database),
        with_python("a_damaged_blob_is_named", a_damaged_blob),
    ]
}

/// Two runs that wait at their first gate.
fn two_runs() -> World {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    world.run(&[]).ends_with(4);
    world
}

/// What it finds, for machines; it ends with this status.
fn repair(world: &World, status: i32, more: &[&str]) -> Value {
    let ran = world.factory(&[&["doctor", "--repair", "--format", "json"], more].concat());
    serde_json::from_str(&ran.ends_with(status).out).unwrap()
}

/// Does what was printed, and says which runs there are then.
fn put_in_place(world: &World, report: &Value) -> Vec<(String, String)> {
    let next = report["saved"]["next"].as_str().unwrap();
    process::run(world.command("sh", &["-c", next])).ends_with(0);
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let list = world.json(&["runs", "list"]);
    list.as_array().unwrap().iter().map(|row| (text(row, "id"), text(row, "state"))).collect()
}

/// The blob that holds this text.
fn blob(folder: &Path, text: &str) -> PathBuf {
    let mut folders = vec![folder.join("blobs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read_to_string(&path).is_ok_and(|found| found.contains(text)) {
                return path;
            }
        }
    }
    panic!("no blob holds `{text}`");
}

fn a_whole_store() {
    let world = World::new(building(vec![right()]));
    world.factory(&["doctor", "--repair"]).ends_with(0).says("there are no runs yet");
    assert!(!world.store().join("store").exists());
    world.factory(&["doctor", "--to", "x"]).ends_with(2).says("--repair");
    world.run(&[]).ends_with(4);
    world.factory(&["doctor", "--repair"]).ends_with(0).says("nothing is damaged: 1 runs with ");
    assert_eq!(repair(&world, 0, &[]), json!({ "damaged": false, "findings": [], "saved": null }));
    assert!(!world.project().join(".factory-saved").exists());
}

fn a_damaged_record() {
    // So many names that the first record, which holds the pipeline, is too large for the log itself.
    let names: Vec<String> = (0..500).map(|n| format!("\"person-{n}\"")).collect();
    let rule = "[[gate]]\nat = \"verify:escalation\"\nauthority = \"all\"\n";
    let pipeline = format!("{PIPELINE}\n{rule}\n[authority.all]\npeople = [{}]\n", names.join(", "));
    let world = World::with_pipeline(building(vec![right()]), &pipeline);
    world.run(&[]).ends_with(4);
    world.run(&[]).ends_with(4);
    let list = world.json(&["runs", "list"]);
    let (whole, hurt) = (list[0]["id"].as_str().unwrap(), list[1]["id"].as_str().unwrap());
    let first = blob(&world.store(), &format!("\"run\":\"{hurt}\""));
    let mut bytes = fs::read(&first).unwrap();
    bytes[20] ^= 1;
    fs::remove_file(&first).unwrap();
    fs::write(&first, bytes).unwrap();
    let ran = world.factory(&["doctor", "--repair"]).ends_with(1);
    ran.says(&format!("DAMAGED {hurt}, record 0 of "))
        .says("; none of its records is saved")
        .says("Go on with what was saved: mv ");
    // Looking once more finds the same, and saves it somewhere else.
    let report = repair(&world, 1, &["--to", "../saved"]);
    assert_eq!(report["findings"][0]["what"], *hurt, "{report}");
    assert_eq!((&report["saved"]["runs"], world.git(&["status", "--porcelain"])), (&json!(1), String::new()));
    world.factory(&["doctor", "--repair", "--to", "../saved"]).ends_with(2).says("something in");
    assert_eq!(put_in_place(&world, &report), [(whole.to_owned(), "waiting".to_owned())]);
    repair(&world, 0, &[]);
    world.factory(&["runs", "resume", whole, APPROVE]).ends_with(0).says("is merged.");
    world.assert_merged();
}

fn a_damaged_database() {
    let world = two_runs();
    let database = world.store().join("store/db");
    let whole = fs::read(&database).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for part in [0, 5, 11] {
        let mut damaged = whole.clone();
        for byte in &mut damaged[used * part / 16 + 7..][..4] {
            *byte ^= 0x55;
        }
        fs::write(&database, &damaged).unwrap();
        let to = format!("../saved-{part}");
        let mut command = world.command(FACTORY, &["doctor", "--repair", "--format", "json", "--to", &to]);
        command.env("FACTORY_LOG", "off");
        let ran = process::run(command);
        assert!(!ran.err.contains("panicked at"), "{part}: {ran}");
        let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran}"));
        let status = ran.status.code().unwrap();
        assert_eq!(report["damaged"], json!(status == 1), "{part}: {ran}");
        if status == 1 {
            let findings = report["findings"].as_array().unwrap();
            assert!(!findings.is_empty(), "{part}: {ran}");
            if findings.iter().any(|finding| finding["saved"].as_u64() > finding["record"].as_u64()) {
                let told = world.factory(&["doctor", "--repair", "--to", &format!("{to}-told")]).ends_with(1);
                told.says("records were found all the same, and are saved").never_says("the first 0");
            }
            let next = report["saved"]["next"].as_str().unwrap();
            process::run(world.command("sh", &["-c", next])).ends_with(0);
            // What was saved is whole, and this machine's configuration is still there.
            repair(&world, 0, &[]);
            world.run(&[]).ends_with(4);
            fs::remove_dir_all(world.store()).unwrap();
            let old = world.project().join(".factory-damaged");
            fs::rename(old, world.store()).unwrap();
        }
    }
}

fn a_damaged_blob() {
    let world = two_runs();
    let plan = blob(&world.store(), "One handler more.");
    let bytes = fs::read_to_string(&plan).unwrap();
    fs::remove_file(&plan).unwrap();
    fs::write(&plan, bytes.replace("One handler", "Two handlers")).unwrap();
    let report = repair(&world, 1, &[]);
    let named = plan.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned()
        + plan.file_name().unwrap().to_str().unwrap();
    let finding = &report["findings"][0];
    assert_eq!(finding["what"], format!("blob {}", &named[..12]), "{report}");
    // Both runs have it: neither has lost a record.
    assert_eq!(put_in_place(&world, &report).len(), 2);
    // What the blob held is lost, and stays so: there is nothing more to save.
    let lacking = repair(&world, 1, &[]);
    assert_eq!((&lacking["findings"][0]["what"], &lacking["saved"]), (&finding["what"], &Value::Null));
    assert_eq!(lacking["findings"][0]["runs"].as_array().unwrap().len(), 2, "{lacking}");
    world.factory(&["gate", "show", "--run", &world.id()]).ends_with(1);
}
