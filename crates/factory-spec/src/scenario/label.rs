//! Tags and the requirements that a scenario covers.

use std::collections::HashSet;
use std::hash::Hash;

use super::model::Tag;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::line::Line;
use crate::requirement_id;

/// What marks a scenario.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels {
    pub(crate) tags: Vec<Tag>,
    /// Requirement ids in upper case.
    pub(crate) covers: Vec<String>,
}

impl Labels {
    /// Adds all of `other`, which may be there already.
    pub(super) fn extend(&mut self, other: Labels) {
        self.tags.extend(other.tags);
        self.covers.extend(other.covers);
    }

    /// Adds one tag, given without `@`, which may be there already.
    pub(super) fn tag(&mut self, name: &str) {
        if requirement_id::is_known(name) {
            self.covers.push(name.to_ascii_uppercase());
        } else {
            self.tags.push(Tag::from(name.to_owned()));
        }
    }

    /// Takes out what is there twice.
    pub(super) fn unique(&mut self) {
        unique(&mut self.tags);
        unique(&mut self.covers);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.tags.len() + self.covers.len()
    }
}

/// Keeps the first of those that are equal.
fn unique<T: Eq + Hash>(all: &mut Vec<T>) {
    let mut seen = HashSet::new();
    let first: Vec<bool> = all.iter().map(|one| seen.insert(one)).collect();
    let mut first = first.into_iter();
    all.retain(|_| first.next().unwrap_or(true));
}

/// The finding about a tag, given without `@`, that may be meant as one with a meaning: that meaning would be lost in
/// silence. A slip of one letter is an error. What starts with another letter (`@fault`), is a plural (`@vaults`) or
/// is further away (`@critic`) may well be a word of its own, and is a warning.
pub(super) fn misspelled(name: &str, span: &Span) -> Option<Diagnostic> {
    // No tag with a meaning is longer, give or take two letters.
    if name.len() > 20 {
        return None;
    }
    let lower = name.to_lowercase();
    let length = lower.chars().count();
    let (near, distance) = [Tag::Critical, Tag::Vault, Tag::Destructive].into_iter().find_map(|tag| {
        let known = tag.as_str();
        let allowed = if known.len() < 8 { 1 } else { 2 };
        if known.len().abs_diff(length) > allowed {
            return None;
        }
        let distance = strsim::osa_distance(known, &lower);
        (1..=allowed).contains(&distance).then_some((tag, distance))
    })?;
    let known = near.as_str();
    let is_plural = lower.strip_suffix('s') == Some(known);
    let is_slip = distance == 1 && !is_plural && lower.chars().next() == known.chars().next();
    let code = if is_slip { Code::MisspelledTag } else { Code::NearTag };
    let help = if is_slip {
        format!("write `@{near}`, or another word if something else is meant")
    } else {
        format!("write `@{near}` if that is meant, and leave it otherwise")
    };
    let message = format!("`@{name}` looks like `@{near}` and is not");
    Some(Diagnostic::new(code, span.clone(), message).with_help(help))
}

/// Labels on lines of their own, which wait for the scenario that follows.
#[derive(Debug, Default)]
pub(super) struct Pending {
    labels: Labels,
    span: Option<Span>,
}

impl Pending {
    pub(super) fn add(&mut self, labels: Labels, span: Span) {
        self.labels.extend(labels);
        self.span.get_or_insert(span);
    }

    pub(super) fn take(&mut self) -> Labels {
        std::mem::take(self).labels
    }

    /// Refuses labels that nothing can carry.
    pub(super) fn refuse(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        if let Some(span) = std::mem::take(self).span {
            diagnostics.push(
                Diagnostic::new(Code::BadTag, span, "these tags belong to no scenario")
                    .with_help("put tags on the line before `Scenario:`"),
            );
        }
    }
}

/// True if a line of Markdown consists of tags, bare or in backticks.
pub(crate) fn is_tag_line(line: &str) -> bool {
    let mut names = without_comment(line).split(['`', ' ', '\t']).filter(|name| !name.is_empty());
    let is_tag = |name: &str| name.len() > 1 && name.starts_with('@') && !name.ends_with([',', '.', ':']);
    line.starts_with(['@', '`']) && names.next().is_some_and(is_tag) && names.all(is_tag)
}

/// The tags of a line that starts with `@`.
pub(super) fn tags(line: &Line<'_>, diagnostics: &mut Vec<Diagnostic>) -> Labels {
    let mut labels = Labels::default();
    let words = without_comment(line.trimmed())
        .split(|character: char| character.is_whitespace() || character == '`')
        .filter(|word| !word.is_empty());
    for word in words {
        let mut names = word.split('@');
        let before = names.next().unwrap_or_default();
        let names: Vec<&str> = names.collect();
        if !before.is_empty() || names.iter().any(|name| name.is_empty()) {
            let message = format!("`{word}` is not a tag");
            diagnostics.push(
                Diagnostic::new(Code::BadTag, line.span_of(word), message)
                    .with_help("a tag is `@` and a word without blanks"),
            );
            continue;
        }
        for name in names {
            labels.tag(name);
            diagnostics.extend(misspelled(name, &line.span_of(name)));
        }
    }
    labels.unique();
    labels
}

/// The rest of a `Covers:` line; emphasis and a list marker do not matter.
pub(crate) fn covers_line(line: &str) -> Option<&str> {
    let line = line.strip_prefix(['-', '+']).unwrap_or(line);
    let line = line.trim_start_matches(['*', '_', ' ']);
    let word = line.get(.."covers".len())?;
    let rest = line["covers".len()..].trim_start_matches(['*', '_', ' ']);
    let rest = rest.strip_prefix(':')?;
    word.eq_ignore_ascii_case("covers").then(|| rest.trim_matches(['*', '_', ' ']))
}

/// The ids on a `Covers:` line, whose `list` follows the colon.
pub(crate) fn covers(line: &Line<'_>, list: &str, diagnostics: &mut Vec<Diagnostic>) -> Labels {
    let mut labels = Labels::default();
    let words = list
        .split(|character: char| character.is_whitespace() || [',', ';', '`', '&'].contains(&character))
        .map(|word| word.trim_end_matches('.').trim_start_matches('@'))
        .filter(|word| !word.is_empty() && !word.eq_ignore_ascii_case("and"));
    let mut count = 0;
    for word in words {
        count += 1;
        if requirement_id::is_any(word) {
            labels.covers.push(word.to_ascii_uppercase());
        } else {
            let message = format!("`{word}` is not the id of a requirement");
            diagnostics.push(
                Diagnostic::new(Code::BadCovers, line.span_of(word), message)
                    .with_help("list ids one by one: `Covers: R3, R5`"),
            );
        }
    }
    if count == 0 {
        diagnostics.push(
            Diagnostic::new(Code::BadCovers, line.span(), "this line covers no requirement")
                .with_help("list ids one by one: `Covers: R3, R5`"),
        );
    }
    labels.unique();
    labels
}

/// The refusal of a `Covers:` line that is in no scenario.
pub(crate) fn covers_nothing(line: &Line<'_>) -> Diagnostic {
    Diagnostic::new(Code::BadCovers, line.span(), "this line belongs to no scenario")
        .with_help("put it below the scenario's first line")
}

/// The line up to a `#` that follows a blank.
fn without_comment(line: &str) -> &str {
    let end = line.find(" #").or_else(|| line.find("\t#"));
    &line[..end.unwrap_or(line.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags_of(text: &str) -> (Labels, Vec<Diagnostic>) {
        let mut diagnostics = Vec::new();
        let labels = tags(&Line { start: 0, text }, &mut diagnostics);
        (labels, diagnostics)
    }

    #[test]
    fn tags_are_split_into_marks_and_requirements() {
        let (labels, diagnostics) = tags_of("@critical @R3 @req-12@slow @JIRA-7 @slow #a @comment");
        assert!(diagnostics.is_empty());
        assert_eq!(labels.covers, ["R3", "REQ-12"]);
        let names: Vec<&str> = labels.tags.iter().map(Tag::as_str).collect();
        assert_eq!(names, ["critical", "slow", "JIRA-7"]);
    }

    #[test]
    fn a_tag_has_a_name_and_no_blanks() {
        let (_, diagnostics) = tags_of("@a tag @ @b");
        let places: Vec<Span> = diagnostics.iter().map(|one| one.span.clone()).collect();
        assert_eq!(places, [3..6, 7..8]);
    }

    #[test]
    fn a_slip_in_a_tag_with_a_meaning_is_an_error_and_another_word_is_none() {
        let code = |name: &str| misspelled(name, &(0..1)).map(|found| found.code.as_str());
        // Letters that are swapped, left out, put in, or another.
        for slip in
            ["valut", "vualt", "vaut", "vaullt", "vaukt", "Valut", "vault1", "crtical", "criticla", "critcal"]
        {
            assert_eq!(code(slip), Some("G019"), "{slip}");
        }
        for slip in ["destuctive", "destructvie", "destructiv", "distructive", "critical-", "vault_"] {
            assert_eq!(code(slip), Some("G019"), "{slip}");
        }
        for word in
            ["fault", "default", "vaults", "critic", "critics", "uncritical", "criticals", "instructive"]
        {
            let expected = (word != "default").then_some("G104");
            assert_eq!(code(word), expected, "{word}");
        }
        let foreign = [
            "smoke",
            "wip",
            "slow",
            "ui",
            "api",
            "regression",
            "negative",
            "Story-12",
            "issue.7",
            "fast",
            "nightly",
            "security",
            "salt",
            "value",
            "audit",
            "result",
            "manual",
            "javascript",
            "rails",
            "todo",
            "retry",
            "critter",
        ];
        for word in foreign.into_iter().chain(["critical", "CRITICAL", "vault", "destructive", ""]) {
            assert_eq!(code(word), None, "{word}");
        }
    }

    #[test]
    fn markdown_tag_lines_have_nothing_else() {
        for line in ["@a", "@a @b", "`@a` `@b`", "`@a``@b` #comment"] {
            assert!(is_tag_line(line), "{line}");
        }
        for line in ["@alice logs in", "mail @alice", "@", "`x`", "@alice, @bob", ""] {
            assert!(!is_tag_line(line), "{line}");
        }
    }

    #[test]
    fn covers_lines_come_in_many_dresses() {
        for line in [
            "Covers: R3, R5",
            "covers: R3 and R5.",
            "**Covers:** R3, R5",
            "- _Covers_: `R3` & `R5`",
            "* **Covers**: @R3, @r5",
        ] {
            let list = covers_line(line).expect("a covers line");
            let mut diagnostics = Vec::new();
            let labels = covers(&Line { start: 0, text: line }, list, &mut diagnostics);
            assert_eq!(
                (labels.covers, diagnostics),
                (vec!["R3".to_owned(), "R5".to_owned()], vec![]),
                "{line}"
            );
        }
        assert_eq!(covers_line("Covers everything"), None);
        assert_eq!(covers_line("Coverage: R3"), None);
        assert_eq!(covers_line("日本語: R3"), None);
    }

    #[test]
    fn a_covers_line_names_requirements() {
        for (line, place) in [("Covers: R3-R5", 8..13), ("Covers: login", 8..13), ("Covers:", 0..7)] {
            let mut diagnostics = Vec::new();
            let list = covers_line(line).expect("a covers line");
            covers(&Line { start: 0, text: line }, list, &mut diagnostics);
            assert_eq!(diagnostics.len(), 1, "{line}");
            assert_eq!(diagnostics[0].span, place);
            assert_eq!(diagnostics[0].code, Code::BadCovers);
        }
    }
}
