//! Work that goes back to the implementer, and what it is told then.

use factory_core::artifact::{CheckOutcome, CheckResult};
use factory_core::event::{Event, FailureKind, Outcome, SentBack};
use factory_core::state::Phase;
use factory_engine::port::agents::Correction;
use factory_testkit::samples;

use crate::factory::{self, Factory};

#[tokio::test]
async fn failed_holdouts_reach_the_implementer_as_feedback_and_nothing_else() {
    let factory = Factory::begun(&["hello", "hello, please"]).await;
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
    assert_eq!(factory::stage(&state, "build").last_attempt, 2);

    let [first, second] = &factory.world.told()[..] else { panic!("two tries") };
    assert_eq!((&first.effect, first.corrections.as_slice()), (&factory::effect("build", 1), &[][..]));
    assert_eq!(first.found, "");
    assert_eq!(second.effect, factory::effect("build", 2));
    assert_eq!(second.corrections, [Correction::Holdouts(samples::feedback(2))]);
    assert_eq!(second.found, "hello", "the second try goes on from the first one's patch");
    assert_ne!(first.root, second.root, "in a checkout of its own");

    assert_eq!(factory.world.landed().len(), 1);
    assert!(
        factory.world.landed()[0].message.contains("wrote “hello, please”"),
        "the second patch is what landed"
    );
}

#[tokio::test]
async fn red_checks_reach_the_implementer_with_the_end_of_their_log() {
    let factory = Factory::begun(&["BROKEN", "hello, please"]).await;
    factory::assert_phase(&factory.finish().await, Phase::Merged);

    let told = factory.world.told();
    let [Correction::Checks(failed)] = &told[1].corrections[..] else { panic!("{:?}", told[1].corrections) };
    let [(check, tail)] = &failed[..] else { panic!("{failed:?}") };
    assert_eq!(check, &CheckResult { name: "test".to_owned(), outcome: CheckOutcome::Failed { status: 1 } });
    assert!(tail.ends_with("\nthe greeting is broken: BROKEN\n"), "{tail}");
    assert_eq!(tail.len(), 6_000, "no more than the end");
    assert_eq!(told[1].found, "BROKEN");

    // The whole log is kept as evidence.
    let logs = factory.events().await.into_iter().find_map(|event| match event {
        Event::SentBack { correction: SentBack::Checks { logs }, .. } => Some(logs),
        _ => None,
    });
    let log = factory.blobs.get(&logs.unwrap()[0].digest).await.unwrap();
    assert!(log.len() > 9_000);
}

#[tokio::test]
async fn a_review_that_objects_reaches_the_implementer_whole() {
    let factory = Factory::begun(&["rude please", "hello, please"]).await;
    factory::assert_phase(&factory.finish().await, Phase::Merged);
    assert_eq!(factory.world.told()[1].corrections, [Correction::Review(samples::objection())]);
}

#[tokio::test]
async fn every_kind_of_correction_in_one_run() {
    let factory = Factory::begun(&["BROKEN", "rude", "hello, please"]).await;
    factory::assert_phase(&factory.finish().await, Phase::Merged);
    let told = factory.world.told();
    assert!(matches!(told[1].corrections[..], [Correction::Checks(_)]));
    assert!(matches!(told[2].corrections[..], [Correction::Review(_)]));
    assert_eq!(told.len(), 3);
}

#[tokio::test]
async fn an_implementer_that_never_mends_it_fails_the_run() {
    let factory = Factory::begun_failing(&["hello"]).await;
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Failed);
    let Some(Outcome::Failed { stage, kind, .. }) = &state.outcome else { panic!() };
    assert_eq!((stage.as_str(), *kind), ("verify", FailureKind::Policy));
    assert_eq!(factory.world.told().len(), 3, "as often as the pipeline allows");
    assert!(factory.world.landed().is_empty());
}

#[tokio::test]
async fn a_build_that_changes_nothing_is_a_failed_try() {
    let factory = Factory::begun(&["", "hello, please"]).await;
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
    assert_eq!(factory::stage(&state, "build").last_attempt, 2);
    assert_eq!(factory.world.told()[1].corrections, [], "nothing was made that could be corrected");
    let failed = factory.events().await.into_iter().find_map(|event| match event {
        Event::StageFailed { kind, .. } => Some(kind),
        _ => None,
    });
    assert_eq!(failed, Some(FailureKind::BadPatch));
}
