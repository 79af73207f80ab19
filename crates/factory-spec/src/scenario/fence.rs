//! Code fences of Markdown, and blocks in `"""`.

use super::model::DocString;
use crate::diagnostic::{Code, Diagnostic};
use crate::line::Line;

/// The line that opens a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fence<'a> {
    character: char,
    length: usize,
    /// The info string, trimmed.
    pub(super) info: &'a str,
    indent: usize,
}

/// A block and the index of the line behind it.
pub(super) struct Block {
    pub(super) doc_string: DocString,
    pub(super) next: usize,
}

impl<'a> Fence<'a> {
    /// The fence that `line` opens with one of `characters`.
    pub(super) fn open(line: &Line<'a>, characters: &[char]) -> Option<Self> {
        let trimmed = line.trimmed();
        let character = trimmed.chars().next()?;
        let info = trimmed.trim_start_matches(character);
        let length = trimmed.len() - info.len();
        // A pair of triple backticks on one line is code within a sentence.
        let is_fence = characters.contains(&character) && length >= 3 && !info.contains(character);
        is_fence.then(|| Fence { character, length, info: info.trim(), indent: line.indent() })
    }

    /// True if the info string says that the block is Gherkin.
    pub(super) fn is_of_gherkin(&self) -> bool {
        let language = self.info.split(|character: char| !character.is_alphanumeric()).next();
        language.is_some_and(|language| language.eq_ignore_ascii_case("gherkin"))
    }

    /// True if `line` closes this fence.
    pub(super) fn is_closed_by(&self, line: &Line<'_>) -> bool {
        let trimmed = line.trimmed();
        trimmed.len() >= self.length && trimmed.chars().all(|character| character == self.character)
    }

    /// Reads from the opening line at `index` to the closing one. A block without end goes to the end of the
    /// file and is an error.
    pub(super) fn read(&self, lines: &[Line<'_>], index: usize, diagnostics: &mut Vec<Diagnostic>) -> Block {
        let close = lines[index + 1..]
            .iter()
            .position(|line| self.is_closed_by(line))
            .map(|offset| index + 1 + offset);
        if close.is_none() {
            let mark: String = std::iter::repeat_n(self.character, self.length).collect();
            diagnostics.push(
                Diagnostic::new(Code::UnterminatedDocString, lines[index].span(), "this block does not end")
                    .with_help(format!("end it with a line that is only `{mark}`")),
            );
        }
        let end = close.unwrap_or(lines.len());
        let content: Vec<String> = lines[index + 1..end].iter().map(|line| self.content(line.text)).collect();
        Block {
            doc_string: DocString {
                media: (!self.info.is_empty()).then(|| self.info.to_owned()),
                text: content.join("\n"),
            },
            next: (end + 1).min(lines.len()),
        }
    }

    fn content(&self, line: &str) -> String {
        let mut rest = line;
        for _ in 0..self.indent {
            match rest.strip_prefix([' ', '\t']) {
                Some(shorter) => rest = shorter,
                None => break,
            }
        }
        match self.character {
            '"' => rest.replace("\\\"\\\"\\\"", "\"\"\""),
            _ => rest.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line;

    fn read(source: &str) -> (DocString, usize, Vec<Diagnostic>) {
        let lines = line::lines(source);
        let fence = Fence::open(&lines[0], &['`', '"', '~']).expect("a fence");
        let mut diagnostics = Vec::new();
        let block = fence.read(&lines, 0, &mut diagnostics);
        (block.doc_string, block.next, diagnostics)
    }

    #[test]
    fn indentation_of_the_fence_is_taken_off() {
        let (doc, next, diagnostics) = read("  \"\"\"json \r\n  a\r\n    b\r\n\r\nc\r\n  \"\"\"\r\nrest");
        assert_eq!(doc.media.as_deref(), Some("json"));
        assert_eq!(doc.text, "a\n  b\n\nc");
        assert_eq!(next, 6);
        assert!(diagnostics.is_empty());
    }

    #[test]
    fn other_and_escaped_fences_are_content() {
        assert_eq!(read("\"\"\"\n```\n\\\"\\\"\\\"\n\"\"\"").0.text, "```\n\"\"\"");
        assert_eq!(read("````\n```\n\\`\\`\\`\n````").0.text, "```\n\\`\\`\\`");
    }

    #[test]
    fn a_block_without_end_is_an_error_at_its_start() {
        let (doc, next, diagnostics) = read("```\na");
        assert_eq!((doc.text.as_str(), next), ("a", 2));
        assert_eq!(diagnostics[0].code, Code::UnterminatedDocString);
        assert_eq!(diagnostics[0].span, 0..3);
    }

    #[test]
    fn code_within_a_sentence_is_no_fence() {
        let lines = line::lines("```a``` is code\n``\n");
        assert!(Fence::open(&lines[0], &['`']).is_none());
        assert!(Fence::open(&lines[1], &['`']).is_none());
    }
}
