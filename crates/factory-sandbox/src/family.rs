//! The command's processes: all descendants of the keeper, however they detached themselves.
//!
//! The keeper is a subreaper, so a process whose parent dies becomes the keeper's child. Hence the proof that nothing
//! is left is `wait` saying that there are no children: every descendant hangs on a chain of living parents that
//! begins at the keeper. The scan of `/proc`, which a fork can outrun, only finds whom to signal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use rustix::io::Errno;
use rustix::process::{WaitOptions, WaitStatus};

use crate::end::End;

/// How often the tree is scanned for processes that are still running before those found are killed.
const FREEZE_ROUNDS: usize = 20;

/// The pause between two attempts to kill what is left: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// All processes that the keeper is responsible for. Dropping it ends them, so a panic in the keeper does, too.
pub(crate) struct Family {
    first: i32,
    end: Option<End>,
}

impl Family {
    /// `first` is the id of the command's first process, a child of this one that nobody has waited for.
    pub(crate) fn new(first: i32) -> Self {
        Self { first, end: None }
    }

    /// How the first process ended, as far as [`Family::reap`] has seen.
    pub(crate) fn end(&self) -> Option<End> {
        self.end
    }

    /// Waits for those that have ended, without blocking; returns whether any process is left.
    pub(crate) fn reap(&mut self) -> bool {
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    if pid.as_raw_nonzero().get() == self.first {
                        self.end = ended(status);
                    }
                }
                Ok(None) => return true,
                Err(Errno::INTR) => {}
                Err(error) => {
                    debug_assert_eq!(error, Errno::CHILD, "wait has no other way to fail");
                    return false;
                }
            }
        }
    }

    /// How many bytes of memory all processes together have in use; what several share counts for each.
    pub(crate) fn resident(&self) -> u64 {
        let page = rustix::param::page_size() as u64;
        let pages = descendants(own_id()).into_iter().filter_map(|pid| {
            // proc(5): the second number is the pages in memory.
            let sizes = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
            sizes.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()
        });
        pages.sum::<u64>().saturating_mul(page)
    }

    /// Asks every process to end.
    pub(crate) fn ask(&self) {
        for pid in descendants(own_id()) {
            send(pid, Signal::SIGTERM);
        }
    }

    /// Kills every process and waits until none is left.
    ///
    /// Blocks for as long as the kernel takes; a process in uninterruptible sleep cannot be killed by anyone.
    pub(crate) fn kill(&mut self) {
        let mut pause = FIRST_PAUSE;
        while self.reap() {
            kill_once();
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Stops the whole tree, then kills it.
///
/// Stopped first, because in a tree that forks faster than it is scanned, each process that is killed may already have
/// left a child behind; a stopped one stays where it is. A process that is found stopped cannot be replaced by another
/// with the same id either, since its parent is stopped as well, or is the keeper, which does not wait meanwhile.
fn kill_once() {
    let mut stopped = BTreeSet::new();
    for _ in 0..FREEZE_ROUNDS {
        let found = descendants(own_id());
        let running: Vec<i32> = found.difference(&stopped).copied().collect();
        if running.is_empty() {
            break;
        }
        for pid in running {
            send(pid, Signal::SIGSTOP);
            stopped.insert(pid);
        }
    }
    for pid in stopped {
        send(pid, Signal::SIGKILL);
    }
}

/// A process may have ended since it was found, so failure says nothing; [`Family::reap`] tells whether one is left.
fn send(pid: i32, signal: Signal) {
    let _ = signal::kill(Pid::from_raw(pid), signal);
}

fn own_id() -> i32 {
    process::id().try_into().expect("process ids are positive 32-bit numbers")
}

/// Everything below `ancestor` that one scan of `/proc` finds.
fn descendants(ancestor: i32) -> BTreeSet<i32> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid else { continue };
        let stat = fs::read(entry.path().join("stat")).unwrap_or_default();
        if let Some(parent) = parent_of(&stat) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = BTreeSet::new();
    let mut pending = vec![ancestor];
    while let Some(parent) = pending.pop() {
        for &child in children.get(&parent).into_iter().flatten() {
            if found.insert(child) {
                pending.push(child);
            }
        }
    }
    found
}

/// The parent in a `/proc/PID/stat`: `PID (NAME) STATE PARENT …`, where the name may contain anything (proc(5)).
fn parent_of(stat: &[u8]) -> Option<i32> {
    let after_name = stat.iter().rposition(|&byte| byte == b')')? + 1;
    let fields = str::from_utf8(&stat[after_name..]).ok()?;
    fields.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// How a process that was waited for ended.
pub(crate) fn ended(status: WaitStatus) -> Option<End> {
    let exited = status.exit_status().map(End::Exited);
    exited.or_else(|| status.terminating_signal().map(End::Signalled))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_hostile_name_does_not_hide_the_parent() {
        assert_eq!(parent_of(b"7 (sh) S 5 7 7 0"), Some(5));
        assert_eq!(parent_of(b"7 (a) R 1 (\xff) S 5 7 7 0"), Some(5));
        assert_eq!(parent_of(b"7 (sh"), None);
        assert_eq!(parent_of(b""), None);
    }

    #[test]
    fn descendants_are_found_at_any_depth() {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", "sh -c 'sleep 60 & echo $!; wait'; :"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let sleep: i32 = line.trim().parse().unwrap();
        let below_shell = descendants(shell.id().try_into().unwrap());
        let below_this = descendants(own_id());
        for &pid in &below_shell {
            send(pid, Signal::SIGKILL);
        }
        shell.kill().unwrap();
        shell.wait().unwrap();
        assert_eq!(below_shell.len(), 2);
        assert!(below_shell.contains(&sleep));
        assert!(below_this.is_superset(&below_shell));
    }
}
