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
        let segment = rawfile::read(&database, index)?;
        let old = rawfile::sequence(&segment).is_some_and(|number| (number + 1) * SEGMENT as u64 <= noted);
        // Trailing zeros need no copy either.
        let used = segment.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        if old || used == 0 {
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
