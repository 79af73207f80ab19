//! Who performs the effects of which run: a file for each run that is claimed, locked by the process that claimed it.
//!
//! The lock belongs to no connection and to no holder of the store, so it stays when these end, and the system drops it
//! with its process, however that ends. What such a process leaves is a file that nobody has locked.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use factory_core::ids::RunId;
use factory_engine::port::store::{Lease, StoreError};

use crate::blobs;
use crate::disk;
use crate::hold;

/// How often a claim without a name is tried again, and how long after.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// The claims on the runs of one store. Clones, and those of other processes, are the same claims.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    dir: PathBuf,
}

/// What came of one try.
enum Tried {
    Ours(Claim),
    /// The process that has it, if that has written its name already.
    Theirs(Option<String>),
    /// Whoever had it gave it back, and its file with it.
    Gone,
}

impl Claims {
    /// Those on the runs of the store in `dir`.
    pub(crate) fn of(dir: &Path) -> Self {
        Self { dir: dir.join("claims") }
    }

    /// Claims the run for this process. Needs a tokio runtime.
    pub(crate) async fn take(&self, run: &RunId) -> Result<Lease, StoreError> {
        let (claims, run) = (self.clone(), run.clone());
        blobs::blocking("opened", move || claims.take_now(&run)).await
    }

    fn take_now(&self, run: &RunId) -> Result<Lease, StoreError> {
        let path = self.dir.join(run.as_str());
        let mut tries = 0;
        loop {
            let holder = match self.attempt(&path).map_err(|error| disk::failed("opened", error))? {
                Tried::Ours(claim) => return Ok(Lease::new(claim)),
                Tried::Gone => continue,
                Tried::Theirs(holder) => holder,
            };
            tries += 1;
            // Whoever has it has just come, and will write its name at once.
            if holder.is_some() || tries == TRIES {
                let holder = holder.unwrap_or_else(|| "unknown".to_owned());
                return Err(StoreError::Driven { run: run.clone(), holder });
            }
            thread::sleep(PAUSE);
        }
    }

    fn attempt(&self, path: &Path) -> io::Result<Tried> {
        let open =
            || OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.make_dir()?;
                open()?
            }
            opened => opened?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Ok(Tried::Theirs(hold::named(path).map(|holder| holder.process)));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // It may have been removed between the two, and then there may be another one, which somebody has locked.
        let claim = Claim { file, path: path.to_owned() };
        if !claim.is_in_place() {
            return Ok(Tried::Gone);
        }
        // The lock is the claim; the name is for the eye.
        if let Err(error) = claim.write_name() {
            tracing::warn!(%error, "a claim does not say whose it is");
        }
        Ok(Tried::Ours(claim))
    }

    fn make_dir(&self) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(&self.dir) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// The locked file of a run.
#[derive(Debug)]
struct Claim {
    file: File,
    path: PathBuf,
}

impl Claim {
    /// Whether the locked file is the one that others find.
    fn is_in_place(&self) -> bool {
        let of = |found: io::Result<std::fs::Metadata>| found.ok().map(|found| (found.dev(), found.ino()));
        let ours = of(self.file.metadata());
        ours.is_some() && ours == of(self.path.symlink_metadata())
    }

    fn write_name(&self) -> io::Result<()> {
        let text = format!("{}\n", std::process::id());
        // Not at any time is there a name that is part of this one and part of that of whoever died with it.
        self.file.set_len(0)?;
        self.file.write_all_at(text.as_bytes(), 0)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // As long as it is locked nobody else puts another in its place.
        let removed = if self.is_in_place() { std::fs::remove_file(&self.path) } else { Ok(()) };
        // If it stays, closing it might not be enough: a process that this one is just starting shares it for a moment.
        let unlocked = self.file.unlock();
        if let Err(error) = removed.and(unlocked) {
            tracing::warn!(%error, "the file of a claim stays behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn run() -> RunId {
        "r-1".parse().unwrap()
    }

    #[test]
    fn a_claim_is_a_locked_file_with_a_name_in_it_and_goes_with_it() {
        let base = tempfile::tempdir().unwrap();
        let claims = Claims::of(base.path());
        let path = base.path().join("claims/r-1");
        // What a dead process left is no hindrance.
        claims.make_dir().unwrap();
        std::fs::write(&path, "4194304999\nmore\n").unwrap();
        let lease = claims.take_now(&run()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        // Another file of the same store, as another process has it.
        match Claims::of(base.path()).take_now(&run()) {
            Err(StoreError::Driven { run: found, holder }) => {
                assert_eq!((found, holder), (run(), std::process::id().to_string()));
            }
            other => panic!("claimed twice: {other:?}"),
        }
        drop(lease);
        assert!(!path.exists());
        drop(claims.take_now(&run()).unwrap());
    }

    #[test]
    fn a_claim_without_a_name_is_somebody_s_all_the_same() {
        let base = tempfile::tempdir().unwrap();
        let claims = Claims::of(base.path());
        claims.make_dir().unwrap();
        let file = File::create(base.path().join("claims/r-1")).unwrap();
        file.lock().unwrap();
        assert!(
            matches!(claims.take_now(&run()), Err(StoreError::Driven { holder, .. }) if holder == "unknown")
        );
    }

    /// A file that was removed after it was opened is locked for nobody.
    #[test]
    fn two_never_have_it_however_often_it_is_taken_and_given_back() {
        let base = tempfile::tempdir().unwrap();
        let (inside, taken) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        thread::scope(|scope| {
            for _ in 0..4 {
                let (claims, inside, taken) =
                    (Claims::of(base.path()), Arc::clone(&inside), Arc::clone(&taken));
                scope.spawn(move || {
                    let path = claims.dir.join("r-1");
                    for _ in 0..3000 {
                        let Ok(Tried::Ours(claim)) = claims.attempt(&path) else { continue };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two have it");
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        taken.fetch_add(1, Ordering::SeqCst);
                        drop(claim);
                    }
                });
            }
        });
        assert!(taken.load(Ordering::SeqCst) > 100);
    }
}
