//! A running keeper, seen from the launcher.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{self, Path, PathBuf};
use std::process::Stdio;
use std::task::Poll;
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use tokio::process::{Child, ChildStderr, ChildStdout, Command as Process};
use tokio::time;

use crate::command::Command;
use crate::end::End;
use crate::error::SandboxError;
use crate::init::{self, Confinement};
use crate::keeper;
use crate::wire::{Channel, Job, Output, Refusal, Report, Request};

/// How long an executable has to say that it is a keeper. One that is not ends at once or never says anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// A keeper. Dropping this closes the lifeline, upon which the keeper kills everything and ends.
#[derive(Debug)]
pub(crate) struct Handle {
    control: Channel,
    process: Child,
    end: Option<End>,
}

impl Handle {
    /// Starts a keeper with these streams for its command, and waits until it is prepared.
    pub(crate) async fn open(
        helper: &Path,
        stdout: Stdio,
        stderr: Stdio,
        broker: Option<OwnedFd>,
    ) -> Result<Self, SandboxError> {
        let silent = || SandboxError::HelperSilent { helper: helper.to_owned() };
        let not_started = |source| SandboxError::HelperNotStarted { helper: helper.to_owned(), source };
        // A program whose main forgot to become a keeper would otherwise start itself again, without end.
        if keeper::is_helper() {
            return Err(silent());
        }
        let (ours, theirs) = UnixStream::pair().map_err(not_started)?;
        let control = Channel::new(ours).map_err(not_started)?;
        let mut process = Process::new(helper);
        process.arg0("factory-keeper").arg(keeper::MARKER);
        if let Some(broker) = broker {
            let mapping = FdMapping { parent_fd: broker, child_fd: init::BROKER };
            process.arg(keeper::TALKS).fd_mappings(vec![mapping]).expect("one number cannot collide");
        }
        let child = process
            .env_clear()
            .current_dir("/")
            .stdin(OwnedFd::from(theirs))
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .map_err(not_started)?;
        // With it goes what it holds of the descriptors that it passed on.
        drop(process);
        let mut handle = Self { control, process: child, end: None };
        match time::timeout(PATIENCE, handle.control.next()).await {
            Ok(Ok(Some(Report::Ready))) => Ok(handle),
            Ok(Ok(Some(Report::Unable(failure)))) => Err(not_started(failure.into())),
            Ok(_) | Err(_) => {
                // Unlike a keeper, it may not care that the lifeline closes. If it has ended, so much the better.
                let _ = handle.process.start_kill();
                Err(silent())
            }
        }
    }

    /// The streams that were asked for as pipes.
    pub(crate) fn take_streams(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.process.stdout.take(), self.process.stderr.take())
    }

    /// Has the keeper start the command.
    pub(crate) async fn begin(
        &mut self,
        command: &Command,
        output: Output,
        confinement: Option<Confinement>,
    ) -> Result<(), SandboxError> {
        let cwd = absolute(&command.cwd)?;
        let variables = command.environment.iter();
        let job = Job {
            program: command.program.clone(),
            args: command.args.clone(),
            environment: variables.map(|(name, value)| (name.into(), value.into())).collect(),
            cwd: cwd.clone().into(),
            stdin_bytes: command.stdin.len(),
            wall: command.limits.wall,
            grace: command.limits.grace,
            file_bytes: command.limits.file_bytes,
            output,
            confinement,
        };
        self.control.send(&Request::Start(Box::new(job)), &command.stdin).await.map_err(lost)?;
        match self.control.next().await.map_err(lost)? {
            Some(Report::Started) => Ok(()),
            Some(Report::Refused(refusal)) => Err(refused(refusal, &command.program, cwd)),
            Some(report @ (Report::Ready | Report::Unable(_) | Report::Ended(_))) => Err(unexpected(&report)),
            None => Err(SandboxError::KeeperLost { source: None }),
        }
    }

    /// Asks the command to end. That the keeper is gone already shows in [`Handle::ended`].
    pub(crate) async fn ask_to_stop(&mut self) {
        let _ = self.control.send(&Request::Stop, b"").await;
    }

    /// Waits until the command and all it started have ended, and the keeper has, too. Nothing is lost if this is
    /// dropped and called again.
    pub(crate) async fn ended(&mut self) -> Result<End, SandboxError> {
        let end = match self.end {
            Some(end) => end,
            None => end_in(self.control.next().await)?,
        };
        self.end = Some(end);
        // Only so that it is not left as a zombie; if it cannot be waited for, it is none.
        let _ = self.process.wait().await;
        Ok(end)
    }

    /// The end, if the keeper has reported it.
    pub(crate) fn try_ended(&mut self) -> Result<Option<End>, SandboxError> {
        if self.end.is_none()
            && let Poll::Ready(report) = self.control.try_next()
        {
            self.end = Some(end_in(report)?);
        }
        Ok(self.end)
    }
}

/// The end in a report, where no other is expected.
fn end_in(report: io::Result<Option<Report>>) -> Result<End, SandboxError> {
    match report.map_err(lost)? {
        Some(Report::Ended(end)) => Ok(end),
        Some(report @ (Report::Ready | Report::Unable(_) | Report::Started | Report::Refused(_))) => {
            Err(unexpected(&report))
        }
        None => Err(SandboxError::KeeperLost { source: None }),
    }
}

/// A directory of the caller's, as the command sees it.
pub(crate) fn absolute(cwd: &Path) -> Result<PathBuf, SandboxError> {
    path::absolute(cwd).map_err(|source| SandboxError::Io { action: "find the current directory", source })
}

/// Why a command was not started, in the caller's terms.
pub(crate) fn refused(refusal: Refusal, program: &OsStr, cwd: PathBuf) -> SandboxError {
    let program = program.to_string_lossy().into_owned();
    match refusal {
        Refusal::ProgramNotFound => SandboxError::ProgramNotFound { program },
        Refusal::DirectoryMissing => SandboxError::DirectoryMissing { path: cwd },
        Refusal::NotStarted(failure) => SandboxError::NotStarted { program, source: failure.into() },
        Refusal::NotConfined { step, failure } => SandboxError::NotConfined { step, source: failure.into() },
    }
}

fn lost(source: io::Error) -> SandboxError {
    SandboxError::KeeperLost { source: Some(source) }
}

fn unexpected(report: &Report) -> SandboxError {
    lost(io::Error::other(format!("unexpected report {report:?}")))
}
