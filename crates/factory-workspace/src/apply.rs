//! Puts a patch into a fresh checkout's work tree, uncommitted, so that `git diff` there shows the work so far.

use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use factory_core::artifact::{Change, Patch};
use factory_engine::port::workspace::{Contents, WorkspaceError};

use crate::error;
use crate::holdouts::{self, HoldoutBlobs};
use crate::paths::PathRules;
use crate::seal::{self, Sealed};

const APPLYING: &str = "applying the patch to the checkout";

/// Applies `patch` under `root`. Deletions come first, so that a file can take the place of a folder and the reverse.
///
/// # Errors
/// [`WorkspaceError::BadPatch`] for a path that no patch may have, a missing content, and a file below something that is
/// not a folder; [`WorkspaceError::Refused`] for the content of a holdout.
pub(crate) fn apply(
    sealed: &mut Sealed,
    root: &Path,
    patch: &Patch,
    contents: &Contents,
    rules: &PathRules,
    holdouts: &HoldoutBlobs,
) -> Result<(), WorkspaceError> {
    for change in &patch.changes {
        rules.check(change.path.as_bytes())?;
        let existed = match change.change {
            Change::Deleted => true,
            Change::Written { existed, .. } => existed,
        };
        if existed {
            remove(root, &change.path)?;
        }
    }
    for change in &patch.changes {
        let Change::Written { content, executable, existed } = &change.change else { continue };
        let path = change.path.as_bytes();
        let bytes = contents.get(content).ok_or_else(|| error::bad_patch(path, "has no content"))?;
        if holdouts.contains(holdouts::blob_of(bytes)?, bytes) {
            return Err(error::refused(path, "the patch gives it the same content as a holdout"));
        }
        let target = folder_of(root, path)?;
        let mut file = match seal::create(&target, *executable) {
            Ok(file) => file,
            Err(refused) if refused.kind() == ErrorKind::AlreadyExists => {
                return Err(error::bad_patch(path, "is said to be new, but is in the base"));
            }
            Err(other) => return Err(error::io(APPLYING)(other)),
        };
        file.write_all(bytes).map_err(error::io(APPLYING))?;
        if !existed {
            sealed.announce(path, *executable)?;
        }
    }
    Ok(())
}

/// Removes a file of the base and the folders that are empty without it, as git would.
fn remove(root: &Path, path: &str) -> Result<(), WorkspaceError> {
    let target = below(root, path.as_bytes())?;
    match fs::remove_file(&target) {
        Ok(()) => {}
        Err(missing)
            if matches!(
                missing.kind(),
                ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::PermissionDenied
            ) =>
        {
            return Err(error::bad_patch(path.as_bytes(), "is not a file of the base"));
        }
        Err(other) => return Err(error::io(APPLYING)(other)),
    }
    for folder in target.ancestors().skip(1).take_while(|folder| *folder != root) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

/// The file's place, its folder made where it is missing.
fn folder_of(root: &Path, path: &[u8]) -> Result<PathBuf, WorkspaceError> {
    let target = below(root, path)?;
    let folder = target.parent().expect("a file of a patch has a folder");
    fs::create_dir_all(folder).map_err(error::io(APPLYING))?;
    Ok(target)
}

/// `root/path`, if nothing on the way there is other than a folder: a link of the base would lead elsewhere.
fn below(root: &Path, path: &[u8]) -> Result<PathBuf, WorkspaceError> {
    let target = root.join(OsStr::from_bytes(path));
    for folder in target.ancestors().skip(1).take_while(|folder| *folder != root) {
        match fs::symlink_metadata(folder) {
            Ok(found) if found.is_dir() => {}
            Err(missing) if missing.kind() == ErrorKind::NotFound => {}
            Ok(_) => return Err(error::bad_patch(path, "is below something that is not a folder")),
            Err(below_a_file) if below_a_file.kind() == ErrorKind::NotADirectory => {
                return Err(error::bad_patch(path, "is below something that is not a folder"));
            }
            Err(other) => return Err(error::io(APPLYING)(other)),
        }
    }
    Ok(target)
}
