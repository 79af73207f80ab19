//! The ledger in the forms of other programs: entries of every kind, from the frozen fixture.

use std::collections::{BTreeMap, BTreeSet};

use factory_core::event::Event;
use factory_core::ids::{Digest, RunId, Timestamp};
use factory_core::ledger::entry::{Decided, LedgerEntry};
use factory_core::ledger::export::jsonl::{self, Exact, Fault, Header, Reading};
use factory_core::ledger::export::row::{self, Kind, Row};
use factory_core::ledger::export::{Placed, csv, intoto, link, ocel};
use factory_testkit::samples;
use serde_json::{Value, json};

const ENTRIES: &str = include_str!("../fixtures/ledger-v1.jsonl");
const GOLDEN: &str = "tests/fixtures/export/decisions.ocel.json";

/// Entries with their hashes, a second apart.
struct Ledger {
    bytes: Vec<Vec<u8>>,
    hashes: Vec<Digest>,
}

impl Ledger {
    fn of(entries: impl IntoIterator<Item = LedgerEntry>) -> Self {
        let mut ledger = Self { bytes: Vec::new(), hashes: Vec::new() };
        for (index, entry) in entries.into_iter().enumerate() {
            let at = Timestamp(entry.at.0 + 1000 * index as u64);
            let bytes = LedgerEntry { at, ..entry }.to_bytes();
            ledger.hashes.push(link(ledger.hashes.last(), &bytes));
            ledger.bytes.push(bytes);
        }
        ledger
    }

    fn whole() -> Self {
        Self::of(ENTRIES.lines().map(|line| LedgerEntry::from_bytes(line.as_bytes()).unwrap()))
    }

    fn rows(&self) -> Vec<Row> {
        let row = |(index, bytes): (usize, &Vec<u8>)| {
            let entry = LedgerEntry::from_bytes(bytes).unwrap();
            row::of(Placed { position: index as u64, hash: &self.hashes[index], entry: &entry })
        };
        self.bytes.iter().enumerate().map(row).collect()
    }

    fn header(&self) -> Header<Value> {
        let mut header = Header::new(Timestamp(7), "0.2.0".to_owned());
        header.count = self.bytes.len() as u64;
        header.head = self.hashes.last().cloned();
        header.first = self.hashes.first().cloned();
        header
    }

    fn exact(&self, index: usize) -> Exact<'_> {
        Exact {
            position: index as u64,
            hash: self.hashes[index].clone(),
            previous: index.checked_sub(1).map(|before| self.hashes[before].clone()),
            bytes: &self.bytes[index],
            signature: None,
        }
    }

    fn export(&self) -> String {
        let entries: Vec<Exact<'_>> = (0..self.bytes.len()).map(|index| self.exact(index)).collect();
        jsonl::write(&self.header(), &entries).unwrap()
    }
}

fn read(text: impl AsRef<[u8]>) -> Reading<Value> {
    jsonl::read(text.as_ref())
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_kind_of_entry_has_a_row() {
    let rows = Ledger::whole().rows();
    let kinds: BTreeSet<Kind> = rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, BTreeSet::from(Kind::ALL));
    for row in &rows {
        assert!(!row.what.is_empty() && row.what != "no decision", "{row:?}");
        assert_eq!(row.run.is_none(), row.kind == Kind::Trust, "{row:?}");
        assert_eq!(row.gate.is_some() && row.kind != Kind::End, {
            matches!(row.kind, Kind::Decision | Kind::Escalation | Kind::Expiry | Kind::Judgement)
        });
    }
    let decided = rows.iter().find(|row| row.kind == Kind::Decision && row.verdict.is_some()).unwrap();
    assert!(!decided.because.is_empty() && decided.waited_ms.is_some() && decided.by.kind() == "person");
    let judged = rows.iter().find(|row| row.kind == Kind::Judgement).unwrap();
    assert_eq!((judged.by.kind(), judged.by.login()), ("policy", "policy"));
}

#[test]
fn an_export_has_the_exact_bytes_and_is_in_order() {
    let ledger = Ledger::whole();
    let text = ledger.export();
    for (index, line) in text.lines().skip(1).enumerate() {
        let bytes = String::from_utf8(ledger.bytes[index].clone()).unwrap();
        assert!(line.ends_with(&format!(",\"entry\":{bytes}}}")), "{line}");
    }
    let reading = read(&text);
    assert_eq!(reading.faults, []);
    assert_eq!(reading.header.unwrap(), ledger.header());
    assert_eq!(reading.entries.len(), ledger.bytes.len());
    let nothing = Ledger::of([]);
    assert_eq!(read(nothing.export()).faults, []);
}

/// Spaces, other escapes and another order of keys mean the same as JSON, and are other bytes.
#[test]
fn bytes_that_were_written_otherwise_stay_as_they_are() {
    let bytes = ["{\"schema\": 1 , \"at\":5}", "{\"\\u0061t\":5,\"schema\":1}"].map(str::as_bytes);
    let first = link(None, bytes[0]);
    let second = link(Some(&first), bytes[1]);
    let exact = |position, hash: &Digest, bytes| Exact {
        position,
        hash: hash.clone(),
        previous: None,
        bytes,
        signature: None,
    };
    let header = Header::<Value>::new(Timestamp(0), String::new());
    let text = jsonl::write(&header, &[exact(0, &first, bytes[0]), exact(1, &second, bytes[1])]).unwrap();
    assert!(!read(&text).faults.iter().any(|fault| matches!(fault, Fault::Hash { .. })));
    for bad in [&b" {}"[..], b"{}\n", b"{\n}", b"not json", b""] {
        assert_eq!(jsonl::write(&header, &[exact(3, &first, bad)]), Err(jsonl::NotExportable(3)));
    }
}

#[test]
fn any_byte_of_an_entry_that_is_another_shows() {
    let text = Ledger::whole().export();
    let start = text.find('\n').unwrap() + 1;
    for place in (start..text.len()).step_by(61) {
        let mut bytes = text.clone().into_bytes();
        bytes[place] ^= 1;
        let faults = read(&bytes).faults;
        assert!(!faults.is_empty(), "byte {place}: {:?}", text.as_bytes()[place] as char);
    }
}

/// Nothing is said of a signature that no entry names, so it must not be there.
#[test]
fn a_signature_that_no_entry_names_shows() {
    let ledger = Ledger::whole();
    let signed: Vec<bool> = ledger
        .bytes
        .iter()
        .map(|bytes| jsonl::signed(&LedgerEntry::from_bytes(bytes).unwrap()).is_some())
        .collect();
    assert!(signed.contains(&true) && signed.contains(&false), "{signed:?}");
    for (index, signed) in signed.into_iter().enumerate() {
        let mut changed = lines(&ledger.export());
        let line = &mut changed[index + 1];
        *line = line.replacen(",\"entry\":", ",\"signature\":\"x\",\"entry\":", 1);
        let faults = read(joined(&changed)).faults;
        let expected = if signed { vec![] } else { vec![Fault::NotSigned(index as u64)] };
        assert_eq!(faults, expected);
    }
}

#[test]
fn one_entry_that_is_another_is_the_only_one_that_is_named() {
    let ledger = Ledger::whole();
    for index in 0..ledger.bytes.len() {
        let mut changed = lines(&ledger.export());
        let line = &mut changed[index + 1];
        *line = line.replacen("\"at\":1767", "\"at\":1768", 1);
        let faults = read(joined(&changed)).faults;
        let [Fault::Hash { position, .. }] = &faults[..] else { panic!("{index}: {faults:?}") };
        assert_eq!(*position, index as u64);
    }
}

#[test]
fn entries_that_are_gone_or_elsewhere_show_where_they_were() {
    let whole = lines(&Ledger::whole().export());
    let count = whole.len() - 1;
    for index in 0..count {
        let mut without = whole.clone();
        without.remove(index + 1);
        let faults = read(joined(&without)).faults;
        assert!(!faults.is_empty(), "{index}");
        if index + 1 < count {
            assert_eq!(faults[0].position(), Some(index as u64), "{faults:?}");
        }
        let mut twice = whole.clone();
        twice.insert(index + 1, whole[index + 1].clone());
        assert_eq!(read(joined(&twice)).faults[0].position(), Some(index as u64 + 1));
    }
    for index in 1..count {
        let mut swapped = whole.clone();
        swapped.swap(index, index + 1);
        assert_eq!(read(joined(&swapped)).faults[0].position(), Some(index as u64 - 1));
    }
}

#[test]
fn a_file_that_is_cut_anywhere_shows() {
    let text = Ledger::whole().export();
    for end in (0..text.len()).step_by(127).chain([text.len() - 1]) {
        let faults = read(&text.as_bytes()[..end]).faults;
        assert!(!faults.is_empty(), "{end}");
    }
}

#[test]
fn a_header_that_says_otherwise_shows() {
    let text = Ledger::whole().export();
    let whole = lines(&text);
    let other = Digest::of(b"other");
    for (name, value) in [
        ("count", json!(3)),
        ("head", json!(other)),
        ("head", Value::Null),
        ("first", json!(other)),
        ("first", Value::Null),
        ("schema", json!(2)),
        ("export", json!("else")),
        ("more", json!(1)),
        ("run", json!("greeting-zzzzzz")),
    ] {
        let mut header: Value = serde_json::from_str(&whole[0]).unwrap();
        header[name] = value;
        let mut changed = whole.clone();
        changed[0] = header.to_string();
        assert!(!read(joined(&changed)).faults.is_empty(), "{name}");
    }
    for garbage in ["", "\n", "{}\n", "[]\n", "\0\n", "{\"export\":\"factory decision ledger\"}\n"] {
        assert!(matches!(read(garbage).faults[..], [Fault::Header(_)]), "{garbage:?}");
    }
}

/// Whoever computes every hash again is not found out by the file alone; that is what checkpoints are for.
#[test]
fn a_chain_that_was_made_again_is_another_chain() {
    let ledger = Ledger::whole();
    let entries = ledger.bytes.iter().map(|bytes| LedgerEntry::from_bytes(bytes).unwrap());
    let again = Ledger::of(entries.skip(1));
    assert_eq!(read(again.export()).faults, []);
    assert_ne!(again.hashes.first(), ledger.hashes.first());
}

/// Entries 1, 3 and 4 of a ledger, which are all of one run.
fn extract(change: impl Fn(&mut Vec<Exact<'_>>)) -> Reading<Value> {
    let other: RunId = "greeting-bbbbbb".parse().unwrap();
    let of = |run: &RunId| {
        let event = Event::RunStarted(Box::new(samples::started()));
        Decided::Run { run: run.clone(), position: 0, event: Box::new(event) }
    };
    let run = samples::started().run;
    let entries =
        [&other, &run, &other, &run, &run, &other].map(|run| LedgerEntry::new(Timestamp(1), of(run)));
    let ledger = Ledger::of(entries);
    let mut header = ledger.header();
    header.run = Some(run);
    let mut chosen = vec![ledger.exact(1), ledger.exact(3), ledger.exact(4)];
    change(&mut chosen);
    read(jsonl::write(&header, &chosen).unwrap())
}

#[test]
fn an_extract_is_held_against_its_hashes() {
    let reading = extract(|_| ());
    assert_eq!(reading.faults, []);
    assert_eq!(reading.entries.iter().map(|read| read.position).collect::<Vec<_>>(), [1, 3, 4]);
    // One that is left out cannot be missed.
    assert_eq!(extract(|chosen| drop(chosen.remove(1))).faults, []);
    let position = |reading: Reading<Value>| reading.faults[0].position();
    assert_eq!(position(extract(|chosen| chosen.swap(0, 1))), Some(4));
    assert_eq!(position(extract(|chosen| chosen[0].previous = None)), Some(1));
    assert_eq!(position(extract(|chosen| chosen[1].previous = Some(Digest::of(b"x")))), Some(3));
    assert_eq!(position(extract(|chosen| chosen[1].bytes = b"{\"schema\":1}")), Some(3));
}

#[test]
fn csv_has_a_row_for_each_decision() {
    let rows = Ledger::whole().rows();
    let text = csv::write(&rows);
    let records: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(records[0], csv::COLUMNS.join(","));
    assert_eq!(records.len(), rows.len() + 2, "the fixture has no line breaks, and the last record ends");
    for (row, record) in rows.iter().zip(&records[1..]) {
        assert!(record.starts_with(&format!("{},{},{},", row.position, row.hash, row.at)), "{record}");
    }
}

#[test]
fn a_megabyte_of_reasons_is_a_megabyte() {
    let mut rows = Ledger::whole().rows();
    rows.truncate(1);
    rows[0].because = "=\"\r\n,".repeat(200_000);
    let text = csv::write(&rows);
    assert!(text.contains("\"'=\"\"\r\n,=\"\""), "one field, quoted and no formula");
    assert!(text.len() > 1_000_000);
    assert_eq!(text.matches('"').count() % 2, 0);
}

#[test]
fn an_attestation_names_the_commit_and_the_specification() {
    let ledger = Ledger::whole();
    let rows = ledger.rows();
    let run = samples::started().run;
    let source = Digest::of(b"spec");
    let commit = samples::oid('c');
    let landed = intoto::Landed {
        run: &run,
        branch: "factory/greeting",
        commit: &commit,
        spec: "specs/greeting.md",
        source: &source,
    };
    let within = intoto::Within { count: 47, head: &ledger.hashes[46], first: &ledger.hashes[0] };
    let text = intoto::statement(&landed, &within, &rows[..2]);
    assert!(!text.contains('\n'));
    let statement: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        statement["subject"],
        json!([
            { "name": "factory/greeting", "digest": { "gitCommit": commit } },
            { "name": "specs/greeting.md", "digest": { "sha256": source } },
        ])
    );
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "urn:factory:decisions:v1");
    let predicate = &statement["predicate"];
    assert_eq!(
        predicate["ledger"],
        json!({ "count": 47, "head": ledger.hashes[46], "first": ledger.hashes[0] })
    );
    assert_eq!(predicate["decisions"][1]["hash"], json!(ledger.hashes[1]));
    assert_eq!(predicate["decisions"][0]["by"]["login"], "ada");
}

/// The first entry of each kind.
fn one_of_each() -> Vec<Row> {
    let mut seen = BTreeSet::new();
    let mut rows = Ledger::whole().rows();
    rows.retain(|row| seen.insert(row.kind));
    rows
}

fn event_log(rows: &[Row]) -> Value {
    let specs = BTreeMap::from([(samples::started().run.to_string(), "specs/greeting.md".to_owned())]);
    serde_json::to_value(ocel::log(rows, &specs)).unwrap()
}

/// What the standard's own schema asks for, and that names and types are those that were declared.
fn assert_sound(log: &Value) {
    let declared = |types: &str| -> BTreeMap<String, BTreeMap<String, String>> {
        let attributes = |of: &Value| {
            let pair = |a: &Value| (text(&a["name"]), text(&a["type"]));
            (text(&of["name"]), of["attributes"].as_array().unwrap().iter().map(pair).collect())
        };
        log[types].as_array().unwrap().iter().map(attributes).collect()
    };
    let ids = |things: &str| -> Vec<String> {
        log[things].as_array().unwrap().iter().map(|thing| text(&thing["id"])).collect()
    };
    let objects: BTreeSet<String> = ids("objects").into_iter().collect();
    assert_eq!(objects.len(), ids("objects").len(), "ids are unique");
    assert_eq!(ids("events").iter().collect::<BTreeSet<_>>().len(), ids("events").len());
    for (types, things) in [("eventTypes", "events"), ("objectTypes", "objects")] {
        let declared = declared(types);
        for thing in log[things].as_array().unwrap() {
            let attributes = &declared[&text(&thing["type"])];
            for attribute in thing["attributes"].as_array().unwrap() {
                let value = &attribute["value"];
                let fits = match attributes[&text(&attribute["name"])].as_str() {
                    "string" => value.is_string(),
                    "integer" => value.is_u64(),
                    "boolean" => value.is_boolean(),
                    other => panic!("{other}"),
                };
                assert!(fits, "{attribute}");
                assert_eq!(attribute["time"].is_string(), things == "objects");
            }
            for relationship in thing["relationships"].as_array().unwrap() {
                assert!(objects.contains(&text(&relationship["objectId"])), "{relationship}");
                assert!(!text(&relationship["qualifier"]).is_empty());
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn an_event_log_is_sound() {
    let rows = Ledger::whole().rows();
    let log = event_log(&rows);
    assert_sound(&log);
    assert_eq!(log["events"].as_array().unwrap().len(), rows.len());
    assert_eq!(log["eventTypes"].as_array().unwrap().len(), Kind::ALL.len());
    assert_sound(&event_log(&[]));
}

/// Made again with `FACTORY_BLESS=1`. Readers depend on its names.
#[test]
fn the_event_log_is_as_it_was() {
    let made = serde_json::to_string_pretty(&event_log(&one_of_each())).unwrap() + "\n";
    let path = format!("{}/{GOLDEN}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("FACTORY_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), made);
}
