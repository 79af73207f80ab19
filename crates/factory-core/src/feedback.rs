//! What may cross from the evaluator to an implementer, and the one function that lets it cross.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::RequirementId;

/// A value that says something about a holdout. It has no `Debug`, `Display`, `Serialize` or `Clone`, so that it cannot be
/// printed, logged, stored or put into a prompt by accident. What must not compile is listed, with what the compiler says,
/// in `factory-testkit/tests/compile_fail`.
pub struct Holdout<T>(T);

impl<T> Holdout<T> {
    /// Labels a value as telling about a holdout.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for code that works on the evaluator's side. Every call is a place to review.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

/// What kind of thing went wrong, seen from outside the candidate. No free text, so that nothing can ride along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The candidate did not build, start or become ready.
    NotDeployable,
    /// No answer, or the connection broke, or it took too long.
    NoAnswer,
    /// The answer's status (or a command's exit code) was another than required.
    WrongStatus,
    /// A header was missing or had another value than required.
    WrongHeader,
    /// The body (or a command's output) was another than required.
    WrongContent,
    /// Something that should have happened outside the answer did not: a mail, a file, a call.
    MissingEffect,
    /// Something happened that should not have.
    UnwantedEffect,
    /// Two answers that had to be alike differed, or two that had to differ were alike.
    WrongComparison,
}

impl FailureClass {
    /// The class as the log writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureClass::NotDeployable => "not_deployable",
            FailureClass::NoAnswer => "no_answer",
            FailureClass::WrongStatus => "wrong_status",
            FailureClass::WrongHeader => "wrong_header",
            FailureClass::WrongContent => "wrong_content",
            FailureClass::MissingEffect => "missing_effect",
            FailureClass::UnwantedEffect => "unwanted_effect",
            FailureClass::WrongComparison => "wrong_comparison",
        }
    }
}

/// How many failures of one kind, told only roughly: an exact count would tell more about the scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountBucket {
    /// Exactly one.
    One,
    /// Two to four.
    Few,
    /// Five or more.
    Many,
}

impl CountBucket {
    fn of(count: usize) -> Self {
        match count {
            0 | 1 => CountBucket::One,
            2..=4 => CountBucket::Few,
            _ => CountBucket::Many,
        }
    }
}

/// One line of feedback.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackItem {
    /// The requirement of the public specification; `None` for a failure that names none of them.
    pub requirement: Option<RequirementId>,
    /// What kind of failure.
    pub class: FailureClass,
    /// About how many scenarios failed so.
    pub count: CountBucket,
}

/// All that an implementer is told about holdouts that failed. Only [`declassify`] makes a new one that says anything.
///
/// It is kept in the log and in artifacts, and so it is read from there as well. Reading widens nothing: its fields are
/// ids, classes and rough counts however they came about, anything else in the text is refused, and what could be told
/// with an id of somebody's own making, `declassify` has dropped before it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    items: Vec<FeedbackItem>,
}

impl Feedback {
    /// The lines, by requirement and class.
    pub fn items(&self) -> &[FeedbackItem] {
        &self.items
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

/// One failed scenario as the evaluator attributes it: the requirements it covers and how it failed.
#[derive(Clone)]
pub struct FailedScenario {
    /// Requirement ids that the scenario names.
    pub covers: Vec<RequirementId>,
    /// How it failed.
    pub class: FailureClass,
}

/// The one way across the holdout boundary: failures become requirement ids of the public specification, failure
/// classes and rough counts. An id that the specification does not have is dropped, since a scenario's author could
/// have written anything there.
pub fn declassify(failed: &Holdout<Vec<FailedScenario>>, public: &[RequirementId]) -> Feedback {
    let mut counts: BTreeMap<(Option<RequirementId>, FailureClass), usize> = BTreeMap::new();
    for scenario in failed.reveal() {
        let mut known: Vec<_> = scenario.covers.iter().filter(|id| public.contains(id)).collect();
        known.sort();
        known.dedup();
        if known.is_empty() {
            *counts.entry((None, scenario.class)).or_default() += 1;
        }
        for id in known {
            *counts.entry((Some(id.clone()), scenario.class)).or_default() += 1;
        }
    }
    let items = counts
        .into_iter()
        .map(|((requirement, class), count)| FeedbackItem {
            requirement,
            class,
            count: CountBucket::of(count),
        })
        .collect();
    Feedback { items }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> RequirementId {
        text.parse().unwrap()
    }

    #[test]
    fn only_public_ids_classes_and_buckets_cross() {
        let secret = FailedScenario {
            covers: vec![id("R1"), id("the-mail-is-empty")],
            class: FailureClass::WrongStatus,
        };
        let unknown = FailedScenario { covers: vec![id("X9")], class: FailureClass::NoAnswer };
        let feedback =
            declassify(&Holdout::new(vec![secret.clone(), secret, unknown]), &[id("R1"), id("R2")]);
        let text = serde_json::to_string(&feedback).unwrap();
        assert_eq!(
            text,
            r#"{"items":[{"requirement":null,"class":"no_answer","count":"one"},{"requirement":"R1","class":"wrong_status","count":"few"}]}"#
        );
    }
}
