//! The command line of `factory scenario`.

use std::path::PathBuf;

use clap::Subcommand;

use super::ListFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum ScenarioVerb {
    /// How much each scenario has revealed to implementers, and which count no more
    Health {
        /// Folder of the scenarios [default: the holdouts of `.factory/local.toml`]
        #[arg(long, value_name = "DIR", env = "FACTORY_HOLDOUTS")]
        holdouts: Option<PathBuf>,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
}
