//! The ledger in figures: read page by page, decoded on all processors, folded in order; and trust, which follows from it.

mod kept;

use std::collections::VecDeque;
use std::num::NonZero;
use std::path::Path;
use std::thread;

use factory_core::ids::{RunId, Timestamp};
use factory_core::ledger::entry::{Decided, LedgerEntry};
use factory_core::ledger::metrics::{self, Fold};
use factory_core::trust::{self, Due, Readiness, TrustChange, TrustState};
use factory_engine::error::EngineError;
use factory_engine::port::store::{EventLog, Lease, LedgerHead, StoreError};
use tokio::task::{self, JoinHandle};

use self::kept::Kept;
use crate::error::CliError;

/// As many entries as are read and decoded at once.
const PAGE: usize = 4096;

/// Whoever changes trust holds this lease, so that two changes never begin at the same phase. No run has such a name:
/// theirs end in six letters and digits.
const TRUST: &str = "trust";

/// As many new entries as make it worth to put the fold aside: fewer are read in no time.
const WORTH: u64 = 20_000;

/// All of a ledger; of what was read at an earlier look, only the fold that was put aside in `store`, the store's folder.
pub(crate) async fn fold(log: &dyn EventLog, store: &Path) -> Result<Fold, CliError> {
    fold_beside(log, &store.join(kept::FILE), WORTH).await
}

async fn fold_beside(log: &dyn EventLog, path: &Path, worth: u64) -> Result<Fold, CliError> {
    let kept = Kept::of(log, path).await?;
    let before = kept.as_ref().map_or(0, |kept| kept.head.count);
    let start = kept.map_or_else(Fold::default, |kept| kept.fold);
    let (fold, head) = go_on(log, start, before).await?;
    let Some(head) = head.filter(|head| head.count - before >= worth) else { return Ok(fold) };
    let kept = Kept { head, fold };
    if let Err(error) = kept.write(path) {
        tracing::debug!(%error, "the figures are not put aside");
    }
    Ok(kept.fold)
}

/// All of a ledger, read from its first entry, whatever was put aside.
pub(crate) async fn recount(log: &dyn EventLog) -> Result<Fold, CliError> {
    Ok(go_on(log, Fold::default(), 0).await?.0)
}

/// A fold with all entries after the first `from`, and where those end, if there are any.
async fn go_on(
    log: &dyn EventLog,
    mut fold: Fold,
    mut from: u64,
) -> Result<(Fold, Option<LedgerHead>), CliError> {
    let most = thread::available_parallelism().map_or(1, NonZero::get) + 1;
    let mut decoding: VecDeque<JoinHandle<Result<Vec<LedgerEntry>, EngineError>>> = VecDeque::new();
    let mut head = None;
    loop {
        let page = log.decisions(from, PAGE).await?;
        let Some(last) = page.last() else { break };
        from = last.position + 1;
        head = Some(LedgerHead { count: from, hash: last.hash.clone() });
        decoding.push_back(task::spawn_blocking(move || {
            let decode = |record: factory_engine::port::store::StoredRecord| {
                LedgerEntry::from_bytes(&record.bytes)
                    .map_err(|source| EngineError::Entry { position: record.position, source })
            };
            page.into_iter().map(decode).collect()
        }));
        if decoding.len() >= most {
            add(&mut fold, decoding.pop_front()).await?;
        }
    }
    while !decoding.is_empty() {
        add(&mut fold, decoding.pop_front()).await?;
    }
    Ok((fold, head))
}

async fn add(
    fold: &mut Fold,
    page: Option<JoinHandle<Result<Vec<LedgerEntry>, EngineError>>>,
) -> Result<(), CliError> {
    let Some(page) = page else { return Ok(()) };
    let page =
        page.await.map_err(|error| CliError::failed("the ledger cannot be decoded").because(&error))?;
    page?.iter().for_each(|entry| fold.add(entry));
    Ok(())
}

/// Trust as it stands.
pub(crate) struct Trust {
    pub(crate) fold: Fold,
    /// What was recorded; nothing where that cannot be believed.
    pub(crate) state: TrustState,
    /// Why what was recorded cannot be believed.
    pub(crate) broken: Option<String>,
    pub(crate) figures: Readiness,
}

impl Trust {
    /// What a fold says of trust.
    pub(crate) fn of(fold: Fold, now: Timestamp) -> Self {
        let (state, broken) = match fold.trust() {
            Ok(state) => (state, None),
            Err(error) => (TrustState::default(), Some(error.to_string())),
        };
        let figures = metrics::readiness(&fold, now);
        Self { fold, state, broken, figures }
    }

    /// The lowering that the figures ask for and nobody has recorded.
    pub(crate) fn due(&self) -> Option<Due> {
        trust::demotion(&self.state, &self.figures)
    }
}

/// Trust as it stands, after a lowering that is due has been recorded; and that, if this did it. Where somebody else
/// changes trust now, nothing is recorded: the lower phase holds all the same.
pub(crate) async fn settled(
    log: &dyn EventLog,
    store: &Path,
    now: Timestamp,
) -> Result<(Trust, Option<TrustChange>), CliError> {
    let trust = Trust::of(fold(log, store).await?, now);
    if trust.due().is_none() {
        return Ok((trust, None));
    }
    let lease = match claim(log).await {
        Ok(lease) => lease,
        Err(StoreError::Driven { .. }) => return Ok((trust, None)),
        Err(other) => return Err(other.into()),
    };
    // Somebody may have recorded it since; and what is recorded rests on the ledger itself.
    let trust = Trust::of(recount(log).await?, now);
    let Some(due) = trust.due() else { return Ok((trust, None)) };
    let change = due.change(now);
    record(log, &lease, change.clone()).await?;
    Ok((Trust::of(fold(log, store).await?, now), Some(change)))
}

/// The right to change trust.
pub(crate) async fn claim(log: &dyn EventLog) -> Result<Lease, StoreError> {
    let name: RunId = TRUST.parse().expect("the name has the form of a run's");
    log.claim(&name).await
}

/// Appends a change to the ledger. The lease shows that nobody else does.
pub(crate) async fn record(log: &dyn EventLog, _: &Lease, change: TrustChange) -> Result<(), CliError> {
    let entry = LedgerEntry::new(change.at, Decided::Trust(change));
    log.append_decisions(&[entry.to_bytes()]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at once")]

    use factory_store::MemoryLog;

    use super::*;

    const LEDGER: &str = include_str!("../../factory-core/tests/fixtures/statistics/ledger.jsonl");

    async fn ledger(log: &MemoryLog, from: usize, to: usize) {
        let entries: Vec<Vec<u8>> =
            LEDGER.lines().skip(from).take(to - from).map(|line| line.as_bytes().to_vec()).collect();
        log.append_decisions(&entries).await.unwrap();
    }

    async fn same(log: &MemoryLog, path: &Path) {
        let (found, all) = (fold_beside(log, path, 100).await.unwrap(), recount(log).await.unwrap());
        assert_eq!(found.to_bytes(), all.to_bytes());
    }

    #[tokio::test]
    async fn what_was_put_aside_is_gone_on_with() {
        let (log, folder) = (MemoryLog::default(), tempfile::tempdir().unwrap());
        let path = folder.path().join(kept::FILE);
        same(&log, &path).await;
        ledger(&log, 0, 99).await;
        same(&log, &path).await;
        assert!(!path.exists());
        ledger(&log, 99, 300).await;
        same(&log, &path).await;
        assert_eq!(Kept::of(&log, &path).await.unwrap().unwrap().head.count, 300);
        ledger(&log, 300, 350).await;
        same(&log, &path).await;
        assert_eq!(Kept::of(&log, &path).await.unwrap().unwrap().head.count, 300);
        ledger(&log, 350, 450).await;
        same(&log, &path).await;
        assert_eq!(Kept::of(&log, &path).await.unwrap().unwrap().head.count, 450);
        // It is used, not only kept: a fold of something else with the right head shows.
        let kept = Kept::of(&log, &path).await.unwrap().unwrap();
        let other = Kept { head: kept.head, fold: go_on(&log, Fold::default(), 0).await.unwrap().0 };
        let mut lied = other.fold.clone();
        let last = log.decisions(449, 1).await.unwrap().remove(0);
        lied.add(&LedgerEntry::from_bytes(&last.bytes).unwrap());
        let lied = Kept { fold: lied, ..other };
        lied.write(&path).unwrap();
        // One entry more than its head says.
        assert!(Kept::of(&log, &path).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_damaged_or_of_another_ledger_is_passed_over() {
        let (log, folder) = (MemoryLog::default(), tempfile::tempdir().unwrap());
        let path = folder.path().join(kept::FILE);
        ledger(&log, 0, 300).await;
        same(&log, &path).await;
        let whole = std::fs::read(&path).unwrap();
        for at in (0..whole.len()).step_by(97) {
            let mut other = whole.clone();
            other[at] ^= 1;
            std::fs::write(&path, &other).unwrap();
            assert!(Kept::of(&log, &path).await.unwrap().is_none(), "byte {at}");
        }
        for to in (0..whole.len()).step_by(97) {
            std::fs::write(&path, &whole[..to]).unwrap();
            assert!(Kept::of(&log, &path).await.unwrap().is_none(), "cut at {to}");
        }
        std::fs::write(&path, &whole).unwrap();
        assert!(Kept::of(&log, &path).await.unwrap().is_some());
        let (shorter, another) = (MemoryLog::default(), MemoryLog::default());
        ledger(&shorter, 0, 299).await;
        ledger(&another, 1, 302).await;
        for log in [&shorter, &another] {
            assert!(Kept::of(log, &path).await.unwrap().is_none());
            same(log, &path).await;
        }
        // A folder where nothing can be written costs time and nothing else.
        same(&log, &folder.path().join("missing").join(kept::FILE)).await;
    }
}
