//! What a sentence names: quoted text, paths, addresses, `{names}`, numbers. Other words for it have to name all of it.

use std::sync::LazyLock;

use factory_spec::{Scenario, Step};
use regex::Regex;
use serde_json::Value;

use super::lex::{self, Lexed, Literal};

static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b\d+(?:[.,]\d+)*").expect("the pattern is fixed"));
static MARKER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"⟦[a-z]\d+⟧").expect("the pattern is fixed"));

/// Numbers from two on, as they are written out.
const SMALL: [&str; 11] =
    ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// Whether sentences name all that a sentence names.
///
/// # Errors
/// What they leave out.
pub(super) fn all_kept(step: &Step, sentences: &[String]) -> Result<(), String> {
    let said = said(sentences);
    let numbers = numbers(&said);
    let Lexed { skeleton, literals } = lex::lex(&step.text)?;
    let mut wanted = Vec::new();
    for literal in &literals {
        match literal {
            Literal::Quoted(text) | Literal::Path(text) | Literal::Address(text) => wanted.push(text.clone()),
            Literal::Name(name) => wanted.push(format!("{{{name}}}")),
            Literal::Json(value) => leaves(value, &mut wanted),
        }
    }
    if let Some(lost) = wanted.iter().find(|text| !names(&said, text.trim())) {
        return Err(format!("`{lost}` of the sentence is lost"));
    }
    let bare = MARKER.replace_all(&skeleton, " ");
    match self::numbers(&bare).into_iter().find(|number| !numbers.contains(number)) {
        Some(lost) => Err(format!("the number {lost} of the sentence is lost; keep it in digits")),
        None => Ok(()),
    }
}

/// Whether a text has another in it, and not only as a part of longer words.
pub(super) fn names(text: &str, what: &str) -> bool {
    let goes_on = |inside: Option<char>, outside: Option<char>| {
        inside.is_some_and(char::is_alphanumeric) && outside.is_some_and(char::is_alphanumeric)
    };
    what.is_empty()
        || text.match_indices(what).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + what.len()..]);
            !goes_on(what.chars().next(), before.chars().next_back())
                && !goes_on(what.chars().next_back(), after.chars().next())
        })
}

/// The numbers in a text, without separators between thousands.
pub(super) fn numbers(text: &str) -> Vec<String> {
    NUMBER.find_iter(text).map(|found| found.as_str().replace(',', "")).collect()
}

/// The numbers in a text, small ones in English words too.
pub(super) fn all_numbers(text: &str) -> Vec<String> {
    let words = SMALL.iter().zip(2..).filter(|(word, _)| names(text, word));
    numbers(text).into_iter().chain(words.map(|(_, number)| number.to_string())).collect()
}

/// The sentences, and what is quoted in them without its escapes.
fn said(sentences: &[String]) -> String {
    let mut said = sentences.join("\n");
    for literal in
        sentences.iter().flat_map(|sentence| lex::lex(sentence).map_or(Vec::new(), |it| it.literals))
    {
        let mut more = Vec::new();
        match literal {
            Literal::Quoted(text) | Literal::Path(text) | Literal::Address(text) => more.push(text),
            Literal::Name(name) => more.push(format!("{{{name}}}")),
            Literal::Json(value) => leaves(&value, &mut more),
        }
        for text in more {
            said.push('\n');
            said.push_str(&text);
        }
    }
    said
}

fn leaves(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, texts)),
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            texts.push(name.clone());
            leaves(member, texts);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => texts.push(value.to_string()),
    }
}

/// All that a scenario says, in lower case: sentences, blocks and tables.
pub(super) fn words_of(scenario: &Scenario) -> String {
    let mut words = String::new();
    for step in &scenario.steps {
        let block = step.doc_string.iter().map(|block| &block.text);
        let cells = step.table.iter().flatten().flatten();
        for text in [&step.text].into_iter().chain(block).chain(cells) {
            words.push_str(&text.to_lowercase());
            words.push('\n');
        }
    }
    words
}
