//! The pipeline of a run: the project's own file of that name, else the one that ships with factory.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use factory_core::ids::StageId;
use factory_core::pipeline::model::Pipeline;
use factory_core::pipeline::read::{self, Diagnostic, Findings};
use factory_core::toml_problem;
use toml::de::DeTable;

use crate::embedded;
use crate::error::CliError;

/// The folder of a project's own pipelines.
const FOLDER: &str = "pipelines";

/// A pipeline file, not read yet.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its name, or the file as it was asked for.
    pub(crate) id: String,
    /// What people are told that it is: `pipelines/mine.toml`, `feature (built in)`.
    pub(crate) shown: String,
    /// Its text.
    pub(crate) text: String,
    /// The name of the file that it is in, without `.toml`: the pipeline has to have the same.
    pub(crate) file: Option<String>,
}

/// Finds, reads and checks a pipeline.
pub(crate) fn load(project: &Path, name: &str) -> Result<Pipeline, CliError> {
    check(&find(project, name)?)
}

/// Checks a pipeline, which has to be in order.
pub(crate) fn check(source: &Source) -> Result<Pipeline, CliError> {
    let Findings { pipeline, wrong, doubtful: _ } = examine(source);
    pipeline.ok_or_else(|| broken(&source.shown, &source.text, &wrong))
}

/// Everything that is wrong with a pipeline, or seldom meant. A pipeline is known to people by the name in it, in runs and
/// in statistics, and asked for by the name of its file: were they two, one could pass for another.
pub(crate) fn examine(source: &Source) -> Findings {
    let mut found = read::examine(&source.text);
    if let Some(wrong) = source.file.as_deref().and_then(|file| misnamed(file, &source.text)) {
        found.pipeline = None;
        // Where the name itself is no name, that has been said.
        if !found.wrong.iter().any(|other| other.span == wrong.span) {
            found.wrong.push(wrong);
            found.wrong.sort_by_key(|wrong| wrong.span.start);
        }
    }
    found
}

/// What is wrong with a pipeline's name beside that of its file.
fn misnamed(file: &str, text: &str) -> Option<Diagnostic> {
    // Without a name that can be read, there is something else wrong.
    let document = DeTable::parse(text).ok()?;
    let name = document.get_ref().get("name")?;
    let span = name.span();
    let name = name.get_ref().as_str()?;
    let shown = file.replace(char::is_control, "\u{fffd}");
    if file.parse::<StageId>().is_err() {
        let message = format!(
            "`{shown}` is not a pipeline's name (lower-case letters, digits and hyphens), and its file has it"
        );
        return Some(Diagnostic { span, message, help: Some("rename the file".to_owned()) });
    }
    if name == file {
        return None;
    }
    let message = format!("the pipeline's name is not that of its file, `{shown}`");
    Some(Diagnostic { span, message, help: Some(format!("name = \"{shown}\", or rename the file")) })
}

/// Finds a pipeline: the project's own file of that name, else the one that is built in.
pub(crate) fn find(project: &Path, name: &str) -> Result<Source, CliError> {
    if name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(CliError::usage(format!("`{name}` is not the name of a pipeline"))
            .hint("a pipeline is named by its file in pipelines/, without the folder and without .toml"));
    }
    let path = project.join(FOLDER).join(format!("{name}.toml"));
    match fs::read_to_string(&path) {
        Ok(text) => {
            let file = Some(name.to_owned());
            Ok(Source { id: name.to_owned(), shown: format!("{FOLDER}/{name}.toml"), text, file })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            built_in(name).ok_or_else(|| unknown(project, name))
        }
        Err(error) => Err(CliError::usage(format!("{} cannot be read", path.display())).because(&error)),
    }
}

/// A pipeline that is built in.
pub(crate) fn built_in(name: &str) -> Option<Source> {
    let text = embedded::pipeline(name)?.to_owned();
    Some(Source { id: name.to_owned(), shown: format!("{name} (built in)"), text, file: None })
}

/// The names of the project's own pipelines, sorted.
pub(crate) fn own(project: &Path) -> Vec<String> {
    let entries = fs::read_dir(project.join(FOLDER)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let path = entry.path();
            let is_toml = path.extension().is_some_and(|extension| extension == "toml");
            is_toml.then(|| path.file_stem().map(|stem| stem.to_string_lossy().into_owned())).flatten()
        })
        .collect();
    names.sort();
    names
}

/// The stages of all pipelines that a run in the project can have, those of files that can be used.
pub(crate) fn all_stages(project: &Path) -> BTreeSet<String> {
    let names = embedded::pipelines().map(str::to_owned).chain(own(project));
    let pipelines = names.filter_map(|name| load(project, &name).ok());
    pipelines.flat_map(|pipeline| pipeline.stages).map(|stage| stage.id.to_string()).collect()
}

fn unknown(project: &Path, name: &str) -> CliError {
    let mut known: Vec<String> = embedded::pipelines().map(str::to_owned).chain(own(project)).collect();
    known.sort();
    known.dedup();
    let error = CliError::usage(format!("there is no pipeline `{name}`"));
    match toml_problem::nearest(name, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`? there are: {}", known.join(", "))),
        None => error.hint(format!("there are: {}", known.join(", "))),
    }
}

fn broken(shown: &str, source: &str, diagnostics: &[Diagnostic]) -> CliError {
    let found: String =
        diagnostics.iter().map(|found| format!("\n{}", excerpt(shown, source, "", found))).collect();
    CliError::usage(format!("the pipeline {shown} cannot be used{found}"))
}

/// A diagnostic with its place and the line that it is about. `label` stands before the message.
pub(crate) fn excerpt(shown: &str, source: &str, label: &str, diagnostic: &Diagnostic) -> String {
    let place = factory_spec::position(source, diagnostic.span.start);
    let line = source.lines().nth(place.line.saturating_sub(1)).unwrap_or_default();
    // The file is somebody's: what is quoted from it moves no cursor.
    let line = line.replace(|c: char| c.is_control() && c != '\t', "\u{fffd}");
    let mut text = format!("{shown}:{}:{}: {label}{}", place.line, place.column, diagnostic.message);
    text.push_str(&format!("\n    | {line}"));
    if let Some(help) = &diagnostic.help {
        text.push_str(&format!("\n    {help}"));
    }
    text
}
