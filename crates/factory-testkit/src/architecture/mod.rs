//! The architecture's rules, as functions over what the workspace's crates are made of. Each returns what breaks it, in
//! words; nothing when it is kept.
//!
//! [`workspace`] reads the crates; [`dependencies`] and [`sources`] hold the rules.

mod code;
pub mod dependencies;
pub mod sources;
mod workspace;

pub use workspace::{Crate, Source, read};
