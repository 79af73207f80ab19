//! Takes credentials out of texts before they are hashed and written.
//!
//! Careful in both directions: a key that is written is out, and an answer in which example code was taken for a key no
//! longer replays. So only known shapes of keys go, and values that are random enough beside a name that says so.

use std::sync::LazyLock;

use factory_engine::port::model::{Answer, Message, ToolCall};
use regex::{Captures, Regex};

use super::secret::Secret;

const REDACTED: &str = "[redacted]";

/// Keys that are known by their prefix, and private keys in PEM.
static KNOWN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"\b(?:sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}",
        r"|xox[abprs]-[A-Za-z0-9-]{20,}|AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35})\b",
        r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[A-Za-z0-9+/=\s\\]+-----END [A-Z ]*PRIVATE KEY-----",
    ))
    .expect("the pattern is fixed")
});

/// A value after a name that says it is a credential. The optional `\` is for JSON inside JSON.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)((?:(?:api|access|secret)[_-]?key|client[_-]?secret|(?:access|auth)[_-]?token|authorization)",
        r#"\\?["']?\s*[:=]\s*\\?["']?(?:(?:basic|bearer|token)\s+)?|\bbearer\s+)([a-z0-9+/_.=-]{24,})"#,
    ))
    .expect("the pattern is fixed")
});

/// Takes credentials out of texts.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// One that also knows these keys to the letter, but for those of fewer than 8 characters: such a one is a word that an
    /// endpoint on this machine is content with (`none`), and taking it out everywhere would change what was said.
    pub fn knowing(secrets: Vec<Secret>) -> Self {
        const SHORTEST: usize = 8;
        let secrets = secrets.into_iter().filter(|secret| secret.expose().len() >= SHORTEST).collect();
        Self { secrets }
    }

    /// The text without credentials.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret.expose(), REDACTED);
        }
        let text = KNOWN.replace_all(&text, REDACTED);
        let text = NAMED.replace_all(&text, |found: &Captures<'_>| {
            if looks_random(&found[2]) { format!("{}{REDACTED}", &found[1]) } else { found[0].to_owned() }
        });
        text.into_owned()
    }

    /// The answer without credentials.
    pub(super) fn answer(&self, answer: &Answer) -> Answer {
        let call = |call: &ToolCall| ToolCall {
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: self.text(&call.arguments),
        };
        Answer {
            text: answer.text.as_deref().map(|text| self.text(text)),
            tool_calls: answer.tool_calls.iter().map(call).collect(),
        }
    }

    /// The messages without credentials.
    pub(super) fn messages(&self, messages: &[Message]) -> Vec<Message> {
        messages
            .iter()
            .map(|message| match message {
                Message::System { text } => Message::System { text: self.text(text) },
                Message::User { text } => Message::User { text: self.text(text) },
                Message::Observation { text } => Message::Observation { text: self.text(text) },
                Message::Assistant(answer) => Message::Assistant(self.answer(answer)),
                Message::Tool { call_id, text } => {
                    Message::Tool { call_id: call_id.clone(), text: self.text(text) }
                }
            })
            .collect()
    }

    /// Whether a line that is about to be written still holds a key of a known shape, or one that is known.
    pub(super) fn finds(&self, line: &str) -> bool {
        KNOWN.is_match(line) || self.secrets.iter().any(|secret| line.contains(secret.expose()))
    }
}

/// Whether a value was drawn rather than written: long hexadecimal, or letters and digits with more than four bits of
/// Shannon entropy a character, which names in code do not reach.
pub(super) fn looks_random(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if value.len() >= 32 && digits >= 3 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return true;
    }
    let mut counts = [0_u32; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = value.len() as f64;
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|share| -share * share.log2())
        .sum();
    digits >= 3 && entropy > 4.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go() {
        let redactor = Redactor::knowing(vec![Secret::new("plain-key")]);
        for (text, without) in [
            ("the key is sk-abcdefghij0123456789XYZ.", "the key is [redacted]."),
            ("Authorization: Bearer q8Zr2LxW0vKpT5nYb1cD7eFg", "Authorization: Bearer [redacted]"),
            ("OPENAI_API_KEY=q8Zr2LxW0vKpT5nYb1cD7eFg9h", "OPENAI_API_KEY=[redacted]"),
            (r#"{\"api_key\": \"q8Zr2LxW0vKpT5nYb1cD7eFg9h\"}"#, r#"{\"api_key\": \"[redacted]\"}"#),
            ("secret_key = '0123456789abcdef0123456789abcdef'", "secret_key = '[redacted]'"),
            ("plain-key!", "[redacted]!"),
            ("ghp_0123456789abcdefghij0123456789abcdef", "[redacted]"),
        ] {
            assert_eq!(redactor.text(text), without);
        }
    }

    #[test]
    fn a_key_that_is_a_mere_word_is_none() {
        let redactor = Redactor::knowing(vec![Secret::new("none"), Secret::new("")]);
        assert_eq!(redactor.text("there are none"), "there are none");
        assert!(!redactor.finds("none"));
        assert_eq!(Redactor::knowing(vec![Secret::new("eight888")]).text("eight888"), "[redacted]");
    }

    #[test]
    fn code_stays() {
        let redactor = Redactor::default();
        for text in [
            "token = secrets.token_urlsafe(32)",
            "api_key = settings.integrations.primary_api_key",
            "access_token = make_password_reset_token_v2(account)",
            r#"headers = {"Authorization": f"Bearer {session_token}"}"#,
            "token_hash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
            "sk-test",
            r#"{"Authorization": "Bearer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#,
        ] {
            assert_eq!(redactor.text(text), text);
        }
    }

    #[test]
    fn redacting_twice_changes_nothing() {
        let redactor = Redactor::default();
        let once = redactor.text("api_key: q8Zr2LxW0vKpT5nYb1cD7eFg9h and sk-abcdefghij0123456789XYZ");
        assert_eq!(redactor.text(&once), once);
        assert!(!redactor.finds(&once));
        assert!(redactor.finds("sk-abcdefghij0123456789XYZ"));
    }
}
