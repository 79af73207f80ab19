//! The command line, as clap reads it. What each verb does stands in `verbs/`.

pub(crate) mod decision;
pub(crate) mod pipeline;
pub(crate) mod scenario;
pub(crate) mod spec;
pub(crate) mod trust;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use self::pipeline::PipelineVerb;

/// A specification in, a merged branch out.
#[derive(Debug, Parser)]
#[command(name = "factory", version, about, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Take a specification to a merged branch
    Run(RunArgs),
    /// Do that with an example and a recorded model, in a fresh repository
    Demo(DemoArgs),
    /// Specifications: write, look at, mend, import them
    #[command(subcommand)]
    Spec(spec::SpecVerb),
    /// Prepare this repository: factory.toml, a first specification, first scenarios
    Init(InitArgs),
    /// Look for what keeps a run from working, and say what mends it
    Doctor(DoctorArgs),
    /// Runs of this project
    #[command(subcommand)]
    Runs(RunsVerb),
    /// Gates that wait for a person
    #[command(subcommand)]
    Gate(GateVerb),
    /// What people and policy have decided
    #[command(subcommand)]
    Decision(decision::DecisionVerb),
    /// Scenarios: what they do, how a service fares by them, what they have revealed
    #[command(subcommand)]
    Scenario(scenario::ScenarioVerb),
    /// How far the evaluator is trusted
    #[command(subcommand)]
    Trust(trust::TrustVerb),
    /// Pipelines: which there are, what they do, what is wrong with them
    #[command(subcommand)]
    Pipeline(PipelineVerb),
    /// Remove checkouts and caches that no run uses
    Clean(CleanArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// How a run meets the world: the model, the holdouts, the gates.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RunSettings {
    /// Model to ask, as the endpoint names it [env: FACTORY_MODEL]
    // Not read by clap: the variable must not conflict with --replay, nor overrule a recording in .factory/local.toml.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Answer from a recording instead of a model
    #[arg(long, value_name = "CASSETTE", conflicts_with_all = ["model", "record"])]
    pub(crate) replay: Option<PathBuf>,
    /// Record every model call to this file
    #[arg(long, value_name = "CASSETTE")]
    pub(crate) record: Option<PathBuf>,
    /// What the recording says of how it was answered
    #[arg(long, value_name = "TEXT", requires = "record")]
    pub(crate) record_note: Option<String>,
    /// Who answers while it is recorded
    #[arg(long, value_enum, default_value_t, requires = "record")]
    pub(crate) answered_by: Answerer,
    /// Folder of the holdout scenarios
    #[arg(long, value_name = "DIR", env = "FACTORY_HOLDOUTS")]
    pub(crate) holdouts: Option<PathBuf>,
    /// Model that puts sentences of scenarios in other words where no rule reads them; it sees the scenarios [env:
    /// FACTORY_EVALUATOR_MODEL]
    #[arg(long, value_name = "NAME")]
    pub(crate) evaluator_model: Option<String>,
    /// Approve every gate, with this reason; recorded as given in advance
    #[arg(long, value_name = "REASON")]
    pub(crate) approve_because: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// What is printed, and how.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OutputArgs {
    /// What is printed on standard output
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// How progress is shown on standard error
    #[arg(long, value_enum, default_value_t)]
    pub(crate) progress: ProgressKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Answerer {
    /// A model
    #[default]
    Model,
    /// A person, who writes the answers by hand
    Hand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// Text for people
    #[default]
    Human,
    /// One JSON document at the end
    Json,
    /// One JSON object a line, as things happen
    Ndjson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ListFormat {
    /// Text for people
    #[default]
    Human,
    /// A JSON document
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ProgressKind {
    /// `bar` on a terminal, `plain` elsewhere
    #[default]
    Auto,
    /// A live line for each active stage
    Bar,
    /// A line for each transition
    Plain,
    /// Nothing
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Entry {
    /// New behaviour
    Feature,
    /// Behaviour that is wrong
    Bug,
    /// Something found by an audit or a watcher
    Remediation,
    /// A mend that cannot wait for a plan
    Hotfix,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The specification, a Markdown file
    pub(crate) spec: PathBuf,
    /// Pipeline to follow: a name in pipelines/, or one that is built in
    #[arg(long, value_name = "NAME", default_value = "feature")]
    pub(crate) pipeline: String,
    /// Work from HEAD although files have changes that are not committed
    #[arg(long)]
    pub(crate) allow_dirty: bool,
    /// What kind of work: it decides at which stage the run begins [default: as the specification says]
    #[arg(long, value_enum, value_name = "TYPE")]
    pub(crate) entry: Option<Entry>,
    /// What the model calls may cost in US dollars; then a person is asked
    #[arg(long, value_name = "USD", value_parser = dollars)]
    pub(crate) budget: Option<f64>,
    /// How many tokens the model calls may use; then a person is asked
    #[arg(long, value_name = "TOKENS")]
    pub(crate) budget_tokens: Option<u64>,
    /// Show the stages, what each role would see and what it may cost; run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Run although commands cannot be confined on this machine, with this reason; at a terminal only
    #[arg(long, value_name = "REASON")]
    pub(crate) accept_unsealed: Option<String>,
    #[command(flatten)]
    pub(crate) settings: RunSettings,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The example; without one, the examples are listed
    pub(crate) name: Option<String>,
    /// Directory for the example's repository [default: a new one under the temporary directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Approve every gate, with this reason; recorded as given in advance
    #[arg(long, value_name = "REASON")]
    pub(crate) approve_because: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The project's folder
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Folder for the holdout scenarios, outside the project [default: ../<project>-holdouts]
    #[arg(long, value_name = "DIR")]
    pub(crate) holdouts: Option<PathBuf>,
    /// Show what would be written; write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Look at every record in the store; if one is damaged, make a new store of all that is whole
    #[arg(long)]
    pub(crate) repair: bool,
    /// Directory for the new store [default: .factory-saved in the project]
    #[arg(long, value_name = "DIR", requires = "repair")]
    pub(crate) to: Option<PathBuf>,
    /// Folder of the holdout scenarios
    #[arg(long, value_name = "DIR", env = "FACTORY_HOLDOUTS")]
    pub(crate) holdouts: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct CleanArgs {
    /// Also remove cached dependencies, which the next run sets up again
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsVerb {
    /// All runs, newest first
    List {
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// The story of a run on one screen
    Show {
        /// The run, or the beginning of its id [default: the newest]
        run: Option<String>,
        /// Show the evaluator's scorecard, which says what the holdouts are about; at a terminal only, and recorded
        #[arg(long, requires = "because")]
        reveal: bool,
        /// Why the scorecard has to be seen; kept for good
        #[arg(long, value_name = "REASON", requires = "reveal")]
        because: Option<String>,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// What happened in a run, in order
    Logs {
        /// The run, or the beginning of its id [default: the newest]
        run: Option<String>,
        /// Only this stage, with what the project's checks printed
        #[arg(long)]
        stage: Option<String>,
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// The newest patch of a run as a unified diff
    Diff {
        /// The run, or the beginning of its id [default: the newest]
        run: Option<String>,
    },
    /// Follow a run that another process performs
    Attach {
        /// The run, or the beginning of its id [default: the newest]
        run: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Stop a run for good
    Cancel {
        /// The run, or the beginning of its id [default: the only unfinished one]
        run: Option<String>,
        /// Why; kept for good
        #[arg(long, value_name = "REASON")]
        because: String,
    },
    /// Go on with a run that was interrupted, blocked or waits at a gate
    Resume {
        /// The run, or the beginning of its id [default: the only unfinished one]
        run: Option<String>,
        #[command(flatten)]
        settings: RunSettings,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GateVerb {
    /// Gates that wait for a decision
    List {
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// What a gate shows to whoever decides
    Show(ShowArgs),
    /// Let the run go on
    Approve {
        #[command(flatten)]
        deciding: Deciding,
        /// Approve it with these changes: a file as `gate show --artifact` prints it
        #[arg(long, value_name = "FILE")]
        edited: Option<PathBuf>,
    },
    /// End the run
    Reject(Deciding),
    /// Have the work done again
    Retry {
        #[command(flatten)]
        deciding: Deciding,
        /// What should be different; whoever does it again is told
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Let the run go on although something is wrong
    Override {
        #[command(flatten)]
        deciding: Deciding,
        /// A finding that is overridden, as `gate show` names it; every one has to be named
        #[arg(long, value_name = "FINDING", required = true)]
        finding: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct GateChoice {
    /// The gate, such as `plan:exit` or `plan` [default: the only one that waits]
    pub(crate) gate: Option<String>,
    /// The run, or the beginning of its id [default: the only one with that gate]
    #[arg(long)]
    pub(crate) run: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    pub(crate) choice: GateChoice,
    /// Leave out what the evaluator said, to judge for yourself first; the decision records it
    #[arg(long)]
    pub(crate) hide_verdict: bool,
    /// Print the content of what the gate is about as JSON, to be changed and approved with --edited
    #[arg(long)]
    pub(crate) artifact: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Deciding {
    #[command(flatten)]
    pub(crate) choice: GateChoice,
    /// Why; kept for good
    #[arg(long, value_name = "REASON")]
    pub(crate) because: String,
    /// Sign the decision with your SSH key, as git is set up to sign
    #[arg(long)]
    pub(crate) sign: bool,
    /// Go on with the run at once
    #[arg(long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) settings: RunSettings,
}

/// An amount of money that can be a budget. More than the bound is a slip of the hand.
fn dollars(text: &str) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        Ok(usd) if usd > 0.0 && usd <= 1e9 => Ok(usd),
        Ok(_) | Err(_) => {
            Err("a budget is an amount in US dollars above 0 and at most 1000000000, such as 12.50")
        }
    }
}
