//! Counting up rows into figures.

use std::collections::BTreeMap;

use super::figures::{
    Agreement, BudgetGates, DecisionCounts, Estimate, Figures, GateWait, Iterations, Rate, RunCounts,
    TimeToMerge,
};
use super::query::LEVEL;
use super::row::{self, DecisionRow, End, RunRow, What};
use crate::artifact::ScenarioCoverage;
use crate::event::{Channel, Decision};
use crate::ids::Timestamp;
use crate::pipeline::model::Edge;
use crate::statistics::quantile::Sample;
use crate::statistics::survival::{self, Observation};

/// A merge that is taken back later than this was good for long enough: 14 days, in milliseconds.
const ROLLBACK_MS: u64 = 14 * 24 * 60 * 60 * 1000;

/// Counts of some runs and decisions.
#[derive(Debug, Default)]
pub(super) struct Tally {
    runs: RunCounts,
    decisions: DecisionCounts,
    /// By the evaluator's word and then the person's, failing and refusing first.
    judged: [[u64; 2]; 2],
    judged_unseen: [[u64; 2]; 2],
    waits: BTreeMap<u32, Waits>,
    times: Vec<Observation>,
    reworked: u64,
    tries: u64,
    again: u64,
    rolled_back: u64,
    old_merges: u64,
    plateaus: u64,
    exhausted: u64,
    conflicts: u64,
    iterations: Vec<u64>,
    scenarios_passed: u64,
    scenarios: u64,
    covered: u64,
    requirements: u64,
    revealed: u64,
    budget: BudgetGates,
    alone: u64,
    alone_rolled_back: u64,
}

#[derive(Debug, Default)]
struct Waits {
    decided: Vec<u64>,
    expired: u64,
}

impl Tally {
    /// Counts a run that was asked for then.
    pub(super) fn run(&mut self, run: &RunRow, asked: Timestamp, now: Timestamp) {
        self.runs.asked += 1;
        let (ended, end) = run.end.map_or((now, None), |(at, end)| (at, Some(end)));
        let counter = match end {
            None => &mut self.runs.open,
            Some(End::Merged) => &mut self.runs.merged,
            Some(End::Rejected) => &mut self.runs.rejected,
            Some(End::Expired) => &mut self.runs.expired,
            Some(End::Cancelled) => &mut self.runs.cancelled,
            Some(End::Failed) => &mut self.runs.failed,
        };
        *counter += 1;
        let merged = end == Some(End::Merged);
        self.times.push(Observation { duration_ms: ended.since(asked), event: merged });
        if merged {
            self.merge(run, ended, now);
        }
        self.reworked += u64::from(run.corrections > 0);
        let again = run.corrections + run.failures;
        self.again += again;
        self.tries += run.stages.len() as u64 + again;
        self.plateaus += u64::from(run.plateau);
        self.exhausted += u64::from(run.exhausted);
        self.conflicts += u64::from(run.conflict);
        self.iterations.extend(run.iterations);
        self.scenarios_passed = self.scenarios_passed.saturating_add(run.scenarios_passed);
        self.scenarios = self.scenarios.saturating_add(run.scenarios);
        if let Some(ScenarioCoverage { requirements, of }) = run.covered {
            self.covered = self.covered.saturating_add(u64::from(requirements));
            self.requirements = self.requirements.saturating_add(u64::from(of));
        }
        self.revealed += run.revealed;
    }

    fn merge(&mut self, run: &RunRow, merged: Timestamp, now: Timestamp) {
        let soon = run.rolled_back.is_some_and(|at| at.since(merged) <= ROLLBACK_MS);
        self.rolled_back += u64::from(soon);
        self.old_merges += u64::from(run.rolled_back.is_some() || now.since(merged) >= ROLLBACK_MS);
        if !run.accepted {
            self.alone += 1;
            self.alone_rolled_back += u64::from(run.rolled_back.is_some());
        }
    }

    /// Counts a decision.
    pub(super) fn decision(&mut self, row: &DecisionRow) {
        let waits = self.waits.entry(row.gate).or_default();
        let What::Decided { decision, via, verdict, .. } = row.what else {
            self.decisions.expired += 1;
            waits.expired += 1;
            return;
        };
        self.decisions.made += 1;
        let counter = match decision {
            Decision::Approved => &mut self.decisions.approved,
            Decision::Rejected => &mut self.decisions.rejected,
            Decision::Retried => &mut self.decisions.retried,
            Decision::Overridden => &mut self.decisions.overridden,
        };
        *counter += 1;
        match via {
            Channel::InAdvance => self.decisions.in_advance += 1,
            Channel::Terminal | Channel::Command => waits.decided.push(row.waited_ms),
        }
        let accepts = row::accepts(decision);
        if row.edge == Edge::Budget {
            let counter = if accepts { &mut self.budget.granted } else { &mut self.budget.refused };
            *counter += 1;
        }
        if let Some(verdict) = verdict.filter(|verdict| verdict.judged) {
            self.decisions.judgements += 1;
            let (one, two) = (usize::from(verdict.passed), usize::from(accepts));
            self.judged[one][two] += 1;
            self.judged_unseen[one][two] += u64::from(!verdict.shown);
        }
    }

    /// The figures, with the names of gates.
    pub(super) fn figures(self, gates: &[String]) -> Figures {
        let agreement = Agreement::of(self.judged);
        let judged = agreement.judged();
        let Agreement { pass_accepted, pass_refused, fail_accepted, fail_refused, .. } = agreement;
        let asked = self.runs.asked;
        let mut gate_waits: Vec<GateWait> =
            self.waits.into_iter().map(|(gate, waits)| waits.figures(gates[gate as usize].clone())).collect();
        gate_waits.sort_by(|one, two| one.gate.cmp(&two.gate));
        Figures {
            runs: self.runs,
            decisions: self.decisions,
            overrides: Rate::wilson(pass_refused + fail_accepted, judged),
            agreement,
            agreement_unseen: Agreement::of(self.judged_unseen),
            misses_of_refused: Rate::exact(pass_refused, pass_refused + fail_refused),
            misses_of_passed: Rate::exact(pass_refused, pass_refused + pass_accepted),
            false_positives: Rate::wilson(fail_accepted, judged),
            scenario_passes: Rate::wilson(self.scenarios_passed, self.scenarios),
            coverage: Rate::wilson(self.covered, self.requirements),
            gate_waits,
            time_to_merge: time_to_merge(&self.times),
            reworked: Rate::wilson(self.reworked, asked),
            tries_again: Rate::wilson(self.again, self.tries),
            rollbacks: Rate::wilson(self.rolled_back, self.old_merges),
            plateaus: Rate::wilson(self.plateaus, asked),
            exhausted: Rate::wilson(self.exhausted, asked),
            conflicts: Rate::wilson(self.conflicts, asked),
            spec_iterations: iterations(self.iterations),
            scorecards_revealed: self.revealed,
            budget_gates: self.budget,
            merged_without_a_person: self.alone,
            merged_without_a_person_rolled_back: self.alone_rolled_back,
        }
    }
}

impl Waits {
    fn figures(self, gate: String) -> GateWait {
        let sample = Sample::new(self.decided);
        GateWait {
            gate,
            decided: sample.count(),
            expired: self.expired,
            p50_ms: sample.p50(LEVEL).map(Estimate::quantile),
            p90_ms: sample.p90(LEVEL).map(Estimate::quantile),
        }
    }
}

fn time_to_merge(times: &[Observation]) -> TimeToMerge {
    let curve = survival::fit(times);
    let bounds = curve.median_bounds_ms(LEVEL);
    // Without a merge the area under the curve is only how long people have waited.
    let mean = curve.restricted_mean().filter(|_| curve.events > 0);
    let merged = times.iter().filter(|seen| seen.event).map(|seen| seen.duration_ms as f64);
    TimeToMerge {
        merged: curve.events,
        censored: curve.censored,
        median_ms: curve.median_ms(),
        median_low_ms: bounds.and_then(|bounds| bounds.low),
        median_high_ms: bounds.and_then(|bounds| bounds.high),
        mean_ms: mean.map(|mean| mean.mean_ms),
        up_to_ms: mean.map(|mean| mean.up_to_ms),
        mean_of_merged_ms: mean.map(|_| merged.sum::<f64>() / curve.events as f64),
    }
}

fn iterations(counts: Vec<u64>) -> Iterations {
    let specs = counts.len() as u64;
    let mean = (specs > 0).then(|| counts.iter().map(|&count| count as f64).sum::<f64>() / specs as f64);
    Iterations { specs, mean, median: Sample::new(counts).value(0.5) }
}
