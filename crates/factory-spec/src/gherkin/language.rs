//! The keywords of every spoken language that Gherkin knows.
//!
//! `languages.json` beside this file is Gherkin's own table, unchanged (MIT, see `LICENSE` beside it).

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::ast::StepKind;

const TABLE: &str = include_str!("languages.json");

/// The language of a text that names none.
pub(crate) const ENGLISH: &str = "en";

/// A keyword that ends in a colon and opens a part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opener {
    Feature,
    Background,
    Scenario,
    Outline,
    Examples,
    Rule,
}

/// The keywords of one language.
#[derive(Debug)]
pub(crate) struct Language {
    openers: HashMap<String, Opener>,
    /// The longest first, since one may begin with another.
    steps: Vec<(String, StepKind)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Words {
    feature: Vec<String>,
    background: Vec<String>,
    rule: Vec<String>,
    scenario: Vec<String>,
    scenario_outline: Vec<String>,
    examples: Vec<String>,
    given: Vec<String>,
    when: Vec<String>,
    then: Vec<String>,
    and: Vec<String>,
    but: Vec<String>,
}

/// The language with this code, such as `fr` or `zh-CN`.
pub(crate) fn named(code: &str) -> Option<&'static Language> {
    static LANGUAGES: OnceLock<HashMap<String, Language>> = OnceLock::new();
    let languages = LANGUAGES.get_or_init(|| {
        let table: HashMap<String, Words> =
            serde_json::from_str(TABLE).expect("the table is part of the program, and a test reads it");
        table.into_iter().map(|(code, words)| (code, Language::from(words))).collect()
    });
    languages.get(code)
}

/// English.
pub(crate) fn english() -> &'static Language {
    named(ENGLISH).expect("the table has English, and a test looks for it")
}

impl From<Words> for Language {
    fn from(words: Words) -> Self {
        let openers = [
            (words.feature, Opener::Feature),
            (words.background, Opener::Background),
            (words.rule, Opener::Rule),
            (words.scenario, Opener::Scenario),
            (words.scenario_outline, Opener::Outline),
            (words.examples, Opener::Examples),
        ];
        let kinds = [
            (words.given, StepKind::Context),
            (words.when, StepKind::Action),
            (words.then, StepKind::Outcome),
            (words.and, StepKind::Conjunction),
            (words.but, StepKind::Conjunction),
        ];
        let mut steps: HashMap<String, StepKind> = HashMap::new();
        for (keywords, kind) in kinds {
            for keyword in keywords {
                steps
                    .entry(keyword)
                    .and_modify(|known| {
                        if *known != kind {
                            *known = StepKind::Unknown;
                        }
                    })
                    .or_insert(kind);
            }
        }
        let mut steps: Vec<_> = steps.into_iter().collect();
        steps.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        let openers = openers
            .into_iter()
            .flat_map(|(keywords, opener)| keywords.into_iter().map(move |keyword| (keyword, opener)))
            .collect();
        Language { openers, steps }
    }
}

impl Language {
    /// The part that a line without blanks before it opens, its keyword and its name.
    pub(crate) fn opener<'a>(&self, line: &'a str) -> Option<(Opener, &'a str, &'a str)> {
        let (keyword, name) = line.split_once(':')?;
        self.openers.get(keyword).map(|opener| (*opener, keyword, name.trim()))
    }

    /// The step that a line without blanks before it is: its keyword, what that says, and the sentence.
    pub(crate) fn step<'a>(&self, line: &'a str) -> Option<(&'a str, StepKind, &'a str)> {
        self.steps.iter().find_map(|(keyword, kind)| {
            let rest = line.strip_prefix(keyword.as_str())?;
            Some((&line[..keyword.len()], *kind, rest.trim()))
        })
    }

    /// The keyword of a part that the text before the first colon was probably meant to be: one letter off,
    /// in words long enough to tell.
    pub(crate) fn near_opener(&self, line: &str) -> Option<&str> {
        let (word, _) = line.split_once(':')?;
        let length = word.chars().count();
        let mut near: Vec<&str> = self
            .openers
            .keys()
            .filter(|keyword| (5..40).contains(&length) && strsim::osa_distance(keyword, word) == 1)
            .map(String::as_str)
            .collect();
        near.sort_unstable();
        near.first().copied()
    }

    /// True if the line is a step's keyword with nothing behind it.
    pub(crate) fn is_lone_step(&self, line: &str) -> bool {
        self.steps.iter().any(|(keyword, _)| keyword.trim_end() == line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_of_the_table_is_read() {
        let table: HashMap<String, serde_json::Value> = serde_json::from_str(TABLE).expect("JSON");
        assert_eq!(table.len(), 80);
        for (code, words) in table {
            let language = named(&code).expect("a language");
            for (key, opener) in [
                ("feature", Opener::Feature),
                ("background", Opener::Background),
                ("rule", Opener::Rule),
                ("scenario", Opener::Scenario),
                ("scenarioOutline", Opener::Outline),
                ("examples", Opener::Examples),
            ] {
                for word in words[key].as_array().expect("a list") {
                    let line = format!("{}: x: y", word.as_str().expect("text"));
                    let found = language.opener(&line).map(|(found, _, name)| (found, name));
                    assert_eq!(found, Some((opener, "x: y")), "{code}: {line}");
                }
            }
            for key in ["given", "when", "then", "and", "but"] {
                for word in words[key].as_array().expect("a list") {
                    let line = format!("{}🦀", word.as_str().expect("text"));
                    assert_eq!(language.step(&line).map(|(_, _, text)| text), Some("🦀"), "{code}: {line}");
                }
            }
        }
        assert!(named("no-such").is_none());
    }

    #[test]
    fn steps_are_told_apart_by_the_longest_keyword() {
        let french = named("fr").expect("French");
        assert_eq!(
            french.step("Etant donné qu'il pleut").map(|(keyword, kind, text)| (keyword.trim(), kind, text)),
            Some(("Etant donné qu'", StepKind::Context, "il pleut"))
        );
        assert_eq!(english().step("* x"), Some(("* ", StepKind::Unknown, "x")));
        assert_eq!(english().step("But x"), Some(("But ", StepKind::Conjunction, "x")));
        assert_eq!(english().step("Givenness"), None);
        assert!(english().is_lone_step("When") && !english().is_lone_step("Whe"));
    }
}
