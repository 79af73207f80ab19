//! What a durable append costs, with decisions and without, here and through another process, beside the least that it can cost: the same bytes at the end of a plain file, and
//! fdatasync. Both in one directory of the build's, which has to be on a disk for this to say anything.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::fs::File;
use std::hint;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use factory_core::ids::RunId;
use factory_engine::port::store::{EventLog, Position};
use factory_store::{RemoteStore, Store};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const RECORD: [u8; 1024] = [b'x'; 1024];

fn run(number: usize) -> RunId {
    format!("bench-{number}").parse().expect("a run id")
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// Appends `at_once` records, each to a run of its own, against one sync of as many records in a plain file.
fn compare(criterion: &mut Criterion, at_once: usize) {
    let dir = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a directory");
    let mut group = criterion.benchmark_group(format!("append of 1 KiB, {at_once} at once"));
    group.sample_size(30).throughput(Throughput::Elements(at_once as u64));

    let mut file = File::create(dir.path().join("plain")).expect("a file");
    group.bench_function("plain file and fdatasync", |bencher| {
        bencher.iter(|| {
            for _ in 0..at_once {
                file.write_all(hint::black_box(&RECORD)).expect("written");
            }
            file.sync_data().expect("synced");
        });
    });

    let runtime = runtime();
    let store = Store::open(&dir.path().join("store")).expect("a store");
    let (server, remote) = runtime.block_on(async {
        let server = factory_store::serve(&store).expect("a server");
        let remote = RemoteStore::connect(&dir.path().join("store")).await.expect("a connection");
        (server, remote)
    });
    let here: Arc<dyn EventLog> = Arc::clone(&store.log) as _;
    let there: Arc<dyn EventLog> = Arc::new(remote);
    let mut position: Position = 0;
    for (name, log, decisions) in [
        ("SledLog", &here, 0),
        ("SledLog, two decisions of 200 bytes with each", &here, 2),
        ("RemoteStore", &there, 0),
    ] {
        let decisions = vec![vec![b'd'; 200]; decisions];
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                runtime.block_on(append(log, at_once, position, &decisions));
                position += 1;
            });
        });
    }
    drop((there, server));
    group.finish();
}

/// Appends one record to each of so many runs.
async fn append(log: &Arc<dyn EventLog>, runs: usize, position: Position, decisions: &[Vec<u8>]) {
    let mut appenders = JoinSet::new();
    for number in 0..runs {
        let (log, decisions) = (Arc::clone(log), decisions.to_vec());
        appenders.spawn(async move {
            log.append(&run(number), position, hint::black_box(&RECORD), &decisions).await
        });
    }
    for appended in appenders.join_all().await {
        appended.expect("appended");
    }
}

fn one(criterion: &mut Criterion) {
    compare(criterion, 1);
}

fn many(criterion: &mut Criterion) {
    compare(criterion, 64);
}

criterion_group!(benches, one, many);
criterion_main!(benches);
