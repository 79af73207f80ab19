//! Says in a few lines where a request departs from the recorded one.

use factory_engine::port::model::Message;
use serde_json::Value;

use super::canonical::{self, MatchMode};

/// How much of a line is quoted.
const QUOTED_CHARS: usize = 120;

/// Where a request departs from the recorded one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// For people.
    pub(super) text: String,
    /// Whether it is in what a role is told, which other prompts would explain.
    pub(super) in_prompts: bool,
}

/// The first message that differs, with the first line or argument in it that does.
pub(super) fn first(recorded: &[Message], now: &[Message], mode: MatchMode) -> Difference {
    let recorded = canonical::canonical_messages(recorded, mode);
    let now = canonical::canonical_messages(now, mode);
    for (index, (old, new)) in recorded.iter().zip(&now).enumerate() {
        if canonical::sorted(old) != canonical::sorted(new) {
            return Difference {
                text: format!("message {} ({}) differs {}", index + 1, role(new), inside(old, new)),
                in_prompts: ["system", "user"].contains(&role(new)),
            };
        }
    }
    let (recorded, now) = (recorded.len(), now.len());
    let text = if recorded == now {
        "the tools differ".to_owned()
    } else {
        format!("{recorded} messages were recorded, {now} are sent now")
    };
    Difference { text, in_prompts: recorded != now }
}

fn role(message: &Value) -> &str {
    message["role"].as_str().unwrap_or("unknown")
}

fn inside(old: &Value, new: &Value) -> String {
    if role(old) != role(new) {
        return format!("in its role, recorded as {}", role(old));
    }
    let (old_text, new_text) = (old["text"].as_str().unwrap_or(""), new["text"].as_str().unwrap_or(""));
    if old_text != new_text {
        let (mut old, mut new) = (old_text.lines(), new_text.lines());
        let mut number = 0;
        loop {
            number += 1;
            match (old.next(), new.next()) {
                (old, new) if old == new && old.is_some() => {}
                (old, new) => {
                    return format!(
                        "at line {number}\n  recorded: {}\n  now:      {}",
                        old.map_or("(nothing)".to_owned(), |line| quoted(line, 0)),
                        new.map_or("(nothing)".to_owned(), |line| quoted(line, 0)),
                    );
                }
            }
        }
    }
    let (old, new) = (canonical::sorted(&old["tool_calls"]), canonical::sorted(&new["tool_calls"]));
    let same = old.chars().zip(new.chars()).take_while(|(old, new)| old == new).count();
    format!(
        "in its tool calls\n  recorded: {}\n  now:      {}",
        quoted(&old, same.saturating_sub(QUOTED_CHARS / 3)),
        quoted(&new, same.saturating_sub(QUOTED_CHARS / 3)),
    )
}

/// A piece of a line from a character on.
fn quoted(line: &str, from: usize) -> String {
    let piece: String = line.chars().skip(from).take(QUOTED_CHARS).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if line.chars().count() > from + QUOTED_CHARS { "…" } else { "" };
    format!("{before}{piece}{after}")
}

#[cfg(test)]
mod tests {
    use factory_engine::port::model::{Answer, ToolCall};

    use super::*;

    fn text(recorded: &[Message], now: &[Message]) -> String {
        first(recorded, now, MatchMode::Positional).text
    }

    fn user(text: &str) -> Message {
        Message::User { text: text.to_owned() }
    }

    fn call(arguments: &str) -> Message {
        let call = ToolCall { id: "1".to_owned(), name: "bash".to_owned(), arguments: arguments.to_owned() };
        Message::Assistant(Answer { text: None, tool_calls: vec![call] })
    }

    #[test]
    fn the_first_line_that_differs_is_shown() {
        let told = text(&[user("a\nb\nc")], &[user("a\nx\nc")]);
        assert_eq!(told, "message 1 (user) differs at line 2\n  recorded: b\n  now:      x");
        let told = text(&[user("a")], &[user("a\nb")]);
        assert!(told.contains("recorded: (nothing)"), "{told}");
    }

    #[test]
    fn tool_calls_are_shown_around_the_difference() {
        let told = text(&[call(r#"{"command":"ls"}"#)], &[call(r#"{"command":"pwd"}"#)]);
        assert!(told.contains("in its tool calls") && told.contains("ls") && told.contains("pwd"), "{told}");
    }

    #[test]
    fn a_shorter_conversation_and_other_roles_are_told() {
        assert_eq!(text(&[user("a"), user("b")], &[user("a")]), "2 messages were recorded, 1 are sent now");
        let told = text(&[Message::System { text: "a".to_owned() }], &[user("a")]);
        assert!(told.contains("recorded as system"), "{told}");
    }

    #[test]
    fn what_a_role_is_told_is_set_apart_from_what_was_observed() {
        let tool = |text: &str| Message::Tool { call_id: "1".to_owned(), text: text.to_owned() };
        let in_prompts = |old, new| first(&[old], &[new], MatchMode::Exact).in_prompts;
        assert!(in_prompts(user("a"), user("b")));
        assert!(!in_prompts(tool("a"), tool("b")));
        assert!(!in_prompts(user("a"), user("a")), "then the tools differ");
        assert!(first(&[user("a")], &[user("a"), user("b")], MatchMode::Exact).in_prompts);
    }
}
