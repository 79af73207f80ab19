//! Runs a plan against a deployment and says how it ended.

mod checks;
mod http;
mod judge;
mod links;
mod mails;
mod search;
mod state;
mod values;

pub(crate) use http::looks_ready;
pub(crate) use state::{Ending, Failure, run};
