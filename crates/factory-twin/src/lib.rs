//! Digital twins of what a candidate talks to. They listen on the loopback, keep what they receive, and misbehave on
//! demand. Usable alone: nothing here knows of runs or scenarios.
//!
//! - [`SmtpTwin`]: a mail server (RFC 5321, the part that a client needs to hand mail over).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should say where"))]

mod smtp;

pub use crate::smtp::mailbox::Mail;
pub use crate::smtp::twin::{SmtpFault, SmtpTwin, TwinError};
