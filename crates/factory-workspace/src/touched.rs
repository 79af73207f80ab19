//! What the newest commits say of some paths: how often they were changed, and by how many people.

use std::collections::BTreeSet;
use std::path::Path;

use git2::{Delta, DiffOptions, Repository, Sort};

use crate::project::ProjectError;

/// What the history of `HEAD` says of some paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// Commits that were looked at; merges are not.
    pub looked_at: usize,
    /// Those of them that change one of the paths.
    pub commits: usize,
    /// Whoever wrote these, by address in lower case.
    pub authors: BTreeSet<String>,
    /// Those of them that only change what is there: no file comes or goes.
    pub edits: usize,
}

/// Looks through the newest `most` commits before `HEAD` for changes of `paths`, which are relative to the root of the
/// work tree; a folder stands for all that is in it. `repo_root` is that root.
///
/// # Errors
/// [`ProjectError::Git`] if the repository cannot be read, or has no commit.
pub fn touched(repo_root: &Path, paths: &[String], most: usize) -> Result<Touched, ProjectError> {
    let git = |source| ProjectError::Git { path: repo_root.to_owned(), source };
    let repository = Repository::open(repo_root).map_err(git)?;
    let mut walk = repository.revwalk().map_err(git)?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME).map_err(git)?;
    walk.push_head().map_err(git)?;
    let mut options = DiffOptions::new();
    options.disable_pathspec_match(true);
    for path in paths {
        options.pathspec(path.trim_end_matches('/'));
    }
    let mut touched = Touched::default();
    // A shallow clone ends where its history was cut.
    for id in walk.map_while(Result::ok).take(most) {
        let Ok(commit) = repository.find_commit(id) else { break };
        if commit.parent_count() > 1 {
            continue;
        }
        touched.looked_at += 1;
        let Ok(tree) = commit.tree() else { continue };
        let before = commit.parent(0).and_then(|parent| parent.tree()).ok();
        let diff =
            repository.diff_tree_to_tree(before.as_ref(), Some(&tree), Some(&mut options)).map_err(git)?;
        if paths.is_empty() || diff.deltas().len() == 0 {
            continue;
        }
        touched.commits += 1;
        touched.edits += usize::from(diff.deltas().all(|delta| delta.status() == Delta::Modified));
        let author = commit.author();
        touched.authors.insert(String::from_utf8_lossy(author.email_bytes()).to_lowercase());
    }
    Ok(touched)
}
