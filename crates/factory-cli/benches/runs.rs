//! What a run costs beside the model and the candidate: one recorded stage transition (decide, append durably, evolve) and
//! a whole replayed run, both beside one fdatasync append of the same bytes in the same directory.
//!
//! `cargo bench -p factory-cli` prints the ratios at the end; `docs/performance.md` says how to read them.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion};
use factory_core::artifact::{Artifact, Body, Spec};
use factory_core::command::Command;
use factory_core::decide;
use factory_core::event::{Person, Proof, Record, RunStarted, SpecRef};
use factory_core::evolve;
use factory_core::ids::{Attempt, Budget, Digest, RunId, Timestamp, Usage};
use factory_core::ledger::entry::{self, LedgerEntry};
use factory_core::pipeline::model::EntryType;
use factory_core::pipeline::read;
use factory_core::state::RunState;
use factory_engine::port::store::EventLog;
use factory_store::Store;
use tokio::runtime::Runtime;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn main() {
    // On the same disk as everything else that is built, because a temporary directory may be memory.
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let runtime = Runtime::new().expect("a runtime");
    let store = Store::open(&place.path().join("store")).expect("a store");
    let bytes = transition_record(&started(0)).to_bytes();

    let mut criterion = Criterion::default().sample_size(40).configure_from_args();
    let mut file = yardstick_file(place.path());
    criterion.bench_function("yardstick: append the same bytes and fdatasync", |bench| {
        bench.iter(|| append_synced(&mut file, &bytes));
    });
    let mut number = 0;
    criterion.bench_function("transition: decide, append durably, evolve", |bench| {
        bench.iter_batched(
            || {
                number += 1;
                begun(&runtime, &store, number)
            },
            |(run, state)| runtime.block_on(transition(&store, &run, state)),
            BatchSize::PerIteration,
        );
    });
    criterion.final_summary();
    ratios(&runtime, &store, place.path(), &bytes);
}

/// Medians of interleaved measurements, so that a machine that slows down slows both.
fn ratios(runtime: &Runtime, store: &Store, place: &Path, bytes: &[u8]) {
    let mut file = yardstick_file(place);
    let (mut yardstick, mut transitions) = (Vec::new(), Vec::new());
    for number in 1_000_000..1_000_200 {
        yardstick.push(timed(|| append_synced(&mut file, bytes)));
        let (run, state) = begun(runtime, store, number);
        transitions.push(timed(|| runtime.block_on(transition(store, &run, state))));
    }
    let (yardstick, transition) = (median(yardstick), median(transitions));
    println!("record: {} bytes", bytes.len());
    println!("yardstick: {:.0} µs", yardstick.as_secs_f64() * 1e6);
    println!("transition: {:.2} yardsticks", transition.as_secs_f64() / yardstick.as_secs_f64());
    let mut runs = Vec::new();
    for number in 0..3 {
        runs.push(timed(|| replayed_run(&place.join(format!("demo-{number}")))));
    }
    let run = median(runs);
    println!(
        "whole replayed run: {:.1} s, {:.0} yardsticks",
        run.as_secs_f64(),
        run.as_secs_f64() / yardstick.as_secs_f64()
    );
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begin = Instant::now();
    let _ = work();
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn yardstick_file(place: &Path) -> File {
    fs::create_dir_all(place).expect("a directory");
    OpenOptions::new().create(true).append(true).open(place.join("yardstick")).expect("a file")
}

fn append_synced(file: &mut File, bytes: &[u8]) {
    file.write_all(bytes).and_then(|()| file.sync_data()).expect("space on the disk");
}

fn started(number: u64) -> RunStarted {
    let pipeline = read::read(include_str!("../../../pipelines/feature.toml")).expect("the shipped pipeline");
    let digest = Digest::of(b"a specification");
    RunStarted {
        run: format!("bench-{number}").parse().expect("a run id"),
        spec: SpecRef {
            path: "specs/bench.md".to_owned(),
            slug: "bench".to_owned(),
            title: "Bench".to_owned(),
            source: digest,
            requirements: (1..=16).map(|n| format!("R{n}").parse().expect("an id")).collect(),
            protected: Vec::new(),
        },
        base: "0".repeat(40).parse().expect("an object id"),
        branch: None,
        entry: EntryType::Feature,
        pipeline,
        budget: Budget::default(),
        lint: Vec::new(),
        model: "nobody".to_owned(),
        requested_by: Person {
            login: "bench".to_owned(),
            name: None,
            email: None,
            proof: Proof::Unauthenticated,
        },
        factory: env!("CARGO_PKG_VERSION").to_owned(),
        unsealed: None,
    }
}

/// A run that has begun, in the store.
fn begun(runtime: &Runtime, store: &Store, number: u64) -> (RunId, RunState) {
    let started = started(number);
    let run = started.run.clone();
    let events = decide::decide(None, Command::Start(Box::new(started)), NOW).expect("a run can start");
    let record = Record::new(NOW, events);
    runtime
        .block_on(store.log.append(&run, 0, &record.to_bytes(), &decisions(&run, 0, &record)))
        .expect("appended");
    let state = evolve::evolve_all(None, &record.events, NOW).expect("a state").expect("begun");
    (run, state)
}

/// What the record adds to the ledger.
fn decisions(run: &RunId, position: u64, record: &Record) -> Vec<Vec<u8>> {
    entry::entries(run, position, record.at, &record.events).iter().map(LedgerEntry::to_bytes).collect()
}

fn produce(started: &RunStarted) -> Command {
    let body = Body::Spec(Spec {
        title: started.spec.title.clone(),
        source: started.spec.source.clone(),
        requirements: started.spec.requirements.clone(),
        baseline: Vec::new(),
    });
    Command::Produce {
        stage: "spec".parse().expect("a stage id"),
        attempt: Attempt::FIRST,
        artifact: Box::new(Artifact::new(body, Vec::new())),
        evidence: Vec::new(),
        usage: Usage::default(),
    }
}

/// The record that the measured transition appends.
fn transition_record(started: &RunStarted) -> Record {
    let events = decide::decide(None, Command::Start(Box::new(started.clone())), NOW).expect("starts");
    let state = evolve::evolve_all(None, &events, NOW).expect("a state");
    Record::new(NOW, decide::decide(state.as_ref(), produce(started), NOW).expect("produces"))
}

async fn transition(store: &Store, run: &RunId, state: RunState) -> RunState {
    let command = produce(&state.started);
    let events = decide::decide(Some(&state), command, NOW).expect("produces");
    let record = Record::new(NOW, events);
    store.log.append(run, 1, &record.to_bytes(), &decisions(run, 1, &record)).await.expect("appended");
    evolve::evolve_all(Some(state), &record.events, NOW).expect("a state").expect("begun")
}

/// The demonstration, from a fresh repository to the merged branch: recorded model, real checks, real deployments.
fn replayed_run(dir: &Path) {
    let status = Process::new(env!("CARGO_BIN_EXE_factory"))
        .args([
            "demo",
            "password-reset",
            "--approve-because",
            "measured, not judged",
            "--progress",
            "none",
            "--dir",
        ])
        .arg(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .expect("the binary runs");
    assert!(status.success(), "the demonstration ended with {status}");
}
