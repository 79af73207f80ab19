//! The ledger's fold, put aside in the store's folder, so that the next look reads only what is new.
//!
//! The file is a cache: it may be removed at any time, and one that is damaged, of another factory or of another ledger
//! is passed over. It proves nothing. What it says is believed by looks at the figures only; whoever changes trust has
//! the whole ledger read.

use std::io::Write as _;
use std::path::Path;
use std::{fs, io};

use factory_core::ids::Digest;
use factory_core::ledger::metrics::Fold;
use factory_engine::port::store::{EventLog, LedgerHead, StoreError};

/// The name of the file.
pub(super) const FILE: &str = "figures.cache";

/// A fold, and up to where in which ledger it goes.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) head: LedgerHead,
    pub(super) fold: Fold,
}

impl Kept {
    /// What was put aside, if it is whole and of this ledger.
    pub(super) async fn of(log: &dyn EventLog, path: &Path) -> Result<Option<Self>, StoreError> {
        let Some(kept) = fs::read(path).ok().and_then(|bytes| Self::from_bytes(&bytes)) else {
            return Ok(None);
        };
        let Some(last) = kept.head.count.checked_sub(1) else { return Ok(None) };
        let there = log.decisions(last, 1).await?;
        let same = there.first().is_some_and(|entry| entry.position == last && entry.hash == kept.head.hash);
        Ok(same.then_some(kept))
    }

    /// Puts it aside. Nothing is synced: a file that a power cut has left in pieces is passed over.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix("figures-").suffix(".tmp").tempfile_in(folder)?;
        file.write_all(&self.to_bytes())?;
        file.persist(path)?;
        Ok(())
    }

    /// A line with the place in the ledger and the digest of the fold, and the fold.
    fn to_bytes(&self) -> Vec<u8> {
        let fold = self.fold.to_bytes();
        let LedgerHead { count, hash } = &self.head;
        let mut bytes = format!("{count} {hash} {}\n", Digest::of(&fold)).into_bytes();
        bytes.extend_from_slice(&fold);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let line = bytes.iter().position(|byte| *byte == b'\n')?;
        let (line, fold) = (std::str::from_utf8(&bytes[..line]).ok()?, &bytes[line + 1..]);
        let [count, hash, digest] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let digest: Digest = digest.parse().ok()?;
        if Digest::of(fold) != digest {
            return None;
        }
        let head = LedgerHead { count: count.parse().ok()?, hash: hash.parse().ok()? };
        let fold = Fold::from_bytes(fold).ok()?;
        (fold.entries() == head.count).then_some(Self { head, fold })
    }
}
