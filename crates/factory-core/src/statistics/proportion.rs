//! How often something happens: hits out of tries, and what that says about the chance behind them.

use super::{Interval, beta, interval, normal};

/// Hits out of tries. More hits than tries have no rate and no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proportion {
    /// How often it happened.
    pub hits: u64,
    /// How often it could have.
    pub of: u64,
}

impl Proportion {
    /// How often it did not happen; `None` for more hits than tries.
    pub fn misses(self) -> Option<u64> {
        self.of.checked_sub(self.hits)
    }

    /// Hits by tries, 0 to 1; `None` for 0 of 0.
    pub fn rate(self) -> Option<f64> {
        self.counts().map(|(hits, misses)| hits / (hits + misses))
    }

    /// Wilson's score interval: near its level on average, and useful from the first try on. `None` for 0 of 0.
    ///
    /// Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American
    /// Statistical Association 22 (1927), 209-212; no continuity correction. The bounds are the two solutions for p of
    /// (rate - p)^2 = z^2 p (1 - p) / n.
    pub fn wilson(self, level: f64) -> Option<Interval> {
        let (hits, misses) = self.counts()?;
        let z = normal::two_sided(level)?;
        // Each bound is computed from the side on which it is small, so that it keeps its digits there.
        let high =
            if hits < misses { wilson_high(hits, misses, z) } else { 1.0 - wilson_low(misses, hits, z) };
        Some(enclosing(wilson_low(hits, misses, z), high))
    }

    /// The exact interval of Clopper and Pearson: never below its level, and as a rule wider than Wilson's. `None`
    /// for 0 of 0.
    ///
    /// Clopper and Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial,
    /// Biometrika 26 (1934), 404-413. Two-sided: each bound leaves out (1 - level) / 2, even where the other bound is 0
    /// or 1.
    pub fn exact(self, level: f64) -> Option<Interval> {
        let (hits, misses) = self.counts()?;
        let tail = interval::tail(level)?;
        Some(enclosing(exact_low(hits, misses, tail), exact_high(hits, misses, tail)))
    }

    /// Hits and misses, if there are any of either.
    fn counts(self) -> Option<(f64, f64)> {
        let misses = self.misses()?;
        (self.of > 0).then_some((self.hits as f64, misses as f64))
    }
}

/// The interval between two bounds that rounding may have crossed, as it may where they meet in all digits.
fn enclosing(low: f64, high: f64) -> Interval {
    Interval { low, high: high.max(low) }
}

/// `hits + z^2 / 2 + z sqrt(hits misses / n + z^2 / 4)`: the numerator of the upper bound.
fn wilson_reach(hits: f64, misses: f64, z: f64) -> f64 {
    let half = z / 2.0;
    hits + 2.0 * half * half + z * (hits * (misses / (hits + misses)) + half * half).sqrt()
}

fn wilson_high(hits: f64, misses: f64, z: f64) -> f64 {
    wilson_reach(hits, misses, z) / (hits + misses + z * z)
}

/// From the product of the two solutions: as a difference it would lose digits, and not be 0 for no hits.
fn wilson_low(hits: f64, misses: f64, z: f64) -> f64 {
    if hits == 0.0 { 0.0 } else { hits / (hits + misses) * (hits / wilson_reach(hits, misses, z)) }
}

/// The chance with which so many hits, or more, have probability `tail`.
fn exact_low(hits: f64, misses: f64, tail: f64) -> f64 {
    if hits == 0.0 {
        0.0
    } else if hits <= misses {
        beta::lower_quantile(hits, misses + 1.0, tail)
    } else {
        1.0 - beta::upper_quantile(misses + 1.0, hits, tail)
    }
}

/// The chance with which so many hits, or fewer, have probability `tail`.
fn exact_high(hits: f64, misses: f64, tail: f64) -> f64 {
    if misses == 0.0 {
        1.0
    } else if hits <= misses {
        beta::upper_quantile(hits + 1.0, misses, tail)
    } else {
        1.0 - beta::lower_quantile(misses, hits + 1.0, tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_tried_says_nothing() {
        let none = Proportion { hits: 0, of: 0 };
        assert_eq!((none.rate(), none.wilson(0.95), none.exact(0.95)), (None, None, None));
    }

    #[test]
    fn more_hits_than_tries_say_nothing() {
        let absurd = Proportion { hits: 3, of: 2 };
        assert_eq!((absurd.misses(), absurd.rate()), (None, None));
        assert_eq!((absurd.wilson(0.95), absurd.exact(0.95)), (None, None));
    }

    #[test]
    fn a_level_that_is_none_gives_no_interval() {
        let half = Proportion { hits: 1, of: 2 };
        for level in [0.0, 1.0, 95.0, f64::NAN] {
            assert_eq!((half.wilson(level), half.exact(level)), (None, None), "{level}");
        }
    }

    #[test]
    fn bounds_reach_nothing_and_everything_exactly_where_no_try_contradicts() {
        for of in [1, 2, 3, 10, 1000, u64::MAX] {
            let (none, all) = (Proportion { hits: 0, of }, Proportion { hits: of, of });
            for (none, all) in [(none.wilson(0.95), all.wilson(0.95)), (none.exact(0.95), all.exact(0.95))] {
                assert_eq!((none.unwrap().low, all.unwrap().high), (0.0, 1.0), "{of}");
            }
        }
    }

    #[test]
    fn bounds_that_meet_in_all_digits_do_not_cross() {
        let half = Proportion { hits: 10_426_397_111_523_157_026, of: u64::MAX - 1 };
        for bounds in [half.wilson(1e-300).unwrap(), half.exact(1e-300).unwrap()] {
            assert!(bounds.low <= bounds.high, "{bounds:?}");
        }
    }

    #[test]
    fn no_hit_in_n_tries_has_its_closed_form() {
        for of in [1, 2, 3, 10, 1000, 1_000_000_000, 1 << 60] {
            let want = -f64::exp_m1(f64::ln(0.025) / of as f64);
            let high = Proportion { hits: 0, of }.exact(0.95).unwrap().high;
            assert!((high - want).abs() <= 1e-14 * want, "{of}: {high} is not {want}");
        }
    }

    #[test]
    fn bounds_enclose_the_rate_and_mirror_each_other_whatever_the_counts() {
        let counts = [0, 1, 2, 7, 100, 2999, 3001, 1 << 20, (1 << 53) + 1, u64::MAX / 2, u64::MAX];
        for of in counts.into_iter().filter(|of| *of > 0) {
            for hits in counts.into_iter().filter(|hits| *hits <= of) {
                let (this, other) = (Proportion { hits, of }, Proportion { hits: of - hits, of });
                let rate = this.rate().unwrap();
                for level in [1e-300, 0.5, 0.95, 1.0 - f64::EPSILON] {
                    for (this, other) in
                        [(this.wilson(level), other.wilson(level)), (this.exact(level), other.exact(level))]
                    {
                        let (this, other) = (this.unwrap(), other.unwrap());
                        assert!(0.0 <= this.low && this.high <= 1.0, "{hits} of {of} at {level}: {this:?}");
                        let near = 1e-14 * rate;
                        assert!(
                            this.low <= rate + near && rate - near <= this.high,
                            "{hits} of {of} at {level}: {this:?}"
                        );
                        assert!((this.low + other.high - 1.0).abs() < 1e-14, "{hits} of {of} at {level}");
                    }
                }
            }
        }
    }
}
