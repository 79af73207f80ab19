//! What holdouts reveal, run by run, and those that reveal nothing.

use factory_core::artifact::{Artifact, Body, Verify};
use factory_core::event::{Event, SentBack, Stuck};
use factory_core::ledger::leak::{ALLOWANCE_BITS, Leaks};
use factory_core::state::{Phase, RunState};
use factory_testkit::samples;

use crate::factory::{self, Factory};

async fn verify(factory: &Factory, state: &RunState) -> Verify {
    let made = factory::stage(state, "verify").artifact.as_ref().unwrap();
    let bytes = factory.blobs.get(&made.digest).await.unwrap();
    match Artifact::from_bytes(&bytes).unwrap().body {
        Body::Verify(verify) => verify,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_vault_that_fails_asks_a_person_and_tells_the_implementer_nothing() {
    let factory = Factory::begun(&["hello, please, but not you", "hello, please"]).await;
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Waiting);
    assert_eq!(factory::gates(&state), ["verify:escalation"]);
    let escalation = state.open_gates()[0].escalation.clone().unwrap();
    assert_eq!(escalation.why, Stuck::Vault);
    assert_eq!(verify(&factory, &state).await.vault.unwrap().failed, 1);
    factory.retry("verify:escalation", "greet everybody", &state).await;
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
    let told = factory.world.told();
    assert_eq!((told.len(), &told[1].corrections), (2, &Vec::new()));
    assert_eq!(told[1].notes, ["greet everybody"]);
}

#[tokio::test]
async fn a_judge_sees_the_base_sealed_and_what_it_passed_has_to_pass() {
    let factory = Factory::begun(&["hello, please, anew", "hello, please"]).await;
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
    let events = factory.events().await;
    let made = events.iter().filter_map(|event| match event {
        Event::StageProduced { stage, evidence, .. } if stage.as_str() == "verify" => Some(evidence),
        _ => None,
    });
    let names: Vec<Vec<&str>> =
        made.map(|evidence| evidence.iter().map(|evidence| evidence.name.as_str()).collect()).collect();
    assert_eq!(
        names,
        [vec!["seal", "seal-base"], vec!["seal"]],
        "it is asked for where it makes a difference"
    );
    let judged = events.iter().filter_map(|event| match event {
        Event::PolicyJudged { passed: false, reason, .. } => Some(reason.as_str()),
        _ => None,
    });
    let reasons: Vec<&str> = judged.collect();
    assert!(
        matches!(reasons[..], [reason] if reason.contains("1 failed that the base passes")),
        "{reasons:?}"
    );
    assert_eq!(factory.world.told().len(), 2, "it was sent back");
}

#[tokio::test]
async fn the_judge_is_told_what_scenarios_have_revealed() {
    let factory = Factory::begun(&["hello"]).await;
    let mut told = 0;
    loop {
        let state = factory.finish().await;
        assert_eq!(factory::gates(&state), ["verify:escalation"]);
        let events = factory.events().await;
        let holdouts =
            |event: &&Event| matches!(event, Event::SentBack { correction: SentBack::Holdouts { .. }, .. });
        let now = events.iter().filter(holdouts).count();
        assert!(now > told || told == 0);
        told = now;
        let leaks = Leaks::of(&factory.ledger().await);
        let burnt = leaks.is_burnt(&samples::revealed()[0], ALLOWANCE_BITS);
        assert_eq!(burnt, told > 10);
        assert_eq!(verify(&factory, &state).await.burnt, if burnt { 2 } else { 0 });
        if burnt {
            return;
        }
        factory.retry("verify:escalation", "say please", &state).await;
    }
}
