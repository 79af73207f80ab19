//! Cases for the ledger.

use std::collections::HashMap;
use std::sync::Arc;

use factory_core::ids::Digest;
use factory_engine::port::store::{EventLog, LedgerHead, Position, StoreError, StoredRecord};
use tokio::task::JoinSet;

use super::{records, run};

/// More than any case writes.
const ALL: usize = 100_000;

pub(super) async fn decisions_come_back_exactly_and_linked(log: &dyn EventLog) {
    assert_eq!(head(log).await, None);
    assert_eq!(page(log, 0, ALL).await, []);
    assert_eq!(log.append_decisions(&[]).await.expect("nothing is appended"), 0);
    assert_eq!(head(log).await, None, "nothing makes no ledger");

    let project = vec![b"about the project".to_vec(), vec![]];
    assert_eq!(log.append_decisions(&project).await.expect("decisions are appended"), 0);
    let of_run = vec![vec![0, 255], vec![b'i'; 4096], vec![b'b'; 4097], vec![b'c'; 1_000_003]];
    let at = log.append(&run("a"), 0, b"record", &of_run).await.expect("the record is appended");
    assert_eq!(at, 0, "the answer is the place of the record");
    log.append(&run("a"), 1, b"silent", &[]).await.expect("the record is appended");
    assert_eq!(log.append_decisions(&[b"last".to_vec()]).await.expect("a decision is appended"), 6);
    assert_eq!(log.append_decisions(&[]).await.expect("nothing is appended"), 7);

    let written: Vec<_> = project.into_iter().chain(of_run).chain([b"last".to_vec()]).collect();
    let read = whole(log).await;
    assert_eq!(read.len(), written.len());
    for (position, (entry, expected)) in read.iter().zip(&written).enumerate() {
        assert!(entry.bytes == *expected, "entry {position} has other bytes");
    }
    assert_eq!(log.runs().await.expect("the store lists its runs"), [run("a")], "the ledger is no run");
    let bytes: Vec<_> = records(log, &run("a")).await.into_iter().map(|record| record.bytes).collect();
    assert_eq!(bytes, [&b"record"[..], b"silent"], "a decision is no record");
}

pub(super) async fn a_conflict_leaves_the_ledger_alone(log: &dyn EventLog) {
    let run = run("conflict-1");
    let decisions = |text: &str| vec![text.as_bytes().to_vec(), text.repeat(5_000).into_bytes()];
    for wrong in [1, Position::MAX] {
        let refused = log.append(&run, wrong, b"x", &decisions("refused")).await;
        assert!(matches!(refused, Err(StoreError::Conflict { actual: 0, .. })), "{refused:?}");
    }
    assert_eq!(head(log).await, None);

    log.append(&run, 0, b"x", &decisions("kept")).await.expect("the record is appended");
    let before = head(log).await;
    for wrong in [0, 2] {
        let refused = log.append(&run, wrong, b"y", &decisions("refused")).await;
        assert!(matches!(refused, Err(StoreError::Conflict { actual: 1, .. })), "{refused:?}");
    }
    assert_eq!(head(log).await, before);
    let bytes: Vec<_> = whole(log).await.into_iter().map(|entry| entry.bytes).collect();
    assert_eq!(bytes, decisions("kept"));
}

pub(super) async fn the_ledger_is_read_in_pages(log: &dyn EventLog) {
    const COUNT: usize = 300;
    let run = run("pages");
    for number in 0..COUNT / 3 {
        let decisions: Vec<_> = (0..3)
            .map(|part| format!("{}", 3 * number + part).repeat(1 + part * 2000).into_bytes())
            .collect();
        log.append(&run, number as Position, b"r", &decisions).await.expect("the record is appended");
    }
    let all = whole(log).await;
    assert_eq!(all.len(), COUNT);
    for most in [1, 7, 100, COUNT, ALL] {
        let mut read = Vec::new();
        loop {
            let next = page(log, read.len() as Position, most).await;
            assert!(next.len() <= most);
            if next.is_empty() {
                break;
            }
            read.extend(next);
        }
        assert!(read == all, "pages of {most} make something else");
    }
    assert_eq!(page(log, 0, 0).await, []);
    for from in [COUNT as Position, COUNT as Position + 1, Position::MAX] {
        assert_eq!(page(log, from, ALL).await, []);
    }
}

pub(super) async fn appenders_at_once_share_one_chain(log: &Arc<dyn EventLog>) {
    const APPENDERS: usize = 24;
    const EACH: Position = 12;
    let mut appenders = JoinSet::new();
    for number in 0..APPENDERS {
        let log = Arc::clone(log);
        appenders.spawn(async move {
            for position in 0..EACH {
                let texts: Vec<_> = (0..position % 4)
                    .map(|part| format!("{number} {position} {part}").into_bytes())
                    .collect();
                // Half of them share a run and are refused now and then.
                if number % 2 == 0 {
                    let own = run(&format!("own-{number}"));
                    log.append(&own, position, b"r", &texts).await.expect("nobody else appends to this run");
                } else {
                    let mut expected = 0;
                    while let Err(refused) = log.append(&run("shared"), expected, b"r", &texts).await {
                        let StoreError::Conflict { actual, .. } = refused else {
                            panic!("neither appended nor refused: {refused}")
                        };
                        expected = actual;
                    }
                }
                log.append_decisions(&[format!("{number} {position} alone").into_bytes()])
                    .await
                    .expect("decisions are never refused");
            }
        });
    }
    appenders.join_all().await;

    let entries = whole(&**log).await;
    let mut places = HashMap::new();
    for entry in entries {
        let text = String::from_utf8(entry.bytes).expect("what was appended is text");
        assert_eq!(places.insert(text.clone(), entry.position), None, "{text} is there twice");
    }
    let mut expected = 0;
    for number in 0..APPENDERS {
        let mut last = None;
        for position in 0..EACH {
            let own: Vec<_> = (0..position % 4)
                .map(|part| places.get(&format!("{number} {position} {part}")).copied())
                .chain([places.get(&format!("{number} {position} alone")).copied()])
                .collect();
            expected += own.len();
            for pair in own.windows(2).take(own.len().saturating_sub(2)) {
                assert_eq!(pair[0].map(|place| place + 1), pair[1], "decisions of one append stay together");
            }
            for place in own {
                assert!(place.is_some(), "a decision is missing");
                assert!(place > last, "one appender's decisions keep their order");
                last = place;
            }
        }
    }
    assert_eq!(places.len(), expected);
}

/// All entries, after a look that they are one chain which ends at the head.
async fn whole(log: &dyn EventLog) -> Vec<StoredRecord> {
    let entries = page(log, 0, ALL).await;
    let mut text = String::new();
    for (position, entry) in entries.iter().enumerate() {
        assert_eq!(entry.position, position as Position);
        let chained = [text.as_bytes(), &entry.bytes].concat();
        assert_eq!(entry.hash, Digest::of(&chained), "hash of entry {position}");
        text = entry.hash.to_string();
    }
    let last = entries.last().map(|last| LedgerHead { count: last.position + 1, hash: last.hash.clone() });
    assert_eq!(head(log).await, last);
    entries
}

async fn page(log: &dyn EventLog, from: Position, most: usize) -> Vec<StoredRecord> {
    log.decisions(from, most).await.expect("the ledger is read")
}

async fn head(log: &dyn EventLog) -> Option<LedgerHead> {
    log.ledger_head().await.expect("the ledger has an end")
}
