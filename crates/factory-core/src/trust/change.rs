//! Raising trust, which people do, and lowering it, which also happens by itself.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::phase::{Phase, TrustActor, TrustChange, TrustState};
use super::readiness::{self, Readiness, Unmet};
use super::share::Share;
use crate::decide::{self, LONGEST_RATIONALE};
use crate::ids::Timestamp;

/// Why the phase is not changed as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Trust is raised to the next phase, and to no other.
    #[error("trust is raised one phase at a time, and {to} does not follow {from}")]
    NotNext {
        /// The phase that holds.
        from: Phase,
        /// The phase that was asked for.
        to: Phase,
    },
    /// Lowering goes down.
    #[error("{to} is not below {from}")]
    NotLower {
        /// The phase that holds.
        from: Phase,
        /// The phase that was asked for.
        to: Phase,
    },
    /// The figures do not allow it; every one that does not is listed.
    #[error("{to} asks for more: {}", listed(.unmet))]
    Unmet {
        /// The phase that was asked for.
        to: Phase,
        /// Every criterion that is not met.
        unmet: Vec<Unmet>,
    },
    /// An automatic demotion is due; it has to be recorded first.
    #[error("trust has to be lowered to {} first, because of {}", .0.to, .0.because())]
    DemotionDue(Due),
    /// Nobody is named.
    #[error("a change of trust needs a person's name")]
    NoPerson,
    /// No reason was given.
    #[error("a change of trust needs a reason that is not blank")]
    NoReason,
    /// The reason is too long to be one.
    #[error("the reason is {found} bytes long, more than {LONGEST_RATIONALE}")]
    LongReason {
        /// Its length in bytes.
        found: usize,
    },
}

fn listed<T: fmt::Display>(things: &[T]) -> String {
    things.iter().map(T::to_string).collect::<Vec<_>>().join("; ")
}

/// Whether the figures allow raising trust to `to`. There is no way around it.
///
/// # Errors
/// [`Refusal::NotNext`], [`Refusal::DemotionDue`], or [`Refusal::Unmet`] with every criterion that is not met.
pub fn promotion(state: &TrustState, figures: &Readiness, to: Phase) -> Result<(), Refusal> {
    let from = state.phase();
    if from.next() != Some(to) {
        return Err(Refusal::NotNext { from, to });
    }
    if let Some(due) = demotion(state, figures) {
        return Err(Refusal::DemotionDue(due));
    }
    let unmet = readiness::unmet(figures, to);
    if unmet.is_empty() { Ok(()) } else { Err(Refusal::Unmet { to, unmet }) }
}

/// The change by which a person raises trust, to be recorded.
///
/// # Errors
/// As [`promotion`], and when nobody or no reason is named.
pub fn promote(
    state: &TrustState,
    figures: &Readiness,
    to: Phase,
    login: &str,
    because: &str,
    now: Timestamp,
) -> Result<TrustChange, Refusal> {
    let by = person(login, because)?;
    promotion(state, figures, to)?;
    Ok(TrustChange { from: state.phase(), to, by, at: now })
}

/// The change by which a person lowers trust, to be recorded. No figures are asked for, and any number of phases may go.
///
/// # Errors
/// [`Refusal::NotLower`], and when nobody or no reason is named.
pub fn demote(
    state: &TrustState,
    to: Phase,
    login: &str,
    because: &str,
    now: Timestamp,
) -> Result<TrustChange, Refusal> {
    let by = person(login, because)?;
    let from = state.phase();
    if to >= from {
        return Err(Refusal::NotLower { from, to });
    }
    Ok(TrustChange { from, to, by, at: now })
}

fn person(login: &str, because: &str) -> Result<TrustActor, Refusal> {
    if !decide::says_something(login) {
        return Err(Refusal::NoPerson);
    }
    if !decide::says_something(because) {
        return Err(Refusal::NoReason);
    }
    if because.len() > LONGEST_RATIONALE {
        return Err(Refusal::LongReason { found: because.len() });
    }
    Ok(TrustActor::Human { login: login.trim().to_owned(), because: because.trim().to_owned() })
}

/// What lowers trust by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Overrides above 10 %.
    Overrides,
    /// Rollbacks above 5 %.
    Rollbacks,
    /// False positives above 5 %.
    FalsePositives,
    /// Misses above 5 %.
    Misses,
    /// Fewer than 70 % of the requirements have a scenario.
    Coverage,
    /// Something that merged without a person was taken back. One is enough.
    AutoMergedRolledBack,
}

impl AlertKind {
    const ALL: [AlertKind; 6] = [
        AlertKind::Overrides,
        AlertKind::Rollbacks,
        AlertKind::FalsePositives,
        AlertKind::Misses,
        AlertKind::Coverage,
        AlertKind::AutoMergedRolledBack,
    ];

    /// The highest phase that may hold while it stands. Nothing merges by itself under any alert; an evaluator that passes
    /// what people reject is not even an adviser.
    pub fn ceiling(self) -> Phase {
        match self {
            AlertKind::Overrides
            | AlertKind::Rollbacks
            | AlertKind::FalsePositives
            | AlertKind::Coverage
            | AlertKind::AutoMergedRolledBack => Phase::Advised,
            AlertKind::Misses => Phase::Shadow,
        }
    }

    /// The figure in words, if it stands.
    fn stands(self, figures: &Readiness) -> Option<String> {
        let above = |share: Share, percent: u32, what: &str| {
            (share.is_evidence() && share.is_above(percent))
                .then(|| format!("{what} above {percent} %: {share}"))
        };
        match self {
            AlertKind::Overrides => above(figures.overrides, 10, "overrides"),
            AlertKind::Rollbacks => above(figures.rollbacks, 5, "rollbacks"),
            AlertKind::FalsePositives => above(figures.false_positives, 5, "false positives"),
            AlertKind::Misses => above(figures.misses, 5, "misses"),
            AlertKind::Coverage => figures
                .coverage_bp
                .filter(|&bp| bp < 7_000)
                .map(|bp| format!("coverage below 70 %: {} %", readiness::hundredths(bp))),
            AlertKind::AutoMergedRolledBack => figures
                .auto_merged_rolled_back
                .filter(|&n| n > 0)
                .map(|n| format!("taken back after merging without a person: {n}")),
        }
    }
}

/// An alert with its figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Which.
    pub kind: AlertKind,
    /// The figure, in words.
    pub found: String,
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.found)
    }
}

/// A lowering of trust that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// The phase that is recorded.
    pub from: Phase,
    /// The phase that may hold; always a lower one.
    pub to: Phase,
    /// The alerts that do not allow a higher one than `to`, or than some phase between.
    pub alerts: Vec<Alert>,
}

impl Due {
    /// The reason, in one line.
    pub fn because(&self) -> String {
        listed(&self.alerts)
    }

    /// The change that records it.
    pub fn change(&self, now: Timestamp) -> TrustChange {
        let by = TrustActor::Automatic { because: self.because() };
        TrustChange { from: self.from, to: self.to, by, at: now }
    }
}

/// The lowering that the figures ask for, if they do. Shares count from [`super::MIN_EVIDENCE`] cases on; one rollback of a
/// change that merged without a person is enough.
pub fn demotion(state: &TrustState, figures: &Readiness) -> Option<Due> {
    let from = state.phase();
    let alerts: Vec<Alert> = AlertKind::ALL
        .into_iter()
        .filter(|kind| kind.ceiling() < from)
        .filter_map(|kind| Some(Alert { kind, found: kind.stands(figures)? }))
        .collect();
    let to = alerts.iter().map(|alert| alert.kind.ceiling()).min()?;
    Some(Due { from, to, alerts })
}

/// The phase that holds now: the recorded one, or a lower one that is due and not recorded yet.
pub fn effective_phase(state: &TrustState, figures: &Readiness) -> Phase {
    demotion(state, figures).map_or(state.phase(), |due| due.to)
}
