//! What everything is tried on: a repository with a holdout, protected files and links, and something beside it that
//! nobody may touch. One for each thread, removed with it.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use factory_core::ids::GitOid;
use factory_core::protected;
use git2::{IndexAddOption, Repository, Signature, Tree};
use tempfile::TempDir;

use crate::holdouts::HoldoutBlobs;
use crate::ignore::IgnoreRules;
use crate::paths::PathRules;
use crate::project;
use crate::tree::{self, Listing};

/// What the holdout says, long enough to be told from an accident.
pub(super) const SECRET: &[u8] =
    b"# Scenario: Dulcinea remains unannounced\n\nWhen the client sends GET /hello/dulcinea-del-toboso\n";
/// What is beside the repository.
const OUTSIDE: &[u8] = b"this is outside of every checkout\n";

/// The files of the base.
const FILES: [(&str, &[u8]); 10] = [
    ("README.md", b"one\ntwo\nthree\n"),
    ("src/app.py", b"print('hello')\n"),
    ("src/kept", b"text\n"),
    ("deep/a/b/c", b"text\n"),
    (".gitignore", b"ignored\n*.log\n"),
    ("AGENTS.md", b"be careful\n"),
    (".github/workflows/ci.yml", b"on: push\n"),
    ("specs/x.md", b"# Feature: x\n"),
    ("holdouts/secret.md", SECRET),
    ("factory.toml", b"schema = 1\n"),
];

pub(super) struct Ground {
    folder: TempDir,
    pub(super) repository: Repository,
    pub(super) base: GitOid,
    /// A later commit, which has changed some of the files.
    pub(super) later: GitOid,
    pub(super) listing: Listing,
    pub(super) ignore: IgnoreRules,
    pub(super) holdouts: HoldoutBlobs,
    rules: PathRules,
}

thread_local! {
    static GROUND: Ground = Ground::new();
}

/// Does something on this thread's ground; what is outside of it has to be as it was.
pub(super) fn on_it<R>(work: impl FnOnce(&Ground) -> R) -> R {
    GROUND.with(|ground| {
        let result = work(ground);
        let found = files(&ground.outside());
        assert_eq!(found, [(b"secret".to_vec(), OUTSIDE.to_vec())].into(), "something outside has changed");
        result
    })
}

impl Ground {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("project");
        let repository = Repository::init(&root).unwrap();
        for (path, content) in FILES {
            write(&root, path, content);
        }
        symlink("src/app.py", root.join("link")).unwrap();
        let base = commit(&repository);
        write(&root, "README.md", b"one\ntwo\nthree\nfour\n");
        fs::remove_file(root.join("src/kept")).unwrap();
        write(&root, "src/kept/folder", b"text\n");
        let later = commit(&repository);
        fs::create_dir(folder.path().join("outside")).unwrap();
        fs::write(folder.path().join("outside/secret"), OUTSIDE).unwrap();
        let rules = PathRules::new(&["holdouts".to_owned()], "");
        let listing = tree::list(&repository, &base, &rules).unwrap();
        let ignore = IgnoreRules::of_base(&repository, &listing, folder.path()).unwrap();
        let hidden: HashSet<_> = listing.hidden.iter().copied().collect();
        let holdouts = HoldoutBlobs::collect(hidden, &[]).unwrap();
        Self { folder, repository, base, later, listing, ignore, holdouts, rules }
    }

    pub(super) fn outside(&self) -> PathBuf {
        self.folder.path().join("outside")
    }

    /// A folder for one case.
    pub(super) fn place(&self) -> TempDir {
        TempDir::new_in(self.folder.path()).unwrap()
    }

    /// What a patch may touch if the specification names these.
    pub(super) fn rules(&self, named: &[String]) -> PathRules {
        self.rules.naming(named)
    }

    pub(super) fn tree(&self, of: &GitOid) -> Tree<'_> {
        tree::commit(&self.repository, of).unwrap().tree().unwrap()
    }

    /// The files of the base that a checkout shows.
    pub(super) fn visible(&self) -> impl Iterator<Item = (&'static str, &'static [u8])> {
        FILES.into_iter().filter(|(path, _)| !path.starts_with("holdouts"))
    }
}

pub(super) fn write(root: &Path, path: &str, content: &[u8]) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, content).unwrap();
}

fn commit(repository: &Repository) -> GitOid {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], IndexAddOption::FORCE, None).unwrap();
    index.update_all(["*"], None).unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = Signature::now("Ada", "ada@example.test").unwrap();
    let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
    let parents: Vec<_> = parent.iter().collect();
    project::oid_of(repository.commit(Some("HEAD"), &who, &who, "a commit", &tree, &parents).unwrap())
}

/// Every file below a folder with its content, by path; links are not followed.
pub(super) fn files(root: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    use std::os::unix::ffi::OsStrExt;
    let entries = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            let path = entry.path().strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec();
            (path, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// That a path is one that a patch may touch, said without the code that is tested where that is possible.
pub(super) fn assert_allowed(path: &str, named: &[String]) {
    assert!(!path.starts_with('/') && !path.chars().any(char::is_control), "{path:?}");
    for name in path.split('/') {
        assert!(!matches!(name, "" | "." | ".."), "{path:?}");
        let lower = name.to_lowercase();
        assert!(!matches!(lower.as_str(), ".git" | ".factory" | "git~1"), "{path:?}");
    }
    let folded = protected::fold(path.as_bytes());
    assert!(folded != "holdouts" && !folded.starts_with("holdouts/"), "{path:?} is hidden");
    assert!(!protected::is_closed(path), "{path:?} is closed");
    let is_named = named.iter().any(|one| {
        let one = protected::fold(one.as_bytes());
        folded == one || (one.ends_with('/') && folded.starts_with(&one))
    });
    assert!(is_named || !protected::is_protected(path, ""), "{path:?} is protected");
}
