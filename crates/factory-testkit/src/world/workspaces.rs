//! Checkouts as plain folders of a base commit with one file, and commits that are only counted. The branch can move on:
//! every commit that it ever named holds the same file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use factory_core::artifact::{Change, FileChange, Merge, Patch};
use factory_core::ids::{Digest, EffectId, GitOid};
use factory_core::protected;
use factory_engine::port::workspace::{
    Checkout, Contents, Guard, Landing, Rebased, WorkspaceError, Workspaces,
};
use tempfile::TempDir;
use walkdir::WalkDir;

use super::trap::Traps;
use super::{World, lock};
use crate::samples;

/// What the base commit holds.
const BASE: [(&str, &str); 1] = [("README.md", "a program that greets\n")];

/// A commit that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// The performance that made it.
    pub effect: EffectId,
    /// Its message.
    pub message: String,
    /// Its trailers.
    pub trailers: Vec<(String, String)>,
    /// What the engine was answered.
    pub merge: Merge,
}

pub(super) struct WorldWorkspaces {
    landed: Mutex<Vec<Landed>>,
    live: Arc<AtomicUsize>,
    traps: Arc<Traps>,
    base: Mutex<Base>,
    /// Protected paths that patches may touch.
    named: Mutex<Vec<String>>,
}

/// Where the branch is, and what happened to patches on the way there.
struct Base {
    /// Every commit that the branch has named, oldest first.
    known: Vec<GitOid>,
    /// Whether the branch is still there; its tip is the last one of those.
    is_there: bool,
    /// Paths at which patches conflict from now on.
    conflicts: Vec<String>,
    /// Patches that were carried over: from, onto.
    rebased: Vec<(GitOid, GitOid)>,
}

impl World {
    /// The branch moves on to another commit: that is its tip from now on, and checkouts of it can be made.
    pub fn moved_to(&self, tip: &GitOid) {
        let mut base = lock(&self.workspaces.base);
        base.known.push(tip.clone());
        base.is_there = true;
    }

    /// The branch is deleted. Its commits stay.
    pub fn branch_deleted(&self) {
        lock(&self.workspaces.base).is_there = false;
    }

    /// From now on, patches that touch one of these paths conflict when they are carried to another base. With none,
    /// every patch can be carried over again.
    pub fn conflicts_at(&self, paths: &[&str]) {
        lock(&self.workspaces.base).conflicts = paths.iter().map(|path| (*path).to_owned()).collect();
    }

    /// From where to where patches were carried, in order, whether they conflicted or not.
    pub fn rebased(&self) -> Vec<(GitOid, GitOid)> {
        lock(&self.workspaces.base).rebased.clone()
    }
}

/// Removes the folder, and is missed until then.
#[derive(Debug)]
struct Live {
    _folder: TempDir,
    live: Arc<AtomicUsize>,
}

impl Guard for Live {}

impl Drop for Live {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Ordering::SeqCst);
    }
}

fn io(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> WorkspaceError {
    WorkspaceError::Io { action: "writing the checkout".to_owned(), source: error.into() }
}

impl WorldWorkspaces {
    pub(super) fn new(traps: Arc<Traps>) -> Self {
        let known = vec![samples::base()];
        let base = Base { known, is_there: true, conflicts: Vec::new(), rebased: Vec::new() };
        Self {
            landed: Mutex::default(),
            live: Arc::default(),
            traps,
            base: Mutex::new(base),
            named: Mutex::default(),
        }
    }

    /// # Panics
    /// For a commit that the branch never named.
    fn assert_known(&self, commit: &GitOid) {
        assert!(lock(&self.base).known.contains(commit), "there is no commit {commit}");
    }

    pub(super) fn landed(&self) -> Vec<Landed> {
        lock(&self.landed).clone()
    }

    pub(super) fn live(&self) -> usize {
        self.live.load(Ordering::SeqCst)
    }
}

fn write(root: &Path, path: &str, content: &[u8]) -> Result<(), WorkspaceError> {
    let file = root.join(path);
    let folder = file.parent().expect("a file stands in a folder");
    fs::create_dir_all(folder).and_then(|()| fs::write(&file, content)).map_err(io)
}

fn apply(root: &Path, patch: &Patch, contents: &Contents) -> Result<(), WorkspaceError> {
    for file in &patch.changes {
        match &file.change {
            Change::Written { content, .. } => write(root, &file.path, &contents[content])?,
            Change::Deleted => fs::remove_file(root.join(&file.path)).map_err(io)?,
        }
    }
    Ok(())
}

#[async_trait]
impl Workspaces for WorldWorkspaces {
    fn naming(self: Arc<Self>, protected: &[String]) -> Arc<dyn Workspaces> {
        *lock(&self.named) = protected.to_vec();
        self
    }

    async fn seal(
        &self,
        effect: &EffectId,
        base: &GitOid,
        patch: Option<(&Patch, &Contents)>,
    ) -> Result<Checkout, WorkspaceError> {
        self.assert_known(base);
        if effect.stage.as_str() == "spec" {
            self.traps.spring("spec").await.map_err(|_| io("no space is left"))?;
        }
        let folder = tempfile::tempdir().map_err(io)?;
        let (root, scratch) = (folder.path().join("tree"), folder.path().join("scratch"));
        fs::create_dir(&scratch).map_err(io)?;
        for (path, text) in BASE {
            write(&root, path, text.as_bytes())?;
        }
        if let Some((patch, contents)) = patch {
            apply(&root, patch, contents)?;
        }
        self.live.fetch_add(1, Ordering::SeqCst);
        let guard = Box::new(Live { _folder: folder, live: Arc::clone(&self.live) });
        Ok(Checkout {
            project: root.clone(),
            root,
            scratch,
            environment: BTreeMap::new(),
            dependencies: None,
            hosts: Vec::new(),
            proof: samples::proof(),
            guard,
        })
    }

    async fn extract(
        &self,
        checkout: &Checkout,
        _base: &GitOid,
    ) -> Result<(Patch, Contents), WorkspaceError> {
        let base: BTreeMap<&str, &str> = BASE.into_iter().collect();
        let mut patch = Patch::default();
        let mut contents = Contents::new();
        for entry in WalkDir::new(&checkout.root).sort_by_file_name() {
            let entry = entry.map_err(io)?;
            if !entry.file_type().is_file() {
                continue;
            }
            let path =
                entry.path().strip_prefix(&checkout.root).expect("found under the root").to_string_lossy();
            let content = fs::read(entry.path()).map_err(io)?;
            if protected::is_protected(&path, "") && !protected::is_named(&lock(&self.named), &path) {
                let reason = "is protected".to_owned();
                return Err(WorkspaceError::BadPatch { path: path.into_owned(), reason });
            }
            let before = base.get(&*path);
            if before.is_some_and(|text| text.as_bytes() == content) {
                continue;
            }
            let digest = Digest::of(&content);
            contents.insert(digest.clone(), content);
            let change = Change::Written { content: digest, executable: false, existed: before.is_some() };
            patch.changes.push(FileChange { path: path.into_owned(), change });
        }
        Ok((patch, contents))
    }

    async fn diff(
        &self,
        _base: &GitOid,
        patch: &Patch,
        contents: &Contents,
    ) -> Result<String, WorkspaceError> {
        let mut diff = String::new();
        for file in &patch.changes {
            diff.push_str(&format!("+++ {}\n", file.path));
            match &file.change {
                Change::Written { content, .. } => {
                    diff.push_str(&String::from_utf8_lossy(&contents[content]))
                }
                Change::Deleted => diff.push_str("(deleted)"),
            }
        }
        Ok(diff)
    }

    async fn tip(&self, branch: Option<&str>) -> Result<Option<GitOid>, WorkspaceError> {
        let base = lock(&self.base);
        let is_there = branch.is_some() && base.is_there;
        Ok(if is_there { base.known.last().cloned() } else { None })
    }

    async fn rebase(
        &self,
        patch: &Patch,
        contents: &Contents,
        from: &GitOid,
        onto: &GitOid,
    ) -> Result<Rebased, WorkspaceError> {
        self.assert_known(from);
        self.assert_known(onto);
        let mut base = lock(&self.base);
        base.rebased.push((from.clone(), onto.clone()));
        let touched = patch.changes.iter().map(|file| file.path.clone());
        let paths: Vec<String> = touched.filter(|path| base.conflicts.contains(path)).collect();
        if paths.is_empty() {
            return Ok(Rebased::Clean { patch: patch.clone(), contents: contents.clone() });
        }
        Ok(Rebased::Conflict { paths })
    }

    async fn landed(&self, effect: &EffectId, _slug: &str) -> Result<bool, WorkspaceError> {
        Ok(lock(&self.landed).iter().any(|landed| landed.effect == *effect))
    }

    async fn land(&self, landing: Landing<'_>) -> Result<Merge, WorkspaceError> {
        self.assert_known(landing.base);
        self.traps.spring(landing.effect.stage.as_str()).await.map_err(|_| io("the repository is gone"))?;
        let mut landed = lock(&self.landed);
        if let Some(before) = landed.iter().find(|landed| &landed.effect == landing.effect) {
            return Ok(before.merge.clone());
        }
        let named = Digest::of(format!("{} {}", landing.effect, landing.patch.digest()).as_bytes());
        let merge = Merge {
            branch: format!("factory/{}", landing.slug),
            commit: named.as_str()[..40].parse().expect("forty hexadecimal digits"),
            base: landing.base.clone(),
            patch: landing.patch.digest(),
        };
        landed.push(Landed {
            effect: landing.effect.clone(),
            message: landing.message,
            trailers: landing.trailers,
            merge: merge.clone(),
        });
        Ok(merge)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at once")]
mod tests {
    use super::*;

    fn patch() -> Patch {
        let change = |path: &str| FileChange { path: path.to_owned(), change: Change::Deleted };
        Patch { changes: vec![change("a"), change("b")] }
    }

    #[tokio::test]
    async fn the_branch_moves_and_goes() {
        let world = World::new(&["x"]);
        let workspaces = Arc::clone(&world.workspaces);
        let tip = async |branch| workspaces.tip(branch).await.unwrap();
        assert_eq!(tip(Some("main")).await, Some(samples::base()));
        assert_eq!(tip(None).await, None);
        let moved: GitOid = "d".repeat(40).parse().unwrap();
        world.moved_to(&moved);
        assert_eq!(tip(Some("main")).await, Some(moved.clone()));
        world.branch_deleted();
        assert_eq!(tip(Some("main")).await, None);
        world.moved_to(&samples::base());
        assert_eq!(tip(Some("main")).await, Some(samples::base()));
    }

    #[tokio::test]
    async fn a_patch_conflicts_where_it_is_told_to() {
        let world = World::new(&["x"]);
        let (from, onto): (_, GitOid) = (samples::base(), "d".repeat(40).parse().unwrap());
        world.moved_to(&onto);
        let carry = async || world.workspaces.rebase(&patch(), &Contents::new(), &from, &onto).await.unwrap();
        let clean = Rebased::Clean { patch: patch(), contents: Contents::new() };
        assert_eq!(carry().await, clean);
        world.conflicts_at(&["b", "c"]);
        assert_eq!(carry().await, Rebased::Conflict { paths: vec!["b".to_owned()] });
        world.conflicts_at(&[]);
        assert_eq!(carry().await, clean);
        assert_eq!(world.rebased(), vec![(from, onto); 3]);
    }

    #[tokio::test]
    #[should_panic(expected = "there is no commit")]
    async fn a_commit_that_never_was_has_no_checkout() {
        let world = World::new(&["x"]);
        let unknown: GitOid = "e".repeat(40).parse().unwrap();
        let carried = world.workspaces.rebase(&patch(), &Contents::new(), &samples::base(), &unknown).await;
        panic!("carried: {carried:?}");
    }
}
