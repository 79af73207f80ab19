//! Names for things: runs, stages, digests, moments. Each is its own type, so that none can stand in for another.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Why a text is not the name it was offered as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {expected}")]
pub struct BadName {
    /// The text that was offered.
    pub text: String,
    /// What it would have to be.
    pub expected: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadName { text: text.to_owned(), expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 80
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
}

text_id!(
    /// One run of a pipeline over one specification: `<spec slug>-<six letters and digits>`.
    RunId, "run id (lower-case letters, digits and hyphens)", is_slug
);
text_id!(
    /// A stage of a pipeline, as its file names it.
    StageId, "stage id (lower-case letters, digits and hyphens)", is_slug
);
text_id!(
    /// A requirement of the specification, such as `R3`.
    RequirementId,
    "requirement id (letters, digits, `.`, `_` and hyphens)",
    |text| !text.is_empty()
        && text.len() <= 40
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
);
text_id!(
    /// A git object id in hexadecimal, of a commit or a tree.
    GitOid,
    "git object id (40 or 64 hexadecimal digits)",
    |text| matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
);
text_id!(
    /// One thing that is wrong, as overrides name it: `R15:unwanted_effect`, `src/app.py:12`, `base-moved`.
    FindingId,
    "finding (one line of up to 400 bytes)",
    |text| !text.trim().is_empty() && text.len() <= 400 && !text.chars().any(char::is_control)
);
text_id!(
    /// A scenario as it is named outside of the evaluator: SHA-256 over a key that only the evaluator has and what the
    /// scenario says, as 64 lower-case hexadecimal digits. It tells nothing of either.
    ScenarioKey,
    "scenario key (64 lower-case hexadecimal digits)",
    |text| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
);
text_id!(
    /// SHA-256 of some bytes, as 64 lower-case hexadecimal digits.
    Digest,
    "SHA-256 digest (64 lower-case hexadecimal digits)",
    |text| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use fmt::Write as _;
        let mut text = String::with_capacity(64);
        for byte in Sha256::digest(bytes) {
            write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        }
        Self(text)
    }

    /// The first twelve digits: enough to tell artifacts of one run apart on a screen.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z, as some adapter's clock gave them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Milliseconds from `earlier` to here; zero when the clock went back.
    pub fn since(self, earlier: Timestamp) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Which try at a stage this is, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Attempt(pub u32);

impl Attempt {
    /// The first try.
    pub const FIRST: Attempt = Attempt(1);

    /// The try after this one.
    pub fn next(self) -> Attempt {
        Attempt(self.0.saturating_add(1))
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names one performance of one stage: stable over a crash, so that adapters can look up what they already did.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EffectId {
    /// The run it belongs to.
    pub run: RunId,
    /// The stage that is performed.
    pub stage: StageId,
    /// Which try.
    pub attempt: Attempt,
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.run, self.stage, self.attempt)
    }
}

/// Tokens and calls spent at a model, and what they cost where the price is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Calls that got an answer.
    pub calls: u64,
    /// Tokens sent, as the endpoint counted them.
    pub input_tokens: u64,
    /// Tokens received, as the endpoint counted them.
    pub output_tokens: u64,
    /// Millionths of a US dollar; `None` when any call was unpriced.
    pub micro_usd: Option<u64>,
}

impl Usage {
    /// Both together. A sum with an unpriced part is unpriced; a part without calls has no price to lack.
    pub fn plus(self, other: Usage) -> Usage {
        let micro_usd = match (self, other) {
            (a, b) if a.calls == 0 => b.micro_usd,
            (a, b) if b.calls == 0 => a.micro_usd,
            (a, b) => a.micro_usd.zip(b.micro_usd).map(|(x, y)| x.saturating_add(y)),
        };
        Usage {
            calls: self.calls.saturating_add(other.calls),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            micro_usd,
        }
    }
}

/// What model calls may use. Nothing is capped where neither is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Millionths of a US dollar.
    pub micro_usd: Option<u64>,
    /// Tokens, sent and received together.
    pub tokens: Option<u64>,
}

impl Budget {
    /// Whether there is a cap at all.
    pub fn caps(self) -> bool {
        self.micro_usd.is_some() || self.tokens.is_some()
    }

    /// How many whole budgets of this size `usage` has used up. A cap in dollars cannot be kept where calls have no
    /// price: without a cap on tokens beside it, such usage counts as one budget spent.
    pub fn spent_times(self, usage: Usage) -> u64 {
        let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        let by_tokens = self.tokens.map_or(0, |cap| tokens / cap.max(1));
        let by_price = match (self.micro_usd, usage.micro_usd) {
            (Some(cap), Some(used)) => used / cap.max(1),
            (Some(_), None) => u64::from(usage.calls > 0 && self.tokens.is_none()),
            (None, _) => 0,
        };
        by_tokens.max(by_price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_sha256_in_lower_case() {
        assert_eq!(
            Digest::of(b"abc").as_str(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn names_refuse_what_they_are_not() {
        assert!("Plan".parse::<StageId>().is_err());
        assert!("-x".parse::<RunId>().is_err());
        assert!("../etc".parse::<RunId>().is_err());
        assert!("R 3".parse::<RequirementId>().is_err());
        assert!(serde_json::from_str::<Digest>("\"abc\"").is_err());
        for finding in ["", "  ", "two\nlines", "R1:\u{1b}[2J", &"x".repeat(401)] {
            assert!(finding.parse::<FindingId>().is_err(), "{finding:?}");
        }
        for finding in ["R15:unwanted_effect", "src/app.py:12", "base-moved", &"x".repeat(400)] {
            assert_eq!(finding.parse::<FindingId>().unwrap().as_str(), finding);
        }
    }

    #[test]
    fn an_unpriced_call_makes_the_sum_unpriced_but_no_call_does_not() {
        let priced = Usage { calls: 1, input_tokens: 10, output_tokens: 1, micro_usd: Some(5) };
        let unpriced = Usage { micro_usd: None, ..priced };
        assert_eq!(priced.plus(Usage::default()).micro_usd, Some(5));
        assert_eq!(Usage::default().plus(priced).micro_usd, Some(5));
        assert_eq!(priced.plus(priced).micro_usd, Some(10));
        assert_eq!(priced.plus(unpriced).micro_usd, None);
    }
}
