//! How far two raters who pass or fail the same things agree, beyond what chance alone would give.
//!
//! Raw agreement flatters when nearly everything passes. Cohen's kappa takes out the agreement of two raters who
//! guess with their own pass rates; it falls towards 0 when one answer is rare, however well they agree on it. Gwet's
//! AC1 takes out guesses only where an answer was hard, and stays stable there. Report them together.

use super::{Interval, normal, proportion::Proportion};

/// What raters A and B said of the same things, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratings {
    /// Both passed it.
    pub both_pass: u64,
    /// A passed it, B failed it.
    pub a_pass_b_fail: u64,
    /// A failed it, B passed it.
    pub a_fail_b_pass: u64,
    /// Both failed it.
    pub both_fail: u64,
}

/// A coefficient of agreement: 1 for perfect, 0 for no more than chance, below 0 for less.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficient {
    /// The coefficient, -1 to 1.
    pub value: f64,
    /// Its large-sample standard error; exactly 0 where the ratings do not vary in a way that it could be seen from.
    pub standard_error: f64,
}

impl Coefficient {
    /// The large-sample interval, value plus or minus z standard errors, cut at -1 and 1. `None` where the standard
    /// error is 0: an interval without width would claim certainty for a sample of any size.
    pub fn interval(self, level: f64) -> Option<Interval> {
        let reach = normal::two_sided(level)? * self.standard_error;
        let bounds = Interval { low: (self.value - reach).max(-1.0), high: (self.value + reach).min(1.0) };
        (self.standard_error > 0.0).then_some(bounds)
    }
}

/// A table of shares, by A's answer and then B's, pass before fail.
type Shares = [[f64; 2]; 2];

impl Ratings {
    /// Things on which both said the same, out of all. Its rate is the raw agreement. `None` if the counts add up to
    /// more than fits.
    pub fn agreement(self) -> Option<Proportion> {
        let hits = self.both_pass.checked_add(self.both_fail)?;
        let of = hits.checked_add(self.a_pass_b_fail)?.checked_add(self.a_fail_b_pass)?;
        Some(Proportion { hits, of })
    }

    /// Cohen's kappa, (agreement - expected) / (1 - expected), expected from each rater's own pass rate. `None` for no
    /// ratings, and where both raters gave one and the same answer throughout: chance explains everything then.
    ///
    /// Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20 (1960),
    /// 37-46. Standard error: Fleiss, Cohen and Everitt, Large sample standard errors of kappa and weighted kappa,
    /// Psychological Bulletin 72 (1969), 323-327: the one that does not assume that kappa is 0.
    pub fn kappa(self) -> Option<Coefficient> {
        let shares = self.shares()?;
        let a = [self.both_pass + self.a_pass_b_fail, self.a_fail_b_pass + self.both_fail];
        let b = [self.both_pass + self.a_fail_b_pass, self.a_pass_b_fail + self.both_fail];
        let n = (a[0] + a[1]) as f64;
        // How many disagreements chance would give, times n; whole numbers keep a kappa of 0 or 1 exact.
        let expected = a[0] as f64 * b[1] as f64 + a[1] as f64 * b[0] as f64;
        if expected == 0.0 {
            return None;
        }
        let value = (2.0 * self.determinant() / expected).clamp(-1.0, 1.0);
        let disagreement_expected = expected / n / n;
        let shortfall = (shares[0][1] + shares[1][0]) / disagreement_expected;
        // In these tables and no others the standard error is exactly 0, which rounding would hide: a rater who never
        // varies, raters who are always opposed and as often either way, and raters who never disagree.
        let constant = a.contains(&0) || b.contains(&0);
        let opposite = self.both_pass + self.both_fail == 0 && self.a_pass_b_fail == self.a_fail_b_pass;
        let certain = constant || opposite || shortfall == 0.0;
        let influence = |i: usize, j: usize| same(i, j) - shortfall * (b[i] as f64 / n + a[j] as f64 / n);
        let spread = if certain { 0.0 } else { deviation(&shares, influence) / disagreement_expected };
        Some(Coefficient { value, standard_error: spread / n.sqrt() })
    }

    /// Gwet's AC1, (agreement - expected) / (1 - expected), expected = 2 p (1 - p) for the mean p of both pass rates.
    /// `None` for no ratings.
    ///
    /// Gwet, Computing inter-rater reliability and its variance in the presence of high agreement, British Journal of
    /// Mathematical and Statistical Psychology 61 (2008), 29-48: the coefficient, and the variance for two raters
    /// without correction for a finite population. Intervals use the normal distribution; Gwet's later programs use
    /// Student's t with n - 1 degrees of freedom, which is wider for few ratings.
    pub fn ac1(self) -> Option<Coefficient> {
        let shares = self.shares()?;
        let n = self.agreement()?.of as f64;
        let mean = [0, 1].map(|k| (shares[k][0] + shares[k][1] + shares[0][k] + shares[1][k]) / 2.0);
        let agreement_not_expected = mean[0] * mean[0] + mean[1] * mean[1];
        let shortfall = (shares[0][1] + shares[1][0]) / agreement_not_expected;
        // Without a disagreement the coefficient is 1, without an agreement -1, and no rating stands out.
        let certain = self.a_pass_b_fail + self.a_fail_b_pass == 0 || self.both_pass + self.both_fail == 0;
        let influence = |i: usize, j: usize| same(i, j) - shortfall * (2.0 - mean[i] - mean[j]);
        let spread = if certain { 0.0 } else { deviation(&shares, influence) / agreement_not_expected };
        Some(Coefficient { value: (1.0 - shortfall).max(-1.0), standard_error: spread / n.sqrt() })
    }

    /// `None` for no ratings, and for more than fit.
    fn shares(self) -> Option<Shares> {
        let n = self.agreement()?.of;
        let share = |count: u64| count as f64 / n as f64;
        let shares = [
            [share(self.both_pass), share(self.a_pass_b_fail)],
            [share(self.a_fail_b_pass), share(self.both_fail)],
        ];
        (n > 0).then_some(shares)
    }

    /// Both pass times both fail, less the product of the disagreements.
    fn determinant(self) -> f64 {
        let alike = u128::from(self.both_pass) * u128::from(self.both_fail);
        let apart = u128::from(self.a_pass_b_fail) * u128::from(self.a_fail_b_pass);
        let size = alike.abs_diff(apart) as f64;
        if alike < apart { -size } else { size }
    }
}

fn same(i: usize, j: usize) -> f64 {
    if i == j { 1.0 } else { 0.0 }
}

/// The standard deviation of what each cell contributes. Both papers print it as mean of squares less square of mean;
/// taken about the mean it cannot turn negative.
fn deviation(shares: &Shares, influence: impl Fn(usize, usize) -> f64) -> f64 {
    let cells = [(0, 0), (0, 1), (1, 0), (1, 1)];
    let mean: f64 = cells.iter().map(|&(i, j)| shares[i][j] * influence(i, j)).sum();
    let square = |(i, j): (usize, usize)| shares[i][j] * (influence(i, j) - mean).powi(2);
    cells.into_iter().map(square).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ratings(both_pass: u64, a_pass_b_fail: u64, a_fail_b_pass: u64, both_fail: u64) -> Ratings {
        Ratings { both_pass, a_pass_b_fail, a_fail_b_pass, both_fail }
    }

    #[test]
    fn no_ratings_say_nothing() {
        let none = ratings(0, 0, 0, 0);
        assert_eq!((none.agreement().unwrap().rate(), none.kappa(), none.ac1()), (None, None, None));
    }

    #[test]
    fn two_raters_who_nearly_always_pass() {
        // The example with which Gwet shows the paradox of kappa.
        let paradox = ratings(118, 5, 2, 0);
        let rounded = |value: f64| (value * 1e4).round() / 1e4;
        assert_eq!(rounded(paradox.agreement().unwrap().rate().unwrap()), 0.944);
        assert_eq!(rounded(paradox.kappa().unwrap().value), -0.0234);
        let ac1 = paradox.ac1().unwrap();
        assert_eq!((rounded(ac1.value), rounded(ac1.standard_error)), (0.9408, 0.0230));
        let bounds = ac1.interval(0.95).unwrap();
        assert_eq!((rounded(bounds.low), rounded(bounds.high)), (0.8958, 0.9858));
    }

    #[test]
    fn counts_that_do_not_fit_say_nothing() {
        let too_many = ratings(u64::MAX, 0, 0, 1);
        assert_eq!((too_many.agreement(), too_many.kappa(), too_many.ac1()), (None, None, None));
    }

    #[test]
    fn one_answer_throughout_leaves_kappa_nothing_to_explain() {
        for same in [ratings(9, 0, 0, 0), ratings(0, 0, 0, 9)] {
            assert_eq!(same.agreement().unwrap().rate(), Some(1.0));
            assert_eq!(same.kappa(), None);
            assert_eq!(same.ac1(), Some(Coefficient { value: 1.0, standard_error: 0.0 }));
        }
    }

    #[test]
    fn perfect_agreement_has_no_interval() {
        let perfect = ratings(4, 0, 0, 3);
        for coefficient in [perfect.kappa().unwrap(), perfect.ac1().unwrap()] {
            assert_eq!(coefficient, Coefficient { value: 1.0, standard_error: 0.0 });
            assert_eq!(coefficient.interval(0.95), None);
        }
    }

    #[test]
    fn perfect_disagreement_has_no_interval() {
        let opposite = ratings(0, 5, 5, 0);
        for coefficient in [opposite.kappa().unwrap(), opposite.ac1().unwrap()] {
            assert_eq!(coefficient, Coefficient { value: -1.0, standard_error: 0.0 });
            assert_eq!(coefficient.interval(0.95), None);
        }
    }

    #[test]
    fn a_rater_who_never_varies_agrees_by_chance_only() {
        for constant in [ratings(8, 2, 0, 0), ratings(8, 0, 2, 0), ratings(0, 2, 0, 8), ratings(0, 3, 0, 0)] {
            let kappa = constant.kappa().unwrap();
            assert_eq!((kappa.value, kappa.standard_error), (0.0, 0.0), "{constant:?}");
            assert_eq!(kappa.interval(0.95), None);
        }
    }

    #[test]
    fn independent_raters_have_a_kappa_of_exactly_nothing() {
        let kappa = ratings(12, 4, 9, 3).kappa().unwrap();
        assert_eq!(kappa.value, 0.0);
        assert!(kappa.standard_error > 0.0);
    }

    #[test]
    fn an_interval_does_not_leave_the_scale() {
        let wide = ratings(2, 1, 0, 1);
        for coefficient in [wide.kappa().unwrap(), wide.ac1().unwrap()] {
            let bounds = coefficient.interval(0.999).unwrap();
            assert_eq!(bounds.high, 1.0);
            assert!(bounds.low >= -1.0);
        }
        assert_eq!(wide.kappa().unwrap().interval(1.0), None);
    }

    #[test]
    fn which_rater_is_called_a_makes_no_difference() {
        let [this, other] = [ratings(20, 5, 10, 15), ratings(20, 10, 5, 15)];
        let near = |one: f64, two: f64| (one - two).abs() < 1e-15;
        for (this, other) in [(this.kappa(), other.kappa()), (this.ac1(), other.ac1())] {
            let (this, other) = (this.unwrap(), other.unwrap());
            assert!(near(this.value, other.value) && near(this.standard_error, other.standard_error));
        }
    }

    #[test]
    fn huge_counts_stay_finite() {
        let quarter = u64::MAX / 4;
        for huge in [
            ratings(quarter, quarter, quarter, quarter),
            ratings(u64::MAX - 2, 1, 1, 0),
            ratings(1, quarter, 1, 1),
            ratings(0, 28_859_931_626_544_686, quarter, 4),
        ] {
            for coefficient in [huge.kappa().unwrap(), huge.ac1().unwrap()] {
                assert!(coefficient.value.abs() <= 1.0, "{huge:?}: {coefficient:?}");
                assert!(coefficient.standard_error.is_finite(), "{huge:?}");
            }
        }
    }
}
