//! What is held whatever comes: paths, patches and trees made of arbitrary bytes.
//!
//! Each `fuzz_*` takes any bytes and panics where something is broken: a protected or hidden path is accepted, something
//! outside of the checkout is read or written, or the code under test panics itself. The tests run them over seeded
//! mutations; `fuzz/` in this crate hands them to cargo-fuzz.

#![expect(clippy::unwrap_used, reason = "a case stops at the first surprise")]

mod bytes;
mod ground;
mod patches;
mod paths;
#[cfg(test)]
mod tests;
mod trees;

pub use patches::{fuzz_apply, fuzz_land, fuzz_rebase};
pub use paths::{fuzz_names, fuzz_paths};
pub use trees::fuzz_extract;
