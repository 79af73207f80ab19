//! Carries a patch from one base to another: each file that it touches is merged by itself.
//!
//! This is git's three-way merge of trees with its detection of renames switched off, so that the result stays within
//! the paths of the original. It is made from libgit2's merge of file contents and not from its merge of trees, because
//! that one asks `.gitattributes` of the user's work tree and the user's settings how to merge, and leaves blobs in the
//! repository. Here the same patch gives the same result everywhere, and nothing is written.

use std::collections::BTreeMap;

use factory_core::artifact::{Change, FileChange, Patch};
use factory_core::ids::{Digest, GitOid};
use factory_engine::port::workspace::{Contents, Rebased, WorkspaceError};
use git2::{MergeFileInput, Repository, Tree};

use crate::error;
use crate::extract;
use crate::holdouts;
use crate::patched::{self, Found};
use crate::paths::PathRules;
use crate::tree::{self, Entry, Kind};

const MERGING: &str = "carrying the patch to another base";

/// Carries `patch` over.
///
/// # Errors
/// [`WorkspaceError::BadPatch`] if it does not fit `from`, touches what no patch may touch, lacks content, or comes to a
/// file that is too large for a patch.
pub(crate) fn rebase(
    repository: &Repository,
    patch: &Patch,
    contents: &Contents,
    from: &GitOid,
    onto: &GitOid,
    rules: &PathRules,
) -> Result<Rebased, WorkspaceError> {
    let from = tree::commit(repository, from)?.tree().map_err(error::git(MERGING))?;
    let onto = tree::commit(repository, onto)?.tree().map_err(error::git(MERGING))?;
    patched::fits(repository, &from, patch, rules)?;
    let merge = Merge { repository, from: &from, onto: &onto, contents };
    let mut changes = BTreeMap::new();
    let mut carried = Contents::new();
    let mut conflicts = Vec::new();
    for FileChange { path, change } in &patch.changes {
        match merge.file(path, change)? {
            Merged::Already => {}
            Merged::Conflict => conflicts.push(path.clone()),
            Merged::Deleted => drop(changes.insert(path.as_str(), Change::Deleted)),
            Merged::Written { bytes, executable, existed } => {
                let content = Digest::of(&bytes);
                carried.insert(content.clone(), bytes);
                changes.insert(path, Change::Written { content, executable, existed });
            }
        }
    }
    let all = changes.iter().map(|(path, change)| (*path, change)).collect();
    let homeless = patched::without_room(&onto, repository, &all)?;
    conflicts.extend(homeless.into_iter().map(str::to_owned));
    if conflicts.is_empty() {
        let each = changes.into_iter().map(|(path, change)| FileChange { path: path.to_owned(), change });
        return Ok(Rebased::Clean { patch: Patch { changes: each.collect() }, contents: carried });
    }
    conflicts.sort();
    Ok(Rebased::Conflict { paths: conflicts })
}

/// What comes of one file.
enum Merged {
    /// Nothing is left to do on the new base.
    Already,
    Deleted,
    Written {
        bytes: Vec<u8>,
        executable: bool,
        existed: bool,
    },
    Conflict,
}

/// A file as the patch makes it.
struct New<'a> {
    entry: Entry,
    bytes: &'a [u8],
    executable: bool,
}

struct Merge<'a> {
    repository: &'a Repository,
    /// The base that the patch is for.
    from: &'a Tree<'a>,
    /// The base that it is to be for.
    onto: &'a Tree<'a>,
    contents: &'a Contents,
}

impl Merge<'_> {
    fn file(&self, path: &str, change: &Change) -> Result<Merged, WorkspaceError> {
        let old = match patched::at(self.from, path)? {
            Found::File(entry) => Some(entry),
            Found::Nothing | Found::Folder | Found::Submodule => None,
        };
        let now = match patched::at(self.onto, path)? {
            Found::File(entry) => Some(entry),
            // Whether there is room for a file here is seen once all files are merged.
            Found::Nothing | Found::Folder => None,
            Found::Submodule => return Ok(Merged::Conflict),
        };
        let (content, executable) = match change {
            Change::Written { content, executable, .. } => (content, *executable),
            Change::Deleted if now.is_none() => return Ok(Merged::Already),
            Change::Deleted if now == old => return Ok(Merged::Deleted),
            Change::Deleted => return Ok(Merged::Conflict),
        };
        let bytes = self.contents.get(content);
        let bytes = bytes.ok_or_else(|| error::bad_patch(path.as_bytes(), "has no content"))?;
        let entry = Entry { blob: holdouts::blob_of(bytes)?, kind: Kind::File { executable } };
        if now == Some(entry) || old == Some(entry) {
            return Ok(Merged::Already);
        }
        if now == old {
            return Ok(Merged::Written { bytes: bytes.clone(), executable, existed: now.is_some() });
        }
        match now {
            Some(now) => self.both(path, old, now, &New { entry, bytes, executable }),
            // Changed by the patch, deleted on the way.
            None => Ok(Merged::Conflict),
        }
    }

    /// The patch and the way to the new base have both changed or both added the file, and not to the same.
    fn both(
        &self,
        path: &str,
        old: Option<Entry>,
        now: Entry,
        new: &New<'_>,
    ) -> Result<Merged, WorkspaceError> {
        let Kind::File { executable: is_now } = now.kind else { return Ok(Merged::Conflict) };
        let (executable, bytes) = match old {
            // As git: executable if either side says so.
            None => (new.executable || is_now, (now.blob == new.entry.blob).then(|| new.bytes.to_vec())),
            Some(Entry { kind: Kind::Link, .. }) => return Ok(Merged::Conflict),
            Some(Entry { kind: Kind::File { executable: was }, blob }) => {
                // Of two values, if one side has changed it, the other has kept it.
                let executable = if is_now == was { new.executable } else { is_now };
                (executable, self.content(blob, now, new)?)
            }
        };
        let Some(bytes) = bytes else { return Ok(Merged::Conflict) };
        if bytes.len() as u64 > extract::FILE_BYTES {
            let limit = extract::FILE_BYTES >> 20;
            return Err(error::bad_patch(path.as_bytes(), format!("becomes larger than {limit} MiB")));
        }
        if executable == is_now && holdouts::blob_of(&bytes)? == now.blob {
            return Ok(Merged::Already);
        }
        Ok(Merged::Written { bytes, executable, existed: true })
    }

    /// The merged content; `None` if both sides have changed the same lines, or the file is binary.
    fn content(&self, old: git2::Oid, now: Entry, new: &New<'_>) -> Result<Option<Vec<u8>>, WorkspaceError> {
        if now.blob == old || now.blob == new.entry.blob {
            return Ok(Some(new.bytes.to_vec()));
        }
        let read = |blob| self.repository.find_blob(blob).map_err(error::git(MERGING));
        let (old_blob, now_blob) = (read(old)?, read(now.blob)?);
        if new.entry.blob == old {
            return Ok(Some(now_blob.content().to_vec()));
        }
        let [mut ancestor, mut ours, mut theirs] = [(); 3].map(|()| MergeFileInput::new());
        ancestor.content(old_blob.content());
        ours.content(now_blob.content());
        theirs.content(new.bytes);
        let merged = git2::merge_file(&ancestor, &ours, &theirs, None).map_err(error::git(MERGING))?;
        Ok(merged.is_automergeable().then(|| merged.content().to_vec()))
    }
}
