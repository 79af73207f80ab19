//! `kill -9`, at any moment and many times: a resumption ends where the run would have ended, as if nothing had been.

use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use factory_testkit::model_twin::Role;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::fixture::{APPROVE, BRANCH, FACTORY, SPEC, World, building, mended, wrong};
use crate::process::Running;
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_run_survives_a_kill_after_each_of_its_events", a_kill_after_each_event),
        with_python("a_run_survives_kills_at_any_moment", kills_at_any_moment),
    ]
}

/// What a run comes to that nobody kills: the tree of its branch, and its events.
static UNDISTURBED: LazyLock<(String, Vec<String>)> = LazyLock::new(|| {
    let world = world();
    world.run(&[APPROVE]).ends_with(0);
    (world.tree(BRANCH), events(&world))
});

/// A run that needs two builds.
fn world() -> World {
    World::new(building(vec![wrong(), mended()]))
}

/// What happened, without times, figures and digests.
fn events(world: &World) -> Vec<String> {
    let logged = world.json(&["runs", "logs"]);
    let event = |row: &Value| {
        let event = &row["event"];
        format!("{} {} {}", event["event"], event["stage"], event["attempt"])
    };
    logged.as_array().unwrap().iter().map(event).collect()
}

/// Begins the run, or goes on with it if it has begun.
fn go_on(world: &World) -> Running {
    let begun = world.json(&["runs", "list"]);
    let verb = if begun.as_array().unwrap().is_empty() { &["run", SPEC][..] } else { &["runs", "resume"] };
    Running::start(world.command(FACTORY, &[verb, &[APPROVE, "--format", "ndjson"]].concat()))
}

fn is_over(world: &World) -> bool {
    world.json(&["runs", "list"]).as_array().unwrap().iter().any(|run| run["state"] == "merged")
}

/// Everything is as if the run had never been killed.
fn as_if_nothing_had_been(world: &World) {
    world.assert_merged();
    let (tree, expected) = &*UNDISTURBED;
    assert_eq!(&world.tree(BRANCH), tree);
    assert_eq!(&events(world), expected);
    assert_eq!(world.json(&["runs", "list"]).as_array().unwrap().len(), 1);
    let builds = world.twin().requests_of(Role::Implementer);
    assert!(builds.iter().all(|request| request.session < 2), "there was a build that should not have been");
    world.assert_holdouts_stayed_hidden();
    world.assert_no_process();
    world.factory(&["clean"]).ends_with(0);
    world.assert_no_checkout();
}

fn a_kill_after_each_event() {
    let world = world();
    let mut kills = 0;
    loop {
        let mut running = go_on(&world);
        let line = running.line().unwrap();
        running.kill();
        kills += 1;
        world.assert_no_process();
        if line.contains("\"run_ended\"") || is_over(&world) {
            break;
        }
        assert!(kills < 100, "it does not come to an end: {line}");
    }
    assert!(kills >= 12, "{kills}");
    as_if_nothing_had_been(&world);
}

fn kills_at_any_moment() {
    let mut random = Random(20_261_120);
    let mut kills = 0;
    while kills < 14 {
        let world = world();
        while !is_over(&world) && kills < 14 {
            let running = go_on(&world);
            thread::sleep(Duration::from_millis(random.below(900)));
            if !running.kill() {
                kills += 1;
            }
            world.assert_no_process();
        }
        if !is_over(&world) {
            go_on(&world).end().ends_with(0);
        }
        as_if_nothing_had_been(&world);
    }
}

/// A linear congruential generator with the constants of Knuth's MMIX: the same moments in every test run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
