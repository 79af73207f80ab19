//! The users as whom attacks are tried, each with a process that tries them: the orchestrator that is attacked, with canaries
//! in its environment and in a descriptor that it has left open for its children.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::{env, thread};

use command_fds::{CommandFdExt, FdMapping};
use nix::unistd::{self, Gid, Uid};
use tempfile::TempDir;

use crate::attack::{self, Attack, Mode};
use crate::canary::Canary;
use crate::play::{Order, Outcome, Word};
use crate::worker;

/// A user without privileges, who is on every machine.
const NOBODY: u32 = 65534;
/// The descriptor that the orchestrator leaves open for its children.
const LEFT_OPEN: i32 = 9;

type Waiting = Arc<Mutex<HashMap<u64, Sender<Result<Outcome, String>>>>>;

/// One user's worker.
pub(crate) struct Crew {
    /// `root` or `user`.
    pub(crate) name: &'static str,
    profiles: Vec<String>,
    attacks: PathBuf,
    orders: Mutex<ChildStdin>,
    waiting: Waiting,
    next: AtomicU64,
    worker: Child,
    _folder: TempDir,
}

/// The current user, and if that is root, another one, too.
pub(crate) fn all() -> Vec<Crew> {
    if unistd::geteuid().is_root() {
        vec![Crew::new("root", None), Crew::new("user", Some(NOBODY))]
    } else {
        vec![Crew::new("user", None)]
    }
}

impl Crew {
    fn new(name: &'static str, user: Option<u32>) -> Self {
        let folder = tempfile::Builder::new().prefix("redteam-").tempdir().unwrap();
        let place = folder.path().canonicalize().unwrap();
        // What a user who is nobody must be able to execute and to read may stand where it cannot get at it.
        let program = place.join("redteam");
        bring(&env::current_exe().unwrap(), &program);
        bring(Path::new(crate::FACTORY), &place.join("factory"));
        let attacks = place.join("attacks");
        copy(&attack::folder(), &attacks);
        let canary = Canary::random();
        let secret = place.join("secret");
        fs::write(&secret, format!("of the caller: {}\n", canary.word)).unwrap();
        let open = File::open(&secret).unwrap();
        fs::remove_file(&secret).unwrap();
        if let Some(user) = user {
            unistd::chown(&place, Some(Uid::from_raw(user)), Some(Gid::from_raw(user))).unwrap();
        }

        let mut command = Command::new(&program);
        let mapping = FdMapping { parent_fd: OwnedFd::from(open), child_fd: LEFT_OPEN };
        command.fd_mappings(vec![mapping]).unwrap();
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", &place);
        command.env(worker::PLACE, &place).env(worker::CANARY, &canary.word).current_dir("/");
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        let mut worker =
            command.arg0("orchestrator").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        drop(command);
        let orders = Mutex::new(worker.stdin.take().unwrap());
        let mut words = BufReader::new(worker.stdout.take().unwrap());
        let mut line = String::new();
        words.read_line(&mut line).unwrap();
        let Word::Ready { profiles } = serde_json::from_str(&line).unwrap() else { panic!("{line}") };
        let waiting = Waiting::default();
        let listening = Arc::clone(&waiting);
        thread::spawn(move || listen(words, &listening));
        let next = AtomicU64::new(1);
        Self { name, profiles, attacks, orders, waiting, next, worker, _folder: folder }
    }

    /// Whether this machine lets this user have that defence.
    pub(crate) fn can(&self, mode: Mode) -> bool {
        match mode {
            Mode::A | Mode::B => self.profiles.iter().any(|profile| profile == mode.name()),
            Mode::Seal | Mode::Off => true,
        }
    }

    /// Has an attack tried.
    pub(crate) fn play(&self, attack: &Attack, mode: Mode) -> Result<Outcome, String> {
        let (sender, receiver) = mpsc::channel();
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.waiting.lock().unwrap().insert(id, sender);
        let file = self.attacks.join(attack.file.strip_prefix(attack::folder()).unwrap());
        let order = Order {
            id,
            attack: attack.name.clone(),
            file: file.to_str().unwrap().to_owned(),
            mode: mode.name().to_owned(),
        };
        let line = serde_json::to_string(&order).unwrap();
        writeln!(self.orders.lock().unwrap(), "{line}").map_err(|error| error.to_string())?;
        receiver.recv().map_err(|_| "the worker has ended".to_owned())?
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        let _ = self.worker.kill();
        let _ = self.worker.wait();
    }
}

fn listen(mut words: BufReader<ChildStdout>, waiting: &Waiting) {
    let mut line = String::new();
    while words.read_line(&mut line).unwrap_or(0) > 0 {
        if let Ok(Word::Done { id, outcome }) = serde_json::from_str(&line)
            && let Some(sender) = waiting.lock().unwrap().remove(&id)
        {
            let _ = sender.send(outcome);
        }
        line.clear();
    }
    // Nobody is left to answer.
    waiting.lock().unwrap().clear();
}

/// Brings a program to another place.
fn bring(from: &Path, to: &Path) {
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to).unwrap();
        fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::write(target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}
