//! The first process of a sandbox: the program executed once more by the keeper, in namespaces that are new (profile A) or
//! not (profile B). It builds what the command may see, gives up all privileges, confines itself, and then starts the
//! command, which inherits all of that. Afterwards it is the socket broker, and waits for what has lost its parent.

mod filter;
mod landlock;
mod network;
mod privileges;
mod root;
mod serve;

pub(crate) use root::USER;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use rustix::process::{DumpableBehavior, Resource, Rlimit};
use serde::{Deserialize, Serialize};

use crate::confinement::{Network, Profile};
use crate::end::End;
use crate::parcel::{self, Answer, Program};
use crate::raw;
use crate::wire::{Failure, Refusal};

/// The first argument that makes a program the first process of a sandbox.
pub(crate) const MARKER: &str = "__factory-sandbox-first";

/// Descriptors that the keeper leaves open for it.
pub(crate) const JOB: i32 = 3;
pub(crate) const STATUS: i32 = 4;
pub(crate) const BROKER: i32 = 5;

/// What it has to do. No `Debug`: an environment holds secrets. Paths are absolute.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    pub(crate) program: Program,
    pub(crate) confinement: Confinement,
}

/// What the command may see and reach.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confinement {
    pub(crate) profile: Profile,
    pub(crate) read: Vec<OsString>,
    pub(crate) write: Vec<OsString>,
    pub(crate) hidden: Vec<OsString>,
    pub(crate) network: Network,
    /// Ports of the loopback on which the command itself listens; profile B must know them.
    pub(crate) ports: Vec<u16>,
    /// Ports of the loopback at which something outside answers.
    pub(crate) doors: Vec<u16>,
    /// Bytes of memory that one process may have for its data.
    pub(crate) memory_bytes: Option<u64>,
    /// How many processes and threads there may be at a time.
    pub(crate) processes: Option<u64>,
    pub(crate) file_bytes: Option<u64>,
}

/// What it tells the keeper, a JSON line each.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Word {
    /// The command runs.
    Started,
    /// The command was not started.
    Refused(Refusal),
    /// The command ended so.
    Ended(End),
}

/// A step of the confinement that failed.
pub(crate) struct Broken {
    /// As a verb phrase.
    pub(crate) step: &'static str,
    pub(crate) source: io::Error,
}

/// For errors of a step.
pub(crate) fn at<E: Into<io::Error>>(step: &'static str) -> impl FnOnce(E) -> Broken {
    move |error| Broken { step, source: error.into() }
}

/// The whole life of the first process. Returns the exit status, which nobody looks at.
pub(crate) fn main() -> i32 {
    let (Ok(mut job), Ok(status)) = (raw::inherited(JOB).map(File::from), raw::inherited(STATUS)) else {
        eprintln!("{MARKER} is for internal use");
        return 2;
    };
    // There is one only for a sandbox that somebody talks to.
    let broker = raw::inherited(BROKER).ok();
    let mut status = File::from(status);
    let mut bytes = Vec::new();
    let read = job.read_to_end(&mut bytes).and_then(|_| Ok(serde_json::from_slice::<Job>(&bytes)?));
    drop((job, bytes));
    let job = match read {
        Ok(job) => job,
        Err(error) => return refused(&mut status, broken(at("read what to do")(error))),
    };
    let signals = match serve::signals() {
        Ok(signals) => signals,
        Err(error) => return refused(&mut status, broken(at("watch signals")(error))),
    };
    if let Err(error) = confine(&job.confinement, broker.as_ref()) {
        return refused(&mut status, broken(error));
    }
    match serve::start(&job.program) {
        Ok(first) => {
            if say(&mut status, &Word::Started).is_err() {
                return 1;
            }
            let end = serve::until_end(first, &signals, broker);
            // If the keeper is gone, nobody is left to be told.
            let _ = say(&mut status, &Word::Ended(end));
            0
        }
        Err(refusal) => refused(&mut status, refusal),
    }
}

/// Everything between being the first process and being the command's harmless parent, in this order: what needs
/// privileges first, then no privileges, then the rules that also hold for this process itself.
fn confine(confinement: &Confinement, broker: Option<&OwnedFd>) -> Result<(), Broken> {
    let spaces = confinement.profile == Profile::Namespaces;
    if spaces {
        root::build(confinement)?;
    }
    if spaces && confinement.network == Network::Private {
        let listeners = network::loopback(&confinement.doors)?;
        if let (Some(broker), false) = (broker, listeners.is_empty()) {
            let listeners: Vec<_> = listeners.iter().map(AsFd::as_fd).collect();
            parcel::send(broker, &Answer::Listening, &listeners).map_err(at("hand out the listeners"))?;
        }
    }
    limits(confinement)?;
    privileges::drop_all()?;
    // Nobody inside may look into this process, which is of the same user.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(at("close this process"))?;
    landlock::restrict(confinement)?;
    filter::install(confinement)
}

fn limits(confinement: &Confinement) -> Result<(), Broken> {
    let set = |resource, most: Option<u64>| match most {
        Some(most) => {
            // One that was inherited and is lower stays, since nobody without privileges may raise it.
            let inherited = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
            let most = Some(most.min(inherited));
            rustix::process::setrlimit(resource, Rlimit { current: most, maximum: most })
        }
        None => Ok(()),
    };
    set(Resource::Core, Some(0))
        .and_then(|()| set(Resource::Data, confinement.memory_bytes))
        .and_then(|()| set(Resource::Nproc, confinement.processes))
        .and_then(|()| set(Resource::Fsize, confinement.file_bytes))
        .map_err(at("set limits"))
}

fn broken(error: Broken) -> Refusal {
    let Broken { step, source } = error;
    Refusal::NotConfined { step: step.to_owned(), failure: Failure::from(&source) }
}

fn refused(status: &mut File, refusal: Refusal) -> i32 {
    // If the keeper is gone, nobody is left to be told.
    let _ = say(status, &Word::Refused(refusal));
    1
}

fn say(status: &mut File, word: &Word) -> io::Result<()> {
    let mut line = serde_json::to_vec(word)?;
    line.push(b'\n');
    status.write_all(&line)
}

/// Paths as they came over the wire.
fn paths(from: &[OsString]) -> Vec<PathBuf> {
    from.iter().map(PathBuf::from).collect()
}
