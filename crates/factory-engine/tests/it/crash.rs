//! A process that ends after any record: another one goes on from the log, to the same end.

use std::sync::Arc;

use factory_core::artifact::ArtifactKind;
use factory_core::event::{Event, Record};
use factory_core::state::{Phase, RunState};
use factory_engine::port::store::{BlobStore, EventLog};
use factory_store::MemoryLog;
use factory_testkit::samples::{self, pipelines};
use factory_testkit::world::{self, World};

use crate::factory::{self, Factory};

/// Two tries come back before the third is good: from the checks, and from the holdouts.
const TEXTS: [&str; 3] = ["BROKEN", "hello", "hello, please"];

/// The first `count` records in a log of their own.
async fn prefix(records: &[Vec<u8>], count: usize) -> MemoryLog {
    let log = MemoryLog::default();
    for (position, record) in (0..).zip(&records[..count]) {
        let run = samples::started().run;
        let decisions = world::decisions_of(&run, position, record);
        log.append(&run, position, record, &decisions).await.unwrap();
    }
    log
}

/// Goes on from the first `count` records, in that world.
async fn go_on(
    world: World,
    records: &[Vec<u8>],
    count: usize,
    blobs: &Arc<dyn BlobStore>,
) -> (Factory, RunState) {
    let factory = Factory::on(world, prefix(records, count).await, Arc::clone(blobs));
    let state = factory.finish().await;
    (factory, state)
}

#[tokio::test]
async fn after_every_record_the_run_goes_on_to_the_same_end() {
    let whole = Factory::begun(&TEXTS).await;
    let end = whole.finish().await;
    factory::assert_phase(&end, Phase::Merged);
    let records = whole.records().await;
    assert!(records.len() > 12, "{} records", records.len());

    for count in 1..=records.len() {
        // The crash came before anything that the last record asked for was done.
        let (fresh, state) = go_on(World::new(&TEXTS), &records, count, &whole.blobs).await;
        assert_eq!(state, end, "after {count} records");
        assert_eq!(fresh.records().await, records, "after {count} records");
        let landed = if count == records.len() { 0 } else { 1 };
        assert_eq!(
            fresh.world.landed().len(),
            landed,
            "after {count} records, which tell of the merge or not"
        );

        // The crash came after it was done, but before the log said so: the world is as the whole run left it.
        let (_, state) = go_on(whole.world.clone(), &records, count, &whole.blobs).await;
        assert_eq!(state, end, "after {count} records, in the same world");
        assert_eq!(whole.world.landed().len(), 1, "after {count} records, in the same world");
    }
}

#[tokio::test]
async fn a_later_try_is_told_the_same_after_a_crash() {
    let whole = Factory::begun(&TEXTS).await;
    whole.finish().await;
    let records = whole.records().await;
    let told = whole.world.told();
    assert_eq!(told.len(), 3);
    for count in 1..records.len() {
        let (again, _) = go_on(World::new(&TEXTS), &records, count, &whole.blobs).await;
        let again = again.world.told();
        let expected = &told[told.len() - again.len()..];
        for (again, before) in again.iter().zip(expected) {
            let same = |told: &factory_testkit::world::Told| {
                (told.effect.clone(), told.found.clone(), told.corrections.clone(), told.notes.clone())
            };
            assert_eq!(same(again), same(before), "after {count} records");
        }
    }
}

/// Runs of other pipelines, with stages side by side, people who share decisions, budgets, and time that passes.
#[tokio::test]
async fn after_every_record_every_kind_of_run_comes_to_its_end() {
    for pipeline in [pipelines::strict(), pipelines::wide(), pipelines::capped(), pipelines::patient()] {
        let name = pipeline.name.clone();
        let whole = Factory::begun_in(&TEXTS, pipeline).await;
        factory::assert_phase(&whole.finish().await, Phase::Merged);
        let records = whole.records().await;
        let merged = merged_at(&records);
        for count in 1..=records.len() {
            let case = format!("{name} after {count} of {} records", records.len());
            let (fresh, state) = go_on(World::new(&TEXTS), &records, count, &whole.blobs).await;
            factory::assert_phase(&state, Phase::Merged);
            assert_eq!(fresh.records().await[..count], records[..count], "{case}: what had happened stays");
            assert_eq!(fresh.world.landed().len(), usize::from(count <= merged), "{case}");
            assert_eq!(fresh.world.checkouts(), 0, "{case}");
            fresh.ledger().await;

            let (again, state) = go_on(whole.world.clone(), &records, count, &whole.blobs).await;
            factory::assert_phase(&state, Phase::Merged);
            // Stages side by side may end in another order, and so come to another commit of the same patch; but what
            // this very run has landed is never landed again.
            let landed: Vec<_> = again.world.landed().into_iter().map(|landed| landed.effect).collect();
            let mut once = landed.clone();
            once.sort();
            once.dedup();
            assert_eq!(landed.len(), once.len(), "{case}");
            again.ledger().await;
        }
    }
}

/// The record that tells of the merge.
fn merged_at(records: &[Vec<u8>]) -> usize {
    let tells = |bytes: &Vec<u8>| {
        let record = Record::from_bytes(bytes).unwrap();
        let merged = |event: &Event| matches!(event, Event::StageProduced { artifact, .. } if artifact.kind == ArtifactKind::Merge);
        record.events.iter().any(merged)
    };
    records.iter().position(tells).unwrap()
}
