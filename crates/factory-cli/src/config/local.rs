//! `.factory/local.toml`: what is true on this machine only. It is ignored by git and in no checkout, which is why the
//! holdouts' place stands here and not in `factory.toml`.

use std::path::{Path, PathBuf};

use factory_core::ledger::leak;
use serde::{Deserialize, Serialize};

use super::{project, toml_file};
use crate::error::CliError;

/// The file's name inside `.factory/`.
pub(crate) const FILE: &str = "local.toml";

/// `.factory/local.toml`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocalConfig {
    pub(crate) schema: u32,
    /// Folder of the holdout scenarios; a relative path starts at the project.
    pub(crate) holdouts: Option<PathBuf>,
    /// Recording that answers instead of a model; a relative path starts at the project.
    pub(crate) replay: Option<PathBuf>,
    /// Files and folders of this machine that commands may read beside what `[sandbox] read` names; absolute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) read: Vec<PathBuf>,
    /// Hosts that all commands may reach beside what `factory.toml` names, `name:port` each. Here, and only here, they may be
    /// addresses of this machine and its networks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) allow: Vec<String>,
    /// How many bits a scenario may reveal before it counts no more.
    pub(crate) leak_allowance_bits: Option<u32>,
    pub(crate) evaluator: Option<EvaluatorTable>,
}

/// `[evaluator]`: the model that may see holdouts. Here, and not in the project's file: whether they leave this machine is
/// for whoever uses it to say.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvaluatorTable {
    /// Puts sentences that no rule reads in other words, as the endpoint names it.
    pub(crate) model: Option<String>,
}

impl LocalConfig {
    /// Reads the file, which may be absent.
    pub(crate) fn read(store: &Path) -> Result<Self, CliError> {
        let path = store.join(FILE);
        let config: Option<Self> = toml_file::read(&path)?;
        match config {
            Some(config) => {
                let shown = path.display().to_string();
                toml_file::check_schema(config.schema, &shown)?;
                project::hosts(config.allow.iter(), &shown)?;
                Ok(config)
            }
            None => Ok(Self { schema: 1, ..Self::default() }),
        }
    }

    /// How many bits a scenario may reveal.
    pub(crate) fn leak_allowance_bits(&self) -> u32 {
        self.leak_allowance_bits.unwrap_or(leak::ALLOWANCE_BITS)
    }

    /// The file's text.
    pub(crate) fn to_toml(&self) -> String {
        let body = toml::to_string(self).expect("paths that were read as UTF-8 can be written");
        format!(
            "# What is true on this machine only. Never commit it: it says where the holdouts are.\n{body}"
        )
    }
}
