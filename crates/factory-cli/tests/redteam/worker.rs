//! The process that tries attacks as one user. It plays the orchestrator, and is attacked as that.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::{env, io, thread};

use factory_sandbox::{Launcher, Profile, Sandbox};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task;

use crate::attack::{Attack, Mode};
use crate::canary::Canary;
use crate::checkout;
use crate::play::{Order, Word};
use crate::stage;
use crate::whole;

/// The variable that makes this program a worker, and names its folder.
pub(crate) const PLACE: &str = "FACTORY_REDTEAM_PLACE";
/// The variable of the orchestrator that an attack would like to read.
pub(crate) const CANARY: &str = "OPENAI_API_KEY";

/// What all attacks of a worker have in common.
pub(crate) struct Common {
    pub(crate) place: PathBuf,
    pub(crate) canary: Canary,
    /// A repository for projects to be copied from.
    pub(crate) template: PathBuf,
}

impl Common {
    /// The launcher of a defence.
    pub(crate) fn launcher(&self, mode: Mode) -> Launcher {
        self.launcher_with(mode, |sandbox| sandbox)
    }

    /// The same, with something more to be seen or to be hidden.
    pub(crate) fn launcher_with(&self, mode: Mode, more: impl FnOnce(Sandbox) -> Sandbox) -> Launcher {
        let launcher = Launcher::with_helper(self.place.join("factory"));
        match mode {
            Mode::A => launcher.confined(more(Sandbox::new(Profile::Namespaces))),
            Mode::B => launcher.confined(more(Sandbox::new(Profile::Landlock))),
            Mode::Seal | Mode::Off => launcher,
        }
    }
}

pub(crate) fn is_one() -> bool {
    env::var_os(PLACE).is_some()
}

/// Takes orders until there are none.
pub(crate) fn run() -> ExitCode {
    let place = PathBuf::from(env::var_os(PLACE).unwrap());
    let template = place.join("template");
    checkout::template(&template);
    let common = Arc::new(Common { place, canary: Canary::of(env::var(CANARY).unwrap()), template });
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work(common));
    ExitCode::SUCCESS
}

async fn work(common: Arc<Common>) {
    let mut profiles = Vec::new();
    for mode in [Mode::A, Mode::B] {
        if common.launcher(mode).try_out().await.is_ok() {
            profiles.push(mode.name().to_owned());
        }
    }
    say(&Word::Ready { profiles });
    let (sender, mut orders) = mpsc::unbounded_channel::<Order>();
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let order = serde_json::from_str(&line.unwrap()).unwrap();
            if sender.send(order).is_err() {
                break;
            }
        }
    });
    while let Some(order) = orders.recv().await {
        let common = Arc::clone(&common);
        let id = order.id;
        let trying = task::spawn(async move {
            let attack = Attack::read(order.attack, order.file.as_ref());
            let mode = Mode::named(&order.mode);
            if attack.run.is_none() {
                return stage::play(&common, &attack, mode).await;
            }
            let played = task::spawn_blocking(move || whole::play(&common, &attack, mode)).await;
            played.unwrap_or_else(|error| Err(format!("the harness: {error}")))
        });
        task::spawn(async move {
            let outcome = trying.await.unwrap_or_else(|error| Err(format!("the harness: {error}")));
            say(&Word::Done { id, outcome });
        });
    }
}

fn say(word: &Word) {
    let line = serde_json::to_string(word).unwrap();
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
