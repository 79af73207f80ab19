//! Cases for the logs of runs.

use std::collections::HashSet;
use std::sync::Arc;

use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{EventLog, Position, StoreError};
use tokio::task::JoinSet;

use super::{records, run};

pub(super) async fn nothing_is_there_at_first(log: &dyn EventLog) {
    assert_eq!(log.runs().await.expect("an empty store lists its runs"), []);
    assert_eq!(records(log, &run("a")).await, []);
    assert_eq!(log.runs().await.expect("the store lists its runs"), [], "reading makes no run");
}

pub(super) async fn records_come_back_exactly_and_linked(log: &dyn EventLog) {
    let run = run("exact-1");
    let mut written = vec![
        vec![],
        vec![0, 255, 10, 13],
        b"{\"a\":1}".to_vec(),
        vec![b'x'; 4095],
        vec![b'y'; 4096],
        vec![b'z'; 4097],
        (0..1_000_003u32).map(|n| n.to_le_bytes()[n as usize % 4]).collect(),
        vec![],
        b"{\"a\":1}".to_vec(),
    ];
    written.extend((0..300u32).map(|n| n.to_string().into_bytes()));
    for (position, record) in (0..).zip(&written) {
        assert_eq!(log.append(&run, position, record, &[]).await.expect("the record is appended"), position);
    }

    let read = records(log, &run).await;
    assert_eq!(read.len(), written.len());
    let mut text = String::new();
    for (position, (record, expected)) in read.iter().zip(&written).enumerate() {
        assert_eq!(record.position, position as Position);
        assert!(record.bytes == *expected, "record {position} has other bytes");
        let chained = [text.as_bytes(), expected].concat();
        assert_eq!(record.hash, Digest::of(&chained), "hash of record {position}");
        text = record.hash.to_string();
    }
}

pub(super) async fn an_append_elsewhere_than_at_the_end_is_a_conflict(log: &dyn EventLog) {
    let run = run("conflict-1");
    conflict(log, &run, 1, 0).await;
    assert_eq!(log.runs().await.expect("the store lists its runs"), [], "a conflict makes no run");
    for position in 0..3 {
        log.append(&run, position, b"kept", &[]).await.expect("the record is appended");
    }
    for expected in [0, 2, 4, Position::MAX] {
        conflict(log, &run, expected, 3).await;
    }
    let read = records(log, &run).await;
    assert_eq!(read.len(), 3);
    assert!(read.iter().all(|record| record.bytes == b"kept"), "a conflict writes nothing");
    log.append(&run, 3, b"next", &[]).await.expect("a conflict does no harm");
}

async fn conflict(log: &dyn EventLog, run: &RunId, wrong: Position, there: Position) {
    // Large enough to be kept in another way by some backends.
    for record in [vec![b's'; 5], vec![b'l'; 50_000]] {
        match log.append(run, wrong, &record, &[]).await {
            Err(StoreError::Conflict { expected, actual }) => assert_eq!((expected, actual), (wrong, there)),
            other => panic!("expected a conflict at {wrong}, got {other:?}"),
        }
    }
}

pub(super) async fn runs_do_not_mix(log: &dyn EventLog) {
    let names = ["a", "a-b", "ab", "a0", "a-", "b", "0", "a-b-e", "h", "e"];
    for round in 0..3 {
        for name in names {
            log.append(&run(name), round, format!("{name} {round}").as_bytes(), &[])
                .await
                .expect("the record is appended");
        }
    }
    assert_eq!(log.position(&run("a-b-")).await.expect("it is asked"), 0);
    for name in names {
        assert_eq!(log.position(&run(name)).await.expect("it is asked"), 3);
        let read = records(log, &run(name)).await;
        let bytes: Vec<_> =
            read.iter().map(|record| String::from_utf8_lossy(&record.bytes).into_owned()).collect();
        assert_eq!(bytes, [format!("{name} 0"), format!("{name} 1"), format!("{name} 2")]);
    }
    assert_eq!(records(log, &run("a-b-")).await, []);
    let listed = log.runs().await.expect("the store lists its runs");
    assert_eq!(listed.len(), names.len(), "each run is listed once");
    assert_eq!(listed.into_iter().collect::<HashSet<_>>(), names.into_iter().map(run).collect());
}

pub(super) async fn appenders_on_different_runs_do_not_disturb_each_other(log: &Arc<dyn EventLog>) {
    const RUNS: usize = 32;
    const EACH: Position = 20;
    let mut appenders = JoinSet::new();
    for number in 0..RUNS {
        let log = Arc::clone(log);
        appenders.spawn(async move {
            let run = run(&format!("run-{number}"));
            for position in 0..EACH {
                let record = format!("{number} {position}");
                let at =
                    log.append(&run, position, record.as_bytes(), &[]).await.expect("the record is appended");
                assert_eq!(at, position);
                let read = records(&*log, &run).await;
                assert_eq!(
                    read.last().map(|last| last.bytes.clone()),
                    Some(record.into_bytes()),
                    "what was appended is read"
                );
                assert_eq!(read.len() as Position, position + 1);
            }
        });
    }
    appenders.join_all().await;
    for number in 0..RUNS {
        let read = records(&**log, &run(&format!("run-{number}"))).await;
        assert_eq!(read.len() as Position, EACH);
        for record in read {
            assert_eq!(record.bytes, format!("{number} {}", record.position).into_bytes());
        }
    }
}

pub(super) async fn one_appender_wins_each_position(log: &Arc<dyn EventLog>) {
    const APPENDERS: usize = 32;
    const POSITIONS: Position = 20;
    let contested = run("contested-1");
    for position in 0..POSITIONS {
        let mut appenders = JoinSet::new();
        for number in 0..APPENDERS {
            let (log, run) = (Arc::clone(log), contested.clone());
            appenders.spawn(async move {
                match log.append(&run, position, format!("{position} {number}").as_bytes(), &[]).await {
                    Ok(at) => {
                        assert_eq!(at, position);
                        Some(number)
                    }
                    Err(StoreError::Conflict { expected, actual }) => {
                        assert_eq!((expected, actual), (position, position + 1));
                        let read = records(&*log, &run).await;
                        assert_eq!(read.len() as Position, actual, "the loser reads what it lost to");
                        None
                    }
                    Err(other) => panic!("neither won nor lost: {other}"),
                }
            });
        }
        let won: Vec<usize> = appenders.join_all().await.into_iter().flatten().collect();
        let [winner] = won[..] else { panic!("{won:?} all won position {position}") };
        let read = records(&**log, &contested).await;
        let last = read.last().expect("the winner's record is there");
        assert_eq!(last.bytes, format!("{position} {winner}").into_bytes());
    }
}
