//! What a scenario says, once parsed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::diagnostic::Span;

/// One observable behaviour, as Given/When/Then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// `FILE/NAME`, both as slugs; unique within a file.
    pub id: String,
    /// The name as written.
    pub name: String,
    /// The file's name as it was given to the parser.
    pub file: String,
    /// Ids of the requirements that this scenario checks, in upper case, each once: from tags such as `@R3`
    /// and from `Covers: R3, R5` lines.
    pub covers: Vec<String>,
    /// All other tags, each once.
    pub tags: Vec<Tag>,
    /// Prose that is not part of a step; empty if there is none.
    pub description: String,
    /// The steps in order, those of the file's background first.
    pub steps: Vec<Step>,
    /// From the heading to the end of the last step.
    pub span: Span,
}

impl Scenario {
    /// True if the scenario has this tag.
    pub fn has_tag(&self, tag: &Tag) -> bool {
        self.tags.contains(tag)
    }
}

/// A mark on a scenario, without the `@`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Tag {
    /// `critical`: a failure of this scenario alone blocks a merge.
    Critical,
    /// `vault`: kept back from ordinary evaluations.
    Vault,
    /// `destructive`: leaves a deployment unusable for others.
    Destructive,
    /// Any other tag, as written.
    Other(String),
}

impl Tag {
    /// The tag without the `@`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Critical => "critical",
            Self::Vault => "vault",
            Self::Destructive => "destructive",
            Self::Other(name) => name,
        }
    }
}

impl From<String> for Tag {
    fn from(name: String) -> Self {
        [Self::Critical, Self::Vault, Self::Destructive]
            .into_iter()
            .find(|tag| name.eq_ignore_ascii_case(tag.as_str()))
            .unwrap_or(Self::Other(name))
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.as_str().to_owned()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a step is for. `And`, `But` and `*` take the meaning of the step before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keyword {
    /// The state before.
    Given,
    /// What is done.
    When,
    /// What must be seen afterwards.
    Then,
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "Given",
            Self::When => "When",
            Self::Then => "Then",
        })
    }
}

/// One sentence of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What the step is for.
    pub keyword: Keyword,
    /// The sentence without the keyword, on one line.
    pub text: String,
    /// The code block that belongs to the sentence.
    pub doc_string: Option<DocString>,
    /// The table that belongs to the sentence, header row first; all rows have the same length.
    pub table: Option<Vec<Vec<String>>>,
    /// From the keyword to the end of the sentence, its code block and its table.
    pub span: Span,
}

/// A block of text below a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocString {
    /// The info string of the fence, such as `json`.
    pub media: Option<String>,
    /// The lines, joined by `\n` without one at the end, the fence's indentation taken off.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_text_in_json_and_known_ones_are_recognized() {
        assert_eq!(Tag::from("Critical".to_owned()), Tag::Critical);
        assert_eq!(Tag::from("slow".to_owned()), Tag::Other("slow".to_owned()));
        let json = serde_json::to_string(&[Tag::Vault, Tag::Other("x".to_owned())]).expect("plain");
        assert_eq!(json, r#"["vault","x"]"#);
        let back: Vec<Tag> = serde_json::from_str(&json).expect("plain");
        assert_eq!(back, [Tag::Vault, Tag::Other("x".to_owned())]);
    }
}
