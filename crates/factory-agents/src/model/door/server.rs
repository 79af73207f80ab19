//! The door as its owner holds it: opened on a listener, closed with its handle.

use std::convert::Infallible;
use std::net::TcpListener as StdTcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time;

use super::call;
use super::plan::{DoorError, DoorPlan, Way};

/// The longest request head, and how much is held while writing.
const BUFFER_BYTES: usize = 64 * 1024;
/// The most header lines of a request.
const HEADER_LINES: usize = 64;
/// What a client may take for reading its answer, beyond the time that the endpoint has for giving it.
const LAST_BYTES_TIME: Duration = Duration::from_secs(30);
/// The pause after a connection could not be accepted: most often no descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What went through a door.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DoorUse {
    /// Requests that were sent on.
    pub calls: u64,
    /// Requests that were not: another path, or beyond a limit.
    pub refused: u64,
    /// Bytes of the bodies that were sent on.
    pub bytes_out: u64,
    /// Bytes of the bodies that the endpoint answered.
    pub bytes_in: u64,
}

/// The counts while they grow.
#[derive(Debug, Default)]
pub(super) struct Counts {
    calls: AtomicU64,
    refused: AtomicU64,
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
}

impl Counts {
    pub(super) fn called(&self, bytes: usize) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.bytes_out.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn received(&self, bytes: u64) {
        self.bytes_in.fetch_add(bytes, Ordering::Relaxed);
    }

    fn read(&self) -> DoorUse {
        DoorUse {
            calls: self.calls.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
        }
    }
}

/// An open door. When this is dropped, it closes with all of its calls, without waiting for that.
#[derive(Debug)]
pub struct Door {
    base_path: String,
    counts: Arc<Counts>,
    /// Closing it is the sign to end.
    over: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Door {
    /// Serves the connections of a listener that is bound and listening, in this or another network namespace.
    ///
    /// # Errors
    /// [`DoorError`] when the plan cannot work or the listener is none. Nothing is sent yet.
    ///
    /// # Panics
    /// Outside of a tokio runtime with its network and time drivers on.
    pub fn open(listener: StdTcpListener, plan: DoorPlan) -> Result<Self, DoorError> {
        let way = Way::of(plan)?;
        listener.set_nonblocking(true).map_err(DoorError::Listener)?;
        let listener = TcpListener::from_std(listener).map_err(DoorError::Listener)?;
        let base_path = way.base_path.clone();
        let counts = Arc::new(Counts::default());
        let (over, ended) = oneshot::channel();
        let task = tokio::spawn(accept_all(listener, Arc::new(way), Arc::clone(&counts), ended));
        Ok(Self { base_path, counts, over: Some(over), task })
    }

    /// The path that clients put before the routes, such as `/v1`: that of the endpoint's base URL. It may be empty.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// What went through so far.
    pub fn used(&self) -> DoorUse {
        self.counts.read()
    }

    /// Closes the door and all its calls, and tells what went through.
    pub async fn close(mut self) -> DoorUse {
        self.over = None;
        // It ends in no other way than by that sign; a panic in it would have ended it, too.
        let _ = (&mut self.task).await;
        self.counts.read()
    }
}

async fn accept_all(
    listener: TcpListener,
    way: Arc<Way>,
    counts: Arc<Counts>,
    mut ended: oneshot::Receiver<()>,
) {
    let room = Arc::new(Semaphore::new(way.limits.calls.min(Semaphore::MAX_PERMITS)));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut ended => break,
            accepted = accept(&listener, &room) => {
                if let Some((client, place)) = accepted {
                    let (way, counts) = (Arc::clone(&way), Arc::clone(&counts));
                    connections.spawn(async move {
                        serve(client, &way, &counts).await;
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

/// Serves one connection, which is one call: nothing that follows a request can be taken for another one.
async fn serve(client: TcpStream, way: &Way, counts: &Arc<Counts>) {
    // Pieces of a stream are to arrive as they come; without it they are late, nothing else.
    let _ = client.set_nodelay(true);
    let limits = &way.limits;
    let whole = [limits.body_time, limits.answer_time, LAST_BYTES_TIME]
        .iter()
        .fold(limits.head_time, |sum, time| sum.saturating_add(*time));
    let service = service::service_fn(|request| async move {
        Ok::<_, Infallible>(call::answer(way, counts, request).await)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .keep_alive(false)
        .max_buf_size(BUFFER_BYTES)
        .max_headers(HEADER_LINES)
        .serve_connection(TokioIo::new(client), service);
    // A client that went away, or took too long, is told nothing more.
    let _ = time::timeout(whole, connection).await;
}
