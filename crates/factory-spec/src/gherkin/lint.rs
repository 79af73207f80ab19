//! What a line was meant as, where the grammar refuses it or takes it for a description in silence.

use super::ast::StepKind;
use super::language::{self, Language};
use super::parser::Prose;
use crate::diagnostic::{Code, Diagnostic};
use crate::line::Line;
use crate::scenario::{draft, keyword};

/// The finding about a line that the grammar refuses.
pub(super) fn refused(line: &Line<'_>, language: &Language, at_top: bool) -> Diagnostic {
    if let Some(found) = step_or_keyword(line, language) {
        return found;
    }
    let unknown = |message: &str| Diagnostic::new(Code::UnknownLine, line.span(), message);
    let text = line.trimmed();
    if at_top {
        unknown("this line belongs to no scenario").with_help("start with `Feature: …` or `Scenario: …`")
    } else if text.starts_with('|') {
        unknown("a step has one table")
    } else if is_fence(text) {
        unknown("a step has one block of text")
    } else {
        unknown("this line is no step, and a step is one line")
    }
}

/// The finding about a line of a description that was probably meant as something else.
pub(crate) fn described(prose: &Prose<'_>, language: &Language) -> Option<Diagnostic> {
    let line = &prose.line;
    let text = line.trimmed();
    if !prose.before_steps {
        if let Some(meant) = misspelled(text, language) {
            return Some(draft::misspelled(line, &meant));
        }
        let step =
            language.step(text).filter(|(_, kind, said)| *kind != StepKind::Unknown && !said.is_empty());
        return step.map(|_| outside_scenario(line));
    }
    if text.starts_with('|') {
        return Some(Diagnostic::new(Code::UnknownLine, line.span(), "a table needs a step before it"));
    }
    if is_fence(text) {
        return Some(Diagnostic::new(
            Code::UnknownLine,
            line.span(),
            "a block of text needs a step before it",
        ));
    }
    step_or_keyword(line, language)
}

/// The warning about a sentence that no scenario has.
pub(crate) fn outside_scenario(line: &Line<'_>) -> Diagnostic {
    Diagnostic::new(Code::StepOutsideScenario, line.span(), "this sentence belongs to no scenario")
        .with_help("put it below a `Scenario: …` line")
}

fn is_fence(text: &str) -> bool {
    text.starts_with("\"\"\"") || text.starts_with("```")
}

/// A step without a sentence, or a line that starts with something like a keyword.
fn step_or_keyword(line: &Line<'_>, language: &Language) -> Option<Diagnostic> {
    let text = line.trimmed();
    if language.is_lone_step(text) {
        return Some(
            Diagnostic::new(Code::EmptyStep, line.span(), "this step says nothing")
                .with_help("write a sentence behind the keyword"),
        );
    }
    misspelled_step(text, language).map(|meant| draft::misspelled(line, &meant))
}

/// The keyword that a line was meant to start with; `GIVEN` and `Given:` are such, too.
fn misspelled_step(line: &str, language: &Language) -> Option<String> {
    let end = line.find(|character: char| !character.is_alphabetic()).unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    let shouted = word.len() > 1 && !word.contains(char::is_lowercase);
    let is_english = std::ptr::eq(language, language::english());
    match keyword::step_in_any_case(word).filter(|_| is_english) {
        Some(step) if shouted || rest.starts_with(':') => keyword::name(step).map(str::to_owned),
        Some(_) => None,
        None => misspelled(line, language),
    }
}

fn misspelled(line: &str, language: &Language) -> Option<String> {
    if std::ptr::eq(language, language::english()) {
        keyword::misspelled(line).map(str::to_owned)
    } else {
        language.near_opener(line).map(|keyword| format!("{keyword}:"))
    }
}
