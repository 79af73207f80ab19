//! Asks a live model and writes down every call.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use factory_core::ids::{Attempt, StageId};
use factory_engine::port::model::{CallSite, Completion, Message, ModelClient, ModelError, ModelRequest};

use super::canonical::{self, MatchMode};
use super::cassette::{Call, Cassette, Header, Request};
use super::redact::Redactor;

/// A model whose calls are recorded. An answer is handed on only after it is on the disk.
pub struct RecordingModel<M> {
    live: M,
    tape: Arc<Mutex<Tape>>,
}

impl<M: ModelClient> RecordingModel<M> {
    /// Records the calls of `live` into a file: a new one with `header`, or behind the calls that it already holds. A
    /// last line that a crash cut short is dropped; it was never answered.
    ///
    /// # Errors
    /// [`ModelError::Cassette`] when the file cannot be read, written, or is not a recording.
    pub fn open(path: &Path, header: Header, redactor: Redactor, live: M) -> Result<Self, ModelError> {
        let name = path.display().to_string();
        let tape = Tape::open(path, &name, header, redactor)?;
        Ok(Self { live, tape: Arc::new(Mutex::new(tape)) })
    }
}

#[async_trait]
impl<M: ModelClient> ModelClient for RecordingModel<M> {
    async fn complete(&self, site: &CallSite, request: &ModelRequest) -> Result<Completion, ModelError> {
        let completion = self.live.complete(site, request).await?;
        let tape = Arc::clone(&self.tape);
        let (site, request, answered) = (site.clone(), request.clone(), completion.clone());
        let written = tokio::task::spawn_blocking(move || {
            let mut tape = tape.lock().expect("nothing panics while it writes");
            tape.write(site, &request, &answered)
        });
        written.await.expect("nothing panics while it writes")?;
        Ok(completion)
    }
}

struct Tape {
    file: File,
    redactor: Redactor,
    cassette: Cassette,
    /// What this process has recorded: the take of each attempt, and the calls in it.
    begun: HashMap<(StageId, Attempt), (u32, HashSet<u32>)>,
}

impl Tape {
    fn open(path: &Path, name: &str, header: Header, redactor: Redactor) -> Result<Self, ModelError> {
        let failed = |error: io::Error| unusable(name, &error.to_string());
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if complete < bytes.len() {
            tracing::warn!(cassette = name, "dropping a last line that is not complete");
            file.set_len(complete as u64).map_err(failed)?;
            bytes.truncate(complete);
        }
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let cassette = if bytes.is_empty() {
            let line = serde_json::to_string(&header).expect("headers hold only what JSON can say");
            append(&mut file, &line).map_err(failed)?;
            Cassette::empty(name, header)
        } else {
            Cassette::from_bytes(name, &bytes)?
        };
        Ok(Self { file, redactor, cassette, begun: HashMap::new() })
    }

    fn write(
        &mut self,
        site: CallSite,
        request: &ModelRequest,
        completion: &Completion,
    ) -> Result<(), ModelError> {
        let messages = self.redactor.messages(&request.messages);
        let answer = self.redactor.answer(&completion.answer);
        if answer != completion.answer {
            tracing::warn!(stage = %site.stage, "an answer holds a credential; its recording will not replay as it was");
        }
        let tools = canonical::tools_digest(&request.tools);
        let key = canonical::key(&site, &messages, &tools, MatchMode::Positional);
        let take = self.take(&site);
        let (after, fresh) = self.continued(&site, take, &messages);
        let call = Call {
            take,
            requested: self.cassette.header().model.clone(),
            resolved: completion.model.clone(),
            key,
            request: Request { after, messages: messages[fresh..].to_vec(), tools },
            answer,
            usage: completion.usage,
            site,
        };
        let line = serde_json::to_string(&call).expect("calls hold only what JSON can say");
        let name = self.cassette.name().to_owned();
        if self.redactor.finds(&line) {
            return Err(unusable(
                &name,
                "a call still holds a credential after redaction, so it was not written",
            ));
        }
        append(&mut self.file, &line).map_err(|error| unusable(&name, &error.to_string()))?;
        self.cassette.push(call).map_err(|detail| unusable(&name, &detail))
    }

    /// The take that a call belongs to: a new one if this process has not recorded this attempt yet, or begins it
    /// again.
    fn take(&mut self, site: &CallSite) -> u32 {
        let attempt = (site.stage.clone(), site.attempt);
        let next = self.cassette.take(&attempt) + 1;
        let (take, ordinals) = self.begun.entry(attempt).or_insert_with(|| (next, HashSet::new()));
        if ordinals.contains(&site.ordinal) {
            *take = next;
            ordinals.clear();
        }
        ordinals.insert(site.ordinal);
        *take
    }

    /// The call of the same take that this one goes on from, and the number of messages that are in it already.
    fn continued(&self, site: &CallSite, take: u32, messages: &[Message]) -> (Option<u32>, usize) {
        let ordinal = site.ordinal.saturating_sub(1);
        let before = self.cassette.at(&CallSite { ordinal, ..site.clone() });
        let Some(before) = before.filter(|index| self.cassette.call(*index).take == take) else {
            return (None, 0);
        };
        let conversation = self.cassette.conversation(before);
        if messages.starts_with(&conversation) { (Some(ordinal), conversation.len()) } else { (None, 0) }
    }
}

fn append(file: &mut File, line: &str) -> io::Result<()> {
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_data()
}

fn unusable(name: &str, detail: &str) -> ModelError {
    ModelError::Cassette { cassette: name.to_owned(), detail: detail.to_owned() }
}
