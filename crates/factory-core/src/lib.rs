//! Decides what happens next in a run, and nothing else.
//!
//! This crate never awaits, reads a clock, makes an id, opens a file or looks at the environment: all of that comes in
//! as arguments. The contract is three functions over plain data:
//!
//! - [`decide::decide`]: may this command be obeyed now, and which events follow?
//! - [`evolve::evolve`]: the state after an event.
//! - [`effects::effects`]: what the outside world has to do next.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test may stop at once"))]

pub mod artifact;
pub mod command;
pub mod decide;
pub mod effects;
pub mod event;
pub mod evolve;
pub mod feedback;
pub mod ids;
pub mod ledger;
pub mod pipeline;
pub mod plain;
pub mod policy;
pub mod protected;
pub mod reason;
pub mod referred;
pub mod risk;
pub mod state;
pub mod statistics;
pub mod toml_problem;
pub mod trust;
pub mod upcast;
