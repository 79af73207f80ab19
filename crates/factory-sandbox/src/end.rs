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
    /// The hosts that it asked its proxy for, if it had one ([`crate::Command::allow`]): those that are allowed first. What
    /// was refused is text that the command chose.
    pub hosts: Vec<Contact>,
}

/// A host that a command asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contact {
    /// `host:port`, in printable ASCII of at most 300 characters.
    pub target: String,
    /// Whether the command was let through to it.
    pub allowed: bool,
    /// How often it asked.
    pub times: u64,
}

impl Finished {
    /// The hosts in one line for people; nothing if there are none. At most ten that were refused are named.
    pub fn contacts(&self) -> Option<String> {
        const NAMED: usize = 10;
        let named = |allowed: bool| {
            let all: Vec<String> =
                self.hosts.iter().filter(|host| host.allowed == allowed).map(shown).collect();
            let more = all.len().saturating_sub(NAMED);
            let mut text = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            if more > 0 {
                text.push_str(&format!(" and {more} more"));
            }
            if text.is_empty() { "none".to_owned() } else { text }
        };
        let line = || format!("hosts reached: {}; hosts refused: {}", named(true), named(false));
        (!self.hosts.is_empty()).then(line)
    }
}

fn shown(host: &Contact) -> String {
    if host.times == 1 { host.target.clone() } else { format!("{} ({} times)", host.target, host.times) }
}
