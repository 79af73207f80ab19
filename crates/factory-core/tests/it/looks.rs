//! Who has looked at what a gate shows, and what a decision says of it.

use factory_core::artifact::Body;
use factory_core::command::{Command, Deciding};
use factory_core::decide::Rejection;
use factory_core::event::{Channel, Decision, Event, GateDecided, VerdictSeen};
use factory_core::evolve;
use factory_core::ids::Digest;
use factory_core::ledger::entry;
use factory_core::pipeline::model::OnExhausted;
use factory_core::risk::RiskClass;
use factory_testkit::samples;

use crate::conditions;
use crate::walk::{self, Walk};

fn look(walk: &Walk, gate: &str, login: &str, verdict_shown: bool) -> Command {
    let gate = samples::gate(gate);
    let seen = walk.sees(&gate);
    Command::Look { gate, by: samples::somebody(login), seen, verdict_shown }
}

fn decided(events: &[Event]) -> &GateDecided {
    let Event::GateDecided(decided) = &events[0] else { panic!("{events:?}") };
    decided
}

#[test]
fn a_look_is_kept_and_changes_nothing_else() {
    let mut walk = Walk::up_to("merge");
    let gate = walk.open(&samples::entry("merge"));
    let events = walk.obey(look(&walk, "merge:entry", "bob", true));
    let [Event::GateSeen { gate: at, by, seen, verdict_shown: true }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((at, by.login.as_str(), seen), (&gate.gate, "bob", &gate.sees));
    assert_eq!(walk.open(&samples::entry("merge")), gate);
    let state = walk.state();
    assert_eq!(entry::entries(&state.started.run, 9, state.changed_at, &events), [], "it decides nothing");
}

#[test]
fn the_same_look_is_kept_once() {
    let mut walk = Walk::up_to("merge");
    walk.obey(look(&walk, "merge:entry", "bob", false));
    assert_eq!(walk.refused(look(&walk, "merge:entry", "bob", false)), Rejection::AlreadySeen);
    // Now with the verdict: that is new.
    walk.obey(look(&walk, "merge:entry", "bob", true));
    for verdict_shown in [true, false] {
        assert_eq!(walk.refused(look(&walk, "merge:entry", "bob", verdict_shown)), Rejection::AlreadySeen);
    }
    walk.obey(look(&walk, "merge:entry", "cleo", false));
}

#[test]
fn nobody_has_seen_what_is_not_shown() {
    let mut walk = Walk::up_to("merge");
    let gate = samples::entry("merge");
    let shown = walk.sees(&gate);
    for seen in [Vec::new(), shown[..2].to_vec(), vec![Digest::of(b"another")]] {
        let look = Command::Look { gate: gate.clone(), by: samples::person(), seen, verdict_shown: false };
        assert_eq!(walk.refused(look), Rejection::Stale(gate.clone()));
    }
    let closed = samples::exit("plan");
    let look =
        Command::Look { gate: closed.clone(), by: samples::person(), seen: shown, verdict_shown: false };
    assert_eq!(walk.refused(look), Rejection::GateClosed(closed));
}

#[test]
fn where_there_is_no_verdict_none_is_shown() {
    let mut walk = Walk::up_to("plan");
    walk.make("plan");
    let events = walk.obey(look(&walk, "plan:exit", "bob", true));
    let Event::GateSeen { verdict_shown, .. } = &events[0] else { panic!("{events:?}") };
    assert!(!verdict_shown);
    let events = walk.approve(&samples::exit("plan"));
    assert_eq!((&decided(&events).verdict, decided(&events).risk), (&None, None));
}

/// What stands beside the approval of a merge that came in that way, after these looks.
fn approved(via: Channel, looks: &[(&str, bool)]) -> Option<VerdictSeen> {
    let mut walk = Walk::up_to("merge");
    for (login, verdict_shown) in looks {
        walk.obey(look(&walk, "merge:entry", login, *verdict_shown));
    }
    let wanted = walk.decides(&samples::entry("merge"), Decision::Approved);
    let events = walk.decide(Deciding { via, by: samples::somebody("bob"), ..wanted });
    decided(&events).verdict.clone()
}

#[test]
fn a_decision_says_whether_the_verdict_was_shown() {
    for (via, looks, shown) in [
        (Channel::Terminal, &[][..], true),
        (Channel::InAdvance, &[][..], false),
        (Channel::InAdvance, &[("bob", true)], false),
        (Channel::Command, &[], false),
        (Channel::Command, &[("bob", false)], false),
        (Channel::Command, &[("bob", true)], true),
        (Channel::Command, &[("bob", false), ("bob", true)], true),
        (Channel::Command, &[("cleo", true)], false),
        (Channel::Command, &[("cleo", true), ("bob", false)], false),
    ] {
        let verdict = approved(via, looks).expect("there is one");
        assert_eq!((verdict.passed, verdict.shown), (true, shown), "{via:?} {looks:?}");
    }
}

#[test]
fn a_decision_says_what_the_evaluator_had_said_and_how_risky_the_patch_is() {
    let mut walk = Walk::up_to("build");
    walk.produce("build", conditions::risky("hello"));
    walk.go_on_to("merge");
    let verify = walk.made("verify");
    let events = walk.approve(&samples::entry("merge"));
    assert_eq!(decided(&events).verdict, Some(VerdictSeen { verify, passed: true, shown: true }));
    assert_eq!(decided(&events).risk, Some(RiskClass::Medium));

    let events = {
        let mut walk = Walk::up_to("merge");
        walk.approve(&samples::entry("merge"))
    };
    assert_eq!(decided(&events).risk, Some(RiskClass::Low));
}

#[test]
fn a_verdict_that_was_overridden_is_still_one_that_did_not_pass() {
    let mut walk = Walk::up_to("verify");
    for _ in 0..2 {
        let verify = samples::verify(walk.patch(), 9, 0, 1);
        walk.produce("verify", Body::Verify(verify));
    }
    let gate = samples::gate("verify:escalation");
    let overridden = walk.override_all(&gate);
    let verify = walk.made("verify");
    let expected = VerdictSeen { verify, passed: false, shown: true };
    assert_eq!(decided(&overridden).verdict, Some(expected.clone()));
    let events = walk.approve(&samples::entry("merge"));
    assert_eq!(decided(&events).verdict, Some(expected));
}

#[test]
fn what_was_shown_at_one_gate_is_known_at_the_next() {
    let by = |login: &str, wanted: Deciding| Deciding {
        via: Channel::Command,
        by: samples::somebody(login),
        ..wanted
    };
    for (login, looks, knows) in [("bob", true, true), ("bob", false, false), ("cleo", false, true)] {
        let mut walk = Walk::up_to("verify");
        for _ in 0..2 {
            let verify = samples::verify(walk.patch(), 9, 0, 1);
            walk.produce("verify", Body::Verify(verify));
        }
        if looks {
            walk.obey(look(&walk, "verify:escalation", login, true));
        }
        // Cleo names all that is wrong, so she knows, although she never looked.
        let gate = samples::gate("verify:escalation");
        let overrides = walk.open(&gate).escalation.unwrap().findings;
        let wanted = Deciding { overrides, ..walk.decides(&gate, Decision::Overridden) };
        assert!(decided(&walk.decide(by("cleo", wanted))).verdict.as_ref().unwrap().shown);
        let wanted = walk.decides(&samples::entry("merge"), Decision::Approved);
        let events = walk.decide(by(login, wanted));
        assert_eq!(decided(&events).verdict.as_ref().unwrap().shown, knows, "{login} {looks}");
    }
}

#[test]
fn a_look_is_forgotten_when_the_gate_opens_again() {
    let mut walk = Walk::up_to("merge");
    walk.obey(look(&walk, "merge:entry", "bob", true));
    walk.retry(&samples::entry("merge"), "say please at the end");
    walk.go_on_to("merge");
    let wanted = walk.decides(&samples::entry("merge"), Decision::Approved);
    let wanted = Deciding { via: Channel::Command, by: samples::somebody("bob"), ..wanted };
    let events = walk.decide(wanted);
    assert!(!decided(&events).verdict.as_ref().unwrap().shown, "that was another patch");
    walk.finish();
}

#[test]
fn who_has_seen_the_verdict_has_seen_it() {
    let mut walk = Walk::up_to("merge");
    walk.obey(look(&walk, "merge:entry", "bob", true));
    // Nobody decides so, but a log may say that they looked again, at less.
    let (gate, seen) = (samples::entry("merge"), walk.sees(&samples::entry("merge")));
    let again = Event::GateSeen { gate, by: samples::somebody("bob"), seen, verdict_shown: false };
    let at = walk.state().changed_at;
    walk.state = evolve::evolve_all(walk.state.take(), &[again], at).unwrap();
    let wanted = walk.decides(&samples::entry("merge"), Decision::Approved);
    let wanted = Deciding { via: Channel::Command, by: samples::somebody("bob"), ..wanted };
    assert!(decided(&walk.decide(wanted)).verdict.as_ref().unwrap().shown);
}

#[test]
fn where_a_run_ends_unasked_nobody_can_look() {
    let mut walk = Walk::with(|pipeline| {
        pipeline.stages.iter_mut().for_each(|stage| stage.on_exhausted = OnExhausted::Fail);
    });
    walk.go_on_to("tasks");
    walk.fail("tasks");
    walk.fail("tasks");
    let gate = samples::gate("tasks:escalation");
    let look = Command::Look { gate, by: samples::person(), seen: Vec::new(), verdict_shown: false };
    assert!(matches!(walk.refused(look), Rejection::Over(_)));
    assert_eq!(walk::story(&walk.log.last().unwrap().events).last().unwrap(), "ended failed tasks Limit");
}
