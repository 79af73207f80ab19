//! `run --dry-run`: everything is shown, nothing is done.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::case;
use crate::fixture::{World, building, right};

pub(crate) fn trials() -> Vec<Trial> {
    vec![case("a_dry_run_shows_every_stage_and_does_nothing", a_dry_run)]
}

fn a_dry_run() {
    let world = World::new(building(vec![right()]));
    let human = world.run(&["--dry-run"]).ends_with(0);
    for stage in ["spec", "plan", "tasks", "build", "review", "verify", "merge"] {
        assert!(human.out.lines().any(|line| line.starts_with(&format!("  {stage} "))), "{stage}: {human}");
    }
    let human =
        human.says("3 holdout scenarios, each run 3 times").says("2 requirements").says("checks: tests");
    human.says("Nothing was run, and nothing was sent anywhere.").never_says("Quixote");
    let json = world.run(&["--dry-run", "--format", "json"]).ends_with(0).out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["state"], json["stages"].as_array().unwrap().len()), (&Value::from("dry run"), 7));
    assert_eq!(json["stages"][1]["gates"][0], "a person decides after it");

    assert_eq!(world.twin().requests().len(), 0);
    for made in ["store", "blobs", "lock"] {
        assert!(!world.store().join(made).exists(), "{made}");
    }
    assert!(!world.root().join("cache").exists());
    assert_eq!(world.branches(), ["main"]);
    world.factory(&["runs", "list"]).ends_with(0).says("no runs yet");
    assert!(!world.store().join("store").exists(), "looking makes no store");
}
