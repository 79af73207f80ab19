//! The proxy as its owner holds it: started on a listener, over with its handle.

use std::io;
use std::net::TcpListener as StdTcpListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time;

use super::access::{Accesses, Log};
use super::allowed::Allowed;
use super::serve::{self, Door};

/// How many connections there may be beside the tunnels: those that are being read or refused. Further ones wait to be
/// accepted.
const OTHERS: usize = 32;
/// The pause after a connection could not be accepted: most often no descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long and how much a proxy lets a client do.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// From the connection's beginning to the end of the request head.
    pub head_time: Duration,
    /// For finding the target's address and connecting to it.
    pub connect_time: Duration,
    /// For a tunnel in which nothing moves in either direction.
    pub idle_time: Duration,
    /// Tunnels at once.
    pub tunnels: usize,
}

impl Default for Bounds {
    /// Ten seconds for a head, ten for connecting, five minutes of silence, 64 tunnels.
    fn default() -> Self {
        Self {
            head_time: Duration::from_secs(10),
            connect_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(300),
            tunnels: 64,
        }
    }
}

/// Why a proxy did not start.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The listener cannot be used.
    #[error("the proxy's listener cannot be used")]
    Listener(#[source] io::Error),
}

/// A proxy that runs. When this is dropped, it ends with all of its tunnels, without waiting for that.
#[derive(Debug)]
pub struct Proxy {
    log: Log,
    /// Closing it is the sign to end.
    over: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Serves the connections of a listener that is bound and listening, in this or another network namespace.
    ///
    /// # Errors
    /// [`ProxyError::Listener`] when the listener is none.
    ///
    /// # Panics
    /// Outside of a tokio runtime with its network and time drivers on.
    pub fn start(listener: StdTcpListener, allowed: Allowed, bounds: Bounds) -> Result<Self, ProxyError> {
        listener.set_nonblocking(true).map_err(ProxyError::Listener)?;
        let listener = TcpListener::from_std(listener).map_err(ProxyError::Listener)?;
        let log = Log::default();
        let (over, ended) = oneshot::channel();
        let tunnels = Semaphore::new(bounds.tunnels.min(Semaphore::MAX_PERMITS));
        let door = Arc::new(Door { allowed, bounds, log: log.clone(), tunnels });
        let task = tokio::spawn(accept_all(listener, door, ended));
        Ok(Self { log, over: Some(over), task })
    }

    /// What was asked so far.
    pub fn accesses(&self) -> Accesses {
        self.log.read()
    }

    /// Ends the proxy and all its tunnels, and tells what was asked.
    pub async fn end(mut self) -> Accesses {
        self.over = None;
        // It ends in no other way than by that sign; a panic in it would have ended it, too.
        let _ = (&mut self.task).await;
        self.log.read()
    }
}

async fn accept_all(listener: TcpListener, door: Arc<Door>, mut ended: oneshot::Receiver<()>) {
    let room =
        Arc::new(Semaphore::new(door.bounds.tunnels.saturating_add(OTHERS).min(Semaphore::MAX_PERMITS)));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut ended => break,
            accepted = accept(&listener, &room) => {
                if let Some((client, place)) = accepted {
                    let door = Arc::clone(&door);
                    connections.spawn(async move {
                        serve::connection(&door, client).await;
                        drop(place);
                    });
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// The next connection, once there is room for one.
async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((client, _)) => Some((client, place)),
        Err(_) => {
            time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}
