//! Every figure against other implementations: `tests/fixtures/statistics/reference.json`, made by the script beside
//! it.
//!
//! Tolerances are relative, and stated at each comparison with what limits them where that is not this code.

use serde_json::Value;

use super::agreement::{Coefficient, Ratings};
use super::association::{self, Groups};
use super::proportion::Proportion;
use super::quantile::Sample;
use super::survival::{self, Curve, Observation};
use super::{Bounds, Interval, beta, normal};

/// The cases of one section.
fn cases(section: &str) -> Vec<Value> {
    let all: Value =
        serde_json::from_str(include_str!("../../tests/fixtures/statistics/reference.json")).unwrap();
    all[section].as_array().unwrap().clone()
}

/// Holds computed figures against reference values, and remembers how far they were apart at most.
struct Comparison {
    what: &'static str,
    tolerance: f64,
    largest: f64,
    count: usize,
}

impl Comparison {
    fn new(what: &'static str, tolerance: f64) -> Self {
        Self { what, tolerance, largest: 0.0, count: 0 }
    }

    #[track_caller]
    fn near(&mut self, got: f64, want: &Value, case: &Value) {
        let want =
            want.as_f64().unwrap_or_else(|| panic!("{}: {got} where nothing is defined: {case}", self.what));
        let apart = if got == want { 0.0 } else { (got - want).abs() / want.abs().max(f64::MIN_POSITIVE) };
        assert!(apart <= self.tolerance, "{}: {got} is not {want}, apart by {apart:e}: {case}", self.what);
        self.largest = self.largest.max(apart);
        self.count += 1;
    }

    /// As [`Self::near`], but both may be undefined, together.
    #[track_caller]
    fn same(&mut self, got: Option<f64>, want: &Value, case: &Value) {
        match got {
            Some(got) => self.near(got, want, case),
            None => assert!(want.is_null(), "{}: nothing where {want} is expected: {case}", self.what),
        }
    }

    #[track_caller]
    fn interval(&mut self, got: Option<Interval>, want: &Value, case: &Value) {
        self.same(got.map(|got| got.low), &want[0], case);
        self.same(got.map(|got| got.high), &want[1], case);
    }

    #[track_caller]
    fn bounds(&mut self, got: Bounds, want: &Value, case: &Value) {
        self.same(got.low, &want[0], case);
        self.same(got.high, &want[1], case);
    }
}

impl Drop for Comparison {
    fn drop(&mut self) {
        println!("{}: {} values, apart by {:.1e} at most", self.what, self.count, self.largest);
    }
}

fn float(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap()
}

fn whole(case: &Value, key: &str) -> u64 {
    case[key].as_u64().unwrap()
}

fn table(case: &Value) -> [u64; 4] {
    std::array::from_fn(|cell| case["table"][cell].as_u64().unwrap())
}

/// Measurements made by the same rule as in the script.
fn generated(rule: &Value) -> Vec<u64> {
    let [count, modulus] = [0, 1].map(|at| rule[at].as_u64().unwrap());
    (0..count).map(|i| (7919 * i * i + 104_729 * i) % modulus).collect()
}

#[test]
fn normal_quantiles() {
    let mut z = Comparison::new("normal quantile", 1e-14);
    for case in cases("normal") {
        z.same(normal::two_sided(float(&case, "level")), &case["z"], &case);
    }
}

#[test]
fn beta_tails() {
    // The last bits of x and of the mean count: with parameters of 10^12 they move a tail by some 1e-9 of it.
    let mut tails = Comparison::new("incomplete beta", 1e-11);
    let mut huge = Comparison::new("incomplete beta, parameters above 10^10", 1e-8);
    for case in cases("beta_tails") {
        let x = float(&case, "x");
        let (a, b) = (float(&case, "a"), float(&case, "b"));
        let found = beta::tails(a, b, x, 1.0 - x);
        let comparison = if a.max(b) > 1e10 { &mut huge } else { &mut tails };
        comparison.near(found.ln_lower.exp(), &float(&case, "ln_lower").exp().into(), &case);
        comparison.near(found.ln_upper.exp(), &float(&case, "ln_upper").exp().into(), &case);
    }
}

#[test]
fn beta_quantiles() {
    let mut quantiles = Comparison::new("inverse incomplete beta", 1e-13);
    for case in cases("beta_quantiles") {
        let (a, b, p) = (float(&case, "a"), float(&case, "b"), float(&case, "p"));
        quantiles.near(beta::lower_quantile(a, b, p), &case["lower"], &case);
        quantiles.near(beta::upper_quantile(a, b, p), &case["upper"], &case);
    }
}

#[test]
fn proportions() {
    let mut rate = Comparison::new("rate", 1e-15);
    let mut wilson = Comparison::new("Wilson", 1e-13);
    let mut exact = Comparison::new("Clopper-Pearson", 1e-13);
    for case in cases("proportions") {
        let proportion = Proportion { hits: whole(&case, "hits"), of: whole(&case, "of") };
        let level = float(&case, "level");
        rate.same(proportion.rate(), &case["rate"], &case);
        wilson.interval(proportion.wilson(level), &case["wilson"], &case);
        exact.interval(proportion.exact(level), &case["exact"], &case);
    }
}

#[test]
fn agreement() {
    let mut raw = Comparison::new("raw agreement", 1e-15);
    let mut kappa = Comparison::new("kappa", 1e-12);
    // statsmodels' variance loses digits where agreement is nearly perfect.
    let mut kappa_interval = Comparison::new("interval of kappa", 1e-9);
    let mut ac1 = Comparison::new("AC1", 1e-12);
    let mut ac1_interval = Comparison::new("interval of AC1", 1e-12);
    for case in cases("agreement") {
        let [both_pass, a_pass_b_fail, a_fail_b_pass, both_fail] = table(&case);
        let ratings = Ratings { both_pass, a_pass_b_fail, a_fail_b_pass, both_fail };
        raw.same(ratings.agreement().unwrap().rate(), &case["raw"], &case);
        compare_coefficient(ratings.kappa(), &case, "kappa", &mut kappa, &mut kappa_interval);
        compare_coefficient(ratings.ac1(), &case, "ac1", &mut ac1, &mut ac1_interval);
    }
}

fn compare_coefficient(
    got: Option<Coefficient>,
    case: &Value,
    key: &str,
    coefficient: &mut Comparison,
    interval: &mut Comparison,
) {
    let want = &case[key];
    coefficient.same(got.map(|got| got.value), &want["value"], case);
    coefficient.same(got.map(|got| got.standard_error), &want["standard_error"], case);
    interval.interval(got.and_then(|got| got.interval(float(case, "level"))), &want["interval"], case);
}

#[test]
fn quantiles() {
    let mut values = Comparison::new("quantile", 1e-14);
    let mut bounds = Comparison::new("bounds of a quantile", 0.0);
    let mut coverages = Comparison::new("coverage of these", 1e-12);
    let mut latest = (Value::Null, Sample::new(Vec::new()));
    for case in cases("quantiles") {
        let source = serde_json::json!([case["values"], case["generated"]]);
        if latest.0 != source {
            latest = (source, Sample::new(measurements(&case)));
        }
        let sample = &latest.1;
        let found = sample.estimate(float(&case, "p"), float(&case, "level"));
        let want = &case["estimate"];
        values.same(found.map(|found| found.value), &want["value"], &case);
        coverages.same(found.map(|found| found.coverage), &want["coverage"], &case);
        bounds.bounds(
            found.map_or(Bounds { low: None, high: None }, |found| found.bounds),
            &want["bounds"],
            &case,
        );
    }
}

fn measurements(case: &Value) -> Vec<u64> {
    match case["values"].as_array() {
        Some(list) => list.iter().map(|value| value.as_u64().unwrap()).collect(),
        None => generated(&case["generated"]),
    }
}

#[test]
fn survivals() {
    let mut comparisons = [
        Comparison::new("survival", 1e-12),
        Comparison::new("Greenwood's standard error", 1e-12),
        Comparison::new("restricted mean", 1e-12),
        Comparison::new("median survival and its bounds", 0.0),
    ];
    for case in cases("survival") {
        let observations: Vec<Observation> = match case["observations"].as_array() {
            Some(list) => list.iter().map(observation).collect(),
            None => {
                let every = case["generated"][2].as_u64().unwrap();
                let times = generated(&case["generated"]).into_iter().enumerate();
                times
                    .map(|(i, duration_ms)| Observation {
                        duration_ms,
                        event: !(31 * i as u64).is_multiple_of(every),
                    })
                    .collect()
            }
        };
        compare_curve(&survival::fit(&observations), &case, &mut comparisons);
    }
}

fn observation(pair: &Value) -> Observation {
    Observation { duration_ms: pair[0].as_u64().unwrap(), event: pair[1].as_bool().unwrap() }
}

fn compare_curve(curve: &Curve, case: &Value, [survival, error, mean, median]: &mut [Comparison; 4]) {
    let summary = (curve.points.len() as u64, curve.events, curve.censored, curve.last_ms);
    let counts = ["curve_points", "events", "censored", "last_ms"].map(|key| whole(case, key));
    assert_eq!(summary, (counts[0], counts[1], counts[2], Some(counts[3])));
    for want in case["points"].as_array().unwrap() {
        let point = curve.points[usize::try_from(whole(want, "index")).unwrap()];
        let counts = ["time_ms", "at_risk", "events"].map(|key| whole(want, key));
        assert_eq!([point.time_ms, point.at_risk, point.events], counts);
        survival.near(point.survival, &want["survival"], want);
        error.same(point.standard_error, &want["standard_error"], want);
    }
    median.same(curve.median_ms().map(|time| time as f64), &case["median_ms"], case);
    for (level, want) in case["median_bounds_ms"].as_object().unwrap() {
        median.bounds(curve.median_bounds_ms(level.parse().unwrap()).unwrap(), want, case);
    }
    mean.near(curve.restricted_mean().unwrap().mean_ms, &case["restricted_mean_ms"], case);
}

#[test]
fn associations() {
    let mut fisher = Comparison::new("Fisher's exact test", 1e-12);
    let mut by_scipy = Comparison::new("the same by scipy", 1e-8);
    let mut odds = Comparison::new("odds ratio", 1e-12);
    for case in cases("association") {
        let [a, b, c, d] = table(&case);
        let groups =
            Groups { first: Proportion { hits: a, of: a + b }, second: Proportion { hits: c, of: c + d } };
        fisher.same(groups.fisher_exact(), &case["fisher"], &case);
        by_scipy.same(groups.fisher_exact(), &case["scipy_fisher"], &case);
        let (ratio, want) = (groups.odds_ratio(), &case["odds_ratio"]);
        odds.same(ratio.map(|ratio| ratio.value), &want["value"], &case);
        odds.interval(ratio.and_then(|ratio| ratio.interval(0.95)), &want["interval"], &case);
        assert_eq!(ratio.map(|ratio| ratio.corrected), want["corrected"].as_bool(), "{case}");
    }
}

#[test]
fn adjusted_p_values() {
    let mut adjusted = Comparison::new("Benjamini-Hochberg", 1e-14);
    for case in cases("benjamini_hochberg") {
        let given: Vec<f64> =
            case["p_values"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).collect();
        let found = association::benjamini_hochberg(&given).unwrap();
        let want = case["adjusted"].as_array().unwrap();
        assert_eq!(found.len(), want.len());
        for (got, want) in found.into_iter().zip(want) {
            adjusted.near(got, want, &case);
        }
    }
}
