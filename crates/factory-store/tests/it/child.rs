//! The other process: what it does, and how it is started.

use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use factory_core::ids::RunId;
use factory_engine::port::store::{BlobStore as _, EventLog as _, Position, StoreError};
use factory_store::Store;

/// The environment variable that makes this program another process.
pub(crate) const ROLE: &str = "FACTORY_STORE_TEST_ROLE";

/// The directory in which that process finds its store.
const BASE: &str = "FACTORY_STORE_TEST_BASE";

/// How many runs are appended to at once.
pub(crate) const RUNS: usize = 4;

/// The command that starts this program in `role`.
pub(crate) fn command(role: &str, base: &Path) -> Command {
    configured(Command::new(std::env::current_exe().unwrap()), role, base)
}

/// `command`, which starts this program somehow, with what makes it play `role`.
pub(crate) fn configured(mut command: Command, role: &str, base: &Path) -> Command {
    command.env(ROLE, role).env(BASE, base).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// What the process writes until it ends by itself, which it has to do successfully.
pub(crate) fn finish(mut command: Command) -> String {
    let mut child = command.spawn().unwrap();
    // Far longer than it takes: a process that hangs has to fail the case.
    for _ in 0..12_000 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    let hung = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    let written = output(&mut child);
    let last = || written.lines().last().unwrap_or("nothing");
    assert!(!hung, "the process hangs after `{}`", last());
    assert!(child.wait().unwrap().success(), "the process failed after `{}`", last());
    written
}

/// Everything that the process has written.
pub(crate) fn output(child: &mut Child) -> String {
    let mut written = String::new();
    child.stdout.take().unwrap().read_to_string(&mut written).unwrap();
    written
}

/// The name of a run.
pub(crate) fn run(number: usize) -> RunId {
    format!("run-{number}").parse().unwrap()
}

/// The record that belongs at `position`; every seventh is too large for the log.
pub(crate) fn record(run: &RunId, position: Position) -> Vec<u8> {
    let length = if position % 7 == 3 { 20_000 } else { 40 + position as usize * 97 % 3000 };
    format!("{run} {position} ").into_bytes().into_iter().cycle().take(length).collect()
}

/// Every record of the run, after a look that each is what belongs there.
pub(crate) async fn checked(store: &Store, run: &RunId) -> Position {
    let records = store.log.read(run).await.unwrap();
    for found in &records {
        assert!(found.bytes == record(run, found.position), "record {} of {run} is another", found.position);
    }
    records.len() as Position
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
        "hold" => hold(&base),
        "fail" => fail(&base),
        "fill" => fill(&base),
        "read-only" => read_only(&base),
        other => panic!("no role is called {other}"),
    }
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Appends to all runs until one append fails, and says which were acknowledged.
async fn append_all(store: &Store) -> StoreError {
    let mut appenders = tokio::task::JoinSet::new();
    for number in 0..RUNS {
        let log = Arc::clone(&store.log);
        appenders.spawn(async move {
            let run = run(number);
            let mut position = log.read(&run).await.unwrap().len() as Position;
            loop {
                if let Err(error) = log.append(&run, position, &record(&run, position)).await {
                    return error;
                }
                say(&format!("{run} {position}"));
                position += 1;
            }
        });
    }
    appenders.join_all().await.pop().unwrap()
}

fn append(base: &Path) {
    let store = Store::open(base).unwrap();
    let error = runtime().block_on(append_all(&store));
    panic!("an append failed: {}", explained(&error));
}

fn hold(base: &Path) {
    let _store = Store::open(base).unwrap();
    say("held");
    // Until the other side ends.
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Under a limit on the size of files: appends until a write fails.
fn fail(base: &Path) {
    let store = Store::open(base).unwrap();
    runtime().block_on(async {
        let text = explained(&append_all(&store).await);
        assert!(text.contains("the store cannot be written: an append failed half way"), "{text}");
        for number in 0..RUNS {
            let run = run(number);
            // The database may not be able to read any more either.
            match store.log.read(&run).await {
                Ok(records) => say(&format!("{run} is read up to {}", records.len())),
                Err(StoreError::Io { action: "read", .. }) => {}
                Err(other) => panic!("{}", explained(&other)),
            }
            for expected in 0..200 {
                let error = store.log.append(&run, expected, b"after it").await.unwrap_err();
                assert_eq!(explained(&error), text, "the store has stopped for good");
            }
        }
    });
    drop(store);
    say("closed");
}

/// On a device of its own, mounted at `base`: appends until it is full, makes room, fills it to the last byte.
fn fill(base: &Path) {
    let dir = base.join("store");
    let run = run(0);
    let full = |error: StoreError| assert!(matches!(error, StoreError::Full(_)), "{}", explained(&error));
    let runtime = runtime();
    let store = Store::open(&dir).unwrap();
    let count = runtime.block_on(async {
        full(append_all(&store).await);
        let count = checked(&store, &run).await;
        assert!(count > 0, "there was no room from the beginning");
        full(store.log.append(&run, count, b"x").await.unwrap_err());
        full(store.blobs.put(b"x").await.unwrap_err());
        let stale = store.log.append(&run, count - 1, b"x").await.unwrap_err();
        assert!(matches!(stale, StoreError::Conflict { actual, .. } if actual == count));
        assert_eq!(checked(&store, &run).await, count);

        remount(base, "size=64m");
        store.log.append(&run, count, &record(&run, count)).await.unwrap();
        assert_eq!(checked(&store, &run).await, count + 1);
        count + 1
    });

    let ballast = base.join("ballast");
    let mut file = std::fs::File::create(&ballast).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    runtime.block_on(async {
        full(store.log.append(&run, count, b"x").await.unwrap_err());
        assert_eq!(checked(&store, &run).await, count);
    });
    drop(store);
    match Store::open(&dir) {
        Ok(store) => assert_eq!(runtime.block_on(checked(&store, &run)), count),
        Err(error) => full(error),
    }

    drop(file);
    std::fs::remove_file(&ballast).unwrap();
    let store = Store::open(&dir).unwrap();
    runtime.block_on(async {
        assert_eq!(checked(&store, &run).await, count);
        store.log.append(&run, count, &record(&run, count)).await.unwrap();
    });
    say("kept");
}

/// On a device of its own, mounted at `base`.
fn read_only(base: &Path) {
    let dir = base.join("store");
    drop(Store::open(&dir).unwrap());
    remount(base, "ro");
    for place in [dir, base.join("another")] {
        let error = Store::open(&place).unwrap_err();
        assert!(matches!(error, StoreError::Io { action: "opened", .. }), "{error:?}");
        say(&explained(&error));
    }
}

/// Changes the device that is mounted at `base`. Type and source are given so that `mount` does not take over options
/// that only the outside understands, such as the numbers of users.
fn remount(base: &Path, option: &str) {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", &format!("remount,{option}"), "none"]).arg(base);
    assert!(mount.status().unwrap().success());
}
