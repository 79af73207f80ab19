//! Opens what a candidate has written. It may be anything: a link out of its folder, a pipe that nobody writes to.

use std::fs::File;
use std::io;
use std::path::{Component, Path};

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};

/// Opens a plain file for reading. The last part of the path may not be a link; a pipe or a device is refused.
pub(crate) fn open_plain(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    plain(rustix::fs::open(path, flags, Mode::empty())?.into())
}

/// Opens a plain file below `folder` for reading, by a path without links that does not leave it.
///
/// # Errors
/// As of opening; with a path that leads elsewhere, or to something else than a file.
pub(crate) fn open_below(folder: &Path, path: &str) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    plain(below(&self::folder(folder)?, Path::new(path), flags, Mode::empty())?.into())
}

/// A folder of ours, for paths to start from.
pub(crate) fn folder(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?)
}

/// Opens something below a folder, by a path without links that does not leave it.
pub(crate) fn below(folder: &OwnedFd, path: &Path, flags: OFlags, mode: Mode) -> io::Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    Ok(rustix::fs::openat2(folder, path, flags | OFlags::CLOEXEC, mode, resolve)?)
}

/// What was opened, if it is a file like others.
pub(crate) fn plain(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no plain file")) }
}

/// Whether a path of a scenario stays in the folder that it starts from: relative, and never upwards.
pub(crate) fn stays_below(path: &str) -> bool {
    let path = Path::new(path);
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        && path.file_name().is_some()
        && !path.as_os_str().as_encoded_bytes().contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_below_are_opened() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("scratch");
        std::fs::create_dir_all(folder.join("deep")).unwrap();
        std::fs::write(parent.path().join("secret"), "x").unwrap();
        std::fs::write(folder.join("deep/file"), "x").unwrap();
        std::os::unix::fs::symlink("../secret", folder.join("link")).unwrap();
        std::os::unix::fs::symlink("..", folder.join("up")).unwrap();
        rustix::fs::mknodat(CWD, folder.join("pipe"), rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert!(open_below(&folder, "deep/file").is_ok());
        for stolen in ["link", "up/secret", "../secret", "/etc/passwd", "pipe", "deep", "missing"] {
            assert!(open_below(&folder, stolen).is_err(), "{stolen}");
        }
        for refused in ["link", "pipe", "deep"] {
            assert!(open_plain(&folder.join(refused)).is_err(), "{refused}");
        }
    }

    #[test]
    fn paths_of_scenarios_stay_below() {
        assert!(stays_below("a.db") && stays_below("./deep/a.db"));
        for path in ["", "/a.db", "../a.db", "deep/../../a", ".", "..", "a\0b"] {
            assert!(!stays_below(path), "{path}");
        }
    }
}
