//! Which untracked files of a checkout are no part of the work: what the base ignores, and caches that tools leave behind.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use factory_engine::port::workspace::WorkspaceError;
use git2::{Repository, RepositoryInitOptions};
use tempfile::TempDir;

use crate::error;
use crate::tree::{Kind, Listing};

/// Folders that tools make, under names that nothing else has.
const CACHE_FOLDERS: [&[u8]; 4] = [b"__pycache__", b"node_modules", b".venv", b".pytest_cache"];

/// A build folder with a name that source folders have too: only beside one of these it is a cache.
const BUILD_FOLDER: &[u8] = b"target";
const BUILD_FILES: [&[u8]; 2] = [b"Cargo.toml", b"pom.xml"];

const READING: &str = "reading the base commit's .gitignore files";

/// The base's rules. They are looked up in a repository of its own that has nothing but the base's `.gitignore` files:
/// neither the candidate's nor those in the user's work tree, nor anyone's global ones.
pub(crate) struct IgnoreRules {
    repository: Repository,
    _folder: TempDir,
}

impl IgnoreRules {
    /// Takes the rules of a base; `place` is a folder for temporary files that the candidate does not know.
    pub(crate) fn of_base(source: &Repository, base: &Listing, place: &Path) -> Result<Self, WorkspaceError> {
        let folder = TempDir::new_in(place).map_err(error::io(READING))?;
        let repository = init(folder.path()).map_err(error::git(READING))?;
        for (path, entry) in &base.visible {
            let is_rules = path.rsplit(|b| *b == b'/').next() == Some(b".gitignore");
            if !is_rules || entry.kind == Kind::Link {
                continue;
            }
            let blob = source.find_blob(entry.blob).map_err(error::git(READING))?;
            let target = folder.path().join(OsStr::from_bytes(path));
            let parent = target.parent().expect("a file of a tree has a folder");
            fs::create_dir_all(parent).map_err(error::io(READING))?;
            fs::write(&target, blob.content()).map_err(error::io(READING))?;
        }
        Ok(Self { repository, _folder: folder })
    }

    /// Whether an untracked path is ignored. The folders above it are taken to be not ignored.
    pub(crate) fn ignores(
        &self,
        path: &[u8],
        is_folder: bool,
        siblings: &Siblings,
    ) -> Result<bool, WorkspaceError> {
        let name = path.rsplit(|b| *b == b'/').next().unwrap_or(path);
        let build = is_folder && name == BUILD_FOLDER && siblings.builds;
        if build || CACHE_FOLDERS.contains(&name) || name.ends_with(b".pyc") {
            return Ok(true);
        }
        // A slash at the end tells libgit2 that it is a folder, since there is none to look at.
        let asked = if is_folder { [path, b"/"].concat() } else { path.to_vec() };
        self.repository
            .is_path_ignored(Path::new(OsStr::from_bytes(&asked)))
            .map_err(error::git("asking what the base ignores"))
    }
}

/// What matters of the files beside the one that is looked at.
#[derive(Default)]
pub(crate) struct Siblings {
    builds: bool,
}

impl Siblings {
    pub(crate) fn of<'n>(mut names: impl Iterator<Item = &'n [u8]>) -> Self {
        Self { builds: names.any(|name| BUILD_FILES.contains(&name)) }
    }
}

fn init(root: &Path) -> Result<Repository, git2::Error> {
    let mut options = RepositoryInitOptions::new();
    options.external_template(false).initial_head("main");
    let repository = Repository::init_opts(root, &options)?;
    repository.config()?.set_str("core.excludesFile", "/nonexistent")?;
    let path = repository.path().to_owned();
    drop(repository);
    Repository::open(path)
}
