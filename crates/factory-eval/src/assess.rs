//! The evaluator by itself: scenarios are run against a service that is there already, or against a checkout, and the person
//! who asked sees all of it. Nothing is told to an implementer, so nothing is revealed.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use factory_core::ids::Digest;
use factory_core::ledger::leak::Leaks;
use factory_engine::port::evaluator::EvaluatorError;
use factory_engine::port::observer::Observer;
use factory_engine::port::workspace::Checkout;
use factory_sandbox::Launcher;
use factory_spec::Tag;
use tempfile::TempDir;

use crate::attribution::{Blame, Cause};
use crate::base_url::BaseUrl;
use crate::clock::Clock;
use crate::config::DeployConfig;
use crate::contradiction;
use crate::deploy::DeployFailure;
use crate::key::EvaluatorKey;
use crate::score::Effort;
use crate::scorecard::{ScenarioScore, Scorecard};
use crate::scoring::{self, Source};
use crate::suite::Compiled;

/// How long the first connection to somebody else's service may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What scenarios are run against.
pub enum Subject<'a> {
    /// A service that somebody else has started. All runs share its state; what needs more than its address is not run.
    Running(BaseUrl),
    /// A checkout, of which every run deploys its own service.
    Checkout {
        /// The sealed checkout.
        checkout: &'a Checkout,
        /// How it is deployed.
        config: &'a DeployConfig,
        /// Confines it.
        launcher: &'a Launcher,
    },
}

/// A subject that is built and has been tried out. It may be undeployable; then every scenario fails by that. Or it may be
/// unreachable; then no scenario says anything.
pub struct Prepared {
    pub(crate) source: Result<Arc<Source>, Blame>,
    clock: String,
    // Deployments get their folders in it.
    _folder: Option<TempDir>,
}

impl Prepared {
    /// Builds the subject, and starts it once to see that it can be.
    ///
    /// # Errors
    /// [`EvaluatorError::Infrastructure`] when the machine is at fault, or the scenarios move a clock that cannot be moved.
    pub async fn new(subject: Subject<'_>, scenarios: &[Arc<Compiled>]) -> Result<Self, EvaluatorError> {
        let failed = |detail: &str, source: io::Error| EvaluatorError::Infrastructure {
            detail: detail.to_owned(),
            source: Some(Box::new(source)),
        };
        let (checkout, config, launcher) = match subject {
            Subject::Running(base) => {
                let source = match reach(&base).await {
                    Ok(()) => Ok(Arc::new(Source::Running(base))),
                    Err(error) => {
                        let evidence = format!("no connection to {}: {error}", base.as_str());
                        Err(Blame::new(Cause::Unreachable, evidence))
                    }
                };
                return Ok(Prepared { source, clock: "not movable".to_owned(), _folder: None });
            }
            Subject::Checkout { checkout, config, launcher } => (checkout, config, launcher),
        };
        config.check().map_err(|error| EvaluatorError::Infrastructure {
            detail: "`[deploy]` cannot be used".to_owned(),
            source: Some(Box::new(error)),
        })?;
        let clock = Clock::choose(config);
        let moves = scenarios.iter().any(|compiled| compiled.plan.reveal().moves_clock());
        clock.check(moves)?;
        let no_folder = "no folder for deployments";
        std::fs::create_dir_all(&checkout.scratch).map_err(|error| failed(no_folder, error))?;
        let folder =
            TempDir::with_prefix_in("eval-", &checkout.scratch).map_err(|error| failed(no_folder, error))?;
        let words = clock.to_string();
        let agent = crate::run::AGENT.to_owned();
        let trial = match scoring::recipe(checkout, launcher, config, clock, agent, folder.path()).await {
            Ok(recipe) => scoring::try_out(&scoring::without_library(&recipe)).await.map(|()| recipe),
            Err(failure) => Err(failure),
        };
        let source = match trial {
            Ok(recipe) => Ok(Arc::new(Source::Deployed(Box::new(recipe)))),
            Err(DeployFailure::Failed(blame)) => Err(blame),
            Err(DeployFailure::Lost(blame, source)) => {
                return Err(EvaluatorError::Infrastructure { detail: blame.evidence, source });
            }
        };
        Ok(Prepared { source, clock: words, _folder: Some(folder) })
    }

    /// Runs all scenarios until the verdict of each is known, `parallel` runs at a time. The scores are in the same order.
    ///
    /// # Errors
    /// [`EvaluatorError::Infrastructure`] when a run breaks down.
    pub async fn assess(
        &self,
        scenarios: &[Arc<Compiled>],
        effort: Effort,
        parallel: usize,
        observer: &dyn Observer,
    ) -> Result<Vec<ScenarioScore>, EvaluatorError> {
        match &self.source {
            Ok(source) => {
                let mut scores = scoring::run_all(scenarios, source, effort, parallel, observer).await?;
                contradiction::attribute(&mut scores, scenarios);
                Ok(scores)
            }
            Err(blame) => {
                let score = if self.is_reachable() { scoring::undeployed } else { scoring::unreached };
                Ok(scenarios.iter().map(|compiled| score(compiled, blame)).collect())
            }
        }
    }

    /// Whether anything could be learned of the subject; not of a service at an address where nobody listens.
    pub fn is_reachable(&self) -> bool {
        !matches!(&self.source, Err(Blame { cause: Cause::Unreachable, .. }))
    }

    /// Keeps the scores of an assessment with the scorecards of runs, under the name of what was assessed. `burnt` scenarios
    /// are marked, and those of the vault kept apart.
    ///
    /// # Errors
    /// When the folder, the key or the scorecard cannot be written.
    pub fn keep(
        &self,
        scores: Vec<ScenarioScore>,
        scenarios: &[Arc<Compiled>],
        subject: &str,
        leaks: (&Leaks, u32),
        folder: &Path,
    ) -> io::Result<Digest> {
        let key = EvaluatorKey::open(folder)?;
        let mut card = Scorecard::new(Digest::of(subject.as_bytes()), self.clock.clone());
        for (mut score, compiled) in scores.into_iter().zip(scenarios) {
            let scenario = compiled.scenario.reveal();
            if scenario.has_tag(&Tag::Vault) {
                card.vault.push(score);
                continue;
            }
            let name = key.scenario(scenario);
            score.burnt = leaks.0.is_burnt(&name, leaks.1);
            score.key = Some(name);
            card.scenarios.push(score);
        }
        card.save(folder)
    }
}

/// Whether there is somebody at an address. Nothing is said to them.
async fn reach(base: &BaseUrl) -> io::Result<()> {
    let dialled = tokio::time::timeout(PATIENCE, base.dial()).await;
    dialled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map(drop)
}
