//! Step definitions as the linter reads them: `[[step]]` of `steps.toml`, with places.

use serde::Deserialize;
use toml::Spanned;

use crate::diagnostic::Span;

/// A phrase and what it stands for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Definition {
    /// Names of its parameters, with the places of their braces.
    pub(crate) parameters: Vec<(String, Span)>,
    /// The sentences that it stands for.
    pub(crate) steps: Vec<String>,
    /// Their places, without the quotation marks.
    pub(crate) places: Vec<Span>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    step: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    pattern: Spanned<String>,
    #[serde(default)]
    steps: Vec<Spanned<String>>,
}

/// The definitions of a file; none if it is not in the form, which is for whoever runs it to say.
pub(crate) fn read(source: &str) -> Vec<Definition> {
    let Ok(file) = toml::from_str::<File>(source) else { return Vec::new() };
    file.step.into_iter().map(|entry| definition(source, entry)).collect()
}

fn definition(source: &str, entry: Entry) -> Definition {
    let place = inner(source, entry.pattern.span());
    let text = &source[place.clone()];
    let mut parameters = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find('{').map(|at| from + at) {
        let Some(close) = text[open..].find('}').map(|at| open + at) else { break };
        // `{count:int}` has a type; `{int}` and `{}` are known by their order.
        let name = text[open + 1..close].split(':').next().unwrap_or_default().trim();
        let escaped = text[..open].ends_with('\\');
        if !escaped && !name.is_empty() && !matches!(name, "int" | "float" | "word" | "string") {
            parameters.push((name.to_owned(), place.start + open..place.start + close + 1));
        }
        from = close + 1;
    }
    let places = entry.steps.iter().map(|step| inner(source, step.span())).collect();
    Definition { parameters, steps: entry.steps.into_iter().map(Spanned::into_inner).collect(), places }
}

/// The place of a TOML text without its quotation marks.
fn inner(source: &str, span: Span) -> Span {
    let text = &source[span.clone()];
    let marks = ["\"\"\"", "'''", "\"", "'"]
        .iter()
        .find(|mark| text.starts_with(**mark))
        .map_or(0, |mark| mark.len());
    span.start + marks..(span.end - marks).max(span.start + marks)
}

/// The patterns of a file of step definitions.
pub fn phrases(source: &str) -> Vec<String> {
    toml::from_str::<File>(source)
        .map(|file| file.step.into_iter().map(|entry| entry.pattern.into_inner()).collect())
        .unwrap_or_default()
}

/// Whether a sentence is the phrase that a pattern describes: its words in order, with something in place of each
/// parameter. What may be left out or chosen (`item(s)`, `a/b`) may be anything here.
pub(crate) fn is_phrase(pattern: &str, sentence: &str) -> bool {
    let sentence = sentence.trim().trim_end_matches(['.', ':']).trim().to_lowercase();
    let mut pieces: Vec<String> = Vec::new();
    let mut piece = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        let close = match character {
            '{' => '}',
            '(' => ')',
            other => {
                piece.push(other);
                continue;
            }
        };
        pieces.push(std::mem::take(&mut piece).to_lowercase());
        characters.by_ref().take_while(|next| *next != close).for_each(drop);
    }
    pieces.push(piece.to_lowercase());
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return false };
    if pieces.len() == 1 {
        return sentence == *first;
    }
    let Some(mut rest) = sentence.strip_prefix(first.as_str()) else { return false };
    for piece in &pieces[1..pieces.len() - 1] {
        let Some(at) = rest.find(piece.as_str()) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_known_by_its_words() {
        for (pattern, sentence, expected) in [
            ("an order exists", "an order exists.", true),
            ("an order {id} exists", "An order 7 exists", true),
            ("\"{email}\" gets in with \"{password}\"", "\"a@b\" gets in with \"x\"", true),
            ("{count:int} order(s) exist", "3 orders exist", true),
            ("an order exists", "an order exists twice", false),
            ("an order {id} exists", "an order 7 is gone", false),
        ] {
            assert_eq!(is_phrase(pattern, sentence), expected, "{pattern}: {sentence}");
        }
    }
}
