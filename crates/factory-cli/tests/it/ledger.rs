//! The decision ledger where something is missing: a key, a program, a list of signers, the runs themselves; and where
//! somebody says what is not so.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::decisions::{allow, exported, key, merged, relinked, report, revert_head, verify, verify_lines};
use crate::fixture::{BRANCH, World, building, right};
use crate::process::{self, Ran};
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("the_users_own_list_of_signers_holds_everywhere", the_list_of_signers),
        with_python("a_signature_that_no_entry_names_is_a_finding", a_signature_of_nothing),
        with_python("a_ledger_that_begins_otherwise_is_found_out_by_its_commits", another_beginning),
        with_python("what_only_says_that_it_reverts_is_no_rollback", false_reverts),
        with_python("what_could_not_be_looked_at_is_not_said_to_be_wrong", not_looked_at),
        with_python("a_signed_checkpoint_is_never_replaced", checkpoints),
        with_python("answers_have_the_columns_of_the_query", columns),
        crate::case("a_project_without_runs_has_an_empty_ledger", without_runs),
        crate::case("a_scorecard_is_never_json", no_scorecard_as_json),
    ]
}

/// A run whose first decision is signed, and the key's public half.
fn signed() -> (World, String) {
    let world = World::new(building(vec![right()]));
    let own = key(&world, "id_ed25519");
    world.run(&[]).ends_with(4);
    let because = "the plan names one handler and no more";
    world.factory(&["gate", "approve", "plan", "--because", because, "--sign"]).ends_with(0);
    (world, own)
}

fn the_list_of_signers() {
    let (world, own) = signed();
    let lines = exported(&world);
    verify_lines(&world, &lines, 0, false).says("held against nobody's list");
    let file = world.root().join("everywhere");
    fs::write(&file, format!("tess@example.test {own}\n")).unwrap();
    world.git(&["config", "--global", "gpg.ssh.allowedSignersFile", file.to_str().unwrap()]);
    let held = format!("held against the allowed signers in {}", file.display());
    verify_lines(&world, &lines, 0, false).says(&held);
    fs::write(&file, format!("mallory@example.test {own}\n")).unwrap();
    verify_lines(&world, &lines, 1, false).says("is allowed to mallory@example.test");
    // In a repository that is no project, and has no commit.
    let elsewhere = world.root().join("elsewhere");
    process::run(world.command("git", &["init", "--quiet", elsewhere.to_str().unwrap()])).ends_with(0);
    verify_lines(&world, &lines, 1, false).says(&held);
}

/// The signature of a decision that says of none.
fn a_signature_of_nothing() {
    let (world, _) = signed();
    let mut lines = exported(&world);
    let at = lines.iter().position(|line| line.contains("\"about\":\"request\"")).unwrap();
    verify_lines(&world, &lines, 0, false);
    lines[at] = lines[at].replacen(",\"entry\":", ",\"signature\":\"x\",\"entry\":", 1);
    verify_lines(&world, &lines, 1, false).says("has a signature, and is no decision that was signed");
}

/// The same export without the checkpoints in its header.
fn without_checkpoints(lines: &[String]) -> Vec<String> {
    let mut header: Value = serde_json::from_str(&lines[0]).unwrap();
    header["checkpoints"] = json!([]);
    let mut bare = lines.to_vec();
    bare[0] = header.to_string();
    bare
}

fn another_beginning() {
    let (world, run) = merged();
    let lines = exported(&world);
    let again = without_checkpoints(&relinked(&lines, str::to_owned));
    verify_lines(&world, &again, 0, true).says("nothing is wrong");
    let rewritten = relinked(&lines, |entry| entry.replace("feature-greeting.md", "feature-greeting.mk"));
    let rewritten = without_checkpoints(&rewritten);
    verify_lines(&world, &rewritten, 0, false);
    verify_lines(&world, &rewritten, 1, true)
        .says(&format!("it says that the run {run} of this ledger made it"))
        .says("FIRST: commit");
    // An extract has only the header to say how the ledger began.
    let extract = world.factory(&["decision", "export", "--run", &run]).ends_with(0).out;
    let mut extract: Vec<String> = extract.lines().map(str::to_owned).collect();
    let mut header: Value = serde_json::from_str(&extract[0]).unwrap();
    header["first"] = json!("a".repeat(64));
    header["checkpoints"] = json!([]);
    extract[0] = header.to_string();
    verify_lines(&world, &extract, 1, true).says("of this ledger made it");
    // Another ledger's runs are only mentioned; what one's own says, must be readable.
    let other = format!("Factory-Ledger-Head: 3 {} {}", "a".repeat(64), "b".repeat(64));
    let foreign = format!("elsewhere\n\nFactory-Run: greeting-zzzzzz\n{other}");
    world.git(&["commit", "--quiet", "--allow-empty", "--message", &foreign]);
    verify(&world).ends_with(0).says("names another ledger");
    for trailer in [&other[..], "Factory-Ledger-Head: 0 x"] {
        let claims = format!("claims\n\nFactory-Run: {run}\n{trailer}");
        world.git(&["commit", "--quiet", "--allow-empty", "--message", &claims]);
        verify(&world).ends_with(1).says("of this ledger made it");
        world.git(&["reset", "--quiet", "--hard", "HEAD^"]);
    }
}

/// A commit of today, which the run's commit is, too.
fn commit(world: &World, message: &str) {
    let mut command =
        world.command("git", &["commit", "--quiet", "--all", "--allow-empty", "--message", message]);
    command.env_remove("GIT_AUTHOR_DATE").env_remove("GIT_COMMITTER_DATE");
    process::run(command).ends_with(0);
}

fn false_reverts() {
    let (world, run) = merged();
    let detect = || world.factory(&["decision", "rollback", "--detect"]).ends_with(0);
    let work = world.git(&["rev-parse", BRANCH]);
    let message = format!("Revert\n\nThis reverts commit {work}.");
    // On a branch that never had it, and then on one that has it, without or with some other change.
    commit(&world, &message);
    detect().says("None of 1 merged commits");
    world.git(&["reset", "--quiet", "--hard", BRANCH]);
    commit(&world, &message);
    detect().says("None of 1 merged commits");
    let service = world.project().join("service.py");
    let text = fs::read_to_string(&service).unwrap();
    fs::write(&service, text.replace("import os\n", "import os\nimport re\n")).unwrap();
    commit(&world, &message);
    detect().says("None of 1 merged commits");
    // A revert that says it takes back what is not there stands in nobody's way.
    let real = {
        world.git(&["reset", "--quiet", "--hard", BRANCH]);
        revert_head(&world);
        world.git(&["rev-parse", "HEAD"])
    };
    commit(&world, &format!("Revert \"Revert\"\n\nThis reverts commit {real}."));
    detect().says(&format!("{run} has been taken back by {real}"));
    detect().says("Nothing new: all 1 merged commits are recorded as taken back already");

    let usage = world.factory(&["decision", "rollback", "--because", "no reason"]).ends_with(2);
    usage.says("factory decision rollback --detect").never_says("[RUN]");
    world.factory(&["decision", "rollback", &run, "--detect"]).ends_with(2).says("cannot be used with");
    let help = world.factory(&["decision", "rollback", "--help"]).ends_with(0);
    help.says("rollback <RUN> --because <REASON>");
}

/// `verify` where programs are looked for in this folder alone.
fn verify_with(world: &World, programs: &std::path::Path, format: &str, status: i32) -> Ran {
    let mut command = world.command(crate::fixture::FACTORY, &["decision", "verify", "--format", format]);
    command.env("PATH", programs);
    process::run(command).ends_with(status)
}

fn not_looked_at() {
    let (world, own) = signed();
    allow(&world, &own, "tess@example.test");
    world.factory(&["decision", "checkpoint"]).ends_with(0);
    verify(&world).ends_with(0);
    let programs = world.root().join("programs");
    fs::create_dir(&programs).unwrap();
    let ran = verify_with(&world, &programs, "human", 2);
    ran.says("NOT LOOKED AT: signature")
        .says("`ssh-keygen` was not found; install OpenSSH")
        .says("2 could not")
        .never_says("FIRST");
    let told: Value = serde_json::from_str(&verify_with(&world, &programs, "json", 2).out).unwrap();
    assert_eq!((&told["clean"], &told["findings"]), (&json!(false), &json!([])));
    assert_eq!(told["unseen"].as_array().unwrap().len(), 2, "{told}");
    assert_eq!(told["checked"]["signed_decisions"], 0, "it was not looked at");
    // As it speaks to whoever has no account.
    let keygen = programs.join("ssh-keygen");
    fs::write(&keygen, "#!/bin/sh\necho 'No user exists for uid 4321' >&2\nexit 255\n").unwrap();
    fs::set_permissions(&keygen, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = verify_with(&world, &programs, "human", 2);
    ran.says("No user exists for uid 4321").says("as a user with an account").never_says("does not hold");
    // What is wrong all the same counts more.
    let folder = world.store().join("checkpoints");
    fs::write(folder.join("000000000099.json"), "{").unwrap();
    verify_with(&world, &programs, "human", 1).says("NOT LOOKED AT").says("FIRST: checkpoint");
    fs::remove_file(folder.join("000000000099.json")).unwrap();
    // A list of signers that is not there says nothing about a signature.
    fs::remove_file(world.root().join("signers")).unwrap();
    verify(&world).ends_with(2).says("reading the allowed signers failed");
}

/// The signers of all checkpoints, by file.
fn signers(world: &World) -> Vec<Value> {
    let mut files: Vec<_> =
        fs::read_dir(world.store().join("checkpoints")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap()["key"].clone();
    files.into_iter().map(read).collect()
}

fn checkpoints() {
    let (world, _) = signed();
    let unsigned = || {
        let mut command = world.command(crate::fixture::FACTORY, &["decision", "checkpoint"]);
        command.env("HOME", "/nonexistent");
        process::run(command).ends_with(0)
    };
    unsigned().says("It is not signed");
    unsigned().says("It is not signed");
    assert_eq!(signers(&world), [Value::Null]);
    // A signature takes the place of none, and stays.
    world.factory(&["decision", "checkpoint"]).ends_with(0).says("Signed with SHA256:");
    let first = signers(&world);
    assert!(first.len() == 1 && first[0].is_string(), "{first:?}");
    let path = world.store().join("checkpoints");
    let file = fs::read_dir(&path).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&file).unwrap();
    unsigned().says("is kept already; it stays").never_says("It is not signed");
    world.factory(&["decision", "checkpoint"]).ends_with(0).says("is kept already; it stays");
    assert_eq!(signers(&world), first);
    // Somebody else's stands beside it.
    for half in ["id_ed25519", "id_ed25519.pub"] {
        fs::remove_file(world.root().join("home/.ssh").join(half)).unwrap();
    }
    key(&world, "id_ed25519");
    world.factory(&["decision", "checkpoint"]).ends_with(0).says("Signed with SHA256:");
    let both = signers(&world);
    assert!(both.len() == 2 && both[0] != both[1] && both.contains(&first[0]), "{both:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    verify(&world).ends_with(0).says("2 checkpoints (2 signed)");
    // One of a ledger that was another is what tells of it: it stays, too.
    let mut forged: Value = serde_json::from_str(&text).unwrap();
    forged["head"] = json!("0".repeat(64));
    for path in fs::read_dir(&path).unwrap() {
        fs::remove_file(path.unwrap().path()).unwrap();
    }
    fs::write(&file, forged.to_string()).unwrap();
    world.factory(&["decision", "checkpoint"]).ends_with(0).says("Signed with SHA256:");
    assert_eq!(signers(&world).len(), 2);
    assert_eq!(fs::read_to_string(&file).unwrap(), forged.to_string());
    assert_eq!(report(&world, 1)["checked"]["checkpoints"], 2);
}

fn columns() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    let sql = |query: &str, format: &str| world.factory(&["decision", "sql", query, "--format", format]);
    let ordered = sql("SELECT 2 AS zebra, 1 AS ape, 'x' AS \"m\"", "json").ends_with(0).out;
    let keys: Vec<usize> = ["zebra", "ape", "\"m\""].map(|key| ordered.find(key).unwrap()).to_vec();
    assert!(keys.is_sorted(), "{ordered}");
    let twice = "SELECT a.run, b.run FROM requests a JOIN requests b USING (run)";
    let ran = sql(twice, "json").ends_with(2).says("two columns are named `run`");
    ran.says("run AS other_run");
    for format in ["human", "csv"] {
        sql(twice, format).ends_with(0);
        sql("SELECT 9e999 AS much", format).ends_with(2).says("in the column `much` is infinite");
    }
    sql("SELECT -9e999 AS much", "json").ends_with(2).says("is infinite");
    sql("SELECT 1.5 AS some, NULL AS none", "json").ends_with(0).says("1.5").says("null");
}

fn without_runs() {
    let world = World::new(building(vec![right()]));
    let folder = |world: &World| world.store().join("store").exists();
    let export = |format: &str| world.factory(&["decision", "export", "--format", format]).ends_with(0).out;
    let lines = exported(&world);
    let [header] = &lines[..] else { panic!("{lines:?}") };
    let header: Value = serde_json::from_str(header).unwrap();
    assert_eq!(
        (&header["count"], &header["head"], &header["first"]),
        (&json!(0), &Value::Null, &Value::Null)
    );
    verify_lines(&world, &lines, 0, true).says("0 entries");
    let csv = export("csv");
    assert!(csv.starts_with("position,hash,") && csv.lines().count() == 1, "{csv}");
    let ocel: Value = serde_json::from_str(&export("ocel")).unwrap();
    assert_eq!((&ocel["events"], &ocel["objects"]), (&json!([]), &json!([])));
    assert!(!ocel["eventTypes"].as_array().unwrap().is_empty());
    assert_eq!(export("in-toto"), "");
    world.factory(&["decision", "export", "--run", "x"]).ends_with(2).says("no run in the ledger");
    assert_eq!(world.json(&["decision", "sql", "SELECT count(*) AS n FROM decisions"]), json!([{ "n": 0 }]));
    world.factory(&["decision", "sql", "SELECT * FROM entries"]).ends_with(0).says("0 rows");
    world.factory(&["decision", "sql", "DELETE FROM entries"]).ends_with(2).says("only one SELECT");
    assert!(!folder(&world), "looking makes no store");
    assert!(!world.store().join("decisions.sqlite").exists());
}

fn no_scorecard_as_json() {
    let world = World::new(building(vec![right()]));
    let args = ["runs", "show", "--reveal", "--because", "the second scenario is odd", "--format", "json"];
    world.factory(&args).ends_with(2).says("not as JSON");
}
