//! A git repository in a temporary folder, a cache beside it, and the adapter over both.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use factory_core::artifact::{Change, FileChange, Patch};
use factory_core::ids::{Attempt, Digest, EffectId, GitOid};
use factory_engine::port::workspace::{Checkout, Contents, WorkspaceError, Workspaces};
use factory_sandbox::Launcher;
use factory_workspace::{GitWorkspaces, Project, SetupConfig, WorkspaceConfig};
use git2::{IndexAddOption, Oid, Repository, RepositoryInitOptions, Signature};
use tempfile::TempDir;

/// Removed when dropped.
pub(crate) struct Fixture {
    _folder: TempDir,
    /// The repository's work tree.
    pub(crate) root: PathBuf,
    pub(crate) cache: PathBuf,
    /// Outside the repository; not made.
    pub(crate) holdouts: PathBuf,
}

impl Fixture {
    /// A repository without a commit.
    pub(crate) fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let base = folder.path().canonicalize().unwrap();
        let root = base.join("project");
        let mut options = RepositoryInitOptions::new();
        options.external_template(false).initial_head("main");
        let repository = Repository::init_opts(&root, &options).unwrap();
        let mut config = repository.config().unwrap();
        config.set_str("user.name", "Ada").unwrap();
        config.set_str("user.email", "ada@example.test").unwrap();
        config.set_str("core.autocrlf", "false").unwrap();
        Self { _folder: folder, root, cache: base.join("cache"), holdouts: base.join("holdouts") }
    }

    /// A repository with one commit of these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let fixture = Self::empty();
        for (path, content) in files {
            fixture.write(path, content);
        }
        fixture.commit("first");
        fixture
    }

    pub(crate) fn git(&self) -> Repository {
        Repository::open(&self.root).unwrap()
    }

    /// Writes into the work tree.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        write(&self.root, path, content);
    }

    /// Links in the work tree.
    pub(crate) fn link(&self, path: &str, target: &str) {
        let link = self.root.join(path);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(target, link).unwrap();
    }

    /// Commits the work tree as it is to the current branch.
    pub(crate) fn commit(&self, message: &str) -> GitOid {
        let repository = self.git();
        let mut index = repository.index().unwrap();
        index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        let tree = index.write_tree().unwrap();
        self.commit_tree(tree, message)
    }

    /// Commits a tree to the current branch.
    pub(crate) fn commit_tree(&self, tree: Oid, message: &str) -> GitOid {
        let repository = self.git();
        let tree = repository.find_tree(tree).unwrap();
        let who = Signature::now("Ada", "ada@example.test").unwrap();
        let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<_> = parent.iter().collect();
        oid(repository.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap())
    }

    pub(crate) fn head(&self) -> GitOid {
        oid(self.git().head().unwrap().peel_to_commit().unwrap().id())
    }

    pub(crate) fn config(&self) -> WorkspaceConfig {
        WorkspaceConfig {
            project: Project::discover(&self.root).unwrap(),
            cache: self.cache.clone(),
            holdout_paths: Vec::new(),
            holdout_dirs: Vec::new(),
            setup: None,
            hosts: factory_workspace::Hosts::default(),
            launcher: Launcher::new(),
        }
    }

    pub(crate) fn workspaces(&self) -> GitWorkspaces {
        GitWorkspaces::new(self.config()).unwrap()
    }

    pub(crate) fn with_holdouts(&self, paths: &[&str]) -> GitWorkspaces {
        let holdout_paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let holdout_dirs = vec![self.holdouts.clone()];
        GitWorkspaces::new(WorkspaceConfig { holdout_paths, holdout_dirs, ..self.config() }).unwrap()
    }

    pub(crate) fn with_setup(&self, setup: SetupConfig) -> GitWorkspaces {
        GitWorkspaces::new(WorkspaceConfig { setup: Some(setup), ..self.config() }).unwrap()
    }

    /// A checkout of HEAD.
    pub(crate) fn seal(&self, workspaces: &GitWorkspaces) -> Result<Checkout, WorkspaceError> {
        wait(workspaces.seal(&effect("build", 1), &self.head(), None))
    }

    /// A checkout of HEAD with a patch.
    pub(crate) fn seal_with(
        &self,
        workspaces: &GitWorkspaces,
        patch: &(Patch, Contents),
    ) -> Result<Checkout, WorkspaceError> {
        wait(workspaces.seal(&effect("build", 2), &self.head(), Some((&patch.0, &patch.1))))
    }

    pub(crate) fn extract(
        &self,
        workspaces: &GitWorkspaces,
        checkout: &Checkout,
    ) -> Result<(Patch, Contents), WorkspaceError> {
        wait(workspaces.extract(checkout, &self.head()))
    }
}

pub(crate) fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let target = root.join(path);
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::write(target, content).unwrap();
}

pub(crate) fn set_executable(path: &Path, executable: bool) {
    let mode = if executable { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn oid(oid: Oid) -> GitOid {
    oid.to_string().parse().unwrap()
}

pub(crate) fn effect(stage: &str, attempt: u32) -> EffectId {
    effect_of("mail-abc123", stage, attempt)
}

pub(crate) fn effect_of(run: &str, stage: &str, attempt: u32) -> EffectId {
    EffectId { run: run.parse().unwrap(), stage: stage.parse().unwrap(), attempt: Attempt(attempt) }
}

/// Runs a future to its end.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A patch, by hand: path and content, `None` for a deletion. A `!` before the path says that the file existed.
pub(crate) fn patch(changes: &[(&str, Option<&str>)]) -> (Patch, Contents) {
    let mut contents = Contents::new();
    let mut sorted = BTreeMap::new();
    for (path, content) in changes {
        let (path, existed) = match path.strip_prefix('!') {
            Some(path) => (path, true),
            None => (*path, false),
        };
        let change = match content {
            None => Change::Deleted,
            Some(text) => {
                let digest = Digest::of(text.as_bytes());
                contents.insert(digest.clone(), text.as_bytes().to_vec());
                Change::Written { content: digest, executable: false, existed }
            }
        };
        sorted.insert(path.to_owned(), change);
    }
    let changes = sorted.into_iter().map(|(path, change)| FileChange { path, change }).collect();
    (Patch { changes }, contents)
}

/// A patch in few words: `+` new, `~` changed, `-` deleted, `*` after the path of an executable.
pub(crate) fn words(patch: &Patch) -> Vec<String> {
    let word = |change: &FileChange| match &change.change {
        Change::Deleted => format!("-{}", change.path),
        Change::Written { executable, existed, .. } => {
            let sign = if *existed { '~' } else { '+' };
            format!("{sign}{}{}", change.path, if *executable { "*" } else { "" })
        }
    };
    patch.changes.iter().map(word).collect()
}

/// The path and the reason of a refusal, whichever kind it is.
pub(crate) fn refusal<T>(result: Result<T, WorkspaceError>) -> (String, String) {
    match result {
        Ok(_) => panic!("nothing was refused"),
        Err(WorkspaceError::Refused { path, reason } | WorkspaceError::BadPatch { path, reason }) => {
            (path, reason)
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// Files below a folder, without `.git`, relative and sorted.
pub(crate) fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(root).unwrap();
        if !path.starts_with(".git") && !entry.file_type().is_dir() {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    found
}
