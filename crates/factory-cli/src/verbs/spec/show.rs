//! `factory spec show`: the requirements of a specification, and with --matrix what stands for each of them: steps of the
//! plan, tasks, scenarios, and what the newest run of it has to show.

use std::fs;

use factory_core::artifact::{Body, Coverage};
use factory_core::state::StageStatus;
use factory_eval::catalogue::Catalogue;
use serde::Serialize;

use crate::args::ListFormat;
use crate::args::spec::ShowArgs;
use crate::config::place::{self, Place};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{archive, output, story};

#[derive(Serialize)]
struct Shown {
    title: String,
    /// The newest run of the specification, if there is one and the matrix is asked for.
    run: Option<String>,
    requirements: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    level: factory_spec::Level,
    /// The form of EARS.
    form: &'static str,
    text: String,
    plan: Vec<String>,
    tasks: Vec<String>,
    scenarios: Vec<String>,
    evidence: Option<String>,
}

pub(super) async fn show(args: &ShowArgs) -> Result<Exit, CliError> {
    let shown = args.spec.display().to_string();
    let source = fs::read_to_string(&args.spec)
        .map_err(|error| CliError::usage(format!("{shown} cannot be read")).because(&error))?;
    let (document, diagnostics) = factory_spec::parse_spec(&source);
    if document.requirements.is_empty() {
        output::note(&factory_spec::render(&diagnostics, &shown, &source));
        return Err(CliError::usage(format!("{shown} has no requirements to show"))
            .hint("docs/specs.md shows a whole specification"));
    }
    let mut table = Shown { title: document.title.clone(), run: None, requirements: Vec::new() };
    for requirement in &document.requirements {
        table.requirements.push(Row {
            id: requirement.id.clone(),
            level: requirement.level,
            form: factory_spec::lint::form_of(&requirement.text),
            text: requirement.text.clone(),
            plan: Vec::new(),
            tasks: Vec::new(),
            scenarios: Vec::new(),
            evidence: None,
        });
    }
    if args.matrix {
        fill(&mut table, args).await?;
    }
    match args.format {
        ListFormat::Human => output::text(&human(&table, args.matrix)),
        ListFormat::Json => output::json(&table),
    }
    let covered = !args.matrix || table.requirements.iter().all(|row| !row.scenarios.is_empty());
    Ok(if covered { Exit::Clean } else { Exit::Failed })
}

async fn fill(table: &mut Shown, args: &ShowArgs) -> Result<(), CliError> {
    let path = place::current_dir()?.join(&args.spec);
    let stem = path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned());
    let slug = factory_spec::slug(&stem);
    let place = path.parent().and_then(|folder| Place::find(folder).ok());
    let holdouts = match (&place, &args.holdouts) {
        (Some(place), flag) => place.holdouts(flag.as_deref(), &slug).ok(),
        (None, flag) => flag.clone(),
    };
    if let Some(folder) = holdouts {
        let catalogue = Catalogue::read(&[folder])
            .map_err(|error| CliError::usage("the scenarios cannot be read").because(&error))?;
        for scenario in catalogue.entries.iter().map(factory_eval::catalogue::Entry::scenario) {
            for row in table
                .requirements
                .iter_mut()
                .filter(|row| scenario.covers.contains(&row.id.to_ascii_uppercase()))
            {
                row.scenarios.push(scenario.id.clone());
            }
        }
    }
    match &place {
        Some(place) => of_run(table, place, &slug).await,
        None => Ok(()),
    }
}

/// What the newest run of the specification planned, and what its reviewer saw of each requirement.
async fn of_run(table: &mut Shown, place: &Place, slug: &str) -> Result<(), CliError> {
    let Some(store) = archive::open(place).await? else { return Ok(()) };
    let entries = archive::all(&store).await?;
    let newest = entries.iter().find_map(|(run, history)| {
        let history = history.as_ref().ok()?;
        (history.state.started.spec.slug == slug).then_some((run, &history.state))
    });
    let Some((run, state)) = newest else { return Ok(()) };
    table.run = Some(run.to_string());
    for stage in state.stages.values() {
        let Some(made) = &stage.artifact else { continue };
        let settled = stage.status == StageStatus::Passed;
        match archive::artifact(store.blobs.as_ref(), &made.digest).await? {
            Body::Plan(plan) => {
                for (at, step) in plan.steps.iter().enumerate() {
                    for row in rows(table, &step.requirements) {
                        row.plan.push(format!("{}. {}", at + 1, step.title));
                    }
                }
            }
            Body::Tasks(tasks) => {
                for task in &tasks.tasks {
                    for row in rows(table, &task.requirements) {
                        row.tasks.push(format!("{} {}", task.id, task.title));
                    }
                }
            }
            Body::Review(review) => {
                for covered in &review.coverage {
                    let status = match covered.status {
                        Coverage::Covered => "reviewed: covered",
                        Coverage::Partial => "reviewed: partly covered",
                        Coverage::Missing => "reviewed: missing",
                    };
                    let stale = if settled { "" } else { " (sent back since)" };
                    for row in rows(table, std::slice::from_ref(&covered.requirement)) {
                        row.evidence = Some(format!("{status}{stale}"));
                    }
                }
            }
            Body::Verify(verify) => {
                table.run = Some(format!("{run}: {} of {} scenarios passed", verify.passed, verify.total()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn rows<'a>(
    table: &'a mut Shown,
    ids: &'a [factory_core::ids::RequirementId],
) -> impl Iterator<Item = &'a mut Row> {
    table.requirements.iter_mut().filter(|row| ids.iter().any(|id| id.as_str() == row.id))
}

fn human(table: &Shown, matrix: bool) -> String {
    let mut text = format!("{}\n", story::one_line(&table.title));
    if let Some(run) = &table.run {
        text.push_str(&format!("newest run {}\n", story::one_line(run)));
    }
    for row in &table.requirements {
        let level = serde_json::to_value(row.level)
            .ok()
            .and_then(|level| level.as_str().map(|level| level.replace('_', " ")));
        text.push_str(&format!("\n{}  {}, {}\n", row.id, level.unwrap_or_default(), row.form));
        text.push_str(&textwrap::fill(
            &story::one_line(&row.text),
            textwrap::Options::new(100).initial_indent("    ").subsequent_indent("    "),
        ));
        text.push('\n');
        if !matrix {
            continue;
        }
        for (name, cells) in [("plan", &row.plan), ("task", &row.tasks), ("scenario", &row.scenarios)] {
            for cell in cells {
                text.push_str(&format!("    {name:<9} {}\n", story::one_line(cell)));
            }
        }
        if row.scenarios.is_empty() {
            text.push_str("    no scenario\n");
        }
        text.push_str(&format!("    evidence  {}\n", row.evidence.as_deref().unwrap_or("none")));
    }
    if matrix {
        let of = table.requirements.len();
        let count = |is: &dyn Fn(&Row) -> bool| table.requirements.iter().filter(|row| is(row)).count();
        text.push_str(&format!(
            "\nof {of} requirements {} are planned, {} have a scenario, {} have evidence\n",
            count(&|row| !row.plan.is_empty()),
            count(&|row| !row.scenarios.is_empty()),
            count(&|row| row.evidence.is_some())
        ));
    }
    text
}
