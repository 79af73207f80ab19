//! The command line of `factory scenario`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::ListFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum ScenarioVerb {
    /// Which scenarios there are
    List {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        words: Words,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// What scenarios do, step by step, and which sentences are not understood
    Plan {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        words: Words,
        /// Print what a model said as phrases, to be put into steps.toml: then they are yours, and need no model
        #[arg(long, conflicts_with = "format")]
        phrases: bool,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// Run scenarios against a service that runs already, or against a commit
    Run(AssessArgs),
    /// Measure the evaluator: change what it observes, and see whether scenarios notice
    Sabotage(SabotageArgs),
    /// How each scenario has fared, and how much it has revealed to implementers
    Health {
        /// Folder of the scenarios [default: the holdouts of `.factory/local.toml`]
        #[arg(long, value_name = "DIR", env = "FACTORY_HOLDOUTS")]
        holdouts: Option<PathBuf>,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
}

/// Who puts sentences in other words.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Words {
    /// Model that puts sentences in other words where no rule reads them; it sees the scenarios [env: FACTORY_EVALUATOR_MODEL;
    /// default: `[evaluator] model` of `.factory/local.toml`; without one, nobody is asked]
    #[arg(long, value_name = "NAME", alias = "evaluator-model")]
    pub(crate) model: Option<String>,
}

/// Which scenarios are meant.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Which {
    /// Files and folders of scenarios [default: the project's holdouts]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Folder of the holdout scenarios, if no FILE is named
    #[arg(long, value_name = "DIR", env = "FACTORY_HOLDOUTS")]
    pub(crate) holdouts: Option<PathBuf>,
    /// Only those whose id or name contains this, whatever the letter case
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Only those with this tag, such as `critical`; several: with any of them
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
}

/// What they are run against.
#[derive(Debug, Clone, Default, Args)]
#[command(group = ArgGroup::new("subject").required(true).args(["base_url", "at"]))]
pub(crate) struct Against {
    /// A service that runs already; its state is shared by all scenarios
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// A commit of this repository, deployed by `[deploy]` from a sealed checkout
    #[arg(long, value_name = "REV")]
    pub(crate) at: Option<String>,
    /// Runs at a time [default: 1 with --base-url, else twice the processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AssessArgs {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) words: Words,
    #[command(flatten)]
    pub(crate) against: Against,
    /// Exactly so many runs of each scenario [default: 3, and more where they do not agree]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: Option<u32>,
    /// Name what passes at this commit and does not pass now
    #[arg(long = "against", value_name = "REV")]
    pub(crate) base: Option<String>,
    /// Specification whose requirements are held against the scenarios
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,
    /// Write the verdicts to this file as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Clone, Default, Args)]
#[command(group = ArgGroup::new("seam").required(true).multiple(true).args(["responses", "state"]))]
pub(crate) struct SabotageArgs {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) words: Words,
    #[command(flatten)]
    pub(crate) against: Against,
    /// Change answers and mails
    #[arg(long)]
    pub(crate) responses: bool,
    /// Change exit codes, output, files and logs
    #[arg(long)]
    pub(crate) state: bool,
    /// Only what a sentence asserts: what counts for the evaluator's fidelity
    #[arg(long)]
    pub(crate) asserted_only: bool,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}
