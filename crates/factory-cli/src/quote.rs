//! Text of others among ours, so that it cannot pass for ours: on a line that begins with words of ours, or on lines that
//! begin with a mark with which no line of ours does.

use std::env;
use std::io::{self, IsTerminal as _};

use factory_core::plain;

/// What each line of a quoted text begins with, below its indentation.
const QUOTE: &str = "│ ";

/// Text of others on one line, what is hidden in it shown as its code.
pub(crate) fn one_line(text: &str) -> String {
    plain::line(text)
}

/// Text of others on lines of its own, each with a mark that no line of ours begins with.
pub(crate) fn quoted(indent: &str, text: &str) -> String {
    // Tabs would count as one column where lines are broken.
    let line = |line: &str| format!("{indent}{QUOTE}{}", plain::lines(line).replace('\t', "    "));
    text.trim().lines().map(|text| format!("{}\n", line(text).trim_end())).collect()
}

/// The last lines of a text, and no more of them than a person reads.
pub(crate) fn end_of(text: &str, lines: usize) -> &str {
    const MOST_BYTES: usize = 8_000;
    let text = text.trim_end();
    let start = text.rmatch_indices('\n').nth(lines.saturating_sub(1)).map_or(0, |(at, _)| at + 1);
    let start = start.max(text.len().saturating_sub(MOST_BYTES));
    let start = (start..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    &text[start..]
}

/// Text of others after words of ours: on the same line if it has but one, or else quoted below.
pub(crate) fn told(indent: &str, label: &str, text: &str) -> String {
    let text = text.trim();
    if text.contains(['\n', '\r']) {
        format!("{indent}{label}\n{}", quoted(indent, text))
    } else {
        format!("{indent}{label} {}\n", one_line(text))
    }
}

/// The columns that a text for reading may take: at a terminal as many as any has, so that it does not break lines itself,
/// which would put what others wrote where lines of ours begin.
fn columns() -> usize {
    const WIDE: usize = 100;
    const TERMINAL: usize = 80;
    const FEWEST: usize = 30;
    if !(io::stdout().is_terminal() || io::stderr().is_terminal()) {
        return WIDE;
    }
    let said = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    said.unwrap_or(TERMINAL).clamp(FEWEST, TERMINAL)
}

/// The text with long lines broken; what a line goes on with is marked as a quotation is.
pub(crate) fn wrap(text: &str) -> String {
    text.lines().map(|line| wrap_line(line, columns())).collect()
}

/// A line as it is for programs, and with line breaks of ours at a terminal.
pub(crate) fn flow(line: &str) -> String {
    if io::stdout().is_terminal() || io::stderr().is_terminal() {
        wrap(line).trim_end().to_owned()
    } else {
        line.to_owned()
    }
}

fn wrap_line(line: &str, columns: usize) -> String {
    let rest = line.trim_start_matches(' ');
    let indent = &line[..line.len() - rest.len()];
    let further = format!("{indent}{QUOTE}");
    let (first, rest) = match rest.strip_prefix(QUOTE) {
        Some(rest) => (further.as_str(), rest),
        None => (indent, rest),
    };
    if rest.is_empty() {
        return format!("{}\n", first.trim_end());
    }
    let options = textwrap::Options::new(columns).initial_indent(first).subsequent_indent(&further);
    format!("{}\n", textwrap::fill(rest, options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_go_on_as_a_quotation_below_their_beginning() {
        for (first, further) in [("   ", "   │ "), ("", "│ "), ("  │ ", "  │ ")] {
            let wrapped = wrap_line(&format!("{first}{}end", "word ".repeat(20)), 80);
            let lines: Vec<&str> = wrapped.lines().collect();
            assert_eq!(lines.len(), 2, "{wrapped}");
            assert!(lines[0].starts_with(&format!("{first}word")), "{wrapped}");
            assert!(lines[1].starts_with(&format!("{further}word")), "{wrapped}");
            // Words that never end, and spaces that do not part words, end at the edge, too.
            for long in ["─".repeat(300), "a\u{a0}".repeat(150), "計".repeat(150)] {
                let wrapped = wrap_line(&format!("{first}{long}"), 80);
                assert!(wrapped.lines().all(|line| textwrap::core::display_width(line) <= 80), "{wrapped}");
                assert!(wrapped.lines().skip(1).all(|line| line.starts_with(further)), "{wrapped}");
            }
        }
        assert_eq!(wrap("a\n\n  b\n│\n│   c"), "a\n\n  b\n│\n│   c\n");
    }

    #[test]
    fn the_end_of_a_text_is_its_last_lines() {
        assert_eq!(end_of("a\nb\nc\n\n", 2), "b\nc");
        assert_eq!(end_of("a\nb", 2), "a\nb");
        assert_eq!(end_of("", 2), "");
        let long = format!("{}x", "é".repeat(9_000));
        assert_eq!(end_of(&long, 2).len(), 7_999);
    }

    #[test]
    fn what_controls_a_terminal_does_not_reach_it() {
        assert_eq!(one_line("a\n\u{1b}[31mb"), "a \\u{1b}[31mb");
        assert_eq!(
            quoted("  ", "\na\r\n\tb\rc\n\n\u{202e}d\n"),
            "  │ a\n  │     b\\u{d}c\n  │\n  │ \\u{202e}d\n"
        );
        assert_eq!(quoted("", " "), "");
        assert_eq!(told("  ", "risk:", " a "), "  risk: a\n");
        assert_eq!(told("  ", "risk:", "a\nb"), "  risk:\n  │ a\n  │ b\n");
    }
}
