//! Small things about texts and byte ranges that both halves of the language need.

use std::borrow::Cow;

use crate::diagnostic::Span;

/// The source without its byte order mark, which is blanked so that every offset stays.
pub(crate) fn without_bom(source: &str) -> Cow<'_, str> {
    match source.strip_prefix('\u{feff}') {
        Some(rest) => Cow::Owned(format!("   {rest}")),
        None => Cow::Borrowed(source),
    }
}

/// The nearest character boundary at or before `offset`, at most the length of the text.
pub(crate) fn floor_boundary(source: &str, offset: usize) -> usize {
    let offset = offset.min(source.len());
    (0..=offset).rev().find(|&at| source.is_char_boundary(at)).expect("zero is a character boundary")
}

/// `span` without the blanks at its ends. An all-blank span becomes empty at its start.
pub(crate) fn trim(source: &str, span: Span) -> Span {
    let text = &source[span.clone()];
    let Some(first) = text.find(|character: char| !character.is_whitespace()) else {
        return span.start..span.start;
    };
    span.start + first..span.start + text.trim_end().len()
}

/// The first line of `span`, trimmed: what carets can underline without drawing a box.
pub(crate) fn first_line(source: &str, span: Span) -> Span {
    let span = trim(source, span);
    let end = source[span.clone()].find(['\n', '\r']).map_or(span.end, |newline| span.start + newline);
    trim(source, span.start..end)
}

/// Adds a block of text to a line, with `; ` where the line does not already end in punctuation.
pub(crate) fn append_block(line: &mut String, block: &str) {
    if !line.is_empty() {
        let ended = line.ends_with(['.', ':', ';', ',', '!', '?']);
        line.push_str(if ended { " " } else { "; " });
    }
    line.push_str(block);
}

/// Copies `source` with every byte of the given ranges blanked, but for line ends; offsets stay.
pub(crate) fn blank(source: &str, ranges: &[Span]) -> String {
    let mut bytes = source.as_bytes().to_vec();
    for range in ranges {
        for byte in &mut bytes[range.clone()] {
            if *byte != b'\n' && *byte != b'\r' {
                *byte = b' ';
            }
        }
    }
    String::from_utf8(bytes).expect("ranges end at character boundaries")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_trimmed_to_their_text() {
        let source = "  æ b \r\nc\n";
        assert_eq!(&source[trim(source, 0..source.len())], "æ b \r\nc");
        assert_eq!(&source[first_line(source, 0..source.len())], "æ b");
        assert_eq!(trim(source, 0..2), 0..0);
    }

    #[test]
    fn blanking_keeps_offsets_and_line_ends() {
        assert_eq!(blank("aæ\nbc", &[1..4, 5..6]), "a  \nb ");
        assert_eq!(without_bom("\u{feff}# x").len(), "\u{feff}# x".len());
    }

    #[test]
    fn blocks_are_joined_like_a_sentence() {
        let mut line = String::new();
        for block in ["contains:", "`id`", "`mail`"] {
            append_block(&mut line, block);
        }
        assert_eq!(line, "contains: `id`; `mail`");
    }
}
