//! The decision ledger from outside: what is said of it, and every way to change it afterwards.

use std::fs;
use std::path::PathBuf;

use factory_core::ids::RunId;
use factory_core::ledger::export::link;
use factory_engine::port::store::EventLog as _;
use factory_store::Store;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::fixture::{BRANCH, FACTORY, World, building, right};
use crate::process::{self, Ran};
use crate::with_python;

const PLAN: &str = "=HYPERLINK() the plan names one handler";
const MERGE: &str = "all three scenarios passed and the diff is small";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("decisions_are_listed_shown_and_exported", listed_shown_and_exported),
        with_python("an_export_that_was_changed_is_found_out_without_a_store", changed_exports),
        with_python("a_ledger_that_was_changed_is_found_out", changed_ledgers),
        with_python("signatures_and_checkpoints_are_held_against_their_keys", signatures_and_checkpoints),
        with_python("nothing_in_a_reason_reaches_the_terminal_as_it_is", hostile_reasons),
        with_python("the_copy_is_read_and_never_written", the_copy_is_read),
        with_python("what_was_reverted_is_found_and_recorded", rollbacks),
    ]
}

/// One run that is merged, with a second one that began between its decisions. Answers the first.
pub(crate) fn merged() -> (World, String) {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    let run = world.json(&["runs", "list"])[0]["id"].as_str().unwrap().to_owned();
    world.run(&[]).ends_with(4);
    decide(&world, &run, &["approve", "plan", "--because", PLAN, "--resume"]).ends_with(4);
    decide(&world, &run, &["approve", "merge", "--because", MERGE, "--resume"]).ends_with(0);
    world.assert_merged();
    (world, run)
}

pub(crate) fn decide(world: &World, run: &str, args: &[&str]) -> Ran {
    world.factory(&[&["gate"], args, &["--run", run]].concat())
}

pub(crate) fn verify(world: &World) -> Ran {
    world.factory(&["decision", "verify"])
}

/// What `verify --format json` says, with its status.
pub(crate) fn report(world: &World, status: i32) -> Value {
    let ran = world.factory(&["decision", "verify", "--format", "json"]).ends_with(status);
    serde_json::from_str(&ran.out).unwrap()
}

fn found_in(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["found_in"].as_str().unwrap().to_owned()).collect()
}

/// Everything that a terminal would act on.
#[track_caller]
fn assert_harmless(ran: &Ran) {
    let bad = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    for text in [&ran.out, &ran.err] {
        assert!(!text.contains(bad), "{:?}", text.chars().filter(|c| bad(*c)).take(5).collect::<Vec<_>>());
    }
}

fn listed_shown_and_exported() {
    let world = World::new(building(vec![right()]));
    world.factory(&["decision", "list"]).ends_with(0).says("no decisions");
    verify(&world).ends_with(0).says("nothing is wrong");
    world.factory(&["decision", "checkpoint"]).ends_with(2);
    let (world, run) = merged();
    world.factory(&["decision", "checkpoint"]).ends_with(0).says("It is not signed");
    let list = world.factory(&["decision", "list"]).ends_with(0);
    list.says("asked for").says(PLAN).says("merge:entry: approved").says("verdict passed, not seen");
    let all = world.json(&["decision", "list"]);
    let rows = all.as_array().unwrap();
    assert_eq!(rows[0]["kind"], "request");
    let positions: Vec<u64> = rows.iter().map(|row| row["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, (0..rows.len() as u64).collect::<Vec<_>>());
    let of_run = world.json(&["decision", "list", "--run", &run]);
    assert_eq!(of_run.as_array().unwrap().len(), rows.len() - 1, "the other run was asked for, and no more");
    let by = rows.iter().find(|row| row["what"] == "approved").unwrap()["by"]["login"].as_str().unwrap();
    let people = world.json(&["decision", "list", "--by", by, "--since", "1h"]);
    assert_eq!(people.as_array().unwrap().len(), 4, "two requests and two approvals: {people}");
    assert_eq!(world.json(&["decision", "list", "--since", "2099-01-01"]), json!([]));
    world.factory(&["decision", "list", "--since", "soon"]).ends_with(2).says("7d");
    world.factory(&["decision", "list", "--run", "zzz"]).ends_with(2).says("no run in the ledger");

    let shown = world.json(&["decision", "show", "0"]);
    assert_eq!(shown[0]["hash"], rows[0]["hash"]);
    assert_eq!(shown[0]["entry"]["decided"]["about"], "request");
    assert_eq!(world.json(&["decision", "show", &run]).as_array().unwrap().len(), rows.len() - 1);
    world.factory(&["decision", "show", "999"]).ends_with(2).says("there is no entry 999");

    let report = report(&world, 0);
    assert_eq!(report["clean"], true);
    assert_eq!(report["checked"]["commits"], 1, "{report}");
    assert_eq!(report["checked"]["entries"], rows.len());
    assert_eq!(report["head"], rows.last().unwrap()["hash"]);

    let csv = world.factory(&["decision", "export", "--format", "csv"]).ends_with(0).out;
    assert_eq!(csv.lines().count(), rows.len() + 1);
    let carried = world.git(&["rev-parse", BRANCH]);
    let end = csv.lines().find(|line| line.contains(",end,")).unwrap();
    assert!(end.contains(carried.trim()), "{end}");
    assert!(csv.contains(&format!("\"'{PLAN}\"")), "{csv}");
    let statement = world.factory(&["decision", "export", "--format", "in-toto"]).ends_with(0).out;
    let statement: Value = serde_json::from_str(&statement).unwrap();
    assert_eq!(statement["subject"][0]["digest"]["gitCommit"], world.git(&["rev-parse", BRANCH]));
    assert_eq!(statement["predicate"]["decisions"], of_run);
    let log = world.factory(&["decision", "export", "--format", "ocel"]).ends_with(0).out;
    let log: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(log["events"].as_array().unwrap().len(), rows.len());
    world.factory(&["decision", "export", "-o", "kept.jsonl"]).ends_with(0);
    world.factory(&["decision", "export", "-o", "kept.jsonl"]).ends_with(2).says("cannot be written");
}

/// An export of a merged project, and its lines.
pub(crate) fn exported(world: &World) -> Vec<String> {
    let text = world.factory(&["decision", "export"]).ends_with(0).out;
    text.lines().map(str::to_owned).collect()
}

/// Verifies these lines in a folder that belongs to no project, and in the project.
pub(crate) fn verify_lines(world: &World, lines: &[String], status: i32, in_project: bool) -> Ran {
    let folder = if in_project { world.project() } else { world.root().join("elsewhere") };
    fs::create_dir_all(&folder).unwrap();
    let file = world.root().join("export.jsonl");
    fs::write(&file, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let mut command = world.command(FACTORY, &["decision", "verify", "--file"]);
    command.arg(&file).current_dir(folder);
    process::run(command).ends_with(status)
}

/// The same entries after a change, with every hash and the header computed again.
pub(crate) fn relinked(lines: &[String], change: impl Fn(&str) -> String) -> Vec<String> {
    let mut header: Value = serde_json::from_str(&lines[0]).unwrap();
    let mut previous = None;
    let mut made = Vec::new();
    for (position, line) in lines[1..].iter().enumerate() {
        let entry = change(line.split_once("\"entry\":").unwrap().1.strip_suffix('}').unwrap());
        let hash = link(previous.as_ref(), entry.as_bytes());
        made.push(format!("{{\"position\":{position},\"hash\":\"{hash}\",\"entry\":{entry}}}"));
        header["first"] = if position == 0 { json!(hash) } else { header["first"].clone() };
        previous = Some(hash);
    }
    header["head"] = json!(previous);
    made.insert(0, header.to_string());
    made
}

fn changed_exports() {
    let (world, run) = merged();
    let lines = exported(&world);
    verify_lines(&world, &lines, 0, false).says("1 checkpoints").says("nothing is wrong");
    verify_lines(&world, &lines, 0, true).says("1 commits");

    let middle = lines.len() / 2;
    let mut flipped = lines.clone();
    flipped[middle] = flipped[middle].replacen("\"at\":1", "\"at\":2", 1);
    let first = format!("FIRST: export: entry {} is not what was written", middle - 1);
    verify_lines(&world, &flipped, 1, false).says(&first);
    let mut without = lines.clone();
    without.remove(middle);
    verify_lines(&world, &without, 1, false).says(&format!("where entry {} was expected", middle - 1));
    let mut swapped = lines.clone();
    swapped.swap(middle, middle + 1);
    verify_lines(&world, &swapped, 1, false).says(&format!("where entry {} was expected", middle - 1));
    verify_lines(&world, &lines[..lines.len() - 1], 1, false).says("the number of entries");
    let mut cut = lines.clone();
    let last = cut.pop().unwrap();
    cut.push(last[..last.len() / 2].to_owned());
    verify_lines(&world, &cut, 1, false).says("cannot be read");

    // Everything is computed again, so that the file agrees with itself: the checkpoint in it does not.
    let rewritten = relinked(&lines, |entry| entry.replace("small", "large"));
    let ran = verify_lines(&world, &rewritten, 1, false).says("FIRST: checkpoint");
    ran.never_says("is not what was written");
    // Without the checkpoint only the commit knows.
    let mut bare = rewritten;
    let mut header: Value = serde_json::from_str(&bare[0]).unwrap();
    header["checkpoints"] = json!([]);
    bare[0] = header.to_string();
    verify_lines(&world, &bare, 0, false);
    verify_lines(&world, &bare, 1, true).says("FIRST: commit");

    world.factory(&["decision", "verify", "--file", "nowhere"]).ends_with(2).says("cannot be read");
    verify_lines(&world, &["{}".to_owned()], 1, false).says("no header of an export");
    let extract = world.factory(&["decision", "export", "--run", &run]).ends_with(0).out;
    let extract: Vec<String> = extract.lines().map(str::to_owned).collect();
    verify_lines(&world, &extract, 0, true).says("this is an extract");
    let mut flipped = extract.clone();
    flipped[2] = flipped[2].replacen("\"at\":1", "\"at\":2", 1);
    verify_lines(&world, &flipped, 1, false);
}

/// A store as whoever can write it could make it: all hashes are right.
struct Rewritten {
    runs: Vec<(RunId, Vec<Vec<u8>>)>,
    ledger: Vec<Vec<u8>>,
}

/// Makes the project's store anew with what `change` makes of it.
fn rewrite(world: &World, change: impl FnOnce(&mut Rewritten)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut kept = Rewritten { runs: Vec::new(), ledger: Vec::new() };
    let bytes = |records: Vec<factory_engine::port::store::StoredRecord>| -> Vec<Vec<u8>> {
        records.into_iter().map(|record| record.bytes).collect()
    };
    {
        let store = Store::open(&world.store()).unwrap();
        for run in runtime.block_on(store.log.runs()).unwrap() {
            let records = bytes(runtime.block_on(store.log.read(&run)).unwrap());
            kept.runs.push((run, records));
        }
        kept.ledger = bytes(runtime.block_on(store.log.decisions(0, 10_000)).unwrap());
    }
    change(&mut kept);
    let folder = tempfile::tempdir_in(world.root()).unwrap();
    {
        let store = Store::open(folder.path()).unwrap();
        for (run, records) in &kept.runs {
            for (position, record) in records.iter().enumerate() {
                runtime.block_on(store.log.append(run, position as u64, record, &[])).unwrap();
            }
        }
        runtime.block_on(store.log.append_decisions(&kept.ledger)).unwrap();
    }
    drop(runtime);
    fs::remove_dir_all(world.store().join("store")).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let from = entry.unwrap().path();
        let copied = world.command("cp", &["-r", from.to_str().unwrap(), world.store().to_str().unwrap()]);
        process::run(copied).ends_with(0);
    }
}

/// Replaces a text everywhere: in the runs' logs and in the ledger.
fn replace(kept: &mut Rewritten, from: &str, to: &str) {
    let records = kept.runs.iter_mut().flat_map(|(_, records)| records);
    let mut changed = 0;
    for bytes in records.chain(&mut kept.ledger) {
        let text = String::from_utf8(bytes.clone()).unwrap();
        changed += usize::from(text.contains(from));
        *bytes = text.replace(from, to).into_bytes();
    }
    assert!(changed >= 2, "{from} stands in a log and in the ledger");
}

/// Whatever is in the store, to be put back.
fn keep(world: &World) -> PathBuf {
    let kept = world.root().join("kept");
    process::run(world.command("cp", &["-r", world.store().to_str().unwrap(), kept.to_str().unwrap()]))
        .ends_with(0);
    kept
}

fn put_back(world: &World, kept: &std::path::Path) {
    fs::remove_dir_all(world.store()).unwrap();
    let copied = world.command("cp", &["-r", kept.to_str().unwrap(), world.store().to_str().unwrap()]);
    process::run(copied).ends_with(0);
}

fn run_of(entry: &[u8]) -> Option<String> {
    let entry: Value = serde_json::from_slice(entry).unwrap();
    entry["decided"]["run"].as_str().map(str::to_owned)
}

fn changed_ledgers() {
    let (world, run) = merged();
    // What the run has left by itself would find out everything.
    fs::remove_dir_all(world.store().join("checkpoints")).unwrap();
    let kept = keep(&world);
    // What is made anew without a change is the same: the harness proves nothing by itself.
    rewrite(&world, |_| ());
    verify(&world).ends_with(0).says("nothing is wrong");

    rewrite(&world, |kept| drop(kept.ledger.remove(3)));
    verify(&world).ends_with(1).says("FIRST: ledger: the ledger lacks a decision").says("  then commit ");
    put_back(&world, &kept);
    rewrite(&world, |kept| kept.ledger.truncate(3));
    let ran = verify(&world).ends_with(1).says("the ledger lacks a decision");
    ran.says("and now there are 3");
    put_back(&world, &kept);
    rewrite(&world, |kept| {
        let last = kept.ledger.len() - 1;
        kept.ledger.swap(last, last - 1);
    });
    verify(&world).ends_with(1).says("FIRST: ledger");
    put_back(&world, &kept);

    // The runs' logs know nothing of the order between runs; the commit does.
    rewrite(&world, |kept| {
        let other = kept.ledger.iter().position(|entry| run_of(entry).as_deref() != Some(&run)).unwrap();
        kept.ledger.swap(other, other + 1);
    });
    let found = found_in(&report(&world, 1));
    assert!(found.len() == 1 && found[0].starts_with("commit "), "{found:?}");
    put_back(&world, &kept);

    // Logs and ledger are rewritten alike, and every hash computed again.
    rewrite(&world, |kept| replace(kept, "one handler", "two handlers"));
    let found = found_in(&report(&world, 1));
    assert!(found.len() == 1 && found[0].starts_with("commit "), "{found:?}");
    // Even from the first entry on, so that it is another ledger by its name.
    put_back(&world, &kept);
    rewrite(&world, |kept| replace(kept, "specs/feature-greeting.md", "specs/feature-greeting.mk"));
    verify(&world).ends_with(1).says(&format!("the run {run} has merged it")).says("FIRST: commit");
    put_back(&world, &kept);
    // What was decided after the commit, only a checkpoint knows.
    let ran = world.factory(&["decision", "checkpoint"]).ends_with(0);
    ran.says("It is not signed");
    rewrite(&world, |kept| replace(kept, "\"is\":\"merged\"", "\"is\" :\"merged\""));
    let found = found_in(&report(&world, 1));
    assert!(found.iter().any(|found| found.starts_with("checkpoint ")), "{found:?}");
    put_back(&world, &kept);

    // The store is gone, and the commits remain.
    fs::remove_dir_all(world.store().join("store")).unwrap();
    verify(&world).ends_with(1).says("and here is none");
    put_back(&world, &kept);
    verify(&world).ends_with(0);
    // Somebody else's ledger is only mentioned.
    let other = format!("Factory-Ledger-Head: 3 {} {}", "a".repeat(64), "b".repeat(64));
    for message in [&format!("from elsewhere\n\n{other}"), "odd\n\nFactory-Ledger-Head: 0 x"] {
        world.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }
    verify(&world).ends_with(0).says("names another ledger").says("cannot be read: 0 x");
}

/// Makes a key, and answers its public half.
pub(crate) fn key(world: &World, name: &str) -> String {
    let file = world.root().join("home/.ssh").join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let args = ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file.to_str().unwrap()];
    process::run(world.command("ssh-keygen", &args)).ends_with(0);
    fs::read_to_string(file.with_extension("pub")).unwrap().trim().to_owned()
}

pub(crate) fn allow(world: &World, key: &str, principal: &str) {
    let file = world.root().join("signers");
    fs::write(&file, format!("{principal} {key}\n")).unwrap();
    world.git(&["config", "gpg.ssh.allowedSignersFile", file.to_str().unwrap()]);
}

fn signatures_and_checkpoints() {
    let world = World::new(building(vec![right()]));
    let own = key(&world, "id_ed25519");
    world.run(&[]).ends_with(4);
    world.factory(&["gate", "approve", "plan", "--because", PLAN, "--sign"]).ends_with(0);
    world.factory(&["decision", "list"]).ends_with(0).says("(signed)");
    world.factory(&["decision", "checkpoint"]).ends_with(0).says("Signed with SHA256:");
    verify(&world)
        .ends_with(0)
        .says("1 checkpoints (1 signed)")
        .says("1 signed decisions")
        .says("novalidate");
    allow(&world, &own, "tess@example.test");
    verify(&world).ends_with(0).says("held against the allowed signers in");
    let lines: Vec<String> =
        world.factory(&["decision", "export"]).ends_with(0).out.lines().map(str::to_owned).collect();
    verify_lines(&world, &lines, 0, false).says("1 signed decisions");

    // The key is somebody else's, or nobody's.
    allow(&world, &own, "mallory@example.test");
    verify(&world).ends_with(1).says("is allowed to mallory@example.test, not to tess@example.test");
    let foreign = key(&world, "foreign");
    allow(&world, &foreign, "tess@example.test");
    let found = found_in(&report(&world, 1));
    assert_eq!(found.iter().filter(|found| *found == "signature").count(), 1, "{found:?}");
    assert_eq!(found.len(), 2, "the checkpoint's is not allowed either: {found:?}");
    allow(&world, &own, "tess@example.test");

    // A signature by another key, in the place of the one that the entry names.
    let is_signed =
        |line: &String| line.contains("\"entry\":") && line.contains("\"signature\":\"-----BEGIN");
    let at = lines.iter().position(is_signed).unwrap();
    let mut line: Value = serde_json::from_str(&lines[at]).unwrap();
    let message = world.root().join("message");
    fs::write(&message, "anything").unwrap();
    let private = world.root().join("home/.ssh/foreign");
    let sign =
        ["-Y", "sign", "-n", "factory-decision", "-f", private.to_str().unwrap(), message.to_str().unwrap()];
    process::run(world.command("ssh-keygen", &sign)).ends_with(0);
    let forged = fs::read_to_string(world.root().join("message.sig")).unwrap();
    let exact = lines[at].split_once("\"entry\":").unwrap().1.to_owned();
    line["signature"] = json!(forged);
    let head = |line: &Value| {
        format!(
            "{{\"position\":{},\"hash\":{},\"signature\":{},\"entry\":{exact}",
            line["position"], line["hash"], line["signature"]
        )
    };
    let mut changed = lines.clone();
    changed[at] = head(&line);
    verify_lines(&world, &changed, 1, false)
        .says("FIRST: signature")
        .says("not the one that the entry names");
    changed[at] = format!("{{\"position\":{},\"hash\":{},\"entry\":{exact}", line["position"], line["hash"]);
    verify_lines(&world, &changed, 1, false).says("it is lost");

    // What was signed is what is in the entry: a reason that was changed is not.
    let kept = keep(&world);
    rewrite(&world, |kept| replace(kept, "one handler", "two handlers"));
    let found = found_in(&report(&world, 1));
    assert!(found.iter().any(|found| found == "signature"), "{found:?}");
    assert!(found.iter().any(|found| found.starts_with("checkpoint ")), "{found:?}");
    put_back(&world, &kept);

    // A checkpoint that says what suits.
    let folder = world.store().join("checkpoints");
    let path = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&path).unwrap();
    let mut checkpoint: Value = serde_json::from_str(&text).unwrap();
    let count = checkpoint["count"].as_u64().unwrap();
    let all = world.json(&["decision", "list"]);
    checkpoint["count"] = json!(count - 1);
    checkpoint["head"] = all[usize::try_from(count).unwrap() - 2]["hash"].clone();
    fs::write(&path, checkpoint.to_string()).unwrap();
    verify(&world).ends_with(1).says("FIRST: checkpoint").says("the signature does not hold");
    let mut forged: Value = serde_json::from_str(&text).unwrap();
    forged["count"] = json!(count + 5);
    fs::write(&path, forged.to_string()).unwrap();
    verify(&world).ends_with(1).says(&format!("there were {} entries, and now there are {count}", count + 5));
    let mut stripped: Value = serde_json::from_str(&text).unwrap();
    stripped["signature"] = Value::Null;
    fs::write(&path, stripped.to_string()).unwrap();
    verify(&world).ends_with(1).says("a key or a signature, and not both");
    fs::write(&path, "{").unwrap();
    verify(&world).ends_with(1).says("it cannot be read");
    fs::write(&path, text).unwrap();
    verify(&world).ends_with(0);
}

fn hostile_reasons() {
    let (world, run) = merged();
    let hostile = "\\u001b[2J\\u009b31m\\u202e\\u0007\\r\\u0000one handler";
    rewrite(&world, |kept| {
        replace(kept, "one handler", hostile);
        replace(kept, "all three", &"every one of the three ".repeat(45_000));
    });
    for args in [
        &["decision", "list"][..],
        &["decision", "list", "--format", "json"],
        &["decision", "show", &run],
        &["decision", "show", &run, "--format", "json"],
        &["decision", "verify"],
        &["decision", "verify", "--format", "json"],
        &["decision", "sql", "SELECT because FROM decisions"],
        &["decision", "sql", "SELECT because FROM decisions", "--format", "json"],
        &["decision", "sql", "SELECT char(27) || '[2J' AS a, char(155) b"],
        &["decision", "sql", "SELECT \u{1b}[2J FROM \u{9b}"],
        &["decision", "list", "--run", "\u{1b}[2J"],
        &["decision", "list", "--since", "\u{1b}[2J"],
    ] {
        let ran = world.factory(args);
        assert!(ran.status.code().is_some_and(|code| code <= 2), "{args:?}");
        assert_harmless(&ran);
    }
    let list = world.factory(&["decision", "list"]).ends_with(0);
    assert!(list.out.lines().all(|line| line.len() < 1000), "a line stays a line");
    list.says("\\u{1b}[2J").says("bytes)");
    let all = world.json(&["decision", "list"]);
    let longest = all.as_array().unwrap().iter().map(|row| row["because"].as_str().unwrap().len()).max();
    assert!(longest > Some(1_000_000), "{longest:?}");
    assert!(all.to_string().contains("\u{9b}31m"), "JSON says what was written, escaped");
    // An export is exact, however long. The run has left a checkpoint, which knows the true reasons.
    fs::remove_dir_all(world.store().join("checkpoints")).unwrap();
    let text = world.factory(&["decision", "export"]).ends_with(0).out;
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    verify_lines(&world, &lines, 0, false);
    let csv = world.factory(&["decision", "export", "--format", "csv"]).ends_with(0).out;
    assert!(!csv.contains(['\u{1b}', '\u{9b}', '\u{0}', '\u{7}']));
}

fn the_copy_is_read() {
    let (world, run) = merged();
    let sql = |query: &str| world.factory(&["decision", "sql", query]);
    let rows = |query: &str| world.json(&["decision", "sql", query]);
    sql("SELECT run, decision, because FROM decisions").ends_with(0).says(MERGE).says("2 rows");
    let ended = rows("SELECT outcome, calls > 0 AS called FROM ends");
    assert_eq!(ended, json!([{ "outcome": "merged", "called": 1 }]));
    let all = world.json(&["decision", "list"]);
    let count = |rows: &Value| rows[0]["n"].as_u64().unwrap();
    let entries = count(&rows("SELECT count(*) n FROM entries"));
    assert_eq!(entries, all.as_array().unwrap().len() as u64);
    // Every entry is in the table of its kind, and no other.
    let tables = "requests decisions judgements escalations expiries sent_back failures skips moves reveals ends rollbacks trust";
    let sum: Vec<String> = tables.split(' ').map(|table| format!("(SELECT count(*) FROM {table})")).collect();
    assert_eq!(count(&rows(&format!("SELECT {} n", sum.join(" + ")))), entries);
    let at = rows("SELECT at, at_ms FROM entries WHERE position = 0");
    assert_eq!(at[0]["at_ms"], all[0]["at_ms"]);
    assert_eq!(at[0]["at"], all[0]["at"]);
    let csv = world.factory(&["decision", "sql", "SELECT -1 a, because b FROM decisions", "--format", "csv"]);
    assert!(csv.ends_with(0).out.contains(&format!("-1,\"'{PLAN}\"\r\n")));
    world.factory(&["decision", "sql", "--schema"]).ends_with(0).says("CREATE TABLE rollbacks");

    let path = world.store().join("decisions.sqlite");
    let before = fs::read(&path).unwrap();
    let elsewhere = world.root().join("elsewhere.sqlite");
    let attach = format!("ATTACH '{}' AS other", elsewhere.display());
    let vacuum = format!("VACUUM INTO '{}'", elsewhere.display());
    for query in [
        "DELETE FROM decisions",
        "INSERT INTO trust SELECT * FROM trust",
        "UPDATE decisions SET because = 'x' RETURNING *",
        "WITH x AS (SELECT 1) DELETE FROM entries",
        "DROP TABLE decisions",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x AS SELECT 1",
        "CREATE TEMP VIEW x AS SELECT 1",
        "ALTER TABLE decisions ADD COLUMN x",
        "PRAGMA query_only = OFF",
        "PRAGMA user_version = 7",
        "PRAGMA writable_schema = ON",
        "PRAGMA table_info(decisions)",
        "BEGIN IMMEDIATE",
        "COMMIT",
        "REINDEX",
        "ANALYZE",
        "VACUUM",
        &vacuum,
        &attach,
        "SELECT load_extension('x')",
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM decisions",
        "EXPLAIN DELETE FROM decisions",
        "",
        ";",
        "-- nothing",
        "SELECT ?1",
        "SELECT nothing FROM nowhere",
        "SELECT writefile('x', 'y')",
        "SELECT zeroblob(1000000000)",
    ] {
        let ran = sql(query);
        assert_eq!(ran.status.code(), Some(2), "{query}: {ran}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(!elsewhere.exists());
    sql("SELECT nothing FROM nowhere").says("CREATE TABLE decisions");
    sql("DELETE FROM decisions").says("only one SELECT");
    sql("SELECT 1;").ends_with(0);
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    sql(endless).ends_with(2).says("longer than 10 seconds");

    // It is kept up with the ledger, and made anew when it is not of this ledger.
    let other = world.json(&["runs", "list"]);
    let other = other.as_array().unwrap().iter().find(|row| row["id"] != *run).unwrap()["id"].clone();
    decide(&world, other.as_str().unwrap(), &["reject", "plan", "--because", "one greeting is enough"])
        .ends_with(0);
    assert_eq!(count(&rows("SELECT count(*) n FROM decisions WHERE decision = 'rejected'")), 1);
    fs::write(&path, "no database").unwrap();
    assert_eq!(count(&rows("SELECT count(*) n FROM decisions")), 3);
    fs::write(&path, &before[..before.len() / 2]).unwrap();
    assert_eq!(count(&rows("SELECT count(*) n FROM decisions")), 3);
    rewrite(&world, |kept| replace(kept, "one handler", "two handlers"));
    sql("SELECT because FROM decisions").ends_with(0).says("two handlers").never_says("one handler");
}

/// By today's clock, which the run's commit has, too: nobody looks for reverts before it.
pub(crate) fn revert_head(world: &World) {
    let mut command = world.command("git", &["revert", "--no-edit", "HEAD"]);
    command.env_remove("GIT_AUTHOR_DATE").env_remove("GIT_COMMITTER_DATE");
    process::run(command).ends_with(0);
}

fn rollbacks() {
    let (world, run) = merged();
    let roll = |args: &[&str]| world.factory(&[&["decision", "rollback"], args].concat());
    roll(&["--detect"]).ends_with(0).says("None of 1 merged commits");
    roll(&[]).ends_with(2);
    roll(&[&run, "--because", "ok"]).ends_with(2).says("needs a reason");
    roll(&[&run, "--because", "it broke the login page", "--commit", "abc"])
        .ends_with(2)
        .says("git rev-parse");
    let other = world.json(&["runs", "list"]);
    let other = other.as_array().unwrap().iter().find(|row| row["id"] != *run).unwrap()["id"].clone();
    roll(&[other.as_str().unwrap(), "--because", "it broke the login page"])
        .ends_with(2)
        .says("merged nothing");

    // Taken back, and taken back that it was: nothing is gone.
    world.git(&["merge", "--quiet", "--ff-only", BRANCH]);
    revert_head(&world);
    let revert = world.git(&["rev-parse", "HEAD"]);
    revert_head(&world);
    roll(&["--detect"]).ends_with(0).says("None of 1 merged commits");
    // For good.
    revert_head(&world);
    roll(&["--detect"]).ends_with(0).says(&format!("{run} has been taken back by {revert}"));
    roll(&["--detect"]).ends_with(0).says("Nothing new: all 1 merged commits are recorded as taken back");
    roll(&[&run, "--because", "it broke the login page"]).ends_with(2).says("known already");
    let last = world.json(&["decision", "list"]).as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["kind"], &last["commit"]), (&json!("rollback"), &json!(revert)));
    let runs = world.json(&["runs", "list"]);
    assert!(runs.as_array().unwrap().iter().any(|row| row["state"] == "rolled back"), "{runs}");
    verify(&world).ends_with(0);

    let (world, run) = merged();
    let args = ["decision", "rollback", &run, "--because", "it broke the login page"];
    world.factory(&args).ends_with(0).says("has been taken back");
    let by_hand = world.json(&["decision", "sql", "SELECT commit_id, because FROM rollbacks"]);
    assert_eq!(by_hand, json!([{ "commit_id": null, "because": "it broke the login page" }]));
}
