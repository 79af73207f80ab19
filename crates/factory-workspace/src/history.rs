//! What the commits on local branches say: which of them take others back, and what their trailers name.
//!
//! Both are read from messages, which anyone who can commit can write. They are hints and anchors, not proofs; a message
//! about taking something back counts only with changes that do. What cannot be read is passed over: a branch that leads
//! to nothing, a parent that a shallow clone does not have.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use factory_core::ids::GitOid;
use git2::{BranchType, Commit, Oid, Repository};

use crate::project::{self, ProjectError};
use crate::undone;

/// How git begins the line in the message of `git revert`. After it comes the whole id and a full stop; for merges a
/// comma; with `--reference` a short id, a space and what it is in brackets.
const REVERTS: &str = "This reverts commit ";

/// As few digits as git ever makes an id short by itself.
const SHORTEST_ID: usize = 7;

/// How far clocks may be apart, in seconds, that gave two commits their times: a day.
const SKEW_SECONDS: i64 = 24 * 60 * 60;

/// One commit that another one takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reverted {
    /// The commit that was asked about.
    pub commit: GitOid,
    /// The commit that says it takes it back.
    pub by: GitOid,
    /// When that one was committed, in milliseconds since 1970, as its committer's clock had it. git keeps seconds.
    pub at_ms: u64,
}

/// Which of these commits are taken back on some local branch: by a commit that comes after them, has git's own `This
/// reverts commit <id>` in its message, and in which at least one file goes back. A file does if it becomes exactly what it
/// was before, or if a line with letters or digits goes that was added, or comes that was removed; so a revert counts whose
/// conflicts somebody has resolved, and an empty commit does not.
///
/// Newest first; a commit that was taken back twice is in it twice. `repo_root` is the root of a work tree.
///
/// A revert that was itself reverted is still in it: ask again, about the commits in `by`. Commits that the repository
/// does not have are not looked for. The search ends a day before the oldest of those it has.
///
/// # Errors
/// [`ProjectError::Git`] if the repository or its list of branches cannot be read.
pub fn reverts(repo_root: &Path, commits: &[GitOid]) -> Result<Vec<Reverted>, ProjectError> {
    let repository = open(repo_root)?;
    let mut asked = BTreeMap::new();
    let mut oldest = i64::MAX;
    for name in commits {
        let commit = Oid::from_str(name.as_str()).and_then(|id| repository.find_commit(id));
        if let Ok(commit) = commit {
            oldest = oldest.min(commit.time().seconds());
            asked.insert(commit.id().to_string(), name);
        }
    }
    let mut found = Vec::new();
    if asked.is_empty() {
        return Ok(found);
    }
    newest_first(&repository, repo_root, Some(oldest.saturating_sub(SKEW_SECONDS)), |commit| {
        let message = String::from_utf8_lossy(commit.message_bytes());
        let seconds = u64::try_from(commit.time().seconds()).unwrap_or(0);
        for name in reverted(&message, &asked) {
            let by = project::oid_of(commit.id());
            let named = Oid::from_str(name.as_str()).and_then(|id| repository.find_commit(id));
            let Ok(named) = named else { continue };
            if undone::undoes(&repository, commit, &named) {
                found.push(Reverted { commit: name.clone(), by, at_ms: seconds.saturating_mul(1000) });
            }
        }
    })?;
    Ok(found)
}

/// Those of the commits that a message says it takes back.
fn reverted<'a>(message: &str, asked: &BTreeMap<String, &'a GitOid>) -> BTreeSet<&'a GitOid> {
    let mut found = BTreeSet::new();
    for id in message.lines().filter_map(|line| reverted_id(line.strip_prefix(REVERTS)?)) {
        let mut meant = asked.range(id.to_owned()..).take_while(|(whole, _)| whole.starts_with(id));
        if let (Some((_, name)), None) = (meant.next(), meant.next()) {
            found.insert(*name);
        }
    }
    found
}

/// The id at the beginning of what follows [`REVERTS`], if git wrote that.
fn reverted_id(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(text.len());
    let (id, after) = text.split_at(end);
    let is_whole = matches!(id.len(), 40 | 64) && !after.starts_with(char::is_alphanumeric);
    let is_short = id.len() >= SHORTEST_ID && after.starts_with(" (");
    (is_whole || is_short).then_some(id)
}

/// Every commit that a local branch reaches whose message ends with a paragraph of trailers that has `key`, and its value;
/// newest first. A key may stand there more than once. As in git, keys are the same in upper and lower case.
///
/// # Errors
/// [`ProjectError::Git`] if the repository or its list of branches cannot be read.
pub fn trailers(repo_root: &Path, key: &str) -> Result<Vec<(GitOid, String)>, ProjectError> {
    let repository = open(repo_root)?;
    let mut found = Vec::new();
    newest_first(&repository, repo_root, None, |commit| {
        let Ok(message) = std::str::from_utf8(commit.message_bytes()) else { return };
        let Some(paragraph) = last_paragraph(message) else { return };
        // A title of our own stands for all that is before, because the parser would let hyphens there end the message.
        let Ok(trailers) = git2::message_trailers_strs(&format!("title\n\n{paragraph}\n")) else { return };
        for (_, value) in trailers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key)) {
            found.push((project::oid_of(commit.id()), value.trim().to_owned()));
        }
    })?;
    Ok(found)
}

/// The last paragraph of a message, unless that is its title or is cut in two by what git takes for the end of a message.
fn last_paragraph(message: &str) -> Option<String> {
    let mut lines: Vec<&str> = message.trim_end().lines().collect();
    let blank = lines.iter().rposition(|line| line.trim().is_empty())?;
    let paragraph = lines.split_off(blank + 1);
    let has_title = lines.iter().any(|line| !line.trim().is_empty());
    (has_title && !paragraph.iter().any(|line| line.starts_with("---"))).then(|| paragraph.join("\n"))
}

fn open(root: &Path) -> Result<Repository, ProjectError> {
    Repository::open(root).map_err(|source| ProjectError::Git { path: root.to_owned(), source })
}

/// Shows every commit that a local branch reaches, the newest first, each once, as far as they are not older than
/// `not_before` (in seconds since 1970). What is older is taken for the end: its parents are not looked at.
fn newest_first(
    repository: &Repository,
    root: &Path,
    not_before: Option<i64>,
    mut show: impl FnMut(&Commit<'_>),
) -> Result<(), ProjectError> {
    let git = |source| ProjectError::Git { path: root.to_owned(), source };
    let branches = repository.branches(Some(BranchType::Local)).map_err(git)?;
    let tips = branches.filter_map(|branch| branch.ok()?.0.get().peel_to_commit().ok());
    // Commits whose children have been shown: the last one is the newest.
    let mut ahead: BTreeMap<(i64, Oid), Commit<'_>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for tip in tips {
        seen.insert(tip.id());
        ahead.insert((tip.time().seconds(), tip.id()), tip);
    }
    while let Some(((time, _), commit)) = ahead.pop_last() {
        if not_before.is_some_and(|limit| time < limit) {
            continue;
        }
        show(&commit);
        for id in commit.parent_ids() {
            if seen.insert(id)
                && let Ok(parent) = repository.find_commit(id)
            {
                ahead.insert((parent.time().seconds(), id), parent);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_git_writes_them() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        for text in
            [format!("{id}."), format!("{id}, reversing"), id.to_owned(), format!("{id} (title, date).")]
        {
            assert_eq!(reverted_id(&text), Some(id), "{text}");
        }
        assert_eq!(reverted_id("0123456 (title, date)."), Some("0123456"));
        for text in ["", "0123456.", "012345 (title)", "this one", &format!("{id}0."), &format!("{id}g.")] {
            assert_eq!(reverted_id(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_paragraph_is_neither_the_title_nor_cut() {
        assert_eq!(last_paragraph("title\n\nbody\n\nA: 1\nB: 2\n\n\n").as_deref(), Some("A: 1\nB: 2"));
        assert_eq!(last_paragraph("title\r\n\r\nA: 1\r\n").as_deref(), Some("A: 1"));
        for message in ["", "A: 1", "\n\nA: 1\n", "title\nA: 1\n", "title\n\nA: 1\n---\nB: 2\n"] {
            assert_eq!(last_paragraph(message), None, "{message:?}");
        }
    }
}
