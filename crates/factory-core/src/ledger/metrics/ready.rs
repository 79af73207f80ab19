//! The figures that trust rests on, and the daily look.

use std::collections::BTreeMap;

use serde::Serialize;

use super::calendar;
use super::figures::{Figures, Rate};
use super::fold::Fold;
use super::query::Query;
use super::row::{self, What};
use crate::ids::Timestamp;
use crate::trust::{self, Health, Level, Measure, Readiness, Share};

/// How far [`readiness`] looks back: 90 days, in milliseconds. Long enough for three times the 30 days that full trust
/// asks for, and short enough that trust rests on how things are.
pub const LOOK_BACK_MS: u64 = 90 * 24 * 60 * 60 * 1000;

/// A row of the daily look with what is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Watched {
    /// Which figure.
    pub measure: Measure,
    /// How it stands.
    pub level: Level,
    /// The figure, in words.
    pub found: String,
    /// What is good.
    pub target: &'static str,
    /// What is alarming.
    pub alert: &'static str,
}

/// What the last [`LOOK_BACK_MS`] say. A broken history of changes gives no days in a phase.
pub fn readiness(fold: &Fold, now: Timestamp) -> Readiness {
    let since = Timestamp(now.0.saturating_sub(LOOK_BACK_MS));
    let query = Query { since: Some(since), ..Query::default() };
    let days_in_phase = fold.trust().map_or(0, |state| state.days_in_phase(now));
    let calm = calm_days(fold, &query, now);
    Readiness {
        days_in_phase,
        consecutive_days_override_below_10: calm,
        ..of_figures(&fold.total(now, &query))
    }
}

/// What the figures of a window say; nothing of days.
pub(super) fn of_figures(figures: &Figures) -> Readiness {
    let share = |rate: Rate| Share::new(rate.hits, rate.of);
    let time = figures.time_to_merge.mean_of_merged_ms;
    let health = Health {
        scenario_passes: share(figures.scenario_passes),
        agent_retries: share(figures.tries_again),
        // `as` stays within bounds.
        mean_time_to_merge_ms: time.map(|ms| ms.round() as u64),
    };
    let median = figures.spec_iterations.median.map(|median| (median * 100.0).ceil() as u32);
    Readiness {
        decisions: figures.decisions.judgements,
        overrides: share(figures.overrides),
        false_positives: share(figures.false_positives),
        misses: share(figures.misses_of_passed),
        rollbacks: share(figures.rollbacks),
        auto_merged_rolled_back: Some(figures.merged_without_a_person_rolled_back),
        coverage_bp: basis_points(figures.coverage),
        spec_iterations_x100: median,
        days_in_phase: 0,
        consecutive_days_override_below_10: 0,
        health,
    }
}

/// A share in hundredths of a per cent, rounded down, so that no bound is met by rounding; unknown where nothing was
/// counted or the counts cannot be.
fn basis_points(rate: Rate) -> Option<u32> {
    let share = u128::from(rate.hits) * 10_000;
    let bp = share.checked_div(u128::from(rate.of))?;
    u32::try_from(bp).ok().filter(|bp| *bp <= 10_000)
}

/// Days with judgements, counted back from now, up to the first on which 10 % or more went against the evaluator. Days
/// without any are left out: they neither count nor break the row.
fn calm_days(fold: &Fold, query: &Query, now: Timestamp) -> u32 {
    let mut days: BTreeMap<i64, Share> = BTreeMap::new();
    for row in fold.decisions.iter().filter(|row| query.includes(row.at) && row.at <= now) {
        let What::Decided { decision, verdict: Some(verdict), .. } = row.what else { continue };
        if verdict.judged {
            let day = days.entry(calendar::day(row.at)).or_default();
            day.hits += u64::from(verdict.passed != row::accepts(decision));
            day.of += 1;
        }
    }
    let calm = days.values().rev().take_while(|day| day.is_below(10)).count();
    u32::try_from(calm).unwrap_or(u32::MAX)
}

/// The daily look, with what is asked of each figure.
pub fn watched(figures: &Readiness) -> Vec<Watched> {
    let row = |row: trust::HealthRow| {
        let (target, alert) = asked(row.measure);
        Watched { measure: row.measure, level: row.level, found: row.found, target, alert }
    };
    trust::daily_health(figures).into_iter().map(row).collect()
}

fn asked(measure: Measure) -> (&'static str, &'static str) {
    match measure {
        Measure::ScenarioPasses => ("at least 95 %", "below 90 %"),
        Measure::FalsePositives => ("below 3 %", "above 5 %"),
        Measure::Rollbacks => ("below 2 %", "above 5 %"),
        Measure::TimeToMerge => ("below 30 min", "above 2 h"),
        Measure::Coverage => ("at least 80 %", "below 70 %"),
        Measure::AgentRetries => ("below 20 %", "above 40 %"),
    }
}
