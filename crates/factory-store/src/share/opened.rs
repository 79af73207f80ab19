//! A store, wherever it is held.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use factory_engine::port::store::{BlobStore, EventLog, StoreError};
use tokio::time;

use super::client::RemoteStore;
use super::lasting::LastingStore;
use super::server::{self, Server};
use crate::blobs;
use crate::store::Store;

/// For how long it is tried again, and how often: a holder may be about to end, or about to serve others. One that was
/// stopped answers to nothing, and nobody should wait for it without a word.
const WITHIN: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// How a store is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// This process holds it.
    Held,
    /// Another process holds it and serves this one.
    Attached {
        /// Its process id.
        holder: u32,
    },
}

/// A store that may be used, by this process alone or beside others.
///
/// If it is held here, others are served as long as this lives. If not, it is used through the process that holds it;
/// when that ends, this process holds it and serves others, or finds whoever does so now, by itself: what is asked
/// waits for that, and receivers of changes are told of every run then. Claims have nothing to do with who holds it.
///
/// [`StoreError::HolderGone`] comes only when nothing was found instead, or when it cannot be told whether something was
/// kept that was being appended as the other process ended.
pub struct Opened {
    /// The logs and the ledger.
    pub log: Arc<dyn EventLog>,
    /// The blobs.
    pub blobs: Arc<dyn BlobStore>,
    /// Who held it when it was opened. Whoever holds it goes on to do so; whoever is attached may become its holder.
    pub access: Access,
    pub(super) serving: Serving,
}

/// What serves other processes.
pub(super) enum Serving {
    /// Nothing, for there is no place for a socket.
    Nobody,
    Here(Server),
    /// It is held elsewhere, until it may be held here.
    Later(LastingStore),
}

impl Opened {
    /// How many other processes use the store through this one now.
    pub fn clients(&self) -> usize {
        match &self.serving {
            Serving::Nobody => 0,
            Serving::Here(server) => server.clients(),
            Serving::Later(store) => store.clients(),
        }
    }

    fn here(store: Store) -> Self {
        let serving = serve(&store).map_or(Serving::Nobody, Serving::Here);
        Self { log: store.log, blobs: store.blobs, access: Access::Held, serving }
    }

    fn there(dir: &Path, remote: RemoteStore) -> Self {
        let access = Access::Attached { holder: remote.holder() };
        let store = LastingStore::over(dir, remote);
        Self {
            log: Arc::new(store.clone()),
            blobs: Arc::new(store.clone()),
            access,
            serving: Serving::Later(store),
        }
    }
}

/// Serves the store, if there is a place for a socket.
pub(super) fn serve(store: &Store) -> Option<Server> {
    let served = server::serve(store).inspect_err(|error| {
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        tracing::warn!(%cause, "no other process can use the store meanwhile");
    });
    served.ok()
}

/// A store that was found.
pub(super) enum Found {
    Here(Store),
    There(RemoteStore),
}

/// Opens the store, or reaches who holds it; tries for so long before it says [`StoreError::Held`].
pub(super) async fn find(dir: &Path, within: Duration) -> Result<Found, StoreError> {
    let begun = Instant::now();
    loop {
        let path = dir.to_owned();
        let holder = match blobs::blocking("opened", move || Store::open(&path)).await {
            Ok(store) => return Ok(Found::Here(store)),
            Err(StoreError::Held { holder }) => holder,
            Err(other) => return Err(other),
        };
        match RemoteStore::connect(dir).await {
            Ok(remote) => return Ok(Found::There(remote)),
            Err(StoreError::Held { .. } | StoreError::HolderGone) => {}
            Err(other) => return Err(other),
        }
        if begun.elapsed() >= within {
            return Err(StoreError::Held { holder });
        }
        time::sleep(PAUSE).await;
    }
}

impl Store {
    /// Opens the store in `dir` as [`Store::open`] does and serves it to other processes; or uses it through the process
    /// that holds it already. Needs a tokio runtime that has I/O and a clock.
    ///
    /// # Errors
    /// Those of [`Store::open`]. [`StoreError::Held`] comes only after some seconds in which the holder has neither
    /// ended nor served this process: one that uses [`Store::open`] alone, is another version of this program, or serves
    /// as many as it can.
    pub async fn open_or_attach(dir: &Path) -> Result<Opened, StoreError> {
        Ok(match find(dir, WITHIN).await? {
            Found::Here(store) => Opened::here(store),
            Found::There(remote) => Opened::there(dir, remote),
        })
    }
}
