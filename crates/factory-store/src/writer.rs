//! The one thread that appends. It takes whatever is waiting, writes it in one go and only then answers, so that many
//! appenders share one sync. It alone says where in the ledger a decision goes.

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{Position, StoreError};
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::chain::{self, Body, Chain, Envelope, Head};
use crate::database::{Database, Entry};
use crate::disk;
use crate::keys::Heads;
use crate::witness::Witness;

/// How many appends share one sync at most, and how many more may wait.
pub(crate) const GROUP: usize = 256;

/// Bytes of a record or a decision.
#[derive(Debug)]
pub(crate) struct Piece {
    /// All of them.
    pub(crate) bytes: Vec<u8>,
    /// The blob that holds them, when they are too many for the log.
    pub(crate) blob: Option<Digest>,
}

/// The record of an append, and where it has to come to stand.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) run: RunId,
    pub(crate) expected: Position,
    pub(crate) piece: Piece,
}

/// One append, on its way to the writer: all of it is kept, or nothing.
#[derive(Debug)]
pub(crate) struct Request {
    /// None when decisions alone are appended.
    pub(crate) record: Option<Record>,
    /// What goes to the end of the ledger.
    pub(crate) decisions: Vec<Piece>,
    pub(crate) reply: oneshot::Sender<Answer>,
}

/// Where the record stands; without one, where the first decision does.
pub(crate) type Answer = Result<Position, StoreError>;

/// A write failed half way. Nothing more is appended then: it might follow a record that is not there, or that no
/// caller was told of. Opening the store again shows which.
#[derive(Debug, Clone, thiserror::Error)]
#[error("an append failed half way, and what was kept of it shows when the store is opened again")]
struct Stopped {
    #[source]
    cause: Arc<dyn Error + Send + Sync>,
}

impl Stopped {
    fn error(&self) -> StoreError {
        StoreError::Io { action: "written", source: Box::new(self.clone()) }
    }
}

/// What is to be written in one go.
#[derive(Debug, Default)]
struct Group {
    entries: Vec<Entry>,
    /// The chains' ends once it is written.
    heads: HashMap<Chain, Head>,
    /// What the database has to take in.
    bytes: u64,
}

impl Group {
    /// Puts bytes at the end of a chain, which is `previous`.
    fn push(&mut self, chain: Chain, previous: Option<Head>, piece: Piece) -> Head {
        let Piece { bytes, blob } = piece;
        let position = previous.as_ref().map_or(0, |head| head.count);
        let hash = chain::link(previous.as_ref().map(|head| &head.hash), &bytes);
        let head = Head { count: position + 1, hash: hash.clone() };
        let envelope = Envelope { hash, body: blob.map_or(Body::Inline(bytes), Body::Blob) };
        self.heads.insert(chain.clone(), head.clone());
        self.entries.push(Entry { chain, position, envelope });
        head
    }
}

#[derive(Debug)]
pub(crate) struct Writer {
    /// A directory on the device that holds the store.
    pub(crate) dir: PathBuf,
    pub(crate) database: Arc<Database>,
    /// The durable heads. Nobody reads behind them.
    pub(crate) heads: Arc<RwLock<Heads>>,
    /// How many entries there are at least.
    pub(crate) witness: Witness,
    /// Told of every run that has got a record.
    pub(crate) changes: broadcast::Sender<RunId>,
}

impl Writer {
    /// Serves requests until nobody is left to send any.
    pub(crate) fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut waiting = Vec::with_capacity(GROUP);
        let mut stopped: Option<Stopped> = None;
        while requests.blocking_recv_many(&mut waiting, GROUP) > 0 {
            let requests = waiting.drain(..);
            match &stopped {
                None => stopped = self.serve(requests).err(),
                Some(stopped) => requests.for_each(|request| answer(request.reply, Err(stopped.error()))),
            }
        }
    }

    /// Writes and answers one group. A failure has been answered as well, and is for good.
    fn serve(&mut self, requests: impl Iterator<Item = Request>) -> Result<(), Stopped> {
        let mut group = Group::default();
        let mut answers = Vec::new();
        for Request { record, decisions, reply } in requests {
            answers.push((reply, self.add(&mut group, record, decisions)));
        }

        if !group.entries.is_empty()
            && let Err(cause) = self.database.write(&group.entries)
        {
            tracing::error!(error = %cause, "the store could not be written and takes no more");
            let stopped = Stopped { cause: cause.into() };
            // A refusal may rest on a record of this very group, so it does not hold either.
            answers.into_iter().for_each(|(reply, _)| answer(reply, Err(stopped.error())));
            return Err(stopped);
        }
        self.witness.note(self.witness.total() + group.entries.len() as u64);
        let mut durable = self.heads.write().unwrap_or_else(PoisonError::into_inner);
        durable.extend(group.heads.into_iter().map(|(chain, head)| (chain, Ok(head))));
        drop(durable);
        for Entry { chain, .. } in group.entries {
            self.tell(chain);
        }
        answers.into_iter().for_each(|(reply, decided)| answer(reply, decided));
        Ok(())
    }

    /// Adds all of an append to the group, or nothing.
    fn add(&self, group: &mut Group, record: Option<Record>, decisions: Vec<Piece>) -> Answer {
        let ends = match record {
            None => None,
            Some(Record { run, expected, piece }) => {
                let chain = Chain::Run(run);
                let head = self.head(group, &chain)?;
                let actual = count(head.as_ref());
                if actual != expected {
                    return Err(StoreError::Conflict { expected, actual });
                }
                Some((chain, head, piece))
            }
        };
        // A damaged ledger does not keep a run from its records.
        let mut ledger =
            if ends.is_some() && decisions.is_empty() { None } else { self.head(group, &Chain::Ledger)? };
        let bytes = decisions.iter().chain(ends.as_ref().map(|(_, _, piece)| piece)).map(weight).sum::<u64>();
        disk::check_room(&self.dir, disk::RESERVE + group.bytes + bytes)?;

        let position = count(ends.as_ref().map_or(ledger.as_ref(), |(_, head, _)| head.as_ref()));
        group.bytes += bytes;
        if let Some((chain, head, piece)) = ends {
            group.push(chain, head, piece);
        }
        for decision in decisions {
            ledger = Some(group.push(Chain::Ledger, ledger, decision));
        }
        Ok(position)
    }

    /// Where the chain ends once the group is written.
    fn head(&self, group: &Group, chain: &Chain) -> Result<Option<Head>, StoreError> {
        match group.heads.get(chain) {
            Some(head) => Ok(Some(head.clone())),
            None => end(&self.heads, chain),
        }
    }

    fn tell(&self, chain: Chain) {
        match chain {
            Chain::Run(run) => {
                // An error says that nobody listens.
                let _nobody = self.changes.send(run);
            }
            Chain::Ledger => {}
        }
    }
}

/// Where the chain durably ends.
pub(crate) fn end(heads: &RwLock<Heads>, chain: &Chain) -> Result<Option<Head>, StoreError> {
    match heads.read().unwrap_or_else(PoisonError::into_inner).get(chain) {
        None => Ok(None),
        Some(Ok(head)) => Ok(Some(head.clone())),
        Some(Err(detail)) => Err(StoreError::Damaged { what: chain.to_string(), detail: detail.clone() }),
    }
}

fn count(head: Option<&Head>) -> Position {
    head.map_or(0, |head| head.count)
}

fn weight(piece: &Piece) -> u64 {
    piece.bytes.len() as u64
}

/// Whoever asked may have gone; the record stays.
fn answer(reply: oneshot::Sender<Answer>, answer: Answer) {
    let _gone = reply.send(answer);
}
