//! Runs a plan against a deployment or a running service and says how it ended.

mod checks;
mod command;
mod database;
mod files;
mod http;
mod judge;
mod links;
mod mails;
mod scratch;
mod seam;
mod search;
mod state;
mod target;
mod values;

pub(crate) use files::stays_below;
pub(crate) use http::{Answer, looks_ready};
#[cfg(test)]
pub(crate) use judge::{Thing, judge};
pub(crate) use seam::{AnswerChange, CommandChange, MailChange, RowsChange, STRANGE, Seam, Tampering};
pub(crate) use state::{Ending, Failure, run};
pub(crate) use target::{AGENT, RunningService, Target};
