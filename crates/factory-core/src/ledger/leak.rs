//! What holdouts have revealed: each time that an implementer is told how a patch fared, each scenario behind it has told
//! a little of itself.
//!
//! One feedback can tell of one scenario at most which of nine things is so: that it passed, or in which of the eight ways
//! of [`FailureClass`](crate::feedback::FailureClass) it failed. That is log₂ 9 = 3.1699… bits, written down in thousandths
//! and rounded up. Rough counts over several scenarios tell less, so this is a bound and no estimate.

use std::collections::BTreeMap;

use super::entry::{Decided, LedgerEntry};
use crate::event::{Event, SentBack};
use crate::ids::ScenarioKey;

/// What one feedback reveals of one scenario at most, in thousandths of a bit.
pub const FEEDBACK_MILLIBITS: u64 = 3_170;

/// What a scenario may reveal before it counts no more, in bits, unless something else is set: ten feedbacks. More than
/// the tries of one run, or the run would burn what it is judged by.
pub const ALLOWANCE_BITS: u32 = 32;

/// What each scenario has revealed so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leaks {
    millibits: BTreeMap<ScenarioKey, u64>,
}

impl Leaks {
    /// What the entries of a ledger say.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a LedgerEntry>) -> Self {
        let mut leaks = Self::default();
        for entry in entries {
            leaks.add(entry);
        }
        leaks
    }

    /// One entry more.
    pub fn add(&mut self, entry: &LedgerEntry) {
        let Decided::Run { event, .. } = &entry.decided else { return };
        let Event::SentBack { correction: SentBack::Holdouts { revealed, .. }, .. } = &**event else {
            return;
        };
        for key in revealed {
            let so_far = self.millibits.entry(key.clone()).or_default();
            *so_far = so_far.saturating_add(FEEDBACK_MILLIBITS);
        }
    }

    /// What a scenario has revealed, in thousandths of a bit.
    pub fn millibits(&self, scenario: &ScenarioKey) -> u64 {
        self.millibits.get(scenario).copied().unwrap_or(0)
    }

    /// Whether a scenario has revealed more than it may: it counts as known from then on.
    pub fn is_burnt(&self, scenario: &ScenarioKey, allowance_bits: u32) -> bool {
        self.millibits(scenario) > u64::from(allowance_bits) * 1_000
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::feedback::{FailureClass, Feedback};
    use crate::ids::{Digest, Timestamp};

    fn key(number: u8) -> ScenarioKey {
        Digest::of(&[number]).as_str().parse().unwrap()
    }

    fn entry(correction: SentBack) -> LedgerEntry {
        let (from, to) = ("verify".parse().unwrap(), "build".parse().unwrap());
        let event = Box::new(Event::SentBack { from, to, correction });
        LedgerEntry::new(Timestamp(0), Decided::Run { run: "x".parse().unwrap(), position: 0, event })
    }

    fn told(revealed: Vec<ScenarioKey>) -> LedgerEntry {
        entry(SentBack::Holdouts { feedback: Feedback::default(), revealed })
    }

    #[test]
    fn the_bound_is_that_of_nine_things_that_can_be_so() {
        // A class that is added, or taken away, changes the bound.
        let classes = |class: FailureClass| match class {
            FailureClass::NotDeployable
            | FailureClass::NoAnswer
            | FailureClass::WrongStatus
            | FailureClass::WrongHeader
            | FailureClass::WrongContent
            | FailureClass::MissingEffect
            | FailureClass::UnwantedEffect
            | FailureClass::WrongComparison => 8_u32,
        };
        let bits = f64::from(classes(FailureClass::NoAnswer) + 1).log2();
        let millibits = f64::from(u32::try_from(FEEDBACK_MILLIBITS).unwrap());
        assert_eq!((bits * 1000.0).ceil(), millibits);
    }

    #[test]
    fn other_corrections_reveal_nothing() {
        let note = entry(SentBack::Note { note: "say please".to_owned() });
        let checks = entry(SentBack::Checks { logs: Vec::new() });
        assert_eq!(Leaks::of([&note, &checks, &told(Vec::new())]), Leaks::default());
    }

    #[test]
    fn a_scenario_is_burnt_when_it_has_revealed_more_than_it_may() {
        let told = told(vec![key(1)]);
        let after = |count: usize| Leaks::of(std::iter::repeat_n(&told, count));
        assert!(!after(10).is_burnt(&key(1), ALLOWANCE_BITS));
        assert!(after(11).is_burnt(&key(1), ALLOWANCE_BITS));
        assert!(!after(1000).is_burnt(&key(2), ALLOWANCE_BITS));
        assert!(after(1).is_burnt(&key(1), 0) && !after(0).is_burnt(&key(1), 0));
    }

    proptest! {
        /// The order of what was told does not matter, and nothing is charged to whoever was not told about.
        #[test]
        fn each_feedback_counts_once_for_each_of_its_scenarios(
            all in proptest::collection::vec(proptest::collection::btree_set(0_u8..6, 0..6), 0..20),
        ) {
            let entries: Vec<LedgerEntry> =
                all.iter().map(|keys| told(keys.iter().copied().map(key).collect())).collect();
            let leaks = Leaks::of(&entries);
            prop_assert_eq!(&leaks, &Leaks::of(entries.iter().rev()));
            for number in 0..6 {
                let times = all.iter().filter(|keys| keys.contains(&number)).count() as u64;
                prop_assert_eq!(leaks.millibits(&key(number)), times * FEEDBACK_MILLIBITS);
            }
        }
    }
}
