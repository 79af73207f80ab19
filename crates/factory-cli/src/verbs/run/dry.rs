//! `factory run --dry-run`: the stages that the run would go through, what each role would see, who would be asked, and what
//! it may cost.

use factory_core::artifact::ArtifactKind;
use factory_core::ids::Budget;
use factory_core::pipeline::draw::phrases;
use factory_core::pipeline::model::{Edge, EntryGate, EntryType, ExitGate, Pipeline, Role, Stage};
use factory_engine::port::evaluator::Outlook;
use serde::Serialize;

use super::CheckedSpec;

use crate::args::{Format, RunSettings};
use crate::config::place::Place;
use crate::error::CliError;
use crate::evaluation::{self, Evaluation};
use crate::exit::Exit;
use crate::output;
use crate::wiring::{self, ModelChoice};

/// A run that would be started.
pub(super) struct Planned<'a> {
    pub(super) spec: &'a CheckedSpec,
    pub(super) pipeline: &'a Pipeline,
    pub(super) entry: EntryType,
    /// What it was given on the command line.
    pub(super) budget: Budget,
    pub(super) settings: &'a RunSettings,
}

#[derive(Serialize)]
struct Forecast<'a> {
    id: &'a str,
    state: &'static str,
    spec: &'a str,
    title: &'a str,
    requirements: usize,
    base: &'a str,
    pipeline: &'a str,
    entry: &'static str,
    model: String,
    price: String,
    budget: Budget,
    /// Who set it; nobody where there is none.
    budget_from: Option<&'static str>,
    scenarios: usize,
    runs_each: u32,
    clock: &'a str,
    checks: Vec<&'a str>,
    /// What the command of `[setup]` could reach; nothing where there is none.
    setup: Option<String>,
    /// What works, and is not as it should be.
    warnings: Vec<String>,
    stages: Vec<StageForecast>,
}

#[derive(Serialize)]
struct StageForecast {
    id: String,
    role: &'static str,
    /// Why the run does not go through it, if it does not; then the rest is empty.
    left_out: Option<String>,
    needs: Vec<String>,
    sees: String,
    /// What has to hold, or it is left out.
    only_if: Option<String>,
    waits: Option<String>,
    attempts: u32,
    tries: String,
    most_model_calls: u32,
    budget: Option<String>,
    gates: Vec<String>,
}

pub(super) fn show(
    place: &Place,
    planned: &Planned<'_>,
    model: &ModelChoice,
    evaluation: &Evaluation,
) -> Result<Exit, CliError> {
    let outlook: Outlook = evaluation.outlook()?;
    let Planned { spec, pipeline, entry, budget, settings } = planned;
    let (budget, budget_from) = match (budget.caps(), pipeline.policy.budget.caps()) {
        (true, _) => (*budget, Some("the command line")),
        (false, true) => (pipeline.policy.budget, Some("the pipeline")),
        (false, false) => (Budget::default(), None),
    };
    let forecast = Forecast {
        id: &spec.reference.slug,
        state: "dry run",
        spec: &spec.reference.path,
        title: &spec.reference.title,
        requirements: spec.reference.requirements.len(),
        base: place.project.head().as_str(),
        pipeline: &pipeline.name,
        entry: entry.as_str(),
        model: model.describe(),
        price: model.price(),
        budget,
        budget_from,
        scenarios: outlook.scenarios,
        runs_each: outlook.runs_each,
        clock: &outlook.clock,
        checks: place.config.check.iter().map(|check| check.name.as_str()).collect(),
        setup: place.setup().map(|setup| setup.reach()),
        warnings: warnings(place, evaluation),
        stages: pipeline.stages.iter().map(|stage| forecast(planned, stage)).collect(),
    };
    match settings.output.format {
        Format::Human => output::text(&human(&forecast)),
        Format::Json => output::json(&forecast),
        Format::Ndjson => output::json_line(&forecast),
    }
    Ok(Exit::Clean)
}

/// What a person should know of before the run starts.
fn warnings(place: &Place, evaluation: &Evaluation) -> Vec<String> {
    let inside = evaluation::inside(place, &evaluation.holdouts)
        .map(|inside| format!("{inside}; a folder outside keeps them to whoever may see them"));
    inside.into_iter().chain(place.opened()).chain(evaluation.told.clone()).collect()
}

/// Whether the run goes through the stage, unless a condition leaves it out.
fn is_included(planned: &Planned<'_>, stage: &Stage) -> bool {
    planned.pipeline.included(planned.entry).is_some_and(|included| included.contains(&stage.id))
}

fn forecast(planned: &Planned<'_>, stage: &Stage) -> StageForecast {
    let (id, role) = (stage.id.to_string(), stage.role.as_str());
    if !is_included(planned, stage) {
        return StageForecast {
            id,
            role,
            left_out: Some(format!("a {} begins after it", planned.entry.as_str())),
            needs: Vec::new(),
            sees: String::new(),
            only_if: None,
            waits: None,
            attempts: 0,
            tries: String::new(),
            most_model_calls: 0,
            budget: None,
            gates: Vec::new(),
        };
    }
    let asks_model = match stage.role {
        Role::Planner | Role::Implementer | Role::Reviewer => true,
        Role::Evaluator | Role::None => false,
    };
    StageForecast {
        id,
        role,
        left_out: None,
        needs: stage.needs.iter().map(ToString::to_string).collect(),
        sees: sees(planned, stage),
        only_if: phrases::all(&stage.when),
        waits: phrases::waits(stage),
        attempts: stage.attempts,
        tries: phrases::tries(planned.pipeline, stage).join(", "),
        most_model_calls: if asks_model { wiring::most_calls() * stage.attempts } else { 0 },
        budget: phrases::spent(stage).map(|spent| spent.join(", ")),
        gates: gates(planned, stage),
    }
}

/// Who decides before and after the stage.
fn gates(planned: &Planned<'_>, stage: &Stage) -> Vec<String> {
    let in_advance = |edge: Edge| {
        let is_human = match edge {
            Edge::Entry => stage.entry_gate == EntryGate::Human,
            Edge::Exit => stage.exit_gate == ExitGate::Human,
            Edge::Escalation | Edge::Budget => false,
        };
        let given = planned.settings.approve_because.is_some();
        given && is_human && !stage.rule(edge).asks_for_somebody()
    };
    let side = |lines: Option<Vec<String>>, edge: Edge, side: &str| {
        let mut lines = lines?;
        lines.first_mut()?.push_str(side);
        if in_advance(edge) {
            lines.push("approved in advance".to_owned());
        }
        Some(lines.join(", "))
    };
    let before = side(phrases::before(stage), Edge::Entry, " before it");
    let after = side(phrases::after(stage), Edge::Exit, " after it");
    before.into_iter().chain(after).collect()
}

/// What whoever performs the stage is given.
fn sees(planned: &Planned<'_>, stage: &Stage) -> String {
    let before = made_before(planned, stage);
    match stage.makes {
        ArtifactKind::Spec => "the specification; the project's checks run on the untouched base".to_owned(),
        ArtifactKind::Design
        | ArtifactKind::Tests
        | ArtifactKind::Recon
        | ArtifactKind::Plan
        | ArtifactKind::Tasks => {
            format!("the specification{before}, and the base's files without holdouts, to read")
        }
        ArtifactKind::Build => format!(
            "the specification{before}, a sealed checkout to work in, and after a failure its correction"
        ),
        ArtifactKind::Review => {
            format!("the specification{before}, the patch, and the patched files without holdouts, to read")
        }
        ArtifactKind::Verify => {
            "the patched project, deployed afresh for every scenario run; no model".to_owned()
        }
        ArtifactKind::Merge => "the patch; it becomes a commit on a branch of its own; no model".to_owned(),
        ArtifactKind::Lessons => format!(
            "the specification{before}, the patch, what went back on the way, and the patched files without holdouts, \
             to read"
        ),
    }
}

/// What it is given of what planners made: whatever stands in its `needs`, unless it is left out.
fn made_before(planned: &Planned<'_>, stage: &Stage) -> String {
    let needed = planned.pipeline.stages.iter().filter(|other| stage.needs.contains(&other.id));
    let mut text = String::new();
    for other in needed.filter(|other| is_included(planned, other)) {
        let what = match other.makes {
            ArtifactKind::Design => "the design",
            ArtifactKind::Tests => "the test cases",
            ArtifactKind::Recon => "the reconnaissance",
            ArtifactKind::Plan => "the plan",
            ArtifactKind::Tasks => "the tasks",
            ArtifactKind::Spec
            | ArtifactKind::Build
            | ArtifactKind::Review
            | ArtifactKind::Verify
            | ArtifactKind::Merge
            | ArtifactKind::Lessons => continue,
        };
        let if_made = if other.when.is_empty() { "" } else { " if there is one" };
        text.push_str(&format!(", {what}{if_made}"));
    }
    text
}

fn human(forecast: &Forecast<'_>) -> String {
    let budget = match (phrases::budget(forecast.budget), forecast.budget_from) {
        (Some(budget), Some(from)) => format!("{budget} (from {from}); then a person is asked"),
        (Some(_) | None, _) => "none".to_owned(),
    };
    let mut text = format!(
        "{} ({}): {} requirements\nbase {}\npipeline {}, for a {}\nmodel {}, {}\nbudget {}\n{} holdout scenarios, each \
         run {} times; {}\nchecks: {}\nsetup: {}\n\n",
        forecast.title,
        forecast.spec,
        forecast.requirements,
        forecast.base,
        forecast.pipeline,
        forecast.entry,
        forecast.model,
        forecast.price,
        budget,
        forecast.scenarios,
        forecast.runs_each,
        forecast.clock,
        if forecast.checks.is_empty() { "none".to_owned() } else { forecast.checks.join(", ") },
        forecast.setup.as_ref().map_or("none".to_owned(), |reach| format!("its command can reach {reach}")),
    );
    for warning in &forecast.warnings {
        text.push_str(&format!("warning: {warning}\n\n"));
    }
    for stage in &forecast.stages {
        text.push_str(&lines(stage));
    }
    text.push_str("\nNothing was run, and nothing was sent anywhere.\n");
    text
}

fn lines(stage: &StageForecast) -> String {
    if let Some(why) = &stage.left_out {
        return format!("  {:<8} left out: {why}\n", stage.id);
    }
    let calls = match stage.most_model_calls {
        0 => "no model calls".to_owned(),
        calls => format!("at most {calls} model calls"),
    };
    let mut rest = vec![format!("{}; {calls}", stage.tries)];
    rest.extend(stage.only_if.iter().map(|when| format!("only if {when}")));
    rest.extend(stage.waits.iter().map(|wait| format!("waits {wait}")));
    rest.extend(stage.budget.iter().map(|budget| format!("budget {budget}")));
    rest.extend(stage.gates.iter().cloned());
    let mut text = format!("  {:<8} {:<12} sees {}\n", stage.id, stage.role, stage.sees);
    for line in rest {
        text.push_str(&format!("                        {line}\n"));
    }
    text
}
