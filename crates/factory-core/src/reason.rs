//! What counts as a reason. A decision without one is refused, and so is one that only says that it was made.

use crate::plain;

/// The longest rationale that is kept, in bytes.
pub const LONGEST_RATIONALE: usize = 16 * 1024;

/// How much of what is refused is said again, in characters.
const LONGEST_ECHO: usize = 80;

/// The fewest letters and digits of a reason. One of a script without spaces between words counts three times.
const FEWEST_LETTERS: usize = 8;

/// The fewest different letters and digits.
const FEWEST_DIFFERENT: usize = 4;

/// Words that repeat the decision or approve of it, and say nothing of why. Compared in lower case.
const EMPTY_WORDS: &[&str] = &[
    "a",
    "accept",
    "accepted",
    "ack",
    "agreed",
    "all",
    "and",
    "approve",
    "approved",
    "approves",
    "approving",
    "as",
    "asdf",
    "asdfasdf",
    "asdfgh",
    "because",
    "build",
    "cancel",
    "canceled",
    "cancelled",
    "cancelling",
    "blah",
    "clear",
    "confirm",
    "confirmed",
    "cool",
    "decided",
    "deny",
    "denied",
    "done",
    "entry",
    "exit",
    "fine",
    "foo",
    "bar",
    "gate",
    "go",
    "good",
    "great",
    "green",
    "i",
    "is",
    "it",
    "its",
    "just",
    "lets",
    "lgtm",
    "looks",
    "me",
    "merge",
    "merged",
    "merging",
    "n",
    "na",
    "nice",
    "no",
    "none",
    "nope",
    "not",
    "ok",
    "now",
    "okay",
    "ought",
    "overridden",
    "override",
    "pass",
    "passed",
    "patch",
    "perfect",
    "plan",
    "please",
    "qwerty",
    "reason",
    "reject",
    "rejected",
    "rejecting",
    "rejects",
    "retried",
    "retry",
    "right",
    "run",
    "seems",
    "ship",
    "so",
    "still",
    "stop",
    "stopped",
    "sure",
    "test",
    "testing",
    "thanks",
    "that",
    "the",
    "this",
    "thumbs",
    "to",
    "up",
    "very",
    "well",
    "whatever",
    "works",
    "y",
    "yeah",
    "yep",
    "yes",
];

/// Why a text is no reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoReason {
    /// There is nothing in it that anybody could read.
    #[error("a decision needs a reason that is not blank")]
    Blank,
    /// It is too short to say why. With its beginning, on one line.
    #[error("`{0}` is too short to say why: write what was looked at, or what decided it")]
    Short(String),
    /// It says only that the decision was made. With its beginning, on one line.
    #[error("`{0}` only says that it was decided: write what was looked at, or what decided it")]
    Empty(String),
    /// It is too long to be one.
    #[error(
        "the reason is {found} bytes long, more than {LONGEST_RATIONALE}: put the long version into a file and name it"
    )]
    Long {
        /// Its length in bytes.
        found: usize,
    },
    /// It has characters that do not show, or change how others show.
    #[error(
        "the reason has a character that does not show (U+{code:04X}), as its {at}th: write it as plain text"
    )]
    Invisible {
        /// The character's code point.
        code: u32,
        /// Which character it is, from 1.
        at: usize,
    },
}

impl NoReason {
    /// The same of a note, which is checked as a reason is, and says what should be different.
    pub fn of_note(&self) -> String {
        match self {
            NoReason::Blank => "the note is blank: say what should be different".to_owned(),
            NoReason::Short(text) => {
                format!("the note `{text}` is too short to say what should be different")
            }
            NoReason::Empty(text) => format!("the note `{text}` does not say what should be different"),
            NoReason::Long { found } => {
                format!(
                    "the note is {found} bytes long, more than {LONGEST_RATIONALE}: name a file with the rest"
                )
            }
            NoReason::Invisible { code, at } => format!(
                "the note has a character that does not show (U+{code:04X}), as its {at}th: write it as plain text"
            ),
        }
    }
}

/// The reason without space around it, if it is one.
///
/// # Errors
/// [`NoReason`], with the beginning of the text.
pub fn check(because: &str) -> Result<String, NoReason> {
    if because.len() > LONGEST_RATIONALE {
        return Err(NoReason::Long { found: because.len() });
    }
    let trimmed = because.trim();
    if !trimmed.chars().any(char::is_alphanumeric) {
        return Err(NoReason::Blank);
    }
    if let Some((at, found)) = trimmed.chars().enumerate().find(|(_, c)| does_not_show(*c)) {
        return Err(NoReason::Invisible { code: u32::from(found), at: at + 1 });
    }
    let letters: Vec<char> = trimmed.chars().filter(|c| c.is_alphanumeric()).collect();
    let weight: usize = letters.iter().map(|c| if without_spaces(*c) { 3 } else { 1 }).sum();
    let mut different = letters.clone();
    different.sort_unstable();
    different.dedup();
    let different: usize = different.iter().map(|c| if without_spaces(*c) { 2 } else { 1 }).sum();
    if weight < FEWEST_LETTERS || different < FEWEST_DIFFERENT {
        return Err(NoReason::Short(echo(trimmed)));
    }
    let says = |word: &str| {
        let word = word.to_lowercase();
        // Single letters are abbreviations, as in `L.G.T.M.`.
        let short = word.len() <= 1 || word.chars().all(|c| c.is_ascii_digit());
        !short && !EMPTY_WORDS.contains(&word.as_str())
    };
    if !trimmed.split(|c: char| !c.is_alphanumeric()).any(says) {
        return Err(NoReason::Empty(echo(trimmed)));
    }
    Ok(trimmed.to_owned())
}

fn echo(text: &str) -> String {
    plain::beginning(text, LONGEST_ECHO)
}

/// Whether a text has at least one letter or digit: neither spaces nor characters that nobody sees say anything.
pub fn says_something(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// What is hidden, but for line breaks, tabs, and the marks that choose how the character before them looks.
fn does_not_show(c: char) -> bool {
    plain::is_hidden(c) && !matches!(c, '\n' | '\t' | '\r' | '\u{FE00}'..='\u{FE0F}')
}

/// Whether a character belongs to a script that writes words without spaces: Chinese, Japanese, Korean, Thai.
fn without_spaces(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{20000}'..='\u{2FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_why_is_kept_without_the_space_around_it() {
        for reason in [
            "I have read it",
            "tokens are hashed now",
            "R3 is out of scope this week",
            "計画は妥当です",
            "risk is low; rollback by flag",
            "Prüfung am 3. Mai bestanden, Entwurf abgestimmt",
            "two\nlines\tof text",
        ] {
            assert_eq!(check(&format!("  {reason} \n")), Ok(reason.to_owned()));
        }
    }

    #[test]
    fn what_only_says_that_it_was_decided_is_refused() {
        for empty in [
            "looks good to me",
            "LGTM, ship it!",
            "approved approved",
            "OK ok okay yes",
            "yes, merge this please",
            "L.G.T.M. ok ok",
            "ship it now",
            "approve plan exit",
            "cancelled the run",
            "asdfasdf asdf",
        ] {
            assert_eq!(check(empty), Err(NoReason::Empty(empty.to_owned())), "{empty}");
        }
        for short in ["ok", "x", "lgtm", "aaaaaaaaaaaaaaaa", "+1 +1", "1111 2222 1"] {
            assert_eq!(check(short), Err(NoReason::Short(short.to_owned())), "{short}");
        }
        assert_eq!(check("12345678 2026"), Err(NoReason::Empty("12345678 2026".to_owned())));
        for blank in ["", "  ", "…", "--", "\u{200b}\u{200b}", "\u{1f44d}"] {
            assert_eq!(check(blank), Err(NoReason::Blank), "{blank:?}");
        }
    }

    #[test]
    fn what_is_refused_is_not_said_again_at_length() {
        let senseless = "okay yes\n".repeat(1_000);
        let begun = format!("{}…", &"okay yes ".repeat(14)[..80]);
        assert_eq!(check(&senseless), Err(NoReason::Empty(begun)));
        let short = "a ".repeat(4_000);
        assert_eq!(check(&short), Err(NoReason::Short(format!("{}…", "a ".repeat(40)))));
    }

    #[test]
    fn what_hides_or_is_endless_is_refused() {
        assert_eq!(check("all \u{1b}[2Jread and right"), Err(NoReason::Invisible { code: 0x1b, at: 5 }));
        assert_eq!(check("read \u{202e}desrever"), Err(NoReason::Invisible { code: 0x202e, at: 6 }));
        for hidden in
            ['\0', '\u{7f}', '\u{9b}', '\u{200d}', '\u{2066}', '\u{feff}', '\u{e0041}', '\u{61c}', '\u{ad}']
        {
            let text = format!("all of it{hidden} read and right");
            assert_eq!(check(&text), Err(NoReason::Invisible { code: u32::from(hidden), at: 10 }));
        }
        assert_eq!(check(&"word ".repeat(200_000)), Err(NoReason::Long { found: 1_000_000 }));
        let longest = "read it. ".repeat(LONGEST_RATIONALE / 9);
        assert!(check(&longest).is_ok());
    }
}
