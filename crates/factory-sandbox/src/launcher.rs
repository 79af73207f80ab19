//! Launches commands, each under a keeper of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use tokio::time;

use crate::capture::Capture;
use crate::command::Command;
use crate::end::Finished;
use crate::error::SandboxError;
use crate::handle::Handle;
use crate::service::Service;
use crate::wire::Output;

/// This process's executable, even if its file has been replaced or deleted since.
const THIS_EXECUTABLE: &str = "/proc/self/exe";

/// How long the last bytes of output may take once all the command's processes are gone.
const OUTPUT_DRAIN: Duration = Duration::from_secs(5);

/// Launches commands. Its methods need a tokio runtime with I/O and time enabled.
#[derive(Clone, Debug)]
pub struct Launcher {
    helper: PathBuf,
}

impl Default for Launcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Launcher {
    /// Uses the current executable, whose `main` begins with [`crate::enter_if_helper`].
    pub fn new() -> Self {
        Self::with_helper(THIS_EXECUTABLE)
    }

    /// Uses another executable whose `main` begins with [`crate::enter_if_helper`].
    pub fn with_helper(helper: impl Into<PathBuf>) -> Self {
        Self { helper: helper.into() }
    }

    /// Runs a command until its first process ends; then whatever it left behind is killed. Dropping the future kills
    /// everything.
    ///
    /// # Errors
    /// If the command was not started, or if its keeper was lost. A command that fails or takes too long is no error.
    pub async fn run(&self, command: Command) -> Result<Finished, SandboxError> {
        let (errors, output) = if command.merge_output {
            (Stdio::null(), Output::Merged)
        } else {
            (Stdio::piped(), Output::Separate)
        };
        let mut keeper = Handle::open(&self.helper, Stdio::piped(), errors).await?;
        keeper.begin(&command, output).await?;
        let (out, err) = keeper.take_streams();
        let mut stdout = Capture::new(command.limits.output_bytes);
        let mut stderr = Capture::new(command.limits.output_bytes);
        let end = {
            let mut reading = pin!(async { tokio::try_join!(stdout.fill(out), stderr.fill(err)) });
            let not_read = |source| SandboxError::Io { action: "read the command's output", source };
            tokio::select! {
                end = keeper.ended() => {
                    let end = end?;
                    // The streams end with their last writer. Should a descriptor have left the command's processes,
                    // over a socket to some other service, nobody waits for that one.
                    if let Ok(read) = time::timeout(OUTPUT_DRAIN, &mut reading).await {
                        read.map_err(not_read)?;
                    }
                    end
                }
                read = &mut reading => {
                    read.map_err(not_read)?;
                    keeper.ended().await?
                }
            }
        };
        Ok(Finished { end, stdout: stdout.finish(), stderr: stderr.finish() })
    }

    /// Starts a long-running command whose standard output and error go to a log file, which is created or emptied.
    /// What exceeds [`crate::Limits::output_bytes`] is dropped without holding the service up.
    ///
    /// # Errors
    /// If the log cannot be created or the command was not started.
    pub async fn start(&self, command: Command, log: &Path) -> Result<Service, SandboxError> {
        let file = File::create(log).map_err(|source| SandboxError::Log { path: log.to_owned(), source })?;
        let mut keeper = Handle::open(&self.helper, Stdio::from(file), Stdio::null()).await?;
        let bytes = command.limits.output_bytes as u64;
        keeper.begin(&command, Output::Log { bytes }).await?;
        Ok(Service::new(keeper))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The harness of unit tests is a program that does not become a keeper.
    #[tokio::test]
    async fn a_program_that_forgets_to_become_a_keeper_is_told_so() {
        let error = Launcher::new().run(Command::new("true")).await;
        assert!(matches!(error, Err(SandboxError::HelperSilent { .. })), "{error:?}");
    }
}
