//! What a specification says, once parsed.

use serde::{Deserialize, Serialize};

use crate::diagnostic::Span;

/// A parsed specification. What the source lacks is empty here and a diagnostic beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SpecDocument {
    /// Feature or bug, from the title.
    pub kind: SpecKind,
    /// The title without `Feature:` or `Bug:`.
    pub title: String,
    /// Where the title's heading is.
    pub title_span: Span,
    /// The Goal section as Markdown, lines ended by `\n`; optional in a bug.
    pub goal: String,
    /// The Context section as Markdown.
    pub context: String,
    /// What must be verified, in the order of the source. In a bug without a Requirements section these are
    /// the statements of its Expected section.
    pub requirements: Vec<Requirement>,
    /// The items of the Constraints section, one line of plain text each, as are all item lists here.
    pub constraints: Vec<String>,
    /// The items of the Edge Cases section.
    pub edge_cases: Vec<String>,
    /// The items of the Non-Goals section.
    pub non_goals: Vec<String>,
    /// The Symptom section of a bug as Markdown.
    pub symptom: String,
    /// The steps of the Reproduction section of a bug.
    pub reproduction: Vec<String>,
    /// The statements of the Expected section of a bug.
    pub expected: Vec<String>,
    /// Files that the Context section names in backticks, each once, in order.
    pub references: Vec<Reference>,
    /// Everything that its sections have in backticks, Non-Goals left out: as written, each once, in order of the sections.
    pub code: Vec<String>,
}

impl SpecDocument {
    /// The requirement with this id.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|requirement| requirement.id == id)
    }
}

/// What kind of change a specification asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpecKind {
    /// New behaviour: `# Feature: …`, or a title without a kind.
    #[default]
    Feature,
    /// Wrong behaviour: `# Bug: …`.
    Bug,
}

/// One numbered statement that a change must satisfy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// The id as written (`R7`, `REQ-12`), or `R` and the number of the list item.
    pub id: String,
    /// Plain text on one line without the id; code is kept in backticks, nested lists are part of it.
    pub text: String,
    /// The list item or paragraph in the source, with its marker.
    pub span: Span,
    /// How binding it is.
    pub level: Level,
}

/// How binding a requirement is, by the upper-case key words of RFC 2119 as clarified by RFC 8174. The first
/// key word of a statement decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// MUST, SHALL, REQUIRED.
    Must,
    /// MUST NOT, SHALL NOT.
    MustNot,
    /// SHOULD, RECOMMENDED.
    Should,
    /// SHOULD NOT, NOT RECOMMENDED.
    ShouldNot,
    /// MAY, OPTIONAL.
    May,
    /// No key word.
    Unstated,
}

/// A file that the specification points to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The relative path, without a line number behind it.
    pub path: String,
    /// Where the path is written, without the backticks.
    pub span: Span,
}
