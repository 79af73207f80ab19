//! Pipelines: which stages there are, who performs them, what each needs, and which gates stand between them.
//!
//! [`model`] is a pipeline that has been checked, [`read`] reads one from TOML, [`check`] finds all that is wrong with it.

pub mod check;
pub mod model;
pub mod read;
