//! The only file that knows sled. Keys of its one tree: `r/<run>/e/<position, u64 big-endian>` for records and
//! `r/<run>/h` for heads.
//!
//! sled 0.34.7 calls `sync_file_range` where it should call fsync, so a power cut loses what its `flush` promised to
//! keep. Therefore every write ends with an fdatasync of its file through a handle of ours, directories are synced
//! when something is made in them, and nothing is ever large enough for the files that sled keeps beside its log, which
//! no sync covers at all.

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use factory_core::ids::RunId;
use factory_engine::port::store::{Position, StoreError};

use crate::chain::{Envelope, Head};
use crate::disk;

/// Bytes of pages that sled keeps in memory.
const CACHE: u64 = 64 * 1024 * 1024;

/// How often sled's own lock is tried, and how long after: its threads can hold it for a moment after a database was
/// dropped. Other processes are kept away by our lock.
const TRIES: u32 = 500;
const PAUSE: Duration = Duration::from_millis(10);

/// Where the log of a run ends, or how its end is damaged.
pub(crate) type Heads = HashMap<RunId, Result<Head, String>>;

/// One record to write, and the head of its run with it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) run: RunId,
    pub(crate) position: Position,
    pub(crate) envelope: Envelope,
}

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
        match database.spilled() {
            Ok(None) => Ok(database),
            Ok(Some(name)) => Err(damaged(spilled(&name))),
            Err(error) => Err(opened(error)),
        }
    }

    /// Every run with a record, each with its head, after a look at its last record.
    pub(crate) fn heads(&self) -> Result<Heads, StoreError> {
        let mut heads = Heads::new();
        let mut from = b"r/".to_vec();
        while let Some((key, _)) =
            self.sled.range(from..).next().transpose().map_err(|error| failed("opened", error))?
        {
            let Some(name) = key.strip_prefix(b"r/").and_then(|rest| rest.split(|byte| *byte == b'/').next())
            else {
                break;
            };
            match std::str::from_utf8(name).ok().and_then(|name| name.parse::<RunId>().ok()) {
                Some(run) => {
                    let head = self.head(&run)?;
                    heads.insert(run, head);
                }
                None => tracing::warn!(key = %key.escape_ascii(), "this key in the store names no run"),
            }
            // `0` comes right after `/`.
            from = [b"r/", name, b"0"].concat();
        }
        Ok(heads)
    }

    /// The stored form of one record.
    pub(crate) fn record(&self, run: &RunId, position: Position) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.sled.get(record_key(run, position)).map_err(|error| match error {
            sled::Error::Corruption { .. } => StoreError::Damaged {
                what: format!("record {position} of run {run}"),
                detail: error.to_string(),
            },
            other => failed("read", other),
        })?;
        Ok(value.map(|value| value.to_vec()))
    }

    /// Writes the entries, in the order of their positions within a run, all or none of them. They are durable when
    /// this returns.
    pub(crate) fn write(&self, entries: &[Entry]) -> Result<(), WriteError> {
        let mut batch = sled::Batch::default();
        for Entry { run, position, envelope } in entries {
            batch.insert(record_key(run, *position), envelope.encode());
            let head = Head { count: position + 1, hash: envelope.hash.clone() };
            batch.insert(head_key(run), head.encode());
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
    pub(crate) fn overwrite(&self, run: &RunId, position: Position, value: Option<&[u8]>) {
        match value {
            Some(value) => self.sled.insert(record_key(run, position), value).unwrap(),
            None => self.sled.remove(record_key(run, position)).unwrap(),
        };
        self.sled.flush().unwrap();
    }

    fn head(&self, run: &RunId) -> Result<Result<Head, String>, StoreError> {
        let value = self.sled.get(head_key(run)).map_err(|error| failed("opened", error))?;
        let Some(head) = value.as_deref().and_then(Head::decode) else {
            return Ok(Err("it has no readable head".to_owned()));
        };
        // `/f` comes right after every `/e/…`.
        let last = self.sled.get_lt(format!("r/{run}/f")).map_err(|error| failed("opened", error))?;
        let Some((key, value)) = last.filter(|(key, _)| key.starts_with(format!("r/{run}/e/").as_bytes()))
        else {
            return Ok(Err(format!("its head counts {} records, and there is none", head.count)));
        };
        if *key != *record_key(run, head.count - 1) {
            return Ok(Err(format!(
                "its head counts {} records, and its last record is another",
                head.count
            )));
        }
        if Envelope::decode(&value).is_none_or(|envelope| envelope.hash != head.hash) {
            return Ok(Err(format!("its head and record {} have different hashes", head.count - 1)));
        }
        Ok(Ok(head))
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

fn record_key(run: &RunId, position: Position) -> Vec<u8> {
    let mut key = format!("r/{run}/e/").into_bytes();
    key.extend_from_slice(&position.to_be_bytes());
    key
}

fn head_key(run: &RunId) -> Vec<u8> {
    format!("r/{run}/h").into_bytes()
}

fn damaged(detail: String) -> StoreError {
    StoreError::Damaged { what: "the database".to_owned(), detail }
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

    #[test]
    fn what_was_left_half_written_in_opening_does_not_prevent_it() {
        let dir = tempfile::tempdir().unwrap();
        // As a process leaves it that ended right after it began the settings of a new database.
        std::fs::create_dir(dir.path().join("blobs")).unwrap();
        std::fs::write(dir.path().join("conf"), "segment_size: 524288\nuse_compr").unwrap();
        let run: RunId = "r".parse().unwrap();
        let hash = chain::link(None, b"x");
        let database = Database::open(dir.path()).unwrap();
        let envelope = Envelope { hash: hash.clone(), body: Body::Inline(b"x".to_vec()) };
        database.write(&[Entry { run: run.clone(), position: 0, envelope }]).unwrap();
        drop(database);

        std::fs::write(dir.path().join("snap.7FFFFFFFFFFFFFFF.generating"), "half of a snap").unwrap();
        let heads = Database::open(dir.path()).unwrap().heads().unwrap();
        assert_eq!(heads, Heads::from([(run, Ok(Head { count: 1, hash }))]));
    }

    /// Were a leaf to outgrow the log, the write would fail.
    #[test]
    fn a_group_of_the_largest_records_of_one_run_stays_inside_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let run: RunId = "x".repeat(80).parse().unwrap();
        let bytes = vec![b'x'; INLINE_LIMIT];
        let hash = chain::link(None, &bytes);
        let database = Database::open(dir.path()).unwrap();
        for group in 0..4 {
            let entries: Vec<_> = (group * 256..group * 256 + 256)
                .map(|position| {
                    let envelope = Envelope { hash: hash.clone(), body: Body::Inline(bytes.clone()) };
                    Entry { run: run.clone(), position, envelope }
                })
                .collect();
            database.write(&entries).unwrap();
        }
        drop(database);
        let heads = Database::open(dir.path()).unwrap().heads().unwrap();
        assert_eq!(heads, Heads::from([(run, Ok(Head { count: 1024, hash }))]));
    }
}
