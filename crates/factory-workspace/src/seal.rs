//! Makes the sealed repository: copies the visible files of a commit, blob by blob, under a root commit that says nothing.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use factory_engine::port::workspace::WorkspaceError;
use git2::{
    Index, IndexEntry, IndexEntryExtendedFlag, IndexEntryFlag, IndexTime, Oid, Repository,
    RepositoryInitOptions, Signature, Time,
};

use crate::error;
use crate::holdouts::HoldoutBlobs;
use crate::pack::PackWriter;
use crate::paths::{self, PathRules};
use crate::tree::{Entry, Kind, Listing};

/// How a Git LFS pointer begins: <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

pub(crate) const BRANCH: &str = "refs/heads/main";
const WRITING: &str = "writing the checkout";
const MAKING: &str = "making the checkout's repository";

/// A freshly made repository, before anyone else has seen it.
pub(crate) struct Sealed {
    repository: Repository,
    index: Index,
}

impl Sealed {
    /// Copies `listing` out of `source` into a new repository at `root`, which must not exist.
    ///
    /// # Errors
    /// [`WorkspaceError::Refused`] for what cannot be carried over; then `root` holds an unfinished repository.
    pub(crate) fn create(
        source: &Repository,
        listing: &Listing,
        rules: &PathRules,
        holdouts: &HoldoutBlobs,
        root: &Path,
    ) -> Result<Self, WorkspaceError> {
        let repository = init(root).map_err(error::git(MAKING))?;
        let mut index = Index::open(&repository.path().join("index")).map_err(error::git(MAKING))?;
        copy(source, &repository, listing, rules, holdouts, &mut index)?;
        commit(&repository, &mut index).map_err(error::git(MAKING))?;
        Ok(Self { repository, index })
    }

    /// Lists a file in the index as one that is to be added, so that `git diff` shows it. As `git add --intent-to-add`
    /// does, with the empty blob.
    pub(crate) fn announce(&mut self, path: &[u8], executable: bool) -> Result<(), WorkspaceError> {
        let empty = self.repository.blob(b"").map_err(error::git(WRITING))?;
        let mut entry = index_entry(path, empty, Kind::File { executable });
        entry.flags |= IndexEntryFlag::EXTENDED.bits();
        entry.flags_extended |= IndexEntryExtendedFlag::INTENT_TO_ADD.bits();
        self.index.add(&entry).map_err(error::git(WRITING))
    }

    /// Writes the index, and which paths git is to pass over.
    pub(crate) fn finish(mut self, exclude: &[String]) -> Result<(), WorkspaceError> {
        self.index.write().map_err(error::git(WRITING))?;
        let mut lines = String::new();
        for path in exclude {
            lines.push('/');
            for c in path.chars() {
                if matches!(c, '*' | '?' | '[' | '\\' | ' ') {
                    lines.push('\\');
                }
                lines.push(c);
            }
            lines.push('\n');
        }
        fs::write(self.repository.path().join("info/exclude"), lines).map_err(error::io(WRITING))
    }
}

/// Copies the files of a listing: into the work tree, the objects and the index.
fn copy(
    source: &Repository,
    sealed: &Repository,
    listing: &Listing,
    rules: &PathRules,
    holdouts: &HoldoutBlobs,
    index: &mut Index,
) -> Result<(), WorkspaceError> {
    let mut missing: HashSet<Oid> = listing.visible.values().map(|entry| entry.blob).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let originals = source.odb().map_err(error::git(MAKING))?;
    let copies = sealed.odb().map_err(error::git(MAKING))?;
    let count = u32::try_from(missing.len()).expect("a tree of 2³² files does not fit into memory");
    let mut pack = PackWriter::begin(&copies, count)?;
    let mut files = Writer::new(sealed.workdir().expect("a checkout has a work tree"));
    for (path, entry) in &listing.visible {
        let object = originals.read(entry.blob).map_err(error::git("reading a file of the base commit"))?;
        let content = object.data();
        refuse(path, *entry, content, rules, holdouts)?;
        if missing.remove(&entry.blob) {
            pack.add(content)?;
        }
        files.write(path, entry.kind, content).map_err(error::io(WRITING))?;
        // This index belongs to no repository: such a one takes entries without looking each of them up.
        index.add(&index_entry(path, entry.blob, entry.kind)).map_err(error::git(WRITING))?;
    }
    pack.finish()
}

/// A repository without anything from a template, a remote or a reflog, whatever this machine's git configuration says.
fn init(root: &Path) -> Result<Repository, git2::Error> {
    let mut options = RepositoryInitOptions::new();
    options.external_template(false).no_reinit(true).mkdir(true).initial_head("main");
    let repository = Repository::init_opts(root, &options)?;
    let mut config = repository.config()?;
    config.set_bool("core.logAllRefUpdates", false)?;
    config.set_str("core.autocrlf", "false")?;
    config.set_str("user.name", "factory")?;
    config.set_str("user.email", "factory@localhost")?;
    drop(config);
    // Opened again, because settings are read once.
    let path = repository.path().to_owned();
    drop(repository);
    // libgit2's own template has a folder for hooks, with a text about them.
    match fs::remove_dir_all(path.join("hooks")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(git2::Error::from_str(&format!("the folder for hooks cannot be removed: {error}")));
        }
        Ok(()) | Err(_) => {}
    }
    Repository::open(path)
}

/// The one commit: no parent, and nothing in it that tells when, from where or by whom it was made.
fn commit(repository: &Repository, index: &mut Index) -> Result<Oid, git2::Error> {
    let tree = repository.find_tree(index.write_tree_to(repository)?)?;
    let nobody = Signature::new("factory", "factory@localhost", &Time::new(0, 0))?;
    let commit = repository.commit(None, &nobody, &nobody, "Sealed base\n", &tree, &[])?;
    repository.reference(BRANCH, commit, false, "")?;
    Ok(commit)
}

/// Whether all files of a listing can be carried over. Nothing is written.
///
/// # Errors
/// [`WorkspaceError::Refused`] for the first that cannot.
pub(crate) fn check(
    source: &Repository,
    listing: &Listing,
    rules: &PathRules,
    holdouts: &HoldoutBlobs,
) -> Result<(), WorkspaceError> {
    let objects = source.odb().map_err(error::git(MAKING))?;
    for (path, entry) in &listing.visible {
        let object = objects.read(entry.blob).map_err(error::git("reading a file of the base commit"))?;
        refuse(path, *entry, object.data(), rules, holdouts)?;
    }
    Ok(())
}

fn refuse(
    path: &[u8],
    entry: Entry,
    content: &[u8],
    rules: &PathRules,
    holdouts: &HoldoutBlobs,
) -> Result<(), WorkspaceError> {
    if holdouts.contains(entry.blob, content) {
        return Err(error::refused(path, "it has the same content as a holdout"));
    }
    match entry.kind {
        Kind::Link => match paths::link_problem(path, content, rules) {
            Some(problem) => Err(error::refused(path, problem)),
            None => Ok(()),
        },
        Kind::File { .. } if content.starts_with(LFS_POINTER) => {
            Err(error::refused(path, "it is a Git LFS pointer, and its content is not in the repository"))
        }
        Kind::File { .. } => Ok(()),
    }
}

fn index_entry(path: &[u8], blob: Oid, kind: Kind) -> IndexEntry {
    IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: match kind {
            Kind::Link => 0o120_000,
            Kind::File { executable: true } => 0o100_755,
            Kind::File { executable: false } => 0o100_644,
        },
        uid: 0,
        gid: 0,
        file_size: 0,
        id: blob,
        flags: 0,
        flags_extended: 0,
        path: path.to_vec(),
    }
}

/// Writes new files under a folder that nobody else writes to.
struct Writer<'r> {
    root: &'r Path,
    /// The folder made last: files come sorted, so most have the same one.
    folder: PathBuf,
}

impl<'r> Writer<'r> {
    fn new(root: &'r Path) -> Self {
        Self { root, folder: root.to_owned() }
    }

    fn write(&mut self, path: &[u8], kind: Kind, content: &[u8]) -> std::io::Result<()> {
        let target = self.root.join(OsStr::from_bytes(path));
        let folder = target.parent().expect("a file of a tree has a folder");
        if folder != self.folder {
            fs::create_dir_all(folder)?;
            self.folder = folder.to_owned();
        }
        match kind {
            Kind::Link => symlink(OsStr::from_bytes(content), &target),
            Kind::File { executable } => create(&target, executable)?.write_all(content),
        }
    }
}

/// Opens a file that must not exist yet; neither does it follow a link there.
pub(crate) fn create(path: &Path, executable: bool) -> std::io::Result<fs::File> {
    let mode = if executable { 0o755 } else { 0o644 };
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}
