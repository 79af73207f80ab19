//! The pipeline of a run: the project's own file of that name, else the one that ships with factory.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use factory_core::pipeline::model::Pipeline;
use factory_core::pipeline::read::{self, Diagnostic};
use factory_core::toml_problem;

use crate::embedded;
use crate::error::CliError;

/// Finds, reads and checks a pipeline.
pub(crate) fn load(project: &Path, name: &str) -> Result<Pipeline, CliError> {
    let folder = project.join("pipelines");
    if name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(CliError::usage(format!("`{name}` is not the name of a pipeline"))
            .hint("a pipeline is named by its file in pipelines/, without the folder and without .toml"));
    }
    let path = folder.join(format!("{name}.toml"));
    let (source, shown) = match fs::read_to_string(&path) {
        Ok(source) => (source, format!("pipelines/{name}.toml")),
        Err(error) if error.kind() == ErrorKind::NotFound => match embedded::pipeline(name) {
            Some(source) => (source.to_owned(), format!("{name} (built in)")),
            None => return Err(unknown(&folder, name)),
        },
        Err(error) => {
            return Err(CliError::usage(format!("{} cannot be read", path.display())).because(&error));
        }
    };
    read::read(&source).map_err(|diagnostics| broken(&shown, &source, &diagnostics))
}

fn unknown(folder: &Path, name: &str) -> CliError {
    let own = fs::read_dir(folder).into_iter().flatten().flatten();
    let own = own.filter_map(|entry| {
        let path = entry.path();
        let is_toml = path.extension().is_some_and(|extension| extension == "toml");
        is_toml.then(|| path.file_stem().map(|stem| stem.to_string_lossy().into_owned())).flatten()
    });
    let mut known: Vec<String> = embedded::pipelines().map(str::to_owned).chain(own).collect();
    known.sort();
    known.dedup();
    let error = CliError::usage(format!("there is no pipeline `{name}`"));
    match toml_problem::nearest(name, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`? there are: {}", known.join(", "))),
        None => error.hint(format!("there are: {}", known.join(", "))),
    }
}

fn broken(shown: &str, source: &str, diagnostics: &[Diagnostic]) -> CliError {
    let mut text = format!("the pipeline {shown} cannot be used");
    for diagnostic in diagnostics {
        let place = factory_spec::position(source, diagnostic.span.start);
        let line = source.lines().nth(place.line.saturating_sub(1)).unwrap_or_default();
        text.push_str(&format!("\n{shown}:{}:{}: {}", place.line, place.column, diagnostic.message));
        text.push_str(&format!("\n    | {line}"));
        if let Some(help) = &diagnostic.help {
            text.push_str(&format!("\n    {help}"));
        }
    }
    CliError::usage(text)
}
