//! What the tests share: trials, checkouts, watchers, and a model that follows a script.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::sync::Mutex;

use async_trait::async_trait;
use factory_core::ids::{Attempt, EffectId, Usage};
use factory_engine::port::model::{
    Answer, CallSite, Completion, Message, ModelClient, ModelError, ModelRequest, ToolCall,
};
use factory_engine::port::observer::{Observer, Progress};
use factory_engine::port::workspace::{Checkout, Guard};
use libtest_mimic::Trial;
use serde_json::Value;

/// A test that runs on a runtime of its own.
pub(crate) fn trial<F>(name: &str, test: fn() -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test());
        Ok(())
    })
}

#[derive(Debug)]
struct NoGuard;

impl Guard for NoGuard {}

/// A checkout with some files, in a folder that goes when the first of the two is dropped.
pub(crate) fn checkout(files: &[(&str, &str)]) -> (tempfile::TempDir, Checkout) {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    for (path, content) in files {
        let path = tree.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    fs::create_dir_all(&tree).unwrap();
    let checkout = Checkout {
        root: tree.clone(),
        project: tree,
        scratch: folder.path().join("scratch"),
        environment: BTreeMap::from([("GREETING".to_owned(), "good day".to_owned())]),
        guard: Box::new(NoGuard),
    };
    (folder, checkout)
}

pub(crate) fn effect(stage: &str, attempt: u32) -> EffectId {
    EffectId { run: "a-run".parse().unwrap(), stage: stage.parse().unwrap(), attempt: Attempt(attempt) }
}

/// Remembers what it was told.
#[derive(Default)]
pub(crate) struct Watcher(Mutex<Vec<Progress>>);

impl Watcher {
    pub(crate) fn told(&self) -> Vec<Progress> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn drifts(&self) -> Vec<String> {
        self.told()
            .into_iter()
            .filter_map(|progress| match progress {
                Progress::Drift { detail } => Some(detail),
                _ => None,
            })
            .collect()
    }
}

impl Observer for Watcher {
    fn progress(&self, progress: Progress) {
        self.0.lock().unwrap().push(progress);
    }
}

/// A model that gives its answers in order, whatever it is asked, and keeps what it was asked.
pub(crate) struct Script {
    answers: Mutex<Vec<Answer>>,
    asked: Mutex<Vec<(CallSite, ModelRequest)>>,
}

impl Script {
    pub(crate) fn new(answers: Vec<Answer>) -> Self {
        let mut answers = answers;
        answers.reverse();
        Self { answers: Mutex::new(answers), asked: Mutex::default() }
    }

    pub(crate) fn asked(&self) -> Vec<(CallSite, ModelRequest)> {
        self.asked.lock().unwrap().clone()
    }

    /// What the tools had said by the last time it was asked.
    pub(crate) fn tool_texts(&self) -> Vec<String> {
        let asked = self.asked();
        let (_, last) = asked.last().unwrap();
        last.messages
            .iter()
            .filter_map(|message| match message {
                Message::Tool { text, .. } => Some(text.clone()),
                _ => None,
            })
            .collect()
    }
}

pub(crate) const USED: Usage = Usage { calls: 1, input_tokens: 100, output_tokens: 10, micro_usd: Some(7) };

#[async_trait]
impl ModelClient for Script {
    async fn complete(&self, site: &CallSite, request: &ModelRequest) -> Result<Completion, ModelError> {
        self.asked.lock().unwrap().push((site.clone(), request.clone()));
        let answer = self.answers.lock().unwrap().pop().ok_or(ModelError::NotConfigured)?;
        Ok(Completion { answer, model: "script".to_owned(), usage: USED })
    }
}

/// An answer with one call.
pub(crate) fn calls(name: &str, arguments: Value) -> Answer {
    calls_all(&[(name, arguments)])
}

/// An answer with several calls.
pub(crate) fn calls_all(calls: &[(&str, Value)]) -> Answer {
    static IDS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let tool_calls = calls
        .iter()
        .map(|(name, arguments)| ToolCall {
            id: format!("id-{}", IDS.fetch_add(1, std::sync::atomic::Ordering::Relaxed)),
            name: (*name).to_owned(),
            arguments: arguments.to_string(),
        })
        .collect();
    Answer { text: None, tool_calls }
}

pub(crate) fn prose(text: &str) -> Answer {
    Answer { text: Some(text.to_owned()), tool_calls: Vec::new() }
}
