//! Stores that are damaged in all kinds of ways, and what comes out of them.

use std::fs;
use std::path::{Path, PathBuf};

use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{BlobStore as _, EventLog as _, Position, StoreError, StoredRecord};
use tempfile::TempDir;

use super::*;
use crate::chain::{Body, Chain, Envelope, INLINE_LIMIT};
use crate::database::Database;
use crate::store::{FORMAT, Store};

/// In how many places a bad byte is tried.
const PLACES: usize = 16;

const NAMES: [&str; 3] = ["a-1", "ledger", "z-9"];

fn run(name: &str) -> RunId {
    name.parse().unwrap()
}

fn large(text: &str) -> Vec<u8> {
    text.repeat(INLINE_LIMIT).into_bytes()
}

/// A directory with a store in `.factory`: three runs of five records, of which the second is too large for the log,
/// a decision with each, of which the fourth of each run is too large, and two blobs.
async fn filled() -> TempDir {
    let base = tempfile::tempdir().unwrap();
    let store = Store::open(&store_in(&base)).unwrap();
    for position in 0..5 {
        for name in NAMES {
            let record = if position == 1 {
                large(name)
            } else {
                format!("{{\"run\":\"{name}\",\"at\":{position}}}").into_bytes()
            };
            let decision = format!("{name} {position} ");
            let decision = if position == 3 { large(&decision) } else { decision.into_bytes() };
            store.log.append(&run(name), position, &record, &[decision]).await.unwrap();
        }
    }
    for blob in ["one", "two"] {
        store.blobs.put(blob.as_bytes()).await.unwrap();
    }
    base
}

fn store_in(base: &TempDir) -> PathBuf {
    base.path().join(".factory")
}

fn blob_path(dir: &Path, bytes: &[u8]) -> PathBuf {
    let digest = Digest::of(bytes);
    let (shard, name) = digest.as_str().split_at(2);
    dir.join("blobs").join(shard).join(name)
}

/// Everything in a store but its blobs: each run with its records, and the ledger.
async fn everything(dir: &Path) -> Vec<(String, Vec<StoredRecord>)> {
    let store = Store::open(dir).unwrap();
    let mut all = vec![("the ledger".to_owned(), store.log.decisions(0, 10_000).await.unwrap())];
    let mut runs = store.log.runs().await.unwrap();
    runs.sort();
    for run in runs {
        all.push((run.to_string(), store.log.read(&run).await.unwrap()));
    }
    all
}

/// The store with something done to its closed database.
fn tamper(base: &TempDir, chain: &Chain, position: Position, value: Option<&[u8]>) {
    Database::open(&store_in(base).join("store")).unwrap().overwrite(chain, position, value);
}

fn garbled() -> Vec<u8> {
    Envelope { hash: Digest::of(b"first"), body: Body::Inline(b"First".to_vec()) }.encode()
}

fn sound(counted: Position) -> Soundness {
    Soundness { counted: Some(counted), whole: counted, damage: None, salvageable: counted }
}

#[tokio::test]
async fn a_sound_store_is_said_to_be_one_and_left_as_it_is() {
    let base = filled().await;
    fs::write(store_in(&base).join("format"), "1\n").unwrap();
    let found = Store::examine(&store_in(&base)).unwrap();
    assert!(found.is_sound(), "{found:?}");
    assert_eq!(found.runs.keys().map(RunId::as_str).collect::<Vec<_>>(), NAMES);
    assert!(found.runs.values().all(|soundness| *soundness == sound(5)));
    assert_eq!(found.ledger, sound(15));
    assert_eq!(fs::read_to_string(store_in(&base).join("format")).unwrap(), "1\n", "to look changes nothing");

    let empty = tempfile::tempdir().unwrap();
    drop(Store::open(empty.path()).unwrap());
    let found = Store::examine(empty.path()).unwrap();
    assert_eq!(found, Examination::default());
    assert!(found.is_sound());
}

#[tokio::test]
async fn an_export_makes_the_same_store_again() {
    let base = filled().await;
    let (to, again) = (base.path().join("export"), base.path().join("again"));
    let exported = Store::export_whole(&store_in(&base), &to).unwrap();
    // Three records, three decisions and the two.
    assert_eq!((exported.runs, exported.records, exported.decisions, exported.blobs), (3, 15, 15, 8));
    assert_eq!(exported.keep, None);
    assert!(exported.found.is_sound());
    let lines = fs::read_to_string(to.join("runs/a-1.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 5);
    assert!(lines.lines().next().unwrap().ends_with("\"record\":{\"run\":\"a-1\",\"at\":0}}"), "{lines}");
    assert_eq!(fs::read_to_string(to.join("ledger.jsonl")).unwrap().lines().count(), 15);

    let imported = Store::import(&to, &again).unwrap();
    assert_eq!(imported, Imported { runs: 3, records: 15, decisions: 15, blobs: 8 });
    assert_eq!(everything(&again).await, everything(&store_in(&base)).await);
    let (old, new) = (Store::open(&store_in(&base)).unwrap(), Store::open(&again).unwrap());
    assert_eq!(new.log.ledger_head().await.unwrap(), old.log.ledger_head().await.unwrap());
    assert_eq!(new.blobs.get(&Digest::of(b"two")).await.unwrap(), b"two");
    assert_eq!(new.log.append(&run("a-1"), 5, b"next", &[b"why".to_vec()]).await.unwrap(), 5);
    drop(new);
    assert!(Store::examine(&again).unwrap().is_sound());
}

/// What was in the place of a changed record is still in the file of the database, and the chain proves it.
#[tokio::test]
async fn a_damaged_record_stops_its_own_run_only_and_is_found_again() {
    for (value, reason) in [
        (Some(garbled()), "its hash is "),
        (Some(b"?".to_vec()), "it has an unknown form"),
        (None, "it is missing"),
    ] {
        let base = filled().await;
        let before = everything(&store_in(&base)).await;
        tamper(&base, &Chain::Run(run("ledger")), 2, value.as_deref());
        let found = Store::examine(&store_in(&base)).unwrap();
        let damaged = &found.runs[&run("ledger")];
        assert_eq!((damaged.counted, damaged.whole, damaged.salvageable), (Some(5), 2, 5));
        let damage = damaged.damage.as_ref().unwrap();
        assert_eq!(damage.position, 2);
        assert!(damage.reason.starts_with(reason), "{damage:?}");
        assert_eq!((&found.runs[&run("a-1")], &found.ledger), (&sound(5), &sound(15)));
        assert!(found.general.is_empty() && found.blobs.is_empty());
        assert!(!found.is_sound());

        let (to, again) = (base.path().join("export"), base.path().join("again"));
        let exported = Store::export_whole(&store_in(&base), &to).unwrap();
        assert_eq!(exported.found, found);
        assert_eq!(exported.keep, Some(store_in(&base)));
        Store::import(&to, &again).unwrap();
        assert_eq!(everything(&again).await, before);
    }
}

#[tokio::test]
async fn a_damaged_ledger_stops_no_run() {
    let base = filled().await;
    tamper(&base, &Chain::Ledger, 7, Some(&garbled()));
    let found = Store::examine(&store_in(&base)).unwrap();
    assert_eq!((found.ledger.counted, found.ledger.whole), (Some(15), 7));
    assert!(found.runs.values().all(|soundness| *soundness == sound(5)));
    {
        let store = Store::open(&store_in(&base)).unwrap();
        assert_eq!(store.log.decisions(0, 7).await.unwrap().len(), 7);
        let Err(StoreError::Damaged { what, .. }) = store.log.decisions(3, 7).await else { panic!("read") };
        assert_eq!(what, "record 7 of the ledger");
        // The one before the first is believed.
        assert!(matches!(store.log.decisions(8, 7).await, Err(StoreError::Damaged { .. })));
        assert_eq!(store.log.decisions(9, 70).await.unwrap().len(), 6);
        store.log.append(&run("a-1"), 5, b"next", &[b"why".to_vec()]).await.unwrap();
    }

    // Without its end, nothing can be put there.
    tamper(&base, &Chain::Ledger, 15, None);
    let store = Store::open(&store_in(&base)).unwrap();
    let refused = store.log.append(&run("a-1"), 6, b"next", &[b"why".to_vec()]).await;
    assert!(matches!(refused, Err(StoreError::Damaged { what, .. }) if what == "the ledger"));
    assert!(matches!(store.log.ledger_head().await, Err(StoreError::Damaged { .. })));
    store
        .log
        .append(&run("a-1"), 6, b"next", &[])
        .await
        .expect("a record without decisions does not need it");
    drop(store);
    let to = base.path().join("export");
    Store::export_whole(&store_in(&base), &to).unwrap();
    let imported = Store::import(&to, &base.path().join("again")).unwrap();
    assert_eq!((imported.records, imported.decisions), (17, 16));
}

#[tokio::test]
async fn a_head_that_does_not_fit_is_damage_at_the_end() {
    let base = filled().await;
    let chain = Chain::Run(run("z-9"));
    tamper(&base, &chain, 4, None);
    let found = Store::examine(&store_in(&base)).unwrap();
    let cut = &found.runs[&run("z-9")];
    assert_eq!((cut.counted, cut.whole), (Some(5), 4));
    assert_eq!(cut.damage.as_ref().unwrap().reason, "it is missing");

    let base = filled().await;
    let last = Store::open(&store_in(&base)).unwrap().log.read(&run("z-9")).await.unwrap().pop().unwrap();
    let other = Envelope { hash: crate::link(None, b"x"), body: Body::Inline(b"x".to_vec()) };
    tamper(&base, &chain, 5, Some(&other.encode()));
    let found = Store::examine(&store_in(&base)).unwrap();
    let more = &found.runs[&run("z-9")];
    assert_eq!((more.counted, more.whole), (Some(5), 5));
    assert_eq!(
        more.damage.as_ref().unwrap().reason,
        "its head counts 5 records, and its last record is another"
    );

    // One that was put in the place of the last, with a hash that fits.
    let base = filled().await;
    let store = Store::open(&store_in(&base)).unwrap();
    let before = store.log.read(&run("z-9")).await.unwrap()[3].hash.clone();
    drop(store);
    let forged = Envelope { hash: crate::link(Some(&before), b"x"), body: Body::Inline(b"x".to_vec()) };
    assert_ne!(forged.hash, last.hash);
    tamper(&base, &chain, 4, Some(&forged.encode()));
    let found = Store::examine(&store_in(&base)).unwrap();
    let swapped = &found.runs[&run("z-9")];
    assert_eq!((swapped.whole, swapped.salvageable), (4, 5));
    let to = base.path().join("export");
    Store::export_whole(&store_in(&base), &to).unwrap();
    Store::import(&to, &base.path().join("again")).unwrap();
    let again = Store::open(&base.path().join("again")).unwrap().log.read(&run("z-9")).await.unwrap();
    assert_eq!(again[4], last, "the head says which of the two it was");
}

#[tokio::test]
async fn a_run_without_a_head_is_read_as_far_as_it_goes() {
    let base = filled().await;
    let chain = Chain::Run(run("a-1"));
    Database::open(&store_in(&base).join("store")).unwrap().remove_head(&chain);
    let found = Store::examine(&store_in(&base)).unwrap();
    let headless = &found.runs[&run("a-1")];
    assert_eq!((headless.counted, headless.whole), (None, 5));
    let reason = &headless.damage.as_ref().unwrap().reason;
    assert_eq!(reason, "it has no readable head; of record 5: it is missing");
    let to = base.path().join("export");
    Store::export_whole(&store_in(&base), &to).unwrap();
    assert_eq!(Store::import(&to, &base.path().join("again")).unwrap().records, 15);
}

#[tokio::test]
async fn blobs_that_are_not_what_they_were_are_listed_with_what_is_kept_in_them() {
    let base = filled().await;
    let dir = store_in(&base);
    fs::write(blob_path(&dir, &large("a-1")), "changed").unwrap();
    fs::remove_file(blob_path(&dir, &large("z-9"))).unwrap();
    fs::write(blob_path(&dir, &large("ledger 3 ")), "").unwrap();
    fs::write(blob_path(&dir, b"one"), "One").unwrap();
    let found = Store::examine(&dir).unwrap();
    let mut bad: Vec<_> = found
        .blobs
        .iter()
        .map(|blob| {
            (blob.of.clone().unwrap_or_default(), blob.digest.clone(), blob.reason == "it is missing")
        })
        .collect();
    bad.sort();
    assert_eq!(
        bad,
        [
            (String::new(), Digest::of(b"one"), false),
            ("record 1 of run a-1".to_owned(), Digest::of(&large("a-1")), false),
            ("record 1 of run z-9".to_owned(), Digest::of(&large("z-9")), true),
            ("record 10 of the ledger".to_owned(), Digest::of(&large("ledger 3 ")), false),
        ]
    );
    let ends: Vec<_> =
        found.runs.values().chain([&found.ledger]).map(|chain| (chain.whole, chain.salvageable)).collect();
    assert_eq!(ends, [(1, 1), (5, 5), (1, 1), (10, 10)]);

    let to = base.path().join("export");
    let exported = Store::export_whole(&dir, &to).unwrap();
    assert_eq!(exported.blobs, 4);
    let imported = Store::import(&to, &base.path().join("again")).unwrap();
    assert_eq!(imported, Imported { runs: 3, records: 7, decisions: 10, blobs: 4 });
}

#[tokio::test]
async fn blobs_that_records_refer_to_are_missed_with_the_runs_they_belong_to() {
    let base = tempfile::tempdir().unwrap();
    let dir = store_in(&base);
    let store = Store::open(&dir).unwrap();
    let plan = b"the specification";
    let text = include_str!("../../../factory-core/tests/fixtures/record-v2.jsonl").lines().next().unwrap();
    let mut record: serde_json::Value = serde_json::from_str(text).unwrap();
    record["events"][0]["spec"]["source"] = Digest::of(plan).as_str().into();
    for name in ["a-1", "z-9"] {
        record["events"][0]["run"] = name.into();
        store.log.append(&run(name), 0, record.to_string().as_bytes(), &[]).await.unwrap();
    }
    store.blobs.put(plan).await.unwrap();
    drop(store);
    let found = Store::examine(&dir).unwrap();
    assert!(found.is_sound(), "{found:?}");

    fs::write(blob_path(&dir, plan), "another").unwrap();
    let found = Store::examine(&dir).unwrap();
    let bad = &found.blobs[0];
    assert_eq!((found.blobs.len(), &bad.digest, bad.is_missing), (1, &Digest::of(plan), false));
    assert_eq!(bad.runs.iter().map(RunId::as_str).collect::<Vec<_>>(), ["a-1", "z-9"]);
    assert!(!found.only_lacks_blobs());

    fs::remove_file(blob_path(&dir, plan)).unwrap();
    let found = Store::examine(&dir).unwrap();
    assert!(!found.is_sound());
    assert!(found.only_lacks_blobs(), "{found:?}");
    let bad = &found.blobs[0];
    assert_eq!((bad.of.clone(), &bad.digest, bad.is_missing), (None, &Digest::of(plan), true));
    assert_eq!(bad.runs.len(), 2);
}

/// sled opens no file with a bad byte in what it has noted, whichever run that belongs to, and silently drops everything
/// after one in what it has not. What becomes of the store and of an export of it, before and after
/// it was tried to be opened.
#[tokio::test]
async fn one_bad_byte_in_the_database_is_never_silent_and_costs_one_run_at_most() {
    for noted in [false, true] {
        let base = filled().await;
        let dir = store_in(&base);
        let before = everything(&dir).await;
        if !noted {
            forget_snapshots(&dir);
        }
        let original = base.path().join("original");
        copy(&dir, &original);
        let good = fs::read(dir.join("store/db")).unwrap();
        let used = good.iter().rposition(|byte| *byte != 0).unwrap();
        let (mut refused, mut lost) = (0, 0);
        for number in 0..PLACES {
            let at = number * used / PLACES;
            fs::remove_dir_all(&dir).unwrap();
            copy(&original, &dir);
            let mut bad = good.clone();
            bad[at] ^= 0xff;
            fs::write(dir.join("store/db"), bad).unwrap();
            if number % 2 == 0 {
                match Store::open(&dir) {
                    Ok(store) => {
                        drop(store);
                        assert_eq!(everything(&dir).await, before, "byte {at} was overlooked");
                    }
                    Err(StoreError::Damaged { .. } | StoreError::Io { .. }) => refused += 1,
                    Err(other) => panic!("byte {at}: {other}"),
                }
            }
            let (to, again) = (base.path().join("export"), base.path().join("again"));
            let exported = Store::export_whole(&dir, &to).unwrap();
            Store::import(&to, &again).unwrap();
            let after = everything(&again).await;
            let mut shorter = 0;
            for (name, records) in &before {
                let there = after.iter().find(|(other, _)| other == name).map_or(&[][..], |(_, there)| there);
                assert!(records.starts_with(there), "byte {at}: {name} is another");
                shorter += usize::from(there.len() < records.len());
                lost += records.len() - there.len();
            }
            assert!(after.len() <= before.len() && shorter <= 1, "byte {at} has shortened {shorter}");
            assert!(shorter == 0 || !exported.found.is_sound(), "byte {at} is not said to be bad");
            fs::remove_dir_all(&to).unwrap();
            fs::remove_dir_all(&again).unwrap();
        }
        println!(
            "noted {noted}: {refused} of {} were refused, {lost} records and decisions lost",
            PLACES / 2
        );
        assert!(refused > PLACES / 4, "only {refused} of the bytes mattered");
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(std::process::Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// Takes away what the database has noted about itself, as if it had never been opened again.
fn forget_snapshots(dir: &Path) {
    for entry in dir.join("store").read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("snap.") {
            fs::remove_file(path).unwrap();
        }
    }
}

#[tokio::test]
async fn what_the_database_has_noted_about_itself_is_not_needed() {
    for file in ["conf", "snap."] {
        let base = filled().await;
        let dir = store_in(&base);
        // Opened once more, it has noted where its pages are.
        let before = everything(&dir).await;
        let mut changed = 0;
        for entry in dir.join("store").read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().unwrap().to_str().unwrap().starts_with(file) {
                let mut bytes = fs::read(&path).unwrap();
                bytes[20] ^= 0xff;
                fs::write(&path, bytes).unwrap();
                changed += 1;
            }
        }
        assert_eq!(changed, 1, "{file}");
        assert!(Store::open(&dir).is_err(), "{file}");
        let found = Store::examine(&dir).unwrap();
        assert_eq!(found.general.len(), 1, "{found:?}");
        let (to, again) = (base.path().join("export"), base.path().join("again"));
        Store::export_whole(&dir, &to).unwrap();
        Store::import(&to, &again).unwrap();
        assert_eq!(everything(&again).await, before, "{file}");
    }
}

#[tokio::test]
async fn of_a_store_without_its_database_the_blobs_are_left() {
    for wipe in [
        |path: &Path| fs::remove_dir_all(path).unwrap(),
        |path: &Path| {
            fs::write(path.join("db"), vec![0xa5; 300_000]).unwrap();
        },
    ] {
        let base = filled().await;
        let dir = store_in(&base);
        wipe(&dir.join("store"));
        let there = dir.join("store").exists();
        let (to, again) = (base.path().join("export"), base.path().join("again"));
        let exported = Store::export_whole(&dir, &to).unwrap();
        assert_eq!((exported.records, exported.decisions, exported.blobs), (0, 0, 8));
        assert_eq!((exported.keep, exported.found.general.len()), (Some(dir.clone()), 1));
        assert_eq!(dir.join("store").exists(), there, "nothing is made in its place");
        let imported = Store::import(&to, &again).unwrap();
        assert_eq!(imported, Imported { blobs: 8, ..Imported::default() });
    }
}

#[tokio::test]
async fn the_format_of_a_damaged_store_does_not_matter_but_that_of_a_newer_one_does() {
    let base = filled().await;
    let dir = store_in(&base);
    fs::write(dir.join("format"), [0xff]).unwrap();
    assert!(matches!(Store::open(&dir), Err(StoreError::Damaged { .. })));
    let found = Store::examine(&dir).unwrap();
    assert_eq!((found.general.len(), found.runs.len()), (1, 3));
    fs::remove_file(dir.join("format")).unwrap();
    let exported = Store::export_whole(&dir, &base.path().join("export")).unwrap();
    assert_eq!(exported.found.general, ["the store's format file is missing"]);
    assert_eq!(Store::import(&base.path().join("export"), &base.path().join("again")).unwrap().records, 15);
    fs::write(dir.join("format"), format!("{}\n", FORMAT + 1)).unwrap();
    assert!(matches!(Store::examine(&dir), Err(StoreError::Newer { .. })));
    let newer = Store::export_whole(&dir, &base.path().join("third"));
    assert!(matches!(newer, Err(StoreError::Newer { .. })));
}

#[tokio::test]
async fn a_changed_export_is_not_taken_over() {
    let base = filled().await;
    let to = base.path().join("export");
    Store::export_whole(&store_in(&base), &to).unwrap();
    let lines = to.join("runs/a-1.jsonl");
    let manifest = to.join("export.json");
    let (text, json) = (fs::read_to_string(&lines).unwrap(), fs::read_to_string(&manifest).unwrap());
    let again = base.path().join("again");
    let refused = |what: &str| match Store::import(&to, &again) {
        Err(StoreError::Damaged { what: found, .. }) => assert_eq!(found, what),
        other => panic!("{what}: {other:?}"),
    };
    let changed = |text: &str| fs::write(&lines, text).unwrap();

    changed(&text.replacen("\"at\":0", "\"at\":9", 1));
    refused("line 1 of runs/a-1.jsonl");
    changed(&text.replacen("\"position\":2", "\"position\":3", 1));
    refused("line 3 of runs/a-1.jsonl");
    changed(text.trim_end().rsplit_once('\n').unwrap().0);
    refused("runs/a-1.jsonl");
    changed(&text[..text.len() - 9]);
    refused("line 5 of runs/a-1.jsonl");
    changed(&text);
    fs::write(blob_path(&to, b"one"), "two").unwrap();
    refused(&format!("blob {}", Digest::of(b"one")));
    fs::write(blob_path(&to, b"one"), "one").unwrap();
    fs::write(&manifest, json.replacen("\"runs\"", "\"walks\"", 1)).unwrap();
    refused("export.json");
    fs::write(&manifest, json.replacen("\"export\": 1", "\"export\": 2", 1)).unwrap();
    assert!(matches!(Store::import(&to, &again), Err(StoreError::Newer { found: 2, known: 1 })));
    fs::write(&manifest, &json).unwrap();
    let names = || base.path().read_dir().unwrap().count();
    assert_eq!(names(), 2, "nothing is left of what failed");

    Store::import(&to, &again).unwrap();
    let there = Store::import(&to, &again).unwrap_err();
    assert!(matches!(there, StoreError::Io { action: "written", .. }), "it would be put on top: {there:?}");
}

#[tokio::test]
async fn what_is_in_use_or_is_no_store_is_left_alone() {
    let base = filled().await;
    let store = Store::open(&store_in(&base)).unwrap();
    assert!(matches!(Store::examine(&store_in(&base)), Err(StoreError::Held { .. })));
    let to = base.path().join("export");
    assert!(matches!(Store::export_whole(&store_in(&base), &to), Err(StoreError::Held { .. })));
    assert!(!to.exists());
    drop(store);

    let other = base.path().join("other");
    fs::create_dir(&other).unwrap();
    assert!(matches!(Store::examine(&other), Err(StoreError::Io { action: "opened", .. })));
    assert_eq!(other.read_dir().unwrap().count(), 0);
    fs::write(other.join("something"), "").unwrap();
    let refused = Store::export_whole(&store_in(&base), &other).unwrap_err();
    assert!(matches!(refused, StoreError::Io { action: "written", .. }), "{refused:?}");
}
