//! One attack from beginning to end: a place for it, what is planted there, the attack itself, and the search for what it
//! carried out.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use factory_sandbox::{Command, End, Environment, Limits, SandboxError, Service};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command as Process};
use tokio::sync::Notify;
use tokio::time;

use crate::attack::{Attack, Mode};
use crate::canary::Canary;
use crate::carried::Carried;
use crate::checkout::{self, Given, Taken};
use crate::play::Outcome;
use crate::worker::Common;

/// How long an attack may take.
const WALL: Duration = Duration::from_secs(15);
/// How long something that is waited for may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The bounds of an attack. Where nothing defends, only that it ends.
fn limits(mode: Mode) -> Limits {
    if mode == Mode::Off {
        return Limits { wall: WALL, ..Limits::default() };
    }
    // Where it counts all of a user's processes, attacks would be in each other's way.
    let processes = if mode == Mode::A { Some(310) } else { Limits::default().processes };
    Limits {
        processes,
        wall: WALL,
        output_bytes: 256 * 1024,
        file_bytes: Some(32 << 20),
        memory_bytes: Some(600 << 20),
        grace: Duration::from_secs(1),
    }
}

/// Where everything of one attack is.
pub(crate) struct Place {
    _folder: TempDir,
    /// The user's repository, or a folder in its place.
    pub(crate) project: PathBuf,
    /// Outside of the project, with a scenario.
    pub(crate) holdouts: PathBuf,
    /// For checkouts.
    pub(crate) cache: PathBuf,
    /// The checkout of an attack that is not about what is in it.
    pub(crate) checkout: PathBuf,
    scratch: PathBuf,
    /// The folders of another run.
    other: PathBuf,
    /// Somewhere else.
    outside: PathBuf,
    pub(crate) canary: Canary,
}

impl Place {
    fn new(common: &Common) -> Self {
        let folder = tempfile::Builder::new().prefix("p-").tempdir_in(&common.place).unwrap();
        let base = folder.path().to_owned();
        let canary = Canary::random();
        let place = Self {
            project: base.join("project"),
            holdouts: base.join("holdouts"),
            cache: base.join("cache"),
            checkout: base.join("cache/run-1/repository"),
            scratch: base.join("cache/run-1/scratch"),
            other: base.join("cache/run-2/scratch"),
            outside: base.join("outside"),
            _folder: folder,
            canary,
        };
        for folder in
            [&place.project, &place.holdouts, &place.checkout, &place.scratch, &place.other, &place.outside]
        {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(place.holdouts.join("login.md"), scenario(&place.canary)).unwrap();
        fs::write(place.checkout.join("app.py"), "print('hello')\n").unwrap();
        place
    }

    /// What an attacker who has read the source, and has been told where things are, knows.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        vec![
            ("PROJECT", text(&self.project)),
            ("HOLDOUTS", text(&self.holdouts)),
            ("OTHER", text(&self.other)),
            ("OUTSIDE", text(&self.outside)),
            ("CALLER_PID", std::process::id().to_string()),
        ]
    }
}

/// A scenario that is longer than what may be like a holdout by chance.
pub(crate) fn scenario(canary: &Canary) -> String {
    format!("# Login\n\nGiven a user, when the password is `{}`,\nthen the answer is 200. {0}\n", canary.word)
}

/// What is planted, as long as it is to be there.
struct Plant {
    process: Child,
    /// When it closes, the plant tidies up and ends.
    hold: Option<ChildStdin>,
    /// What it said.
    line: String,
}

/// The interpreter of an attack's program.
fn interpreter(file: &Path) -> &'static [&'static str] {
    // Without what a site adds, which takes longer than most attacks.
    if file.extension().is_some_and(|kind| kind == "py") { &["/usr/bin/python3", "-S"] } else { &["/bin/sh"] }
}

/// Where the attacks have what they have in common.
fn kit(attack: &Attack) -> &Path {
    attack.file.parent().unwrap().parent().unwrap()
}

/// A part of the attack that runs outside, for us.
fn outside(attack: &Attack, part: &str, place: &Place, facts: &[(&str, String)]) -> Process {
    let interpreter = interpreter(&attack.file);
    let mut process = Process::new(interpreter[0]);
    process
        .args(&interpreter[1..])
        .arg(&attack.file)
        .arg(part)
        .env_clear()
        .current_dir(&place.project)
        .kill_on_drop(true);
    process.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("CANARY", &place.canary.word);
    process
        .env("HOME", &place.outside)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("KIT", kit(attack))
        .env("PYTHONPATH", kit(attack));
    process.envs(checkout::GIT.iter().copied()).envs(facts.iter().map(|(name, value)| (name, value)));
    process
}

impl Plant {
    async fn new(attack: &Attack, place: &Place) -> Result<Self, String> {
        let mut process = outside(attack, "plant", place, &place.facts());
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = process.spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        let read = time::timeout(PATIENCE, said.read_line(&mut line)).await;
        if !matches!(read, Ok(Ok(1..))) {
            let mut errors = String::new();
            let _ = process.start_kill();
            let _ = process.stderr.take().unwrap().read_to_string(&mut errors).await;
            return Err(format!("nothing was planted: {errors}"));
        }
        let hold = process.stdin.take();
        Ok(Self { process, hold, line: line.trim_end().to_owned() })
    }

    /// Lets it tidy up.
    async fn end(mut self) {
        drop(self.hold.take());
        let _ = time::timeout(Duration::from_secs(2), self.process.wait()).await;
    }
}

/// Tries an attack.
pub(crate) async fn play(common: &Common, attack: &Attack, mode: Mode) -> Result<Outcome, String> {
    let place = Place::new(common);
    if attack.sealed.is_some() {
        checkout::project(&common.template, &place);
    }
    let plant = if attack.plants { Some(Plant::new(attack, &place).await?) } else { None };
    let given = match (&attack.sealed, mode) {
        (Some(_), Mode::Off) => checkout::instead(&place, attack.instead),
        (Some(_), Mode::A | Mode::B | Mode::Seal) => {
            match checkout::sealed(&place, common.launcher(Mode::Off)).await {
                Ok(given) => given,
                Err(refusal) => return Ok(Outcome::Refused(refusal)),
            }
        }
        (None, _) => Given { root: place.checkout.clone(), scratch: place.scratch.clone(), sealed: None },
    };
    let mut facts = place.facts();
    if let Some(plant) = &plant {
        facts.push(("PLANT", plant.line.clone()));
        facts.push(("PLANT_PID", plant.process.id().unwrap_or(0).to_string()));
    }
    // So that an attack can tell what a machine lacks from what is kept from it.
    facts.push(("DEFENCE", mode.name().to_owned()));
    let launched = Launched { common, attack, mode, given: &given, facts: &facts };
    let mut carried = Carried::default();
    let end = if attack.candidate {
        launched.candidate(&place, &mut carried).await?
    } else if attack.bare && mode == Mode::Off {
        launched.child(&mut carried).await
    } else {
        launched.command(&place, &mut carried).await
    };
    if end.refused {
        return Ok(Outcome::Refused(end.word));
    }
    if !end.lost && !carried.has_begun() {
        return Err(format!("the attack did not even begin: {}; {}", end.word, carried.said()));
    }
    let mut refused = None;
    if attack.taken {
        match given.take_out().await {
            Taken::Out(taken) => {
                fs::write(place.outside.join("taken"), &taken).unwrap();
                carried.add("what was taken out", taken);
            }
            Taken::Refused(why) => refused = Some(why),
            Taken::Never => {
                return Ok(Outcome::Leaked("whoever takes its changes out waits forever".to_owned()));
            }
        }
    }
    carried.files(&given.root);
    carried.files(&given.scratch);
    if attack.checks {
        facts.push(("END", end.word.clone()));
        facts.push(("ROOT", given.root.to_str().unwrap().to_owned()));
        facts.push(("SCRATCH", given.scratch.to_str().unwrap().to_owned()));
        let checked = outside(attack, "check", &place, &facts).output().await.unwrap();
        if !checked.status.success() {
            return Err(format!("the check failed: {}", String::from_utf8_lossy(&checked.stderr)));
        }
        carried.add("an effect outside", checked.stdout);
    }
    if attack.proves && given.scratch.join("proof").exists() {
        carried.add("an effect", place.canary.word.clone().into_bytes());
    }
    if let Some(plant) = plant {
        plant.end().await;
    }
    if let Some(what) = carried.absent() {
        return Ok(Outcome::Absent(what));
    }
    if let Some(found) = carried.find(&[&place.canary, &common.canary]) {
        return Ok(Outcome::Leaked(format!("{found}; {}", carried.said())));
    }
    if end.lost && mode != Mode::Off {
        return Ok(Outcome::Leaked(format!("what kept it is gone: {}", end.word)));
    }
    if let Some(why) = refused {
        return Ok(Outcome::Refused(why));
    }
    let said = carried.said();
    let word = format!("{}; {said}", end.word);
    Ok(if end.told { Outcome::Detected(word) } else { Outcome::Blocked(word) })
}

/// How an attack ended.
struct Ended {
    word: String,
    /// The caller is told that it did what it may not.
    told: bool,
    /// The caller has lost its hold on it.
    lost: bool,
    /// It was not started.
    refused: bool,
}

impl From<Result<End, SandboxError>> for Ended {
    fn from(end: Result<End, SandboxError>) -> Self {
        match end {
            Ok(end @ End::Exited(_)) => {
                Self { word: end.to_string(), told: false, lost: false, refused: false }
            }
            Ok(end @ (End::Signalled(_) | End::TimedOut)) => {
                Self { word: end.to_string(), told: true, lost: false, refused: false }
            }
            Err(error) => {
                let lost = matches!(error, SandboxError::KeeperLost { .. });
                assert!(lost, "{error}");
                Self { word: error.to_string(), told: true, lost, refused: false }
            }
        }
    }
}

struct Launched<'a> {
    common: &'a Common,
    attack: &'a Attack,
    mode: Mode,
    given: &'a Given,
    facts: &'a [(&'static str, String)],
}

impl Launched<'_> {
    /// The hosts that a proxy takes it to.
    fn allowed(&self) -> Vec<String> {
        let plant = self.facts.iter().find(|(name, _)| *name == "PLANT").map_or("", |(_, line)| line);
        self.attack.allows.iter().map(|host| host.replace("PLANT", plant)).collect()
    }

    fn line(&self, port: (&str, u16)) -> Command {
        let scratch = &self.given.scratch;
        let mut environment = Environment::tools(scratch).unwrap();
        for name in ["KIT", "PYTHONPATH"] {
            environment = environment.with(name, kit(self.attack));
        }
        environment = environment.with(port.0, port.1.to_string());
        for (name, value) in self.facts {
            environment = environment.with(name, value);
        }
        let interpreter = interpreter(&self.attack.file);
        Command::new(interpreter[0])
            .args(&interpreter[1..])
            .arg(&self.attack.file)
            .arg("attack")
            .cwd(&self.given.root)
            .environment(environment)
            .limits(limits(self.mode))
            .allow(&self.allowed())
            .unwrap()
            .read(self.common.place.join("attacks"))
            .write(scratch)
    }

    /// As an implementer's command: it can write to its checkout, and has a way to somebody outside, as to a model.
    async fn command(&self, place: &Place, carried: &mut Carried) -> Ended {
        let (port, over) = (free_port(), Arc::new(Notify::new()));
        let door = Arc::new(Mutex::new(None));
        let (opened, end) = (Arc::clone(&door), Arc::clone(&over));
        let command = self.line(("DOOR", port)).write(&self.given.root).door(port, move |listener| {
            *opened.lock().unwrap() = Some(tokio::spawn(hear(listener, Arc::clone(&end))));
        });
        let launcher = self.common.launcher_with(self.mode, |sandbox| match &self.attack.hidden {
            Some((folder, hidden)) => {
                let project = place.project.as_path();
                sandbox.read([project.join(folder)]).hide([project.join(hidden)])
            }
            None => sandbox,
        });
        let finished = launcher.run(command).await;
        over.notify_one();
        let door = door.lock().unwrap().take();
        if let Some(door) = door {
            carried.add("what it sent through a door", door.await.unwrap());
        }
        match finished {
            Ok(finished) => {
                for (name, stream) in [("its output", finished.stdout), ("its errors", finished.stderr)] {
                    carried.add(name, [stream.head(), b"\n", stream.tail()].concat());
                }
                Ok(finished.end).into()
            }
            // The profile says that it cannot do that.
            Err(error @ SandboxError::CannotHide { .. }) => {
                Ended { word: error.to_string(), told: true, lost: false, refused: true }
            }
            Err(error) => Err(error).into(),
        }
    }

    /// As a plain child of the orchestrator, without any of what a launcher does.
    async fn child(&self, carried: &mut Carried) -> Ended {
        let interpreter = interpreter(&self.attack.file);
        let mut process = Process::new(interpreter[0]);
        process
            .args(&interpreter[1..])
            .arg(&self.attack.file)
            .arg("attack")
            .current_dir(&self.given.root)
            .kill_on_drop(true);
        process
            .env("KIT", kit(self.attack))
            .env("PYTHONPATH", kit(self.attack))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        process.envs(self.facts.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        let output = process.output().await.unwrap();
        carried.add("its output", output.stdout);
        carried.add("its errors", output.stderr);
        Ended { word: output.status.to_string(), told: false, lost: false, refused: false }
    }

    /// As a candidate: a service that can read its checkout, and that somebody outside asks.
    async fn candidate(&self, place: &Place, carried: &mut Carried) -> Result<Ended, String> {
        let port = free_port();
        let command = self.line(("PORT", port)).read(&self.given.root).port(port);
        let log = place.cache.join("service.log");
        let launcher = self.common.launcher(self.mode);
        let service = launcher.start(command, &log).await.map_err(|error| error.to_string())?;
        let answer = time::timeout(WALL, ask(&service, port)).await;
        let end = service.stop().await;
        carried.add("its log", fs::read(&log).unwrap());
        match answer {
            Ok(answer) => carried.add("its answer", answer),
            Err(_) => return Err(format!("the candidate is not there: {}", carried.said())),
        }
        let ended = Ended::from(end);
        // It was asked to end.
        Ok(Ended { told: ended.lost, ..ended })
    }
}

/// What a candidate answers to a stimulus, once it is there.
async fn ask(service: &Service, port: u16) -> Vec<u8> {
    loop {
        if let Ok(mut peer) = service.dial(port).await {
            let mut answer = Vec::new();
            let _ = peer.write_all(b"POST /login HTTP/1.0\r\n\r\n").await;
            let _ = peer.read_to_end(&mut answer).await;
            return answer;
        }
        time::sleep(Duration::from_millis(10)).await;
    }
}

/// Takes in whatever anybody sends, until it is over and nobody is left who waits.
async fn hear(listener: TcpListener, over: Arc<Notify>) -> Vec<u8> {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let mut heard = Vec::new();
    let mut ends = false;
    loop {
        let next = async {
            if ends {
                time::timeout(Duration::from_millis(50), listener.accept()).await.ok()
            } else {
                Some(listener.accept().await)
            }
        };
        tokio::select! {
            biased;
            next = next => match next {
                Some(Ok((mut peer, _))) => {
                    let _ = time::timeout(PATIENCE, peer.read_to_end(&mut heard)).await;
                }
                Some(Err(_)) | None => return heard,
            },
            () = over.notified(), if !ends => ends = true,
        }
    }
}

/// A port that nobody uses, below those that the system gives to whoever connects, and no other attack's.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Each worker has a range of its own.
    let range = if nix::unistd::geteuid().is_root() { 20_000 } else { 26_000 };
    let first = std::process::id().wrapping_mul(997);
    loop {
        let nth = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 6_000;
        let port = u16::try_from(range + nth).unwrap();
        // Not by listening there: a process that is being started would hold it for a moment longer.
        if TcpStream::connect(("127.0.0.1", port)).is_err() {
            return port;
        }
    }
}
