//! `factory trust` and `factory decision stats`, over ledgers that were put into the store.

use std::time::{SystemTime, UNIX_EPOCH};

use factory_core::event::{Decision, Event};
use factory_core::ids::Timestamp;
use factory_core::ledger::entry::{Decided, LedgerEntry};
use factory_engine::port::store::EventLog as _;
use factory_store::Store;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::case;
use crate::fixture::{World, login};

const LEDGER: &str = include_str!("../../../factory-core/tests/fixtures/statistics/ledger.jsonl");

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        case("trust_is_raised_by_a_person_when_the_figures_allow_it", raised),
        case("a_refusal_names_every_figure_that_is_missing", refused),
        case("a_demotion_that_is_due_is_recorded_once", lowered),
        case("changes_of_trust_made_at_the_same_time_follow_one_another", at_once),
        case("the_ledger_in_figures_as_text_json_and_csv", figures),
    ]
}

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn keep(world: &World, entries: &[LedgerEntry]) {
    let bytes: Vec<Vec<u8>> = entries.iter().map(LedgerEntry::to_bytes).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&world.store()).unwrap();
        store.log.append_decisions(&bytes).await.unwrap();
    });
}

/// The long fixture, moved so that its last entry is an hour old.
fn long() -> Vec<LedgerEntry> {
    let mut entries: Vec<_> =
        LEDGER.lines().map(|line| LedgerEntry::from_bytes(line.as_bytes()).unwrap()).collect();
    let by = now() - 3_600_000 - entries.last().unwrap().at.0;
    for entry in &mut entries {
        entry.at = Timestamp(entry.at.0 + by);
        if let Decided::Trust(change) = &mut entry.decided {
            change.at = entry.at;
        }
    }
    entries
}

/// So many approvals of patches that the evaluator had passed.
fn agreeing(count: usize) -> Vec<LedgerEntry> {
    let is_agreement = |entry: &LedgerEntry| {
        let text = String::from_utf8(entry.to_bytes()).unwrap();
        text.contains(r#""passed":true,"shown":true"#)
            && text.contains(r#""decision":"approved""#)
            && text.contains(r#""edge":"entry""#)
    };
    let one = long().into_iter().find(is_agreement).unwrap();
    vec![LedgerEntry { at: Timestamp(now() - 1000), ..one }; count]
}

const WHY: &str = "--because=The evaluator agreed with us for weeks";

fn raised() {
    let world = World::without_model();
    keep(&world, &agreeing(20));
    world
        .factory(&["trust", "promote", "--because", "ok"])
        .ends_with(2)
        .says("a change of trust needs a reason");
    world.factory(&["trust", "promote", WHY]).ends_with(0).says("Trust is advised now; it was shadow.");
    let status = world.json(&["trust", "status"]);
    assert_eq!((&status["recorded"], &status["effective"]), (&"advised".into(), &"advised".into()));
    let decisions = world.json(&["decision", "list"]);
    let last = decisions.as_array().unwrap().last().unwrap();
    assert!(
        last.to_string().contains(&login()) && last.to_string().contains("agreed with us for weeks"),
        "{last}"
    );
    world.factory(&["trust", "demote", WHY, "--to=advised"]).ends_with(1).says("advised is no lower");
    world.factory(&["trust", "demote", WHY]).ends_with(0).says("Trust is shadow now; it was advised.");
    // What was put in is of runs that are not there; the changes belong to none.
    world.factory(&["decision", "verify"]).ends_with(1).says("entry 19 is").never_says("entry 20");
}

fn refused() {
    let world = World::without_model();
    world.factory(&["trust", "promote", WHY]).ends_with(1).says("nothing was ever run here");
    world.factory(&["trust", "status"]).ends_with(0).says("phase  shadow (never changed)");
    keep(&world, &agreeing(19));
    let ran = world.factory(&["trust", "promote", WHY]).ends_with(1);
    let ran =
        ran.says("trust stays shadow: advised asks for more").says("asked: at least 20 decisions, found: 19");
    ran.says("unmet: asked: overrides below 10 %").never_says("is advised now");
    assert_eq!(world.json(&["decision", "list"]).as_array().unwrap().len(), 19);
}

fn lowered() {
    let world = World::without_model();
    let mut entries = agreeing(30);
    keep(&world, &entries);
    world.factory(&["trust", "promote", WHY]).ends_with(0);
    // Then people refuse what the evaluator passes.
    for entry in &mut entries[..3] {
        let Decided::Run { event, .. } = &mut entry.decided else { panic!("a decision") };
        let Event::GateDecided(decided) = &mut **event else { panic!("a decision") };
        decided.decision = Decision::Rejected;
    }
    keep(&world, &entries[..3]);
    let first = world.json(&["trust", "status"]);
    assert_eq!((&first["recorded"], &first["lowered"]["from"]), (&"shadow".into(), &"advised".into()));
    assert!(
        first["lowered"]["by"]["because"].as_str().unwrap().starts_with("misses above 5 %: 3 of 33"),
        "{first}"
    );
    let again = world.json(&["trust", "status"]);
    assert_eq!((&again["lowered"], &again["due"]), (&Value::Null, &Value::Null));
    world.factory(&["decision", "stats"]).ends_with(0).never_says("lowered");
    assert_eq!(world.json(&["decision", "list"]).as_array().unwrap().len(), 30 + 1 + 3 + 1);
}

fn at_once() {
    let world = World::without_model();
    keep(&world, &agreeing(30));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            // Whoever comes second is refused, or told to try again.
            scope.spawn(|| world.factory(&["trust", "promote", WHY]));
        }
    });
    let status = world.json(&["trust", "status"]);
    assert_eq!((&status["recorded"], &status["broken"]), (&"advised".into(), &Value::Null), "{status}");
}

fn figures() {
    let world = World::without_model();
    let empty = world.json(&["decision", "stats"]);
    assert_eq!((&empty["entries"], &empty["total"]["overrides"]["rate"]), (&0.into(), &Value::Null));
    keep(&world, &long());
    let stats = world.json(&["decision", "stats", "--by", "person"]);
    assert_eq!((&stats["schema"], &stats["total"]["runs"]["asked"]), (&1.into(), &300.into()));
    assert_eq!(stats["groups"].as_array().unwrap().len(), 5);
    let text = world.factory(&["decision", "stats"]).ends_with(0);
    let lines = text.out.lines().count();
    assert!((30..80).contains(&lines), "{lines}: {text}");
    text.says("25 of 178, 14.0 % (9.7–19.9)").says("scenario coverage   fair   74.95 %").says("ALERT");
    let csv = world.factory(&["decision", "stats", "--by=month", "--format=csv"]).ends_with(0).out;
    assert!(csv.contains("all,overrides,25,178,0.14044"), "{csv}");
    assert!(csv.lines().all(|line| line.split(',').count() == 7), "{csv}");
    let recent = world.json(&["decision", "stats", "--since=7d"]);
    assert!(recent["total"]["runs"]["asked"].as_u64().unwrap() < 300);
    world.factory(&["decision", "stats", "--since=soon"]).ends_with(2).says("is no moment");
    world.factory(&["decision", "stats", "--since=1d", "--until=2d"]).ends_with(2).says("nothing between");
}
