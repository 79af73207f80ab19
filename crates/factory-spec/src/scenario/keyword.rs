//! Keywords, and words that were probably meant to be one.

use crate::gherkin::{Opener, StepKind};

/// The keyword of a step, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepKeyword {
    Given,
    When,
    Then,
    And,
    But,
    /// `*` in Gherkin.
    Star,
}

impl From<StepKind> for StepKeyword {
    fn from(kind: StepKind) -> Self {
        match kind {
            StepKind::Context => Self::Given,
            StepKind::Action => Self::When,
            StepKind::Outcome => Self::Then,
            StepKind::Conjunction => Self::And,
            StepKind::Unknown => Self::Star,
        }
    }
}

const STEPS: [(&str, StepKeyword); 5] = [
    ("Given", StepKeyword::Given),
    ("When", StepKeyword::When),
    ("Then", StepKeyword::Then),
    ("And", StepKeyword::And),
    ("But", StepKeyword::But),
];

const OPENERS: [(&str, Opener); 11] = [
    ("Feature", Opener::Feature),
    ("Business Need", Opener::Feature),
    ("Ability", Opener::Feature),
    ("Background", Opener::Background),
    ("Scenario", Opener::Scenario),
    ("Example", Opener::Scenario),
    ("Scenario Outline", Opener::Outline),
    ("Scenario Template", Opener::Outline),
    ("Examples", Opener::Examples),
    ("Scenarios", Opener::Examples),
    ("Rule", Opener::Rule),
];

/// Openers that are recognized when misspelled, and by how many letters; `Fixture:` is no `Feature:`.
const NEAR_OPENERS: [(&str, usize); 4] =
    [("Scenario:", 2), ("Background:", 2), ("Feature:", 1), ("Example:", 1)];

/// Words one letter away from a keyword that people really start sentences with.
const WORDS: [&str; 23] = [
    "the", "they", "them", "than", "thee", "thin", "then", "when", "hen", "ten", "wen", "give", "gives",
    "giver", "given", "liven", "riven", "whey", "whet", "wren", "chen", "thea", "theo",
];

/// The step keyword that `word` is, in exactly Gherkin's spelling.
pub(crate) fn step(word: &str) -> Option<StepKeyword> {
    STEPS.iter().find(|(name, _)| *name == word).map(|(_, keyword)| *keyword)
}

/// The step keyword that `word` is in any case.
pub(crate) fn step_in_any_case(word: &str) -> Option<StepKeyword> {
    STEPS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, keyword)| *keyword)
}

/// How the keyword is written; none for `*`.
pub(crate) fn name(keyword: StepKeyword) -> Option<&'static str> {
    STEPS.iter().find(|(_, other)| *other == keyword).map(|(name, _)| *name)
}

/// The part that a Gherkin line opens, and its name.
pub(crate) fn opener(line: &str) -> Option<(Opener, &str)> {
    let (head, name) = line.split_once(':')?;
    OPENERS.iter().find(|(keyword, _)| *keyword == head).map(|(_, opener)| (*opener, name.trim()))
}

/// The part that a Markdown heading opens, in any case; scenarios may be numbered (`Scenario 3: …`), and
/// `Background` and `Scenario` need no colon.
pub(crate) fn heading_opener(heading: &str) -> Option<(Opener, &str)> {
    let heading = heading.trim_matches(['*', ' ']);
    let (head, name) = match heading.split_once(':') {
        Some((head, name)) => (head, name),
        None if heading.eq_ignore_ascii_case("background") || heading.eq_ignore_ascii_case("scenario") => {
            (heading, &heading[heading.len()..])
        }
        None => return None,
    };
    let head = head.trim_end_matches(|character: char| character.is_ascii_digit() || character == ' ');
    OPENERS
        .iter()
        .find(|(keyword, _)| keyword.eq_ignore_ascii_case(head))
        .map(|(_, opener)| (*opener, name.trim_matches(['*', ' '])))
}

/// The keyword that the first word of `line` was probably meant to be: `Whenn` is `When`, `Scenaro:` is
/// `Scenario:`.
pub(crate) fn misspelled(line: &str) -> Option<&'static str> {
    let end = line.find(|character: char| !character.is_alphabetic()).unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    if !word.starts_with(char::is_uppercase) {
        return None;
    }
    // No keyword is that long, and comparing takes the product of the lengths.
    if word.len() > 40 {
        return None;
    }
    let lower = word.to_lowercase();
    if rest.starts_with(':') && opener(line).is_none() {
        let near = NEAR_OPENERS.iter().find(|(name, distance)| {
            let name = name.trim_end_matches(':').to_lowercase();
            strsim::osa_distance(&name, &lower) <= *distance && lower != format!("{name}s")
        });
        if let Some((name, _)) = near {
            return Some(name);
        }
    }
    // `Scenario 2: …`, `Scenario Outlin: …`
    if word == "Scenario" && opener(line).is_none() && rest.contains(':') {
        return Some("Scenario:");
    }
    if !(rest.is_empty() || rest.starts_with([' ', '\t', ':', ','])) {
        return None;
    }
    match lower.as_str() {
        "adn" | "annd" | "nad" => return Some("And"),
        "btu" | "butt" => return Some("But"),
        word if WORDS.contains(&word) => return None,
        _ => {}
    }
    STEPS
        .iter()
        .filter(|(name, _)| name.len() >= 4)
        .find(|(name, _)| strsim::osa_distance(&name.to_lowercase(), &lower) == 1)
        .map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openers_have_a_colon() {
        assert_eq!(opener("Scenario: a: b"), Some((Opener::Scenario, "a: b")));
        assert_eq!(opener("Scenario Outline:"), Some((Opener::Outline, "")));
        assert_eq!(opener("Scenario a"), None);
        assert_eq!(opener("scenario: a"), None);
        assert_eq!(heading_opener("**Scenario 3: a**"), Some((Opener::Scenario, "a")));
        assert_eq!(heading_opener("SCENARIO: a"), Some((Opener::Scenario, "a")));
        assert_eq!(heading_opener("Background"), Some((Opener::Background, "")));
        assert_eq!(heading_opener("Scenarios"), None);
        assert_eq!(heading_opener("Scenario coverage"), None);
    }

    #[test]
    fn misspelled_keywords_are_recognized() {
        for (line, meant) in [
            ("Whenn I post", "When"),
            ("Wehn I post", "When"),
            ("Givn a user", "Given"),
            ("Gievn a user", "Given"),
            ("Thne it is", "Then"),
            ("Tehn it is", "Then"),
            ("Adn it is", "And"),
            ("Scenaro: x", "Scenario:"),
            ("Scenario 2: x", "Scenario:"),
            ("Scenario Outlin: x", "Scenario:"),
            ("Backgroud: x", "Background:"),
            ("Featur: x", "Feature:"),
        ] {
            assert_eq!(misspelled(line), Some(meant), "{line}");
        }
    }

    #[test]
    fn english_words_are_not_misspelled_keywords() {
        for line in [
            "The user",
            "They post",
            "Them",
            "Than",
            "Where it is",
            "There is",
            "Give it",
            "Any user",
            "Add it",
            "An account",
            "While it",
            "What",
            "Note: x",
            "Scenario planning is hard",
            "Scenario: x",
            "Fixture: x",
            "Features: x",
            "Stability: x",
            "Theo logs in",
            "whenn lower",
            "Then-some",
            "Whens'ever",
            "ænd",
            "",
        ] {
            assert_eq!(misspelled(line), None, "{line}");
        }
    }
}
