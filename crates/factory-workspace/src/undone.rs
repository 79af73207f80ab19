//! Whether a commit that says it takes another one back has done so. Anyone can write the message; what was changed has to
//! come undone.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use git2::{Commit, DiffDelta, DiffFile, DiffFindOptions, DiffOptions, FileMode, Oid, Repository, Tree};

/// Whether `by` comes after `commit`, and at least one file goes back in it: to exactly what it was before `commit`, or by
/// a line with letters or digits that `commit` had added and `by` removes, or the other way round. A file that was renamed
/// in between is the same file. What cannot be read shows nothing.
pub(crate) fn undoes(repository: &Repository, by: &Commit<'_>, commit: &Commit<'_>) -> bool {
    comes_after(repository, by, commit.id()) && goes_back(repository, by, commit).unwrap_or(false)
}

/// By hand, because a parent that a shallow clone lacks is no error here.
fn comes_after(repository: &Repository, by: &Commit<'_>, commit: Oid) -> bool {
    let mut seen = HashSet::new();
    let mut ahead: Vec<Oid> = by.parent_ids().collect();
    while let Some(id) = ahead.pop() {
        if id == commit {
            return true;
        }
        if seen.insert(id)
            && let Ok(found) = repository.find_commit(id)
        {
            ahead.extend(found.parent_ids());
        }
    }
    false
}

fn goes_back(repository: &Repository, by: &Commit<'_>, commit: &Commit<'_>) -> Result<bool, git2::Error> {
    let from = by.parent(0)?.tree()?;
    let undoing = changes(repository, Some(&from), &by.tree()?)?;
    if undoing.is_empty() {
        return Ok(false);
    }
    let tree = commit.tree()?;
    // Of a merge, any of its sides can be taken back.
    let mut before: Vec<Option<Tree<'_>>> = Vec::new();
    for parent in commit.parents() {
        before.push(Some(parent.tree()?));
    }
    if commit.parent_count() == 0 {
        before.push(None);
    }
    let renamed = renamed(repository, &tree, &from)?;
    for side in before {
        let done = changes(repository, side.as_ref(), &tree)?;
        let is_undone = |(path, change): (&Path, &Change)| {
            let now = if undoing.contains_key(path) { Some(path) } else { renamed.get(path) };
            now.and_then(|now| undoing.get(now)).is_some_and(|undoing| change.is_undone_by(undoing))
        };
        if done.iter().any(is_undone) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A path, as git has it.
type Path = Vec<u8>;

/// What became of one file.
struct Change {
    /// Content and mode; zero and unreadable where there was no file.
    before: (Oid, FileMode),
    after: (Oid, FileMode),
    added: BTreeSet<Vec<u8>>,
    removed: BTreeSet<Vec<u8>>,
}

impl Change {
    fn of(delta: &DiffDelta<'_>) -> Self {
        let side = |file: DiffFile<'_>| (file.id(), file.mode());
        Self {
            before: side(delta.old_file()),
            after: side(delta.new_file()),
            added: BTreeSet::new(),
            removed: BTreeSet::new(),
        }
    }

    fn is_undone_by(&self, later: &Self) -> bool {
        later.after == self.before
            || !self.added.is_disjoint(&later.removed)
            || !self.removed.is_disjoint(&later.added)
    }
}

/// The files that differ, with the lines that say something: of one that only closes a bracket, every file has some.
fn changes(
    repository: &Repository,
    before: Option<&Tree<'_>>,
    after: &Tree<'_>,
) -> Result<BTreeMap<Path, Change>, git2::Error> {
    let mut options = DiffOptions::new();
    options.context_lines(0);
    let diff = repository.diff_tree_to_tree(before, Some(after), Some(&mut options))?;
    let mut found: BTreeMap<Path, Change> = BTreeMap::new();
    for delta in diff.deltas() {
        found.insert(path(&delta), Change::of(&delta));
    }
    diff.foreach(
        &mut |_, _| true,
        None,
        None,
        Some(&mut |delta, _, line| {
            let text = line.content().trim_ascii();
            if text.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
                && let Some(change) = found.get_mut(&path(&delta))
            {
                match line.origin() {
                    '+' => change.added.insert(text.to_vec()),
                    '-' => change.removed.insert(text.to_vec()),
                    _ => false,
                };
            }
            true
        }),
    )?;
    Ok(found)
}

fn path(delta: &DiffDelta<'_>) -> Path {
    let file = if delta.old_file().path_bytes().is_some() { delta.old_file() } else { delta.new_file() };
    file.path_bytes().unwrap_or_default().to_vec()
}

/// The new paths of files that were renamed between the two, by their old ones.
fn renamed(
    repository: &Repository,
    old: &Tree<'_>,
    new: &Tree<'_>,
) -> Result<BTreeMap<Path, Path>, git2::Error> {
    let mut diff = repository.diff_tree_to_tree(Some(old), Some(new), None)?;
    diff.find_similar(Some(DiffFindOptions::new().renames(true)))?;
    let pair = |delta: DiffDelta<'_>| {
        let side = |file: DiffFile<'_>| file.path_bytes().map(<[u8]>::to_vec);
        (delta.status() == git2::Delta::Renamed)
            .then(|| Some((side(delta.old_file())?, side(delta.new_file())?)))
            .flatten()
    };
    Ok(diff.deltas().filter_map(pair).collect())
}
