//! When a scenario has been run often enough, and what its runs say.
//!
//! Three runs first: all pass and it has passed, two fail and it has failed. One that passes twice of three goes on by a
//! sequential probability ratio test (Wald, 1945) between a bad scenario, which passes 70 % of its runs, and a good one,
//! which passes 95 %, with 5 % of either error. What is undecided after 30 runs has failed as flaky.

use serde::{Deserialize, Serialize};

/// Runs that every scenario gets.
pub const FIRST_RUNS: u32 = 3;
/// Scored runs at most.
const MOST_RUNS: u32 = 30;
/// Runs that may be lost to the machine before a scenario is given up.
const MOST_LOST: u32 = 4;
/// The pass rate of a scenario that must fail.
const BAD: f64 = 0.70;
/// The pass rate of a scenario that should pass.
const GOOD: f64 = 0.95;
/// The rate of each error.
const ERROR: f64 = 0.05;

/// How many runs a scenario gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effort {
    /// Three, and more where they do not agree.
    #[default]
    Sequential,
    /// So many scored runs, at least one. All have to pass; if only some do, it is flaky.
    Exactly(u32),
}

impl Effort {
    /// How many runs a scenario gets that behaves alike each time.
    pub(crate) fn usual(self) -> u32 {
        match self {
            Effort::Sequential => FIRST_RUNS,
            Effort::Exactly(runs) => runs,
        }
    }

    /// The verdict, if the runs so far decide it.
    pub(crate) fn verdict(self, runs: Runs) -> Option<Verdict> {
        let wanted = match self {
            Effort::Sequential => return verdict(runs),
            Effort::Exactly(wanted) => wanted,
        };
        if runs.passed + runs.failed >= wanted {
            return Some(match (runs.passed, runs.failed) {
                (_, 0) => Verdict::Passed,
                (0, _) => Verdict::Failed,
                _ => Verdict::Flaky,
            });
        }
        (runs.lost >= MOST_LOST).then_some(Verdict::Inconclusive)
    }
}

/// Runs of one scenario so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Runs {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    /// Runs that say nothing, because the machine was at fault.
    pub(crate) lost: u32,
}

/// What is known about a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It passed each of the first runs, or often enough.
    Passed,
    /// It failed.
    Failed,
    /// It passed and failed, and not often enough for a pass.
    Flaky,
    /// Too few runs could be scored.
    Inconclusive,
}

impl Verdict {
    /// The verdict in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Flaky => "flaky",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

/// What to do next; nothing means another run.
fn verdict(runs: Runs) -> Option<Verdict> {
    let scored = runs.passed + runs.failed;
    if scored <= FIRST_RUNS && runs.failed >= 2 {
        return Some(Verdict::Failed);
    }
    if scored == FIRST_RUNS && runs.failed == 0 {
        return Some(Verdict::Passed);
    }
    if scored > FIRST_RUNS || (scored == FIRST_RUNS && runs.failed == 1) {
        let ratio = f64::from(runs.passed) * (GOOD / BAD).ln()
            + f64::from(runs.failed) * ((1.0 - GOOD) / (1.0 - BAD)).ln();
        let bound = ((1.0 - ERROR) / ERROR).ln();
        if ratio >= bound {
            return Some(Verdict::Passed);
        }
        if ratio <= -bound || scored >= MOST_RUNS {
            return Some(Verdict::Flaky);
        }
    }
    (runs.lost >= MOST_LOST).then_some(if scored < FIRST_RUNS {
        Verdict::Inconclusive
    } else {
        Verdict::Flaky
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a scenario whose runs end as given (`p`, `f`, or `i` for the machine) until it is decided.
    fn after(ends: &str) -> (Option<Verdict>, u32) {
        let mut runs = Runs::default();
        for (count, end) in ends.chars().enumerate() {
            match end {
                'p' => runs.passed += 1,
                'f' => runs.failed += 1,
                _ => runs.lost += 1,
            }
            if let Some(verdict) = verdict(runs) {
                return (Some(verdict), u32::try_from(count).unwrap() + 1);
            }
        }
        (None, u32::try_from(ends.len()).unwrap())
    }

    #[test]
    fn three_runs_decide_the_clear_cases() {
        assert_eq!(after(""), (None, 0));
        assert_eq!(after("pp"), (None, 2));
        assert_eq!(after("ppp"), (Some(Verdict::Passed), 3));
        assert_eq!(after("ff"), (Some(Verdict::Failed), 2));
        assert_eq!(after("pff"), (Some(Verdict::Failed), 3));
        assert_eq!(after("fpf"), (Some(Verdict::Failed), 3));
    }

    #[test]
    fn a_number_of_runs_that_was_asked_for_is_kept() {
        let of =
            |wanted, passed, failed, lost| Effort::Exactly(wanted).verdict(Runs { passed, failed, lost });
        assert_eq!(of(1, 0, 0, 0), None);
        assert_eq!(of(1, 1, 0, 0), Some(Verdict::Passed));
        assert_eq!(of(1, 0, 1, 3), Some(Verdict::Failed));
        assert_eq!(of(5, 4, 0, 0), None);
        assert_eq!(of(5, 4, 1, 0), Some(Verdict::Flaky));
        assert_eq!(of(5, 0, 4, 0), None, "as many as were asked for");
        assert_eq!(of(5, 4, 0, 4), Some(Verdict::Inconclusive));
    }

    #[test]
    fn two_of_three_goes_on_sequentially() {
        for start in ["ppf", "pfp", "fpp"] {
            assert_eq!(after(start), (None, 3));
            // 2 − 1 runs stand at −1.181; a pass adds .305 and 2.944 has to be reached: fourteen more.
            let fourteen = format!("{start}{}", "p".repeat(14));
            assert_eq!(after(&fourteen), (Some(Verdict::Passed), 17));
            assert_eq!(after(&format!("{start}{}", "p".repeat(13))), (None, 16));
            // A second failure leads below −2.944 only if it comes at once.
            assert_eq!(after(&format!("{start}f")), (Some(Verdict::Flaky), 4));
            assert_eq!(after(&format!("{start}pf")), (None, 5));
        }
        // One failure in twelve runs goes on until the thirtieth, and then it is flaky.
        let undecided = format!("ppf{}f{}f{}", "p".repeat(8), "p".repeat(6), "p".repeat(20));
        assert_eq!(after(&undecided), (Some(Verdict::Flaky), 30));
    }

    #[test]
    fn what_the_machine_spoils_is_not_scored() {
        assert_eq!(after("ipipip"), (Some(Verdict::Passed), 6));
        assert_eq!(after("ipfpi"), (None, 5));
        assert_eq!(after("iiii"), (Some(Verdict::Inconclusive), 4));
        assert_eq!(after("ppiiii"), (Some(Verdict::Inconclusive), 6));
        assert_eq!(after("iiipf").0, None);
        assert_eq!(after("iiipff"), (Some(Verdict::Failed), 6));
    }
}
