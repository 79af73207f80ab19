//! Nothing that a command starts outlives it, however it detaches itself.

use std::fs;
use std::path::Path;
use std::time::Duration;

use factory_sandbox::{End, Launcher, Limits};
use libtest_mimic::Trial;
use tokio::time;

use crate::tools::{alive, pids, run, shell, trial, until, written_pids};

/// Starts four processes that try to get away, and a plain one; each writes its id to `pids`.
pub(crate) const RUNAWAYS: &str = r#"
    stay='echo $$ >> pids; exec sleep 1000'
    setsid sh -c "$stay" &
    nohup sh -c "$stay" > /dev/null 2>&1 &
    setsid -f sh -c "$stay" > /dev/null 2>&1
    (setsid sh -c "trap '' TERM HUP INT; sh -c '$stay' &" > /dev/null 2>&1 &)
    sh -c "$stay" &
"#;
pub(crate) const RUNAWAY_COUNT: usize = 5;

/// Waits until all of them have written.
pub(crate) const ALL_WRITTEN: &str =
    "until [ \"$(cat pids 2>/dev/null | wc -l)\" -eq 5 ]; do sleep 0.01; done\n";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("family::left_behind_is_killed", left_behind_is_killed),
        trial("family::timeout_kills_the_tree", timeout_kills_the_tree),
        trial("family::timeout_keeps_the_output", timeout_keeps_the_output),
        trial("family::dropping_the_future_kills", dropping_the_future_kills),
        trial("family::many_processes_are_killed", many_processes_are_killed),
        trial("family::endless_forking_is_outrun", endless_forking_is_outrun),
        trial("family::stopped_processes_are_killed", stopped_processes_are_killed),
        trial("family::killing_its_group_spares_the_keeper", killing_its_group_spares_the_keeper),
    ]
}

async fn left_behind_is_killed(scratch: &Path) {
    let line = format!("{RUNAWAYS}{ALL_WRITTEN}exit 7");
    let finished = run(shell(&line, scratch)).await;
    assert_eq!(finished.end, End::Exited(7));
    assert_all_gone(scratch);
}

async fn timeout_kills_the_tree(scratch: &Path) {
    // On a busy machine the first time may be over before all have started.
    for seconds in [1, 4, 16] {
        let limits = Limits { wall: Duration::from_secs(seconds), ..Limits::default() };
        let _ = fs::remove_file(scratch.join("pids"));
        let finished = run(shell(&format!("{RUNAWAYS}wait"), scratch).limits(limits)).await;
        assert_eq!(finished.end, End::TimedOut);
        if written_pids(scratch).len() == RUNAWAY_COUNT {
            return assert_all_gone(scratch);
        }
    }
    panic!("the processes have not started in time");
}

async fn timeout_keeps_the_output(scratch: &Path) {
    for seconds in [1, 4, 16] {
        let limits = Limits { wall: Duration::from_secs(seconds), ..Limits::default() };
        let finished = run(shell("echo so far; exec sleep 1000", scratch).limits(limits)).await;
        assert_eq!(finished.end, End::TimedOut);
        if finished.stdout.text() == "so far\n" {
            return;
        }
    }
    panic!("the output is lost");
}

async fn dropping_the_future_kills(scratch: &Path) {
    let command = shell(&format!("{RUNAWAYS}wait"), scratch);
    let launcher = Launcher::new();
    let started = tokio::select! {
        finished = launcher.run(command) => panic!("{finished:?}"),
        pids = pids(scratch, RUNAWAY_COUNT) => pids,
    };
    until("all are gone", || !started.iter().copied().any(alive)).await;
}

async fn many_processes_are_killed(scratch: &Path) {
    let line = "
        i=0
        while [ $i -lt 300 ]; do
            (setsid sleep 1000 & echo $! >> pids)
            i=$((i + 1))
        done";
    let finished = run(shell(line, scratch)).await;
    assert_eq!(finished.end, End::Exited(0));
    assert_eq!(written_pids(scratch).len(), 300);
    assert_all_gone(scratch);
}

async fn endless_forking_is_outrun(scratch: &Path) {
    // Each process replaces itself by a child, so that whoever is looked up is about to be gone.
    let relay = "echo . >> steps; sh relay & ";
    fs::write(scratch.join("relay"), relay).unwrap();
    let line = "
        sh relay & sh relay & sh relay &
        until [ \"$(wc -l < steps)\" -gt 100 ]; do sleep 0.01; done 2> /dev/null";
    let finished = run(shell(line, scratch)).await;
    assert_eq!(finished.end, End::Exited(0));
    let steps = || fs::metadata(scratch.join("steps")).unwrap().len();
    let at_the_end = steps();
    assert!(at_the_end > 200);
    time::sleep(Duration::from_millis(500)).await;
    assert_eq!(steps(), at_the_end);
}

async fn stopped_processes_are_killed(scratch: &Path) {
    let line = "sh -c 'echo $$ >> pids; kill -STOP $$' & until [ -s pids ]; do sleep 0.01; done";
    assert_eq!(run(shell(line, scratch)).await.end, End::Exited(0));
    assert_eq!(written_pids(scratch).len(), 1);
    assert_all_gone(scratch);
}

async fn killing_its_group_spares_the_keeper(scratch: &Path) {
    let line = "setsid -f sh -c 'echo $$ >> pids; exec sleep 1000' > /dev/null 2>&1
        until [ -s pids ]; do sleep 0.01; done
        kill -9 0";
    assert_eq!(run(shell(line, scratch)).await.end, End::Signalled(9));
    assert_eq!(written_pids(scratch).len(), 1);
    assert_all_gone(scratch);
}

fn assert_all_gone(scratch: &Path) {
    let left: Vec<u32> = written_pids(scratch).into_iter().filter(|&pid| alive(pid)).collect();
    assert_eq!(left, [0; 0]);
}
