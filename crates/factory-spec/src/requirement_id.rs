//! Ids of requirements as people write them: `R7`, `REQ-12`, `AUTH-3`.

/// Prefixes that make an id without further marks. Any other prefix (`UTF-8`, `HTTP-2`) is a word unless it
/// is set off by a colon, emphasis or brackets.
const KNOWN: [&str; 4] = ["R", "REQ", "FR", "NFR"];

/// The id at the start of `text` and its length in bytes: letters, an optional `-`, digits, optionally `.`
/// and more digits.
fn scan(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let letters = bytes.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let mut end = letters + usize::from(bytes.get(letters) == Some(&b'-'));
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let first = digits(end);
    if letters == 0 || first == 0 {
        return None;
    }
    end += first;
    while bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    Some(&text[..end])
}

fn prefix(id: &str) -> &str {
    id.trim_end_matches(|character: char| !character.is_ascii_alphabetic())
}

/// True for `R7`, `req-12` and the like, in either case, and nothing around it.
pub(crate) fn is_known(text: &str) -> bool {
    scan(text) == Some(text) && KNOWN.contains(&prefix(text).to_ascii_uppercase().as_str())
}

/// True for every form of id, and nothing around it.
pub(crate) fn is_any(text: &str) -> bool {
    scan(text) == Some(text) && (is_known(text) || text.contains('-'))
}

/// Splits an explicit id off the start of a requirement's plain text. `set_off` says that the first words
/// were emphasized or code in the source, which makes an id of any prefix.
pub(crate) fn split(text: &str, set_off: bool) -> Option<(&str, &str)> {
    let (open, close) = match text.chars().next()? {
        '[' => ("[", "]"),
        '(' => ("(", ")"),
        '`' => ("`", "`"),
        _ => ("", ""),
    };
    let inner = &text[open.len()..];
    let id = scan(inner)?;
    // Lower-case `r2` at the start of a sentence is a word.
    if id.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    let rest = inner[id.len()..].strip_prefix(close)?;
    let marked = set_off || !open.is_empty() || rest.starts_with(':');
    let bounded = rest
        .chars()
        .next()
        .is_none_or(|next| next.is_whitespace() || [':', '.', ')', ',', '-', '–', '—'].contains(&next));
    if !bounded || !(is_known(id) || (marked && id.contains('-'))) {
        return None;
    }
    let rest = rest.trim_start_matches(|character: char| {
        character.is_whitespace() || [':', '.', ')', ',', '-', '–', '—'].contains(&character)
    });
    Some((id, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_split_off_in_every_form() {
        for (text, expected) in [
            ("R7: The API MUST", ("R7", "The API MUST")),
            ("R7 The API MUST", ("R7", "The API MUST")),
            ("R7. The API", ("R7", "The API")),
            ("R7) The API", ("R7", "The API")),
            ("R7 — The API", ("R7", "The API")),
            ("[R7] The API", ("R7", "The API")),
            ("`R7` The API", ("R7", "The API")),
            ("REQ-12 The API", ("REQ-12", "The API")),
            ("REQ-12", ("REQ-12", "")),
            ("R1.2: The API", ("R1.2", "The API")),
            ("AUTH-3: The API", ("AUTH-3", "The API")),
        ] {
            assert_eq!(split(text, false), Some(expected), "{text}");
        }
        assert_eq!(split("AUTH-3 The API", true), Some(("AUTH-3", "The API")));
    }

    #[test]
    fn words_are_not_ids() {
        for text in [
            "UTF-8 MUST be used",
            "HTTP2 MUST be used",
            "R7x MUST",
            "Reset MUST",
            "r7: lower",
            "[R7 is open",
            "7 MUST",
            "",
            "日本",
        ] {
            assert_eq!(split(text, false), None, "{text}");
        }
    }

    #[test]
    fn known_prefixes_match_in_either_case() {
        assert!(is_known("R3") && is_known("r3") && is_known("REQ-12") && is_known("NFR1"));
        assert!(!is_known("JIRA-12") && !is_known("R") && !is_known("R3x") && !is_known("v2"));
        assert!(is_any("AUTH-3") && !is_any("v2") && !is_any("critical"));
    }
}
