//! Runs scenarios until their verdicts are known, each run against a fresh deployment or against a service that runs
//! already.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use factory_core::feedback::FailureClass;
use factory_engine::port::evaluator::EvaluatorError;
use factory_engine::port::observer::{Observer, Progress};
use factory_engine::port::workspace::Checkout;
use factory_sandbox::Launcher;
use factory_spec::Tag;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::attribution::{Blame, Cause};
use crate::base_url::BaseUrl;
use crate::build;
use crate::clock::Clock;
use crate::config::DeployConfig;
use crate::deploy::{self, DeployFailure, Deployment, Recipe};
use crate::run::{self, Ending, Failure, RunningService, Seam, Target};
use crate::score::{Effort, Runs, Verdict};
use crate::scorecard::{self, Outcome, RunRecord, ScenarioScore};
use crate::suite::Compiled;

/// How often a deployment is tried before anything is run, if the machine is at fault.
const TRIALS: usize = 3;
/// How long one run may take as a whole: each of its steps has a limit of its own, but there may be many.
const LONGEST_RUN: Duration = Duration::from_secs(300);

/// Where a run gets its service.
pub(crate) enum Source {
    /// Each run deploys its own.
    Deployed(Box<Recipe>),
    /// All runs share one that somebody else has started.
    Running(BaseUrl),
}

/// What all deployments of a checkout have in common; the project is built if it has to be. Folders are made in `parent`.
///
/// # Errors
/// [`DeployFailure`]; the candidate is at fault where its build fails.
pub(crate) async fn recipe(
    checkout: &Checkout,
    launcher: &Launcher,
    config: &DeployConfig,
    clock: Clock,
    agent: String,
    parent: &Path,
) -> Result<Recipe, DeployFailure> {
    let mut recipe = Recipe {
        launcher: launcher.clone(),
        config: config.clone(),
        clock,
        agent,
        project: checkout.project.clone(),
        dependencies: checkout.dependencies.clone(),
        hosts: checkout.hosts.clone(),
        environment: checkout.environment.clone(),
        parent: parent.to_owned(),
    };
    if let Some(line) = &config.build {
        let built = parent.join("built");
        let from = recipe.project.clone();
        let to = built.clone();
        let copied = tokio::task::spawn_blocking(move || build::copy_tree(&from, &to)).await;
        let not_copied = deploy::lost(Cause::Machine, "a copy of the project could not be made");
        match copied {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(not_copied(error.into())),
            Err(error) => return Err(not_copied(error.into())),
        }
        recipe.project = built;
        build::build(&recipe, line).await?;
    }
    Ok(recipe)
}

/// Whether the candidate can be deployed at all, so that one that cannot does not cost a time-out for every run. One
/// failure is tried again.
pub(crate) async fn try_out(recipe: &Recipe) -> Result<(), DeployFailure> {
    let mut failed = false;
    let mut tried = 0;
    loop {
        tried += 1;
        match Deployment::start(recipe).await {
            Ok(deployment) => {
                deployment.finish().await;
                return Ok(());
            }
            Err(DeployFailure::Failed(_)) if !failed => failed = true,
            Err(DeployFailure::Lost(..)) if tried < TRIALS => {}
            Err(failure) => return Err(failure),
        }
    }
}

pub(crate) fn undeployed(compiled: &Compiled, blame: &Blame) -> ScenarioScore {
    let record = RunRecord {
        milliseconds: 0,
        place: None,
        outcome: Outcome::Failed {
            class: FailureClass::NotDeployable,
            sentence: None,
            message: "the candidate could not be deployed".to_owned(),
            cause: Some(blame.cause),
            log: blame.evidence.clone(),
        },
    };
    scored(compiled, Verdict::Failed, vec![record])
}

/// A scenario that says nothing, since there is nobody to ask.
pub(crate) fn unreached(compiled: &Compiled, blame: &Blame) -> ScenarioScore {
    let outcome = Outcome::Lost { message: blame.evidence.clone(), cause: Some(blame.cause) };
    let record = RunRecord { milliseconds: 0, outcome, place: None };
    scored(compiled, Verdict::Inconclusive, vec![record])
}

pub(crate) fn scored(compiled: &Compiled, verdict: Verdict, runs: Vec<RunRecord>) -> ScenarioScore {
    let scenario = compiled.scenario.reveal();
    ScenarioScore {
        id: scenario.id.clone(),
        name: scenario.name.clone(),
        covers: scenario.covers.clone(),
        critical: scenario.has_tag(&Tag::Critical),
        verdict,
        class: match verdict {
            Verdict::Failed | Verdict::Flaky => scorecard::class(&runs),
            Verdict::Passed | Verdict::Inconclusive => None,
        },
        key: None,
        burnt: false,
        runs,
    }
}

/// Runs scenarios, `parallel` runs at a time, until the verdict of each is known. They are in the same order then.
///
/// # Errors
/// [`EvaluatorError::Infrastructure`] when a run breaks down.
pub(crate) async fn run_all(
    scenarios: &[Arc<Compiled>],
    source: &Arc<Source>,
    effort: Effort,
    parallel: usize,
    observer: &dyn Observer,
) -> Result<Vec<ScenarioScore>, EvaluatorError> {
    let places = Arc::new(Semaphore::new(parallel.max(1)));
    let (done, mut reports) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    for (place, compiled) in scenarios.iter().enumerate() {
        let (compiled, source, places, done) =
            (Arc::clone(compiled), Arc::clone(source), Arc::clone(&places), done.clone());
        tasks.spawn(async move { (place, decide(compiled, &source, effort, &places, &done).await) });
    }
    drop(done);
    let usual = effort.usual() as usize;
    let mut finished = 0;
    let mut of = scenarios.len() * usual;
    observer.progress(Progress::Scenarios { done: finished, of });
    while let Some(change) = reports.recv().await {
        match change {
            Change::Run => finished += 1,
            Change::Decided { runs } => of = (of + runs).saturating_sub(usual),
        }
        // A run beyond the usual ones is only known to be needed when it has been done.
        observer.progress(Progress::Scenarios { done: finished, of: of.max(finished) });
    }
    let mut scores = BTreeMap::new();
    while let Some(task) = tasks.join_next().await {
        let (place, score) = task.map_err(|error| EvaluatorError::Infrastructure {
            detail: "a scenario run broke down".to_owned(),
            source: Some(Box::new(error)),
        })?;
        scores.insert(place, score);
    }
    Ok(scores.into_values().collect())
}

/// Told while scenarios run.
enum Change {
    /// One run is done.
    Run,
    /// A scenario is decided after so many runs.
    Decided { runs: usize },
}

/// Runs a scenario until its verdict is known.
async fn decide(
    compiled: Arc<Compiled>,
    source: &Source,
    effort: Effort,
    places: &Semaphore,
    done: &mpsc::UnboundedSender<Change>,
) -> ScenarioScore {
    let mut runs = Runs::default();
    let mut records = Vec::new();
    let verdict = loop {
        if let Some(verdict) = effort.verdict(runs) {
            break verdict;
        }
        let record = {
            // The semaphore is never closed, so a place comes.
            let _place = places.acquire().await;
            run_once(&compiled, source, Seam::default()).await.0
        };
        match record.outcome {
            Outcome::Passed => runs.passed += 1,
            Outcome::Failed { .. } => runs.failed += 1,
            Outcome::Lost { .. } => runs.lost += 1,
        }
        records.push(record);
        // Nobody listening is no reason to stop.
        let _ = done.send(Change::Run);
    };
    let _ = done.send(Change::Decided { runs: records.len() });
    scored(&compiled, verdict, records)
}

/// The same without a preloaded library, which changes more than the clock: some programs cannot even sleep under it.
pub(crate) fn without_library(recipe: &Recipe) -> Recipe {
    let clock = match &recipe.clock {
        Clock::LibFaketime(_) | Clock::Fixed => Clock::Fixed,
        Clock::Hook => Clock::Hook,
    };
    Recipe { clock, ..recipe.clone() }
}

/// Runs a scenario once. What the run saw comes with how it ended, unless it took too long.
pub(crate) async fn run_once(compiled: &Compiled, source: &Source, seam: Seam) -> (RunRecord, Option<Seam>) {
    let begun = Instant::now();
    let running = tokio::time::timeout(LONGEST_RUN, perform(compiled, source, seam));
    let (outcome, place, seam) = running.await.unwrap_or_else(|_| {
        let outcome = Outcome::Failed {
            class: FailureClass::NoAnswer,
            sentence: None,
            message: "the run took too long as a whole".to_owned(),
            cause: Some(Cause::TooSlow),
            log: String::new(),
        };
        (outcome, None, None)
    });
    let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    (RunRecord { milliseconds, outcome, place }, seam)
}

/// How it ended, at which of the scenario's sentences, and what was seen.
async fn perform(compiled: &Compiled, source: &Source, seam: Seam) -> (Outcome, Option<usize>, Option<Seam>) {
    let (scenario, plan) = (compiled.scenario.reveal(), compiled.plan.reveal());
    let target = match source {
        Source::Deployed(recipe) => {
            let recipe: &Recipe = if plan.moves_clock() { recipe } else { &without_library(recipe) };
            match Deployment::start(recipe).await {
                Ok(deployment) => Target::Deployed(Box::new(deployment)),
                Err(failure) => return (outcome(failure.into(), None, String::new()), None, None),
            }
        }
        Source::Running(base) => {
            if let Some(what) = plan.needs_deployment() {
                let message = format!("not run: {what}, which a service that runs already does not offer");
                return (Outcome::Lost { message, cause: Some(Cause::NotOurs) }, None, None);
            }
            Target::Running(Box::new(RunningService::new(base.clone())))
        }
    };
    let (ending, log, seam) = run::run(plan, target, seam).await;
    let (outcome, place) = match ending {
        Ending::Passed => (Outcome::Passed, None),
        Ending::Stopped(step, failure) => {
            let place = plan.steps.get(step).map(|step| step.sentence);
            let sentence = place.and_then(|place| scenario.steps.get(place));
            (outcome(failure, sentence.map(|sentence| sentence.text.clone()), log), place)
        }
    };
    (outcome, place, Some(seam))
}

fn outcome(failure: Failure, sentence: Option<String>, log: String) -> Outcome {
    match failure {
        Failure::Failed(class, blame) => {
            Outcome::Failed { class, sentence, message: blame.evidence, cause: Some(blame.cause), log }
        }
        Failure::Lost(blame) => Outcome::Lost { message: blame.evidence, cause: Some(blame.cause) },
    }
}
