//! Gherkin: a text becomes a tree equal to that of the official parser, and the tree a list of scenarios.
//!
//! Line by line, as Gherkin is. Both of its dialects are read: the classic one, and “Markdown with Gherkin”.
//! Two things go beyond it: the `Feature:` line may be left out, and `Covers: R1` lines name requirements.

mod ast;
mod language;
mod lint;
mod parser;
mod pickle;
mod token;

use crate::diagnostic::{self, Diagnostic};
use crate::{line, text};

pub use ast::{
    Background, Cell, Comment, DocString, Document, Examples, Feature, Header, Row, Rule, Scenario, Step,
    StepKind, Tag,
};
pub(crate) use language::{Opener, english, named};
pub(crate) use lint::{described, outside_scenario};
pub(crate) use parser::{Entry, Parsed, language_line, parse_lines};
pub(crate) use pickle::{Filling, LABEL, as_written, parameters};
pub use pickle::{Pickle, PickleStep, pickles};

/// Which dialect of Gherkin a text is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Keywords at the start of lines, as in `.feature` files.
    Classic,
    /// Keywords in headings and list items, as in `.feature.md` files; all else is for people.
    Markdown,
}

/// Parses a text. The tree holds what could be understood even if there are errors.
pub fn parse(source: &str, flavour: Flavour) -> (Document, Vec<Diagnostic>) {
    let source = text::without_bom(source);
    let lines = line::lines(&source);
    let Parsed { document, mut diagnostics, .. } = parse_lines(&lines, flavour, Entry::Document);
    diagnostic::sort(&mut diagnostics);
    (document, diagnostics)
}
