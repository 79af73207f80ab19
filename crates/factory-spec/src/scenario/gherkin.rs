//! Gherkin in its simple form: Feature, Background, Scenario, steps, tags, doc strings, tables, comments.
//!
//! After the grammar of cucumber/gherkin. Stricter on purpose: a line that looks like a misspelled keyword is
//! refused even where a description may stand, and rules, outlines and examples are refused by name.

use super::draft::{self, Draft};
use super::fence::Fence;
use super::keyword::{self, Opener};
use super::label::{self, Labels, Pending};
use super::line::Line;
use super::table::Dialect;
use crate::diagnostic::{Code, Diagnostic};

const FENCES: [char; 2] = ['"', '`'];

/// What a text of Gherkin holds.
pub(super) struct Parsed {
    pub(super) background: Option<Draft>,
    pub(super) scenarios: Vec<Draft>,
}

/// Where the text starts.
pub(super) enum Start {
    /// At the top of a document.
    Document,
    /// Inside a background that was opened before.
    Background(Draft),
    /// Inside a scenario that was opened before.
    Scenario(Draft),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Feature,
    Background,
    Scenario,
    /// A part that was refused as a whole.
    Refused,
}

struct Parser<'d> {
    place: Place,
    in_rule: bool,
    background: Option<Draft>,
    scenarios: Vec<Draft>,
    pending: Pending,
    inherited: Labels,
    diagnostics: &'d mut Vec<Diagnostic>,
}

/// Parses `lines`, which may be a part of a file.
pub(super) fn parse(lines: &[Line<'_>], start: Start, diagnostics: &mut Vec<Diagnostic>) -> Parsed {
    let mut parser = Parser {
        place: Place::Top,
        in_rule: false,
        background: None,
        scenarios: Vec::new(),
        pending: Pending::default(),
        inherited: Labels::default(),
        diagnostics,
    };
    match start {
        Start::Document => {}
        Start::Background(draft) => {
            parser.place = Place::Background;
            parser.background = Some(draft);
        }
        Start::Scenario(draft) => {
            parser.place = Place::Scenario;
            parser.scenarios.push(draft);
        }
    }
    let mut index = 0;
    while index < lines.len() {
        match parser.line(lines, index) {
            Some(next) => index = next,
            None => break,
        }
    }
    parser.pending.refuse(parser.diagnostics);
    Parsed { background: parser.background, scenarios: parser.scenarios }
}

impl Parsed {
    /// The scenarios with the background in front of each; refuses a background for nothing.
    pub(super) fn into_drafts(self, diagnostics: &mut Vec<Diagnostic>) -> Vec<Draft> {
        let mut drafts = self.scenarios;
        if let Some(background) = self.background {
            if drafts.is_empty() {
                diagnostics.push(Diagnostic::new(
                    Code::BadBackground,
                    background.heading.clone(),
                    "this background belongs to no scenario",
                ));
            }
            super::finish::check_steps(&background, diagnostics);
            for draft in &mut drafts {
                draft.background = background.steps.clone();
                draft.broken |= background.broken;
            }
        }
        drafts
    }
}

impl Parser<'_> {
    /// Reads the line at `index`; the index of the next one, or none if the rest cannot be read.
    fn line(&mut self, lines: &[Line<'_>], index: usize) -> Option<usize> {
        let line = &lines[index];
        let trimmed = line.trimmed();
        let next = index + 1;
        if trimmed.is_empty() {
            self.describe("");
        } else if trimmed.starts_with('#') {
            return self.comment(line).then_some(next);
        } else if trimmed.starts_with('@') {
            let labels = label::tags(line, self.diagnostics);
            self.pending.add(labels, line.span());
        } else if let Some((opener, name)) = keyword::opener(trimmed) {
            self.open(opener, name, line);
        } else {
            self.pending.refuse(self.diagnostics);
            return Some(self.content(lines, index));
        }
        Some(next)
    }

    /// False if the keywords of the rest are in an unknown language.
    fn comment(&mut self, line: &Line<'_>) -> bool {
        let comment = line.trimmed().trim_start_matches('#').trim_start();
        let language = comment
            .strip_prefix("language")
            .and_then(|rest| rest.trim_start().strip_prefix(':'))
            .map(str::trim)
            .filter(|_| self.place == Place::Top);
        match language {
            None | Some("en") => true,
            Some(language) => {
                let message = format!("keywords in the language `{language}` are not supported");
                self.diagnostics.push(
                    Diagnostic::new(Code::UnsupportedLanguage, line.span(), message)
                        .with_help("write the keywords in English"),
                );
                false
            }
        }
    }

    fn open(&mut self, opener: Opener, name: &str, line: &Line<'_>) {
        if opener == Opener::Background {
            self.pending.refuse(self.diagnostics);
        }
        let labels = self.pending.take();
        match opener {
            Opener::Feature if self.place == Place::Top => {
                self.inherited.extend(labels);
                self.place = Place::Feature;
            }
            Opener::Feature => {
                self.place = Place::Refused;
                self.diagnostics.push(
                    Diagnostic::new(Code::UnknownLine, line.span(), "a second feature in one file")
                        .with_help("give every feature a file of its own"),
                );
            }
            // The rule was refused already, and its background would not be that of the file.
            Opener::Background if self.in_rule => self.place = Place::Refused,
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
            Opener::Examples if self.place == Place::Refused => {}
            Opener::Outline | Opener::Examples | Opener::Rule => {
                self.in_rule |= opener == Opener::Rule;
                if opener == Opener::Examples
                    && let Some(draft) = self.draft()
                {
                    draft.broken = true;
                }
                self.place = Place::Refused;
                self.diagnostics.push(unsupported(line, opener));
            }
        }
    }

    /// A line that is no part's first. Returns the index of the next line.
    fn content(&mut self, lines: &[Line<'_>], index: usize) -> usize {
        let line = &lines[index];
        let trimmed = line.trimmed();
        if let Some(fence) = Fence::open(line, &FENCES) {
            let block = fence.read(lines, index, Dialect::Gherkin, self.diagnostics);
            let end = lines[block.next - 1].span().end;
            match self.place {
                Place::Background | Place::Scenario => {
                    let diagnostics = &mut *self.diagnostics;
                    if let Some(draft) = current(self.place, &mut self.background, &mut self.scenarios) {
                        draft.doc_string(block.doc_string, line, end, diagnostics);
                    }
                }
                Place::Top => self.refuse_top(line),
                Place::Feature | Place::Refused => {}
            }
            return block.next;
        }
        if let Some(list) = label::covers_line(trimmed) {
            let labels = label::covers(line, list, self.diagnostics);
            match (self.place, self.scenarios.last_mut()) {
                (Place::Top | Place::Feature, _) => self.inherited.extend(labels),
                (Place::Scenario, Some(draft)) => draft.labels.extend(labels),
                (Place::Refused, _) => {}
                (Place::Background | Place::Scenario, _) => {
                    self.diagnostics.push(label::covers_nothing(line));
                }
            }
            return index + 1;
        }
        let diagnostics = &mut *self.diagnostics;
        match current(self.place, &mut self.background, &mut self.scenarios) {
            Some(draft) => scenario_line(draft, line, diagnostics),
            None => self.outside(line),
        }
        index + 1
    }

    fn outside(&mut self, line: &Line<'_>) {
        let trimmed = line.trimmed();
        if self.place == Place::Refused {
            return;
        }
        if let Some(meant) = keyword::misspelled(trimmed) {
            self.diagnostics.push(draft::misspelled(line, meant));
        } else if self.place == Place::Top {
            self.refuse_top(line);
        } else if keyword::gherkin_step(trimmed).is_some_and(|(_, text)| !text.is_empty())
            && !trimmed.starts_with('*')
        {
            self.diagnostics.push(outside_scenario(line));
        }
    }

    fn refuse_top(&mut self, line: &Line<'_>) {
        self.diagnostics.push(
            Diagnostic::new(Code::UnknownLine, line.span(), "this line belongs to no scenario")
                .with_help("start with `Feature: …` or `Scenario: …`"),
        );
    }

    fn draft(&mut self) -> Option<&mut Draft> {
        current(self.place, &mut self.background, &mut self.scenarios)
    }

    fn describe(&mut self, words: &str) {
        if let Some(draft) = self.draft().filter(|draft| draft.steps.is_empty()) {
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
        Place::Top | Place::Feature | Place::Refused => None,
    }
}

fn scenario_line(draft: &mut Draft, line: &Line<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let trimmed = line.trimmed();
    if trimmed.starts_with('|') {
        draft.row(line, Dialect::Gherkin, false, diagnostics);
    } else if let Some((keyword, text)) = keyword::gherkin_step(trimmed) {
        draft.step(keyword, text, line.span());
    } else if let Some(meant) = misspelled_step(trimmed) {
        draft.refuse_misspelled(line, meant, diagnostics);
    } else if draft.steps.is_empty() {
        draft.description.push(trimmed.to_owned());
        draft.end = line.span().end;
    } else {
        draft.refuse(line.span(), "this line is no step, and a step is one line", diagnostics);
    }
}

/// The keyword that a line in a scenario was meant to start with; `GIVEN` and `Given:` are such, too.
fn misspelled_step(line: &str) -> Option<&'static str> {
    let end = line.find(|character: char| !character.is_alphabetic()).unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    let shouted = word.len() > 1 && !word.contains(char::is_lowercase);
    match keyword::step_in_any_case(word) {
        Some(step) if shouted || rest.starts_with(':') => keyword::name(step),
        Some(_) => None,
        None => keyword::misspelled(line),
    }
}

/// The refusal of a construct that has no meaning here yet.
pub(super) fn unsupported(line: &Line<'_>, opener: Opener) -> Diagnostic {
    let help = match opener {
        Opener::Rule => "list the scenarios without the rule",
        Opener::Feature | Opener::Background | Opener::Scenario | Opener::Outline | Opener::Examples => {
            "write a scenario for every example"
        }
    };
    let message = format!("`{}` is not supported", line.trimmed());
    Diagnostic::new(Code::Unsupported, line.span(), message).with_help(help)
}

/// The warning about a sentence that no scenario has.
pub(super) fn outside_scenario(line: &Line<'_>) -> Diagnostic {
    Diagnostic::new(Code::StepOutsideScenario, line.span(), "this sentence belongs to no scenario")
        .with_help("put it below a `Scenario: …` line")
}
