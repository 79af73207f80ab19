//! The judge: deploys a candidate for each run of each scenario and reports what may be known.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use factory_core::artifact::{ScenarioCoverage, VaultScore, Verify};
use factory_core::feedback::{FailedScenario, FailureClass, Holdout, declassify};
use factory_core::ids::{Digest, RequirementId, ScenarioKey};
use factory_core::ledger::leak;
use factory_core::policy;
use factory_engine::port::evaluator::{Candidate, Evaluator, EvaluatorError, Outlook};
use factory_engine::port::observer::Progress;
use factory_sandbox::Launcher;
use factory_spec::Tag;
use tempfile::TempDir;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::bound;
use crate::clock::Clock;
use crate::config::DeployConfig;
use crate::deploy::{self, DeployFailure, Deployment, Recipe};
use crate::key::EvaluatorKey;
use crate::run::{self, Ending, Failure};
use crate::score::{self, FIRST_RUNS, Runs, Verdict};
use crate::scorecard::{self, Outcome, RunRecord, ScenarioScore, Scorecard};
use crate::suite::{Compiled, HoldoutSuite};

/// How often a deployment is tried before anything is run, if the machine is at fault.
const TRIALS: usize = 3;
/// How long one run may take as a whole: each of its steps has a limit of its own, but there may be many.
const LONGEST_RUN: Duration = Duration::from_secs(300);

/// Judges candidates that are services, by the holdouts of a folder.
#[derive(Debug)]
pub struct ServiceEvaluator {
    holdouts: PathBuf,
    config: DeployConfig,
    scorecards: PathBuf,
    launcher: Launcher,
    parallel: usize,
    allowance_bits: u32,
}

impl ServiceEvaluator {
    /// A judge by the scenarios in `holdouts`, which deploys by `config` and keeps its scorecards in the folder `scorecards`,
    /// made and closed to others when needed. `parallel` scenario runs are done at a time, at least one; they mostly wait,
    /// so twice the number of processors is reasonable.
    ///
    /// # Errors
    /// [`EvaluatorError::Infrastructure`] when `config` cannot mean anything.
    pub fn new(
        holdouts: PathBuf,
        config: DeployConfig,
        scorecards: PathBuf,
        launcher: Launcher,
        parallel: usize,
    ) -> Result<Self, EvaluatorError> {
        config.check().map_err(|error| infrastructure("`[deploy]` cannot be used", error))?;
        let (parallel, allowance_bits) = (parallel.max(1), leak::ALLOWANCE_BITS);
        Ok(ServiceEvaluator { holdouts, config, scorecards, launcher, parallel, allowance_bits })
    }

    /// The same, where a scenario may reveal so many bits before it counts no more.
    #[must_use]
    pub fn allowing(self, allowance_bits: u32) -> Self {
        Self { allowance_bits, ..self }
    }

    /// The folder that scorecards are in.
    pub fn scorecards(&self) -> &std::path::Path {
        &self.scorecards
    }

    /// The key that scenarios and runs are named with.
    fn key(&self) -> Result<EvaluatorKey, EvaluatorError> {
        EvaluatorKey::open(&self.scorecards)
            .map_err(|error| infrastructure("the evaluator's key cannot be used", error))
    }

    /// The scenarios, and how the clock is moved for them.
    fn prepare(&self) -> Result<(HoldoutSuite, Clock), EvaluatorError> {
        let suite =
            HoldoutSuite::load(&self.holdouts).map_err(|error| error.into_evaluator_error(&self.holdouts))?;
        let clock = Clock::choose(&self.config);
        if suite.moves_clock() && clock == Clock::Fixed {
            return Err(EvaluatorError::Infrastructure {
                detail: "holdouts move the clock, and there is nothing to move it with: install libfaketime, or let \
                         the service read an offset from `${clock.offset_file}`"
                    .to_owned(),
                source: None,
            });
        }
        Ok((suite, clock))
    }

    /// What all deployments have in common; the project is built if it has to be.
    async fn recipe(
        &self,
        candidate: &Candidate<'_>,
        clock: Clock,
        agent: String,
        parent: &TempDir,
    ) -> Result<Recipe, DeployFailure> {
        let mut recipe = Recipe {
            launcher: self.launcher.clone(),
            config: self.config.clone(),
            clock,
            agent,
            project: candidate.checkout.project.clone(),
            dependencies: candidate.checkout.dependencies.clone(),
            hosts: candidate.checkout.hosts.clone(),
            environment: candidate.checkout.environment.clone(),
            parent: parent.path().to_owned(),
        };
        if let Some(line) = &self.config.build {
            let built = parent.path().join("built");
            let from = recipe.project.clone();
            let to = built.clone();
            let copied = tokio::task::spawn_blocking(move || deploy::copy_tree(&from, &to)).await;
            let not_copied = "a copy of the project could not be made";
            match copied {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    return Err(DeployFailure::Infrastructure(not_copied.to_owned(), Some(error.into())));
                }
                Err(error) => {
                    return Err(DeployFailure::Infrastructure(not_copied.to_owned(), Some(error.into())));
                }
            }
            recipe.project = built;
            deploy::build(&recipe, line).await?;
        }
        Ok(recipe)
    }
}

fn infrastructure(detail: &str, source: impl std::error::Error + Send + Sync + 'static) -> EvaluatorError {
    EvaluatorError::Infrastructure { detail: detail.to_owned(), source: Some(Box::new(source)) }
}

#[async_trait]
impl Evaluator for ServiceEvaluator {
    async fn verify(&self, candidate: Candidate<'_>) -> Result<Verify, EvaluatorError> {
        let (suite, clock) = self.prepare()?;
        let mut card = Scorecard::new(candidate.patch.clone(), clock.to_string());
        let scratch = &candidate.checkout.scratch;
        let no_folder = |error| infrastructure("no folder for deployments", error);
        tokio::fs::create_dir_all(scratch).await.map_err(no_folder)?;
        let parent = TempDir::with_prefix_in("eval-", scratch).map_err(no_folder)?;
        // Whatever a candidate keeps of what it was sent is recognized when it comes back in a patch.
        let key = self.key()?;
        let canary = key.canary(&candidate.effect.run);
        let trial = match self.recipe(&candidate, clock, canary.to_string(), &parent).await {
            Ok(recipe) => try_out(&without_library(&recipe)).await.map(|()| recipe),
            Err(failure) => Err(failure),
        };
        let is_vault = |compiled: &Arc<Compiled>| compiled.scenario.reveal().has_tag(&Tag::Vault);
        let (vault, ordinary): (Vec<_>, Vec<_>) = suite.scenarios().iter().cloned().partition(is_vault);
        let recipe = match trial {
            Ok(recipe) => Some(Arc::new(recipe)),
            Err(DeployFailure::Application(log)) => {
                card.scenarios = ordinary.iter().map(|compiled| undeployed(compiled, &log)).collect();
                None
            }
            Err(DeployFailure::Infrastructure(detail, source)) => {
                return Err(EvaluatorError::Infrastructure { detail, source });
            }
        };
        if let Some(recipe) = recipe {
            card.scenarios = self.run_all(&ordinary, &recipe, &candidate).await?;
            name(&mut card, &ordinary, &key, |key| candidate.leaks.is_burnt(key, self.allowance_bits));
            // Nobody learns anything of the vault but whether it holds, and that once there is nothing else to mend.
            let met = policy::judge_verify(candidate.policy, &report(&card, candidate.requirements));
            if matches!(met, policy::Verdict::Pass(_)) && !vault.is_empty() {
                card.vault = self.run_all(&vault, &recipe, &candidate).await?;
            }
        } else {
            name(&mut card, &ordinary, &key, |key| candidate.leaks.is_burnt(key, self.allowance_bits));
        }
        let scorecard = card
            .save(&self.scorecards)
            .map_err(|error| infrastructure("the scorecard could not be kept", error))?;
        Ok(Verify { scorecard, ..report(&card, candidate.requirements) })
    }

    fn outlook(&self) -> Result<Outlook, EvaluatorError> {
        let (suite, clock) = self.prepare()?;
        Ok(Outlook { scenarios: suite.scenarios().len(), runs_each: FIRST_RUNS, clock: clock.to_string() })
    }
}

/// Whether the candidate can be deployed at all, so that one that cannot does not cost a time-out for every run. One
/// failure is tried again.
async fn try_out(recipe: &Recipe) -> Result<(), DeployFailure> {
    let mut failed = false;
    let mut tried = 0;
    loop {
        tried += 1;
        match Deployment::start(recipe).await {
            Ok(deployment) => {
                deployment.finish().await;
                return Ok(());
            }
            Err(DeployFailure::Application(_)) if !failed => failed = true,
            Err(DeployFailure::Infrastructure(..)) if tried < TRIALS => {}
            Err(failure) => return Err(failure),
        }
    }
}

fn undeployed(compiled: &Compiled, log: &str) -> ScenarioScore {
    let record = RunRecord {
        milliseconds: 0,
        outcome: Outcome::Failed {
            class: FailureClass::NotDeployable,
            sentence: None,
            message: "the candidate could not be deployed".to_owned(),
            log: log.to_owned(),
        },
    };
    scored(compiled, Verdict::Failed, vec![record])
}

fn scored(compiled: &Compiled, verdict: Verdict, runs: Vec<RunRecord>) -> ScenarioScore {
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

impl ServiceEvaluator {
    async fn run_all(
        &self,
        scenarios: &[Arc<Compiled>],
        recipe: &Arc<Recipe>,
        candidate: &Candidate<'_>,
    ) -> Result<Vec<ScenarioScore>, EvaluatorError> {
        let places = Arc::new(Semaphore::new(self.parallel));
        let (done, mut reports) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        for (place, compiled) in scenarios.iter().enumerate() {
            let (compiled, recipe, places, done) =
                (Arc::clone(compiled), Arc::clone(recipe), Arc::clone(&places), done.clone());
            tasks.spawn(async move { (place, decide(compiled, &recipe, &places, &done).await) });
        }
        drop(done);
        let mut finished = 0;
        let mut of = scenarios.len() * FIRST_RUNS as usize;
        candidate.observer.progress(Progress::Scenarios { done: finished, of });
        while let Some(change) = reports.recv().await {
            match change {
                Change::Run => finished += 1,
                Change::Decided { runs } => of = (of + runs).saturating_sub(FIRST_RUNS as usize),
            }
            // A run beyond the usual ones is only known to be needed when it has been done.
            candidate.observer.progress(Progress::Scenarios { done: finished, of: of.max(finished) });
        }
        let mut scores = BTreeMap::new();
        while let Some(task) = tasks.join_next().await {
            let (place, score) = task.map_err(|error| infrastructure("a scenario run broke down", error))?;
            scores.insert(place, score);
        }
        Ok(scores.into_values().collect())
    }
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
    recipe: &Recipe,
    places: &Semaphore,
    done: &mpsc::UnboundedSender<Change>,
) -> ScenarioScore {
    let mut runs = Runs::default();
    let mut records = Vec::new();
    let verdict = loop {
        if let Some(verdict) = score::verdict(runs) {
            break verdict;
        }
        let record = {
            // The semaphore is never closed, so a place comes.
            let _place = places.acquire().await;
            run_once(&compiled, recipe).await
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
fn without_library(recipe: &Recipe) -> Recipe {
    let clock = match &recipe.clock {
        Clock::LibFaketime(_) | Clock::Fixed => Clock::Fixed,
        Clock::Hook => Clock::Hook,
    };
    Recipe { clock, ..recipe.clone() }
}

async fn run_once(compiled: &Compiled, recipe: &Recipe) -> RunRecord {
    let begun = Instant::now();
    let running = tokio::time::timeout(LONGEST_RUN, perform(compiled, recipe));
    let outcome = running.await.unwrap_or_else(|_| Outcome::Failed {
        class: FailureClass::NoAnswer,
        sentence: None,
        message: "the run took too long as a whole".to_owned(),
        log: String::new(),
    });
    RunRecord { milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX), outcome }
}

async fn perform(compiled: &Compiled, recipe: &Recipe) -> Outcome {
    let (scenario, plan) = (compiled.scenario.reveal(), compiled.plan.reveal());
    let recipe = if plan.moves_clock() { recipe } else { &without_library(recipe) };
    let deployment = match Deployment::start(recipe).await {
        Ok(deployment) => deployment,
        Err(failure) => return outcome(failure.into(), None, String::new()),
    };
    match run::run(plan, deployment).await {
        (Ending::Passed, _) => Outcome::Passed,
        (Ending::Stopped(step, failure), log) => {
            let sentence = plan.steps.get(step).and_then(|step| scenario.steps.get(step.sentence));
            outcome(failure, sentence.map(|sentence| sentence.text.clone()), log)
        }
    }
}

fn outcome(failure: Failure, sentence: Option<String>, log: String) -> Outcome {
    match failure {
        Failure::Application(class, message) => Outcome::Failed { class, sentence, message, log },
        Failure::Infrastructure(message) => Outcome::Lost { message },
    }
}

/// Names scenarios by their keys, and marks those that have revealed too much.
fn name(
    card: &mut Scorecard,
    scenarios: &[Arc<Compiled>],
    key: &EvaluatorKey,
    is_burnt: impl Fn(&ScenarioKey) -> bool,
) {
    for (score, compiled) in card.scenarios.iter_mut().zip(scenarios) {
        let key = key.scenario(compiled.scenario.reveal());
        score.burnt = is_burnt(&key);
        score.key = Some(key);
    }
}

fn count(scenarios: &[&ScenarioScore], verdicts: &[Verdict]) -> u32 {
    let count = scenarios.iter().filter(|scenario| verdicts.contains(&scenario.verdict)).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// What may be known of a scorecard. A scenario that is burnt tells nothing any more: whoever builds may know it.
fn report(card: &Scorecard, public: &[RequirementId]) -> Verify {
    let scenarios: Vec<&ScenarioScore> = card.scenarios.iter().filter(|scenario| !scenario.burnt).collect();
    let passed = count(&scenarios, &[Verdict::Passed]);
    let failed = count(&scenarios, &[Verdict::Failed, Verdict::Flaky]);
    let inconclusive = count(&scenarios, &[Verdict::Inconclusive]);
    let failures = scenarios.iter().filter_map(|scenario| {
        let covers = scenario.covers.iter().filter_map(|id| id.parse().ok()).collect();
        Some(FailedScenario { covers, class: scenario.class? })
    });
    let revealed: BTreeSet<&ScenarioKey> =
        scenarios.iter().filter_map(|scenario| scenario.key.as_ref()).collect();
    let vault: Vec<&ScenarioScore> = card.vault.iter().collect();
    Verify {
        patch: card.patch.clone(),
        passed,
        failed,
        inconclusive,
        critical_passed: scenarios
            .iter()
            .all(|scenario| !scenario.critical || scenario.verdict == Verdict::Passed),
        // A scenario that could not be scored is no evidence for the candidate, so it counts as one that did not pass.
        lower_bound_bp: bound::lower_bound_bp(
            passed,
            passed.saturating_add(failed).saturating_add(inconclusive),
        ),
        feedback: declassify(&Holdout::new(failures.collect()), public),
        // Until the card is kept and has one.
        scorecard: Digest::of(&[]),
        covered: Some(covered(&scenarios, public)),
        revealed: revealed.into_iter().cloned().collect(),
        burnt: u32::try_from(card.scenarios.len() - scenarios.len()).unwrap_or(u32::MAX),
        vault: (!vault.is_empty()).then(|| VaultScore {
            passed: count(&vault, &[Verdict::Passed]),
            failed: count(&vault, &[Verdict::Failed, Verdict::Flaky]),
            inconclusive: count(&vault, &[Verdict::Inconclusive]),
        }),
    }
}

/// How many of the specification's requirements the scenarios are about.
fn covered(scenarios: &[&ScenarioScore], requirements: &[RequirementId]) -> ScenarioCoverage {
    let named: HashSet<&str> =
        scenarios.iter().flat_map(|scenario| &scenario.covers).map(String::as_str).collect();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let with = requirements.iter().filter(|id| named.contains(id.as_str())).count();
    ScenarioCoverage { requirements: count(with), of: count(requirements.len()) }
}
