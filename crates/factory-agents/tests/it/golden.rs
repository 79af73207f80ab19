//! What roles are asked when a run has nothing new to tell them: no design, tests or reconnaissance, no notes, at most
//! one correction.
//!
//! `tests/golden/` holds, for such inputs, the requests of the version that the recording in `examples/` was made with.
//! They are frozen, since that recording replays only as long as nothing in them changes; they may be made anew only
//! together with it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use factory_agents::Limits;
use factory_agents::prompts::CheckCommand;
use factory_agents::roles::ModelAgents;
use factory_core::artifact::{CheckResult, Plan, Review, Tasks};
use factory_core::feedback::Feedback;
use factory_engine::port::agents::{Agents, Before, Correction};
use factory_engine::port::model::{ModelClient, ModelRequest};
use factory_sandbox::Launcher;
use libtest_mimic::Trial;
use serde::Deserialize;

use crate::support::{Desk, Script, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("golden::what_is_not_there_leaves_no_trace", what_is_not_there_leaves_no_trace)]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    given: Given,
    asked: ModelRequest,
}

/// What the role was given. `role` is also the stage.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    role: String,
    spec: String,
    plan: Option<Plan>,
    tasks: Option<Tasks>,
    checks: Vec<Check>,
    correction: Option<Told>,
    diff: Option<String>,
}

#[derive(Deserialize)]
struct Check {
    name: String,
    command: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    Checks(Vec<(CheckResult, String)>),
    Review(Review),
    Holdouts(Feedback),
}

/// The first request of the role.
async fn ask(given: Given) -> ModelRequest {
    let script = Arc::new(Script::new(Vec::new()));
    let model = Arc::clone(&script) as Arc<dyn ModelClient>;
    let checks = given.checks.into_iter();
    let checks = checks.map(|Check { name, command }| CheckCommand { name, command }).collect();
    let agents = ModelAgents::new(model, Launcher::new(), Limits::default(), checks);
    let before = Before { plan: given.plan.clone(), tasks: given.tasks, ..Before::default() };
    let desk = Desk::new(&given.role, 1, &[]).made(before);
    let work = desk.work_on(&given.spec);
    let correction: Vec<Correction> = given
        .correction
        .into_iter()
        .map(|told| match told {
            Told::Checks(results) => Correction::Checks(results),
            Told::Review(review) => Correction::Review(review),
            Told::Holdouts(feedback) => Correction::Holdouts(feedback),
        })
        .collect();
    // The script has no answer: that it was asked is all that counts.
    match given.role.as_str() {
        "plan" => drop(agents.plan(work).await.unwrap_err()),
        "tasks" => drop(agents.tasks(work, &given.plan.unwrap()).await.unwrap_err()),
        "build" => drop(agents.build(work, &correction).await.unwrap_err()),
        "review" => drop(agents.review(work, &given.diff.unwrap()).await.unwrap_err()),
        other => panic!("{other}"),
    }
    script.asked().remove(0).1
}

async fn what_is_not_there_leaves_no_trace() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Golden { given, asked } = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let now = ask(given).await;
        for (then, now) in asked.messages.iter().zip(&now.messages) {
            assert_eq!(then, now, "{}", path.display());
        }
        assert_eq!(asked.messages.len(), now.messages.len(), "{}", path.display());
        assert_eq!(asked.tools, now.tools, "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 12);
}
