//! The project: a folder with a `factory.toml` in a git repository.

use std::path::{Path, PathBuf};

use factory_core::ids::GitOid;
use git2::{ErrorCode, ObjectType, Oid, Repository, StatusOptions, TreeWalkMode, TreeWalkResult};

use crate::error;

/// The file whose folder is the project.
const CONFIG_FILE: &str = "factory.toml";

/// What is worked on, as it was when it was discovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    root: PathBuf,
    subdirectory: String,
    head: GitOid,
    branch: Option<String>,
}

/// Why a folder is not a project that can be worked on, or could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No repository encloses the folder.
    #[error("`{path}` is not in a git repository")]
    NotARepository {
        /// The folder that was asked about.
        path: PathBuf,
    },
    /// The repository has no work tree.
    #[error("the git repository `{path}` is bare, so there is nothing to work on")]
    Bare {
        /// The repository.
        path: PathBuf,
    },
    /// HEAD names a branch without a commit.
    #[error("the git repository `{path}` has no commit yet")]
    NoCommit {
        /// The repository's work tree.
        path: PathBuf,
    },
    /// The project's folder cannot be written as text.
    #[error("the path `{path}` is not UTF-8")]
    NotUtf8 {
        /// The folder, relative to the repository's root.
        path: PathBuf,
    },
    /// git said no.
    #[error("reading the git repository `{path}` failed")]
    Git {
        /// The folder that was asked about, or the repository's work tree.
        path: PathBuf,
        /// What it said.
        #[source]
        source: git2::Error,
    },
    /// The file system said no.
    #[error("reading `{path}` failed")]
    Io {
        /// The folder.
        path: PathBuf,
        /// What it said.
        #[source]
        source: std::io::Error,
    },
}

impl Project {
    /// The project that `directory` is in: the nearest folder upward with a `factory.toml`, up to the root of the
    /// enclosing git repository, which is the project if there is none. Looks at HEAD once; a later commit changes nothing.
    ///
    /// # Errors
    /// [`ProjectError`], with the path.
    pub fn discover(directory: &Path) -> Result<Self, ProjectError> {
        let io = |source| ProjectError::Io { path: directory.to_owned(), source };
        let directory = directory.canonicalize().map_err(io)?;
        let repository = Repository::discover(&directory).map_err(|source| match source.code() {
            ErrorCode::NotFound => ProjectError::NotARepository { path: directory.clone() },
            _ => ProjectError::Git { path: directory.clone(), source },
        })?;
        let Some(root) = repository.workdir() else {
            return Err(ProjectError::Bare { path: repository.path().to_owned() });
        };
        let root = root.canonicalize().map_err(io)?;
        let subdirectory = subdirectory(&root, &directory)?;
        let git = |source| ProjectError::Git { path: root.clone(), source };
        let head = match repository.head() {
            Ok(head) => head,
            Err(error) if error.code() == ErrorCode::UnbornBranch => {
                return Err(ProjectError::NoCommit { path: root });
            }
            Err(error) => return Err(git(error)),
        };
        let branch = if head.is_branch() { Some(head.shorthand().map_err(git)?.to_owned()) } else { None };
        let head = oid_of(head.peel_to_commit().map_err(git)?.id());
        Ok(Self { root, subdirectory, head, branch })
    }

    /// The root of the repository's work tree, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The project's folder, absolute: where `factory.toml` is, or would be.
    pub fn directory(&self) -> PathBuf {
        // Joining nothing would only add a slash.
        if self.subdirectory.is_empty() { self.root.clone() } else { self.root.join(&self.subdirectory) }
    }

    /// The project's folder relative to the root, with `/`; empty if it is the root.
    pub fn subdirectory(&self) -> &str {
        &self.subdirectory
    }

    /// The commit that HEAD named.
    pub fn head(&self) -> &GitOid {
        &self.head
    }

    /// The branch that HEAD named, such as `main`; `None` if HEAD was detached.
    pub fn branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }

    /// Files of the project that differ from HEAD, in the index or the work tree, and files that git neither tracks nor
    /// ignores. Sorted, relative to the repository's root. Changes elsewhere in the repository do not count.
    ///
    /// # Errors
    /// [`ProjectError::Git`]
    pub fn dirty_files(&self) -> Result<Vec<String>, ProjectError> {
        let mut options = StatusOptions::new();
        options
            .include_untracked(true)
            .recurse_untracked_dirs(true)
            .include_ignored(false)
            .exclude_submodules(true)
            .disable_pathspec_match(true);
        if !self.subdirectory.is_empty() {
            options.pathspec(&self.subdirectory);
        }
        let repository = self.open()?;
        let statuses = repository.statuses(Some(&mut options)).map_err(|source| self.git(source))?;
        let mut files: Vec<String> = statuses.iter().map(|entry| error::show(entry.path_bytes())).collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// A file below a folder of the project that git has, staged or in HEAD; `None` if it has none there. Relative to the
    /// repository's root. The folder may be a file, or a link.
    ///
    /// # Errors
    /// [`ProjectError::Git`]
    pub fn tracked_below(&self, folder: &str) -> Result<Option<String>, ProjectError> {
        let path = match self.subdirectory.as_str() {
            "" => folder.to_owned(),
            subdirectory => format!("{subdirectory}/{folder}"),
        };
        let below = format!("{path}/");
        let repository = self.open()?;
        let index = repository.index().map_err(|source| self.git(source))?;
        let staged = index.iter().map(|entry| error::show(&entry.path));
        if let Some(found) = staged.into_iter().find(|entry| *entry == path || entry.starts_with(&below)) {
            return Ok(Some(found));
        }
        let head =
            repository.head().and_then(|head| head.peel_to_tree()).map_err(|source| self.git(source))?;
        match head.get_path(Path::new(&path)) {
            Ok(_) => Ok(Some(path)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(source) => Err(self.git(source)),
        }
    }

    /// The first file of HEAD for which `wanted` says so, by its path relative to the repository's root and its content.
    ///
    /// # Errors
    /// [`ProjectError::Git`]
    pub fn find_in_head(
        &self,
        mut wanted: impl FnMut(&str, &[u8]) -> bool,
    ) -> Result<Option<String>, ProjectError> {
        let repository = self.open()?;
        let mut found = None;
        let walked = || -> Result<(), git2::Error> {
            let tree = repository.find_commit(Oid::from_str(self.head.as_str())?)?.tree()?;
            let walked = tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
                if entry.kind() != Some(ObjectType::Blob) {
                    return TreeWalkResult::Ok;
                }
                let path = format!("{folder}{}", error::show(entry.name_bytes()));
                let Ok(blob) = repository.find_blob(entry.id()) else { return TreeWalkResult::Ok };
                if wanted(&path, blob.content()) {
                    found = Some(path);
                    return TreeWalkResult::Abort;
                }
                TreeWalkResult::Ok
            });
            match walked {
                Err(error) if error.code() == ErrorCode::User => Ok(()),
                walked => walked,
            }
        }();
        walked.map_err(|source| self.git(source))?;
        Ok(found)
    }

    /// The commit that a revision names, such as `main`, `HEAD~2`, a tag or an id; `None` if it names none.
    ///
    /// # Errors
    /// [`ProjectError::Git`]
    pub fn resolve(&self, revision: &str) -> Result<Option<GitOid>, ProjectError> {
        let repository = self.open()?;
        match repository.revparse_single(revision).and_then(|object| object.peel_to_commit()) {
            Ok(commit) => Ok(Some(oid_of(commit.id()))),
            Err(error)
                if matches!(
                    error.code(),
                    ErrorCode::NotFound | ErrorCode::InvalidSpec | ErrorCode::Peel | ErrorCode::Ambiguous
                ) =>
            {
                Ok(None)
            }
            Err(source) => Err(self.git(source)),
        }
    }

    /// The content of a file in a commit, `path` being relative to the repository's root; `None` if there is no such file.
    /// As committed: no filter or line-ending conversion is applied.
    ///
    /// # Errors
    /// [`ProjectError::Git`], also if there is no such commit.
    pub fn read_at(&self, commit: &GitOid, path: &str) -> Result<Option<Vec<u8>>, ProjectError> {
        let repository = self.open()?;
        let read = || -> Result<Option<Vec<u8>>, git2::Error> {
            let tree = repository.find_commit(Oid::from_str(commit.as_str())?)?.tree()?;
            match tree.get_path(Path::new(path)) {
                Ok(entry) if entry.kind() == Some(ObjectType::Blob) => {
                    Ok(Some(repository.find_blob(entry.id())?.content().to_vec()))
                }
                Ok(_) => Ok(None),
                Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        };
        read().map_err(|source| self.git(source))
    }

    /// `user.name` and `user.email` as git would use them here.
    pub fn identity(&self) -> (Option<String>, Option<String>) {
        let config = self.open().ok().and_then(|repository| repository.config().ok());
        let get = |key: &str| config.as_ref()?.get_string(key).ok().filter(|value| !value.trim().is_empty());
        (get("user.name"), get("user.email"))
    }

    pub(crate) fn open(&self) -> Result<Repository, ProjectError> {
        Repository::open(&self.root).map_err(|source| self.git(source))
    }

    fn git(&self, source: git2::Error) -> ProjectError {
        ProjectError::Git { path: self.root.clone(), source }
    }
}

/// The nearest folder upward from `directory` that has a `factory.toml`, relative to `root`.
fn subdirectory(root: &Path, directory: &Path) -> Result<String, ProjectError> {
    for folder in directory.ancestors() {
        let Ok(relative) = folder.strip_prefix(root) else { break };
        if folder.join(CONFIG_FILE).is_file() {
            return match relative.to_str() {
                Some(text) => Ok(text.to_owned()),
                None => Err(ProjectError::NotUtf8 { path: relative.to_owned() }),
            };
        }
    }
    Ok(String::new())
}

/// A git object id as the core names it.
pub(crate) fn oid_of(oid: Oid) -> GitOid {
    oid.to_string().parse().expect("libgit2 writes object ids in hexadecimal")
}
