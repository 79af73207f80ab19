//! One file for each verb.

pub(crate) mod clean;
pub(crate) mod completions;
pub(crate) mod decision;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod gate;
pub(crate) mod init;
pub(crate) mod pipeline;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod scenario;
pub(crate) mod spec;
pub(crate) mod trust;
