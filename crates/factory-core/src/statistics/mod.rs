//! Plain statistics over plain counts: what a number measured on a few runs supports, and what it does not.
//!
//! Every function is total. What the data cannot give is `None`, never a NaN, an infinity or a panic; so is what is
//! asked for with a level or a probability outside its range. A level is the confidence of a two-sided interval,
//! strictly between 0 and 1, such as 0.95.
//!
//! - [`proportion`]: hits out of tries, with Wilson and Clopper-Pearson intervals.
//! - [`agreement`]: two raters who pass or fail the same things: raw agreement, Cohen's kappa, Gwet's AC1.
//! - [`quantile`]: medians and other quantiles with intervals that assume no distribution.
//! - [`survival`]: times to an event when some have not seen it yet, by Kaplan and Meier.
//! - [`association`]: two groups compared by Fisher's exact test and odds ratio; many tests held to one false
//!   discovery rate.
//!
//! The results are compared with other implementations in `tests/fixtures/statistics`.

pub mod agreement;
pub mod association;
mod beta;
mod interval;
mod mass;
mod normal;
pub mod proportion;
pub mod quantile;
pub mod survival;

pub use interval::{Bounds, Interval};

#[cfg(test)]
mod tests;
