//! Sentences that no rule reads: a model puts them in other words, or they are named; and nothing of that gets to where
//! holdouts may not be.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use factory_testkit::model_twin::{Call, Role};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::fixture::{APPROVE, FACTORY, SPEC, World, building, right};
use crate::process::{self, Ran};
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_run_uses_what_a_model_said_and_nobody_else_hears_of_it", a_run_uses_it),
        case("answers_that_cannot_be_used_are_told_and_pass_nothing", answers_that_cannot_be_used),
        case("an_endpoint_that_fails_is_told_and_passes_nothing", an_endpoint_that_fails),
        case("what_was_said_is_shown_kept_and_not_asked_again", what_was_said_is_kept),
        case("only_a_person_on_this_machine_names_the_model", only_a_person_names_the_model),
    ]
}

/// Nobody can read its sentences. Its words occur nowhere else.
const ODD: &str = "# Scenario: Rocinante trots up\nCovers: R1\n\nWhen Rocinante trots up to the gate\nThen the horse is \
                   welcomed like anybody\n";
const STEPS: &str = "about = ['api.txt']\n";
const API: &str = "GET /hello welcomes, with {\"greeting\": \"hello\"}; so much for the gate of La Mancha.\n";
/// What stands in all that quotes the scenario, or the notes to it.
const SECRETS: [&str; 4] = ["Rocinante", "trots up", "welcomed like anybody", "La Mancha"];

fn odd(world: &World) {
    world.write_holdout("odd.md", ODD);
    world.write_holdout("steps.toml", STEPS);
    world.write_holdout("api.txt", API);
}

fn said(first: &[&str], second: &[&str]) -> Value {
    json!({ "sentences": [{ "sentence": 1, "steps": first }, { "sentence": 2, "steps": second }] })
}

fn good() -> Value {
    said(&["GET /hello is sent"], &["the status is 200", "the body is {\"greeting\": \"hello\"}"])
}

/// Fails if a secret is in the text.
#[track_caller]
fn is_free(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} has `{secret}`: {text}");
    }
}

/// Fails if a secret is in a file below the folder, but for the evaluator's.
fn are_free(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() && entry.file_name().unwrap() != "evaluator" {
            are_free(&entry);
        } else if entry.is_file() {
            is_free(&entry.display().to_string(), &String::from_utf8_lossy(&fs::read(&entry).unwrap()));
        }
    }
}

fn kept(world: &World) -> Vec<PathBuf> {
    let files = fs::read_dir(world.store().join("evaluator/translations")).into_iter().flatten();
    files.map(|entry| entry.unwrap().path()).collect()
}

fn a_run_uses_it() {
    let evaluator = vec![vec![Call::submit(good())]];
    let world = World::new(building(vec![right()]).with(Role::Evaluator, evaluator));
    odd(&world);
    let as_today = world.run(&["--dry-run"]).ends_with(2).says("odd.md:4:1: Rocinante trots up to the gate");
    as_today.says("no rule understands it").says("[evaluator] model");
    // A dry run sends nothing, whoever is named.
    world.run(&["--dry-run", "--evaluator-model", "twin"]).ends_with(2).says("odd.md:4:1: ");
    assert!(world.twin().requests().is_empty());

    let cassette = world.root().join("run.cassette.jsonl");
    let record = ["--record", cassette.to_str().unwrap(), "--evaluator-model", "twin"];
    let mut command = world.command(FACTORY, &[&["run", SPEC, APPROVE], &record[..]].concat());
    command.env("FACTORY_LOG", "trace");
    let ran = process::run(command).ends_with(0);
    let ran = ran.says("2 sentences stand in the words of twin").says("  used: 1 calls").says("4 of 4");
    world.assert_merged();
    is_free("what is printed and traced", &format!("{}{}", ran.out, ran.err));
    let asked = world.twin().requests_of(Role::Evaluator);
    assert_eq!(asked.len(), 1);
    assert!(SECRETS.iter().all(|secret| asked[0].text().contains(secret)), "{}", asked[0].text());
    assert!(!asked[0].text().contains("Quixote"), "others are none of its business: {}", asked[0].text());
    assert_eq!(asked[0].body["tools"].as_array().unwrap().len(), 1, "it can hand in, and nothing else");
    for seen in world.twin().requests().iter().filter(|seen| seen.role != Some(Role::Evaluator)) {
        is_free("a request", &seen.body.to_string());
    }
    is_free("the recording", &fs::read_to_string(&cassette).unwrap());
    are_free(&world.store());
    for verb in [&["runs", "show"][..], &["runs", "logs"], &["decision", "list"], &["decision", "export"]] {
        is_free(verb[1], &world.factory(&[verb, &["--format", "json"]].concat()).out);
    }
    assert_eq!(kept(&world).len(), 1);

    // The recording replays without a model, with what was kept; and nobody is asked where nothing was.
    let other = World::without_model();
    odd(&other);
    fs::copy(&cassette, other.root().join("run.jsonl")).unwrap();
    let replay = [APPROVE, "--replay", "../run.jsonl", "--evaluator-model", "twin"];
    other.run(&replay).ends_with(2).says("odd.md:4:1: ").never_says("cannot be asked");
    let from = kept(&world).remove(0);
    let to = other.store().join("evaluator/translations");
    fs::create_dir_all(&to).unwrap();
    fs::copy(&from, to.join(from.file_name().unwrap())).unwrap();
    other.run(&replay).ends_with(0).never_says("differs from the recording");
    other.assert_merged();
    assert_eq!(world.twin().requests_of(Role::Evaluator).len(), 1);
}

/// What an endpoint sends back.
#[derive(Clone)]
enum Reply {
    Text(&'static str),
    /// Arguments of `submit`, JSON or not.
    Submits(String),
    Raw(u16, &'static str),
}

/// An endpoint that says the same whenever it is asked about a scenario: what stands beside a word of it.
struct Scripted {
    url: String,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Scripted {
    fn start(replies: Vec<(String, Reply)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let asked = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if let Some(body) = answer(stream, &replies) {
                    asked.lock().unwrap().push(body);
                }
            }
        });
        Self { url, seen }
    }

    /// Says the same to everybody.
    fn saying(reply: Reply) -> Self {
        Self::start(vec![(String::new(), reply)])
    }

    /// How often it was asked about a scenario with this word.
    fn asked_about(&self, word: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|body| body["messages"][1].to_string().contains(word)).count()
    }

    fn asked(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// `factory scenario` with this endpoint and little patience.
    fn scenario(&self, world: &World, args: &[&str]) -> Ran {
        let mut command = world.command(FACTORY, &[&["scenario"], args].concat());
        command.env("OPENAI_BASE_URL", &self.url).env("OPENAI_API_KEY", "sk-only-for-tests");
        command.env("FACTORY_MODEL_RETRY_SECONDS", "0");
        process::run(command)
    }
}

/// Reads a request, and answers it.
fn answer(mut stream: TcpStream, replies: &[(String, Reply)]) -> Option<Value> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(("content-length", value)) = line.to_lowercase().trim().split_once(": ") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).ok()?;
    let asked = body["messages"][1].to_string();
    let (_, reply) = replies.iter().find(|(word, _)| asked.contains(word))?;
    let message = |content: Value, calls: Value| {
        json!({ "id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [{ "index": 0,
                "finish_reason": "stop", "message": { "role": "assistant", "content": content, "tool_calls": calls } }] })
        .to_string()
    };
    let (status, text) = match reply {
        Reply::Text(text) => (200, message(json!(text), Value::Null)),
        Reply::Submits(arguments) => {
            let call = json!({ "name": "submit", "arguments": arguments });
            (200, message(Value::Null, json!([{ "id": "1", "type": "function", "function": call }])))
        }
        Reply::Raw(status, text) => (*status, (*text).to_owned()),
    };
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    stream.write_all((head + &text).as_bytes()).ok()?;
    Some(body)
}

fn submits(what: &Value) -> Reply {
    Reply::Submits(what.to_string())
}

fn answers_that_cannot_be_used() {
    let world = World::without_model();
    fs::remove_dir_all(world.holdouts()).unwrap();
    odd(&world);
    let hello = "GET /hello is sent";
    let json = |text: &str| Reply::Submits(text.to_owned());
    let then = |step: &str| submits(&said(&[hello], &[step]));
    let cases: [(Reply, &str); 14] = [
        (Reply::Text("I would say that it is fine."), "it answered without calling `submit`"),
        (Reply::Text(""), "it answered without calling `submit`"),
        (json("{\"sentences\": [{"), "the arguments are not JSON"),
        (json("<html>"), "the arguments are not JSON"),
        (json("{\"plan\": {\"steps\": []}}"), "Additional properties are not allowed"),
        (
            json("{\"sentences\": []}"),
            "say something of each of these sentences, once, and of no other: 1, 2",
        ),
        (then("the status is anything"), "`the status is anything`: no rule understands it"),
        (then("the status is 1xx, 2xx, 3xx, 4xx or 5xx"), "name one class of statuses"),
        (then("the status is not 599"), "say which status it is"),
        (then("the body contains \"\""), "this cannot fail"),
        (then("the body is not empty"), "only says that there is some answer"),
        (then("the field \"id\" is \"{nobody}\""), "nothing called `nobody` has been remembered"),
        (submits(&said(&["the moon is full"], &["the status is 200"])), "`the moon is full`: no rule"),
        (submits(&said(&["I run `true`"], &["the exit code is 0"])), "speaks of a command `true`"),
    ];
    let name = |number: usize| format!("Horse{number:02}");
    let mut replies = Vec::new();
    for (number, (reply, _)) in cases.iter().enumerate() {
        world.write_holdout(&format!("{}.md", name(number)), &ODD.replace("Rocinante", &name(number)));
        replies.push((name(number), reply.clone()));
    }
    // Whoever does not know says so, and is not asked to make something up.
    let unclear = json!({ "sentences": [
        { "sentence": 1, "steps": [hello] },
        { "sentence": 2, "steps": [], "unclear": "how a horse is welcomed" },
    ] });
    replies.push(("Rocinante".to_owned(), submits(&unclear)));
    let endpoint = Scripted::start(replies);
    let ran = endpoint.scenario(&world, &["plan", "--model", "m"]).ends_with(2);
    let ran = ran.says("15 of 15 scenarios cannot be compiled");
    for (number, (_, told)) in cases.iter().enumerate() {
        let at = format!("{}.md:4:1: {} trots up to the gate\n", name(number), name(number));
        let (_, why) = ran.out.split_once(&at).unwrap();
        let why = why.split("Horse").next().unwrap();
        assert!(
            why.contains("m was asked, and what it said cannot be used: ") && why.contains(told),
            "{told}: {why}"
        );
        let asked = endpoint.asked_about(&name(number));
        assert!((3..=4).contains(&asked), "{told}: asked {asked} times");
    }
    ran.says("odd.md:5:1: ").says("m cannot say it in other words: how a horse is welcomed");
    assert_eq!((endpoint.asked_about("Rocinante"), kept(&world).len()), (1, 0));
    // What is not understood is run nowhere.
    let run = ["run", "--base-url", "http://127.0.0.1:9", "--filter", "horse08", "--model", "m"];
    endpoint.scenario(&world, &run).ends_with(2).says("some scenarios cannot be run");
}

fn an_endpoint_that_fails() {
    let world = World::without_model();
    odd(&world);
    world.write_holdout("odder.md", &ODD.replace("Rocinante", "Rucio"));
    for (reply, told) in [
        (
            Reply::Raw(401, "{\"error\": {\"message\": \"no such key: sk-only-for-tests\"}}"),
            "401: no such key: [key]",
        ),
        (Reply::Raw(200, "<html>It works!</html>"), "not a chat completion"),
        (Reply::Raw(503, "later"), "503"),
    ] {
        let endpoint = Scripted::saying(reply);
        let ran = endpoint.scenario(&world, &["plan", "--model", "m"]).ends_with(2);
        let ran = ran.says("the evaluator's model cannot be asked").says(told).says("odd.md:4:1: ");
        ran.never_says("sk-only-for-tests").says("2 of 5 scenarios cannot be compiled").says("Quixote");
        assert_eq!(endpoint.asked(), 1, "{told}: nobody else is asked about");
    }
    let down = Scripted { url: "http://127.0.0.1:9/v1".to_owned(), seen: Arc::default() };
    let ran = down.scenario(&world, &["plan", "--model", "m"]).ends_with(2);
    ran.says("the evaluator's model cannot be asked").says("onnection refused");
    assert!(kept(&world).is_empty());
}

fn what_was_said_is_kept() {
    let world = World::without_model();
    odd(&world);
    let endpoint = Scripted::saying(submits(&good()));
    let plan = ["plan", "--filter", "rocinante", "--model", "m"];
    let shown = endpoint.scenario(&world, &plan).ends_with(0);
    let shown = shown.says("in the words of m:").says("GET /hello is sent").says("2 sentences stand");
    shown.says("body = {\"greeting\":\"hello\"}");
    assert_eq!(endpoint.asked(), 1);
    // From now on no endpoint is needed, and it means the same.
    let again = |args: &[&str]| world.factory(&[&["scenario"], args].concat());
    let rows = |ran: Ran| serde_json::from_str::<Value>(&ran.out).unwrap()["scenarios"].clone();
    let planned = rows(again(&[&plan[..], &["--format", "json"]].concat()).ends_with(0));
    assert_eq!(planned[0]["translations"][1]["model"], "m");
    assert_eq!(planned[0]["translations"][1]["sentence"], 1);
    assert_eq!(planned[0]["translations"][1]["steps"][0], "the status is 200");
    again(&["list"]).ends_with(2).says("cannot be compiled");
    let local = fs::read_to_string(world.store().join("local.toml")).unwrap();
    world.write(".factory/local.toml", &format!("{local}\n[evaluator]\nmodel = \"m\"\n"));
    // As phrases they are a person's, and need no model.
    let phrases = again(&["plan", "--filter", "rocinante", "--model", "m", "--phrases"]).ends_with(0).out;
    world.write_holdout("steps.toml", &phrases);
    again(&["plan", "--filter", "rocinante"]).ends_with(0).never_says("in the words of");
    world.write_holdout("steps.toml", STEPS);
    // Doctor asks nobody, and finds them as a run would.
    world.factory(&["doctor"]).never_says("cannot be compiled");

    // What was changed is named, and not used.
    let file = kept(&world).remove(0);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("the status is 200", "the status is 404")).unwrap();
    let ran = endpoint.scenario(&world, &["plan"]).ends_with(2).says("is damaged; remove it");
    ran.says(file.to_str().unwrap()).says("odd.md:4:1: ");
    fs::remove_file(&file).unwrap();
    endpoint.scenario(&world, &["plan"]).ends_with(0);
    assert_eq!((endpoint.asked(), kept(&world).len()), (2, 1));
    // Where there is no project it is not kept, and that is said.
    let elsewhere = tempfile::tempdir().unwrap();
    for (name, text) in [("odd.md", ODD), ("steps.toml", STEPS), ("api.txt", API)] {
        fs::write(elsewhere.path().join(name), text).unwrap();
    }
    let mut command = world.command(FACTORY, &["scenario", "plan", "odd.md", "--model", "m"]);
    command.current_dir(elsewhere.path()).env("OPENAI_BASE_URL", &endpoint.url);
    process::run(command).ends_with(0).says("is not kept");
}

fn only_a_person_names_the_model() {
    let world = World::without_model();
    odd(&world);
    let toml = fs::read_to_string(world.project().join("factory.toml")).unwrap();
    world.write("factory.toml", &format!("{toml}\n[evaluator]\nmodel = \"m\"\n"));
    let endpoint = Scripted::saying(submits(&good()));
    let ran = endpoint.scenario(&world, &["plan"]).ends_with(2);
    ran.says("unknown field `evaluator`");
    // `[model]` is for those who make the change: it is no leave to be shown scenarios.
    world.write("factory.toml", &format!("{toml}\n[model]\nname = \"m\"\n"));
    endpoint.scenario(&world, &["plan"]).ends_with(2).says("no rule understands it");
    assert_eq!(endpoint.asked(), 0);
    let mut command = world.command(FACTORY, &["scenario", "plan"]);
    command.env("OPENAI_BASE_URL", &endpoint.url).env("FACTORY_EVALUATOR_MODEL", "m");
    process::run(command).ends_with(0).says("in the words of m:");
    assert_eq!(endpoint.asked(), 1);
}
