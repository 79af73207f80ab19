//! The judge: deploys a candidate for each run of each scenario and reports what may be known.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use factory_core::artifact::{ScenarioCoverage, VaultScore, Verify};
use factory_core::feedback::{FailedScenario, Holdout, declassify};
use factory_core::ids::{Digest, RequirementId, ScenarioKey};
use factory_core::ledger::leak;
use factory_core::policy;
use factory_engine::port::evaluator::{Candidate, Evaluator, EvaluatorError, Outlook};
use factory_engine::port::workspace::Checkout;
use factory_sandbox::Launcher;
use factory_spec::Tag;
use tempfile::TempDir;

use crate::attribution::Blame;
use crate::bound;
use crate::clock::Clock;
use crate::config::DeployConfig;
use crate::deploy::DeployFailure;
use crate::key::EvaluatorKey;
use crate::score::{Effort, FIRST_RUNS, Verdict};
use crate::scorecard::{ScenarioScore, Scorecard};
use crate::scoring::{self, Source};
use crate::suite::{Compiled, HoldoutSuite};
use crate::translate::Translations;

/// Judges candidates that are services, by the holdouts of a folder.
#[derive(Debug)]
pub struct ServiceEvaluator {
    holdouts: PathBuf,
    config: DeployConfig,
    scorecards: PathBuf,
    launcher: Launcher,
    parallel: usize,
    allowance_bits: u32,
    translations: Option<Translations>,
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
        let translations = None;
        Ok(ServiceEvaluator {
            holdouts,
            config,
            scorecards,
            launcher,
            parallel,
            allowance_bits,
            translations,
        })
    }

    /// The same, where a scenario may reveal so many bits before it counts no more.
    #[must_use]
    pub fn allowing(self, allowance_bits: u32) -> Self {
        Self { allowance_bits, ..self }
    }

    /// The same, with what was kept of translations of sentences that no rule is about.
    #[must_use]
    pub fn translated_by(self, translations: Option<Translations>) -> Self {
        Self { translations, ..self }
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
        let suite = HoldoutSuite::load(&self.holdouts, self.translations.as_ref())
            .and_then(|suite| suite.deployed_by(&self.config))
            .map_err(|error| error.into_evaluator_error(&self.holdouts))?;
        let clock = Clock::choose(&self.config);
        clock.check(suite.moves_clock())?;
        Ok((suite, clock))
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
        // Whatever a candidate keeps of what it was sent is recognized when it comes back in a patch.
        let key = self.key()?;
        let canary = key.canary(&candidate.effect.run).to_string();
        let is_vault = |compiled: &Arc<Compiled>| compiled.scenario.reveal().has_tag(&Tag::Vault);
        let (vault, ordinary): (Vec<_>, Vec<_>) = suite.scenarios().iter().cloned().partition(is_vault);
        let is_burnt = |key: &ScenarioKey| candidate.leaks.is_burnt(key, self.allowance_bits);
        let is_met = |card: &Scorecard| {
            let report = report(card, candidate.requirements);
            matches!(policy::judge_verify(candidate.policy, &report), policy::Verdict::Pass(_))
        };
        let (_parent, deployed) = self.deployed(candidate.checkout, &clock, &canary).await?;
        match deployed {
            Err(blame) => {
                card.scenarios =
                    ordinary.iter().map(|compiled| scoring::undeployed(compiled, &blame)).collect();
                name(&mut card, &ordinary, &key, is_burnt);
            }
            Ok(source) => {
                card.scenarios = self.run_all(&ordinary, &source, &candidate).await?;
                name(&mut card, &ordinary, &key, is_burnt);
                // Where the bar is not met anyway, what the base does makes no difference.
                if is_met(&card) {
                    card.base = self.on_base(&failed(&card, &ordinary), &candidate, &clock, &canary).await?;
                }
                // Nobody learns anything of the vault but whether it holds, and that once there is nothing else to mend.
                if !vault.is_empty() && is_met(&card) {
                    card.vault = self.run_all(&vault, &source, &candidate).await?;
                }
            }
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

impl ServiceEvaluator {
    /// Where runs get their service from a checkout, and the folder that lives as long; what is wrong, if it cannot even be
    /// deployed.
    async fn deployed(
        &self,
        checkout: &Checkout,
        clock: &Clock,
        canary: &str,
    ) -> Result<(TempDir, Result<Arc<Source>, Blame>), EvaluatorError> {
        let no_folder = |error| infrastructure("no folder for deployments", error);
        tokio::fs::create_dir_all(&checkout.scratch).await.map_err(no_folder)?;
        let parent = TempDir::with_prefix_in("eval-", &checkout.scratch).map_err(no_folder)?;
        let (launcher, config) = (&self.launcher, &self.config);
        let recipe =
            scoring::recipe(checkout, launcher, config, clock.clone(), canary.to_owned(), parent.path());
        let trial = match recipe.await {
            Ok(recipe) => scoring::try_out(&scoring::without_library(&recipe)).await.map(|()| recipe),
            Err(failure) => Err(failure),
        };
        match trial {
            Ok(recipe) => Ok((parent, Ok(Arc::new(Source::Deployed(Box::new(recipe)))))),
            Err(DeployFailure::Failed(blame)) => Ok((parent, Err(blame))),
            Err(DeployFailure::Lost(blame, source)) => {
                Err(EvaluatorError::Infrastructure { detail: blame.evidence, source })
            }
        }
    }

    async fn run_all(
        &self,
        scenarios: &[Arc<Compiled>],
        source: &Arc<Source>,
        candidate: &Candidate<'_>,
    ) -> Result<Vec<ScenarioScore>, EvaluatorError> {
        scoring::run_all(scenarios, source, Effort::Sequential, self.parallel, candidate.observer).await
    }

    /// How scenarios fare on the commit that the candidate was made on. On one that cannot be deployed none passes.
    async fn on_base(
        &self,
        scenarios: &[Arc<Compiled>],
        candidate: &Candidate<'_>,
        clock: &Clock,
        canary: &str,
    ) -> Result<Vec<ScenarioScore>, EvaluatorError> {
        if scenarios.is_empty() {
            return Ok(Vec::new());
        }
        let base = candidate.base.checkout().await?;
        let (_parent, deployed) = self.deployed(&base, clock, canary).await?;
        let scores = match deployed {
            Ok(source) => self.run_all(scenarios, &source, candidate).await?,
            Err(blame) => scenarios.iter().map(|compiled| scoring::undeployed(compiled, &blame)).collect(),
        };
        if scores.iter().any(|score| score.verdict == Verdict::Inconclusive) {
            let detail = "whether what fails passed before the change could not be found out".to_owned();
            return Err(EvaluatorError::Infrastructure { detail, source: None });
        }
        Ok(scores)
    }
}

/// The scenarios that count and did not pass.
fn failed(card: &Scorecard, scenarios: &[Arc<Compiled>]) -> Vec<Arc<Compiled>> {
    let pairs = card.scenarios.iter().zip(scenarios);
    let failed = pairs.filter(|(score, _)| !score.burnt && score.verdict != Verdict::Passed);
    failed.map(|(_, compiled)| Arc::clone(compiled)).collect()
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
        regressed: (!card.base.is_empty())
            .then(|| count(&card.base.iter().collect::<Vec<_>>(), &[Verdict::Passed])),
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
