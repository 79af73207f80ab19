//! What the harness and its workers say to each other: which attack is to be tried, and how it came out.

use serde::{Deserialize, Serialize};

/// One attack to be tried.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
    /// `GROUP::NAME`.
    pub(crate) attack: String,
    /// The attack's program, as the worker's user can read it.
    pub(crate) file: String,
    /// As in [`crate::attack::Mode::name`].
    pub(crate) mode: String,
}

/// How an attack came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// It ran to its end, and nothing came of it. With how it ended.
    Blocked(String),
    /// It was not even started: the seal says what is wrong with the project.
    Refused(String),
    /// It was ended, and the caller is told so.
    Detected(String),
    /// It told something, and no more than is counted.
    Bounded(String),
    /// It carried a canary out, or did what must not be done.
    Leaked(String),
    /// The machine lacks what it would attack.
    Absent(String),
}

impl Outcome {
    /// As the table has it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Outcome::Blocked(_) => "blocked",
            Outcome::Refused(_) => "refused",
            Outcome::Detected(_) => "detected",
            Outcome::Bounded(_) => "bounded",
            Outcome::Leaked(_) => "leaked",
            Outcome::Absent(_) => "absent",
        }
    }
}

/// What a worker says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Word {
    /// Once, at first: in which profiles its user can confine commands.
    Ready { profiles: Vec<String> },
    /// How an attack came out, or why it could not be tried.
    Done { id: u64, outcome: Result<Outcome, String> },
}
