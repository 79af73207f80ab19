//! `factory scenario run`: scenarios against a service that runs already, or against a commit.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use factory_core::ledger::leak::Leaks;
use factory_engine::ledger;
use factory_engine::port::observer::Unwatched;
use factory_eval::score::{Effort, Verdict};
use factory_eval::scorecard::ScenarioScore;
use factory_eval::suite::Compiled;

use super::matrix::Matrix;
use super::report::{Report, Row};
use super::subject::{self, Ready, Tried};
use super::{chosen, junit};
use crate::args::ListFormat;
use crate::args::scenario::AssessArgs;
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{archive, output};

pub(super) async fn run(args: &AssessArgs) -> Result<Exit, CliError> {
    let mut chosen = chosen::choose(&args.which, &args.words)?.translated().await;
    let tried = Tried::new(&args.against)?;
    let base = args.base.as_deref().map(|revision| tried.base(revision)).transpose()?;
    for subject in [Some(&tried), base.as_ref()].into_iter().flatten() {
        chosen = chosen.for_subject(subject)?;
    }
    let scenarios = chosen.compiled()?;
    let specification = args.spec.as_deref().map(requirements).transpose()?;
    let junit = args.junit.as_deref().map(created).transpose()?;
    let shared = matches!(tried, Tried::Service(_));
    if shared {
        output::note_line(&format!(
            "{} is asked as it is: all scenarios share its state, and what needs more than its address is not run",
            tried.shown()
        ));
    }
    let (jobs, effort) = (args.against.jobs, args.runs.map_or(Effort::Sequential, Effort::Exactly));
    let before = match &base {
        None => None,
        Some(base) => {
            let ready = base.prepare(&scenarios, &chosen.named).await?;
            let scores = assess(&ready, &scenarios, effort, base.jobs(jobs)).await?;
            Some(scores.iter().map(|score| score.verdict).collect::<Vec<Verdict>>())
        }
    };
    let ready = tried.prepare(&scenarios, &chosen.named).await?;
    let scores = assess(&ready, &scenarios, effort, tried.jobs(jobs)).await?;
    let before = |place: usize| before.as_ref().and_then(|verdicts| verdicts.get(place).copied());
    let rows = chosen.catalogue.entries.iter().zip(&scores).enumerate();
    let rows: Vec<Row> = rows.map(|(place, (entry, score))| Row::new(entry, score, before(place))).collect();
    let coverage = Matrix::new(specification, &rows);
    let mut report = Report::new(tried.shown(), shared, rows, coverage);
    report.against = base.as_ref().map(Tried::shown);
    keep(&ready, scores, &scenarios, &tried.identity()).await?;
    match args.format {
        ListFormat::Human => output::text(&report.human()),
        ListFormat::Json => output::json(&report),
    }
    if let Some((path, mut file)) = junit {
        file.write_all(junit::xml(&report).as_bytes()).map_err(|error| {
            CliError::failed(format!("{} cannot be written", path.display())).because(&error)
        })?;
    }
    Ok(if report.is_clean() { Exit::Clean } else { Exit::Failed })
}

/// An empty file for what is found, so that one that cannot be written is known before anything runs.
fn created(path: &Path) -> Result<(&Path, File), CliError> {
    let file = File::create(path).map_err(|error| {
        CliError::usage(format!("--junit: {} cannot be written", path.display()))
            .because(&error)
            .hint("name a file in a folder that is there and that you may write to")
    })?;
    Ok((path, file))
}

pub(super) async fn assess(
    ready: &Ready,
    scenarios: &[Arc<Compiled>],
    effort: Effort,
    jobs: usize,
) -> Result<Vec<ScenarioScore>, CliError> {
    let scores = ready.prepared.assess(scenarios, effort, jobs, &Unwatched).await;
    scores.map_err(|error| CliError::failed("the scenarios could not be run").because(&error))
}

/// Keeps the scores for `factory scenario health`, where there is a store to keep them in, and something was learned.
async fn keep(
    ready: &Ready,
    scores: Vec<ScenarioScore>,
    scenarios: &[Arc<Compiled>],
    subject: &str,
) -> Result<(), CliError> {
    if !ready.prepared.is_reachable() {
        return Ok(());
    }
    let Ok(place) = Place::here() else { return Ok(()) };
    let Some(folder) = subject::kept_in(&place) else { return Ok(()) };
    let leaks = leaks(&place).await?;
    let allowance = place.local.leak_allowance_bits();
    let kept = ready.prepared.keep(scores, scenarios, subject, (&leaks, allowance), &folder);
    kept.map(drop).map_err(|error| {
        CliError::failed(format!("the scorecard cannot be kept in {}", folder.display())).because(&error)
    })
}

/// What scenarios have revealed so far.
pub(super) async fn leaks(place: &Place) -> Result<Leaks, CliError> {
    Ok(match archive::open(place).await? {
        Some(store) => {
            let entries = ledger::read(store.log.as_ref()).await?;
            Leaks::of(entries.iter().map(|kept| &kept.entry))
        }
        None => Leaks::default(),
    })
}

/// The ids of a specification's requirements, with its path.
fn requirements(path: &Path) -> Result<(String, Vec<String>), CliError> {
    let text = fs::read_to_string(path).map_err(|error| {
        CliError::usage(format!("the specification {} cannot be read", path.display())).because(&error)
    })?;
    let (document, diagnostics) = factory_spec::parse_spec(&text);
    if factory_spec::has_errors(&diagnostics) {
        output::note(&factory_spec::render(&diagnostics, &path.display().to_string(), &text));
        return Err(CliError::usage(format!(
            "{} is no specification to hold scenarios against",
            path.display()
        ))
        .hint("docs/specs.md shows a whole one"));
    }
    let ids = document.requirements.into_iter().map(|requirement| requirement.id).collect();
    Ok((path.display().to_string(), ids))
}
