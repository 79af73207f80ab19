//! A pipeline as text for a terminal: its stages in order, each with all that is said of it.

use super::{begin_at, phrases};
use crate::pipeline::model::{Authority, BaseMoved, Pipeline, Stage};
use crate::pipeline::plain;

/// The pipeline as text, a block for each stage.
pub fn text(pipeline: &Pipeline) -> String {
    let mut out = format!("pipeline {}\n", plain::one_line(&pipeline.name));
    let mut row = |key: &str, value: &str| out.push_str(&format!("  {key:<8} {}\n", plain::one_line(value)));
    for (kind, first) in &pipeline.entry {
        row("begins", &format!("a {} at {first}", kind.as_str()));
    }
    let policy = &pipeline.policy;
    row("passes", &format!("at {} % of the scenarios", policy.min_pass_percent));
    if let Some(plateau) = policy.plateau {
        let (window, gain) = (plateau.window, plateau.min_gain_percent);
        row(
            "stuck",
            &format!("after {window} verdicts with the same failures that gain less than {gain} points"),
        );
    }
    row(
        "base",
        match policy.base_moved {
            BaseMoved::Rebase => "if it moves, the patch is carried over and checked again",
            BaseMoved::Ignore => "if it moves, the merge stays on the commit that the run started from",
        },
    );
    if let Some(budget) = phrases::budget(policy.budget) {
        row("budget", &budget);
    }
    for (name, group) in &pipeline.authorities {
        row("group", &format!("{name}: {}", members(group)));
    }
    for stage in &pipeline.stages {
        out.push('\n');
        block(&mut out, pipeline, stage);
    }
    out
}

fn members(group: &Authority) -> String {
    let all: Vec<&str> = group.people.iter().chain(&group.keys).map(String::as_str).collect();
    if all.is_empty() { "nobody".to_owned() } else { all.join(", ") }
}

fn block(out: &mut String, pipeline: &Pipeline, stage: &Stage) {
    let begins: Vec<&str> = begin_at(pipeline, &stage.id).map(|kind| kind.as_str()).collect();
    out.push_str(stage.id.as_str());
    if !begins.is_empty() {
        out.push_str(&format!("  <- {}", begins.join(", ")));
    }
    out.push('\n');
    let mut row = |key: &str, value: &str| out.push_str(&format!("  {key:<8} {}\n", plain::one_line(value)));
    row("makes", &format!("{}, by {}", phrases::makes(stage.makes), phrases::by(stage.role)));
    if let Some(needs) = phrases::needs(stage) {
        row("needs", &needs);
    }
    if let Some(zone) = stage.zone {
        row("zone", zone.as_str());
    }
    if let Some(when) = phrases::all(&stage.when) {
        row("only if", &when);
    }
    if let Some(wait) = phrases::waits(stage) {
        row("waits", &wait);
    }
    if let Some(gate) = phrases::before(stage) {
        row("before", &gate.join(", "));
    }
    if let Some(gate) = phrases::after(stage) {
        row("after", &gate.join(", "));
    }
    if let Some(target) = &stage.returns_to {
        row("returns", &format!("to {target} what does not pass"));
    }
    row("tries", &phrases::tries(pipeline, stage).join(", "));
    if let Some(budget) = phrases::spent(stage) {
        row("budget", &budget.join(", "));
    }
}
