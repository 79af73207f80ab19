//! `factory demo`: what the binary carries, in a directory of its own, to a merged branch.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::fixture::{APPROVE, FACTORY, World};
use crate::process::{self, Ran, Running};
use crate::{case, needing, with_python};

const CASSETTE: &str = include_str!("../../../../examples/password-reset.cassette.jsonl");
const TODO_CASSETTE: &str = include_str!("../../../../examples/todo-cli.cassette.jsonl");
const NAME: &str = "password-reset";

pub(crate) fn trials() -> Vec<Trial> {
    let whole = with_python("the_demo_ends_in_a_branch_whose_tests_pass", the_demo_ends_in_a_branch);
    vec![
        if crate::fixture::has_python() {
            needing("needs the recorded cassette", !CASSETTE.is_empty(), whole)
        } else {
            whole
        },
        needing(
            "needs cargo",
            crate::fixture::has_cargo(),
            case("the_demo_of_a_tool_ends_in_a_branch_whose_tests_pass", the_demo_of_a_tool),
        ),
        case("the_recordings_hold_no_line_of_the_holdouts", the_recordings_hold_no_line_of_the_holdouts),
        case("the_demo_survives_kills_while_it_sets_up", the_demo_survives_kills_while_it_sets_up),
        case("the_demo_lists_and_suggests_examples", the_demo_lists_and_suggests_examples),
        case("the_demo_leaves_the_directories_of_others_alone", the_demo_leaves_directories_alone),
    ]
}

/// Calls the demo in a directory of this world.
fn demo(world: &World, more: &[&str]) -> Ran {
    let dir = dir(world).display().to_string();
    world.factory(&[&["demo", NAME, "--dir", &dir], more].concat())
}

fn dir(world: &World) -> PathBuf {
    world.root().join("shown")
}

/// A command in the demo's repository.
fn inside(world: &World, program: &str, args: &[&str]) -> Ran {
    let mut command = world.command(program, args);
    command.current_dir(dir(world));
    process::run(command)
}

/// The lines of holdouts that are long enough to be no coincidence, and occur in no file that the implementer has.
fn holdout_lines(folder: &Path, public: &Path) -> BTreeSet<String> {
    let seen: String = files(public).iter().map(|path| text(path)).collect();
    let texts: Vec<String> = files(folder).iter().map(|path| text(path)).collect();
    let lines = texts.iter().flat_map(|text| text.lines()).map(str::trim);
    lines.filter(|line| line.len() > 20 && !seen.contains(line)).map(str::to_owned).collect()
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// All files below a folder; what vanishes meanwhile is left out.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            Ok(_) | Err(_) => {}
        }
    }
    found
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn the_recordings_hold_no_line_of_the_holdouts() {
    for (name, cassette) in [(NAME, CASSETTE), ("todo-cli", TODO_CASSETTE)] {
        let holdouts = repository(&format!("scenarios-holdout/{name}"));
        let lines = holdout_lines(&holdouts, &repository(&format!("examples/{name}")));
        assert!(lines.len() > 50, "{name}: {}", lines.len());
        for line in lines {
            let written = serde_json::Value::from(line.as_str()).to_string();
            let written = written.trim_matches('"');
            assert!(!cassette.contains(&line) && !cassette.contains(written), "{name} holds `{line}`");
        }
    }
}

/// No server anywhere: what is judged is a command.
fn the_demo_of_a_tool() {
    let world = World::without_model();
    let at = dir(&world).display().to_string();
    // The world has a home of its own; Rust stays where it is.
    let here = |program: &str, args: &[&str]| {
        let mut command = world.command(program, args);
        command.envs(crate::fixture::rust_homes());
        command
    };
    let ran = process::run(here(FACTORY, &["demo", "todo-cli", "--dir", &at, APPROVE])).ends_with(0);
    ran.says("18 of 18 scenarios passed").says("is merged.");
    world.assert_no_process();
    inside(&world, "git", &["checkout", "-q", "factory/due-dates"]).ends_with(0);
    let mut tests = here("cargo", &["test", "--offline", "--locked", "--quiet"]);
    tests.current_dir(dir(&world));
    process::run(tests).ends_with(0);
    world.factory(&["clean"]).ends_with(0);
}

/// Looks into every checkout as long as the demo runs, for files that hold a line of the holdouts.
fn watch(
    checkouts: PathBuf,
    lines: BTreeSet<String>,
    done: Arc<AtomicBool>,
) -> thread::JoinHandle<(usize, Vec<String>)> {
    thread::spawn(move || {
        let (mut looks, mut leaks) = (0, Vec::new());
        while !done.load(Ordering::Relaxed) {
            for path in files(&checkouts)
                .iter()
                .filter(|path| path.components().any(|part| part.as_os_str() == "repo"))
            {
                let text = text(path);
                looks += 1;
                leaks.extend(
                    lines
                        .iter()
                        .filter(|line| text.contains(*line))
                        .map(|line| format!("{}: {line}", path.display())),
                );
            }
            thread::sleep(Duration::from_millis(200));
        }
        (looks, leaks)
    })
}

/// Prints all that can be read by somebody who knows nothing but the folder of a run and may not read what is the
/// evaluator's: files, objects of the repository whether anything refers to them or not, and what the verbs show.
const STRANGER: &str = "find . -type f -not -path './.factory/evaluator/*' -exec cat {} +
git cat-file --batch-all-objects --batch
git log --all --patch --format=fuller
for verb in 'runs show' 'runs show --format json' 'runs logs' 'runs logs --format json' 'runs logs --stage verify' \
  'runs logs --stage build' 'runs diff' 'decision list' 'decision export' 'decision export --format csv'; do
  \"$0\" $verb
done";

fn assert_a_stranger_finds_none_of(lines: &BTreeSet<String>, world: &World) {
    let found = inside(world, "sh", &["-c", STRANGER, FACTORY]).ends_with(0);
    for expected in ["sent the work back to build", "\"run_ended\"", "Factory-Verify: "] {
        assert!(found.out.contains(expected), "a stranger does not see `{expected}`");
    }
    for line in lines {
        let written = serde_json::Value::from(line.as_str()).to_string();
        let written = written.trim_matches('"');
        assert!(!found.out.contains(line) && !found.out.contains(written), "a stranger reads `{line}`");
    }
}

fn the_demo_ends_in_a_branch() {
    let world = World::without_model();
    // Without a terminal and without a reason it stops at the first gate and says how to go on.
    let stopped = demo(&world, &[]).ends_with(4).says("waits at the gate plan:exit.");
    let line = stopped.after("Go on:").replace('…', "the plan covers all");
    let holdouts = world.root().join("shown-holdouts");
    let lines = holdout_lines(&holdouts, &dir(&world));
    assert!(lines.len() > 50, "{}", lines.len());
    let done = Arc::new(AtomicBool::new(false));
    let watcher = watch(world.checkouts(), lines.clone(), Arc::clone(&done));
    process::run(world.command("sh", &["-c", &line])).ends_with(4).says("waits at the gate merge:entry.");
    done.store(true, Ordering::Relaxed);
    let (looks, leaks) = watcher.join().unwrap();
    assert!(looks > 0 && leaks.is_empty(), "{looks} {leaks:?}");
    // The same call goes on with what is unfinished.
    demo(&world, &[APPROVE]).ends_with(0).says("goes on in").says("is merged.");
    world.assert_no_process();

    assert_a_stranger_finds_none_of(&lines, &world);

    let branches = inside(&world, "git", &["branch", "--format=%(refname:short)"]).ends_with(0);
    let branches: Vec<&str> = branches.out.lines().collect();
    assert!(branches.len() == 2 && branches.contains(&"factory/password-reset"), "{branches:?}");
    let logged = inside(&world, FACTORY, &["runs", "show"]).ends_with(0);
    logged.says("sent the work back to build").says("scenarios passed");
    let made = world.root().join("made");
    inside(&world, "git", &["worktree", "add", "--quiet", made.to_str().unwrap(), "factory/password-reset"])
        .ends_with(0);
    let mut command = world.command("python3", &["-m", "unittest", "discover", "-s", "tests", "-t", "."]);
    command.current_dir(&made);
    process::run(command).ends_with(0).says("OK");

    // What is finished is not touched: the same call begins another run.
    demo(&world, &[]).ends_with(4).says("begins another run in").says("waits at the gate plan:exit.");
    let list = inside(&world, FACTORY, &["runs", "list"]).ends_with(0);
    assert_eq!(list.out.lines().count(), 2, "{list}");
}

/// Killed as soon as something new is there; begun again, it is as if it had never been begun before.
fn the_demo_survives_kills_while_it_sets_up() {
    let world = World::without_model();
    let steps = [
        "shown-holdouts.partial",
        "shown-holdouts",
        "shown.partial",
        "shown.partial/factory.toml",
        "shown.partial/.git",
        "shown.partial/.git/refs/heads",
        "shown.partial/.factory",
    ];
    for step in steps {
        let dir = dir(&world).display().to_string();
        let running = Running::start(world.command(FACTORY, &["demo", NAME, "--dir", &dir]));
        while !world.root().join(step).exists() && !Path::new(&dir).exists() {}
        running.kill();
        if Path::new(&dir).exists() {
            // It was faster than we looked; once more, with holdouts that are there already.
            fs::remove_dir_all(&dir).unwrap();
        }
    }
    demo(&world, &[]);
    let example = repository("examples/password-reset");
    for (made, original) in [
        (dir(&world), example),
        (world.root().join("shown-holdouts"), repository("scenarios-holdout/password-reset")),
    ] {
        let names = |folder: &Path| -> BTreeSet<PathBuf> {
            let own = |path: &PathBuf| {
                !path.components().any(|part| {
                    [".git", ".factory", "__pycache__"].iter().any(|name| part.as_os_str() == *name)
                })
            };
            files(folder)
                .iter()
                .map(|path| path.strip_prefix(folder).unwrap().to_owned())
                .filter(own)
                .collect()
        };
        assert_eq!(names(&made), names(&original));
        for name in names(&made) {
            assert_eq!(text(&made.join(&name)), text(&original.join(&name)), "{}", name.display());
        }
    }
    assert_eq!(inside(&world, "git", &["rev-list", "--all", "--count"]).ends_with(0).out, "1\n");
    assert_eq!(inside(&world, "git", &["status", "--porcelain"]).ends_with(0).out, "");
    for left in ["shown.partial", "shown-holdouts.partial"] {
        assert!(!world.root().join(left).exists(), "{left}");
    }
    world.assert_no_process();
}

fn the_demo_lists_and_suggests_examples() {
    let world = World::without_model();
    world.factory(&["demo"]).ends_with(0).says(NAME);
    world
        .factory(&["demo", "pasword-reset"])
        .ends_with(2)
        .says("there is no example `pasword-reset`")
        .says(NAME);
}

fn the_demo_leaves_directories_alone() {
    let world = World::without_model();
    let theirs = dir(&world).join("diary.txt");
    crate::fixture::write(&theirs, "Dear diary");
    demo(&world, &[APPROVE]).ends_with(2).says("exists and is not a demonstration").says("--dir DIR");
    assert_eq!(files(&dir(&world)), [theirs]);
    let world = World::without_model();
    let theirs = world.root().join("shown-holdouts/diary.txt");
    crate::fixture::write(&theirs, "Dear diary");
    demo(&world, &[APPROVE]).ends_with(2).says("exists and holds something else");
    assert_eq!(files(theirs.parent().unwrap()), [theirs]);
    // A file where the directory should be.
    let world = World::without_model();
    crate::fixture::write(&dir(&world), "a file");
    let ran = demo(&world, &[APPROVE]);
    assert!(matches!(ran.status.code(), Some(1 | 2)) && ran.err.starts_with("error: "), "{ran}");
    assert_eq!(text(&dir(&world)), "a file");
}
