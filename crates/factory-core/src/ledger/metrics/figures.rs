//! The figures as they are printed and exported. Shares are 0 to 1, times milliseconds; `None` is what the data cannot
//! give.

use serde::Serialize;

use super::query::LEVEL;
use crate::statistics::agreement::{Coefficient, Ratings};
use crate::statistics::proportion::Proportion;
use crate::statistics::quantile::Quantile;
use crate::statistics::{Bounds, Interval};

/// So many of so many, with a 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Rate {
    /// How often it happened.
    pub hits: u64,
    /// How often it could have.
    pub of: u64,
    /// The share; `None` for 0 of 0.
    pub rate: Option<f64>,
    /// The interval's lower bound.
    pub low: Option<f64>,
    /// The interval's upper bound.
    pub high: Option<f64>,
}

impl Rate {
    /// With Wilson's interval.
    pub(super) fn wilson(hits: u64, of: u64) -> Self {
        let counted = Proportion { hits, of };
        Self::of(counted, counted.wilson(LEVEL))
    }

    /// With the exact interval of Clopper and Pearson, for what is rare and matters.
    pub(super) fn exact(hits: u64, of: u64) -> Self {
        let counted = Proportion { hits, of };
        Self::of(counted, counted.exact(LEVEL))
    }

    fn of(counted: Proportion, bounds: Option<Interval>) -> Self {
        Self {
            hits: counted.hits,
            of: counted.of,
            rate: counted.rate(),
            low: bounds.map(|bounds| bounds.low),
            high: bounds.map(|bounds| bounds.high),
        }
    }
}

/// An estimate with a 95 % interval, either end of which may be out of reach for so few cases.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// The interval's lower bound.
    pub low: Option<f64>,
    /// The interval's upper bound.
    pub high: Option<f64>,
}

impl Estimate {
    pub(super) fn new(value: f64, bounds: Option<Interval>) -> Self {
        Self { value, low: bounds.map(|bounds| bounds.low), high: bounds.map(|bounds| bounds.high) }
    }

    pub(super) fn quantile(found: Quantile) -> Self {
        let Bounds { low, high } = found.bounds;
        Self { value: found.value, low, high }
    }

    fn coefficient(found: Coefficient) -> Self {
        Self::new(found.value, found.interval(LEVEL))
    }
}

/// What the evaluator and people said of the same patches.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Agreement {
    /// The evaluator passed it, a person accepted it.
    pub pass_accepted: u64,
    /// The evaluator passed it, a person refused it: a miss.
    pub pass_refused: u64,
    /// The evaluator failed it, a person accepted it all the same: a false positive.
    pub fail_accepted: u64,
    /// The evaluator failed it, a person refused it.
    pub fail_refused: u64,
    /// Raw agreement.
    pub agreement: Rate,
    /// Cohen's kappa.
    pub kappa: Option<Estimate>,
    /// Gwet's AC1, which stays stable where nearly everything passes.
    pub ac1: Option<Estimate>,
}

impl Agreement {
    /// From counts by what the evaluator and then what the person said, failing before passing.
    pub(super) fn of(table: [[u64; 2]; 2]) -> Self {
        let [[fail_refused, fail_accepted], [pass_refused, pass_accepted]] = table;
        let ratings = Ratings {
            both_pass: pass_accepted,
            a_pass_b_fail: pass_refused,
            a_fail_b_pass: fail_accepted,
            both_fail: fail_refused,
        };
        let agreement =
            ratings.agreement().map_or(Rate::default(), |counted| Rate::wilson(counted.hits, counted.of));
        Self {
            pass_accepted,
            pass_refused,
            fail_accepted,
            fail_refused,
            agreement,
            kappa: ratings.kappa().map(Estimate::coefficient),
            ac1: ratings.ac1().map(Estimate::coefficient),
        }
    }

    /// All that were judged.
    pub(super) fn judged(&self) -> u64 {
        self.pass_accepted + self.pass_refused + self.fail_accepted + self.fail_refused
    }
}

/// How runs stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RunCounts {
    /// Asked for.
    pub asked: u64,
    /// Not over.
    pub open: u64,
    /// Merged.
    pub merged: u64,
    /// A person said no.
    pub rejected: u64,
    /// Nobody decided in time.
    pub expired: u64,
    /// A person stopped it.
    pub cancelled: u64,
    /// A stage failed for the last time.
    pub failed: u64,
}

/// What people decided, at any gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct DecisionCounts {
    /// All.
    pub made: u64,
    /// The run goes on.
    pub approved: u64,
    /// The run ends.
    pub rejected: u64,
    /// The work is done again.
    pub retried: u64,
    /// The run goes on although something is wrong.
    pub overridden: u64,
    /// Those of all that were given in advance.
    pub in_advance: u64,
    /// Those of all that judge a patch which the evaluator had judged.
    pub judgements: u64,
    /// Gates that nobody decided in time; not among the decisions.
    pub expired: u64,
}

/// How long a gate waits for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateWait {
    /// The gate, such as `plan:exit`.
    pub gate: String,
    /// Decisions there that were not given in advance.
    pub decided: u64,
    /// How often nobody decided in time. Those waits are not in the quantiles.
    pub expired: u64,
    /// Half of the waits were no longer, in milliseconds.
    pub p50_ms: Option<Estimate>,
    /// Nine of ten were no longer, in milliseconds.
    pub p90_ms: Option<Estimate>,
}

/// From the request to the merge, by Kaplan and Meier. Open runs are censored at the time of the look, runs that ended
/// in any other way at their end.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct TimeToMerge {
    /// Runs that merged.
    pub merged: u64,
    /// Runs that are censored.
    pub censored: u64,
    /// The time by which half would have merged, in milliseconds; `None` where the curve does not come down to half.
    pub median_ms: Option<u64>,
    /// The lower bound of its 95 % interval.
    pub median_low_ms: Option<f64>,
    /// The upper bound.
    pub median_high_ms: Option<f64>,
    /// The mean up to `up_to_ms`; `None` where nothing merged. A run that was left open for long weighs heavily in it.
    pub mean_ms: Option<f64>,
    /// The longest time watched, in milliseconds.
    pub up_to_ms: Option<u64>,
    /// The plain mean of the runs that merged, in milliseconds: shorter than it should be while others are open.
    pub mean_of_merged_ms: Option<f64>,
}

/// How often specifications changed before they were merged for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Iterations {
    /// Specifications that were merged for the first time by one of the runs.
    pub specs: u64,
    /// The mean of how many different texts runs were asked for with, the merged one among them.
    pub mean: Option<f64>,
    /// The median.
    pub median: Option<f64>,
}

/// Decisions about money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct BudgetGates {
    /// The same budget was granted once more.
    pub granted: u64,
    /// It was refused.
    pub refused: u64,
}

/// Everything about some runs and decisions.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Figures {
    /// How runs stand.
    pub runs: RunCounts,
    /// What people decided.
    pub decisions: DecisionCounts,
    /// Judgements against the evaluator's verdict, of all judgements.
    pub overrides: Rate,
    /// Evaluator and people compared.
    pub agreement: Agreement,
    /// The same where the verdict had not been seen.
    pub agreement_unseen: Agreement,
    /// What the evaluator had passed, of what people refused; with the exact interval.
    pub misses_of_refused: Rate,
    /// What people refused, of what the evaluator had passed; with the exact interval.
    pub misses_of_passed: Rate,
    /// Failing verdicts that people went against, of all judgements.
    pub false_positives: Rate,
    /// Scenarios that passed, of all that the evaluator scored.
    pub scenario_passes: Rate,
    /// Requirements that at least one scenario is about, of all requirements of the runs whose scenarios were counted.
    pub coverage: Rate,
    /// How long each gate waits, by its name.
    pub gate_waits: Vec<GateWait>,
    /// From the request to the merge.
    pub time_to_merge: TimeToMerge,
    /// Runs with at least one correction, of all runs.
    pub reworked: Rate,
    /// Tries that were not the first, of all tries.
    pub tries_again: Rate,
    /// Merges taken back within 14 days, of those that are 14 days old or have been taken back.
    pub rollbacks: Rate,
    /// Runs that were escalated because the last tries changed nothing, of all runs.
    pub plateaus: Rate,
    /// Runs that were escalated because no try was left, of all runs.
    pub exhausted: Rate,
    /// Runs that were escalated because the base branch had moved, of all runs.
    pub conflicts: Rate,
    /// How often specifications changed before their merge.
    pub spec_iterations: Iterations,
    /// How often a scorecard was shown, which says what the holdouts are about.
    pub scorecards_revealed: u64,
    /// Decisions at budget gates.
    pub budget_gates: BudgetGates,
    /// Merges that no person had accepted after the evaluator's verdict.
    pub merged_without_a_person: u64,
    /// Those of them that were taken back, however late.
    pub merged_without_a_person_rolled_back: u64,
}
