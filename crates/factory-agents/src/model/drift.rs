//! Compares what tools and checks printed with what they printed when it was recorded.
//!
//! Durations, ports, addresses, temporary names and times differ from one run to the next and mean nothing. They are
//! masked before comparing. A line that tells how a command ended is compared as it stands.

use std::sync::LazyLock;

use factory_engine::port::model::Message;
use regex::{Captures, Regex};

use super::redact;
use crate::tools;

static MASKS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // Times first, since the rest would take them apart.
        (r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?", "<time>"),
        (r"\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b", "<time>"),
        // The folder of an absolute path.
        (r#"(^|[\s"'`(=:,])/(?:[\w.+@~-]+/)+"#, "$1<folder>/"),
        (r"\b0x[0-9a-fA-F]+\b|\b(?:[0-9]+[a-f]|[a-f]+[0-9])[0-9a-f]*\b", "<hex>"),
        (r"\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|secs?|seconds?|mins?|minutes?)\b", "<duration>"),
        (r"\d+(?:\.\d+)*", "<number>"),
    ]
    .into_iter()
    .map(|(pattern, mask)| (Regex::new(pattern).expect("the pattern is fixed"), mask))
    .collect()
});

/// What may be a token that was drawn; names in code are told apart by how random it is.
static TOKEN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9_-]{20,}").expect("the pattern is fixed"));

/// What differs between the observations that follow the last answer; those before it were compared with the call
/// that they were new to.
pub(super) fn between(recorded: &[Message], now: &[Message]) -> Option<String> {
    fresh(recorded).zip(fresh(now)).find_map(|(recorded, now)| {
        let (recorded, now) = (observed(recorded)?, observed(now)?);
        let (mut old, mut new) = (masked(recorded).into_iter(), masked(now).into_iter());
        loop {
            match (old.next(), new.next()) {
                (None, None) => return None,
                (old, new) if old == new => {}
                (old, new) => {
                    let line =
                        |line: Option<String>| line.map_or("nothing".to_owned(), |line| format!("`{line}`"));
                    return Some(format!("recorded {}, now {}", line(old), line(new)));
                }
            }
        }
    })
}

fn fresh(messages: &[Message]) -> impl Iterator<Item = &Message> {
    let start = messages.iter().rposition(|message| matches!(message, Message::Assistant(_)));
    messages[start.map_or(0, |index| index + 1)..].iter()
}

fn observed(message: &Message) -> Option<&str> {
    match message {
        Message::Observation { text } | Message::Tool { text, .. } => Some(text),
        Message::System { .. } | Message::User { .. } | Message::Assistant(_) => None,
    }
}

/// The lines that say something, masked.
fn masked(text: &str) -> Vec<String> {
    let mask = |line: &str| {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if tools::tells_end(&line) {
            return line;
        }
        let line = TOKEN.replace_all(&line, |found: &Captures<'_>| {
            if redact::looks_random(&found[0]) { "<token>".to_owned() } else { found[0].to_owned() }
        });
        MASKS
            .iter()
            .fold(line.into_owned(), |line, (pattern, mask)| pattern.replace_all(&line, *mask).into_owned())
    };
    text.lines().map(mask).filter(|line| !line.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift(recorded: &str, now: &str) -> Option<String> {
        let message = |text: &str| Message::Tool { call_id: "1".to_owned(), text: text.to_owned() };
        between(&[message(recorded)], &[message(now)])
    }

    #[test]
    fn what_always_differs_is_no_drift() {
        for (recorded, now) in [
            ("Ran 12 tests in 0.034s\n\nOK", "Ran 12 tests in 1.2s\nOK"),
            ("listening on 127.0.0.1:40211", "listening on 127.0.0.1:53"),
            ("<App object at 0x7f31ab>", "<App object at 0xdeadbeef>"),
            ("2026-01-02T03:04:05.123Z started", "2027-11-12 13:14:15 started"),
            ("File \"/tmp/tmp8x2k/app.py\", line 3", "File \"/home/x/y/app.py\", line 4"),
            ("commit 3f2a91c", "commit 91cc0de7"),
            ("token=q8Zr2LxW0vKpT5nYb1cD7eFg", "token=zz1LwQ0a9vKpT5nYb1cD7HgJ"),
        ] {
            assert_eq!(drift(recorded, now), None, "{recorded} / {now}");
        }
    }

    #[test]
    fn what_differs_is_told() {
        assert_eq!(
            drift("exit status 0\nOK", "exit status 1\nOK").unwrap(),
            "recorded `exit status 0`, now `exit status 1`"
        );
        assert_eq!(
            drift("a\nOK", "a\nFAILED (failures=1)").unwrap(),
            "recorded `OK`, now `FAILED (failures=<number>)`"
        );
        assert_eq!(drift("a", "a\nb").unwrap(), "recorded nothing, now `b`");
    }

    #[test]
    fn only_what_is_new_is_compared() {
        let tool = |text: &str| Message::Tool { call_id: "1".to_owned(), text: text.to_owned() };
        let answer = || Message::Assistant(factory_engine::port::model::Answer::default());
        assert_eq!(between(&[tool("a"), answer(), tool("c")], &[tool("b"), answer(), tool("c")]), None);
    }
}
