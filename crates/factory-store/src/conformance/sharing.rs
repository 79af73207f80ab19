//! Cases for several who work on one store: who is told what, and who may perform a run.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use factory_core::ids::RunId;
use factory_engine::port::store::{EventLog, Lease, Position, StoreError};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::task::JoinSet;
use tokio::time;

use super::{records, run};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

pub(super) async fn every_append_is_told_once_it_can_be_read(log: &Arc<dyn EventLog>) {
    const RUNS: usize = 5;
    const EACH: Position = 8;
    let mut told = [log.changes(), log.changes()];
    let mut appenders = JoinSet::new();
    for number in 0..RUNS {
        let log = Arc::clone(log);
        appenders.spawn(async move {
            for position in 0..EACH {
                let run = run(&format!("run-{number}"));
                log.append(&run, position, b"x", &[b"why".to_vec()]).await.expect("the record is appended");
            }
        });
    }
    for told in &mut told {
        let mut last: HashMap<RunId, Position> = HashMap::new();
        // What is told last of each run is told when all of it can be read.
        while last.len() < RUNS || last.values().any(|count| *count < EACH) {
            let run = next(told).await;
            let count = records(&**log, &run).await.len() as Position;
            last.insert(run, count);
        }
    }
    appenders.join_all().await;
    log.append_decisions(&[b"alone".to_vec()]).await.expect("decisions are appended");
    let refused = log.append(&run("refused"), 7, b"x", &[]).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    log.append(&run("end"), 0, b"x", &[]).await.expect("the record is appended");
    for told in &mut told {
        loop {
            let run = next(told).await;
            assert_ne!(run.as_str(), "refused", "a refusal is not told");
            if run.as_str() == "end" {
                break;
            }
        }
    }
}

pub(super) async fn a_receiver_that_lags_learns_it(log: &dyn EventLog) {
    let mut told = log.changes();
    // Decisions are told to nobody, so that they make nobody lag.
    for _ in 0..100 {
        log.append_decisions(&[b"x".to_vec()]).await.expect("decisions are appended");
    }
    assert!(matches!(told.try_recv(), Err(TryRecvError::Empty)));
    let busy = run("busy");
    for position in 0..2500 {
        log.append(&busy, position, b"x", &[]).await.expect("the record is appended");
    }
    log.append(&run("last"), 0, b"x", &[]).await.expect("the record is appended");
    let (mut count, mut lagged) = (0, false);
    time::timeout(LONG, async {
        loop {
            match told.recv().await {
                Ok(run) if run.as_str() == "last" => break,
                Ok(_) => count += 1,
                Err(RecvError::Lagged(_)) => lagged = true,
                Err(RecvError::Closed) => panic!("the store is still there"),
            }
        }
    })
    .await
    .expect("whoever lags is told again afterwards");
    assert!(lagged || count >= 2500, "told {count} times and of no lag");
}

pub(super) async fn one_performer_at_a_time_has_a_run(log: &dyn EventLog) {
    let (a, b) = (run("a"), run("b"));
    log.append(&a, 0, b"x", &[]).await.expect("the record is appended");
    let lease = claimed(log, &a).await;
    // A run may be claimed before it has a record.
    let _other = claimed(log, &b).await;
    match log.claim(&a).await {
        Err(StoreError::Driven { run, holder }) => {
            assert_eq!((run, holder), (a.clone(), std::process::id().to_string()));
        }
        other => panic!("expected that it is driven, got {other:?}"),
    }
    log.append(&a, 1, b"x", &[]).await.expect("whoever has no claim may append all the same");
    drop(lease);
    let again = claimed(log, &a).await;
    assert!(matches!(log.claim(&b).await, Err(StoreError::Driven { .. })), "each run has a claim of its own");
    drop(again);
    drop(claimed(log, &a).await);
}

pub(super) async fn of_many_who_claim_at_once_one_gets_it(log: &Arc<dyn EventLog>) {
    for _ in 0..20 {
        let mut claimants = JoinSet::new();
        for _ in 0..16 {
            let log = Arc::clone(log);
            claimants.spawn(async move { log.claim(&run("wanted")).await });
        }
        let leases: Vec<Lease> = claimants.join_all().await.into_iter().flatten().collect();
        assert_eq!(leases.len(), 1);
        drop(leases);
        drop(claimed(&**log, &run("wanted")).await);
    }
}

/// What somebody gives back may be on its way for a moment.
async fn claimed(log: &dyn EventLog, run: &RunId) -> Lease {
    time::timeout(LONG, async {
        loop {
            match log.claim(run).await {
                Ok(lease) => break lease,
                Err(StoreError::Driven { .. }) => time::sleep(Duration::from_millis(1)).await,
                Err(other) => panic!("not claimed: {other}"),
            }
        }
    })
    .await
    .expect("what is given back can be had")
}

async fn next(told: &mut Receiver<RunId>) -> RunId {
    time::timeout(LONG, told.recv())
        .await
        .expect("something is told")
        .expect("nobody lags, the store is there")
}
