//! Finding chains in the file of a database that cannot be opened, or that has bad records. Whatever is taken from there
//! is proved by the chain: it has the hash that it should have, after the one before it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use factory_core::ids::Digest;
use factory_engine::port::store::Position;

use crate::blobs::FileBlobs;
use crate::chain::{Chain, Envelope, Head};
use crate::keys::{self, Slot};
use crate::{evidence, rawfile, reader};

/// What was found: of each chain as many records as follow each other from the first on.
#[derive(Debug, Default)]
pub(super) struct Salvaged {
    pub(super) chains: HashMap<Chain, Vec<Envelope>>,
}

/// What seems to stand at each position of a chain, the oldest first.
type Pieces = BTreeMap<Position, Vec<Envelope>>;

impl Salvaged {
    /// Looks through the files of the database of the store in `dir`. A chain ends at its head where that is known.
    pub(super) fn find(dir: &Path, blobs: &FileBlobs, heads: &HashMap<Chain, Head>) -> Self {
        let mut found: HashMap<Chain, Pieces> = HashMap::new();
        let mut note = |key: &[u8], value: &[u8]| {
            let (Some((chain, Slot::Record(position))), Some(envelope)) =
                (keys::parse(key), Envelope::decode(value))
            else {
                return;
            };
            let there = found.entry(chain).or_default().entry(position).or_default();
            // The same again is newer.
            there.retain(|other| *other != envelope);
            there.push(envelope);
        };
        for file in evidence::files(dir) {
            // What is not there, or cannot be read at all, has nothing to be found in it.
            if let Err(error) = rawfile::scan(&file, &mut note) {
                tracing::debug!(%error, file = %file.display(), "nothing is found in it");
            }
        }
        let chains = found.into_iter().map(|(chain, pieces)| {
            let path = longest(&chain, &pieces, blobs, heads.get(&chain));
            (chain, path)
        });
        Self { chains: chains.filter(|(_, path)| !path.is_empty()).collect() }
    }
}

/// A record that follows from another at the position before it.
struct Step<'a> {
    envelope: &'a Envelope,
    before: usize,
}

/// The records that follow each other for longest; of several such rows, the newest. An append that was never finished
/// may have left a record of its own at the place of another, and the chain goes on from one of them.
fn longest(chain: &Chain, pieces: &Pieces, blobs: &FileBlobs, head: Option<&Head>) -> Vec<Envelope> {
    let mut levels: Vec<Vec<Step<'_>>> = Vec::new();
    loop {
        let position = levels.len() as Position;
        if head.is_some_and(|head| head.count == position) {
            break;
        }
        let mut level = Vec::new();
        for envelope in pieces.get(&position).map_or(&[][..], Vec::as_slice) {
            let follows = |before: Option<&Digest>| {
                reader::check(blobs, chain, position, envelope.clone(), before).is_ok()
            };
            match levels.last() {
                None if follows(None) => level.push(Step { envelope, before: 0 }),
                None => {}
                Some(last) => {
                    // The newest of what it may follow from.
                    let before = last.iter().rposition(|step| follows(Some(&step.envelope.hash)));
                    level.extend(before.map(|before| Step { envelope, before }));
                }
            }
        }
        if level.is_empty() {
            break;
        }
        levels.push(level);
    }

    let ends = |step: &Step<'_>| head.is_none_or(|head| step.envelope.hash == head.hash);
    let last = levels.last().map(Vec::as_slice).unwrap_or_default();
    let mut at = last.iter().rposition(ends).unwrap_or(last.len().saturating_sub(1));
    let mut path: Vec<Envelope> = Vec::with_capacity(levels.len());
    for level in levels.iter().rev() {
        let step = &level[at];
        path.push(step.envelope.clone());
        at = step.before;
    }
    path.reverse();
    path
}
