//! The one thread that appends. It takes whatever is waiting, writes it in one go and only then answers, so that many
//! appenders share one sync.

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{Position, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::chain::{self, Body, Envelope, Head};
use crate::database::{Database, Entry, Heads};
use crate::disk;

/// How many appends share one sync at most, and how many more may wait.
pub(crate) const GROUP: usize = 256;

/// One append, on its way to the writer.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) run: RunId,
    pub(crate) expected: Position,
    /// The exact bytes.
    pub(crate) record: Vec<u8>,
    /// The blob that holds them, when they are too many for the log.
    pub(crate) blob: Option<Digest>,
    pub(crate) reply: oneshot::Sender<Answer>,
}

/// Where the record stands.
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

#[derive(Debug)]
pub(crate) struct Writer {
    /// A directory on the device that holds the store.
    pub(crate) dir: PathBuf,
    pub(crate) database: Arc<Database>,
    /// The durable heads. Nobody reads behind them.
    pub(crate) heads: Arc<RwLock<Heads>>,
}

impl Writer {
    /// Serves requests until nobody is left to send any.
    pub(crate) fn run(self, mut requests: mpsc::Receiver<Request>) {
        let mut group = Vec::with_capacity(GROUP);
        let mut stopped: Option<Stopped> = None;
        while requests.blocking_recv_many(&mut group, GROUP) > 0 {
            let group = group.drain(..);
            match &stopped {
                None => stopped = self.serve(group).err(),
                Some(stopped) => group.for_each(|request| answer(request.reply, Err(stopped.error()))),
            }
        }
    }

    /// Writes and answers one group. A failure has been answered as well, and is for good.
    fn serve(&self, group: impl Iterator<Item = Request>) -> Result<(), Stopped> {
        let mut entries = Vec::new();
        let mut heads = HashMap::new();
        let mut answers = Vec::new();
        for Request { run, expected, record, blob, reply } in group {
            let decided = self.envelope(heads.get(&run), &run, expected, record, blob).map(|envelope| {
                heads.insert(run.clone(), Head { count: expected + 1, hash: envelope.hash.clone() });
                entries.push(Entry { run, position: expected, envelope });
                expected
            });
            answers.push((reply, decided));
        }

        if !entries.is_empty()
            && let Err(cause) = self.database.write(&entries)
        {
            tracing::error!(error = %cause, "the store could not be written and takes no more");
            let stopped = Stopped { cause: cause.into() };
            // A refusal may rest on a record of this very group, so it does not hold either.
            answers.into_iter().for_each(|(reply, _)| answer(reply, Err(stopped.error())));
            return Err(stopped);
        }
        let mut durable = self.heads.write().unwrap_or_else(PoisonError::into_inner);
        durable.extend(heads.into_iter().map(|(run, head)| (run, Ok(head))));
        drop(durable);
        answers.into_iter().for_each(|(reply, decided)| answer(reply, decided));
        Ok(())
    }

    /// What is to be stored, if the run ends at `expected`: by `pending`, an entry of this group, or else durably.
    fn envelope(
        &self,
        pending: Option<&Head>,
        run: &RunId,
        expected: Position,
        record: Vec<u8>,
        blob: Option<Digest>,
    ) -> Result<Envelope, StoreError> {
        let durable = self.heads.read().unwrap_or_else(PoisonError::into_inner);
        let head = match (pending, durable.get(run)) {
            (Some(head), _) | (None, Some(Ok(head))) => Some(head),
            (None, None) => None,
            (None, Some(Err(detail))) => return Err(damaged_run(run, detail)),
        };
        let actual = head.map_or(0, |head| head.count);
        if actual != expected {
            return Err(StoreError::Conflict { expected, actual });
        }
        disk::check_room(&self.dir, disk::RESERVE + record.len() as u64)?;
        let hash = chain::link(head.map(|head| &head.hash), &record);
        Ok(Envelope { hash, body: blob.map_or(Body::Inline(record), Body::Blob) })
    }
}

/// The end of the run's log is not what was written.
pub(crate) fn damaged_run(run: &RunId, detail: &str) -> StoreError {
    StoreError::Damaged { what: format!("run {run}"), detail: detail.to_owned() }
}

/// Whoever asked may have gone; the record stays.
fn answer(reply: oneshot::Sender<Answer>, answer: Answer) {
    let _gone = reply.send(answer);
}
