//! Conditions on what artifacts say: typed fields with typed values, checked when the pipeline is read.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::artifact::{ArtifactKind, Body, Coverage, Severity};
use crate::ids::StageId;
use crate::risk::{self, RiskClass, RiskRules};

/// A condition on one field of what a stage made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The stage that made the artifact.
    pub stage: StageId,
    /// The field.
    pub field: Field,
    /// How it is compared.
    pub test: Test,
    /// With what; of the field's own type.
    pub value: Value,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// The field is the value, or more.
    AtLeast,
    /// The field is the value, or less.
    AtMost,
    /// The field is the value.
    Is,
}

impl Test {
    /// The comparison as pipelines write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Test::AtLeast => "at_least",
            Test::AtMost => "at_most",
            Test::Is => "is",
        }
    }
}

/// A field of an artifact that conditions can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// How many requirements a specification has.
    Requirements,
    /// How many steps a plan has.
    Steps,
    /// How many pieces of work there are.
    Tasks,
    /// How many files a patch changes, both sides of renames.
    Files,
    /// The risk class of a patch.
    Risk,
    /// How many blocking findings a review has.
    Blocking,
    /// How many findings of a review are advice.
    Advice,
    /// How many requirements a review finds not wholly covered.
    Uncovered,
    /// How many scenarios passed.
    Passed,
    /// How many scenarios failed.
    Failed,
    /// How many scenarios could not be scored.
    Inconclusive,
    /// The share of scenarios that passed, in whole per cent, rounded down.
    PassPercent,
    /// Whether every critical scenario passed.
    CriticalPassed,
}

/// What kind of value a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// A whole number.
    Count,
    /// A risk class.
    Risk,
    /// Yes or no.
    Flag,
}

impl Field {
    /// Every field.
    pub const ALL: [Field; 13] = [
        Field::Requirements,
        Field::Steps,
        Field::Tasks,
        Field::Files,
        Field::Risk,
        Field::Blocking,
        Field::Advice,
        Field::Uncovered,
        Field::Passed,
        Field::Failed,
        Field::Inconclusive,
        Field::PassPercent,
        Field::CriticalPassed,
    ];

    /// The field as pipelines write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Field::Requirements => "requirements",
            Field::Steps => "steps",
            Field::Tasks => "tasks",
            Field::Files => "files",
            Field::Risk => "risk",
            Field::Blocking => "blocking",
            Field::Advice => "advice",
            Field::Uncovered => "uncovered",
            Field::Passed => "passed",
            Field::Failed => "failed",
            Field::Inconclusive => "inconclusive",
            Field::PassPercent => "pass_percent",
            Field::CriticalPassed => "critical_passed",
        }
    }

    /// The kind of artifact that has it.
    pub fn of(self) -> ArtifactKind {
        match self {
            Field::Requirements => ArtifactKind::Spec,
            Field::Steps => ArtifactKind::Plan,
            Field::Tasks => ArtifactKind::Tasks,
            Field::Files | Field::Risk => ArtifactKind::Build,
            Field::Blocking | Field::Advice | Field::Uncovered => ArtifactKind::Review,
            Field::Passed
            | Field::Failed
            | Field::Inconclusive
            | Field::PassPercent
            | Field::CriticalPassed => ArtifactKind::Verify,
        }
    }

    /// What kind of value it has.
    pub fn value_type(self) -> FieldType {
        match self {
            Field::Risk => FieldType::Risk,
            Field::CriticalPassed => FieldType::Flag,
            Field::Requirements
            | Field::Steps
            | Field::Tasks
            | Field::Files
            | Field::Blocking
            | Field::Advice
            | Field::Uncovered
            | Field::Passed
            | Field::Failed
            | Field::Inconclusive
            | Field::PassPercent => FieldType::Count,
        }
    }
}

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A whole number.
    Count(u32),
    /// A risk class.
    Risk(RiskClass),
    /// Yes or no.
    Flag(bool),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Count(count) => count.fmt(f),
            Value::Risk(class) => f.write_str(class.as_str()),
            Value::Flag(flag) => flag.fmt(f),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let test = match self.test {
            Test::AtLeast => "at least",
            Test::AtMost => "at most",
            Test::Is => "exactly",
        };
        write!(f, "{} of {} is {test} {}", self.field.as_str(), self.stage, self.value)
    }
}

/// What an artifact says, as far as conditions can be about it.
pub type Facts = BTreeMap<Field, Value>;

/// The facts of an artifact.
pub fn facts(body: &Body) -> Facts {
    let count = |n: usize| Value::Count(u32::try_from(n).unwrap_or(u32::MAX));
    match body {
        Body::Spec(spec) => Facts::from([(Field::Requirements, count(spec.requirements.len()))]),
        Body::Plan(plan) => Facts::from([(Field::Steps, count(plan.steps.len()))]),
        Body::Tasks(tasks) => Facts::from([(Field::Tasks, count(tasks.tasks.len()))]),
        Body::Build(build) => Facts::from([
            (Field::Files, count(build.patch.changes.len())),
            (Field::Risk, Value::Risk(risk::classify(&build.patch, &RiskRules::default()).class)),
        ]),
        Body::Review(review) => {
            let of = |severity| review.findings.iter().filter(|f| f.severity == severity).count();
            let uncovered = review.coverage.iter().filter(|row| row.status != Coverage::Covered).count();
            Facts::from([
                (Field::Blocking, count(of(Severity::Blocking))),
                (Field::Advice, count(of(Severity::Advice))),
                (Field::Uncovered, count(uncovered)),
            ])
        }
        Body::Verify(verify) => {
            let total = u64::from(verify.total()).max(1);
            let percent = u64::from(verify.passed) * 100 / total;
            Facts::from([
                (Field::Passed, Value::Count(verify.passed)),
                (Field::Failed, Value::Count(verify.failed)),
                (Field::Inconclusive, Value::Count(verify.inconclusive)),
                (Field::PassPercent, Value::Count(u32::try_from(percent).unwrap_or(100))),
                (Field::CriticalPassed, Value::Flag(verify.critical_passed)),
            ])
        }
        Body::Design(_) | Body::Tests(_) | Body::Recon(_) | Body::Merge(_) | Body::Lessons(_) => Facts::new(),
    }
}

impl Condition {
    /// Whether it holds for these facts. `None` when they do not say, which never spares anybody a check: a stage
    /// whose condition is open is performed, and a gate whose condition is open stays shut.
    pub fn holds(&self, facts: &Facts) -> Option<bool> {
        let found = facts.get(&self.field)?;
        let order = match (found, &self.value) {
            (Value::Count(a), Value::Count(b)) => a.cmp(b),
            (Value::Risk(a), Value::Risk(b)) => a.cmp(b),
            (Value::Flag(a), Value::Flag(b)) => a.cmp(b),
            (Value::Count(_) | Value::Risk(_) | Value::Flag(_), _) => return None,
        };
        Some(match self.test {
            Test::AtLeast => order.is_ge(),
            Test::AtMost => order.is_le(),
            Test::Is => order.is_eq(),
        })
    }
}
