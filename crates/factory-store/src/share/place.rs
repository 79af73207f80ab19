//! Where the socket of a store is: in a directory of this user's that nobody else can enter, outside the project, so
//! that nothing which sees only a checkout of it sees the socket.

use std::fs::DirBuilder;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use factory_core::ids::Digest;
use nix::unistd;

/// Bytes of the longest path that the system takes for a socket, with a zero byte after it.
const LONGEST: usize = 107;

/// The socket of the store in `dir`, which exists. Its directory is made if it is missing.
pub(super) fn socket(dir: &Path) -> io::Result<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    choose(runtime.as_deref(), &std::env::temp_dir(), &dir.canonicalize()?)
}

fn choose(runtime: Option<&Path>, temporary: &Path, store: &Path) -> io::Result<PathBuf> {
    let name = format!("{}.sock", &Digest::of(store.as_os_str().as_bytes()).as_str()[..16]);
    let ours = this_user();
    let runtime = runtime
        .filter(|dir| dir.is_absolute() && dir.metadata().is_ok_and(|found| found.uid() == ours))
        .map(|dir| dir.join("factory"));
    let temporary = temporary.join(format!("factory-{ours}"));
    let mut refused = io::Error::from(ErrorKind::NotFound);
    for dir in runtime.into_iter().chain([temporary]) {
        let path = dir.join(&name);
        match usable(&path).and_then(|()| make_private(&dir)) {
            Ok(()) => return Ok(path),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// A path that fits into the system's structure and into a line of the lock file.
fn usable(path: &Path) -> io::Result<()> {
    let bytes = path.as_os_str().as_bytes();
    if bytes.len() <= LONGEST && !bytes.contains(&b'\n') {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::InvalidFilename, format!("no socket can be at {}", path.display())))
}

fn make_private(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => check_private(dir, &[this_user()]),
    }
}

/// Refuses a directory that is a link, or that is not one of these users' alone.
pub(super) fn check_private(dir: &Path, users: &[u32]) -> io::Result<()> {
    let found = dir.symlink_metadata()?;
    if found.is_dir() && users.contains(&found.uid()) && found.mode() & 0o077 == 0 {
        return Ok(());
    }
    let text = format!("{} is not a directory that this user alone can enter", dir.display());
    Err(io::Error::new(ErrorKind::PermissionDenied, text))
}

/// The id of the user whose rights this process has.
pub(super) fn this_user() -> u32 {
    unistd::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn it_is_in_the_runtime_directory_or_else_the_temporary_one_and_named_by_the_store() {
        let base = tempfile::tempdir().unwrap();
        let (runtime, temporary) = (base.path().join("run"), base.path().join("tmp"));
        fs::create_dir(&runtime).unwrap();
        fs::create_dir(&temporary).unwrap();
        let store = Path::new("/project/.factory");
        // The beginning of what `sha256sum` says of the path.
        let name = "c6405f951ab3b999.sock";

        let path = choose(Some(&runtime), &temporary, store).unwrap();
        assert_eq!(path, runtime.join("factory").join(name));
        assert_eq!(mode(&runtime.join("factory")), 0o700);
        assert_eq!(choose(Some(&runtime), &temporary, store).unwrap(), path, "it may be there already");
        assert_ne!(choose(Some(&runtime), &temporary, Path::new("/other")).unwrap(), path);

        let own = temporary.join(format!("factory-{}", this_user()));
        for unusable in [None, Some(Path::new("run")), Some(Path::new("/nowhere/at/all"))] {
            assert_eq!(choose(unusable, &temporary, store).unwrap().parent(), Some(own.as_path()));
        }
        assert_eq!(mode(&own), 0o700);
        let long = base.path().join("x".repeat(100));
        fs::create_dir(&long).unwrap();
        assert_eq!(choose(Some(&long), &temporary, store).unwrap().parent(), Some(own.as_path()));
        let error = choose(None, &long, store).unwrap_err();
        assert!(error.to_string().starts_with("no socket can be at "), "{error}");
    }

    #[test]
    fn a_directory_that_others_can_enter_or_choose_is_refused() {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path().join(format!("factory-{}", this_user()));
        let refused = || choose(None, base.path(), Path::new("/s")).unwrap_err().kind();

        fs::create_dir(&dir).unwrap();
        for wide in [0o701, 0o770, 0o777] {
            fs::set_permissions(&dir, fs::Permissions::from_mode(wide)).unwrap();
            assert_eq!(refused(), ErrorKind::PermissionDenied, "{wide:o}");
        }
        fs::remove_dir(&dir).unwrap();
        let elsewhere = base.path().join("elsewhere");
        make_private(&elsewhere).unwrap();
        symlink(&elsewhere, &dir).unwrap();
        assert_eq!(refused(), ErrorKind::PermissionDenied, "a link");
        fs::remove_file(&dir).unwrap();
        fs::write(&dir, "").unwrap();
        assert_eq!(refused(), ErrorKind::PermissionDenied, "a file");
        fs::remove_file(&dir).unwrap();
        choose(None, base.path(), Path::new("/s")).unwrap();
        assert!(check_private(&dir, &[this_user() + 1]).is_err(), "somebody else's");
    }
}
