//! Runs a program of OpenSSH: with a fixed environment, no terminal to ask at, and an end.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use factory_sandbox::Environment;
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::error::{self, SigningError};

/// As much of what a program prints as is read, in bytes.
const OUTPUT_BYTES: u64 = 64 * 1024;

/// The longest reason that is passed on, in characters.
const REASON_CHARS: usize = 300;

/// How often it is looked whether a program has ended.
const LOOK_EVERY: Duration = Duration::from_millis(2);

const RUNNING: &str = "running ssh-keygen";

/// A program that ended by itself.
pub(super) struct Ended {
    pub(super) success: bool,
    pub(super) stdout: String,
    stderr: String,
}

impl Ended {
    /// Whether it failed because the system knows no user with this process's number: OpenSSH then does nothing at all.
    pub(super) fn says_no_account(&self) -> bool {
        !self.success && self.stderr.lines().any(|line| line.starts_with("No user exists for uid "))
    }

    /// What it said of its failure, on one line, without the frames that OpenSSH draws around warnings.
    pub(super) fn reason(&self) -> String {
        let lines = self.stderr.lines().chain(self.stdout.lines());
        let telling = lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('@'));
        let reason = telling.collect::<Vec<_>>().join("; ");
        match reason.char_indices().nth(REASON_CHARS) {
            Some((end, _)) => format!("{}…", &reason[..end]),
            None if reason.is_empty() => "it gave no reason".to_owned(),
            None => reason,
        }
    }
}

/// A folder to work in, and what every program is given.
pub(super) struct Programs {
    folder: TempDir,
    environment: Environment,
    limit: Duration,
}

impl Programs {
    /// Each run may take as long as `limit`.
    pub(super) fn new(limit: Duration) -> Result<Self, SigningError> {
        let folder = tempfile::tempdir().map_err(error::io("making a folder for ssh-keygen"))?;
        let environment = Environment::tools(&folder.path().join("home")).map_err(error::io(RUNNING))?;
        // It would be asked through a window where there is one.
        let environment = environment.with("SSH_ASKPASS_REQUIRE", "never");
        Ok(Self { folder, environment, limit })
    }

    /// Lets them use the agent behind this socket.
    pub(super) fn with_agent(mut self, socket: &Path) -> Self {
        self.environment = self.environment.with("SSH_AUTH_SOCK", socket);
        self
    }

    /// A new file in the folder.
    pub(super) fn file(&self, name: &str, content: &[u8]) -> Result<PathBuf, SigningError> {
        let path = self.folder.path().join(name);
        fs::write(&path, content).map_err(error::io("writing a file for ssh-keygen"))?;
        Ok(path)
    }

    /// Runs `program` with `input` as its standard input, or none.
    ///
    /// # Errors
    /// [`SigningError::NoProgram`] and [`SigningError::TimedOut`]; a program that fails is none.
    pub(super) fn run<A: AsRef<OsStr>>(
        &self,
        program: &'static str,
        arguments: &[A],
        input: Option<&Path>,
    ) -> Result<Ended, SigningError> {
        let input = match input {
            Some(path) => Stdio::from(File::open(path).map_err(error::io(RUNNING))?),
            None => Stdio::null(),
        };
        // Files and not pipes: nobody has to read while the program writes.
        let (out, err) = (scratch()?, scratch()?);
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter())
            .current_dir(self.folder.path())
            .stdin(input)
            .stdout(out.try_clone().map_err(error::io(RUNNING))?)
            .stderr(err.try_clone().map_err(error::io(RUNNING))?)
            // Not in the terminal's foreground, so that it can read nothing there, and can be killed with its own.
            .process_group(0);
        let child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SigningError::NoProgram { program },
            _ => error::io(RUNNING)(error),
        })?;
        let Some(status) = wait(child, self.limit).map_err(error::io(RUNNING))? else {
            return Err(SigningError::TimedOut { program, limit: self.limit });
        };
        Ok(Ended { success: status.success(), stdout: read(out)?, stderr: read(err)? })
    }
}

fn scratch() -> Result<File, SigningError> {
    tempfile::tempfile().map_err(error::io("making a file for ssh-keygen"))
}

fn read(mut file: File) -> Result<String, SigningError> {
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.take(OUTPUT_BYTES).read_to_end(&mut bytes))
        .map_err(error::io("reading what ssh-keygen said"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// How the program ended; `None` if it did not, and was killed with everything in its group.
fn wait(mut child: Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            let group = Pid::from_raw(i32::try_from(child.id()).expect("process ids are positive numbers"));
            // It may have ended by itself in the meantime.
            let _ = signal::killpg(group, Signal::SIGKILL);
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(LOOK_EVERY);
    }
}
