//! The merge: base plus patch as a commit on a branch of its own, in the user's repository.
//!
//! Objects come first and the branch last. The branch is created only if it is not there, under git's own lock on it, so
//! a crash before leaves nothing but unreachable objects, and of two processes one wins. Branches that exist, the index
//! and the work tree stay as they are.
//!
//! What has been answered has reached the disk. libgit2 leaves that to the system unless it is told otherwise.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;

use factory_core::artifact::{Merge, Patch};
use factory_core::ids::{EffectId, GitOid};
use factory_engine::port::workspace::{Contents, WorkspaceError};
use git2::{Commit, ConfigLevel, ErrorCode, Oid, Reference, Repository, Signature};
use tempfile::NamedTempFile;

use crate::error;
use crate::patched;
use crate::paths::PathRules;
use crate::project;
use crate::tree;

/// Trailers that name the run and the performance; written always, and looked for before anything is made.
const RUN: &str = "Factory-Run";
const EFFECT: &str = "Factory-Effect";

/// How often, and how long after, a branch is tried again that another process has locked. git itself waits for 0.1 s.
const LOCK_TRIES: u32 = 40;
const LOCK_WAIT: Duration = Duration::from_millis(25);

/// Makes libgit2 sync every object and branch that it writes, and the folder that it is in, before it goes on. Its own
/// name for this is `GIT_OPT_ENABLE_FSYNC_GITDIR`, which can only be reached by unsafe code.
const SYNCED: &[u8] = b"[core]\n\tfsyncObjectFiles = true\n";

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

/// Lands it, or answers what was landed for the same effect before. `cache` is for a small file that is gone afterwards.
///
/// # Errors
/// [`WorkspaceError::BadPatch`] for paths that no patch may have and a patch that is for another base; otherwise what git
/// says.
pub(crate) fn land(
    repository: &Repository,
    order: &Order,
    rules: &PathRules,
    cache: &Path,
) -> Result<Merge, WorkspaceError> {
    let _settings = sync_from_now_on(repository, cache)?;
    let names = branch_names(&order.effect, &order.slug);
    for name in &names {
        if let Some(commit) = find(repository, name)?
            && is_ours(&commit, &order.effect)
        {
            return landed(repository, name, &commit, order, rules);
        }
    }
    let base = tree::commit(repository, &order.base)?;
    let before = base.tree().map_err(error::git(MERGING))?;
    let changed = patched::write(repository, &before, &order.patch, &order.contents, rules)?;
    let commit = commit(repository, &base, changed, order).map_err(error::git(MERGING))?;
    // libgit2 syncs the folder that an object is in, but not the one above, in which that folder may be new.
    sync_folder(&repository.commondir().join("objects"))?;
    for name in &names {
        if create(repository, name, commit, order)? {
            sync_folder(&repository.commondir().join("refs/heads"))?;
            return Ok(Merge {
                branch: name.clone(),
                commit: project::oid_of(commit),
                base: order.base.clone(),
                patch: order.patch.digest(),
            });
        }
        // Another process may have been faster with the same performance.
        if let Some(found) = find(repository, name)?
            && is_ours(&found, &order.effect)
        {
            return landed(repository, name, &found, order, rules);
        }
    }
    Err(WorkspaceError::Io {
        action: format!("creating a branch for {}", order.effect),
        source: format!("other work is on {}", names.join(" and on ")).into(),
    })
}

/// What is on a branch already, as the commit itself says it: since it was made, the branch that work starts from may have
/// moved, and what is asked for now may be another patch against another base.
fn landed(
    repository: &Repository,
    branch: &str,
    commit: &Commit<'_>,
    order: &Order,
    rules: &PathRules,
) -> Result<Merge, WorkspaceError> {
    let git = || error::git("reading the merge commit");
    let base = commit.parent(0).map_err(git())?;
    let (before, after) = (base.tree().map_err(git())?, commit.tree().map_err(git())?);
    let asked = patched::write(repository, &before, &order.patch, &order.contents, rules);
    // Patches may differ in what they say and not in what they do, so the order's own name for it comes first.
    let patch = match asked {
        Ok(tree) if tree == after.id() => order.patch.digest(),
        Ok(_) | Err(_) => patched::between(repository, &before, &after).map_err(git())?.digest(),
    };
    let (commit, base) = (project::oid_of(commit.id()), project::oid_of(base.id()));
    Ok(Merge { branch: branch.to_owned(), commit, base, patch })
}

/// See [`SYNCED`]. It must come before anything is read, because libgit2 looks at this setting once; the file must last
/// as long as the repository is used. The user's own settings stay as they are.
fn sync_from_now_on(repository: &Repository, cache: &Path) -> Result<NamedTempFile, WorkspaceError> {
    let writing = "writing settings for the merge";
    let mut settings = NamedTempFile::new_in(cache).map_err(error::io(writing))?;
    settings.write_all(SYNCED).map_err(error::io(writing))?;
    let mut config = repository.config().map_err(error::git(writing))?;
    config.add_file(settings.path(), ConfigLevel::App, true).map_err(error::git(writing))?;
    Ok(settings)
}

fn sync_folder(folder: &Path) -> Result<(), WorkspaceError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(error::io(MERGING))
}

/// Whether the commit of this performance is there.
pub(crate) fn has_landed(
    repository: &Repository,
    effect: &EffectId,
    slug: &str,
) -> Result<bool, WorkspaceError> {
    for name in branch_names(effect, slug) {
        if find(repository, &name)?.is_some_and(|commit| is_ours(&commit, effect)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The branches to try, without a slug that git would not take.
fn branch_names(effect: &EffectId, slug: &str) -> Vec<String> {
    let mut names = vec![format!("factory/{slug}"), format!("factory/{}", effect.run)];
    names.retain(|name| Reference::is_valid_name(&reference_name(name)));
    names.dedup();
    names
}

fn reference_name(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

/// The tip of a local branch, if there is one of that name.
pub(crate) fn find<'r>(
    repository: &'r Repository,
    branch: &str,
) -> Result<Option<Commit<'r>>, WorkspaceError> {
    let name = reference_name(branch);
    // git has no such branch, and libgit2 would call the question an error.
    if !Reference::is_valid_name(&name) {
        return Ok(None);
    }
    match repository.find_reference(&name) {
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
    let who = author(repository)?;
    let tree = repository.find_tree(tree)?;
    repository.commit(None, &who, &who, &full_message(order), &tree, &[base])
}

/// Who git says the user is, without what would make the commit's header mean something else: git itself leaves out the
/// same characters. Somebody without a name there is nobody in particular.
pub(crate) fn author(repository: &Repository) -> Result<Signature<'static>, git2::Error> {
    let nobody = || Signature::now("factory", "factory@localhost");
    let Ok(who) = repository.signature() else { return nobody() };
    let clean = |bytes: &[u8]| {
        let kept = |c: &char| !factory_core::plain::is_hidden(*c) && !matches!(c, '<' | '>');
        String::from_utf8_lossy(bytes).chars().filter(kept).collect::<String>().trim().to_owned()
    };
    let (name, mail) = (clean(who.name_bytes()), clean(who.email_bytes()));
    if name.is_empty() || mail.is_empty() { nobody() } else { Signature::now(&name, &mail) }
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
