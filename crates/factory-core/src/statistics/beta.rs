//! The regularized incomplete beta function and its inverse: tails of binomial counts, and the chances that have them.
//!
//! Everything is kept as logarithms, and both `x` and `1 - x` are carried, so that neither a tiny tail nor a tiny
//! chance loses digits. Parameters are at least 1, as counts give them.

use std::f64::consts::LN_2;

use super::mass;

/// From here on for the smaller parameter, tails are integrated instead of developed into a fraction: the fraction
/// takes steps by the square root of the parameters, the integral always the same number.
const LARGE: f64 = 3000.0;

/// More than any fraction takes below [`LARGE`]; a bound on the work, not on the result.
const MOST_TERMS: u32 = 10_000;

/// More than any inversion takes; a bound on the work, not on the result.
const MOST_STEPS: u32 = 200;

/// The longest step of an inversion, in `ln x`.
const LONGEST_STEP: f64 = 40.0;

/// The largest number below 1.
const BELOW_ONE: f64 = 1.0 - f64::EPSILON / 2.0;

/// The two tails of a beta distribution at some x.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tails {
    /// `ln I_x(a, b)`.
    pub(super) ln_lower: f64,
    /// `ln (1 - I_x(a, b))`.
    pub(super) ln_upper: f64,
    /// How fast `ln_lower` rises with `ln x`.
    lower_rise: f64,
    /// How fast `ln_upper` falls with `ln x`.
    upper_fall: f64,
}

/// Both tails of the beta distribution with parameters a, b >= 1, for 0 < x < 1 and y = 1 - x.
pub(super) fn tails(a: f64, b: f64, x: f64, y: f64) -> Tails {
    let ln_slope = ln_slope(a, b, x, y);
    // The tail that does not hold the mean is computed, the other is the rest.
    if a * y >= b * x {
        let size = outer_tail(a, b, x, y);
        let ln_lower = ln_slope + size.ln();
        let ln_upper = ln_rest(ln_lower);
        Tails { ln_lower, ln_upper, lower_rise: size.recip(), upper_fall: (ln_slope - ln_upper).exp() }
    } else {
        let size = outer_tail(b, a, y, x) * (y / x);
        let ln_upper = ln_slope + size.ln();
        let ln_lower = ln_rest(ln_upper);
        Tails { ln_lower, ln_upper, lower_rise: (ln_slope - ln_lower).exp(), upper_fall: size.recip() }
    }
}

/// `ln (1 - e^share)`, from whichever of the two is small.
fn ln_rest(share: f64) -> f64 {
    if share > -LN_2 { (-share.exp_m1()).ln() } else { (-share.exp()).ln_1p() }
}

/// `I_x(a, b)` by its own slope in `ln x`, for x up to the mean a / (a + b).
fn outer_tail(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if a.min(b) > LARGE { integral(a, b, x, y) } else { y / fraction(a, b, x, y) }
}

/// `ln` of x times the density at x, which is how fast I grows with ln x: x^a y^(b - 1) / B(a, b).
fn ln_slope(a: f64, b: f64, x: f64, y: f64) -> f64 {
    mass::ln_binomial(a, b, x, y) + (a * (b / (a + b))).ln() - y.ln()
}

/// The continued fraction F with I = x^a y^b / (B(a, b) F).
///
/// Didonato and Morris, Significant digit computation of the incomplete beta function ratios, ACM Transactions on
/// Mathematical Software 18 (1992), 360-373: all its parts are positive up to the mean. Evaluated from the front by
/// the modified method of Lentz.
fn fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let below_mean = a * y - b * x;
    let mut value = a * (below_mean + 1.0) / (a + 1.0);
    let (mut front, mut back) = (value, 0.0);
    for term in 1..=MOST_TERMS {
        let m = f64::from(term);
        let odd = a + 2.0 * m - 1.0;
        let over = ((a + m - 1.0) / odd) * ((a + b + m - 1.0) * x) * m * ((b - m) * x / odd);
        let under = m + m * (b - m) * x / odd + (a + m) * (below_mean + 1.0 + m * (1.0 + y)) / (odd + 2.0);
        back = (under + over * back).recip();
        front = under + over / front;
        let change = front * back;
        value *= change;
        if (change - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}

/// Half of the nodes and weights of Gauss and Legendre's rule with 16 points on -1..1; the other half mirrors them
/// (Abramowitz and Stegun, table 25.4).
const GAUSS: [(f64, f64); 8] = [
    (0.09501250983763744, 0.1894506104550685),
    (0.2816035507792589, 0.18260341504492358),
    (0.45801677765722737, 0.16915651939500254),
    (0.6178762444026438, 0.14959598881657674),
    (0.755404408355003, 0.12462897125553388),
    (0.8656312023878318, 0.09515851168249279),
    (0.9445750230732326, 0.062253523938647894),
    (0.9894009349916499, 0.027152459411754096),
];

/// How many pieces the rule is applied to.
const PIECES: u32 = 4;

/// `I_x(a, b)` by its own slope, both parameters being large: the integral over v from 0 of the slope at x e^-v against
/// that at x.
///
/// To second order the exponent falls as `rate v + bend v^2 / 2`. The integral stops where that is 50, which leaves out
/// less than 1e-16 of it even though the bend lessens on the way.
fn integral(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let rate = (a * y - b * x + x) / y;
    let bend = (b - 1.0) * x / (y * y);
    let reach = 100.0 / (rate + (rate * rate + 100.0 * bend).sqrt());
    let exponent = |x: f64, y: f64| mass::deviance(a, n * x) + mass::deviance(b, n * y);
    let here = exponent(x, y);
    let slope = |v: f64| {
        let there = y - x * (-v).exp_m1();
        (here - exponent(x * (-v).exp(), there)).exp() * (y / there)
    };
    let half = reach / f64::from(2 * PIECES);
    let middles = (0..PIECES).map(|piece| f64::from(2 * piece + 1) * half);
    let pieces = middles.map(|middle| {
        GAUSS
            .iter()
            .map(|(node, weight)| weight * (slope(middle - half * node) + slope(middle + half * node)))
            .sum::<f64>()
    });
    pieces.sum::<f64>() * half
}

/// Which tail an inversion starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Lower,
    Upper,
}

/// The x with `I_x(a, b) = p`, for 0 < p < 1.
pub(super) fn lower_quantile(a: f64, b: f64, p: f64) -> f64 {
    invert(a, b, p, Side::Lower)
}

/// The x with `1 - I_x(a, b) = p`, for 0 < p < 1.
pub(super) fn upper_quantile(a: f64, b: f64, p: f64) -> f64 {
    invert(a, b, p, Side::Upper)
}

/// Newton's method for the logarithm of the tail as a function of `ln x`.
///
/// For a, b >= 1 both tails are log-concave in `ln x`, so that after the first step Newton's method comes nearer from
/// one side only and needs no bracket.
fn invert(a: f64, b: f64, p: f64, side: Side) -> f64 {
    let mut x = (a / (a + b)).min(BELOW_ONE);
    for _ in 0..MOST_STEPS {
        let y = 1.0 - x;
        let both = tails(a, b, x, y);
        let step = match side {
            Side::Lower => (both.ln_lower - p.ln()) / both.lower_rise,
            Side::Upper => (p.ln() - both.ln_upper) / both.upper_fall,
        };
        // A first step from a flat place may be far too long, and must not end at 0.
        let unbound = x * (-step.clamp(-LONGEST_STEP, LONGEST_STEP)).exp();
        let next = if unbound < 1.0 { unbound } else { f64::midpoint(x, 1.0) }.min(BELOW_ONE);
        if (next - x).abs() <= 2.0 * f64::EPSILON * x {
            return next;
        }
        x = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(got: f64, want: f64, tolerance: f64) {
        assert!((got - want).abs() <= tolerance * want.abs(), "{got} is not {want}");
    }

    #[test]
    fn tails_that_have_a_closed_form() {
        for x in [1e-12, 0.1, 0.5, 0.9] {
            for n in [1.0, 2.0, 20.0, 1e4, 1e12] {
                let first = tails(1.0, n, x, 1.0 - x);
                assert_near(first.ln_upper, n * f64::ln_1p(-x), 1e-13);
                let last = tails(n, 1.0, x, 1.0 - x);
                assert_near(last.ln_lower, n * x.ln(), 1e-13);
            }
        }
    }

    #[test]
    fn the_integral_continues_the_fraction() {
        for (a, b) in [(2500.0, 2800.0), (3001.0, 4000.0), (3500.0, 1e7), (5000.0, 5000.0)] {
            let deviation = f64::sqrt(a * b / (a + b)) / (a + b);
            for spread in [0.0, 0.1, 1.0, 3.0, 10.0, 30.0] {
                let x = a / (a + b) - spread * deviation;
                let y = 1.0 - x;
                let by_fraction = y / fraction(a, b, x, y);
                assert_near(integral(a, b, x, y), by_fraction, 1e-12);
            }
        }
    }

    #[test]
    fn just_beside_an_inverse_the_tail_is_on_either_side() {
        let at = |a, b, x: f64| tails(a, b, x.min(BELOW_ONE), 1.0 - x.min(BELOW_ONE));
        let parameters = [
            (1.0, 1.0),
            (1.0, 30.0),
            (7.0, 1.0),
            (3.0, 9e6),
            (4e5, 6e5),
            (1.0, 1e18),
            (4e3, 1e15),
            (9e18, 9e18),
        ];
        for (a, b) in parameters {
            for p in [1e-280, 1e-9, 0.025, 0.5] {
                let ln_p = f64::ln(p);
                let low = lower_quantile(a, b, p);
                let [less, more] = [1.0 - 1e-12, 1.0 + 1e-12].map(|beside| at(a, b, low * beside).ln_lower);
                assert!(less <= ln_p && ln_p <= more, "lower {a} {b} {p}: {less} {more}");
                let high = upper_quantile(a, b, p);
                let [less, more] = [1.0 + 1e-12, 1.0 - 1e-12].map(|beside| at(a, b, high * beside).ln_upper);
                assert!(
                    high > 1.0 - 1e-15 || less <= ln_p && ln_p <= more,
                    "upper {a} {b} {p}: {less} {more}"
                );
            }
        }
    }
}
