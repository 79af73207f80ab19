//! Which rules a project follows: `[lint]` of the nearest `factory.toml`, and what the command line adds.

use std::path::{Path, PathBuf};

use factory_spec::lint::{self, Selection};

use crate::args::spec::LintArgs;
use crate::config::project::{FILE, LintTable, ProjectConfig};
use crate::error::CliError;

/// The project that a folder is in, as far as a linter needs one: where its `factory.toml` is, and what it says.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// The project's folder; none outside of a project.
    pub(crate) project: Option<PathBuf>,
    pub(crate) selection: Selection,
    exclude: Vec<PathBuf>,
}

impl Rules {
    /// What holds for the folder.
    pub(crate) fn find(folder: &Path) -> Result<Self, CliError> {
        let Some(project) = folder.ancestors().find(|folder| folder.join(FILE).is_file()) else {
            return Ok(Self::default());
        };
        let table = ProjectConfig::read(project)?.lint;
        Self::of(project, table)
    }

    /// What a project says in its `[lint]`.
    pub(crate) fn of(project: &Path, table: LintTable) -> Result<Self, CliError> {
        let LintTable { select, ignore, error, preview, terms, exclude } = table;
        for code in [&select, &ignore, &error].into_iter().flatten() {
            known(code, &format!("[lint] of {FILE}"))?;
        }
        let exclude = exclude.iter().map(|path| project.join(path)).collect();
        let selection = Selection { select, ignore, error, preview, terms, phrases: Vec::new() };
        Ok(Self { project: Some(project.to_owned()), selection, exclude })
    }

    /// The same with what the command line says.
    pub(super) fn with(mut self, args: &LintArgs) -> Result<Self, CliError> {
        for code in args.select.iter().chain(&args.ignore) {
            known(code, "the command line")?;
        }
        if !args.select.is_empty() {
            self.selection.select.clone_from(&args.select);
        }
        self.selection.ignore.extend(args.ignore.iter().cloned());
        self.selection.preview |= args.preview;
        Ok(self)
    }

    /// Whether the project leaves a file out.
    pub(super) fn excludes(&self, path: &Path) -> bool {
        self.exclude.iter().any(|left_out| path.starts_with(left_out))
    }
}

/// Refuses a code that no rule has or begins with.
fn known(code: &str, place: &str) -> Result<(), CliError> {
    if !code.is_empty() && lint::all().iter().any(|rule| rule.code.starts_with(code)) {
        return Ok(());
    }
    let near = lint::nearest(code).map_or(String::new(), |near| format!("did you mean {near}? "));
    Err(CliError::usage(format!("{place} names the rule `{code}`, which does not exist"))
        .hint(format!("{near}`factory spec explain` lists all of them")))
}
