//! A base branch that moves on while a run is under way.

use factory_core::event::{Decision, Event};
use factory_core::pipeline::model::BaseMoved;
use factory_core::state::{Phase, RunState};
use factory_store::MemoryLog;
use factory_testkit::samples;
use factory_testkit::world::{self, World};

use factory_engine::port::store::EventLog;

use crate::factory::{self, Factory};

async fn moved(factory: &Factory) -> usize {
    factory.events().await.iter().filter(|event| matches!(event, Event::BaseMoved { .. })).count()
}

#[tokio::test]
async fn a_patch_follows_its_base_and_is_judged_and_approved_again() {
    let factory = Factory::begun(&["hello, please"]).await;
    let state = factory.up_to("merge:entry").await;
    factory.world.moved_to(&samples::oid('d'));
    factory.decide("merge:entry", Decision::Approved, &state).await.unwrap();
    let again = factory.drive().await.unwrap();
    assert_eq!(factory::gates(&again), ["merge:entry"], "nobody has approved it there");
    assert!(factory.world.landed().is_empty());
    assert_eq!(factory.world.rebased(), [(samples::base(), samples::oid('d'))]);

    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
    let [landed] = &factory.world.landed()[..] else { panic!("one commit") };
    assert_eq!(landed.merge.base, samples::oid('d'));
    assert_eq!(factory.world.told().len(), 1, "no model is asked to carry it over");
    assert_eq!(factory::stage(&state, "build").last_attempt, 2);
    assert_eq!(factory::stage(&state, "review").last_attempt, 2);
    assert_eq!(factory::stage(&state, "verify").last_attempt, 2);
    assert_eq!(moved(&factory).await, 1);
    factory.ledger().await;
}

#[tokio::test]
async fn a_patch_that_does_not_fit_is_built_anew_when_somebody_says_so() {
    let factory = Factory::begun(&["hello, please", "good day, please"]).await;
    factory.up_to("merge:entry").await;
    factory.world.moved_to(&samples::oid('d'));
    factory.world.conflicts_at(&[world::FILE]);
    let state = factory.finish().await;
    assert_eq!(factory::gates(&state), ["build:escalation"]);
    let escalation = state.open_gates().remove(0).escalation.unwrap();
    assert!(
        escalation.detail.ends_with("both it and the patch change greeting.txt"),
        "{}",
        escalation.detail
    );

    factory.retry("build:escalation", "the base greets already; say good day", &state).await;
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
    let told = factory.world.told();
    let [_, again] = &told[..] else { panic!("{told:?}") };
    assert_eq!(again.effect, factory::effect("build", 3), "the second try was the one at carrying it over");
    assert_eq!(
        (again.found.as_str(), again.corrections.as_slice()),
        ("", &[][..]),
        "on the new base, from nothing"
    );
    assert_eq!(again.notes, ["the base greets already; say good day"]);
    assert_eq!(factory.world.rebased().len(), 1, "and nobody tries to carry the old patch over again");
    assert_eq!(factory.world.landed()[0].merge.base, samples::oid('d'));
}

#[tokio::test]
async fn what_has_landed_before_a_crash_follows_nothing() {
    let whole = Factory::begun(&["hello, please"]).await;
    factory::assert_phase(&whole.finish().await, Phase::Merged);
    let records = whole.records().await;
    let log = MemoryLog::default();
    for (position, record) in (0..).zip(&records[..records.len() - 1]) {
        let decisions = world::decisions_of(&whole.run, position, record);
        log.append(&whole.run, position, record, &decisions).await.unwrap();
    }
    // The process ended before the log could say so, and the branch has moved since.
    whole.world.moved_to(&samples::oid('d'));
    let again = Factory::on(whole.world.clone(), log, whole.blobs.clone());
    factory::assert_phase(&again.finish().await, Phase::Merged);
    assert_eq!(again.world.landed().len(), 1);
    assert_eq!(again.records().await, records);
    assert!(again.world.rebased().is_empty());
}

#[tokio::test]
async fn a_crash_while_a_patch_is_carried_over_changes_nothing() {
    let world = || {
        let world = World::new(&["hello, please"]);
        world.moved_to(&samples::oid('d'));
        world
    };
    let begun = || async {
        let factory = Factory::idle(world()).await;
        factory.engine.start(samples::started()).await.unwrap();
        factory
    };
    let whole = begun().await;
    let end = whole.finish().await;
    factory::assert_phase(&end, Phase::Merged);
    assert_eq!(moved(&whole).await, 1);
    let records = whole.records().await;
    for count in 1..=records.len() {
        let log = MemoryLog::default();
        for (position, record) in (0..).zip(&records[..count]) {
            let decisions = world::decisions_of(&whole.run, position, record);
            log.append(&whole.run, position, record, &decisions).await.unwrap();
        }
        let again = Factory::on(world(), log, whole.blobs.clone());
        assert_eq!(again.finish().await, end, "after {count} records");
        assert_eq!(again.records().await, records, "after {count} records");
    }
}

#[tokio::test]
async fn a_run_that_does_not_care_stays_where_it_is() {
    for reason in ["the pipeline says so", "there is no branch", "the branch is gone"] {
        let mut started = samples::started();
        match reason {
            "the pipeline says so" => started.pipeline.policy.base_moved = BaseMoved::Ignore,
            "there is no branch" => started.branch = None,
            _ => {}
        }
        let factory = Factory::begun_with(&["hello, please"], started).await;
        factory.world.moved_to(&samples::oid('d'));
        if reason == "the branch is gone" {
            factory.world.branch_deleted();
        }
        factory::assert_phase(&factory.finish().await, Phase::Merged);
        assert_eq!(factory.world.landed()[0].merge.base, samples::base(), "{reason}");
        assert_eq!(moved(&factory).await, 0, "{reason}");
    }
}

/// The branch moves before every merge, until somebody is asked.
async fn moves_too_often() -> (Factory, RunState) {
    let factory = Factory::begun(&["hello, please"]).await;
    for tip in ['1', '2', '3', '4'] {
        let state = factory.up_to("merge:entry").await;
        factory.world.moved_to(&samples::oid(tip));
        factory.decide("merge:entry", Decision::Approved, &state).await.unwrap();
    }
    let state = factory.drive().await.unwrap();
    assert_eq!(factory::gates(&state), ["merge:escalation"]);
    assert_eq!(moved(&factory).await, 3);
    (factory, state)
}

#[tokio::test]
async fn a_branch_that_moves_too_often_is_left_alone_when_somebody_says_so() {
    let (factory, state) = moves_too_often().await;
    factory.override_all("merge:escalation", &state).await;
    factory::assert_phase(&factory.finish().await, Phase::Merged);
    assert_eq!(factory.world.landed()[0].merge.base, samples::oid('3'), "where it was judged");
}

#[tokio::test]
async fn or_it_is_followed_once_more() {
    let (factory, state) = moves_too_often().await;
    factory.retry("merge:escalation", "nobody pushes any more today", &state).await;
    factory::assert_phase(&factory.finish().await, Phase::Merged);
    assert_eq!(factory.world.landed()[0].merge.base, samples::oid('4'));
    assert_eq!(factory.world.told().len(), 1, "nothing was built again");
}
