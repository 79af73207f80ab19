//! Drives the core: loads a run, performs the effects that the core asks for through ports, appends what came of them.
//!
//! The traits in [`port`] are all that the engine knows of the world; it has never heard of sled, git2 or any model's maker.
//! [`engine::Engine`] is the way in; [`perform`] has one file for each kind of artifact.

pub mod engine;
pub mod error;
pub mod history;
pub mod journal;
pub mod ledger;
pub mod perform;
pub mod port;
pub mod watch;
