//! Opening a store: its directory, its version, its lock, and what is in it.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use factory_engine::port::store::StoreError;

use crate::blobs::FileBlobs;
use crate::disk;
use crate::hold::Hold;
use crate::log::SledLog;

/// The version of the store's layout that this factory writes: the second has the ledger. A store of the first is made
/// one of the second when it is opened, with an empty ledger.
pub const FORMAT: u32 = 2;

/// Logs and blobs in one directory, for this process alone as long as either of them lives.
///
/// | name | what |
/// |---|---|
/// | `.gitignore` | `*` |
/// | `lock` | locked by the holder, with its process id in it |
/// | `format` | the version of this layout, in decimal |
/// | `acknowledged` | how many records and decisions there are at least |
/// | `claims/` | for each run that somebody performs, a file locked by that process, with its id in it |
/// | `before` | while it is opened: what that may destroy of the database |
/// | `store/` | the database of the logs and the ledger |
/// | `blobs/` | blobs, and records and decisions of more than 4 KiB, by SHA-256 |
#[derive(Debug)]
pub struct Store {
    /// The logs.
    pub log: Arc<SledLog>,
    /// The blobs.
    pub blobs: Arc<FileBlobs>,
}

impl Store {
    /// Opens the store in `dir`, and makes it there if it is missing; the parent of `dir` has to exist. Blocks for as
    /// long as the database takes to recover.
    ///
    /// # Errors
    /// [`StoreError::Held`] at once when another process, or this one, has it open; [`StoreError::Newer`] when its
    /// layout is of a later version; [`StoreError::Damaged`] when the database as a whole cannot be read (a damaged
    /// run does not prevent opening); else [`StoreError::Full`] or [`StoreError::Io`].
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        disk::ensure_dir(dir).map_err(|error| disk::failed("opened", error))?;
        let hold = Arc::new(Hold::take(&dir.join("lock"))?);
        prepare(dir)?;
        let blobs = FileBlobs::open(&dir.join("blobs"), Arc::clone(&hold))?;
        let log = SledLog::open(dir, blobs.clone(), hold)?;
        Ok(Self { log: Arc::new(log), blobs: Arc::new(blobs) })
    }
}

/// Makes what says that this is a store, and refuses one of a later version. One of an earlier version becomes one of
/// this.
pub(crate) fn prepare(dir: &Path) -> Result<(), StoreError> {
    let write = |name: &str, text: &str| {
        let written = disk::write_whole(&dir.join(name), dir, text.as_bytes());
        written.map_err(|error| disk::failed("opened", error))
    };
    let found = found_format(dir)?;
    if found.is_none() && dir.join("store").exists() {
        return Err(damaged_format("it is missing".to_owned()));
    }
    if found != Some(FORMAT) {
        write("format", &format!("{FORMAT}\n"))?;
    }
    if !dir.join(".gitignore").exists() {
        write(".gitignore", "*\n")?;
    }
    Ok(())
}

/// The version of the store in `dir`, which is not a later one; `None` when none is written down.
pub(crate) fn found_format(dir: &Path) -> Result<Option<u32>, StoreError> {
    match std::fs::read_to_string(dir.join("format")) {
        Ok(text) => match text.trim_end().parse::<u32>() {
            Ok(found) if found > FORMAT => Err(StoreError::Newer { found, known: FORMAT }),
            Ok(0) | Err(_) => Err(damaged_format(format!("`{}` is not a version", text.escape_debug()))),
            Ok(found) => Ok(Some(found)),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(damaged_format("it is no text".to_owned()))
        }
        Err(error) => Err(disk::failed("opened", error)),
    }
}

fn damaged_format(detail: String) -> StoreError {
    StoreError::Damaged { what: "the store's format file".to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use factory_engine::port::store::{BlobStore as _, EventLog as _};

    use super::*;

    #[tokio::test]
    async fn a_new_store_is_private_ignored_by_git_and_of_this_version() {
        let base = tempfile::tempdir().unwrap();
        let dir = base.path().join(".factory");
        let store = Store::open(&dir).unwrap();
        let run = "r-1".parse().unwrap();
        store.log.append(&run, 0, &[7; 9000], &[]).await.unwrap();
        drop(store);

        let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
        assert_eq!(
            (read(".gitignore").as_str(), read("format").as_str(), read("lock").as_str()),
            ("*\n", "2\n", "")
        );
        let mut names: Vec<_> =
            dir.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, [".gitignore", "acknowledged", "blobs", "format", "lock", "store"]);
        for name in ["", "blobs", "store"] {
            assert_eq!(dir.join(name).metadata().unwrap().permissions().mode() & 0o777, 0o700, "{name}");
        }
    }

    #[tokio::test]
    async fn it_is_held_as_long_as_its_log_or_its_blobs_are_in_use() {
        let base = tempfile::tempdir().unwrap();
        let held = || {
            let holder = std::process::id().to_string();
            matches!(Store::open(base.path()), Err(StoreError::Held { holder: found }) if found == holder)
        };
        let Store { log, blobs } = Store::open(base.path()).unwrap();
        assert!(held());
        drop(log);
        assert!(held());
        let digest = blobs.put(b"x").await.unwrap();
        drop(blobs);
        let Store { log, blobs } = Store::open(base.path()).unwrap();
        assert_eq!(blobs.get(&digest).await.unwrap(), b"x");
        let run = "r-1".parse().unwrap();
        let lease = log.claim(&run).await.unwrap();
        drop((log, blobs));
        let Store { log, .. } = Store::open(base.path()).unwrap();
        let refused = log.claim(&run).await;
        assert!(matches!(refused, Err(StoreError::Driven { .. })), "somebody still performs the run");
        drop(lease);
        log.claim(&run).await.unwrap();
    }

    #[test]
    fn other_versions_are_refused_and_left_alone() {
        let base = tempfile::tempdir().unwrap();
        drop(Store::open(base.path()).unwrap());
        let format = base.path().join("format");
        std::fs::write(&format, "3\n").unwrap();
        assert!(matches!(Store::open(base.path()), Err(StoreError::Newer { found: 3, known: 2 })));
        for text in ["", "one", "0", "-1", "99999999999"] {
            std::fs::write(&format, text).unwrap();
            assert!(
                matches!(Store::open(base.path()), Err(StoreError::Damaged { what, .. }) if what.contains("format")),
                "{text:?}"
            );
            assert_eq!(std::fs::read_to_string(&format).unwrap(), text);
        }
        std::fs::remove_file(&format).unwrap();
        assert!(
            matches!(Store::open(base.path()), Err(StoreError::Damaged { detail, .. }) if detail == "it is missing")
        );
    }

    #[tokio::test]
    async fn a_store_of_the_first_version_becomes_one_of_this_with_an_empty_ledger() {
        let base = tempfile::tempdir().unwrap();
        let run = "r-1".parse().unwrap();
        let store = Store::open(base.path()).unwrap();
        store.log.append(&run, 0, b"old", &[]).await.unwrap();
        drop(store);
        let format = base.path().join("format");
        std::fs::write(&format, "1\n").unwrap();

        let store = Store::open(base.path()).unwrap();
        assert_eq!(std::fs::read_to_string(&format).unwrap(), "2\n");
        assert_eq!(store.log.ledger_head().await.unwrap(), None);
        assert_eq!(store.log.read(&run).await.unwrap()[0].bytes, b"old");
        assert_eq!(store.log.append(&run, 1, b"new", &[b"why".to_vec()]).await.unwrap(), 1);
        assert_eq!(store.log.decisions(0, 9).await.unwrap()[0].bytes, b"why");
    }

    #[test]
    fn a_place_where_no_store_can_be_is_an_error_of_the_file_system() {
        let base = tempfile::tempdir().unwrap();
        std::fs::write(base.path().join("file"), "x").unwrap();
        for place in ["file", "file/store", "missing/store"] {
            let error = Store::open(&base.path().join(place)).unwrap_err();
            assert!(matches!(error, StoreError::Io { action: "opened", .. }), "{place}: {error:?}");
        }
    }
}
