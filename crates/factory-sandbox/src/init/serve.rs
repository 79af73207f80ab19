//! Starts the command, waits for all that ends, and meanwhile is the socket broker.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{self, SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;
use rustix::event::{PollFd, PollFlags};
use rustix::process::WaitOptions;

use super::network;
use crate::end::End;
use crate::family::ended;
use crate::keeper::refusal;
use crate::parcel::{self, Answer, Ask, Program};
use crate::wire::{Failure, Refusal};

/// The signals that this process waits for: that a child has ended, and that it is asked to end.
pub(super) fn signals() -> io::Result<SignalFd> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let watched = SigSet::from_iter([Signal::SIGCHLD, Signal::SIGTERM]);
    hold_back().thread_set_mask()?;
    Ok(SignalFd::with_flags(&watched, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?)
}

/// Signals that do not reach this process: those that it waits for, and whatever a terminal or a limit sends to a whole
/// tree, which is for the command alone.
fn hold_back() -> SigSet {
    SigSet::from_iter([
        Signal::SIGCHLD,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGXFSZ,
        Signal::SIGXCPU,
    ])
}

/// Starts the command with this process's own streams. Answers its process id.
pub(super) fn start(program: &Program) -> Result<i32, Refusal> {
    let first = spawn(program, [Stdio::inherit(), Stdio::inherit(), Stdio::inherit()])?;
    // The streams are the command's alone, so that they end with it.
    let let_go = File::options().read(true).write(true).open("/dev/null").and_then(|nowhere| {
        nix::unistd::dup2_stdin(&nowhere)?;
        nix::unistd::dup2_stdout(&nowhere)?;
        Ok(nix::unistd::dup2_stderr(&nowhere)?)
    });
    let_go.map_err(|error| Refusal::NotStarted(Failure::from(&error)))?;
    Ok(first)
}

fn spawn(program: &Program, streams: [Stdio; 3]) -> Result<i32, Refusal> {
    let Program { name, args, environment, cwd } = program;
    if !Path::new(cwd).is_dir() {
        return Err(Refusal::DirectoryMissing);
    }
    let [stdin, stdout, stderr] = streams;
    let mut command = Command::new(name);
    command.args(args).env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    command.current_dir(cwd).stdin(stdin).stdout(stdout).stderr(stderr);
    // A group of its own, because commands signal their whole group, for instance with `kill 0`.
    command.process_group(0);
    // A command inherits which signals are held back, and none is to be.
    let free = SigSet::empty().thread_set_mask().map_err(io::Error::from);
    let child = free.and_then(|()| command.spawn());
    let held = hold_back().thread_set_mask().map_err(io::Error::from);
    let child = child.and_then(|child| held.map(|()| child));
    let child = child.map_err(|error| refusal(name, environment, cwd, &error))?;
    Ok(child.id().cast_signed())
}

/// Works until the command has ended; if it was asked to end, until all it had started has, too.
pub(super) fn until_end(first: i32, signals: &SignalFd, broker: Option<OwnedFd>) -> End {
    let mut broker = broker;
    let mut beside = BTreeMap::new();
    let mut asked = false;
    let mut end = None;
    loop {
        let left = reap(first, &mut end, &mut beside);
        if let Some(end) = end
            && !(asked && left)
        {
            return end;
        }
        let talks = {
            let mut waiting = vec![PollFd::new(signals, PollFlags::IN)];
            waiting.extend(broker.as_ref().map(|broker| PollFd::new(broker, PollFlags::IN)));
            // An interrupted wait is as good as one that ended.
            let _ = rustix::event::poll(&mut waiting, None);
            waiting.get(1).is_some_and(|socket| !socket.revents().is_empty())
        };
        while let Ok(Some(signal)) = signals.read_signal() {
            asked |= signal.ssi_signo == Signal::SIGTERM as u32;
        }
        if talks && let Some(socket) = &broker {
            // Whoever talks nonsense, or is gone, is not talked to any more.
            let answered = match parcel::receive(socket) {
                Ok(Some((ask, descriptors))) => answer(socket, ask, descriptors, &mut beside).is_ok(),
                Ok(None) | Err(_) => false,
            };
            if !answered {
                broker = None;
            }
        }
    }
}

/// Waits for whatever has ended, and tells those who asked for it. Answers whether anything is left.
fn reap(first: i32, end: &mut Option<End>, beside: &mut BTreeMap<i32, File>) -> bool {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => {
                let pid = pid.as_raw_nonzero().get();
                if pid == first {
                    *end = ended(status);
                } else if let Some(mut pipe) = beside.remove(&pid)
                    && let Some(end) = ended(status)
                {
                    // Whoever does not want to know has closed the other end.
                    let _ = serde_json::to_vec(&end).map(|bytes| pipe.write_all(&bytes));
                }
            }
            Ok(None) => return true,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

fn answer(
    socket: &OwnedFd,
    ask: Ask,
    descriptors: Vec<OwnedFd>,
    beside: &mut BTreeMap<i32, File>,
) -> io::Result<()> {
    match ask {
        Ask::Dial { port } => match network::dial(port) {
            Ok(connection) => parcel::send(socket, &Answer::Dialled, &[connection.as_fd()]),
            Err(error) => parcel::send(socket, &Answer::Failed(Failure::from(&error)), &[]),
        },
        Ask::Listen { port } => match network::listener(port) {
            Ok(listener) => parcel::send(socket, &Answer::Listening, &[listener.as_fd()]),
            Err(error) => parcel::send(socket, &Answer::Failed(Failure::from(&error)), &[]),
        },
        Ask::Run(program) => match run(&program, descriptors) {
            Ok((id, pipe)) => {
                beside.insert(id, pipe);
                parcel::send(socket, &Answer::Running { id }, &[])
            }
            Err(refusal) => parcel::send(socket, &Answer::Refused(refusal), &[]),
        },
        Ask::Kill { id } => {
            // Only what runs, and so cannot have become somebody else.
            if beside.contains_key(&id) {
                let _ = signal::killpg(Pid::from_raw(id), Signal::SIGKILL);
            }
            Ok(())
        }
    }
}

fn run(program: &Program, descriptors: Vec<OwnedFd>) -> Result<(i32, File), Refusal> {
    let Ok([stdin, stdout, stderr, pipe]) = <[OwnedFd; 4]>::try_from(descriptors) else {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "a command comes with four descriptors");
        return Err(Refusal::NotStarted(Failure::from(&error)));
    };
    let id = spawn(program, [stdin, stdout, stderr].map(Stdio::from))?;
    Ok((id, File::from(pipe)))
}
