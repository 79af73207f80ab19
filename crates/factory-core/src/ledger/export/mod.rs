//! The ledger in forms that other programs read. Pure conversions: what is written where is the caller's business.
//!
//! [`jsonl`] is the only form from which the hashes can be computed again; [`csv`], [`intoto`] and [`ocel`] carry
//! positions and hashes to look an entry up by. They are made from [`row::Row`], which says of any entry who decided what,
//! where and why.

pub mod csv;
pub mod intoto;
pub mod jsonl;
pub mod ocel;
pub mod row;
pub mod time;

use crate::ids::Digest;

use super::entry::LedgerEntry;

/// The hash of an entry: SHA-256 over the 64 hexadecimal digits of the hash before it (nothing for the first) and the
/// entry's exact bytes.
pub fn link(previous: Option<&Digest>, bytes: &[u8]) -> Digest {
    let mut linked = Vec::with_capacity(64 + bytes.len());
    linked.extend(previous.into_iter().flat_map(|hash| hash.as_str().bytes()));
    linked.extend_from_slice(bytes);
    Digest::of(&linked)
}

/// One entry with its place in the chain, to be converted.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// Where it stands, from 0.
    pub position: u64,
    /// Its hash.
    pub hash: &'a Digest,
    /// The entry.
    pub entry: &'a LedgerEntry,
}
