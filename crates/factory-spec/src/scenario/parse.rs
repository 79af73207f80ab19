//! Entry of the scenario half: chooses the form of a file and runs its parser.

use super::fence::Fence;
use super::finish;
use super::gherkin::{self, Start};
use super::keyword::{self, Opener};
use super::line::{self, Line};
use super::loose;
use super::markdown;
use super::model::Scenario;
use crate::diagnostic::{self, Code, Diagnostic, Span};
use crate::text;

/// Parses the scenarios of a file. `path` decides the form (`.feature` is Gherkin, anything else is Markdown
/// unless it starts with a Gherkin keyword), is kept in every scenario and is the first half of its id. The
/// scenarios hold what could be understood even if there are errors; the diagnostics are in the order of the
/// source.
pub fn parse_scenarios(source: &str, path: &str) -> (Vec<Scenario>, Vec<Diagnostic>) {
    let source = text::without_bom(source);
    let source = source.as_ref();
    let mut diagnostics = Vec::new();
    let is_gherkin = path.ends_with(".feature") || starts_as_gherkin(source);
    let drafts = if is_gherkin {
        let lines = line::lines(source);
        gherkin::parse(&lines, Start::Document, &mut diagnostics).into_drafts(&mut diagnostics)
    } else {
        let comments = comments(source, &mut diagnostics);
        let visible = text::blank(source, &comments);
        markdown::parse(&line::lines(&visible), &mut diagnostics)
    };
    let scenarios = finish::scenarios(drafts, path, &mut diagnostics);
    diagnostic::sort(&mut diagnostics);
    (scenarios, diagnostics)
}

/// True if the first line that says something is a keyword of Gherkin: then `#` starts a comment, not a heading.
fn starts_as_gherkin(source: &str) -> bool {
    let lines = line::lines(source);
    let first =
        lines.iter().map(Line::trimmed).find(|line| !line.is_empty() && !line.starts_with(['@', '#']));
    let is_markdown = lines.iter().map(Line::trimmed).any(|line| {
        let heading = loose::heading(line).and_then(|(_, text)| keyword::heading_opener(text));
        heading.is_some() || line.starts_with("```gherkin")
    });
    let opens = |line: &str| match keyword::opener(line) {
        Some((Opener::Feature | Opener::Background | Opener::Scenario | Opener::Outline, _)) => true,
        Some((Opener::Examples | Opener::Rule, _)) | None => false,
    };
    !is_markdown && first.is_some_and(opens)
}

/// The HTML comments of Markdown outside code. One without end hides the rest and is an error.
fn comments(source: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Span> {
    let mut comments = Vec::new();
    let mut fence: Option<Fence<'_>> = None;
    let mut hidden_to = 0;
    for line in line::lines(source) {
        let end = line.start + line.text.len();
        if line.start < hidden_to && end <= hidden_to {
            continue;
        }
        if let Some(open) = &fence {
            if open.is_closed_by(&line) {
                fence = None;
            }
            continue;
        }
        if line.start >= hidden_to {
            fence = Fence::open(&line, &['`', '~', '"']);
            if fence.is_some() {
                continue;
            }
        }
        let mut from = line.start.max(hidden_to);
        while let Some(offset) = source[from..end].find("<!--") {
            let open = from + offset;
            // An odd number of backticks before it: the mark is in code.
            if source[line.start..open].matches('`').count() % 2 == 1 {
                from = open + 4;
                continue;
            }
            hidden_to = match source[open + 4..].find("-->") {
                Some(close) => open + 4 + close + 3,
                None => {
                    diagnostics.push(
                        Diagnostic::new(
                            Code::UnterminatedComment,
                            open..open + 4,
                            "this comment does not end",
                        )
                        .with_help("end it with `-->`"),
                    );
                    source.len()
                }
            };
            comments.push(open..hidden_to);
            if hidden_to > end {
                break;
            }
            from = hidden_to;
        }
    }
    comments
}
