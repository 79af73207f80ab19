//! The command line of `factory decision`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ListFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum DecisionVerb {
    /// Every decision, by people and by policy, the newest last
    List(ListArgs),
    /// One decision with all that belongs to it, or all decisions of a run
    Show {
        /// A position in the ledger, or a run or the beginning of its id
        which: String,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// Look for decisions that are not what was written, or are gone
    Verify {
        /// Look at an export instead of the ledger
        #[arg(long, value_name = "EXPORT")]
        file: Option<PathBuf>,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// Keep how long the ledger is and its head, signed where you have an SSH key
    Checkpoint,
    /// Write decisions for other programs
    Export(ExportArgs),
    /// Ask a read-only SQLite copy of the ledger
    Sql(SqlArgs),
    /// The decisions in figures: overrides, agreement, waits, rework, health
    Stats(super::trust::StatsArgs),
    /// Record that what a run merged has been taken back
    #[command(
        override_usage = "factory decision rollback <RUN> --because <REASON> [--commit <OID>]\n       \
                                factory decision rollback --detect"
    )]
    Rollback(RollbackArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only this run, or the beginning of its id
    #[arg(long)]
    pub(crate) run: Option<String>,
    /// Only what was decided since: `2026-07-01`, `2026-07-01T12:00:00Z`, or how long ago, such as `7d`
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// Only what was decided by this login; `policy` and `factory` are not people
    #[arg(long, value_name = "LOGIN")]
    pub(crate) by: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A header, then one entry a line with its exact bytes: the only one that can be verified
    #[default]
    Jsonl,
    /// One decision a row, for spreadsheets
    Csv,
    /// One in-toto statement a line for each merged run
    InToto,
    /// An object-centric event log, OCEL 2.0
    Ocel,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ExportFormat,
    /// The file to write; it must not be there yet [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Only this run, or the beginning of its id
    #[arg(long)]
    pub(crate) run: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum TableFormat {
    /// A table for people
    #[default]
    Human,
    /// A JSON document: an array of objects
    Json,
    /// Rows for spreadsheets
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct SqlArgs {
    /// One SELECT
    #[arg(required_unless_present = "schema")]
    pub(crate) query: Option<String>,
    /// Print the tables and their columns instead
    #[arg(long, conflicts_with = "query")]
    pub(crate) schema: bool,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TableFormat,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The run, or the beginning of its id
    #[arg(required_unless_present = "detect")]
    pub(crate) run: Option<String>,
    /// Why; kept for good
    #[arg(long, value_name = "REASON", required_unless_present = "detect")]
    pub(crate) because: Option<String>,
    /// The commit that took it back
    #[arg(long, value_name = "OID")]
    pub(crate) commit: Option<String>,
    /// Look on all local branches for `git revert` of what runs merged, and record what is found
    #[arg(long, conflicts_with_all = ["run", "because", "commit"])]
    pub(crate) detect: bool,
}
