//! What the holder of a store does for one other process.

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use factory_core::ids::RunId;
use factory_engine::port::store::{BlobStore as _, EventLog as _, StoreError, StoredRecord};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc};
use tokio::task::JoinSet;
use tokio::time;

use super::place;
use super::wire::{self, Answer, Ask, CHUNK, HELLO_LIMIT, Hello, LIMIT, PROTOCOL, Question, Told};
use crate::blobs::FileBlobs;
use crate::log::SledLog;

/// How many questions of one client are worked on at once, and how many answers may wait to be sent.
const AT_ONCE: usize = 64;

/// How long a client may take to say what it is.
const HELLO: Duration = Duration::from_secs(5);

/// The store, for whoever works for a client. It does not keep the store open.
#[derive(Debug, Clone)]
pub(super) struct Handles {
    pub(super) log: Weak<SledLog>,
    pub(super) blobs: Weak<FileBlobs>,
}

impl Handles {
    fn log(&self) -> Result<Arc<SledLog>, StoreError> {
        self.log.upgrade().ok_or(StoreError::HolderGone)
    }

    fn blobs(&self) -> Result<Arc<FileBlobs>, StoreError> {
        self.blobs.upgrade().ok_or(StoreError::HolderGone)
    }
}

/// A client that has said what it is, and was told that it is served.
pub(super) struct Guest {
    stream: UnixStream,
    changes: broadcast::Receiver<RunId>,
    /// Its place among those who are served at once.
    _place: OwnedSemaphorePermit,
}

/// Hears what a client is, and lets it in; `None` when it speaks another language, has ended, or finds no place.
pub(super) async fn receive(
    mut stream: UnixStream,
    handles: Handles,
    places: Arc<Semaphore>,
) -> io::Result<Option<Guest>> {
    let peer = stream.peer_cred()?;
    if peer.uid() != place::this_user() && peer.uid() != 0 {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "it belongs to another user"));
    }
    let hello = time::timeout(HELLO, wire::read::<Hello>(&mut stream, HELLO_LIMIT)).await??;
    let Some((theirs, _)) = hello else { return Ok(None) };
    let Ok(place) = places.try_acquire_owned() else { return Ok(None) };
    // Before the client learns that it is served, so that it misses nothing from then on.
    let Ok(changes) = handles.log().map(|log| log.changes()) else { return Ok(None) };
    let ours = Hello { factory_store: PROTOCOL, process: std::process::id() };
    time::timeout(HELLO, stream.write_all(&wire::encode(&ours, &[])?)).await??;
    Ok((theirs.factory_store == PROTOCOL).then_some(Guest { stream, changes, _place: place }))
}

/// Serves one client until it ends or says something that makes no sense.
pub(super) async fn serve(guest: Guest, handles: Handles, clients: Arc<AtomicUsize>) -> io::Result<()> {
    let Guest { stream, changes, _place } = guest;
    let _counted = Counted::new(clients);
    let (from, to) = stream.into_split();
    let (outgoing, frames) = mpsc::channel(AT_ONCE);
    let mut work = JoinSet::new();
    work.spawn(send(frames, to));
    work.spawn(pass_on(changes, handles.log.clone(), outgoing.clone()));
    Session { handles, outgoing, work }.run(from).await
}

/// One more client, while this lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(clients: Arc<AtomicUsize>) -> Self {
        clients.fetch_add(1, Ordering::Relaxed);
        Self(clients)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Sends what waits to be sent.
async fn send(mut frames: mpsc::Receiver<Vec<u8>>, mut to: OwnedWriteHalf) {
    while let Some(frame) = frames.recv().await {
        if to.write_all(&frame).await.is_err() {
            // Nobody is there any more, as the reading side sees as well.
            return;
        }
    }
}

/// Tells a client of changes. One that was not told of some is told of every run.
async fn pass_on(
    mut changes: broadcast::Receiver<RunId>,
    log: Weak<SledLog>,
    outgoing: mpsc::Sender<Vec<u8>>,
) {
    loop {
        let changed = match changes.recv().await {
            Ok(run) => vec![run],
            Err(RecvError::Lagged(_)) => {
                let Some(log) = log.upgrade() else { return };
                log.runs().await.expect("the runs are in memory")
            }
            Err(RecvError::Closed) => return,
        };
        for run in changed {
            let frame = wire::encode(&Told::Changed { run }, &[]).expect("the name of a run is short");
            if outgoing.send(frame).await.is_err() {
                return;
            }
        }
    }
}

/// A client that is served. All that is done for it ends with this.
struct Session {
    handles: Handles,
    outgoing: mpsc::Sender<Vec<u8>>,
    work: JoinSet<()>,
}

impl Session {
    async fn run(mut self, mut from: OwnedReadHalf) -> io::Result<()> {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        while let Some((Ask { number, question }, parts)) = wire::read::<Ask>(&mut from, LIMIT).await? {
            while self.work.try_join_next().is_some() {}
            if !question.has(parts.len()) {
                return Err(wire::senseless());
            }
            let place = Arc::clone(&room).acquire_owned().await.expect("it is never closed");
            let (handles, outgoing) = (self.handles.clone(), self.outgoing.clone());
            self.work.spawn(async move {
                let reply = perform(&handles, question, parts).await;
                deliver(&outgoing, number, reply).await;
                drop(place);
            });
        }
        Ok(())
    }
}

/// What a question comes to.
enum Reply {
    Answer(Answer),
    Records(Vec<StoredRecord>),
    Blob(Vec<u8>),
}

async fn perform(
    handles: &Handles,
    question: Question,
    mut parts: Vec<Vec<u8>>,
) -> Result<Reply, StoreError> {
    Ok(match question {
        Question::Append { run, expected } => {
            let record = parts.remove(0);
            Reply::Answer(Answer::Position(handles.log()?.append(&run, expected, &record, &parts).await?))
        }
        Question::Read { run } => Reply::Records(handles.log()?.read(&run).await?),
        Question::Position { run } => Reply::Answer(Answer::Position(handles.log()?.position(&run).await?)),
        Question::Runs => Reply::Answer(Answer::Runs(handles.log()?.runs().await?)),
        Question::AppendDecisions => {
            Reply::Answer(Answer::Position(handles.log()?.append_decisions(&parts).await?))
        }
        Question::Decisions { from, most } => Reply::Records(handles.log()?.decisions(from, most).await?),
        Question::LedgerHead => {
            Reply::Answer(Answer::Head(handles.log()?.ledger_head().await?.map(Into::into)))
        }
        Question::Put => Reply::Answer(Answer::Kept(handles.blobs()?.put(&parts.remove(0)).await?)),
        Question::Get { digest } => Reply::Blob(handles.blobs()?.get(&digest).await?),
    })
}

/// Sends what a question came to. A client that has gone needs none.
async fn deliver(outgoing: &mpsc::Sender<Vec<u8>>, number: u64, reply: Result<Reply, StoreError>) {
    let frames: Box<dyn Iterator<Item = io::Result<Vec<u8>>> + Send> = match reply {
        Ok(Reply::Records(records)) => Box::new(chunks(number, records)),
        Ok(Reply::Blob(bytes)) => Box::new(std::iter::once(frame(number, Answer::Blob, &[&bytes]))),
        Ok(Reply::Answer(answer)) => Box::new(std::iter::once(frame(number, answer, &[]))),
        Err(error) => Box::new(std::iter::once(frame(number, Answer::Failed(error.into()), &[]))),
    };
    for frame_or_error in frames {
        let (frame, last) = match frame_or_error {
            Ok(frame) => (frame, false),
            Err(source) => (too_large(number, source), true),
        };
        if outgoing.send(frame).await.is_err() || last {
            return;
        }
    }
}

/// Answers with these records, some at a time.
fn chunks(number: u64, records: Vec<StoredRecord>) -> impl Iterator<Item = io::Result<Vec<u8>>> + Send {
    let mut rest = records.into_iter().peekable();
    let mut first = rest.peek().map_or(0, |record| record.position);
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let (mut hashes, mut parts, mut bytes) = (Vec::new(), Vec::new(), 0);
        while bytes < CHUNK
            && let Some(record) = rest.next()
        {
            bytes += record.bytes.len();
            hashes.push(record.hash);
            parts.push(record.bytes);
        }
        let start = first;
        first += hashes.len() as u64;
        ended = rest.peek().is_none();
        let parts: Vec<_> = parts.iter().map(Vec::as_slice).collect();
        Some(frame(number, Answer::Records { first: start, hashes, more: !ended }, &parts))
    })
}

fn frame(number: u64, answer: Answer, parts: &[&[u8]]) -> io::Result<Vec<u8>> {
    wire::encode(&Told::Answer { number, answer }, parts)
}

fn too_large(number: u64, source: io::Error) -> Vec<u8> {
    let error = StoreError::Io { action: "read", source: Box::new(source) };
    frame(number, Answer::Failed(error.into()), &[]).expect("the text of this error is short")
}
