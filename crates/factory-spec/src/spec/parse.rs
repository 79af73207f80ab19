//! From Markdown to a [`SpecDocument`], with the checks that block a run.

use super::document::{SpecDocument, SpecKind};
use super::outline::{self, Outline};
use super::placeholder;
use super::plain;
use super::reference;
use super::requirement::{self, Statements};
use super::section::Section;
use crate::diagnostic::{self, Code, Diagnostic, Span};
use crate::text;

/// Parses a specification. The document holds what could be understood even if there are errors; the
/// diagnostics are in the order of the source.
pub fn parse_spec(source: &str) -> (SpecDocument, Vec<Diagnostic>) {
    let source = text::without_bom(source);
    let source = source.as_ref();
    let mut diagnostics = Vec::new();
    if source.trim().is_empty() {
        diagnostics.push(
            Diagnostic::new(Code::EmptyDocument, 0..0, "the specification is empty")
                .with_help("start with `# Feature: …` and a `## Goal`"),
        );
        return (SpecDocument::default(), diagnostics);
    }
    let outline = outline::outline(source, &mut diagnostics);
    let (kind, title, title_span) = title(source, &outline, &mut diagnostics);
    let mut document = SpecDocument {
        kind,
        title,
        title_span,
        goal: markdown(source, &outline, Section::Goal),
        context: markdown(source, &outline, Section::Context),
        requirements: Vec::new(),
        constraints: items(source, &outline, Section::Constraints),
        edge_cases: items(source, &outline, Section::EdgeCases),
        non_goals: items(source, &outline, Section::NonGoals),
        symptom: markdown(source, &outline, Section::Symptom),
        reproduction: items(source, &outline, Section::Reproduction),
        expected: items(source, &outline, Section::Expected),
        references: outline
            .section(Section::Context)
            .map(|content| reference::references(source, &content.events))
            .unwrap_or_default(),
        code: reference::code(outline.sections.iter().filter(|content| content.section != Section::NonGoals)),
    };
    let stated = outline.section(Section::Requirements).map(|content| (content, Statements::Numbered));
    let expected = outline
        .section(Section::Expected)
        .filter(|_| kind == SpecKind::Bug)
        .map(|content| (content, Statements::All));
    if let Some((content, statements)) = stated.or(expected) {
        document.requirements =
            requirement::requirements(source, &content.events, statements, &mut diagnostics);
    }
    check_sections(&document, &outline, &mut diagnostics);
    placeholder::check(source, &outline.verbatim, &mut diagnostics);
    diagnostic::sort(&mut diagnostics);
    (document, diagnostics)
}

fn title(source: &str, outline: &Outline<'_>, diagnostics: &mut Vec<Diagnostic>) -> (SpecKind, String, Span) {
    let (heading, span) = outline
        .titles
        .first()
        .cloned()
        .unwrap_or_else(|| (String::new(), text::first_line(source, 0..source.len())));
    let (kind, title) = match heading.split_once(':') {
        Some((kind, rest)) if kind.trim().eq_ignore_ascii_case("feature") => (SpecKind::Feature, rest),
        Some((kind, rest)) if kind.trim().eq_ignore_ascii_case("bug") => (SpecKind::Bug, rest),
        _ => (SpecKind::Feature, heading.as_str()),
    };
    let title = title.trim().to_owned();
    if title.is_empty() {
        diagnostics.push(
            Diagnostic::new(Code::MissingTitle, span.clone(), "the specification has no title")
                .with_help("start with `# Feature: …` or `# Bug: …`"),
        );
    }
    for (other, span) in outline.titles.iter().skip(1) {
        let message = format!("second title `{other}`: one specification is one goal");
        let help = match Section::from_heading(other) {
            Some(section) => format!("write the section as `## {}`", section.name()),
            None => "move it to a specification of its own, or make it a `##` heading".to_owned(),
        };
        diagnostics.push(Diagnostic::new(Code::SeveralTitles, span.clone(), message).with_help(help));
    }
    (kind, title, span)
}

/// The Markdown of a section with `\n` line ends; empty if it says nothing (a comment says nothing).
fn markdown(source: &str, outline: &Outline<'_>, section: Section) -> String {
    let Some(content) = outline.section(section) else {
        return String::new();
    };
    if plain::one_line(&content.events).is_empty() {
        return String::new();
    }
    let bodies: Vec<String> = content
        .bodies
        .iter()
        .map(|body| source[text::trim(source, body.clone())].replace("\r\n", "\n"))
        .filter(|body| !body.is_empty())
        .collect();
    bodies.join("\n\n")
}

fn items(source: &str, outline: &Outline<'_>, section: Section) -> Vec<String> {
    outline.section(section).map(|content| requirement::items(source, &content.events)).unwrap_or_default()
}

fn check_sections(document: &SpecDocument, outline: &Outline<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut missing = |section: Section, code: Code, help: &str| {
        let name = section.name();
        let (span, message) = match outline.section(section) {
            Some(content) => (content.heading.clone(), format!("section `{name}` is empty")),
            None => (document.title_span.clone(), format!("section `{name}` is missing")),
        };
        diagnostics.push(Diagnostic::new(code, span, message).with_help(help));
    };
    match document.kind {
        SpecKind::Feature => {
            if document.goal.is_empty() {
                missing(
                    Section::Goal,
                    Code::MissingGoal,
                    "say under `## Goal` what is better afterwards, and for whom",
                );
            }
            if document.requirements.is_empty() {
                missing(
                    Section::Requirements,
                    Code::MissingRequirements,
                    "list under `## Requirements` what MUST hold: `1. The service MUST …`",
                );
            }
            if document.context.is_empty() {
                missing(
                    Section::Context,
                    Code::MissingSection,
                    "name the files and terms that the change builds on",
                );
            }
            if document.constraints.is_empty() {
                missing(Section::Constraints, Code::MissingSection, "say what the change has to keep to");
            }
        }
        SpecKind::Bug => {
            if document.symptom.is_empty() {
                missing(Section::Symptom, Code::MissingSymptom, "say under `## Symptom` what is seen");
            }
            if document.requirements.is_empty() {
                missing(
                    Section::Expected,
                    Code::MissingRequirements,
                    "say under `## Expected` what should be seen instead",
                );
            }
            if document.reproduction.is_empty() {
                missing(Section::Reproduction, Code::MissingSection, "list the steps that show the symptom");
            }
        }
    }
    if document.edge_cases.is_empty() {
        missing(
            Section::EdgeCases,
            Code::MissingEdgeCases,
            "list the inputs and moments at which it could go wrong",
        );
    }
    if document.kind == SpecKind::Feature && document.non_goals.is_empty() {
        missing(Section::NonGoals, Code::MissingSection, "say what the change shall leave alone");
    }
}
