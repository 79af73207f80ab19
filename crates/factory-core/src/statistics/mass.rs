//! Probabilities of single outcomes, binomial and hypergeometric, as logarithms that stay exact for large counts.
//!
//! The textbook way, differences of log-gammas, loses as many digits as `n ln n` has: six at a million. The saddle
//! point expansion used here loses none (Loader, Fast and accurate computation of binomial probabilities, 2000): what
//! remains of a log-factorial is its Stirling error, below 0.1, and the large parts meet in one deviance.

use std::f64::consts::TAU;

/// `ln` of the probability of `a` hits and `b` misses in `a + b` tries that hit with probability `p` and miss with
/// `q = 1 - p`. Both are asked for, since each is exact when it is small. Counts need not be whole numbers.
///
/// Loader (2000), the saddle point expansion of the binomial. Needs a, b >= 0 and 0 < p, q < 1.
pub(super) fn ln_binomial(a: f64, b: f64, p: f64, q: f64) -> f64 {
    if a == 0.0 || b == 0.0 {
        return a * ln_share(p, q) + b * ln_share(q, p);
    }
    let n = a + b;
    let stirling = stirling_error(n) - stirling_error(a) - stirling_error(b);
    stirling - deviance(a, n * p) - deviance(b, n * q) - (TAU * a * (b / n)).ln() / 2.0
}

/// `ln share`, from whichever of it and its complement is small.
fn ln_share(share: f64, complement: f64) -> f64 {
    if complement < share { (-complement).ln_1p() } else { share.ln() }
}

/// `x ln(x / mean) + mean - x`: how unlikely `x` is against its mean, without cancellation near it (Loader 2000:
/// the series in (x - mean) / (x + mean)).
pub(super) fn deviance(x: f64, mean: f64) -> f64 {
    let apart = x - mean;
    let both = x + mean;
    if apart.abs() >= 0.1 * both {
        return if x == 0.0 { mean } else { x * (x / mean).ln() - apart };
    }
    let ratio = apart / both;
    let square = ratio * ratio;
    let mut sum = apart * ratio;
    let mut power = 2.0 * x * ratio;
    for odd in (3..).step_by(2) {
        power *= square;
        let next = sum + power / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `ln x! - ln(sqrt(tau x) (x / e)^x)` for x > 0: what Stirling's formula leaves out.
///
/// From 16 on the asymptotic series (NIST Digital Library of Mathematical Functions, 5.11.1), whose first term left
/// out is near 1e-16 there; below, the recurrence that follows from (x + 1)! = (x + 1) x!.
fn stirling_error(x: f64) -> f64 {
    let mut low = x;
    let mut steps = 0.0;
    while low < 16.0 {
        steps += (low + 0.5) * low.recip().ln_1p() - 1.0;
        low += 1.0;
    }
    let square = low * low;
    let inner = 1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square;
    let series = 1.0 / 12.0 - (1.0 / 360.0 - inner / square) / square;
    steps + series / low
}

/// A drawing without replacement: `drawn` of `marked + plain` things are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawing {
    /// Things that count as a hit.
    pub(super) marked: u64,
    /// Things that do not.
    pub(super) plain: u64,
    /// How many are taken; at most all.
    pub(super) drawn: u64,
}

impl Drawing {
    /// The fewest hits that are possible.
    pub(super) fn fewest(self) -> u64 {
        self.drawn.saturating_sub(self.plain)
    }

    /// The most hits that are possible.
    pub(super) fn most(self) -> u64 {
        self.drawn.min(self.marked)
    }

    /// `ln` of the probability of `hits` hits, which must be possible, in a drawing that neither takes nothing nor all.
    ///
    /// Three binomials with the same chance, which cancels (Loader 2000).
    pub(super) fn ln_mass(self, hits: u64) -> f64 {
        let left = self.marked + self.plain - self.drawn;
        let all = (self.marked + self.plain) as f64;
        let (p, q) = (self.drawn as f64 / all, left as f64 / all);
        let misses = self.drawn - hits;
        ln_binomial(hits as f64, (self.marked - hits) as f64, p, q)
            + ln_binomial(misses as f64, (self.plain - misses) as f64, p, q)
            - ln_binomial(self.drawn as f64, left as f64, p, q)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(got: f64, want: f64) {
        assert!((got - want).abs() <= 1e-14 * want.abs().max(1.0), "{got} is not {want}");
    }

    #[test]
    fn stirling_errors_of_small_numbers_follow_from_their_factorials() {
        let mut factorial = 1.0_f64;
        for x in 1..=20 {
            let x = f64::from(x);
            factorial *= x;
            let want = factorial.ln() - (TAU * x).ln() / 2.0 - x * x.ln() + x;
            assert!((stirling_error(x) - want).abs() < 4e-14, "{x}");
        }
    }

    #[test]
    fn both_ways_to_a_deviance_meet() {
        for x in [1.0, 80.0, 90.0, 110.0, 150.0] {
            let plainly = x * f64::ln(x / 100.0) + 100.0 - x;
            assert!((deviance(x, 100.0) - plainly).abs() < 1e-12, "{x}");
        }
        assert_eq!(deviance(0.0, 7.0), 7.0);
        assert_eq!(deviance(7.0, 7.0), 0.0);
    }

    #[test]
    fn binomial_masses_that_can_be_counted() {
        assert_near(ln_binomial(2.0, 2.0, 0.5, 0.5).exp(), 6.0 / 16.0);
        assert_near(ln_binomial(0.0, 3.0, 0.5, 0.5).exp(), 1.0 / 8.0);
        assert_near(ln_binomial(3.0, 0.0, 0.2, 0.8).exp(), 0.008);
        assert_near(ln_binomial(1.0, 2.0, 0.2, 0.8).exp(), 3.0 * 0.2 * 0.64);
    }

    #[test]
    fn hypergeometric_masses_that_can_be_counted() {
        let drawing = Drawing { marked: 3, plain: 2, drawn: 3 };
        assert_eq!((drawing.fewest(), drawing.most()), (1, 3));
        for (hits, ways) in [(1, 3.0), (2, 6.0), (3, 1.0)] {
            assert_near(drawing.ln_mass(hits).exp(), ways / 10.0);
        }
    }
}
