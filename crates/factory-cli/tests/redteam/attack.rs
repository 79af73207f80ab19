//! Attacks as they stand in their files: a head of comments, and a program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The groups, in the order of the table.
pub(crate) const GROUPS: [(&str, &str); 7] = [
    ("history", "What git keeps"),
    ("paths", "Ways through the file system"),
    ("process", "Other processes and the kernel"),
    ("network", "Sockets"),
    ("evaluation", "The candidate, while it is judged"),
    ("side", "What is left for somebody else to follow"),
    ("run", "Whole runs"),
];

/// What a defence consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// Profile A.
    A,
    /// Profile B.
    B,
    /// No sandbox: only the sealed checkout.
    Seal,
    /// No sandbox, and another copy of the project instead of a sealed one.
    Off,
}

impl Mode {
    pub(crate) const ALL: [Mode; 4] = [Mode::A, Mode::B, Mode::Seal, Mode::Off];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Mode::A => "A",
            Mode::B => "B",
            Mode::Seal => "seal",
            Mode::Off => "off",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|mode| mode.name() == name)
            .unwrap_or_else(|| panic!("no profile `{name}`"))
    }
}

/// What is expected where nothing defends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Off {
    /// It succeeds; for one of the users at least, if one is named.
    Leaked(Option<String>),
    /// It is not tried, and why.
    NotShown(String),
}

/// What takes the place of the seal where nothing defends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    Clone,
    Shared,
    Copy,
    Worktree,
}

#[derive(Clone, Debug)]
pub(crate) struct Attack {
    /// `GROUP::NAME`.
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) does: String,
    pub(crate) stopped_by: String,
    profiles: Vec<Mode>,
    pub(crate) off: Off,
    /// Why nothing is claimed for profile B.
    pub(crate) weakness: Option<String>,
    /// It runs as a service that is dialled.
    pub(crate) candidate: bool,
    /// It runs in a copy of a project, and what of.
    pub(crate) sealed: Option<String>,
    pub(crate) instead: Instead,
    /// It can read this folder of the project, in which another one is hidden.
    pub(crate) hidden: Option<(String, String)>,
    /// The hosts that a proxy takes it to. `PLANT` stands for what was planted.
    pub(crate) allows: Vec<String>,
    /// Afterwards its changes are taken out of the checkout, by somebody outside.
    pub(crate) taken: bool,
    /// Its first part plants something outside.
    pub(crate) plants: bool,
    /// It keeps that it could do what must not be done, in a file `proof`.
    pub(crate) proves: bool,
    /// Its last part looks, outside, at whether it has done what must not be done.
    pub(crate) checks: bool,
    /// Where nothing defends, it is a plain child of the orchestrator.
    pub(crate) bare: bool,
    /// It plays a whole run, and what has to become of that.
    pub(crate) run: Option<Run>,
}

/// What a whole run has to come to, so that it is known to have gone where the defence is.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// The exit status of `factory run`.
    pub(crate) ends: i32,
    /// What it has to say where the work is refused.
    pub(crate) refused: Option<String>,
    /// What it has to say where the attack is noticed.
    pub(crate) detected: Option<String>,
    /// It is played with two stimuli, which must make no difference to what a model is sent.
    pub(crate) bounded: bool,
    /// The canary is marked as one in the scenario, so that the tripwire knows it; and the model knows it, too.
    pub(crate) marked: bool,
    /// It is recorded where the canary is not marked, and the recording replayed where it is.
    pub(crate) replayed: bool,
    /// Every verb shows it afterwards, not only those that show most.
    pub(crate) every_verb: bool,
}

impl Run {
    /// From the rest of a head.
    fn read(name: &str, take: &mut impl FnMut(&str) -> Option<String>) -> Option<Self> {
        let ends = match take("ends")?.as_str() {
            "merged" => 0,
            "waiting" => 4,
            other => panic!("{name}: ends: {other}"),
        };
        let (refused, detected) = (take("refused"), take("detected"));
        let (bounded, marked) = (take("bounded").is_some(), take("marked").is_some());
        let (replayed, every_verb) = (take("replayed").is_some(), take("shown").is_some());
        Some(Self { ends, refused, detected, bounded, marked, replayed, every_verb })
    }
}

impl Attack {
    pub(crate) fn group(&self) -> &str {
        self.name.split_once("::").unwrap().0
    }

    pub(crate) fn short(&self) -> &str {
        self.name.split_once("::").unwrap().1
    }

    pub(crate) fn claims(&self, mode: Mode) -> bool {
        self.profiles.contains(&mode)
    }

    /// Whether this user tries it so. What may come out one way or the other is not tried.
    pub(crate) fn is_for(&self, user: &str, mode: Mode) -> bool {
        match (&self.off, mode) {
            (Off::Leaked(Some(only)), Mode::Off) => only == user,
            (Off::Leaked(_) | Off::NotShown(_), Mode::A | Mode::B | Mode::Seal | Mode::Off) => true,
        }
    }

    /// How it is to be tried.
    pub(crate) fn modes(&self) -> Vec<Mode> {
        let mut modes = self.profiles.clone();
        match self.off {
            Off::Leaked(_) => modes.push(Mode::Off),
            Off::NotShown(_) => {}
        }
        modes
    }

    pub(crate) fn read(name: String, file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap();
        let mut head: BTreeMap<&str, String> = BTreeMap::new();
        for line in text.lines().skip_while(|line| line.starts_with("#!")) {
            let Some(line) = line.strip_prefix("# ") else { break };
            match line.split_once(": ") {
                Some((key, value)) if !line.starts_with(' ') => {
                    assert!(head.insert(key, value.to_owned()).is_none(), "{name}: `{key}` twice");
                }
                // A line that goes on.
                _ => head.last_entry().unwrap_or_else(|| panic!("{name}: {line}")).get_mut().push_str(line),
            }
        }
        let mut take = |key: &str| head.remove(key);
        let mut need = |key: &str| take(key).unwrap_or_else(|| panic!("{name} does not say `{key}:`"));
        let (does, stopped_by, profiles, off) =
            (need("does"), need("stopped by"), need("profiles"), need("off"));
        let off = match off.split_once(": ") {
            Some(("not shown", why)) => Off::NotShown(why.to_owned()),
            Some(_) => panic!("{name}: off: {off}"),
            None => match off.strip_prefix("leaked") {
                Some("") => Off::Leaked(None),
                Some(rest) => Off::Leaked(Some(rest.strip_prefix(" as ").unwrap().to_owned())),
                None => panic!("{name}: off: {off}"),
            },
        };
        let instead = take("instead");
        let bare = instead.as_deref() == Some("plain child");
        let instead = match instead.as_deref() {
            None | Some("clone" | "plain child") => Instead::Clone,
            Some("shared") => Instead::Shared,
            Some("copy") => Instead::Copy,
            Some("worktree") => Instead::Worktree,
            Some(other) => panic!("{name}: instead: {other}"),
        };
        let check = take("check");
        let proves = text.contains("possible(") || text.contains("prove(");
        assert!(!proves || check.is_some(), "{name} does not say `check:`");
        let run = Run::read(&name, &mut take);
        let attack = Self {
            run,
            file: file.to_owned(),
            does,
            stopped_by,
            profiles: profiles.split(' ').map(Mode::named).collect(),
            off,
            weakness: take("weakness"),
            candidate: take("role").is_some_and(|role| role == "candidate"),
            sealed: take("sealed"),
            instead,
            bare,
            hidden: take("reads").map(|reads| {
                let (folder, hidden) = reads.split_once(" without ").expect("what is hidden");
                (folder.to_owned(), hidden.to_owned())
            }),
            allows: take("allows").map_or(Vec::new(), |hosts| hosts.split(' ').map(str::to_owned).collect()),
            taken: take("then").is_some_and(|then| then == "its changes are taken out"),
            plants: text.contains("plant") || text.contains("stay"),
            proves,
            checks: check.is_some() && !proves,
            name,
        };
        assert!(head.is_empty(), "{}: {head:?} in its head", attack.name);
        // What does not depend on the profile is tried in the strongest.
        let either = attack.run.is_some() && attack.weakness.is_none();
        assert!(either || attack.claims(Mode::B) == attack.weakness.is_none(), "{}: profile B", attack.name);
        attack
    }
}

/// Where the attacks are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/redteam/attacks")
}

/// All attacks, by group and name.
pub(crate) fn all() -> Vec<Attack> {
    let mut attacks = Vec::new();
    for (group, _) in GROUPS {
        let Ok(entries) = fs::read_dir(folder().join(group)) else { continue };
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|kind| kind == "py" || kind == "sh"));
        files.sort();
        for file in files {
            let name = format!("{group}::{}", file.file_stem().unwrap().to_str().unwrap());
            attacks.push(Attack::read(name, &file));
        }
    }
    attacks
}
