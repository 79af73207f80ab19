//! The pipelines that ship, and every example of the documentation.

use factory_core::ids::Budget;
use factory_core::pipeline::model::{
    BaseMoved, Edge, EntryGate, EntryType, ExitGate, OnExhausted, Pipeline, Plateau, Zone,
};

use super::{BUG, FEATURE, GOVERNED, edited, good, id, stage};

const DOCUMENTATION: &str = include_str!("../../../../../docs/pipelines.md");

fn order(pipeline: &Pipeline) -> Vec<&str> {
    pipeline.stages.iter().map(|stage| stage.id.as_str()).collect()
}

/// The stages of a run of this kind, in order.
fn included(pipeline: &Pipeline, entry: EntryType) -> Vec<&str> {
    let included = pipeline.included(entry).unwrap();
    order(pipeline).into_iter().filter(|stage| included.contains(&id(stage))).collect()
}

#[test]
fn feature() {
    let pipeline = good(FEATURE);
    assert_eq!(pipeline.name, "feature");
    assert_eq!(pipeline.policy.min_pass_percent, 90);
    assert_eq!(pipeline.policy.base_moved, BaseMoved::Rebase);
    let all = ["spec", "plan", "tasks", "build", "review", "verify", "merge"];
    assert_eq!(order(&pipeline), all);
    assert_eq!(pipeline.entry.len(), 2);
    for entry in [EntryType::Feature, EntryType::Bug] {
        assert_eq!(included(&pipeline, entry), all);
    }
    let verify = stage(&pipeline, "verify");
    assert_eq!((verify.attempts, verify.timeout_seconds), (2, 3600));
    assert_eq!((verify.exit_gate, &verify.returns_to), (ExitGate::Policy, &Some(id("build"))));
    assert_eq!(stage(&pipeline, "plan").exit_gate, ExitGate::Human);
    assert_eq!(stage(&pipeline, "merge").entry_gate, EntryGate::Human);
    assert!(pipeline.stages.iter().all(|stage| stage.rules.is_empty() && stage.when.is_empty()));
}

#[test]
fn bug() {
    let pipeline = good(BUG);
    assert_eq!(pipeline.name, "bug");
    let all = ["spec", "plan", "build", "review", "verify", "merge"];
    assert_eq!(order(&pipeline), all);
    assert_eq!(pipeline.entry.len(), 2);
    assert_eq!(included(&pipeline, EntryType::Bug), all);
    let without_plan = ["spec", "build", "review", "verify", "merge"];
    assert_eq!(included(&pipeline, EntryType::Hotfix), without_plan);
}

#[test]
fn governed() {
    let pipeline = good(GOVERNED);
    let all = ["spec", "design", "tests", "recon", "plan", "build", "review", "verify", "merge", "lessons"];
    assert_eq!(order(&pipeline), all);
    let zones: Vec<Zone> = pipeline.stages.iter().map(|stage| stage.zone.unwrap()).collect();
    use Zone::{Advisory, Autonomous, Guarded, Supervised};
    let expected = [
        Autonomous, Supervised, Autonomous, Autonomous, Supervised, Autonomous, Autonomous, Autonomous,
        Guarded, Advisory,
    ];
    assert_eq!(zones, expected);
    assert_eq!(included(&pipeline, EntryType::Feature), all);
    let from = |first: &str| [&["spec"], &all[all.iter().position(|id| *id == first).unwrap()..]].concat();
    assert_eq!(included(&pipeline, EntryType::Bug), from("tests"));
    assert_eq!(included(&pipeline, EntryType::Remediation), from("recon"));
    assert_eq!(included(&pipeline, EntryType::Hotfix), from("build"));
    assert_eq!(pipeline.policy.plateau, Some(Plateau { window: 3, min_gain_percent: 5 }));
    assert_eq!(
        pipeline.policy.budget,
        Budget { micro_usd: Some(25_000_000), tokens: Some(20_000_000) },
        "a cap in dollars alone would stop every run whose calls have no price"
    );
    assert!(pipeline.stages.iter().all(|stage| stage.on_exhausted == OnExhausted::Escalate));
}

/// One person alone can take any shipped pipeline to its merge, and is asked before each merge.
#[test]
fn no_shipped_pipeline_asks_for_somebody_in_particular() {
    for source in [FEATURE, BUG, GOVERNED] {
        let pipeline = good(source);
        assert!(pipeline.authorities.is_empty());
        let rules = pipeline.stages.iter().flat_map(|stage| stage.rules.values());
        assert!(rules.clone().all(|rule| !rule.asks_for_somebody()));
        let merge = stage(&pipeline, "merge");
        assert_eq!(merge.entry_gate, EntryGate::Human);
        assert_eq!(merge.rule(Edge::Entry).when, [], "the gate before a merge is always asked");
    }
}

/// What the comments of `governed.toml` propose can be used as it stands there, once the names are real.
#[test]
fn four_eyes_as_the_governed_pipeline_proposes_them() {
    let proposed: String = GOVERNED
        .lines()
        .skip_while(|line| !line.starts_with("#   [authority"))
        .map_while(|line| line.strip_prefix('#'))
        .take_while(|line| line.starts_with("   ") || line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    let proposed = proposed.replace("SHA256:…", &format!("SHA256:{}", "k".repeat(43)));
    let (before, after) = GOVERNED.split_once("[[gate]]\nat = \"merge:entry\"").unwrap();
    let after = &after[after.find("[[stage]]").unwrap()..];
    let pipeline = good(&format!("{before}{after}\n{proposed}"));
    let rule = stage(&pipeline, "merge").rule(Edge::Entry);
    assert_eq!((rule.authority.as_deref(), rule.approvals, rule.not_requester), (Some("owners"), 2, true));
    assert_eq!(pipeline.authorities["owners"].people, ["ann", "ben"]);
    assert_eq!(pipeline.authorities["owners"].keys.len(), 1);
}

/// The TOML blocks of the documentation.
fn blocks() -> Vec<&'static str> {
    let mut blocks = Vec::new();
    for part in DOCUMENTATION.split("\n```toml\n").skip(1) {
        blocks.push(part.split_once("\n```").expect("a block ends").0);
    }
    assert_eq!(blocks.len(), DOCUMENTATION.matches("```toml").count());
    blocks
}

/// A whole pipeline is read as it is, any other block as an addition to the shipped `feature`.
#[test]
fn every_example_of_the_documentation_is_in_order() {
    let blocks = blocks();
    assert!(blocks.len() >= 6, "{}", blocks.len());
    for block in &blocks {
        if block.contains("schema = 1") {
            good(block);
        } else if block.starts_with("[policy]") {
            let (head, rest) = FEATURE.split_once("[policy]").unwrap();
            good(&format!("{head}{}\n{block}\n", &rest[rest.find("[[stage]]").unwrap()..]));
        } else {
            good(&format!("{FEATURE}\n{block}\n"));
        }
    }
}

#[test]
fn the_documentation_shows_the_pipeline_that_ships() {
    assert_eq!(good(blocks()[0]), good(FEATURE));
}

#[test]
fn what_is_not_said_has_a_default() {
    let source = edited(&[
        ("attempts = 2\ntimeout = \"30m\"\n\n[[stage]]\nid = \"tasks\"", "\n[[stage]]\nid = \"tasks\""),
        ("min_pass_percent = 90        # of the holdout scenarios, at the gate after `verify`\n", ""),
        ("base_moved = \"rebase\"", "#"),
        ("on_exhausted = \"escalate\"", "#"),
    ]);
    let pipeline = good(&source);
    let plan = stage(&pipeline, "plan");
    assert_eq!((plan.attempts, plan.timeout_seconds, plan.soak_seconds), (1, 1800, 0));
    assert_eq!(pipeline.policy.min_pass_percent, 90);
    assert_eq!(pipeline.policy.base_moved, BaseMoved::Rebase);
    assert_eq!(pipeline.policy.plateau, None);
    assert!(!pipeline.policy.budget.caps());
    for stage in &pipeline.stages {
        // Before any work there is nothing that a person could decide about.
        let expected = if stage.id == id("spec") { OnExhausted::Fail } else { OnExhausted::Escalate };
        assert_eq!(stage.on_exhausted, expected, "{}", stage.id);
    }
}

#[test]
fn stages_may_stand_in_any_order() {
    let (head, rest) = FEATURE.split_once("[[stage]]").unwrap();
    let mut stages: Vec<String> =
        rest.split("[[stage]]").map(|stage| format!("[[stage]]{stage}\n")).collect();
    stages.reverse();
    let pipeline = good(&format!("{head}{}", stages.concat()));
    assert_eq!(pipeline, good(FEATURE));
}
