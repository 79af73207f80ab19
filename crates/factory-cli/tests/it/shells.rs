//! What shells and people at them meet: help, version, completions, pipes that close.

use std::process::{Command, Stdio};

use libtest_mimic::Trial;

use crate::case;
use crate::fixture::{FACTORY, World, building, right};
use crate::process::{self, Ran};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        case("help_names_every_verb", help_names_every_verb),
        case("completions_are_scripts_that_their_shells_take", completions),
        case("a_reader_that_goes_away_is_no_panic", a_reader_that_goes_away),
        case("a_command_line_that_makes_no_sense_ends_with_2", a_command_line_that_makes_no_sense),
    ]
}

fn factory(args: &[&str]) -> Ran {
    let mut command = Command::new(FACTORY);
    command.args(args).env_clear().env("PATH", crate::fixture::search_path());
    process::run(command)
}

fn help_names_every_verb() {
    let help = factory(&["--help"]).ends_with(0);
    for verb in ["run", "demo", "init", "doctor", "runs", "gate", "clean", "completions"] {
        assert!(help.out.lines().any(|line| line.trim_start().starts_with(verb)), "{verb}: {help}");
        factory(&[verb, "--help"]).ends_with(0).says("Usage: factory ");
    }
    let version = factory(&["--version"]).ends_with(0);
    assert_eq!(version.out, format!("factory {}\n", env!("CARGO_PKG_VERSION")));
}

fn completions() {
    for shell in ["bash", "zsh", "fish"] {
        let script = factory(&["completions", shell]).ends_with(0).out;
        assert!(script.contains("approve-because") && script.contains("demo"), "{shell}");
        let Ok(mut reader) = Command::new(shell).args(["-n", "/dev/stdin"]).stdin(Stdio::piped()).spawn()
        else {
            continue; // This shell is not installed.
        };
        std::io::Write::write_all(&mut reader.stdin.take().unwrap(), script.as_bytes()).unwrap();
        assert!(reader.wait().unwrap().success(), "{shell} does not take its script");
    }
    factory(&["completions", "tcl"]).ends_with(2).says("bash");
}

/// Runs it with standard output, or standard error, on a pipe that nobody reads.
fn into_the_void(world: &World, args: &[&str], both: bool) -> Ran {
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    let mut command = world.command(FACTORY, args);
    command.stdin(Stdio::null()).stdout(closed()).stderr(if both { closed() } else { Stdio::piped() });
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    Ran {
        status: output.status,
        out: String::new(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn a_reader_that_goes_away() {
    let world = World::new(building(vec![right()]));
    for args in [
        &["--help"][..],
        &["completions", "bash"],
        &["run", "specs/feature-greeting.md", "--dry-run"],
        &["runs", "list"],
    ] {
        into_the_void(&world, args, false).ends_with(0);
        into_the_void(&world, args, true).ends_with(0);
    }
    // Errors and progress go to standard error, which may be closed as well.
    into_the_void(&world, &["run", "nothing.md"], true).ends_with(2);
    into_the_void(&world, &["run"], true).ends_with(2);
    into_the_void(&world, &["run", "specs/feature-greeting.md"], true).ends_with(4);
}

fn a_command_line_that_makes_no_sense() {
    factory(&[]).ends_with(2).says("Usage: factory ");
    factory(&["run"]).ends_with(2).says("<SPEC>");
    factory(&["run", "x.md", "--aprove-because", "y"]).ends_with(2).says("--approve-because");
    factory(&["rum", "x.md"]).ends_with(2).says("run");
    factory(&["run", "x.md", "--format", "yaml"]).ends_with(2).says("ndjson");
    factory(&["run", "x.md", "--replay", "a", "--record", "b"]).ends_with(2).says("cannot be used with");
    factory(&["run", "x.md", "--record-note", "b"]).ends_with(2).says("--record");
}
