//! Markdown as blocks of prose. What is not prose is blanked, so that offsets into the text are offsets into the source.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::diagnostic::Span;

/// The prose of a document.
#[derive(Debug, Default)]
pub(crate) struct Markdown {
    /// As long as the source; what is not prose or code within prose is blank.
    pub(crate) text: String,
    /// The same in ASCII lower case.
    pub(crate) lower: String,
    /// Paragraphs, list items and cells, in order.
    pub(crate) blocks: Vec<Block>,
    pub(crate) headings: Vec<Heading>,
    /// Code within prose, with its backticks, in order.
    pub(crate) code: Vec<Span>,
}

/// A run of prose without a break between blocks in it.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) span: Span,
    pub(crate) kind: BlockKind,
    /// Index of the heading that it stands under.
    pub(crate) heading: Option<usize>,
    /// Whether it is what its item begins with.
    pub(crate) leads: bool,
    /// Whether it begins with words that are emphasized or code.
    pub(crate) set_off: bool,
}

/// What a run of prose is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockKind {
    Paragraph,
    /// The text of a list item, with its depth from 1.
    Item(usize),
    Cell,
    /// A paragraph that somebody else is quoted with.
    Quote,
}

/// A heading.
#[derive(Debug, Clone)]
pub(crate) struct Heading {
    /// From 1.
    pub(crate) level: usize,
    pub(crate) text: String,
    pub(crate) span: Span,
    /// Index of the heading that it stands under.
    pub(crate) parent: Option<usize>,
}

impl Markdown {
    /// The heading of a block and all those above it, the nearest first.
    pub(crate) fn path(&self, heading: Option<usize>) -> impl Iterator<Item = &Heading> {
        let mut next = heading;
        std::iter::from_fn(move || {
            let heading = self.headings.get(next?)?;
            next = heading.parent;
            Some(heading)
        })
    }
}

struct Reader<'a> {
    source: &'a str,
    bytes: Vec<u8>,
    found: Markdown,
    open: Option<Block>,
    heading: Option<(usize, Span, String)>,
    lists: usize,
    items: Vec<usize>,
    count: usize,
    fresh: bool,
    quotes: usize,
    in_cell: bool,
    hidden: usize,
    /// The last heading of each level.
    above: [Option<usize>; 7],
}

/// Reads the prose of `source`.
pub(crate) fn read(source: &str) -> Markdown {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut reader = Reader {
        source,
        bytes: vec![b' '; source.len()],
        found: Markdown::default(),
        open: None,
        heading: None,
        lists: 0,
        items: Vec::new(),
        count: 0,
        fresh: false,
        quotes: 0,
        in_cell: false,
        hidden: 0,
        above: [None; 7],
    };
    for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
        reader.take(event, range);
    }
    reader.close();
    let Reader { bytes, mut found, .. } = reader;
    found.text = String::from_utf8(bytes).expect("whole characters are copied, all else is blank");
    found.lower = found.text.to_ascii_lowercase();
    found
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(&tag, range),
            Event::End(tag) => self.end(tag, &range),
            Event::Text(_) => self.text(range, false),
            Event::Code(_) => {
                if self.hidden == 0 {
                    self.found.code.push(range.clone());
                }
                self.text(range, true);
            }
            Event::SoftBreak | Event::HardBreak => {
                if self.hidden == 0 {
                    self.bytes[range.end - 1] = b'\n';
                }
                if let Some((_, _, title)) = &mut self.heading {
                    title.push(' ');
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } => {
                let strong = matches!(tag, Tag::Emphasis | Tag::Strong);
                if strong && self.hidden == 0 && self.heading.is_none() && self.open.is_none() {
                    self.open(range.start, true);
                }
                return;
            }
            Tag::Image { .. } => {
                self.hidden += 1;
                return;
            }
            _ => self.close(),
        }
        match tag {
            Tag::Heading { level, .. } => self.heading = Some((depth(*level), range, String::new())),
            Tag::List(_) => self.lists += 1,
            Tag::Item => {
                self.count += 1;
                self.items.push(self.count);
                self.fresh = true;
            }
            Tag::BlockQuote(_) => self.quotes += 1,
            Tag::TableCell => self.in_cell = true,
            Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::MetadataBlock(_) => self.hidden += 1,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link => return,
            TagEnd::Image => {
                self.hidden = self.hidden.saturating_sub(1);
                return;
            }
            _ => self.close(),
        }
        match tag {
            TagEnd::Heading(_) => self.end_heading(range),
            TagEnd::List(_) => self.lists = self.lists.saturating_sub(1),
            TagEnd::Item => {
                self.items.pop();
                self.fresh = false;
            }
            TagEnd::BlockQuote(_) => self.quotes = self.quotes.saturating_sub(1),
            TagEnd::TableCell => self.in_cell = false,
            TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::MetadataBlock(_) => {
                self.hidden = self.hidden.saturating_sub(1);
            }
            _ => {}
        }
    }

    fn end_heading(&mut self, range: &Range<usize>) {
        let Some((level, _, text)) = self.heading.take() else { return };
        let parent = self.above[..level].iter().rev().find_map(|above| *above);
        let span = crate::text::trim(self.source, range.clone());
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.found.headings.push(Heading { level, text, span, parent });
        self.above[level] = Some(self.found.headings.len() - 1);
        for deeper in &mut self.above[level + 1..] {
            *deeper = None;
        }
    }

    fn text(&mut self, range: Range<usize>, is_code: bool) {
        if self.hidden > 0 {
            return;
        }
        if let Some((_, _, title)) = &mut self.heading {
            title.push_str(&self.source[range]);
            return;
        }
        self.bytes[range.clone()].copy_from_slice(&self.source.as_bytes()[range.clone()]);
        if self.open.is_none() {
            self.open(range.start, is_code);
        }
        if let Some(block) = &mut self.open {
            block.span.end = block.span.end.max(range.end);
        }
    }

    fn open(&mut self, start: usize, set_off: bool) {
        let kind = if self.in_cell {
            BlockKind::Cell
        } else if self.quotes > 0 {
            BlockKind::Quote
        } else if self.items.is_empty() {
            BlockKind::Paragraph
        } else {
            BlockKind::Item(self.lists)
        };
        let heading = self.above.iter().rev().find_map(|above| *above);
        self.open = Some(Block { span: start..start, kind, heading, leads: self.fresh, set_off });
        self.fresh = false;
    }

    fn close(&mut self) {
        if let Some(block) = self.open.take()
            && !block.span.is_empty()
        {
            self.found.blocks.push(block);
        }
    }
}

fn depth(level: HeadingLevel) -> usize {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_keeps_its_place_and_all_else_is_blank() {
        let source =
            "# T\n\nOne *two* `c`.\n\n```\ncode\n```\n\n- a\n\n  b\n  - é [l](u)\n\n<!-- x -->\n> q\n";
        let found = read(source);
        let texts: Vec<&str> = found.blocks.iter().map(|block| &source[block.span.clone()]).collect();
        assert_eq!(texts, ["One *two* `c`.", "a", "b", "é [l", "q"]);
        let kinds: Vec<BlockKind> = found.blocks.iter().map(|block| block.kind).collect();
        use BlockKind::{Item, Paragraph, Quote};
        assert_eq!(kinds, [Paragraph, Item(1), Item(1), Item(2), Quote]);
        assert_eq!(found.text.len(), source.len());
        assert!(found.text.contains("One  two  `c`.") && !found.text.contains("code"));
        assert_eq!(found.headings[0].text, "T");
        assert!(!found.text.contains("<!--"));
    }
}
