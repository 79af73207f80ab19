//! What has ever been a holdout in a repository: a scenario that was moved out of the tree, or rewritten since, is still
//! told by a copy of it.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::{fs, io};

use factory_engine::port::workspace::WorkspaceError;
use git2::{ObjectType, Oid, Repository, Tree};

use crate::error;
use crate::holdouts;
use crate::paths::PathRules;

const READING: &str = "reading the history of the holdouts";

/// The blobs at hidden paths in every commit that the repository has, whether anything refers to it or not, and in its
/// index. In time that grows with the number of objects, and of different trees above and below hidden paths.
///
/// # Errors
/// If an object cannot be read: what cannot be compared cannot be kept out.
pub(crate) fn hidden(repository: &Repository, rules: &PathRules) -> Result<HashSet<Oid>, WorkspaceError> {
    let mut past = Past { repository, rules, seen: HashSet::new(), blobs: HashSet::new() };
    let objects = repository.odb().map_err(error::git(READING))?;
    let mut commits = Vec::new();
    let mut unreadable = None;
    let listed = objects.foreach(|oid| match objects.read_header(*oid) {
        Ok((_, ObjectType::Commit)) => {
            commits.push(*oid);
            true
        }
        Ok(_) => true,
        Err(error) => {
            unreadable = Some(error);
            false
        }
    });
    if let Some(error) = unreadable {
        return Err(error::git(READING)(error));
    }
    listed.map_err(error::git(READING))?;
    for commit in commits {
        past.commit(commit).map_err(error::git(READING))?;
    }
    past.index().map_err(error::git(READING))?;
    Ok(past.blobs)
}

struct Past<'r> {
    repository: &'r Repository,
    rules: &'r PathRules,
    /// Trees that were looked at, by where they stood: most commits share most of theirs.
    seen: HashSet<(Oid, Vec<u8>)>,
    blobs: HashSet<Oid>,
}

impl Past<'_> {
    fn commit(&mut self, oid: Oid) -> Result<(), git2::Error> {
        // The tree's id is in the commit: a history without its trees, as of a shallow or partial clone, has nothing to
        // be copied from either.
        let tree = self.repository.find_commit(oid)?.tree_id();
        match self.repository.find_tree(tree) {
            Ok(tree) => self.tree(&tree, b""),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn tree(&mut self, tree: &Tree<'_>, at: &[u8]) -> Result<(), git2::Error> {
        if !self.seen.insert((tree.id(), at.to_vec())) {
            return Ok(());
        }
        for entry in tree {
            let path = if at.is_empty() {
                entry.name_bytes().to_vec()
            } else {
                [at, b"/", entry.name_bytes()].concat()
            };
            match entry.kind() {
                Some(ObjectType::Tree) if self.rules.hides(&path) || self.rules.is_above_hidden(&path) => {
                    match self.repository.find_tree(entry.id()) {
                        Ok(tree) => self.tree(&tree, &path)?,
                        Err(error) if error.code() == git2::ErrorCode::NotFound => {}
                        Err(error) => return Err(error),
                    }
                }
                Some(ObjectType::Blob) if self.rules.holds_back(&path) => {
                    self.blobs.insert(entry.id());
                }
                // Submodules, and what is nowhere near a holdout.
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    fn index(&mut self) -> Result<(), git2::Error> {
        if self.repository.is_bare() {
            return Ok(());
        }
        let index = self.repository.index()?;
        for entry in index.iter().filter(|entry| self.rules.holds_back(&entry.path)) {
            self.blobs.insert(entry.id);
            // One that is only announced (`git add --intent-to-add`) is in the index without its content.
            let file = self.repository.workdir().map(|root| root.join(OsStr::from_bytes(&entry.path)));
            let Some(file) = file.filter(|file| file.symlink_metadata().is_ok_and(|it| it.is_file())) else {
                continue;
            };
            let unread = |error: io::Error| git2::Error::from_str(&format!("{}: {error}", file.display()));
            let content = fs::read(&file).map_err(unread)?;
            self.blobs.extend(holdouts::blobs_of(&content)?);
        }
        Ok(())
    }
}
