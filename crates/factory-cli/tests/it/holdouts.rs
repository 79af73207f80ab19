//! What holdouts reveal, and those in the vault, which reveal nothing.

use libtest_mimic::Trial;
use serde_json::json;

use crate::fixture::{APPROVE, PIPELINE, World, building, mended, right, wrong};
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_correction_is_charged_to_the_scenarios_that_it_tells_of", a_correction_is_charged),
        with_python("the_vault_is_never_told_of", the_vault_is_never_told_of),
        case("scenarios_that_nobody_was_told_of_have_revealed_nothing", nothing_is_revealed_yet),
    ]
}

fn nothing_is_revealed_yet() {
    let world = World::without_model();
    let shown = world.factory(&["scenario", "health"]).ends_with(0);
    let shown = shown.says("0.0 of 32 bits").says("Quixote walks in and is welcomed");
    shown.never_says("burnt");
    let health = world.json(&["scenario", "health"]);
    assert_eq!((&health["schema"], &health["allowance_bits"]), (&json!(1), &json!(32)));
    assert_eq!(health["scenarios"].as_array().unwrap().len(), 3);
    let empty = world.root().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let shown = world.factory(&["scenario", "health", "--holdouts", empty.to_str().unwrap()]).ends_with(0);
    shown.says("There are no scenarios in ").says("docs/scenarios.md");
    world.factory(&["scenario", "health", "--holdouts", "nowhere"]).ends_with(2).says("does not exist");
}

fn a_correction_is_charged() {
    let world = World::new(building(vec![wrong(), mended()]));
    world.run(&[APPROVE]).ends_with(0);
    world.assert_merged();
    for scenario in world.json(&["scenario", "health"])["scenarios"].as_array().unwrap() {
        assert_eq!((&scenario["revealed_millibits"], &scenario["burnt"]), (&json!(3170), &json!(false)));
        let key = scenario["key"].as_str().unwrap();
        assert!(world.factory(&["runs", "logs", "--format", "json"]).ends_with(0).out.contains(key));
    }
    let told = world.events("sent_back").pop().unwrap();
    assert_eq!(told["correction"]["revealed"].as_array().unwrap().len(), 3);

    // Whoever allows less has to write others; changing a sentence is enough, and so they start anew.
    let local = format!("schema = 1\nholdouts = {:?}\nleak_allowance_bits = 3\n", world.holdouts());
    world.write(".factory/local.toml", &local);
    world.factory(&["scenario", "health"]).ends_with(0).says("3.2 of 3 bits  burnt").says("3 burnt");
    world.write_holdout(
        "plain.md",
        "# Scenario: Quixote walks in and is welcomed\nCovers: R1\n\nWhen the client sends GET /hello\nThen the \
         status is 200\n",
    );
    let health = world.json(&["scenario", "health"]);
    let burnt = health["scenarios"].as_array().unwrap().iter().filter(|scenario| scenario["burnt"] == true);
    assert_eq!(burnt.count(), 2);
}

fn the_vault_is_never_told_of() {
    // Whoever is known is greeted too, which nobody has built.
    let vault = "# Scenario: Rocinante neighs at the gate\n@vault\nCovers: R1\n\nWhen the client sends GET \
                 /hello/ann\nThen the status is 200\n";
    let world = World::with_pipeline(building(vec![right()]), PIPELINE);
    world.write_holdout("vault.md", vault);
    let ran = world.run(&[APPROVE]).ends_with(4).says("waits at the gate verify:escalation.");
    ran.says("scenarios of the vault failed").says("0 of 1 in the vault passed").says("finding vault");
    assert!(world.events("sent_back").is_empty());
    let health = world.json(&["scenario", "health"]);
    for scenario in health["scenarios"].as_array().unwrap() {
        let is_vault = scenario["file"] == "vault.md";
        assert_eq!((&scenario["vault"], &scenario["revealed_millibits"]), (&json!(is_vault), &json!(0)));
    }
    let decide = ["--because", "ann is greeted in the next release", "--resume", APPROVE];
    world.factory(&[&["gate", "override", "--finding", "vault"], &decide[..]].concat()).ends_with(0);
    world.assert_merged();
    world.assert_holdouts_stayed_hidden();
}
