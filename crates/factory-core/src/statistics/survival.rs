//! Times to an event when some have not seen it yet, by the estimator of Kaplan and Meier.
//!
//! Leaving out what is still open, or counting it as done, makes durations look shorter than they are. Here whoever is
//! still waiting counts among those at risk for as long as it has waited, and no longer.

use super::{Bounds, normal};

/// By how much a survival that was multiplied together may miss one half and still count as it.
const ROUNDING: f64 = 1e-12;

/// How long something was watched, and what ended the watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// From its start to the event, or to when the watch ended without one; milliseconds.
    pub duration_ms: u64,
    /// Whether the event happened; otherwise the observation is censored.
    pub event: bool,
}

/// The curve at one time at which events happened. It holds from this time to just before the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When, in milliseconds from the start.
    pub time_ms: u64,
    /// How many were still watched without an event just before. What is censored at this very time is among them:
    /// it was seen to last until then.
    pub at_risk: u64,
    /// How many events happened at this time; at least 1.
    pub events: u64,
    /// The estimated probability of no event up to and including this time.
    pub survival: f64,
    /// Greenwood's standard error of it; `None` once nothing survives, where it is not defined.
    pub standard_error: Option<f64>,
}

/// A survival curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// One point for each time with an event, in order; survival is 1 before the first.
    pub points: Vec<Point>,
    /// How many observations ended with the event.
    pub events: u64,
    /// How many ended without.
    pub censored: u64,
    /// The longest duration watched, in milliseconds; `None` for no observations.
    pub last_ms: Option<u64>,
}

/// The mean time without an event, for what is counted up to a horizon only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// The area under the curve, in milliseconds.
    pub mean_ms: f64,
    /// The horizon: the longest duration watched, in milliseconds. Means with different horizons do not compare.
    pub up_to_ms: u64,
}

/// Fits the curve; O(n log n).
///
/// Kaplan and Meier, Nonparametric estimation from incomplete observations, Journal of the American Statistical
/// Association 53 (1958), 457-481: the product over event times of 1 - events / at risk. Standard errors after
/// Greenwood, The natural duration of cancer, 1926: survival times the root of the sum of
/// events / (at risk (at risk - events)).
pub fn fit(observations: &[Observation]) -> Curve {
    let mut ordered: Vec<(u64, bool)> =
        observations.iter().map(|seen| (seen.duration_ms, seen.event)).collect();
    ordered.sort_unstable();
    let total = ordered.len() as u64;
    let last_ms = ordered.last().map(|&(time_ms, _)| time_ms);
    let (mut at_risk, mut survival, mut greenwood) = (total, 1.0, 0.0);
    let mut points = Vec::new();
    for tied in ordered.chunk_by(|one, two| one.0 == two.0) {
        let events = tied.iter().filter(|&&(_, event)| event).count() as u64;
        if events > 0 {
            let surviving = at_risk - events;
            survival *= surviving as f64 / at_risk as f64;
            greenwood += events as f64 / (at_risk as f64 * surviving as f64);
            let standard_error = (surviving > 0).then(|| survival * greenwood.sqrt());
            points.push(Point { time_ms: tied[0].0, at_risk, events, survival, standard_error });
        }
        at_risk -= tied.len() as u64;
    }
    let events = points.iter().map(|point| point.events).sum();
    Curve { points, events, censored: total - events, last_ms }
}

impl Curve {
    /// The first time by which half have seen the event, in milliseconds; `None` while more than half survive.
    ///
    /// Where the curve runs exactly at one half for a while, this is where that begins.
    pub fn median_ms(&self) -> Option<u64> {
        let reached = self.points.iter().find(|point| point.survival <= 0.5 + ROUNDING)?;
        Some(reached.time_ms)
    }

    /// Bounds of the median, in milliseconds; open above where too few events are seen to end it, and on both sides for
    /// no events. `None` unless 0 < level < 1.
    ///
    /// Brookmeyer and Crowley, A confidence interval for the median survival time, Biometrics 38 (1982), 29-41, on
    /// the log-log scale: the times at which the pointwise interval S^exp(+-z se / (S |ln S|)) includes one half,
    /// from the first at which its lower end is at or below one half to the first at which its upper end is. A time
    /// from which on nothing survives has no standard error and bounds nothing; some programs take it for an upper
    /// bound.
    pub fn median_bounds_ms(&self, level: f64) -> Option<Bounds> {
        let z = normal::two_sided(level)?;
        let first = |sign: f64| {
            let mut crossed = self.points.iter().filter(|point| reaches_half(point, sign * z));
            crossed.next().map(|point| point.time_ms as f64)
        };
        Some(Bounds { low: first(1.0), high: first(-1.0) })
    }

    /// The mean time without an event up to the longest duration watched; `None` for no observations.
    pub fn restricted_mean(&self) -> Option<RestrictedMean> {
        let up_to_ms = self.last_ms?;
        let (mut mean_ms, mut since_ms, mut survival) = (0.0, 0, 1.0);
        for point in &self.points {
            mean_ms += survival * (point.time_ms - since_ms) as f64;
            (since_ms, survival) = (point.time_ms, point.survival);
        }
        mean_ms += survival * (up_to_ms - since_ms) as f64;
        Some(RestrictedMean { mean_ms, up_to_ms })
    }
}

/// Whether the survival, moved by `z` standard errors on the scale of ln(-ln S), is at or below one half.
fn reaches_half(point: &Point, z: f64) -> bool {
    let Some(standard_error) = point.standard_error else { return false };
    let hazard = -point.survival.ln();
    hazard.ln() + z * standard_error / (point.survival * hazard) >= std::f64::consts::LN_2.ln() - ROUNDING
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(durations: &[(u64, bool)]) -> Curve {
        let each = durations.iter().map(|&(duration_ms, event)| Observation { duration_ms, event });
        fit(&each.collect::<Vec<_>>())
    }

    #[test]
    fn nothing_watched_says_nothing() {
        let none = seen(&[]);
        assert_eq!(none, Curve { points: Vec::new(), events: 0, censored: 0, last_ms: None });
        assert_eq!((none.median_ms(), none.restricted_mean()), (None, None));
        assert_eq!(none.median_bounds_ms(0.95), Some(Bounds { low: None, high: None }));
    }

    #[test]
    fn one_event_ends_everything_and_bounds_nothing() {
        let one = seen(&[(40, true)]);
        let end = Point { time_ms: 40, at_risk: 1, events: 1, survival: 0.0, standard_error: None };
        assert_eq!((one.points.as_slice(), one.events, one.censored), ([end].as_slice(), 1, 0));
        assert_eq!(one.median_ms(), Some(40));
        assert_eq!(one.median_bounds_ms(0.95), Some(Bounds { low: None, high: None }));
        assert_eq!(one.restricted_mean(), Some(RestrictedMean { mean_ms: 40.0, up_to_ms: 40 }));
    }

    #[test]
    fn without_an_event_all_survive_to_the_end_of_the_watch() {
        let open = seen(&[(10, false), (30, false), (20, false)]);
        assert_eq!((open.points.len(), open.events, open.censored, open.last_ms), (0, 0, 3, Some(30)));
        assert_eq!(open.median_ms(), None);
        assert_eq!(open.restricted_mean(), Some(RestrictedMean { mean_ms: 30.0, up_to_ms: 30 }));
    }

    #[test]
    fn what_is_censored_when_an_event_happens_was_at_risk_of_it() {
        for order in [[(5, true), (5, false)], [(5, false), (5, true)]] {
            let [point] = seen(&order).points[..] else { panic!("one time with an event") };
            assert_eq!((point.at_risk, point.events, point.survival), (2, 1, 0.5));
        }
    }

    #[test]
    fn the_curve_of_a_few_by_hand() {
        let curve = seen(&[
            (6, true),
            (6, true),
            (6, true),
            (6, false),
            (7, true),
            (9, false),
            (10, true),
            (10, false),
        ]);
        let steps: Vec<_> =
            curve.points.iter().map(|point| (point.time_ms, point.at_risk, point.events)).collect();
        assert_eq!(steps, [(6, 8, 3), (7, 4, 1), (10, 2, 1)]);
        let survivals = [5.0 / 8.0, 5.0 / 8.0 * 3.0 / 4.0, 5.0 / 8.0 * 3.0 / 4.0 / 2.0];
        for (point, want) in curve.points.iter().zip(survivals) {
            assert!((point.survival - want).abs() < 1e-15);
        }
        let greenwood = 3.0 / (8.0 * 5.0) + 1.0 / (4.0 * 3.0);
        assert!(
            (curve.points[1].standard_error.unwrap() - survivals[1] * f64::sqrt(greenwood)).abs() < 1e-15
        );
        assert_eq!(curve.median_ms(), Some(7));
        let area = 6.0 + survivals[0] + 3.0 * survivals[1];
        assert!((curve.restricted_mean().unwrap().mean_ms - area).abs() < 1e-14);
    }

    #[test]
    fn a_curve_that_reaches_one_half_through_rounding_has_its_median_there() {
        // 23/24 * 22/23 * ... * 12/13 is one half, but comes out above it.
        for n in [10_u64, 24, 38, 126, 1000] {
            let curve = seen(&(1..=n).map(|time| (time, true)).collect::<Vec<_>>());
            assert_eq!(curve.median_ms(), Some(n / 2), "{n}");
        }
    }

    #[test]
    fn times_at_the_ends_of_the_scale() {
        let curve = seen(&[(0, true), (u64::MAX, true), (u64::MAX, false)]);
        assert_eq!((curve.points[0].time_ms, curve.median_ms()), (0, Some(u64::MAX)));
        let mean_ms = curve.restricted_mean().unwrap().mean_ms;
        assert!((mean_ms / (u64::MAX as f64 * 2.0 / 3.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_level_that_is_none_bounds_nothing() {
        let curve = seen(&[(1, true), (2, true), (3, true)]);
        assert_eq!((curve.median_bounds_ms(1.0), curve.median_bounds_ms(f64::NAN)), (None, None));
    }
}
