//! Text that a template left behind: TODO, TBD, lorem ipsum, `<what to write here>`.

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::text;

/// Tags that Markdown authors really use; anything else in angle brackets is a template's.
const HTML: [&str; 44] = [
    "a",
    "abbr",
    "article",
    "b",
    "blockquote",
    "br",
    "center",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "source",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "td",
    "th",
    "tr",
    "ul",
    "video",
];

/// Warns of every placeholder in `source` outside the `verbatim` ranges.
pub(super) fn check(source: &str, verbatim: &[Span], diagnostics: &mut Vec<Diagnostic>) {
    let prose = text::blank(source, verbatim);
    for span in words(&prose).chain(brackets(&prose)) {
        let message = format!("placeholder text `{}`", &source[span.clone()]);
        diagnostics.push(
            Diagnostic::new(Code::Placeholder, span, message)
                .with_help("say what is wanted, or put literal text in backticks"),
        );
    }
}

fn words(prose: &str) -> impl Iterator<Item = Span> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    prose
        .split(move |character: char| !is_word(character))
        .filter(|word| matches!(*word, "TODO" | "TBD" | "FIXME") || word.eq_ignore_ascii_case("lorem"))
        .map(|word| {
            let start = word.as_ptr().addr() - prose.as_ptr().addr();
            start..start + word.len()
        })
}

fn brackets(prose: &str) -> impl Iterator<Item = Span> {
    prose.match_indices('<').filter_map(|(open, _)| {
        let before = prose[..open].chars().next_back();
        let inner = &prose[open + 1..];
        let end = inner.find(['<', '>', '\n'])?;
        let inside = inner[..end].trim_end_matches('/');
        let first = inside.chars().next()?;
        let name = inside
            .split(|character: char| !character.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_placeholder = inner[end..].starts_with('>')
            && (first.is_alphabetic() || first == '…' || first == '.')
            && !inside.ends_with(char::is_whitespace)
            && !HTML.contains(&name.as_str())
            // `Vec<String>` and `a<b` are not templates.
            && !before.is_some_and(char::is_alphanumeric);
        is_placeholder.then_some(open..open + 1 + end + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<&str> {
        let mut diagnostics = Vec::new();
        check(source, &[], &mut diagnostics);
        diagnostics.iter().map(|diagnostic| &source[diagnostic.span.clone()]).collect()
    }

    #[test]
    fn leftovers_are_found_where_they_are() {
        assert_eq!(
            found("æ TODO, (TBD) Lorem ipsum. FIXME: <goal of the change> <…> <...>"),
            ["TODO", "TBD", "Lorem", "FIXME", "<goal of the change>", "<…>", "<...>"]
        );
    }

    #[test]
    fn ordinary_text_is_not_a_leftover() {
        assert_eq!(
            found("a todo list, TODOs, a < b and c > d, Vec<String>, <br>, <br/>, <b>x</b>, 1 <2> 3, <a href='x'>")
                .len(),
            0
        );
    }

    #[test]
    fn verbatim_ranges_are_left_alone() {
        let source = "`TODO` TBD";
        let mut diagnostics = Vec::new();
        check(source, std::slice::from_ref(&(0..6)), &mut diagnostics);
        assert_eq!(diagnostics.len(), 1);
        assert_eq!(diagnostics[0].span, 7..10);
    }
}
