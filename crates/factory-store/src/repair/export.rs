//! Writing out what is whole.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use factory_core::ids::Digest;
use factory_engine::port::store::{Position, StoreError, StoredRecord};

use super::examine::{Examination, Soundness, Survey};
use super::form::{self, End, Manifest, VERSION};
use crate::chain::Chain;
use crate::disk;
use crate::store::Store;

/// What an export has found and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// What there is and what is damaged.
    pub found: Examination,
    /// How many records were written, of how many runs.
    pub records: Position,
    /// See [`Self::records`].
    pub runs: usize,
    /// How many entries of the ledger were written.
    pub decisions: Position,
    /// How many blobs were written.
    pub blobs: usize,
    /// Set when something is damaged: the directory of the store, to keep, for whoever can make more of it. Nothing at all could be
    /// read from it if no record and no decision was written.
    pub keep: Option<PathBuf>,
}

impl Store {
    /// Writes everything that is whole in the store in `dir` to the directory `to`, which is made, or is empty: each
    /// run up to its first damaged record, the ledger likewise, and blobs. [`Store::import`] makes a store of that.
    /// Nothing is repaired. Blocks, for long if the store is large.
    ///
    /// What the database does not read, or if it cannot even be opened, is looked for in its file, and taken where the
    /// chain of hashes proves it. At the very end that may be an append of which nobody was told that it was kept.
    ///
    /// # Errors
    /// [`StoreError::Held`], [`StoreError::Newer`], or [`StoreError::Io`] and [`StoreError::Full`] when `to` cannot be
    /// written. Damage is no error.
    pub fn export_whole(dir: &Path, to: &Path) -> Result<Exported, StoreError> {
        let written = |error| disk::failed("written", error);
        let survey = Survey::make(dir)?;
        prepare(to).map_err(written)?;
        let mut files = Files { dir: to, open: None, ends: BTreeMap::new() };
        survey.visit(|chain, record| files.write(chain, record).map_err(written))?;
        let manifest = files.finish(&survey.found).map_err(written)?;
        let blobs = survey.blobs.copy_whole(&to.join("blobs"))?;
        let text = serde_json::to_vec_pretty(&manifest).expect("it can be JSON");
        disk::write_whole(&to.join("export.json"), to, &text).map_err(written)?;
        Ok(Exported {
            records: manifest.runs.values().map(|end| end.count).sum(),
            runs: manifest.runs.len(),
            decisions: manifest.ledger.map_or(0, |end| end.count),
            blobs,
            keep: (!survey.found.is_sound()).then(|| survey.dir.clone()),
            found: survey.found,
        })
    }
}

fn prepare(to: &Path) -> io::Result<()> {
    disk::ensure_dir(to)?;
    if to.read_dir()?.next().is_some() {
        return Err(io::Error::new(
            ErrorKind::DirectoryNotEmpty,
            format!("there is something in {} already", to.display()),
        ));
    }
    disk::ensure_dir(&to.join("runs"))
}

/// The files of the chains, of which one is written at a time.
struct Files<'a> {
    dir: &'a Path,
    open: Option<(Chain, BufWriter<File>)>,
    /// The last record of each by the text that names its chain.
    ends: BTreeMap<String, (Position, Digest)>,
}

impl Files<'_> {
    fn write(&mut self, chain: &Chain, record: &StoredRecord) -> io::Result<()> {
        if self.open.as_ref().is_none_or(|(open, _)| open != chain) {
            self.close()?;
            let path = form::path_of(self.dir, chain);
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            self.open = Some((chain.clone(), BufWriter::new(file)));
        }
        if let Some((_, file)) = &mut self.open {
            file.write_all(&form::to_line(record))?;
            file.write_all(b"\n")?;
        }
        self.ends.insert(chain.to_string(), (record.position + 1, record.hash.clone()));
        Ok(())
    }

    /// Makes what was written last durable.
    fn close(&mut self) -> io::Result<()> {
        match self.open.take() {
            Some((_, file)) => file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all(),
            None => Ok(()),
        }
    }

    fn finish(mut self, found: &Examination) -> io::Result<Manifest> {
        self.close()?;
        disk::sync(&self.dir.join("runs"))?;
        let end = |chain: &Chain, soundness: &Soundness| {
            let (count, hash) = self.ends.get(&chain.to_string())?.clone();
            Some(End { count, hash, damage: soundness.damage.as_ref().map(|damage| damage.reason.clone()) })
        };
        let runs = found
            .runs
            .iter()
            .filter_map(|(run, soundness)| Some((run.clone(), end(&Chain::Run(run.clone()), soundness)?)));
        Ok(Manifest { export: VERSION, runs: runs.collect(), ledger: end(&Chain::Ledger, &found.ledger) })
    }
}
