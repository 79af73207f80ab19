//! Knows the content of holdouts, so that a copy of one under an innocent name is not carried into a checkout.

use std::collections::HashSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use factory_engine::port::workspace::WorkspaceError;
use git2::{ObjectType, Oid};
use walkdir::WalkDir;

use crate::error;
use crate::paths;

/// Content below this many bytes is too common to say anything: an empty file, a one-line licence header.
const TELLING_BYTES: usize = 64;

const READING: &str = "reading the holdouts, to keep copies of them out";

/// The blobs that no checkout may hold, under whatever name.
#[derive(Debug)]
pub(crate) struct HoldoutBlobs(HashSet<Oid>);

impl HoldoutBlobs {
    /// What lies in `places` (files or folders; those that are missing hold nothing), and the blobs already `known`.
    ///
    /// # Errors
    /// If a file there cannot be read: what cannot be compared cannot be kept out.
    pub(crate) fn collect(known: HashSet<Oid>, places: &[PathBuf]) -> Result<Self, WorkspaceError> {
        let mut blobs = known;
        for place in places {
            if place.try_exists().map_err(error::io(READING))? {
                add(place, &mut blobs)?;
            }
        }
        Ok(Self(blobs))
    }

    /// Whether this blob is a holdout's, and long enough for that to be no accident.
    pub(crate) fn contains(&self, blob: Oid, content: &[u8]) -> bool {
        self.tells(blob, content.len())
    }

    /// The same of a blob of so many bytes.
    pub(crate) fn tells(&self, blob: Oid, length: usize) -> bool {
        length >= TELLING_BYTES && self.0.contains(&blob)
    }

    /// How many blobs there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

fn add(place: &Path, blobs: &mut HashSet<Oid>) -> Result<(), WorkspaceError> {
    for entry in WalkDir::new(place).follow_links(false) {
        let entry = entry
            .map_err(|source| WorkspaceError::Io { action: READING.to_owned(), source: source.into() })?;
        if !entry.file_type().is_file() {
            continue;
        }
        if paths::is_licence(entry.file_name().as_bytes()) {
            continue;
        }
        let content = fs::read(entry.path()).map_err(error::io(READING))?;
        blobs.extend(blobs_of(&content).map_err(error::git(READING))?);
    }
    Ok(())
}

/// The ids under which git may keep the content of a file in a work tree: one with converted line endings holds other bytes
/// than the commit does.
pub(crate) fn blobs_of(content: &[u8]) -> Result<Vec<Oid>, git2::Error> {
    let mut blobs = vec![Oid::hash_object(ObjectType::Blob, content)?];
    if content.windows(2).any(|pair| pair == b"\r\n") {
        blobs.push(Oid::hash_object(ObjectType::Blob, &without_carriage_returns(content))?);
    }
    Ok(blobs)
}

/// The id under which git keeps a file's content.
pub(crate) fn blob_of(content: &[u8]) -> Result<Oid, WorkspaceError> {
    Oid::hash_object(ObjectType::Blob, content).map_err(error::git("hashing a file"))
}

fn without_carriage_returns(content: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(content.len());
    for (at, byte) in content.iter().enumerate() {
        if *byte != b'\r' || content.get(at + 1) != Some(&b'\n') {
            kept.push(*byte);
        }
    }
    kept
}
