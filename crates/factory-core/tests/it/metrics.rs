//! The figures of a whole ledger against other means of counting, and of tiny ones by hand.

use std::sync::LazyLock;

use factory_core::event::{Event, Outcome};
use factory_core::ids::{Digest, Timestamp};
use factory_core::ledger::entry::{Decided, LedgerEntry};
use factory_core::ledger::metrics::{self, By, Fold, Group, Query, Sign, Stats};
use factory_core::trust::{Level, Phase, Readiness};
use proptest::prelude::*;
use proptest::sample;
use serde_json::Value;

const LEDGER: &str = include_str!("../fixtures/statistics/ledger.jsonl");
const EXPECTED: &str = include_str!("../fixtures/statistics/ledger.json");

fn ledger() -> Vec<LedgerEntry> {
    LEDGER.lines().map(|line| LedgerEntry::from_bytes(line.as_bytes()).unwrap()).collect()
}

fn fold<'a>(entries: impl IntoIterator<Item = &'a LedgerEntry>) -> Fold {
    let mut fold = Fold::default();
    entries.into_iter().for_each(|entry| fold.add(entry));
    fold
}

/// Compares numbers to 1e-9, everything else exactly; answers how many numbers there were.
fn same(got: &Value, want: &Value, path: &str) -> usize {
    match (got, want) {
        (Value::Number(one), Value::Number(two)) => {
            let (one, two) = (one.as_f64().unwrap(), two.as_f64().unwrap());
            assert!((one - two).abs() <= 1e-9 * two.abs().max(1e-3), "{path}: {one} is not {two}");
            1
        }
        (Value::Object(one), Value::Object(two)) => {
            assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>(), "{path}");
            two.iter().map(|(key, want)| same(&one[key], want, &format!("{path}.{key}"))).sum()
        }
        (Value::Array(one), Value::Array(two)) => {
            assert_eq!(one.len(), two.len(), "{path}");
            let each = one.iter().zip(two).enumerate();
            each.map(|(i, (one, two))| same(one, two, &format!("{path}[{i}]"))).sum()
        }
        (one, two) => {
            assert_eq!(one, two, "{path}");
            0
        }
    }
}

fn json(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn by(name: &str) -> By {
    let all = [By::Person, By::Gate, By::Pipeline, By::Entry, By::Model, By::Risk, By::Week, By::Month];
    all.into_iter().find(|by| json(by) == name).unwrap()
}

fn by_name(mut rows: Vec<Value>, keys: &[&str]) -> Value {
    let order = |row: &Value| keys.iter().map(|key| row[*key].as_str().unwrap_or("?").to_owned()).collect();
    rows.sort_by_cached_key(|row: &Value| -> Vec<String> { order(row) });
    Value::Array(rows)
}

#[test]
fn every_figure_of_a_ledger_is_what_others_count() {
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    let fold = fold(&ledger());
    let now = Timestamp(expected["now"].as_u64().unwrap());
    assert_eq!(json(fold.entries()), expected["entries"]);
    let mut numbers = same(&json(metrics::readiness(&fold, now)), &expected["readiness"], "readiness");
    let cases = expected["cases"].as_array().unwrap();
    for (number, case) in cases.iter().enumerate() {
        let time = |key: &str| case[key].as_u64().map(Timestamp);
        let window = Query { since: time("since"), until: time("until"), by: By::None };
        let Stats { total, groups, people, factors, .. } = fold.finish(now, &window);
        assert!(groups.is_empty());
        let at = |what: &str| format!("case {number}: {what}");
        numbers += same(&json(total), &case["total"], &at("total"));
        numbers += same(&json(people), &case["people"], &at("people"));
        assert!(factors.is_sorted_by(|one, two| one.p <= two.p));
        let factors = by_name(factors.iter().map(json).collect(), &["kind", "name"]);
        numbers += same(&factors, &case["factors"], &at("factors"));
        for (name, want) in case["groups"].as_object().unwrap() {
            let found: Vec<Group> = fold.finish(now, &Query { by: by(name), ..window }).groups;
            let want = by_name(want.as_array().unwrap().clone(), &["name"]);
            let found = by_name(found.iter().map(json).collect(), &["name"]);
            numbers += same(&found, &want, &at(name));
        }
    }
    assert!(numbers > 5000, "{numbers}");
}

#[test]
fn a_fold_that_was_put_aside_goes_on_as_if_it_had_not_been() {
    let (entries, now) = (ledger(), Timestamp(u64::MAX / 2));
    let query = Query { by: By::Person, ..Query::default() };
    let whole = fold(&entries);
    for cut in [0, 1, 17, entries.len() / 2, entries.len()] {
        let bytes = fold(&entries[..cut]).to_bytes();
        let mut again = Fold::from_bytes(&bytes).unwrap();
        assert_eq!(again.to_bytes(), bytes);
        entries[cut..].iter().for_each(|entry| again.add(entry));
        assert_eq!(again.to_bytes(), whole.to_bytes());
        assert_eq!(json(again.finish(now, &query)), json(whole.finish(now, &query)));
        assert_eq!(again.trust_changes(), whole.trust_changes());
    }
}

/// Whoever changes what the fold counts, or what it keeps, raises the version in `ledger::metrics::snapshot`, so that no
/// fold of before is gone on with; and then this digest.
#[test]
fn what_is_put_aside_has_the_form_of_its_version() {
    let bytes = fold(&ledger()).to_bytes();
    assert_eq!(bytes[0], 1);
    assert_eq!(
        Digest::of(&bytes).to_string(),
        "9e213d9eb084b9842c2502ceea0c64e3664ef8f2872f32d8a5c7b2a79e819a0d"
    );
}

#[test]
fn what_is_no_fold_is_refused() {
    let bytes = fold(&ledger()[..200]).to_bytes();
    for cut in 0..bytes.len() {
        assert!(Fold::from_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let more: Vec<u8> = bytes.iter().copied().chain([0]).collect();
    assert!(Fold::from_bytes(&more).is_err());
    let mut later = bytes.clone();
    later[0] += 1;
    assert!(Fold::from_bytes(&later).is_err());
    for at in 1..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 0x55;
        // It may be another fold; then it can be counted.
        if let Ok(fold) = Fold::from_bytes(&other) {
            let _ = fold.finish(Timestamp(7), &Query { by: By::Pipeline, ..Query::default() });
        }
    }
}

#[test]
fn classes_and_times_stand_in_their_order() {
    let fold = fold(&ledger());
    let names = |by| -> Vec<Option<String>> {
        let groups = fold.finish(Timestamp(0), &Query { by, ..Query::default() }).groups;
        groups.into_iter().map(|group| group.name).collect()
    };
    let known = |name: &str| Some(name.to_owned());
    assert_eq!(names(By::Risk), [None, known("low"), known("medium"), known("high")]);
    // Nobody decided where a gate expired.
    assert_eq!(names(By::Person), [None, known("ada"), known("bob"), known("cyd"), known("dee")]);
    assert!(names(By::Week).is_sorted() && names(By::Month).is_sorted());
}

/// The fixture's first entry that says this, as the start of an entry of one's own.
fn like(what: &str) -> String {
    LEDGER.lines().find(|line| line.contains(what)).unwrap().to_owned()
}

/// An entry from its time and what was decided, as JSON.
fn entry(at: u64, decided: &str) -> LedgerEntry {
    LedgerEntry::from_bytes(format!(r#"{{"schema":1,"at":{at},"decided":{decided}}}"#).as_bytes()).unwrap()
}

fn asked(at: u64, run: &str, text: &str) -> LedgerEntry {
    let mut entry: Value = serde_json::from_str(&like(r#""about":"request""#)).unwrap();
    entry["at"] = at.into();
    entry["decided"]["run"] = run.into();
    entry["decided"]["spec"] = "specs/a.md".into();
    entry["decided"]["source"] = json(factory_core::ids::Digest::of(text.as_bytes()));
    LedgerEntry::from_bytes(entry.to_string().as_bytes()).unwrap()
}

fn event(at: u64, run: &str, position: u64, event: &str) -> LedgerEntry {
    entry(at, &format!(r#"{{"about":"run","run":"{run}","position":{position},"event":{event}}}"#))
}

fn merged(at: u64, run: &str) -> LedgerEntry {
    let merge = "a".repeat(64);
    let is = format!(r#"{{"event":"run_ended","outcome":{{"is":"merged","merge":"{merge}"}},"usage":null}}"#);
    event(at, run, 9, &is)
}

fn rolled_back(at: u64, run: &str) -> LedgerEntry {
    let merge = "a".repeat(64);
    let by = r#"{"login":"bob","name":null,"email":null,"proof":"unauthenticated"}"#;
    let is = format!(
        r#"{{"event":"rolled_back","merge":"{merge}","commit":null,"by":{by},"because":"it broke"}}"#
    );
    event(at, run, 10, &is)
}

/// A decision at a gate, with the evaluator's verdict if it passed or failed.
fn decided(
    at: u64,
    run: &str,
    gate: [&str; 2],
    decision: &str,
    via: &str,
    passed: Option<bool>,
) -> LedgerEntry {
    let verdict = passed.map_or("null".to_owned(), |passed| {
        format!(r#"{{"verify":"{}","passed":{passed},"shown":true}}"#, "b".repeat(64))
    });
    let by = r#"{"login":"ada","name":null,"email":null,"proof":"unauthenticated"}"#;
    let [stage, edge] = gate;
    event(
        at,
        run,
        5,
        &format!(
            r#"{{"event":"gate_decided","gate":{{"stage":"{stage}","edge":"{edge}"}},"decision":"{decision}","by":{by},
            "via":"{via}","because":"because it is so","seen":[],"waited_ms":4000,"verdict":{verdict},"risk":null,
            "edited":null,"note":null,"overrides":[]}}"#
        ),
    )
}

fn readiness(entries: &[LedgerEntry], now: u64) -> Readiness {
    metrics::readiness(&fold(entries), Timestamp(now))
}

fn total(entries: &[LedgerEntry], now: u64) -> metrics::Figures {
    fold(entries).finish(Timestamp(now), &Query::default()).total
}

const DAY: u64 = 24 * 60 * 60 * 1000;

#[test]
fn an_empty_ledger_says_nothing_and_is_not_ready() {
    let fold = Fold::default();
    let stats = fold.finish(Timestamp(7), &Query { by: By::Gate, ..Query::default() });
    assert_eq!((stats.entries, stats.total), (0, metrics::Figures::default()));
    assert!(stats.groups.is_empty() && stats.people.is_empty() && stats.factors.is_empty());
    assert!(stats.health.iter().all(|row| row.level == Level::Unknown));
    let ready = metrics::readiness(&fold, Timestamp(7));
    assert_eq!((ready.coverage_bp, ready.spec_iterations_x100, ready.days_in_phase), (None, None, 0));
    assert_eq!(fold.trust().unwrap().phase(), Phase::Shadow);
}

#[test]
fn one_decision_is_a_rate_with_a_wide_interval() {
    let gate = ["merge", "entry"];
    let one = total(&[decided(5, "a", gate, "rejected", "command", Some(true))], 9);
    assert_eq!((one.overrides.hits, one.overrides.of, one.overrides.rate), (1, 1, Some(1.0)));
    assert!(one.overrides.low.unwrap() < 0.21);
    assert!((one.misses_of_refused.low.unwrap() - 0.025).abs() < 1e-12);
    // One rating of each kind varies in no way that chance could be seen from.
    assert_eq!((one.agreement.pass_refused, one.agreement.kappa.unwrap().low), (1, None));
    let wait = &one.gate_waits[0];
    assert_eq!((wait.gate.as_str(), wait.decided), ("merge:entry", 1));
    assert_eq!((wait.p90_ms.unwrap().value, wait.p90_ms.unwrap().high), (4000.0, None));
    // The run was never asked for.
    assert_eq!((one.runs.asked, one.time_to_merge.mean_ms), (0, None));
}

#[test]
fn only_who_was_asked_about_a_judged_patch_judges_it() {
    let judgements = |entries: &[LedgerEntry]| total(entries, 9).decisions.judgements;
    for (edge, decision, via, passed, want) in [
        ("entry", "approved", "command", Some(true), 1),
        ("entry", "retried", "command", Some(true), 1),
        ("entry", "approved", "in_advance", Some(true), 0),
        ("entry", "approved", "command", None, 0),
        ("escalation", "overridden", "terminal", Some(false), 1),
        ("escalation", "retried", "terminal", Some(false), 0),
        ("budget", "approved", "command", Some(true), 0),
    ] {
        let row = decided(5, "a", ["verify", edge], decision, via, passed);
        assert_eq!(judgements(&[row]), want, "{edge} {decision} {via} {passed:?}");
    }
    // That a patch does not fit the moved base is no fault of the evaluator's; a plateau may be.
    for (why, want) in [("conflict", 0), ("base_moves", 0), ("plateau", 1), ("exhausted", 1)] {
        let opened = like(r#""event":"gate_opened""#);
        let mut opened: Value = serde_json::from_str(&opened).unwrap();
        opened["decided"]["run"] = "a".into();
        opened["decided"]["event"]["gate"]["stage"] = "merge".into();
        opened["decided"]["event"]["escalation"]["why"] = why.into();
        let opened = LedgerEntry::from_bytes(opened.to_string().as_bytes()).unwrap();
        let refused = decided(5, "a", ["merge", "escalation"], "rejected", "command", Some(true));
        assert_eq!(judgements(&[opened, refused]), want, "{why}");
    }
}

#[test]
fn all_alike_agrees_without_a_kappa() {
    let same: Vec<_> =
        (0..30).map(|at| decided(at, "a", ["merge", "entry"], "approved", "command", Some(true))).collect();
    let stats = fold(&same).finish(Timestamp(99), &Query::default());
    let Stats { total, people, .. } = stats;
    assert_eq!((total.agreement.pass_accepted, total.agreement.agreement.rate), (30, Some(1.0)));
    assert_eq!((total.agreement.kappa, total.agreement.ac1.unwrap().value), (None, 1.0));
    assert_eq!((total.misses_of_refused.of, total.misses_of_refused.rate), (0, None));
    assert_eq!(people[0].signs, [Sign::Fast, Sign::SameReasons, Sign::NeverRefuses]);
    assert_eq!(people[0].same_reasons.hits, 29);
    // Nineteen are no evidence.
    assert!(fold(&same[..19]).finish(Timestamp(99), &Query::default()).people[0].signs.is_empty());
}

#[test]
fn a_clock_that_stands_still_or_goes_back_takes_no_time() {
    let entries =
        [asked(DAY, "a", "1"), merged(DAY, "a"), asked(DAY, "b", "2"), merged(0, "b"), asked(DAY, "c", "3")];
    let times = total(&entries, 0).time_to_merge;
    assert_eq!((times.merged, times.censored, times.median_ms, times.mean_ms), (2, 1, Some(0), Some(0.0)));
}

#[test]
fn a_merge_counts_when_it_is_fourteen_days_old_or_taken_back() {
    let rollbacks = |now, back: Option<u64>| {
        let mut entries = vec![asked(0, "a", "1"), merged(DAY, "a")];
        entries.extend(back.map(|at| rolled_back(at, "a")));
        let rate = total(&entries, now).rollbacks;
        (rate.hits, rate.of)
    };
    assert_eq!(rollbacks(15 * DAY - 1, None), (0, 0));
    assert_eq!(rollbacks(15 * DAY, None), (0, 1));
    assert_eq!(rollbacks(3 * DAY, Some(2 * DAY)), (1, 1));
    assert_eq!(rollbacks(40 * DAY, Some(15 * DAY)), (1, 1));
    assert_eq!(rollbacks(40 * DAY, Some(15 * DAY + 1)), (0, 1));
}

#[test]
fn a_specification_iterates_until_its_first_merge() {
    let entries = [
        asked(1, "a", "first"),
        asked(2, "b", "second"),
        asked(3, "c", "first"),
        merged(4, "b"),
        asked(5, "d", "third"),
        merged(6, "d"),
    ];
    let found = total(&entries, 9).spec_iterations;
    assert_eq!((found.specs, found.mean, found.median), (1, Some(2.0), Some(2.0)));
}

#[test]
fn one_correction_may_be_two_events_and_the_last_failure_is_no_retry() {
    let back = |position, because: &str| {
        let correction = match because {
            "rebase" => format!(r#"{{"because":"rebase","from":"{}"}}"#, "a".repeat(40)),
            note => format!(r#"{{"because":"note","note":"{note}"}}"#),
        };
        let is = format!(r#"{{"event":"sent_back","from":"verify","to":"build","correction":{correction}}}"#);
        event(3, "a", position, &is)
    };
    let usage = r#"{"calls":0,"input_tokens":0,"output_tokens":0,"micro_usd":null}"#;
    let failed = |at| {
        let is = r#"{"event":"stage_failed","stage":"build","attempt":1,"kind":"limit","detail":"slow""#;
        event(at, "a", 6, &format!(r#"{is},"usage":{usage}}}"#))
    };
    let end = r#"{"event":"run_ended","outcome":{"is":"failed","stage":"build","kind":"limit","detail":"slow"},"usage":null}"#;
    let entries = [
        asked(1, "a", "1"),
        back(2, "one"),
        back(2, "the same"),
        back(4, "another"),
        back(5, "rebase"),
        failed(6),
        failed(7),
        event(8, "a", 7, end),
    ];
    let found = total(&entries, 9);
    // Two stages, two corrections, one failure that was tried again.
    assert_eq!((found.tries_again.hits, found.tries_again.of), (3, 5));
    assert_eq!((found.reworked.hits, found.runs.failed), (1, 1));
    assert_eq!(total(&[asked(1, "a", "1"), back(5, "rebase")], 9).reworked.hits, 0);
}

#[test]
fn requirements_are_not_scenarios_and_coverage_is_what_was_counted_last() {
    let scored = |at, run: &str, counted: &str, covered: &str| {
        let scored = format!(
            r#"{{"artifact":"{}","counted":"{counted}","passed":9,"of":10,"covered":{covered},"met":true,"findings":[]}}"#,
            "a".repeat(64)
        );
        let gate = r#"{"stage":"verify","edge":"exit"}"#;
        let is = format!(
            r#"{{"event":"policy_judged","gate":{gate},"sees":[],"passed":true,"reason":"so","scored":{scored}}}"#
        );
        event(at, run, at, &is)
    };
    let of = |requirements, of| format!(r#"{{"requirements":{requirements},"of":{of}}}"#);
    let unknown = [asked(1, "a", "1"), scored(2, "a", "scenarios", "null")];
    assert_eq!(readiness(&unknown, 9).coverage_bp, None);
    let entries = [
        asked(1, "a", "1"),
        asked(1, "b", "2"),
        scored(2, "a", "requirements", &of(9, 9)),
        scored(3, "a", "scenarios", &of(1, 4)),
        scored(4, "a", "scenarios", &of(3, 4)),
        scored(5, "a", "scenarios", "null"),
        scored(6, "b", "scenarios", &of(0, 3)),
    ];
    let found = total(&entries, 9);
    assert_eq!((found.scenario_passes.hits, found.scenario_passes.of), (36, 40));
    assert_eq!((found.coverage.hits, found.coverage.of), (3, 7));
    // 42.857 % and no more.
    assert_eq!(readiness(&entries, 9).coverage_bp, Some(4285));
    let impossible = [asked(1, "a", "1"), scored(2, "a", "scenarios", &of(5, 4))];
    assert_eq!(readiness(&impossible, 9).coverage_bp, None);
}

#[test]
fn calm_days_leave_out_days_without_judgements_and_end_at_a_bad_one() {
    let gate = ["merge", "entry"];
    let good = |day: u64| decided(day * DAY + 5, "a", gate, "approved", "command", Some(true));
    let bad = |day: u64| decided(day * DAY + 6, "a", gate, "rejected", "command", Some(true));
    let calm = |entries: &[LedgerEntry]| {
        metrics::readiness(&fold(entries), Timestamp(80 * DAY)).consecutive_days_override_below_10
    };
    assert_eq!(calm(&[good(60), good(70), good(79)]), 3);
    assert_eq!(calm(&[good(60), good(70), bad(70), good(79)]), 1);
    assert_eq!(calm(&[good(60), bad(79)]), 0);
    // What is to come, and what is long past, does not count.
    assert_eq!(calm(&[good(81)]), 0);
    assert_eq!(metrics::readiness(&fold(&[bad(1)]), Timestamp(99 * DAY)).decisions, 0);
}

#[test]
fn who_merged_alone_is_known() {
    let alone = |entry: LedgerEntry| {
        let found = total(&[asked(1, "a", "1"), entry, merged(7, "a"), rolled_back(8, "a")], 9);
        (found.merged_without_a_person, found.merged_without_a_person_rolled_back)
    };
    let merge = ["merge", "entry"];
    assert_eq!(alone(decided(5, "a", ["plan", "exit"], "approved", "command", None)), (1, 1));
    assert_eq!(alone(decided(5, "a", ["verify", "budget"], "approved", "command", Some(true))), (1, 1));
    assert_eq!(alone(decided(5, "a", merge, "approved", "command", Some(true))), (0, 0));
    assert_eq!(alone(decided(5, "a", merge, "approved", "in_advance", Some(true))), (0, 0));
}

/// One of each kind of entry from the frozen fixture, and whole stories from the long one.
static POOL: LazyLock<Vec<LedgerEntry>> = LazyLock::new(|| {
    let kinds = include_str!("../fixtures/ledger-v1.jsonl").lines();
    let kinds: Vec<_> = kinds.map(|line| LedgerEntry::from_bytes(line.as_bytes()).unwrap()).collect();
    ledger().into_iter().take(300).chain(kinds).collect()
});

fn stirred(entries: &[LedgerEntry], order: &[sample::Index], times: &[u64]) -> Vec<LedgerEntry> {
    let pick = |(index, at): (&sample::Index, &u64)| {
        let mut entry = index.get(entries).clone();
        entry.at = Timestamp(*at);
        entry
    };
    order.iter().zip(times).map(pick).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn entries_in_any_order_at_any_time_are_counted_without_a_panic(
        order in proptest::collection::vec(any::<sample::Index>(), 0..120),
        times in proptest::collection::vec(prop_oneof![any::<u64>(), 0..200 * DAY, Just(u64::MAX)], 120),
        cut in any::<sample::Index>(), now in any::<u64>(), since in any::<Option<u64>>(), which in 0..9_usize,
    ) {
        let all = [By::None, By::Person, By::Gate, By::Pipeline, By::Entry, By::Model, By::Risk, By::Week, By::Month];
        let entries = stirred(&POOL, &order, &times);
        let (one, two) = entries.split_at(cut.index(entries.len() + 1));
        let query = Query { since: since.map(Timestamp), until: None, by: all[which] };
        for part in [one, two, &entries] {
            let fold = fold(part);
            let again = Fold::from_bytes(&fold.to_bytes()).expect("it was a fold");
            prop_assert_eq!(json(again.finish(Timestamp(now), &query)), json(fold.finish(Timestamp(now), &query)));
            let stats = fold.finish(Timestamp(now), &query);
            let _ = fold.trust();
            let _ = metrics::readiness(&fold, Timestamp(now));
            prop_assert_eq!(stats.entries, part.len() as u64);
            let decided = part.iter().filter(|entry| matches!(&entry.decided,
                Decided::Run { event, .. } if matches!(**event, Event::GateDecided(_))));
            let figures = stats.total;
            if since.is_none() {
                prop_assert_eq!(figures.decisions.made, decided.count() as u64);
            }
            let ends = part.iter().filter(|entry| matches!(&entry.decided,
                Decided::Run { event, .. } if matches!(**event, Event::RunEnded { outcome: Outcome::Merged { .. }, .. })));
            prop_assert!(figures.runs.merged <= ends.count() as u64);
            for rate in [figures.overrides, figures.reworked, figures.tries_again, figures.rollbacks, figures.plateaus] {
                prop_assert!(rate.hits <= rate.of && rate.rate.is_none_or(|rate| (0.0..=1.0).contains(&rate)));
            }
            // What is in groups is in the whole, and the other way round.
            if query.by == By::Risk {
                let made: u64 = stats.groups.iter().map(|group| group.figures.decisions.made).sum();
                let asked: u64 = stats.groups.iter().map(|group| group.figures.runs.asked).sum();
                prop_assert_eq!((made, asked), (figures.decisions.made, figures.runs.asked));
            }
        }
    }
}
