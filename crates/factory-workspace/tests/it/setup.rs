//! `[setup]` with real commands.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use factory_engine::port::workspace::{WorkspaceError, Workspaces};
use factory_sandbox::{Environment, Launcher, Profile, Sandbox};
use factory_workspace::{GitWorkspaces, Project, SetupConfig, WorkspaceConfig, clean_stale};

use crate::support::{self, Fixture, effect, files, wait, words, write};

/// Set in a process that is to be killed in the middle of `[setup]`: the repository and the command.
const VICTIM: &str = "FACTORY_WORKSPACE_TEST_VICTIM";
const VICTIM_COMMAND: &str = "FACTORY_WORKSPACE_TEST_VICTIM_COMMAND";

fn config(command: &str) -> SetupConfig {
    SetupConfig {
        command: command.to_owned(),
        inputs: Vec::new(),
        keep: Vec::new(),
        env: BTreeMap::new(),
        allow: None,
        timeout_seconds: 60,
    }
}

/// A file beside the repository, which commands of a test can count in.
fn beside(fixture: &Fixture, name: &str) -> PathBuf {
    fixture.root.with_file_name(name)
}

fn count(fixture: &Fixture) -> usize {
    fs::read_to_string(beside(fixture, "count")).map_or(0, |text| text.lines().count())
}

fn counting(fixture: &Fixture, command: &str) -> String {
    format!("echo run >> {}; {command}", beside(fixture, "count").display())
}

fn until_exists(path: &Path) {
    while !path.exists() {
        thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn reads_its_table_and_nothing_more() {
    let read: SetupConfig = toml::from_str("command = \"npm ci\"").unwrap();
    assert_eq!(read, SetupConfig { timeout_seconds: 600, ..config("npm ci") });
    let text = "command = \"x\"\ninputs = [\"a\"]\nkeep = [\"b\"]\ntimeout_seconds = 5\n[env]\nA = \"1\"\n";
    let read: SetupConfig = toml::from_str(text).unwrap();
    assert_eq!((read.inputs[0].as_str(), read.keep[0].as_str(), read.env["A"].as_str()), ("a", "b", "1"));
    assert!(toml::from_str::<SetupConfig>("command = \"x\"\nnetwork = true").is_err());
    assert!(toml::from_str::<SetupConfig>("inputs = []").is_err());
}

/// Asks the proxy that is named for a registry, and stores what that answers; then tries to go there by itself, and to
/// somewhere else.
const FETCHES: &str = r#"
import os, socket, sys
allowed, other, folder = sys.argv[1:]
def fetch(door, target):
    tunnel = socket.create_connection(door, 5)
    if target:
        tunnel.sendall(f'CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n'.encode())
        if tunnel.recv(1000).split()[1] != b'200':
            return 'refused'
    tunnel.sendall(b'GET /')
    return tunnel.recv(99).decode()
def attempt(door, target):
    try:
        return fetch(door, target)
    except OSError:
        return 'unreached'
place = lambda text: (text.rsplit(':', 1)[0], int(text.rsplit(':', 1)[1]))
proxy = os.environ.get('HTTPS_PROXY', '')
ways = [(place(proxy.split('//')[1]), allowed), (place(proxy.split('//')[1]), other)] if proxy else []
ways += [(place(allowed), None), (place(other), None)]
with open(folder + '/fetched', 'w') as out:
    out.write(' '.join(attempt(*way) for way in ways))
"#;

/// Answers everybody, as a registry would.
fn registry() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for peer in listener.incoming() {
            let mut peer = peer.unwrap();
            let mut heard = [0; 5];
            if peer.read_exact(&mut heard).is_ok() {
                peer.write_all(b"package").unwrap();
            }
        }
    });
    address
}

/// Whether this machine confines commands in profile A.
pub(crate) fn has_namespaces() -> bool {
    let confined = Launcher::new().confined(Sandbox::new(Profile::Namespaces));
    wait(confined.try_out()).is_ok()
}

pub(crate) fn reaches_the_hosts_that_are_named_and_no_others() {
    let fixture = Fixture::with(&[("fetch.py", FETCHES)]);
    let (allowed, other) = (registry(), registry());
    let fetched = |allow: Option<Vec<String>>| {
        let command = format!("python3 fetch.py {allowed} {other} ${{setup}}");
        let env = [("DEPS".to_owned(), "${setup}/fetched".to_owned())].into();
        let setup = SetupConfig { env, allow, ..config(&command) };
        let launcher = Launcher::new().confined(Sandbox::new(Profile::Namespaces));
        let workspaces =
            GitWorkspaces::new(WorkspaceConfig { setup: Some(setup), launcher, ..fixture.config() });
        let checkout = fixture.seal(&workspaces.unwrap()).unwrap();
        let text = fs::read_to_string(&checkout.environment["DEPS"]).unwrap();
        (text, checkout.proof.text().lines().last().unwrap().to_owned())
    };
    let (text, proof) = fetched(Some(vec![allowed.clone()]));
    assert_eq!(text, "package refused unreached unreached");
    assert_eq!(proof, format!("setup {allowed}"));
    let (text, proof) = fetched(Some(Vec::new()));
    assert_eq!((text.as_str(), proof.as_str()), ("unreached unreached", "setup nothing"));
    // Whoever forgot a host is told which.
    let command = format!("python3 fetch.py {other} {allowed} ${{setup}}; exit 1");
    let setup = SetupConfig { allow: Some(vec![allowed.clone()]), ..config(&command) };
    let launcher = Launcher::new().confined(Sandbox::new(Profile::Namespaces));
    let workspaces = GitWorkspaces::new(WorkspaceConfig { setup: Some(setup), launcher, ..fixture.config() });
    let error = fixture.seal(&workspaces.unwrap()).unwrap_err().to_string();
    assert!(error.ends_with(&format!("[hosts reached: {allowed}; hosts refused: {other}]")), "{error}");
    // Without the key it goes where this machine goes.
    let (text, proof) = fetched(None);
    assert!(text.ends_with("package package"), "{text}");
    assert_eq!(proof, "setup the machine's network");
}

/// It may hold credentials, and no other command fetches packages.
pub(crate) fn alone_reads_the_configuration_of_package_managers() {
    let fixture = Fixture::with(&[("a", "1")]);
    let shown = "cat /etc/npmrc /etc/pip.conf /etc/xdg/pip/* 2> /dev/null";
    let configured = Command::new("sh").args(["-c", shown]).output().unwrap().stdout;
    let launcher = Launcher::new().confined(Sandbox::new(Profile::Namespaces));
    for allow in [None, Some(Vec::new()), Some(vec!["packages.example:443".to_owned()])] {
        let env = [("SEEN".to_owned(), "${setup}/seen".to_owned())].into();
        let setup = SetupConfig { env, allow, ..config(&format!("{shown} > ${{setup}}/seen; true")) };
        let launcher = launcher.clone();
        let workspaces =
            GitWorkspaces::new(WorkspaceConfig { setup: Some(setup), launcher, ..fixture.config() });
        let checkout = fixture.seal(&workspaces.unwrap()).unwrap();
        assert_eq!(fs::read(&checkout.environment["SEEN"]).unwrap(), configured);
    }
    let environment = Environment::empty().with("PATH", "/usr/bin:/bin");
    let command = factory_sandbox::Command::shell(shown).environment(environment);
    let command = command.allow(&["packages.example:443".to_owned()]).unwrap();
    let finished = wait(launcher.run(command)).unwrap();
    assert_eq!(finished.stdout.text(), "");
}

pub(crate) fn runs_once_for_the_same_inputs() {
    let fixture = Fixture::with(&[("lock", "1"), ("a", "1")]);
    let setup = SetupConfig {
        inputs: vec!["lock".into()],
        env: [("DEPS".to_owned(), "${setup}/deps".to_owned())].into(),
        ..config(&counting(&fixture, "cp lock ${setup}/deps"))
    };
    let first = fixture.seal(&fixture.with_setup(setup.clone())).unwrap();
    assert_eq!(fs::read(&first.environment["DEPS"]).unwrap(), b"1");
    fixture.write("a", "2");
    fixture.commit("something else");
    let second = fixture.seal(&fixture.with_setup(setup)).unwrap();
    assert_eq!(first.environment, second.environment);
    assert_eq!(count(&fixture), 1);
    assert_eq!(files(&second.root), ["a", "lock"], "what it did to its own checkout is gone");
    assert_eq!(
        fs::read_dir(fixture.cache.join("checkouts")).unwrap().count(),
        3,
        "two checkouts and the lock"
    );
}

pub(crate) fn runs_again_when_an_input_changes() {
    let fixture = Fixture::with(&[("lock", "1")]);
    let setup = SetupConfig {
        inputs: vec!["lock".into()],
        env: [("DEPS".to_owned(), "${setup}/deps".to_owned())].into(),
        ..config(&counting(&fixture, "cp lock ${setup}/deps"))
    };
    let first = fixture.seal(&fixture.with_setup(setup.clone())).unwrap();
    fixture.write("lock", "2");
    // What is not committed does not count.
    fixture.seal(&fixture.with_setup(setup.clone())).unwrap();
    assert_eq!(count(&fixture), 1);
    fixture.commit("update");
    let second = fixture.seal(&fixture.with_setup(setup.clone())).unwrap();
    assert_eq!(count(&fixture), 2);
    assert_eq!(fs::read(&second.environment["DEPS"]).unwrap(), b"2");
    assert_eq!(fs::read(&first.environment["DEPS"]).unwrap(), b"1", "the older one is still in use");
    // So does a different table.
    let more = SetupConfig { env: [("X".to_owned(), "1".to_owned())].into(), ..setup };
    fixture.seal(&fixture.with_setup(more)).unwrap();
    assert_eq!(count(&fixture), 3);
}

pub(crate) fn kept_folders_are_linked_and_no_part_of_the_patch() {
    let fixture = Fixture::with(&[("a", "1")]);
    let setup = SetupConfig {
        keep: vec!["./vendor/libs/".into(), "odd name*".into()],
        ..config("mkdir -p vendor/libs && echo lib > vendor/libs/x && echo odd > 'odd name*'")
    };
    let workspaces = fixture.with_setup(setup);
    for _ in 0..2 {
        let checkout = fixture.seal(&workspaces).unwrap();
        assert_eq!(fs::read(checkout.root.join("vendor/libs/x")).unwrap(), b"lib\n");
        assert!(fs::symlink_metadata(checkout.root.join("vendor/libs")).unwrap().is_symlink());
        let status =
            Command::new("git").args(["status", "--short"]).current_dir(&checkout.root).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&status.stdout), "");
        write(&checkout.root, "vendor/own", "1");
        assert_eq!(words(&fixture.extract(&workspaces, &checkout).unwrap().0), ["+vendor/own"]);
        // Whatever takes the link's place is no work either, and is not followed.
        fs::remove_file(checkout.root.join("vendor/libs")).unwrap();
        write(&checkout.root, "vendor/libs/y", "1");
        assert_eq!(words(&fixture.extract(&workspaces, &checkout).unwrap().0), ["+vendor/own"]);
    }
}

pub(crate) fn the_environment_is_replaced_and_not_inherited() {
    let fixture = Fixture::with(&[("a", "1")]);
    let setup = SetupConfig {
        env: [
            ("PATH".to_owned(), "${setup}/bin:${PATH}".to_owned()),
            ("PLAIN".to_owned(), "$HOME ${other}".to_owned()),
        ]
        .into(),
        ..config("echo \"$PLAIN\" > ${setup}/plain; env > ${setup}/env; git log --format=%s > ${setup}/log")
    };
    let checkout = fixture.seal(&fixture.with_setup(setup)).unwrap();
    let (bin, path) = checkout.environment["PATH"].split_once(':').unwrap();
    assert_eq!(path, env::var("PATH").unwrap());
    assert_eq!(checkout.environment["PLAIN"], "$HOME ${other}");
    let folder = Path::new(bin).parent().unwrap();
    assert!(folder.starts_with(&fixture.cache));
    assert_eq!(fs::read_to_string(folder.join("plain")).unwrap(), "$HOME ${other}\n");
    assert_eq!(fs::read_to_string(folder.join("log")).unwrap(), "Sealed base\n");
    let seen = fs::read_to_string(folder.join("env")).unwrap();
    assert!(env::vars().any(|(name, _)| name.starts_with("CARGO_")), "there is something not to inherit");
    assert!(!seen.contains("CARGO_PKG") && !seen.contains("CARGO_MANIFEST"), "{seen}");
}

pub(crate) fn a_failing_command_is_told_with_its_output() {
    let fixture = Fixture::with(&[("a", "1")]);
    let command = counting(&fixture, "echo to stdout; echo to stderr >&2; exit 7");
    let workspaces = fixture.with_setup(config(&command));
    for expected in [1, 2] {
        let Err(WorkspaceError::Setup { detail }) = fixture.seal(&workspaces) else {
            panic!("it cannot succeed")
        };
        for part in [command.as_str(), "exit status 7", "to stdout", "to stderr"] {
            assert!(detail.contains(part), "{part} in {detail}");
        }
        assert_eq!(count(&fixture), expected, "a failure is not cached");
    }
    assert_eq!(clean_stale(&fixture.cache).unwrap(), 0);
}

pub(crate) fn a_command_that_takes_too_long_is_ended() {
    let fixture = Fixture::with(&[("a", "1")]);
    let workspaces = fixture.with_setup(SetupConfig { timeout_seconds: 1, ..config("sleep 600") });
    let Err(WorkspaceError::Setup { detail }) = fixture.seal(&workspaces) else {
        panic!("it cannot succeed")
    };
    assert!(detail.contains("timed out"), "{detail}");
}

pub(crate) fn what_does_not_fit_the_base_is_an_error() {
    let fixture = Fixture::with(&[("a", "1"), ("b/c", "1")]);
    let fine = config("true");
    for (setup, expected) in [
        (SetupConfig { inputs: vec!["missing.lock".into()], ..fine.clone() }, "missing.lock"),
        (SetupConfig { keep: vec!["never-made".into()], ..fine.clone() }, "never-made"),
        (SetupConfig { keep: vec!["a".into()], ..fine.clone() }, "tracked"),
        (SetupConfig { keep: vec!["b".into()], ..fine.clone() }, "tracked"),
        (SetupConfig { keep: vec!["../x".into()], ..fine.clone() }, "../x"),
        (SetupConfig { keep: vec!["/x".into()], ..fine.clone() }, "/x"),
        (SetupConfig { keep: vec![".".into()], ..fine.clone() }, "`.`"),
    ] {
        let Err(WorkspaceError::Setup { detail }) = fixture.seal(&fixture.with_setup(setup)) else {
            panic!("{expected} cannot be set up")
        };
        assert!(detail.contains(expected), "{expected} in {detail}");
    }
}

pub(crate) fn a_half_made_folder_is_made_again() {
    let fixture = Fixture::with(&[("a", "1")]);
    let (started, go_on) = (beside(&fixture, "started"), beside(&fixture, "go-on"));
    let command = format!(
        "if [ -e {go_on} ]; then echo whole > ${{setup}}/x; else touch ${{setup}}/junk {started}; sleep 600; fi",
        go_on = go_on.display(),
        started = started.display(),
    );
    let setup = SetupConfig { env: [("DIR".to_owned(), "${setup}".to_owned())].into(), ..config(&command) };
    let workspaces = fixture.with_setup(setup);
    wait(async {
        let head = fixture.head();
        let effect = effect("build", 1);
        let waiting = tokio::task::spawn_blocking({
            let started = started.clone();
            move || until_exists(&started)
        });
        tokio::select! {
            sealed = workspaces.seal(&effect, &head, None) => panic!("{sealed:?}"),
            _ = waiting => {}
        }
    });
    fs::write(&go_on, "").unwrap();
    let checkout = fixture.seal(&workspaces).unwrap();
    let folder = Path::new(&checkout.environment["DIR"]);
    assert_eq!(fs::read(folder.join("x")).unwrap(), b"whole\n");
    assert!(!folder.join("junk").exists());
}

pub(crate) fn is_victim() -> bool {
    env::var_os(VICTIM).is_some()
}

/// Starts `[setup]`, in which it is killed.
pub(crate) fn be_killed() -> ExitCode {
    let root = PathBuf::from(env::var_os(VICTIM).unwrap());
    let config = WorkspaceConfig {
        project: Project::discover(&root).unwrap(),
        cache: root.with_file_name("cache"),
        holdout_paths: Vec::new(),
        holdout_dirs: Vec::new(),
        setup: Some(config(&env::var(VICTIM_COMMAND).unwrap())),
        hosts: factory_workspace::Hosts::default(),
        launcher: Launcher::new(),
    };
    let head = config.project.head().clone();
    let workspaces = GitWorkspaces::new(config).unwrap();
    let sealed = wait(workspaces.seal(&effect("build", 1), &head, None));
    panic!("it should have been killed: {sealed:?}");
}

pub(crate) fn a_killed_process_leaves_nothing_that_hurts() {
    let fixture = Fixture::with(&[("a", "1")]);
    let (started, go_on) = (beside(&fixture, "started"), beside(&fixture, "go-on"));
    let command = format!(
        "if [ ! -e {go_on} ]; then touch ${{setup}}/junk {started}; sleep 600; fi",
        go_on = go_on.display(),
        started = started.display(),
    );
    let mut victim = Command::new(env::current_exe().unwrap())
        .env(VICTIM, &fixture.root)
        .env(VICTIM_COMMAND, &command)
        .spawn()
        .unwrap();
    until_exists(&started);
    assert_eq!(clean_stale(&fixture.cache).unwrap(), 0, "it is in use");
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert_eq!(clean_stale(&fixture.cache).unwrap(), 1);
    fs::write(&go_on, "").unwrap();
    let checkout = fixture.seal(&fixture.with_setup(config(&command))).unwrap();
    assert_eq!(files(&checkout.root), ["a"]);
    let made: Vec<String> = files(&fixture.cache.join("setup"));
    assert!(made.iter().any(|path| path.ends_with(".complete")), "{made:?}");
    assert!(!made.iter().any(|path| path.ends_with("junk")), "{made:?}");
}

pub(crate) fn two_at_once_run_it_once() {
    let fixture = Fixture::with(&[("a", "1")]);
    let command = counting(&fixture, "sleep 0.2; echo whole > ${setup}/x");
    let (one, two) = (fixture.with_setup(config(&command)), fixture.with_setup(config(&command)));
    let head = fixture.head();
    let (first, second) = (effect("build", 1), effect("review", 1));
    let (one, two) =
        wait(async { tokio::join!(one.seal(&first, &head, None), two.seal(&second, &head, None)) });
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(count(&fixture), 1);
}

pub(crate) fn works_in_the_folder_of_the_project() {
    let fixture = Fixture::with(&[("mail/factory.toml", ""), ("mail/lock", "1"), ("lock", "other")]);
    let setup = SetupConfig {
        inputs: vec!["lock".into()],
        keep: vec!["libs".into()],
        ..config("mkdir libs && cp lock libs/")
    };
    let project = Project::discover(&fixture.root.join("mail")).unwrap();
    let workspaces =
        GitWorkspaces::new(WorkspaceConfig { project, setup: Some(setup), ..fixture.config() }).unwrap();
    let checkout = fixture.seal(&workspaces).unwrap();
    assert_eq!(fs::read(checkout.root.join("mail/libs/lock")).unwrap(), b"1");
    assert!(fixture.extract(&workspaces, &checkout).unwrap().0.changes.is_empty());
    support::set_executable(&checkout.project.join("lock"), true);
    assert_eq!(words(&fixture.extract(&workspaces, &checkout).unwrap().0), ["~mail/lock*"]);
}
