//! Which decision can be made at which side of a stage, and what is said of those that cannot.

use factory_core::command::Deciding;
use factory_core::decide::{Rejection, can_override};
use factory_core::event::Decision;
use factory_core::ids::Usage;
use factory_core::pipeline::model::{EntryGate, ExitGate};
use factory_testkit::samples::{self, pipelines};

use crate::walk::{self, Walk};

const NOTE: &str = "say what polite means";

/// Everything that a decision needs.
fn wanted(walk: &Walk, gate: &str, decision: Decision) -> Deciding {
    let open = walk.open(&samples::gate(gate));
    let note = (decision == Decision::Retried).then(|| NOTE.to_owned());
    let overrides = match (decision, open.escalation) {
        (Decision::Overridden, Some(escalation)) => escalation.findings,
        (Decision::Overridden, None) => vec!["R2:wrong_content".parse().unwrap()],
        (Decision::Approved | Decision::Rejected | Decision::Retried, _) => Vec::new(),
    };
    Deciding { note, overrides, ..walk.decides(&open.gate, decision) }
}

/// A run at each kind of gate.
fn at(gate: &str) -> Walk {
    match gate {
        "plan:exit" => {
            let mut walk = Walk::up_to("plan");
            walk.make("plan");
            walk
        }
        "merge:entry" => Walk::up_to("merge"),
        "tasks:entry" => {
            let mut walk = Walk::with(|pipeline| {
                let tasks = pipeline.stages.iter_mut().find(|stage| stage.id.as_str() == "tasks").unwrap();
                tasks.entry_gate = EntryGate::Human;
            });
            walk.go_on_to("tasks");
            walk
        }
        "verify:escalation" => {
            let mut walk = Walk::up_to("build");
            for _ in 0..3 {
                walk.make("build");
                walk.make("review");
                walk.measure(7);
            }
            walk
        }
        "build:escalation" => {
            let mut walk = Walk::up_to("build");
            (0..3).for_each(|_| drop(walk.fail("build")));
            walk
        }
        "plan:budget" => {
            let mut walk = Walk::in_pipeline(pipelines::capped());
            let spec = walk.good("spec");
            walk.produce_for("spec", spec, Usage { calls: 1, input_tokens: 60, ..Usage::default() });
            walk
        }
        other => panic!("nobody knows how to come to {other}"),
    }
}

#[test]
fn each_side_knows_its_decisions_and_refuses_the_others() {
    use Decision::{Approved, Overridden, Rejected, Retried};
    let nothing_wrong = Err("nothing is wrong there that could be overridden; approve, retry or reject");
    let nobody_to_retry = Err("nothing that it shows was made by an implementer; approve or reject");
    let wrong = Err("something is wrong; retry with a note, reject, or override each finding");
    let unjudged = Err("something is wrong; retry with a note, or reject");
    let no_verdict = Err("there is no verdict that could be overridden; retry with a note, or reject");
    let budget = Err("approve to grant the same budget once more, or reject");
    for (gate, decision, expected) in [
        ("plan:exit", Approved, Ok("started tasks/1")),
        ("plan:exit", Rejected, Ok("ended rejected at plan:exit")),
        ("plan:exit", Retried, Ok("started plan/2")),
        ("plan:exit", Overridden, nothing_wrong),
        ("merge:entry", Approved, Ok("started merge/1")),
        ("merge:entry", Rejected, Ok("ended rejected at merge:entry")),
        ("merge:entry", Retried, Ok("started build/2")),
        ("merge:entry", Overridden, nothing_wrong),
        ("tasks:entry", Approved, Ok("started tasks/1")),
        ("tasks:entry", Rejected, Ok("ended rejected at tasks:entry")),
        ("tasks:entry", Retried, nobody_to_retry),
        ("tasks:entry", Overridden, nothing_wrong),
        ("verify:escalation", Approved, wrong),
        ("verify:escalation", Rejected, Ok("ended rejected at verify:escalation")),
        ("verify:escalation", Retried, Ok("started build/4")),
        ("verify:escalation", Overridden, Ok("opened merge:entry")),
        ("build:escalation", Approved, unjudged),
        ("build:escalation", Rejected, Ok("ended rejected at build:escalation")),
        ("build:escalation", Retried, Ok("started build/4")),
        ("build:escalation", Overridden, no_verdict),
        ("plan:budget", Approved, Ok("started plan/1")),
        ("plan:budget", Rejected, Ok("ended rejected at plan:budget")),
        ("plan:budget", Retried, budget),
        ("plan:budget", Overridden, budget),
    ] {
        let mut walk = at(gate);
        let wanted = wanted(&walk, gate, decision);
        if decision == Overridden {
            let open = walk.open(&samples::gate(gate));
            assert_eq!(can_override(walk.state(), &open), expected.is_ok(), "{gate}");
        }
        match expected {
            Ok(last) => {
                let events = walk.decide(wanted);
                assert_eq!(walk::story(&events).last().unwrap(), last, "{gate} {decision:?}");
            }
            Err(instead) => {
                let gate = samples::gate(gate);
                let refused = Rejection::WrongDecision { gate, decision: decision.as_str(), instead };
                assert_eq!(walk.decide_refused(wanted), refused);
            }
        }
    }
}

#[test]
fn what_belongs_to_another_decision_is_refused() {
    for (gate, decision) in [
        ("plan:exit", Decision::Approved),
        ("plan:exit", Decision::Rejected),
        ("verify:escalation", Decision::Overridden),
        ("plan:budget", Decision::Approved),
    ] {
        let mut walk = at(gate);
        let with_note = Deciding { note: Some(NOTE.to_owned()), ..wanted(&walk, gate, decision) };
        let instead = "a note is for another try; say why in the reason";
        let refused =
            Rejection::WrongDecision { gate: samples::gate(gate), decision: decision.as_str(), instead };
        assert_eq!(walk.decide_refused(with_note), refused);
    }
    for (gate, decision) in [
        ("plan:exit", Decision::Approved),
        ("plan:exit", Decision::Retried),
        ("verify:escalation", Decision::Rejected),
        ("verify:escalation", Decision::Retried),
    ] {
        let mut walk = at(gate);
        let overrides = vec!["R2:wrong_content".parse().unwrap()];
        let with_findings = Deciding { overrides, ..wanted(&walk, gate, decision) };
        let instead = "findings are named by who overrides them";
        let refused =
            Rejection::WrongDecision { gate: samples::gate(gate), decision: decision.as_str(), instead };
        assert_eq!(walk.decide_refused(with_findings), refused);
    }
}

#[test]
fn a_gate_of_another_side_is_closed() {
    let mut walk = at("verify:escalation");
    let seen = walk.sees(&samples::gate("verify:escalation"));
    for side in ["verify:entry", "verify:exit", "verify:budget", "review:escalation", "nowhere:exit"] {
        let wanted = walk::deciding(&samples::gate(side), Decision::Approved, seen.clone());
        assert_eq!(walk.decide_refused(wanted), Rejection::GateClosed(samples::gate(side)));
    }
}

/// A stage with gates on both sides comes to one after the other, also where it has to be tried again.
#[test]
fn a_person_who_asks_for_another_try_is_asked_before_it_too() {
    let mut walk = Walk::with(|pipeline| {
        let build = pipeline.stages.iter_mut().find(|stage| stage.id.as_str() == "build").unwrap();
        (build.entry_gate, build.exit_gate) = (EntryGate::Human, ExitGate::Human);
    });
    walk.go_on_to("build");
    walk.approve(&samples::entry("build"));
    walk.make("build");
    walk.decide(wanted(&walk, "build:exit", Decision::Retried));
    assert_eq!(walk.gates(), ["build:entry"], "nobody has let in this try");
}
