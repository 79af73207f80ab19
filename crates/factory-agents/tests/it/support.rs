//! What the tests share: trials, desks for roles to work at, watchers, and a model that follows a script.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use factory_agents::Limits;
use factory_agents::prompts::CheckCommand;
use factory_agents::roles::ModelAgents;
use factory_core::artifact::{Plan, Tasks};
use factory_core::ids::{Attempt, Digest, EffectId, RequirementId, Usage};
use factory_engine::port::agents::{Assignment, Before};
use factory_engine::port::model::{
    Answer, CallSite, Completion, Message, ModelClient, ModelError, ModelRequest, ToolCall,
};
use factory_engine::port::observer::{Observer, Progress, Unwatched};
use factory_engine::port::workspace::{Checkout, Guard, SealProof};
use factory_sandbox::Launcher;
use libtest_mimic::Trial;
use serde_json::{Value, json};

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

/// A specification with one requirement, `R1`.
pub(crate) const SPEC: &str = "# Feature: Greeting\n\n## Requirements\n\n1. The program MUST greet.\n";

/// Everything that a role is given to work on [`SPEC`].
pub(crate) struct Desk {
    /// Holds the checkout, and goes with the desk.
    _folder: tempfile::TempDir,
    checkout: Checkout,
    effect: EffectId,
    requirements: Vec<RequirementId>,
    before: Before,
    notes: Vec<String>,
}

impl Desk {
    /// For an attempt at a stage, in a checkout with some files, with nothing made before.
    pub(crate) fn new(stage: &str, attempt: u32, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        fs::create_dir_all(&tree).unwrap();
        for (path, content) in files {
            let path = tree.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let checkout = Checkout {
            root: tree.clone(),
            project: tree,
            scratch: folder.path().join("scratch"),
            environment: BTreeMap::from([("GREETING".to_owned(), "good day".to_owned())]),
            dependencies: None,
            hosts: Vec::new(),
            proof: SealProof {
                objects: 0,
                digest: Digest::of(b""),
                holdouts: 0,
                confined: String::new(),
                hosts: Vec::new(),
                setup: None,
            },
            guard: Box::new(NoGuard),
        };
        let attempt = Attempt(attempt);
        Self {
            _folder: folder,
            checkout,
            effect: EffectId { run: "a-run".parse().unwrap(), stage: stage.parse().unwrap(), attempt },
            requirements: vec!["R1".parse().unwrap()],
            before: Before::default(),
            notes: Vec::new(),
        }
    }

    /// For a build that has a plan and tasks.
    pub(crate) fn planned(attempt: u32, files: &[(&str, &str)]) -> Self {
        let before = Before { plan: Some(a_plan()), tasks: Some(some_tasks()), ..Before::default() };
        Self::new("build", attempt, files).made(before)
    }

    /// The same with this made before.
    pub(crate) fn made(self, before: Before) -> Self {
        Self { before, ..self }
    }

    /// The same with these notes of people.
    pub(crate) fn noted(self, notes: &[&str]) -> Self {
        Self { notes: notes.iter().map(|&note| note.to_owned()).collect(), ..self }
    }

    /// The assignment, with nobody watching.
    pub(crate) fn work(&self) -> Assignment<'_> {
        self.work_on(SPEC)
    }

    /// The assignment for another specification.
    pub(crate) fn work_on<'a>(&'a self, spec: &'a str) -> Assignment<'a> {
        Assignment {
            effect: &self.effect,
            spec,
            requirements: &self.requirements,
            checkout: &self.checkout,
            before: &self.before,
            notes: &self.notes,
            observer: &Unwatched,
        }
    }

    /// The folder of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.checkout.root
    }

    /// A file of the checkout, if it is there.
    pub(crate) fn file(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.checkout.root.join(path)).ok()
    }
}

pub(crate) fn plan_json() -> Value {
    json!({
        "summary": "Greet.",
        "steps": [{ "title": "Greeting", "detail": "Print it.", "files": ["greet.sh"], "requirements": ["R1"] }],
        "risks": [],
    })
}

pub(crate) fn a_plan() -> Plan {
    serde_json::from_value(plan_json()).unwrap()
}

pub(crate) fn tasks_json() -> Value {
    json!({ "tasks": [{ "id": "T1", "title": "Greet", "done_when": "it greets", "requirements": ["R1"], "depends_on": [] }] })
}

pub(crate) fn some_tasks() -> Tasks {
    serde_json::from_value(tasks_json()).unwrap()
}

/// Roles on top of a model, for a project with one check.
pub(crate) fn agents(model: Arc<dyn ModelClient>) -> ModelAgents {
    agents_within(model, Limits::default())
}

/// The same within other bounds.
pub(crate) fn agents_within(model: Arc<dyn ModelClient>, limits: Limits) -> ModelAgents {
    let checks = vec![CheckCommand { name: "tests".to_owned(), command: "sh test.sh".to_owned() }];
    ModelAgents::new(model, Launcher::new(), limits, checks)
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

/// An implementer's last answer.
pub(crate) fn submits(summary: &str) -> Answer {
    calls("submit", json!({ "summary": summary }))
}

/// The usage of so many calls.
pub(crate) fn times(usage: Usage, count: u64) -> Usage {
    (0..count).fold(Usage::default(), |sum, _| sum.plus(usage))
}
