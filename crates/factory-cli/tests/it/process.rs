//! Running programs: to their end or to a signal, never for ever; and looking for what they left running.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

/// After this long, what should have happened will not.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// How a program ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Fails unless the program ended by itself, with this status, and without a panic.
    #[track_caller]
    pub(crate) fn ends_with(self, status: i32) -> Self {
        assert!(self.status.code() == Some(status), "expected {status}: {self}");
        assert!(!self.err.contains("panicked at"), "{self}");
        self
    }

    /// Fails unless it printed this, on either stream.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text) || self.err.contains(text), "it does not say `{text}`: {self}");
        self
    }

    /// Fails if it printed this, on either stream.
    #[track_caller]
    pub(crate) fn never_says(self, text: &str) -> Self {
        assert!(!self.out.contains(text) && !self.err.contains(text), "it says `{text}`: {self}");
        self
    }

    /// What follows `word` on the only line of the output that begins with it.
    #[track_caller]
    pub(crate) fn after(&self, word: &str) -> String {
        let mut lines = self.out.lines().filter_map(|line| line.strip_prefix(word));
        match (lines.next(), lines.next()) {
            (Some(line), None) => line.trim().to_owned(),
            _ => panic!("not one line begins with `{word}`: {self}"),
        }
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n── out ──\n{}\n── err ──\n{}", self.status, self.out, self.err)
    }
}

/// Runs a program to its end.
#[track_caller]
pub(crate) fn run(command: Command) -> Ran {
    Running::start(command).end()
}

/// A program that runs. It is killed if nobody waits for its end.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    out: Vec<String>,
    err: Option<thread::JoinHandle<String>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null());
        Self::spawn(command)
    }

    /// The same for a program that somebody types something in for.
    pub(crate) fn with_input(mut command: Command) -> Self {
        command.stdin(Stdio::piped());
        Self::spawn(command)
    }

    /// Writes to its standard input.
    pub(crate) fn type_in(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in out.split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    break;
                }
            }
        });
        let mut err = child.stderr.take().unwrap();
        let err = thread::spawn(move || {
            let mut bytes = Vec::new();
            err.read_to_end(&mut bytes).ok();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self { child, lines, out: Vec::new(), err: Some(err) }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its output; `None` when there is no more.
    pub(crate) fn line(&mut self) -> Option<String> {
        let line = match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(mpsc::RecvTimeoutError::Disconnected) => return None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("nothing more is printed after {:?}", self.out),
        };
        self.out.push(line.clone());
        Some(line)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        signal::kill(self.pid(), signal).unwrap();
    }

    /// Signals its whole process group, which it must lead: what Ctrl-C does at a terminal.
    pub(crate) fn signal_group(&self, signal: Signal) {
        signal::killpg(self.pid(), signal).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ran {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "it goes on and on after {:?}", self.out);
            thread::sleep(Duration::from_millis(2));
        };
        while self.line().is_some() {}
        let mut out = self.out.join("\n");
        if !out.is_empty() {
            out.push('\n');
        }
        let err = self.err.take().unwrap().join().unwrap();
        Ran { status, out, err }
    }

    /// Kills it and waits. Whether it had come to its end before.
    pub(crate) fn kill(mut self) -> bool {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        status.signal().is_none()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Waits until it is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Fails if processes that have anything to do with a directory do not end by themselves soon.
#[track_caller]
pub(crate) fn assert_none_about(directory: &Path) {
    let begun = Instant::now();
    loop {
        let left = about(directory);
        if left.is_empty() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "still running: {left:#?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process that has to do with a directory has this in its arguments.
pub(crate) fn runs(directory: &Path, argument: &str) -> bool {
    about(directory).iter().any(|process| process.contains(argument))
}

/// Whether there is a file of that name anywhere below a directory. What vanishes meanwhile is not there.
pub(crate) fn is_there(directory: &Path, name: &str) -> bool {
    fs::read_dir(directory).into_iter().flatten().flatten().any(|entry| {
        entry.file_name() == name
            || (entry.file_type().is_ok_and(|kind| kind.is_dir()) && is_there(&entry.path(), name))
    })
}

/// The processes that work in a directory, or have its name among their arguments or in their environment.
fn about(directory: &Path) -> Vec<String> {
    let name = directory.to_str().unwrap();
    let own = std::process::id();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if id == own {
            continue;
        }
        let text = |file: &str| {
            let bytes = fs::read(entry.path().join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        let (arguments, environment) = (text("cmdline"), text("environ"));
        let place = fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        if place.starts_with(directory) || arguments.contains(name) || environment.contains(name) {
            found.push(format!("{id}: {arguments}(in {})", place.display()));
        }
    }
    found
}
