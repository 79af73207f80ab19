//! `factory.toml`: what a project says of itself. Everything in it is seen by the implementer, so nothing in it is secret.

use std::path::{Path, PathBuf};
use std::time::Duration;

use factory_eval::config::DeployConfig;
use factory_workspace::SetupConfig;
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
}

/// `[model]`: which model to ask and what it costs. Where it is asked, and with which key, is not the project's to say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelTable {
    pub(crate) name: Option<String>,
    pub(crate) usd_per_million_input_tokens: Option<f64>,
    pub(crate) usd_per_million_output_tokens: Option<f64>,
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
