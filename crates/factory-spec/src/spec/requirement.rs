//! Lists of a section as items, and the items of Requirements as numbered requirements.

use std::collections::HashSet;

use pulldown_cmark::{Event, Tag};

use super::document::{Level, Requirement};
use super::level;
use super::outline::Located;
use super::plain;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::requirement_id;
use crate::text;

/// A top-level piece of a section.
struct Entry<'e, 'a> {
    kind: EntryKind,
    span: Span,
    events: &'e [Located<'a>],
}

enum EntryKind {
    /// An item of a numbered list, with the number that is its own.
    Numbered(u64),
    Bullet,
    Paragraph,
}

/// Which statements become requirements.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Statements {
    /// A Requirements section: list items, and paragraphs that begin with an id.
    Numbered,
    /// The Expected section of a bug: every item and every paragraph, in plain words.
    All,
}

/// The items of a section, one line each: list items, and paragraphs that do not introduce a list.
pub(super) fn items(source: &str, events: &[Located<'_>]) -> Vec<String> {
    entries(source, events)
        .iter()
        .map(|entry| (&entry.kind, plain::one_line(entry.events)))
        .filter(|(kind, line)| {
            let introduces = matches!(kind, EntryKind::Paragraph) && line.ends_with(':');
            !line.is_empty() && !introduces
        })
        .map(|(_, line)| line)
        .collect()
}

/// The requirements of a section. Warns of unnumbered ones and of statements outside the list; refuses
/// empty ones and ids given twice.
pub(super) fn requirements(
    source: &str,
    events: &[Located<'_>],
    statements: Statements,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Requirement> {
    let mut requirements: Vec<Requirement> = Vec::new();
    let mut ids = HashSet::new();
    let mut next = 1;
    for entry in entries(source, events) {
        let line = plain::one_line(entry.events);
        let explicit = requirement_id::split(&line, plain::starts_set_off(entry.events));
        let heading = text::first_line(source, entry.span.clone());
        let (id, words) = match (&entry.kind, explicit) {
            (_, Some((id, rest))) => (id.to_owned(), rest.to_owned()),
            (EntryKind::Numbered(number), None) => (format!("R{number}"), line.clone()),
            (EntryKind::Paragraph, None) if statements == Statements::Numbered => {
                if level::level(&line) != Level::Unstated {
                    diagnostics.push(
                        Diagnostic::new(
                            Code::LooseStatement,
                            heading,
                            "statement outside the numbered requirements is not verified",
                        )
                        .with_help("make it an item of the numbered list"),
                    );
                }
                continue;
            }
            (EntryKind::Bullet | EntryKind::Paragraph, None) => (format!("R{next}"), line.clone()),
        };
        let unnumbered = matches!(entry.kind, EntryKind::Bullet)
            && explicit.is_none()
            && statements == Statements::Numbered;
        if unnumbered {
            let message = format!("requirement has no number and is taken as {id}");
            diagnostics.push(
                Diagnostic::new(Code::UnnumberedRequirement, heading.clone(), message)
                    .with_help("use a numbered list, so that ids stay when items move"),
            );
        }
        if let Some(number) = id.strip_prefix('R').and_then(|number| number.parse::<u64>().ok()) {
            next = next.max(number.saturating_add(1));
        }
        let requirement = Requirement { level: level::level(&words), id, text: words, span: entry.span };
        let is_new = ids.insert(requirement.id.clone());
        check(&requirement, heading, statements, is_new, diagnostics);
        requirements.push(requirement);
    }
    requirements
}

fn check(
    requirement: &Requirement,
    place: Span,
    statements: Statements,
    is_new: bool,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let id = &requirement.id;
    if !is_new {
        let message = format!("requirement {id} is given twice");
        diagnostics.push(
            Diagnostic::new(Code::DuplicateRequirement, place.clone(), message)
                .with_help("give every requirement a number of its own"),
        );
    }
    if requirement.text.is_empty() {
        let message = format!("requirement {id} has no text");
        diagnostics.push(Diagnostic::new(Code::EmptyRequirement, place, message));
    } else if requirement.level == Level::Unstated && statements == Statements::Numbered {
        let message = format!("requirement {id} does not say MUST, SHOULD or MAY");
        diagnostics.push(
            Diagnostic::new(Code::UnstatedLevel, place, message)
                .with_help("write `MUST` or `MUST NOT` for what a change is refused for"),
        );
    }
}

fn entries<'e, 'a>(source: &str, events: &'e [Located<'a>]) -> Vec<Entry<'e, 'a>> {
    let mut entries = Vec::new();
    let mut index = 0;
    while index < events.len() {
        let end = closing(events, index);
        let (event, range) = &events[index];
        match event {
            Event::Start(Tag::List(first)) => {
                entries.extend(list(source, &events[index + 1..end], *first));
            }
            Event::Start(Tag::Paragraph) => entries.push(Entry {
                kind: EntryKind::Paragraph,
                span: text::trim(source, range.clone()),
                events: &events[index..end],
            }),
            _ => {}
        }
        index = end + 1;
    }
    entries
}

fn list<'e, 'a>(source: &str, events: &'e [Located<'a>], first: Option<u64>) -> Vec<Entry<'e, 'a>> {
    let mut items = Vec::new();
    let mut index = 0;
    while index < events.len() {
        let end = closing(events, index);
        let (event, range) = &events[index];
        if matches!(event, Event::Start(Tag::Item)) {
            items.push((text::trim(source, range.clone()), &events[index + 1..end]));
        }
        index = end + 1;
    }
    // The number that people see in the source is the id; only a list that writes one number throughout
    // (`1.` `1.` `1.`) leaves the counting to Markdown.
    let written: Vec<Option<u64>> = items.iter().map(|(span, _)| number(&source[span.clone()])).collect();
    let counted = written.len() > 1 && written.iter().all(|number| *number == written[0]);
    (0_u64..)
        .zip(items)
        .zip(written)
        .map(|((offset, (span, events)), written)| Entry {
            kind: match first {
                None => EntryKind::Bullet,
                Some(first) if counted => EntryKind::Numbered(first.saturating_add(offset)),
                Some(first) => EntryKind::Numbered(written.unwrap_or(first.saturating_add(offset))),
            },
            span,
            events,
        })
        .collect()
}

fn number(item: &str) -> Option<u64> {
    let end = item.find(|character: char| !character.is_ascii_digit())?;
    item[..end].parse().ok()
}

/// The index of the event that ends what starts at `index`; `index` itself if nothing starts there.
fn closing(events: &[Located<'_>], index: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, (event, _)) in events[index..].iter().enumerate() {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + offset;
        }
    }
    events.len().saturating_sub(1).max(index)
}
