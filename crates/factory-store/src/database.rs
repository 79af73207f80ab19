//! The only file that knows sled.
//!
//! sled 0.34.7 calls `sync_file_range` where it should call fsync, so a power cut loses what its `flush` promised to
//! keep. Therefore every write ends with an fdatasync of its file through a handle of ours, directories are synced
//! when something is made in them, and nothing is ever large enough for the files that sled keeps beside its log, which
//! no sync covers at all.

use std::error::Error;
use std::fs::File;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use factory_engine::port::store::{Position, StoreError};

use crate::chain::{Chain, Envelope, Head};
use crate::disk;
use crate::keys;

/// Bytes of pages that sled keeps in memory.
const CACHE: u64 = 64 * 1024 * 1024;

/// How often sled's own lock is tried, and how long after: its threads can hold it for a moment after a database was
/// dropped. Other processes are kept away by our lock.
const TRIES: u32 = 500;
const PAUSE: Duration = Duration::from_millis(10);

/// One record to write, and the head of its chain with it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) chain: Chain,
    pub(crate) position: Position,
    pub(crate) envelope: Envelope,
}

/// A key and its value.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// Why a write did not come to its end. What it left in the database is unknown until that is opened again.
pub(crate) type WriteError = Box<dyn Error + Send + Sync>;

#[derive(Debug)]
pub(crate) struct Database {
    sled: sled::Db,
    /// The file that sled writes to, for syncing it.
    file: File,
    /// Where sled puts what is too large for that file.
    spill: PathBuf,
}

impl Database {
    /// Opens the database in `dir`, which exists.
    pub(crate) fn open(dir: &Path) -> Result<Self, StoreError> {
        match Self::open_any(dir)? {
            (database, None) => Ok(database),
            (_, Some(trouble)) => Err(damaged(trouble)),
        }
    }

    /// Opens it even if it keeps something where it may be lost, and says so.
    pub(crate) fn open_any(dir: &Path) -> Result<(Self, Option<String>), StoreError> {
        let opened = |error| disk::failed("opened", error);
        disk::check_room(dir, disk::RESERVE / 4)?;
        clear_unfinished(dir).map_err(opened)?;
        let sled = open_sled(dir)?;
        let spill = dir.join("blobs");
        for made in [&dir.join("conf"), &dir.join("db"), &spill, dir] {
            disk::sync(made).map_err(opened)?;
        }
        let file = File::open(dir.join("db")).map_err(opened)?;
        let database = Self { sled, file, spill };
        let trouble = database.spilled().map_err(opened)?.map(|name| spilled(&name));
        Ok((database, trouble))
    }

    /// The value of a key; `what` it is, for an error.
    pub(crate) fn get(&self, key: &[u8], what: &dyn Fn() -> String) -> Result<Option<Vec<u8>>, StoreError> {
        let value = guarded(what, || self.sled.get(key))?;
        Ok(value.map(|value| value.to_vec()))
    }

    /// The first key that is not before `from`.
    pub(crate) fn first_from(&self, from: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let next = guarded(&whole, || self.sled.range(from..).next().transpose())?;
        Ok(next.map(|(key, _)| key.to_vec()))
    }

    /// The last key before `to`, and its value.
    pub(crate) fn last_before(&self, to: &[u8]) -> Result<Option<Pair>, StoreError> {
        let last = guarded(&whole, || self.sled.get_lt(to))?;
        Ok(last.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }

    /// Writes the entries, in the order of their positions within a chain, all or none of them. They are durable when
    /// this returns.
    pub(crate) fn write(&self, entries: &[Entry]) -> Result<(), WriteError> {
        let mut batch = sled::Batch::default();
        for Entry { chain, position, envelope } in entries {
            batch.insert(keys::of_record(chain, *position), envelope.encode());
            let head = Head { count: position + 1, hash: envelope.hash.clone() };
            batch.insert(keys::of_head(chain), head.encode());
        }
        self.sled.apply_batch(batch)?;
        self.sled.flush()?;
        self.file.sync_data()?;
        match self.spilled()? {
            None => Ok(()),
            Some(name) => Err(spilled(&name).into()),
        }
    }

    /// Wakes a [`Self::write`] that waits for a write which has failed: sled does not always tell. Harmless otherwise.
    pub(crate) fn nudge(&self) {
        if let Err(error) = self.sled.flush() {
            tracing::debug!(%error, "the database has stopped");
        }
    }

    /// Puts anything in the place of a record, without its head.
    #[cfg(test)]
    pub(crate) fn overwrite(&self, chain: &Chain, position: Position, value: Option<&[u8]>) {
        match value {
            Some(value) => self.sled.insert(keys::of_record(chain, position), value).unwrap(),
            None => self.sled.remove(keys::of_record(chain, position)).unwrap(),
        };
        self.sled.flush().unwrap();
    }

    /// Takes away the head of a chain.
    #[cfg(test)]
    pub(crate) fn remove_head(&self, chain: &Chain) {
        self.sled.remove(keys::of_head(chain)).unwrap();
        self.sled.flush().unwrap();
    }

    fn spilled(&self) -> io::Result<Option<String>> {
        let first = self.spill.read_dir()?.next().transpose()?;
        Ok(first.map(|entry| entry.file_name().to_string_lossy().into_owned()))
    }
}

/// Clears away what a process that ended while it opened the database left half written, and sled would take for
/// damage for ever: a snapshot that has not got its name yet, and settings from before there was any data.
fn clear_unfinished(dir: &Path) -> io::Result<()> {
    for entry in dir.read_dir()? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "generating") {
            std::fs::remove_file(path)?;
        }
    }
    let conf = dir.join("conf");
    if conf.exists() && dir.join("db").metadata().map_or(0, |db| db.len()) == 0 {
        std::fs::remove_file(conf)?;
    }
    Ok(())
}

fn open_sled(dir: &Path) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new().path(dir).cache_capacity(CACHE);
    let mut tries = 0;
    loop {
        // sled checks its file with assertions in places.
        let opened = panic::catch_unwind(AssertUnwindSafe(|| config.open()))
            .map_err(|_| damaged("its file cannot be made sense of".to_owned()))?;
        match opened {
            Err(sled::Error::Io(error))
                if tries < TRIES && error.to_string().contains("could not acquire lock") =>
            {
                tries += 1;
                thread::sleep(PAUSE);
            }
            Err(error @ sled::Error::Corruption { .. }) => return Err(damaged(error.to_string())),
            other => return other.map_err(|error| failed("opened", error)),
        }
    }
}

/// What sled answers. It checks what it reads with assertions in places.
fn guarded<T>(what: &dyn Fn() -> String, ask: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    let damaged = |detail| StoreError::Damaged { what: what(), detail };
    match panic::catch_unwind(AssertUnwindSafe(ask)) {
        Err(_) => Err(damaged("the database cannot make sense of its file there".to_owned())),
        Ok(Err(error @ sled::Error::Corruption { .. })) => Err(damaged(error.to_string())),
        Ok(answer) => answer.map_err(|error| failed("read", error)),
    }
}

fn whole() -> String {
    "the database".to_owned()
}

fn damaged(detail: String) -> StoreError {
    StoreError::Damaged { what: whole(), detail }
}

fn spilled(name: &str) -> String {
    format!("it keeps `{name}` outside its log, where it may be lost")
}

fn failed(action: &'static str, error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(error) => disk::failed(action, error),
        other => StoreError::Io { action, source: Box::new(other) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::{self, Body, INLINE_LIMIT};
    use crate::keys::Heads;

    #[test]
    fn what_was_left_half_written_in_opening_does_not_prevent_it() {
        let dir = tempfile::tempdir().unwrap();
        // As a process leaves it that ended right after it began the settings of a new database.
        std::fs::create_dir(dir.path().join("blobs")).unwrap();
        std::fs::write(dir.path().join("conf"), "segment_size: 524288\nuse_compr").unwrap();
        let run = Chain::Run("r".parse().unwrap());
        let hash = chain::link(None, b"x");
        let database = Database::open(dir.path()).unwrap();
        let envelope = Envelope { hash: hash.clone(), body: Body::Inline(b"x".to_vec()) };
        database.write(&[Entry { chain: run.clone(), position: 0, envelope }]).unwrap();
        drop(database);

        std::fs::write(dir.path().join("snap.7FFFFFFFFFFFFFFF.generating"), "half of a snap").unwrap();
        let heads = keys::heads(&Database::open(dir.path()).unwrap()).unwrap();
        assert_eq!(heads, Heads::from([(run, Ok(Head { count: 1, hash }))]));
    }

    /// Were a leaf to outgrow the log, the write would fail.
    #[test]
    fn a_group_of_the_largest_records_of_one_run_stays_inside_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let run = Chain::Run("x".repeat(80).parse().unwrap());
        let bytes = vec![b'x'; INLINE_LIMIT];
        let hash = chain::link(None, &bytes);
        let database = Database::open(dir.path()).unwrap();
        for group in 0..4 {
            let entries: Vec<_> = (group * 256..group * 256 + 256)
                .map(|position| {
                    let envelope = Envelope { hash: hash.clone(), body: Body::Inline(bytes.clone()) };
                    Entry { chain: run.clone(), position, envelope }
                })
                .collect();
            database.write(&entries).unwrap();
        }
        drop(database);
        let heads = keys::heads(&Database::open(dir.path()).unwrap()).unwrap();
        assert_eq!(heads, Heads::from([(run, Ok(Head { count: 1024, hash }))]));
    }
}
