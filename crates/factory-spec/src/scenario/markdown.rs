//! Loose Markdown: `# Scenario: …` headings with Given/When/Then sentences, and fenced blocks of Gherkin.
//!
//! Read line by line: what matters is which keyword a line starts with, and every line must end up in a
//! scenario, in prose outside, or in a diagnostic.

use std::collections::HashSet;

use super::draft::{self, Draft, DraftExamples};
use super::fence::Fence;
use super::finish;
use super::gherkin;
use super::keyword;
use super::label::{self, Labels, Pending};
use super::loose;
use super::numbered::{self, Section};
use super::outline;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::gherkin::{Filling, Flavour, LABEL, Opener, english, outside_scenario};
use crate::line::Line;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Prose between scenarios.
    Outside,
    Background,
    Scenario,
    /// Below the last scenario's steps, where its examples are.
    Examples,
    /// A part that was refused as a whole.
    Refused,
}

/// A rule, whose scenarios have its number.
struct Rule {
    background: Option<Draft>,
}

struct Parser<'d> {
    place: Place,
    /// The level of the heading that opened the current part; 7 for a line without hashes.
    level: usize,
    background: Option<Draft>,
    rules: Vec<Rule>,
    scenarios: Vec<Draft>,
    pending: Pending,
    /// Labels of the file, and of the rule that is being read.
    inherited: Labels,
    of_file: Option<Labels>,
    filling: Filling,
    /// The section of the numbered scenario that is being read, if it is one.
    section: Option<Section>,
    numbers: HashSet<String>,
    /// For each line the first one from it on that says something other than tags.
    next_text: Vec<usize>,
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
        rules: Vec::new(),
        scenarios: Vec::new(),
        pending: Pending::default(),
        inherited: Labels::default(),
        of_file: None,
        filling: Filling::default(),
        section: None,
        numbers: HashSet::new(),
        next_text: next_text(lines),
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
    fn finish(mut self) -> Vec<Draft> {
        let used: HashSet<usize> = self.scenarios.iter().filter_map(|draft| draft.rule).collect();
        for (number, rule) in self.rules.iter().enumerate() {
            check_background(rule.background.as_ref(), used.contains(&number), self.diagnostics);
        }
        check_background(self.background.as_ref(), !self.scenarios.is_empty(), self.diagnostics);
        let mut drafts = Vec::new();
        for mut draft in self.scenarios {
            let rule = draft.rule.and_then(|number| self.rules[number].background.as_ref());
            let own = std::mem::take(&mut draft.background);
            for background in self.background.iter().chain(rule) {
                self.filling.count(background.size());
                draft.background.extend(background.steps.iter().cloned());
                draft.broken |= background.broken;
            }
            draft.background.extend(own);
            if let Err(found) = self.filling.check(&draft.heading) {
                self.diagnostics.push(found);
                break;
            }
            let has_examples = !draft.examples.is_empty();
            if has_examples {
                let background: usize = draft.background.iter().map(|step| step.size()).sum();
                let rows: usize = draft.examples.iter().map(|examples| examples.rows.len()).sum();
                self.filling.count(background.saturating_mul(rows));
            }
            drafts.extend(outline::expand(draft, &mut self.filling, self.diagnostics));
        }
        drafts
    }

    /// Reads the line at `index`; returns the index of the next one.
    fn line(&mut self, lines: &[Line<'_>], index: usize) -> usize {
        let line = &lines[index];
        let trimmed = line.trimmed();
        let was_table = std::mem::take(&mut self.in_table);
        if self.place == Place::Scenario
            && let Some(section) = self.section
            && self.numbered(line, section)
        {
            return index + 1;
        }
        if self.place == Place::Examples && trimmed.starts_with('|') {
            if let Some(draft) = self.scenarios.last_mut() {
                draft.example_row(line, self.diagnostics);
            }
            return index + 1;
        }
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
        } else if self.open_numbered(line, 7, trimmed) {
            return index + 1;
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
        let block = fence.read(lines, index, self.diagnostics);
        let last = block.next - 1;
        if fence.is_of_gherkin() {
            let end = if fence.is_closed_by(&lines[last]) && last > index { last } else { block.next };
            self.gherkin(&lines[index + 1..end]);
            return block.next;
        }
        let is_step = self.in_sentence;
        let diagnostics = &mut *self.diagnostics;
        if let Some(draft) = current(self.place, &mut self.background, &mut self.rules, &mut self.scenarios) {
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
        let goes_on = first.is_some_and(|line| english().step(line).is_some());
        let diagnostics = &mut *self.diagnostics;
        let place = if self.place == Place::Examples { Place::Scenario } else { self.place };
        if place == Place::Refused {
            return;
        }
        let current = current(place, &mut self.background, &mut self.rules, &mut self.scenarios);
        let drafts = match current.filter(|_| goes_on) {
            Some(draft) => {
                let drafts = gherkin::steps(lines, draft, diagnostics);
                self.in_sentence = drafts.is_empty();
                drafts
            }
            None => {
                let labels = self.pending.take();
                let mut drafts = gherkin::document(lines, Flavour::Classic, diagnostics);
                for draft in &mut drafts {
                    draft.labels.extend(labels.clone());
                }
                self.place = Place::Outside;
                self.in_sentence = false;
                drafts
            }
        };
        for mut draft in drafts {
            draft.labels.extend(self.inherit());
            draft.rule = self.rules.len().checked_sub(1);
            self.scenarios.push(draft);
        }
    }

    /// Reads a line of a numbered scenario; false if it is one as in any other scenario.
    fn numbered(&mut self, line: &Line<'_>, section: Section) -> bool {
        let trimmed = line.trimmed();
        let heading = loose::heading(trimmed).filter(|_| line.indent() < 4);
        let is_own = heading.is_none_or(|(level, _)| level > self.level);
        let text = heading.map_or(trimmed, |(_, text)| text);
        let (section, item) = match numbered::section(text).filter(|_| is_own) {
            Some((next, item)) => {
                self.section = Some(next);
                self.in_sentence = false;
                (next, item)
            }
            None if section == Section::Description || heading.is_some() || line.indent() > 3 => {
                return false;
            }
            None => match loose::list_item(trimmed) {
                Some(item) => (section, item),
                None => return false,
            },
        };
        let diagnostics = &mut *self.diagnostics;
        if let Some(draft) = self.scenarios.last_mut().filter(|_| !item.is_empty()) {
            numbered::item(draft, section, line, item, diagnostics);
            self.in_sentence = !draft.steps.is_empty();
        }
        true
    }

    /// Opens a numbered scenario; false if the line is no title of one.
    fn open_numbered(&mut self, line: &Line<'_>, level: usize, text: &str) -> bool {
        let Some((number, name)) = numbered::title(text) else {
            return false;
        };
        self.open(line, level, Opener::Scenario, name);
        self.section = Some(Section::Description);
        if !self.numbers.insert(number.to_owned()) {
            self.diagnostics.push(
                Diagnostic::new(Code::DuplicateScenario, line.span(), format!("`{number}` is given twice"))
                    .with_help("give every scenario of a file a number of its own"),
            );
        }
        true
    }

    fn heading(&mut self, line: &Line<'_>, level: usize, text: &str) {
        if self.open_numbered(line, level, text) {
            return;
        }
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
        self.section = None;
        self.suspect = None;
        match opener {
            Opener::Feature => {
                self.inherited.extend(labels);
                self.place = Place::Outside;
                return;
            }
            Opener::Rule => {
                let of_file = self.of_file.get_or_insert_with(|| self.inherited.clone());
                self.filling.count(of_file.len() * LABEL);
                self.inherited = if self.filling.is_full() { Labels::default() } else { of_file.clone() };
                self.inherited.extend(labels);
                self.rules.push(Rule { background: None });
                self.place = Place::Outside;
                return;
            }
            Opener::Background => {
                let slot = match self.rules.last_mut() {
                    Some(rule) => &mut rule.background,
                    None => &mut self.background,
                };
                if slot.is_some() {
                    self.place = Place::Refused;
                    let message = "a second background";
                    self.diagnostics.push(Diagnostic::new(Code::BadBackground, line.span(), message));
                } else {
                    *slot = Some(Draft::new(name, line.span(), labels));
                    self.place = Place::Background;
                }
            }
            Opener::Scenario | Opener::Outline => {
                self.place = Place::Scenario;
                let mut all = self.inherit();
                all.extend(labels);
                let mut draft = Draft::new(name, line.span(), all);
                draft.outline = opener == Opener::Outline;
                draft.rule = self.rules.len().checked_sub(1);
                self.scenarios.push(draft);
            }
            Opener::Examples => match (self.place, self.scenarios.last_mut()) {
                (Place::Scenario | Place::Examples, Some(draft)) => {
                    let heading = line.span();
                    draft.end = heading.end;
                    draft.examples.push(DraftExamples { heading, labels, rows: Vec::new(), ruled: false });
                    self.place = Place::Examples;
                    return;
                }
                // What they would belong to was refused already.
                (Place::Refused, _) => return,
                (Place::Outside | Place::Background | Place::Scenario | Place::Examples, _) => {
                    self.place = Place::Refused;
                    self.diagnostics.push(
                        Diagnostic::new(
                            Code::UnknownLine,
                            line.span(),
                            "these examples belong to no scenario",
                        )
                        .with_help("put them below the steps of a `Scenario Outline:`"),
                    );
                }
            },
        }
        self.level = level;
    }

    /// Tags belong to the scenario that follows, or to the one they are in if none follows at once.
    fn labels(&mut self, labels: Labels, lines: &[Line<'_>], index: usize) {
        let follows = self.next_text.get(index + 1).and_then(|next| lines.get(*next)).map(Line::trimmed);
        let opens = follows.is_none_or(|line| {
            let heading = loose::heading(line).and_then(|(_, text)| keyword::heading_opener(text));
            heading.is_some()
                || bare_opener(line).is_some()
                || numbered::title(line.trim_start_matches(['#', ' '])).is_some()
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
            Place::Outside if self.scenarios.is_empty() || self.in_rule_head() => {
                self.inherited.extend(labels)
            }
            Place::Outside | Place::Background => {
                self.diagnostics.push(label::covers_nothing(line));
            }
            Place::Scenario | Place::Examples => {
                let draft = self.scenarios.last_mut().expect("these places have a scenario");
                draft.labels.extend(labels);
                draft.end = line.span().end;
            }
        }
    }

    /// True before the first scenario of a rule.
    fn in_rule_head(&self) -> bool {
        let rule = self.rules.len().checked_sub(1);
        rule.is_some() && self.scenarios.last().is_none_or(|draft| draft.rule != rule)
    }

    /// A line of a sentence, of a table, or of prose.
    fn text(&mut self, line: &Line<'_>, was_table: bool) {
        let trimmed = line.trimmed();
        let in_sentence = self.in_sentence;
        let step = loose::step(trimmed, false);
        let diagnostics = &mut *self.diagnostics;
        let Some(draft) = current(self.place, &mut self.background, &mut self.rules, &mut self.scenarios)
        else {
            let is_step = step.is_some_and(|step| !step.text.is_empty());
            if self.place == Place::Outside && is_step {
                self.outside(line);
            } else if self.place == Place::Examples && is_step {
                self.diagnostics.push(
                    Diagnostic::new(Code::UnknownLine, line.span(), "a step behind the examples")
                        .with_help("put the steps before `Examples:`, or open a scenario"),
                );
            }
            return;
        };
        if let Some(step) = step {
            draft.step(step.keyword, &loose::without_strong(step.text), line.span_of(step.whole));
            self.in_sentence = true;
        } else if trimmed.starts_with('|') && in_sentence {
            draft.row(line, !was_table, diagnostics);
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
            None => self.diagnostics.push(outside_scenario(line)),
        }
    }

    /// A copy of what every scenario here gets. When too much was copied it is left out: the file is refused at its end.
    fn inherit(&mut self) -> Labels {
        self.filling.count(self.inherited.len() * LABEL);
        if self.filling.is_full() { Labels::default() } else { self.inherited.clone() }
    }

    fn draft(&mut self) -> Option<&mut Draft> {
        current(self.place, &mut self.background, &mut self.rules, &mut self.scenarios)
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
    rules: &'p mut [Rule],
    scenarios: &'p mut [Draft],
) -> Option<&'p mut Draft> {
    match place {
        Place::Background => match rules.last_mut() {
            Some(rule) => rule.background.as_mut(),
            None => background.as_mut(),
        },
        Place::Scenario => scenarios.last_mut(),
        Place::Outside | Place::Examples | Place::Refused => None,
    }
}

fn next_text(lines: &[Line<'_>]) -> Vec<usize> {
    let mut next = vec![lines.len(); lines.len()];
    let mut found = lines.len();
    for (index, line) in lines.iter().enumerate().rev() {
        let text = line.trimmed();
        if !text.is_empty() && !label::is_tag_line(text) {
            found = index;
        }
        next[index] = found;
    }
    next
}

fn check_background(background: Option<&Draft>, is_used: bool, diagnostics: &mut Vec<Diagnostic>) {
    let Some(background) = background else {
        return;
    };
    finish::check_steps(background, diagnostics);
    if !is_used {
        diagnostics.push(Diagnostic::new(
            Code::BadBackground,
            background.heading.clone(),
            "this background belongs to no scenario",
        ));
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
pub(super) fn bare_opener(line: &str) -> Option<(Opener, &str)> {
    let inner = line.strip_prefix("**").unwrap_or(line);
    let (opener, name) = keyword::opener(inner)?;
    Some((opener, name.trim_matches(['*', ' '])))
}
