//! Writing files that must not replace anything.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::CliError;

/// A file to be there afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// What became of a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is there now, or would be.
    Written,
    /// Something is at its path already, and stays.
    Kept,
}

/// Writes a draft unless something is at its path; whole, or not at all.
pub(super) fn write(draft: &Draft) -> Result<Outcome, CliError> {
    let Draft { path, text } = draft;
    if fs::symlink_metadata(path).is_ok() {
        return Ok(Outcome::Kept);
    }
    let folder = path.parent().expect("a file to write is in a folder");
    fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(|error| cannot(folder, &error))?;
    file.write_all(text.as_bytes()).map_err(|error| cannot(path, &error))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(Outcome::Written),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(Outcome::Kept),
        Err(error) => Err(cannot(path, &error.error)),
    }
}

/// Makes a folder that only its owner can look into, unless it is there.
pub(super) fn private_folder(path: &Path) -> Result<(), CliError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().expect("the folder is not the root");
    fs::create_dir_all(parent).map_err(|error| cannot(parent, &error))?;
    DirBuilder::new().mode(0o700).create(path).map_err(|error| cannot(path, &error))
}

/// What would become of a draft.
pub(super) fn foresee(draft: &Draft) -> Outcome {
    if fs::symlink_metadata(&draft.path).is_ok() { Outcome::Kept } else { Outcome::Written }
}

fn cannot(path: &Path, error: &std::io::Error) -> CliError {
    CliError::usage(format!("{} cannot be written", path.display()))
        .because(error)
        .hint("make sure that you may write there, then `factory init` again: it goes on where it stopped")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let draft = Draft { path: folder.path().join("a/b.md"), text: "new".to_owned() };
        assert_eq!(foresee(&draft), Outcome::Written);
        assert_eq!(write(&draft).unwrap(), Outcome::Written);
        fs::write(&draft.path, "mine").unwrap();
        assert_eq!((foresee(&draft), write(&draft).unwrap()), (Outcome::Kept, Outcome::Kept));
        assert_eq!(fs::read_to_string(&draft.path).unwrap(), "mine");
        let others = fs::read_dir(folder.path().join("a")).unwrap().count();
        assert_eq!(others, 1, "nothing is left behind");
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("specs"), "a file").unwrap();
        let draft = Draft { path: folder.path().join("specs/x.md"), text: String::new() };
        let error = write(&draft).unwrap_err().to_string();
        assert!(error.contains("/specs cannot be written"), "{error}");
    }
}
