//! Compiles scenarios to plans, deploys the candidate, runs the plans, scores and attributes.
//!
//! [`HoldoutSuite`](suite::HoldoutSuite) reads and compiles the scenarios, [`ServiceEvaluator`](evaluator::ServiceEvaluator)
//! judges a candidate by them. Everything that quotes a scenario or the candidate's output stays on the evaluator's side:
//! it is neither logged nor part of an error, and only [`factory_core::feedback::declassify`] leads across.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should say where"))]

pub mod assess;
pub mod attribution;
pub mod base_url;
pub mod bound;
mod build;
pub mod catalogue;
pub mod clock;
pub mod config;
pub mod contradiction;
mod deploy;
pub mod evaluator;
mod folders;
pub mod grammar;
pub mod health;
pub mod history;
pub mod key;
pub mod plan;
mod ports;
mod run;
pub mod sabotage;
pub mod score;
pub mod scorecard;
mod scoring;
#[cfg(test)]
mod sealed;
mod sqlite;
pub mod suite;
pub mod translate;
pub mod tripwire;
