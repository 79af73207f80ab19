//! Others who work on the same store: what they append is noticed, and nobody performs a run twice.

use std::time::Duration;

use factory_core::command::Command;
use factory_core::event::{Decision, Event, Record};
use factory_core::ids::Attempt;
use factory_core::state::{Phase, StageStatus};
use factory_engine::engine::Engine;
use factory_engine::error::EngineError;
use factory_engine::port::store::StoreError;
use factory_engine::port::watcher::Nobody;
use factory_testkit::samples::{self, pipelines};
use factory_testkit::world::{Trip, World};

use crate::factory::{self, Factory};

/// Long enough for anything that does not hang.
const SOON: Duration = Duration::from_secs(20);

/// Another engine on the same store, with a world of its own.
fn another(factory: &Factory) -> Engine {
    let world = World::new(&["hello, please"]);
    let mut ports = world.ports(factory.log.clone() as _, factory.blobs.clone());
    ports.clock = factory.world.clock.clone() as _;
    ports.watcher = std::sync::Arc::new(Nobody);
    Engine::new(ports)
}

fn cancel() -> Command {
    Command::Cancel { by: samples::somebody("bob"), because: "the customer has gone".to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_cancels_a_run_ends_what_is_performed_at_once() {
    for id in ["spec", "plan", "build", "review", "verify", "merge"] {
        let factory = Factory::begun(&["hello, please"]).await;
        factory.world.trap(id, Trip::Hang);
        let other = another(&factory);
        let cancelled = async {
            factory.world.hung().await;
            other.command(&factory.run, cancel()).await.unwrap()
        };
        let driven = tokio::time::timeout(SOON, factory.finish());
        let (driven, cancelled) = tokio::join!(driven, cancelled);
        let driven = driven.unwrap_or_else(|_| panic!("{id} was waited for"));
        factory::assert_phase(&driven, Phase::Cancelled);
        assert_eq!(driven, cancelled, "{id}");
        assert_eq!(factory.world.checkouts(), 0, "{id}: nothing is under way any more");
        assert!(factory.world.landed().is_empty(), "{id}");
        assert_eq!(factory.world.watcher.events(), factory.events().await, "{id}: whoever watches is told");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_decides_elsewhere_lets_more_begin_while_something_is_performed() {
    // Reconnaissance never ends; meanwhile somebody approves the design, and tests are written.
    let factory = Factory::begun_in(&["hello, please"], pipelines::wide()).await;
    factory.world.trap("recon", Trip::Hang);
    let other = another(&factory);
    let decides = async {
        factory.world.hung().await;
        let waiting = until(&factory, |state| !state.open_gates().is_empty()).await;
        let wanted = factory.wanted("design:exit", Decision::Approved, &waiting);
        other.command(&factory.run, Command::Decide(Box::new(wanted))).await.unwrap();
        let tested =
            until(&factory, |state| factory::stage(state, "tests").status == StageStatus::Passed).await;
        assert_eq!(factory::stage(&tested, "recon").status, StageStatus::Running { attempt: Attempt::FIRST });
        other.command(&factory.run, cancel()).await.unwrap()
    };
    let driven = tokio::time::timeout(SOON, factory.drive());
    let (driven, _) = tokio::join!(driven, decides);
    factory::assert_phase(&driven.expect("it was noticed").unwrap(), Phase::Cancelled);
    assert_eq!(factory.world.watcher.events(), factory.events().await);
}

/// The run, once it is so.
async fn until(
    factory: &Factory,
    wanted: impl Fn(&factory_core::state::RunState) -> bool,
) -> factory_core::state::RunState {
    let reached = async {
        loop {
            let history = factory_engine::history::read(factory.log.as_ref(), &factory.run).await.unwrap();
            if wanted(&history.state) {
                return history.state;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(SOON, reached).await.expect("it comes to that")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_drives_a_run_that_is_driven() {
    let factory = Factory::begun(&["hello, please"]).await;
    factory.world.trap("build", Trip::Hang);
    let other = another(&factory);
    let second = async {
        factory.world.hung().await;
        let token = tokio_util::sync::CancellationToken::new();
        let second = other.drive(&factory.run, &token).await;
        // Only deciding is always possible.
        other.command(&factory.run, cancel()).await.unwrap();
        second
    };
    let (driven, second) = tokio::join!(factory.finish(), second);
    match second {
        Err(EngineError::Store(StoreError::Driven { run, .. })) => assert_eq!(run, factory.run),
        other => panic!("{other:?}"),
    }
    factory::assert_phase(&driven, Phase::Cancelled);
    assert_eq!(factory.world.told().len(), 1, "it was built once");
    // Whoever drove has given it back.
    let token = tokio_util::sync::CancellationToken::new();
    assert_eq!(other.drive(&factory.run, &token).await.unwrap(), driven);
}

#[tokio::test]
async fn a_run_can_be_driven_by_another_when_the_first_has_stopped() {
    let factory = Factory::begun(&["hello, please"]).await;
    let state = factory.up_to("plan:exit").await;
    let other = another(&factory);
    let token = tokio_util::sync::CancellationToken::new();
    assert_eq!(other.drive(&factory.run, &token).await.unwrap(), state);
    factory::assert_phase(&factory.finish().await, Phase::Merged);
}

#[tokio::test]
async fn whoever_watches_is_told_of_what_others_append_too() {
    // Somebody looks at the plan just before it is approved.
    let factory = Factory::begun(&["hello, please"]).await;
    let state = factory.up_to("plan:exit").await;
    let open = state.open_gates().remove(0);
    let seen = Event::GateSeen {
        gate: open.gate,
        by: samples::somebody("cleo"),
        seen: open.sees,
        verdict_shown: false,
    };
    let record = Record::new(state.changed_at, vec![seen.clone()]);
    factory.log.slip_in(factory.records().await.len() as u64, record.to_bytes());
    factory.decide("plan:exit", Decision::Approved, &state).await.unwrap();
    let events = factory.events().await;
    assert!(events.contains(&seen));
    assert_eq!(factory.world.watcher.events(), events, "each event once, in order");
    factory.finish().await;
    assert_eq!(factory.world.watcher.events(), factory.events().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_after_the_merge_leaves_the_merge() {
    let factory = Factory::begun_in(&["hello, please"], pipelines::patient()).await;
    factory.up_to("lessons:entry").await;
    factory.world.trap("lessons", Trip::Hang);
    let other = another(&factory);
    let cancelled = async {
        factory.world.hung().await;
        other.command(&factory.run, cancel()).await.unwrap()
    };
    let driven = tokio::time::timeout(SOON, factory.finish());
    let (driven, _) = tokio::join!(driven, cancelled);
    factory::assert_phase(&driven.expect("it was noticed"), Phase::Merged);
    assert_eq!(factory.world.landed().len(), 1);
}
