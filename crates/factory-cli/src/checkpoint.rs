//! Checkpoints of the decision ledger: how long it was and its head at some moment, signed with the user's SSH key where
//! there is one. Whoever cuts or rewrites the ledger afterwards has to forge them, too.
//!
//! Each is a file, named by how many entries there were. One that says something else, or is signed by somebody else, is
//! another file beside it: none is ever replaced, but an unsigned one by the same with a signature.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use factory_core::ids::{Digest, Timestamp};
use factory_engine::port::clock::{Clock as _, SystemClock};
use factory_engine::port::store::{EventLog, LedgerHead};
use factory_workspace::signing::{Namespace, Signature, SigningKey};
use serde::{Deserialize, Serialize};

use crate::config::place::Place;
use crate::error::CliError;

/// The folder of checkpoints, inside the store's.
const FOLDER: &str = "checkpoints";

/// The version of the file's shape.
const SCHEMA: u32 = 1;

/// One checkpoint, as its file has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    schema: u32,
    /// How many entries the ledger had.
    pub(crate) count: u64,
    /// The hash of the last of them.
    pub(crate) head: Digest,
    /// When it was made.
    pub(crate) at: Timestamp,
    /// The fingerprint of the key that signed it.
    pub(crate) key: Option<String>,
    /// The armored signature over [`Checkpoint::statement`].
    pub(crate) signature: Option<String>,
}

impl Checkpoint {
    /// Exactly the bytes that are signed.
    pub(crate) fn statement(count: u64, head: &Digest) -> Vec<u8> {
        format!("factory checkpoint 1\n{count} {head}\n").into_bytes()
    }

    /// The checkpoint, if this factory knows what its version means.
    pub(crate) fn of_known_form(self) -> Result<Self, String> {
        if self.schema == SCHEMA {
            Ok(self)
        } else {
            Err(format!("it has format version {}, this factory knows {SCHEMA}", self.schema))
        }
    }

    /// The signature, if there is one of the right form.
    pub(crate) fn signature(&self) -> Option<Signature> {
        Signature::from_str(self.signature.as_deref()?).ok()
    }
}

/// What came of making a checkpoint.
#[derive(Debug)]
pub(crate) enum Made {
    /// It is kept now.
    New(Checkpoint),
    /// One that says the same, and is worth as much or more, is kept already.
    Kept(Checkpoint),
}

/// Makes a checkpoint of the ledger as it is now. A key that cannot sign is no reason to have none: then it is unsigned,
/// and says so.
pub(crate) async fn make(place: &Place, log: &dyn EventLog) -> Result<Option<Made>, CliError> {
    let Some(LedgerHead { count, hash }) = log.ledger_head().await? else { return Ok(None) };
    let (key, signature) = match SigningKey::find(&place.project) {
        Ok(Some(key)) => match key.sign(Namespace::Checkpoint, &Checkpoint::statement(count, &hash)) {
            Ok(signature) => (Some(key.fingerprint().to_owned()), Some(signature.as_str().to_owned())),
            Err(error) => {
                tracing::warn!(%error, "the checkpoint is not signed");
                (None, None)
            }
        },
        Ok(None) => (None, None),
        Err(error) => {
            tracing::warn!(%error, "the checkpoint is not signed");
            (None, None)
        }
    };
    let checkpoint = Checkpoint { schema: SCHEMA, count, head: hash, at: SystemClock.now(), key, signature };
    let made = keep(&place.store().join(FOLDER), checkpoint)
        .map_err(|error| CliError::failed("the checkpoint cannot be written").because(&error))?;
    Ok(Some(made))
}

/// Writes a checkpoint where it takes nothing away from those that are there.
fn keep(folder: &Path, made: Checkpoint) -> io::Result<Made> {
    fs::create_dir_all(folder)?;
    let same = |found: &Checkpoint| (found.count, &found.head) == (made.count, &made.head);
    let mut unsigned = None;
    for (path, found) in in_folder(folder)? {
        let Ok(found) = found else { continue };
        if !same(&found) {
            continue;
        }
        match (&found.key, found.signature()) {
            // Without a signature nothing is gained beside one; of one signer, the first says it earlier.
            (Some(key), Some(_)) if made.key.is_none() || made.key.as_ref() == Some(key) => {
                return Ok(Made::Kept(found));
            }
            (None, None) if found.signature.is_none() && made.key.is_none() => return Ok(Made::Kept(found)),
            (None, None) if found.signature.is_none() => unsigned = Some(path),
            (_, _) => {}
        }
    }
    let text = serde_json::to_string_pretty(&made).expect("checkpoints hold only what JSON can say");
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.as_file().sync_all()?;
    match unsigned {
        Some(path) => drop(file.persist(path).map_err(|error| error.error)?),
        None => persist_beside(file, folder, made.count)?,
    }
    fs::File::open(folder)?.sync_all()?;
    Ok(Made::New(made))
}

/// Under the first name that is free.
fn persist_beside(mut file: tempfile::NamedTempFile, folder: &Path, count: u64) -> io::Result<()> {
    for nth in 1_u32.. {
        let more = if nth == 1 { String::new() } else { format!("-{nth}") };
        match file.persist_noclobber(folder.join(format!("{count:012}{more}.json"))) {
            Ok(_) => return Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => file = error.file,
            Err(error) => return Err(error.error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Every checkpoint, oldest first, with its file; or why a file is none.
pub(crate) fn all(place: &Place) -> io::Result<Vec<Found>> {
    in_folder(&place.store().join(FOLDER))
}

/// A file, and the checkpoint in it.
pub(crate) type Found = (PathBuf, Result<Checkpoint, String>);

fn in_folder(folder: &Path) -> io::Result<Vec<Found>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    Ok(paths.into_iter().map(|path| (path.clone(), read(&path))).collect())
}

fn read(path: &Path) -> Result<Checkpoint, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let checkpoint: Checkpoint = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    checkpoint.of_known_form()
}
