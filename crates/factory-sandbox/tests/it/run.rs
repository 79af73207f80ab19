//! Commands that run to their end: how they end, what they print, what they are given.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use factory_sandbox::{Command, End, Environment, Launcher, Limits, SandboxError};
use libtest_mimic::Trial;

use crate::tools::{output, run, shell, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("run::exit_status_is_reported", exit_status_is_reported),
        trial("run::signals_are_reported", signals_are_reported),
        trial("run::streams_are_kept_apart", streams_are_kept_apart),
        trial("run::merged_output_keeps_its_order", merged_output_keeps_its_order),
        trial("run::huge_output_is_capped", huge_output_is_capped),
        trial("run::each_stream_has_its_own_cap", each_stream_has_its_own_cap),
        trial("run::input_is_delivered", input_is_delivered),
        trial("run::unread_input_does_no_harm", unread_input_does_no_harm),
        trial("run::no_input_is_dev_null", no_input_is_dev_null),
        trial("run::arguments_need_not_be_utf8", arguments_need_not_be_utf8),
        trial("run::environment_is_exactly_what_is_given", environment_is_exactly_what_is_given),
        trial("run::programs_come_from_the_given_path", programs_come_from_the_given_path),
        trial("run::missing_program_is_named", missing_program_is_named),
        trial("run::missing_directory_is_named", missing_directory_is_named),
        trial("run::program_that_cannot_start_says_why", program_that_cannot_start_says_why),
        trial("run::large_files_are_refused", large_files_are_refused),
        trial("run::runs_side_by_side", runs_side_by_side),
    ]
}

async fn exit_status_is_reported(scratch: &Path) {
    for status in [0, 1, 127, 255] {
        let finished = run(shell(&format!("exit {status}"), scratch)).await;
        assert_eq!(finished.end, End::Exited(status));
    }
}

async fn signals_are_reported(scratch: &Path) {
    // 40 is a real-time signal, which has no name.
    for signal in [9, 15, 40] {
        let finished = run(shell(&format!("kill -{signal} $$"), scratch)).await;
        assert_eq!(finished.end, End::Signalled(signal));
    }
}

async fn streams_are_kept_apart(scratch: &Path) {
    let finished = run(shell("echo out; echo err >&2", scratch)).await;
    assert_eq!(finished.stdout.text(), "out\n");
    assert_eq!(finished.stderr.text(), "err\n");
}

async fn merged_output_keeps_its_order(scratch: &Path) {
    let line = "for i in 1 2 3 4 5 6 7 8 9; do echo o$i; echo e$i >&2; done";
    let finished = run(shell(line, scratch).merge_output(true)).await;
    let expected: String = (1..10).map(|i| format!("o{i}\ne{i}\n")).collect();
    assert_eq!(finished.stdout.text(), expected);
    assert_eq!(finished.stderr.text(), "");
}

async fn huge_output_is_capped(scratch: &Path) {
    const MEGABYTE: usize = 1_000_000;
    let before = peak_memory();
    let limits = Limits { output_bytes: MEGABYTE, ..Limits::default() };
    let line = "echo first; yes | head -c 100000000; echo last";
    let finished = run(shell(line, scratch).limits(limits)).await;
    assert_eq!(finished.end, End::Exited(0));
    let out = finished.stdout;
    assert_eq!(out.head().len() + out.tail().len(), MEGABYTE);
    assert_eq!(out.dropped(), 100_000_011 - MEGABYTE as u64);
    assert!(out.head().starts_with(b"first\ny\ny\n"));
    assert!(out.tail().ends_with(b"y\ny\nlast\n"));
    // Other tests run at the same time, but none holds much.
    let grown = peak_memory() - before;
    assert!(grown < 50 * 1024, "grew by {grown} KiB");
}

/// The most memory that this process ever had, in KiB.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn each_stream_has_its_own_cap(scratch: &Path) {
    let limits = Limits { output_bytes: 4, ..Limits::default() };
    let finished = run(shell("printf abcd; printf 123456 >&2", scratch).limits(limits)).await;
    assert_eq!(finished.stdout.text(), "abcd");
    assert_eq!(finished.stderr.text(), "12\n[2 bytes dropped]\n56");
}

async fn input_is_delivered(scratch: &Path) {
    // More than a pipe holds, every byte value, echoed while it is still being written.
    let input: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    let limits = Limits { output_bytes: usize::MAX, ..Limits::default() };
    let finished = run(shell("cat", scratch).stdin(input.clone()).limits(limits)).await;
    let echoed = [finished.stdout.head(), finished.stdout.tail()].concat();
    assert!(echoed == input);
}

async fn unread_input_does_no_harm(scratch: &Path) {
    let input = vec![b'x'; 1_000_000];
    let finished = run(shell("head -c 3", scratch).stdin(input)).await;
    assert_eq!(finished.end, End::Exited(0));
    assert_eq!(finished.stdout.text(), "xxx");
}

async fn no_input_is_dev_null(scratch: &Path) {
    assert_eq!(output(shell("readlink /proc/self/fd/0; cat", scratch)).await, "/dev/null\n");
}

async fn arguments_need_not_be_utf8(scratch: &Path) {
    let odd = b"a\xff\n\"b";
    let command = Command::new("printf").arg("%s").arg(OsString::from_vec(odd.to_vec()));
    assert_eq!(run(command.cwd(scratch)).await.stdout.head(), odd);
}

async fn environment_is_exactly_what_is_given(_: &Path) {
    assert!(std::env::vars_os().count() > 0, "there is something to inherit");
    let nothing = output(Command::new("/usr/bin/env")).await;
    assert_eq!(nothing, "");
    let environment = Environment::empty().with("B", "x y\nz").with("A", "");
    let two = output(Command::new("/usr/bin/env").environment(environment)).await;
    assert_eq!(two, "A=\nB=x y\nz\n");
}

async fn programs_come_from_the_given_path(scratch: &Path) {
    let tool = scratch.join("some-tool");
    fs::write(&tool, "#!/bin/sh\necho found\n").unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
    let environment = Environment::empty().with("PATH", scratch);
    let by_name = Command::new("some-tool").environment(environment);
    assert_eq!(output(by_name).await, "found\n");
    assert_eq!(output(Command::new("./some-tool").cwd(scratch)).await, "found\n");
}

async fn missing_program_is_named(scratch: &Path) {
    for name in ["no-such-program", "/no/such/program", "./no-such-program"] {
        let environment = Environment::tools(scratch).unwrap();
        let command = Command::new(name).cwd(scratch).environment(environment);
        let error = Launcher::new().run(command).await.unwrap_err();
        assert!(matches!(&error, SandboxError::ProgramNotFound { program } if program == name), "{error:?}");
        assert_eq!(error.to_string(), format!("program `{name}` was not found"));
    }
}

async fn missing_directory_is_named(scratch: &Path) {
    fs::write(scratch.join("file"), "").unwrap();
    for name in ["missing", "file"] {
        let directory = scratch.join(name);
        let error = Launcher::new().run(shell("true", scratch).cwd(&directory)).await.unwrap_err();
        assert!(matches!(&error, SandboxError::DirectoryMissing { path } if *path == directory), "{error:?}");
    }
}

async fn program_that_cannot_start_says_why(scratch: &Path) {
    fs::write(scratch.join("plain"), "").unwrap();
    let orphaned = scratch.join("orphaned");
    fs::write(&orphaned, "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(&orphaned, fs::Permissions::from_mode(0o755)).unwrap();
    for (name, reason) in [("plain", ErrorKind::PermissionDenied), ("orphaned", ErrorKind::NotFound)] {
        for program in [name.into(), format!("./{name}")] {
            let environment = Environment::empty().with("PATH", scratch);
            let command = Command::new(&program).cwd(scratch).environment(environment);
            match Launcher::new().run(command).await.unwrap_err() {
                SandboxError::NotStarted { source, .. } => assert_eq!(source.kind(), reason, "{program}"),
                other => panic!("{program}: {other:?}"),
            }
        }
    }
}

async fn large_files_are_refused(scratch: &Path) {
    let limits = Limits { file_bytes: Some(10_000), ..Limits::default() };
    let small = "exec head -c 10000 /dev/zero > small";
    assert_eq!(run(shell(small, scratch).limits(limits)).await.end, End::Exited(0));
    let large = "exec head -c 10001 /dev/zero > large";
    // SIGXFSZ
    assert_eq!(run(shell(large, scratch).limits(limits)).await.end, End::Signalled(25));
    assert_eq!(fs::metadata(scratch.join("large")).unwrap().len(), 10_000);
    // Pipes are no files.
    let printed = run(shell("head -c 50000 /dev/zero", scratch).limits(limits)).await;
    assert_eq!(printed.end, End::Exited(0));
}

async fn runs_side_by_side(scratch: &Path) {
    // Each waits for the others' files, so none can end unless all run at once.
    let line = |own: usize| {
        let wait = "until [ -e 0 ] && [ -e 1 ] && [ -e 2 ] && [ -e 3 ]; do sleep 0.01; done";
        let limits = Limits { wall: Duration::from_secs(30), ..Limits::default() };
        shell(&format!("touch {own}; {wait}; echo {own}"), scratch).limits(limits)
    };
    let (a, b, c, d) = tokio::join!(output(line(0)), output(line(1)), output(line(2)), output(line(3)));
    assert_eq!([a, b, c, d], ["0\n", "1\n", "2\n", "3\n"]);
}
