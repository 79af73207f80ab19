//! The side of a process that comes while another holds the store.

use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{
    BlobStore, EventLog, Lease, LedgerHead, Position, StoreError, StoredRecord,
};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::sync::broadcast;
use tokio::time;

use super::link::{Link, Reply};
use super::place;
use super::wire::{self, HELLO_LIMIT, Hello, PROTOCOL, Question};
use crate::claims::Claims;
use crate::disk;
use crate::hold;

/// How long the holder may take to say that it serves this process.
const HELLO: Duration = Duration::from_secs(5);

/// A store that another process holds. Clones share one connection.
///
/// Once the connection is lost, everything fails with [`StoreError::HolderGone`], and receivers of changes are closed;
/// what was claimed stays claimed. What [`Store::open_or_attach`](crate::Store::open_or_attach) hands out goes on instead.
#[derive(Debug, Clone)]
pub struct RemoteStore {
    link: Arc<Link>,
    holder: u32,
    claims: Claims,
}

impl RemoteStore {
    /// Reaches the process that holds the store in `dir`. Needs a tokio runtime that has I/O and a clock.
    ///
    /// # Errors
    /// [`StoreError::HolderGone`] when nobody holds the store, or not any more; [`StoreError::Held`] when the holder
    /// serves nobody, or not this process; [`StoreError::Io`] when its socket is where others could have put it.
    pub async fn connect(dir: &Path) -> Result<Self, StoreError> {
        let opened = |error| disk::failed("opened", error);
        let lock = dir.join("lock");
        let Some(holder) = hold::named(&lock) else { return Err(StoreError::HolderGone) };
        let held = || StoreError::Held { holder: holder.process.clone() };
        let Some(socket) = &holder.socket else { return Err(held()) };
        let users = [place::this_user(), lock.metadata().map_err(opened)?.uid()];
        let place = socket.parent().unwrap_or(Path::new("/"));
        let private = place::check_private(place, &users);
        let connected = match private {
            Ok(()) => UnixStream::connect(socket).await,
            Err(error) if error.kind() == ErrorKind::NotFound => Err(error),
            Err(error) => return Err(opened(error)),
        };
        let mut stream = match connected {
            Ok(stream) => stream,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                return Err(StoreError::HolderGone);
            }
            Err(error) => {
                tracing::debug!(%error, "the process that holds the store cannot be reached");
                return Err(held());
            }
        };
        let server = stream.peer_cred().map_err(opened)?.uid();
        if server != 0 && !users.contains(&server) {
            let text = "the socket of the process that holds it belongs to another user";
            return Err(opened(io::Error::new(ErrorKind::PermissionDenied, text)));
        }
        match time::timeout(HELLO, greet(&mut stream)).await {
            Ok(Ok(Some(theirs))) if theirs.factory_store == PROTOCOL => {
                Ok(Self { link: Link::over(stream), holder: theirs.process, claims: Claims::of(dir) })
            }
            // It speaks another language, or does not speak.
            Ok(Ok(Some(_))) | Err(_) => Err(held()),
            Ok(Ok(None) | Err(_)) => Err(StoreError::HolderGone),
        }
    }

    /// The process id of the holder.
    pub fn holder(&self) -> u32 {
        self.holder
    }

    async fn question(&self, question: Question, parts: &[&[u8]]) -> Result<Reply, StoreError> {
        self.link.ask(question, parts).await
    }
}

/// Says what this is and hears what the other is; `None` when it ends instead.
async fn greet(stream: &mut UnixStream) -> io::Result<Option<Hello>> {
    let ours = Hello { factory_store: PROTOCOL, process: std::process::id() };
    stream.write_all(&wire::encode(&ours, &[])?).await?;
    Ok(wire::read::<Hello>(stream, HELLO_LIMIT).await?.map(|(theirs, _)| theirs))
}

/// An answer of a kind that does not belong to the question.
fn astray<T>(_: Reply) -> Result<T, StoreError> {
    Err(StoreError::Io { action: "read", source: Box::new(wire::senseless()) })
}

#[async_trait]
impl EventLog for RemoteStore {
    async fn append(
        &self,
        run: &RunId,
        expected: Position,
        record: &[u8],
        decisions: &[Vec<u8>],
    ) -> Result<Position, StoreError> {
        let parts: Vec<_> = std::iter::once(record).chain(decisions.iter().map(Vec::as_slice)).collect();
        match self.question(Question::Append { run: run.clone(), expected }, &parts).await? {
            Reply::Position(position) => Ok(position),
            other => astray(other),
        }
    }

    async fn read(&self, run: &RunId) -> Result<Vec<StoredRecord>, StoreError> {
        match self.question(Question::Read { run: run.clone() }, &[]).await? {
            Reply::Records(records) => Ok(records),
            other => astray(other),
        }
    }

    async fn position(&self, run: &RunId) -> Result<Position, StoreError> {
        match self.question(Question::Position { run: run.clone() }, &[]).await? {
            Reply::Position(position) => Ok(position),
            other => astray(other),
        }
    }

    async fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        match self.question(Question::Runs, &[]).await? {
            Reply::Runs(runs) => Ok(runs),
            other => astray(other),
        }
    }

    async fn append_decisions(&self, decisions: &[Vec<u8>]) -> Result<Position, StoreError> {
        let parts: Vec<_> = decisions.iter().map(Vec::as_slice).collect();
        match self.question(Question::AppendDecisions, &parts).await? {
            Reply::Position(position) => Ok(position),
            other => astray(other),
        }
    }

    async fn decisions(&self, from: Position, most: usize) -> Result<Vec<StoredRecord>, StoreError> {
        match self.question(Question::Decisions { from, most }, &[]).await? {
            Reply::Records(records) => Ok(records),
            other => astray(other),
        }
    }

    async fn ledger_head(&self) -> Result<Option<LedgerHead>, StoreError> {
        match self.question(Question::LedgerHead, &[]).await? {
            Reply::Head(head) => Ok(head),
            other => astray(other),
        }
    }

    fn changes(&self) -> broadcast::Receiver<RunId> {
        self.link.changes()
    }

    async fn claim(&self, run: &RunId) -> Result<Lease, StoreError> {
        self.claims.take(run).await
    }
}

#[async_trait]
impl BlobStore for RemoteStore {
    async fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        match self.question(Question::Put, &[bytes]).await? {
            Reply::Kept(digest) => Ok(digest),
            other => astray(other),
        }
    }

    async fn get(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        match self.question(Question::Get { digest: digest.clone() }, &[]).await? {
            Reply::Blob(bytes) => Ok(bytes),
            other => astray(other),
        }
    }
}
