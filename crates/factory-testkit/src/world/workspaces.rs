//! Checkouts as plain folders of a base commit with one file, and commits that are only counted.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use factory_core::artifact::{Change, FileChange, Merge, Patch};
use factory_core::ids::{Digest, EffectId, GitOid};
use factory_engine::port::workspace::{Checkout, Contents, Guard, Landing, WorkspaceError, Workspaces};
use tempfile::TempDir;
use walkdir::WalkDir;

use super::lock;
use super::trap::Traps;
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
        Self { landed: Mutex::default(), live: Arc::default(), traps }
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
    async fn seal(
        &self,
        effect: &EffectId,
        base: &GitOid,
        patch: Option<(&Patch, &Contents)>,
    ) -> Result<Checkout, WorkspaceError> {
        assert_eq!(base, &samples::base(), "there is only one commit");
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
        Ok(Checkout { project: root.clone(), root, scratch, environment: BTreeMap::new(), guard })
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

    async fn land(&self, landing: Landing<'_>) -> Result<Merge, WorkspaceError> {
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
