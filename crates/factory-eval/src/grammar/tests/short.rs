//! Plans in words, so that a list of sentences can say what each means.

use crate::grammar::context::{Context, Prepared};
use crate::plan::{Action, words};

/// All actions, joined by semicolons.
pub(super) fn actions(actions: &[Action]) -> String {
    actions.iter().map(Action::to_string).collect::<Vec<_>>().join("; ")
}

/// What sentences have prepared for the requests and commands that follow.
pub(super) fn prepared(context: &Context<'_>) -> String {
    let Prepared { headers: fields, without, body: text, query, .. } = &context.prepared;
    let mut shown = format!("{}{}", words::body(text), words::headers(fields));
    if !query.is_empty() {
        shown.push_str(&format!(" ?{}", query.join("&")));
    }
    if !without.is_empty() {
        shown.push_str(&format!(" -[{}]", without.join("; ").to_lowercase()));
    }
    let mut all: Vec<String> = (!shown.is_empty()).then(|| format!("prepare{shown}")).into_iter().collect();
    all.extend(context.shell.folder.iter().map(|folder| format!("in {}", folder.source())));
    all.extend(context.shell.environment.iter().map(|(name, value)| match value {
        Some(value) => format!("env {name}={}", value.source()),
        None => format!("unset {name}"),
    }));
    all.extend(context.typed.iter().map(|typed| format!("type {typed:?}")));
    all.join("; ")
}
