//! What holdouts reveal, and those in the vault, which reveal nothing.

use libtest_mimic::Trial;
use serde_json::json;

use crate::fixture::{APPROVE, PIPELINE, SPEC, World, building, mended, right, wrong};
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_correction_is_charged_to_the_scenarios_that_it_tells_of", a_correction_is_charged),
        with_python("the_vault_is_never_told_of", the_vault_is_never_told_of),
        case("a_repository_brings_no_settings_of_this_machine", no_settings_of_this_machine),
        case("scorecards_are_not_written_through_links", no_links_in_the_store),
        case("a_copy_of_a_holdout_that_was_changed_is_known_by_its_canary", a_changed_copy),
        case("scenarios_that_nobody_was_told_of_have_revealed_nothing", nothing_is_revealed_yet),
    ]
}

/// Whoever writes the repository says neither where holdouts are nor what commands may read.
fn no_settings_of_this_machine() {
    let world = World::without_model();
    world.write(".factory/local.toml", "schema = 1\nholdouts = \"/elsewhere\"\nread = [\"/root\"]\n");
    let verbs: [&[&str]; 4] =
        [&["scenario", "list"], &["doctor"], &["run", SPEC, "--dry-run"], &["runs", "list"]];
    let refused = || {
        for verb in verbs {
            let ran = world.factory(verb);
            assert_ne!(ran.status.code(), Some(0), "{verb:?}");
            ran.says("git has `.factory/local.toml`");
        }
    };
    world.git(&["add", "-f", ".factory/local.toml"]);
    refused();
    world.commit("settings for everybody");
    refused();
    // Taken out of the index alone, it is in HEAD still, and back with the next checkout.
    world.git(&["rm", "-q", "--cached", "-r", ".factory"]);
    let ran = world.factory(&["runs", "list"]).ends_with(2);
    ran.says("git has `.factory").says("git rm --cached -r .factory");
}

fn no_links_in_the_store() {
    let world = World::without_model();
    let elsewhere = world.root().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let link = world.project().join(".factory/evaluator");
    let _ = std::fs::remove_dir_all(&link);
    std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
    world.factory(&["scenario", "health"]).ends_with(2).says("evaluator is a link");
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0, "nothing was written there");
}

fn a_changed_copy() {
    const CANARY: &str = "5d41402abc4b2a76b9719d911017c592";
    let world = World::new(building(Vec::new()));
    let holdout = format!(
        "<!-- canary: {CANARY} -->\n# Scenario: Sancho is greeted\nCovers: R1\n\nWhen the client sends GET \
         /hello/sancho\nThen the status is 200\n"
    );
    world.write_holdout("sancho.md", &holdout);
    world.factory(&["run", SPEC, "--dry-run"]).never_says("canary");
    world.write("notes.txt", &holdout.replace('\n', "\r\n"));
    world.commit("notes");
    let ran = world.factory(&["run", SPEC, "--dry-run"]).ends_with(2);
    ran.says("notes.txt in HEAD has a canary of the holdouts").never_says(CANARY);
    world.factory(&["doctor"]).ends_with(1).says("notes.txt in HEAD has a canary");
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
