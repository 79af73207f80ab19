//! Several processes that use one store: one holds it, the others reach it through that one.

use std::collections::HashMap;
use std::fs::Permissions;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use factory_core::ids::RunId;
use factory_engine::port::store::{EventLog, Position, StoreError};
use factory_store::{Access, RemoteStore, Store};
use tokio::time;

use crate::child::{self, explained, runtime, say};
use crate::device::Plain;
use crate::records::{self, agreement, decisions, kept, record};

/// How many records each process appends to its own run, and to the one that it shares with the others.
const OWN: Position = 150;
const SHARED: Position = 60;

/// How often a holder is killed.
const KILLS: u64 = 12;

fn shared() -> RunId {
    records::run(99)
}

/// Whatever the other process says, line by line, until it ends.
pub(crate) fn listen(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok)
}

/// Appends `count` records to the run, among others who do so. Decisions go with each.
async fn append_among_others(log: &dyn EventLog, run: &RunId, count: Position) {
    let mut position = 0;
    for _ in 0..count {
        loop {
            let decisions = decisions(run, position);
            match log.append(run, position, &record(run, position), &decisions).await {
                Ok(_) => break,
                Err(StoreError::Conflict { actual, .. }) => position = actual,
                Err(other) => panic!("{}", explained(&other)),
            }
        }
        position += 1;
    }
}

pub(crate) fn two_processes_share_it() {
    let base = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let opened = Store::open_or_attach(base.path()).await.unwrap();
        assert_eq!(opened.access, Access::Held);
        let mut told = opened.log.changes();
        let mut children: Vec<_> =
            (0..2).map(|_| child::command("visit", base.path()).spawn().unwrap()).collect();
        append_among_others(&*opened.log, &records::run(0), OWN).await;
        append_among_others(&*opened.log, &shared(), SHARED).await;
        let mut visitors = Vec::new();
        for child in &mut children {
            let said: Vec<_> = listen(child).collect();
            assert_eq!(said, [format!("attached to {}", std::process::id()), "done".to_owned()]);
            assert!(child.wait().unwrap().success());
            visitors.push(format!("run-{}", child.id()));
        }

        let there = agreement(&*opened.log).await;
        let mut expected = HashMap::from([("run-0".to_owned(), OWN), (shared().to_string(), 3 * SHARED)]);
        expected.extend(visitors.iter().map(|name| (name.clone(), OWN)));
        expected.insert(records::ALONE.to_owned(), 0);
        assert_eq!(there, expected);
        let mut heard = Vec::new();
        while let Ok(run) = told.try_recv() {
            heard.push(run.to_string());
        }
        assert!(visitors.iter().all(|name| heard.contains(name)), "changes by others are told");
    });
}

/// Uses the store beside whoever holds it.
pub(crate) fn play_visit(base: &Path) {
    runtime().block_on(async {
        let opened = Store::open_or_attach(base).await.unwrap();
        let Access::Attached { holder } = opened.access else { panic!("it is held here") };
        say(&format!("attached to {holder}"));
        let own = records::run(std::process::id() as usize);
        append_among_others(&*opened.log, &own, OWN).await;
        append_among_others(&*opened.log, &shared(), SHARED).await;
        assert_eq!(records::checked(&*opened.log, &own).await, OWN);
    });
    say("done");
}

pub(crate) fn a_killed_holder_loses_nothing() {
    let base = tempfile::tempdir().unwrap();
    let mut acknowledged = HashMap::new();
    runtime().block_on(async {
        for round in 0..KILLS {
            let mut child = child::command("share", base.path()).spawn().unwrap();
            let process = child.id();
            let mut lines = listen(&mut child);
            assert_eq!(lines.next().as_deref(), Some("held"));
            let listener = thread::spawn(move || lines.map(|line| line + "\n").collect::<String>());

            let opened = Store::open_or_attach(base.path()).await.unwrap();
            assert_eq!(opened.access, Access::Attached { holder: process });
            let lease = opened.log.claim(&shared()).await.unwrap();
            let killer = thread::spawn(move || {
                thread::sleep(Duration::from_millis(20 + round * 53 % 150));
                child.kill().unwrap();
                child.wait().unwrap();
            });
            let mine = shared();
            let mut position = opened.log.read(&mine).await.unwrap().len() as Position;
            // Until the other has been dead for a while.
            let mut after = 0;
            while after < 20 {
                after += Position::from(killer.is_finished());
                let appended = opened
                    .log
                    .append(&mine, position, &record(&mine, position), &decisions(&mine, position))
                    .await;
                assert_eq!(appended.unwrap_or_else(|error| panic!("{}", explained(&error))), position);
                position += 1;
            }
            killer.join().unwrap();
            acknowledged.insert(mine.to_string(), position);
            records::note(&listener.join().unwrap(), &mut acknowledged);
            // The claim was not the holder's to keep.
            let third = RemoteStore::connect(base.path()).await.unwrap();
            assert_eq!(third.holder(), std::process::id());
            assert!(matches!(third.claim(&mine).await, Err(StoreError::Driven { .. })));
            drop(lease);
            third.claim(&mine).await.unwrap();

            drop(opened);
            let opened = Store::open_or_attach(base.path()).await.unwrap();
            assert_eq!(opened.access, Access::Held);
            let there = kept(&*opened.log, &acknowledged).await;
            assert_eq!(there[mine.as_str()], position, "each is there once");
        }
    });
    assert!(acknowledged[shared().as_str()] > KILLS, "{acknowledged:?}");
}

/// Holds the store, serves others and appends, until it is killed.
pub(crate) fn play_share(base: &Path) {
    runtime().block_on(async {
        let opened = Store::open_or_attach(base).await.unwrap();
        assert_eq!(opened.access, Access::Held);
        say("held");
        let error = records::append_all(&opened.log, &records::said()).await;
        panic!("an append failed: {}", explained(&error));
    });
}

pub(crate) fn a_killed_visitor_gives_back_its_claims() {
    let base = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let opened = Store::open_or_attach(base.path()).await.unwrap();
        let mut child = child::command("claim", base.path()).spawn().unwrap();
        assert_eq!(listen(&mut child).next().as_deref(), Some("claimed"));
        let Err(StoreError::Driven { run, holder }) = opened.log.claim(&shared()).await else {
            panic!("claimed twice")
        };
        assert_eq!((run, holder), (shared(), child.id().to_string()));
        assert_eq!(opened.clients(), 1);
        child.kill().unwrap();
        child.wait().unwrap();
        let given_back = async {
            while opened.log.claim(&shared()).await.is_err() || opened.clients() > 0 {
                time::sleep(Duration::from_millis(5)).await;
            }
        };
        time::timeout(Duration::from_secs(20), given_back)
            .await
            .expect("a dead process gives back its claims");
        opened.log.append(&shared(), 0, b"x", &[]).await.unwrap();
    });
}

/// The holder is killed while another process performs a run, which a third then wants to perform, too.
pub(crate) fn a_claim_outlives_a_killed_holder() {
    let base = tempfile::tempdir().unwrap();
    let mut holder = child::command("share", base.path()).spawn().unwrap();
    let mut lines = listen(&mut holder);
    assert_eq!(lines.next().as_deref(), Some("held"));
    thread::spawn(move || lines.for_each(drop));
    let mut driver = child::command("claim", base.path()).spawn().unwrap();
    assert_eq!(listen(&mut driver).next().as_deref(), Some("claimed"));
    let dead = Instant::now();
    holder.kill().unwrap();
    holder.wait().unwrap();
    runtime().block_on(async {
        let third = Store::open_or_attach(base.path()).await.unwrap();
        for _ in 0..20 {
            match third.log.claim(&shared()).await {
                Err(StoreError::Driven { holder, .. }) => assert_eq!(holder, driver.id().to_string()),
                other => panic!("claimed twice after {:?}: {other:?}", dead.elapsed()),
            }
            time::sleep(Duration::from_millis(10)).await;
        }
        driver.kill().unwrap();
        driver.wait().unwrap();
        let _lease = third.log.claim(&shared()).await.expect("a claim ends with its process");
    });
}

/// Claims a run and sits there.
pub(crate) fn play_claim(base: &Path) {
    runtime().block_on(async {
        let opened = Store::open_or_attach(base).await.unwrap();
        let _lease = opened.log.claim(&shared()).await.unwrap();
        say("claimed");
        await_end();
    });
}

/// Waits until whoever started this process has ended.
pub(crate) fn await_end() {
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Somebody else's process, although it can reach the socket, is not heard.
pub(crate) fn strangers_are_sent_away(plain: Plain) {
    let base = tempfile::tempdir().unwrap();
    // A process with a place of its own for its socket: what is opened here is not where others have theirs.
    let mut holder = child::command("share", base.path()).spawn().unwrap();
    let mut lines = listen(&mut holder);
    assert_eq!(lines.next().as_deref(), Some("held"));
    thread::spawn(move || lines.for_each(drop));
    runtime().block_on(RemoteStore::connect(base.path())).unwrap();
    let lock = std::fs::read_to_string(base.path().join("lock")).unwrap();
    let socket = PathBuf::from(lock.lines().nth(1).unwrap());
    let dir = socket.parent().unwrap();
    assert!(dir.starts_with(base.path()));
    // What keeps others out is opened, but for who they are.
    let open = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    open(base.path(), 0o755);
    open(dir, 0o755);
    open(&socket, 0o777);
    let mut child = child::configured(plain.command(), "stranger", &socket).spawn().unwrap();
    let said: Vec<_> = listen(&mut child).collect();
    assert!(child.wait().unwrap().success());
    assert_eq!(said, ["connected", "sent away after 0 bytes"]);
    holder.kill().unwrap();
    holder.wait().unwrap();
}

/// Connects to the socket at `base` and greets.
pub(crate) fn play_stranger(base: &Path) {
    let mut stream = UnixStream::connect(base).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    say("connected");
    let header = br#"{"factory_store":2,"process":1}"#;
    let length = u32::try_from(header.len()).unwrap();
    let greeting = [&(length + 4).to_be_bytes()[..], &length.to_be_bytes(), header].concat();
    let _sent_away = stream.write_all(&greeting);
    let mut heard = Vec::new();
    let _sent_away = stream.read_to_end(&mut heard);
    say(&format!("sent away after {} bytes", heard.len()));
}
