//! Budgets: when one is spent, a person is asked before anything more is; what they grant is the same once more.

use libtest_mimic::Trial;

use crate::fixture::{APPROVE, FACTORY_TOML, PIPELINE, World, building, right};
use crate::gates::waits_at;
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_budget_in_dollars_asks_before_more_is_spent", in_dollars),
        with_python("a_budget_in_tokens_can_end_the_run", in_tokens),
        with_python("a_budget_in_dollars_without_prices_asks_at_once", without_prices),
        with_python("a_budget_of_a_stage_is_told_from_the_runs", of_a_stage),
        case("a_budget_of_nothing_is_refused", of_nothing),
    ]
}

/// Every call of the twin's has 1000 tokens in and 100 out: with these prices, two thousandths of a dollar.
const PRICES: &str = "\n[model]\nusd_per_million_input_tokens = 1.0\nusd_per_million_output_tokens = 10.0\n";

const GRANT: [&str; 5] = ["gate", "approve", "--because", "it is worth a cent more", "--resume"];

fn in_dollars() {
    let config = format!("{FACTORY_TOML}{PRICES}");
    let world = World::with_files(building(vec![right()]), &[("factory.toml", &config)]);
    // Plan, tasks and build are six calls.
    let ran = world.run(&[APPROVE, "--budget", "0.01"]).ends_with(6);
    ran.says("waits at the gate review:budget.").says("$0.01");
    waits_at(&world, "review:budget");
    assert_eq!(world.twin().requests().len(), 6);
    let shown = world.factory(&["gate", "show", "review:budget"]).ends_with(0);
    shown
        .says("The budget of the run is spent: $0.012 of $0.01 (money).")
        .says("used so far: 6 calls, 6600 tokens, $0.012")
        .says("Approving grants the same once more: the run goes on until it has used $0.02 in all.")
        .says("It can be decided: approve or reject.");
    // Nothing goes on by itself, nor by a reason that was given in advance.
    world.factory(&["runs", "resume", APPROVE]).ends_with(6);
    assert_eq!(world.twin().requests().len(), 6);
    world
        .factory(&["gate", "retry", "--note", "spend less from now on", "--because", "it is too dear"])
        .ends_with(2);
    world.factory(&[&GRANT[..], &[APPROVE]].concat()).ends_with(0).says("is merged.");
    world.assert_merged();
}

fn in_tokens() {
    let world = World::new(building(vec![right()]));
    let ran = world.run(&[APPROVE, "--budget-tokens", "5000"]).ends_with(6);
    ran.says("waits at the gate review:budget.");
    let shown = world.factory(&["gate", "show"]).ends_with(0);
    shown
        .says("The budget of the run is spent: 6600 of 5000 (tokens).")
        .says("until it has used 10000 tokens in all");
    world.factory(&["gate", "reject", "--because", "it is not worth more tokens", "--resume"]).ends_with(5);
    assert_eq!(world.state(), "rejected");
    assert_eq!(world.branches(), ["main"]);
}

fn without_prices() {
    let world = World::new(building(vec![right()]));
    let ran = world.run(&[APPROVE, "--budget", "100"]).ends_with(6);
    ran.says("waits at the gate tasks:budget.").says("unpriced");
    world
        .factory(&["gate", "show", "tasks:budget"])
        .ends_with(0)
        .says("The budget of the run is $100.00 of money, and its calls are unpriced")
        .says("Prices belong under [model] in factory.toml.")
        .says("Approving lets the run go on without a limit on money.");
    world.factory(&[&GRANT[..], &[APPROVE]].concat()).ends_with(0);
    world.assert_merged();
}

fn of_a_stage() {
    let config = format!("{FACTORY_TOML}{PRICES}");
    let exit = "exit_gate = \"human\"\n";
    let pipeline = PIPELINE.replacen(exit, &format!("{exit}budget_tokens = 2000\n"), 1);
    let files = [("factory.toml", config.as_str()), ("pipelines/feature.toml", &pipeline)];
    let world = World::with_files(building(vec![right()]), &files);
    world.run(&["--budget", "1"]).ends_with(4).says("waits at the gate plan:exit.");
    let retry = ["gate", "retry", "--because", "languages are missing", "--resume", "--note"];
    let ran = world.factory(&[&retry[..], &["Think of languages."]].concat()).ends_with(6);
    ran.says("waits at the gate plan:budget.")
        .says("The budget of the stage plan is spent: 2200 of 2000 (tokens).");
    world
        .factory(&["gate", "show"])
        .ends_with(0)
        .says("The budget of the stage plan is spent: 2200 of 2000 (tokens).")
        .says("the stage plan goes on until it has used 4000 tokens in all.")
        .never_says("The budget of the run");
    world.factory(&GRANT).ends_with(4).says("waits at the gate plan:exit.");
}

fn of_nothing() {
    let world = World::new(building(vec![right()]));
    for amount in ["0", "-1", "nan", "inf", "1e300", "ten"] {
        let budget = format!("--budget={amount}");
        let ran = world.run(&[APPROVE, &budget]).ends_with(2).says("--budget");
        ran.says("an amount in US dollars above 0 and at most 1000000000").never_says("00000000000");
    }
    for amount in ["0", "-1", "1.5"] {
        let budget = format!("--budget-tokens={amount}");
        world.run(&[APPROVE, &budget]).ends_with(2).says("--budget-tokens");
    }
    assert!(!world.store().join("store").exists());
}
