//! What has to be known before trust is raised.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::health::Health;
use super::phase::Phase;
use super::share::{MIN_EVIDENCE, Share};

/// The figures that trust rests on, over whatever time the caller looks back. The default is that nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Readiness {
    /// Decisions of people about changes that the evaluator had judged.
    pub decisions: u64,
    /// Decisions against what the evaluator said, of all such decisions.
    pub overrides: Share,
    /// Failing verdicts that a person found wrong, of all verdicts that a person looked at.
    pub false_positives: Share,
    /// Passing verdicts whose change a person rejected, of all passing verdicts that a person looked at.
    pub misses: Share,
    /// Merges that were taken back, of all merges.
    pub rollbacks: Share,
    /// Merges without a person that were taken back; `None` when nobody counted.
    pub auto_merged_rolled_back: Option<u64>,
    /// Requirements with a scenario, in hundredths of a per cent (0 to 10,000); `None` when unknown.
    pub coverage_bp: Option<u32>,
    /// The median of how often a specification was revised before its run, times 100; `None` when unknown.
    pub spec_iterations_x100: Option<u32>,
    /// Whole days since the phase was last changed; see [`super::TrustState::days_in_phase`].
    pub days_in_phase: u32,
    /// Days in a row, up to now, on each of which less than 10 % were overrides.
    pub consecutive_days_override_below_10: u32,
    /// What else the daily look is about. Trust does not rest on it.
    pub health: Health,
}

/// A thing that is asked before trust is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// At least 20 decisions.
    Decisions,
    /// Overrides below 10 %.
    Overrides,
    /// False positives below 5 %.
    FalsePositives,
    /// Misses below 5 %.
    Misses,
    /// At least 80 % of the requirements have a scenario.
    Coverage,
    /// Rollbacks below 5 %.
    Rollbacks,
    /// Nothing that merged without a person was taken back.
    AutoMergedRolledBack,
    /// The median specification took fewer than 3 iterations.
    SpecIterations,
    /// At least 30 days in the phase before.
    DaysInPhase,
    /// Overrides below 10 % on each of 30 days in a row.
    CalmDays,
}

impl Criterion {
    /// What a change to this phase asks. What a lower phase asked is asked again, so that nobody climbs on old figures.
    ///
    /// The first step is not in the source, which only says what an evaluator has to be like: overrides below 10 %, false
    /// positives below 5 %. Advice that is worse is none. The 30 days are counted within the phase before.
    pub fn asked_for(to: Phase) -> &'static [Criterion] {
        const ALL: [Criterion; 10] = [
            Criterion::Decisions,
            Criterion::Overrides,
            Criterion::FalsePositives,
            Criterion::Misses,
            Criterion::Coverage,
            Criterion::Rollbacks,
            Criterion::AutoMergedRolledBack,
            Criterion::SpecIterations,
            Criterion::DaysInPhase,
            Criterion::CalmDays,
        ];
        match to {
            Phase::Shadow => &[],
            Phase::Advised => ALL.split_at(4).0,
            Phase::LowRisk => ALL.split_at(8).0,
            Phase::Full => &ALL,
        }
    }

    /// What is asked, in words.
    pub fn asks(self) -> &'static str {
        match self {
            Criterion::Decisions => "at least 20 decisions",
            Criterion::Overrides => "overrides below 10 % of at least 20 decisions",
            Criterion::FalsePositives => "false positives below 5 % of at least 20 verdicts",
            Criterion::Misses => "misses below 5 % of at least 20 passing verdicts",
            Criterion::Coverage => "scenarios for at least 80 % of the requirements",
            Criterion::Rollbacks => "rollbacks below 5 % of at least 20 merges",
            Criterion::AutoMergedRolledBack => "no rollback of a change that merged without a person",
            Criterion::SpecIterations => "a median of fewer than 3 iterations of a specification",
            Criterion::DaysInPhase => "at least 30 days in the phase before",
            Criterion::CalmDays => "overrides below 10 % on 30 days in a row",
        }
    }

    /// Whether the figures meet it. What is unknown, impossible, or too little to say does not.
    pub fn is_met(self, figures: &Readiness) -> bool {
        let below = |share: Share, percent| share.is_evidence() && share.is_below(percent);
        match self {
            Criterion::Decisions => figures.decisions >= MIN_EVIDENCE,
            Criterion::Overrides => below(figures.overrides, 10),
            Criterion::FalsePositives => below(figures.false_positives, 5),
            Criterion::Misses => below(figures.misses, 5),
            Criterion::Coverage => figures.coverage_bp.is_some_and(|bp| (8_000..=10_000).contains(&bp)),
            Criterion::Rollbacks => below(figures.rollbacks, 5),
            Criterion::AutoMergedRolledBack => figures.auto_merged_rolled_back == Some(0),
            Criterion::SpecIterations => figures.spec_iterations_x100.is_some_and(|median| median < 300),
            Criterion::DaysInPhase => figures.days_in_phase >= 30,
            Criterion::CalmDays => figures.consecutive_days_override_below_10 >= 30,
        }
    }

    /// The figure that it is about, in words.
    pub fn found(self, figures: &Readiness) -> String {
        match self {
            Criterion::Decisions => figures.decisions.to_string(),
            Criterion::Overrides => figures.overrides.to_string(),
            Criterion::FalsePositives => figures.false_positives.to_string(),
            Criterion::Misses => figures.misses.to_string(),
            Criterion::Coverage => or_unknown(figures.coverage_bp.map(|bp| hundredths(bp) + " %")),
            Criterion::Rollbacks => figures.rollbacks.to_string(),
            Criterion::AutoMergedRolledBack => {
                or_unknown(figures.auto_merged_rolled_back.map(|n| n.to_string()))
            }
            Criterion::SpecIterations => or_unknown(figures.spec_iterations_x100.map(hundredths)),
            Criterion::DaysInPhase => figures.days_in_phase.to_string(),
            Criterion::CalmDays => figures.consecutive_days_override_below_10.to_string(),
        }
    }
}

/// A number of hundredths with two decimals.
pub(super) fn hundredths(n: u32) -> String {
    format!("{}.{:02}", n / 100, n % 100)
}

pub(super) fn or_unknown(found: Option<String>) -> String {
    found.unwrap_or_else(|| "unknown".to_owned())
}

/// A criterion that is not met, with the figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unmet {
    /// Which.
    pub criterion: Criterion,
    /// What is asked, in words.
    pub asked: String,
    /// What was found, in words.
    pub found: String,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "asked: {}, found: {}", self.asked, self.found)
    }
}

/// Every criterion of a phase that is not met, in the order in which they are asked.
pub fn unmet(figures: &Readiness, to: Phase) -> Vec<Unmet> {
    Criterion::asked_for(to)
        .iter()
        .filter(|criterion| !criterion.is_met(figures))
        .map(|&criterion| Unmet {
            criterion,
            asked: criterion.asks().to_owned(),
            found: criterion.found(figures),
        })
        .collect()
}
