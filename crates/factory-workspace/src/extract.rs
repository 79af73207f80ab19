//! The way out of a checkout: walks its files and compares them with the base.
//!
//! Whoever worked in the checkout may have left anything there, and something of theirs may still be running. So every
//! folder is opened from the descriptor of the one above it and without following links; what a name leads to cannot be
//! exchanged between the look and the reading. The checkout's `.git` is passed over, whatever it is.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use factory_core::artifact::{Change, FileChange, Patch};
use factory_core::ids::Digest;
use factory_engine::port::workspace::{Contents, WorkspaceError};
use git2::Repository;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{self, AtFlags, OFlag};
use nix::sys::stat::{self, Mode, SFlag};

use crate::error;
use crate::holdouts;
use crate::ignore::{IgnoreRules, Siblings};
use crate::paths::{self, PathRules};
use crate::tree::{Entry, Kind, Listing};

/// The largest file that a patch may write, in bytes.
pub(crate) const FILE_BYTES: u64 = 10 * 1024 * 1024;
/// How many bytes a patch may write in all.
const PATCH_BYTES: u64 = 100 * 1024 * 1024;
/// How many files a patch may change.
const PATCH_FILES: usize = 5_000;
/// How deep folders may be nested: each level holds a descriptor open.
const DEPTH: usize = 100;

const READING: &str = "reading the checkout";

/// What the walk compares with.
pub(crate) struct Base<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) listing: &'a Listing,
    pub(crate) ignore: &'a IgnoreRules,
    pub(crate) rules: &'a PathRules,
    /// Where `[setup]` put links, relative to the repository's root. Whatever is there now is no part of the work.
    pub(crate) links: &'a BTreeSet<Vec<u8>>,
}

/// The patch that leads from the base to the files under `root`.
///
/// # Errors
/// [`WorkspaceError::BadPatch`] for what no patch can or may hold.
pub(crate) fn extract(base: &Base<'_>, root: &Path) -> Result<(Patch, Contents), WorkspaceError> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let folder = fcntl::open(root, flags, Mode::empty()).map_err(|errno| error::io(READING)(errno.into()))?;
    let mut walk =
        Walk { base, seen: BTreeSet::new(), changes: BTreeMap::new(), contents: Contents::new(), bytes: 0 };
    walk.folder(folder, b"", 0)?;
    walk.finish()
}

struct Walk<'a> {
    base: &'a Base<'a>,
    /// Paths of the base that are still there, changed or not.
    seen: BTreeSet<Vec<u8>>,
    changes: BTreeMap<String, Change>,
    contents: Contents,
    bytes: u64,
}

impl Walk<'_> {
    /// Takes a folder, everything in it sorted by name.
    fn folder(&mut self, folder: OwnedFd, path: &[u8], depth: usize) -> Result<(), WorkspaceError> {
        if depth > DEPTH {
            return Err(error::bad_patch(path, format!("is nested deeper than {DEPTH} folders")));
        }
        let mut folder = Dir::from_fd(folder).map_err(failed(path))?;
        let names = names(&mut folder).map_err(failed(path))?;
        let siblings = Siblings::of(names.iter().map(|name| name.as_bytes()));
        for name in names {
            let bytes = name.as_bytes();
            let path = if path.is_empty() { bytes.to_vec() } else { [path, b"/", bytes].concat() };
            if path == b".git" || self.base.links.contains(&path) {
                continue;
            }
            self.entry(&folder, &name, &path, &siblings, depth)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        folder: &Dir,
        name: &CStr,
        path: &[u8],
        siblings: &Siblings,
        depth: usize,
    ) -> Result<(), WorkspaceError> {
        let base = self.base;
        if paths::is_git_folder(name.to_bytes()) {
            // A repository inside the checkout: libgit2 would call it ignored.
            base.rules.check(path)?;
        }
        let found = stat::fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW).map_err(failed(path))?;
        let kind = SFlag::from_bits_truncate(found.st_mode & SFlag::S_IFMT.bits());
        let is_folder = kind == SFlag::S_IFDIR;
        let known = base.listing.visible.get(path);
        let tracked = known.is_some() || (is_folder && base.listing.has_folder(path));
        if !tracked && base.ignore.ignores(path, is_folder, siblings)? {
            return Ok(());
        }
        match kind {
            SFlag::S_IFDIR => {
                let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
                let inner = fcntl::openat(folder, name, flags, Mode::empty()).map_err(failed(path))?;
                self.folder(inner, path, depth + 1)
            }
            SFlag::S_IFREG => self.file(folder, name, path, known),
            SFlag::S_IFLNK => self.link(folder, name, path, known),
            _ => Err(error::bad_patch(path, "is neither a file nor a folder")),
        }
    }

    fn file(
        &mut self,
        folder: &Dir,
        name: &CStr,
        path: &[u8],
        known: Option<&Entry>,
    ) -> Result<(), WorkspaceError> {
        // Not to wait for a writer, should the name lead to a pipe by now.
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let file = fcntl::openat(folder, name, flags, Mode::empty()).map_err(failed(path))?;
        let found = stat::fstat(file.as_fd()).map_err(failed(path))?;
        if SFlag::from_bits_truncate(found.st_mode & SFlag::S_IFMT.bits()) != SFlag::S_IFREG {
            return Err(error::bad_patch(path, "is not a file"));
        }
        let executable = found.st_mode & Mode::S_IXUSR.bits() != 0;
        let limit = FILE_BYTES.max(self.size_in_base(known)?);
        let mut content = Vec::new();
        let read = File::from(file).take(limit + 1).read_to_end(&mut content);
        let size = read.map_err(error::io(READING))? as u64;
        let too_large = || error::bad_patch(path, format!("is larger than {} MiB", FILE_BYTES >> 20));
        if size > limit {
            return Err(too_large());
        }
        if let Some(entry) = known {
            self.seen.insert(path.to_vec());
            if entry.kind == (Kind::File { executable }) && entry.blob == holdouts::blob_of(&content)? {
                return Ok(());
            }
        }
        if size > FILE_BYTES {
            return Err(too_large());
        }
        self.bytes += size;
        if self.bytes > PATCH_BYTES {
            return Err(error::bad_patch(
                path,
                format!("makes the patch larger than {} MiB", PATCH_BYTES >> 20),
            ));
        }
        let digest = Digest::of(&content);
        let change = Change::Written { content: digest.clone(), executable, existed: known.is_some() };
        self.change(path, change)?;
        self.contents.insert(digest, content);
        Ok(())
    }

    /// A file of the base may be larger than a patch may write, and still be there unchanged.
    fn size_in_base(&self, known: Option<&Entry>) -> Result<u64, WorkspaceError> {
        let Some(entry) = known else { return Ok(0) };
        let objects = self.base.repository.odb().map_err(error::git("reading the base commit"))?;
        let (size, _) = objects.read_header(entry.blob).map_err(error::git("reading the base commit"))?;
        Ok(size as u64)
    }

    fn link(
        &mut self,
        folder: &Dir,
        name: &CStr,
        path: &[u8],
        known: Option<&Entry>,
    ) -> Result<(), WorkspaceError> {
        let target = fcntl::readlinkat(folder, name).map_err(failed(path))?.into_vec();
        if let Some(entry) = known {
            self.seen.insert(path.to_vec());
            if entry.kind == Kind::Link && entry.blob == holdouts::blob_of(&target)? {
                return Ok(());
            }
        }
        Err(match paths::link_problem(path, &target, self.base.rules) {
            Some(_) => error::bad_patch(path, "is a symbolic link that leaves the tree"),
            None => error::bad_patch(path, "is a new symbolic link; a patch holds files only"),
        })
    }

    fn change(&mut self, path: &[u8], change: Change) -> Result<(), WorkspaceError> {
        let text = self.base.rules.check(path)?;
        if self.changes.len() >= PATCH_FILES {
            return Err(error::bad_patch(path, format!("is one of more than {PATCH_FILES} changed files")));
        }
        self.changes.insert(text.to_owned(), change);
        Ok(())
    }

    fn finish(mut self) -> Result<(Patch, Contents), WorkspaceError> {
        for path in self.base.listing.visible.keys() {
            if !self.seen.contains(path) {
                self.change(path, Change::Deleted)?;
            }
        }
        let changes = self.changes.into_iter().map(|(path, change)| FileChange { path, change }).collect();
        Ok((Patch { changes }, self.contents))
    }
}

/// The names in a folder, sorted.
fn names(folder: &mut Dir) -> nix::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in folder.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// What makes a file unreadable is the checkout's fault; anything else is the system's.
fn failed(path: &[u8]) -> impl FnOnce(Errno) -> WorkspaceError + '_ {
    move |errno| match errno {
        Errno::EACCES => error::bad_patch(path, "cannot be read"),
        Errno::ELOOP | Errno::ENOTDIR | Errno::ENOENT => error::bad_patch(path, "changed while it was read"),
        other => error::io(READING)(io::Error::from(other)),
    }
}
