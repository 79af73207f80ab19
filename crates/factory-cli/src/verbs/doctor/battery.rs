//! The doctor's short battery of attacks: a command that is confined as an agent's or a candidate's would be tries to reach
//! what was planted for it, and the holdouts themselves. What it tried is printed, whatever came of it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use factory_sandbox::{Command, Environment, Launcher, Limits, Profile, Sandbox, SandboxError};
use tempfile::TempDir;

use super::{Finding, failed, note, ok};
use crate::config::place::Place;
use crate::confinement;

/// How long one attack may take.
const AT_MOST: Duration = Duration::from_secs(20);

/// An attack: what it tries, as a verb phrase, and the shell line that tries it. It has got through if it prints what was
/// planted, or `THROUGH`.
struct Attack {
    tries: &'static str,
    line: String,
}

/// What was planted outside of the sandbox.
struct Bait {
    folder: TempDir,
    /// Nobody but an attack would connect to it.
    listener: TcpListener,
    /// Nobody but an attack would end it.
    victim: process::Child,
    canary: String,
}

impl Drop for Bait {
    fn drop(&mut self) {
        // It may have been ended already.
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

impl Bait {
    fn plant() -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let canary = format!("canary-{:016x}", rand());
        fs::write(folder.path().join("planted"), &canary)?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let victim = process::Command::new("sleep").arg("600").stdin(process::Stdio::null()).spawn()?;
        Ok(Self { folder, listener, victim, canary })
    }

    /// Whether an attack that printed this has got through.
    fn is_taken(&mut self, printed: &str) -> bool {
        let intact = fs::read_dir(self.folder.path()).is_ok_and(|entries| entries.count() == 1);
        let alive = matches!(self.victim.try_wait(), Ok(None));
        printed.contains(&self.canary) || printed.contains("THROUGH") || !intact || !alive
    }

    fn path(&self) -> String {
        self.folder.path().join("planted").display().to_string()
    }
}

/// A number that was not there before.
fn rand() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(process::id())
}

fn attacks(bait: &Bait, holdouts: Option<&Path>) -> std::io::Result<Vec<Attack>> {
    let planted = bait.path();
    let own = process::id();
    let port = bait.listener.local_addr()?.port();
    let attack = |tries, line: String| Attack { tries, line };
    let mut all = vec![
        attack("read a planted file by its path", format!("cat {planted}")),
        attack(
            "find it over the process table",
            format!("cat /proc/{own}/root{planted} /proc/[0-9]*/root{planted}"),
        ),
        attack(
            "find it from its own folder",
            format!("cat ../../../../../../../../..{planted} /proc/self/root{planted}"),
        ),
        attack("write beside it", format!("echo x > {0}.new; ln {0} {0}.link; mv {0} {0}.moved", planted)),
        attack(
            "read this program's environment",
            format!("tr '\\0' '\\n' < /proc/{own}/environ | grep -q = && echo THROUGH"),
        ),
        attack("see this program's descriptors", format!("ls /proc/{own}/fd | grep -q . && echo THROUGH")),
        attack("end a process of this machine", format!("kill -9 {}; sleep 0.1", bait.victim.id())),
        attack(
            "connect to a port of this machine",
            format!(
                "command -v bash > /dev/null && bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port} && echo THROUGH'"
            ),
        ),
        attack("mount a file system", "mount -t tmpfs none /mnt && echo THROUGH".to_owned()),
        attack("make a namespace", "unshare -r true && echo THROUGH".to_owned()),
    ];
    if let Some(folder) = holdouts {
        let folder = shell_quoted(folder);
        all.push(attack(
            "list the holdouts and read them",
            format!("ls -A {folder} | grep -q . && echo THROUGH; cat {folder}/* | grep -q . && echo THROUGH"),
        ));
    }
    Ok(all)
}

fn shell_quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

/// Tries them all in the strongest profile that works here.
pub(super) async fn sandbox(place: Option<&Place>, holdouts: Option<PathBuf>) -> Finding {
    let profile = match confinement::strongest() {
        Ok(profile) => profile,
        Err(error) => {
            return failed(
                "sandbox",
                error.to_string().trim_start_matches("error: ").to_owned(),
                "use Linux 5.13 or newer with user namespaces (sysctl kernel.unprivileged_userns_clone=1, \
                 kernel.apparmor_restrict_unprivileged_userns=0), or 6.7 or newer with Landlock",
            );
        }
    };
    // As a run of this project would have it, where there is one.
    let known: Vec<PathBuf> = holdouts.iter().cloned().collect();
    let launcher = match place.map(|place| confinement::launcher(place, &known, false)).transpose() {
        Ok(launcher) => launcher.unwrap_or_else(|| Launcher::new().confined(Sandbox::new(profile))),
        Err(error) => {
            let error = error.to_string();
            let mend = "mend `read` in factory.toml or .factory/local.toml (docs/configuration.md)";
            return failed("sandbox", error.trim_start_matches("error: ").to_owned(), mend);
        }
    };
    let tried = match battery(&launcher, holdouts.as_deref()).await {
        Ok(tried) => tried,
        Err(error) => {
            return failed("sandbox", format!("the attacks could not be tried: {error}"), REPORT);
        }
    };
    let through: Vec<&str> = tried.iter().filter(|(_, through)| *through).map(|(tries, _)| *tries).collect();
    if !through.is_empty() {
        return failed(
            "sandbox",
            format!("in profile {profile}, a command could {}", through.join("; ")),
            REPORT,
        );
    }
    let names: Vec<&str> = tried.iter().map(|(tries, _)| *tries).collect();
    let detail = format!("profile {profile} held: a command tried in vain to {}", names.join("; to "));
    match profile {
        Profile::Namespaces => ok("sandbox", detail),
        Profile::Landlock => note(
            "sandbox",
            detail,
            "user namespaces would give the stronger profile; docs/security.md compares them",
        ),
    }
}

const REPORT: &str =
    "report this with your system's name and version; until then run factory in a virtual machine";

async fn battery(launcher: &Launcher, holdouts: Option<&Path>) -> Result<Vec<(&'static str, bool)>, String> {
    let mut bait = Bait::plant().map_err(|error| error.to_string())?;
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut tried = Vec::new();
    for Attack { tries, line } in attacks(&bait, holdouts).map_err(|error| error.to_string())? {
        let printed = attempt(launcher, scratch.path(), &line).await.map_err(|error| error.to_string())?;
        tried.push((tries, bait.is_taken(&printed)));
    }
    Ok(tried)
}

async fn attempt(launcher: &Launcher, scratch: &Path, line: &str) -> Result<String, SandboxError> {
    let command = Command::shell(line)
        .cwd(scratch)
        .write(scratch)
        .environment(Environment::tools(scratch)?)
        .limits(Limits { wall: AT_MOST, ..Limits::default() });
    let finished = launcher.run(command).await?;
    Ok(format!("{}{}", finished.stdout.text(), finished.stderr.text()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    /// Without anything that confines them, the attacks get through: so each of them can fail.
    #[test]
    fn attacks_get_through_where_nothing_is_in_their_way() {
        let holdouts = tempfile::tempdir().unwrap();
        fs::write(holdouts.path().join("a.feature"), "Feature: a").unwrap();
        let mut bait = Bait::plant().unwrap();
        for Attack { tries, line } in attacks(&bait, Some(holdouts.path())).unwrap() {
            // Privileges that a test need not have, and tools that a machine need not have.
            if matches!(
                tries,
                "mount a file system" | "make a namespace" | "connect to a port of this machine"
            ) {
                continue;
            }
            let printed =
                process::Command::new("/bin/sh").arg("-c").arg(&line).current_dir("/tmp").output().unwrap();
            let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
            assert!(bait.is_taken(&printed), "{tries}: {printed}");
            for entry in fs::read_dir(bait.folder.path()).unwrap() {
                fs::remove_file(entry.unwrap().path()).unwrap();
            }
            fs::write(bait.path(), &bait.canary).unwrap();
        }
    }
}
