//! Signs that somebody lets things pass without looking. Signs, not proof: who is quick may have read the diff before.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::figures::{Estimate, Rate};
use super::query::LEVEL;
use super::row::{self, DecisionRow, Hashing, What};
use crate::event::{Channel, Decision};
use crate::pipeline::model::Edge;
use crate::statistics::quantile::Sample;
use crate::trust::MIN_EVIDENCE;

/// An approval after less than this is fast: 10 seconds, in milliseconds.
pub const FAST_MS: u64 = 10 * 1000;

/// A sign. Each needs at least [`MIN_EVIDENCE`] cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// More than half of the approvals came in less than [`FAST_MS`].
    Fast,
    /// More than half of the reasons had been given before.
    SameReasons,
    /// Nothing was ever refused.
    NeverRefuses,
    /// More than half of the verdicts had not been looked at.
    Unseen,
    /// More than half of the decisions were given in advance.
    InAdvance,
}

/// How somebody decides. Decisions about budgets are not among them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PersonFigures {
    /// The operating system's name for the user.
    pub login: String,
    /// All decisions.
    pub decisions: u64,
    /// Those given in advance, of all. They are not in what follows.
    pub in_advance: Rate,
    /// Approvals and overrides in less than [`FAST_MS`], of all of them.
    pub fast: Rate,
    /// Reasons that this person had given before, of all reasons.
    pub same_reasons: Rate,
    /// Rejections and requests for another try, of all decisions; with the exact interval.
    pub refusals: Rate,
    /// Rejections alone, of all decisions; with the exact interval.
    pub rejections: Rate,
    /// Verdicts that had not been seen, of all verdicts that there were.
    pub unseen: Rate,
    /// The median of how long gates had waited for this person, in milliseconds.
    pub wait_p50_ms: Option<Estimate>,
    /// The signs that show.
    pub signs: Vec<Sign>,
}

#[derive(Debug, Default)]
struct Person {
    in_advance: u64,
    accepted: u64,
    fast: u64,
    repeated: u64,
    refused: u64,
    rejected: u64,
    verdicts: u64,
    unseen: u64,
    reasons: HashSet<u64, Hashing>,
    waits: Vec<u64>,
}

impl Person {
    fn decided(&mut self, row: &DecisionRow, decision: Decision, because: u64, shown: Option<bool>) {
        let accepts = row::accepts(decision);
        self.accepted += u64::from(accepts);
        self.fast += u64::from(accepts && row.waited_ms < FAST_MS);
        self.refused += u64::from(!accepts);
        self.rejected += u64::from(decision == Decision::Rejected);
        self.repeated += u64::from(!self.reasons.insert(because));
        self.verdicts += u64::from(shown.is_some());
        self.unseen += u64::from(shown == Some(false));
        self.waits.push(row.waited_ms);
    }

    fn figures(self, login: String) -> PersonFigures {
        let looked = self.waits.len() as u64;
        let decisions = looked + self.in_advance;
        let in_advance = Rate::wilson(self.in_advance, decisions);
        let fast = Rate::wilson(self.fast, self.accepted);
        let same_reasons = Rate::wilson(self.repeated, looked);
        let refusals = Rate::exact(self.refused, looked);
        let unseen = Rate::wilson(self.unseen, self.verdicts);
        let mostly = |rate: Rate| rate.of >= MIN_EVIDENCE && rate.hits > rate.of / 2;
        let signs = [
            (Sign::Fast, mostly(fast)),
            (Sign::SameReasons, mostly(same_reasons)),
            (Sign::NeverRefuses, refusals.of >= MIN_EVIDENCE && refusals.hits == 0),
            (Sign::Unseen, mostly(unseen)),
            (Sign::InAdvance, mostly(in_advance)),
        ];
        PersonFigures {
            login,
            decisions,
            in_advance,
            fast,
            same_reasons,
            refusals,
            rejections: Rate::exact(self.rejected, looked),
            unseen,
            wait_p50_ms: Sample::new(self.waits).p50(LEVEL).map(Estimate::quantile),
            signs: signs.into_iter().filter(|(_, shows)| *shows).map(|(sign, _)| sign).collect(),
        }
    }
}

/// Everybody who decided, by login.
pub(super) fn people<'a>(
    decisions: impl Iterator<Item = &'a DecisionRow>,
    names: &[String],
) -> Vec<PersonFigures> {
    let mut people: BTreeMap<u32, Person> = BTreeMap::new();
    for row in decisions.filter(|row| row.edge != Edge::Budget) {
        let (Some(by), What::Decided { decision, via, because, verdict }) = (row.by, &row.what) else {
            continue;
        };
        let person = people.entry(by).or_default();
        match via {
            Channel::InAdvance => person.in_advance += 1,
            Channel::Terminal | Channel::Command => {
                person.decided(row, *decision, *because, verdict.map(|verdict| verdict.shown));
            }
        }
    }
    let mut figures: Vec<PersonFigures> =
        people.into_iter().map(|(by, person)| person.figures(names[by as usize].clone())).collect();
    figures.sort_by(|one, two| one.login.cmp(&two.login));
    figures
}
