//! Entry of the scenario half: chooses the form of a file and runs its parser.

use super::fence::Fence;
use super::finish;
use super::gherkin;
use super::keyword;
use super::loose;
use super::markdown;
use super::model::Scenario;
use crate::diagnostic::{self, Code, Diagnostic, Span};
use crate::gherkin::{self as gherkin_tree, Flavour, Opener, english};
use crate::line::{self, Line};
use crate::text;

/// Parses the scenarios of a file. `path` decides the form (`.feature` is Gherkin, `.feature.md` is Gherkin's form in
/// Markdown if its steps are list items, anything else is loose Markdown unless it starts with a keyword), is kept in every scenario and is the first half of its id. The
/// scenarios hold what could be understood even if there are errors; the diagnostics are in the order of the
/// source.
pub fn parse_scenarios(source: &str, path: &str) -> (Vec<Scenario>, Vec<Diagnostic>) {
    let source = text::without_bom(source);
    let source = source.as_ref();
    let mut diagnostics = Vec::new();
    diagnostics.extend(bad_character(source));
    let drafts = match form(source, path) {
        Form::Gherkin => gherkin::document(&line::lines(source), Flavour::Classic, &mut diagnostics),
        form @ (Form::MarkdownGherkin | Form::Loose) => {
            let comments = comments(source, &mut diagnostics);
            let visible = text::blank(source, &comments);
            let lines = line::lines(&visible);
            if form == Form::MarkdownGherkin && is_markdown_gherkin(&lines) {
                gherkin::document(&lines, Flavour::Markdown, &mut diagnostics)
            } else {
                markdown::parse(&lines, &mut diagnostics)
            }
        }
    };
    let scenarios = finish::scenarios(drafts, path, &mut diagnostics);
    diagnostic::sort(&mut diagnostics);
    diagnostics.dedup();
    (scenarios, diagnostics)
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Gherkin,
    /// Gherkin's own form in Markdown, if all steps are list items as it demands.
    MarkdownGherkin,
    Loose,
}

fn form(source: &str, path: &str) -> Form {
    if path.ends_with(".feature") || starts_as_gherkin(source) {
        Form::Gherkin
    } else if path.ends_with(".feature.md") {
        Form::MarkdownGherkin
    } else {
        Form::Loose
    }
}

/// The first character that has no place in a text: what is behind it may be seen by nobody, or is lost already.
fn bad_character(source: &str) -> Option<Diagnostic> {
    let (at, character) = source
        .char_indices()
        .find(|(_, character)| matches!(character, '\0' | '\u{fffd}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))?;
    let message = match character {
        '\0' => "a NUL character".to_owned(),
        '\u{fffd}' => "a replacement character, which stands for bytes that are not UTF-8".to_owned(),
        _ => format!("the character U+{:04X}, which shows text in another order", u32::from(character)),
    };
    Some(
        Diagnostic::new(Code::BadCharacter, at..at + character.len_utf8(), message)
            .with_help("take it out, and save the file as UTF-8"),
    )
}

/// True if the first line that says something is a keyword of Gherkin: then `#` starts a comment, not a heading.
fn starts_as_gherkin(source: &str) -> bool {
    let lines = line::lines(source);
    let mut first = lines.iter().map(Line::trimmed).filter(|line| !line.is_empty() && !line.starts_with('@'));
    let language = first.clone().next().and_then(gherkin_tree::language_line).and_then(gherkin_tree::named);
    if let Some(language) = language {
        return first.nth(1).is_none_or(|line| language.opener(line).is_some() || line.starts_with('#'));
    }
    let is_markdown = lines.iter().map(Line::trimmed).any(|line| {
        let heading = loose::heading(line).and_then(|(_, text)| keyword::heading_opener(text));
        heading.is_some() || line.starts_with("```gherkin")
    });
    let opens = |line: &str| match keyword::opener(line) {
        Some((Opener::Feature | Opener::Background | Opener::Scenario | Opener::Outline, _)) => true,
        Some((Opener::Examples | Opener::Rule, _)) | None => false,
    };
    !is_markdown && first.find(|line| !line.starts_with('#')).is_some_and(opens)
}

/// True if the steps are list items and the parts are headings, so that nothing is passed over when all else is
/// taken as prose.
fn is_markdown_gherkin(lines: &[Line<'_>]) -> bool {
    let mut fence: Option<Fence<'_>> = None;
    let mut has_steps = false;
    // Below examples there are no steps: what starts like one is a sentence about them.
    let mut in_examples = false;
    for line in lines {
        if let Some(open) = &fence {
            if open.is_closed_by(line) {
                fence = None;
            }
            continue;
        }
        fence = Fence::open(line, &['`', '~', '"']);
        let text = line.trimmed();
        if let Some((opener, _)) = loose::heading(text).and_then(|(_, text)| keyword::heading_opener(text)) {
            in_examples = opener == Opener::Examples;
        }
        let item = text.strip_prefix(['*', '+', '-']).map(str::trim_start);
        if item.is_some_and(|item| english().step(item).is_some()) {
            has_steps = true;
        } else if !in_examples && (loose::step(text, false).is_some() || loose::misspelled(text).is_some())
            || markdown::bare_opener(text).is_some()
            || fence.as_ref().is_some_and(|fence| fence.is_of_gherkin()) && !has_steps
        {
            return false;
        }
    }
    has_steps
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
        let mut counted = line.start;
        let mut in_code = false;
        while let Some(offset) = source[from..end].find("<!--") {
            let open = from + offset;
            // An odd number of backticks before it: the mark is in code.
            in_code ^= source[counted..open].matches('`').count() % 2 == 1;
            counted = open;
            if in_code {
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
