//! What a line of Gherkin is, told from the line alone, in both of Gherkin's dialects.

use super::Flavour;
use super::ast::{Cell, StepKind};
use super::language::{Language, Opener};
use crate::line::Line;
use crate::scenario::label;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Empty,
    Comment,
    Tags,
    Row,
    /// The row of dashes of a table in Markdown.
    Dashes,
    Fence(Fence<'a>),
    Opener(Opening<'a>),
    Step(Sentence<'a>),
    /// `Covers: …`, with the list.
    Covers,
    Other,
}

/// The line that opens a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opening<'a> {
    pub(super) opener: Opener,
    pub(super) keyword: &'a str,
    pub(super) name: &'a str,
}

/// The line of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sentence<'a> {
    pub(super) keyword: &'a str,
    pub(super) kind: StepKind,
    pub(super) text: &'a str,
}

/// The line that opens a doc string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fence<'a> {
    pub(super) delimiter: &'a str,
    pub(super) media: &'a str,
}

/// How lines are told apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matcher {
    pub(super) flavour: Flavour,
    pub(super) language: &'static Language,
}

impl Matcher {
    /// What `line` is. `steps` says that a step may stand here: some languages have a step's keyword that
    /// an opener begins with.
    pub(super) fn token<'a>(&self, line: &Line<'a>, steps: bool) -> Token<'a> {
        let text = line.text.trim_start();
        if text.is_empty() {
            return Token::Empty;
        }
        if let Some(fence) = self.fence(text) {
            return Token::Fence(fence);
        }
        if steps && let Some(sentence) = self.sentence(text) {
            return Token::Step(sentence);
        }
        if let Some(opening) = self.opening(text) {
            return Token::Opener(opening);
        }
        match self.flavour {
            Flavour::Classic => match text.as_bytes()[0] {
                b'#' => return Token::Comment,
                b'@' => return Token::Tags,
                b'|' => return Token::Row,
                _ => {}
            },
            Flavour::Markdown => {
                if label::is_tag_line(text.trim_end()) {
                    return Token::Tags;
                }
                if text.starts_with('|') {
                    if cells(line).iter().any(is_dashes) {
                        return Token::Dashes;
                    }
                    if is_set_in(line.text) {
                        return Token::Row;
                    }
                }
            }
        }
        if label::covers_line(text.trim_end()).is_some() {
            return Token::Covers;
        }
        match self.flavour {
            Flavour::Classic => Token::Other,
            Flavour::Markdown => Token::Empty,
        }
    }

    fn fence<'a>(&self, text: &'a str) -> Option<Fence<'a>> {
        let delimiters: &[&str] = match self.flavour {
            Flavour::Classic => &["\"\"\"", "```"],
            Flavour::Markdown => &["\"\"\"", "````", "```"],
        };
        let delimiter = delimiters.iter().find(|delimiter| text.starts_with(**delimiter))?;
        let (delimiter, media) = text.split_at(delimiter.len());
        Some(Fence { delimiter, media: media.trim() })
    }

    fn opening<'a>(&self, text: &'a str) -> Option<Opening<'a>> {
        let text = match self.flavour {
            Flavour::Classic => text,
            Flavour::Markdown => {
                let rest = text.trim_start_matches('#');
                let level = text.len() - rest.len();
                (1..=6).contains(&level).then_some(rest)?.strip_prefix(char::is_whitespace)?
            }
        };
        let (opener, keyword, name) = self.language.opener(text)?;
        Some(Opening { opener, keyword, name })
    }

    /// The step that `text` is. In Markdown it is a list item.
    pub(super) fn sentence<'a>(&self, text: &'a str) -> Option<Sentence<'a>> {
        let text = match self.flavour {
            Flavour::Classic => text,
            Flavour::Markdown => text.strip_prefix(['*', '+', '-'])?.trim_start(),
        };
        let (keyword, kind, text) = self.language.step(text)?;
        let is_star = keyword == "* " && self.flavour == Flavour::Markdown;
        (!is_star).then_some(Sentence { keyword, kind, text })
    }
}

/// Rows are set in by two to five blanks, so that tables for people stay out.
fn is_set_in(line: &str) -> bool {
    let indent = line.chars().take_while(|character| character.is_whitespace()).take(6).count();
    (2..=5).contains(&indent)
}

fn is_dashes(cell: &Cell) -> bool {
    let dashes = cell.value.strip_prefix(':').unwrap_or(&cell.value);
    let dashes = dashes.strip_suffix(':').unwrap_or(dashes);
    !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-')
}

/// The cells of a row. What is behind the last `|` is none; `\|`, `\\` and `\n` are escapes.
pub(super) fn cells(line: &Line<'_>) -> Vec<Cell> {
    let text = line.trimmed();
    let start = line.span().start;
    let mut cells = Vec::new();
    let mut value = String::new();
    let mut from = 1;
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '|' => {
                cells.push(cell(&text[from..at], start + from, &value));
                value.clear();
                from = at + 1;
            }
            '\\' => match characters.peek() {
                Some((_, escaped @ ('|' | '\\'))) => {
                    value.push(*escaped);
                    characters.next();
                }
                Some((_, 'n')) => {
                    value.push('\n');
                    characters.next();
                }
                Some(_) | None => value.push('\\'),
            },
            _ => value.push(character),
        }
    }
    cells
}

fn cell(written: &str, start: usize, value: &str) -> Cell {
    // A line end that an escape made is part of the text, other blanks around it are layout.
    let is_layout = |character: char| character.is_whitespace() && character != '\n';
    let shorter = written.trim_start();
    let from = start + written.len() - shorter.len();
    Cell { span: from..from + shorter.trim_end().len(), value: value.trim_matches(is_layout).to_owned() }
}

/// A line of a doc string, without the indentation of its first line.
pub(super) fn content(line: &str, indent: usize, delimiter: &str) -> String {
    let text = line.trim_start();
    let own = line[..line.len() - text.len()].chars().count();
    let text = if own < indent {
        text
    } else {
        let skipped: usize = line.chars().take(indent).map(char::len_utf8).sum();
        &line[skipped..]
    };
    match delimiter {
        "\"\"\"" => text.replace("\\\"\\\"\\\"", "\"\"\""),
        "```" => text.replace("\\`\\`\\`", "```"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::language;
    use super::*;

    fn values(text: &str) -> Vec<String> {
        cells(&Line { start: 0, text }).into_iter().map(|cell| cell.value).collect()
    }

    #[test]
    fn cells_are_unescaped_and_trimmed() {
        for (line, expected) in [
            ("| a | b |", vec!["a", "b"]),
            ("|a||b|", vec!["a", "", "b"]),
            (r"| \|æ\\n     | \o\no\  |", vec![r"|æ\n", "\\o\no\\"]),
            (r"| \\\|a\\\\n | ø\\\nø\\|", vec![r"\|a\\n", "ø\\\nø\\"]),
            (r"|  \nraindrops--\ngoodbye.\n  |", vec!["\nraindrops--\ngoodbye.\n"]),
            ("| a | rest", vec!["a"]),
            ("| a \\", vec![]),
            ("|", vec![]),
        ] {
            assert_eq!(values(line), expected, "{line}");
        }
    }

    #[test]
    fn cells_know_their_places() {
        let text = "  | é |  | b\\|c|";
        let places: Vec<&str> =
            cells(&Line { start: 0, text }).into_iter().map(|cell| &text[cell.span]).collect();
        assert_eq!(places, ["é", "", "b\\|c"]);
    }

    #[test]
    fn rows_of_markdown_are_set_in() {
        let matcher = Matcher { flavour: Flavour::Markdown, language: language::english() };
        for (line, token) in [
            ("  | a |", Token::Row),
            ("     | a |", Token::Row),
            (" | a |", Token::Empty),
            ("      | a |", Token::Empty),
            ("| --- |", Token::Dashes),
            ("  | a | :-: |", Token::Dashes),
            ("  a", Token::Empty),
        ] {
            assert_eq!(matcher.token(&Line { start: 0, text: line }, false), token, "{line}");
        }
    }
}
