//! The ledger in figures: read page by page, decoded on all processors, folded in order; and trust, which follows from it.

use std::collections::VecDeque;
use std::num::NonZero;
use std::thread;

use factory_core::ids::{RunId, Timestamp};
use factory_core::ledger::entry::{Decided, LedgerEntry};
use factory_core::ledger::metrics::{self, Fold};
use factory_core::trust::{self, Due, Readiness, TrustChange, TrustState};
use factory_engine::error::EngineError;
use factory_engine::port::store::{EventLog, Lease, StoreError};
use tokio::task::{self, JoinHandle};

use crate::error::CliError;

/// As many entries as are read and decoded at once.
const PAGE: usize = 4096;

/// Whoever changes trust holds this lease, so that two changes never begin at the same phase. No run has such a name:
/// theirs end in six letters and digits.
const TRUST: &str = "trust";

/// All of a ledger.
pub(crate) async fn fold(log: &dyn EventLog) -> Result<Fold, CliError> {
    let most = thread::available_parallelism().map_or(1, NonZero::get) + 1;
    let mut fold = Fold::default();
    let mut decoding: VecDeque<JoinHandle<Result<Vec<LedgerEntry>, EngineError>>> = VecDeque::new();
    let mut from = 0;
    loop {
        let page = log.decisions(from, PAGE).await?;
        let Some(last) = page.last() else { break };
        from = last.position + 1;
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
    Ok(fold)
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
    now: Timestamp,
) -> Result<(Trust, Option<TrustChange>), CliError> {
    let trust = Trust::of(fold(log).await?, now);
    if trust.due().is_none() {
        return Ok((trust, None));
    }
    let lease = match claim(log).await {
        Ok(lease) => lease,
        Err(StoreError::Driven { .. }) => return Ok((trust, None)),
        Err(other) => return Err(other.into()),
    };
    // Somebody may have recorded it since.
    let trust = Trust::of(fold(log).await?, now);
    let Some(due) = trust.due() else { return Ok((trust, None)) };
    let change = due.change(now);
    record(log, &lease, change.clone()).await?;
    Ok((Trust::of(fold(log).await?, now), Some(change)))
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
