//! Who merges one change.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::phase::Phase;
use crate::ids::Timestamp;
use crate::risk::{Area, Reason, Risk, RiskClass};

/// How long a passing change waits in [`Phase::Advised`] before it is offered for merging: 24 hours, in milliseconds.
pub const SOAK_MS: u64 = 24 * 60 * 60 * 1000;

/// A change merges by itself in [`Phase::LowRisk`] only with fewer files than this.
pub const LOW_RISK_FILES: usize = 5;

/// What the evaluator said of exactly the patch that would be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Whether it passed.
    pub passed: bool,
    /// When that was said.
    pub at: Timestamp,
}

/// Who merges a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum MergeRule {
    /// A person decides, as soon as they like.
    Human {
        /// Why it is not merged by itself.
        because: String,
    },
    /// A person decides, but is offered the change only then.
    HumanAfter {
        /// The first moment at which it may be merged.
        not_before: Timestamp,
        /// Why it waits.
        because: String,
    },
    /// It merges by itself.
    Auto {
        /// Why it may.
        because: String,
    },
}

/// Who merges a change of this risk, in a phase that holds now (see [`super::effective_phase`]).
///
/// `files` is the number of files that change, counted by the caller; that low risk means few files is checked here once
/// more. Without a passing verdict nothing ever merges by itself.
///
/// With full trust a person is still asked where a change of high risk touches CI, the factory's configuration or the
/// instructions of agents: what decides about changes must not be changed by what it decides about, or one bad change that
/// passes makes every later one pass. The same goes for an unusual path, which may be any of these in disguise.
pub fn merge_rule(
    phase: Phase,
    risk: &Risk,
    files: usize,
    verdict: Option<Judged>,
    now: Timestamp,
) -> MergeRule {
    let human = |because: &str| MergeRule::Human { because: because.to_owned() };
    let passed_at = match verdict {
        None => return human("the evaluator has not judged it"),
        Some(Judged { passed: false, .. }) => return human("the evaluator did not pass it"),
        Some(Judged { passed: true, at }) => at,
    };
    match phase {
        Phase::Shadow => human("in the shadow phase the evaluator is only listened to"),
        Phase::Advised => advised(passed_at, now),
        Phase::LowRisk => low_risk(risk, files),
        Phase::Full => full(risk),
    }
}

fn advised(passed_at: Timestamp, now: Timestamp) -> MergeRule {
    let not_before = Timestamp(passed_at.0.saturating_add(SOAK_MS));
    if now >= not_before {
        MergeRule::Human { because: "it passed a day ago or more; in this phase a person merges".to_owned() }
    } else {
        let because = "a passing change waits a day for objections".to_owned();
        MergeRule::HumanAfter { not_before, because }
    }
}

fn low_risk(risk: &Risk, files: usize) -> MergeRule {
    match risk.worst() {
        RiskClass::Low if files < LOW_RISK_FILES => {
            MergeRule::Auto { because: "it passed, and its risk is low".to_owned() }
        }
        RiskClass::Low => {
            MergeRule::Human { because: format!("{files} files change, {LOW_RISK_FILES} or more") }
        }
        class @ (RiskClass::Medium | RiskClass::High) => {
            MergeRule::Human { because: format!("its risk is {}, not low", class.as_str()) }
        }
    }
}

fn full(risk: &Risk) -> MergeRule {
    match risk.reasons.iter().find(|reason| always_asks(reason)) {
        Some(reason) => {
            let area = reason.area.as_str();
            MergeRule::Human {
                because: format!("its risk in the area {area} is high, where a person is always asked"),
            }
        }
        None => MergeRule::Auto { because: "it passed, and trust is full".to_owned() },
    }
}

fn always_asks(reason: &Reason) -> bool {
    reason.class == RiskClass::High
        && match reason.area {
            Area::Ci | Area::FactoryConfig | Area::AgentInstructions | Area::Unusual => true,
            Area::Auth
            | Area::Payment
            | Area::Infrastructure
            | Area::LockFile
            | Area::Secrets
            | Area::Migration
            | Area::Executable
            | Area::Size
            | Area::Deletion => false,
        }
}
