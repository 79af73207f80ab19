//! A Markdown document cut at its headings into the sections of a specification.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::plain;
use super::section::Section;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::text;

/// A Markdown event and the bytes it came from.
pub(super) type Located<'a> = (Event<'a>, Range<usize>);

/// The headings and contents of a document.
#[derive(Default)]
pub(super) struct Outline<'a> {
    /// Level-one headings in order: text and place.
    pub(super) titles: Vec<(String, Span)>,
    /// Known sections in order of first appearance; a repeated one is merged into the first.
    pub(super) sections: Vec<Content<'a>>,
    /// Where prose must not be searched for placeholders: code, comments, links in angle brackets.
    pub(super) verbatim: Vec<Span>,
    /// The length of the document in bytes.
    length: usize,
}

/// One known section.
pub(super) struct Content<'a> {
    pub(super) section: Section,
    /// The heading's line.
    pub(super) heading: Span,
    /// Everything up to the next section, with headings below the section's own left out.
    pub(super) events: Vec<Located<'a>>,
    /// The same as bytes of the source, with those headings; one range for each time the section is given.
    pub(super) bodies: Vec<Span>,
}

impl<'a> Outline<'a> {
    pub(super) fn section(&self, section: Section) -> Option<&Content<'a>> {
        self.sections.iter().find(|content| content.section == section)
    }
}

/// Where the events go that are no heading.
#[derive(Clone, Copy)]
enum Target {
    /// Index into the sections, and the level of the section's heading.
    Section(usize, HeadingLevel),
    /// Text that no section owns.
    Nowhere,
}

/// Cuts `source`; warns of repeated and misspelled sections.
pub(super) fn outline<'a>(source: &'a str, diagnostics: &mut Vec<Diagnostic>) -> Outline<'a> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut outline = Outline { length: source.len(), ..Outline::default() };
    let mut target = Target::Nowhere;
    let mut depth = 0_usize;
    let mut heading: Option<(HeadingLevel, Span, Vec<Located<'a>>)> = None;
    for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
        note_verbatim(&mut outline.verbatim, source, &event, &range);
        match event {
            // Only headings of the document itself cut it, not those quoted or inside a list.
            Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                heading = Some((level, text::trim(source, range), Vec::new()));
            }
            Event::End(TagEnd::Heading(_)) if heading.is_some() => {
                let (level, span, events) = heading.take().expect("the guard saw a heading");
                let title = plain::one_line(&events);
                target = enter(&mut outline, target, level, title, span, diagnostics);
            }
            event => {
                match &event {
                    Event::Start(_) => depth += 1,
                    Event::End(_) => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if let Some((_, _, events)) = &mut heading {
                    events.push((event, range));
                } else if let Target::Section(index, _) = target {
                    outline.sections[index].events.push((event, range));
                }
            }
        }
    }
    outline
}

fn enter(
    outline: &mut Outline<'_>,
    target: Target,
    level: HeadingLevel,
    title: String,
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Target {
    let is_first_title = level == HeadingLevel::H1 && outline.titles.is_empty();
    if level == HeadingLevel::H1 {
        outline.titles.push((title.clone(), span.clone()));
    }
    let known = Section::from_heading(&title).filter(|_| !is_first_title);
    match (known, target) {
        // A heading below the section's own groups its content.
        (None, Target::Section(_, own)) if level > own => return target,
        (_, Target::Section(index, _)) => {
            if let Some(body) = outline.sections[index].bodies.last_mut() {
                body.end = span.start;
            }
        }
        (_, Target::Nowhere) => {}
    }
    match known {
        Some(section) => open(outline, section, level, span, diagnostics),
        None => {
            if !is_first_title && let Some(meant) = Section::nearest(&title) {
                let message = format!("unknown section `{title}`");
                diagnostics.push(
                    Diagnostic::new(Code::UnknownSection, span, message)
                        .with_help(format!("did you mean `## {}`?", meant.name())),
                );
            }
            Target::Nowhere
        }
    }
}

fn open(
    outline: &mut Outline<'_>,
    section: Section,
    level: HeadingLevel,
    heading: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Target {
    let body = heading.end..outline.length;
    let existing = outline.sections.iter().position(|content| content.section == section);
    if let Some(index) = existing {
        let message = format!("section `{}` is given twice", section.name());
        diagnostics.push(
            Diagnostic::new(Code::RepeatedSection, heading, message)
                .with_help("both are read as one; merge them"),
        );
        outline.sections[index].bodies.push(body);
        return Target::Section(index, level);
    }
    outline.sections.push(Content { section, heading, events: Vec::new(), bodies: vec![body] });
    Target::Section(outline.sections.len() - 1, level)
}

fn note_verbatim(verbatim: &mut Vec<Span>, source: &str, event: &Event<'_>, range: &Range<usize>) {
    let is_verbatim = match event {
        Event::Code(_) | Event::Start(Tag::CodeBlock(_) | Tag::MetadataBlock(_)) => true,
        Event::Start(Tag::Link { .. }) => source[range.clone()].starts_with('<'),
        Event::Html(html) | Event::InlineHtml(html) => html.trim_start().starts_with("<!--"),
        // A comment over several lines comes as one event per line inside its block.
        Event::Start(Tag::HtmlBlock) => source[range.clone()].trim_start().starts_with("<!--"),
        _ => false,
    };
    if is_verbatim {
        verbatim.push(range.clone());
    }
}
