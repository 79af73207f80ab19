//! What it costs to answer from a ledger of a million entries: folding entries that are decoded already, all figures at
//! the end, and decoding before all that, on one thread and on all.
//!
//! The entries are those of `tests/fixtures/statistics/ledger.jsonl`, over and over, with new runs each time.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint;
use std::thread;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use factory_core::ids::Timestamp;
use factory_core::ledger::entry::{Decided, LedgerEntry};
use factory_core::ledger::metrics::{By, Fold, Query};

const ENTRIES: usize = 1_000_000;
const FIXTURE: &str = include_str!("../tests/fixtures/statistics/ledger.jsonl");

fn entries() -> Vec<LedgerEntry> {
    let decode = |line: &str| LedgerEntry::from_bytes(line.as_bytes()).expect("a fixture is sound");
    let fixture: Vec<LedgerEntry> = FIXTURE.lines().map(decode).collect();
    let span = fixture.last().expect("a fixture has entries").at.since(fixture[0].at);
    let copies = (0_u64..).flat_map(|copy| fixture.iter().map(move |entry| (copy, entry)));
    let renamed = |(copy, entry): (u64, &LedgerEntry)| {
        let mut entry = entry.clone();
        entry.at = Timestamp(entry.at.0 + copy * span);
        let run = match &mut entry.decided {
            Decided::Request(request) => &mut request.run,
            Decided::Run { run, .. } => run,
            Decided::Trust(_) => return entry,
        };
        *run = format!("{run}-{copy}").parse().expect("still a run id");
        entry
    };
    copies.take(ENTRIES).map(renamed).collect()
}

fn folded<'a>(entries: impl IntoIterator<Item = &'a LedgerEntry>) -> Fold {
    let mut fold = Fold::default();
    entries.into_iter().for_each(|entry| fold.add(entry));
    fold
}

fn decoded(stored: &[Vec<u8>]) -> Vec<LedgerEntry> {
    stored.iter().map(|bytes| LedgerEntry::from_bytes(bytes).expect("what was written")).collect()
}

fn million(criterion: &mut Criterion) {
    let entries = entries();
    let stored: Vec<Vec<u8>> = entries.iter().map(LedgerEntry::to_bytes).collect();
    let bytes: usize = stored.iter().map(Vec::len).sum();
    let now = entries.last().expect("a million entries").at;
    let mut group = criterion.benchmark_group(format!("{ENTRIES} entries, {} MB", bytes / 1_000_000));
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(20))
        .throughput(Throughput::Elements(ENTRIES as u64));
    group.bench_function("fold", |bencher| bencher.iter(|| folded(hint::black_box(&entries))));
    let fold = folded(&entries);
    for by in [By::None, By::Week] {
        let query = Query { by, ..Query::default() };
        group
            .bench_function(format!("finish by {by:?}"), |bencher| bencher.iter(|| fold.finish(now, &query)));
    }
    drop((entries, fold));
    let all = |fold: Fold| fold.finish(now, &Query::default());
    group.bench_function("from bytes, one thread", |bencher| {
        bencher.iter(|| {
            let mut fold = Fold::default();
            for page in stored.chunks(4096) {
                decoded(page).iter().for_each(|entry| fold.add(entry));
            }
            all(fold)
        });
    });
    let threads = thread::available_parallelism().map_or(1, usize::from);
    group.bench_function(format!("from bytes, {threads} threads"), |bencher| {
        bencher.iter(|| {
            let mut fold = Fold::default();
            for pages in stored.chunks(4096 * threads) {
                let page = pages.len().div_ceil(threads);
                thread::scope(|scope| {
                    let pages: Vec<_> =
                        pages.chunks(page).map(|page| scope.spawn(|| decoded(page))).collect();
                    for page in pages {
                        page.join()
                            .expect("decoding does not panic")
                            .iter()
                            .for_each(|entry| fold.add(entry));
                    }
                });
            }
            all(fold)
        });
    });
    group.finish();
}

criterion_group!(benches, million);
criterion_main!(benches);
