//! A long-running command.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use tokio::net::TcpStream;

use crate::broker::Broker;
use crate::command::Command;
use crate::confinement::Door;
use crate::end::{End, Finished};
use crate::error::SandboxError;
use crate::handle::Handle;
use crate::launcher::Launcher;

/// A command started with [`crate::Launcher::start`]. Dropping it kills everything at once, without waiting for that.
///
/// Its end is reported when all its processes are gone and its log is complete.
#[derive(Debug)]
pub struct Service {
    keeper: Handle,
    reach: Reach,
    /// What answers behind them lives as long as they do.
    _doors: Vec<Door>,
}

/// How a service is reached from outside.
#[derive(Debug)]
pub(crate) enum Reach {
    /// Over the machine's loopback; what runs beside it is launched like it.
    Here(Box<Launcher>),
    /// Through the first process of its sandbox, which has a loopback of its own or (`spaces` is false) does not.
    Sandbox { broker: Broker, spaces: bool },
}

impl Service {
    pub(crate) fn new(keeper: Handle, reach: Reach, doors: Vec<Door>) -> Self {
        Self { keeper, reach, _doors: doors }
    }

    /// A connection to a port of its loopback. Whoever listens there need not be the service, but in a sandbox of profile A
    /// it is something that the service started.
    ///
    /// # Errors
    /// As of connecting; refused if nobody listens.
    pub async fn dial(&self, port: u16) -> io::Result<TcpStream> {
        match &self.reach {
            Reach::Sandbox { broker, spaces: true } => broker.dial(port).await,
            Reach::Sandbox { spaces: false, .. } | Reach::Here(_) => {
                TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await
            }
        }
    }

    /// Listens at a port of its loopback, from outside: for a door that was closed and is to be opened again.
    ///
    /// # Errors
    /// As of binding: somebody else may have taken the port.
    pub async fn listen(&self, port: u16) -> io::Result<TcpListener> {
        match &self.reach {
            Reach::Sandbox { broker, spaces: true } => broker.listen(port).await,
            Reach::Sandbox { spaces: false, .. } | Reach::Here(_) => {
                TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            }
        }
    }

    /// Runs another command where the service runs: what the service may see and reach is what this may. Of its limits
    /// those on time and output hold, the others are the service's.
    ///
    /// # Errors
    /// If the command was not started, or the service ended before it.
    pub async fn run_beside(&self, command: Command) -> Result<Finished, SandboxError> {
        match &self.reach {
            Reach::Sandbox { broker, .. } => broker.run(command).await,
            Reach::Here(launcher) => launcher.run(command).await,
        }
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
