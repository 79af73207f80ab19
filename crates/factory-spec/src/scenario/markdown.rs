//! Loose Markdown: `# Scenario: …` headings with Given/When/Then sentences, and fenced blocks of Gherkin.
//!
//! Read line by line: what matters is which keyword a line starts with, and every line must end up in a
//! scenario, in prose outside, or in a diagnostic.

use super::draft::{self, Draft};
use super::fence::Fence;
use super::finish;
use super::gherkin::{self, Parsed, Start};
use super::keyword::{self, Opener};
use super::label::{self, Labels, Pending};
use super::line::Line;
use super::loose;
use super::table::Dialect;
use crate::diagnostic::{Code, Diagnostic, Span};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Prose between scenarios.
    Outside,
    Background,
    Scenario,
    /// A part that was refused as a whole.
    Refused,
}

struct Parser<'d> {
    place: Place,
    /// The level of the heading that opened the current part; 7 for a line without hashes.
    level: usize,
    background: Option<Draft>,
    scenarios: Vec<Draft>,
    pending: Pending,
    inherited: Labels,
    /// Lines without a keyword go on with the last sentence; otherwise they describe the scenario.
    in_sentence: bool,
    /// The line before this one was a row of a table.
    in_table: bool,
    /// A heading that was probably meant to open a scenario, until a step below it proves that.
    suspect: Option<Span>,
    diagnostics: &'d mut Vec<Diagnostic>,
}

/// Parses `lines` into scenarios with their background in front.
pub(super) fn parse(lines: &[Line<'_>], diagnostics: &mut Vec<Diagnostic>) -> Vec<Draft> {
    let mut parser = Parser {
        place: Place::Outside,
        level: 0,
        background: None,
        scenarios: Vec::new(),
        pending: Pending::default(),
        inherited: Labels::default(),
        in_sentence: false,
        in_table: false,
        suspect: None,
        diagnostics,
    };
    let mut index = 0;
    while index < lines.len() {
        index = parser.line(lines, index);
    }
    parser.pending.refuse(parser.diagnostics);
    parser.finish()
}

impl Parser<'_> {
    fn finish(self) -> Vec<Draft> {
        let mut drafts = self.scenarios;
        let Some(background) = self.background else {
            return drafts;
        };
        finish::check_steps(&background, self.diagnostics);
        if drafts.is_empty() {
            self.diagnostics.push(Diagnostic::new(
                Code::BadBackground,
                background.heading.clone(),
                "this background belongs to no scenario",
            ));
        }
        for draft in &mut drafts {
            let own = std::mem::take(&mut draft.background);
            draft.background = background.steps.iter().cloned().chain(own).collect();
            draft.broken |= background.broken;
        }
        drafts
    }

    /// Reads the line at `index`; returns the index of the next one.
    fn line(&mut self, lines: &[Line<'_>], index: usize) -> usize {
        let line = &lines[index];
        let trimmed = line.trimmed();
        let was_table = std::mem::take(&mut self.in_table);
        let quotes = matches!(self.place, Place::Background | Place::Scenario);
        let fences: &[char] = if quotes { &['`', '~', '"'] } else { &['`', '~'] };
        if let Some(fence) = Fence::open(line, fences) {
            return self.fence(lines, index, fence);
        }
        if trimmed.is_empty() {
            self.describe("");
        } else if let Some((level, text)) = loose::heading(trimmed).filter(|_| line.indent() < 4) {
            self.heading(line, level, text);
        } else if label::is_tag_line(trimmed) {
            let labels = label::tags(line, self.diagnostics);
            self.labels(labels, lines, index);
        } else if let Some((opener, name)) = bare_opener(trimmed) {
            self.bare(line, opener, name);
        } else if loose::is_rule(trimmed) {
            self.in_sentence = false;
        } else if let Some(list) = label::covers_line(trimmed) {
            self.covers(line, list);
        } else {
            self.text(line, was_table);
        }
        index + 1
    }

    fn fence(&mut self, lines: &[Line<'_>], index: usize, fence: Fence<'_>) -> usize {
        let line = &lines[index];
        let block = fence.read(lines, index, Dialect::Markdown, self.diagnostics);
        let last = block.next - 1;
        let is_gherkin = fence
            .info
            .split(|character: char| !character.is_alphanumeric())
            .next()
            .is_some_and(|language| language.eq_ignore_ascii_case("gherkin"));
        if is_gherkin {
            let end = if fence.is_closed_by(&lines[last]) && last > index { last } else { block.next };
            self.gherkin(&lines[index + 1..end]);
            return block.next;
        }
        let is_step = self.in_sentence;
        let diagnostics = &mut *self.diagnostics;
        if let Some(draft) = current(self.place, &mut self.background, &mut self.scenarios) {
            if is_step {
                let end = lines[last].span().end;
                draft.doc_string(block.doc_string, line, end, diagnostics);
            } else {
                draft.description.push(block.doc_string.text);
            }
        }
        block.next
    }

    /// The content of a fenced block of Gherkin: a document of its own, or the steps below a heading.
    fn gherkin(&mut self, lines: &[Line<'_>]) {
        let first = lines.iter().map(Line::trimmed).find(|line| !line.is_empty() && !line.starts_with('#'));
        let goes_on = first.is_some_and(|line| keyword::gherkin_step(line).is_some());
        match self.place {
            Place::Refused => {}
            Place::Scenario if goes_on => {
                let draft = self.scenarios.pop().expect("this place has a scenario");
                let parsed = gherkin::parse(lines, Start::Scenario(draft), self.diagnostics);
                self.scenarios.extend(parsed.scenarios);
                self.in_sentence = true;
            }
            Place::Background if goes_on => {
                let draft = self.background.take().expect("this place has a background");
                let Parsed { background, scenarios } =
                    gherkin::parse(lines, Start::Background(draft), self.diagnostics);
                self.background = background;
                self.scenarios.extend(scenarios);
                self.in_sentence = true;
            }
            Place::Outside | Place::Scenario | Place::Background => {
                let parsed = gherkin::parse(lines, Start::Document, self.diagnostics);
                let labels = self.pending.take();
                let mut drafts = parsed.into_drafts(self.diagnostics);
                for draft in &mut drafts {
                    draft.labels.extend(self.inherited.clone());
                    draft.labels.extend(labels.clone());
                }
                self.scenarios.extend(drafts);
                self.place = Place::Outside;
                self.in_sentence = false;
            }
        }
    }

    fn heading(&mut self, line: &Line<'_>, level: usize, text: &str) {
        if let Some((opener, name)) = keyword::heading_opener(text) {
            self.open(line, level, opener, name);
            return;
        }
        if let Some(draft) = self.draft()
            && let Some(step) = loose::step(text, true)
        {
            draft.step(step.keyword, step.text, line.span());
            self.in_sentence = true;
            return;
        }
        if let Some(meant) = keyword::misspelled(text) {
            match self.draft() {
                Some(draft) => draft.broken = true,
                None => self.place = Place::Refused,
            }
            self.diagnostics.push(draft::misspelled(line, meant));
            return;
        }
        self.in_sentence = false;
        if level > self.level && self.place != Place::Outside {
            // A heading within the scenario sets its parts apart; what follows without keyword is prose.
            self.describe(text);
            return;
        }
        self.pending.refuse(self.diagnostics);
        self.place = Place::Outside;
        let starts_like_one =
            text.get(.."scenario ".len()).is_some_and(|head| head.eq_ignore_ascii_case("scenario "));
        self.suspect = starts_like_one.then(|| line.span());
    }

    /// A line such as `Scenario: …` without hashes, or in bold.
    fn bare(&mut self, line: &Line<'_>, opener: Opener, name: &str) {
        // Between scenarios, prose may start with these words.
        let is_prose = self.place == Place::Outside && matches!(opener, Opener::Examples | Opener::Rule);
        if !is_prose {
            self.open(line, 7, opener, name);
        }
    }

    fn open(&mut self, line: &Line<'_>, level: usize, opener: Opener, name: &str) {
        if opener == Opener::Background {
            self.pending.refuse(self.diagnostics);
        }
        let labels = self.pending.take();
        self.in_sentence = false;
        self.suspect = None;
        let within_refused = self.place == Place::Refused;
        match opener {
            Opener::Feature => {
                self.inherited.extend(labels);
                self.place = Place::Outside;
                return;
            }
            Opener::Background if self.background.is_some() => {
                self.place = Place::Refused;
                self.diagnostics.push(Diagnostic::new(
                    Code::BadBackground,
                    line.span(),
                    "a second background",
                ));
            }
            Opener::Background => {
                self.place = Place::Background;
                self.background = Some(Draft::new(name, line.span(), labels));
            }
            Opener::Scenario => {
                self.place = Place::Scenario;
                let mut all = self.inherited.clone();
                all.extend(labels);
                self.scenarios.push(Draft::new(name, line.span(), all));
            }
            // The examples of an outline are refused with it.
            Opener::Examples if within_refused => return,
            Opener::Outline | Opener::Examples | Opener::Rule => {
                if let Some(draft) = self.draft() {
                    draft.broken |= opener == Opener::Examples;
                }
                self.place = Place::Refused;
                self.diagnostics.push(gherkin::unsupported(line, opener));
            }
        }
        self.level = level;
    }

    /// Tags belong to the scenario that follows, or to the one they are in if none follows at once.
    fn labels(&mut self, labels: Labels, lines: &[Line<'_>], index: usize) {
        let follows = lines[index + 1..]
            .iter()
            .map(Line::trimmed)
            .find(|line| !line.is_empty() && !label::is_tag_line(line));
        let opens = follows.is_none_or(|line| {
            let heading = loose::heading(line).and_then(|(_, text)| keyword::heading_opener(text));
            heading.is_some()
                || bare_opener(line).is_some()
                || line.starts_with("```")
                || line.starts_with("~~~")
        });
        match self.draft() {
            Some(draft) if !opens || (follows.is_none() && draft.steps.is_empty()) => {
                draft.labels.extend(labels);
            }
            Some(_) | None => self.pending.add(labels, lines[index].span()),
        }
    }

    fn covers(&mut self, line: &Line<'_>, list: &str) {
        let labels = label::covers(line, list, self.diagnostics);
        match self.place {
            Place::Refused => {}
            Place::Outside if self.scenarios.is_empty() => self.inherited.extend(labels),
            Place::Outside | Place::Background => {
                self.diagnostics.push(label::covers_nothing(line));
            }
            Place::Scenario => {
                let draft = self.draft().expect("this place has a scenario");
                draft.labels.extend(labels);
                draft.end = line.span().end;
            }
        }
    }

    /// A line of a sentence, of a table, or of prose.
    fn text(&mut self, line: &Line<'_>, was_table: bool) {
        let trimmed = line.trimmed();
        let in_sentence = self.in_sentence;
        let step = loose::step(trimmed, false);
        let diagnostics = &mut *self.diagnostics;
        let Some(draft) = current(self.place, &mut self.background, &mut self.scenarios) else {
            if self.place == Place::Outside && step.is_some_and(|step| !step.text.is_empty()) {
                self.outside(line);
            }
            return;
        };
        if let Some(step) = step {
            draft.step(step.keyword, &loose::without_strong(step.text), line.span_of(step.whole));
            self.in_sentence = true;
        } else if trimmed.starts_with('|') && in_sentence {
            draft.row(line, Dialect::Markdown, !was_table, diagnostics);
            self.in_table = true;
        } else if let Some(meant) = loose::misspelled(trimmed) {
            draft.refuse_misspelled(line, meant, diagnostics);
        } else if in_sentence {
            go_on(draft, line);
        } else {
            draft.description.push(trimmed.to_owned());
            draft.end = line.span().end;
        }
    }

    fn outside(&mut self, line: &Line<'_>) {
        match self.suspect.take() {
            Some(heading) => {
                self.place = Place::Refused;
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::MisspelledKeyword,
                        heading,
                        "this heading has steps below it but is no scenario",
                    )
                    .with_help("write `Scenario: …` with a colon"),
                );
            }
            None => self.diagnostics.push(gherkin::outside_scenario(line)),
        }
    }

    fn draft(&mut self) -> Option<&mut Draft> {
        current(self.place, &mut self.background, &mut self.scenarios)
    }

    fn describe(&mut self, words: &str) {
        let in_sentence = self.in_sentence;
        if let Some(draft) = self.draft().filter(|_| !in_sentence) {
            draft.description.push(words.to_owned());
        }
    }
}

/// The draft that lines at `place` belong to.
fn current<'p>(
    place: Place,
    background: &'p mut Option<Draft>,
    scenarios: &'p mut [Draft],
) -> Option<&'p mut Draft> {
    match place {
        Place::Background => background.as_mut(),
        Place::Scenario => scenarios.last_mut(),
        Place::Outside | Place::Refused => None,
    }
}

/// Goes on with the last sentence. Below a keyword without a sentence every list item is a step.
fn go_on(draft: &mut Draft, line: &Line<'_>) {
    let text = loose::unquoted(line.trimmed());
    let item = loose::list_item(text);
    let words = loose::without_strong(item.unwrap_or(text));
    let end = line.span().end;
    let Some(step) = draft.steps.last_mut() else {
        return;
    };
    match item {
        Some(_) if step.text.is_empty() => {
            step.itemized = true;
            draft.continue_step(&words, false, end);
        }
        Some(item) if step.itemized => {
            draft.step(keyword::StepKeyword::And, &words, line.span_of(item));
            if let Some(step) = draft.steps.last_mut() {
                step.itemized = true;
            }
        }
        Some(_) => draft.continue_step(&words, true, end),
        None => draft.continue_step(&words, false, end),
    }
}

/// The part that a line without hashes opens, also in bold.
fn bare_opener(line: &str) -> Option<(Opener, &str)> {
    let inner = line.strip_prefix("**").unwrap_or(line);
    let (opener, name) = keyword::opener(inner)?;
    Some((opener, name.trim_matches(['*', ' '])))
}
