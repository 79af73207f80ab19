//! Blobs as files: `ab/cdef…` under the blob directory, named by the SHA-256 of their bytes.

use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use factory_core::ids::Digest;
use factory_engine::port::store::{BlobStore, StoreError};

use crate::disk;
use crate::hold::Hold;

/// Blobs in the directory of a store. Each is written under another name, synced and then renamed, so that what has its
/// name is whole.
#[derive(Debug, Clone)]
pub struct FileBlobs(Arc<Files>);

#[derive(Debug)]
struct Files {
    dir: PathBuf,
    /// Where files are written before they get their name.
    scratch: PathBuf,
    /// The directories of which it is certain that they survive a power cut.
    shards: Mutex<HashSet<String>>,
    _hold: Arc<Hold>,
}

/// Every blob there is.
pub(crate) struct Scanned {
    /// Those that are whole.
    pub(crate) whole: HashSet<Digest>,
    /// The others, each with what is wrong with it.
    pub(crate) bad: Vec<(Digest, String)>,
}

impl FileBlobs {
    /// Opens the directory, makes it if it is missing, and clears away what a dead process had not finished.
    pub(crate) fn open(dir: &Path, hold: Arc<Hold>) -> Result<Self, StoreError> {
        let scratch = dir.join("tmp");
        let prepare = || -> io::Result<()> {
            disk::ensure_dir(dir)?;
            disk::ensure_dir(&scratch)?;
            for entry in scratch.read_dir()? {
                std::fs::remove_file(entry?.path())?;
            }
            Ok(())
        };
        prepare().map_err(|error| disk::failed("opened", error))?;
        let shards = Mutex::new(HashSet::new());
        Ok(Self(Arc::new(Files { dir: dir.to_owned(), scratch, shards, _hold: hold })))
    }

    /// [`BlobStore::put`] on a thread that may block.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        self.0.put(bytes)
    }

    /// Reads every blob.
    pub(crate) fn scan(&self) -> Result<Scanned, StoreError> {
        let mut whole = HashSet::new();
        let mut bad = Vec::new();
        for digest in names(&self.0.dir).map_err(|error| disk::failed("read", error))? {
            match self.read(&digest) {
                Ok(_) => {
                    whole.insert(digest);
                }
                Err(StoreError::Damaged { detail, .. }) => bad.push((digest, detail)),
                Err(other) => bad.push((digest, other.to_string())),
            }
        }
        Ok(Scanned { whole, bad })
    }

    /// Writes every whole blob to the directory `to`, which is made, under the name that it has here. Answers how many.
    pub(crate) fn copy_whole(&self, to: &Path) -> Result<usize, StoreError> {
        let written = |error| disk::failed("written", error);
        disk::ensure_dir(to).map_err(written)?;
        let mut count = 0;
        for digest in names(&self.0.dir).map_err(|error| disk::failed("read", error))? {
            let Ok(bytes) = self.read(&digest) else { continue };
            let path = place(to, &digest);
            disk::ensure_dir(path.parent().expect("a blob is in a directory")).map_err(written)?;
            disk::write_whole(&path, to, &bytes).map_err(written)?;
            count += 1;
        }
        Ok(count)
    }

    /// Puts every blob that [`Self::copy_whole`] has written to `from`. Answers how many.
    pub(crate) fn take_over(&self, from: &Path) -> Result<usize, StoreError> {
        let read = |error| disk::failed("read", error);
        let mut count = 0;
        for digest in names(from).map_err(read)? {
            let bytes = std::fs::read(place(from, &digest)).map_err(read)?;
            if Digest::of(&bytes) != digest {
                let detail = "its bytes have another digest".to_owned();
                return Err(StoreError::Damaged { what: format!("blob {digest}"), detail });
            }
            self.write(&bytes)?;
            count += 1;
        }
        Ok(count)
    }

    /// [`BlobStore::get`] on a thread that may block.
    pub(crate) fn read(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let bytes = std::fs::read(self.0.path(digest)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => StoreError::NoBlob(digest.clone()),
            _ => disk::failed("read", error),
        })?;
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(StoreError::Damaged {
                what: format!("blob {digest}"),
                detail: format!("its {} bytes have the digest {found}", bytes.len()),
            });
        }
        Ok(bytes)
    }
}

#[async_trait]
impl BlobStore for FileBlobs {
    async fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let files = Arc::clone(&self.0);
        let bytes = bytes.to_vec();
        blocking("written", move || files.put(&bytes)).await
    }

    async fn get(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let blobs = self.clone();
        let digest = digest.clone();
        blocking("read", move || blobs.read(&digest)).await
    }
}

impl Files {
    fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let written = |error| disk::failed("written", error);
        let path = self.path(&digest);
        let shard = self.shard(&digest).map_err(written)?;
        let whole = path.metadata().is_ok_and(|found| found.is_file() && found.len() == bytes.len() as u64);
        if whole {
            // Whoever put it may have been stopped before the name was durable.
            disk::sync(&shard).map_err(written)?;
        } else {
            disk::check_room(&self.dir, disk::RESERVE + bytes.len() as u64)?;
            disk::write_whole(&path, &self.scratch, bytes).map_err(written)?;
        }
        Ok(digest)
    }

    /// The directory that the blob belongs in, made durably.
    fn shard(&self, digest: &Digest) -> io::Result<PathBuf> {
        let name = &digest.as_str()[..2];
        let path = self.dir.join(name);
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        if !shards.contains(name) {
            disk::ensure_dir(&path)?;
            shards.insert(name.to_owned());
        }
        Ok(path)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        place(&self.dir, digest)
    }
}

/// Where a blob is.
fn place(dir: &Path, digest: &Digest) -> PathBuf {
    let (shard, name) = digest.as_str().split_at(2);
    dir.join(shard).join(name)
}

/// The names of all blobs in a directory, in order. Whatever else is there is none.
fn names(dir: &Path) -> io::Result<Vec<Digest>> {
    let mut names = Vec::new();
    for shard in dir.read_dir()? {
        let shard = shard?;
        if !shard.file_type()?.is_dir() {
            continue;
        }
        for file in shard.path().read_dir()? {
            let mut name = shard.file_name();
            name.push(file?.file_name());
            names.extend(name.to_str().and_then(|name| name.parse::<Digest>().ok()));
        }
    }
    names.sort();
    Ok(names)
}

/// Runs `work` on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    action: &'static str,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        // The runtime ends, and with it whatever serves the store: it has not been begun.
        Err(stopped) if stopped.is_cancelled() => Err(StoreError::HolderGone),
        Err(stopped) => Err(StoreError::Io { action, source: Box::new(stopped) }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::conformance;

    fn open(dir: &Path) -> FileBlobs {
        let hold = Arc::new(Hold::take(&dir.join("lock")).unwrap());
        FileBlobs::open(&dir.join("blobs"), hold).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conforms() {
        conformance::blob_store(async || {
            let dir = tempfile::tempdir().unwrap();
            let blobs: Arc<dyn BlobStore> = Arc::new(open(dir.path()));
            conformance::Fresh::new(blobs, dir)
        })
        .await;
    }

    #[tokio::test]
    async fn a_changed_blob_is_damaged_and_a_shortened_one_is_mended_by_putting_it_again() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = open(dir.path());
        let digest = blobs.put(b"four").await.unwrap();
        let path = blobs.0.path(&digest);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(path.ends_with(format!("blobs/{}/{}", &digest.as_str()[..2], &digest.as_str()[2..])));

        for changed in ["foor", "fou", ""] {
            std::fs::write(&path, changed).unwrap();
            let Err(StoreError::Damaged { what, .. }) = blobs.get(&digest).await else {
                panic!("read as {changed}")
            };
            assert_eq!(what, format!("blob {digest}"));
        }
        assert_eq!(blobs.put(b"four").await.unwrap(), digest);
        assert_eq!(blobs.get(&digest).await.unwrap(), b"four");
    }

    #[tokio::test]
    async fn what_a_dead_process_left_half_written_is_cleared_away() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path()));
        let left = dir.path().join("blobs/tmp/new-abc");
        std::fs::write(&left, "ha").unwrap();
        drop(open(dir.path()));
        assert!(!left.exists());
    }
}
