//! Diagnostics as a compiler shows them: message, place, source line, carets, help.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::text;

/// Whether the rendered text carries terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// Text only, for files, pipes and tests.
    #[default]
    Plain,
    /// ANSI escape codes, for a terminal.
    Ansi,
}

/// Renders `diagnostics` about `source`, which was read from `path`, without colour. Every diagnostic ends
/// with a newline and is set apart by an empty line; no diagnostics give an empty text.
pub fn render(diagnostics: &[Diagnostic], path: &str, source: &str) -> String {
    render_with(diagnostics, path, source, Colour::Plain)
}

/// [`render`] with a choice of colour.
pub fn render_with(diagnostics: &[Diagnostic], path: &str, source: &str, colour: Colour) -> String {
    let all: Vec<Shown<'_>> = diagnostics.iter().map(Shown::from).collect();
    shown(&all, path, source, colour)
}

/// A finding of any kind, as it is shown.
pub(crate) struct Shown<'a> {
    pub(crate) level: Level<'a>,
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    pub(crate) help: Option<&'a str>,
    pub(crate) span: Span,
}

impl<'a> From<&'a Diagnostic> for Shown<'a> {
    fn from(diagnostic: &'a Diagnostic) -> Self {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        Shown {
            level,
            code: diagnostic.code.as_str(),
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            span: diagnostic.span.clone(),
        }
    }
}

/// Shows findings about `source`, set apart by empty lines.
pub(crate) fn shown(all: &[Shown<'_>], path: &str, source: &str, colour: Colour) -> String {
    let renderer = match colour {
        Colour::Plain => Renderer::plain(),
        Colour::Ansi => Renderer::styled(),
    };
    let starts: Vec<usize> =
        std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let blocks: Vec<String> = all
        .iter()
        .map(|one| {
            let rendered = renderer.render(&[group(one, path, source, &starts)]);
            // Trailing blanks after `|` would differ from what an editor saves.
            let lines: Vec<&str> = rendered.lines().map(str::trim_end).collect();
            format!("{}\n", lines.join("\n"))
        })
        .collect();
    blocks.join("\n")
}

/// `starts` are the offsets at which lines start.
fn group<'a>(one: &'a Shown<'a>, path: &'a str, source: &'a str, starts: &[usize]) -> Group<'a> {
    // A finding may be shown beside another text than it was made for (an edited file): never panic.
    let start = text::floor_boundary(source, one.span.start);
    let end = text::floor_boundary(source, one.span.end).max(start);
    // The lines that are shown, and no others: each finding would look through the whole text.
    let line = |offset: usize| starts.partition_point(|start| *start <= offset);
    let first = line(start);
    let from = starts[first - 1];
    let to = starts.get(line(end)).copied().unwrap_or(source.len());
    let snippet = Snippet::source(&source[from..to])
        .line_start(first)
        .path(path)
        .annotation(AnnotationKind::Primary.span(start - from..end - from));
    let mut group = one.level.clone().primary_title(one.message).id(one.code).element(snippet);
    if let Some(help) = one.help {
        group = group.element(Level::HELP.message(help));
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    #[test]
    fn any_place_is_shown_as_if_the_whole_text_were_given() {
        for source in ["", "\n", "a", "# x\r\n\r\nné two\n\tlast", "# x\n\n\nend\n", "a\n\n"] {
            // The end behind the last line end is on a line of its own here, as it is for `position`.
            let places =
                (0..source.len()).flat_map(|start| (start..=source.len()).map(move |end| start..end));
            for place in places.filter(|place| source.get(place.clone()).is_some()) {
                let one = Diagnostic::new(Code::Placeholder, place.clone(), "placeholder text");
                let one = Shown::from(&one);
                let shown =
                    |starts: &[usize]| Renderer::plain().render(&[group(&one, "a.md", source, starts)]);
                let starts: Vec<usize> =
                    std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
                assert_eq!(shown(&starts), shown(&[0]), "{source:?} {place:?}");
            }
        }
    }

    #[test]
    fn a_diagnostic_shows_line_column_source_and_carets() {
        let source = "# Feature: æble\n\n## Goal\n\nTODO\n";
        let start = source.find("TODO").expect("present");
        let diagnostic = Diagnostic::new(Code::Placeholder, start..start + 4, "placeholder text")
            .with_help("say what is wanted");
        assert_eq!(
            render(&[diagnostic], "specs/x.md", source),
            "\
warning[S103]: placeholder text
 --> specs/x.md:5:1
  |
5 | TODO
  | ^^^^
  |
  = help: say what is wanted
"
        );
    }

    #[test]
    fn columns_agree_with_position_for_wide_characters() {
        let source = "ø <bad>\n";
        let diagnostic = Diagnostic::new(Code::Placeholder, 3..8, "placeholder text");
        let text = render(&[diagnostic], "a.md", source);
        let place = crate::position(source, 3);
        assert!(text.contains(&format!("a.md:{}:{}", place.line, place.column)), "{text}");
        assert!(text.contains("\n  |   ^^^^^\n"), "{text}");
    }

    #[test]
    fn several_diagnostics_are_set_apart_and_none_is_empty() {
        let one = Diagnostic::new(Code::MissingGoal, 0..1, "no goal");
        let text = render(&[one.clone(), one], "a.md", "# x\n");
        assert_eq!(text.matches("error[S004]: no goal\n").count(), 2);
        assert!(text.contains("\n\nerror"));
        assert_eq!(render(&[], "a.md", "# x\n"), "");
    }

    #[test]
    fn colour_is_an_option() {
        let one = Diagnostic::new(Code::MissingGoal, 0..1, "no goal");
        let coloured = render_with(std::slice::from_ref(&one), "a.md", "# x\n", Colour::Ansi);
        assert!(coloured.contains("\u{1b}["));
        assert!(!render(&[one], "a.md", "# x\n").contains('\u{1b}'));
    }

    #[test]
    fn spans_that_do_not_fit_the_text_do_not_panic() {
        for span in [0..99, 98..99, 1..2, 2..2] {
            let one = Diagnostic::new(Code::MissingGoal, span, "no goal");
            assert!(render(std::slice::from_ref(&one), "a.md", "日").contains("no goal"));
            assert!(render(&[one], "a.md", "").contains("no goal"));
        }
    }
}
