//! Gates at a terminal: asked there, answered there, and what becomes of an answer that comes too late.

use std::process::{Command, Stdio};
use std::sync::LazyLock;

use libtest_mimic::Trial;
use serde_json::json;

use crate::fixture::{FACTORY, SPEC, World, building, right};
use crate::gates::waits_at;
use crate::process::{self, Running};
use crate::{needing, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    let trials = [
        with_python("gates_are_answered_at_the_terminal", answered_at_the_terminal),
        with_python("an_answer_to_what_is_not_there_any_more_decides_nothing", an_answer_that_is_stale),
        with_python("a_gate_that_somebody_else_decides_is_not_decided_again", decided_elsewhere),
        with_python("a_scorecard_is_revealed_at_a_terminal", revealed),
    ];
    needing_script(trials)
}

/// The same cases, ignored where no program can be given a terminal.
pub(crate) fn needing_script(trials: impl IntoIterator<Item = Trial>) -> Vec<Trial> {
    trials
        .into_iter()
        .map(|trial| if *SCRIPT { trial } else { needing("needs script(1)", false, trial) })
        .collect()
}

/// Whether there is the `script` of util-linux, which gives a program a terminal.
static SCRIPT: LazyLock<bool> = LazyLock::new(|| {
    let mut command = Command::new("script");
    command.args(["-qefc", "test -t 0 && test -t 2", "/dev/null"]).stdin(Stdio::null());
    command.output().is_ok_and(|tried| tried.status.success())
});

/// The factory at a terminal of its own.
pub(crate) fn at_terminal(world: &World, args: &str) -> Running {
    let line = format!("{FACTORY} {args}");
    Running::with_input(world.command("script", &["-qefc", &line, "/dev/null"]))
}

/// Reads what is shown until it has said this.
pub(crate) fn until(running: &mut Running, text: &str) {
    while let Some(line) = running.line() {
        if line.contains(text) {
            return;
        }
    }
    panic!("it never says `{text}`");
}

fn answered_at_the_terminal() {
    let world = World::new(building(vec![right()]));
    let mut running = at_terminal(&world, &format!("run {SPEC} --progress plain"));
    until(&mut running, "asks for your decision");
    assert_eq!(world.state(), "waiting", "others can look meanwhile");
    waits_at(&world, "plan:exit");
    // What is no choice and what is no reason is asked again.
    running.type_in("perhaps\na\nok\nthe plan is small enough\n");
    until(&mut running, "asks for your decision");
    running.type_in("approve\nthe patch was read\n");
    running.end().ends_with(0).says("is merged.");
    world.assert_merged();
    let decided = world.events("gate_decided");
    let told: Vec<_> = decided.iter().map(|event| (&event["via"], &event["because"])).collect();
    assert_eq!(told[0], (&json!("terminal"), &json!("the plan is small enough")));
    assert_eq!(decided[1]["verdict"]["shown"], json!(true));
    world.assert_no_process();
}

fn an_answer_that_is_stale() {
    let world = World::new(building(vec![right()]));
    let mut running = at_terminal(&world, &format!("run {SPEC} --progress plain"));
    until(&mut running, "asks for your decision");
    let retry =
        ["gate", "retry", "plan", "--note", "Think of languages, too.", "--because", "languages are missing"];
    world.factory(&retry).ends_with(0);
    // The answer is to a plan that will not be; the run goes on with the note, and asks again.
    running.type_in("a\nthe plan is small enough\n");
    until(&mut running, "not decided: ");
    until(&mut running, "asks for your decision");
    let decided = world.events("gate_decided");
    assert_eq!((decided.len(), &decided[0]["decision"]), (1, &json!("retried")));
    running.type_in("r\nit is not what was asked for\n");
    running.end().ends_with(5);
    assert_eq!(world.state(), "rejected");
}

fn decided_elsewhere() {
    let world = World::new(building(vec![right()]));
    let mut running = at_terminal(&world, &format!("run {SPEC} --progress plain"));
    until(&mut running, "asks for your decision");
    world.factory(&["gate", "approve", "plan", "--because", "the plan is small enough"]).ends_with(0);
    running.type_in("r\nit is not what was asked for\n");
    until(&mut running, "not decided: ");
    until(&mut running, "The gate merge:entry asks for your decision");
    running.type_in("l\n");
    running.end().ends_with(4).says("waits at the gate merge:entry.");
    assert_eq!(world.events("gate_decided").len(), 1);
}

fn revealed() {
    let world = World::new(building(vec![right()]));
    world.run(&[crate::fixture::APPROVE]).ends_with(0);
    let args = "runs show --reveal --because 'a scenario may be wrong'";
    at_terminal(&world, args).end().ends_with(0).says("Quixote").says("is recorded");
    let seen = world.events("scorecard_revealed");
    assert_eq!((seen.len(), &seen[0]["because"]), (1, &json!("a scenario may be wrong")));
    process::run(
        world.command(
            "script",
            &["-qefc", &format!("{FACTORY} runs show --reveal --because ok"), "/dev/null"],
        ),
    )
    .ends_with(2);
    assert_eq!(world.events("scorecard_revealed").len(), 1);
}
