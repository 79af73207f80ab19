//! `run --dry-run`: everything is shown, nothing is done.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::case;
use crate::fixture::{FACTORY_TOML, World, building, right};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        case("a_dry_run_shows_every_stage_and_does_nothing", a_dry_run),
        case("a_dry_run_tells_of_a_stage_that_only_another_pipeline_has", a_stage_of_another_pipeline),
        case("a_dry_run_tells_what_the_command_of_setup_can_reach", what_setup_reaches),
        case("a_dry_run_shows_what_the_run_would_do_that_was_asked_for", as_asked_for),
    ]
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

/// The line of a stage, and those below it.
fn block<'a>(out: &'a str, stage: &str) -> Vec<&'a str> {
    let mut lines = out.lines().skip_while(|line| !line.starts_with(&format!("  {stage} ")));
    let first = lines.next().unwrap_or_else(|| panic!("{stage} is not in {out}"));
    let rest = lines.take_while(|line| line.starts_with("     "));
    [first].into_iter().chain(rest).collect()
}

fn a_stage_of_another_pipeline() {
    let toml = format!("{FACTORY_TOML}\n[sandbox.stage.design]\nallow = [\"a.example:443\"]\n");
    let world = World::with_files(building(vec![right()]), &[("factory.toml", &toml)]);
    let idle = "[sandbox.stage.design] says nothing for this run: the pipeline `feature` has no such stage";
    world.run(&["--dry-run"]).ends_with(0).says(idle);
    world.run(&["--dry-run", "--pipeline", "governed"]).ends_with(0).never_says("says nothing for this run");
}

fn what_setup_reaches() {
    let setup = |allow: &str| {
        let toml = format!("{FACTORY_TOML}\n[setup]\ncommand = \"true\"\n{allow}");
        let world = World::with_files(building(vec![right()]), &[("factory.toml", &toml)]);
        (world.run(&["--dry-run"]), world.factory(&["doctor"]))
    };
    let (dry, doctor) = setup("");
    dry.ends_with(0).says("setup: its command can reach the machine's network\n");
    doctor.ends_with(0).says("[setup] can reach the machine's network");
    let (dry, doctor) = setup("allow = [\"packages.example:443\"]\n");
    dry.ends_with(0).says("setup: its command can reach packages.example:443\n");
    doctor.ends_with(0).says("[setup] can reach packages.example:443");
    let (dry, _) = setup("allow = [\"https://packages.example\"]\n");
    dry.ends_with(2).says("lets commands reach what is not a host");
}

fn as_asked_for() {
    let world = World::new(building(vec![right()]));
    let hotfix = ["--dry-run", "--pipeline", "governed", "--entry", "hotfix", "--budget-tokens", "400000"];
    let human = world.run(&hotfix).ends_with(0).says("pipeline governed, for a hotfix");
    let human = human.says("budget 400000 tokens (from the command line)");
    for stage in ["design", "tests", "recon", "plan"] {
        let lines = block(&human.out, stage);
        assert!(lines.len() == 1 && lines[0].ends_with("left out: a hotfix begins after it"), "{lines:?}");
    }
    let sees = |out: &str, stage: &str| block(out, stage)[0].split_once(" sees ").unwrap().1.to_owned();
    assert!(sees(&human.out, "build").starts_with("the specification, a sealed checkout"), "{human}");
    assert!(sees(&human.out, "review").starts_with("the specification, the patch"), "{human}");
    let merge = block(&human.out, "merge").join("\n");
    assert!(merge.contains("a person decides before it, within 336h"), "{merge}");

    // The whole pipeline: everybody is given what stands in `needs`, and the budget is the pipeline's own.
    let whole = ["--dry-run", "--pipeline", "governed", "--approve-because", "the tests decide"];
    let human = world.run(&whole).ends_with(0).says("budget 25.00 USD, 20000000 tokens (from the pipeline)");
    let before = "the specification, the design, the test cases, the reconnaissance";
    assert!(sees(&human.out, "plan").starts_with(&format!("{before}, and the base's files")), "{human}");
    assert!(sees(&human.out, "build").starts_with(&format!("{before}, the plan, a sealed")), "{human}");
    let review = "the specification, the design, the test cases, the plan, the patch";
    assert!(sees(&human.out, "review").starts_with(review), "{human}");
    let plan = block(&human.out, "plan").join("\n");
    assert!(plan.contains("a person decides after it, approved in advance"), "{plan}");

    let json = world.run(&[&hotfix[..], &["--format", "json"]].concat()).ends_with(0).out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["entry"], &json["budget"]["tokens"]), (&Value::from("hotfix"), &Value::from(400_000)));
    assert_eq!(json["stages"][1]["left_out"], "a hotfix begins after it");
    assert_eq!(
        (&json["stages"][1]["most_model_calls"], &json["stages"][0]["left_out"]),
        (&0.into(), &Value::Null)
    );
}
