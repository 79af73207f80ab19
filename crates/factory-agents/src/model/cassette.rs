//! A recording of model calls: JSON Lines, a header and then one call a line.
//!
//! A call's request is written without what the call before it already holds: `after` names that call's ordinal, and
//! `messages` are those that follow its request and its answer. `take` counts how often an attempt was begun; the calls
//! of the last take are the recording, so that a crash in the middle of an attempt leaves nothing stale behind.

use std::collections::HashMap;

use factory_core::ids::{Attempt, Digest, StageId, Usage};
use factory_engine::port::model::{Answer, CallSite, Message, ModelError};
use serde::{Deserialize, Serialize};

use super::canonical::{self, MatchMode};

/// The version of the format that this crate writes. A newer one is refused.
pub const CASSETTE_SCHEMA: u32 = 1;

/// The first line of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version of the format; see [`CASSETTE_SCHEMA`].
    pub schema: u32,
    /// The version of factory that recorded it.
    pub factory: String,
    /// Who answered.
    pub answered_by: AnsweredBy,
    /// How it was answered, for whoever reads the recording.
    pub note: String,
    /// The digest of the prompts that were current; see [`crate::prompts::digest`].
    pub prompts: Digest,
    /// The model that was asked for.
    pub model: String,
}

impl Header {
    /// A header for a recording made now, with this factory and its prompts.
    pub fn new(answered_by: AnsweredBy, model: impl Into<String>, note: impl Into<String>) -> Self {
        Self {
            schema: CASSETTE_SCHEMA,
            factory: env!("CARGO_PKG_VERSION").to_owned(),
            answered_by,
            note: note.into(),
            prompts: crate::prompts::digest(),
            model: model.into(),
        }
    }
}

/// Who answered the calls of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// Somebody wrote the answers.
    Hand,
    /// A model did.
    Model,
}

/// One line: a call and its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) site: CallSite,
    pub(super) take: u32,
    /// The model that was asked for.
    pub(super) requested: String,
    /// The model that answered.
    pub(super) resolved: String,
    /// The positional key.
    pub(super) key: String,
    pub(super) request: Request,
    pub(super) answer: Answer,
    pub(super) usage: Usage,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) after: Option<u32>,
    pub(super) messages: Vec<Message>,
    pub(super) tools: Digest,
}

/// A recording, read and checked.
#[derive(Debug, Clone)]
pub struct Cassette {
    name: String,
    header: Header,
    calls: Vec<Call>,
    /// The calls of each attempt's last take.
    current: HashMap<CallSite, usize>,
    takes: HashMap<(StageId, Attempt), u32>,
}

impl Cassette {
    /// A recording without calls.
    pub(super) fn empty(name: impl Into<String>, header: Header) -> Self {
        Self { name: name.into(), header, calls: Vec::new(), current: HashMap::new(), takes: HashMap::new() }
    }

    /// Reads a recording; `name` is what messages call it.
    ///
    /// # Errors
    /// [`ModelError::Cassette`] with the line, for any line that is damaged, newer than this factory, or does not fit
    /// its key. Nothing is skipped.
    pub fn from_bytes(name: impl Into<String>, bytes: &[u8]) -> Result<Self, ModelError> {
        let name = name.into();
        let damaged = |line: usize, detail: &str| ModelError::Cassette {
            cassette: format!("{name}:{line}"),
            detail: detail.to_owned(),
        };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            damaged(line, "it is not UTF-8")
        })?;
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(damaged(text.lines().count(), "the last line is not complete"));
        }
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let Some((_, first)) = lines.next() else {
            return Err(damaged(1, "it is empty"));
        };
        let header = read_header(first).map_err(|detail| damaged(1, &detail))?;
        let mut cassette = Self::empty(name.clone(), header);
        for (number, line) in lines {
            let call: Call = serde_json::from_str(line)
                .map_err(|error| damaged(number, &format!("it is not a recorded call: {error}")))?;
            cassette.push(call).map_err(|detail| damaged(number, &detail))?;
        }
        Ok(cassette)
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How many answers it holds.
    pub fn len(&self) -> usize {
        self.current.len()
    }

    /// Whether it holds no answer.
    pub fn is_empty(&self) -> bool {
        self.current.is_empty()
    }

    /// Adds a call that was just recorded or read.
    pub(super) fn push(&mut self, call: Call) -> Result<(), String> {
        let attempt = (call.site.stage.clone(), call.site.attempt);
        let take = self.take(&attempt);
        if call.take < take || call.take == 0 {
            return Err(format!("take {} comes after take {take}", call.take));
        }
        if call.take > take {
            self.current.retain(|site, _| (&site.stage, site.attempt) != (&attempt.0, attempt.1));
            self.takes.insert(attempt, call.take);
        }
        if self.at(&call.site).is_some() {
            return Err(format!("call {} is there twice in take {}", call.site.ordinal, call.take));
        }
        if let Some(after) = call.request.after
            && (after >= call.site.ordinal
                || self.at(&CallSite { ordinal: after, ..call.site.clone() }).is_none())
        {
            return Err(format!("it follows call {after}, which is not recorded before it"));
        }
        let site = call.site.clone();
        self.calls.push(call);
        let index = self.calls.len() - 1;
        let call = &self.calls[index];
        let key = canonical::key(&site, &self.messages(index), &call.request.tools, MatchMode::Positional);
        if key != call.key {
            return Err("the request does not fit its key".to_owned());
        }
        self.current.insert(site, index);
        Ok(())
    }

    /// The last take of an attempt; 0 if there is none.
    pub(super) fn take(&self, attempt: &(StageId, Attempt)) -> u32 {
        self.takes.get(attempt).copied().unwrap_or(0)
    }

    /// The call recorded for a site.
    pub(super) fn at(&self, site: &CallSite) -> Option<usize> {
        self.current.get(site).copied()
    }

    pub(super) fn call(&self, index: usize) -> &Call {
        &self.calls[index]
    }

    /// The sites that have an answer, in order.
    pub(super) fn sites(&self) -> Vec<&CallSite> {
        let mut sites: Vec<&CallSite> = self.current.keys().collect();
        sites.sort_by_key(|site| (&site.stage, site.attempt, site.ordinal));
        sites
    }

    /// The whole conversation that a call sent.
    pub(super) fn messages(&self, index: usize) -> Vec<Message> {
        let mut chain = vec![index];
        while let Some(before) = self.before(chain[chain.len() - 1]) {
            chain.push(before);
        }
        let mut messages = Vec::new();
        for link in chain.into_iter().rev() {
            messages.extend_from_slice(&self.calls[link].request.messages);
            if link != index {
                messages.push(Message::Assistant(self.calls[link].answer.clone()));
            }
        }
        messages
    }

    /// The call that a call goes on from. Its ordinal is lower, so that following this comes to an end.
    fn before(&self, index: usize) -> Option<usize> {
        let call = &self.calls[index];
        self.at(&CallSite { ordinal: call.request.after?, ..call.site.clone() })
    }

    /// The same with the answer.
    pub(super) fn conversation(&self, index: usize) -> Vec<Message> {
        let mut messages = self.messages(index);
        messages.push(Message::Assistant(self.calls[index].answer.clone()));
        messages
    }
}

fn read_header(line: &str) -> Result<Header, String> {
    /// Read first, so that a newer header is called newer rather than damaged.
    #[derive(Deserialize)]
    struct Version {
        schema: u32,
    }
    let version: Version = serde_json::from_str(line)
        .map_err(|error| format!("it is not the header of a recording: {error}"))?;
    if version.schema > CASSETTE_SCHEMA {
        return Err(format!(
            "the recording has format version {}, this factory knows up to {CASSETTE_SCHEMA}",
            version.schema
        ));
    }
    serde_json::from_str(line).map_err(|error| format!("it is not the header of a recording: {error}"))
}
