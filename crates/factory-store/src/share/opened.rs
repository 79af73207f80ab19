//! A store, wherever it is held.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use factory_engine::port::store::{BlobStore, EventLog, StoreError};
use tokio::time;

use super::client::RemoteStore;
use super::server::{self, Server};
use crate::blobs;
use crate::store::Store;

/// How often it is tried again, and how long after: a holder may be about to end, or about to serve others.
const TRIES: u32 = 100;
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
/// If it is held here, others are served as long as this lives; if not, it is of use as long as the other process
/// lives, and [`StoreError::HolderGone`] says when that has ended. Opening it again then makes somebody its holder.
pub struct Opened {
    /// The logs and the ledger.
    pub log: Arc<dyn EventLog>,
    /// The blobs.
    pub blobs: Arc<dyn BlobStore>,
    /// Who holds it.
    pub access: Access,
    pub(super) server: Option<Server>,
}

impl Opened {
    /// How many other processes use the store through this one now.
    pub fn clients(&self) -> usize {
        self.server.as_ref().map_or(0, Server::clients)
    }

    /// Holds the store and serves it, if there is a place for a socket.
    fn here(store: Store) -> Self {
        let server = server::serve(&store).inspect_err(|error| {
            let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            tracing::warn!(%cause, "no other process can use the store meanwhile");
        });
        Self { log: store.log, blobs: store.blobs, access: Access::Held, server: server.ok() }
    }

    fn there(remote: RemoteStore) -> Self {
        let access = Access::Attached { holder: remote.holder() };
        let remote = Arc::new(remote);
        Self { log: Arc::clone(&remote) as _, blobs: remote, access, server: None }
    }
}

impl Store {
    /// Opens the store in `dir` as [`Store::open`] does and serves it to other processes; or uses it through the process
    /// that holds it already. Needs a tokio runtime that has I/O and a clock.
    ///
    /// # Errors
    /// Those of [`Store::open`]. [`StoreError::Held`] comes only after some seconds in which the holder has neither
    /// ended nor served this process: one that uses [`Store::open`] alone, or is another version of this program.
    pub async fn open_or_attach(dir: &Path) -> Result<Opened, StoreError> {
        let mut tries = 0;
        loop {
            let path = dir.to_owned();
            let holder = match blobs::blocking("opened", move || Store::open(&path)).await {
                Ok(store) => return Ok(Opened::here(store)),
                Err(StoreError::Held { holder }) => holder,
                Err(other) => return Err(other),
            };
            match RemoteStore::connect(dir).await {
                Ok(remote) => return Ok(Opened::there(remote)),
                Err(StoreError::Held { .. } | StoreError::HolderGone) => {}
                Err(other) => return Err(other),
            }
            tries += 1;
            if tries == TRIES {
                return Err(StoreError::Held { holder });
            }
            time::sleep(PAUSE).await;
        }
    }
}
