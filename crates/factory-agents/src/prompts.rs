//! What the roles are told. The texts are in `prompts/`; this fills them in.
//!
//! A file holds the standing instructions, a line `---`, and the template of what is asked. Nothing that differs from
//! one run to the next goes in: no time, id, or absolute path.

use std::sync::LazyLock;

use factory_core::artifact::{CheckOutcome, CheckResult, Plan, Review, Tasks};
use factory_core::feedback::{CountBucket, FailureClass, Feedback, FeedbackItem};
use factory_core::ids::Digest;
use factory_engine::port::agents::Correction;
use factory_engine::port::model::Message;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use crate::text;

/// What a model is told that answered without calling a tool.
pub(crate) const REMINDER: &str = "Only what you hand in with `submit` is read. Go on with the tools, or call `submit` if the work is done.";

/// How much of what a failing check printed is shown: its end, in bytes.
const LOG_BYTES: usize = 6 * 1024;
/// How much of a diff is shown, in bytes. The reviewer can read the files themselves.
const DIFF_BYTES: usize = 256 * 1024;

const PLANNER: &str = include_str!("../prompts/planner.md");
const TASKS: &str = include_str!("../prompts/tasks.md");
const IMPLEMENTER: &str = include_str!("../prompts/implementer.md");
const CORRECTION: &str = include_str!("../prompts/correction.md");
const REVIEWER: &str = include_str!("../prompts/reviewer.md");

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in [
        ("planner", asked(PLANNER)),
        ("tasks", asked(TASKS)),
        ("implementer", asked(IMPLEMENTER)),
        ("correction", CORRECTION),
        ("reviewer", asked(REVIEWER)),
    ] {
        templates.add_template(name, text).expect("the templates are part of the program");
    }
    templates
});

/// The digest of every text in here. A recording made with another one may not replay.
pub fn digest() -> Digest {
    Digest::of([PLANNER, TASKS, IMPLEMENTER, CORRECTION, REVIEWER, REMINDER].join("\0").as_bytes())
}

/// One of the project's own checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckCommand {
    /// Its name in `factory.toml`.
    pub name: String,
    /// The command line.
    pub command: String,
}

pub(crate) fn planner(spec: &str) -> Vec<Message> {
    opening(PLANNER, "planner", context! { spec })
}

pub(crate) fn tasks(spec: &str, plan: &Plan) -> Vec<Message> {
    opening(TASKS, "tasks", context! { spec, plan => Serde(plan) })
}

pub(crate) fn implementer(
    spec: &str,
    plan: &Plan,
    tasks: &Tasks,
    checks: &[CheckCommand],
    correction: Option<&Correction>,
) -> Vec<Message> {
    let values = context! {
        spec,
        plan => Serde(plan),
        tasks => Serde(&tasks.tasks),
        checks => Serde(checks),
        correction => correction.is_some(),
    };
    let mut messages = opening(IMPLEMENTER, "implementer", values);
    match correction {
        None => {}
        Some(Correction::Checks(results)) => {
            messages.push(Message::User { text: render("correction", context! { kind => "checks" }) });
            let text =
                results.iter().map(|(result, log)| check(result, log)).collect::<Vec<_>>().join("\n\n");
            messages.push(Message::Observation { text });
        }
        Some(Correction::Review(review)) => messages.push(Message::User { text: sent_back(review) }),
        Some(Correction::Holdouts(feedback)) => {
            messages.push(Message::User { text: render("correction", context! { kind => "holdouts" }) });
            messages.push(Message::Observation { text: failed(feedback) });
        }
    }
    messages
}

pub(crate) fn reviewer(spec: &str, diff: &str) -> Vec<Message> {
    let shown = text::head(diff, DIFF_BYTES);
    let rest = if shown.len() < diff.len() { "\n[the diff goes on; read the files]" } else { "" };
    opening(REVIEWER, "reviewer", context! { spec, diff => format!("{shown}{rest}") })
}

fn sent_back(review: &Review) -> String {
    render("correction", context! { kind => "review", review => Serde(review) })
}

/// What may be said of holdouts that failed, a line each. Observed like a check's output: a machine on which one scenario
/// more fails is no reason for a recording to miss.
fn failed(feedback: &Feedback) -> String {
    let line = |item: &FeedbackItem| {
        let requirement = item.requirement.as_ref().map_or("no particular requirement", |id| id.as_str());
        format!("- {requirement}: {} ({})", class_in_words(item.class), count_in_words(item.count))
    };
    feedback.items().iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What an implementer is told for a class of failures.
fn class_in_words(class: FailureClass) -> &'static str {
    match class {
        FailureClass::NotDeployable => "it could not be built or started, or did not become ready",
        FailureClass::NoAnswer => "there was no answer, the connection broke, or it took too long",
        FailureClass::WrongStatus => "the status of an answer, or an exit code, was another than required",
        FailureClass::WrongHeader => "a header of an answer was missing or other than required",
        FailureClass::WrongContent => {
            "the content of an answer, or what a command printed, was other than required"
        }
        FailureClass::MissingEffect => "something that should have happened besides the answer did not",
        FailureClass::UnwantedEffect => "something happened that should not have",
        FailureClass::WrongComparison => {
            "answers that had to be alike differed, or those that had to differ were alike"
        }
    }
}

fn count_in_words(count: CountBucket) -> &'static str {
    match count {
        CountBucket::One => "one case",
        CountBucket::Few => "a few cases",
        CountBucket::Many => "many cases",
    }
}

/// A check's result and the end of its output. How it ended has a line of its own, as in what `bash` answers.
fn check(result: &CheckResult, log: &str) -> String {
    let ended = match result.outcome {
        CheckOutcome::Passed => return format!("Check `{}` passed.", result.name),
        CheckOutcome::Failed { status } => format!("exit status {status}"),
        CheckOutcome::TimedOut => "timed out".to_owned(),
    };
    let end = text::tail(log, LOG_BYTES);
    let before = if end.len() < log.len() { "[…]\n" } else { "" };
    format!("Check `{}` failed:\n{ended}\n{before}{}", result.name, end.trim_end())
}

fn opening(file: &'static str, name: &str, values: Value) -> Vec<Message> {
    vec![
        Message::System { text: instructions(file).to_owned() },
        Message::User { text: render(name, values) },
    ]
}

fn render(name: &str, values: Value) -> String {
    let template = TEMPLATES.get_template(name).expect("every name used here is a template");
    template.render(values).expect("every value that a template uses is given").trim().to_owned()
}

fn instructions(file: &'static str) -> &'static str {
    split(file).0
}

fn asked(file: &'static str) -> &'static str {
    split(file).1
}

fn split(file: &'static str) -> (&'static str, &'static str) {
    file.split_once("\n---\n").expect("a line divides what stands from what is asked")
}
