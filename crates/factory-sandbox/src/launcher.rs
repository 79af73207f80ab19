//! Launches commands, each under a keeper of its own, and confined unless that was declined.

use std::ffi::OsString;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use tokio::time;

use crate::broker::Broker;
use crate::capture::Capture;
use crate::command::Command;
use crate::confinement::{self, Network, Profile, Sandbox};
use crate::end::{End, Finished};
use crate::error::SandboxError;
use crate::handle::{self, Handle};
use crate::init::Confinement;
use crate::parcel;
use crate::service::{Reach, Service};
use crate::wire::Output;

/// This process's executable, even if its file has been replaced or deleted since.
const THIS_EXECUTABLE: &str = "/proc/self/exe";

/// How long the last bytes of output may take once a command has ended.
pub(crate) const OUTPUT_DRAIN: Duration = Duration::from_secs(5);

/// Launches commands. Its methods need a tokio runtime with I/O and time enabled.
#[derive(Clone, Debug)]
pub struct Launcher {
    helper: PathBuf,
    sandbox: Option<Sandbox>,
}

impl Default for Launcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Launcher {
    /// Confines nothing: commands end with all they started, and can do what the caller can. Uses the current executable,
    /// whose `main` begins with [`crate::enter_if_helper`].
    pub fn new() -> Self {
        Self::with_helper(THIS_EXECUTABLE)
    }

    /// Uses another executable whose `main` begins with [`crate::enter_if_helper`].
    pub fn with_helper(helper: impl Into<PathBuf>) -> Self {
        Self { helper: helper.into(), sandbox: None }
    }

    /// Confines every command. One that cannot be confined is not started.
    #[must_use]
    pub fn confined(mut self, sandbox: Sandbox) -> Self {
        self.sandbox = Some(sandbox);
        self
    }

    /// How commands are confined, if they are.
    pub fn sandbox(&self) -> Option<&Sandbox> {
        self.sandbox.as_ref()
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
        let (mut keeper, _reach) = self.launch(&command, Stdio::piped(), errors, output).await?;
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
        let hosts = command.contacts();
        Ok(Finished { end, stdout: stdout.finish(), stderr: stderr.finish(), hosts })
    }

    /// Starts a long-running command whose standard output and error go to a log file, which is created or emptied.
    /// What exceeds [`crate::Limits::output_bytes`] is dropped without holding the service up.
    ///
    /// # Errors
    /// If the log cannot be created or the command was not started.
    pub async fn start(&self, command: Command, log: &Path) -> Result<Service, SandboxError> {
        let file = File::create(log).map_err(|source| SandboxError::Log { path: log.to_owned(), source })?;
        let bytes = command.limits.output_bytes as u64;
        let output = Output::Log { bytes };
        let (keeper, reach) = self.launch(&command, Stdio::from(file), Stdio::null(), output).await?;
        Ok(Service::new(keeper, reach, command.access.doors))
    }

    /// Whether commands can be launched here at all, as they would be.
    ///
    /// # Errors
    /// Why not: [`SandboxError::NotConfined`] names the step that the machine does not allow.
    pub async fn try_out(&self) -> Result<(), SandboxError> {
        let tried = self.run(Command::new("/bin/true")).await?;
        match tried.end {
            End::Exited(0) => Ok(()),
            other @ (End::Exited(_) | End::Signalled(_) | End::TimedOut) => {
                let source = std::io::Error::other(format!("/bin/true: {other}"));
                Err(SandboxError::NotStarted { program: "/bin/true".to_owned(), source })
            }
        }
    }

    /// The strongest profile in which commands can be launched here, with this launcher's helper.
    ///
    /// # Errors
    /// [`SandboxError::NoProfile`] with what kept each from working.
    pub async fn strongest(&self) -> Result<Profile, SandboxError> {
        let mut why = Vec::new();
        for profile in Profile::ALL {
            match self.clone().confined(Sandbox::new(profile)).try_out().await {
                Ok(()) => return Ok(profile),
                Err(error) => {
                    let source = std::error::Error::source(&error).map(ToString::to_string);
                    why.push(format!("{}: {error} ({})", profile.letter(), source.unwrap_or_default()));
                }
            }
        }
        Err(SandboxError::NoProfile { why: why.join("; ") })
    }

    /// Starts the command and opens its doors.
    async fn launch(
        &self,
        command: &Command,
        stdout: Stdio,
        stderr: Stdio,
        output: Output,
    ) -> Result<(Handle, Reach), SandboxError> {
        let Some(sandbox) = &self.sandbox else {
            open_here(command)?;
            let mut keeper = Handle::open(&self.helper, stdout, stderr, None).await?;
            keeper.begin(command, output, None).await?;
            return Ok((keeper, Reach::Here(Box::new(self.clone()))));
        };
        let confinement = confinement(sandbox, command)?;
        let spaces = sandbox.profile == Profile::Namespaces && command.access.network == Network::Private;
        if !spaces {
            open_here(command)?;
        }
        let (broker, theirs) = line()?;
        let mut keeper = Handle::open(&self.helper, stdout, stderr, Some(theirs)).await?;
        keeper.begin(command, output, Some(confinement)).await?;
        if spaces && !command.access.doors.is_empty() {
            let listeners = broker.listeners().await?;
            for (door, listener) in command.access.doors.iter().zip(listeners) {
                open(door, listener)?;
            }
        }
        Ok((keeper, Reach::Sandbox { broker, spaces }))
    }
}

/// A line into a sandbox that is to be.
fn line() -> Result<(Broker, OwnedFd), SandboxError> {
    let made = parcel::pair().and_then(|(ours, theirs)| Ok((Broker::new(ours)?, theirs)));
    made.map_err(|source| SandboxError::Io { action: "make a socket for the sandbox", source })
}

/// Opens the doors of a command that shares the machine's loopback.
fn open_here(command: &Command) -> Result<(), SandboxError> {
    for door in &command.access.doors {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, door.port))
            .map_err(|source| SandboxError::Io { action: "listen on the loopback", source })?;
        open(door, listener)?;
    }
    Ok(())
}

fn open(door: &confinement::Door, listener: TcpListener) -> Result<(), SandboxError> {
    listener
        .set_nonblocking(true)
        .map_err(|source| SandboxError::Io { action: "open a door of the sandbox", source })?;
    (door.open)(listener)
}

/// What a command may see and reach, as its sandbox is told.
fn confinement(sandbox: &Sandbox, command: &Command) -> Result<Confinement, SandboxError> {
    let access = &command.access;
    // Of what is hidden, only what a single command is given itself is seen, such as its checkout in a hidden cache.
    let for_all = sandbox.read.iter().filter(|path| sandbox.hides(path).is_none());
    let mut read: Vec<PathBuf> = for_all.cloned().collect();
    read.extend(access.read.iter().cloned());
    if sandbox.profile == Profile::Landlock {
        let mut open: Vec<PathBuf> = crate::toolchains::SYSTEM.iter().map(PathBuf::from).collect();
        open.extend(read.iter().chain(&access.write).cloned());
        let real = |paths: &[PathBuf]| -> Vec<PathBuf> {
            paths.iter().filter_map(|path| path.canonicalize().ok()).collect()
        };
        let (open, hidden) = (real(&open), real(&sandbox.hidden));
        if let Some((open, hidden)) = confinement::contains_hidden(&open, &hidden) {
            return Err(SandboxError::CannotHide { hidden: hidden.to_owned(), open: open.to_owned() });
        }
    }
    let absolute = |paths: &[PathBuf]| -> Result<Vec<OsString>, SandboxError> {
        paths.iter().map(|path| handle::absolute(path).map(OsString::from)).collect()
    };
    Ok(Confinement {
        profile: sandbox.profile,
        read: absolute(&read)?,
        write: absolute(&access.write)?,
        hidden: absolute(&sandbox.hidden)?,
        network: access.network,
        ports: access.ports.clone(),
        doors: access.doors.iter().map(|door| door.port).collect(),
        memory_bytes: command.limits.memory_bytes,
        processes: command.limits.processes,
        file_bytes: command.limits.file_bytes,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// The harness of unit tests is a program that does not become a keeper.
    #[tokio::test]
    async fn a_program_that_forgets_to_become_a_keeper_is_told_so() {
        let error = Launcher::new().run(Command::new("true")).await;
        assert!(matches!(error, Err(SandboxError::HelperSilent { .. })), "{error:?}");
    }

    /// A file that is no socket: nothing can be accepted from it.
    #[tokio::test]
    async fn a_proxy_that_does_not_start_is_an_error_of_the_launch() {
        let command = Command::new("true").allow(&["a.example:443".to_owned()]).unwrap();
        let mut door = command.access.doors[0].clone();
        let broken = TcpListener::from(OwnedFd::from(tempfile::tempfile().unwrap()));
        let error = (door.open)(broken);
        assert!(matches!(error, Err(SandboxError::Proxy { .. })), "{error:?}");

        let proxy = Arc::clone(&door.open);
        door.open = Arc::new(move |_| proxy(TcpListener::from(OwnedFd::from(tempfile::tempfile().unwrap()))));
        let mut command = command;
        command.access.doors = vec![door];
        let error = Launcher::new().run(command).await;
        assert!(matches!(error, Err(SandboxError::Proxy { .. })), "{error:?}");
    }
}
