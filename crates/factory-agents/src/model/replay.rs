//! Answers from a recording. No HTTP client is made, and no key is needed.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use factory_engine::port::model::{CallSite, Completion, Message, ModelClient, ModelError, ModelRequest};
use factory_engine::port::observer::{Observer, Progress};

use super::canonical::{self, MatchMode};
use super::cassette::{Cassette, Header};
use super::difference::{self, Difference};
use super::drift;
use super::redact::Redactor;

/// A model that answers what was recorded.
pub struct ReplayModel {
    cassette: Cassette,
    mode: MatchMode,
    redactor: Redactor,
    observer: Option<Arc<dyn Observer>>,
    used: Mutex<HashSet<CallSite>>,
}

impl ReplayModel {
    /// Replays a recording that was read already.
    pub fn new(cassette: Cassette, mode: MatchMode) -> Self {
        Self { cassette, mode, redactor: Redactor::default(), observer: None, used: Mutex::default() }
    }

    /// Replays a recording that is held in memory; `name` is what messages call it.
    ///
    /// # Errors
    /// [`ModelError::Cassette`] when it is damaged.
    pub fn from_bytes(name: impl Into<String>, bytes: &[u8], mode: MatchMode) -> Result<Self, ModelError> {
        Ok(Self::new(Cassette::from_bytes(name, bytes)?, mode))
    }

    /// Replays a recording from a file.
    ///
    /// # Errors
    /// [`ModelError::Cassette`] when it cannot be read or is damaged.
    pub fn from_file(path: &Path, mode: MatchMode) -> Result<Self, ModelError> {
        let name = path.display().to_string();
        let bytes = fs::read(path)
            .map_err(|error| ModelError::Cassette { cassette: name.clone(), detail: error.to_string() })?;
        Self::from_bytes(name, &bytes, mode)
    }

    /// Also tells drift to `observer`; it is logged in any case.
    #[must_use]
    pub fn report_to(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The recording's first line.
    pub fn header(&self) -> &Header {
        self.cassette.header()
    }

    /// The calls that were recorded and not asked for, in order.
    pub fn unused(&self) -> Vec<CallSite> {
        let used = self.used.lock().expect("nothing panics while it notes a call");
        self.cassette.sites().into_iter().filter(|site| !used.contains(site)).cloned().collect()
    }

    fn miss(&self, site: &CallSite, difference: String) -> ModelError {
        ModelError::Miss {
            cassette: self.cassette.name().to_owned(),
            site: format!("call {} of {} attempt {}", site.ordinal, site.stage, site.attempt),
            difference,
        }
    }

    /// What differs. Other prompts are named only where they would explain it: most of what is in them says nothing to
    /// most recordings.
    fn departure(&self, recorded: &[Message], now: &[Message]) -> String {
        let Difference { mut text, in_prompts } = difference::first(recorded, now, self.mode);
        if in_prompts && self.cassette.header().prompts != crate::prompts::digest() {
            text.push_str("\nthe prompts have changed since it was recorded");
        }
        text
    }

    /// Why there is nothing at all for a site.
    fn absence(&self, site: &CallSite) -> String {
        let sites = self.cassette.sites();
        let of_stage: Vec<_> = sites.iter().filter(|recorded| recorded.stage == site.stage).collect();
        let last = of_stage
            .iter()
            .filter(|recorded| recorded.attempt == site.attempt)
            .map(|recorded| recorded.ordinal)
            .max();
        match last {
            Some(last) => {
                format!("the recording of {} attempt {} ends after call {last}", site.stage, site.attempt)
            }
            None => {
                let mut attempts: Vec<String> =
                    of_stage.iter().map(|recorded| recorded.attempt.to_string()).collect();
                attempts.dedup();
                let there = match attempts.as_slice() {
                    [] => format!("nothing is recorded for {}", site.stage),
                    some => format!("recorded attempts: {}", some.join(", ")),
                };
                format!("no recorded call for {} attempt {} ({there})", site.stage, site.attempt)
            }
        }
    }

    fn report(&self, site: &CallSite, difference: &str) {
        let detail = format!("{} attempt {}, call {}: {difference}", site.stage, site.attempt, site.ordinal);
        tracing::warn!(
            cassette = self.cassette.name(),
            "what was observed differs from the recording: {detail}"
        );
        if let Some(observer) = &self.observer {
            observer.progress(Progress::Drift { detail });
        }
    }
}

#[async_trait]
impl ModelClient for ReplayModel {
    async fn complete(&self, site: &CallSite, request: &ModelRequest) -> Result<Completion, ModelError> {
        let Some(index) = self.cassette.at(site) else {
            return Err(self.miss(site, self.absence(site)));
        };
        let call = self.cassette.call(index);
        let recorded = self.cassette.messages(index);
        let messages = self.redactor.messages(&request.messages);
        let tools = canonical::tools_digest(&request.tools);
        let expected = canonical::key(site, &recorded, &call.request.tools, self.mode);
        if canonical::key(site, &messages, &tools, self.mode) != expected {
            return Err(self.miss(site, self.departure(&recorded, &messages)));
        }
        match self.mode {
            MatchMode::Exact => {}
            MatchMode::Positional => {
                if let Some(difference) = drift::between(&recorded, &messages) {
                    self.report(site, &difference);
                }
            }
        }
        self.used.lock().expect("nothing panics while it notes a call").insert(site.clone());
        Ok(Completion { answer: call.answer.clone(), model: call.resolved.clone(), usage: call.usage })
    }
}
