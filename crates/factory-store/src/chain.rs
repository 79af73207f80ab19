//! Hash chains: one over the records of each run, one over the ledger; and the form in which a record and a head are
//! stored.

use std::fmt;

use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::Position;

/// Records up to this many bytes are kept in the log; larger ones are blobs and the log keeps their digest.
///
/// sled splits its leaves by count, not by bytes, and writes a leaf of more than 128 KiB to a file of its own that no
/// sync covers. A leaf holds at most 26 entries (it splits past 16 and is merged after ten more), so this stays below.
pub(crate) const INLINE_LIMIT: usize = 4096;

const INLINE: u8 = b'i';
const BLOB: u8 = b'b';
const HASH_LEN: usize = 64;

/// One of the chains of a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Chain {
    /// The records of a run.
    Run(RunId),
    /// The decisions of the whole project.
    Ledger,
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Chain::Run(run) => write!(f, "run {run}"),
            Chain::Ledger => f.write_str("the ledger"),
        }
    }
}

/// The hash of a record: SHA-256 over the previous record's hash (its 64 hexadecimal digits; nothing for the first
/// record of a run or of the ledger) and the record's exact bytes.
pub fn link(previous: Option<&Digest>, record: &[u8]) -> Digest {
    let mut bytes = Vec::with_capacity(HASH_LEN + record.len());
    if let Some(previous) = previous {
        bytes.extend_from_slice(previous.as_str().as_bytes());
    }
    bytes.extend_from_slice(record);
    Digest::of(&bytes)
}

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// How many records there are; never 0.
    pub(crate) count: Position,
    /// The hash of the last one.
    pub(crate) hash: Digest,
}

impl Head {
    /// Eight bytes of count, most significant first, and the hash in hexadecimal.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut value = self.count.to_be_bytes().to_vec();
        value.extend_from_slice(self.hash.as_str().as_bytes());
        value
    }

    /// `None` when `value` is not a head.
    pub(crate) fn decode(value: &[u8]) -> Option<Self> {
        let (count, hash) = value.split_first_chunk::<8>()?;
        let count = u64::from_be_bytes(*count);
        Some(Self { count, hash: digest(hash)? }).filter(|head| head.count > 0)
    }
}

/// Where the bytes of a record are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// In the log itself.
    Inline(Vec<u8>),
    /// In the blob with this digest.
    Blob(Digest),
}

/// One record as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// Its place in the chain.
    pub(crate) hash: Digest,
    /// Its bytes.
    pub(crate) body: Body,
}

impl Envelope {
    /// One letter for the kind of body, the hash in hexadecimal, and the bytes or the blob's digest in hexadecimal.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (kind, body) = match &self.body {
            Body::Inline(bytes) => (INLINE, bytes.as_slice()),
            Body::Blob(digest) => (BLOB, digest.as_str().as_bytes()),
        };
        let mut value = Vec::with_capacity(1 + HASH_LEN + body.len());
        value.push(kind);
        value.extend_from_slice(self.hash.as_str().as_bytes());
        value.extend_from_slice(body);
        value
    }

    /// `None` when `value` is not an envelope.
    pub(crate) fn decode(value: &[u8]) -> Option<Self> {
        let (kind, rest) = value.split_first()?;
        let (hash, body) = rest.split_at_checked(HASH_LEN)?;
        let body = match *kind {
            INLINE => Body::Inline(body.to_vec()),
            BLOB => Body::Blob(digest(body)?),
            _ => return None,
        };
        Some(Self { hash: digest(hash)?, body })
    }
}

fn digest(hexadecimal: &[u8]) -> Option<Digest> {
    std::str::from_utf8(hexadecimal).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_sha256_over_the_digits_of_the_previous_hash_and_the_bytes() {
        let first = link(None, b"abc");
        assert_eq!(first, Digest::of(b"abc"));
        assert_eq!(
            link(Some(&first), b"d"),
            Digest::of(b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015add")
        );
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let hash = Digest::of(b"x");
        for body in [Body::Inline(vec![]), Body::Inline(vec![0, 255]), Body::Blob(hash.clone())] {
            let envelope = Envelope { hash: hash.clone(), body };
            assert_eq!(Envelope::decode(&envelope.encode()), Some(envelope));
        }
        let head = Head { count: 300, hash };
        assert_eq!(Head::decode(&head.encode()), Some(head));
    }

    #[test]
    fn what_was_not_encoded_is_not_decoded() {
        let good = Envelope { hash: Digest::of(b"x"), body: Body::Blob(Digest::of(b"y")) }.encode();
        for cut in 0..good.len() {
            assert_eq!(Envelope::decode(&good[..cut]), None, "cut at {cut}");
        }
        let mut unknown = good;
        unknown[0] = b'z';
        assert_eq!(Envelope::decode(&unknown), None);
        let head = Head { count: 0, hash: Digest::of(b"x") }.encode();
        assert_eq!(Head::decode(&head), None);
        assert_eq!(Head::decode(&head[..70]), None);
    }
}
