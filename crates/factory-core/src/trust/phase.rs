//! The phases of trust, and the history that says which one holds.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide;
use crate::ids::Timestamp;

/// How far the evaluator is trusted. Each phase trusts it further than the one before.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// People decide as if there were no evaluator; what it would have said is only recorded.
    #[default]
    Shadow,
    /// People decide, but a passing change is offered to them for merging only a day after it passed.
    Advised,
    /// Passing changes of low risk merge by themselves.
    LowRisk,
    /// Passing changes merge by themselves, but for those that decide about changes.
    Full,
}

impl Phase {
    /// All phases, from the least trust to the most.
    pub const ALL: [Phase; 4] = [Phase::Shadow, Phase::Advised, Phase::LowRisk, Phase::Full];

    /// The phase as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Shadow => "shadow",
            Phase::Advised => "advised",
            Phase::LowRisk => "low_risk",
            Phase::Full => "full",
        }
    }

    /// The next phase up, if there is one.
    pub fn next(self) -> Option<Phase> {
        match self {
            Phase::Shadow => Some(Phase::Advised),
            Phase::Advised => Some(Phase::LowRisk),
            Phase::LowRisk => Some(Phase::Full),
            Phase::Full => None,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who changed the phase, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum TrustActor {
    /// A person.
    Human {
        /// The name by which the person is known.
        login: String,
        /// The reason given.
        because: String,
    },
    /// The figures; only ever downward.
    Automatic {
        /// The figures.
        because: String,
    },
}

/// One change of phase, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustChange {
    /// The phase before.
    pub from: Phase,
    /// The phase after.
    pub to: Phase,
    /// Who changed it, and why.
    pub by: TrustActor,
    /// When.
    pub at: Timestamp,
}

/// Why a history of changes cannot be believed. Whoever reads one falls back to [`Phase::Shadow`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenTrust {
    /// It does not begin where the one before ended.
    #[error("a change of trust begins at {found}, but the phase was {expected}")]
    Gap {
        /// The phase that held.
        expected: Phase,
        /// The phase that the change begins at.
        found: Phase,
    },
    /// It is none.
    #[error("a change of trust leads from {0} to {0}")]
    Nothing(Phase),
    /// More than one phase up.
    #[error("a change of trust leads from {from} to {to}, more than one phase up")]
    Leap {
        /// The phase before.
        from: Phase,
        /// The phase after.
        to: Phase,
    },
    /// Only people may raise trust.
    #[error("a change of trust leads up from {from} to {to} without a person")]
    RaisedItself {
        /// The phase before.
        from: Phase,
        /// The phase after.
        to: Phase,
    },
    /// Nobody is named, or no reason is given.
    #[error("a change of trust from {from} to {to} names nobody or no reason")]
    Unfounded {
        /// The phase before.
        from: Phase,
        /// The phase after.
        to: Phase,
    },
}

/// Which phase holds: a fold of the changes, nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrustState {
    phase: Phase,
    since: Option<Timestamp>,
}

impl TrustState {
    /// The state after all these changes, in order. Without any it is [`Phase::Shadow`].
    ///
    /// # Errors
    /// [`BrokenTrust`] at the first change that cannot have followed.
    pub fn of<'a>(changes: impl IntoIterator<Item = &'a TrustChange>) -> Result<Self, BrokenTrust> {
        changes.into_iter().try_fold(Self::default(), Self::after)
    }

    /// The state after one more change.
    ///
    /// # Errors
    /// [`BrokenTrust`] when the change cannot have followed.
    pub fn after(self, change: &TrustChange) -> Result<Self, BrokenTrust> {
        let TrustChange { from, to, ref by, at } = *change;
        if from != self.phase {
            return Err(BrokenTrust::Gap { expected: self.phase, found: from });
        }
        if to == from {
            return Err(BrokenTrust::Nothing(to));
        }
        let founded = match by {
            TrustActor::Human { login, because } => {
                decide::says_something(login) && decide::says_something(because)
            }
            TrustActor::Automatic { because } => decide::says_something(because),
        };
        if !founded {
            return Err(BrokenTrust::Unfounded { from, to });
        }
        if to > from {
            match by {
                TrustActor::Automatic { .. } => return Err(BrokenTrust::RaisedItself { from, to }),
                TrustActor::Human { .. } if from.next() != Some(to) => {
                    return Err(BrokenTrust::Leap { from, to });
                }
                TrustActor::Human { .. } => {}
            }
        }
        Ok(Self { phase: to, since: Some(at) })
    }

    /// The phase that was recorded last. What holds now may be lower: see [`super::effective_phase`].
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Since when; `None` when it was never changed.
    pub fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Whole days in the phase; 0 when it was never changed, since then nobody knows.
    pub fn days_in_phase(&self, now: Timestamp) -> u32 {
        const DAY_MS: u64 = 24 * 60 * 60 * 1000;
        let days = self.since.map_or(0, |since| now.since(since) / DAY_MS);
        u32::try_from(days).unwrap_or(u32::MAX)
    }
}
