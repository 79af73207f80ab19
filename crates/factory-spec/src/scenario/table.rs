//! Rows of data tables, in Gherkin and in Markdown.

/// Whose rules a row follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `\|`, `\\` and `\n` are escapes; text behind the last `|` is no cell.
    Gherkin,
    /// `\|` is an escape; the last `|` may be left out.
    Markdown,
}

/// The cells of a line that starts with `|`.
pub(super) fn cells(line: &str, dialect: Dialect) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    // Blanks around a cell are layout, but not those that an escape made.
    let mut kept = 0..0;
    let mut characters = line.strip_prefix('|').unwrap_or(line).chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = match (character, characters.peek(), dialect) {
            ('\\', Some('|'), _) => Some('|'),
            ('\\', Some('\\'), Dialect::Gherkin) => Some('\\'),
            ('\\', Some('n'), Dialect::Gherkin) => Some('\n'),
            _ => None,
        };
        if let Some(escaped) = escaped {
            characters.next();
            if kept.is_empty() {
                kept.start = cell.len();
            }
            cell.push(escaped);
            kept.end = cell.len();
        } else if character == '|' {
            cells.push(trim(&cell, &kept));
            cell.clear();
            kept = 0..0;
        } else {
            cell.push(character);
        }
    }
    if dialect == Dialect::Markdown && !cell.trim().is_empty() {
        cells.push(trim(&cell, &kept));
    }
    cells
}

fn trim(cell: &str, kept: &std::ops::Range<usize>) -> String {
    if kept.is_empty() {
        return cell.trim().to_owned();
    }
    let (before, rest) = cell.split_at(kept.start);
    let (middle, after) = rest.split_at(kept.end - kept.start);
    format!("{}{middle}{}", before.trim_start(), after.trim_end())
}

/// True for the row of dashes below the header of a Markdown table.
pub(super) fn is_delimiter(cells: &[String]) -> bool {
    !cells.is_empty()
        && cells.iter().all(|cell| {
            let dashes = cell.strip_prefix(':').unwrap_or(cell);
            let dashes = dashes.strip_suffix(':').unwrap_or(dashes);
            !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gherkin_cells_are_unescaped_and_trimmed() {
        for (line, expected) in [
            ("| a | b |", vec!["a", "b"]),
            ("|a||b|", vec!["a", "", "b"]),
            (r"| \|æ\\n     | \o\no\  |", vec![r"|æ\n", "\\o\no\\"]),
            (r"| \\\|a\\\\n | ø\\\nø\\|", vec![r"\|a\\n", "ø\\\nø\\"]),
            (r"|  \nraindrops--\ngoodbye.\n  |", vec!["\nraindrops--\ngoodbye.\n"]),
            ("| a | rest", vec!["a"]),
            ("|", vec![]),
        ] {
            assert_eq!(cells(line, Dialect::Gherkin), expected, "{line}");
        }
    }

    #[test]
    fn markdown_cells_keep_backslashes() {
        assert_eq!(cells(r"| a\|b | C:\new | c", Dialect::Markdown), ["a|b", r"C:\new", "c"]);
    }

    #[test]
    fn delimiter_rows_are_dashes() {
        assert!(is_delimiter(&cells("|---|:-:|--:|", Dialect::Markdown)));
        assert!(!is_delimiter(&cells("|---|x|", Dialect::Markdown)));
        assert!(!is_delimiter(&[]));
    }
}
