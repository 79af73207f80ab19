//! The merge: base plus patch as a commit on a branch of its own, in the user's repository.
//!
//! Objects come first and the branch last. The branch is created only if it is not there, under git's own lock on it, so
//! a crash before leaves nothing but unreachable objects, and of two processes one wins. Branches that exist, the index
//! and the work tree stay as they are.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use factory_core::artifact::{Change, Merge, Patch};
use factory_core::ids::{EffectId, GitOid};
use factory_engine::port::workspace::{Contents, WorkspaceError};
use git2::{Commit, ErrorCode, FileMode, ObjectType, Oid, Reference, Repository, Signature, Tree};

use crate::error;
use crate::paths::PathRules;
use crate::project;
use crate::tree;

/// Trailers that name the run and the performance; written always, and looked for before anything is made.
const RUN: &str = "Factory-Run";
const EFFECT: &str = "Factory-Effect";

/// How often, and how long after, a branch is tried again that another process has locked. git itself waits for 0.1 s.
const LOCK_TRIES: u32 = 40;
const LOCK_WAIT: Duration = Duration::from_millis(25);

const MERGING: &str = "writing the merge commit";

/// A [`Landing`](factory_engine::port::workspace::Landing) that owns what it is made of.
pub(crate) struct Order {
    pub(crate) effect: EffectId,
    pub(crate) base: GitOid,
    pub(crate) patch: Patch,
    pub(crate) contents: Contents,
    pub(crate) slug: String,
    pub(crate) message: String,
    pub(crate) trailers: Vec<(String, String)>,
}

/// Lands it, or answers what was landed for the same effect before.
///
/// # Errors
/// [`WorkspaceError::BadPatch`] for paths that no patch may have; otherwise what git says.
pub(crate) fn land(
    repository: &Repository,
    order: &Order,
    rules: &PathRules,
) -> Result<Merge, WorkspaceError> {
    let names = branch_names(order);
    for name in &names {
        if let Some(commit) = find(repository, name)?
            && is_ours(&commit, &order.effect)
        {
            return Ok(merge(order, name, commit.id()));
        }
    }
    let base = tree::commit(repository, &order.base)?;
    let changed = patched_tree(repository, &base, order, rules)?;
    let commit = commit(repository, &base, changed, order).map_err(error::git(MERGING))?;
    for name in &names {
        if create(repository, name, commit, order)? {
            return Ok(merge(order, name, commit));
        }
        // Another process may have been faster with the same performance.
        if let Some(found) = find(repository, name)?
            && is_ours(&found, &order.effect)
        {
            return Ok(merge(order, name, found.id()));
        }
    }
    Err(WorkspaceError::Io {
        action: format!("creating a branch for {}", order.effect),
        source: format!("other work is on {}", names.join(" and on ")).into(),
    })
}

fn merge(order: &Order, branch: &str, commit: Oid) -> Merge {
    Merge {
        branch: branch.to_owned(),
        commit: project::oid_of(commit),
        base: order.base.clone(),
        patch: order.patch.digest(),
    }
}

/// The branches to try, without a slug that git would not take.
fn branch_names(order: &Order) -> Vec<String> {
    let mut names = vec![format!("factory/{}", order.slug), format!("factory/{}", order.effect.run)];
    names.retain(|name| Reference::is_valid_name(&reference_name(name)));
    names.dedup();
    names
}

fn reference_name(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

fn find<'r>(repository: &'r Repository, branch: &str) -> Result<Option<Commit<'r>>, WorkspaceError> {
    match repository.find_reference(&reference_name(branch)) {
        Ok(reference) => reference.peel_to_commit().map(Some).map_err(error::git("reading a branch")),
        Err(missing) if missing.code() == ErrorCode::NotFound => Ok(None),
        Err(other) => Err(error::git("looking for a branch")(other)),
    }
}

/// Whether the commit's last paragraph is the one that [`full_message`] ended with.
fn is_ours(commit: &Commit<'_>, effect: &EffectId) -> bool {
    let message = String::from_utf8_lossy(commit.message_bytes());
    let last: Vec<&str> = message.trim_end().lines().rev().take_while(|line| !line.is_empty()).collect();
    own_trailers(effect).iter().all(|(key, value)| last.contains(&format!("{key}: {value}").as_str()))
}

fn own_trailers(effect: &EffectId) -> [(String, String); 2] {
    [(RUN.to_owned(), effect.run.to_string()), (EFFECT.to_owned(), effect.to_string())]
}

/// Creates the branch; `false` if there is one of that name already.
fn create(repository: &Repository, branch: &str, commit: Oid, order: &Order) -> Result<bool, WorkspaceError> {
    let log = format!("factory: {}", order.effect);
    let mut tries = LOCK_TRIES;
    loop {
        // That it must not exist is said twice: `force` is looked at before git's lock is taken, the old value after.
        let made =
            repository.reference_matching(&reference_name(branch), commit, false, Oid::ZERO_SHA1, &log);
        match made {
            Ok(_) => return Ok(true),
            Err(taken) if matches!(taken.code(), ErrorCode::Exists | ErrorCode::Modified) => {
                return Ok(false);
            }
            Err(busy) if busy.code() == ErrorCode::Locked && tries > 0 => tries -= 1,
            Err(other) => return Err(error::git(&format!("creating the branch `{branch}`"))(other)),
        }
        thread::sleep(LOCK_WAIT);
    }
}

fn commit(repository: &Repository, base: &Commit<'_>, tree: Oid, order: &Order) -> Result<Oid, git2::Error> {
    let who = match repository.signature() {
        Ok(who) => who,
        Err(_) => Signature::now("factory", "factory@localhost")?,
    };
    let tree = repository.find_tree(tree)?;
    repository.commit(None, &who, &who, &full_message(order), &tree, &[base])
}

/// The message with its trailers, ours last: a paragraph of its own, so that nothing in the message passes for one.
fn full_message(order: &Order) -> String {
    let own = own_trailers(&order.effect);
    let given =
        order.trailers.iter().filter(|(key, _)| !own.iter().any(|(own, _)| own.eq_ignore_ascii_case(key)));
    let mut text = String::new();
    for line in order.message.replace('\0', " ").trim().lines() {
        // For git, three hyphens end a message, trailers and all.
        text.push_str(if line.starts_with("---") { " " } else { "" });
        text.push_str(line);
        text.push('\n');
    }
    if text.is_empty() {
        text = format!("{}\n", order.effect.run);
    }
    text.push('\n');
    for (key, value) in given.chain(&own) {
        let value = value.replace(['\0', '\r', '\n'], " ");
        text.push_str(&format!("{key}: {}\n", value.trim()));
    }
    text
}

/// What becomes of one file.
enum Update {
    Write { blob: Oid, executable: bool },
    Delete,
}

fn patched_tree(
    repository: &Repository,
    base: &Commit<'_>,
    order: &Order,
    rules: &PathRules,
) -> Result<Oid, WorkspaceError> {
    let mut updates: Vec<(&str, Update)> = Vec::new();
    for change in &order.patch.changes {
        let path = rules.check(change.path.as_bytes())?;
        let update = match &change.change {
            Change::Deleted => Update::Delete,
            Change::Written { content, executable, .. } => {
                let bytes = order
                    .contents
                    .get(content)
                    .ok_or_else(|| error::bad_patch(path.as_bytes(), "has no content"))?;
                let blob = repository.blob(bytes).map_err(error::git(MERGING))?;
                Update::Write { blob, executable: *executable }
            }
        };
        updates.push((path, update));
    }
    let updates: Vec<(&str, &Update)> = updates.iter().map(|(path, update)| (*path, update)).collect();
    let tree = base.tree().map_err(error::git(MERGING))?;
    let changed = rebuild(repository, Some(&tree), &updates).map_err(error::git(MERGING))?;
    match changed {
        Some(tree) => Ok(tree),
        // Everything was deleted: the one case in which git has an empty tree.
        None => repository.treebuilder(None).and_then(|empty| empty.write()).map_err(error::git(MERGING)),
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
