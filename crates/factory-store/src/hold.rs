//! The lock that keeps a store to one process. The system drops it with its holder, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use factory_engine::port::store::StoreError;

use crate::disk;

/// How often an unclaimed lock is tried again, and how long after.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// The store is ours while this lives. The file holds our process id meanwhile.
#[derive(Debug)]
pub(crate) struct Hold {
    file: File,
}

impl Hold {
    /// Takes the lock, or says who has it.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let opened = |error| disk::failed("opened", error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(opened)?;
        let mut tries = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(opened(error)),
            }
            let holder = named(path);
            tries += 1;
            // No name is there: its holder has just come, or has just gone while a process that it was starting still
            // shares its files.
            if holder.is_some() || tries == TRIES {
                return Err(StoreError::Held { holder: holder.unwrap_or_else(|| "unknown".to_owned()) });
            }
            thread::sleep(PAUSE);
        }
        file.set_len(0).map_err(opened)?;
        write!(file, "{}", std::process::id()).map_err(opened)?;
        Ok(Self { file })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Err(error) = self.file.set_len(0) {
            tracing::warn!(%error, "the name in the store's lock file stays behind");
        }
    }
}

/// The process id in the file.
fn named(path: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(32).read_to_string(&mut text).ok()?;
    Some(text).filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_learns_who_holds_it_and_gets_it_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let hold = Hold::take(&path).unwrap();
        let Err(StoreError::Held { holder }) = Hold::take(&path) else { panic!("taken twice") };
        assert_eq!(holder, std::process::id().to_string());
        drop(hold);
        Hold::take(&path).unwrap();
    }

    #[test]
    fn a_lock_without_a_name_is_held_by_an_unknown_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let file = File::create(&path).unwrap();
        file.lock().unwrap();
        assert!(matches!(Hold::take(&path), Err(StoreError::Held { holder }) if holder == "unknown"));
    }

    #[test]
    fn the_name_of_a_dead_holder_does_not_matter() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        std::fs::write(&path, "4194304999").unwrap();
        let hold = Hold::take(&path).unwrap();
        assert_eq!(named(&path), Some(std::process::id().to_string()));
        drop(hold);
    }
}
