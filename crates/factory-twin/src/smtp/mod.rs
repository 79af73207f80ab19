//! The mail server: its listener and faults, the protocol of one connection, and what it has received.

pub(crate) mod mailbox;
mod session;
pub(crate) mod twin;
