//! How sure a pass rate is: the one-sided Clopper–Pearson lower bound.

/// The bound's error rate: 5 %.
const ALPHA: f64 = 0.05;

/// The lower bound of the pass rate at 95 % confidence, in hundredths of a per cent, rounded down.
///
/// The smallest rate at which `passed` or more of `total` would not be a surprise: p with P(X ≥ passed | total, p) = 5 %
/// (Clopper and Pearson, Biometrika 26, 1934). 0 when nothing passed or nothing ran.
pub fn lower_bound_bp(passed: u32, total: u32) -> u32 {
    let bound = (lower_bound(passed.min(total), total) * 10_000.0).floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the bound is between 0 and 1"
    )]
    let bound = bound as u32;
    bound
}

fn lower_bound(passed: u32, total: u32) -> f64 {
    if passed == 0 {
        return 0.0;
    }
    // The tail grows with p, so bisection finds where it is ALPHA; 60 halvings are finer than a float can show.
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if tail(passed, total, middle) < ALPHA {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// P(X ≥ k) for X binomial with n trials of probability p, 0 < p < 1.
fn tail(k: u32, n: u32, p: f64) -> f64 {
    // Terms by logarithms, because the coefficients alone are beyond a float from n = 1030 on.
    let mut term = 0.0;
    for i in 0..k {
        term += f64::from(n - i).ln() - f64::from(i + 1).ln();
    }
    term += f64::from(k) * p.ln() + f64::from(n - k) * (1.0 - p).ln();
    let mut sum = 0.0;
    for i in k..=n {
        sum += term.exp();
        if i < n {
            term += f64::from(n - i).ln() - f64::from(i + 1).ln() + p.ln() - (1.0 - p).ln();
        }
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_reference_values() {
        // Where all pass, the bound is the n-th root of 5 %; the others are quantiles of the beta distribution.
        let table = [
            (10, 10, 0.7411),
            (9, 10, 0.6058),
            (59, 59, 0.9505),
            (299, 299, 0.9900),
            (0, 10, 0.0),
            (1, 1, 0.05),
            (18, 20, 0.7174),
            (1, 10, 0.0051),
            (5, 10, 0.2224),
        ];
        for (passed, total, expected) in table {
            let bound: f64 = lower_bound(passed, total);
            assert!((bound - expected).abs() < 0.00006, "{passed}/{total}: {bound} instead of {expected}");
        }
    }

    #[test]
    fn rounds_down_and_survives_large_and_odd_numbers() {
        assert_eq!(lower_bound_bp(10, 10), 7411);
        assert_eq!(lower_bound_bp(59, 59), 9504);
        assert_eq!(lower_bound_bp(0, 0), 0);
        assert_eq!(lower_bound_bp(7, 5), lower_bound_bp(5, 5));
        assert_eq!(lower_bound_bp(3000, 3000), 9990);
    }
}
