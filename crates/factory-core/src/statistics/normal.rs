//! Quantiles of the normal distribution.

use super::interval;

/// How many standard errors a two-sided interval of this level reaches to either side; `None` unless 0 < level < 1.
pub(super) fn two_sided(level: f64) -> Option<f64> {
    interval::tail(level).map(|tail| -quantile(tail))
}

/// The value that a standard normal variable stays below with probability `p`, for 0 < p < 1.
///
/// Algorithm AS 241, routine PPND16 (Wichura, The percentage points of the normal distribution, Applied Statistics 37
/// (1988), 477-484): rational approximations on three ranges, good to about 1 in 10^16.
fn quantile(p: f64) -> f64 {
    let centred = p - 0.5;
    if centred.abs() <= 0.425 {
        return centred * ratio(&CENTRE, 0.180625 - centred * centred);
    }
    let nearer = if centred < 0.0 { p } else { 1.0 - p };
    let depth = (-nearer.ln()).sqrt();
    let size = if depth <= 5.0 { ratio(&TAIL, depth - 1.6) } else { ratio(&FAR_TAIL, depth - 5.0) };
    size.copysign(centred)
}

/// Coefficients of a numerator and a denominator, constants first.
type Rational = [[f64; 8]; 2];

fn ratio([above, below]: &Rational, at: f64) -> f64 {
    polynomial(above, at) / polynomial(below, at)
}

fn polynomial(coefficients: &[f64; 8], at: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * at + coefficient)
}

/// For 0.075 <= p <= 0.925.
const CENTRE: Rational = [
    [
        3.3871328727963665,
        133.14166789178438,
        1971.5909503065513,
        13_731.69376550946,
        45_921.95393154987,
        67_265.7709270087,
        33_430.57558358813,
        2509.0809287301227,
    ],
    [
        1.0,
        42.31333070160091,
        687.1870074920579,
        5394.196021424751,
        21_213.794301586597,
        39_307.89580009271,
        28_729.085735721943,
        5226.495278852854,
    ],
];

/// Further out, down to probabilities of about 1e-11.
const TAIL: Rational = [
    [
        1.4234371107496835,
        4.630337846156546,
        5.769497221460691,
        3.6478483247632045,
        1.2704582524523684,
        0.2417807251774506,
        0.022723844989269184,
        0.0007745450142783414,
    ],
    [
        1.0,
        2.053191626637759,
        1.6763848301838038,
        0.6897673349851,
        0.14810397642748008,
        0.015198666563616457,
        0.0005475938084995345,
        1.0507500716444169e-9,
    ],
];

/// Beyond.
const FAR_TAIL: Rational = [
    [
        6.657904643501103,
        5.463784911164114,
        1.7848265399172913,
        0.29656057182850487,
        0.026532189526576124,
        0.0012426609473880784,
        2.7115555687434876e-5,
        2.0103343992922881e-7,
    ],
    [
        1.0,
        0.599832206555888,
        0.1369298809227358,
        0.014875361290850615,
        0.0007868691311456133,
        1.8463183175100548e-5,
        1.421511758316446e-7,
        2.0442631033899397e-15,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_mirror_each_other() {
        assert_eq!(quantile(0.5), 0.0);
        for p in [0.4, 0.25, 0.0625, 0.0078125] {
            assert_eq!(quantile(p), -quantile(1.0 - p), "{p}");
        }
    }

    #[test]
    fn a_level_that_is_none_has_no_reach() {
        assert_eq!(two_sided(1.0), None);
        assert_eq!(two_sided(f64::NAN), None);
    }
}
