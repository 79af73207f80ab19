//! What holds whatever is asked, in whatever order.

use std::collections::BTreeMap;

use factory_core::artifact::Artifact;
use factory_core::event::{Record, RunStarted};
use factory_core::evolve;
use factory_core::state::{Phase, RunState, StageStatus};
use factory_testkit::samples;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::history::{self, Step};
use crate::oracle;
use crate::walk::Walk;

/// Asks everything, one after the other; refusals change nothing.
fn lead(started: &RunStarted, steps: &[Step]) -> Walk {
    let mut walk = Walk::default();
    for step in steps {
        let command = history::command(step, walk.state.as_ref(), started);
        let before = walk.state.clone();
        match walk.offer(command) {
            Ok(events) => assert!(!events.is_empty(), "a command that is obeyed has happened"),
            Err(_) => assert_eq!(walk.state, before),
        }
        if let Some(state) = &walk.state {
            between_records(state, &walk);
        }
    }
    walk
}

/// What holds after every record.
fn between_records(state: &RunState, walk: &Walk) {
    let over = state.outcome.is_some();
    assert_eq!(walk.wanted().is_empty(), state.phase() != Phase::Running || over);
    assert_eq!(state.phase().is_over(), over);
    for (id, stage) in &state.stages {
        match stage.status {
            StageStatus::Produced => panic!("{id} is left unjudged"),
            StageStatus::Failed => assert!(over, "{id} is left failed"),
            StageStatus::Passed => assert!(stage.artifact.is_some(), "{id} passed with nothing"),
            StageStatus::Pending
            | StageStatus::AtGate { .. }
            | StageStatus::Running { .. }
            | StageStatus::Blocked { .. } => {}
        }
    }
    if !over {
        let waits = state.stages.values().any(|stage| {
            matches!(
                stage.status,
                StageStatus::Running { .. } | StageStatus::AtGate { .. } | StageStatus::Blocked { .. }
            )
        });
        assert!(waits, "a run that goes on can be gone on with");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_the_promises(started in history::started(), steps in history::steps(60)) {
        let walk = lead(&started, &steps);
        oracle::check(&walk.log, &walk.artifacts);

        let mut state = None;
        for record in &walk.log {
            let read = Record::from_bytes(&record.to_bytes()).expect("what is written can be read");
            assert_eq!(&read, record);
            state = evolve::evolve_all(state, &read.events, read.at).expect("what decide emits folds");
        }
        assert_eq!(state, walk.state, "the log folds to the state that wrote it");

        for (digest, artifact) in &walk.artifacts {
            let read = Artifact::from_bytes(&artifact.to_bytes()).expect("what is written can be read");
            assert_eq!((&read, &read.digest()), (artifact, digest));
        }
    }
}

/// The random histories are worth something: they end in every way, and work goes back in them.
#[test]
fn histories_get_everywhere() {
    let mut runner = TestRunner::deterministic();
    let mut phases: BTreeMap<&str, u32> = BTreeMap::new();
    let mut second_merges = 0;
    for _ in 0..400 {
        let steps = history::steps(60).new_tree(&mut runner).unwrap().current();
        let walk = lead(&samples::started(), &steps);
        let Some(state) = &walk.state else { continue };
        *phases.entry(state.phase().as_str()).or_default() += 1;
        let sent_back = state.stages.values().any(|stage| stage.last_attempt > 1);
        if state.phase() == Phase::Merged && sent_back {
            second_merges += 1;
        }
    }
    for phase in
        [Phase::Running, Phase::Waiting, Phase::Blocked, Phase::Merged, Phase::Rejected, Phase::Failed]
    {
        assert!(phases.get(phase.as_str()).is_some_and(|count| *count >= 1), "{phases:?}");
    }
    assert!(second_merges >= 10, "{second_merges} runs merged after work was made again; {phases:?}");
}
