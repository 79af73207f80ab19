//! Stores that fail, logs that are damaged, and others who append to the same run.

use factory_core::command::Command;
use factory_core::decide::{self, Rejection};
use factory_core::event::{Decision, Event, Record, RecordError};
use factory_core::evolve::{self, BrokenLog};
use factory_core::ids::{Attempt, Timestamp, Usage};
use factory_core::state::{Phase, StageStatus};
use factory_engine::error::EngineError;
use factory_engine::port::clock::Clock;
use factory_engine::port::store::{EventLog, StoreError};
use factory_testkit::samples;
use factory_testkit::world::World;

use crate::factory::{self, Factory};

#[tokio::test]
async fn an_append_that_fails_loses_nothing() {
    let whole = Factory::begun(&["hello", "hello, please"]).await;
    let end = whole.finish().await;
    let records = whole.records().await;
    for position in 1..records.len() as u64 {
        for written in [false, true] {
            let factory = Factory::begun(&["hello", "hello, please"]).await;
            factory.log.fail_at(position, written);
            // Whoever drives or decides is told.
            let failed = loop {
                let state = match factory.drive().await {
                    Ok(state) => state,
                    Err(error) => break error,
                };
                let gate = state.open_gates()[0].gate.to_string();
                if let Err(error) = factory.decide(&gate, Decision::Approved, &state).await {
                    break error;
                }
            };
            assert!(matches!(failed, EngineError::Store(StoreError::Io { .. })), "{failed:?}");
            let kept = factory.records().await;
            assert_eq!(kept, records[..kept.len()], "at {position}");
            assert_eq!(kept.len() as u64, position + u64::from(written));
            assert_eq!(factory.world.checkouts(), 0, "nothing is under way any more");

            assert_eq!(factory.finish().await, end, "at {position}, written: {written}");
            assert_eq!(factory.records().await, records);
            assert_eq!(factory.world.landed().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_run_whose_first_record_fails_has_not_begun() {
    let factory = Factory::idle(World::new(&["hello, please"])).await;
    factory.log.fail_at(0, false);
    let failed = factory.engine.start(samples::started()).await;
    assert!(matches!(failed, Err(EngineError::Store(StoreError::Io { .. }))));
    assert!(matches!(factory.drive().await, Err(EngineError::NoRun(_))));
    factory.engine.start(samples::started()).await.unwrap();
    factory::assert_phase(&factory.finish().await, Phase::Merged);
}

#[tokio::test]
async fn somebody_else_who_does_the_same_work_is_no_trouble() {
    // At every position, another process appends the very record that this one was about to.
    let whole = Factory::begun(&["hello", "hello, please"]).await;
    let end = whole.finish().await;
    let records = whole.records().await;
    for position in 1..records.len() {
        let decided = Record::from_bytes(&records[position]).unwrap();
        if matches!(decided.events[0], Event::GateDecided(_)) {
            continue; // A decision that came too late is refused; see below.
        }
        let factory =
            Factory::on(World::new(&["hello", "hello, please"]), Default::default(), whole.blobs.clone());
        factory.engine.start(samples::started()).await.unwrap();
        factory.log.slip_in(position as u64, records[position].clone());
        assert_eq!(factory.finish().await, end, "at {position}");
        assert_eq!(factory.records().await, records, "at {position}");
        assert_eq!(factory.log.appends()[position], position as u64, "somebody tried");
    }
}

#[tokio::test]
async fn the_first_of_two_decisions_counts() {
    let whole = Factory::begun(&["hello, please"]).await;
    let waits = whole.drive().await.unwrap();
    let position = whole.records().await.len() as u64;
    whole.decide("plan:exit", Decision::Rejected, &waits).await.unwrap();
    let rejection = whole.records().await.pop().unwrap();

    let factory = Factory::begun(&["hello, please"]).await;
    let waits = factory.drive().await.unwrap();
    factory.log.slip_in(position, rejection);
    let late = factory.decide("plan:exit", Decision::Approved, &waits).await;
    assert!(matches!(late, Err(EngineError::Rejected(Rejection::Over(_)))), "{late:?}");
    factory::assert_phase(&factory.drive().await.unwrap(), Phase::Rejected);
}

#[tokio::test]
async fn a_decision_is_made_again_on_what_somebody_else_has_changed() {
    // Review and verification side by side. While the verification's record is appended, somebody blocks the review.
    let mut started = samples::started();
    for stage in &mut started.pipeline.stages {
        stage.needs.retain(|need| stage.id.as_str() != "verify" || need.as_str() != "review");
    }
    let factory = Factory::begun_with(&["hello, please"], started).await;
    factory.world.trap("review", factory_testkit::world::Trip::Hang);
    let state = factory.drive().await.unwrap();
    factory.decide("plan:exit", Decision::Approved, &state).await.unwrap();

    // Everything up to the build, as it will be: the position of the verification's record, and the state before it.
    let twin = {
        let mut started = samples::started();
        started.pipeline = state.started.pipeline.clone();
        let twin = Factory::begun_with(&["hello, please"], started).await;
        twin.finish().await;
        twin
    };
    let mut before = None;
    let mut position = 0;
    for bytes in twin.records().await {
        let record = Record::from_bytes(&bytes).unwrap();
        before = evolve::evolve_all(before, &record.events, record.at).unwrap();
        position += 1;
        if factory::stage(before.as_ref().unwrap(), "verify").last_attempt == 1 {
            break;
        }
    }
    let now = factory.world.clock.now();
    let block = Command::Block {
        stage: samples::stage("review"),
        attempt: Attempt::FIRST,
        detail: "somebody has pulled the plug".to_owned(),
        usage: Usage::default(),
    };
    let events = decide::decide(before.as_ref(), block, now).unwrap();
    factory.log.slip_in(position, Record::new(now, events).to_bytes());

    let state = factory.drive().await.unwrap();
    factory::assert_phase(&state, Phase::Blocked);
    assert_eq!(factory::stage(&state, "verify").status, StageStatus::Passed, "the verification counts");
    assert!(matches!(factory::stage(&state, "review").status, StageStatus::Blocked { .. }));
    factory.resume().await.unwrap();
    factory::assert_phase(&factory.finish().await, Phase::Merged);
}

/// Appends to the run's log whatever is wanted.
async fn append(factory: &Factory, bytes: &[u8]) {
    let position = factory.records().await.len() as u64;
    factory.log.append(&factory.run, position, bytes, &[]).await.unwrap();
}

#[tokio::test]
async fn a_record_that_cannot_be_used_is_named() {
    let factory = Factory::begun(&["hello, please"]).await;
    append(&factory, b"{\"schema\":7}").await;
    match factory.drive().await {
        Err(EngineError::Record { run, position: 1, source: RecordError::Newer { found: 7 } }) => {
            assert_eq!(run, factory.run);
        }
        other => panic!("{other:?}"),
    }

    let factory = Factory::begun(&["hello, please"]).await;
    let again = Record::new(Timestamp(1), vec![Event::RunStarted(Box::new(samples::started()))]);
    append(&factory, &again.to_bytes()).await;
    match factory.resume().await {
        Err(EngineError::Broken { source: BrokenLog::StartedTwice, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_broken_run_does_not_stop_another() {
    let factory = Factory::begun(&["hello, please"]).await;
    let mut other = samples::started();
    other.run = "greeting-zzzzzz".parse().unwrap();
    factory.engine.start(other.clone()).await.unwrap();
    factory.log.append(&other.run, 1, b"not a record", &[]).await.unwrap();
    factory::assert_phase(&factory.finish().await, Phase::Merged);
    assert_eq!(factory.log.runs().await.unwrap().len(), 2);
}
