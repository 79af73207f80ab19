//! Words, numbers, code and marks of a piece of prose, with their places.

use crate::diagnostic::Span;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, also with hyphens and apostrophes in them.
    Word,
    /// Digits, also with points and commas in them.
    Number,
    /// Between backticks, or an address.
    Code,
    /// Between quotation marks.
    Quoted,
    Mark,
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    pub(crate) fn span(self) -> Span {
        self.start..self.end
    }
}

/// The tokens of `text[span]`. `code` are the places of code, in order.
pub(crate) fn tokens(text: &str, span: Span, code: &[Span]) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut found = Vec::with_capacity(span.len() / 6);
    let mut next_code = code.partition_point(|one| one.end <= span.start);
    let mut at = span.start;
    while at < span.end {
        if let Some(place) = code.get(next_code)
            && at >= place.start
        {
            let end = place.end.clamp(at + 1, span.end);
            found.push(Token { kind: Kind::Code, start: at, end });
            next_code += 1;
            at = end;
            continue;
        }
        let byte = bytes[at];
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let limit = code.get(next_code).map_or(span.end, |place| place.start.min(span.end));
        let (kind, end) = one(text, at, limit);
        found.push(Token { kind, start: at, end });
        at = end;
    }
    found
}

fn one(text: &str, at: usize, limit: usize) -> (Kind, usize) {
    let rest = &text[at..limit];
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_ascii_digit() {
        return number(rest, at);
    }
    if first.is_alphanumeric() || first == '_' {
        return word(rest, at);
    }
    if let Some(close) = closing(first)
        && let Some(length) = quoted(&rest[first.len_utf8()..], close)
    {
        return (Kind::Quoted, at + first.len_utf8() + length);
    }
    (Kind::Mark, at + first.len_utf8())
}

fn closing(open: char) -> Option<char> {
    match open {
        '"' => Some('"'),
        '“' => Some('”'),
        '«' => Some('»'),
        '‘' => Some('’'),
        '\'' => Some('\''),
        _ => None,
    }
}

/// The length of what is quoted, with its closing mark. Long quotations are prose.
fn quoted(rest: &str, close: char) -> Option<usize> {
    const LONGEST: usize = 160;
    for (at, character) in rest.char_indices().take(LONGEST) {
        let end = at + character.len_utf8();
        let is_apostrophe =
            close == '\'' && rest[end..].chars().next().is_some_and(char::is_alphanumeric) && at > 0;
        if character == close && !is_apostrophe {
            return Some(end);
        }
    }
    None
}

fn number(rest: &str, at: usize) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let mut end = 0;
    while end < bytes.len() {
        let inner =
            matches!(bytes[end], b'.' | b',' | b':') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !bytes[end].is_ascii_digit() && !inner {
            break;
        }
        end += 1;
    }
    // `3rd`, `2fa` and `0x1f` are words; the unit of `5s` is a word of its own.
    let tail: usize = rest[end..].chars().take_while(|c| c.is_alphanumeric()).map(char::len_utf8).sum();
    let unit = &rest[end..end + tail];
    let ordinal = matches!(unit, "st" | "nd" | "rd" | "th");
    if tail > 0 && (ordinal || unit.bytes().any(|byte| byte.is_ascii_digit())) {
        return (Kind::Word, at + end + tail);
    }
    (Kind::Number, at + end)
}

fn word(rest: &str, at: usize) -> (Kind, usize) {
    let mut end = 0;
    let mut characters = rest.char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        let joins = matches!(character, '-' | '\'' | '’' | '‑')
            && characters.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        if !(character.is_alphanumeric() || character == '_' || joins) {
            break;
        }
        end = offset + character.len_utf8();
    }
    if rest[end..].starts_with("://") {
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        return (Kind::Code, at + length);
    }
    (Kind::Word, at + end)
}

/// The sentences of some tokens, as ranges of their indices.
pub(crate) fn sentences(text: &str, tokens: &[Token]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for (index, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Mark || !matches!(&text[token.span()], "." | "!" | "?") {
            continue;
        }
        let Some(next) = tokens.get(index + 1) else { break };
        let is_apart = next.start > token.end;
        let is_start = next.kind != Kind::Word || text[next.start..].starts_with(char::is_uppercase);
        let short = index.checked_sub(1).is_some_and(|before| is_short(&text[tokens[before].span()]));
        if is_apart && is_start && !short {
            found.push(start..index + 1);
            start = index + 1;
        }
    }
    if start < tokens.len() {
        found.push(start..tokens.len());
    }
    found
}

/// Whether a period behind the word is the word's own.
fn is_short(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "e" | "g"
            | "i"
            | "vs"
            | "no"
            | "fig"
            | "approx"
            | "incl"
            | "resp"
            | "cf"
            | "al"
            | "dr"
            | "mr"
            | "sec"
            | "ca"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_numbers_and_quotes_are_told_apart() {
        let text = "The user's 2nd e-mail (5s, 1,024 or 99.9%) isn't \"in time\" `x y` https://a.b/c!";
        let code = text.find('`').unwrap_or(0)..text.rfind('`').unwrap_or(0) + 1;
        let found = tokens(text, 0..text.len(), std::slice::from_ref(&code));
        let shown: Vec<&str> = found.iter().map(|token| &text[token.span()]).collect();
        assert_eq!(
            shown,
            [
                "The",
                "user's",
                "2nd",
                "e-mail",
                "(",
                "5",
                "s",
                ",",
                "1,024",
                "or",
                "99.9",
                "%",
                ")",
                "isn't",
                "\"in time\"",
                "`x y`",
                "https://a.b/c!"
            ]
        );
    }

    #[test]
    fn sentences_end_where_the_next_begins() {
        let text = "Use it, e.g. Here. It is 3.5 m. 5 are left. end";
        let tokens = tokens(text, 0..text.len(), &[]);
        let shown: Vec<&str> = sentences(text, &tokens)
            .into_iter()
            .map(|range| &text[tokens[range.start].start..tokens[range.end - 1].end])
            .collect();
        assert_eq!(shown, ["Use it, e.g. Here.", "It is 3.5 m.", "5 are left. end"]);
    }
}
