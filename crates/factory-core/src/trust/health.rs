//! The daily look: six figures, each with what is good and what is alarming.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::readiness::{self, Readiness};
use super::share::Share;

/// Figures of the daily look that trust does not rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Scenarios that passed, of all that were scored.
    pub scenario_passes: Share,
    /// Tries of agents that were not the first, of all tries.
    pub agent_retries: Share,
    /// Mean time from the start of a run to its merge, in milliseconds; `None` when nothing merged.
    pub mean_time_to_merge_ms: Option<u64>,
}

/// A row of the daily look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Good from 95 %, alarming below 90 %.
    ScenarioPasses,
    /// Good below 3 %, alarming above 5 %.
    FalsePositives,
    /// Good below 2 %, alarming above 5 %.
    Rollbacks,
    /// Good below 30 minutes, alarming above 2 hours.
    TimeToMerge,
    /// Good from 80 %, alarming below 70 %.
    Coverage,
    /// Good below 20 %, alarming above 40 %.
    AgentRetries,
}

/// How a figure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing was counted, or something impossible.
    Unknown,
    /// As it should be.
    Good,
    /// Neither good nor alarming.
    Fair,
    /// Someone has to look.
    Alert,
}

/// A figure and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthRow {
    /// Which figure.
    pub measure: Measure,
    /// How it stands.
    pub level: Level,
    /// The figure, in words.
    pub found: String,
}

/// The table of the daily look, always with all six rows in this order. Even few cases count here: an alert asks somebody
/// to look, and changes nothing by itself.
pub fn daily_health(figures: &Readiness) -> Vec<HealthRow> {
    let row = |measure, level, found| HealthRow { measure, level, found };
    let share = |measure, share: Share, level| row(measure, level, share.to_string());
    let Readiness { false_positives, rollbacks, coverage_bp, health, .. } = *figures;
    vec![
        share(Measure::ScenarioPasses, health.scenario_passes, high_is_good(health.scenario_passes, 95, 90)),
        share(Measure::FalsePositives, false_positives, low_is_good(false_positives, 3, 5)),
        share(Measure::Rollbacks, rollbacks, low_is_good(rollbacks, 2, 5)),
        row(
            Measure::TimeToMerge,
            time(health.mean_time_to_merge_ms),
            readiness::or_unknown(
                health.mean_time_to_merge_ms.map(|ms| format!("{} minutes", ms / MINUTE_MS)),
            ),
        ),
        row(
            Measure::Coverage,
            coverage(coverage_bp),
            readiness::or_unknown(coverage_bp.map(|bp| readiness::hundredths(bp) + " %")),
        ),
        share(Measure::AgentRetries, health.agent_retries, low_is_good(health.agent_retries, 20, 40)),
    ]
}

const MINUTE_MS: u64 = 60 * 1000;

fn low_is_good(share: Share, good_below: u32, alert_above: u32) -> Level {
    if !share.is_known() {
        Level::Unknown
    } else if share.is_below(good_below) {
        Level::Good
    } else if share.is_above(alert_above) {
        Level::Alert
    } else {
        Level::Fair
    }
}

fn high_is_good(share: Share, good_from: u32, alert_below: u32) -> Level {
    if !share.is_known() {
        Level::Unknown
    } else if !share.is_below(good_from) {
        Level::Good
    } else if share.is_below(alert_below) {
        Level::Alert
    } else {
        Level::Fair
    }
}

fn time(mean_ms: Option<u64>) -> Level {
    match mean_ms {
        None => Level::Unknown,
        Some(ms) if ms < 30 * MINUTE_MS => Level::Good,
        Some(ms) if ms > 120 * MINUTE_MS => Level::Alert,
        Some(_) => Level::Fair,
    }
}

fn coverage(bp: Option<u32>) -> Level {
    match bp {
        Some(8_000..=10_000) => Level::Good,
        Some(7_000..8_000) => Level::Fair,
        Some(0..7_000) => Level::Alert,
        Some(10_001..) | None => Level::Unknown,
    }
}
