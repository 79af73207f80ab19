//! Gates that nobody answers. They fail closed.

use factory_core::command::{Command, Deciding};
use factory_core::decide::{self, Rejection};
use factory_core::event::{Decision, Event, Outcome};
use factory_core::ids::Timestamp;
use factory_core::pipeline::model::{Edge, GateRule};
use factory_core::state::Phase;
use factory_testkit::samples::{self, pipelines};

use crate::walk::{self, Walk};

const HOUR: u64 = 60 * 60;
const MS: u64 = 1000;

/// The plan waits for two people, for two days at most.
fn at_plan() -> Walk {
    let mut walk = Walk::in_pipeline(pipelines::strict());
    walk.go_on_to("plan");
    walk.make("plan");
    walk
}

fn approved(walk: &Walk, login: &str) -> Deciding {
    Deciding { by: samples::somebody(login), ..walk.decides(&samples::exit("plan"), Decision::Approved) }
}

/// Moves the clock so that the next command comes exactly then.
fn next_at(walk: &mut Walk, at: u64) {
    walk.now = at - MS;
}

#[test]
fn a_gate_that_nobody_answers_ends_the_run() {
    let mut walk = at_plan();
    let opened = walk.now;
    let until = opened + 48 * HOUR * MS;
    assert_eq!(walk.open(&samples::exit("plan")).expires, Some(Timestamp(until)));
    assert_eq!(walk.state().due(), Some(Timestamp(until)));

    assert_eq!(walk.refused(Command::Tick), Rejection::NothingDue);
    next_at(&mut walk, until - 1);
    assert_eq!(walk.refused(Command::Tick), Rejection::NothingDue, "a millisecond before");
    next_at(&mut walk, until);
    let events = walk.obey(Command::Tick);
    assert_eq!(walk::story(&events), ["expired plan:exit", "ended expired at plan:exit"]);
    let Event::GateExpired { waited_ms, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(*waited_ms, 48 * HOUR * MS);
    let gate = samples::exit("plan");
    assert_eq!(walk.state().outcome, Some(Outcome::Expired { gate }));
    assert_eq!(walk.state().phase(), Phase::Rejected);
    assert_eq!(walk.state().due(), None);
    assert_eq!(walk.refused(Command::Tick), Rejection::Over(Phase::Rejected));
}

#[test]
fn a_decision_that_comes_too_late_does_not_count() {
    for late_by in [0, 1, 24 * HOUR * MS] {
        for decision in [Decision::Approved, Decision::Rejected, Decision::Retried] {
            let mut walk = at_plan();
            let until = walk.state().due().unwrap();
            next_at(&mut walk, until.0 + late_by);
            let note = (decision == Decision::Retried).then(|| "shorter, please".to_owned());
            let late = Deciding { note, ..walk.decides(&samples::exit("plan"), decision) };
            let expired = Rejection::Expired { gate: samples::exit("plan"), until };
            assert_eq!(walk.decide_refused(late), expired);
            walk.obey(Command::Tick);
            assert_eq!(walk.state().phase(), Phase::Rejected);
        }
    }
}

#[test]
fn a_decision_at_the_last_moment_counts_and_the_time_for_the_second_is_no_longer() {
    let mut walk = at_plan();
    let until = walk.state().due().unwrap();
    next_at(&mut walk, until.0 - 1);
    walk.decide(approved(&walk, "bob"));
    assert_eq!(walk.state().due(), Some(until), "one of two approvals changes nothing");
    let late = Rejection::Expired { gate: samples::exit("plan"), until };
    assert_eq!(walk.decide_refused(approved(&walk, "cleo")), late);
    let events = walk.obey(Command::Tick);
    assert_eq!(walk::story(&events), ["expired plan:exit", "ended expired at plan:exit"]);
}

#[test]
fn whatever_happens_next_lets_it_happen() {
    // People decide about the design while reconnaissance goes on.
    let mut pipeline = pipelines::wide();
    let design = pipeline.stages.iter_mut().find(|stage| stage.id.as_str() == "design").unwrap();
    design.rules.insert(Edge::Exit, GateRule { timeout_seconds: Some(HOUR), ..GateRule::default() });
    let mut walk = Walk::in_pipeline(pipeline);
    walk.make("spec");
    walk.make("design");
    assert_eq!((walk.gates(), walk.wanted()), (vec!["design:exit".to_owned()], vec!["recon/1".to_owned()]));
    walk.wait(2 * HOUR);
    let mut other = walk.clone();
    let events = walk.make("recon");
    assert_eq!(
        walk::story(&events),
        ["produced recon/1", "expired design:exit", "ended expired at design:exit"]
    );
    let events = other.block("recon");
    assert_eq!(walk::story(&events)[1..], ["expired design:exit", "ended expired at design:exit"]);
}

#[test]
fn where_a_stage_is_stuck_the_time_is_limited_too() {
    let mut walk = Walk::in_pipeline(pipelines::strict());
    walk.go_on_to("verify");
    // Twice inconclusive: nothing is left to try.
    for _ in 0..2 {
        let verify = samples::verify(walk.patch(), 9, 0, 1);
        walk.produce("verify", factory_core::artifact::Body::Verify(verify));
    }
    assert_eq!(walk.gates(), ["verify:escalation"]);
    assert_eq!(walk.state().due(), Some(Timestamp(walk.now + 12 * HOUR * MS)));
    walk.wait(12 * HOUR);
    let events = walk.obey(Command::Tick);
    assert_eq!(walk::story(&events), ["expired verify:escalation", "ended expired at verify:escalation"]);
}

#[test]
fn a_clock_that_goes_back_never_lengthens_what_was_waited_below_nothing() {
    let mut walk = at_plan();
    let opened = walk.now;
    walk.wait(HOUR);
    walk.decide(approved(&walk, "bob"));
    let decided = walk.now;
    // An hour and more back, before the gate was even open.
    walk.now = 1;
    assert_eq!(walk.refused(Command::Tick), Rejection::NothingDue);
    let events = walk.decide(approved(&walk, "cleo"));
    let Event::GateDecided(second) = &events[0] else { panic!("{events:?}") };
    assert_eq!(second.waited_ms, decided - opened, "the time of a record never goes back");
    assert_eq!(walk.state().changed_at, Timestamp(decided));
    assert_eq!(walk.log.last().unwrap().at, Timestamp(decided));
    assert_eq!(decide::time(walk.state.as_ref(), Timestamp(1)), Timestamp(decided));
    assert_eq!(decide::time(None, Timestamp(1)), Timestamp(1));
}

#[test]
fn without_a_timeout_a_gate_waits_for_ever() {
    let mut walk = Walk::up_to("plan");
    walk.make("plan");
    assert_eq!(walk.open(&samples::exit("plan")).expires, None);
    assert_eq!(walk.state().due(), None);
    walk.wait(1000 * 365 * 24 * HOUR);
    assert_eq!(walk.refused(Command::Tick), Rejection::NothingDue);
    walk.approve(&samples::exit("plan"));
    assert_eq!(walk.wanted(), ["tasks/1"]);
}

#[test]
fn a_timeout_beyond_all_time_is_none() {
    let mut pipeline = pipelines::strict();
    for stage in &mut pipeline.stages {
        stage.rules.values_mut().for_each(|rule| rule.timeout_seconds = Some(u64::MAX));
    }
    let mut walk = Walk::in_pipeline(pipeline);
    walk.go_on_to("plan");
    walk.make("plan");
    assert_eq!(walk.state().due(), Some(Timestamp(u64::MAX)));
}

#[test]
fn what_was_merged_stays_merged_when_nobody_wants_lessons() {
    let mut pipeline = pipelines::patient();
    for stage in &mut pipeline.stages {
        let rule = GateRule { timeout_seconds: Some(HOUR), ..GateRule::default() };
        stage.rules.insert(Edge::Entry, rule);
    }
    let mut walk = Walk::in_pipeline(pipeline);
    walk.go_on_to("lessons");
    walk.wait(HOUR);
    walk.obey(Command::Tick);
    assert_eq!(walk.gates(), ["lessons:entry"], "it has soaked");
    walk.wait(HOUR);
    let events = walk.obey(Command::Tick);
    assert_eq!(walk::story(&events), ["expired lessons:entry", "ended merged"]);
    assert_eq!(walk.state().phase(), Phase::Merged);
}
