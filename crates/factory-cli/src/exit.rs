//! Exit statuses. They are part of the interface: scripts depend on them, so none ever changes its meaning.

use std::process::ExitCode;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Merged, or nothing was wrong.
    Clean,
    /// A run failed or stopped, or something was found wrong.
    Failed,
    /// The command line or a configuration file is wrong.
    Usage,
    /// The specification cannot be worked from.
    SpecRejected,
    /// A person has to decide at a gate.
    Waiting,
    /// A person said no at a gate.
    GateRejected,
    /// The budget is spent; a person has to grant more.
    BudgetSpent,
    /// Ended by Ctrl-C or a signal; the run goes on with `factory runs resume`.
    Interrupted,
}

impl Exit {
    /// The status as the shell sees it.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::SpecRejected => 3,
            Exit::Waiting => 4,
            Exit::GateRejected => 5,
            Exit::BudgetSpent => 6,
            Exit::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}
