//! A tiny project in a directory of its own: a service in one file, a specification of two requirements, holdouts, and a
//! model that plays its roles from a script. Everything that the binary is told comes from here, nothing from whoever
//! runs the tests.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use factory_testkit::model_twin::{Call, MODEL, ModelTwin, Script};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{self, Ran};

/// The program under test.
pub(crate) const FACTORY: &str = env!("CARGO_BIN_EXE_factory");
/// The shipped stages with one try for each build and each verdict, so that what is stuck is stuck at once. It takes the
/// place of the shipped pipeline where it is the project's `pipelines/feature.toml`.
pub(crate) const PIPELINE: &str = r#"schema = 1
name = "feature"
entry = { feature = "spec", hotfix = "build" }

[policy]
min_pass_percent = 90

[[stage]]
id = "spec"
makes = "spec"
role = "none"

[[stage]]
id = "plan"
makes = "plan"
role = "planner"
needs = ["spec"]
exit_gate = "human"

[[stage]]
id = "tasks"
makes = "tasks"
role = "planner"
needs = ["spec", "plan"]

[[stage]]
id = "build"
makes = "build"
role = "implementer"
needs = ["spec", "plan", "tasks"]
attempts = 1

[[stage]]
id = "review"
makes = "review"
role = "reviewer"
needs = ["spec", "build"]
exit_gate = "policy"
returns_to = "build"

[[stage]]
id = "verify"
makes = "verify"
role = "evaluator"
needs = ["spec", "build", "review"]
exit_gate = "policy"
returns_to = "build"

[[stage]]
id = "merge"
makes = "merge"
role = "none"
needs = ["build", "review", "verify"]
entry_gate = "human"
"#;
/// The specification, as the command line names it.
pub(crate) const SPEC: &str = "specs/feature-greeting.md";
/// The branch that a run ends in.
pub(crate) const BRANCH: &str = "factory/greeting";
/// What approves every gate.
pub(crate) const APPROVE: &str = "--approve-because=the tests decide";

/// Starts fast, because it is started for every run of every scenario.
const SERVICE: &str = r#"import json
import os
import socketserver


def answer(path):
    if path == "/health":
        return 200, {"status": "ok"}
    return 404, {"error": "there is nothing here"}


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        words = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        if len(words) != 3:
            return
        status, body = answer(words[1])
        data = json.dumps(body).encode()
        head = [
            f"HTTP/1.1 {status} Greeting",
            "Content-Type: application/json",
            f"Content-Length: {len(data)}",
            "Connection: close",
        ]
        self.wfile.write("\r\n".join(head + ["", ""]).encode() + data)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#;

const CHECK: &str = r#"import os
import service

assert service.answer("/health") == (200, {"status": "ok"})
for line in range(1200):
    if os.path.exists("broken"):
        print("line", line, "of what went wrong")
assert not os.path.exists("broken"), "the file that breaks everything is there"
"#;

pub(crate) const FACTORY_TOML: &str = r#"schema = 1

[project]
name = "greeter"

[[check]]
name = "tests"
command = "python3 -S check.py"

[deploy]
command = "python3 -S service.py"
ready = "/health"

[deploy.env]
PORT = "${port}"
"#;

/// Its text.
pub(crate) const SPECIFICATION: &str = "# Feature: The service greets

## Goal

Whoever asks is greeted, by name if the name is known.

## Context

- `service.py` is the whole service. It knows ann and bob.

## Requirements

1. WHEN `GET /hello` is requested, the service MUST answer 200 with `{\"greeting\": \"hello\"}`.
2. IF `GET /hello/NAME` is requested and NAME is not known, THEN the service MUST answer 404 with a JSON object
   whose `error` is a string that is not empty.

## Constraints

- No new dependencies.

## Edge Cases

- `GET /hello/` greets nobody in particular.

## Non-Goals

- Other languages.
";

/// The holdouts, by file. The names in them occur nowhere else.
pub(crate) const HOLDOUTS: [(&str, &str); 3] = [
    (
        "plain.md",
        "# Scenario: Quixote walks in and is welcomed\n@critical\nCovers: R1\n\nWhen the client sends GET /hello\n\
         Then the status is 200\nAnd the body is {\"greeting\": \"hello\"}\n",
    ),
    (
        "stranger.md",
        "# Scenario: Dulcinea remains unannounced\nCovers: R2\n\nWhen the client sends GET /hello/dulcinea-del-toboso\n\
         Then the status is 404\nAnd the field \"error\" is a non-empty string\n",
    ),
    (
        "steady.md",
        "# Scenario: Sancho returns after the nap\nCovers: R1\n\nWhen the client sends GET /hello\n\
         Then the status is 200\nWhen the service is restarted\nAnd the client sends GET /hello\n\
         Then the field \"greeting\" equals \"hello\"\n",
    ),
];

/// Whether Python runs here, and in which directory it is: a launcher in front of it would be slow.
static PYTHON: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let tell = "import os, sys; print(os.path.dirname(os.path.realpath(sys.executable)) if sys.version_info >= (3, 9) else '')";
    let told = Command::new("python3").args(["-c", tell]).output().ok()?;
    let place = PathBuf::from(String::from_utf8(told.stdout).ok()?.trim());
    place.join("python3").is_file().then_some(place)
});

/// Where rustup and cargo have their things, for a world with a home of its own.
pub(crate) fn rust_homes() -> Vec<(&'static str, OsString)> {
    let home = std::env::home_dir().unwrap_or_default();
    let place = |name: &'static str, folder: &str| {
        (name, std::env::var_os(name).unwrap_or_else(|| home.join(folder).into_os_string()))
    };
    let all = [place("RUSTUP_HOME", ".rustup"), place("CARGO_HOME", ".cargo")];
    all.into_iter().filter(|(_, folder)| Path::new(folder).is_dir()).collect()
}

pub(crate) fn has_cargo() -> bool {
    Command::new("cargo").arg("--version").output().is_ok_and(|output| output.status.success())
}

pub(crate) fn has_python() -> bool {
    PYTHON.is_some()
}

/// `PATH` with Python first.
pub(crate) fn search_path() -> OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = PYTHON.iter().cloned().chain(std::env::split_paths(&rest));
    std::env::join_paths(all).unwrap()
}

/// An attempt that does what the specification says.
pub(crate) fn right() -> Vec<Call> {
    attempt("404, {\"error\": \"nobody knows them\"}")
}

/// An attempt that greets everybody, which R2 forbids.
pub(crate) fn wrong() -> Vec<Call> {
    attempt("200, {\"greeting\": \"hello \" + path[7:]}")
}

/// An attempt that mends what [`wrong`] did.
pub(crate) fn mended() -> Vec<Call> {
    vec![
        Call::bash("python3 -S check.py"),
        Call::edit(
            "service.py",
            "200, {\"greeting\": \"hello \" + path[7:]}",
            "404, {\"error\": \"nobody knows them\"}",
        ),
        submit("Strangers are not greeted."),
    ]
}

/// Greets, and answers this for names that are not known.
fn attempt(stranger: &str) -> Vec<Call> {
    let greets = format!(
        "        return 200, {{\"status\": \"ok\"}}\n    if path in (\"/hello\", \"/hello/\"):\n        return 200, \
         {{\"greeting\": \"hello\"}}\n    if path.startswith(\"/hello/\") and path[7:] not in (\"ann\", \"bob\"):\n        \
         return {stranger}\n"
    );
    vec![
        Call::edit("service.py", "        return 200, {\"status\": \"ok\"}\n", &greets),
        Call::bash("python3 -S check.py && cat service.py"),
        submit("It greets."),
    ]
}

pub(crate) fn submit(summary: &str) -> Call {
    Call::submit(json!({ "summary": summary }))
}

/// The login of whoever runs the tests, as the operating system has it.
pub(crate) fn login() -> String {
    let uid = nix::unistd::Uid::current();
    nix::unistd::User::from_uid(uid).unwrap().map_or(format!("uid-{uid}"), |user| user.name)
}

/// A script in which the implementer makes these attempts.
pub(crate) fn building(attempts: Vec<Vec<Call>>) -> Script {
    Script::serving(&["R1", "R2"], attempts)
}

/// A project, its holdouts, its model.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) twin: Option<ModelTwin>,
}

impl World {
    /// A project whose model works by the script.
    pub(crate) fn new(script: Script) -> Self {
        Self::with_files(script, &[])
    }

    /// The same with other files, or other content of its files, in the first commit.
    pub(crate) fn with_files(script: Script, files: &[(&str, &str)]) -> Self {
        let world =
            Self { folder: tempfile::tempdir().unwrap(), twin: Some(ModelTwin::start(script).unwrap()) };
        world.make(files);
        world
    }

    /// The same without a model.
    pub(crate) fn without_model() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap(), twin: None };
        world.make(&[]);
        world
    }

    fn make(&self, files: &[(&str, &str)]) {
        let own = [
            ("service.py", SERVICE),
            ("check.py", CHECK),
            ("factory.toml", FACTORY_TOML),
            (SPEC, SPECIFICATION),
            (".gitignore", "__pycache__/\n"),
        ];
        for (path, text) in own.iter().chain(files) {
            self.write(path, text);
        }
        write(
            &self.root().join("home/.gitconfig"),
            "[user]\n\tname = Tess\n\temail = tess@example.test\n[gc]\n\tauto = 0\n",
        );
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--message=A service that greets nobody"]);
        for (name, text) in HOLDOUTS {
            self.write_holdout(name, text);
        }
        self.write(".factory/.gitignore", "*\n");
        self.write(".factory/local.toml", &format!("schema = 1\nholdouts = {:?}\n", self.holdouts()));
    }

    pub(crate) fn twin(&self) -> &ModelTwin {
        self.twin.as_ref().unwrap()
    }

    /// The directory that everything is in.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.root().join("project")
    }

    pub(crate) fn holdouts(&self) -> PathBuf {
        self.root().join("set-aside")
    }

    pub(crate) fn checkouts(&self) -> PathBuf {
        self.root().join("cache/checkouts")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.project().join(".factory")
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, path: &str, text: &str) {
        write(&self.project().join(path), text);
    }

    pub(crate) fn write_holdout(&self, name: &str, text: &str) {
        write(&self.holdouts().join(name), text);
    }

    /// Commits everything that has changed.
    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// What a person has in the environment who uses the factory here.
    pub(crate) fn environment(&self) -> BTreeMap<&'static str, OsString> {
        let date = "2026-01-01T00:00:00Z";
        let mut variables: BTreeMap<&'static str, OsString> = BTreeMap::from([
            ("PATH", search_path()),
            ("HOME", self.root().join("home").into()),
            ("TMPDIR", self.root().join("tmp").into()),
            ("LANG", "C.UTF-8".into()),
            ("TZ", "UTC".into()),
            ("USER", "tess".into()),
            ("FACTORY_CACHE_DIR", self.root().join("cache").into()),
            ("GIT_CONFIG_GLOBAL", self.root().join("home/.gitconfig").into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_AUTHOR_DATE", date.into()),
            ("GIT_COMMITTER_DATE", date.into()),
        ]);
        if let Some(twin) = &self.twin {
            variables.insert("OPENAI_BASE_URL", twin.base_url().into());
            variables.insert("OPENAI_API_KEY", "sk-only-for-tests".into());
            variables.insert("FACTORY_MODEL", MODEL.into());
        }
        variables
    }

    /// Any program in the project's folder.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        for folder in ["home", "tmp", "project"] {
            fs::create_dir_all(self.root().join(folder)).unwrap();
        }
        let mut command = Command::new(program);
        command.args(args).current_dir(self.project()).env_clear().envs(self.environment());
        command
    }

    /// Runs the factory, without a terminal, to its end.
    pub(crate) fn factory(&self, args: &[&str]) -> Ran {
        process::run(self.command(FACTORY, args))
    }

    /// `factory run` on the specification, with more arguments.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.factory(&[&["run", SPEC], args].concat())
    }

    /// What a command with `--format json` printed.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let ran = self.factory(&[args, &["--format", "json"]].concat());
        serde_json::from_str(&ran.ends_with(0).out).unwrap()
    }

    /// What git prints, which has to succeed.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        process::run(self.command("git", args)).ends_with(0).out.trim_end().to_owned()
    }

    /// A project with a pipeline of its own.
    pub(crate) fn with_pipeline(script: Script, pipeline: &str) -> Self {
        Self::with_files(script, &[("pipelines/feature.toml", pipeline)])
    }

    /// The id of the newest run.
    pub(crate) fn id(&self) -> String {
        self.json(&["runs", "list"])[0]["id"].as_str().unwrap().to_owned()
    }

    /// The state of the newest run, in a word.
    pub(crate) fn state(&self) -> String {
        self.json(&["runs", "list"])[0]["state"].as_str().unwrap().to_owned()
    }

    /// The events of that name in the newest run's log, in order.
    pub(crate) fn events(&self, name: &str) -> Vec<Value> {
        let logged = self.json(&["runs", "logs"]);
        let events = logged.as_array().unwrap().iter().map(|row| row["event"].clone());
        events.filter(|event| event["event"] == name).collect()
    }

    /// All branches, sorted.
    pub(crate) fn branches(&self) -> Vec<String> {
        self.git(&["branch", "--format=%(refname:short)"]).lines().map(str::to_owned).collect()
    }

    /// The tree that a branch holds.
    pub(crate) fn tree(&self, branch: &str) -> String {
        self.git(&["rev-parse", &format!("{branch}^{{tree}}")])
    }

    /// Fails unless the run left what a merge leaves: a commit on a branch of its own, and nothing else.
    pub(crate) fn assert_merged(&self) {
        assert_eq!(self.branches(), [BRANCH, "main"]);
        assert_eq!(self.git(&["rev-list", "--count", &format!("main..{BRANCH}")]), "1");
        assert_eq!(self.git(&["rev-parse", &format!("{BRANCH}^")]), self.git(&["rev-parse", "main"]));
        assert_eq!(self.git(&["status", "--porcelain"]), "");
    }

    /// Fails unless every process is gone that was started for this project.
    pub(crate) fn assert_no_process(&self) {
        process::assert_none_about(self.root());
    }

    /// Fails if there is a checkout.
    pub(crate) fn assert_no_checkout(&self) {
        let left: Vec<_> = fs::read_dir(self.checkouts())
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name != "lock")
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// Fails if any text that only the holdouts have was sent to the model.
    pub(crate) fn assert_holdouts_stayed_hidden(&self) {
        let secrets = secrets(&self.holdouts());
        assert!(secrets.len() >= HOLDOUTS.len() * 4, "{secrets:?}");
        for request in self.twin().requests() {
            let text = request.body.to_string();
            for secret in &secrets {
                assert!(!text.contains(secret), "{:?} of {:?} saw `{secret}`", request.step, request.role);
            }
        }
    }
}

/// What nobody may learn of holdouts: where they are, and each line of them.
fn secrets(folder: &Path) -> Vec<String> {
    let mut secrets = vec![folder.display().to_string()];
    secrets.extend(["quixote", "Quixote", "dulcinea", "Dulcinea", "Sancho"].map(str::to_owned));
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        secrets.push(path.file_name().unwrap().to_string_lossy().into_owned());
        for line in fs::read_to_string(path).unwrap().lines().filter(|line| line.len() > 12) {
            secrets.push(line.trim().to_owned());
            // As it would stand in JSON.
            secrets.push(Value::from(line.trim()).to_string().trim_matches('"').to_owned());
        }
    }
    secrets
}

pub(crate) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
