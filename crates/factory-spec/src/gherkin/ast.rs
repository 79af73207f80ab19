//! What a text of Gherkin says, as a tree with the same nodes as the official parser's.
//!
//! Spans are byte ranges into the source. Where the official tree has a line and a column, a span starts there.

use crate::diagnostic::Span;

/// A whole text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// What it describes; none if it has only comments.
    pub feature: Option<Feature>,
    /// Its comments, in order.
    pub comments: Vec<Comment>,
}

/// A line that starts with `#`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The whole line, blanks too.
    pub span: Span,
    /// The text of the line.
    pub text: String,
}

/// A mark, written `@name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// From the `@` to the end of the name.
    pub span: Span,
    /// The name with its `@`.
    pub name: String,
}

/// What stands on the line that opens a part, and below it before its first step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// The tags before the line.
    pub tags: Vec<Tag>,
    /// From the keyword to the end of the line.
    pub span: Span,
    /// The keyword without its colon; none where the line was left out.
    pub keyword: Option<String>,
    /// What follows the colon.
    pub name: String,
    /// The lines below, their indentation kept, joined by `\n`.
    pub description: String,
    /// The ids on `Covers: …` lines of the part, which Gherkin itself does not know.
    pub covers: Vec<String>,
    /// Where the last line that belongs to the part ends.
    pub end: usize,
}

/// The description of a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// Its first line and what is said below it.
    pub header: Header,
    /// The spoken language of the keywords, such as `en`.
    pub language: String,
    /// Steps that come before those of every scenario.
    pub background: Option<Background>,
    /// The scenarios outside rules.
    pub scenarios: Vec<Scenario>,
    /// The rules, which come last.
    pub rules: Vec<Rule>,
}

/// A rule with the scenarios that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its first line and what is said below it.
    pub header: Header,
    /// Steps that come before those of every scenario of the rule, behind the feature's.
    pub background: Option<Background>,
    /// The scenarios.
    pub scenarios: Vec<Scenario>,
}

/// Steps that several scenarios share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Background {
    /// Its first line and what is said below it.
    pub header: Header,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A scenario, or an outline if it has examples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Its first line and what is said below it.
    pub header: Header,
    /// True if the keyword is one of an outline.
    pub outline: bool,
    /// The steps, with `<parameters>` in an outline.
    pub steps: Vec<Step>,
    /// The values of the parameters.
    pub examples: Vec<Examples>,
}

/// A table of values for an outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examples {
    /// Its first line and what is said below it.
    pub header: Header,
    /// The names of the parameters, then a row for each scenario.
    pub rows: Vec<Row>,
}

/// One sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// From the keyword to the end of the line.
    pub span: Span,
    /// Where the step ends, with its table and its doc string.
    pub end: usize,
    /// The keyword, with the blank behind it if the language has one.
    pub keyword: String,
    /// What the keyword says of the step.
    pub kind: StepKind,
    /// The sentence.
    pub text: String,
    /// The rows below the sentence.
    pub table: Vec<Row>,
    /// The block of text below the sentence.
    pub doc_string: Option<DocString>,
}

/// What the keyword of a step says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// `Given`.
    Context,
    /// `When`.
    Action,
    /// `Then`.
    Outcome,
    /// `And`, `But`.
    Conjunction,
    /// `*`, and words that a language uses for several kinds.
    Unknown,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// From the first `|` to the end of the line.
    pub span: Span,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The text as written; empty cells are where their text would be.
    pub span: Span,
    /// The text, its escapes resolved.
    pub value: String,
}

/// A block of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocString {
    /// The line that opens it, without blanks around it.
    pub span: Span,
    /// What opens and closes it.
    pub delimiter: String,
    /// What stands behind the opening delimiter, such as `json`.
    pub media: Option<String>,
    /// The lines, joined by `\n`, without the indentation of the opening line.
    pub content: String,
}
