//! Sets a service up as a candidate and has it judged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use async_trait::async_trait;
use factory_core::artifact::Verify;
use factory_core::event::{Event, SentBack};
use factory_core::feedback::FailureClass;
use factory_core::feedback::Feedback;
use factory_core::ids::{Attempt, Digest, EffectId, RequirementId, ScenarioKey, Timestamp};
use factory_core::ledger::entry::{Decided, LedgerEntry};
use factory_core::ledger::leak::Leaks;
use factory_core::pipeline::model::Policy;
use factory_engine::port::evaluator::{Base, Candidate, Evaluator, EvaluatorError};
use factory_engine::port::observer::{Observer, Progress};
use factory_engine::port::workspace::{Checkout, Guard, SealProof};
use factory_eval::assess::{Prepared, Subject};
use factory_eval::config::DeployConfig;
use factory_eval::evaluator::ServiceEvaluator;
use factory_eval::sabotage::{self, Reach, Sabotaged};
use factory_eval::scorecard::{Outcome, Scorecard};
use factory_eval::suite::{HoldoutSuite, SuiteError};
use factory_sandbox::{Launcher, Profile, Sandbox};
use tempfile::TempDir;

const SERVICE: &str = include_str!("service.py");
/// The suite that the service satisfies.
pub(crate) const SCENARIOS: &str = include_str!("scenarios.md");
const STEPS: &str = r#"
[[step]]
pattern = 'a member "{email}"'
steps = ['POST /register with {"email": "{email}"} answers 201']
"#;
const DEPLOY: &str = r#"
command = "python3 service.py"
ready = "/health"
[env]
PORT = "${port}"
URL = "${url}"
DATA = "${scratch}"
SMTP_HOST = "${smtp.host}"
SMTP_PORT = "${smtp.port}"
OFFSET = "${clock.offset_file}"
"#;

/// A candidate, its holdouts and its judge.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) config: DeployConfig,
    pub(crate) steps: String,
    pub(crate) seen: Seen,
    /// Whether candidates are confined: those that count across runs cannot be.
    pub(crate) confined: bool,
    /// How many scenario runs are done at a time.
    pub(crate) parallel: usize,
    pub(crate) leaks: Leaks,
    /// What is asked of candidates.
    pub(crate) policy: Policy,
    /// The folder of the base; candidates are made on nothing that could be had, if there is none.
    pub(crate) base: Option<&'static str>,
}

/// What an evaluation gave.
pub(crate) struct Judged {
    pub(crate) verify: Verify,
    pub(crate) card: Scorecard,
}

/// Keeps progress.
#[derive(Default)]
pub(crate) struct Seen(pub(crate) Mutex<Vec<Progress>>);

impl Observer for Seen {
    fn progress(&self, progress: Progress) {
        self.0.lock().unwrap().push(progress);
    }
}

#[derive(Debug)]
struct Kept;

impl Guard for Kept {}

impl Bench {
    /// The service with a defect; none, if `bug` is empty.
    pub(crate) fn new(bug: &str) -> Self {
        let mut bench = Self::of(&[("service.py", SERVICE)], DEPLOY);
        bench.config.env.insert("BUG".to_owned(), bug.to_owned());
        bench.steps = STEPS.to_owned();
        bench
    }

    /// A project of these files, which is deployed so.
    pub(crate) fn of(files: &[(&str, &str)], deploy: &str) -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["project", "scratch", "holdouts"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        for (name, text) in files {
            let path = folder.path().join("project").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let config: DeployConfig = toml::from_str(deploy).unwrap();
        let (seen, leaks) = (Seen::default(), Leaks::default());
        let (steps, policy) = (String::new(), Policy::default());
        Bench { folder, config, steps, seen, leaks, confined: true, parallel: 4, policy, base: None }
    }

    /// Whether candidates really are confined here.
    pub(crate) fn is_confined(&self) -> bool {
        self.confined && launcher().sandbox().is_some()
    }

    /// What has leaked when so many feedbacks have told of these scenarios.
    pub(crate) fn told(&self, times: usize, revealed: &[ScenarioKey]) -> Leaks {
        let correction = SentBack::Holdouts { feedback: Feedback::default(), revealed: revealed.to_vec() };
        let (from, to) = ("verify".parse().unwrap(), "build".parse().unwrap());
        let event = Box::new(Event::SentBack { from, to, correction });
        let run = "run-1".parse().unwrap();
        let entry = LedgerEntry::new(Timestamp(0), Decided::Run { run, position: 0, event });
        Leaks::of(std::iter::repeat_n(&entry, times))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn evaluator(&self, scenarios: &str) -> Result<ServiceEvaluator, EvaluatorError> {
        std::fs::write(self.path("holdouts/all.md"), scenarios).unwrap();
        std::fs::write(self.path("holdouts/steps.toml"), &self.steps).unwrap();
        self.judge_of()
    }

    fn judge_of(&self) -> Result<ServiceEvaluator, EvaluatorError> {
        if let Err(SuiteError::Uncompiled { scenarios }) = HoldoutSuite::load(&self.path("holdouts"), None) {
            let errors = scenarios.iter().flat_map(|scenario| &scenario.problems);
            errors.for_each(|problem| println!("{}", problem.error));
        }
        let launcher = if self.confined { launcher() } else { Launcher::new() };
        ServiceEvaluator::new(
            self.path("holdouts"),
            self.config.clone(),
            self.path("cards"),
            launcher,
            self.parallel,
        )
    }

    pub(crate) fn outlook(
        &self,
        scenarios: &str,
    ) -> Result<factory_engine::port::evaluator::Outlook, EvaluatorError> {
        self.evaluator(scenarios)?.outlook()
    }

    /// A project with a `factory.toml`, and its holdouts, both copied.
    pub(crate) fn project(project: &Path, holdouts: &Path) -> Self {
        let settings: toml::Table =
            toml::from_str(&std::fs::read_to_string(project.join("factory.toml")).unwrap()).unwrap();
        let bench = Self::of(&[], &toml::to_string(&settings["deploy"]).unwrap());
        copy(project, &bench.path("project"));
        copy(holdouts, &bench.path("holdouts"));
        bench
    }

    /// Judges by `scenarios`.
    pub(crate) fn judge(&self, scenarios: &str) -> Result<Judged, EvaluatorError> {
        self.judge_by(&self.evaluator(scenarios)?)
    }

    /// Judges by the holdouts that are there.
    pub(crate) fn judge_holdouts(&self) -> Result<Judged, EvaluatorError> {
        self.judge_by(&self.judge_of()?)
    }

    /// Tampers with what `scenarios` observe, where they assert something of it.
    pub(crate) fn sabotage(&self, scenarios: &str) -> Vec<Sabotaged> {
        self.evaluator(scenarios).unwrap();
        let suite = HoldoutSuite::load(&self.path("holdouts"), None).unwrap();
        let checkout = checkout(self.path("project"), self.path("scratch"));
        let launcher = if self.confined { launcher() } else { Launcher::new() };
        let subject = Subject::Checkout { checkout: &checkout, config: &self.config, launcher: &launcher };
        let reach = Reach { responses: true, state: true, asserted_only: true };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let prepared = Prepared::new(subject, suite.scenarios()).await.unwrap();
            sabotage::sabotage(&prepared, suite.scenarios(), reach, self.parallel).await.unwrap()
        })
    }

    fn judge_by(&self, evaluator: &ServiceEvaluator) -> Result<Judged, EvaluatorError> {
        let checkout = checkout(self.path("project"), self.path("scratch"));
        let effect = EffectId {
            run: "run-1".parse().unwrap(),
            stage: "verify".parse().unwrap(),
            attempt: Attempt::FIRST,
        };
        let requirements: Vec<RequirementId> =
            (1..=9).map(|number| format!("R{number}").parse().unwrap()).collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let verify = runtime.block_on(evaluator.verify(Candidate {
            effect: &effect,
            checkout: &checkout,
            base: self,
            patch: Digest::of(b"patch"),
            requirements: &requirements,
            policy: self.policy,
            leaks: &self.leaks,
            observer: &self.seen,
        }))?;
        let card = Scorecard::load(evaluator.scorecards(), &verify.scorecard).unwrap();
        Ok(Judged { verify, card })
    }
}

#[async_trait]
impl Base for Bench {
    async fn checkout(&self) -> Result<Checkout, EvaluatorError> {
        match self.base {
            Some(folder) => Ok(checkout(self.path(folder), self.path("scratch"))),
            None => {
                let detail = "nobody asks for a base here".to_owned();
                Err(EvaluatorError::Infrastructure { detail, source: None })
            }
        }
    }
}

fn checkout(project: PathBuf, scratch: PathBuf) -> Checkout {
    Checkout {
        root: project.clone(),
        project,
        scratch,
        environment: BTreeMap::from([("FROM_SETUP".to_owned(), "yes".to_owned())]),
        dependencies: None,
        hosts: Vec::new(),
        proof: SealProof {
            objects: 0,
            digest: Digest::of(b""),
            holdouts: 0,
            confined: String::new(),
            hosts: Vec::new(),
            setup: None,
        },
        guard: Box::new(Kept),
    }
}

/// Copies a folder, without what Cargo builds.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true if entry.file_name() == "target" => {}
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Confines candidates in the stronger of the profiles that this machine has.
fn launcher() -> Launcher {
    static PROFILE: LazyLock<Option<Profile>> = LazyLock::new(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let works = |profile: &Profile| {
            runtime.block_on(Launcher::new().confined(Sandbox::new(*profile)).try_out()).is_ok()
        };
        Profile::ALL.into_iter().find(works)
    });
    match *PROFILE {
        Some(profile) => Launcher::new().confined(Sandbox::new(profile)),
        None => Launcher::new(),
    }
}

impl Judged {
    /// The class of each scenario that did not pass, by the scenario's place.
    pub(crate) fn failures(&self) -> Vec<(usize, FailureClass)> {
        self.card
            .scenarios
            .iter()
            .enumerate()
            .filter_map(|(place, score)| Some((place, score.class?)))
            .collect()
    }

    /// What the failed runs of a scenario say.
    pub(crate) fn messages(&self, place: usize) -> String {
        let messages = self.card.scenarios[place].runs.iter().filter_map(|run| match &run.outcome {
            Outcome::Passed => None,
            Outcome::Failed { sentence, message, log, .. } => Some(format!("{sentence:?}: {message}\n{log}")),
            Outcome::Lost { message, .. } => Some(format!("lost: {message}")),
        });
        messages.collect::<Vec<_>>().join("\n")
    }
}

/// The scenario at a place of the suite, alone.
pub(crate) fn scenario(place: usize) -> String {
    let text = SCENARIOS.split("# Scenario: ").nth(place + 1).unwrap();
    format!("# Scenario: {text}")
}
