//! What the store asks of the file system: directories and files that survive a power cut, and room left on the device.

use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use factory_engine::port::store::StoreError;
use nix::sys::statvfs;

/// Bytes that the store leaves free on its device.
///
/// Nothing is begun that may not end: a write of the database that fails half way leaves open what was kept. The
/// largest group of appends takes about a quarter of this; so does opening the database at most.
pub(crate) const RESERVE: u64 = 16 * 1024 * 1024;

/// Makes the directory if it is missing, for this user only, and makes its name durable either way: whoever made it may
/// have died before doing so. The parent has to exist.
pub(crate) fn ensure_dir(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => {}
        Err(error) => return Err(error),
    }
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync(Path::new(".")),
        Some(parent) => sync(parent),
        None => Ok(()),
    }
}

/// Makes the contents of a file, or the names in a directory, durable.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Writes a whole file durably, by way of a temporary one in `scratch` (on the same device), readable by this user
/// only. At no time is there a part of it under its name.
pub(crate) fn write_whole(path: &Path, scratch: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = tempfile::Builder::new().prefix("new-").tempfile_in(scratch)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|failure| failure.error)?;
    sync(path.parent().expect("a file that was written has a parent"))
}

/// Fails with [`StoreError::Full`] unless so many bytes are free on the device that holds `dir`.
pub(crate) fn check_room(dir: &Path, needed: u64) -> Result<(), StoreError> {
    let device = statvfs::statvfs(dir).map_err(|errno| failed("read", errno.into()))?;
    // These are 32 bits wide on some systems.
    #[allow(clippy::useless_conversion, reason = "the widths differ between systems")]
    let free = u64::from(device.blocks_available()).saturating_mul(u64::from(device.fragment_size()));
    if free >= needed {
        return Ok(());
    }
    Err(StoreError::Full(io::Error::new(
        ErrorKind::StorageFull,
        format!("{free} bytes are free, and {needed} are needed"),
    )))
}

/// What a failure of the file system is to the caller, when nothing was kept.
pub(crate) fn failed(action: &'static str, error: io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full(error),
        _ => StoreError::Io { action, source: Box::new(error) },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn directories_and_files_are_for_this_user_only() {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path().join("d");
        ensure_dir(&dir).unwrap();
        ensure_dir(&dir).unwrap();
        write_whole(&dir.join("f"), &dir, b"x").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&dir.join("f")), 0o600);
        assert_eq!(dir.read_dir().unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_file_where_a_directory_should_be_is_an_error() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("f");
        std::fs::write(&path, "x").unwrap();
        assert!(ensure_dir(&path).is_err());
        assert!(ensure_dir(&base.path().join("missing/d")).is_err());
    }

    #[test]
    fn more_than_the_device_has_does_not_fit() {
        let base = tempfile::tempdir().unwrap();
        check_room(base.path(), 0).unwrap();
        assert!(matches!(check_room(base.path(), u64::MAX), Err(StoreError::Full(_))));
    }
}
