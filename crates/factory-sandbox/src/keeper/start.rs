//! Starts the command, by itself or in a sandbox, feeds its input and copies a service's output to its log.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, PipeWriter, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use nix::unistd;
use rustix::fs::MemfdFlags;
use rustix::process::{Resource, Rlimit};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;
use tokio::task::{self, JoinHandle};
use tokio::time;

use super::spaces;
use crate::confinement::Profile;
use crate::end::End;
use crate::family::Family;
use crate::init::{self, Word};
use crate::parcel::Program;
use crate::wire::{Failure, Job, Output, Refusal};

/// Bytes copied to the log in one piece; the default capacity of a pipe.
const CHUNK: usize = 64 * 1024;

/// Where the C library looks for programs without a `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// How long building a sandbox may take. It takes milliseconds, unless the machine is out of its mind.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command that runs.
pub(super) struct Started {
    pub(super) family: Family,
    /// Ends when everything is in the log; only a service has one.
    pub(super) log: Option<JoinHandle<()>>,
    /// What the first process of a sandbox says.
    pub(super) words: Option<Words>,
}

/// Starts the command. Afterwards the keeper holds none of its streams, so that they end with their last user.
pub(super) async fn start(job: &Job, stdin: Vec<u8>, broker: Option<OwnedFd>) -> Result<Started, Refusal> {
    let Some(confinement) = &job.confinement else {
        if !Path::new(&job.cwd).is_dir() {
            return Err(Refusal::DirectoryMissing);
        }
        let mut command = Command::new(&job.program);
        command.args(&job.args).current_dir(&job.cwd);
        command.env_clear().envs(job.environment.iter().map(|(name, value)| (name, value)));
        // A group of its own, because commands signal their whole group, for instance with `kill 0`.
        command.process_group(0);
        let (family, log) = spawn(job, command, stdin)
            .map_err(|error| refusal(&job.program, &job.environment, &job.cwd, &error))?;
        return Ok(Started { family, log, words: None });
    };
    let broken = |step: &str, error: &io::Error| Refusal::NotConfined {
        step: step.to_owned(),
        failure: Failure::from(error),
    };
    if confinement.profile == Profile::Namespaces {
        spaces::enter(confinement.network).map_err(|error| broken("make namespaces", &error))?;
    }
    let prepared = first_process(job, confinement.clone(), broker).and_then(|(command, words)| {
        let (family, log) = spawn(job, command, stdin)?;
        Ok((family, log, words))
    });
    let (family, log, mut words) = prepared.map_err(|error| broken("start the first process", &error))?;
    let first = time::timeout(PATIENCE, words.next()).await.unwrap_or(None);
    match first {
        Some(Word::Started) => Ok(Started { family, log, words: Some(words) }),
        Some(Word::Refused(refusal)) => Err(refusal),
        Some(Word::Ended(_)) | None => {
            let error = io::Error::other("the first process of the sandbox said nothing");
            Err(broken("start the first process", &error))
        }
    }
}

/// The program itself once more, as the first process of a sandbox, with its job in a file without a name.
fn first_process(
    job: &Job,
    confinement: init::Confinement,
    broker: Option<OwnedFd>,
) -> io::Result<(Command, Words)> {
    let inside = init::Job {
        program: Program {
            name: job.program.clone(),
            args: job.args.clone(),
            environment: job.environment.clone(),
            cwd: job.cwd.clone(),
        },
        confinement,
    };
    let mut file = File::from(rustix::fs::memfd_create(c"job", MemfdFlags::CLOEXEC)?);
    file.write_all(&serde_json::to_vec(&inside)?)?;
    file.rewind()?;
    let (words, theirs) = io::pipe()?;
    let mut mappings = vec![
        FdMapping { parent_fd: OwnedFd::from(file), child_fd: init::JOB },
        FdMapping { parent_fd: OwnedFd::from(theirs), child_fd: init::STATUS },
    ];
    mappings.extend(broker.map(|broker| FdMapping { parent_fd: broker, child_fd: init::BROKER }));
    let mut command = Command::new("/proc/self/exe");
    command.arg0("factory-first").arg(init::MARKER).env_clear().current_dir("/").process_group(0);
    command.fd_mappings(mappings).expect("three numbers that differ");
    let words = pipe::Receiver::from_owned_fd(OwnedFd::from(words))?;
    Ok((command, Words { from: BufReader::new(words) }))
}

/// What the first process of a sandbox says, line by line.
pub(super) struct Words {
    from: BufReader<pipe::Receiver>,
}

impl Words {
    /// The next one, or `None` when it says nothing any more.
    async fn next(&mut self) -> Option<Word> {
        let mut line = String::new();
        match self.from.read_line(&mut line).await {
            Ok(1..) => serde_json::from_str(&line).ok(),
            Ok(0) | Err(_) => None,
        }
    }

    /// How the command ended, if the first process lived to tell.
    pub(super) async fn end(mut self) -> Option<End> {
        match self.next().await {
            Some(Word::Ended(end)) => Some(end),
            Some(Word::Started | Word::Refused(_)) | None => None,
        }
    }
}

fn spawn(job: &Job, mut command: Command, stdin: Vec<u8>) -> io::Result<(Family, Option<JoinHandle<()>>)> {
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
    // With it goes what it holds of the descriptors that it passed on.
    drop(command);
    let family = Family::new(first.id().cast_signed());
    unistd::dup2_stdout(&nowhere)?;
    unistd::dup2_stderr(&nowhere)?;
    if let Some(mut feed) = feed {
        // Fails if the command does not want to read it all, which is its own affair.
        task::spawn(async move { feed.write_all(&stdin).await });
    }
    Ok((family, log.map(|log| task::spawn(log.copy()))))
}

/// Tells a missing program from one that cannot be executed. The system's code is not enough: it is "not found" as well
/// for a missing interpreter or loader, and "denied" if a directory in the `PATH` could not be searched.
pub(crate) fn refusal(
    program: &OsStr,
    environment: &[(OsString, OsString)],
    cwd: &OsStr,
    error: &io::Error,
) -> Refusal {
    let name = Path::new(program);
    let missing = if name.components().count() > 1 {
        error.kind() == ErrorKind::NotFound && !Path::new(cwd).join(name).exists()
    } else {
        let path = environment.iter().find(|(name, _)| name == "PATH");
        let path = path.map_or(OsStr::new(DEFAULT_PATH), |(_, path)| path);
        matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied)
            && !env::split_paths(path).any(|directory| directory.join(name).exists())
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
