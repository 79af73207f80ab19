//! What the evaluator costs: a request beside hurl and beside a bare client, a thousand scenarios against a trivial server,
//! and how many verdicts an hour both examples get. All of it through the shipped binary.
//!
//! `cargo bench -p factory-cli --bench evaluator` prints it; `docs/performance.md` says how to read it. hurl is
//! left out, by name, where it is not on the PATH or in `HURL`.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

const FACTORY: &str = env!("CARGO_BIN_EXE_factory");
const ANSWER: &str = r#"{"name": "Ann", "total": 1}"#;
/// Requests of the short and the long scenario; what lies between them is what a request costs without the start.
const FEW: usize = 1;
const MANY: usize = 2_001;
const ROUNDS: usize = 7;

fn main() {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let url = serve();
    requests(place.path(), &url);
    thousand(place.path(), &url);
    for example in ["todo-cli", "password-reset"] {
        verdicts(place.path(), example);
    }
}

/// A server that answers everything alike, as long as this process lives. It gives its address.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    url
}

fn answer(mut stream: TcpStream) {
    stream.set_nodelay(true).expect("a socket");
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut line = String::new();
    let mut closes = false;
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        closes |= line.to_lowercase().starts_with("connection: close");
        if line == "\r\n" {
            let close = if closes { "Connection: close\r\n" } else { "" };
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{close}\r\n",
                ANSWER.len()
            );
            if stream.write_all(format!("{head}{ANSWER}").as_bytes()).is_err() || closes {
                return;
            }
        }
        line.clear();
    }
}

/// A bare client: one connection, a request after the other, each answer read and nothing asked of it.
fn bare(url: &str, requests: usize) {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    for _ in 0..requests {
        stream.write_all(format!("GET /thing HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).expect("sent");
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).expect("an answer");
        }
        let mut body = vec![0; ANSWER.len()];
        reader.read_exact(&mut body).expect("a body");
    }
}

/// One scenario of so many requests, each with two assertions, and the same for hurl.
fn written(place: &Path, url: &str, requests: usize) -> (PathBuf, PathBuf) {
    let (own, hurl) = (place.join(format!("{requests}.md")), place.join(format!("{requests}.hurl")));
    let step = "When GET /thing is sent\nThen the status is 200\nAnd the field \"total\" is 1\n";
    fs::write(&own, format!("# Scenario: Many\n\n{}", step.repeat(requests))).expect("written");
    let entry = format!("GET {url}/thing\nHTTP 200\n[Asserts]\njsonpath \"$.total\" == 1\n\n");
    fs::write(&hurl, entry.repeat(requests)).expect("written");
    (own, hurl)
}

fn requests(place: &Path, url: &str) {
    let (few, few_hurl) = written(place, url, FEW);
    let (many, many_hurl) = written(place, url, MANY);
    let hurl = std::env::var_os("HURL").map_or_else(|| PathBuf::from("hurl"), PathBuf::from);
    let has_hurl =
        Command::new(&hurl).arg("--version").stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    let own = |file: &Path| succeeds(factory(place, url, file));
    let other = |file: &Path| {
        let mut command = Command::new(&hurl);
        command.args(["--test", "--no-color"]).arg(file);
        succeeds(command);
    };
    let (mut own_times, mut hurl_times, mut bare_times) = (Vec::new(), Vec::new(), Vec::new());
    let (mut own_start, mut hurl_start) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (short, long) = (timed(|| own(&few)), timed(|| own(&many)));
        own_start.push(short);
        own_times.push(long.saturating_sub(short) / (MANY - FEW) as u32);
        if has_hurl {
            let (short, long) = (timed(|| other(&few_hurl)), timed(|| other(&many_hurl)));
            hurl_start.push(short);
            hurl_times.push(long.saturating_sub(short) / (MANY - FEW) as u32);
        }
        bare_times.push(timed(|| bare(url, MANY)) / MANY as u32);
    }
    let bare = median(bare_times);
    let of = |time: Duration| time.as_secs_f64() / bare.as_secs_f64();
    let own = median(own_times);
    println!("a bare request: {bare:?}");
    println!(
        "a request of a scenario: {own:?}, {:.1} bare ones; of it overhead {:?}",
        of(own),
        own.saturating_sub(bare)
    );
    println!("a process with one request: {:?}", median(own_start));
    if has_hurl {
        let hurl = median(hurl_times);
        println!(
            "a request of hurl: {hurl:?}, {:.1} bare ones; of it overhead {:?}",
            of(hurl),
            hurl.saturating_sub(bare)
        );
        println!("a process of hurl with one request: {:?}", median(hurl_start));
        let overhead = |time: Duration| time.saturating_sub(bare).as_secs_f64();
        println!("overhead beside hurl's: {:.2}", overhead(own) / overhead(hurl));
    } else {
        println!(
            "hurl is not here, so nothing was measured beside it: cargo install hurl --version 8.0.1 --locked"
        );
    }
}

/// `factory scenario run`, each scenario once.
fn factory(place: &Path, url: &str, scenarios: &Path) -> Command {
    let mut command = Command::new(FACTORY);
    command.args(["scenario", "run", "--base-url", url, "--runs", "1"]).arg(scenarios).current_dir(place);
    command
}

/// A thousand scenarios, each in a file of its own.
fn thousand(place: &Path, url: &str) {
    let folder = place.join("thousand");
    fs::create_dir(&folder).expect("a folder");
    for number in 0..1_000 {
        let text = format!(
            "# Scenario: Thing {number}\n\nCovers: R{number}\n\nWhen GET /thing/{number} is sent\nThen the status is 200\n\
             And the field \"name\" is \"Ann\"\nAnd the header \"Content-Type\" contains \"json\"\n"
        );
        fs::write(folder.join(format!("{number}.md")), text).expect("written");
    }
    for verb in ["list", "plan"] {
        let mut command = Command::new(FACTORY);
        command.args(["scenario", verb]).arg(&folder).current_dir(place);
        let (time, memory) = watched(command);
        println!("a thousand scenarios, {verb}: {time:?}, {memory} MiB resident at most");
    }
    let (time, memory) = watched(factory(place, url, &folder));
    println!("a thousand scenarios, run once each: {time:?}, {memory} MiB resident at most");
}

/// An example as its recorded run merges it, judged by its holdouts: three runs and more of each.
fn verdicts(place: &Path, example: &str) {
    let dir = place.join(example);
    let mut demo = Command::new(FACTORY);
    demo.args(["demo", example, "--approve-because", "measured, not judged", "--progress", "none", "--dir"])
        .arg(&dir);
    succeeds(demo);
    let scenario = |args: &[&str]| {
        let mut command = Command::new(FACTORY);
        command.arg("scenario").args(args).args(["--format", "json"]).current_dir(&dir);
        command
    };
    let plans = json(scenario(&["plan"]));
    let rows = plans["scenarios"].as_array().expect("scenarios");
    let steps = rows.iter().flat_map(|row| row["plan"]["steps"].as_array().expect("steps"));
    let (mut requests, mut commands) = (0, 0);
    for step in steps {
        let action = &step["action"];
        if let Some(sent) = action.get("send") {
            requests += sent["requests"].as_array().expect("requests").len() as u64
                * sent["times"].as_u64().expect("a number");
        }
        commands += u64::from(action.get("run").is_some());
    }
    let branch = format!("factory/{example}");
    let begin = Instant::now();
    let report = json(scenario(&["run", "--at", &branch]));
    let hours = begin.elapsed().as_secs_f64() / 3_600.0;
    let count = rows.len() as f64;
    println!(
        "{example}: {} of {count} passed in {:.1} s; {:.0} verdicts an hour, {:.1} requests and {:.1} commands a scenario",
        report["passed"],
        hours * 3_600.0,
        count / hours,
        requests as f64 / count,
        commands as f64 / count,
    );
}

fn json(mut command: Command) -> Value {
    let output = command.stderr(Stdio::inherit()).output().expect("the binary runs");
    serde_json::from_slice(&output.stdout).expect("a report")
}

fn succeeds(mut command: Command) {
    let output = command.stdin(Stdio::null()).output().expect("the binary runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// How long it took, and the most memory it had, in MiB.
fn watched(mut command: Command) -> (Duration, u64) {
    let begin = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().expect("the binary runs");
    let mut most = 0;
    let status = loop {
        most = most.max(resident(&child));
        if let Some(status) = child.try_wait().expect("a status") {
            break status;
        }
        thread::sleep(Duration::from_millis(2));
    };
    let time = begin.elapsed();
    assert!(status.success(), "{command:?} ended with {status}");
    (time, most / 1024)
}

/// The most memory that a process has had so far, in KiB.
fn resident(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
