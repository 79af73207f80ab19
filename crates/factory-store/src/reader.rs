//! Reading a chain back from the database and the blobs, link by link.

use std::ops::Range;

use factory_core::ids::Digest;
use factory_engine::port::store::{Position, StoreError, StoredRecord};

use crate::blobs::FileBlobs;
use crate::chain::{self, Body, Chain, Envelope};
use crate::database::Database;
use crate::keys;

/// What is stored in some places of a chain, each checked against the one before it. Of the one before the first, only
/// the hash is looked at, and believed.
pub(crate) fn read(
    database: &Database,
    blobs: &FileBlobs,
    chain: &Chain,
    positions: Range<Position>,
) -> Result<Vec<StoredRecord>, StoreError> {
    let mut previous = match positions.start.checked_sub(1) {
        Some(before) if !positions.is_empty() => Some(envelope(database, chain, before)?.hash),
        Some(_) | None => None,
    };
    let mut records = Vec::new();
    for position in positions {
        let record = record(database, blobs, chain, position, previous.as_ref())?;
        previous = Some(record.hash.clone());
        records.push(record);
    }
    Ok(records)
}

/// One record, checked against the hash of the one before it.
pub(crate) fn record(
    database: &Database,
    blobs: &FileBlobs,
    chain: &Chain,
    position: Position,
    previous: Option<&Digest>,
) -> Result<StoredRecord, StoreError> {
    check(blobs, chain, position, envelope(database, chain, position)?, previous)
}

/// The record that is stored so, checked against the hash of the one before it.
pub(crate) fn check(
    blobs: &FileBlobs,
    chain: &Chain,
    position: Position,
    envelope: Envelope,
    previous: Option<&Digest>,
) -> Result<StoredRecord, StoreError> {
    let Envelope { hash, body } = envelope;
    let bytes = match body {
        Body::Inline(bytes) => bytes,
        Body::Blob(digest) => blobs.read(&digest).map_err(|error| match error {
            StoreError::NoBlob(_) | StoreError::Damaged { .. } => damaged(chain, position, error.to_string()),
            other => other,
        })?,
    };
    let linked = chain::link(previous, &bytes);
    if linked != hash {
        return Err(damaged(chain, position, format!("its hash is {linked}, and {hash} was written")));
    }
    Ok(StoredRecord { position, bytes, hash })
}

/// The stored form of one record.
pub(crate) fn envelope(
    database: &Database,
    chain: &Chain,
    position: Position,
) -> Result<Envelope, StoreError> {
    let value = keys::record(database, chain, position)?
        .ok_or_else(|| damaged(chain, position, "it is missing".to_owned()))?;
    Envelope::decode(&value).ok_or_else(|| damaged(chain, position, "it has an unknown form".to_owned()))
}

fn damaged(chain: &Chain, position: Position, detail: String) -> StoreError {
    StoreError::Damaged { what: format!("record {position} of {chain}"), detail }
}
