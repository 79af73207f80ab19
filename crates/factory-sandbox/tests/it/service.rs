//! Services: log, end, stop.

use std::fs;
use std::path::Path;
use std::time::Duration;

use factory_sandbox::{Command, End, Launcher, Limits, SandboxError, Service};
use libtest_mimic::Trial;

use crate::family::{RUNAWAY_COUNT, RUNAWAYS};
use crate::tools::{alive, pids, shell, trial, until};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("service::logs_both_streams_in_order", logs_both_streams_in_order),
        trial("service::log_is_complete_at_the_end", log_is_complete_at_the_end),
        trial("service::tells_whether_it_has_ended", tells_whether_it_has_ended),
        trial("service::waiting_can_be_given_up", waiting_can_be_given_up),
        trial("service::stops_when_asked", stops_when_asked),
        trial("service::asks_every_process", asks_every_process),
        trial("service::kills_what_ignores_the_request", kills_what_ignores_the_request),
        trial("service::stop_after_the_end_tells_the_end", stop_after_the_end_tells_the_end),
        trial("service::dropping_kills", dropping_kills),
        trial("service::wall_limit_applies", wall_limit_applies),
        trial("service::full_log_does_not_block", full_log_does_not_block),
        trial("service::log_stays_below_the_file_limit", log_stays_below_the_file_limit),
        trial("service::missing_program_is_named", missing_program_is_named),
        trial("service::log_that_cannot_be_made_is_named", log_that_cannot_be_made_is_named),
    ]
}

async fn start(command: Command, scratch: &Path) -> Service {
    Launcher::new().start(command, &scratch.join("log")).await.unwrap()
}

fn log(scratch: &Path) -> String {
    fs::read_to_string(scratch.join("log")).unwrap()
}

fn with_grace(command: Command, grace: Duration) -> Command {
    command.limits(Limits { grace, ..Limits::default() })
}

async fn logs_both_streams_in_order(scratch: &Path) {
    let line = "for i in 1 2 3 4 5; do echo o$i; echo e$i >&2; done; exit 3";
    let mut service = start(shell(line, scratch), scratch).await;
    assert_eq!(service.wait().await.unwrap(), End::Exited(3));
    assert_eq!(log(scratch), "o1\ne1\no2\ne2\no3\ne3\no4\ne4\no5\ne5\n");
}

async fn log_is_complete_at_the_end(scratch: &Path) {
    // The keeper is held up until the service has ended and left behind as much as a pipe holds.
    let line = "kill -STOP $PPID
        (until ! kill -0 $$ || grep -q '^State:.Z' /proc/$$/status; do sleep 0.01; done; kill -CONT $PPID) 2> /dev/null &
        exec head -c 65536 /dev/zero";
    let mut service = start(shell(line, scratch), scratch).await;
    assert_eq!(service.wait().await.unwrap(), End::Exited(0));
    assert_eq!(log(scratch).len(), 65536);
}

async fn tells_whether_it_has_ended(scratch: &Path) {
    let line = "until [ -e go ]; do sleep 0.01; done; exit 4";
    let mut service = start(shell(line, scratch), scratch).await;
    assert_eq!(service.ended().unwrap(), None);
    fs::write(scratch.join("go"), "").unwrap();
    until("it has ended", || service.ended().unwrap().is_some()).await;
    assert_eq!(service.ended().unwrap(), Some(End::Exited(4)));
    assert_eq!(service.wait().await.unwrap(), End::Exited(4));
    assert_eq!(service.stop().await.unwrap(), End::Exited(4));
}

async fn waiting_can_be_given_up(scratch: &Path) {
    let line = "until [ -e go ]; do sleep 0.01; done; exit 4";
    let mut service = start(shell(line, scratch), scratch).await;
    let given_up = tokio::time::timeout(Duration::from_millis(50), service.wait()).await;
    assert!(given_up.is_err());
    fs::write(scratch.join("go"), "").unwrap();
    assert_eq!(service.wait().await.unwrap(), End::Exited(4));
}

async fn stops_when_asked(scratch: &Path) {
    let line = "trap 'echo bye; exit 5' TERM; echo $$ >> pids; while :; do sleep 0.01; done";
    // The grace is longer than the test may take.
    let command = with_grace(shell(line, scratch), Duration::from_secs(1000));
    let service = start(command, scratch).await;
    pids(scratch, 1).await;
    assert_eq!(service.stop().await.unwrap(), End::Exited(5));
    assert_eq!(log(scratch).lines().last(), Some("bye"));
}

async fn asks_every_process(scratch: &Path) {
    // The grandchild takes its time, after the first process is gone.
    let grandchild =
        "trap 'sleep 0.3; echo saved > saved; exit' TERM; echo $$ >> pids; while :; do sleep 0.01; done";
    let line = "setsid sh -c \"$GRANDCHILD\" & trap 'exit 0' TERM; while :; do sleep 0.01; done";
    let environment = factory_sandbox::Environment::tools(scratch).unwrap();
    let command = shell(line, scratch).environment(environment.with("GRANDCHILD", grandchild));
    let service = start(with_grace(command, Duration::from_secs(1000)), scratch).await;
    let started = pids(scratch, 1).await;
    assert_eq!(service.stop().await.unwrap(), End::Exited(0));
    assert_eq!(fs::read_to_string(scratch.join("saved")).unwrap(), "saved\n");
    assert!(!alive(started[0]));
}

async fn kills_what_ignores_the_request(scratch: &Path) {
    let line = "trap '' TERM; echo $$ >> pids; while :; do sleep 0.01; done";
    let service = start(with_grace(shell(line, scratch), Duration::from_millis(300)), scratch).await;
    let started = pids(scratch, 1).await;
    assert_eq!(service.stop().await.unwrap(), End::Signalled(9));
    assert!(!alive(started[0]));
}

async fn stop_after_the_end_tells_the_end(scratch: &Path) {
    let service = start(shell("echo $$ >> pids; exit 6", scratch), scratch).await;
    let started = pids(scratch, 1).await;
    until("it has ended", || !alive(started[0])).await;
    assert_eq!(service.stop().await.unwrap(), End::Exited(6));
}

async fn dropping_kills(scratch: &Path) {
    let service = start(shell(&format!("{RUNAWAYS}wait"), scratch), scratch).await;
    let started = pids(scratch, RUNAWAY_COUNT).await;
    assert!(started.iter().copied().all(alive));
    drop(service);
    until("all are gone", || !started.iter().copied().any(alive)).await;
}

async fn wall_limit_applies(scratch: &Path) {
    let limits = Limits { wall: Duration::from_millis(300), ..Limits::default() };
    let mut service = start(shell("exec sleep 1000", scratch).limits(limits), scratch).await;
    assert_eq!(service.wait().await.unwrap(), End::TimedOut);
}

async fn full_log_does_not_block(scratch: &Path) {
    let limits = Limits { output_bytes: 100_000, ..Limits::default() };
    let line = "echo first; yes | head -c 5000000; touch written; exec sleep 1000";
    let service = start(shell(line, scratch).limits(limits), scratch).await;
    until("all is written", || scratch.join("written").exists()).await;
    assert_eq!(service.stop().await.unwrap(), End::Signalled(15));
    let log = log(scratch);
    assert_eq!(log.len(), 100_000);
    assert!(log.starts_with("first\ny\ny\n"));
}

async fn log_stays_below_the_file_limit(scratch: &Path) {
    let limits = Limits { file_bytes: Some(1000), ..Limits::default() };
    let line = "yes | head -c 500000; exit 3";
    let mut service = start(shell(line, scratch).limits(limits), scratch).await;
    assert_eq!(service.wait().await.unwrap(), End::Exited(3));
    assert_eq!(log(scratch).len(), 1000);
}

async fn missing_program_is_named(scratch: &Path) {
    let command = Command::new("/no/such/program");
    let error = Launcher::new().start(command, &scratch.join("log")).await.unwrap_err();
    assert!(matches!(error, SandboxError::ProgramNotFound { program } if program == "/no/such/program"));
}

async fn log_that_cannot_be_made_is_named(scratch: &Path) {
    let wanted = scratch.join("missing/log");
    let error = Launcher::new().start(shell("true", scratch), &wanted).await.unwrap_err();
    assert!(matches!(error, SandboxError::Log { path, .. } if path == wanted));
}
