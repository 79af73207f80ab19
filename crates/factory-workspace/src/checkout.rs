//! The folders of checkouts in the cache: made, held by a lock while in use, removed, and swept up after a killed process.
//!
//! `checkouts/<run>-<stage>-<attempt>-<random>/` holds `lock`, `repo` (the work tree) and `scratch`. Whoever can take the
//! lock of a folder knows that nobody uses it. `checkouts/lock` is held for the moment between making a folder and taking
//! its lock, so that a sweep does not come in between.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use factory_core::ids::EffectId;
use factory_engine::port::workspace::{Guard, WorkspaceError};

use crate::error;

const FOLDER: &str = "checkouts";
const LOCK: &str = "lock";

/// A checkout's folder. Dropping it removes everything below.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Held until the folder is gone; the system lets go of it if this process dies.
    _lock: File,
}

impl Guard for Folder {}

impl Folder {
    /// Makes an empty folder for one performance.
    pub(crate) fn create(cache: &Path, effect: &EffectId) -> Result<Self, WorkspaceError> {
        let name = format!("{}-{}-{}-", effect.run, effect.stage, effect.attempt);
        let make = || -> io::Result<Self> {
            let checkouts = cache.join(FOLDER);
            fs::create_dir_all(&checkouts)?;
            let _no_sweep = lock(&checkouts.join(LOCK))?;
            // Closed to other users: an implementer could leave a program in it that makes whoever starts it its owner.
            let closed = Permissions::from_mode(0o700);
            let mut builder = tempfile::Builder::new();
            let path = builder.prefix(&name).rand_bytes(8).permissions(closed).tempdir_in(&checkouts)?.keep();
            let folder = Self { _lock: lock(&path.join(LOCK))?, path };
            fs::create_dir(folder.scratch())?;
            Ok(folder)
        };
        make().map_err(error::io("making a folder for the checkout"))
    }

    /// Where the repository goes; not made yet.
    pub(crate) fn repository(&self) -> PathBuf {
        self.path.join("repo")
    }

    /// For temporary files; made.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.path.join("scratch")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = remove_tree(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a checkout could not be removed");
        }
    }
}

/// Removes the checkouts that a killed process left in `cache`, and answers how many there were. Those in use, by this
/// process or another one, stay.
///
/// # Errors
/// If a folder that nobody uses cannot be removed.
pub fn clean_stale(cache: &Path) -> io::Result<usize> {
    let checkouts = cache.join(FOLDER);
    if !checkouts.is_dir() {
        return Ok(0);
    }
    let mut stale = Vec::new();
    let no_new_one = lock(&checkouts.join(LOCK))?;
    for entry in fs::read_dir(&checkouts)? {
        let entry = entry?;
        if entry.file_type()?.is_dir()
            && let Some(held) = unused(&entry.path())?
        {
            stale.push((entry.path(), held));
        }
    }
    drop(no_new_one);
    for (path, _held) in &stale {
        remove_tree(path)?;
    }
    Ok(stale.len())
}

/// The lock of a folder that nobody uses. One without a lock file was left before it had one.
fn unused(folder: &Path) -> io::Result<Option<File>> {
    let lock = File::options().write(true).create(true).truncate(false).open(folder.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Opens a lock file and waits until nobody else holds it.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create(true).truncate(false).open(path)?;
    file.lock()?;
    Ok(file)
}

/// Removes a folder with all in it, also below folders that were made read-only (as Go's module cache is).
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => return other,
    }
    open_up(path)?;
    fs::remove_dir_all(path)
}

fn open_up(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}
