//! `factory pipeline`: which pipelines there are, what they do, and what is wrong with them. Needs no project: outside of
//! one there are those that are built in.

mod check;
mod list;
mod show;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use factory_workspace::Project;

use crate::args::pipeline::{PipelineVerb, ShowArgs};
use crate::config::pipeline::{self, Source};
use crate::config::place;
use crate::embedded;
use crate::error::CliError;
use crate::exit::Exit;

pub(crate) fn pipeline(verb: &PipelineVerb) -> Result<Exit, CliError> {
    let project = project()?;
    match verb {
        PipelineVerb::List { format } => Ok(list::list(&project, *format)),
        PipelineVerb::Show(ShowArgs { pipeline, format }) => show::show(&named(&project, pipeline)?, *format),
        PipelineVerb::Check(args) => check::check(&project, args),
    }
}

/// The project that the current directory is in, or the directory itself.
fn project() -> Result<PathBuf, CliError> {
    let here = place::current_dir()?;
    Ok(Project::discover(&here).map_or(here, |project| project.directory()))
}

/// A pipeline by its name, or by its file.
fn named(project: &Path, asked: &str) -> Result<Source, CliError> {
    let is_file = asked.contains(['/', '\\']) || asked.ends_with(".toml");
    if !is_file {
        return pipeline::find(project, asked);
    }
    let text = fs::read_to_string(asked)
        .map_err(|error| CliError::usage(format!("{asked} cannot be read")).because(&error))?;
    // What is piped in has no name of its own.
    let file = asked.strip_suffix(".toml").and_then(|path| Path::new(path).file_name());
    let file = file.map(|name| name.to_string_lossy().into_owned());
    Ok(Source { id: asked.to_owned(), shown: asked.to_owned(), text, file })
}

/// All pipelines that there are, by name: the project's own, and those that are built in and not replaced by one of them.
fn all(project: &Path) -> Vec<(String, Result<Source, CliError>)> {
    let names: BTreeSet<String> =
        embedded::pipelines().map(str::to_owned).chain(pipeline::own(project)).collect();
    names.into_iter().map(|name| (name.clone(), pipeline::find(project, &name))).collect()
}
