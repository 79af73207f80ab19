//! Intervals of confidence, and what a level leaves outside of one.

/// An interval of confidence, in the unit of what it is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower bound, included.
    pub low: f64,
    /// The upper bound, included; never below `low`.
    pub high: f64,
}

/// An interval of confidence that may be open on either side: `None` where there are too few observations to bound it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The lower bound, included.
    pub low: Option<f64>,
    /// The upper bound, included.
    pub high: Option<f64>,
}

/// The probability that a two-sided interval of this level leaves on each side; `None` unless 0 < level < 1.
pub(super) fn tail(level: f64) -> Option<f64> {
    (level > 0.0 && level < 1.0).then(|| (1.0 - level) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_strictly_between_nothing_and_certainty() {
        assert_eq!(tail(0.5), Some(0.25));
        for level in [0.0, 1.0, -0.95, 95.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(tail(level), None, "{level}");
        }
    }
}
