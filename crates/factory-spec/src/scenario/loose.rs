//! What a line of loose Markdown is: a heading, a list item, a step in one of the dresses people give it.

use super::keyword::{self, StepKeyword};

/// A step recognized in a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LooseStep<'a> {
    pub(super) keyword: StepKeyword,
    /// The sentence behind the keyword.
    pub(super) text: &'a str,
    /// From the keyword, with its marks, to the end of the line.
    pub(super) whole: &'a str,
}

/// The level and text of an ATX heading, given without the blanks before it.
pub(super) fn heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    let is_heading = (1..=6).contains(&level) && (text.is_empty() || text.starts_with([' ', '\t']));
    let text = text.trim();
    // Closing hashes are layout.
    let open = text.trim_end_matches('#');
    let text = if open.is_empty() || open.ends_with([' ', '\t']) { open.trim_end() } else { text };
    is_heading.then_some((level, text))
}

/// The text of a list item without its marker and check box.
pub(super) fn list_item(line: &str) -> Option<&str> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let marker = match line.as_bytes().get(digits)? {
        b'-' | b'*' | b'+' if digits == 0 => 1,
        b'.' | b')' if (1..=9).contains(&digits) => digits + 1,
        _ => return None,
    };
    let rest = &line[marker..];
    if !rest.starts_with([' ', '\t']) {
        return None;
    }
    let rest = rest.trim_start();
    let unboxed = ["[ ] ", "[x] ", "[X] "].iter().find_map(|check| rest.strip_prefix(check));
    Some(unboxed.unwrap_or(rest).trim_start())
}

/// True for a line that only draws a rule, or underlines the heading above it.
pub(super) fn is_rule(line: &str) -> bool {
    let mut marks = line.chars().filter(|character| !character.is_whitespace());
    let Some(first) = marks.next() else {
        return false;
    };
    "-*_=".contains(first) && marks.clone().count() >= 2 && marks.all(|mark| mark == first)
}

/// The text of a quoted line without its marks.
pub(super) fn unquoted(line: &str) -> &str {
    line.trim_start_matches(['>', ' '])
}

/// The step that a line starts: `Given …`, `- given …`, `**When** …`, `THEN: …`. In running text only `Given`
/// and `GIVEN` start a step, so that a sentence may go on with `and …` on the next line; `marked` says that
/// the line is set off already.
pub(super) fn step(line: &str, marked: bool) -> Option<LooseStep<'_>> {
    let line = unquoted(line);
    let (whole, in_list) = match list_item(line) {
        Some(item) => (item, true),
        None => (line, false),
    };
    let emphasis =
        ["**", "__", "*", "_"].into_iter().find(|mark| whole.starts_with(mark)).unwrap_or_default();
    let inner = &whole[emphasis.len()..];
    let end = inner.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(inner.len());
    let (word, rest) = inner.split_at(end);
    let shouted = word.bytes().all(|byte| byte.is_ascii_uppercase());
    let keyword = match keyword::step(word) {
        Some(keyword) => keyword,
        None if shouted || marked || in_list || !emphasis.is_empty() => keyword::step_in_any_case(word)?,
        None => return None,
    };
    let punctuation = |text: &'_ str| usize::from(text.starts_with([':', ',']));
    let rest = &rest[punctuation(rest)..];
    let closed = rest.strip_prefix(emphasis);
    let rest = closed.unwrap_or(rest);
    let rest = if emphasis.is_empty() { rest } else { &rest[punctuation(rest)..] };
    if !(rest.is_empty() || rest.starts_with(char::is_whitespace)) {
        return None;
    }
    let text = rest.trim();
    // `**Given a user**` is emphasized as a whole.
    let text = match closed {
        None => text.strip_suffix(emphasis).unwrap_or(text).trim_end(),
        Some(_) => text,
    };
    Some(LooseStep { keyword, text, whole })
}

/// The keyword that a line was probably meant to start with.
pub(super) fn misspelled(line: &str) -> Option<&'static str> {
    let line = unquoted(line);
    let line = list_item(line).unwrap_or(line);
    keyword::misspelled(line.trim_start_matches(['*', '_']))
}

/// The sentence without the marks of strong emphasis, as long as these are marks: not in code, and not in a
/// pattern such as `src/**`.
pub(super) fn without_strong(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_code = false;
    while let Some(at) = rest.find(['*', '`']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let starts_word =
            plain.chars().next_back().is_none_or(|last| last.is_whitespace() || "(\"'“".contains(last));
        let strong = from
            .strip_prefix("**")
            .filter(|_| !in_code && starts_word)
            .and_then(|inner| inner.split_once("**"))
            .filter(|(inner, _)| !inner.is_empty() && inner.trim() == *inner && !inner.contains('`'));
        if let Some((inner, after)) = strong {
            plain.push_str(inner);
            rest = after;
        } else {
            in_code ^= from.starts_with('`');
            plain.push_str(&from[..1]);
            rest = &from[1..];
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_wear_many_dresses() {
        for line in [
            "Given a user",
            "GIVEN a user",
            "Given: a user",
            "- Given a user",
            "* given a user",
            "1. Given a user",
            "- [ ] Given a user",
            "**Given** a user",
            "**Given:** a user",
            "**Given**: a user",
            "__Given__ a user",
            "*Given* a user",
            "_given_ a user",
            "- **Given** a user",
            "**Given a user**",
            "> Given a user",
        ] {
            let found = step(line, false).unwrap_or_else(|| panic!("no step in {line}"));
            assert_eq!((found.keyword, found.text), (StepKeyword::Given, "a user"), "{line}");
        }
        assert_eq!(step("given a user", true).map(|step| step.text), Some("a user"));
        assert_eq!(step("Then, later", false).map(|step| step.text), Some("later"));
        assert_eq!(step("When", false).map(|step| step.text), Some(""));
        assert_eq!(step("- **Given** a", false).map(|step| step.whole), Some("**Given** a"));
    }

    #[test]
    fn running_text_is_no_step() {
        for line in
            ["given a user", "and so on", "Givenness", "Whenn I", "- a user", "Then-some", "", "**", "Butter"]
        {
            assert_eq!(step(line, false), None, "{line}");
        }
    }

    #[test]
    fn headings_and_rules() {
        assert_eq!(heading("## Scenario: x ##"), Some((2, "Scenario: x")));
        assert_eq!(heading("# C#"), Some((1, "C#")));
        assert_eq!(heading("#tag"), None);
        assert_eq!(heading("####### x"), None);
        assert!(is_rule("---") && is_rule("* * *") && is_rule("====="));
        assert!(!is_rule("--") && !is_rule("- a -") && !is_rule(""));
    }

    #[test]
    fn list_items_have_a_marker_and_a_blank() {
        assert_eq!(list_item("12) x"), Some("x"));
        assert_eq!(list_item("- [x] y"), Some("y"));
        assert_eq!(list_item("-x"), None);
        assert_eq!(list_item("1.5 x"), None);
        assert_eq!(list_item("1"), None);
    }

    #[test]
    fn strong_emphasis_goes_and_patterns_stay() {
        assert_eq!(without_strong("the status is **200** (**not** 201)"), "the status is 200 (not 201)");
        for text in
            ["match src/** and lib/**", "`**x**` is code", "2 ** 3 ** 4", "**", "a**b**", "*x*", "æ ** é"]
        {
            assert_eq!(without_strong(text), text);
        }
    }
}
