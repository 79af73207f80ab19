//! Rows of tables in Markdown.

/// The cells of a line that starts with `|`. `\|` is text, and the last `|` may be left out.
pub(super) fn cells(line: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut characters = line.strip_prefix('|').unwrap_or(line).chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\\' && characters.peek() == Some(&'|') {
            characters.next();
            cell.push('|');
        } else if character == '|' {
            cells.push(cell.trim().to_owned());
            cell.clear();
        } else {
            cell.push(character);
        }
    }
    if !cell.trim().is_empty() {
        cells.push(cell.trim().to_owned());
    }
    cells
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
    fn markdown_cells_keep_backslashes() {
        assert_eq!(cells(r"| a\|b | C:\new | c"), ["a|b", r"C:\new", "c"]);
    }

    #[test]
    fn delimiter_rows_are_dashes() {
        assert!(is_delimiter(&cells("|---|:-:|--:|")));
        assert!(!is_delimiter(&cells("|---|x|")));
        assert!(!is_delimiter(&[]));
    }
}
