//! `factory doctor`: what it finds in a project that works, and in one that does not.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::Value;

use crate::fixture::{APPROVE, FACTORY, FACTORY_TOML, World, building, right};
use crate::process;
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        case("the_doctor_finds_nothing_wrong_with_a_project_that_works", a_project_that_works),
        case("the_doctor_says_what_mends_a_project_that_does_not", a_project_that_does_not),
        case("the_doctor_refuses_what_a_run_would", what_a_run_would_refuse),
        case("the_doctor_warns_of_holdouts_in_the_repository", holdouts_in_the_repository),
        case("the_doctor_looks_for_holdouts_where_a_run_would", holdouts_elsewhere),
        with_python("the_doctor_names_all_that_is_damaged_or_gone_with_its_runs", damage_in_the_store),
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

fn what_a_run_would_refuse() {
    let world = World::new(building(vec![]));
    let failed = |args: &[&str], finding: &str, why: &str| {
        world
            .factory(&[&["doctor"], args].concat())
            .ends_with(1)
            .says(&format!("FAILED  {finding}"))
            .says(why);
    };
    let both = |finding: &str, why: &str| {
        failed(&[], finding, why);
        world.run(&["--dry-run", "--allow-dirty"]).ends_with(2).says(why);
    };
    for (broken, finding, why) in [
        ("comand = 1\n", "project  ", "unknown field `comand`"),
        ("[[[\n", "project  ", "factory.toml:1:"),
        ("schema = 9\n", "project  ", "this factory reads format 1"),
        ("[sandbox.stage.biuld]\nallow = [\"a.example:443\"]\n", "project  ", "did you mean `build`?"),
        ("[sandbox.stage.\"nowhere\\n\"]\n", "project  ", "there is no stage `nowhere"),
        ("[sandbox]\nread = [\"/proc\"]\n", "sandbox  ", "`read` names /proc: "),
        ("[sandbox]\nread = [\"/\"]\n", "sandbox  ", "`read` names /: "),
        (
            "[sandbox]\nallow = [\"127.0.0.1:5432\"]\n",
            "project  ",
            "reach 127.0.0.1:5432, which is this machine",
        ),
        (
            "[sandbox.stage.build]\nallow = [\"localhost:80\"]\n",
            "project  ",
            "reach localhost:80, which is this machine",
        ),
        (
            "[sandbox]\nallow = [\"http://a.example\"]\n",
            "project  ",
            "lets commands reach what is not a host",
        ),
    ] {
        let text = if broken.starts_with("[sandbox") {
            format!("{FACTORY_TOML}\n{broken}")
        } else {
            broken.to_owned()
        };
        world.write("factory.toml", &text);
        both(finding, why);
    }
    world.write("factory.toml", FACTORY_TOML);
    world.factory(&["doctor"]).ends_with(0);

    // Around the holdouts, by this machine's own file: what is outside of a home directory.
    let local = |more: &str| format!("schema = 1\nholdouts = {:?}\n{more}", world.holdouts());
    let around = world.holdouts().parent().unwrap().to_owned();
    world.write(".factory/local.toml", &local(&format!("read = [{around:?}]\n")));
    let mut command = world.command(FACTORY, &["doctor"]);
    command.env("HOME", "/nonexistent");
    process::run(command).ends_with(1).says("FAILED  sandbox").says("and the holdouts are inside of it");
    world.write(".factory/local.toml", "schema = 1\nhold = 'x'\n");
    both("project  ", "unknown field `hold`");
    world.write(".factory/local.toml", &local(""));

    // Only this machine's own file opens its services to commands, and that is said.
    world.write(".factory/local.toml", &local("allow = [\"127.0.0.1:5432\"]\n"));
    let opened = "commands can reach services of this machine or its network: 127.0.0.1:5432";
    world.factory(&["doctor"]).ends_with(0).says(opened);
    world.run(&["--dry-run"]).ends_with(0).says(&format!("warning: {opened}"));
    world.write(".factory/local.toml", &local("allow = [\"nowhere\"]\n"));
    both("project  ", "lets commands reach what is not a host");
    world.write(".factory/local.toml", &local(""));

    // A folder that no run would take for holdouts.
    failed(&["--holdouts", "."], "holdouts ", "the project is inside of the holdout folder");
    world
        .run(&["--dry-run", "--holdouts", "."])
        .ends_with(2)
        .says("the project is inside of the holdout folder");
    world.write("docs/notes.txt", "none");
    failed(&["--holdouts", "docs"], "holdouts ", "there are no scenarios in it");
    fs::remove_dir_all(world.project().join("docs")).unwrap();
    world.write_holdout("odd.md", "# Scenario: Odd\nCovers: R1\n\nWhen the moon is full\nThen all is well\n");
    failed(&[], "holdouts ", "of its sentences cannot be compiled");
    fs::remove_file(world.holdouts().join("odd.md")).unwrap();
    world.factory(&["doctor"]).ends_with(0);

    // A copy of a holdout in HEAD, which no checkout is made of.
    let copied = fs::read_to_string(world.holdouts().join("stranger.md")).unwrap();
    world.write("notes.md", &copied);
    world.commit("notes");
    let copy = "it has the same content as a holdout";
    both("holdouts ", copy);
    world.run(&[APPROVE]).ends_with(2).says(copy);
    assert!(!world.root().join("cache/checkouts").exists(), "nothing was started");
    assert!(!world.store().join("store").exists(), "no run was begun");
}

fn holdouts_in_the_repository() {
    let world = World::new(building(vec![]));
    let warning = "the holdouts are inside of the repository, in held/back: ";
    world.run(&["--dry-run"]).ends_with(0).never_says("inside of the repository");
    let inside = world.project().join("held/back");
    fs::create_dir_all(&inside).unwrap();
    for entry in fs::read_dir(world.holdouts()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, inside.join(path.file_name().unwrap())).unwrap();
    }
    world.commit("holdouts");
    world.write(".factory/local.toml", "schema = 1\nholdouts = 'held/back'\n");
    world.run(&["--dry-run"]).ends_with(0).says(&format!("warning: {warning}"));
    world.factory(&["doctor"]).ends_with(0).says(&format!("note    holdouts  {warning}"));
}

fn holdouts_elsewhere() {
    let world = World::new(building(vec![]));
    world.write(".factory/local.toml", "schema = 1\n");
    world.factory(&["doctor"]).ends_with(1).says("FAILED  holdouts").says("--holdouts DIR");
    let place = world.holdouts().to_str().unwrap().to_owned();
    assert_eq!(state(&world.json(&["doctor", "--holdouts", &place]), "holdouts"), "ok");
    let mut command = world.command(FACTORY, &["doctor"]);
    command.env("FACTORY_HOLDOUTS", &place);
    process::run(command).ends_with(0).never_says("FAILED");
}

/// Every file below a folder of the store.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The things that the doctor says are damaged, each with its runs.
fn damaged(world: &World) -> Vec<(String, Vec<String>)> {
    let ran = world.factory(&["doctor", "--format", "json"]);
    let findings: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(state(&findings, "store"), "failed", "{findings}");
    ran.ends_with(1);
    let store = findings.as_array().unwrap().iter().find(|finding| finding["id"] == "store").unwrap();
    let things = store["damaged"].as_array().unwrap().iter().map(|thing| {
        let runs = thing["runs"].as_array().into_iter().flatten();
        let runs = runs.map(|run| run.as_str().unwrap().to_owned()).collect();
        (thing["what"].as_str().unwrap().to_owned(), runs)
    });
    things.collect()
}

fn damage_in_the_store() {
    let world = World::new(building(vec![right()]));
    world.run(&[APPROVE]).ends_with(0);
    let merged = world.id();
    world.run(&[]).ends_with(4);
    let waiting = world.id();
    // Everything that both runs refer to is there, and nothing else is asked for.
    world.factory(&["doctor"]).ends_with(0).says("2 runs with ");

    let blobs = world.store().join("blobs");
    let holding = |text: &str| {
        let holds = |path: &PathBuf| fs::read_to_string(path).is_ok_and(|found| found.contains(text));
        files(&blobs).into_iter().find(holds).unwrap()
    };
    // What a patch writes is named by the artifact only.
    let written = holding("nobody knows them\"}");
    let plan = holding("One handler more.");
    for path in [&written, &plan] {
        let whole = fs::read(path).unwrap();
        let mut hurt = whole.clone();
        hurt[10] ^= 1;
        fs::write(path, hurt).unwrap();
        let found = damaged(&world);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].1.contains(&merged), "{found:?}");
        world.factory(&["doctor"]).ends_with(1).says("doctor --repair");
        fs::remove_file(path).unwrap();
        assert_eq!(damaged(&world), found, "missing is as bad as changed");
        fs::write(path, whole).unwrap();
    }
    world.factory(&["doctor"]).ends_with(0);

    let cards = world.store().join("evaluator");
    fs::rename(&cards, world.root().join("cards")).unwrap();
    let found = damaged(&world);
    assert!(found.len() == 1 && found[0].0.starts_with("scorecard "), "{found:?}");
    fs::rename(world.root().join("cards"), &cards).unwrap();

    fs::remove_dir_all(&blobs).unwrap();
    let ran = world.factory(&["doctor"]).ends_with(1).says("FAILED  store").says("it is missing");
    ran.says(&merged).says(&waiting).says("from a copy").never_says("doctor --repair");
    // Nothing would be gained by a new store.
    world.factory(&["doctor", "--repair"]).ends_with(1).says("DAMAGED blob").says("from a copy");
    assert!(!world.project().join(".factory-saved").exists());
}
