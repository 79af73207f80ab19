//! `factory run --dry-run`: the stages, what each role would see, and what it may cost.

use factory_core::artifact::ArtifactKind;
use factory_core::pipeline::model::{EntryGate, ExitGate, Pipeline, Role, Stage};
use factory_engine::port::evaluator::Outlook;
use serde::Serialize;

use super::CheckedSpec;
use crate::args::Format;
use crate::config::place::Place;
use crate::error::CliError;
use crate::evaluation::Evaluation;
use crate::exit::Exit;
use crate::output;
use crate::wiring::{self, ModelChoice};

#[derive(Serialize)]
struct Forecast<'a> {
    id: &'a str,
    state: &'static str,
    spec: &'a str,
    title: &'a str,
    requirements: usize,
    base: &'a str,
    model: String,
    price: String,
    scenarios: usize,
    runs_each: u32,
    clock: &'a str,
    checks: Vec<&'a str>,
    stages: Vec<StageForecast>,
}

#[derive(Serialize)]
struct StageForecast {
    id: String,
    role: &'static str,
    sees: &'static str,
    attempts: u32,
    most_model_calls: u32,
    gates: Vec<&'static str>,
}

pub(super) fn show(
    place: &Place,
    spec: &CheckedSpec,
    pipeline: &Pipeline,
    model: &ModelChoice,
    evaluation: &Evaluation,
    format: Format,
) -> Result<Exit, CliError> {
    let outlook: Outlook = evaluation.outlook()?;
    let forecast = Forecast {
        id: &spec.reference.slug,
        state: "dry run",
        spec: &spec.reference.path,
        title: &spec.reference.title,
        requirements: spec.reference.requirements.len(),
        base: place.project.head().as_str(),
        model: model.describe(),
        price: model.price(),
        scenarios: outlook.scenarios,
        runs_each: outlook.runs_each,
        clock: &outlook.clock,
        checks: place.config.check.iter().map(|check| check.name.as_str()).collect(),
        stages: pipeline.stages.iter().map(stage).collect(),
    };
    match format {
        Format::Human => output::text(&human(&forecast)),
        Format::Json => output::json(&forecast),
        Format::Ndjson => output::json_line(&forecast),
    }
    Ok(Exit::Clean)
}

fn stage(stage: &Stage) -> StageForecast {
    let mut gates = Vec::new();
    match stage.entry_gate {
        EntryGate::None => {}
        EntryGate::Human => gates.push("a person decides before it"),
    }
    match stage.exit_gate {
        ExitGate::None => {}
        ExitGate::Policy => gates.push("policy decides after it"),
        ExitGate::Human => gates.push("a person decides after it"),
    }
    let asks_model = match stage.role {
        Role::Planner | Role::Implementer | Role::Reviewer => true,
        Role::Evaluator | Role::None => false,
    };
    StageForecast {
        id: stage.id.to_string(),
        role: stage.role.as_str(),
        sees: sees(stage.makes),
        attempts: stage.attempts,
        most_model_calls: if asks_model { wiring::most_calls() * stage.attempts } else { 0 },
        gates,
    }
}

/// What whoever performs the stage is given.
fn sees(kind: ArtifactKind) -> &'static str {
    match kind {
        ArtifactKind::Spec => "the specification; the project's checks run on the untouched base",
        ArtifactKind::Design | ArtifactKind::Tests | ArtifactKind::Recon => {
            "the specification, what was made before, and the base's files without holdouts, to read"
        }
        ArtifactKind::Plan => "the specification, and the base's files without holdouts, to read",
        ArtifactKind::Tasks => "the specification, the plan, and the base's files without holdouts, to read",
        ArtifactKind::Build => {
            "the specification, plan, tasks, a sealed checkout to work in, and after a failure its correction"
        }
        ArtifactKind::Review => {
            "the specification, the patch, and the patched files without holdouts, to read"
        }
        ArtifactKind::Verify => "the patched project, deployed afresh for every scenario run; no model",
        ArtifactKind::Merge => "the patch; it becomes a commit on a branch of its own; no model",
        ArtifactKind::Lessons => "the specification, the patch, and what went back on the way, to read",
    }
}

fn human(forecast: &Forecast<'_>) -> String {
    let mut text = format!(
        "{} ({}): {} requirements\nbase {}\nmodel {}, {}\n{} holdout scenarios, each run {} times; {}\nchecks: {}\n\n",
        forecast.title,
        forecast.spec,
        forecast.requirements,
        forecast.base,
        forecast.model,
        forecast.price,
        forecast.scenarios,
        forecast.runs_each,
        forecast.clock,
        if forecast.checks.is_empty() { "none".to_owned() } else { forecast.checks.join(", ") },
    );
    for stage in &forecast.stages {
        text.push_str(&format!("  {:<8} {:<12} sees {}\n", stage.id, stage.role, stage.sees));
        let calls = match stage.most_model_calls {
            0 => "no model calls".to_owned(),
            calls => format!("at most {calls} model calls"),
        };
        let gates =
            if stage.gates.is_empty() { String::new() } else { format!("; {}", stage.gates.join("; ")) };
        text.push_str(&format!("                        at most {} tries; {calls}{gates}\n", stage.attempts));
    }
    text.push_str("\nNothing was run, and nothing was sent anywhere.\n");
    text
}
