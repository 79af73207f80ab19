//! A scenario while its lines are being read.

use super::keyword::StepKeyword;
use super::label::Labels;
use super::line::Line;
use super::model::DocString;
use super::table::{self, Dialect};
use crate::diagnostic::{Code, Diagnostic, Span};
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
        }
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
    pub(super) fn row(
        &mut self,
        line: &Line<'_>,
        dialect: Dialect,
        fresh: bool,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let cells = table::cells(line.trimmed(), dialect);
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
            let message = format!("this row has {}, the first row has {expected}", counted(cells.len()));
            diagnostics.push(Diagnostic::new(Code::RaggedTable, line.span(), message));
        }
        let is_rule =
            dialect == Dialect::Markdown && rows.len() == 1 && !step.ruled && table::is_delimiter(&cells);
        if is_rule {
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
pub(super) fn misspelled(line: &Line<'_>, meant: &str) -> Diagnostic {
    let message = format!("this line starts with something like `{meant}`");
    Diagnostic::new(Code::MisspelledKeyword, line.span(), message)
        .with_help(format!("write `{meant}`, or start the line with another word"))
}

fn counted(cells: usize) -> String {
    if cells == 1 { "1 cell".to_owned() } else { format!("{cells} cells") }
}
