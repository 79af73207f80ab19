//! The side of the process that holds the store.

use std::collections::VecDeque;
use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use factory_engine::port::store::StoreError;
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time;

use super::place;
use super::session::{self, Handles};
use crate::blobs::FileBlobs;
use crate::disk;
use crate::hold::Hold;
use crate::log::SledLog;
use crate::store::Store;

/// How many other processes are served at once. Further ones are sent away at once.
#[cfg(not(test))]
pub(super) const CLIENTS: usize = 256;
#[cfg(test)]
pub(super) const CLIENTS: usize = 60;

/// How many others may be about to say what they are. One more, and the oldest of them is sent away: whoever means to
/// use the store says so at once.
const NEWCOMERS: usize = 64;

/// How long nobody is accepted after that has failed: files may have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves a store to other processes, and holds it, as long as this lives. When it is dropped, they are told
/// [`StoreError::HolderGone`].
#[derive(Debug)]
pub struct Server {
    accepting: JoinHandle<()>,
    clients: Arc<AtomicUsize>,
    socket: Socket,
    _log: Arc<SledLog>,
    _blobs: Arc<FileBlobs>,
}

impl Server {
    /// How many other processes work with the store now.
    pub fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// Where the socket is.
    pub fn socket(&self) -> &Path {
        &self.socket.path
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The socket, while it is announced.
#[derive(Debug)]
struct Socket {
    path: PathBuf,
    hold: Arc<Hold>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        let forgotten = self.hold.announce(None).and_then(|()| std::fs::remove_file(&self.path));
        if let Err(error) = forgotten {
            tracing::warn!(%error, "the store's socket stays behind");
        }
    }
}

/// Serves `store` to other processes of this user, through a socket whose path stands in the store's lock file. Call
/// it within a tokio runtime that has I/O and a clock.
///
/// # Errors
/// [`StoreError::Io`] when there is no place for a socket that nobody else can enter.
pub fn serve(store: &Store) -> Result<Server, StoreError> {
    let failed = |error| disk::failed("opened", error);
    let hold = Arc::clone(store.log.hold());
    let path = place::socket(hold.dir()).map_err(failed)?;
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        // Whoever made it held this store before, and is dead.
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&path).map_err(failed)?;
    let socket = Socket { path, hold };
    socket.hold.announce(Some(&socket.path)).map_err(failed)?;

    let clients = Arc::new(AtomicUsize::new(0));
    let handles = Handles { log: Arc::downgrade(&store.log), blobs: Arc::downgrade(&store.blobs) };
    let accepting = tokio::spawn(accept(listener, handles, Arc::clone(&clients)));
    let (log, blobs) = (Arc::clone(&store.log), Arc::clone(&store.blobs));
    Ok(Server { accepting, clients, socket, _log: log, _blobs: blobs })
}

/// Serves everybody who comes. All of it ends when this is dropped.
async fn accept(listener: UnixListener, handles: Handles, clients: Arc<AtomicUsize>) {
    let places = Arc::new(Semaphore::new(CLIENTS));
    let (mut received, mut served) = (JoinSet::new(), JoinSet::new());
    let mut newcomers: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        tokio::select! {
            Some(guest) = received.join_next() => match guest {
                Ok(Ok(Some(guest))) => {
                    served.spawn(session::serve(guest, handles.clone(), Arc::clone(&clients)));
                }
                Ok(Ok(None)) => {}
                Ok(Err(error)) => sent_away(&error),
                Err(error) => sent_away(&error),
            },
            Some(ended) = served.join_next() => match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => sent_away(&error),
                Err(error) => sent_away(&error),
            },
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    newcomers.retain(|newcomer| !newcomer.is_finished());
                    if newcomers.len() >= NEWCOMERS && let Some(oldest) = newcomers.pop_front() {
                        oldest.abort();
                    }
                    let receiving = session::receive(stream, handles.clone(), Arc::clone(&places));
                    newcomers.push_back(received.spawn(receiving));
                }
                Err(error) => {
                    tracing::warn!(%error, "no other process can use the store just now");
                    time::sleep(PAUSE).await;
                }
            },
        }
    }
}

fn sent_away(error: &(dyn Error + 'static)) {
    tracing::debug!(error, "a process that used the store was sent away");
}
