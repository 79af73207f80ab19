//! The runs of a project as they are kept: for every verb that looks at them.

use std::path::Path;

use factory_core::artifact::{Artifact, Body, Merge};
use factory_core::ids::{Digest, RunId};
use factory_core::state::RunState;
use factory_engine::error::EngineError;
use factory_engine::history::{self, History};
use factory_engine::ledger;
use factory_engine::port::store::{BlobStore, EventLog, StoreError};
use factory_store::{Access, Opened, Store};

use crate::config::place::Place;
use crate::error::CliError;

/// A run, or why it cannot be read. One broken run never hides the others.
pub(crate) type Entry = (RunId, Result<History, EngineError>);

/// Opens the project's store; `None` when nothing was ever run here.
pub(crate) async fn open(place: &Place) -> Result<Option<Opened>, CliError> {
    let store = place.store();
    if store.join("store").is_dir() { open_at(&store).await.map(Some) } else { Ok(None) }
}

/// Opens a store, making it if need be; or reaches it through the process that holds it.
pub(crate) async fn open_at(store: &Path) -> Result<Opened, CliError> {
    let opened = Store::open_or_attach(store).await?;
    if opened.access == Access::Held {
        // A store of the first version has runs and no ledger.
        ledger::backfill(opened.log.as_ref()).await?;
    }
    Ok(opened)
}

/// Whether some process performs the run now.
pub(crate) async fn is_driven(log: &dyn EventLog, run: &RunId) -> bool {
    matches!(log.claim(run).await, Err(StoreError::Driven { .. }))
}

/// All runs, the newest first; runs that cannot be read come last.
pub(crate) async fn all(store: &Opened) -> Result<Vec<Entry>, CliError> {
    let mut entries = Vec::new();
    for run in store.log.runs().await? {
        let history = history::read(store.log.as_ref(), &run).await;
        entries.push((run, history));
    }
    entries.sort_by_key(|(run, history)| {
        let began = history.as_ref().map(|h| h.state.started_at).ok();
        (std::cmp::Reverse(began), run.clone())
    });
    Ok(entries)
}

/// An artifact's content.
pub(crate) async fn artifact(blobs: &dyn BlobStore, digest: &Digest) -> Result<Body, CliError> {
    Ok(whole(blobs, digest).await?.body)
}

/// An artifact with what it was made from.
pub(crate) async fn whole(blobs: &dyn BlobStore, digest: &Digest) -> Result<Artifact, CliError> {
    let bytes = blobs.get(digest).await?;
    Artifact::from_bytes(&bytes)
        .map_err(|error| CliError::failed(format!("the artifact {digest} cannot be read")).because(&error))
}

/// What a run has merged, if it has; it may still be at work on what comes after.
pub(crate) async fn merge(blobs: &dyn BlobStore, state: &RunState) -> Result<Option<Merge>, CliError> {
    let Some(made) = state.merged() else { return Ok(None) };
    match artifact(blobs, &made.digest).await? {
        Body::Merge(merge) => Ok(Some(merge)),
        other => {
            let (found, digest) = (other.kind().as_str(), &made.digest);
            Err(CliError::failed(format!("the artifact {digest} is a {found}, and the log says a merge")))
        }
    }
}
