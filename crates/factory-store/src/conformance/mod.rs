//! What every backend has to do, as a suite that panics where one does not.
//!
//! Each case starts on a store of its own. Durability is not in here: what it takes to lose power is up to the backend.

mod blobs;
mod ledger;
mod logs;
mod sharing;

use std::any::Any;
use std::sync::Arc;

use factory_core::ids::RunId;
use factory_engine::port::store::{BlobStore, EventLog, StoredRecord};

/// A new, empty store, and what has to live as long (a directory, a server).
pub struct Fresh<T: ?Sized> {
    store: Arc<T>,
    // After the store, so that it is dropped after it.
    _keep: Box<dyn Any + Send + Sync>,
}

impl<T: ?Sized> Fresh<T> {
    /// `keep` is dropped after `store`.
    pub fn new(store: Arc<T>, keep: impl Any + Send + Sync) -> Self {
        Self { store, _keep: Box::new(keep) }
    }
}

/// All cases for a log with its ledger.
pub async fn event_log(fresh: impl AsyncFn() -> Fresh<dyn EventLog>) {
    logs::nothing_is_there_at_first(&*fresh().await.store).await;
    logs::records_come_back_exactly_and_linked(&*fresh().await.store).await;
    logs::an_append_elsewhere_than_at_the_end_is_a_conflict(&*fresh().await.store).await;
    logs::runs_do_not_mix(&*fresh().await.store).await;
    logs::appenders_on_different_runs_do_not_disturb_each_other(&fresh().await.store).await;
    logs::one_appender_wins_each_position(&fresh().await.store).await;

    ledger::decisions_come_back_exactly_and_linked(&*fresh().await.store).await;
    ledger::a_conflict_leaves_the_ledger_alone(&*fresh().await.store).await;
    ledger::the_ledger_is_read_in_pages(&*fresh().await.store).await;
    ledger::appenders_at_once_share_one_chain(&fresh().await.store).await;

    sharing::every_append_is_told_once_it_can_be_read(&fresh().await.store).await;
    sharing::a_receiver_that_lags_learns_it(&*fresh().await.store).await;
    sharing::one_performer_at_a_time_has_a_run(&*fresh().await.store).await;
    sharing::of_many_who_claim_at_once_one_gets_it(&fresh().await.store).await;
}

/// All cases for blobs.
pub async fn blob_store(fresh: impl AsyncFn() -> Fresh<dyn BlobStore>) {
    blobs::blobs_come_back_exactly(&*fresh().await.store).await;
    blobs::a_blob_that_was_never_put_is_not_there(&*fresh().await.store).await;
    blobs::the_same_blob_may_be_put_many_times_at_once(&fresh().await.store).await;
}

async fn records(log: &dyn EventLog, run: &RunId) -> Vec<StoredRecord> {
    log.read(run).await.expect("the run is read")
}

fn run(name: &str) -> RunId {
    name.parse().expect("the name of a run")
}
