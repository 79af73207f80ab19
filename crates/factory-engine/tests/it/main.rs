//! Whole runs through the engine, in a simulated world and with everything that can go wrong around it.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

mod base;
mod correction;
mod crash;
mod decisions;
mod elsewhere;
mod factory;
mod ledger;
mod run;
mod store;
mod timers;
mod tripwire;
mod trouble;
mod vault;
