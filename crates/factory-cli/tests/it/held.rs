//! Two processes in one project: the second is told who is at work, at once, and the first is not disturbed.

use factory_testkit::model_twin::Fault;
use libtest_mimic::Trial;

use crate::fixture::{APPROVE, FACTORY, SPEC, World, building, right};
use crate::process::{self, Running};
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![with_python("a_second_process_is_told_who_is_at_work", a_second_process_is_told_who_is_at_work)]
}

fn a_second_process_is_told_who_is_at_work() {
    let world = World::new(building(vec![right()]));
    world.twin().break_down(Fault::Hang);
    let first = Running::start(world.command(FACTORY, &["run", SPEC, APPROVE]));
    process::wait_until("the first run asks its model", || !world.twin().requests().is_empty());
    let holder = format!("process {}", first.id());
    for args in [
        &["run", SPEC][..],
        &["runs", "list"],
        &["runs", "show"],
        &["runs", "resume"],
        &["gate", "list"],
        &["gate", "approve", "--because", "x"],
    ] {
        let ran = world.factory(args).ends_with(2);
        ran.says("another factory is at work in this project").says(&holder);
    }
    // What needs no store works meanwhile.
    world.run(&["--dry-run"]).ends_with(0);
    world.factory(&["clean"]).ends_with(0).says("removed 0 stale checkouts");
    world.twin().mend();
    first.end().ends_with(0);
    world.assert_merged();
    assert_eq!(world.json(&["runs", "list"]).as_array().unwrap().len(), 1);
}
