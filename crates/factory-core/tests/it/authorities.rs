//! Who may decide: groups, keys, several people, anybody but whoever asked, and nobody who has not looked.

use factory_core::command::Deciding;
use factory_core::decide::Rejection;
use factory_core::event::{Channel, Decision, Event, Person};
use factory_core::pipeline::model::{Edge, GateRule};
use factory_testkit::samples::{self, pipelines};

use crate::walk::{self, Walk};

/// Three maintainers may decide about the plan, and two of them have to.
fn at_plan() -> Walk {
    let mut walk = Walk::in_pipeline(pipelines::strict());
    walk.go_on_to("plan");
    walk.make("plan");
    walk
}

/// The same before the merge, where whoever asked for the run does not count.
fn at_merge() -> Walk {
    let mut walk = Walk::in_pipeline(pipelines::strict());
    walk.go_on_to("merge");
    walk
}

fn by(walk: &Walk, gate: &str, decision: Decision, by: Person) -> Deciding {
    let note = (decision == Decision::Retried).then(|| "say what polite means".to_owned());
    Deciding { by, note, ..walk.decides(&samples::gate(gate), decision) }
}

fn no_authority(gate: &str, login: &str, authority: &str) -> Rejection {
    Rejection::NoAuthority {
        gate: samples::gate(gate),
        login: login.to_owned(),
        authority: authority.to_owned(),
    }
}

#[test]
fn whoever_is_not_in_the_group_decides_nothing() {
    let mut walk = at_plan();
    for stranger in [
        samples::somebody("mallory"),
        samples::somebody("dora"),
        samples::somebody("Ada"),
        samples::somebody(""),
        samples::signed("mallory", "SHA256:release"),
        samples::signed("mallory", "sha256:maintainer"),
    ] {
        for decision in [Decision::Approved, Decision::Rejected, Decision::Retried] {
            let login = stranger.login.clone();
            let wanted = by(&walk, "plan:exit", decision, stranger.clone());
            assert_eq!(walk.decide_refused(wanted), no_authority("plan:exit", &login, "maintainers"));
        }
    }
}

#[test]
fn a_key_makes_anybody_a_member() {
    let mut walk = at_plan();
    let signed = samples::signed("mallory", "SHA256:maintainer");
    let events = walk.decide(by(&walk, "plan:exit", Decision::Rejected, signed));
    assert_eq!(walk::story(&events), ["decided plan:exit Rejected", "ended rejected at plan:exit"]);
}

#[test]
fn a_group_that_nobody_is_in_or_that_is_not_there_lets_nobody_decide() {
    for empty in [true, false] {
        let mut pipeline = pipelines::strict();
        if empty {
            pipeline.authorities.insert("maintainers".to_owned(), Default::default());
        } else {
            pipeline.authorities.remove("maintainers");
        }
        let mut walk = Walk::in_pipeline(pipeline);
        walk.go_on_to("plan");
        walk.make("plan");
        let wanted = by(&walk, "plan:exit", Decision::Approved, samples::signed("ada", "SHA256:maintainer"));
        assert_eq!(walk.decide_refused(wanted), no_authority("plan:exit", "ada", "maintainers"));
    }
}

#[test]
fn where_a_stage_is_stuck_another_group_is_asked() {
    let mut walk = Walk::in_pipeline(pipelines::strict());
    walk.go_on_to("build");
    for _ in 0..3 {
        walk.make("build");
        walk.measure(5);
    }
    assert_eq!(walk.gates(), ["verify:escalation"]);
    let wanted = by(&walk, "verify:escalation", Decision::Retried, samples::somebody("bob"));
    assert_eq!(walk.decide_refused(wanted), no_authority("verify:escalation", "bob", "release"));
    let wanted = by(&walk, "verify:escalation", Decision::Retried, samples::somebody("dora"));
    let events = walk.decide(wanted);
    assert_eq!(walk::story(&events).last().unwrap(), "started build/4");
}

#[test]
fn two_people_have_to_approve() {
    let mut walk = at_plan();
    let gate = samples::exit("plan");
    let opened = walk.now;
    let events = walk.decide(by(&walk, "plan:exit", Decision::Approved, samples::somebody("bob")));
    assert_eq!(walk::story(&events), ["decided plan:exit Approved"], "one is not enough");
    assert_eq!(walk.open(&gate).approved_by, [samples::somebody("bob")]);
    assert_eq!(walk.open(&gate).since.0, opened, "it is the same gate");
    assert!(walk.wanted().is_empty());

    walk.wait(60);
    let events = walk.decide(by(&walk, "plan:exit", Decision::Approved, samples::somebody("cleo")));
    assert_eq!(walk::story(&events), ["decided plan:exit Approved", "started tasks/1"]);
    let Event::GateDecided(second) = &events[0] else { panic!("{events:?}") };
    assert_eq!(second.waited_ms, walk.now - opened, "since it opened, not since the first");
}

#[test]
fn the_same_person_is_not_two_people() {
    let bob = samples::somebody("bob");
    let mail = |mail: &str| Some(mail.to_owned());
    for (first, second) in [
        (bob.clone(), bob.clone()),
        (bob.clone(), Person { email: None, ..bob.clone() }),
        (bob.clone(), Person { login: "cleo".to_owned(), ..bob.clone() }),
        (bob.clone(), Person { email: mail(" Bob@Example.ORG "), ..samples::somebody("cleo") }),
        (samples::signed("bob", "SHA256:one"), samples::signed("cleo", "SHA256:one")),
        (samples::signed("m1", "SHA256:maintainer"), samples::signed("m2", "SHA256:maintainer")),
    ] {
        let mut walk = at_plan();
        walk.decide(by(&walk, "plan:exit", Decision::Approved, first));
        let login = second.login.clone();
        let again = by(&walk, "plan:exit", Decision::Approved, second);
        let same = Rejection::SamePerson { gate: samples::exit("plan"), login };
        assert_eq!(walk.decide_refused(again), same);
    }
}

#[test]
fn people_who_have_nothing_in_common_are_different() {
    let nobody_knows = |login: &str| Person { email: None, ..samples::somebody(login) };
    for (first, second) in [
        (nobody_knows("bob"), nobody_knows("cleo")),
        (samples::signed("bob", "SHA256:one"), samples::signed("cleo", "SHA256:two")),
        (samples::signed("m1", "SHA256:maintainer"), samples::somebody("cleo")),
    ] {
        let mut walk = at_plan();
        walk.decide(by(&walk, "plan:exit", Decision::Approved, first));
        walk.decide(by(&walk, "plan:exit", Decision::Approved, second));
        assert_eq!(walk.wanted(), ["tasks/1"]);
    }
}

#[test]
fn two_keys_of_the_group_are_two_people_even_in_one_account() {
    let mut pipeline = pipelines::strict();
    let group =
        pipeline.authorities.values_mut().find(|group| group.keys.iter().any(|k| k == "SHA256:maintainer"));
    group.unwrap().keys.push("SHA256:another".to_owned());
    let at_plan = || {
        let mut walk = Walk::in_pipeline(pipeline.clone());
        walk.go_on_to("plan");
        walk.make("plan");
        walk
    };
    let shared = |key: &str| samples::signed("bob", key);
    let mut walk = at_plan();
    walk.decide(by(&walk, "plan:exit", Decision::Approved, shared("SHA256:maintainer")));
    walk.decide(by(&walk, "plan:exit", Decision::Approved, shared("SHA256:another")));
    assert_eq!(walk.wanted(), ["tasks/1"]);
    // Who forgot to sign signs now, and is still one person.
    let mut walk = at_plan();
    walk.decide(by(&walk, "plan:exit", Decision::Approved, samples::somebody("bob")));
    walk.decide(by(&walk, "plan:exit", Decision::Approved, shared("SHA256:another")));
    assert_eq!(walk.open(&samples::exit("plan")).approved_by, [shared("SHA256:another")]);
    walk.decide(by(&walk, "plan:exit", Decision::Approved, shared("SHA256:maintainer")));
    assert_eq!(walk.wanted(), ["tasks/1"]);
    // Bob is in the group by his login, too; a key that is not listed makes nobody somebody else.
    let same = || Rejection::SamePerson { gate: samples::exit("plan"), login: "bob".to_owned() };
    for (first, second) in [
        (shared("SHA256:maintainer"), shared("SHA256:maintainer")),
        (shared("SHA256:maintainer"), samples::somebody("bob")),
        (shared("SHA256:maintainer"), shared("SHA256:unlisted")),
    ] {
        let mut walk = at_plan();
        walk.decide(by(&walk, "plan:exit", Decision::Approved, first));
        let again = by(&walk, "plan:exit", Decision::Approved, second);
        assert_eq!(walk.decide_refused(again), same());
    }
}

#[test]
fn one_who_says_no_is_enough() {
    for decision in [Decision::Rejected, Decision::Retried] {
        let mut walk = at_plan();
        walk.decide(by(&walk, "plan:exit", Decision::Approved, samples::somebody("bob")));
        // Also whoever has approved before: they may have thought again.
        walk.decide(by(&walk, "plan:exit", decision, samples::somebody("bob")));
        assert!(walk.gates().is_empty());
    }
}

#[test]
fn approvals_are_given_anew_for_what_is_made_anew() {
    let mut walk = at_plan();
    walk.decide(by(&walk, "plan:exit", Decision::Approved, samples::somebody("bob")));
    walk.decide(by(&walk, "plan:exit", Decision::Retried, samples::somebody("cleo")));
    walk.make("plan");
    assert_eq!(walk.open(&samples::exit("plan")).approved_by, []);
    walk.decide(by(&walk, "plan:exit", Decision::Approved, samples::somebody("bob")));
    assert_eq!(walk.gates(), ["plan:exit"], "one of two again");
}

#[test]
fn whoever_asked_for_the_run_does_not_approve_its_merge() {
    let asked = samples::started().requested_by;
    assert_eq!(asked.login, "ada");
    let mail = asked.email.clone();
    for person in
        [asked.clone(), samples::somebody("ada"), Person { email: mail, ..samples::somebody("bob") }]
    {
        let mut walk = at_merge();
        let login = person.login.clone();
        let wanted = by(&walk, "merge:entry", Decision::Approved, person.clone());
        let requester = Rejection::Requester { gate: samples::entry("merge"), login };
        assert_eq!(walk.decide_refused(wanted), requester);
        // Nothing keeps them from stopping it.
        let mut other = walk.clone();
        other.decide(by(&walk, "merge:entry", Decision::Retried, person.clone()));
        assert_eq!(other.wanted(), ["build/2"]);
        walk.decide(by(&walk, "merge:entry", Decision::Rejected, person));
        assert!(walk.state().outcome.is_some());
    }
    let mut walk = at_merge();
    walk.decide(by(&walk, "merge:entry", Decision::Approved, samples::somebody("bob")));
    let events = walk.decide(by(&walk, "merge:entry", Decision::Approved, samples::somebody("cleo")));
    assert_eq!(walk::story(&events), ["decided merge:entry Approved", "started merge/1"]);
}

#[test]
fn whoever_signed_for_the_run_does_not_approve_with_the_same_key() {
    let mut started = samples::started_in(pipelines::strict());
    started.requested_by = samples::signed("robot", "SHA256:maintainer");
    let mut walk = Walk::of(started);
    walk.go_on_to("merge");
    let wanted = by(&walk, "merge:entry", Decision::Approved, samples::signed("bob", "SHA256:maintainer"));
    let requester = Rejection::Requester { gate: samples::entry("merge"), login: "bob".to_owned() };
    assert_eq!(walk.decide_refused(wanted), requester);
}

/// Decides in advance at the gate after the plan, under that rule.
fn in_advance(rule: GateRule) -> Result<Vec<Event>, Rejection> {
    let mut walk = Walk::with(|pipeline| {
        pipeline.authorities = pipelines::strict().authorities;
        let plan = pipeline.stages.iter_mut().find(|stage| stage.id.as_str() == "plan").unwrap();
        plan.rules.insert(Edge::Exit, rule);
    });
    walk.go_on_to("plan");
    walk.make("plan");
    let wanted = by(&walk, "plan:exit", Decision::Approved, samples::somebody("bob"));
    let wanted = Deciding { via: Channel::InAdvance, ..wanted };
    walk.offer(factory_core::command::Command::Decide(Box::new(wanted)))
}

#[test]
fn a_gate_that_asks_for_somebody_is_not_decided_in_advance() {
    let any = GateRule::default();
    for rule in [
        GateRule { authority: Some("maintainers".to_owned()), ..any.clone() },
        GateRule { approvals: 2, ..any.clone() },
        GateRule { not_requester: true, ..any.clone() },
    ] {
        assert_eq!(in_advance(rule), Err(Rejection::NotInAdvance(samples::exit("plan"))));
    }
    let events = in_advance(GateRule { timeout_seconds: Some(60), ..any }).unwrap();
    assert_eq!(walk::story(&events), ["decided plan:exit Approved", "started tasks/1"]);
}

#[test]
fn where_a_stage_is_stuck_nobody_has_decided_in_advance() {
    let mut walk = Walk::up_to("tasks");
    walk.fail("tasks");
    walk.fail("tasks");
    let gate = samples::gate("tasks:escalation");
    for decision in [Decision::Rejected, Decision::Retried] {
        let wanted = by(&walk, "tasks:escalation", decision, samples::person());
        let wanted = Deciding { via: Channel::InAdvance, ..wanted };
        assert_eq!(walk.decide_refused(wanted), Rejection::NotInAdvance(gate.clone()));
    }
}

#[test]
fn the_second_of_two_who_decide_at_once_is_told_that_the_gate_is_closed() {
    let mut walk = Walk::up_to("plan");
    walk.make("plan");
    let first = by(&walk, "plan:exit", Decision::Approved, samples::somebody("bob"));
    let late = by(&walk, "plan:exit", Decision::Approved, samples::somebody("cleo"));
    let against = by(&walk, "plan:exit", Decision::Rejected, samples::somebody("dora"));
    walk.decide(first.clone());
    for late in [late, against, first] {
        assert_eq!(walk.decide_refused(late), Rejection::GateClosed(samples::exit("plan")));
    }
    assert_eq!(walk.wanted(), ["tasks/1"]);
}
