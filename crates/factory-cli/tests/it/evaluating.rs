//! The evaluator by itself: scenarios listed, compiled and run without a run, and the evaluator measured.

use std::fs;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::fixture::{FACTORY, FACTORY_TOML, World, building};
use crate::process::{self, Running, wait_until};
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_commit_is_evaluated_without_a_run", a_commit_is_evaluated),
        with_python("a_service_that_runs_is_evaluated_without_a_project", a_running_service_is_evaluated),
        with_python("tampered_observations_are_noticed", tampered_observations_are_noticed),
        case("scenarios_are_listed_and_planned", scenarios_are_listed_and_planned),
        with_python("scenarios_that_contradict_each_other_are_nobodys_code", contradictions),
        case("what_cannot_be_evaluated_is_a_usage_error", what_cannot_be_evaluated),
        case("where_no_service_is_started_no_request_is_sent", where_no_service_is_started),
        case("nothing_in_a_checkout_can_ask_for_scenarios", nothing_in_a_checkout_can_ask),
    ]
}

/// Makes the service of the project do what its specification says, or another thing for strangers.
fn serve(world: &World, stranger: &str) {
    let text = fs::read_to_string(world.project().join("service.py")).unwrap();
    let start = "        return 200, {\"status\": \"ok\"}\n";
    let (before, _) = text.split_once(start).unwrap();
    let (_, after) = text.split_once("    return 404").unwrap();
    let greets = format!(
        "    if path == \"/hello\":\n        return 200, {{\"greeting\": \"hello\"}}\n    if path.startswith(\"/hello/\"):\n        return {stranger}\n    return 404"
    );
    world.write("service.py", &format!("{before}{start}{greets}{after}"));
}

const RIGHT: &str = "404, {\"error\": \"nobody knows them\"}";
const WRONG: &str = "200, {\"greeting\": \"hello\"}";

fn a_commit_is_evaluated() {
    let world = World::without_model();
    serve(&world, RIGHT);
    world.commit("It greets");
    let junit = world.root().join("junit.xml");
    let ran = world.factory(&[
        "scenario",
        "run",
        "--at",
        "HEAD",
        "--spec",
        "specs/feature-greeting.md",
        "--junit",
        junit.to_str().unwrap(),
    ]);
    let ran = ran.ends_with(0).says("3 of 3 scenarios passed (100.0 %)").says("at least 36.8 %");
    ran.says("2 of 2 requirements have a scenario, 2 one that passed");
    let xml = fs::read_to_string(&junit).unwrap();
    assert!(xml.contains("tests=\"3\" failures=\"0\" errors=\"0\""), "{xml}");

    serve(&world, WRONG);
    world.commit("It greets everybody");
    let args = ["scenario", "run", "--at", "HEAD", "--against", "base", "--runs", "1", "--format", "json"];
    let ran = world.factory(&[&args[..], &["--junit", junit.to_str().unwrap()]].concat()).ends_with(1);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["passed"], &report["failed"]), (&json!(2), &json!(1)));
    let stranger = "stranger/dulcinea-remains-unannounced";
    assert_eq!(report["regressions"], json!([stranger]));
    assert_eq!(report["critical_not_passed"], json!([]));
    let rows = report["scenarios"].as_array().unwrap();
    let row = rows.iter().find(|row| row["id"] == stranger).unwrap();
    assert_eq!((&row["verdict"], &row["class"]), (&json!("failed"), &json!("wrong_status")));
    assert_eq!(row["reasons"][0]["sentence"], "the status is 404");
    let file = fs::read_to_string(world.holdouts().join("stranger.md")).unwrap();
    let line = file.lines().position(|line| line.contains("the status is 404")).unwrap() + 1;
    assert_eq!(row["reasons"][0]["line"], line);
    let found = row["reasons"][0]["found"].as_str().unwrap();
    assert!(found.starts_with("200 where 404 was required; body: "), "{row}");
    let requirements = report["coverage"]["requirements"].as_array().unwrap();
    let mut cells = requirements.iter().flat_map(|one| one["scenarios"].as_array().unwrap());
    let cell = cells.find(|cell| cell["scenario"] == stranger).unwrap();
    assert_eq!(
        (&cell["verdict"], &cell["found"], &cell["line"]),
        (&json!("failed"), &json!(found), &json!(line))
    );
    let xml = fs::read_to_string(&junit).unwrap();
    assert!(xml.contains("<failure type=\"wrong_status\""), "{xml}");
    assert!(xml.contains(&format!("stranger.md\" line=\"{line}\"")), "{xml}");

    // What was found is kept for the evaluator, by keys; a damaged file hides nothing.
    fs::write(world.store().join("evaluator/stray.json"), "nonsense").unwrap();
    let health = world.json(&["scenario", "health"]);
    assert_eq!(health["damaged"].as_array().unwrap().len(), 1);
    let rows = health["scenarios"].as_array().unwrap();
    let row = rows.iter().find(|row| row["id"] == stranger).unwrap();
    let fared = &row["history"];
    assert_eq!(
        (&fared["evaluations"], &fared["passed"], &fared["last"]),
        (&json!(2), &json!(1), &json!("failed"))
    );
    world
        .factory(&["scenario", "health"])
        .ends_with(0)
        .says("stray.json is damaged")
        .says("passed 1 of 2 times");

    // A commit that cannot be deployed fails every scenario, and its log is shown.
    world.write("service.py", "raise SystemExit('broken beyond repair')\n");
    world.commit("It breaks");
    let ran = world.factory(&["scenario", "run", "--at", "HEAD"]).ends_with(1);
    ran.says("0 of 3 scenarios passed").says("broken beyond repair").says("critical and not passed: plain/");
    world.assert_no_checkout();
    world.assert_no_process();
}

/// The service of the project, started by hand.
struct Service {
    running: Running,
    url: String,
}

fn start(world: &World) -> Service {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = world.command("python3", &["-S", "service.py"]);
    command.env("PORT", port.to_string());
    let running = Running::start(command);
    wait_until("the service listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    Service { running, url: format!("http://127.0.0.1:{port}") }
}

fn a_running_service_is_evaluated() {
    let world = World::without_model();
    serve(&world, RIGHT);
    let service = start(&world);
    // Somewhere that is neither a project nor a repository.
    let elsewhere = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = world.command(FACTORY, args);
        command.current_dir(elsewhere.path());
        process::run(command)
    };
    let file = |name: &str| world.holdouts().join(name).display().to_string();
    let (plain, stranger, steady) = (file("plain.md"), file("stranger.md"), file("steady.md"));
    let at = ["scenario", "run", "--base-url", service.url.as_str()];
    let ran = run(&[&at[..], &[&plain, &stranger]].concat()).ends_with(0);
    ran.says("2 of 2 scenarios passed").says("all scenarios share its state");
    // A restart is not ours to make: that is no pass.
    let junit = elsewhere.path().join("junit.xml");
    let ran = run(&[&at[..], &[&plain, &steady, "--junit", junit.to_str().unwrap()]].concat()).ends_with(1);
    let ran = ran.says("1 of 2 scenarios passed").says("not run: it restarts the service");
    ran.says("inconclusive  0 of 0  steady/sancho-returns-after-the-nap");
    assert!(fs::read_to_string(&junit).unwrap().contains("errors=\"1\""));
    let ran = run(&[&at[..], &[&plain, &steady, "--filter", "QUIXOTE"]].concat());
    ran.ends_with(0).says("1 of 1 scenarios passed");
    run(&[&at[..], &[&plain, "--tag", "vault"]].concat())
        .ends_with(2)
        .says("none of the 1 scenarios is meant");

    service.running.kill();
    let at_nobody = [&at[..], &[&plain, "--junit", junit.to_str().unwrap()]].concat();
    let ran = run(&at_nobody).ends_with(1).says("0 of 1 scenarios passed").says("1 say nothing");
    ran.says("inconclusive").says("no connection to http://127.0.0.1:").says("(infrastructure)");
    assert!(fs::read_to_string(&junit).unwrap().contains("errors=\"1\""));
    // Nothing was learned, so that there is nothing to keep; of somebody who talks nonsense there is.
    let kept = || {
        let rows = world.json(&["scenario", "health"])["scenarios"].clone();
        let plain =
            rows.as_array().unwrap().iter().find(|row| row["id"].as_str().unwrap().starts_with("plain/"));
        plain.unwrap()["history"]["evaluations"].clone()
    };
    world.factory(&[&at[..], &[&plain]].concat()).ends_with(1).says("inconclusive");
    assert!([Value::Null, json!(0)].contains(&kept()), "{}", kept());

    // Whoever talks nonsense fails, and nothing breaks.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 1024]);
            let _ = std::io::Write::write_all(&mut stream, b"\x00\xff nonsense \x1b[2J\r\n\r\n");
        }
    });
    run(&["scenario", "run", "--base-url", &url, &plain]).ends_with(1).says("0 of 1 scenarios passed");
    let ran =
        world.factory(&["scenario", "run", "--base-url", &url, &plain]).ends_with(1).says("(application)");
    ran.says("plain.md:");
    assert_eq!(kept(), 1);
}

fn tampered_observations_are_noticed() {
    let world = World::without_model();
    serve(&world, RIGHT);
    world.commit("It greets");
    let args = ["scenario", "sabotage", "--responses", "--state", "--at", "HEAD", "--format", "json"];
    let ran = world.factory(&args).ends_with(0);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["asserted"]["passed"], &report["asserted"]["unscored"]), (&json!(0), &json!(0)));
    assert!(report["asserted"]["tampered"].as_u64().unwrap() >= 10, "{}", report["asserted"]);
    assert!(report["asserted"]["upper_bound_bp"].as_u64().unwrap() < 3000);
    // Nothing is said of the type of the content, so that another is not noticed; the body is said word by word.
    let rows = report["scenarios"].as_array().unwrap();
    let row = rows.iter().find(|row| row["id"].as_str().unwrap().starts_with("plain/")).unwrap();
    let missing = row["missing_assertions"].as_array().unwrap();
    assert!(missing.contains(&json!("answer 1: header content-type removed")), "{row}");
    assert!(missing.iter().all(|missing| missing.as_str().unwrap().contains("content-type")), "{row}");
    let health = world.json(&["scenario", "health"]);
    let measured = health["scenarios"].as_array().unwrap().iter();
    assert!(measured.clone().all(|row| row["history"]["fidelity"]["passed"] == 0), "{health}");

    // A scenario that does not pass cannot notice anything.
    serve(&world, WRONG);
    world.commit("It greets everybody");
    let ran = world.factory(&["scenario", "sabotage", "--responses", "--at", "HEAD", "--filter", "dulcinea"]);
    ran.ends_with(1).says("not tampered with: the status is 404").says("nothing is known");
}

fn scenarios_are_listed_and_planned() {
    let world = World::without_model();
    let listed = world.json(&["scenario", "list"]);
    let rows = listed["scenarios"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(
        (&rows[0]["id"], &rows[0]["line"], &rows[0]["tags"], &rows[0]["covers"], &rows[0]["compiles"]),
        (
            &json!("plain/quixote-walks-in-and-is-welcomed"),
            &json!(1),
            &json!(["critical"]),
            &json!(["R1"]),
            &json!(true)
        )
    );
    world.factory(&["scenario", "list", "--tag", "critical"]).ends_with(0).never_says("Dulcinea");
    let plan = world.factory(&["scenario", "plan", "--filter", "sancho"]).ends_with(0);
    plan.says("restart").says("needs a deployment of its own").never_says("Dulcinea");
    plan_in_words(&world);
    let plans = world.json(&["scenario", "plan"]);
    assert!(plans["scenarios"].as_array().unwrap().iter().all(|row| row["plan"]["steps"].is_array()));

    world.write_holdout(
        "odd.md",
        "# Scenario: Odd\n\nWhen the client sends GET /hello\nThen the moon is full\nAnd the status is 200\n",
    );
    let plan = world.factory(&["scenario", "plan"]).ends_with(2).says("odd.md:4:").says("the moon is full");
    plan.says("1 of 4 scenarios cannot be compiled").says("Quixote");
    let odd = world.factory(&["scenario", "plan", "--filter", "odd", "--format", "json"]).ends_with(2);
    let plans: Value = serde_json::from_str(&odd.out).unwrap();
    let problem = &plans["scenarios"][0]["problems"][0];
    assert_eq!((&plans["scenarios"][0]["plan"], &problem["line"]), (&Value::Null, &json!(4)));
    world.factory(&["scenario", "list"]).ends_with(2).says("cannot be compiled").says("Quixote");
    // What may be a slip is said, and keeps nothing from running.
    world.write_holdout(
        "odd.md",
        "# Scenario: Odd\n@vaults\n\nWhen the client sends GET /hello\nThen the status is 200\n",
    );
    world.factory(&["scenario", "list", "--filter", "quixote"]).ends_with(0).says("[G104]").says("odd.md:2:");
    world.factory(&["doctor"]).says("note    holdouts  1 in ").says("factory scenario list shows what");
    world.write_holdout(
        "odd.md",
        "# Scenario: Odd\n\nWhen the client sends GET /hello\nThen the moon is full\n",
    );
    world.factory(&["scenario", "run", "--at", "HEAD"]).ends_with(2).says("the moon is full");
}

/// Two scenarios that want different things after the same steps: whoever wrote them has to change one.
fn contradictions() {
    let world = World::new(building(Vec::new()));
    serve(&world, RIGHT);
    world.commit("It greets");
    world.write_holdout(
        "rocinante.md",
        "# Scenario: Rocinante is unknown\n\nWhen GET /hello/rocinante is sent\nThen the status is 404\n\n\
         # Scenario: Rocinante is let in\n\nWhen GET /hello/rocinante is sent\nThen the status is 204\n",
    );
    let plan = world.factory(&["scenario", "plan", "--filter", "rocinante"]).ends_with(2);
    let plan = plan.says("specification: after the same steps nothing can satisfy both");
    plan.says("rocinante.md:4: the status is 404").says("rocinante.md:9: the status is 204");
    world.factory(&["scenario", "plan", "--filter", "let in"]).ends_with(0);
    let args =
        ["scenario", "run", "--at", "HEAD", "--runs", "1", "--filter", "rocinante", "--format", "json"];
    let ran = world.factory(&args).ends_with(1);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&report["passed"], &report["failed"]), (&json!(1), &json!(1)));
    let rows = report["scenarios"].as_array().unwrap();
    let reason = &rows.iter().find(|row| row["verdict"] == "failed").unwrap()["reasons"][0];
    assert_eq!(
        (&reason["cause"], &reason["attribution"]),
        (&json!("contradiction"), &json!("specification"))
    );
    assert!(
        reason["found"].as_str().unwrap().contains("rocinante-is-unknown` wants: the status is 404"),
        "{reason}"
    );
    // A run is not even started: no candidate could pass, however often it was sent back.
    let refused = world.run(&["--dry-run"]).ends_with(2);
    let refused = refused
        .says("rocinante/rocinante-is-unknown and rocinante/rocinante-is-let-in contradict each other");
    refused
        .says("1 pairs of its scenarios want different things")
        .says("`factory scenario plan` shows the sentences");
}

/// What a step does is said in words, and not in the form that programs read.
fn plan_in_words(world: &World) {
    world.write_holdout(
        "words.md",
        "# Scenario: Words\n\nWhen POST /x is sent with {\"a\": 1}\nThen the status is 2xx\nAnd the body is a JSON object\n\
         When I run `a`\nThen the exit code is 0\n",
    );
    let plan = world.factory(&["scenario", "plan", "--filter", "words"]).ends_with(0);
    let plan = plan.says("      POST /x json {\"a\":1}\n").says("      status 2xx\n").says("      run `a`\n");
    let plan = plan.says("      body is an object\n").says("      exit = 0\n");
    plan.says("its own: it runs a command\n").never_says("{\"equals\"").never_says("requests");
    fs::remove_file(world.holdouts().join("words.md")).unwrap();
}

fn what_cannot_be_evaluated() {
    let world = World::without_model();
    let run = |args: &[&str]| world.factory(&[&["scenario", "run"], args].concat()).ends_with(2);
    run(&[]).says("--base-url");
    run(&["--base-url", "http://127.0.0.1:9", "--at", "HEAD"]).says("cannot be used with");
    run(&["--base-url", "https://shop.test"]).says("without TLS");
    run(&["--base-url", "127.0.0.1:9"]).says("is no address of a service");
    run(&["--at", "no-such-branch"]).says("names no commit");
    run(&["--at", "HEAD", "--runs", "0"]).says("0 is not in");
    run(&["--at", "HEAD", "nowhere.md"]).says("`nowhere.md` cannot be read");
    run(&["--at", "HEAD", "--spec", "nowhere.md"]).says("cannot be read");
    // Before anything is run, or a service is even asked.
    run(&["--at", "HEAD", "--junit", "nowhere/junit.xml"])
        .says("--junit: nowhere/junit.xml cannot be written");
    let plain = world.holdouts().join("plain.md");
    let base = ["--base-url", "http://127.0.0.1:9", "--junit", "specs", plain.to_str().unwrap()];
    run(&base).says("--junit: specs cannot be written");
    world.factory(&["scenario", "sabotage", "--at", "HEAD"]).ends_with(2).says("--responses");
}

fn where_no_service_is_started() {
    let world = World::without_model();
    world.write("factory.toml", &FACTORY_TOML.replace("command = \"python3 -S service.py\"\n", ""));
    for verb in
        [&["run"][..], &["run", "--base-url", "http://127.0.0.1:9", "--against"], &["sabotage", "--state"]]
    {
        let at = if verb.contains(&"--against") { &["HEAD"][..] } else { &["--at", "HEAD"] };
        let ran = world.factory(&[&["scenario"], verb, at].concat()).ends_with(2);
        ran.says("plain.md:").says("`[deploy] command` is missing").says("some scenarios cannot be run");
    }
}

/// In a checkout are the project's files and nothing of this machine: no store, and no word on where holdouts are.
fn nothing_in_a_checkout_can_ask() {
    let world = World::without_model();
    let checkout: PathBuf = world.root().join("checkout");
    world.git(&["clone", "--quiet", ".", checkout.to_str().unwrap()]);
    for verb in [
        &["list"][..],
        &["plan"],
        &["run", "--at", "HEAD"],
        &["sabotage", "--responses", "--at", "HEAD"],
        &["health"],
    ] {
        let mut command = world.command(FACTORY, &[&["scenario"], verb].concat());
        command.current_dir(&checkout);
        let ran = process::run(command).ends_with(2).says("no holdout");
        for secret in ["uixote", "ulcinea", "Sancho", "set-aside"] {
            assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{verb:?}: {ran}");
        }
        assert!(!checkout.join(".factory").exists(), "{verb:?} makes no store");
    }
}
