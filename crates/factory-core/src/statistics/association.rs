//! Whether two groups differ: Fisher's exact test and the odds ratio for one question, and the false discovery rate for
//! many questions at once.

use super::{Interval, mass::Drawing, normal, proportion::Proportion};

/// The most observations that the exact test takes; up to here its work is bounded by about the square root of them.
const MOST_OBSERVATIONS: u64 = 1 << 40;

/// How much more probable than the observed table another may be computed and still count as just as probable. Tables
/// that are equally probable come out up to this far apart through rounding.
const TIE: f64 = 1e-11;

/// Terms this small against their sum are no longer added.
const NEGLIGIBLE: f64 = 1e-18;

/// Hits out of tries in two groups: a table of two rows and two columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Groups {
    /// One group.
    pub first: Proportion,
    /// The other.
    pub second: Proportion,
}

/// How many times the odds of a hit in the second group are those in the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OddsRatio {
    /// The ratio: 1 for no difference, above 1 for more hits in the first group.
    pub value: f64,
    /// The standard error of its logarithm.
    pub standard_error_of_ln: f64,
    /// Whether 0.5 was added to all four counts, because one of them was 0.
    pub corrected: bool,
}

impl OddsRatio {
    /// The large-sample interval, on the scale of logarithms. `None` unless 0 < level < 1, or if a bound is beyond all
    /// numbers.
    pub fn interval(self, level: f64) -> Option<Interval> {
        let reach = normal::two_sided(level)? * self.standard_error_of_ln;
        let bounds = Interval { low: self.value * (-reach).exp(), high: self.value * reach.exp() };
        bounds.high.is_finite().then_some(bounds)
    }
}

impl Groups {
    /// The sample odds ratio, (hits misses') / (misses hits'). `None` if a group is empty, if nothing was hit or
    /// nothing missed in both, or for more hits than tries.
    ///
    /// With a count of 0, 0.5 is added to all four, and the result says so (Haldane, The estimation and significance
    /// of the logarithm of a ratio of frequencies, Annals of Human Genetics 20 (1956), 309-311; Anscombe, On
    /// estimating binomial response relations, Biometrika 43 (1956), 461-464). Standard error: Woolf, On estimating
    /// the relation between blood group and disease, Annals of Human Genetics 19 (1955), 251-253: the root of the sum
    /// of reciprocals.
    pub fn odds_ratio(self) -> Option<OddsRatio> {
        let [a, b, c, d] = self.cells()?;
        let sums = [(a, b), (c, d), (a, c), (b, d)];
        if sums.contains(&(0, 0)) {
            return None;
        }
        let corrected = [a, b, c, d].contains(&0);
        let [a, b, c, d] = [a, b, c, d].map(|count| count as f64 + if corrected { 0.5 } else { 0.0 });
        let standard_error_of_ln = [a, b, c, d].map(f64::recip).iter().sum::<f64>().sqrt();
        Some(OddsRatio { value: (a / b) * (d / c), standard_error_of_ln, corrected })
    }

    /// The two-sided p-value of Fisher's exact test: the probability, given all four sums, of a table that is no more
    /// probable than this one. 1 where the sums leave one table only. `None` for more hits than tries, and for more
    /// than 2^40 (about 10^12) tries in all.
    ///
    /// Fisher, The Design of Experiments, 1935; two-sided by adding up small probabilities, as R and scipy do.
    pub fn fisher_exact(self) -> Option<f64> {
        let [a, b, c, d] = self.cells()?;
        let all = [b, c, d].into_iter().try_fold(a, u64::checked_add)?;
        if all > MOST_OBSERVATIONS {
            return None;
        }
        let drawing = Drawing { marked: a + b, plain: c + d, drawn: a + c };
        if drawing.fewest() == drawing.most() {
            return Some(1.0);
        }
        // The most probable count of hits; it cannot overflow below the limit.
        let mode =
            |of: Drawing| (u128::from(of.drawn + 1) * u128::from(of.marked + 1) / u128::from(all + 2)) as u64;
        let below = a <= mode(drawing);
        // Counting misses in place of hits mirrors the distribution, so that one direction is enough.
        let mirrored = Drawing { drawn: b + d, ..drawing };
        let p =
            if below { two_sided(drawing, a, mode(drawing)) } else { two_sided(mirrored, b, mode(mirrored)) };
        Some(p.min(1.0))
    }

    /// Hits and misses of the first group, then of the second.
    fn cells(self) -> Option<[u64; 4]> {
        let (first, second) = (self.first.misses()?, self.second.misses()?);
        Some([self.first.hits, first, self.second.hits, second])
    }
}

/// The probability of all counts of hits that are no more probable than `seen`, which is at most `mode`.
fn two_sided(drawing: Drawing, seen: u64, mode: u64) -> f64 {
    let ln_seen = drawing.ln_mass(seen);
    let as_rare = |hits: u64| drawing.ln_mass(hits) <= ln_seen + TIE;
    if as_rare(mode) {
        return 1.0;
    }
    let lower = ln_seen.exp() * downward(drawing, seen);
    if !as_rare(drawing.most()) {
        return lower;
    }
    let (mut common, mut rare) = (mode, drawing.most());
    while common + 1 < rare {
        let middle = u64::midpoint(common, rare);
        if as_rare(middle) {
            rare = middle;
        } else {
            common = middle;
        }
    }
    lower + drawing.ln_mass(rare).exp() * upward(drawing, rare)
}

/// The probability of `from` hits or fewer, in units of that of `from`, which is not above the most probable.
fn downward(drawing: Drawing, from: u64) -> f64 {
    let ratio = |hits: u64| {
        let misses = drawing.drawn - hits;
        let here = hits as f64 * (drawing.plain - misses) as f64;
        here / ((drawing.marked - hits + 1) as f64 * (misses + 1) as f64)
    };
    sum(((drawing.fewest() + 1)..=from).rev().map(ratio))
}

/// The probability of `from` hits or more, in units of that of `from`, which is not below the most probable.
fn upward(drawing: Drawing, from: u64) -> f64 {
    let ratio = |hits: u64| {
        let misses = drawing.drawn - hits;
        let here = (drawing.marked - hits) as f64 * misses as f64;
        here / ((hits + 1) as f64 * (drawing.plain - misses + 1) as f64)
    };
    sum((from..drawing.most()).map(ratio))
}

/// 1 and the running products of falling ratios, added up until they no longer matter.
fn sum(ratios: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for ratio in ratios {
        term *= ratio;
        sum += term;
        if term <= sum * NEGLIGIBLE {
            break;
        }
    }
    sum
}

/// The p-values of many tests, adjusted so that keeping those up to q makes at most a share q of the kept ones false on
/// average; in the order given. `None` if one is not a probability.
///
/// Benjamini and Hochberg, Controlling the false discovery rate, Journal of the Royal Statistical Society B 57 (1995),
/// 289-300: for independent or positively dependent tests. O(n log n).
pub fn benjamini_hochberg(p_values: &[f64]) -> Option<Vec<f64>> {
    if !p_values.iter().all(|p| (0.0..=1.0).contains(p)) {
        return None;
    }
    let mut falling: Vec<usize> = (0..p_values.len()).collect();
    falling.sort_unstable_by(|&one, &two| p_values[two].total_cmp(&p_values[one]));
    let count = p_values.len();
    let mut adjusted = vec![0.0; count];
    let mut least = 1.0_f64;
    for (above, index) in falling.into_iter().enumerate() {
        let rank = count - above;
        least = least.min(p_values[index] * (count as f64 / rank as f64));
        adjusted[index] = least;
    }
    Some(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(a: u64, b: u64, c: u64, d: u64) -> Groups {
        Groups { first: Proportion { hits: a, of: a + b }, second: Proportion { hits: c, of: c + d } }
    }

    fn assert_near(got: f64, want: f64) {
        assert!((got - want).abs() <= 1e-13 * want, "{got} is not {want}");
    }

    #[test]
    fn the_lady_who_tastes_tea() {
        // Fisher 1935: four cups of each kind; 1 + 16 of 70 choices are as good as three right, or better.
        assert_near(groups(3, 1, 1, 3).fisher_exact().unwrap(), 2.0 * 17.0 / 70.0);
        assert_near(groups(4, 0, 0, 4).fisher_exact().unwrap(), 2.0 / 70.0);
        assert_eq!(groups(2, 2, 2, 2).fisher_exact(), Some(1.0));
    }

    #[test]
    fn sums_that_leave_one_table_tell_nothing() {
        for table in [groups(0, 0, 0, 0), groups(3, 4, 0, 0), groups(5, 0, 7, 0), groups(0, 5, 0, 7)] {
            assert_eq!((table.fisher_exact(), table.odds_ratio()), (Some(1.0), None), "{table:?}");
        }
    }

    #[test]
    fn more_hits_than_tries_say_nothing() {
        let (absurd, sound) = (Proportion { hits: 3, of: 2 }, Proportion { hits: 1, of: 2 });
        for table in [Groups { first: absurd, second: sound }, Groups { first: sound, second: absurd }] {
            assert_eq!((table.fisher_exact(), table.odds_ratio()), (None, None));
        }
    }

    #[test]
    fn what_is_called_first_or_a_hit_makes_no_difference() {
        let mut tables = 0;
        for [a, b, c, d] in
            [[8, 2, 1, 5], [6, 2, 1, 4], [0, 9, 4, 3], [100, 2, 40, 9], [1, 30, 3, 60], [12, 900, 3, 200]]
        {
            let p = groups(a, b, c, d).fisher_exact().unwrap();
            for other in [groups(c, d, a, b), groups(b, a, d, c), groups(a, c, b, d), groups(d, b, c, a)] {
                assert_near(other.fisher_exact().unwrap(), p);
                tables += 1;
            }
        }
        assert_eq!(tables, 24);
    }

    #[test]
    fn the_exact_test_has_a_limit() {
        let half = MOST_OBSERVATIONS / 2;
        let fits = groups(half / 2, half / 2, half / 2 + 4_000_000, half / 2 - 4_000_000);
        assert!(fits.fisher_exact().unwrap() < 1e-3);
        assert_eq!(groups(half, 1, half, 0).fisher_exact(), None);
        assert_eq!(groups(u64::MAX, 0, 0, 1).fisher_exact(), None);
        assert!(groups(u64::MAX, 0, 0, 1).odds_ratio().unwrap().value.is_finite());
    }

    #[test]
    fn an_odds_ratio_is_corrected_only_where_a_count_is_nothing() {
        let plain = groups(10, 5, 4, 8).odds_ratio().unwrap();
        assert_eq!((plain.value, plain.corrected), (4.0, false));
        let corrected = groups(10, 0, 4, 8).odds_ratio().unwrap();
        assert_near(corrected.value, 10.5 * 8.5 / (0.5 * 4.5));
        assert!(corrected.corrected);
        assert_eq!((plain.interval(1.0), plain.interval(f64::NAN)), (None, None));
    }

    #[test]
    fn adjusted_p_values_by_hand() {
        assert_eq!(benjamini_hochberg(&[]), Some(Vec::new()));
        assert_eq!(benjamini_hochberg(&[0.03]), Some(vec![0.03]));
        let adjusted = benjamini_hochberg(&[0.04, 0.01, 0.5, 0.02]).unwrap();
        for (got, want) in adjusted.into_iter().zip([0.16 / 3.0, 0.04, 0.5, 0.04]) {
            assert_near(got, want);
        }
        assert_eq!(benjamini_hochberg(&[0.0, 1.0, 1.0]), Some(vec![0.0, 1.0, 1.0]));
    }

    #[test]
    fn what_is_no_probability_has_no_adjustment() {
        for wrong in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
            assert_eq!(benjamini_hochberg(&[0.5, wrong]), None, "{wrong}");
        }
    }
}
