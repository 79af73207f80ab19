//! How many records and decisions have been acknowledged, beside the database.
//!
//! sled takes a bad byte in what it has written since it was opened last for the end of its file, as a power cut may
//! leave it, and drops whatever comes after it without a word. What is left is a store like any other, only shorter.
//! The number in the file `acknowledged` shows it. It is written after the database, and not synced: it may be behind,
//! and is never ahead.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Digits of the number, so that a later one always covers an earlier one.
const DIGITS: usize = 20;

#[derive(Debug)]
pub(crate) struct Witness {
    file: File,
    total: u64,
}

impl Witness {
    /// Opens the file in the directory of the store, and makes it if it is missing.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(dir.join("acknowledged"))?;
        let mut text = String::new();
        let read = (&mut file).take(64).read_to_string(&mut text);
        let total = read.ok().and_then(|_| text.strip_suffix('\n')?.parse().ok());
        Ok(Self { file, total: total.unwrap_or(0) })
    }

    /// How many have been acknowledged at least.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Notes that there are so many, if that is more than before.
    pub(crate) fn note(&mut self, total: u64) {
        if total <= self.total {
            return;
        }
        self.total = total;
        let text = format!("{total:0DIGITS$}\n");
        if let Err(error) = self.file.write_all_at(text.as_bytes(), 0) {
            tracing::warn!(%error, "it cannot be noted how many records have been acknowledged");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_only_grows_and_what_is_none_is_as_good_as_nothing() {
        let dir = tempfile::tempdir().unwrap();
        for (note, expected) in [(0, 0), (7, 7), (3, 7), (1_000_000, 1_000_000), (u64::MAX, u64::MAX)] {
            Witness::open(dir.path()).unwrap().note(note);
            assert_eq!(Witness::open(dir.path()).unwrap().total(), expected);
        }
        let path = dir.path().join("acknowledged");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "18446744073709551615\n");
        for text in [&b""[..], b"12", b"many\n", &[0xff; 21]] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Witness::open(dir.path()).unwrap().total(), 0, "{text:?}");
        }
    }
}
