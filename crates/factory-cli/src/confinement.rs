//! How commands are confined on this machine, for this project: the strongest profile that works, what the project lets
//! them read, and what is kept from them wherever it is.

use std::env;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;

use factory_core::reason;
use factory_sandbox::{Launcher, Profile, Sandbox};
use tokio::runtime;

use crate::config::place::{self, Place};
use crate::config::project;
use crate::error::CliError;
use crate::output;

/// The strongest profile that works here. Tried out once in a process: it takes a few milliseconds.
pub(crate) fn strongest() -> Result<Profile, CliError> {
    static TRIED: OnceLock<Result<Profile, String>> = OnceLock::new();
    let tried = TRIED.get_or_init(|| {
        // A thread of its own, since this may be called within the program's runtime.
        let trying = thread::spawn(|| {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            runtime.block_on(Launcher::new().strongest()).map_err(|error| error.to_string())
        });
        trying.join().unwrap_or_else(|_| Err("the attempt broke down".to_owned()))
    });
    tried.clone().map_err(|why| {
        CliError::failed(
            "commands cannot be confined on this machine, so nothing would keep the holdouts hidden",
        )
        .because(&std::io::Error::other(why))
        .hint("factory doctor tries it out and says what is missing")
    })
}

/// Launches commands of agents and of candidates, for a project with these holdouts. Unconfined only where a person has
/// accepted that, since nothing else works.
pub(crate) fn launcher(place: &Place, holdouts: &[PathBuf], unsealed: bool) -> Result<Launcher, CliError> {
    if unsealed {
        return Ok(Launcher::new());
    }
    let mut hidden = vec![place.project.root().to_owned(), place.store(), place::cache()?];
    hidden.extend(holdouts.iter().cloned());
    let sandbox = Sandbox::new(strongest()?).hide(hidden);
    let readable = readable(place)?;
    refuse_hidden(&readable, &sandbox)?;
    refuse_around(&readable, holdouts)?;
    Ok(Launcher::new().confined(sandbox.read(readable)))
}

/// Why a person accepts that commands of a run are not confined, if they do. Nobody but a person at a terminal can, and only
/// where there is no other way: a script, a project's file or a service never can.
pub(crate) fn accepted(because: Option<&str>) -> Result<Option<String>, CliError> {
    let Some(because) = because else { return Ok(None) };
    let flag = "--accept-unsealed";
    if let Ok(profile) = strongest() {
        return Err(CliError::usage(format!(
            "{flag} is not needed: profile {profile} works on this machine"
        ))
        .hint("leave it out; the run is sealed then"));
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(CliError::usage(format!("{flag} is for a person at a terminal"))
            .hint("run it there, or on a machine where factory doctor finds a profile that works"));
    }
    let because = reason::check(because).map_err(|error| {
        CliError::usage(format!("{flag} needs a reason")).because(&error).hint(
            "say why this run may go on although nothing keeps the holdouts hidden; it is kept with the run",
        )
    })?;
    output::note_line(
        "Commands are NOT confined: what they read, and with it the verdict, is taken on trust.",
    );
    output::note_line("That is recorded, and a person has to decide on the merge.");
    Ok(Some(because))
}

/// What `[sandbox] read` names. A project's file is seen by everybody who works in it, and says nothing of anyone's home
/// directory; the file of this machine may.
fn readable(place: &Place) -> Result<Vec<PathBuf>, CliError> {
    let home = env::home_dir();
    let homes = homes(home.clone());
    for path in place.config.sandbox.read.iter().chain(&place.local.read) {
        refuse_machine(path)?;
    }
    for path in &place.config.sandbox.read {
        check(path, &homes, project::FILE)?;
    }
    let local = place.local.read.iter();
    for path in local.clone() {
        if !path.is_absolute() || home.as_ref().is_some_and(|home| home.starts_with(path)) {
            return Err(not_readable(
                path,
                ".factory/local.toml",
                "name an absolute path inside of it instead",
            ));
        }
    }
    Ok(place.config.sandbox.read.iter().chain(local).cloned().collect())
}

/// Nothing that is kept from commands can be named as what they read: neither the project, its store, the cache, the
/// holdouts, nor anything inside of them, by whatever link.
fn refuse_hidden(readable: &[PathBuf], sandbox: &Sandbox) -> Result<(), CliError> {
    for path in readable {
        if let Some(hidden) = sandbox.hides(path) {
            return Err(CliError::usage(format!(
                "`read` names {}, which is in {}: that is kept from commands",
                path.display(),
                hidden.display()
            ))
            .hint("take it out of [sandbox] read in factory.toml, or read in .factory/local.toml; [setup] brings dependencies in"));
        }
    }
    Ok(())
}

/// Nothing that the holdouts are in can be named: one mount that fails to be made, and they could be read.
fn refuse_around(readable: &[PathBuf], holdouts: &[PathBuf]) -> Result<(), CliError> {
    for path in readable {
        let open = real(path);
        if let Some(inside) = holdouts.iter().find(|folder| real(folder).starts_with(&open)) {
            return Err(CliError::usage(format!(
                "`read` names {}, and the holdouts are inside of it, in {}",
                path.display(),
                inside.display()
            ))
            .hint("name the folder inside of it that commands need, or keep the holdouts somewhere else"));
        }
    }
    Ok(())
}

/// The machine itself cannot be named: its whole file system, and what only looks like files.
fn refuse_machine(path: &Path) -> Result<(), CliError> {
    let open = real(path);
    let why = if open == Path::new("/") {
        "that is all there is on the machine"
    } else if ["/proc", "/sys", "/dev"].iter().any(|folder| open.starts_with(folder)) {
        "what is there are the machine's processes, devices and settings, and not files"
    } else if open == Path::new("/run") {
        "the sockets of the machine's services are in it"
    } else {
        return Ok(());
    };
    Err(CliError::usage(format!("`read` names {}: {why}", path.display())).hint(
        "name the folder that commands need, in [sandbox] read of factory.toml or read of .factory/local.toml; \
         commands have a /proc, a /dev and a /tmp of their own in profile A",
    ))
}

/// A path without links, and as it is where there is nothing.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Where people's own things are, whoever `HOME` says it is: the homes of all accounts for people and of root, and what keeps
/// the machine's passwords and keys.
fn homes(home: Option<PathBuf>) -> Vec<PathBuf> {
    const FIRST_PERSON: u32 = 1000;
    const NOBODY: u32 = 65534;
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let accounts = accounts.lines().filter_map(|line| {
        let mut fields = line.split(':').skip(2);
        let user: u32 = fields.next()?.parse().ok()?;
        let home = PathBuf::from(fields.nth(2)?);
        ((user == 0 || user >= FIRST_PERSON) && user != NOBODY && home.components().count() > 1)
            .then_some(home)
    });
    let always = ["/home", "/root", "/etc"].map(PathBuf::from);
    accounts.chain(home).chain(always).collect()
}

fn check(path: &Path, homes: &[PathBuf], file: &str) -> Result<(), CliError> {
    let real = real(path);
    let private = homes.iter().any(|home| {
        path.starts_with(home) || home.starts_with(path) || real.starts_with(home) || home.starts_with(&real)
    });
    if path.is_absolute() && !private && !path.components().any(|part| part.as_os_str() == "..") {
        return Ok(());
    }
    Err(not_readable(
        path,
        file,
        "`read` in .factory/local.toml is the place for what is on this machine only, and for what is in /etc",
    ))
}

fn not_readable(path: &Path, file: &str, hint: &str) -> CliError {
    CliError::usage(format!(
        "{file} lets commands read `{}`, which is not an absolute path outside of every home directory",
        path.display()
    ))
    .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_cannot_be_named() {
        let sandbox = Sandbox::new(Profile::Namespaces).hide(["/srv/shop", "/srv/holdouts"]);
        for path in ["/srv/holdouts", "/srv/holdouts/a.md", "/srv/shop/.factory", "/srv/shop/.git"] {
            assert!(refuse_hidden(&[PathBuf::from(path)], &sandbox).is_err(), "{path}");
        }
        for path in ["/srv", "/srv/holdouts2", "/opt/sdk"] {
            assert!(refuse_hidden(&[PathBuf::from(path)], &sandbox).is_ok(), "{path}");
        }
    }

    #[test]
    fn what_the_holdouts_are_in_cannot_be_named() {
        let holdouts = [PathBuf::from("/srv/holdouts/shop")];
        for path in ["/srv", "/srv/holdouts", "/srv/holdouts/shop", "/"] {
            assert!(refuse_around(&[PathBuf::from(path)], &holdouts).is_err(), "{path}");
        }
        for path in ["/srv/sdk", "/srv/holdouts/other", "/srv/hold"] {
            assert!(refuse_around(&[PathBuf::from(path)], &holdouts).is_ok(), "{path}");
        }
    }

    #[test]
    fn the_machine_itself_cannot_be_named() {
        for path in ["/", "/proc", "/proc/1", "/sys", "/sys/kernel", "/dev", "/dev/shm", "/opt/..", "/run"] {
            assert!(refuse_machine(Path::new(path)).is_err(), "{path}");
        }
        for path in ["/opt/sdk", "/processes", "/device", "/run/sdk"] {
            assert!(refuse_machine(Path::new(path)).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_project_opens_no_home_directory() {
        let homes = homes(Some(PathBuf::from("/people/ann")));
        for path in [
            "/people/ann/.ssh",
            "/people/ann",
            "/people",
            "/home",
            "/home/bob",
            "/root/.ssh",
            "/etc/shadow",
            "/",
            "opt/sdk",
            "/opt/../home/ann",
            "/proc/self/root/root",
        ] {
            assert!(check(Path::new(path), &homes, "factory.toml").is_err(), "{path}");
        }
        for path in ["/opt/sdk", "/srv/data", "/home2"] {
            assert!(check(Path::new(path), &homes, "factory.toml").is_ok(), "{path}");
        }
    }
}
