//! How far the evaluator is trusted, and what may merge without a person because of it.
//!
//! Trust has four [`Phase`]s. It is raised by a person, one phase at a time, and only when every [`Criterion`] is met; it
//! falls by itself when an [`Alert`] stands. What is not known never counts as met.
//!
//! - [`merge_rule`] says who merges one change.
//! - [`promote`] and [`demote`] make the change of phase that a person asks for; [`promotion`] only says whether they would.
//! - [`demotion`] says what is due by itself, and [`effective_phase`] what holds until that is recorded.
//! - [`daily_health`] is the table for the daily look.
//!
//! All of it is pure: figures, time and people come in as arguments. The figures 10 %, 5 %, 80 %, 70 %, 3 iterations, 24
//! hours and 30 days are those of the Dark Factory pattern. Ours are the least evidence, what the first step up asks, and
//! that misses are held to the figure for false positives.

mod change;
mod health;
mod merge;
mod phase;
mod readiness;
mod share;
#[cfg(test)]
mod tests;

pub use change::{Alert, AlertKind, Due, Refusal, demote, demotion, effective_phase, promote, promotion};
pub use health::{Health, HealthRow, Level, Measure, daily_health};
pub use merge::{Judged, LOW_RISK_FILES, MergeRule, SOAK_MS, merge_rule};
pub use phase::{BrokenTrust, Phase, TrustActor, TrustChange, TrustState};
pub use readiness::{Criterion, Readiness, Unmet, unmet};
pub use share::{MIN_EVIDENCE, Share};
