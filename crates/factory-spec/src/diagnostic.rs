//! What is wrong with a text: a stable code, a severity, a place and a way out.

use std::fmt;
use std::ops::Range;

use serde::{Serialize, Serializer};

/// A byte range into the parsed source; both ends are character boundaries.
pub type Span = Range<usize>;

/// One finding about a specification or a scenario file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// What kind of finding it is; never changes its meaning between releases.
    pub code: Code,
    /// Whether it blocks a run.
    pub severity: Severity,
    /// Where in the source it is.
    pub span: Span,
    /// What is wrong: a lowercase fragment without a period.
    pub message: String,
    /// What to write instead, where that can be said.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding with the severity that belongs to its code.
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, severity: code.severity(), span, message: message.into(), help: None }
    }

    /// The same finding with a way out.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Whether a finding blocks a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A run must not start.
    Error,
    /// A person should look; a run may start.
    Warning,
}

/// True if a run must not start on this text.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// Sorts by place; findings at one place keep the order in which they were made.
pub(crate) fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
}

/// The kinds of findings. `S` is for specifications, `G` for Given/When/Then scenarios; numbers from 101 on
/// are warnings. G010 was used by an earlier release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// S001: the document has no text.
    EmptyDocument,
    /// S002: there is no level-one heading with text.
    MissingTitle,
    /// S003: there is more than one level-one heading, thus more than one goal.
    SeveralTitles,
    /// S004: a feature says no goal.
    MissingGoal,
    /// S005: a bug says no symptom.
    MissingSymptom,
    /// S006: there is nothing that could be verified.
    MissingRequirements,
    /// S007: two requirements have one id.
    DuplicateRequirement,
    /// S008: a requirement says nothing.
    EmptyRequirement,
    /// S101: a section that a good specification has is absent or empty.
    MissingSection,
    /// S102: no edge cases are given.
    MissingEdgeCases,
    /// S103: text that a template left behind.
    Placeholder,
    /// S104: a requirement without MUST, SHOULD or MAY.
    UnstatedLevel,
    /// S105: a requirement in a bullet list without an id of its own.
    UnnumberedRequirement,
    /// S106: a section is given twice.
    RepeatedSection,
    /// S107: a heading that looks like a misspelled section.
    UnknownSection,
    /// S108: a referenced file does not exist.
    MissingReference,
    /// S109: MUST, SHOULD or MAY outside the numbered requirements.
    LooseStatement,
    /// G001: the file has no scenario.
    NoScenario,
    /// G002: a scenario does nothing.
    MissingWhen,
    /// G003: a scenario expects nothing.
    MissingThen,
    /// G004: a step keyword without a sentence.
    EmptyStep,
    /// G005: a line that has no meaning where it stands.
    UnknownLine,
    /// G006: a word that looks like a misspelled keyword.
    MisspelledKeyword,
    /// G007: two scenarios have one name.
    DuplicateScenario,
    /// G008: a doc string or code fence that does not end.
    UnterminatedDocString,
    /// G009: a table row with another number of cells than the first row.
    RaggedTable,
    /// G011: keywords in a language that Gherkin does not know.
    UnknownLanguage,
    /// G012: `And` or `But` with no step before it.
    NothingToContinue,
    /// G013: a tag that is malformed or belongs to nothing.
    BadTag,
    /// G014: a `Covers:` line that is malformed or belongs to nothing.
    BadCovers,
    /// G015: a scenario without a name.
    UnnamedScenario,
    /// G016: a background given twice, or for no scenario.
    BadBackground,
    /// G017: an HTML comment that does not end.
    UnterminatedComment,
    /// G018: an outline without examples, or examples without rows.
    MissingExamples,
    /// G019: a tag that is one with a meaning but for a letter.
    MisspelledTag,
    /// G020: a parameter that looks like a misspelled column of the examples.
    MisspelledParameter,
    /// G021: backgrounds and examples make too much of a text.
    TooManyExamples,
    /// G022: a character that no text has.
    BadCharacter,
    /// G023: a step of the numbered form that says neither a request nor a sentence.
    BadStep,
    /// G024: a file that is not UTF-8.
    NotUtf8,
    /// G101: a Given/When/Then sentence outside every scenario.
    StepOutsideScenario,
    /// G102: something like a parameter that no column of the examples gives a value.
    UnknownParameter,
    /// G103: a column of examples that nothing uses.
    UnusedColumn,
    /// G104: a tag that looks like one with a meaning, but may be a word of its own.
    NearTag,
}

impl Code {
    /// The code as it is shown, such as `S001`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmptyDocument => "S001",
            Self::MissingTitle => "S002",
            Self::SeveralTitles => "S003",
            Self::MissingGoal => "S004",
            Self::MissingSymptom => "S005",
            Self::MissingRequirements => "S006",
            Self::DuplicateRequirement => "S007",
            Self::EmptyRequirement => "S008",
            Self::MissingSection => "S101",
            Self::MissingEdgeCases => "S102",
            Self::Placeholder => "S103",
            Self::UnstatedLevel => "S104",
            Self::UnnumberedRequirement => "S105",
            Self::RepeatedSection => "S106",
            Self::UnknownSection => "S107",
            Self::MissingReference => "S108",
            Self::LooseStatement => "S109",
            Self::NoScenario => "G001",
            Self::MissingWhen => "G002",
            Self::MissingThen => "G003",
            Self::EmptyStep => "G004",
            Self::UnknownLine => "G005",
            Self::MisspelledKeyword => "G006",
            Self::DuplicateScenario => "G007",
            Self::UnterminatedDocString => "G008",
            Self::RaggedTable => "G009",
            Self::UnknownLanguage => "G011",
            Self::NothingToContinue => "G012",
            Self::BadTag => "G013",
            Self::BadCovers => "G014",
            Self::UnnamedScenario => "G015",
            Self::BadBackground => "G016",
            Self::UnterminatedComment => "G017",
            Self::MissingExamples => "G018",
            Self::MisspelledTag => "G019",
            Self::MisspelledParameter => "G020",
            Self::TooManyExamples => "G021",
            Self::BadCharacter => "G022",
            Self::BadStep => "G023",
            Self::NotUtf8 => "G024",
            Self::StepOutsideScenario => "G101",
            Self::UnknownParameter => "G102",
            Self::UnusedColumn => "G103",
            Self::NearTag => "G104",
        }
    }

    /// The severity of every finding of this kind.
    pub fn severity(self) -> Severity {
        match self {
            Self::EmptyDocument
            | Self::MissingTitle
            | Self::SeveralTitles
            | Self::MissingGoal
            | Self::MissingSymptom
            | Self::MissingRequirements
            | Self::DuplicateRequirement
            | Self::EmptyRequirement
            | Self::NoScenario
            | Self::MissingWhen
            | Self::MissingThen
            | Self::EmptyStep
            | Self::UnknownLine
            | Self::MisspelledKeyword
            | Self::DuplicateScenario
            | Self::UnterminatedDocString
            | Self::RaggedTable
            | Self::UnknownLanguage
            | Self::NothingToContinue
            | Self::BadTag
            | Self::BadCovers
            | Self::UnnamedScenario
            | Self::BadBackground
            | Self::UnterminatedComment
            | Self::MissingExamples
            | Self::MisspelledTag
            | Self::MisspelledParameter
            | Self::TooManyExamples
            | Self::BadCharacter
            | Self::BadStep
            | Self::NotUtf8 => Severity::Error,
            Self::MissingSection
            | Self::MissingEdgeCases
            | Self::Placeholder
            | Self::UnstatedLevel
            | Self::UnnumberedRequirement
            | Self::RepeatedSection
            | Self::UnknownSection
            | Self::MissingReference
            | Self::LooseStatement
            | Self::StepOutsideScenario
            | Self::UnknownParameter
            | Self::UnusedColumn
            | Self::NearTag => Severity::Warning,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_block_and_warnings_do_not() {
        let warning = Diagnostic::new(Code::MissingEdgeCases, 0..0, "no edge cases");
        let error = Diagnostic::new(Code::MissingGoal, 0..0, "no goal");
        assert!(!has_errors(&[]));
        assert!(!has_errors(std::slice::from_ref(&warning)));
        assert!(has_errors(&[warning, error]));
    }

    #[test]
    fn a_diagnostic_serializes_with_its_code_as_text() {
        let diagnostic = Diagnostic::new(Code::MissingGoal, 3..5, "no goal").with_help("add one");
        assert_eq!(
            serde_json::to_value(&diagnostic).expect("plain data"),
            serde_json::json!({
                "code": "S004", "severity": "error", "span": {"start": 3, "end": 5},
                "message": "no goal", "help": "add one",
            })
        );
    }
}
