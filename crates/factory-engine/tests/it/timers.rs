//! What happens by itself, once its time has come.

use factory_core::command::Command;
use factory_core::decide::Rejection;
use factory_core::event::{Decision, Event, Record};
use factory_core::ids::Timestamp;
use factory_core::pipeline::model::{Edge, GateRule};
use factory_core::state::{Phase, StageStatus};
use factory_engine::error::EngineError;
use factory_engine::port::clock::Clock;
use factory_testkit::samples::{self, pipelines};
use factory_testkit::world::Trip;

use crate::factory::{self, Factory};

const HOUR_MS: u64 = 60 * 60 * 1000;

async fn soaking() -> Factory {
    let factory = Factory::begun_in(&["hello, please"], pipelines::patient()).await;
    let state = factory.up_to("plan:exit").await;
    factory.decide("plan:exit", Decision::Approved, &state).await.unwrap();
    let state = factory.drive().await.unwrap();
    factory::assert_phase(&state, Phase::Soaking);
    factory
}

#[tokio::test]
async fn what_waits_for_a_time_goes_on_when_it_is_driven_after_that() {
    let factory = soaking().await;
    let state = factory.drive().await.unwrap();
    let due = state.due().unwrap();
    factory.world.clock.advance(24 * HOUR_MS - 1);
    assert_eq!(factory.drive().await.unwrap(), state, "a millisecond before");
    factory.world.clock.advance(1);
    assert_eq!(factory.world.clock.now(), due);
    let state = factory.drive().await.unwrap();
    assert_eq!(factory::gates(&state), ["merge:entry"]);
    let last = Record::from_bytes(factory.records().await.last().unwrap()).unwrap();
    assert!(matches!(&last.events[0], Event::SoakEnded { stage } if stage.as_str() == "merge"));
    assert_eq!(factory.world.watcher.events(), factory.events().await, "whoever watches is told");
}

#[tokio::test]
async fn a_tick_lets_happen_what_is_due_and_nothing_else() {
    let factory = soaking().await;
    let journal = factory.engine.journal();
    let before = factory.records().await;
    let state = journal.tick(&factory.run).await.unwrap();
    factory::assert_phase(&state, Phase::Soaking);
    assert_eq!(factory.records().await, before);
    factory.world.clock.advance(24 * HOUR_MS);
    let state = journal.tick(&factory.run).await.unwrap();
    assert_eq!(factory::gates(&state), ["merge:entry"]);
    assert_eq!(factory.records().await.len(), before.len() + 1);
    factory
        .command(Command::Cancel { by: samples::person(), because: "not today".to_owned() })
        .await
        .unwrap();
    let over = journal.tick(&factory.run).await.unwrap();
    factory::assert_phase(&over, Phase::Cancelled);
}

/// Every gate waits for an hour.
async fn hurried() -> Factory {
    let mut pipeline = samples::pipeline();
    for stage in &mut pipeline.stages {
        for edge in [Edge::Entry, Edge::Exit, Edge::Escalation] {
            let rule = GateRule { timeout_seconds: Some(3600), ..GateRule::default() };
            stage.rules.insert(edge, rule);
        }
    }
    Factory::begun_in(&["hello, please"], pipeline).await
}

#[tokio::test]
async fn a_gate_that_nobody_answers_ends_the_run_when_it_is_driven() {
    let factory = hurried().await;
    factory.up_to("plan:exit").await;
    factory.world.clock.advance(HOUR_MS);
    let state = factory.drive().await.unwrap();
    factory::assert_phase(&state, Phase::Rejected);
    let events = factory.events().await;
    assert!(matches!(&events[events.len() - 2], Event::GateExpired { waited_ms: HOUR_MS, .. }));
    assert!(factory.world.told().is_empty());
    factory.ledger().await;
}

#[tokio::test]
async fn a_decision_that_comes_too_late_lets_the_gate_shut_first() {
    let factory = hurried().await;
    let state = factory.up_to("merge:entry").await;
    factory.world.clock.advance(HOUR_MS);
    let late = factory.decide("merge:entry", Decision::Approved, &state).await;
    assert!(matches!(late, Err(EngineError::Rejected(Rejection::Over(Phase::Rejected)))), "{late:?}");
    let events = factory.events().await;
    assert!(matches!(events.last(), Some(Event::RunEnded { .. })), "and that is written down");
    factory::assert_phase(&factory.drive().await.unwrap(), Phase::Rejected);
    assert!(factory.world.landed().is_empty());
}

#[tokio::test]
async fn what_is_due_happens_before_what_is_asked() {
    let factory = soaking().await;
    factory.world.clock.advance(25 * HOUR_MS);
    let cancel = Command::Cancel { by: samples::person(), because: "not today".to_owned() };
    factory::assert_phase(&factory.command(cancel).await.unwrap(), Phase::Cancelled);
    let records = factory.records().await;
    let of = |bytes: &Vec<u8>| Record::from_bytes(bytes).unwrap().events;
    let [.., soaked, cancelled] = &records[..] else { panic!("two records") };
    assert!(matches!(of(soaked)[0], Event::SoakEnded { .. }));
    assert!(matches!(of(cancelled)[..], [Event::RunEnded { .. }]));
}

#[tokio::test]
async fn what_comes_due_while_a_stage_is_performed_happens_at_its_end() {
    // People decide about the design, for an hour at most, while reconnaissance takes two.
    let mut pipeline = pipelines::wide();
    for stage in &mut pipeline.stages {
        let rule = GateRule { timeout_seconds: Some(3600), ..GateRule::default() };
        stage.rules.insert(Edge::Exit, rule);
    }
    let factory = Factory::begun_in(&["hello, please"], pipeline).await;
    factory.world.trap("recon", Trip::Hang);
    let clock = factory.world.clock.clone();
    let waits = async {
        factory.world.hung().await;
        while factory::stage(&state(&factory).await, "design").last_attempt == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(2 * HOUR_MS);
        let block = Command::Block {
            stage: samples::stage("recon"),
            attempt: factory_core::ids::Attempt::FIRST,
            detail: "somebody has pulled the plug".to_owned(),
            usage: Default::default(),
        };
        factory.command(block).await
    };
    let (driven, blocked) = tokio::join!(factory.drive(), waits);
    assert!(matches!(blocked, Err(EngineError::Rejected(Rejection::Over(_)))), "{blocked:?}");
    factory::assert_phase(&driven.unwrap(), Phase::Rejected);
    assert_eq!(factory.world.checkouts(), 0, "and what was performed has ended");
}

async fn state(factory: &Factory) -> factory_core::state::RunState {
    factory_engine::history::read(factory.log.as_ref(), &factory.run).await.unwrap().state
}

#[tokio::test]
async fn the_time_of_records_never_goes_back() {
    let factory = Factory::begun(&["hello", "hello, please"]).await;
    let start = factory.world.clock.now();
    let state = factory.up_to("plan:exit").await;
    factory.world.clock.advance(HOUR_MS);
    factory.decide("plan:exit", Decision::Approved, &state).await.unwrap();
    // The clock was wrong, and somebody puts it right.
    factory.world.clock.set(Timestamp(start.0 - 24 * HOUR_MS));
    factory::assert_phase(&factory.finish().await, Phase::Merged);
    let times: Vec<u64> =
        factory.records().await.iter().map(|bytes| Record::from_bytes(bytes).unwrap().at.0).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(*times.last().unwrap(), start.0 + HOUR_MS);
    let waited = factory.events().await.into_iter().filter_map(|event| match event {
        Event::GateDecided(decided) => Some(decided.waited_ms),
        _ => None,
    });
    assert_eq!(waited.collect::<Vec<_>>(), [HOUR_MS, 0]);
}

#[tokio::test]
async fn a_run_that_is_over_is_not_ticked() {
    let factory = Factory::begun(&["hello, please"]).await;
    let state = factory.finish().await;
    factory.world.clock.advance(1000 * HOUR_MS);
    assert_eq!(factory.engine.journal().tick(&factory.run).await.unwrap(), state);
    assert_eq!(factory.drive().await.unwrap(), state);
    assert_eq!(factory::stage(&state, "merge").status, StageStatus::Passed);
}
