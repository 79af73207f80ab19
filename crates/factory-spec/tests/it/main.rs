//! The language through its public functions: specifications, scenarios, and that no text makes them panic.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test stops at the first surprise"))]

mod bug;
mod debt;
mod gherkin;
mod large;
mod lint;
mod lint_large;
mod loose;
mod mutation;
mod official;
mod spec;
mod support;
