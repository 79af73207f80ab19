//! From lines to the tree. What may follow what is the official grammar; a line that may not is refused, and
//! reading goes on behind it.

use std::collections::HashSet;

use super::Flavour;
use super::ast::{
    Background, Comment, DocString, Document, Examples, Feature, Header, Row, Rule, Scenario, Step, Tag,
};
use super::language::{self, ENGLISH, Opener};
use super::lint;
use super::token::{self, Fence, Matcher, Opening, Sentence, Token};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::line::Line;
use crate::scenario::label;

/// Where a text starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// At its top.
    Document,
    /// Inside a scenario that was opened elsewhere: the first scenario of the tree has no keyword.
    Steps,
}

/// What was read.
pub(crate) struct Parsed<'a> {
    pub(crate) document: Document,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Lines of descriptions, for whoever looks for what was meant as something else.
    pub(crate) prose: Vec<Prose<'a>>,
    /// Where the parts start in which a line was refused.
    pub(crate) broken: HashSet<usize>,
    pub(crate) language: &'static language::Language,
}

/// A line of a description.
pub(crate) struct Prose<'a> {
    pub(crate) line: Line<'a>,
    /// It describes a scenario or a background, so that a step could stand here.
    pub(crate) before_steps: bool,
    /// Where that part starts.
    pub(crate) part: usize,
}

/// The part that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Feature,
    Rule,
    Background,
    Scenario,
    Examples,
    /// A part that was refused as a whole.
    Refused,
}

struct Parser<'a> {
    matcher: Matcher,
    code: String,
    place: Place,
    /// Only blank lines, comments and a description have been read of the part.
    at_head: bool,
    description: Vec<&'a str>,
    /// The head of a part in Markdown has had a row of dashes: what follows is a description, as it is officially.
    in_description: bool,
    /// The last thing below the step that is being read was its table.
    in_table: bool,
    named_language: bool,
    tags: Vec<Tag>,
    tags_line: Option<Span>,
    document: Document,
    diagnostics: Vec<Diagnostic>,
    prose: Vec<Prose<'a>>,
    broken: HashSet<usize>,
}

/// Parses `lines`, which may be a part of a file.
pub(crate) fn parse_lines<'a>(lines: &[Line<'a>], flavour: Flavour, entry: Entry) -> Parsed<'a> {
    let mut parser = Parser {
        matcher: Matcher { flavour, language: language::english() },
        code: ENGLISH.to_owned(),
        place: Place::Top,
        at_head: true,
        description: Vec::new(),
        in_description: false,
        in_table: false,
        named_language: false,
        tags: Vec::new(),
        tags_line: None,
        document: Document::default(),
        diagnostics: Vec::new(),
        prose: Vec::new(),
        broken: HashSet::new(),
    };
    if entry == Entry::Steps {
        let start = lines.first().map_or(0, |line| line.start);
        parser.open_feature(Header { span: start..start, end: start, ..Header::default() });
        parser.open_scenario(Header { span: start..start, end: start, ..Header::default() }, false);
        parser.at_head = false;
    }
    let mut index = 0;
    while index < lines.len() {
        match parser.line(lines, index) {
            Some(next) => index = next,
            None => break,
        }
    }
    parser.refuse_tags();
    parser.close_head();
    Parsed {
        document: parser.document,
        diagnostics: parser.diagnostics,
        prose: parser.prose,
        broken: parser.broken,
        language: parser.matcher.language,
    }
}

impl<'a> Parser<'a> {
    /// Reads the line at `index`; the index of the next one, or none if the rest cannot be read.
    fn line(&mut self, lines: &[Line<'a>], index: usize) -> Option<usize> {
        let line = lines[index];
        let steps = matches!(self.place, Place::Background | Place::Scenario);
        let next = index + 1;
        let may_name_language = self.place == Place::Top
            && self.matcher.flavour == Flavour::Classic
            && !self.named_language
            && self.tags_line.is_none();
        if let Some(code) = language_line(line.text).filter(|_| may_name_language) {
            return self.speak(&line, code).then_some(next);
        }
        let token = self.matcher.token(&line, steps);
        // A Markdown text has a title, whatever it says.
        let token = match token {
            Token::Empty | Token::Dashes if self.is_untitled_line(&line) => Token::Other,
            token => token,
        };
        match token {
            Token::Empty => self.describe_rest(&line),
            Token::Dashes => self.in_description = self.at_head && self.place != Place::Refused,
            Token::Comment => self.comment(&line),
            Token::Tags => {
                self.tags_line.get_or_insert(line.span());
                self.read_tags(&line);
            }
            Token::Opener(opening) => self.open(&line, opening),
            Token::Step(sentence) => self.step(&line, sentence),
            Token::Row => self.row(&line),
            Token::Fence(fence) => return Some(self.fence(lines, index, fence)),
            Token::Covers => self.covers(&line),
            Token::Other => self.other(&line),
        }
        Some(next)
    }

    fn is_untitled_line(&self, line: &Line<'_>) -> bool {
        self.matcher.flavour == Flavour::Markdown && self.place == Place::Top && !line.trimmed().is_empty()
    }

    /// Goes on in another language; false if there is none with this code.
    fn speak(&mut self, line: &Line<'_>, code: &str) -> bool {
        self.named_language = true;
        if let Some(language) = language::named(code) {
            self.matcher.language = language;
            code.clone_into(&mut self.code);
            return true;
        }
        let message = format!("there is no language `{code}` in Gherkin");
        self.diagnostics.push(
            Diagnostic::new(Code::UnknownLanguage, line.span(), message)
                .with_help("name one by its code, such as `fr`, or leave the line out for English"),
        );
        false
    }

    fn comment(&mut self, line: &Line<'_>) {
        let span = line.start..line.start + line.text.len();
        self.document.comments.push(Comment { span, text: line.text.to_owned() });
    }

    fn read_tags(&mut self, line: &Line<'_>) {
        let text = line.trimmed();
        let end = text.find(" #").or_else(|| text.find("\t#")).unwrap_or(text.len());
        let text = &text[..end];
        let items: Vec<&str> = match self.matcher.flavour {
            Flavour::Classic => text[1..].split('@').collect(),
            Flavour::Markdown => {
                text.split(['`', ' ', '\t']).flat_map(|word| word.split('@').skip(1)).collect()
            }
        };
        for item in items {
            let name = item.trim();
            let place = line.span_of(item).start - 1..line.span_of(item).start + item.trim_end().len();
            if name.is_empty() || name.contains(char::is_whitespace) {
                let message = format!("`@{name}` is not a tag");
                self.diagnostics.push(
                    Diagnostic::new(Code::BadTag, place, message)
                        .with_help("a tag is `@` and a word without blanks"),
                );
            } else {
                self.tags.push(Tag { span: place, name: format!("@{name}") });
            }
        }
    }

    fn refuse_tags(&mut self) {
        self.tags.clear();
        if let Some(span) = self.tags_line.take() {
            self.diagnostics.push(
                Diagnostic::new(Code::BadTag, span, "these tags belong to no scenario")
                    .with_help("put tags on the line before `Scenario:`"),
            );
        }
    }

    fn open(&mut self, line: &Line<'a>, opening: Opening<'_>) {
        self.close_head();
        if opening.opener == Opener::Background {
            self.refuse_tags();
        }
        self.tags_line = None;
        let end = line.span().end;
        let header = Header {
            tags: std::mem::take(&mut self.tags),
            span: line.span_of(opening.keyword).start..end,
            keyword: Some(opening.keyword.to_owned()),
            name: opening.name.to_owned(),
            description: String::new(),
            covers: Vec::new(),
            end,
        };
        if self.place == Place::Top && opening.opener != Opener::Feature {
            let start = header.span.start;
            self.open_feature(Header { span: start..start, end: start, ..Header::default() });
        }
        match opening.opener {
            Opener::Feature if self.place == Place::Top => self.open_feature(header),
            Opener::Feature => {
                let help = "give every feature a file of its own";
                self.refuse_part(line, Code::UnknownLine, "a second feature in one file", help);
            }
            Opener::Background => self.open_background(line, header),
            Opener::Scenario => self.open_scenario(header, false),
            Opener::Outline => self.open_scenario(header, true),
            Opener::Examples => match self.place {
                Place::Scenario | Place::Examples => {
                    let scenario = self.scenario().expect("these places are in a scenario");
                    scenario.header.end = end;
                    scenario.examples.push(Examples { header, rows: Vec::new() });
                    self.place = Place::Examples;
                }
                // What they would belong to was refused already.
                Place::Refused => {}
                Place::Top | Place::Feature | Place::Rule | Place::Background => {
                    let help = "put them below the steps of a `Scenario Outline:`";
                    self.refuse_part(line, Code::UnknownLine, "these examples belong to no scenario", help);
                }
            },
            Opener::Rule => {
                if let Some(feature) = &mut self.document.feature {
                    feature.rules.push(Rule { header, background: None, scenarios: Vec::new() });
                    self.place = Place::Rule;
                }
            }
        }
        self.at_head = true;
    }

    fn open_feature(&mut self, header: Header) {
        self.document.feature = Some(Feature {
            header,
            language: self.code.clone(),
            background: None,
            scenarios: Vec::new(),
            rules: Vec::new(),
        });
        self.place = Place::Feature;
    }

    fn open_scenario(&mut self, header: Header, outline: bool) {
        let scenario = Scenario { header, outline, steps: Vec::new(), examples: Vec::new() };
        if let Some(feature) = &mut self.document.feature {
            match feature.rules.last_mut() {
                Some(rule) => rule.scenarios.push(scenario),
                None => feature.scenarios.push(scenario),
            }
            self.place = Place::Scenario;
        }
    }

    fn open_background(&mut self, line: &Line<'a>, header: Header) {
        let Some(feature) = &mut self.document.feature else {
            return;
        };
        let (slot, is_first) = match feature.rules.last_mut() {
            Some(rule) => (&mut rule.background, rule.scenarios.is_empty()),
            None => (&mut feature.background, feature.scenarios.is_empty()),
        };
        if slot.is_some() {
            let help = "put its steps into the first one";
            self.refuse_part(line, Code::BadBackground, "a second background", help);
        } else if !is_first {
            let help = "put it before the first scenario";
            self.refuse_part(line, Code::BadBackground, "a background behind a scenario", help);
        } else {
            *slot = Some(Background { header, steps: Vec::new() });
            self.place = Place::Background;
        }
    }

    /// Refuses the part that `line` opens.
    fn refuse_part(&mut self, line: &Line<'a>, code: Code, message: &str, help: &str) {
        self.place = Place::Refused;
        self.diagnostics.push(Diagnostic::new(code, line.span(), message).with_help(help));
    }

    fn step(&mut self, line: &Line<'a>, sentence: Sentence<'_>) {
        self.refuse_tags();
        self.close_head();
        self.at_head = false;
        self.in_table = false;
        let span = line.span_of(sentence.keyword).start..line.span().end;
        let step = Step {
            end: span.end,
            span,
            keyword: sentence.keyword.to_owned(),
            kind: sentence.kind,
            text: sentence.text.to_owned(),
            table: Vec::new(),
            doc_string: None,
        };
        let end = step.end;
        if let Some((header, steps)) = self.steps() {
            header.end = end;
            steps.push(step);
        }
    }

    fn row(&mut self, line: &Line<'a>) {
        self.refuse_tags();
        let row = Row { span: line.span(), cells: token::cells(line) };
        let in_table = self.in_table;
        match self.place {
            Place::Examples => {
                self.close_head();
                self.at_head = false;
                let scenario = self.scenario().expect("examples are in a scenario");
                scenario.header.end = row.span.end;
                let examples = scenario.examples.last_mut().expect("this place has examples");
                examples.header.end = row.span.end;
                let expected = examples.rows.first().map_or(row.cells.len(), |first| first.cells.len());
                examples.rows.push(row.clone());
                self.check_row(&row, expected);
            }
            Place::Background | Place::Scenario if !self.at_head => {
                let Some((header, steps)) = self.steps() else {
                    return;
                };
                let Some(step) = steps.last_mut().filter(|step| in_table || step.table.is_empty()) else {
                    return self.refuse(line);
                };
                (header.end, step.end) = (row.span.end, row.span.end);
                let expected = step.table.first().map_or(row.cells.len(), |first| first.cells.len());
                step.table.push(row.clone());
                self.in_table = true;
                self.check_row(&row, expected);
            }
            Place::Top
            | Place::Feature
            | Place::Rule
            | Place::Background
            | Place::Scenario
            | Place::Refused => {
                self.other(line);
            }
        }
    }

    fn check_row(&mut self, row: &Row, expected: usize) {
        let found = row.cells.len();
        if found != expected {
            let counted = if found == 1 { "1 cell".to_owned() } else { format!("{found} cells") };
            let message = format!("this row has {counted}, the first row has {expected}");
            self.diagnostics.push(
                Diagnostic::new(Code::RaggedTable, row.span.clone(), message)
                    .with_help("a cell ends with `|`; write `\\|` for one that is text"),
            );
        }
    }

    /// Reads a doc string, or the one line if none may stand here. Returns the index of the next line.
    fn fence(&mut self, lines: &[Line<'a>], index: usize, fence: Fence<'a>) -> usize {
        let line = lines[index];
        let is_place = matches!(self.place, Place::Background | Place::Scenario) && !self.at_head;
        if self.place == Place::Refused {
            let close = lines[index + 1..].iter().position(|line| closes(line, fence.delimiter));
            return close.map_or(index + 1, |offset| index + offset + 2);
        }
        let has_one =
            self.steps().is_none_or(|(_, steps)| steps.last().is_none_or(|step| step.doc_string.is_some()));
        if !is_place || has_one {
            if is_place {
                self.refuse(&line);
            } else {
                self.other(&line);
            }
            return index + 1;
        }
        self.refuse_tags();
        let close = lines[index + 1..].iter().position(|line| closes(line, fence.delimiter));
        let end = close.map_or(lines.len(), |offset| index + 1 + offset);
        if close.is_none() {
            let help = format!("end it with a line that is only `{}`", fence.delimiter);
            self.diagnostics.push(
                Diagnostic::new(Code::UnterminatedDocString, line.span(), "this block does not end")
                    .with_help(help),
            );
        }
        let indent = line.indent();
        let content: Vec<String> = lines[index + 1..end]
            .iter()
            .map(|line| token::content(line.text, indent, fence.delimiter))
            .collect();
        let last = lines[end.min(lines.len() - 1)].span().end;
        self.in_table = false;
        if let Some((header, steps)) = self.steps()
            && let Some(step) = steps.last_mut()
        {
            (header.end, step.end) = (last, last);
            step.doc_string = Some(DocString {
                span: line.span(),
                delimiter: fence.delimiter.to_owned(),
                media: (!fence.media.is_empty()).then(|| fence.media.to_owned()),
                content: content.join("\n"),
            });
        }
        (end + 1).min(lines.len())
    }

    fn covers(&mut self, line: &Line<'a>) {
        match self.place {
            Place::Top => {
                let start = line.span().start;
                self.open_feature(Header { span: start..start, end: start, ..Header::default() });
                self.covers(line);
                return;
            }
            Place::Refused => return,
            Place::Background => {
                self.diagnostics.push(label::covers_nothing(line));
                return;
            }
            Place::Feature | Place::Rule | Place::Scenario | Place::Examples => {}
        }
        let list = label::covers_line(line.trimmed()).unwrap_or_default();
        let labels = label::covers(line, list, &mut self.diagnostics);
        let header = if self.place == Place::Examples {
            self.scenario().map(|scenario| &mut scenario.header)
        } else {
            self.header()
        };
        if let Some(header) = header {
            header.end = header.end.max(line.span().end);
            header.covers.extend(labels.covers);
        }
    }

    /// A line that only a description may have.
    fn other(&mut self, line: &Line<'a>) {
        if self.place == Place::Refused {
            return;
        }
        if self.place == Place::Top && self.matcher.flavour == Flavour::Markdown {
            let tags = std::mem::take(&mut self.tags);
            self.tags_line = None;
            let name = line.text.trim_start().to_owned();
            self.open_feature(Header {
                tags,
                span: line.span(),
                name,
                end: line.span().end,
                ..Header::default()
            });
            return;
        }
        self.refuse_tags();
        if self.place == Place::Top || !self.at_head {
            return self.refuse(line);
        }
        self.description.push(line.text);
        let before_steps = matches!(self.place, Place::Background | Place::Scenario);
        let part = self.part();
        self.prose.push(Prose { line: *line, before_steps, part });
        let end = line.span().end;
        if let Some(header) = self.header() {
            header.end = end;
        }
    }

    /// A line that goes on with a description and starts none.
    fn describe_rest(&mut self, line: &Line<'a>) {
        let has_started = match self.matcher.flavour {
            Flavour::Classic => !self.description.is_empty(),
            Flavour::Markdown => self.in_description,
        };
        if self.at_head && has_started {
            self.description.push(line.text);
        }
    }

    fn refuse(&mut self, line: &Line<'a>) {
        let part = self.part();
        self.broken.insert(part);
        let at_top = self.place == Place::Top;
        self.diagnostics.push(lint::refused(line, self.matcher.language, at_top));
    }

    fn close_head(&mut self) {
        self.in_description = false;
        let lines = std::mem::take(&mut self.description);
        let length = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
        if length > 0
            && let Some(header) = self.header()
        {
            header.description = lines[..length].join("\n");
        }
    }

    fn scenario(&mut self) -> Option<&mut Scenario> {
        let feature = self.document.feature.as_mut()?;
        match feature.rules.last_mut() {
            Some(rule) => rule.scenarios.last_mut(),
            None => feature.scenarios.last_mut(),
        }
    }

    fn background(&mut self) -> Option<&mut Background> {
        let feature = self.document.feature.as_mut()?;
        match feature.rules.last_mut() {
            Some(rule) => rule.background.as_mut(),
            None => feature.background.as_mut(),
        }
    }

    /// Where the scenario or the other part starts that is being read.
    fn part(&mut self) -> usize {
        let scenario = match self.place {
            Place::Examples => self.scenario().map(|scenario| scenario.header.span.start),
            _ => None,
        };
        scenario.or_else(|| self.header().map(|header| header.span.start)).unwrap_or_default()
    }

    /// The header of the part that is being read.
    fn header(&mut self) -> Option<&mut Header> {
        match self.place {
            Place::Top | Place::Refused => None,
            Place::Feature => self.document.feature.as_mut().map(|feature| &mut feature.header),
            Place::Rule => self.document.feature.as_mut()?.rules.last_mut().map(|rule| &mut rule.header),
            Place::Background => self.background().map(|background| &mut background.header),
            Place::Scenario => self.scenario().map(|scenario| &mut scenario.header),
            Place::Examples => self.scenario()?.examples.last_mut().map(|examples| &mut examples.header),
        }
    }

    /// The steps that are being read, and the header of the part that has them.
    fn steps(&mut self) -> Option<(&mut Header, &mut Vec<Step>)> {
        match self.place {
            Place::Background => {
                self.background().map(|background| (&mut background.header, &mut background.steps))
            }
            Place::Scenario => self.scenario().map(|scenario| (&mut scenario.header, &mut scenario.steps)),
            Place::Top | Place::Feature | Place::Rule | Place::Examples | Place::Refused => None,
        }
    }
}

fn closes(line: &Line<'_>, delimiter: &str) -> bool {
    line.text.trim_start().starts_with(delimiter)
}

/// The code on a line such as `# language: fr`.
pub(crate) fn language_line(line: &str) -> Option<&str> {
    let rest = line.trim().strip_prefix('#')?.trim_start().strip_prefix("language")?;
    let code = rest.trim_start().strip_prefix(':')?.trim();
    let is_code = !code.is_empty()
        && code.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-' || byte == b'_');
    is_code.then_some(code)
}
