//! A machine on which nothing can be confined: nothing starts, unless a person at a terminal accepts that.

use std::fs;

use libtest_mimic::Trial;
use serde_json::json;

use crate::fixture::{FACTORY, SPEC, World, building, right};
use crate::gates::waits_at;
use crate::process::{self, Running};
use crate::terminal::{needing_script, until};
use crate::with_python;

/// Takes namespaces and Landlock away from a program, as a container might, and becomes it: a filter of seccomp(2) that
/// answers unshare(2) with EPERM and landlock_create_ruleset(2) with ENOSYS.
const WITHOUT: &str = r"
import ctypes, os, platform, struct, sys
unshare = {'x86_64': 272, 'aarch64': 97}[platform.machine()]
def code(code, jt, jf, k): return struct.pack('HBBI', code, jt, jf, k)
load, equal, answer = 0x20, 0x15, 0x06
program = b''.join([
    code(load, 0, 0, 0),
    code(equal, 2, 0, unshare),
    code(equal, 2, 0, 444),
    code(answer, 0, 0, 0x7fff0000),
    code(answer, 0, 0, 0x00050000 | 1),
    code(answer, 0, 0, 0x00050000 | 38),
])
buffer = ctypes.create_string_buffer(program, len(program))
filter = ctypes.create_string_buffer(struct.pack('HL', len(program) // 8, ctypes.addressof(buffer)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, filter, 0, 0) == 0, ctypes.get_errno()
os.execv(sys.argv[1], sys.argv[1:])
";

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![with_python("nothing_starts_where_nothing_can_be_confined", nothing_starts)];
    trials.extend(needing_script([
        with_python("a_person_can_accept_that_nothing_is_confined", accepted),
        with_python("it_is_not_accepted_where_it_need_not_be", not_needed),
    ]));
    trials
}

fn without(world: &World) -> String {
    let path = world.root().join("without.py");
    fs::write(&path, WITHOUT).unwrap();
    format!("python3 {} {FACTORY}", path.display())
}

fn nothing_starts() {
    let world = World::new(building(vec![right()]));
    let factory = without(&world);
    let run = |args: &str| process::run(world.command("sh", &["-c", &format!("{factory} {args}")]));
    let ran = run(&format!("run {SPEC}")).ends_with(1).says("cannot be confined").says("factory doctor");
    ran.says("--accept-unsealed").never_says("BitFlags");
    // Scenarios by themselves have no run that a person could accept anything for.
    for verb in ["run", "sabotage --state"] {
        let ran = run(&format!("scenario {verb} --at HEAD")).ends_with(1).says("cannot be confined");
        ran.says("factory doctor").never_says("--accept-unsealed").never_says("BitFlags");
    }
    run("doctor").ends_with(1).says("FAILED  sandbox").says("Linux 6.7").never_says("BitFlags");
    run(&format!("run {SPEC} --accept-unsealed 'nothing else is at hand here'"))
        .ends_with(2)
        .says("for a person at a terminal");
    assert_eq!(world.factory(&["runs", "list", "--format", "json"]).ends_with(0).out.trim(), "[]");
}

fn accepted() {
    let world = World::new(building(vec![right()]));
    let line = format!(
        "{} run {SPEC} --progress plain --accept-unsealed 'this container is thrown away' --approve-because 'all is read afterwards'",
        without(&world)
    );
    let mut running = Running::with_input(world.command("script", &["-qefc", &line, "/dev/null"]));
    until(&mut running, "NOT confined");
    // What was said in advance passes the plan, but not the merge.
    running.end().ends_with(4);
    waits_at(&world, "merge:entry");
    let started = world.events("run_started");
    assert_eq!(started[0]["unsealed"], json!("this container is thrown away"));
    let shown = world.factory(&["runs", "show"]).ends_with(0).says("this container is thrown away");
    assert!(shown.out.starts_with("NOT SEALED: "), "it is the first thing said: {shown}");
    let reason = ["--because", "every line of the patch was read"];
    world.factory(&[&["gate", "approve", "--resume"], &reason[..]].concat()).ends_with(0).says("is merged.");
}

fn not_needed() {
    let world = World::new(building(vec![right()]));
    let line = format!("{FACTORY} run {SPEC} --accept-unsealed 'it might be faster that way'");
    let running = Running::with_input(world.command("script", &["-qefc", &line, "/dev/null"]));
    running.end().ends_with(2).says("is not needed");
}
