//! The blobs that records refer to. The store keeps bytes and knows nothing of them by itself; what the core can read of
//! them says which blobs have to be there.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use factory_core::artifact::Artifact;
use factory_core::event::Record;
use factory_core::ids::{Digest, RunId};
use factory_core::ledger::entry::{Decided, LedgerEntry};
use factory_core::referred::{self, Referred};

use super::examine::{BadBlob, Examination};
use crate::blobs::FileBlobs;
use crate::chain::Chain;

/// What is referred to, and by which runs.
#[derive(Debug, Default)]
pub(super) struct References(BTreeMap<Referred, BTreeSet<RunId>>);

impl References {
    /// Notes what a record or decision refers to. One that the core cannot read, such as a newer factory's, refers to
    /// nothing that is known.
    pub(super) fn note(&mut self, chain: &Chain, bytes: &[u8]) {
        let (run, named) = match chain {
            Chain::Run(run) => match Record::from_bytes(bytes) {
                Ok(record) => (run.clone(), referred::by_record(&record)),
                Err(_) => return,
            },
            Chain::Ledger => match LedgerEntry::from_bytes(bytes) {
                Ok(entry) => match run_of(&entry) {
                    Some(run) => (run, referred::by_entry(&entry)),
                    None => return,
                },
                Err(_) => return,
            },
        };
        self.add(named, &BTreeSet::from([run]));
    }

    /// Adds what the artifacts refer to in their turn, as far as they can be read.
    pub(super) fn follow(&mut self, blobs: &FileBlobs) {
        let mut more = Vec::new();
        for (reference, runs) in &self.0 {
            let Referred::Artifact(digest) = reference else { continue };
            // That it cannot be read is noted where it is looked for.
            let Some(artifact) = blobs.read(digest).ok().and_then(|bytes| Artifact::from_bytes(&bytes).ok())
            else {
                continue;
            };
            more.push((referred::by_artifact(&artifact), runs.clone()));
        }
        for (named, runs) in more {
            self.add(named, &runs);
        }
    }

    /// Names the runs of every blob that is bad, and adds those blobs that are not there.
    pub(super) fn tell(self, whole: &HashSet<Digest>, found: &mut Examination) {
        for (reference, runs) in self.0 {
            let digest = match reference {
                Referred::Scorecard(digest) => {
                    found.scorecards.entry(digest).or_default().extend(runs);
                    continue;
                }
                Referred::Artifact(digest) | Referred::Blob(digest) => digest,
            };
            if whole.contains(&digest) {
                continue;
            }
            match found.blobs.iter_mut().find(|blob| blob.digest == digest) {
                Some(blob) => blob.runs.extend(runs),
                None => found.blobs.push(BadBlob::missing(digest, None, runs)),
            }
        }
    }

    fn add(&mut self, named: BTreeSet<Referred>, runs: &BTreeSet<RunId>) {
        for reference in named {
            self.0.entry(reference).or_default().extend(runs.iter().cloned());
        }
    }
}

fn run_of(entry: &LedgerEntry) -> Option<RunId> {
    match &entry.decided {
        Decided::Request(request) => Some(request.run.clone()),
        Decided::Run { run, position: _, event: _ } => Some(run.clone()),
        Decided::Trust(_) => None,
    }
}
