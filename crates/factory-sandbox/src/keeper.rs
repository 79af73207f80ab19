//! The keeper: the helper process between a launcher and a command.

mod spaces;
mod start;

pub(crate) use start::refusal;

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::future::Future;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::process;
use std::time::Duration;

use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal as NixSignal};
use nix::unistd;
use tokio::runtime;
use tokio::signal::unix::{self, Signal, SignalKind};
use tokio::time;

use crate::end::End;
use crate::family::Family;
use crate::init;
use crate::raw;
use crate::wire::{Channel, Failure, Job, Report, Request};
use start::Started;

/// The first argument that makes a program a keeper.
pub(crate) const MARKER: &str = "__factory-sandbox-init";

/// How often the memory of all processes together is looked at: each alone is bounded by the kernel.
const WEIGHING: Duration = Duration::from_millis(250);

/// How long the last bytes of a service may take to its log once all its processes are gone.
const LOG_DRAIN: Duration = Duration::from_secs(5);

/// The second argument of a keeper whose command's sandbox is talked to: the socket for that is inherited.
pub(crate) const TALKS: &str = "talks";

/// Turns this process into a keeper, or into the first process of a sandbox, and never returns, if a [`crate::Launcher`] or
/// its keeper started it as one; otherwise does nothing. Call it as the first statement of `main`, before any thread, file
/// or argument parser.
pub fn enter_if_helper() {
    if is(MARKER) {
        process::exit(main());
    }
    if is(init::MARKER) {
        process::exit(init::main());
    }
}

/// Whether a launcher started this process to help it.
pub(crate) fn is_helper() -> bool {
    is(MARKER) || is(init::MARKER)
}

fn is(marker: &str) -> bool {
    env::args_os().nth(1).as_deref() == Some(OsStr::new(marker))
}

/// Returns the exit status, which only a person who started this by hand gets to see.
fn main() -> i32 {
    let Ok((socket, broker)) = take_sockets() else {
        eprintln!("{MARKER} is for internal use and needs a socket as its standard input");
        return 2;
    };
    let prepared = prepare();
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(_) => return 1,
    };
    match runtime.block_on(keep(socket, broker, prepared)) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

/// Moves the socket away from standard input, to a descriptor that commands do not inherit; and takes the one for the
/// sandbox, if there is one.
fn take_sockets() -> io::Result<(UnixStream, Option<OwnedFd>)> {
    let talks = env::args_os().nth(2).as_deref() == Some(OsStr::new(TALKS));
    let broker = if talks { Some(raw::inherited(init::BROKER)?) } else { None };
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.local_addr()?;
    unistd::dup2_stdin(File::open("/dev/null")?)?;
    let mut kept = vec![0, 1, 2, socket.as_raw_fd()];
    kept.extend(broker.as_ref().map(AsRawFd::as_raw_fd));
    close_inherited(&kept)?;
    Ok((socket, broker))
}

/// Closes what the launcher's process had itself inherited without knowing, which commands would inherit in turn.
fn close_inherited(but: &[RawFd]) -> io::Result<()> {
    let open: Vec<RawFd> = fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for descriptor in open.into_iter().filter(|descriptor| !but.contains(descriptor)) {
        // The listing's own descriptor is closed already, and is the only one that can fail.
        let _ = unistd::close(descriptor);
    }
    Ok(())
}

/// Makes this process one that outlives what a terminal does and adopts what commands leave behind.
fn prepare() -> io::Result<()> {
    // Out of the terminal's reach: on Ctrl-C the launcher decides.
    unistd::setsid()?;
    prctl::set_child_subreaper(true)?;
    // A set-user-id program could become one that the keeper may not kill.
    prctl::set_no_new_privs()?;
    prctl::set_name(c"factory-keeper")?;
    SigSet::empty().thread_set_mask()?;
    Ok(())
}

/// Takes handlers that do nothing, for the signals that people, terminals and limits send to a whole tree: the launcher
/// decides when the keeper ends. Handlers, because a command would inherit a signal that is ignored or blocked; thus it
/// also starts with these at their defaults if the launcher itself had inherited them ignored.
fn disregard_signals() -> io::Result<()> {
    for signal in [
        NixSignal::SIGHUP,
        NixSignal::SIGINT,
        NixSignal::SIGQUIT,
        NixSignal::SIGUSR1,
        NixSignal::SIGUSR2,
        NixSignal::SIGALRM,
        NixSignal::SIGTERM,
        NixSignal::SIGTSTP,
        NixSignal::SIGTTIN,
        NixSignal::SIGTTOU,
        NixSignal::SIGXFSZ,
    ] {
        // The handler stays when the stream is dropped.
        drop(unix::signal(SignalKind::from_raw(signal as i32))?);
    }
    Ok(())
}

/// The keeper's whole life.
async fn keep(socket: UnixStream, broker: Option<OwnedFd>, prepared: io::Result<()>) -> io::Result<()> {
    let mut control = Channel::new(socket)?;
    let children =
        prepared.and_then(|()| disregard_signals()).and_then(|()| unix::signal(SignalKind::child()));
    let children = match children {
        Ok(children) => children,
        Err(error) => {
            return control.send(&Report::Unable(Failure::from(&error)), b"").await;
        }
    };
    control.send(&Report::Ready, b"").await?;
    let Some(Request::Start(job)) = control.next().await? else {
        return Ok(());
    };
    let stdin = control.bytes(job.stdin_bytes).await?;
    let Started { mut family, log, words } = match start::start(&job, stdin, broker).await {
        Ok(started) => started,
        Err(refusal) => return control.send(&Report::Refused(refusal), b"").await,
    };
    let over = match control.send(&Report::Started, b"").await {
        Ok(()) => watch(&mut family, &mut control, children, &job).await,
        Err(_) => Over::Abandoned,
    };
    family.kill();
    // In a sandbox, the keeper's child is not the command; what it said before it ended is what counts.
    let told = match words {
        Some(words) => words.end().await,
        None => None,
    };
    if let Some(log) = log {
        // It ends with its last writer. Should a descriptor have left the family, nobody waits for that one.
        let _ = time::timeout(LOG_DRAIN, log).await;
    }
    let end = match over {
        Over::Ended => told.or(family.end()).expect("the first process was waited for with the rest"),
        Over::TooLarge => End::Signalled(NixSignal::SIGKILL as i32),
        Over::TimedOut => End::TimedOut,
        Over::Abandoned => return Ok(()),
    };
    control.send(&Report::Ended(end), b"").await
}

/// Why the command's time is over.
enum Over {
    /// Its first process ended, or was asked to and will be killed if it did not.
    Ended,
    TimedOut,
    /// Its processes had more memory than they may.
    TooLarge,
    /// The launcher is gone or has lost interest.
    Abandoned,
}

async fn watch(family: &mut Family, control: &mut Channel, mut children: Signal, job: &Job) -> Over {
    let mut deadline = pin!(time::sleep(job.wall));
    let memory = job.confinement.as_ref().and_then(|confinement| confinement.memory_bytes);
    let mut weighing = time::interval(WEIGHING);
    loop {
        // In this order, so that a command with a child ending at every moment cannot hide the other two.
        tokio::select! {
            biased;
            request = control.next() => match request {
                Ok(Some(Request::Stop)) => {
                    family.ask();
                    return wind_down(family, control, children, time::sleep(job.grace)).await;
                }
                Ok(Some(Request::Start(_)) | None) | Err(_) => return Over::Abandoned,
            },
            () = &mut deadline => {
                family.reap();
                return if family.end().is_some() { Over::Ended } else { Over::TimedOut };
            }
            _ = children.recv() => {
                family.reap();
                if family.end().is_some() {
                    return Over::Ended;
                }
            }
            _ = weighing.tick(), if memory.is_some() => {
                if memory.is_some_and(|most| family.resident() > most) {
                    return Over::TooLarge;
                }
            }
        }
    }
}

/// Waits until a command that was asked to end has done so with all its processes, or its grace is over.
async fn wind_down(
    family: &mut Family,
    control: &mut Channel,
    mut children: Signal,
    grace: impl Future<Output = ()>,
) -> Over {
    let mut grace = pin!(grace);
    while family.reap() {
        tokio::select! {
            biased;
            request = control.next::<Request>() => match request {
                Ok(Some(Request::Stop)) => {}
                Ok(Some(Request::Start(_)) | None) | Err(_) => return Over::Abandoned,
            },
            () = &mut grace => break,
            _ = children.recv() => {}
        }
    }
    Over::Ended
}
