//! Why a command could not be run. A command that ran and failed is an [`crate::End`], not an error.

use std::io;
use std::path::PathBuf;

use crate::proxy::{AllowedError, ProxyError};

/// A command that was not run, or whose fate is unknown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// No such program, by path or in the command's `PATH`.
    #[error("program `{program}` was not found")]
    ProgramNotFound {
        /// As the caller named it.
        program: String,
    },
    /// The directory to run in does not exist, or is something else.
    #[error("working directory {} is not a directory", path.display())]
    DirectoryMissing {
        /// Absolute.
        path: PathBuf,
    },
    /// The program is there, but the system refused to execute it.
    #[error("program `{program}` could not be started")]
    NotStarted {
        /// As the caller named it.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A step of the confinement failed, so the command was not started.
    #[error("the command could not be confined: the attempt to {step} failed")]
    NotConfined {
        /// What was being done, as a verb phrase.
        step: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A path that is to be hidden is inside of one that commands can read, and this profile cannot hide it there.
    #[error("profile B cannot hide {} inside of {}, which commands can read", hidden.display(), open.display())]
    CannotHide {
        /// What is to be hidden.
        hidden: PathBuf,
        /// What it is inside of.
        open: PathBuf,
    },
    /// A host that a command is to reach is not written as it must be.
    #[error("the list of hosts that commands may reach cannot be used")]
    Hosts {
        /// Which, and why.
        source: AllowedError,
    },
    /// The proxy behind which the hosts are that a command may reach. The command does not run without it.
    #[error("the proxy to the hosts that the command may reach could not be started")]
    Proxy {
        /// Why not.
        source: ProxyError,
    },
    /// This machine offers neither of the two profiles.
    #[error("this machine lets nothing be confined: {why}")]
    NoProfile {
        /// What was tried, and what the system said.
        why: String,
    },
    /// The keeper could not be started or could not prepare itself.
    #[error("sandbox helper {} could not be started", helper.display())]
    HelperNotStarted {
        /// The executable tried.
        helper: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The executable started, but is no keeper.
    #[error("{} did not answer as a sandbox helper; its main must begin with factory_sandbox::enter_if_helper()", helper.display())]
    HelperSilent {
        /// The executable tried.
        helper: PathBuf,
    },
    /// The keeper went away before it told how the command ended; something killed it. Processes may be left.
    #[error("the sandbox helper went away before the command ended")]
    KeeperLost {
        /// What the socket said, if anything.
        source: Option<io::Error>,
    },
    /// The directories of [`crate::Environment::tools`] could not be made.
    #[error("scratch directory {} could not be made", path.display())]
    Scratch {
        /// As the caller named it.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The log of a service could not be created.
    #[error("log file {} could not be created", path.display())]
    Log {
        /// As the caller named it.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A system call failed that is not expected to.
    #[error("could not {action}")]
    Io {
        /// What was being done, as a verb phrase.
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
}
