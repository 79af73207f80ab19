//! Turns what git and the file system say into [`WorkspaceError`]s.

use std::io;

use factory_engine::port::workspace::WorkspaceError;

/// For `map_err` on file operations. `action` reads like `writing the checkout`.
pub(crate) fn io(action: &str) -> impl FnOnce(io::Error) -> WorkspaceError + '_ {
    move |source| {
        if source.kind() == io::ErrorKind::StorageFull {
            return WorkspaceError::Full(source);
        }
        WorkspaceError::Io { action: action.to_owned(), source: source.into() }
    }
}

/// For `map_err` on libgit2 calls.
pub(crate) fn git(action: &str) -> impl FnOnce(git2::Error) -> WorkspaceError + '_ {
    move |source| {
        // libgit2 passes on the system's text, not its error number.
        if source.message().contains("No space left on device") {
            return WorkspaceError::Full(io::Error::new(io::ErrorKind::StorageFull, source));
        }
        WorkspaceError::Io { action: action.to_owned(), source: source.into() }
    }
}

/// Something in the tree that no sealed checkout can carry.
pub(crate) fn refused(path: &[u8], reason: impl Into<String>) -> WorkspaceError {
    WorkspaceError::Refused { path: show(path), reason: reason.into() }
}

/// Something in the patch that is not taken. The reason follows the path in the sentence: `is a symbolic link`.
pub(crate) fn bad_patch(path: &[u8], reason: impl Into<String>) -> WorkspaceError {
    WorkspaceError::BadPatch { path: show(path), reason: reason.into() }
}

/// A path for people: invalid UTF-8 replaced, control characters escaped.
pub(crate) fn show(path: &[u8]) -> String {
    let mut shown = String::new();
    for c in String::from_utf8_lossy(path).chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_device_is_told_apart() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(io("writing")(full), WorkspaceError::Full(_)));
        let full = git2::Error::from_str("failed to write object: No space left on device");
        assert!(matches!(git("writing")(full), WorkspaceError::Full(_)));
        let other = git2::Error::from_str("object not found");
        assert!(matches!(git("writing")(other), WorkspaceError::Io { .. }));
    }

    #[test]
    fn shown_paths_are_one_line() {
        assert_eq!(show(b"a\nb\xffc\xc3\xa9"), "a\\nb\u{fffd}cé");
    }
}
