//! A scenario while its lines are being read.

use std::borrow::Cow;

use super::keyword::StepKeyword;
use super::label::Labels;

use super::model::DocString;
use super::table;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::gherkin::PickleStep;
use crate::line::Line;
use crate::text;

/// A scenario or a background as read so far.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) name: String,
    /// The line that opened it.
    pub(super) heading: Span,
    pub(super) labels: Labels,
    pub(super) description: Vec<String>,
    /// Steps of the background that come first.
    pub(super) background: Vec<DraftStep>,
    pub(super) steps: Vec<DraftStep>,
    /// Where the last line that belongs to it ends.
    pub(super) end: usize,
    /// A line was refused, so that a missing step says nothing.
    pub(super) broken: bool,
    /// Its keyword is one of an outline.
    pub(super) outline: bool,
    /// Tables of values whose rows have yet to become scenarios.
    pub(super) examples: Vec<DraftExamples>,
    /// The number of the rule that it is in.
    pub(super) rule: Option<usize>,
    /// An earlier scenario was made from the same lines, and has been checked.
    pub(super) copy: bool,
}

/// A table of values as read so far.
#[derive(Debug, Clone)]
pub(super) struct DraftExamples {
    /// The line that opened it.
    pub(super) heading: Span,
    pub(super) labels: Labels,
    /// The names, then a row for each scenario.
    pub(super) rows: Vec<DraftRow>,
    /// The row of dashes below the names has been read.
    pub(super) ruled: bool,
}

/// A row of values.
#[derive(Debug, Clone)]
pub(super) struct DraftRow {
    pub(super) span: Span,
    pub(super) cells: Vec<String>,
}

/// A step as read so far.
#[derive(Debug, Clone)]
pub(super) struct DraftStep {
    pub(super) keyword: StepKeyword,
    pub(super) text: String,
    pub(super) doc_string: Option<DocString>,
    pub(super) table: Option<Vec<Vec<String>>>,
    /// The line with the keyword.
    pub(super) line: Span,
    pub(super) span: Span,
    /// The keyword had no sentence of its own; the list items below it are its sentences.
    pub(super) itemized: bool,
    /// The row of dashes below the header of a Markdown table has been read.
    ruled: bool,
}

impl DraftStep {
    /// How much it takes when it is copied, in bytes.
    pub(super) fn size(&self) -> usize {
        let cells: usize =
            self.table.iter().flatten().flatten().map(|cell| cell.len() + size_of::<String>()).sum();
        let doc = self.doc_string.as_ref().map_or(0, |doc| doc.text.len());
        size_of::<Self>() + self.text.len() + cells + doc
    }

    /// A step that is complete.
    pub(super) fn new(step: &PickleStep<'_>) -> Self {
        let own = |cell: &Cow<'_, str>| cell.clone().into_owned();
        let rows = step.table.iter().map(|row| row.iter().map(own).collect());
        Self {
            keyword: StepKeyword::from(step.step.kind),
            text: own(&step.text),
            doc_string: step
                .doc_string
                .as_ref()
                .map(|(text, media)| DocString { media: media.as_ref().map(own), text: own(text) }),
            table: (!step.table.is_empty()).then(|| rows.collect()),
            line: step.step.span.clone(),
            span: step.step.span.start..step.step.end,
            itemized: false,
            ruled: false,
        }
    }
}

impl Draft {
    pub(super) fn new(name: &str, heading: Span, labels: Labels) -> Self {
        Self {
            name: name.to_owned(),
            end: heading.end,
            heading,
            labels,
            description: Vec::new(),
            background: Vec::new(),
            steps: Vec::new(),
            broken: false,
            outline: false,
            examples: Vec::new(),
            rule: None,
            copy: false,
        }
    }

    /// How much its steps take when they are copied, in bytes.
    pub(super) fn size(&self) -> usize {
        self.steps.iter().map(DraftStep::size).sum()
    }

    /// Adds the row on `line` to the last examples.
    pub(super) fn example_row(&mut self, line: &Line<'_>, diagnostics: &mut Vec<Diagnostic>) {
        let Some(examples) = self.examples.last_mut() else {
            return;
        };
        let cells = table::cells(line.trimmed());
        let expected = examples.rows.first().map_or(cells.len(), |first| first.cells.len());
        if cells.len() != expected {
            diagnostics.push(ragged(line, cells.len(), expected));
        }
        if examples.rows.len() == 1 && !examples.ruled && table::is_delimiter(&cells) {
            examples.ruled = true;
        } else {
            examples.rows.push(DraftRow { span: line.span(), cells });
        }
        self.end = line.span().end;
    }

    /// Starts a step whose keyword is at the start of `span`.
    pub(super) fn step(&mut self, keyword: StepKeyword, text: &str, span: Span) {
        self.end = span.end;
        self.steps.push(DraftStep {
            keyword,
            text: text.to_owned(),
            doc_string: None,
            table: None,
            line: span.clone(),
            span,
            itemized: false,
            ruled: false,
        });
    }

    /// Notes that the last step goes on to `end`.
    pub(super) fn extend_to(&mut self, end: usize) {
        self.end = end;
        if let Some(step) = self.steps.last_mut() {
            step.span.end = end;
        }
    }

    /// Adds words to the sentence of the last step; `block` sets them apart.
    pub(super) fn continue_step(&mut self, words: &str, block: bool, end: usize) {
        if let Some(step) = self.steps.last_mut() {
            if block {
                text::append_block(&mut step.text, words);
            } else {
                if !step.text.is_empty() {
                    step.text.push(' ');
                }
                step.text.push_str(words);
            }
        }
        self.extend_to(end);
    }

    /// Gives a block, opened on `line`, to the last step.
    pub(super) fn doc_string(
        &mut self,
        doc_string: DocString,
        line: &Line<'_>,
        end: usize,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        match self.steps.last_mut() {
            Some(step) if step.doc_string.is_none() => {
                step.doc_string = Some(doc_string);
                self.extend_to(end);
            }
            Some(_) => {
                self.refuse(line.span(), "a step has one block of text", diagnostics);
            }
            None => self.refuse(line.span(), "a block of text needs a step before it", diagnostics),
        }
    }

    /// Adds the row on `line` to the table of the last step. `fresh` says that the row starts a table.
    pub(super) fn row(&mut self, line: &Line<'_>, fresh: bool, diagnostics: &mut Vec<Diagnostic>) {
        let cells = table::cells(line.trimmed());
        let Some(step) = self.steps.last_mut() else {
            self.refuse(line.span(), "a table needs a step before it", diagnostics);
            return;
        };
        if fresh && step.table.is_some() {
            self.refuse(line.span(), "a step has one table", diagnostics);
            return;
        }
        let rows = step.table.get_or_insert_default();
        let expected = rows.first().map_or(cells.len(), Vec::len);
        if cells.len() != expected {
            diagnostics.push(ragged(line, cells.len(), expected));
        }
        if rows.len() == 1 && !step.ruled && table::is_delimiter(&cells) {
            step.ruled = true;
        } else {
            rows.push(cells);
        }
        self.extend_to(line.span().end);
    }

    /// Refuses a line of this scenario.
    pub(super) fn refuse(&mut self, span: Span, message: &str, diagnostics: &mut Vec<Diagnostic>) {
        self.broken = true;
        diagnostics.push(Diagnostic::new(Code::UnknownLine, span, message));
    }

    /// Refuses a line that starts with something like the keyword `meant`.
    pub(super) fn refuse_misspelled(
        &mut self,
        line: &Line<'_>,
        meant: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        self.broken = true;
        diagnostics.push(misspelled(line, meant));
    }
}

/// The finding about a line that starts with something like the keyword `meant`.
pub(crate) fn misspelled(line: &Line<'_>, meant: &str) -> Diagnostic {
    let message = format!("this line starts with something like `{meant}`");
    Diagnostic::new(Code::MisspelledKeyword, line.span(), message)
        .with_help(format!("write `{meant}`, or start the line with another word"))
}

fn ragged(line: &Line<'_>, found: usize, expected: usize) -> Diagnostic {
    let counted = if found == 1 { "1 cell".to_owned() } else { format!("{found} cells") };
    let message = format!("this row has {counted}, the first row has {expected}");
    Diagnostic::new(Code::RaggedTable, line.span(), message)
}
