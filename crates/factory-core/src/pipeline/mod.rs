//! Pipelines: which stages there are, who performs them, what each needs, and which gates stand between them.
//!
//! [`model`] is a pipeline that has been checked, [`read`] reads one from TOML, [`check`] finds all that is wrong with it,
//! [`draw`] shows one.

pub mod check;
pub mod condition;
pub mod draw;
pub mod model;
mod plain;
pub mod read;
