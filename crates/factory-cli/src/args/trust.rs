//! The command line of `factory trust` and of `factory decision stats`.

use clap::{Args, Subcommand, ValueEnum};

use super::ListFormat;
use super::decision::TableFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum TrustVerb {
    /// The phase that holds, and what the next one asks; records a demotion that is due
    Status {
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// Raise trust by one phase, if the figures allow it
    Promote {
        /// Why; kept for good
        #[arg(long, value_name = "REASON")]
        because: String,
    },
    /// Lower trust
    Demote {
        /// The phase that shall hold [default: the next lower one]
        #[arg(long, value_enum, value_name = "PHASE")]
        to: Option<PhaseName>,
        /// Why; kept for good
        #[arg(long, value_name = "REASON")]
        because: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PhaseName {
    /// People decide as if there were no evaluator
    Shadow,
    /// Passing changes are offered a day after they passed
    Advised,
    /// Passing changes of low risk merge by themselves
    LowRisk,
    /// Passing changes merge by themselves
    Full,
}

#[derive(Debug, Args)]
pub(crate) struct StatsArgs {
    /// Only since then: `2026-07-01`, `2026-07-01T12:00:00Z`, or how long ago, such as `30d`
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// Only until then, not included
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<String>,
    /// Show the figures in groups, too
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    pub(crate) by: Grouping,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Grouping {
    /// No groups
    #[default]
    None,
    /// Who decided, or asked for the run
    Person,
    /// The gate
    Gate,
    /// The pipeline
    Pipeline,
    /// The entry type
    Entry,
    /// Who answered as the model
    Model,
    /// The risk class
    Risk,
    /// The ISO week, in UTC
    Week,
    /// The month, in UTC
    Month,
}
