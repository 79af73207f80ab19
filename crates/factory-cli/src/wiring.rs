//! Putting the adapters behind the engine's ports.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use factory_agents::Limits;
use factory_agents::model::{
    AnsweredBy, Endpoint, Header, MatchMode, OpenAiModel, Price, RecordingModel, Redactor, ReplayModel,
    Secret,
};
use factory_agents::prompts::CheckCommand;
use factory_agents::roles::ModelAgents;
use factory_core::event::RunStarted;
use factory_engine::engine::Engine;
use factory_engine::journal::Journal;
use factory_engine::port::Ports;
use factory_engine::port::clock::SystemClock;
use factory_engine::port::model::ModelClient;
use factory_engine::port::watcher::Nobody;
use factory_engine::watch::{Watch, WatchedModel};
use factory_sandbox::Launcher;
use factory_store::Opened;
use factory_workspace::{CheckConfig, GitWorkspaces, ProjectChecks, WorkspaceConfig};

use crate::args::{Answerer, RunSettings};
use crate::config::pipeline;
use crate::config::place::{self, Place};
use crate::error::CliError;
use crate::evaluation::{self, Evaluation};
use crate::progress;

/// Where the public endpoint is, unless the environment names another.
const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// Who answers as the model.
pub(crate) enum ModelChoice {
    /// A recording.
    Replay(PathBuf),
    /// An endpoint, recorded or not.
    Live { endpoint: Box<Endpoint>, record: Option<(PathBuf, Header)> },
}

impl ModelChoice {
    /// Whether nobody is asked.
    pub(crate) fn is_recorded(&self) -> bool {
        matches!(self, ModelChoice::Replay(_))
    }

    /// In words, for the log.
    pub(crate) fn describe(&self) -> String {
        match self {
            ModelChoice::Replay(path) => {
                let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
                format!("recorded model, {name}")
            }
            ModelChoice::Live { endpoint, .. } => format!("{} at {}", endpoint.model, endpoint.base_url),
        }
    }

    /// What its tokens cost, in words.
    pub(crate) fn price(&self) -> String {
        match self {
            ModelChoice::Replay(_) => "free of charge".to_owned(),
            ModelChoice::Live { endpoint, .. } => match endpoint.price {
                Some(price) => format!(
                    "${:.2} for a million tokens in, ${:.2} out",
                    dollars(price.input),
                    dollars(price.output)
                ),
                None => "unpriced ([model] in factory.toml can name prices)".to_owned(),
            },
        }
    }

    fn client(self) -> Result<Arc<dyn ModelClient>, CliError> {
        match self {
            ModelChoice::Replay(path) => {
                let model = ReplayModel::from_file(&path, MatchMode::Positional).map_err(|error| {
                    CliError::usage(format!("the recording {} cannot be used", path.display()))
                        .because(&error)
                })?;
                Ok(Arc::new(model))
            }
            ModelChoice::Live { endpoint, record } => {
                let secrets = endpoint.api_key.iter().cloned().collect();
                let live = OpenAiModel::new(*endpoint)
                    .map_err(|error| CliError::usage("the model endpoint cannot be used").because(&error))?;
                match record {
                    None => Ok(Arc::new(live)),
                    Some((path, header)) => {
                        let redactor = Redactor::knowing(secrets);
                        let model = RecordingModel::open(&path, header, redactor, live).map_err(|error| {
                            CliError::usage(format!("{} cannot be recorded to", path.display()))
                                .because(&error)
                        })?;
                        Ok(Arc::new(model))
                    }
                }
            }
        }
    }
}

/// Who answers, by flags, local configuration and environment. A project's own file can name a model, but never the
/// endpoint that the key is sent to.
pub(crate) fn model_choice(place: &Place, settings: &RunSettings) -> Result<ModelChoice, CliError> {
    if let Some(path) = &settings.replay {
        return Ok(ModelChoice::Replay(place::current_dir()?.join(path)));
    }
    let asked_for_live = settings.model.is_some() || settings.record.is_some();
    if let (Some(path), false) = (&place.local.replay, asked_for_live) {
        return Ok(ModelChoice::Replay(place.project.directory().join(path)));
    }
    let model = settings.model.clone().or_else(|| variable("FACTORY_MODEL"));
    let mut endpoint = endpoint(model.as_deref().or(place.config.model.name.as_deref()))?;
    endpoint.price = price(place);
    let record = match &settings.record {
        None => None,
        Some(path) => {
            let by = match settings.answered_by {
                Answerer::Hand => AnsweredBy::Hand,
                Answerer::Model => AnsweredBy::Model,
            };
            let note = settings.record_note.clone().unwrap_or_default();
            let header = Header::new(by, endpoint.model.clone(), note);
            Some((place::current_dir()?.join(path), header))
        }
    };
    Ok(ModelChoice::Live { endpoint: Box::new(endpoint), record })
}

/// The endpoint that the environment names, asked for this model.
pub(crate) fn endpoint(model: Option<&str>) -> Result<Endpoint, CliError> {
    let key = variable("OPENAI_API_KEY");
    let base_url = variable("OPENAI_BASE_URL");
    if key.is_none() && base_url.is_none() {
        return Err(CliError::usage("no model is configured")
            .hint("export OPENAI_API_KEY=… (and OPENAI_BASE_URL for another endpoint than OpenAI's), and name a model with --model NAME"));
    }
    let model = model.ok_or_else(|| {
        CliError::usage("no model is named")
            .hint("--model NAME, FACTORY_MODEL, or `[model] name` in factory.toml")
    })?;
    let mut endpoint = Endpoint::new(base_url.as_deref().unwrap_or(DEFAULT_BASE_URL), model);
    endpoint.api_key = key.map(Secret::new);
    if let Some(timeout) = seconds("FACTORY_MODEL_TIMEOUT_SECONDS")? {
        endpoint.timeout = timeout;
    }
    if let Some(budget) = seconds("FACTORY_MODEL_RETRY_SECONDS")? {
        endpoint.retry_budget = budget;
    }
    Ok(endpoint)
}

/// A variable of the environment that says something.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// A time that a variable of the environment gives in whole seconds.
fn seconds(name: &str) -> Result<Option<Duration>, CliError> {
    let Some(text) = variable(name) else {
        return Ok(None);
    };
    let seconds = text.trim().parse().map_err(|error| {
        CliError::usage(format!("{name} is `{text}`, which is not a number of seconds")).because(&error)
    })?;
    Ok(Some(Duration::from_secs(seconds)))
}

/// Millionths of a dollar as dollars.
#[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
fn dollars(micro: u64) -> f64 {
    micro as f64 / 1e6
}

/// Prices in the configuration are dollars for a million tokens.
fn price(place: &Place) -> Option<Price> {
    let table = &place.config.model;
    let (input, output) = table.usd_per_million_input_tokens.zip(table.usd_per_million_output_tokens)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float saturates, and a price below zero becomes zero"
    )]
    let micro = |usd: f64| (usd * 1e6).round() as u64;
    Some(Price { input: micro(input), output: micro(output) })
}

/// Only the log: for whoever decides at a gate and performs nothing.
pub(crate) fn recorder(store: &Opened) -> Journal {
    Journal { log: Arc::clone(&store.log), clock: Arc::new(SystemClock), watcher: Arc::new(Nobody) }
}

/// The most model calls of one try at a stage.
pub(crate) fn most_calls() -> u32 {
    Limits::default().steps
}

/// The engine for a run that is there already.
pub(crate) async fn engine(
    place: &Place,
    store: &Opened,
    settings: &RunSettings,
    started: &RunStarted,
) -> Result<Engine, CliError> {
    // The file may have changed since the run began.
    let mut stages = pipeline::all_stages(&place.project.directory());
    stages.extend(started.pipeline.stages.iter().map(|stage| stage.id.to_string()));
    place.config.sandbox.check_stages(&stages)?;
    let model = model_choice(place, settings)?;
    let unsealed = started.unsealed.is_some();
    let live = !model.is_recorded();
    let evaluation = evaluation::evaluation(place, settings, &started.spec.slug, unsealed, live).await?;
    engine_with(place, store, settings, model, evaluation)
}

/// The engine with all its adapters.
pub(crate) fn engine_with(
    place: &Place,
    store: &Opened,
    settings: &RunSettings,
    model: ModelChoice,
    evaluation: Evaluation,
) -> Result<Engine, CliError> {
    // What killed processes left is removed on the way; a folder that resists is no reason not to work.
    drop(factory_workspace::clean_stale(&place::cache()?));
    let holdouts = evaluation::holdout_dirs(place, &evaluation.holdouts);
    let launcher = evaluation.launcher.clone();
    let checks = &place.config.check;
    let commands =
        checks.iter().map(|check| CheckCommand { name: check.name.clone(), command: check.command.clone() });
    let watch = Arc::new(Watch::new(Arc::new(evaluation.tripwire(place)?)));
    let model = Arc::new(WatchedModel::new(model.client()?, Arc::clone(&watch)));
    let agents = ModelAgents::new(model, launcher.clone(), Limits::default(), commands.collect());
    let workspaces = workspaces(place, holdouts, launcher.clone())?;
    let checks = checks.iter().map(|check| CheckConfig {
        name: check.name.clone(),
        command: check.command.clone(),
        timeout: check.timeout(),
    });
    Ok(Engine::new(Ports {
        log: Arc::clone(&store.log),
        blobs: Arc::clone(&store.blobs),
        agents: Arc::new(agents),
        checks: Arc::new(ProjectChecks::new(checks.collect(), launcher)),
        workspaces: Arc::new(workspaces),
        evaluator: Arc::new(evaluation.evaluator),
        clock: Arc::new(SystemClock),
        watcher: progress::watcher(&settings.output),
        watch,
    }))
}

/// Checkouts of the project, without anything of these folders.
pub(crate) fn workspaces(
    place: &Place,
    holdout_dirs: Vec<PathBuf>,
    launcher: Launcher,
) -> Result<GitWorkspaces, CliError> {
    GitWorkspaces::new(WorkspaceConfig {
        project: place.project.clone(),
        cache: place::cache()?,
        holdout_paths: Vec::new(),
        holdout_dirs,
        setup: place.setup(),
        hosts: place.hosts(),
        launcher,
    })
    .map_err(|error| CliError::usage("checkouts cannot be made").because(&error))
}
