//! The files that a verb is about, read and looked at with all rules.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use factory_spec::lint::{self, Finding, Linted, Reported, Selection};

use super::rules::Rules;
use crate::config::place;
use crate::error::CliError;

/// A file with what was found in it.
pub(super) struct Text {
    /// As it was named, or below what was named.
    pub(super) shown: String,
    pub(super) path: PathBuf,
    pub(super) source: String,
    /// None if it is no text.
    pub(super) linted: Option<Linted>,
    pub(super) findings: Vec<Finding>,
}

impl Text {
    pub(super) fn reported(&self) -> Reported<'_> {
        Reported { path: &self.shown, source: &self.source, findings: &self.findings }
    }
}

/// Reads files and folders, or `specs/` of the project.
pub(super) fn read(paths: &[PathBuf], rules: &Rules) -> Result<Vec<Text>, CliError> {
    let files = files(paths, rules)?;
    let threads = thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
    let chunk = files.len().div_ceil(threads).max(1);
    let results: Vec<Result<Vec<Text>, CliError>> = thread::scope(|scope| {
        let parts: Vec<_> = files
            .chunks(chunk)
            .map(|part| scope.spawn(|| part.iter().map(|file| one(file, rules)).collect()))
            .collect();
        parts.into_iter().map(|part| part.join().expect("no rule panics")).collect()
    });
    let mut texts: Vec<Text> = Vec::with_capacity(files.len());
    for part in results {
        texts.extend(part?);
    }
    let known: Vec<(&str, &str, &Linted)> = texts
        .iter()
        .filter_map(|text| Some((text.shown.as_str(), text.source.as_str(), text.linted.as_ref()?)))
        .collect();
    let mut together = lint::across(&known, &rules.selection).into_iter();
    for text in texts.iter_mut().filter(|text| text.linted.is_some()) {
        text.findings.extend(together.next().unwrap_or_default());
        text.findings.sort_by_key(|finding| (finding.span.start, finding.code));
    }
    Ok(texts)
}

/// Looks at one file.
fn one(file: &Path, rules: &Rules) -> Result<Text, CliError> {
    let shown = file.display().to_string();
    let bytes =
        fs::read(file).map_err(|error| CliError::usage(format!("{shown} cannot be read")).because(&error))?;
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    match factory_spec::decode(bytes) {
        Ok(source) => Ok(look(shown, path, source, rules)),
        Err(broken) => {
            let finding = lint::undecodable(&broken);
            Ok(Text { shown, path, source: broken.text, linted: None, findings: vec![finding] })
        }
    }
}

/// Looks at a text.
pub(super) fn look(shown: String, path: PathBuf, source: String, rules: &Rules) -> Text {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let exists = |named: &str| {
        rules.project.as_ref().is_none_or(|project| project.join(named).exists())
            || folder.join(named).exists()
    };
    let selection = Selection { phrases: phrases(&folder), ..rules.selection.clone() };
    let mut linted = lint::lint(&shown, &source, &selection, &exists);
    let findings = std::mem::take(&mut linted.findings);
    Text { shown, path, source, linted: Some(linted), findings }
}

/// The patterns of the nearest step definitions upward, within a repository.
fn phrases(folder: &Path) -> Vec<String> {
    const HIGHEST: usize = 4;
    for folder in folder.ancestors().take(HIGHEST) {
        if let Ok(source) = fs::read_to_string(folder.join("steps.toml")) {
            return lint::phrases(&source);
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    Vec::new()
}

fn files(paths: &[PathBuf], rules: &Rules) -> Result<Vec<PathBuf>, CliError> {
    let default;
    let paths = if paths.is_empty() {
        let base = match &rules.project {
            Some(project) => project.clone(),
            None => place::current_dir()?,
        };
        let specs = base.join("specs");
        if !specs.is_dir() {
            return Err(CliError::usage("no file is named, and there is no folder specs/ here")
                .hint("name files or folders: factory spec lint docs/requirements.md"));
        }
        let here = place::current_dir()?;
        default = [specs.strip_prefix(&here).map_or(specs.clone(), Path::to_path_buf)];
        &default[..]
    } else {
        paths
    };
    let mut files = Vec::new();
    for path in paths {
        let kind = fs::metadata(path)
            .map_err(|error| CliError::usage(format!("{} cannot be read", path.display())).because(&error))?;
        if kind.is_dir() {
            below(path, rules, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// The texts in a folder and below, by their names; hidden folders and those of tools are left out, links not followed.
fn below(folder: &Path, rules: &Rules, files: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let unreadable =
        |error| CliError::usage(format!("the folder {} cannot be read", folder.display())).because(&error);
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(unreadable))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let whole = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
        if rules.excludes(&whole) || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            if !(name.starts_with('.') || matches!(name.as_str(), "node_modules" | "target" | "vendor")) {
                below(&path, rules, files)?;
            }
        } else if name == "steps.toml"
            || name.ends_with(".feature")
            || (name.ends_with(".md") || name.ends_with(".markdown"))
                && !name.eq_ignore_ascii_case("readme.md")
        {
            files.push(path);
        }
    }
    Ok(())
}
