//! A run in which everything goes well.

use factory_core::artifact::{Artifact, Body};
use factory_core::decide::Rejection;
use factory_core::event::{Decision, Event, Outcome};
use factory_core::ids::{Digest, Usage};
use factory_core::state::Phase;
use factory_engine::error::EngineError;
use factory_engine::port::observer::Progress;
use factory_engine::port::store::EventLog;
use factory_engine::{history, ledger};
use factory_testkit::samples;
use factory_testkit::world::World;

use crate::factory::{self, Factory};

#[tokio::test]
async fn from_the_specification_to_the_merge() {
    let factory = Factory::begun(&["hello, please"]).await;

    let state = factory.drive().await.unwrap();
    factory::assert_phase(&state, Phase::Waiting);
    assert_eq!(state.open_gates()[0].gate, samples::exit("plan"));
    assert_eq!(factory.drive().await.unwrap(), state, "driving a run that waits changes nothing");

    factory.world.clock.advance(90_000);
    let state = factory.decide("plan:exit", Decision::Approved, &state).await.unwrap();
    factory::assert_phase(&state, Phase::Running);
    let state = factory.drive().await.unwrap();
    assert_eq!(state.open_gates()[0].gate, samples::entry("merge"));
    assert!(factory.world.landed().is_empty(), "nothing lands before somebody has said so");

    factory.decide("merge:entry", Decision::Approved, &state).await.unwrap();
    let state = factory.drive().await.unwrap();
    factory::assert_phase(&state, Phase::Merged);
    assert_eq!(factory.drive().await.unwrap(), state, "driving a run that is over changes nothing");
    let roles = 4;
    let used = Usage {
        calls: roles,
        input_tokens: 100 * roles,
        output_tokens: 10 * roles,
        micro_usd: Some(5 * roles),
    };
    assert_eq!(state.usage, used);

    let [landed] = &factory.world.landed()[..] else { panic!("one commit") };
    assert_eq!(landed.merge.branch, "factory/greeting");
    assert_eq!(landed.message, "Greeting\n\nAsked for by specs/greeting.md.\n\nwrote “hello, please”\n");
    let Some(Outcome::Merged { merge }) = &state.outcome else { panic!("{:?}", state.outcome) };
    let stored = Artifact::from_bytes(&factory.blobs.get(merge).await.unwrap()).unwrap();
    assert_eq!(stored.body, Body::Merge(landed.merge.clone()));

    let events = factory.events().await;
    let waited = events.iter().find_map(|event| match event {
        Event::GateDecided(decided) => Some(decided.waited_ms),
        _ => None,
    });
    assert_eq!(waited, Some(90_000));
    assert_eq!(
        factory.world.watcher.events(),
        events,
        "whoever watches is told of each event once, in order"
    );
    assert_eq!(factory.world.checkouts(), 0, "no checkout is left behind");
}

#[tokio::test]
async fn an_engine_that_is_alone_never_meets_a_conflict() {
    let factory = Factory::begun(&["hello, please"]).await;
    factory::assert_phase(&factory.finish().await, Phase::Merged);
    let records = factory.records().await.len() as u64;
    assert_eq!(factory.log.appends(), (0..records).collect::<Vec<_>>());
}

#[tokio::test]
async fn artifacts_name_what_they_were_made_from() {
    let factory = Factory::begun(&["hello, please"]).await;
    let state = factory.finish().await;
    let digest = |id: &str| factory::stage(&state, id).artifact.as_ref().unwrap().digest.clone();
    for (id, made_from) in [
        ("spec", &[][..]),
        ("plan", &["spec"]),
        ("tasks", &["spec", "plan"]),
        ("build", &["spec", "plan", "tasks"]),
        ("review", &["spec", "build"]),
        ("verify", &["spec", "build"]),
        ("merge", &["build", "verify"]),
    ] {
        let artifact = Artifact::from_bytes(&factory.blobs.get(&digest(id)).await.unwrap()).unwrap();
        let expected: Vec<Digest> = made_from.iter().map(|id| digest(id)).collect();
        assert_eq!(artifact.made_from, expected, "{id}");
    }
}

#[tokio::test]
async fn the_commit_names_the_log_that_led_to_it() {
    let factory = Factory::begun(&["hello, please"]).await;
    let state = factory.finish().await;
    let records = factory.log.read(&factory.run).await.unwrap();
    // All but the last record, which tells of the merge itself.
    let before = &records[records.len() - 2];
    let digest = |id: &str| factory::stage(&state, id).artifact.as_ref().unwrap().digest.to_string();
    // The decisions that the last record tells of came after the commit.
    let ledger = ledger::stored(factory.log.as_ref()).await.unwrap();
    let head = &ledger[ledger.len() - 2];
    let ledger_head = format!("{} {} {}", ledger.len() - 1, head.hash, ledger[0].hash);
    let expected = [
        ("Factory-Spec", samples::started().spec.source.to_string()),
        ("Factory-Build", digest("build")),
        ("Factory-Verify", digest("verify")),
        ("Factory-Log-Head", format!("{} {}", records.len() - 1, before.hash)),
        ("Factory-Ledger-Head", ledger_head),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value));
    assert_eq!(factory.world.landed()[0].trailers, expected);
}

#[tokio::test]
async fn progress_is_told_with_its_effect() {
    let factory = Factory::begun(&["hello, please"]).await;
    factory.finish().await;
    let progress = factory.world.watcher.progress();
    let checks =
        progress.iter().filter(|(_, p)| matches!(p, Progress::Check { .. })).map(|(id, _)| id.clone());
    assert_eq!(checks.collect::<Vec<_>>(), [factory::effect("spec", 1), factory::effect("build", 1)]);
    let done = Progress::Scenarios { done: 10, of: 10 };
    assert!(progress.contains(&(factory::effect("verify", 1), done)));
}

#[tokio::test]
async fn a_gate_that_is_rejected_ends_the_run() {
    let factory = Factory::begun(&["hello, please"]).await;
    let state = factory.drive().await.unwrap();
    let state = factory.decide("plan:exit", Decision::Rejected, &state).await.unwrap();
    factory::assert_phase(&state, Phase::Rejected);
    assert_eq!(factory.drive().await.unwrap(), state);
    assert!(factory.world.told().is_empty(), "nothing is built");
}

#[tokio::test]
async fn a_run_begins_once() {
    let factory = Factory::begun(&["hello, please"]).await;
    let again = factory.engine.start(samples::started()).await;
    assert!(matches!(again, Err(EngineError::Rejected(Rejection::AlreadyStarted))), "{again:?}");
    assert_eq!(factory.records().await.len(), 1);
}

#[tokio::test]
async fn a_run_that_is_not_there() {
    let factory = Factory::idle(World::new(&["hello"])).await;
    assert!(matches!(factory.drive().await, Err(EngineError::NoRun(run)) if run == factory.run));
    assert!(matches!(factory.resume().await, Err(EngineError::NoRun(_))));
    let read = history::read(factory.log.as_ref(), &factory.run).await;
    assert!(matches!(read, Err(EngineError::NoRun(_))));
    assert!(factory.log.runs().await.unwrap().is_empty());
}
