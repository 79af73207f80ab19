//! The command line of `factory pipeline`.

use clap::{Args, Subcommand, ValueEnum};

use super::ListFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum PipelineVerb {
    /// The pipelines of this project, and those that are built in
    List {
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// The stages of a pipeline, their gates and limits
    Show(ShowArgs),
    /// Look for everything that is wrong with pipelines
    Check(CheckArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A name in pipelines/, one that is built in, or a file
    #[arg(value_name = "NAME|FILE", default_value = "feature")]
    pub(crate) pipeline: String,
    /// How it is drawn
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: DrawFormat,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Names in pipelines/ or built in, or files [default: all of pipelines/ and all that are built in]
    #[arg(value_name = "NAME|FILE")]
    pub(crate) pipelines: Vec<String>,
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum DrawFormat {
    /// Text for people
    #[default]
    #[value(alias = "human")]
    Text,
    /// A graph for Graphviz
    Dot,
    /// A flowchart for Mermaid
    Mermaid,
    /// A JSON document
    Json,
}
