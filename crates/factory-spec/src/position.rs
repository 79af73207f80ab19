//! Where an offset is, as people count.

use serde::Serialize;

use crate::text;

/// A place in a text, both counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct LineColumn {
    /// The line, ended by `\n` or `\r\n`.
    pub line: usize,
    /// The column in characters (Unicode scalar values), not bytes.
    pub column: usize,
}

/// The line and column of the byte `offset` in `source`. An offset past the end is the end, one inside a
/// character is the start of that character.
pub fn position(source: &str, offset: usize) -> LineColumn {
    let before = &source[..text::floor_boundary(source, offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    LineColumn { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let source = "æøå x\r\n日本 y\n";
        let at = |needle: &str| position(source, source.find(needle).expect("the needle is in the text"));
        assert_eq!(at("æ"), LineColumn { line: 1, column: 1 });
        assert_eq!(at("x"), LineColumn { line: 1, column: 5 });
        assert_eq!(at("日"), LineColumn { line: 2, column: 1 });
        assert_eq!(at("y"), LineColumn { line: 2, column: 4 });
    }

    #[test]
    fn offsets_past_the_end_or_inside_a_character_are_clamped() {
        assert_eq!(position("", 7), LineColumn { line: 1, column: 1 });
        assert_eq!(position("ab\n", 99), LineColumn { line: 2, column: 1 });
        assert_eq!(position("日本", 4), LineColumn { line: 1, column: 2 });
    }
}
