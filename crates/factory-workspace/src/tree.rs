//! What a commit holds, flat: path → blob. Holdouts are told apart here, once, for everything that looks at a base.

use std::collections::{BTreeMap, HashSet};

use factory_core::ids::GitOid;
use factory_engine::port::workspace::WorkspaceError;
use git2::{Oid, Repository, Tree};

use crate::error;
use crate::paths::{self, PathRules};

const LINK: i32 = 0o120_000;
const SUBMODULE: i32 = 0o160_000;
const FOLDER: i32 = 0o040_000;
const EXECUTABLE: i32 = 0o100_755;

/// Where every git action that reads the base fails.
const READING: &str = "reading the base commit";

/// What a tree entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File { executable: bool },
    Link,
}

impl Kind {
    /// Of an entry that is neither a folder nor a submodule.
    pub(crate) fn of_mode(mode: i32) -> Self {
        if mode == LINK { Kind::Link } else { Kind::File { executable: mode == EXECUTABLE } }
    }
}

/// One file or link of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) blob: Oid,
    pub(crate) kind: Kind,
}

/// A commit's files, by path as bytes, in the order in which git's index has them.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// What a checkout may show.
    pub(crate) visible: BTreeMap<Vec<u8>, Entry>,
    /// The blobs under hidden paths.
    pub(crate) hidden: HashSet<Oid>,
}

impl Listing {
    /// Whether the commit has a visible file somewhere under this folder.
    pub(crate) fn has_folder(&self, folder: &[u8]) -> bool {
        let start = [folder, b"/"].concat();
        self.visible.range(start.clone()..).next().is_some_and(|(path, _)| path.starts_with(&start))
    }
}

/// The commit of this name in the repository.
pub(crate) fn commit<'r>(
    repository: &'r Repository,
    name: &GitOid,
) -> Result<git2::Commit<'r>, WorkspaceError> {
    Oid::from_str(name.as_str()).and_then(|oid| repository.find_commit(oid)).map_err(error::git(READING))
}

/// Lists a commit.
///
/// # Errors
/// [`WorkspaceError::Refused`] for submodules and for names that no work tree should have.
pub(crate) fn list(
    repository: &Repository,
    base: &GitOid,
    rules: &PathRules,
) -> Result<Listing, WorkspaceError> {
    let tree = commit(repository, base)?.tree().map_err(error::git(READING))?;
    let mut listing = Listing::default();
    walk(repository, &tree, b"", rules, false, &mut listing)?;
    Ok(listing)
}

fn walk(
    repository: &Repository,
    tree: &Tree<'_>,
    folder: &[u8],
    rules: &PathRules,
    hidden: bool,
    listing: &mut Listing,
) -> Result<(), WorkspaceError> {
    for entry in tree.iter() {
        let name = entry.name_bytes();
        let path = if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() };
        // git makes no such trees, but reads them.
        if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') || paths::is_git_folder(name) {
            return Err(error::refused(&path, "a file of that name is not safe to create"));
        }
        let hidden = hidden || rules.hides(&path);
        let kind = match entry.filemode() {
            FOLDER => {
                let subtree = repository.find_tree(entry.id()).map_err(error::git(READING))?;
                walk(repository, &subtree, &path, rules, hidden, listing)?;
                continue;
            }
            SUBMODULE if hidden => continue,
            SUBMODULE => {
                return Err(error::refused(
                    &path,
                    "it is a submodule, and its content is in another repository",
                ));
            }
            mode => Kind::of_mode(mode),
        };
        if hidden {
            if rules.holds_back(&path) {
                listing.hidden.insert(entry.id());
            }
        } else {
            listing.visible.insert(path, Entry { blob: entry.id(), kind });
        }
    }
    Ok(())
}
