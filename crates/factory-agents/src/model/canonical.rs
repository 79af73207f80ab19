//! The parts of a request that a recording is keyed by, in one fixed spelling.
//!
//! Keys are `v1:` and the SHA-256 of JSON with sorted names and no white space. Tool-call ids are numbered by
//! position, so that a call and its answer stay paired but the endpoint's ids do not count; line ends and trailing
//! white space do not count either.

use std::collections::HashMap;

use factory_core::ids::Digest;
use factory_engine::port::model::{CallSite, Message, ToolSpec};
use serde_json::{Value, json};

/// How closely a request has to agree with the recorded one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchMode {
    /// Same call site, same instructions, same answers so far. What tools and checks printed may differ; that is
    /// reported as drift. For demos and for folding a run again.
    Positional,
    /// The same to the letter, observations and tools included. For tests of control flow.
    Exact,
}

/// The key of a request under a way of matching. `tools` is the digest of [`tools_digest`].
pub(super) fn key(site: &CallSite, messages: &[Message], tools: &Digest, mode: MatchMode) -> String {
    let mut request = json!({
        "stage": site.stage.as_str(),
        "attempt": site.attempt.0,
        "ordinal": site.ordinal,
        "messages": canonical_messages(messages, mode),
    });
    match mode {
        MatchMode::Positional => {}
        MatchMode::Exact => request["tools"] = json!(tools.as_str()),
    }
    format!("v1:{}", Digest::of(sorted(&request).as_bytes()))
}

/// The digest of the tools that a request offers.
pub(super) fn tools_digest(tools: &[ToolSpec]) -> Digest {
    Digest::of(sorted(&json!(tools)).as_bytes())
}

/// The messages in the spelling that is compared. Observations are held by their place alone if only that counts.
pub(super) fn canonical_messages(messages: &[Message], mode: MatchMode) -> Vec<Value> {
    let mut names: HashMap<&str, String> = HashMap::new();
    let mut canonical = Vec::with_capacity(messages.len());
    for message in messages {
        let observed = |text: &str| match mode {
            MatchMode::Positional => Value::Null,
            MatchMode::Exact => Value::String(stable(text)),
        };
        canonical.push(match message {
            Message::System { text } => json!({ "role": "system", "text": stable(text) }),
            Message::User { text } => json!({ "role": "user", "text": stable(text) }),
            Message::Observation { text } => json!({ "role": "observation", "text": observed(text) }),
            Message::Tool { call_id, text } => {
                let call = names.get(call_id.as_str()).map_or("unknown", String::as_str);
                json!({ "role": "tool", "call": call, "text": observed(text) })
            }
            Message::Assistant(answer) => {
                let mut calls = Vec::new();
                for call in &answer.tool_calls {
                    let name = format!("call {}", names.len() + 1);
                    calls.push(json!({ "id": name, "name": call.name, "arguments": arguments(&call.arguments) }));
                    names.insert(&call.id, name);
                }
                json!({ "role": "assistant", "text": answer.text.as_deref().map(stable), "tool_calls": calls })
            }
        });
    }
    canonical
}

/// Arguments as JSON if they are JSON, so that their spelling does not count.
fn arguments(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(stable(text)))
}

/// A text with `\n` line ends and without trailing white space.
fn stable(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// JSON with sorted names. Written here, since whether serde_json keeps the order of names depends on features that
/// other crates of a build choose.
pub(super) fn sorted(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(sorted).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields: Vec<String> = fields
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::String(name.clone()), sorted(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use factory_core::ids::Attempt;
    use factory_engine::port::model::{Answer, ToolCall};

    use super::*;

    fn conversation(id: &str, arguments: &str, printed: &str, asked: &str) -> Vec<Message> {
        vec![
            Message::User { text: asked.to_owned() },
            Message::Assistant(Answer {
                text: None,
                tool_calls: vec![ToolCall {
                    id: id.to_owned(),
                    name: "bash".to_owned(),
                    arguments: arguments.to_owned(),
                }],
            }),
            Message::Tool { call_id: id.to_owned(), text: printed.to_owned() },
        ]
    }

    fn key_of(messages: &[Message], mode: MatchMode) -> String {
        let site = CallSite { stage: "build".parse().unwrap(), attempt: Attempt::FIRST, ordinal: 2 };
        key(&site, messages, &tools_digest(&[]), mode)
    }

    #[test]
    fn ids_spelling_and_line_ends_do_not_count() {
        let a = conversation("call_9f3", r#"{"command":"ls","timeout_seconds":5}"#, "x", "do it\n\nnow\n");
        let b = conversation(
            "abc",
            r#"{ "timeout_seconds": 5, "command": "ls" }"#,
            "x  \r\n",
            "do it  \r\n\r\nnow",
        );
        assert_eq!(key_of(&a, MatchMode::Exact), key_of(&b, MatchMode::Exact));
        assert!(key_of(&a, MatchMode::Exact).starts_with("v1:"));
    }

    #[test]
    fn what_was_printed_counts_only_in_exact() {
        let a = conversation("1", "{}", "took 3 s", "do it");
        let b = conversation("1", "{}", "took 4 s", "do it");
        assert_eq!(key_of(&a, MatchMode::Positional), key_of(&b, MatchMode::Positional));
        assert_ne!(key_of(&a, MatchMode::Exact), key_of(&b, MatchMode::Exact));
    }

    #[test]
    fn instructions_and_answers_always_count() {
        let a = conversation("1", r#"{"command":"ls"}"#, "", "do it");
        let asked = conversation("1", r#"{"command":"ls"}"#, "", "do that");
        let answered = conversation("1", r#"{"command":"pwd"}"#, "", "do it");
        assert_ne!(key_of(&a, MatchMode::Positional), key_of(&asked, MatchMode::Positional));
        assert_ne!(key_of(&a, MatchMode::Positional), key_of(&answered, MatchMode::Positional));
    }

    #[test]
    fn names_are_sorted_at_every_depth() {
        let value: Value = serde_json::from_str(r#"{"b":[{"d":1,"c":"é\n"}],"a":null}"#).unwrap();
        assert_eq!(sorted(&value), r#"{"a":null,"b":[{"c":"é\n","d":1}]}"#);
    }
}
