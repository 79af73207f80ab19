//! Making a store of an export.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use factory_core::ids::Digest;
use factory_engine::port::store::{Position, StoreError, StoredRecord};

use super::form::{self, End, Manifest, VERSION};
use crate::blobs::FileBlobs;
use crate::chain::{self, Body, Chain, Envelope, INLINE_LIMIT};
use crate::database::{Database, Entry};
use crate::disk;
use crate::hold::Hold;
use crate::store::{self, Store};
use crate::witness::Witness;

/// How many records are written in one go.
const GROUP: usize = 256;

/// What was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// How many runs.
    pub runs: usize,
    /// How many records they have.
    pub records: Position,
    /// How many entries the ledger has.
    pub decisions: Position,
    /// How many blobs.
    pub blobs: usize,
}

impl Store {
    /// Makes a store in `dir`, which must not exist, of what [`Store::export_whole`] has written to `from`: the same
    /// records, the same decisions, the same hashes. It is there whole or not at all. Blocks, for long if it is large.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when something in `from` is not what was exported; [`StoreError::Newer`] when a later
    /// version has exported it; [`StoreError::Io`] or [`StoreError::Full`].
    pub fn import(from: &Path, dir: &Path) -> Result<Imported, StoreError> {
        let written = |error| disk::failed("written", error);
        if dir.symlink_metadata().is_ok() {
            let text = format!("there is something at {} already", dir.display());
            return Err(written(io::Error::new(ErrorKind::AlreadyExists, text)));
        }
        let manifest = manifest(from)?;
        let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let scratch = tempfile::Builder::new().prefix(".importing-").tempdir_in(parent).map_err(written)?;
        let imported = fill(from, scratch.path(), &manifest)?;
        std::fs::rename(scratch.path(), dir).map_err(written)?;
        let _moved = scratch.keep();
        disk::sync(parent).map_err(written)?;
        Ok(imported)
    }
}

fn manifest(from: &Path) -> Result<Manifest, StoreError> {
    let bytes = std::fs::read(from.join("export.json")).map_err(|error| disk::failed("read", error))?;
    let damaged = |detail| StoreError::Damaged { what: "export.json".to_owned(), detail };
    let value: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    match value.get("export").and_then(serde_json::Value::as_u64) {
        Some(found) if found > u64::from(VERSION) => {
            Err(StoreError::Newer { found: u32::try_from(found).unwrap_or(u32::MAX), known: VERSION })
        }
        _ => serde_json::from_value(value).map_err(|error| damaged(error.to_string())),
    }
}

/// Makes the store in `dir`, which is empty.
fn fill(from: &Path, dir: &Path, manifest: &Manifest) -> Result<Imported, StoreError> {
    let hold = Arc::new(Hold::take(&dir.join("lock"))?);
    store::prepare(dir)?;
    let blobs = FileBlobs::open(&dir.join("blobs"), hold)?;
    disk::ensure_dir(&dir.join("store")).map_err(|error| disk::failed("written", error))?;
    let target = Target { database: Database::open(&dir.join("store"))?, blobs };

    let mut imported =
        Imported { blobs: target.blobs.take_over(&from.join("blobs"))?, ..Imported::default() };
    for (run, end) in &manifest.runs {
        target.take_over(from, &Chain::Run(run.clone()), end)?;
        imported.runs += 1;
        imported.records += end.count;
    }
    if let Some(end) = &manifest.ledger {
        target.take_over(from, &Chain::Ledger, end)?;
        imported.decisions = end.count;
    }
    let noted = Witness::open(dir).map(|mut witness| witness.note(imported.records + imported.decisions));
    noted.map_err(|error| disk::failed("written", error))?;
    Ok(imported)
}

struct Target {
    database: Database,
    blobs: FileBlobs,
}

impl Target {
    /// Takes over a chain, record by record, after a look that each is linked to the one before it.
    fn take_over(&self, from: &Path, chain: &Chain, end: &End) -> Result<(), StoreError> {
        let path = form::path_of(from, chain);
        let name = path.strip_prefix(from).unwrap_or(&path).display().to_string();
        let read = |error| disk::failed("read", error);
        let mut lines = BufReader::new(File::open(&path).map_err(read)?);
        let mut previous: Option<Digest> = None;
        let mut count = 0;
        let mut group = Vec::with_capacity(GROUP);
        loop {
            let mut line = Vec::new();
            if lines.read_until(b'\n', &mut line).map_err(read)? == 0 {
                break;
            }
            let damaged =
                |detail| StoreError::Damaged { what: format!("line {} of {name}", count + 1), detail };
            let record = form::from_line(&line).map_err(damaged)?;
            let linked = chain::link(previous.as_ref(), &record.bytes);
            if record.position != count || record.hash != linked {
                return Err(damaged("it does not follow from the line before it".to_owned()));
            }
            previous = Some(linked);
            count += 1;
            group.push(self.entry(chain, record)?);
            if group.len() == GROUP {
                self.write(&mut group)?;
            }
        }
        self.write(&mut group)?;
        if count != end.count || previous.as_ref() != Some(&end.hash) {
            let detail = format!("it has {count} lines, and {} were exported", end.count);
            return Err(StoreError::Damaged { what: name, detail });
        }
        Ok(())
    }

    fn entry(&self, chain: &Chain, record: StoredRecord) -> Result<Entry, StoreError> {
        let StoredRecord { position, bytes, hash } = record;
        let body = if bytes.len() > INLINE_LIMIT {
            Body::Blob(self.blobs.write(&bytes)?)
        } else {
            Body::Inline(bytes)
        };
        Ok(Entry { chain: chain.clone(), position, envelope: Envelope { hash, body } })
    }

    fn write(&self, group: &mut Vec<Entry>) -> Result<(), StoreError> {
        if group.is_empty() {
            return Ok(());
        }
        let written = self.database.write(group);
        group.clear();
        written.map_err(|source| StoreError::Io { action: "written", source })
    }
}
