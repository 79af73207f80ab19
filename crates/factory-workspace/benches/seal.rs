//! What it costs to seal a large repository: 100,000 files, 10,000 commits, holdouts in its tree and its history; beside
//! `git clone --depth 1` of the same.
//!
//! `cargo bench -p factory-workspace --bench seal` prints the figures; `docs/performance.md` says how to read them.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use factory_core::ids::{Attempt, EffectId, GitOid};
use factory_engine::port::workspace::Workspaces as _;
use factory_sandbox::Launcher;
use factory_workspace::{GitWorkspaces, Project, WorkspaceConfig};

const FILES: usize = 100_000;
const COMMITS: usize = 10_000;
const HOLDOUTS: &str = "tests/holdouts";

fn main() {
    // `cargo test --benches` runs benches with this flag, and would wait for minutes.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    // On the same disk as everything else that is built, because a temporary directory may be memory.
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let project = place.path().join("project");
    make(&project);
    let base: GitOid = git(&project, &["rev-parse", "HEAD"]).trim().parse().expect("a commit's id");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = || WorkspaceConfig {
        project: Project::discover(&project).expect("a repository"),
        cache: place.path().join("cache"),
        holdout_paths: vec![HOLDOUTS.to_owned()],
        holdout_dirs: Vec::new(),
        setup: None,
        hosts: factory_workspace::Hosts::default(),
        launcher: Launcher::new(),
    };
    let (mut clones, mut firsts, mut agains) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..3 {
        let copy = place.path().join(format!("clone-{number}"));
        clones.push(timed(|| {
            let from = format!("file://{}", project.display());
            let copy = copy.to_str().expect("a path in UTF-8");
            git(place.path(), &["clone", "--quiet", "--depth", "1", &from, copy]);
        }));
        std::fs::remove_dir_all(&copy).expect("the clone can be removed");
        let workspaces = GitWorkspaces::new(config()).expect("a cache");
        for (attempt, times) in [(1, &mut firsts), (2, &mut agains)] {
            let effect = EffectId {
                run: format!("bench-{number}").parse().expect("a run id"),
                stage: "build".parse().expect("a stage"),
                attempt: Attempt(attempt),
            };
            let mut checkout = None;
            times.push(timed(|| {
                checkout =
                    Some(runtime.block_on(workspaces.seal(&effect, &base, None)).expect("it is sealed"));
            }));
            let proof = checkout.expect("there is one").proof;
            if number == 0 && attempt == 1 {
                print!("{}", proof.text());
            }
        }
    }
    let [clone, first, again] = [clones, firsts, agains].map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    });
    println!("yardstick, git clone --depth 1: {clone:.2} s");
    println!("sealed at first, history read: {first:.2} s, {:.2} yardsticks", first / clone);
    println!("sealed again: {again:.2} s, {:.2} yardsticks", again / clone);
}

/// A repository as `git fast-import` makes it. Each commit changes a file and a scenario, and the last one drops half of
/// the scenarios.
fn make(project: &Path) {
    std::fs::create_dir(project).expect("a directory");
    git(project, &["init", "--quiet", "--initial-branch", "main"]);
    let mut import = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(project)
        .stdin(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut to = BufWriter::new(import.stdin.take().expect("a pipe"));
    let mut commit = |number: usize, files: &mut dyn Iterator<Item = (String, String)>| {
        let message = format!("commit {number}");
        write!(to, "commit refs/heads/main\ncommitter A <a@example.test> {number} +0000\n")?;
        write!(to, "data {}\n{message}\n", message.len())?;
        for (path, content) in files {
            write!(to, "M 100644 inline {path}\ndata {}\n{content}\n", content.len())?;
        }
        std::io::Result::Ok(())
    };
    let source = |file: usize, version: usize| {
        let path = format!("src/{}/{}/file-{file}.rs", file % 100, file / 100 % 50);
        (path, format!("// file {file}, version {version}\n{}", "fn nothing() {}\n".repeat(20)))
    };
    let scenario = |number: usize| {
        let text =
            format!("Given scenario {number}\n{}", "Then something is seen that says much\n".repeat(5));
        (format!("{HOLDOUTS}/{}.md", number % 500), text)
    };
    commit(1, &mut (0..FILES).map(|file| source(file, 0))).expect("git reads");
    for number in 2..COMMITS {
        let both = [source(number * 7 % FILES, number), scenario(number)];
        commit(number, &mut both.into_iter()).expect("git reads");
    }
    drop(to);
    assert!(import.wait().expect("git ends").success());
    git(project, &["reset", "--quiet", "--hard", "main"]);
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").args(arguments).current_dir(directory).output().expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("git prints UTF-8")
}

fn timed(mut what: impl FnMut()) -> Duration {
    let begin = Instant::now();
    what();
    begin.elapsed()
}
