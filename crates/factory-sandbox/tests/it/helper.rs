//! The keeper itself: what commands can see of it and do to it, and executables that are none.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use factory_sandbox::{Command, End, Environment, Launcher, SandboxError};
use libtest_mimic::Trial;

use crate::tools::{output, run, shell, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("helper::shows_no_secrets", shows_no_secrets),
        trial("helper::disregards_signals_meant_for_the_caller", disregards_signals_meant_for_the_caller),
        trial("helper::is_in_a_session_of_its_own", is_in_a_session_of_its_own),
        trial("helper::commands_gain_no_privileges", commands_gain_no_privileges),
        trial("helper::its_loss_is_reported", its_loss_is_reported),
        trial("helper::a_program_that_ends_is_none", a_program_that_ends_is_none),
        trial("helper::a_program_that_says_nothing_is_none", a_program_that_says_nothing_is_none),
        trial("helper::a_missing_one_is_named", a_missing_one_is_named),
        trial("helper::refuses_to_be_run_by_hand", refuses_to_be_run_by_hand),
    ]
}

async fn shows_no_secrets(scratch: &Path) {
    let line = "tr '\\0' ' ' < /proc/$PPID/cmdline; echo; wc -c < /proc/$PPID/environ; : \"$0\"";
    let environment = Environment::tools(scratch).unwrap().with("TOKEN", "secret");
    let seen = output(shell(line, scratch).arg("secret").environment(environment)).await;
    assert_eq!(seen, "factory-keeper __factory-sandbox-init \n0\n");
}

async fn disregards_signals_meant_for_the_caller(scratch: &Path) {
    let line = "for signal in INT TERM HUP QUIT; do kill -$signal $PPID || exit 1; done; sleep 0.1; exit 3";
    assert_eq!(run(shell(line, scratch)).await.end, End::Exited(3));
}

async fn is_in_a_session_of_its_own(scratch: &Path) {
    // proc(5): after the name come state, parent, group, session.
    let line = "cut -d' ' -f6 /proc/$PPID/stat; echo $PPID; cut -d' ' -f5,6 /proc/$$/stat; echo $$ $PPID";
    let seen = output(shell(line, scratch)).await;
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[0], lines[1], "the keeper leads its session");
    assert_eq!(lines[2], lines[3], "the command leads a group in it");
}

async fn commands_gain_no_privileges(scratch: &Path) {
    let seen = output(shell("grep NoNewPrivs /proc/self/status", scratch)).await;
    assert_eq!(seen, "NoNewPrivs:\t1\n");
}

async fn its_loss_is_reported(scratch: &Path) {
    let lost = Launcher::new().run(shell("kill -9 $PPID", scratch)).await;
    assert!(matches!(lost, Err(SandboxError::KeeperLost { .. })), "{lost:?}");
    let line = "until [ -e go ]; do sleep 0.01; done; kill -9 $PPID";
    let launcher = Launcher::new();
    let mut service = launcher.start(shell(line, scratch), &scratch.join("log")).await.unwrap();
    fs::write(scratch.join("go"), "").unwrap();
    let lost = service.wait().await;
    assert!(matches!(lost, Err(SandboxError::KeeperLost { .. })), "{lost:?}");
}

async fn a_program_that_ends_is_none(_: &Path) {
    assert_silent("/bin/true").await;
}

async fn a_program_that_says_nothing_is_none(scratch: &Path) {
    let mute = scratch.join("mute");
    fs::write(&mute, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&mute, fs::Permissions::from_mode(0o755)).unwrap();
    assert_silent(mute.to_str().unwrap()).await;
}

async fn assert_silent(helper: &str) {
    let launcher = Launcher::with_helper(helper);
    let error = launcher.run(Command::new("/bin/true")).await.unwrap_err();
    assert!(
        matches!(&error, SandboxError::HelperSilent { helper: named } if named == Path::new(helper)),
        "{error:?}"
    );
    assert!(error.to_string().contains("enter_if_helper"));
}

async fn a_missing_one_is_named(_: &Path) {
    let launcher = Launcher::with_helper("/no/such/helper");
    let error = launcher.run(Command::new("/bin/true")).await.unwrap_err();
    assert_eq!(error.to_string(), "sandbox helper /no/such/helper could not be started");
}

async fn refuses_to_be_run_by_hand(_: &Path) {
    let by_hand = Process::new(std::env::current_exe().unwrap())
        .arg("__factory-sandbox-init")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(by_hand.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&by_hand.stderr).contains("internal use"));
}
