//! What the roles are told. The texts are in `prompts/`; this fills them in.
//!
//! A role's file holds the standing instructions, a line `---`, and what is asked. Nothing that differs from one run to
//! the next goes in: no time, id, or absolute path. What a run does not have (a design, a note) leaves no trace, so that
//! a recording made without it still replays.

mod corrections;

use std::sync::LazyLock;

use factory_core::artifact::Plan;
use factory_core::ids::Digest;
use factory_engine::port::agents::{Assignment, Before, Correction};
use factory_engine::port::model::Message;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use crate::text;

/// What a model is told that answered without calling a tool.
pub(crate) const REMINDER: &str = "Only what you hand in with `submit` is read. Go on with the tools, or call `submit` if the work is done.";

/// How much of a diff is shown, in bytes. Who reads it can read the files themselves.
const DIFF_BYTES: usize = 256 * 1024;
/// How much of the account of a run is shown, in bytes.
const ACCOUNT_BYTES: usize = 64 * 1024;

/// Every text, by its file's name.
const TEXTS: [(&str, &str); 11] = [
    ("design", include_str!("../prompts/design.md")),
    ("tests", include_str!("../prompts/tests.md")),
    ("recon", include_str!("../prompts/recon.md")),
    ("planner", include_str!("../prompts/planner.md")),
    ("tasks", include_str!("../prompts/tasks.md")),
    ("implementer", include_str!("../prompts/implementer.md")),
    ("correction", include_str!("../prompts/correction.md")),
    ("reviewer", include_str!("../prompts/reviewer.md")),
    ("lessons", include_str!("../prompts/lessons.md")),
    ("before", include_str!("../prompts/before.md")),
    ("notes", include_str!("../prompts/notes.md")),
];

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in TEXTS {
        templates.add_template(name, text).expect("the templates are part of the program");
    }
    templates
});

/// The digest of every text in here. A recording holds the digest that was current. One made with another may replay all
/// the same, since texts that changed need not say anything else to the run that was recorded: only messages are matched.
pub fn digest() -> Digest {
    let texts: Vec<&str> = TEXTS.into_iter().map(|(_, text)| text).chain([REMINDER]).collect();
    Digest::of(texts.join("\0").as_bytes())
}

/// One of the project's own checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckCommand {
    /// Its name in `factory.toml`.
    pub name: String,
    /// The command line.
    pub command: String,
}

pub(crate) fn design(work: &Assignment<'_>) -> Vec<Message> {
    reading("design", work)
}

pub(crate) fn tests(work: &Assignment<'_>) -> Vec<Message> {
    reading("tests", work)
}

pub(crate) fn recon(work: &Assignment<'_>) -> Vec<Message> {
    reading("recon", work)
}

pub(crate) fn planner(work: &Assignment<'_>) -> Vec<Message> {
    reading("planner", work)
}

pub(crate) fn tasks(work: &Assignment<'_>, plan: &Plan) -> Vec<Message> {
    let before = Before { plan: Some(plan.clone()), ..work.before.clone() };
    with_notes(opening("tasks", context! { spec => work.spec, before => shown(&before) }), work.notes)
}

/// All that an implementer is told at the beginning. It is made from what the engine's port can hold, and from nothing
/// else: no type of these has room for a holdout. This compiles:
///
/// ```
/// # use factory_agents::prompts;
/// # use factory_core::feedback::Feedback;
/// # use factory_engine::port::agents::{Assignment, Correction};
/// fn told(work: &Assignment<'_>, crossed: Feedback) {
///     let _ = prompts::implementer(work, &[], &[Correction::Holdouts(crossed)]);
/// }
/// ```
///
/// and this does not, nor does any other place for it:
///
/// ```compile_fail,E0308
/// # use factory_agents::prompts;
/// # use factory_core::feedback::Holdout;
/// # use factory_engine::port::agents::{Assignment, Correction};
/// fn told(work: &Assignment<'_>, secret: Holdout<String>) {
///     let _ = prompts::implementer(work, &[], &[Correction::Holdouts(secret)]);
/// }
/// ```
pub fn implementer(
    work: &Assignment<'_>,
    checks: &[CheckCommand],
    corrections: &[Correction],
) -> Vec<Message> {
    let Before { design, tests, recon, plan, tasks } = work.before;
    let more = design.is_some() || tests.is_some() || recon.is_some();
    let values = context! {
        spec => work.spec,
        before => shown(work.before),
        plain => plan.is_some() && tasks.is_some() && !more,
        tests => tests.is_some(),
        checks => Serde(checks),
        correction => !corrections.is_empty(),
        notes => !work.notes.is_empty(),
    };
    let mut messages = opening("implementer", values);
    for (index, correction) in corrections.iter().enumerate() {
        messages.extend(corrections::told(correction, index == 0));
    }
    with_notes(messages, work.notes)
}

pub(crate) fn reviewer(work: &Assignment<'_>, diff: &str) -> Vec<Message> {
    let values = context! { spec => work.spec, before => shown(work.before), diff => cut_diff(diff) };
    with_notes(opening("reviewer", values), work.notes)
}

pub(crate) fn lessons(work: &Assignment<'_>, diff: &str, account: &str) -> Vec<Message> {
    let account = cut(account, ACCOUNT_BYTES, "the account goes on");
    let values =
        context! { spec => work.spec, before => shown(work.before), diff => cut_diff(diff), account };
    with_notes(opening("lessons", values), work.notes)
}

/// A role that needs nothing but the specification, the project, and what was made before.
fn reading(name: &str, work: &Assignment<'_>) -> Vec<Message> {
    with_notes(opening(name, context! { spec => work.spec, before => shown(work.before) }), work.notes)
}

/// What was made before, in the order in which it is usually made; nothing at all if there is nothing.
fn shown(before: &Before) -> String {
    let Before { design, tests, recon, plan, tasks } = before;
    render(
        "before",
        context! {
            design => Serde(design),
            tests => Serde(tests),
            recon => Serde(recon),
            plan => Serde(plan),
            tasks => Serde(tasks),
        },
    )
}

/// The messages, and what people said behind them.
fn with_notes(mut messages: Vec<Message>, notes: &[String]) -> Vec<Message> {
    if !notes.is_empty() {
        messages.push(Message::User { text: render("notes", context! { notes => Serde(notes) }) });
    }
    messages
}

fn cut_diff(diff: &str) -> String {
    cut(diff, DIFF_BYTES, "the diff goes on; read the files")
}

/// The beginning of a text, with a word on it if there is more.
fn cut(text: &str, bytes: usize, more: &str) -> String {
    let shown = text::head(text, bytes);
    if shown.len() < text.len() { format!("{shown}\n[{more}]") } else { shown.to_owned() }
}

/// What stands, and what is asked.
fn opening(name: &str, values: Value) -> Vec<Message> {
    let text = render(name, values);
    // The first such line: nothing is filled in above it that a run brings along.
    let (stands, asked) = text.split_once("\n---\n").expect("a line divides what stands from what is asked");
    vec![Message::System { text: stands.to_owned() }, Message::User { text: asked.trim().to_owned() }]
}

fn render(name: &str, values: Value) -> String {
    let template = TEMPLATES.get_template(name).expect("every name used here is a template");
    template.render(values).expect("every value that a template uses is given").trim().to_owned()
}
