//! The names of the sections, and how people vary them.

/// A section that has a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Section {
    Goal,
    Context,
    Requirements,
    Constraints,
    EdgeCases,
    NonGoals,
    Symptom,
    Reproduction,
    Expected,
}

/// Every accepted spelling, in lower case with single spaces.
const SPELLINGS: [(&str, Section); 15] = [
    ("goal", Section::Goal),
    ("context", Section::Context),
    ("requirements", Section::Requirements),
    ("constraints", Section::Constraints),
    ("edge cases", Section::EdgeCases),
    ("non goals", Section::NonGoals),
    ("nongoals", Section::NonGoals),
    ("symptom", Section::Symptom),
    ("symptoms", Section::Symptom),
    ("reproduction", Section::Reproduction),
    ("steps to reproduce", Section::Reproduction),
    ("reproduction steps", Section::Reproduction),
    ("expected", Section::Expected),
    ("expected behaviour", Section::Expected),
    ("expected behavior", Section::Expected),
];

impl Section {
    /// The section that a heading names: any case, `-` or a blank between words, a number before and a colon
    /// behind do not matter.
    pub(super) fn from_heading(heading: &str) -> Option<Self> {
        let name = normalize(heading);
        SPELLINGS.iter().find(|(spelling, _)| *spelling == name).map(|(_, section)| *section)
    }

    /// The section that a misspelled heading probably means.
    pub(super) fn nearest(heading: &str) -> Option<Self> {
        let name = normalize(heading);
        SPELLINGS
            .iter()
            .map(|(spelling, section)| (strsim::osa_distance(spelling, &name), *section))
            .filter(|(distance, _)| *distance <= 2 && name.len() > 4)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, section)| section)
    }

    /// The name as it should be written.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Goal => "Goal",
            Self::Context => "Context",
            Self::Requirements => "Requirements",
            Self::Constraints => "Constraints",
            Self::EdgeCases => "Edge Cases",
            Self::NonGoals => "Non-Goals",
            Self::Symptom => "Symptom",
            Self::Reproduction => "Reproduction",
            Self::Expected => "Expected",
        }
    }
}

fn normalize(heading: &str) -> String {
    let heading = heading
        .trim_start_matches(|character: char| character.is_ascii_digit() || ".) ".contains(character))
        .trim_end_matches([':', ' '])
        .to_lowercase();
    let words: Vec<&str> = heading
        .split(|character: char| character.is_whitespace() || ['-', '‑', '–', '_'].contains(&character))
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_section_are_one() {
        for heading in ["Non-Goals", "non goals", "NON-GOALS:", "6. Non_Goals", "NonGoals"] {
            assert_eq!(Section::from_heading(heading), Some(Section::NonGoals), "{heading}");
        }
        assert_eq!(Section::from_heading("Edge cases"), Some(Section::EdgeCases));
        assert_eq!(Section::from_heading("Goals and means"), None);
    }

    #[test]
    fn a_misspelled_section_is_recognized_and_a_different_word_is_not() {
        assert_eq!(Section::nearest("Requirments"), Some(Section::Requirements));
        assert_eq!(Section::nearest("Edge Case"), Some(Section::EdgeCases));
        assert_eq!(Section::nearest("Open Questions"), None);
        assert_eq!(Section::nearest("Coal"), None);
    }
}
