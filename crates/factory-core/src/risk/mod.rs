//! How risky a patch is, judged by what it touches: paths, counts and executable bits, never contents.
//!
//! [`classify`] is the whole of it. What the paths mean stands in `table.rs` as data; a project can add to it with
//! [`RiskRules`] and take nothing away. A path only says what it says: code that signs people in can stand in a plainly
//! named file. So `low` means that nothing speaks against a change, and a merge without a person always needs a passing
//! evaluation as well (see [`crate::trust`]).

mod classify;
mod model;
mod pattern;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod unusual;
mod words;

pub use classify::{MANY_DELETED, MANY_FILES, MASS_DELETED, classify};
pub use model::{Area, ExtraRule, Reason, Risk, RiskClass, RiskRules};
pub use pattern::{BadPattern, Pattern};
