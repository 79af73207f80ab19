//! Something of the holdouts in what came from a role: the run stands in quarantine, and nothing tells what it was.

use factory_core::command::{Command, Deciding};
use factory_core::event::{Channel, Decision, Event, Stuck};
use factory_core::ids::FindingId;
use factory_core::state::{Phase, RunState};
use factory_testkit::samples;
use factory_testkit::world::CANARY;

use crate::factory::{self, Factory};

/// Drives until a person is asked about a build that a tripwire caught, and gives what is wrong.
async fn quarantined(text: &str) -> (Factory, RunState, Vec<FindingId>) {
    let factory = Factory::begun(&[text]).await;
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Waiting);
    let open = &state.open_gates()[0];
    assert_eq!(open.gate, samples::gate("build:escalation"));
    let escalation = open.escalation.clone().unwrap();
    assert_eq!(escalation.why, Stuck::Tripwire);
    assert!(!escalation.detail.contains(text), "{}", escalation.detail);
    (factory, state, escalation.findings)
}

fn overriding(state: &RunState, overrides: Vec<FindingId>) -> Command {
    let open = &state.open_gates()[0];
    let because = "the token is an example in the public documentation".to_owned();
    let (by, via) = (samples::person(), Channel::Command);
    let decision = Decision::Overridden;
    let plain = Deciding::plain(open.gate.clone(), decision, by, via, because, open.sees.clone());
    Command::Decide(Box::new(Deciding { overrides, ..plain }))
}

fn names(findings: &[FindingId]) -> Vec<&str> {
    findings.iter().map(|finding| finding.as_str()).collect()
}

#[tokio::test]
async fn a_canary_in_a_patch_stops_the_run_until_a_person_has_named_it() {
    let (factory, state, findings) = quarantined(&format!("hello, please {CANARY}")).await;
    assert_eq!(names(&findings), ["canary:greeting.txt", "canary:summary"]);
    for event in factory.events().await {
        assert!(!format!("{event:?}").contains(CANARY), "{event:?}");
    }
    factory.engine.command(&factory.run, overriding(&state, findings[..1].to_vec())).await.unwrap_err();
    factory.engine.command(&factory.run, overriding(&state, findings)).await.unwrap();
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
}

#[tokio::test]
async fn words_of_a_holdout_are_named_as_such() {
    let (_, _, findings) = quarantined("hello, please, for nobody has said so yet").await;
    assert_eq!(names(&findings), ["shingle:greeting.txt", "shingle:summary"]);
}

#[tokio::test]
async fn another_try_begins_without_what_was_caught() {
    let factory = Factory::begun(&[CANARY, "hello, please"]).await;
    let state = factory.finish().await;
    let Command::Decide(deciding) = overriding(&state, Vec::new()) else {
        panic!("an override is a decision")
    };
    let note = Some("leave the scenarios alone".to_owned());
    let retried = Deciding { decision: Decision::Retried, note, ..*deciding };
    factory.engine.command(&factory.run, Command::Decide(Box::new(retried))).await.unwrap();
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
    let told = factory.world.told();
    assert_eq!((told.len(), told[1].found.as_str()), (2, ""));
    let quarantines = factory.events().await.into_iter().filter(
        |event| matches!(event, Event::GateOpened { escalation: Some(of), .. } if of.why == Stuck::Tripwire),
    );
    assert_eq!(quarantines.count(), 1);
}
