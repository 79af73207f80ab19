//! Every decision stands in the ledger, from the moment at which it stands in the run's log.

use factory_core::artifact::{Artifact, Body, Plan};
use factory_core::command::{Command, Deciding};
use factory_core::event::{Decision, Event, Record};
use factory_core::ledger::entry::{self, Decided, LedgerEntry};
use factory_core::state::Phase;
use factory_engine::error::EngineError;
use factory_engine::port::store::{EventLog, StoreError};
use factory_testkit::samples::{self, pipelines};
use factory_testkit::world::World;

use crate::factory::{self, Factory};

/// What the records of a run decide.
fn decided(factory: &Factory, records: &[Vec<u8>]) -> Vec<LedgerEntry> {
    let of = |(position, bytes): (u64, &Vec<u8>)| {
        let record = Record::from_bytes(bytes).unwrap();
        entry::entries(&factory.run, position, record.at, &record.events)
    };
    (0..).zip(records).flat_map(of).collect()
}

#[tokio::test]
async fn the_ledger_has_the_decisions_of_the_log_and_nothing_else() {
    let factory = Factory::begun(&["BROKEN", "rude", "hello, please"]).await;
    factory::assert_phase(&factory.finish().await, Phase::Merged);
    let ledger = factory.ledger().await;
    assert_eq!(ledger, decided(&factory, &factory.records().await));
    assert!(matches!(&ledger[0].decided, Decided::Request(request) if request.run == factory.run));
    let events = ledger.iter().filter_map(|entry| match &entry.decided {
        Decided::Run { event, .. } => Some(event),
        Decided::Request(_) | Decided::Trust(_) => None,
    });
    let back = events.clone().filter(|event| matches!(***event, Event::SentBack { .. })).count();
    let people = events.filter(|event| matches!(***event, Event::GateDecided(_))).count();
    assert_eq!((back, people), (2, 2));
}

#[tokio::test]
async fn a_record_that_is_not_kept_decides_nothing() {
    let whole = Factory::begun(&["hello", "hello, please"]).await;
    whole.finish().await;
    let records = whole.records().await;
    for position in 1..records.len() as u64 {
        for written in [false, true] {
            let factory = Factory::begun(&["hello", "hello, please"]).await;
            factory.log.fail_at(position, written);
            let failed = loop {
                let state = match factory.drive().await {
                    Ok(state) => state,
                    Err(error) => break error,
                };
                let gate = factory::gates(&state).remove(0);
                if let Err(error) = factory.decide(&gate, Decision::Approved, &state).await {
                    break error;
                }
            };
            assert!(matches!(failed, EngineError::Store(StoreError::Io { .. })), "{failed:?}");
            let kept = factory.records().await;
            assert_eq!(factory.ledger().await, decided(&factory, &kept), "at {position}, written: {written}");
            factory.finish().await;
            assert_eq!(factory.ledger().await, whole.ledger().await, "at {position}, written: {written}");
        }
    }
}

#[tokio::test]
async fn a_decision_that_somebody_else_was_faster_with_stands_once() {
    let whole = Factory::begun(&["hello", "hello, please"]).await;
    whole.finish().await;
    let records = whole.records().await;
    for (position, bytes) in records.iter().enumerate().skip(1) {
        let record = Record::from_bytes(bytes).unwrap();
        if matches!(record.events[0], Event::GateDecided(_)) {
            continue;
        }
        let factory =
            Factory::on(World::new(&["hello", "hello, please"]), Default::default(), whole.blobs.clone());
        factory.engine.start(samples::started()).await.unwrap();
        factory.log.slip_in(position as u64, bytes.clone());
        factory.finish().await;
        assert_eq!(factory.ledger().await, whole.ledger().await, "at {position}");
    }
}

#[tokio::test]
async fn runs_share_one_ledger() {
    let factory = Factory::begun(&["hello, please"]).await;
    let mut other = samples::started();
    other.run = "greeting-zzzzzz".parse().unwrap();
    factory.engine.start(other.clone()).await.unwrap();
    factory.finish().await;
    factory
        .engine
        .command(&other.run, Command::Cancel { by: samples::person(), because: "one is enough".to_owned() })
        .await
        .unwrap();
    let ledger = factory.ledger().await;
    let runs: Vec<_> = ledger
        .iter()
        .map(|entry| match &entry.decided {
            Decided::Request(request) => &request.run,
            Decided::Run { run, .. } => run,
            Decided::Trust(_) => panic!("nobody trusts anything yet"),
        })
        .collect();
    assert_eq!((runs[0], runs[1], *runs.last().unwrap()), (&factory.run, &other.run, &other.run));
    assert_eq!(runs.iter().filter(|run| **run == &other.run).count(), 2);
    assert_eq!(factory.log.runs().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_note_reaches_whoever_tries_again() {
    let factory = Factory::begun(&["hello, please", "good day, please"]).await;
    let state = factory.up_to("plan:exit").await;
    let made = samples::plan();
    factory.retry("plan:exit", "say what polite means", &state).await;
    let state = factory.up_to("merge:entry").await;
    factory.retry("merge:entry", "good day is better than hello", &state).await;
    factory::assert_phase(&factory.finish().await, Phase::Merged);

    let heard = factory.world.heard();
    let of = |stage: &str, attempt: u32| {
        let effect = factory::effect(stage, attempt);
        heard
            .iter()
            .find(|heard| heard.effect == effect)
            .unwrap_or_else(|| panic!("{effect} was never asked"))
    };
    assert_eq!(of("plan", 1).notes, Vec::<String>::new());
    assert_eq!(of("plan", 2).notes, ["say what polite means"]);
    assert_eq!(of("plan", 2).before.plan, Some(made), "what is to be changed");
    assert_eq!(of("tasks", 1).notes, Vec::<String>::new(), "it was for the planner");
    assert_eq!(of("build", 2).notes, ["good day is better than hello"]);
    assert_eq!(of("review", 2).notes, Vec::<String>::new());

    let told = factory.world.told();
    assert_eq!((told[1].found.as_str(), told[1].corrections.as_slice()), ("hello, please", &[][..]));
    assert!(factory.world.landed()[0].message.contains("good day, please"));
}

#[tokio::test]
async fn a_note_comes_beside_what_the_last_try_was_to_be_told() {
    let factory = Factory::begun(&["hello", "hello", "hello", "hello, please"]).await;
    let state = factory.up_to("verify:escalation").await;
    factory.retry("verify:escalation", "say please at the end", &state).await;
    factory::assert_phase(&factory.finish().await, Phase::Merged);
    let told = factory.world.told();
    assert_eq!(told.len(), 4);
    assert_eq!(told[3].notes, ["say please at the end"]);
    let expected = [factory_engine::port::agents::Correction::Holdouts(samples::feedback(2))];
    assert_eq!(told[3].corrections, expected, "notes are no corrections");
    assert_eq!(told[3].found, "hello", "it goes on from the last patch");
}

#[tokio::test]
async fn a_plan_that_somebody_changed_is_what_everybody_works_from() {
    let factory = Factory::begun(&["hello, please"]).await;
    let state = factory.up_to("plan:exit").await;
    let plan = Plan { summary: "greet politely, and say please".to_owned(), ..samples::plan() };
    let artifact = Artifact::new(Body::Plan(plan.clone()), Vec::new());
    let wanted = factory.wanted("plan:exit", Decision::Approved, &state);
    let wanted = Deciding { edited: Some(Box::new(artifact.clone())), ..wanted };
    factory.command(Command::Decide(Box::new(wanted))).await.unwrap();

    // Whoever decides keeps the artifact first; where they did not, the next stage says what is missing.
    let blocked = factory.drive().await.unwrap();
    factory::assert_phase(&blocked, Phase::Blocked);
    factory.blobs.put(&artifact.to_bytes()).await.unwrap();
    factory.resume().await.unwrap();
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
    assert_eq!(factory::stage(&state, "plan").artifact.as_ref().unwrap().digest, artifact.digest());
    for heard in factory.world.heard().iter().filter(|heard| heard.effect.stage.as_str() != "plan") {
        let expected = if heard.effect.stage.as_str() == "review" { None } else { Some(&plan) };
        assert_eq!(heard.before.plan.as_ref(), expected, "{}", heard.effect);
    }
    let tasks = factory::stage(&state, "tasks").artifact.as_ref().unwrap();
    let tasks = Artifact::from_bytes(&factory.blobs.get(&tasks.digest).await.unwrap()).unwrap();
    assert!(tasks.made_from.contains(&artifact.digest()));
}

#[tokio::test]
async fn an_override_lets_pass_what_did_not_meet_the_bar() {
    let factory = Factory::begun(&["hello"]).await;
    let state = factory.up_to("verify:escalation").await;
    let state = factory.override_all("verify:escalation", &state).await;
    assert_eq!(factory::gates(&state), ["merge:entry"]);
    factory::assert_phase(&factory.finish().await, Phase::Merged);
    assert_eq!(factory.world.landed().len(), 1);
    let overridden = factory.ledger().await.into_iter().filter(|entry| match &entry.decided {
        Decided::Run { event, .. } => {
            matches!(&**event, Event::GateDecided(decided) if decided.decision == Decision::Overridden)
        }
        Decided::Request(_) | Decided::Trust(_) => false,
    });
    assert_eq!(overridden.count(), 1);
}

#[tokio::test]
async fn every_kind_of_artifact_is_made_and_lessons_are_drawn() {
    // A large change: everything in the pipeline is performed.
    let factory = Factory::begun_in(&["hello, please"], pipelines::wide()).await;
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
    for id in ["design", "recon", "tests", "plan", "build", "review", "verify", "merge"] {
        assert_eq!(factory::stage(&state, id).tries, 1, "{id}");
    }
    let build = factory.world.heard().into_iter().find(|heard| heard.effect.stage.as_str() == "build");
    let before = build.unwrap().before;
    assert_eq!((before.tests, before.plan), (Some(samples::tests()), Some(samples::plan())));
    assert_eq!(before.tasks, None, "a plan of one step has no tasks");

    let factory = Factory::begun_in(&["hello", "hello, please"], pipelines::patient()).await;
    let state = factory.finish().await;
    factory::assert_phase(&state, Phase::Merged);
    assert_eq!(factory::stage(&state, "lessons").tries, 1);
    let Some(lessons) = &factory::stage(&state, "lessons").artifact else { panic!("none were drawn") };
    let kept = Artifact::from_bytes(&factory.blobs.get(&lessons.digest).await.unwrap()).unwrap();
    assert_eq!(kept.body, Body::Lessons(samples::lessons()));
}

#[tokio::test]
async fn a_hotfix_is_built_without_a_plan() {
    let mut started = samples::started_in(pipelines::wide());
    started.entry = factory_core::pipeline::model::EntryType::Hotfix;
    let factory = Factory::begun_with(&["hello, please"], started).await;
    factory::assert_phase(&factory.finish().await, Phase::Merged);
    let heard = factory.world.heard();
    let asked: Vec<_> = heard.iter().map(|heard| heard.effect.stage.as_str()).collect();
    assert_eq!(asked, ["build", "review"], "nobody plans anything");
    assert_eq!(heard[0].before, Default::default());
}

#[tokio::test]
async fn several_people_decide_one_after_the_other() {
    let factory = Factory::begun_in(&["hello, please"], pipelines::strict()).await;
    let state = factory.up_to("plan:exit").await;
    let state = factory.decide("plan:exit", Decision::Approved, &state).await.unwrap();
    assert_eq!(factory.drive().await.unwrap(), state, "one of two: nothing goes on");
    let again = factory.decide("plan:exit", Decision::Approved, &state).await;
    assert!(matches!(again, Err(EngineError::Rejected(_))), "{again:?}");
    factory::assert_phase(&factory.finish().await, Phase::Merged);
}
