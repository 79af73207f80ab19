//! The connection of a client: questions go out, answers and news come in, at any time and in any order.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{LedgerHead, Position, StoreError, StoredRecord};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time;

use super::wire::{self, Answer, Ask, LIMIT, Question, Told};
use crate::log;

/// After how long without an answer that is said.
const SILENCE: Duration = Duration::from_secs(10);

/// The connection.
#[derive(Debug)]
pub(super) struct Link {
    /// That of the next question.
    number: AtomicU64,
    /// Whole frames, so that who stops to wait for an answer leaves no half of one.
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    /// `None` once it is lost.
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    waiting: HashMap<u64, Waiting>,
    changes: broadcast::Sender<RunId>,
}

/// Somebody who waits for an answer.
#[derive(Debug)]
struct Waiting {
    reply: oneshot::Sender<Result<Reply, StoreError>>,
    /// The records that have come so far.
    records: Vec<StoredRecord>,
}

/// An answer, complete.
#[derive(Debug)]
pub(super) enum Reply {
    Position(Position),
    Records(Vec<StoredRecord>),
    Runs(Vec<RunId>),
    Head(Option<LedgerHead>),
    Kept(Digest),
    Blob(Vec<u8>),
}

impl Link {
    /// A connection on which both sides have greeted.
    pub(super) fn over(stream: UnixStream) -> Arc<Self> {
        let (from, to) = stream.into_split();
        let (outgoing, frames) = mpsc::unbounded_channel();
        let (changes, _) = broadcast::channel(log::CHANGES);
        let open = Mutex::new(Some(Open { waiting: HashMap::new(), changes }));
        let link = Arc::new(Self { number: AtomicU64::new(0), outgoing, open });
        tokio::spawn(send(frames, to));
        tokio::spawn(receive(from, Arc::downgrade(&link)));
        link
    }

    /// Told of changes; closed once the connection is lost.
    pub(super) fn changes(&self) -> broadcast::Receiver<RunId> {
        match self.lock().as_ref() {
            Some(open) => open.changes.subscribe(),
            None => broadcast::channel(1).1,
        }
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(&self, question: Question, parts: &[&[u8]]) -> Result<Reply, StoreError> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let frame = wire::encode(&Ask { number, question }, parts)
            .map_err(|source| StoreError::Io { action: "written", source: Box::new(source) })?;
        let (reply, answered) = oneshot::channel();
        let waiting = Waiting { reply, records: Vec::new() };
        self.lock().as_mut().ok_or(StoreError::HolderGone)?.waiting.insert(number, waiting);
        self.outgoing.send(frame).map_err(|_| StoreError::HolderGone)?;
        // It may be at something long; nobody should have to guess why nothing happens, though.
        let mut answered = answered;
        let answer = match time::timeout(SILENCE, &mut answered).await {
            Ok(answer) => answer,
            Err(_) => {
                tracing::warn!(
                    "the process that holds the store has not answered for {} s: it may be stopped (Ctrl-Z; `fg` lets it go \
                     on); waiting",
                    SILENCE.as_secs()
                );
                answered.await
            }
        };
        answer.map_err(|_| StoreError::HolderGone)?
    }

    /// Does what an answer or a piece of news says.
    fn take(&self, told: Told, parts: Vec<Vec<u8>>) -> io::Result<()> {
        let mut open = self.lock();
        let open = open.as_mut().ok_or_else(wire::senseless)?;
        let (number, answer) = match told {
            Told::Changed { run } => {
                // An error says that nobody listens.
                let _nobody = open.changes.send(run);
                return Ok(());
            }
            Told::Answer { number, answer } => (number, answer),
        };
        let mut waiting = open.waiting.remove(&number).ok_or_else(wire::senseless)?;
        let reply = match answer {
            Answer::Records { first, hashes, more } => {
                if hashes.len() != parts.len() {
                    return Err(wire::senseless());
                }
                let records = (first..).zip(hashes).zip(parts);
                waiting.records.extend(records.map(|((position, hash), bytes)| StoredRecord {
                    position,
                    bytes,
                    hash,
                }));
                if more {
                    open.waiting.insert(number, waiting);
                    return Ok(());
                }
                Ok(Reply::Records(std::mem::take(&mut waiting.records)))
            }
            Answer::Blob => Ok(Reply::Blob(parts.into_iter().next().ok_or_else(wire::senseless)?)),
            Answer::Position(position) => Ok(Reply::Position(position)),
            Answer::Runs(runs) => Ok(Reply::Runs(runs)),
            Answer::Head(head) => Ok(Reply::Head(head.map(LedgerHead::from))),
            Answer::Kept(digest) => Ok(Reply::Kept(digest)),
            Answer::Failed(error) => Err(error.into()),
        };
        let _gone = waiting.reply.send(reply);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends what is to be sent until nobody is left to ask.
async fn send(mut frames: mpsc::UnboundedReceiver<Vec<u8>>, mut to: OwnedWriteHalf) {
    while let Some(frame) = frames.recv().await {
        if to.write_all(&frame).await.is_err() {
            return;
        }
    }
}

/// Hands out what comes until the connection is lost, and then tells everybody who waits.
async fn receive(mut from: OwnedReadHalf, link: Weak<Link>) {
    loop {
        let told = wire::read::<Told>(&mut from, LIMIT).await;
        let Some(link) = link.upgrade() else { return };
        let taken = match told {
            Ok(Some((told, parts))) => link.take(told, parts).map(|()| true),
            Ok(None) => Ok(false),
            Err(error) => Err(error),
        };
        match taken {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the process that held the store is not heard any more"),
        }
        let lost = link.lock().take();
        drop(lost);
        return;
    }
}
