//! A long-running command.

use crate::end::End;
use crate::error::SandboxError;
use crate::handle::Handle;

/// A command started with [`crate::Launcher::start`]. Dropping it kills everything at once, without waiting for that.
///
/// Its end is reported when all its processes are gone and its log is complete.
#[derive(Debug)]
pub struct Service {
    keeper: Handle,
}

impl Service {
    pub(crate) fn new(keeper: Handle) -> Self {
        Self { keeper }
    }

    /// How the service ended, or `None` while it runs, as far as the runtime has heard; never blocks.
    ///
    /// # Errors
    /// [`SandboxError::KeeperLost`].
    pub fn ended(&mut self) -> Result<Option<End>, SandboxError> {
        self.keeper.try_ended()
    }

    /// Waits until the service ends by itself. Can be dropped and called again.
    ///
    /// # Errors
    /// [`SandboxError::KeeperLost`].
    pub async fn wait(&mut self) -> Result<End, SandboxError> {
        self.keeper.ended().await
    }

    /// Sends `SIGTERM` to all processes of the service, waits until they have ended, and kills those that have not after
    /// [`crate::Limits::grace`]. The end is the first process's own, or the earlier one if it had ended before.
    ///
    /// # Errors
    /// [`SandboxError::KeeperLost`].
    pub async fn stop(mut self) -> Result<End, SandboxError> {
        self.keeper.ask_to_stop().await;
        self.keeper.ended().await
    }
}
