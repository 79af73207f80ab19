//! The lock that keeps a store to one process. The system drops it with its holder, however that ends.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use factory_engine::port::store::StoreError;

use crate::disk;

/// How often an unclaimed lock is tried again, and how long after.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Bytes of a lock file that are looked at: a process id and the path of a socket are shorter.
const LONGEST: u64 = 4096;

/// The store is ours while this lives. The file holds our process id meanwhile, and on a second line the path of the
/// socket at which other processes are served, if they are.
#[derive(Debug)]
pub(crate) struct Hold {
    file: File,
    path: PathBuf,
}

/// Who holds a store, as its lock file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Its process id.
    pub(crate) process: String,
    /// Where it serves others.
    pub(crate) socket: Option<PathBuf>,
}

impl Hold {
    /// Takes the lock, or says who has it.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let opened = |error| disk::failed("opened", error);
        let file = OpenOptions::new()
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
                let holder = holder.map_or_else(|| "unknown".to_owned(), |holder| holder.process);
                return Err(StoreError::Held { holder });
            }
            thread::sleep(PAUSE);
        }
        let hold = Self { file, path: path.to_owned() };
        hold.announce(None).map_err(opened)?;
        Ok(hold)
    }

    /// Says in the file who holds the store and where others are served.
    pub(crate) fn announce(&self, socket: Option<&Path>) -> io::Result<()> {
        let mut text = format!("{}\n", std::process::id()).into_bytes();
        if let Some(socket) = socket {
            text.extend_from_slice(socket.as_os_str().as_bytes());
            text.push(b'\n');
        }
        // Whoever reads in between sees a first line, and the second one whole or not at all.
        self.file.write_all_at(&text, 0)?;
        self.file.set_len(text.len() as u64)
    }

    /// The directory of the store.
    pub(crate) fn dir(&self) -> &Path {
        self.path.parent().expect("the lock file is in the store")
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Err(error) = self.file.set_len(0) {
            tracing::warn!(%error, "the name in the store's lock file stays behind");
        }
    }
}

/// Who has said in the file that it holds the store.
pub(crate) fn named(path: &Path) -> Option<Holder> {
    let mut text = Vec::new();
    File::open(path).ok()?.take(LONGEST).read_to_end(&mut text).ok()?;
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let process = lines.next().map(|line| line.strip_suffix(b"\n").unwrap_or(line))?;
    let process = std::str::from_utf8(process).ok()?;
    if process.is_empty() || !process.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let socket = lines.next().and_then(|line| line.strip_suffix(b"\n")).filter(|line| !line.is_empty());
    let socket = socket.map(|path| PathBuf::from(OsString::from_vec(path.to_vec())));
    Some(Holder { process: process.to_owned(), socket })
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
        let process = std::process::id().to_string();
        assert_eq!(named(&path), Some(Holder { process, socket: None }));
        drop(hold);
        assert_eq!(named(&path), None);
    }

    #[test]
    fn the_socket_is_announced_on_a_second_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let hold = Hold::take(&path).unwrap();
        assert_eq!(hold.dir(), dir.path());
        let read = || std::fs::read_to_string(&path).unwrap();
        let process = std::process::id().to_string();
        hold.announce(Some(Path::new("/run/s.sock"))).unwrap();
        assert_eq!(read(), format!("{process}\n/run/s.sock\n"));
        let socket = Some(PathBuf::from("/run/s.sock"));
        assert_eq!(named(&path), Some(Holder { process: process.clone(), socket }));
        hold.announce(None).unwrap();
        assert_eq!(read(), format!("{process}\n"));

        drop(hold);
        for (text, expected) in [
            ("7", Some(("7", None))),
            ("7\n/run/s.so", Some(("7", None))),
            ("7\n\n", Some(("7", None))),
            ("7\n/a b\n?", Some(("7", Some("/a b")))),
            ("", None),
            ("\n/run\n", None),
            ("seven\n/run\n", None),
        ] {
            std::fs::write(&path, text).unwrap();
            let expected = expected.map(|(process, socket)| Holder {
                process: process.to_owned(),
                socket: socket.map(PathBuf::from),
            });
            assert_eq!(named(&path), expected, "{text:?}");
        }
    }
}
