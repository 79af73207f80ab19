//! Everything around a run that can fail while a stage is performed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use factory_core::event::{Event, FailureKind};
use factory_core::ids::{Attempt, Digest};
use factory_core::state::{Phase, RunState, StageStatus};
use factory_engine::port::store::{BlobStore, StoreError};
use factory_testkit::samples;
use factory_testkit::world::Trip;
use tokio_util::sync::CancellationToken;

use crate::factory::{self, Factory};

/// Drives until the stage is blocked.
async fn blocked(factory: &Factory, id: &str) -> (RunState, String) {
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Blocked);
    match &factory::stage(&state, id).status {
        StageStatus::Blocked { attempt: Attempt::FIRST, detail } => (state.clone(), detail.clone()),
        other => panic!("{id} is {other:?}"),
    }
}

#[tokio::test]
async fn a_model_that_cannot_be_reached_blocks_and_the_same_try_goes_on() {
    for id in ["plan", "tasks", "build", "review"] {
        let factory = Factory::begun(&["hello, please"]).await;
        factory.world.trap(id, Trip::Gone);
        let (state, detail) = blocked(&factory, id).await;
        assert_eq!(
            detail, "the model endpoint http://127.0.0.1:1/v1 cannot be reached: connection refused",
            "{id}"
        );
        let used = state.usage.calls;
        assert_eq!(factory.drive().await.unwrap(), state, "nothing is tried again unasked");

        let state = factory.resume().await.unwrap();
        assert_eq!(
            factory::stage(&state, id).status,
            StageStatus::Running { attempt: Attempt::FIRST },
            "{id}"
        );
        let state = factory.finish().await;
        factory::assert_phase(&state, Phase::Merged);
        let stage = factory::stage(&state, id);
        assert_eq!((stage.last_attempt, stage.tries), (1, 1), "{id}: a block is no try");
        assert!(state.usage.calls > used, "{id}");
        assert_eq!(state.usage.calls, 4 + 1, "{id}: what was used before the block counts");
    }
}

#[tokio::test]
async fn a_machine_that_cannot_do_it_blocks_and_says_why() {
    for (id, expected) in [
        ("spec", "writing the checkout failed: no space is left"),
        ("verify", "the evaluation could not be carried out: no port is free"),
        ("merge", "writing the checkout failed: the repository is gone"),
    ] {
        let factory = Factory::begun(&["hello, please"]).await;
        factory.world.trap(id, Trip::Gone);
        let (_, detail) = blocked(&factory, id).await;
        assert_eq!(detail, expected);
        factory.resume().await.unwrap();
        factory::assert_phase(&factory.finish().await, Phase::Merged);
        assert_eq!(factory.world.landed().len(), 1, "{id}");
    }
}

#[tokio::test]
async fn a_panic_in_a_port_blocks_the_stage_and_ends_nothing_else() {
    for id in ["spec", "plan", "tasks", "build", "review", "verify", "merge"] {
        let factory = Factory::begun(&["hello, please"]).await;
        factory.world.trap(id, Trip::Panic);
        let (_, detail) = blocked(&factory, id).await;
        assert!(detail.starts_with("factory itself failed while it performed this stage"), "{detail}");
        assert!(detail.contains(&format!("the trap at the stage {id} went off")), "{detail}");
        assert_eq!(factory.world.checkouts(), 0, "{id}: no checkout is left behind");
        factory.resume().await.unwrap();
        factory::assert_phase(&factory.finish().await, Phase::Merged);
        assert_eq!(factory.world.landed().len(), 1, "{id}");
    }
}

#[tokio::test]
async fn a_blob_that_is_gone_blocks_whoever_needs_it() {
    // The specification's text was never kept.
    let blobs = std::sync::Arc::new(factory_store::MemoryBlobs::default());
    let world = factory_testkit::world::World::new(&["hello, please"]);
    let factory = Factory::on(world, factory_store::MemoryLog::default(), blobs);
    factory.engine.start(samples::started()).await.unwrap();
    let (_, detail) = blocked(&factory, "plan").await;
    assert_eq!(detail, format!("there is no blob {}", samples::started().spec.source));
    factory.blobs.put(samples::SPEC_TEXT.as_bytes()).await.unwrap();
    factory.resume().await.unwrap();
    factory::assert_phase(&factory.finish().await, Phase::Merged);
}

#[tokio::test]
async fn an_answer_that_cannot_be_used_is_a_try() {
    let factory = Factory::begun(&["hello, please"]).await;
    factory.world.trap("plan", Trip::Unusable);
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
    assert_eq!(factory::stage(&state, "plan").last_attempt, 2);
    assert_eq!(state.usage.calls, 5, "what was used for nothing counts");

    let factory = Factory::begun_failing(&["hello, please"]).await;
    factory.world.trap("plan", Trip::Unusable);
    factory.world.trap("plan", Trip::Unusable);
    factory::assert_phase(&factory.finish().await, Phase::Failed);
    let failed = factory.events().await.into_iter().rev().find_map(|event| match event {
        Event::StageFailed { kind, detail, .. } => Some((kind, detail)),
        _ => None,
    });
    let detail = "the answer did not fit its schema after 2 repairs: steps are missing".to_owned();
    assert_eq!(failed, Some((FailureKind::Unusable, detail)));
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_takes_too_long_is_a_failed_try() {
    for id in ["spec", "plan", "build", "verify"] {
        let mut started = samples::started();
        for stage in &mut started.pipeline.stages {
            stage.attempts = 3;
        }
        let seconds = started.pipeline.stage(&samples::stage(id)).unwrap().timeout_seconds;
        let factory = Factory::begun_with(&["hello, please"], started).await;
        factory.world.trap(id, Trip::Hang);
        let state = factory.finish().await;
        factory::assert_phase(&state, Phase::Merged);
        assert_eq!(factory::stage(&state, id).last_attempt, 2, "{id}");
        let failed = factory.events().await.into_iter().find_map(|event| match event {
            Event::StageFailed { stage, attempt, kind, detail, .. } => Some((stage, attempt, kind, detail)),
            _ => None,
        });
        let detail = format!("it took longer than the {seconds} seconds that the pipeline allows");
        assert_eq!(failed, Some((samples::stage(id), Attempt::FIRST, FailureKind::Limit, detail)));
        assert_eq!(factory.world.checkouts(), 0, "{id}: no checkout is left behind");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_cancelled_loses_nothing() {
    for id in ["spec", "plan", "tasks", "build", "review", "verify", "merge"] {
        let factory = Factory::begun(&["hello, please"]).await;
        factory.world.trap(id, Trip::Hang);
        let cancel = CancellationToken::new();
        let reached = async {
            factory.world.hung().await;
            cancel.cancel();
        };
        let driven = async {
            // Everything up to the stage goes on as always.
            loop {
                let state = factory.engine.drive(&factory.run, &cancel).await.unwrap();
                let Some(open) = state.open_gates().into_iter().next() else { break state };
                let gate = open.gate.to_string();
                factory.decide(&gate, factory_core::event::Decision::Approved, &state).await.unwrap();
            }
        };
        let (state, ()) = tokio::join!(driven, reached);
        factory::assert_phase(&state, Phase::Running);
        assert_eq!(factory::stage(&state, id).status, StageStatus::Running { attempt: Attempt::FIRST });
        assert_eq!(factory.world.checkouts(), 0, "{id}: what was under way has ended when drive returns");
        let before = factory.events().await;
        assert_eq!(factory.world.watcher.events(), before);

        let state = factory.finish().await;
        factory::assert_phase(&state, Phase::Merged);
        assert_eq!(factory::stage(&state, id).last_attempt, 1, "{id}: the same try was made again");
        assert_eq!(factory.events().await[..before.len()], before, "{id}: what had happened stays");
        assert_eq!(factory.world.landed().len(), 1, "{id}");
        let tries: Vec<_> = factory.world.told().into_iter().map(|told| told.effect).collect();
        let build = factory::effect("build", 1);
        assert_eq!(tries, if id == "build" { vec![build.clone(), build] } else { vec![build] });
    }
}

#[tokio::test]
async fn a_run_that_is_cancelled_before_it_is_driven_performs_nothing() {
    let factory = Factory::begun(&["hello, please"]).await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    // What finishes at once may still be taken; what hangs may not be waited for.
    factory.world.trap("spec", Trip::Hang);
    let state = factory.engine.drive(&factory.run, &cancel).await.unwrap();
    factory::assert_phase(&state, Phase::Running);
    assert_eq!(factory.records().await.len(), 1);
}

/// Review and verification side by side.
fn parallel() -> factory_core::event::RunStarted {
    let mut started = samples::started();
    for stage in &mut started.pipeline.stages {
        stage.needs.retain(|need| stage.id.as_str() != "verify" || need.as_str() != "review");
    }
    started
}

#[tokio::test]
async fn work_that_was_overtaken_is_ended_and_not_waited_for() {
    // The verification of the first patch never ends; the review sends the patch back meanwhile.
    let factory = Factory::begun_with(&["rude please", "hello, please"], parallel()).await;
    factory.world.trap("verify", Trip::Hang);
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
    assert_eq!(factory::stage(&state, "verify").last_attempt, 2);
    assert_eq!(factory.world.checkouts(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_was_overtaken_ends_while_the_next_try_is_made() {
    // The verification of the first patch never ends, and neither does the second build.
    let factory = Factory::begun_with(&["rude please", "hello, please"], parallel()).await;
    factory.world.trap("verify", Trip::Hang);
    factory.world.trap("build", Trip::Nothing);
    factory.world.trap("build", Trip::Hang);
    let cancel = CancellationToken::new();
    let ended = async {
        while factory.world.told().len() < 2 || factory.world.checkouts() > 1 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        cancel.cancel();
    };
    let driven = async {
        let state = factory.up_to("plan:exit").await;
        factory.decide("plan:exit", factory_core::event::Decision::Approved, &state).await.unwrap();
        factory.engine.drive(&factory.run, &cancel).await.unwrap()
    };
    let soon = std::time::Duration::from_secs(20);
    let both = tokio::time::timeout(soon, async { tokio::join!(driven, ended) }).await;
    let (state, ()) = both.expect("what was overtaken has given back its checkout");
    assert_eq!(factory::stage(&state, "build").status, StageStatus::Running { attempt: Attempt(2) });
}

#[tokio::test]
async fn a_blocked_stage_does_not_keep_another_from_going_on() {
    let factory = Factory::begun_with(&["hello, please"], parallel()).await;
    factory.world.trap("review", Trip::Gone);
    let (state, _) = blocked(&factory, "review").await;
    assert_eq!(factory::stage(&state, "verify").status, StageStatus::Passed);
    factory.resume().await.unwrap();
    factory::assert_phase(&factory.finish().await, Phase::Merged);
}

#[tokio::test(start_paused = true)]
async fn what_was_used_before_the_time_was_over_counts() {
    for id in ["plan", "build", "review"] {
        let mut started = samples::started();
        started.pipeline.stages.iter_mut().for_each(|stage| stage.attempts = 3);
        let factory = Factory::begun_with(&["hello, please"], started).await;
        factory.world.trap(id, Trip::Stall);
        let state = factory.finish().await;
        factory::assert_phase(&state, Phase::Merged);
        let used = factory.events().await.into_iter().find_map(|event| match event {
            Event::StageFailed { kind: FailureKind::Limit, usage, .. } => Some(usage),
            _ => None,
        });
        assert_eq!(used.map(|used| (used.calls, used.micro_usd)), Some((1, Some(5))), "{id}");
        assert_eq!(state.usage.calls, 5, "{id}: four roles, and one of them twice");
    }
}

/// Blobs on a device that is full from some point on.
struct Full {
    inner: factory_store::MemoryBlobs,
    left: std::sync::atomic::AtomicI64,
}

#[async_trait::async_trait]
impl BlobStore for Full {
    async fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            return Err(StoreError::Full(std::io::Error::other("28")));
        }
        self.inner.put(bytes).await
    }

    async fn get(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        self.inner.get(digest).await
    }
}

#[tokio::test]
async fn what_was_used_for_something_that_could_not_be_kept_counts() {
    // Every put fails once, one run after the other.
    let mut whole = None;
    let mut paid = BTreeSet::new();
    for nth in (1..40).rev() {
        let blobs = Full { inner: Default::default(), left: i64::from(nth).into() };
        blobs.inner.put(samples::SPEC_TEXT.as_bytes()).await.unwrap();
        let world = factory_testkit::world::World::new(&["hello, please"]);
        let factory = Factory::on(world, factory_store::MemoryLog::default(), Arc::new(blobs));
        factory.engine.start(samples::started()).await.unwrap();
        let mut state = factory.finish().await;
        let failed = state.phase() == Phase::Blocked;
        let before = state.usage.calls;
        if failed {
            factory.resume().await.unwrap();
            state = factory.finish().await;
        }
        factory::assert_phase(&state, Phase::Merged);
        match whole {
            None => assert!(!failed, "that many puts there are not"),
            Some(whole) if failed => {
                let at = factory.events().await.into_iter().find_map(|event| match event {
                    Event::StageBlocked { stage, usage, .. } => Some((stage, usage)),
                    _ => None,
                });
                let (stage, used) = at.unwrap();
                let asks = ["plan", "tasks", "build", "review"].contains(&stage.as_str());
                // The proof of the checkout is kept before anybody is asked.
                assert!(used.calls <= u64::from(asks), "{stage}");
                paid.extend((used.calls > 0).then(|| stage.to_string()));
                assert_eq!(state.usage.calls, whole + used.calls, "{stage}, after {before}");
            }
            Some(_) => {}
        }
        whole = whole.or(Some(state.usage.calls));
    }
    assert_eq!(paid, ["build", "plan", "review", "tasks"].map(str::to_owned).into());
}
