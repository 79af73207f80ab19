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
