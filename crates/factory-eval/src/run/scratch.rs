//! Files below the scratch folder, where the candidate writes too: no link leads out, and no pipe or device is opened.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::files;

/// Bytes that are read of a file; a larger one is refused, since half of it proves nothing.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The file's text; nothing if there is none.
///
/// # Errors
/// It cannot be read, leads out of the folder, is no plain file, or is larger than 64 MiB.
pub(crate) fn read(scratch: &Path, path: &str) -> io::Result<Option<String>> {
    let file = match files::open_below(scratch, path) {
        Ok(file) => file,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 64 MiB"));
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Whether there is a folder.
///
/// # Errors
/// The path leads out of the scratch folder.
pub(crate) fn has_folder(scratch: &Path, path: &str) -> io::Result<bool> {
    match files::below(
        &files::folder(scratch)?,
        Path::new(path),
        OFlags::PATH | OFlags::DIRECTORY,
        Mode::empty(),
    ) {
        Ok(_) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Writes a file, or adds to it, and makes the folders that it needs.
///
/// # Errors
/// It cannot be written, or its path leads out of the scratch folder.
pub(crate) fn write(scratch: &Path, path: &str, text: &str, append: bool) -> io::Result<()> {
    let path = Path::new(path);
    let name = path.file_name().ok_or_else(|| io::Error::other("the path has no name"))?;
    let folder = folders(scratch, path.parent().unwrap_or(Path::new("")))?;
    let kind = if append { OFlags::APPEND } else { OFlags::TRUNC };
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NONBLOCK | OFlags::NOCTTY | kind;
    let file = File::from(files::below(&folder, Path::new(name), flags, Mode::from_raw_mode(0o644))?);
    files::plain(file)?.write_all(text.as_bytes())
}

/// Makes a folder and those above it.
///
/// # Errors
/// One cannot be made, or the path leads out of the scratch folder.
pub(crate) fn make_folder(scratch: &Path, path: &str) -> io::Result<()> {
    folders(scratch, Path::new(path)).map(drop)
}

/// Step by step, so that no link is followed.
fn folders(scratch: &Path, path: &Path) -> io::Result<OwnedFd> {
    let mut at = files::folder(scratch)?;
    for part in path.components() {
        let Component::Normal(name) = part else {
            if part == Component::CurDir {
                continue;
            }
            return Err(io::Error::other("the path leads out of the scratch folder"));
        };
        match rustix::fs::mkdirat(&at, name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        at = files::below(&at, Path::new(name), OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
    }
    Ok(at)
}

/// Removes a file, or the link in its place.
///
/// # Errors
/// It is not there or cannot be removed, or its path leads out of the scratch folder.
pub(crate) fn remove(scratch: &Path, path: &str) -> io::Result<()> {
    let path = Path::new(path);
    let name = path.file_name().ok_or_else(|| io::Error::other("the path has no name"))?;
    let mut folder = files::folder(scratch)?;
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folder = files::below(&folder, parent, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
    }
    Ok(rustix::fs::unlinkat(&folder, name, AtFlags::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_read_and_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let scratch = scratch.path();
        assert_eq!(read(scratch, "a/b.txt").unwrap(), None);
        write(scratch, "a/b.txt", "one", false).unwrap();
        write(scratch, "./a/b.txt", " two", true).unwrap();
        assert_eq!(read(scratch, "a/b.txt").unwrap().as_deref(), Some("one two"));
        write(scratch, "a/b.txt", "3", false).unwrap();
        assert_eq!(read(scratch, "a/b.txt").unwrap().as_deref(), Some("3"));
        make_folder(scratch, "a/c").unwrap();
        assert!(has_folder(scratch, "a/c").unwrap() && !has_folder(scratch, "a/b.txt").unwrap());
        assert!(!has_folder(scratch, "d").unwrap());
        remove(scratch, "a/b.txt").unwrap();
        assert_eq!(read(scratch, "a/b.txt").unwrap(), None);
        assert!(remove(scratch, "a/b.txt").is_err());
    }

    /// A candidate that makes links of what a scenario names gets nothing read or written elsewhere.
    #[test]
    fn nothing_outside_is_reached() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = parent.path().join("scratch");
        std::fs::create_dir(&scratch).unwrap();
        std::fs::write(parent.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink("../secret", scratch.join("link")).unwrap();
        std::os::unix::fs::symlink("..", scratch.join("up")).unwrap();
        let absolute = parent.path().join("secret").display().to_string();
        for path in ["link", "up/secret", "../secret", absolute.as_str()] {
            assert!(read(&scratch, path).is_err(), "{path}");
            if path != absolute {
                assert!(write(&scratch, path, "x", false).is_err(), "{path}");
                assert!(write(&scratch, path, "x", true).is_err(), "{path}");
            }
        }
        assert!(write(&scratch, "up/new", "x", false).is_err());
        assert!(make_folder(&scratch, "up/new").is_err() && make_folder(&scratch, "../new").is_err());
        assert!(remove(&scratch, "up/secret").is_err() && has_folder(&scratch, "up").is_err());
        assert!(read(&scratch, ".").is_err());
        assert_eq!(std::fs::read_to_string(parent.path().join("secret")).unwrap(), "secret");
        assert!(!parent.path().join("new").exists());
    }
}
