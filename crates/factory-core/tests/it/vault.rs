//! Scenarios of the vault: all have to pass, nobody who builds is told, and a person is asked.

use factory_core::artifact::{Body, VaultScore, Verify};
use factory_core::event::{Event, SentBack, Stuck};
use factory_core::ledger::entry;
use factory_core::ledger::leak::{FEEDBACK_MILLIBITS, Leaks};
use factory_core::state::StageStatus;
use factory_testkit::samples;

use crate::walk::{self, Walk};

/// The scenarios are met, and so many of the vault's are, are not, and could not be scored.
fn measured(passed: u32, failed: u32, inconclusive: u32) -> Walk {
    let mut walk = Walk::up_to("verify");
    let vault = Some(VaultScore { passed, failed, inconclusive });
    let verify = Verify { vault, ..samples::verify(walk.patch(), 10, 0, 0) };
    walk.produce("verify", Body::Verify(verify));
    walk
}

fn sent_back(walk: &Walk) -> Vec<SentBack> {
    let events = walk.log.iter().flat_map(|record| &record.events);
    let told = events.filter_map(|event| match event {
        Event::SentBack { correction, .. } => Some(correction.clone()),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_vault_that_holds_is_passed() {
    let walk = measured(3, 0, 0);
    assert_eq!(walk.stage("verify").status, StageStatus::Passed);
    assert_eq!(walk.gates(), ["merge:entry"]);
}

#[test]
fn a_person_is_asked_at_once_and_nothing_is_sent_back() {
    let walk = measured(2, 1, 0);
    assert_eq!(walk.gates(), ["verify:escalation"]);
    assert_eq!(sent_back(&walk), []);
    let escalation = walk.open(&samples::gate("verify:escalation")).escalation.unwrap();
    assert_eq!((escalation.why, escalation.correction), (Stuck::Vault, None));
    assert_eq!(escalation.findings, ["vault".parse().unwrap()]);
}

#[test]
fn another_try_is_told_what_a_person_says_and_nothing_else() {
    let mut walk = measured(2, 1, 0);
    let gate = samples::gate("verify:escalation");
    let events = walk.retry(&gate, "think of names that are not known");
    assert_eq!(walk::story(&events).last().unwrap(), "started build/2");
    let note = SentBack::Note { note: "think of names that are not known".to_owned() };
    assert_eq!(sent_back(&walk), std::slice::from_ref(&note));
    assert_eq!(walk.stage("build").corrections, [note]);
}

#[test]
fn a_person_may_override_it_by_its_name() {
    let mut walk = measured(2, 1, 0);
    let events = walk.override_all(&samples::gate("verify:escalation"));
    assert_eq!(walk::story(&events), ["decided verify:escalation Overridden", "opened merge:entry"]);
}

#[test]
fn a_vault_that_could_not_be_scored_is_measured_again() {
    let walk = measured(2, 0, 1);
    assert_eq!((walk.gates().len(), walk.wanted()), (0, vec!["verify/2".to_owned()]));
}

#[test]
fn what_feedback_tells_of_is_charged_in_the_ledger() {
    let mut walk = Walk::up_to("verify");
    walk.measure(7);
    walk.make("build");
    walk.make("review");
    walk.measure(7);
    let run = samples::started().run;
    let entries: Vec<_> = walk
        .log
        .iter()
        .zip(0..)
        .flat_map(|(record, position)| entry::entries(&run, position, record.at, &record.events))
        .collect();
    let leaks = Leaks::of(&entries);
    for key in samples::revealed() {
        assert_eq!(leaks.millibits(&key), 2 * FEEDBACK_MILLIBITS);
    }
    // What passed told nobody anything.
    let walk = measured(3, 0, 0);
    assert_eq!(sent_back(&walk), []);
}
