//! How a command ended, and what is left of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::capture::Captured;

/// How the command's first process ended. Whatever it had started is gone by then, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It exited with this status, 0 to 255. A shell reports 127 for a command that it cannot find.
    Exited(i32),
    /// This signal killed it, by its number on this platform.
    Signalled(i32),
    /// [`crate::Limits::wall`] was over, and it was killed.
    TimedOut,
}

impl End {
    /// Whether it exited with status 0.
    pub fn success(self) -> bool {
        self == Self::Exited(0)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exit status {status}"),
            Self::Signalled(signal) => write!(f, "killed by signal {signal}"),
            Self::TimedOut => f.write_str("timed out"),
        }
    }
}

/// A command that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub end: End,
    /// Its standard output; both streams in the order written if [`crate::Command::merge_output`] was asked for.
    pub stdout: Captured,
    /// Its standard error; empty if merged.
    pub stderr: Captured,
}
