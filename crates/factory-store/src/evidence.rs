//! What the file of the database was before it is opened. sled overwrites with zeros whatever it does not believe in,
//! and when it turns out that it should have, this is where the rest can be found.
//!
//! It concerns only what sled has not noted in a snapshot, whose name says up to where it reaches; that is what was
//! written since the database was opened last. The copy has it in the same places, and holes elsewhere.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::rawfile::{self, SEGMENT};

/// Keeps what opening the database of the store in `dir` may destroy. What was kept before, and not cleared away since,
/// stays instead. It need not survive a power cut: the file itself does then.
pub(crate) fn keep(dir: &Path) -> io::Result<()> {
    let (copy, unfinished) = (path(dir), dir.join("before.part"));
    if copy.exists() {
        return Ok(());
    }
    let database = match File::open(dir.join("store/db")) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let noted = noted(&dir.join("store"))?;
    let length = database.metadata()?.len();
    let mut target = None;
    for index in 0..length.div_ceil(SEGMENT as u64) {
        let mut header = [0; rawfile::SEGMENT_HEADER];
        let header = database.read_exact_at(&mut header, index * SEGMENT as u64).map(|()| header);
        let number = header.ok().and_then(|header| rawfile::sequence(&header));
        if number.is_some_and(|number| (number + 1) * SEGMENT as u64 <= noted) {
            continue;
        }
        let segment = rawfile::read(&database, index)?;
        // Trailing zeros need no copy either.
        let used = segment.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        if used == 0 {
            continue;
        }
        if disk::check_room(dir, disk::RESERVE / 2 + used as u64).is_err() {
            tracing::warn!("there is no room for a copy of what the database has written last");
            break;
        }
        let target = match &mut target {
            Some(target) => target,
            none => none.insert(File::create(&unfinished)?),
        };
        target.write_all_at(&segment[..used], index * SEGMENT as u64)?;
    }
    if target.is_some() { std::fs::rename(unfinished, copy) } else { Ok(()) }
}

/// Clears it away, when all that should be there is there.
pub(crate) fn clear(dir: &Path) -> io::Result<()> {
    for path in [path(dir), dir.join("before.part")] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The files in which something may be found, the older one first.
pub(crate) fn files(dir: &Path) -> [PathBuf; 2] {
    [path(dir), dir.join("store/db")]
}

fn path(dir: &Path) -> PathBuf {
    dir.join("before")
}

/// Up to where the newest snapshot reaches.
fn noted(database: &Path) -> io::Result<u64> {
    let mut noted = 0;
    for entry in database.read_dir()? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("snap."));
        noted = number.and_then(|number| u64::from_str_radix(number, 16).ok()).unwrap_or(0).max(noted);
    }
    Ok(noted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segment that says that it has this number, with something in it.
    fn segment(number: u64, byte: u8) -> Vec<u8> {
        let mut segment = vec![0; SEGMENT];
        let start = i64::try_from(number * SEGMENT as u64).unwrap() ^ i64::MAX;
        segment[4..12].copy_from_slice(&start.to_le_bytes());
        segment[100] = byte;
        segment
    }

    #[test]
    fn what_has_not_been_noted_is_kept_until_it_is_cleared_away() {
        let dir = tempfile::tempdir().unwrap();
        keep(dir.path()).unwrap();
        std::fs::create_dir(dir.path().join("store")).unwrap();
        keep(dir.path()).unwrap();
        assert!(!path(dir.path()).exists(), "there is nothing to keep");

        // The second is older than the first; the third is free; of the last, the header is bad.
        let bad = vec![7; SEGMENT];
        let database = [segment(2, b'a'), segment(1, b'b'), vec![0; SEGMENT], segment(3, b'c'), bad].concat();
        std::fs::write(dir.path().join("store/db"), &database).unwrap();
        std::fs::write(dir.path().join(format!("store/snap.{:016X}", 2 * SEGMENT + 5)), "").unwrap();
        keep(dir.path()).unwrap();
        let mut expected = database.clone();
        expected[SEGMENT..2 * SEGMENT].fill(0);
        assert!(std::fs::read(path(dir.path())).unwrap() == expected);

        std::fs::write(dir.path().join("store/db"), "zeros").unwrap();
        keep(dir.path()).unwrap();
        assert!(std::fs::read(path(dir.path())).unwrap() == expected, "the first is the one to keep");
        clear(dir.path()).unwrap();
        clear(dir.path()).unwrap();
        assert_eq!(dir.path().read_dir().unwrap().count(), 1);
    }
}
