//! A count out of another, compared in integers so that exactly the asked figure decides.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From this many cases on a share says something.
pub const MIN_EVIDENCE: u64 = 20;

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// How many of them.
    pub hits: u64,
    /// Of how many; 0 when nothing was counted.
    pub of: u64,
}

impl Share {
    /// `hits` of `of`.
    pub fn new(hits: u64, of: u64) -> Self {
        Self { hits, of }
    }

    /// Whether anything was counted, and can be right.
    pub fn is_known(self) -> bool {
        self.of > 0 && self.hits <= self.of
    }

    /// Whether so much was counted that something may be concluded.
    pub fn is_evidence(self) -> bool {
        self.of >= MIN_EVIDENCE
    }

    /// Whether it is less than that many per cent. Never, when nothing was counted.
    pub fn is_below(self, percent: u32) -> bool {
        self.is_known() && self.parts() < self.limit(percent)
    }

    /// Whether it is more than that many per cent. Never, when nothing was counted. More hits than cases are more than any
    /// per cent up to 100, since such a count hides something.
    pub fn is_above(self, percent: u32) -> bool {
        self.of > 0 && self.parts() > self.limit(percent)
    }

    fn parts(self) -> u128 {
        u128::from(self.hits) * 100
    }

    fn limit(self, percent: u32) -> u128 {
        u128::from(self.of) * u128::from(percent)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.of == 0 {
            return f.write_str("nothing counted");
        }
        // Cut off and not rounded, so that 9.99 % is never printed as the 10 % that it has not reached.
        let tenths = u128::from(self.hits) * 1000 / u128::from(self.of);
        write!(f, "{} of {} ({}.{} %)", self.hits, self.of, tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_figure_is_neither_below_nor_above() {
        let tenth = Share::new(2, 20);
        assert!(!tenth.is_below(10) && !tenth.is_above(10));
        assert!(Share::new(1, 20).is_below(10) && !Share::new(1, 20).is_above(10));
        assert!(Share::new(3, 20).is_above(10) && !Share::new(3, 20).is_below(10));
        assert!(Share::new(u64::MAX, u64::MAX).is_above(99) && !Share::new(u64::MAX, u64::MAX).is_above(100));
    }

    #[test]
    fn nothing_counted_is_nothing_and_too_many_hits_are_bad() {
        assert!(!Share::default().is_below(100) && !Share::default().is_above(0));
        let wrong = Share::new(2, 1);
        assert!(!wrong.is_known() && !wrong.is_below(1000) && wrong.is_above(5));
    }

    #[test]
    fn what_is_printed_does_not_reach_what_was_not_reached() {
        assert_eq!(Share::new(1, 20).to_string(), "1 of 20 (5.0 %)");
        assert_eq!(Share::new(1999, 20_000).to_string(), "1999 of 20000 (9.9 %)");
        assert_eq!(Share::default().to_string(), "nothing counted");
        assert_eq!(Share::new(u64::MAX, 1).to_string(), format!("{0} of 1 ({0}00.0 %)", u64::MAX));
    }
}
