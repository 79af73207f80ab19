//! Budgets: when one is spent, a person is asked before anything more is; what they grant is the same once more.

use libtest_mimic::Trial;

use crate::fixture::{APPROVE, FACTORY_TOML, World, building, right};
use crate::gates::waits_at;
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_budget_in_dollars_asks_before_more_is_spent", in_dollars),
        with_python("a_budget_in_tokens_can_end_the_run", in_tokens),
        with_python("a_budget_in_dollars_without_prices_asks_at_once", without_prices),
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
    world.factory(&["gate", "reject", "--because", "it is not worth more tokens", "--resume"]).ends_with(5);
    assert_eq!(world.state(), "rejected");
    assert_eq!(world.branches(), ["main"]);
}

fn without_prices() {
    let world = World::new(building(vec![right()]));
    let ran = world.run(&[APPROVE, "--budget", "100"]).ends_with(6);
    ran.says("waits at the gate tasks:budget.").says("unpriced");
    world.factory(&[&GRANT[..], &[APPROVE]].concat()).ends_with(0);
    world.assert_merged();
}

fn of_nothing() {
    let world = World::new(building(vec![right()]));
    for amount in ["0", "-1", "nan", "inf", "1e300", "ten"] {
        let budget = format!("--budget={amount}");
        world.run(&[APPROVE, &budget]).ends_with(2).says("--budget");
    }
    for amount in ["0", "-1", "1.5"] {
        let budget = format!("--budget-tokens={amount}");
        world.run(&[APPROVE, &budget]).ends_with(2).says("--budget-tokens");
    }
    assert!(!world.store().join("store").exists());
}
