//! What the tests have in common.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use factory_sandbox::{Command, End, Environment, Finished, Launcher};
use libtest_mimic::Trial;
use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::time;

/// Far longer than anything takes; a test that waits for so long has failed.
const AT_MOST: Duration = Duration::from_secs(60);

/// A test that gets a directory and ends within [`AT_MOST`].
pub(crate) fn trial(name: &'static str, test: impl AsyncFnOnce(&Path) + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let scratch = TempDir::new()?;
        block_on(async {
            time::timeout(AT_MOST, test(scratch.path())).await.expect("the test ends in time");
        });
        Ok(())
    })
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A shell line in a directory that is also its scratch.
pub(crate) fn shell(line: &str, scratch: &Path) -> Command {
    Command::shell(line).cwd(scratch).environment(Environment::tools(scratch).unwrap())
}

pub(crate) async fn run(command: Command) -> Finished {
    Launcher::new().run(command).await.unwrap()
}

/// The standard output of a command that has to succeed in silence.
pub(crate) async fn output(command: Command) -> String {
    let finished = run(command).await;
    assert_eq!(finished.stderr.text(), "");
    assert_eq!(finished.end, End::Exited(0));
    finished.stdout.text()
}

/// The process ids in `pids`, one on a line, once there are this many.
pub(crate) async fn pids(scratch: &Path, count: usize) -> Vec<u32> {
    let mut pids = Vec::new();
    until("the processes have started", || {
        pids = written_pids(scratch);
        pids.len() == count
    })
    .await;
    pids
}

/// The process ids in `pids` so far.
pub(crate) fn written_pids(scratch: &Path) -> Vec<u32> {
    let written = fs::read_to_string(scratch.join("pids")).unwrap_or_default();
    let lines = written.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    lines.map(|line| line.trim().parse().unwrap()).collect()
}

/// Whether a process exists and is no zombie.
pub(crate) fn alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, fields)| fields.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < AT_MOST / 2, "waited in vain until {what}");
        time::sleep(Duration::from_millis(5)).await;
    }
}
