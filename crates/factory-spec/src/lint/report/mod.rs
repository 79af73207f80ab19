//! The formats in which findings are shown.

mod concise;
mod full;
mod github;
mod json;
mod sarif;

use super::finding::Finding;
use crate::render::Colour;

/// How findings are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// As a compiler shows them, for people.
    #[default]
    Full,
    /// A line for each.
    Concise,
    /// A JSON document.
    Json,
    /// Workflow commands, which GitHub shows beside the change.
    Github,
    /// SARIF 2.1.0, which code scanning reads.
    Sarif,
}

/// A text with its findings.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    /// The path as it is shown.
    pub path: &'a str,
    /// The text.
    pub source: &'a str,
    /// What was found in it.
    pub findings: &'a [Finding],
}

/// Shows the findings of some texts. The last line ends with a line end, unless nothing is said at all.
pub fn render(texts: &[Reported<'_>], format: Format, colour: Colour) -> String {
    match format {
        Format::Full => full::render(texts, colour),
        Format::Concise => concise::render(texts),
        Format::Json => json::render(texts),
        Format::Github => github::render(texts),
        Format::Sarif => sarif::render(texts),
    }
}

/// Finds lines and columns of many places, each without looking through the whole text.
#[derive(Debug)]
pub struct Lines<'a> {
    source: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Prepares a text.
    pub fn new(source: &'a str) -> Self {
        let starts = std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { source, starts }
    }

    /// Line and column from 1, in characters.
    pub fn place(&self, offset: usize) -> (usize, usize) {
        let offset = crate::text::floor_boundary(self.source, offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        (line, self.source[self.starts[line - 1]..offset].chars().count() + 1)
    }
}
