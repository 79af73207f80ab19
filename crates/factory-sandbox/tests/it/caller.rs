//! What depends on the process that launches: its death, its environment, what it has inherited itself. For each test
//! this program runs once more, as a caller with those properties.

use std::env;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};

use factory_sandbox::{Command, Launcher};
use libtest_mimic::Trial;
use nix::sys::signal::{SigSet, Signal};

use crate::family::{RUNAWAY_COUNT, RUNAWAYS};
use crate::tools::{alive, block_on, output, pids, shell, trial, until};

/// The first argument that makes this program a caller; the second says which, the third is its directory.
const MARKER: &str = "__caller";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("caller::killed_running_a_command", async |scratch: &Path| {
            killed("run", scratch).await;
        }),
        trial("caller::killed_with_a_service", async |scratch: &Path| {
            killed("start", scratch).await;
        }),
        trial("caller::killed_with_both_and_a_blocked_runtime", async |scratch: &Path| {
            killed("block", scratch).await;
        }),
        trial("caller::exiting_ends_a_service", exiting_ends_a_service),
        trial("caller::environment_is_not_passed_on", environment_is_not_passed_on),
        trial("caller::descriptors_are_not_passed_on", descriptors_are_not_passed_on),
        trial("caller::signal_settings_are_not_passed_on", signal_settings_are_not_passed_on),
        trial("caller::deleted_executable_still_works", deleted_executable_still_works),
    ]
}

/// Plays the caller, if this process is to be one, and returns whether it was.
pub(crate) fn enter_if_caller() -> bool {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [marker, kind, scratch] = arguments.as_slice() else {
        return false;
    };
    if marker == MARKER {
        block_on(play(kind, Path::new(scratch)));
    }
    marker == MARKER
}

async fn play(kind: &str, scratch: &Path) {
    let runaways = || shell(&format!("echo $PPID >> pids\n{RUNAWAYS}wait"), scratch);
    let log = scratch.join("log");
    match kind {
        "run" => {
            Launcher::new().run(runaways()).await.unwrap();
        }
        "start" => {
            Launcher::new().start(runaways(), &log).await.unwrap().wait().await.unwrap();
        }
        "block" => {
            let _service = Launcher::new().start(runaways(), &log).await.unwrap();
            std::thread::sleep(std::time::Duration::from_secs(1000));
        }
        "exit" => {
            let service = Launcher::new().start(runaways(), &log).await.unwrap();
            pids(scratch, RUNAWAY_COUNT + 1).await;
            std::mem::forget(service);
        }
        "environment" => print!("{}", output(Command::new("/usr/bin/env")).await),
        "tools" => print!("{}", output(shell("exec /usr/bin/env", scratch)).await),
        "descriptors" => print!("{}", output(shell("exec ls /proc/self/fd", scratch)).await),
        "signals" => {
            SigSet::from_iter([Signal::SIGUSR2, Signal::SIGTERM]).thread_block().unwrap();
            let line = "exec grep -E 'Sig(Blk|Ign)' /proc/self/status";
            print!("{}", output(shell(line, scratch)).await);
        }
        "deleted" => {
            fs::remove_file(env::current_exe().unwrap()).unwrap();
            print!("{}", output(shell("echo works", scratch)).await);
        }
        other => panic!("no caller is called {other}"),
    }
}

fn caller(kind: &str, scratch: &Path) -> Process {
    let mut process = Process::new(env::current_exe().unwrap());
    process.args([MARKER, kind]).arg(scratch);
    process
}

/// The output of a caller that has to succeed.
fn printed(process: &mut Process) -> String {
    let output = process.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A caller that does not outlive a failed test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn started(kind: &str, scratch: &Path) -> (Running, Vec<u32>) {
    let caller = caller(kind, scratch).stdin(Stdio::null()).spawn().unwrap();
    // The keeper and the runaways.
    let pids = pids(scratch, 1 + RUNAWAY_COUNT).await;
    (Running(caller), pids)
}

async fn killed(kind: &str, scratch: &Path) {
    let (mut caller, pids) = started(kind, scratch).await;
    assert!(pids.iter().copied().all(alive));
    caller.0.kill().unwrap();
    assert_eq!(caller.0.wait().unwrap().signal(), Some(9));
    until("keeper and runaways are gone", || !pids.iter().copied().any(alive)).await;
}

async fn exiting_ends_a_service(scratch: &Path) {
    let (mut caller, pids) = started("exit", scratch).await;
    assert!(caller.0.wait().unwrap().success());
    until("keeper and runaways are gone", || !pids.iter().copied().any(alive)).await;
}

async fn environment_is_not_passed_on(scratch: &Path) {
    let with_key = |kind| {
        let mut process = caller(kind, scratch);
        process.env("OPENAI_API_KEY", "sk-secret").env("PATH", "bin:/usr/bin:/bin");
        printed(&mut process)
    };
    assert_eq!(with_key("environment"), "");
    let tools = with_key("tools");
    assert!(tools.lines().any(|line| line == "PATH=/usr/bin:/bin"), "{tools}");
    assert!(!tools.contains("OPENAI_API_KEY") && !tools.contains("sk-secret"), "{tools}");
}

async fn descriptors_are_not_passed_on(scratch: &Path) {
    let exec = "exec 7< /dev/null 9< /dev/zero; exec \"$@\"";
    let mut process = Process::new("/bin/sh");
    process.args(["-c", exec, "sh"]).arg(env::current_exe().unwrap());
    process.args([MARKER, "descriptors"]).arg(scratch);
    // The last one is the listed directory itself.
    assert_eq!(printed(&mut process), "0\n1\n2\n3\n");
}

async fn signal_settings_are_not_passed_on(scratch: &Path) {
    let exec = "trap '' HUP INT QUIT USR1 PIPE TERM TSTP XFSZ; exec \"$@\"";
    let mut process = Process::new("/bin/sh");
    process.args(["-c", exec, "sh"]).arg(env::current_exe().unwrap());
    process.args([MARKER, "signals"]).arg(scratch);
    let seen = printed(&mut process);
    let sets: Vec<u64> = seen
        .lines()
        .map(|line| u64::from_str_radix(line.split_once(":\t").unwrap().1, 16).unwrap())
        .collect();
    // Bit n is signal n + 1. What lies beyond the standard ones belongs to the C library.
    let standard = (1 << 31) - 1;
    assert_eq!(sets.len(), 2, "{seen}");
    assert!(sets.iter().all(|set| set & standard == 0), "{seen}");
}

async fn deleted_executable_still_works(scratch: &Path) {
    let copy = scratch.join("copy");
    fs::copy(env::current_exe().unwrap(), &copy).unwrap();
    let mut process = Process::new(copy);
    process.args([MARKER, "deleted"]).arg(scratch);
    assert_eq!(printed(&mut process), "works\n");
}
