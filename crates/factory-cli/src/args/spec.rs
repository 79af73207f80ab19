//! The command line of `factory spec`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ListFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum SpecVerb {
    /// Look for what is wrong with specifications, requirements and scenarios
    Lint(LintArgs),
    /// What a rule is about, with an example in both directions
    Explain {
        /// The code or the name of the rule [default: all, a line each]
        rule: Option<String>,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// What specifications, scenarios and step definitions leave to guesses, by class of debt
    Audit(AuditArgs),
    /// Write a short specification that passes, to be changed into what you want
    New(NewArgs),
    /// Whether a change is worth a specification, by what the repository tells
    Triage(TriageArgs),
    /// The requirements of a specification, and what stands for each
    Show(ShowArgs),
    /// Make a specification of what Spec Kit or OpenSpec wrote
    Import(ImportArgs),
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LintArgs {
    /// Files and folders [default: specs/ of the project]
    #[arg(value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// Mend what can be mended without changing what is meant
    #[arg(long)]
    pub(crate) fix: bool,
    /// Only these rules: codes, or the beginning of some, such as `A`
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Not these rules, beside those of `[lint]` in factory.toml
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// Also rules that are wrong more often
    #[arg(long)]
    pub(crate) preview: bool,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: LintFormat,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AuditArgs {
    /// Specifications, scenarios, step definitions and folders of them [default: specs/ of the project]
    #[arg(value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// Have a model read the specifications, too; scenarios are never sent. What it says is advice
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NewArgs {
    /// What the change is about, in a few words
    pub(crate) title: String,
    /// Something is wrong today
    #[arg(long)]
    pub(crate) bug: bool,
    /// Folder to write to [default: specs/ of the project]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TriageArgs {
    /// A specification, or what is to be done in a few words
    pub(crate) change: String,
    /// Files and folders that it will touch [default: those that the text names]
    #[arg(long, value_name = "PATH")]
    pub(crate) path: Vec<String>,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ShowArgs {
    /// The specification
    pub(crate) spec: PathBuf,
    /// Each requirement with its plan steps, tasks, scenarios and the evidence of the newest run
    #[arg(long)]
    pub(crate) matrix: bool,
    /// Folder of the scenarios [default: the holdouts of `.factory/local.toml`]
    #[arg(long, value_name = "DIR", env = "FACTORY_HOLDOUTS")]
    pub(crate) holdouts: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ImportArgs {
    /// A `spec.md` of Spec Kit, or a change folder or specification of OpenSpec
    pub(crate) from: PathBuf,
    /// Folder for the specification [default: specs/ of the project]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Folder for its scenarios, outside of the repository; without it they are counted and left where they are
    #[arg(long, value_name = "DIR")]
    pub(crate) scenarios: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LintFormat {
    /// As a compiler shows it
    #[default]
    #[value(alias = "human")]
    Full,
    /// A line for each finding
    Concise,
    /// A JSON document
    Json,
    /// Workflow commands of GitHub
    Github,
    /// SARIF 2.1.0
    Sarif,
}
