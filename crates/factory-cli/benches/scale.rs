//! How the machine carries many runs and long ones: whole runs one after another and a hundred at once, ten thousand that
//! wait at a gate, a run of a hundred thousand events, and how much each run adds to the store. Everything that is outside
//! (model, project, evaluator) is played and costs next to nothing; the store and its syncs are real.
//!
//! `cargo bench -p factory-cli --bench scale` prints the figures; `docs/performance.md` says how to read them.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use factory_core::artifact::ArtifactKind;
use factory_core::command::{Command, Deciding};
use factory_core::decide;
use factory_core::event::{Channel, Decision, Outcome, Record, RunStarted};
use factory_core::evolve;
use factory_core::ids::{Attempt, RunId, Timestamp, Usage};
use factory_core::ledger::entry::{self, LedgerEntry};
use factory_core::pipeline::model::{EntryGate, ExitGate};
use factory_core::state::RunState;
use factory_engine::engine::Engine;
use factory_engine::history;
use factory_engine::port::store::{BlobStore as _, EventLog};
use factory_store::Store;
use factory_testkit::samples;
use factory_testkit::world::World;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const IN_SEQUENCE: u64 = 1_000;
const AT_ONCE: u64 = 100;
const PARKED: u64 = 10_000;
const EVENTS: u64 = 100_000;

fn main() {
    // `cargo test --benches` runs benches with this flag, and would wait for minutes.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    // On the same disk as everything else that is built, because a temporary directory may be memory.
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let runtime = Runtime::new().expect("a runtime");
    let yardstick = yardstick(place.path());
    println!("yardstick, append 1 KiB and fdatasync: {:.0} µs", yardstick.as_secs_f64() * 1e6);
    six_nodes(&runtime, &place.path().join("six"), yardstick);
    in_sequence(&runtime, &place.path().join("sequence"), yardstick);
    at_once(&runtime, &place.path().join("at-once"), yardstick);
    parked(&runtime, &place.path().join("parked"));
    long(&runtime, &place.path().join("long"));
}

fn yardstick(place: &Path) -> Duration {
    let path = place.join("yardstick");
    let mut file: File = OpenOptions::new().create(true).append(true).open(path).expect("a file");
    let bytes = [b'x'; 1024];
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..500 {
        let begin = Instant::now();
        file.write_all(&bytes).and_then(|()| file.sync_data()).expect("space on the disk");
        times.push(begin.elapsed());
    }
    median(times)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn started(number: u64) -> RunStarted {
    RunStarted { run: format!("bench-{number}").parse().expect("a run id"), ..samples::started() }
}

/// Seven stages and two gates, from the start to the merge.
async fn whole(engine: &Engine, number: u64) {
    let started = started(number);
    let run = started.run.clone();
    engine.start(started).await.expect("it begins");
    loop {
        let state = engine.drive(&run, &CancellationToken::new()).await.expect("it goes on");
        let Some(open) = state.open_gates().into_iter().next() else {
            assert!(state.outcome.is_some());
            return;
        };
        engine.command(&run, approve(open.gate, open.sees)).await.expect("it is decided");
    }
}

fn approve(gate: factory_core::pipeline::model::GateId, sees: Vec<factory_core::ids::Digest>) -> Command {
    let because = "measured, not judged".to_owned();
    let wanted =
        Deciding::plain(gate, Decision::Approved, samples::person(), Channel::Command, because, sees);
    Command::Decide(Box::new(wanted))
}

fn engine(runtime: &Runtime, store: &Store) -> Engine {
    let put = runtime.block_on(store.blobs.put(samples::SPEC_TEXT.as_bytes()));
    put.expect("the specification is kept");
    Engine::new(World::new(&["hello please"]).ports(store.log.clone(), store.blobs.clone()))
}

/// Six stages that nobody is asked about, as other engines for durable work are measured: one after another, and a
/// hundred at once.
fn six_nodes(runtime: &Runtime, dir: &Path, yardstick: Duration) {
    let store = Store::open(dir).expect("a store");
    let engine = engine(runtime, &store);
    let mut times = Vec::new();
    for number in 0..IN_SEQUENCE {
        let begin = Instant::now();
        runtime.block_on(six(&engine, number));
        times.push(begin.elapsed());
    }
    let p50 = median(times);
    let begin = Instant::now();
    runtime.block_on(async {
        let mut runs = JoinSet::new();
        for number in IN_SEQUENCE..IN_SEQUENCE + AT_ONCE {
            let engine = engine.clone();
            runs.spawn(async move { six(&engine, number).await });
        }
        runs.join_all().await;
    });
    let each = begin.elapsed() / u32::try_from(AT_ONCE).expect("small");
    println!(
        "six stages, no person asked: p50 {:.2} ms a run in sequence ({:.0} yardsticks), {:.2} ms a run at {AT_ONCE} at \
         once; {} MiB resident",
        p50.as_secs_f64() * 1e3,
        p50.as_secs_f64() / yardstick.as_secs_f64(),
        each.as_secs_f64() * 1e3,
        resident() / (1 << 20)
    );
}

async fn six(engine: &Engine, number: u64) {
    let mut started = started(number);
    let stages = &mut started.pipeline.stages;
    stages.retain(|stage| stage.makes != ArtifactKind::Review);
    for stage in stages.iter_mut() {
        stage.needs.retain(|need| need.as_str() != "review");
        stage.entry_gate = EntryGate::None;
        if stage.exit_gate == ExitGate::Human {
            stage.exit_gate = ExitGate::None;
        }
    }
    assert_eq!(stages.len(), 6);
    let run = started.run.clone();
    engine.start(started).await.expect("it begins");
    let state = engine.drive(&run, &CancellationToken::new()).await.expect("it goes on");
    assert!(matches!(state.outcome, Some(Outcome::Merged { .. })), "{:?}", state.outcome);
}

fn in_sequence(runtime: &Runtime, dir: &Path, yardstick: Duration) {
    let store = Store::open(dir).expect("a store");
    let engine = engine(runtime, &store);
    let mut times = Vec::new();
    for number in 0..IN_SEQUENCE {
        let begin = Instant::now();
        runtime.block_on(whole(&engine, number));
        times.push(begin.elapsed());
    }
    let p50 = median(times);
    println!(
        "{IN_SEQUENCE} runs in sequence: p50 {:.2} ms a run, {:.0} yardsticks",
        p50.as_secs_f64() * 1e3,
        p50.as_secs_f64() / yardstick.as_secs_f64()
    );
    drop(engine);
    drop(store);
    println!("  the store grows by {} bytes a run", size(dir) / IN_SEQUENCE);
}

fn at_once(runtime: &Runtime, dir: &Path, yardstick: Duration) {
    let store = Store::open(dir).expect("a store");
    let engine = engine(runtime, &store);
    let begin = Instant::now();
    runtime.block_on(async {
        let mut runs = JoinSet::new();
        for number in 0..AT_ONCE {
            let engine = engine.clone();
            runs.spawn(async move { whole(&engine, number).await });
        }
        runs.join_all().await;
    });
    let each = begin.elapsed() / u32::try_from(AT_ONCE).expect("small");
    println!(
        "{AT_ONCE} runs at once: {:.2} ms a run, {:.0} yardsticks; {} MiB resident",
        each.as_secs_f64() * 1e3,
        each.as_secs_f64() / yardstick.as_secs_f64(),
        resident() / (1 << 20)
    );
}

/// Runs that wait at the gate after the plan: opening their store, and reading all of them.
fn parked(runtime: &Runtime, dir: &Path) {
    let store = Store::open(dir).expect("a store");
    let log: Arc<dyn EventLog> = store.log.clone();
    runtime.block_on(async {
        let mut runs = JoinSet::new();
        for number in 0..PARKED {
            let log = Arc::clone(&log);
            runs.spawn(async move { park(log.as_ref(), number).await });
        }
        runs.join_all().await;
    });
    drop(log);
    drop(store);
    let before = resident();
    let begin = Instant::now();
    let store = Store::open(dir).expect("a store");
    let opened = begin.elapsed();
    let after = resident();
    let begin = Instant::now();
    let waiting = runtime.block_on(async {
        let mut waiting = 0;
        for run in store.log.runs().await.expect("they are listed") {
            let history = history::read(store.log.as_ref(), &run).await.expect("it is read");
            waiting += history.state.open_gates().len();
        }
        waiting
    });
    println!(
        "{waiting} runs parked at a gate: the store opens in {:.0} ms and takes {} MiB more; all are read in {:.0} ms",
        opened.as_secs_f64() * 1e3,
        after.saturating_sub(before) / (1 << 20),
        begin.elapsed().as_secs_f64() * 1e3
    );
}

async fn park(log: &dyn EventLog, number: u64) {
    use factory_core::artifact::{Artifact, Body};
    let started = started(number);
    let run = started.run.clone();
    let produce = |stage: &str, body| Command::Produce {
        stage: stage.parse().expect("a stage"),
        attempt: Attempt::FIRST,
        artifact: Box::new(Artifact::new(body, Vec::new())),
        evidence: Vec::new(),
        usage: Usage::default(),
    };
    let commands = [
        Command::Start(Box::new(started)),
        produce("spec", Body::Spec(samples::spec())),
        produce("plan", Body::Plan(samples::plan())),
    ];
    let mut state = None;
    for (position, command) in (0..).zip(commands) {
        state = Some(append(log, &run, state, position, command).await);
    }
}

async fn append(
    log: &dyn EventLog,
    run: &RunId,
    state: Option<RunState>,
    position: u64,
    command: Command,
) -> RunState {
    let now = Timestamp(1_700_000_000_000 + position);
    let events = decide::decide(state.as_ref(), command, now).expect("it is legal");
    let decisions = entry::entries(run, position, now, &events);
    let decisions: Vec<Vec<u8>> = decisions.iter().map(LedgerEntry::to_bytes).collect();
    let record = Record::new(now, events);
    log.append(run, position, &record.to_bytes(), &decisions).await.expect("it is appended");
    evolve::evolve_all(state, &record.events, now).expect("it folds").expect("it has begun")
}

/// A run that was blocked and tried again, again and again.
fn long(runtime: &Runtime, dir: &Path) {
    let store = Store::open(dir).expect("a store");
    let run = runtime.block_on(async {
        let started = started(0);
        let run = started.run.clone();
        let mut state = append(store.log.as_ref(), &run, None, 0, Command::Start(Box::new(started))).await;
        for position in 1..EVENTS {
            let command = if position % 2 == 1 {
                Command::Block {
                    stage: "spec".parse().expect("a stage"),
                    attempt: Attempt::FIRST,
                    detail: "the endpoint is down".to_owned(),
                    usage: Usage::default(),
                }
            } else {
                Command::Resume
            };
            state = append(store.log.as_ref(), &run, Some(state), position, command).await;
        }
        run
    });
    drop(store);
    let begin = Instant::now();
    let store = Store::open(dir).expect("a store");
    let opened = begin.elapsed();
    let history = runtime.block_on(history::read(store.log.as_ref(), &run)).expect("it is read");
    println!(
        "a run of {} events: the store opens in {:.0} ms, and the run is where it was after {:.0} ms",
        history.events.len(),
        opened.as_secs_f64() * 1e3,
        begin.elapsed().as_secs_f64() * 1e3
    );
}

/// Bytes of all files below.
fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| {
            let meta = entry.metadata().expect("it is there");
            if meta.is_dir() { size(&entry.path()) } else { meta.len() }
        })
        .sum()
}

/// Bytes of memory that this process has.
fn resident() -> u64 {
    const PAGE: u64 = 4096;
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * PAGE
}
