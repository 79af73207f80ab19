//! Starts the command, feeds its input and copies a service's output to its log.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, PipeWriter, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd;
use rustix::process::{Resource, Rlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::task::{self, JoinHandle};

use crate::family::Family;
use crate::wire::{Failure, Job, Output, Refusal};

/// Bytes copied to the log in one piece; the default capacity of a pipe.
const CHUNK: usize = 64 * 1024;

/// Where the C library looks for programs without a `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// A command that runs.
pub(super) struct Started {
    pub(super) family: Family,
    /// Ends when everything is in the log; only a service has one.
    pub(super) log: Option<JoinHandle<()>>,
}

/// Starts the command. Afterwards the keeper holds none of its streams, so that they end with their last user.
pub(super) fn start(job: &Job, stdin: Vec<u8>) -> Result<Started, Refusal> {
    if !Path::new(&job.cwd).is_dir() {
        return Err(Refusal::DirectoryMissing);
    }
    let (family, log) = spawn(job, stdin).map_err(|error| refusal(job, &error))?;
    let log = log.map(|log| task::spawn(log.copy()));
    Ok(Started { family, log })
}

fn spawn(job: &Job, stdin: Vec<u8>) -> io::Result<(Family, Option<LogCopy>)> {
    let mut command = Command::new(&job.program);
    command
        .args(&job.args)
        .env_clear()
        .envs(job.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&job.cwd)
        // A group of its own, because commands signal their whole group, for instance with `kill 0`.
        .process_group(0);
    let log = match job.output {
        Output::Separate => {
            command.stdout(Stdio::inherit()).stderr(Stdio::inherit());
            None
        }
        Output::Merged => {
            let both = io::stdout().as_fd().try_clone_to_owned()?;
            command.stdout(Stdio::inherit()).stderr(both);
            None
        }
        Output::Log { bytes } => {
            let (log, both) = LogCopy::new(bytes, job.file_bytes)?;
            command.stdout(both.try_clone()?).stderr(both);
            Some(log)
        }
    };
    let feed = if stdin.is_empty() {
        command.stdin(Stdio::null());
        None
    } else {
        let (theirs, ours) = io::pipe()?;
        command.stdin(theirs);
        Some(pipe::Sender::from_owned_fd(OwnedFd::from(ours))?)
    };
    let nowhere = File::options().read(true).write(true).open("/dev/null")?;
    // The limit is set here to be inherited; the only file that the keeper writes, the log, stays below it.
    if let Some(bytes) = job.file_bytes {
        let limit = Rlimit { current: Some(bytes), maximum: Some(bytes) };
        rustix::process::setrlimit(Resource::Fsize, limit)?;
    }
    // Nobody waits for this handle: the family waits, for this process and all others.
    let first = command.spawn()?;
    let family = Family::new(first.id().try_into().expect("process ids are positive 32-bit numbers"));
    unistd::dup2_stdout(&nowhere)?;
    unistd::dup2_stderr(&nowhere)?;
    if let Some(mut feed) = feed {
        // Fails if the command does not want to read it all, which is its own affair.
        task::spawn(async move { feed.write_all(&stdin).await });
    }
    Ok((family, log))
}

/// Tells a missing program from one that cannot be executed. The system's code is not enough: it is "not found" as well
/// for a missing interpreter or loader, and "denied" if a directory in the `PATH` could not be searched.
fn refusal(job: &Job, error: &io::Error) -> Refusal {
    let program = Path::new(&job.program);
    let missing = if program.components().count() > 1 {
        error.kind() == ErrorKind::NotFound && !Path::new(&job.cwd).join(program).exists()
    } else {
        let path = job.environment.iter().find(|(name, _)| name == "PATH");
        let path = path.map_or(OsStr::new(DEFAULT_PATH), |(_, path)| path);
        matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied)
            && !env::split_paths(path).any(|directory| directory.join(program).exists())
    };
    if missing { Refusal::ProgramNotFound } else { Refusal::NotStarted(Failure::from(error)) }
}

/// Copies a service's output to its log until the log is full, and reads on from there, lest the service block.
struct LogCopy {
    from: pipe::Receiver,
    to: File,
    limit: u64,
}

impl LogCopy {
    /// A copy to what the launcher gave as standard output, and the end for the service to write to.
    fn new(bytes: u64, file_bytes: Option<u64>) -> io::Result<(Self, PipeWriter)> {
        let (ours, theirs) = io::pipe()?;
        let copy = Self {
            from: pipe::Receiver::from_owned_fd(OwnedFd::from(ours))?,
            to: File::from(io::stdout().as_fd().try_clone_to_owned()?),
            limit: bytes.min(file_bytes.unwrap_or(u64::MAX)),
        };
        Ok((copy, theirs))
    }

    async fn copy(mut self) {
        let mut left = self.limit;
        let mut chunk = vec![0; CHUNK];
        while let Ok(count @ 1..) = self.from.read(&mut chunk).await {
            let kept = count.min(usize::try_from(left).unwrap_or(usize::MAX));
            left -= kept as u64;
            // A full disk must not stop the service either.
            if self.to.write_all(&chunk[..kept]).is_err() {
                left = 0;
            }
        }
    }
}
