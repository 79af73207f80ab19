//! What holds whatever is asked, in whatever order.

use std::collections::BTreeMap;

use factory_core::artifact::Artifact;
use factory_core::event::{Decision, Event, Record, RunStarted, SentBack, Stuck};
use factory_core::evolve;
use factory_core::state::{Phase, RunState, StageStatus};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::history::{self, Mood, Step};
use crate::oracle;
use crate::walk::{self, Walk};

/// Asks everything, one after the other; refusals change nothing.
fn lead(started: &RunStarted, mood: Mood, steps: &[Step]) -> Walk {
    // Long enough after the beginning of time for a clock to go back.
    let mut walk = Walk { now: 1_767_225_600_000, ..Walk::default() };
    for step in steps {
        if let Step::Pass { seconds } = step {
            walk.now = walk.now.saturating_add_signed(seconds * 1000);
        }
        let Some(command) = history::command(step, walk.state.as_ref(), started, mood) else { continue };
        if let Ok(events) = walk.offer(command) {
            assert!(!events.is_empty(), "a command that is obeyed has happened");
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
    if over {
        assert!(state.due().is_none() && state.open_gates().is_empty());
        return;
    }
    let mut waits = false;
    for (id, stage) in &state.stages {
        match stage.status {
            StageStatus::Produced => panic!("{id} is left unjudged"),
            StageStatus::Passed => assert!(stage.artifact.is_some(), "{id} passed with nothing"),
            StageStatus::Running { .. }
            | StageStatus::AtGate { .. }
            | StageStatus::Soaking { .. }
            | StageStatus::Blocked { .. } => waits = true,
            StageStatus::Pending | StageStatus::Failed | StageStatus::Skipped => {}
        }
    }
    assert!(waits, "a run that goes on can be gone on with");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_the_promises(
        started in history::started(),
        mood in history::mood(),
        steps in history::steps(100),
    ) {
        let walk = lead(&started, mood, &steps);
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

/// What is worth coming to, of one event.
fn worth(event: &Event) -> Option<&'static str> {
    Some(match event {
        Event::GateDecided(decided) if decided.edited.is_some() => "changed",
        Event::GateDecided(decided) => match decided.decision {
            Decision::Approved => "approved",
            Decision::Rejected => "rejected",
            Decision::Retried => "retried",
            Decision::Overridden if decided.gate.stage.as_str() == "merge" => "pinned",
            Decision::Overridden => "overridden",
        },
        Event::GateOpened { escalation: Some(escalation), .. } => match escalation.why {
            Stuck::Exhausted => "exhausted",
            Stuck::Plateau => "plateau",
            Stuck::Conflict => "conflict",
            Stuck::BaseMoves => "base moves",
            Stuck::Vault => "vault",
            Stuck::Tripwire => "quarantined",
        },
        Event::GateOpened { gate, .. } => match gate.edge.as_str() {
            "budget" => "budget",
            _ => return None,
        },
        Event::SentBack { correction: SentBack::Rebase { .. }, .. } => "rebased",
        Event::StageSkipped { .. } => "skipped",
        Event::SoakEnded { .. } => "soaked",
        Event::GateExpired { .. } => "expired",
        Event::GateSeen { .. } => "seen",
        Event::ScorecardRevealed { .. } => "revealed",
        Event::RolledBack { .. } => "rolled back",
        Event::StageUnblocked { .. } => "unblocked",
        Event::PolicyJudged { scored: None, .. } => "waived",
        Event::RunStarted(_)
        | Event::SoakBegan { .. }
        | Event::StageStarted { .. }
        | Event::StageProduced { .. }
        | Event::StageFailed { .. }
        | Event::StageBlocked { .. }
        | Event::PolicyJudged { .. }
        | Event::SentBack { .. }
        | Event::BaseMoved { .. }
        | Event::RunEnded { .. } => return None,
    })
}

/// The random histories are worth something: they come to every phase, and everything happens in them.
#[test]
fn histories_get_everywhere() {
    let mut runner = TestRunner::deterministic();
    let all = (history::started(), history::mood(), history::steps(100));
    let mut phases: BTreeMap<&str, u32> = BTreeMap::new();
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let mut second_merges = 0;
    for _ in 0..800 {
        let (started, mood, steps) = all.new_tree(&mut runner).unwrap().current();
        let walk = lead(&started, mood, &steps);
        let Some(state) = &walk.state else { continue };
        let mut so_far = None;
        for record in &walk.log {
            so_far = evolve::evolve_all(so_far, &record.events, record.at).expect("a log folds");
            *phases.entry(so_far.as_ref().expect("it has begun").phase().as_str()).or_default() += 1;
        }
        let sent_back = state.stages.values().any(|stage| stage.last_attempt > 1);
        if state.phase() == Phase::Merged && sent_back {
            second_merges += 1;
        }
        for event in walk.log.iter().flat_map(|record| &record.events) {
            if let Some(worth) = worth(event) {
                *seen.entry(worth).or_default() += 1;
            }
        }
    }
    for phase in [
        Phase::Running,
        Phase::Waiting,
        Phase::Soaking,
        Phase::Blocked,
        Phase::Merged,
        Phase::Rejected,
        Phase::Cancelled,
        Phase::Failed,
    ] {
        assert!(phases.get(phase.as_str()).is_some_and(|count| *count >= 20), "{phases:?}");
    }
    assert!(second_merges >= 50, "{second_merges} runs merged after work was made again; {phases:?}");
    let most = [
        "approved",
        "rejected",
        "retried",
        "overridden",
        "pinned",
        "changed",
        "exhausted",
        "plateau",
        "conflict",
        "base moves",
        "budget",
        "rebased",
        "skipped",
        "soaked",
        "expired",
        "seen",
        "revealed",
        "rolled back",
        "unblocked",
        "waived",
    ];
    let rare: Vec<_> = most.iter().filter(|&worth| seen.get(worth).is_none_or(|count| *count < 3)).collect();
    assert!(rare.is_empty(), "{rare:?} in {seen:?}");
}

/// A log that was cut off after any record goes on like the whole one: nothing is remembered anywhere else.
#[test]
fn a_log_is_all_that_a_run_is() {
    let mut runner = TestRunner::deterministic();
    let all = (history::started(), history::mood(), history::steps(60));
    for _ in 0..20 {
        let (started, mood, steps) = all.new_tree(&mut runner).unwrap().current();
        let walk = lead(&started, mood, &steps);
        for count in 0..=walk.log.len() {
            let fold = |records: &[Record]| {
                records.iter().fold(None, |state, record| {
                    evolve::evolve_all(state, &record.events, record.at).expect("a log folds")
                })
            };
            let cut: Option<RunState> = fold(&walk.log[..count]);
            let rest = walk.log[count..].iter().fold(cut, |state, record| {
                evolve::evolve_all(state, &record.events, record.at).expect("a log folds")
            });
            assert_eq!(rest, walk.state, "{:?}", walk::story(&walk.log[0].events));
        }
    }
}
