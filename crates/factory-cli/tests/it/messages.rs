//! What is said when something is not taken: about what it is, in words for whoever typed it, and not at length.

use std::fs::{self, OpenOptions};
use std::process::Stdio;

use libtest_mimic::Trial;

use crate::fixture::{FACTORY, World, building, right};
use crate::process;
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("output_that_cannot_be_written_is_an_error", cannot_be_written),
        with_python("a_note_that_is_none_is_called_a_note", a_note_that_is_none),
        with_python("a_changed_artifact_of_another_shape_is_said_in_plain_words", another_shape),
    ]
}

fn cannot_be_written() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    for args in [
        &["runs", "list"][..],
        &["runs", "list", "--format", "json"],
        &["runs", "show"],
        &["gate", "show"],
        &["gate", "list"],
        &["decision", "export", "--format", "jsonl"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
    ] {
        let mut command = world.command(FACTORY, args);
        command.stdin(Stdio::null()).stdout(OpenOptions::new().write(true).open("/dev/full").unwrap());
        let told = command.output().unwrap();
        let err = String::from_utf8_lossy(&told.stderr);
        assert_eq!(told.status.code(), Some(1), "{args:?}: {err}");
        assert!(err.contains("error: standard output cannot be written\n  because: No space left"), "{err}");
        // A reader that goes away is no error.
        let line = format!("{FACTORY} {} | true; exit ${{PIPESTATUS[0]}}", args.join(" "));
        let ran = process::run(world.command("bash", &["-c", &line])).ends_with(0);
        assert_eq!(ran.err, "");
    }
    // What the exit status says already is not said otherwise.
    let mut command = world.command(FACTORY, &["runs", "resume"]);
    command.stdin(Stdio::null()).stdout(OpenOptions::new().write(true).open("/dev/full").unwrap());
    let told = command.output().unwrap();
    assert_eq!(told.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&told.stderr).contains("standard output cannot be written"));
}

fn a_note_that_is_none() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    let long = "read it again. ".repeat(2_000);
    for (note, said) in [
        ("", "the note is blank"),
        ("x", "the note `x` is too short"),
        ("okay yes please", "the note `okay yes please` does not say what should be different"),
        (&long, "the note is 30000 bytes long"),
        ("think \u{1b}[8m of languages", "the note has a character that does not show (U+001B), as its 7th"),
    ] {
        let ran = world.factory(&["gate", "retry", "--note", note, "--because", "x is right about it"]);
        let ran = ran.ends_with(2).says(said).never_says("reason");
        assert!(ran.err.len() < 500, "{ran}");
    }
    world
        .factory(&["gate", "retry", "--note", "Think of languages.", "--because", " "])
        .ends_with(2)
        .says("a reason");
    assert!(world.events("gate_decided").is_empty());
}

fn another_shape() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    let file = world.root().join("plan.json");
    let path = file.to_str().unwrap();
    let approve = |path: &str| {
        world.factory(&["gate", "approve", "--because", "the summary said too little", "--edited", path])
    };
    for (text, said) in [
        ("[]", "line 1, column 2: "),
        ("3", "line 1, column 1: invalid type: integer `3`, expected an object"),
        ("{\"kind\": \"plan\",\n\"content\": {\"steps\": 3}}", "line 2, column 22: "),
    ] {
        fs::write(&file, text).unwrap();
        let ran = approve(path).ends_with(2).says(said).never_says("tagged").never_says("struct");
        ran.says("it must be {\"kind\": \"plan\", \"content\": {…}}");
    }
    fs::write(&file, " ".repeat(30 * 1024 * 1024)).unwrap();
    approve(path).ends_with(2).says("plan.json is longer than 1024 KiB");
    for odd in ["/dev/zero", ".", "/dev/null"] {
        approve(odd).ends_with(2).says("it is not a regular file");
    }
    let pipe = world.root().join("pipe");
    process::run(world.command("mkfifo", &[pipe.to_str().unwrap()])).ends_with(0);
    approve(pipe.to_str().unwrap()).ends_with(2).says("it is not a regular file");
    assert!(world.events("gate_decided").is_empty());
}
