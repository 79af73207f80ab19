//! Looking at a gate: it is recorded who saw what, since a decision is worth no more than what was seen.

use libtest_mimic::Trial;
use serde_json::json;

use crate::fixture::{World, building, login, right};
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![with_python("what_was_seen_before_a_decision_is_recorded_with_it", what_was_seen)]
}

fn what_was_seen() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    // A list shows no artifact.
    world.factory(&["gate", "list"]).ends_with(0).says("plan:exit");
    world.json(&["gate", "list"]);
    assert!(world.events("gate_seen").is_empty());
    world.factory(&["gate", "show"]).ends_with(0).says("One handler more.").says("approve, retry or reject");
    world.factory(&["gate", "show"]).ends_with(0);
    let seen = world.events("gate_seen");
    assert_eq!(seen.len(), 1, "the same look twice is one: {seen:?}");
    assert_eq!((&seen[0]["by"]["login"], &seen[0]["verdict_shown"]), (&json!(login()), &json!(false)));
    world.factory(&["gate", "approve", "--because", "the plan is small", "--resume"]).ends_with(4);

    let hidden = world.factory(&["gate", "show", "merge", "--hide-verdict"]).ends_with(0);
    hidden.says("what the evaluator said is not shown").says("M service.py").never_says("3 of 3");
    let run = world.id();
    world.factory(&["gate", "reject", "--because", "the handler is in the wrong file"]).ends_with(0);
    let verdict = &world.events("gate_decided")[1]["verdict"];
    assert_eq!((&verdict["passed"], &verdict["shown"]), (&json!(true), &json!(false)));
    world.factory(&["runs", "show", &run]).ends_with(0).says("had passed it, which they had not seen");

    // The scorecard says what the holdouts are about: it goes to a terminal, and nowhere else.
    let reveal = ["runs", "show", "--reveal", "--because", "a scenario may be wrong"];
    world.factory(&reveal).ends_with(2).says("at a terminal only").never_says("Quixote");
    world.factory(&["runs", "show", "--reveal"]).ends_with(2).says("--because");
    assert!(world.events("scorecard_revealed").is_empty());
}
