//! The patterns of a project's own rules, and the one wildcard that all rules share.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest pattern, in bytes.
const LONGEST: usize = 200;

/// Which paths a project's own rule is about, in small or capital letters alike. `*` stands for any characters within one
/// name.
///
/// - With a `/`: a path from the top of the repository, and everything below it. `src/ledger/`, `services/*/rates`.
/// - Without: the name of a file or directory at any depth. `ledger`, `*.rates.json`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Pattern(String);

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// It matches nothing.
    #[error("the pattern is empty")]
    Empty,
    /// It is too long to be meant.
    #[error("the pattern is longer than {LONGEST} bytes")]
    Long,
    /// Paths are named from the top of the repository.
    #[error("the pattern `{0}` begins with `/`, but paths are relative to the top of the repository")]
    Absolute(String),
    /// No path has such a part, so the rule would never hold.
    #[error("the pattern `{0}` has an empty part, `.` or `..`")]
    NotNormal(String),
    /// It would be taken literally, which is not what was meant.
    #[error(
        "the pattern `{pattern}` has `{found}` in it, which is not understood; only `*` stands for other characters"
    )]
    NotUnderstood {
        /// The pattern, with control characters escaped.
        pattern: String,
        /// What is not understood, escaped as well.
        found: String,
    },
}

impl Pattern {
    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts in small letters, and whether they are counted from the top.
    pub(super) fn parts(&self) -> (Vec<String>, bool) {
        let parts = self.0.trim_end_matches('/').split('/').map(str::to_lowercase).collect();
        (parts, self.0.contains('/'))
    }
}

impl FromStr for Pattern {
    type Err = BadPattern;
    fn from_str(text: &str) -> Result<Self, BadPattern> {
        let shown = || text.escape_debug().to_string();
        if text.is_empty() {
            return Err(BadPattern::Empty);
        }
        if text.len() > LONGEST {
            return Err(BadPattern::Long);
        }
        let strange = |c: char| c.is_control() || matches!(c, '\\' | '?' | '[' | ']' | '{' | '}' | '!');
        let found = text.matches("**").next().or_else(|| text.matches(strange).next());
        if let Some(found) = found {
            let found = found.escape_debug().to_string();
            return Err(BadPattern::NotUnderstood { pattern: shown(), found });
        }
        if text.starts_with('/') {
            return Err(BadPattern::Absolute(shown()));
        }
        let body = text.strip_suffix('/').unwrap_or(text);
        if body.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(BadPattern::NotNormal(shown()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Pattern {
    type Error = BadPattern;
    fn try_from(text: String) -> Result<Self, BadPattern> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> String {
        pattern.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `text` is what `glob` says, where `*` stands for any bytes. Takes at most `glob.len() * text.len()` steps: only
/// the last star is ever tried again, since what an earlier one could take, the last can too.
pub(super) fn matches(glob: &str, text: &str) -> bool {
    let (glob, text) = (glob.as_bytes(), text.as_bytes());
    let (mut g, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if glob.get(g) == Some(&b'*') {
            g += 1;
            retry = Some((g, t));
        } else if glob.get(g) == Some(&text[t]) {
            g += 1;
            t += 1;
        } else if let Some((after_star, from)) = retry {
            g = after_star;
            t = from + 1;
            retry = Some((after_star, t));
        } else {
            return false;
        }
    }
    glob[g..].iter().all(|&b| b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (glob, text) in [
            ("*", ""),
            ("*", "anything"),
            ("a*c", "ac"),
            ("a*c", "abcbc"),
            ("*.tf", "main.tf"),
            ("*ab*ab", "abaab"),
            ("über*", "überall"),
        ] {
            assert!(matches(glob, text), "{glob} {text}");
        }
        for (glob, text) in
            [("", "a"), ("a", ""), ("*.tf", "main.tfx"), ("a*c", "acb"), ("*ab*ab", "aab"), (".env", "xenv")]
        {
            assert!(!matches(glob, text), "{glob} {text}");
        }
    }

    #[test]
    fn what_would_not_do_what_was_meant_is_refused() {
        for (text, error) in [
            ("", "the pattern is empty"),
            (
                "/src",
                "the pattern `/src` begins with `/`, but paths are relative to the top of the repository",
            ),
            ("src//a", "the pattern `src//a` has an empty part, `.` or `..`"),
            ("a//", "the pattern `a//` has an empty part, `.` or `..`"),
            ("./a", "the pattern `./a` has an empty part, `.` or `..`"),
            ("a/../b", "the pattern `a/../b` has an empty part, `.` or `..`"),
        ] {
            assert_eq!(text.parse::<Pattern>().unwrap_err().to_string(), error);
        }
        for (text, culprit) in [
            ("src/**/a", "**"),
            ("!docs", "!"),
            ("a?", "?"),
            ("[ab]", "["),
            ("a\\b", "\\\\"),
            ("a\nb", "\\n"),
        ] {
            match text.parse::<Pattern>().unwrap_err() {
                BadPattern::NotUnderstood { found, .. } => assert_eq!(found, culprit),
                other => panic!("{text}: {other}"),
            }
        }
        assert_eq!("x".repeat(201).parse::<Pattern>(), Err(BadPattern::Long));
        assert!(serde_json::from_str::<Pattern>("\"/etc\"").is_err());
        assert_eq!(serde_json::from_str::<Pattern>("\"src/pay*/\"").unwrap().as_str(), "src/pay*/");
    }

    /// The same by definition: try every length for every star.
    fn slowly(glob: &[u8], text: &[u8]) -> bool {
        match glob.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|n| slowly(rest, &text[n..])),
            Some((b, rest)) => text.first() == Some(b) && slowly(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_its_definition_says(glob in "[ab*]{0,8}", text in "[ab]{0,12}") {
            prop_assert_eq!(matches(&glob, &text), slowly(glob.as_bytes(), text.as_bytes()));
        }
    }
}
