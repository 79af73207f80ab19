//! Recording and replay.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use factory_agents::model::{
    AnsweredBy, Endpoint as Described, Header, MatchMode, OpenAiModel, RecordingModel, Redactor, ReplayModel,
    Secret,
};
use factory_core::ids::Attempt;
use factory_engine::port::agents::{AgentError, AgentFailed, Agents, Answered};
use factory_engine::port::model::{Answer, CallSite, Message, ModelClient, ModelError, ModelRequest};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, Reply};
use crate::support::{Desk, Script, Watcher, agents, calls, plan_json, prose, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("recording::a_session_replays_without_its_endpoint", a_session_replays_without_its_endpoint),
        trial(
            "recording::what_varies_is_tolerated_and_drift_is_reported",
            what_varies_is_tolerated_and_drift_is_reported,
        ),
        trial("recording::exact_misses_what_differs", exact_misses_what_differs),
        trial("recording::a_miss_says_what_differs", a_miss_says_what_differs),
        trial("recording::a_missing_attempt_is_named", a_missing_attempt_is_named),
        trial(
            "recording::a_damaged_line_is_an_error_with_its_place",
            a_damaged_line_is_an_error_with_its_place,
        ),
        trial(
            "recording::an_attempt_that_is_begun_again_replaces_itself",
            an_attempt_that_is_begun_again_replaces_itself,
        ),
        trial("recording::a_line_cut_short_by_a_crash_is_dropped", a_line_cut_short_by_a_crash_is_dropped),
        trial("recording::credentials_are_not_written", credentials_are_not_written),
        trial(
            "recording::calls_that_run_side_by_side_are_kept_apart",
            calls_that_run_side_by_side_are_kept_apart,
        ),
        trial("recording::a_conversation_is_written_once", a_conversation_is_written_once),
    ]
}

fn header() -> Header {
    Header::new(AnsweredBy::Hand, "a-model", "answered in a test")
}

/// A build by `model` in a fresh checkout whose `word` file holds `word`; with the file it made.
async fn build(
    model: Arc<dyn ModelClient>,
    word: &str,
) -> (Result<Answered<String>, AgentFailed>, Option<String>) {
    let desk = Desk::planned(1, &[("word", word)]);
    let built = agents(model).build(desk.work(), &[]).await;
    (built, desk.file("made.txt"))
}

/// The answers of a build that prints what varies, and where it is.
fn script() -> Vec<Answer> {
    vec![
        calls("bash", json!({ "command": "cat word; echo took $(date +%N) ms; echo $$; pwd" })),
        calls("edit", json!({ "path": "${FACTORY_ROOT}/made.txt", "old": "", "new": "made" })),
        calls("submit", json!({ "summary": "done" })),
    ]
}

/// Records a build by the script.
async fn record(path: &Path) {
    let model = RecordingModel::open(path, header(), Redactor::default(), Script::new(script())).unwrap();
    let (built, made) = build(Arc::new(model), "alpha").await;
    assert_eq!((built.unwrap().value.as_str(), made.as_deref()), ("done", Some("made")));
}

fn replay(path: &Path, mode: MatchMode) -> Arc<ReplayModel> {
    Arc::new(ReplayModel::from_file(path, mode).unwrap())
}

async fn a_session_replays_without_its_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassette.jsonl");
    let endpoint = Endpoint::start(|number, _| match number {
        0 => Reply::says(None, &[("list", json!({})), ("read", json!({ "path": "word" }))]),
        _ => Reply::says(Some("here"), &[("submit", plan_json())]),
    })
    .await;
    let described =
        Described { api_key: Some(Secret::new("the-key")), ..Described::new(&endpoint.base_url, "a-model") };
    let live = OpenAiModel::new(described).unwrap();
    let recording = RecordingModel::open(&path, header(), Redactor::default(), live).unwrap();
    let plan = async |model: Arc<dyn ModelClient>| {
        let desk = Desk::new("plan", 1, &[("word", "alpha")]);
        agents(model).plan(desk.work()).await
    };
    let live = plan(Arc::new(recording)).await.unwrap();
    assert_eq!(live.usage.calls, 2);
    drop(endpoint);

    for mode in [MatchMode::Positional, MatchMode::Exact] {
        let model = replay(&path, mode);
        assert_eq!(model.unused().len(), 2);
        assert_eq!(plan(Arc::clone(&model) as Arc<dyn ModelClient>).await.unwrap(), live);
        assert!(model.unused().is_empty());
    }
    let text = fs::read_to_string(&path).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["answered_by"], "hand");
    let second: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&second["requested"], &second["resolved"]), (&json!("a-model"), &json!("twin-2026-01-01")));
    assert!(!text.contains("the-key") && !text.contains(&folder.path().display().to_string()));
}

async fn what_varies_is_tolerated_and_drift_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassette.jsonl");
    record(&path).await;

    let watcher = Arc::new(Watcher::default());
    let model = ReplayModel::from_file(&path, MatchMode::Positional).unwrap().report_to(watcher.clone());
    let (built, made) = build(Arc::new(model), "alpha").await;
    assert_eq!((built.unwrap().value.as_str(), made.as_deref()), ("done", Some("made")));
    assert_eq!(watcher.drifts(), Vec::<String>::new());

    let model = ReplayModel::from_file(&path, MatchMode::Positional).unwrap().report_to(watcher.clone());
    let (built, _) = build(Arc::new(model), "beta").await;
    assert!(built.is_ok());
    let drifts = watcher.drifts();
    assert_eq!(drifts.len(), 1, "reported where it is new: {drifts:?}");
    assert!(drifts[0].starts_with("build attempt 1, call 2: recorded `alpha"), "{drifts:?}");
    assert!(drifts[0].contains("now `beta"), "{drifts:?}");
}

fn miss(built: Result<Answered<String>, AgentFailed>) -> (String, String) {
    match built.unwrap_err().reason {
        AgentError::Model(ModelError::Miss { site, difference, .. }) => (site, difference),
        other => panic!("{other:?}"),
    }
}

async fn exact_misses_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassette.jsonl");
    record(&path).await;
    let (built, _) = build(replay(&path, MatchMode::Exact), "beta").await;
    let (site, difference) = miss(built);
    assert_eq!(site, "call 2 of build attempt 1");
    assert!(difference.starts_with("message 4 (tool) differs at line 2\n  recorded: alpha"), "{difference}");
    assert!(difference.contains("\n  now:      beta"), "{difference}");
    // Other prompts do not explain what a tool printed.
    let digest = factory_agents::prompts::digest().to_string();
    let older = fs::read_to_string(&path).unwrap().replace(&digest, &"0".repeat(64));
    let older = ReplayModel::from_bytes("older", older.as_bytes(), MatchMode::Exact).unwrap();
    let (built, _) = build(Arc::new(older), "beta").await;
    let (_, difference) = miss(built);
    assert!(difference.contains("now:      beta") && !difference.contains("prompts"), "{difference}");
}

/// A request that only asks.
fn request(text: &str) -> ModelRequest {
    ModelRequest { messages: vec![Message::User { text: text.to_owned() }], tools: Vec::new() }
}

fn site(stage: &str, attempt: u32, ordinal: u32) -> CallSite {
    CallSite { stage: stage.parse().unwrap(), attempt: Attempt(attempt), ordinal }
}

/// Records calls as they are listed, each with an answer of its own.
async fn record_calls(path: &Path, calls: &[(CallSite, &str, &str)]) {
    let answers = calls.iter().map(|(_, _, answer)| prose(answer)).collect();
    let model = RecordingModel::open(path, header(), Redactor::default(), Script::new(answers)).unwrap();
    for (site, asked, _) in calls {
        model.complete(site, &request(asked)).await.unwrap();
    }
}

async fn difference(model: &ReplayModel, site: &CallSite, asked: &str) -> String {
    match model.complete(site, &request(asked)).await.unwrap_err() {
        ModelError::Miss { difference, .. } => difference,
        other => panic!("{other:?}"),
    }
}

async fn a_miss_says_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassette.jsonl");
    record_calls(&path, &[(site("plan", 1, 1), "do\nthis\nnow", "ok")]).await;
    let model = replay(&path, MatchMode::Positional);
    assert!(model.complete(&site("plan", 1, 1), &request("do  \r\nthis\r\nnow\n")).await.is_ok());
    let told = difference(&model, &site("plan", 1, 1), "do\nthat\nnow").await;
    assert_eq!(told, "message 1 (user) differs at line 2\n  recorded: this\n  now:      that");

    let text = fs::read_to_string(&path).unwrap();
    let digest = factory_agents::prompts::digest().to_string();
    let older = text.replace(&digest, &"0".repeat(64));
    let model = ReplayModel::from_bytes("older", older.as_bytes(), MatchMode::Positional).unwrap();
    let told = difference(&model, &site("plan", 1, 1), "else").await;
    assert!(told.ends_with("\nthe prompts have changed since it was recorded"), "{told}");
    // They explain neither an attempt that was never recorded nor a request that is the same.
    let told = difference(&model, &site("plan", 2, 1), "do\nthis\nnow").await;
    assert_eq!(told, "no recorded call for plan attempt 2 (recorded attempts: 1)");
    assert!(model.complete(&site("plan", 1, 1), &request("do\nthis\nnow")).await.is_ok());
}

async fn a_missing_attempt_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassette.jsonl");
    let calls =
        [(site("build", 1, 1), "a", "1"), (site("build", 1, 2), "b", "2"), (site("build", 2, 1), "c", "3")];
    record_calls(&path, &calls).await;
    let text = fs::read_to_string(&path).unwrap();
    let without: String = text
        .lines()
        .filter(|line| !line.contains(r#""attempt":2"#))
        .map(|line| format!("{line}\n"))
        .collect();
    let model = ReplayModel::from_bytes("demo", without.as_bytes(), MatchMode::Positional).unwrap();
    let error = model.complete(&site("build", 2, 1), &request("c")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the recording demo holds no answer for call 1 of build attempt 2: no recorded call for build attempt 2 (recorded attempts: 1)"
    );
    assert_eq!(
        difference(&model, &site("build", 1, 3), "x").await,
        "the recording of build attempt 1 ends after call 2"
    );
    assert_eq!(
        difference(&model, &site("review", 1, 1), "x").await,
        "no recorded call for review attempt 1 (nothing is recorded for review)"
    );
    assert_eq!(model.unused(), [site("build", 1, 1), site("build", 1, 2)]);
}

async fn a_damaged_line_is_an_error_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassette.jsonl");
    record(&path).await;
    let text = fs::read_to_string(&path).unwrap();
    let read = |bytes: &[u8]| match ReplayModel::from_bytes("demo.jsonl", bytes, MatchMode::Positional).err()
    {
        Some(ModelError::Cassette { cassette, detail }) => (cassette, detail),
        other => panic!("{other:?}"),
    };
    let lines: Vec<&str> = text.lines().collect();
    let with = |number: usize, line: &str| {
        let mut lines = lines.clone();
        lines[number - 1] = line;
        lines.join("\n") + "\n"
    };
    let (place, _) = read(with(3, &lines[2][..lines[2].len() / 2]).as_bytes());
    assert_eq!(place, "demo.jsonl:3");
    let (place, _) = read(with(2, "").as_bytes());
    assert_eq!(place, "demo.jsonl:2");
    let (place, detail) =
        read(with(2, &lines[1].replace("The program MUST greet", "The program MUST sing")).as_bytes());
    assert_eq!((place.as_str(), detail.as_str()), ("demo.jsonl:2", "the request does not fit its key"));
    let (place, detail) = read(with(1, &lines[0].replace(r#""schema":1"#, r#""schema":2"#)).as_bytes());
    assert_eq!(place, "demo.jsonl:1");
    assert!(detail.contains("format version 2"), "{detail}");
    let (_, detail) =
        read(with(2, &lines[1].replace(r#""take":1"#, r#""take":1,"colour":"red""#)).as_bytes());
    assert!(detail.contains("colour"), "{detail}");
    let (place, detail) = read(text.trim_end().as_bytes());
    assert_eq!((place.as_str(), detail.as_str()), ("demo.jsonl:4", "the last line is not complete"));
    let (place, _) = read(&[text.as_bytes(), b"\xff\n"].concat());
    assert_eq!(place, "demo.jsonl:5");
    let (place, detail) = read(b"");
    assert_eq!((place.as_str(), detail.as_str()), ("demo.jsonl:1", "it is empty"));
    let (place, detail) = read(format!("{text}{}\n", lines[1]).as_bytes());
    assert_eq!((place.as_str(), detail.as_str()), ("demo.jsonl:5", "call 1 is there twice in take 1"));
    let (place, detail) = read(with(3, &lines[2].replace(r#""after":1"#, r#""after":2"#)).as_bytes());
    assert_eq!(place, "demo.jsonl:3");
    assert!(detail.contains("follows call 2"), "{detail}");
    let (place, detail) = read(format!("{}\n{}\n", lines[0], lines[2]).as_bytes());
    assert_eq!(place, "demo.jsonl:2");
    assert!(detail.contains("follows call 1"), "{detail}");
}

async fn an_attempt_that_is_begun_again_replaces_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassette.jsonl");
    let first = [
        (site("plan", 1, 1), "p", "plan"),
        (site("build", 1, 1), "a", "old 1"),
        (site("build", 1, 2), "b", "old 2"),
        (site("build", 1, 3), "c", "old 3"),
    ];
    record_calls(&path, &first).await;
    // Another process goes on after a crash: the attempt begins again and is shorter.
    record_calls(&path, &[(site("build", 1, 1), "a", "new 1"), (site("build", 1, 2), "b2", "new 2")]).await;
    let model = replay(&path, MatchMode::Positional);
    assert_eq!(model.unused(), [site("build", 1, 1), site("build", 1, 2), site("plan", 1, 1)]);
    for (site, asked, said) in [
        (site("plan", 1, 1), "p", "plan"),
        (site("build", 1, 1), "a", "new 1"),
        (site("build", 1, 2), "b2", "new 2"),
    ] {
        let completion = model.complete(&site, &request(asked)).await.unwrap();
        assert_eq!(completion.answer.text.as_deref(), Some(said));
    }
    assert!(model.complete(&site("build", 1, 3), &request("c")).await.is_err());
    // The same within one process.
    let again =
        [(site("build", 1, 1), "a", "x"), (site("build", 1, 2), "b", "y"), (site("build", 1, 1), "a", "z")];
    record_calls(&path, &again).await;
    let model = replay(&path, MatchMode::Positional);
    assert_eq!(model.unused(), [site("build", 1, 1), site("plan", 1, 1)]);
}

async fn a_line_cut_short_by_a_crash_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassette.jsonl");
    record_calls(&path, &[(site("plan", 1, 1), "p", "plan")]).await;
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{whole}{{\"site\":{{\"stage\":\"bui")).unwrap();
    record_calls(&path, &[(site("build", 1, 1), "a", "1")]).await;
    assert!(fs::read_to_string(&path).unwrap().starts_with(&whole));
    assert_eq!(replay(&path, MatchMode::Positional).unused().len(), 2);
}

async fn credentials_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassette.jsonl");
    let key = "sk-abcdefghijklmnop0123456789";
    let redactor = Redactor::knowing(vec![Secret::new("known-key")]);
    let script = Script::new(vec![prose(&format!("I saw {key} and known-key"))]);
    let model = RecordingModel::open(&path, header(), redactor, script).unwrap();
    let asked = request(&format!("OPENAI_API_KEY={key}"));
    let completion = model.complete(&site("plan", 1, 1), &asked).await.unwrap();
    assert!(completion.answer.text.unwrap().contains(key), "the run itself goes on with what was said");
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(key) && !text.contains("known-key"), "{text}");
    // The same request still finds its answer.
    let replayed = replay(&path, MatchMode::Exact).complete(&site("plan", 1, 1), &asked).await.unwrap();
    assert_eq!(replayed.answer.text.as_deref(), Some("I saw [redacted] and [redacted]"));
}

async fn calls_that_run_side_by_side_are_kept_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassette.jsonl");
    let calls = [
        (site("verify", 1, 3), "c", "3"),
        (site("verify", 1, 1), "a", "1"),
        (site("verify", 1, 2), "b", "2"),
    ];
    record_calls(&path, &calls).await;
    let model = replay(&path, MatchMode::Exact);
    for (site, asked, said) in &calls {
        let completion = model.complete(site, &request(asked)).await.unwrap();
        assert_eq!(completion.answer.text.as_deref(), Some(*said));
    }
}

async fn a_conversation_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cassette.jsonl");
    record(&path).await;
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches("The program MUST greet").count(), 1);
    assert_eq!(text.matches(r#""after":2"#).count(), 1);
    let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(header["schema"], 1);
}
