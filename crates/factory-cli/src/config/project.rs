//! `factory.toml`: what a project says of itself. Everything in it is seen by the implementer, so nothing in it is secret.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use factory_core::pipeline::model::Pipeline;
use factory_core::{plain, toml_problem};
use factory_eval::config::DeployConfig;
use factory_sandbox::proxy::Allowed;
use factory_workspace::{Hosts, SetupConfig};
use serde::Deserialize;

use super::toml_file;
use crate::error::CliError;

/// The file's name.
pub(crate) const FILE: &str = "factory.toml";

/// `factory.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectConfig {
    pub(crate) schema: u32,
    #[serde(default)]
    pub(crate) project: ProjectTable,
    #[serde(default)]
    pub(crate) check: Vec<CheckTable>,
    pub(crate) setup: Option<SetupConfig>,
    pub(crate) deploy: Option<DeployConfig>,
    #[serde(default)]
    pub(crate) sandbox: SandboxTable,
    #[serde(default)]
    pub(crate) model: ModelTable,
    #[serde(default)]
    pub(crate) lint: LintTable,
}

/// `[lint]`: which rules of `factory spec lint` the project follows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LintTable {
    /// Only these: codes, or the beginning of some.
    #[serde(default)]
    pub(crate) select: Vec<String>,
    /// Never these.
    #[serde(default)]
    pub(crate) ignore: Vec<String>,
    /// These block a run.
    #[serde(default)]
    pub(crate) error: Vec<String>,
    /// Previews, too.
    #[serde(default)]
    pub(crate) preview: bool,
    /// Words that everybody knows here.
    #[serde(default)]
    pub(crate) terms: Vec<String>,
    /// Files and folders that are not looked at, relative to the project.
    #[serde(default)]
    pub(crate) exclude: Vec<PathBuf>,
}

/// `[project]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectTable {
    pub(crate) name: Option<String>,
}

/// `[[check]]`: a command that must end with status 0.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckTable {
    pub(crate) name: String,
    pub(crate) command: String,
    #[serde(default = "ten_minutes")]
    pub(crate) timeout_seconds: u64,
}

fn ten_minutes() -> u64 {
    600
}

impl CheckTable {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }
}

/// `[sandbox]`: what commands may read and reach beside their checkout.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SandboxTable {
    /// Files and folders outside of every home directory, such as an SDK.
    #[serde(default)]
    pub(crate) read: Vec<PathBuf>,
    /// Hosts that commands may reach in every stage, `name:port` each.
    #[serde(default)]
    pub(crate) allow: Vec<String>,
    /// The same for single stages, by their ids.
    #[serde(default)]
    pub(crate) stage: BTreeMap<String, StageTable>,
}

/// `[sandbox.stage.ID]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageTable {
    #[serde(default)]
    pub(crate) allow: Vec<String>,
}

impl SandboxTable {
    /// The hosts that commands may reach.
    pub(crate) fn hosts(&self) -> Hosts {
        let stages = self.stage.iter();
        Hosts {
            always: self.allow.clone(),
            in_stage: stages.map(|(id, table)| (id.clone(), table.allow.clone())).collect(),
        }
    }

    /// Refuses a stage that no pipeline has: whoever wrote it believes that it says something. `known` are the stages of
    /// all pipelines that a run of the project can have.
    pub(crate) fn check_stages(&self, known: &BTreeSet<String>) -> Result<(), CliError> {
        let Some(odd) = self.stage.keys().find(|id| !known.contains(*id)) else { return Ok(()) };
        let meant = toml_problem::nearest(odd, known.iter().map(String::as_str));
        let meant = meant.map_or(String::new(), |near| format!("did you mean `{near}`? "));
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let odd = plain::line(odd);
        Err(CliError::usage(format!("{FILE} has [sandbox.stage.{odd}], and there is no stage `{odd}`"))
            .hint(format!("{meant}there are: {}", known.join(", "))))
    }

    /// The stages that are written here and that the pipeline of a run does not have, though another one has.
    pub(crate) fn idle_stages(&self, pipeline: &Pipeline) -> Vec<&str> {
        let has = |id: &str| pipeline.stages.iter().any(|stage| stage.id.as_str() == id);
        self.stage.keys().map(String::as_str).filter(|id| !has(id)).collect()
    }
}

/// `[model]`: which model to ask and what it costs. Where it is asked, and with which key, is not the project's to say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelTable {
    pub(crate) name: Option<String>,
    pub(crate) usd_per_million_input_tokens: Option<f64>,
    pub(crate) usd_per_million_output_tokens: Option<f64>,
}

/// Reads hosts that commands may reach; `file` is what errors call where they stand.
pub(crate) fn hosts<'a>(entries: impl Iterator<Item = &'a String>, file: &str) -> Result<Allowed, CliError> {
    Allowed::of(entries).map_err(|error| {
        CliError::usage(format!("{file} lets commands reach what is not a host"))
            .because(&error)
            .hint("write name:port, such as \"crates.example:443\", without scheme and path")
    })
}

impl ProjectConfig {
    /// Reads the project's file.
    pub(crate) fn read(project: &Path) -> Result<Self, CliError> {
        let path = project.join(FILE);
        let config: Option<Self> = toml_file::read(&path)?;
        let config = config.ok_or_else(|| {
            CliError::usage(format!("{} has no {FILE}", project.display()))
                .hint("`factory init` writes one that fits the project")
        })?;
        toml_file::check_schema(config.schema, FILE)?;
        if let Some(twice) = config.check.iter().enumerate().find_map(|(i, check)| {
            config.check[..i].iter().any(|other| other.name == check.name).then_some(&check.name)
        }) {
            return Err(CliError::usage(format!("{FILE} has two checks named `{twice}`")));
        }
        let sandbox = &config.sandbox;
        let named = sandbox.stage.values().flat_map(|table| &table.allow).chain(&sandbox.allow);
        let for_setup = config.setup.iter().filter_map(|setup| setup.allow.as_ref()).flatten();
        let allowed = hosts(named.chain(for_setup), FILE)?;
        // Whoever writes this file has not seen the machines that it is used on.
        if let Some(local) = allowed.local().next() {
            return Err(CliError::usage(format!(
                "{FILE} lets commands reach {local}, which is this machine or a network of its own"
            ))
            .hint(format!(
                "what opens this machine's own services to commands stands in .factory/local.toml: allow = [\"{local}\"] \
                 (the address, not a name for it)"
            )));
        }
        Ok(config)
    }

    /// The deployment, which every run needs.
    pub(crate) fn deploy(&self) -> Result<&DeployConfig, CliError> {
        self.deploy.as_ref().ok_or_else(|| {
            CliError::usage(format!(
                "{FILE} has no [deploy], so there is nothing that scenarios could be run against"
            ))
            .hint("docs/quickstart.md shows one; `factory init` proposes one")
        })
    }
}
