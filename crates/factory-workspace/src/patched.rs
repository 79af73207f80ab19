//! Patches and trees: whether a patch fits a tree, the tree with the patch in it, and the patch between two trees.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use factory_core::artifact::{Change, FileChange, Patch};
use factory_core::ids::Digest;
use factory_engine::port::workspace::{Contents, WorkspaceError};
use git2::{
    Delta, DiffOptions, ErrorCode, FileMode, ObjectType, Oid, Repository, Tree, TreeWalkMode, TreeWalkResult,
};

use crate::error;
use crate::paths::PathRules;
use crate::tree::{Entry, Kind};

const READING: &str = "reading the base commit";
const WRITING: &str = "writing the patched tree";

/// What a tree has at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Folder,
    File(Entry),
    Submodule,
}

/// Looks a path up.
pub(crate) fn at(tree: &Tree<'_>, path: &str) -> Result<Found, WorkspaceError> {
    let entry = match tree.get_path(Path::new(path)) {
        Ok(entry) => entry,
        Err(missing) if missing.code() == ErrorCode::NotFound => return Ok(Found::Nothing),
        Err(other) => return Err(error::git(READING)(other)),
    };
    Ok(match entry.kind() {
        Some(ObjectType::Tree) => Found::Folder,
        Some(ObjectType::Blob) => {
            Found::File(Entry { blob: entry.id(), kind: Kind::of_mode(entry.filemode()) })
        }
        // A tree holds no tags.
        Some(ObjectType::Commit | ObjectType::Tag | ObjectType::Any) | None => Found::Submodule,
    })
}

/// The changes that the tree has no room for: below something that stays and is no folder, or in the place of a folder of
/// which something stays.
pub(crate) fn without_room<'c>(
    tree: &Tree<'_>,
    repository: &Repository,
    changes: &BTreeMap<&'c str, &Change>,
) -> Result<BTreeSet<&'c str>, WorkspaceError> {
    let goes = |path: &str| matches!(changes.get(path), Some(Change::Deleted));
    let mut homeless = BTreeSet::new();
    for (path, change) in changes {
        if matches!(change, Change::Deleted) {
            continue;
        }
        for (slash, _) in path.match_indices('/') {
            let above = &path[..slash];
            let is_free = match (changes.get(above), at(tree, above)?) {
                (Some(Change::Deleted), _) | (None, Found::Nothing | Found::Folder) => true,
                (Some(Change::Written { .. }), _) | (None, Found::File(_) | Found::Submodule) => false,
            };
            if !is_free {
                homeless.insert(*path);
            }
        }
        if at(tree, path)? == Found::Folder && !below(tree, repository, path)?.iter().all(|file| goes(file)) {
            homeless.insert(*path);
        }
    }
    Ok(homeless)
}

/// Everything below a folder that is not a folder itself. A name that is not UTF-8 comes out as something that no patch
/// can name.
fn below(tree: &Tree<'_>, repository: &Repository, folder: &str) -> Result<Vec<String>, WorkspaceError> {
    let entry = tree.get_path(Path::new(folder)).map_err(error::git(READING))?;
    let inner = repository.find_tree(entry.id()).map_err(error::git(READING))?;
    let mut files = Vec::new();
    inner
        .walk(TreeWalkMode::PreOrder, |above, entry| {
            if entry.kind() != Some(ObjectType::Tree) {
                files.push(format!("{folder}/{above}{}", String::from_utf8_lossy(entry.name_bytes())));
            }
            TreeWalkResult::Ok
        })
        .map_err(error::git(READING))?;
    Ok(files)
}

/// What becomes of one file.
enum Update {
    Write { blob: Oid, executable: bool },
    Delete,
}

/// The tree with the patch in it. Its objects are written to the repository.
///
/// # Errors
/// [`WorkspaceError::BadPatch`] for paths that no patch may have, missing content, and a patch that is for another tree.
pub(crate) fn write(
    repository: &Repository,
    base: &Tree<'_>,
    patch: &Patch,
    contents: &Contents,
    rules: &PathRules,
) -> Result<Oid, WorkspaceError> {
    fits(repository, base, patch, rules)?;
    let mut updates: Vec<(&str, Update)> = Vec::new();
    for FileChange { path, change } in &patch.changes {
        let update = match change {
            Change::Deleted => Update::Delete,
            Change::Written { content, executable, .. } => {
                let bytes = contents
                    .get(content)
                    .ok_or_else(|| error::bad_patch(path.as_bytes(), "has no content"))?;
                let blob = repository.blob(bytes).map_err(error::git(WRITING))?;
                Update::Write { blob, executable: *executable }
            }
        };
        updates.push((path, update));
    }
    let updates: Vec<(&str, &Update)> = updates.iter().map(|(path, update)| (*path, update)).collect();
    match rebuild(repository, Some(base), &updates).map_err(error::git(WRITING))? {
        Some(tree) => Ok(tree),
        // Everything was deleted: the one case in which git has an empty tree.
        None => repository.treebuilder(None).and_then(|empty| empty.write()).map_err(error::git(WRITING)),
    }
}

/// That the patch is one for this tree. Otherwise what it does not mention would be lost: a patch says what a file is to
/// be, not what is to change in it.
pub(crate) fn fits(
    repository: &Repository,
    base: &Tree<'_>,
    patch: &Patch,
    rules: &PathRules,
) -> Result<(), WorkspaceError> {
    let mut changes = BTreeMap::new();
    for FileChange { path, change } in &patch.changes {
        agrees(rules.check(path.as_bytes())?, change, at(base, path)?)?;
        if changes.insert(path.as_str(), change).is_some() {
            return Err(error::bad_patch(path.as_bytes(), "is in it twice"));
        }
    }
    match without_room(base, repository, &changes)?.first() {
        Some(path) => Err(error::bad_patch(path.as_bytes(), "has no room in the base")),
        None => Ok(()),
    }
}

/// That a change says the truth about what was there before.
pub(crate) fn agrees(path: &str, change: &Change, before: Found) -> Result<(), WorkspaceError> {
    let existed = match change {
        Change::Deleted => true,
        Change::Written { existed, .. } => *existed,
    };
    match before {
        Found::File(_) if existed => Ok(()),
        Found::Nothing | Found::Folder if !existed => Ok(()),
        Found::Nothing | Found::Folder => Err(error::bad_patch(path.as_bytes(), "is not a file of the base")),
        Found::File(_) => Err(error::bad_patch(path.as_bytes(), "is said to be new, but is in the base")),
        Found::Submodule => Err(error::bad_patch(path.as_bytes(), "is a submodule in the base")),
    }
}

/// A tree with updates to what is below it; `None` if nothing is left.
fn rebuild(
    repository: &Repository,
    base: Option<&Tree<'_>>,
    updates: &[(&str, &Update)],
) -> Result<Option<Oid>, git2::Error> {
    let mut builder = repository.treebuilder(base)?;
    let mut folders: BTreeMap<&str, Vec<(&str, &Update)>> = BTreeMap::new();
    let mut files: Vec<(&str, &Update)> = Vec::new();
    for (path, update) in updates {
        match path.split_once('/') {
            Some((folder, rest)) => folders.entry(folder).or_default().push((rest, update)),
            None => files.push((path, update)),
        }
    }
    // A file can take the place of a folder and the reverse, so: what goes, then folders, then what comes.
    for (name, update) in &files {
        if matches!(update, Update::Delete) && builder.get(name)?.is_some() {
            builder.remove(name)?;
        }
    }
    for (name, updates) in folders {
        let old = match builder.get(name)? {
            Some(entry) if entry.kind() == Some(ObjectType::Tree) => Some(repository.find_tree(entry.id())?),
            Some(_) | None => None,
        };
        match rebuild(repository, old.as_ref(), &updates)? {
            Some(tree) => drop(builder.insert(name, tree, i32::from(FileMode::Tree))?),
            None if old.is_some() => builder.remove(name)?,
            None => {}
        }
    }
    for (name, update) in &files {
        if let Update::Write { blob, executable } = update {
            let mode = if *executable { FileMode::BlobExecutable } else { FileMode::Blob };
            builder.insert(name, *blob, i32::from(mode))?;
        }
    }
    if builder.is_empty() { Ok(None) } else { builder.write().map(Some) }
}

/// The patch that leads from one tree to another, as far as a patch can say it: files, no links or submodules.
pub(crate) fn between(repository: &Repository, old: &Tree<'_>, new: &Tree<'_>) -> Result<Patch, git2::Error> {
    let mut options = DiffOptions::new();
    options.include_typechange(true).ignore_submodules(true).skip_binary_check(true);
    let diff = repository.diff_tree_to_tree(Some(old), Some(new), Some(&mut options))?;
    let mut changes = BTreeMap::new();
    for delta in diff.deltas() {
        let (path, change) = match delta.status() {
            Delta::Deleted => (delta.old_file().path_bytes(), Change::Deleted),
            status => {
                let file = delta.new_file();
                let content = Digest::of(repository.find_blob(file.id())?.content());
                let executable = file.mode() == FileMode::BlobExecutable;
                let existed = status != Delta::Added;
                (file.path_bytes(), Change::Written { content, executable, existed })
            }
        };
        let path = String::from_utf8_lossy(path.expect("a change of trees has a path")).into_owned();
        changes.insert(path, change);
    }
    let changes = changes.into_iter().map(|(path, change)| FileChange { path, change }).collect();
    Ok(Patch { changes })
}
