//! Lines with their offsets.

use crate::diagnostic::Span;

/// One line of a source, without its line end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Where the line starts in the source, in bytes.
    pub(crate) start: usize,
    pub(crate) text: &'a str,
}

impl<'a> Line<'a> {
    pub(crate) fn trimmed(&self) -> &'a str {
        self.text.trim()
    }

    /// Leading blanks, in characters.
    pub(crate) fn indent(&self) -> usize {
        self.text.chars().take_while(|character| character.is_whitespace()).count()
    }

    /// The place of the line's text without blanks around it.
    pub(crate) fn span(&self) -> Span {
        self.span_of(self.trimmed())
    }

    /// The place of `part`, which must be a slice of this line.
    pub(crate) fn span_of(&self, part: &str) -> Span {
        let offset = part.as_ptr().addr() - self.text.as_ptr().addr();
        let start = self.start + offset;
        start..start + part.len()
    }
}

/// The lines of `source`, ended by `\n` or `\r\n`.
pub(crate) fn lines(source: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    source
        .split_inclusive('\n')
        .map(|whole| {
            let text = whole.strip_suffix('\n').unwrap_or(whole);
            let text = text.strip_suffix('\r').unwrap_or(text);
            let line = Line { start, text };
            start += whole.len();
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_know_their_offsets() {
        let source = "a\r\n  æ b \n\nlast";
        let lines = lines(source);
        let texts: Vec<&str> = lines.iter().map(|line| &source[line.span()]).collect();
        assert_eq!(texts, ["a", "æ b", "", "last"]);
        assert_eq!(lines[1].indent(), 2);
        assert_eq!(lines[2].trimmed(), "");
    }
}
