//! Where `factory init` works: the project's folder, the repository around it, and the folder for the holdouts outside of it.

use std::path::{Component, Path, PathBuf};

use factory_workspace::{Project, ProjectError};

use crate::args::InitArgs;
use crate::config::local::LocalConfig;
use crate::config::place::{self, STORE};
use crate::config::project;
use crate::error::CliError;

/// The folders, all absolute.
#[derive(Debug)]
pub(super) struct Target {
    /// The project's folder.
    pub(super) directory: PathBuf,
    /// The folder's name.
    pub(super) name: String,
    /// Where the holdouts are or will be.
    pub(super) holdouts: PathBuf,
    /// Whether the repository has a commit.
    pub(super) has_commit: bool,
    /// Another project around this one, if there is one.
    pub(super) around: Option<PathBuf>,
}

impl Target {
    /// Finds the folders; nothing is written.
    pub(super) fn find(args: &InitArgs) -> Result<Self, CliError> {
        let shown = args.dir.display();
        if !args.dir.is_dir() {
            let what = if args.dir.exists() { "is not a folder" } else { "does not exist" };
            return Err(CliError::usage(format!("{shown} {what}"))
                .hint("name the folder of a project that is in a git repository: factory init DIR"));
        }
        let directory = args
            .dir
            .canonicalize()
            .map_err(|error| CliError::usage(format!("{shown} cannot be opened")).because(&error))?;
        let (root, has_commit) = match Project::discover(&directory) {
            Ok(project) => (project.root().to_owned(), true),
            Err(ProjectError::NoCommit { path }) => (path, false),
            Err(error) => return Err(place::explain(&error)),
        };
        let name =
            directory.file_name().map_or("project".to_owned(), |name| name.to_string_lossy().into_owned());
        let holdouts = holdouts(args.holdouts.as_deref(), &directory, &root, &name)?;
        let parents = directory.ancestors().skip(1).take_while(|folder| folder.starts_with(&root));
        let around = parents.map(|folder| folder.join(project::FILE)).find(|file| file.is_file());
        Ok(Self { directory, name, holdouts, has_commit, around })
    }
}

/// The folder for the holdouts: as given, as configured before, or beside the repository.
fn holdouts(flag: Option<&Path>, directory: &Path, root: &Path, name: &str) -> Result<PathBuf, CliError> {
    let local = LocalConfig::read(&directory.join(STORE))?.holdouts.map(|path| settle(&directory.join(path)));
    let given = match flag {
        Some(flag) => Some(settle(&place::current_dir()?.join(flag))),
        None => None,
    };
    if let (Some(local), Some(given)) = (&local, &given)
        && local != given
    {
        return Err(CliError::usage(format!(
            "the holdouts of this project are in {} already",
            local.display()
        ))
        .hint(format!("move them and change `holdouts` in {STORE}/local.toml, or leave --holdouts out")));
    }
    let chosen = match given.or(local) {
        Some(chosen) => chosen,
        None => root.parent().map(|parent| parent.join(format!("{name}-holdouts"))).ok_or_else(|| {
            CliError::usage("there is no place beside the repository").hint("name a folder: --holdouts DIR")
        })?,
    };
    if chosen.starts_with(root) {
        return Err(CliError::usage(format!("the holdout folder {} is inside the repository", chosen.display()))
            .hint(format!(
                "whoever makes the change works in a checkout of the repository and must not find the scenarios there: \
                 name a folder outside of {}",
                root.display()
            )));
    }
    if directory.starts_with(&chosen) {
        return Err(CliError::usage(format!(
            "the project is inside the holdout folder {}",
            chosen.display()
        ))
        .hint("name a folder of its own: --holdouts DIR"));
    }
    Ok(chosen)
}

/// An absolute path without `.`, `..` and links, as far as it exists.
fn settle(path: &Path) -> PathBuf {
    let mut settled = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                settled.pop();
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) | Component::Normal(_) => {
                settled.push(part);
                if let Ok(real) = settled.canonicalize() {
                    settled = real;
                }
            }
        }
    }
    settled
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_settled_as_far_as_it_exists() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        std::fs::create_dir(real.join("a")).unwrap();
        std::os::unix::fs::symlink(real.join("a"), real.join("link")).unwrap();
        assert_eq!(settle(&real.join("link/./b/../c")), real.join("a/c"));
        assert_eq!(settle(&real.join("a/../new")), real.join("new"));
    }
}
