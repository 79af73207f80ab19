//! Looking at all of a store: which runs are whole, and how far the others are.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{Position, StoreError, StoredRecord};

use super::referred::References;
use super::salvage::Salvaged;
use crate::blobs::{FileBlobs, Scanned};
use crate::chain::{Body, Chain};
use crate::database::Database;
use crate::disk;
use crate::evidence;
use crate::hold::Hold;
use crate::keys;
use crate::log;
use crate::reader;
use crate::store::{self, Store};
use crate::witness::Witness;

/// What there is in a store, and what is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Examination {
    /// Every run that could be found.
    pub runs: BTreeMap<RunId, Soundness>,
    /// The ledger.
    pub ledger: Soundness,
    /// Blobs that are not what their names say, and those that are missing and that a record or decision is kept in or
    /// refers to, directly or by an artifact.
    pub blobs: Vec<BadBlob>,
    /// The scorecards that should be there, with the runs that they belong to. The evaluator keeps them, and not the
    /// store: whether they are there is not looked at.
    pub scorecards: BTreeMap<Digest, BTreeSet<RunId>>,
    /// What is wrong with the store as a whole; there may be more runs than could be found then.
    pub general: Vec<String>,
}

impl Examination {
    /// Whether nothing is damaged.
    pub fn is_sound(&self) -> bool {
        self.blobs.is_empty() && self.only_lacks_blobs()
    }

    /// Whether nothing is wrong but that blobs are missing: then a new store of all that is whole would have no more than
    /// this one.
    pub fn only_lacks_blobs(&self) -> bool {
        let mut chains = self.runs.values().chain([&self.ledger]);
        self.general.is_empty()
            && self.blobs.iter().all(|blob| blob.is_missing)
            && chains.all(|chain| chain.damage.is_none())
    }
}

/// How far a run's log, or the ledger, is what was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Soundness {
    /// How many records there should be; `None` when that cannot be read.
    pub counted: Option<Position>,
    /// How many the store can read, from the first on.
    pub whole: Position,
    /// What comes after these, if that is not the end.
    pub damage: Option<Damage>,
    /// How many an export can write, from the first on: what a damaged database does not read may still be found in its
    /// file.
    pub salvageable: Position,
}

/// The first record that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where it stands.
    pub position: Position,
    /// How it shows.
    pub reason: String,
}

/// A blob that is not there, or not what was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadBlob {
    /// Its name.
    pub digest: Digest,
    /// The record that is kept in it, such as `record 3 of run x-1`; `None` when no record is.
    pub of: Option<String>,
    /// The runs that refer to it.
    pub runs: BTreeSet<RunId>,
    /// Whether nothing is there by its name.
    pub is_missing: bool,
    /// What is wrong with it.
    pub reason: String,
}

impl BadBlob {
    pub(super) fn missing(digest: Digest, of: Option<String>, runs: BTreeSet<RunId>) -> Self {
        Self { digest, of, runs, is_missing: true, reason: "it is missing".to_owned() }
    }
}

impl Store {
    /// Opens the store in `dir`, looks at every record of every run, at the ledger, at every blob and for every blob that
    /// any of them refers to, and says what is damaged. Nothing is repaired. Blocks, for long if the store is large.
    ///
    /// # Errors
    /// [`StoreError::Held`] when somebody has it open, [`StoreError::Newer`], or [`StoreError::Io`]. Damage is no error.
    pub fn examine(dir: &Path) -> Result<Examination, StoreError> {
        Ok(Survey::make(dir)?.found)
    }
}

/// A store that may be damaged in any way, held, and what is in it.
pub(super) struct Survey {
    pub(super) found: Examination,
    pub(super) blobs: FileBlobs,
    /// Where the store is.
    pub(super) dir: PathBuf,
    database: Option<Database>,
    salvaged: Salvaged,
    _hold: Arc<Hold>,
}

impl Survey {
    pub(super) fn make(dir: &Path) -> Result<Self, StoreError> {
        // A mistyped name is no empty store.
        if ["format", "store"].iter().all(|name| dir.join(name).symlink_metadata().is_err()) {
            let text = format!("there is no store in {}", dir.display());
            return Err(disk::failed("opened", io::Error::new(ErrorKind::NotFound, text)));
        }
        let hold = Arc::new(Hold::take(&dir.join("lock"))?);
        let mut found = Examination::default();
        match store::found_format(dir) {
            Ok(Some(_)) => {}
            Ok(None) => found.general.push("the store's format file is missing".to_owned()),
            Err(error @ StoreError::Damaged { .. }) => found.general.push(explained(error)),
            Err(other) => return Err(other),
        }
        let blobs = FileBlobs::open(&dir.join("blobs"), Arc::clone(&hold))?;
        evidence::keep(dir).map_err(|error| disk::failed("opened", error))?;
        let database = match open(&dir.join("store")) {
            Ok((database, trouble)) => {
                found.general.extend(trouble);
                Some(database)
            }
            Err(error) => {
                found.general.push(explained(error));
                None
            }
        };
        let salvaged = Salvaged::default();
        let mut survey = Self { found, blobs, dir: dir.to_owned(), database, salvaged, _hold: hold };
        survey.look()?;
        Ok(survey)
    }

    fn look(&mut self) -> Result<(), StoreError> {
        let Scanned { whole, bad } = self.blobs.scan()?;
        self.found.blobs.extend(bad.into_iter().map(|(digest, reason)| BadBlob {
            digest,
            of: None,
            runs: BTreeSet::new(),
            is_missing: false,
            reason,
        }));
        let mut references = References::default();
        let mut heads = HashMap::new();
        if let Some(database) = &self.database {
            let (chains, trouble) = keys::findable(database);
            self.found.general.extend(trouble);
            for chain in chains {
                let soundness = walk(database, &self.blobs, &chain, |record| {
                    references.note(&chain, &record.bytes);
                    Ok(())
                })?;
                for position in 0..soundness.counted.unwrap_or(soundness.whole) {
                    note_blob(database, &chain, position, &whole, &mut self.found.blobs);
                }
                *soundness_of(&mut self.found, &chain) = soundness;
                if let Ok(Some(head)) = keys::stored_head(database, &chain) {
                    heads.insert(chain, head);
                }
            }
        }
        if let Some(shortfall) = self.shortfall() {
            self.found.general.push(shortfall);
            // They are where the database has stopped to believe.
            heads.clear();
        }
        let sound = self.found.is_sound();
        references.follow(&self.blobs);
        references.tell(&whole, &mut self.found);
        if sound {
            return evidence::clear(&self.dir).map_err(|error| disk::failed("read", error));
        }
        self.salvaged = Salvaged::find(&self.dir, &self.blobs, &heads);
        let counts: Vec<_> = self
            .salvaged
            .chains
            .iter()
            .map(|(chain, path)| (chain.clone(), path.len() as Position))
            .collect();
        for (chain, count) in counts {
            let lost = Damage { position: 0, reason: "the database cannot read it".to_owned() };
            let soundness = soundness_of(&mut self.found, &chain);
            soundness.salvageable = count.max(soundness.salvageable);
            if soundness.whole == 0 && soundness.damage.is_none() {
                soundness.damage = Some(lost);
            }
        }
        Ok(())
    }

    /// Whether there are fewer records than have been acknowledged. Where one is damaged, that is known.
    fn shortfall(&self) -> Option<String> {
        let chains = || self.found.runs.values().chain([&self.found.ledger]);
        if self.database.is_none() || chains().any(|chain| chain.damage.is_some()) {
            return None;
        }
        let there = chains().map(|chain| chain.whole).sum();
        let kept = Witness::open(&self.dir).map_or(0, |witness| witness.total());
        log::shortfall(there, kept)
    }

    /// Shows every record that can be had to `visit`, those of one chain one after the other.
    pub(super) fn visit(
        &self,
        mut visit: impl FnMut(&Chain, &StoredRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let runs = self.found.runs.iter().map(|(run, soundness)| (Chain::Run(run.clone()), soundness));
        for (chain, soundness) in runs.chain([(Chain::Ledger, &self.found.ledger)]) {
            match (&self.database, self.salvaged.chains.get(&chain)) {
                (_, Some(path)) if soundness.salvageable > soundness.whole => {
                    let mut previous = None;
                    for (position, envelope) in (0..).zip(path) {
                        let record = reader::check(
                            &self.blobs,
                            &chain,
                            position,
                            envelope.clone(),
                            previous.as_ref(),
                        )?;
                        visit(&chain, &record)?;
                        previous = Some(record.hash);
                    }
                }
                (Some(database), _) => {
                    walk(database, &self.blobs, &chain, |record| visit(&chain, record))?;
                }
                (None, _) => {}
            }
        }
        Ok(())
    }
}

fn soundness_of<'a>(found: &'a mut Examination, chain: &Chain) -> &'a mut Soundness {
    match chain {
        Chain::Run(run) => found.runs.entry(run.clone()).or_default(),
        Chain::Ledger => &mut found.ledger,
    }
}

/// The database, and what is wrong with it as a whole. None is made where there is none.
fn open(dir: &Path) -> Result<(Database, Option<String>), StoreError> {
    dir.read_dir().map_err(|error| disk::failed("opened", error))?;
    Database::open_any(dir)
}

/// Notes the blob that a record is kept in, unless it is whole.
fn note_blob(
    database: &Database,
    chain: &Chain,
    position: Position,
    whole: &HashSet<Digest>,
    bad: &mut Vec<BadBlob>,
) {
    // Other damage to the record is noted elsewhere.
    let Ok(envelope) = reader::envelope(database, chain, position) else { return };
    let Body::Blob(digest) = envelope.body else { return };
    if whole.contains(&digest) {
        return;
    }
    let of = format!("record {position} of {chain}");
    match bad.iter_mut().find(|blob| blob.digest == digest && blob.of.is_none()) {
        Some(blob) => blob.of = Some(of),
        None => bad.push(BadBlob::missing(digest, Some(of), BTreeSet::new())),
    }
}

/// Reads a chain as far as it is whole.
fn walk(
    database: &Database,
    blobs: &FileBlobs,
    chain: &Chain,
    mut visit: impl FnMut(&StoredRecord) -> Result<(), StoreError>,
) -> Result<Soundness, StoreError> {
    let head = keys::head(database, chain).unwrap_or_else(|error| Err(reason(error)));
    let stored = keys::stored_head(database, chain).ok().flatten();
    let counted = stored.as_ref().map(|head| head.count);
    let mut whole = 0;
    let mut previous = None;
    let ended = loop {
        if counted == Some(whole) {
            break None;
        }
        match reader::record(database, blobs, chain, whole, previous.as_ref()) {
            Ok(record) => {
                let last = stored.as_ref().filter(|head| head.count == whole + 1);
                if last.is_some_and(|head| head.hash != record.hash) {
                    break Some("its hash is not the one in the head".to_owned());
                }
                visit(&record)?;
                previous = Some(record.hash);
                whole += 1;
            }
            Err(error) => break Some(reason(error)),
        }
    };
    let reason = match (counted, head) {
        (None, Err(head)) => {
            Some(ended.map_or_else(|| head.clone(), |ended| format!("{head}; of record {whole}: {ended}")))
        }
        (Some(_), Err(head)) => Some(ended.unwrap_or(head)),
        (_, Ok(_)) => ended,
    };
    let damage = reason.map(|reason| Damage { position: whole, reason });
    Ok(Soundness { counted, whole, damage, salvageable: whole })
}

/// Why a record is bad; which one it is is known.
fn reason(error: StoreError) -> String {
    match error {
        StoreError::Damaged { detail, .. } => detail,
        other => explained(other),
    }
}

/// An error with its cause.
fn explained(error: StoreError) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
