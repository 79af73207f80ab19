//! The other process: what it does, and how it is started.

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use factory_engine::port::store::EventLog;
use factory_store::Store;

use crate::{crash, device, power, records, share, switch};

/// The environment variable that makes this program another process.
pub(crate) const ROLE: &str = "FACTORY_STORE_TEST_ROLE";

/// The directory in which that process finds its store.
const BASE: &str = "FACTORY_STORE_TEST_BASE";

/// The command that starts this program in `role`.
pub(crate) fn command(role: &str, base: &Path) -> Command {
    configured(Command::new(std::env::current_exe().unwrap()), role, base)
}

/// `command`, which starts this program somehow, with what makes it play `role`.
pub(crate) fn configured(mut command: Command, role: &str, base: &Path) -> Command {
    // Its socket shall be gone with the case.
    command
        .env(ROLE, role)
        .env(BASE, base)
        .env("XDG_RUNTIME_DIR", base)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// What the process writes until it ends by itself, which it has to do successfully.
pub(crate) fn finish(mut command: Command) -> String {
    let mut child = command.spawn().unwrap();
    let mut said = child.stdout.take().unwrap();
    let reader = thread::spawn(move || {
        let mut written = String::new();
        said.read_to_string(&mut written).unwrap();
        written
    });
    // Far longer than it takes: a process that hangs has to fail the case.
    for _ in 0..30_000 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    let hung = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    let written = reader.join().unwrap();
    let last = || written.lines().last().unwrap_or("nothing");
    assert!(!hung, "the process hangs after `{}`", last());
    assert!(child.wait().unwrap().success(), "the process failed after `{}`", last());
    written
}

/// The text of an error and of all that is behind it.
pub(crate) fn explained(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// A runtime, as the program has one.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Does what the role says.
pub(crate) fn play(role: &str) {
    let base = PathBuf::from(std::env::var_os(BASE).unwrap());
    match role {
        "append" => append(&base),
        "exhaust" => device::play_exhaust(&base),
        "not-permitted" => device::play_not_permitted(&base),
        "nothing" => {}
        "power" => power::play_power(&base),
        "power-probe" => power::play_probe(&base),
        "share" => share::play_share(&base),
        "visit" => share::play_visit(&base),
        "claim" => share::play_claim(&base),
        "toil" => switch::play_toil(&base),
        "stranger" => share::play_stranger(&base),
        "backfill" => crash::play_backfill(&base),
        "hold" => hold(&base),
        "fail" => device::play_fail(&base),
        "fill" => device::play_fill(&base),
        "read-only" => device::play_read_only(&base),
        other => panic!("no role is called {other}"),
    }
}

/// Says a line, whole.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Appends to every run until it is killed.
fn append(base: &Path) {
    let store = Store::open(base).unwrap();
    let log: Arc<dyn EventLog> = store.log;
    let error = runtime().block_on(records::append_all(&log, &records::said()));
    panic!("an append failed: {}", explained(&error));
}

fn hold(base: &Path) {
    let _store = Store::open(base).unwrap();
    say("held");
    // Until the other side ends.
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
