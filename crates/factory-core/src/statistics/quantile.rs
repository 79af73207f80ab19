//! Medians and other quantiles of measurements, with intervals that assume no distribution.
//!
//! Durations and costs are skewed and have heavy tails; a mean with a standard error misleads there. What can be said
//! without any assumption is how many of n values fall below a quantile: a binomial count.

use super::{Bounds, beta, interval};

/// By how much a probability may miss its limit before it counts as past it: a level such as 0.9 has no exact binary
/// form, and an interval must not become one rank wider for that.
const SLACK: f64 = 1.0 + 1e-12;

/// Measurements of one thing, in any unit; results are in the same unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    sorted: Vec<u64>,
}

/// A quantile as a sample estimates it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The estimate, in the unit of the sample.
    pub value: f64,
    /// Two of the measurements, or one or none where the sample is too small for the level.
    pub bounds: Bounds,
    /// The probability that the bounds enclose the true quantile, at least the level asked for; exact for a continuous
    /// distribution, and at least this where measurements tie.
    pub coverage: f64,
}

impl Sample {
    /// Takes measurements in any order.
    pub fn new(mut measurements: Vec<u64>) -> Self {
        measurements.sort_unstable();
        Self { sorted: measurements }
    }

    /// How many measurements there are.
    pub fn count(&self) -> u64 {
        self.sorted.len() as u64
    }

    /// The median with its bounds; see [`Self::estimate`].
    pub fn p50(&self, level: f64) -> Option<Quantile> {
        self.estimate(0.5, level)
    }

    /// The 90 % quantile with its bounds; see [`Self::estimate`].
    pub fn p90(&self, level: f64) -> Option<Quantile> {
        self.estimate(0.9, level)
    }

    /// The value below which a share `p` of the measurements lies, interpolated linearly between the two nearest ranks.
    /// `None` for no measurements, or unless 0 <= p <= 1.
    ///
    /// Hyndman and Fan, Sample quantiles in statistical packages, The American Statistician 50 (1996), 361-365, type 7,
    /// which is also numpy's default.
    pub fn value(&self, p: f64) -> Option<f64> {
        if self.sorted.is_empty() || !(0.0..=1.0).contains(&p) {
            return None;
        }
        let position = (self.sorted.len() - 1) as f64 * p;
        // `as` stays within usize and the sample's end within the index, also where f64 cannot tell neighbours apart.
        let below = (position as usize).min(self.sorted.len() - 1);
        let above = (below + 1).min(self.sorted.len() - 1);
        let (low, high) = (self.sorted[below], self.sorted[above]);
        let share = (position - below as f64).clamp(0.0, 1.0);
        let gap = (high - low) as f64;
        Some(if share < 0.5 { low as f64 + gap * share } else { high as f64 - gap * (1.0 - share) })
    }

    /// The quantile for 0 < p < 1 with its bounds at a level. `None` for no measurements, or for p or level out of
    /// range.
    ///
    /// The bounds are order statistics (Conover, Practical Nonparametric Statistics, 3rd edition, 1999, section 3.2):
    /// with B binomial(n, p), the highest rank l with P(B < l) <= (1 - level) / 2, and the lowest rank u with
    /// P(B >= u) <= (1 - level) / 2. At 95 % a median needs 6 measurements to be bounded on both sides, a 90 %
    /// quantile 36.
    pub fn estimate(&self, p: f64, level: f64) -> Option<Quantile> {
        let tail = interval::tail(level)?;
        let value = self.value(p)?;
        if p <= 0.0 || p >= 1.0 {
            return None;
        }
        let ranks = Ranks { n: self.count(), p, tail };
        let at = |rank: u64| self.sorted[rank as usize - 1] as f64;
        let (low, high) = (ranks.low(), ranks.high());
        let outside =
            low.map_or(0.0, |rank| ranks.below(rank)) + high.map_or(0.0, |rank| ranks.reaching(rank));
        let bounds = Bounds { low: low.map(at), high: high.map(at) };
        Some(Quantile { value, bounds, coverage: 1.0 - outside })
    }
}

/// Which ranks, counted from 1, bound the quantile `p` of `n` measurements.
struct Ranks {
    n: u64,
    p: f64,
    tail: f64,
}

impl Ranks {
    /// P(B < rank): that the measurement with this rank lies above the quantile.
    fn below(&self, rank: u64) -> f64 {
        self.tails(rank).ln_upper.exp()
    }

    /// P(B >= rank): that the measurement with this rank lies below the quantile.
    fn reaching(&self, rank: u64) -> f64 {
        self.tails(rank).ln_lower.exp()
    }

    /// P(B >= rank) = I_p(rank, n - rank + 1) (NIST Digital Library of Mathematical Functions, 8.17.5).
    fn tails(&self, rank: u64) -> beta::Tails {
        beta::tails(rank as f64, (self.n - rank + 1) as f64, self.p, 1.0 - self.p)
    }

    fn low(&self) -> Option<u64> {
        let failing = first(self.n, |rank| self.below(rank) > self.tail * SLACK);
        (failing > 1).then(|| failing - 1)
    }

    fn high(&self) -> Option<u64> {
        let holding = first(self.n, |rank| self.reaching(rank) <= self.tail * SLACK);
        (holding <= self.n).then_some(holding)
    }
}

/// The first of 1..=n for which `holds`, which goes on to hold once it does; n + 1 if it never does.
fn first(n: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (1, n + 1);
    while low < high {
        let middle = u64::midpoint(low, high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_measured_says_nothing() {
        let none = Sample::new(Vec::new());
        assert_eq!((none.count(), none.value(0.5), none.p50(0.95)), (0, None, None));
    }

    #[test]
    fn one_measurement_is_every_quantile_and_bounds_none() {
        let one = Sample::new(vec![7]);
        assert_eq!((one.value(0.0), one.value(0.9), one.value(1.0)), (Some(7.0), Some(7.0), Some(7.0)));
        let p90 = one.p90(0.95).unwrap();
        assert_eq!(p90, Quantile { value: 7.0, bounds: Bounds { low: None, high: None }, coverage: 1.0 });
    }

    #[test]
    fn quantiles_lie_between_ranks() {
        let sample = Sample::new(vec![30, 10, 20, 40]);
        for (p, want) in [(0.0, 10.0), (0.25, 17.5), (0.5, 25.0), (0.75, 32.5), (1.0, 40.0)] {
            assert_eq!(sample.value(p), Some(want), "{p}");
        }
    }

    #[test]
    fn what_is_out_of_range_says_nothing() {
        let sample = Sample::new((0..100).collect());
        for p in [-0.1, 1.1, f64::NAN] {
            assert_eq!((sample.value(p), sample.estimate(p, 0.95)), (None, None), "{p}");
        }
        assert_eq!((sample.estimate(0.0, 0.95), sample.estimate(1.0, 0.95)), (None, None));
        assert_eq!((sample.p50(0.0), sample.p50(1.0), sample.p50(f64::NAN)), (None, None, None));
    }

    #[test]
    fn a_median_of_five_has_no_bounds_at_95_percent_and_one_of_six_has() {
        let median = |n: u64| Sample::new((1..=n).collect()).p50(0.95).unwrap();
        assert_eq!(median(5).bounds, Bounds { low: None, high: None });
        assert_eq!(median(6).bounds, Bounds { low: Some(1.0), high: Some(6.0) });
        assert!((median(6).coverage - (1.0 - 2.0 / 64.0)).abs() < 1e-14);
    }

    #[test]
    fn a_high_quantile_of_a_small_sample_is_bounded_from_below_alone() {
        let p90 = |n: u64| Sample::new((1..=n).collect()).p90(0.95).unwrap().bounds;
        assert_eq!(p90(35), Bounds { low: Some(28.0), high: None });
        assert_eq!(p90(36), Bounds { low: Some(29.0), high: Some(36.0) });
    }

    #[test]
    fn a_level_that_the_ranks_meet_exactly_is_met() {
        // P(B < 1) = P(B >= 5) = 1/32 for five measurements, and (1 - 0.9375) / 2 = 1/32.
        let five = Sample::new((1..=5).collect());
        assert_eq!(five.p50(0.9375).unwrap().bounds, Bounds { low: Some(1.0), high: Some(5.0) });
        assert_eq!(five.p50(0.94).unwrap().bounds, Bounds { low: None, high: None });
    }

    #[test]
    fn ties_are_one_value() {
        let tied = Sample::new(vec![5; 40]).p50(0.95).unwrap();
        assert_eq!((tied.value, tied.bounds), (5.0, Bounds { low: Some(5.0), high: Some(5.0) }));
    }

    #[test]
    fn extremes_stay_finite() {
        let wide = Sample::new(vec![0, u64::MAX]);
        assert_eq!((wide.value(0.5), wide.value(1.0)), (Some(u64::MAX as f64 / 2.0), Some(u64::MAX as f64)));
        for p in [f64::MIN_POSITIVE, 1e-320, 1.0 - f64::EPSILON / 2.0] {
            let estimate = wide.estimate(p, 0.95).unwrap();
            assert!(
                estimate.value.is_finite() && (0.0..=1.0).contains(&estimate.coverage),
                "{p}: {estimate:?}"
            );
        }
    }
}
