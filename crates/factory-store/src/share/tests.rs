//! The two sides together, and what somebody can do to the holder who does not keep to the messages.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use factory_core::ids::RunId;
use factory_engine::port::store::{BlobStore, EventLog, StoreError};
use serde::Serialize;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time;

use super::opened::Serving;
use super::server::CLIENTS;
use super::wire::{self, Ask, Hello, LIMIT, PROTOCOL, Question, Told};
use super::*;
use crate::conformance::{self, Fresh};
use crate::store::Store;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(30);

fn run(name: &str) -> RunId {
    name.parse().unwrap()
}

/// A store that is held here, and the directory it is in.
struct Held {
    opened: Opened,
    dir: TempDir,
}

async fn held() -> Held {
    let dir = tempfile::tempdir().unwrap();
    let opened = Store::open_or_attach(dir.path()).await.unwrap();
    assert_eq!(opened.access, Access::Held);
    Held { opened, dir }
}

fn socket_of(opened: &Opened) -> &Path {
    match &opened.serving {
        Serving::Here(server) => server.socket(),
        Serving::Nobody | Serving::Later(_) => panic!("it is not served here"),
    }
}

impl Held {
    async fn attach(&self) -> RemoteStore {
        RemoteStore::connect(self.dir.path()).await.unwrap()
    }

    fn socket(&self) -> &Path {
        socket_of(&self.opened)
    }

    /// Waits until so many are connected.
    async fn await_clients(&self, count: usize) {
        let reached = async {
            while self.opened.clients() != count {
                time::sleep(Duration::from_millis(2)).await;
            }
        };
        let waited = time::timeout(LONG, reached).await;
        assert!(waited.is_ok(), "{} are connected, and not {count}", self.opened.clients());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_conforms_from_afar() {
    conformance::event_log(async || {
        let held = held().await;
        let log: Arc<dyn EventLog> = Arc::new(held.attach().await);
        Fresh::new(log, held)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_blobs_conform_from_afar() {
    conformance::blob_store(async || {
        let held = held().await;
        let blobs: Arc<dyn BlobStore> = Arc::new(held.attach().await);
        Fresh::new(blobs, held)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_opener_attaches_and_both_see_one_store() {
    let held = held().await;
    let attached = Store::open_or_attach(held.dir.path()).await.unwrap();
    assert_eq!(attached.access, Access::Attached { holder: std::process::id() });
    assert_eq!((held.opened.clients(), attached.clients()), (1, 0));

    let mut told = [held.opened.log.changes(), attached.log.changes()];
    held.opened.log.append(&run("a"), 0, b"here", &[b"d1".to_vec()]).await.unwrap();
    attached.log.append(&run("a"), 1, b"there", &[b"d2".to_vec()]).await.unwrap();
    for told in &mut told {
        for _ in 0..2 {
            assert_eq!(time::timeout(LONG, told.recv()).await.unwrap().unwrap(), run("a"));
        }
    }
    assert_eq!(held.opened.log.read(&run("a")).await.unwrap(), attached.log.read(&run("a")).await.unwrap());
    assert_eq!(held.opened.log.ledger_head().await.unwrap(), attached.log.ledger_head().await.unwrap());
    let digest = attached.blobs.put(b"blob").await.unwrap();
    assert_eq!(held.opened.blobs.get(&digest).await.unwrap(), b"blob");
    let Err(StoreError::Conflict { expected: 0, actual: 2 }) =
        attached.log.append(&run("a"), 0, b"x", &[]).await
    else {
        panic!("appended")
    };
}

/// The answer to a long run comes in several parts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_any_size_and_number_come_across() {
    let held = held().await;
    let remote = held.attach().await;
    for position in 0..40 {
        let record = vec![b'a' + u8::try_from(position % 26).unwrap(); 300_000 * (position as usize % 3)];
        held.opened.log.append(&run("long"), position, &record, std::slice::from_ref(&record)).await.unwrap();
    }
    let here = held.opened.log.read(&run("long")).await.unwrap();
    assert!(remote.read(&run("long")).await.unwrap() == here);
    assert!(remote.decisions(3, 30).await.unwrap() == held.opened.log.decisions(3, 30).await.unwrap());

    let error = remote.put(&vec![0; LIMIT]).await.unwrap_err();
    assert!(matches!(&error, StoreError::Io { action: "written", .. }), "{error:?}");
    let blob = vec![7; LIMIT - 1];
    let digest = held.opened.blobs.put(&blob).await.unwrap();
    let error = remote.get(&digest).await.unwrap_err();
    assert!(matches!(&error, StoreError::Io { action: "read", .. }), "{error:?}");
    assert_eq!(remote.runs().await.unwrap(), [run("long")], "the connection is as good as before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_holder_cannot_read_is_said_in_its_words() {
    let held = held().await;
    let remote = held.attach().await;
    held.opened.log.append(&run("r"), 0, &[b'x'; 9000], &[]).await.unwrap();
    let digest = factory_core::ids::Digest::of(&[b'x'; 9000]);
    let (shard, name) = digest.as_str().split_at(2);
    std::fs::write(held.dir.path().join("blobs").join(shard).join(name), "changed").unwrap();
    let here = held.opened.log.read(&run("r")).await.unwrap_err();
    let there = remote.read(&run("r")).await.unwrap_err();
    assert!(matches!(there, StoreError::Damaged { .. }));
    assert_eq!(there.to_string(), here.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_are_shared_and_outlive_the_connection() {
    let held = held().await;
    let (one, two) = (held.attach().await, held.attach().await);
    let lease = one.claim(&run("r")).await.unwrap();
    for other in [&two as &dyn EventLog, &*held.opened.log, &one] {
        let Err(StoreError::Driven { holder, .. }) = other.claim(&run("r")).await else {
            panic!("claimed twice")
        };
        assert_eq!(holder, std::process::id().to_string());
    }
    drop(one);
    held.await_clients(1).await;
    assert!(matches!(two.claim(&run("r")).await, Err(StoreError::Driven { .. })));
    drop(lease);
    drop(two.claim(&run("r")).await.unwrap());
    drop(held.opened.log.claim(&run("r")).await.unwrap());

    // Who stops to wait for a claim does not keep it.
    let abandoned = run("s");
    for _ in 0..50 {
        tokio::select! {
            biased;
            claimed = two.claim(&abandoned) => drop(claimed),
            () = tokio::task::yield_now() => {}
        }
    }
    time::timeout(LONG, async {
        while held.opened.log.claim(&run("s")).await.is_err() {
            time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
    .expect("an abandoned claim is given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_ends_is_gone_and_somebody_else_can_hold_the_store() {
    let held = held().await;
    let remote = held.attach().await;
    let mut told = remote.changes();
    held.opened.log.append(&run("r"), 0, b"x", &[]).await.unwrap();
    let lease = remote.claim(&run("r")).await.unwrap();
    let Held { opened, dir } = held;
    let socket = socket_of(&opened).to_owned();
    drop(opened);

    assert!(!socket.exists());
    for _ in 0..2 {
        assert!(matches!(remote.append(&run("r"), 1, b"y", &[]).await, Err(StoreError::HolderGone)));
    }
    assert!(matches!(remote.put(b"x").await, Err(StoreError::HolderGone)));
    while told.recv().await != Err(RecvError::Closed) {}
    assert_eq!(remote.changes().recv().await, Err(RecvError::Closed));
    assert!(matches!(RemoteStore::connect(dir.path()).await, Err(StoreError::HolderGone)));

    let next = Store::open_or_attach(dir.path()).await.unwrap();
    assert_eq!(next.access, Access::Held);
    assert_eq!(next.log.read(&run("r")).await.unwrap().len(), 1);
    assert!(matches!(next.log.claim(&run("r")).await, Err(StoreError::Driven { .. })), "it is still claimed");
    drop(lease);
    next.log.claim(&run("r")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_while_the_holder_is_about_to_end_gets_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    // It serves nobody, like an earlier version.
    assert!(matches!(RemoteStore::connect(dir.path()).await, Err(StoreError::Held { .. })));
    let opening = tokio::spawn({
        let dir = dir.path().to_owned();
        async move { Store::open_or_attach(&dir).await.map(|opened| opened.access) }
    });
    time::sleep(Duration::from_millis(200)).await;
    assert!(!opening.is_finished());
    drop(store);
    assert_eq!(opening.await.unwrap().unwrap(), Access::Held);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_serves_nobody_is_named_after_a_while() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let Err(StoreError::Held { holder }) = Store::open_or_attach(dir.path()).await else { panic!("opened") };
    assert_eq!(holder, std::process::id().to_string());
    drop(store);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_was_stopped_is_named_after_a_while() {
    let held = held().await;
    let socket = held.socket().to_owned();
    let Held { opened, dir } = held;
    drop(opened);
    // It holds the store, and its socket takes connections that nobody answers.
    let store = Store::open(dir.path()).unwrap();
    let _ = std::fs::remove_file(&socket);
    let _mute = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let process = std::process::id();
    std::fs::write(dir.path().join("lock"), format!("{process}\n{}\n", socket.display())).unwrap();
    let opening = time::timeout(Duration::from_secs(60), Store::open_or_attach(dir.path()));
    let Err(StoreError::Held { holder }) = opening.await.unwrap() else { panic!("opened") };
    assert_eq!(holder, process.to_string());
    drop(store);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_holder_left_is_no_hindrance() {
    let held = held().await;
    let socket = held.socket().to_owned();
    let Held { opened, dir } = held;
    drop(opened);
    // As after a kill: a socket on which nobody listens, and a lock file that names it.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    std::fs::write(dir.path().join("lock"), format!("4194304999\n{}\n", socket.display())).unwrap();
    assert!(matches!(RemoteStore::connect(dir.path()).await, Err(StoreError::HolderGone)));
    let opened = Store::open_or_attach(dir.path()).await.unwrap();
    assert_eq!(opened.access, Access::Held);
    RemoteStore::connect(dir.path()).await.unwrap().runs().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_others_could_have_put_there_is_not_used() {
    let held = held().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let wide = elsewhere.path().join("wide");
    std::fs::create_dir(&wide).unwrap();
    std::fs::set_permissions(&wide, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let socket = wide.join("s.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::fs::write(held.dir.path().join("lock"), format!("7\n{}\n", socket.display())).unwrap();
    let error = RemoteStore::connect(held.dir.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::Io { action: "opened", .. }), "{error:?}");
}

/// Pseudo-random bytes: the same in every run of this test.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[3]
        })
        .collect()
}

fn hello(protocol: u32) -> Vec<u8> {
    wire::encode(&Hello { factory_store: protocol, process: 1 }, &[]).unwrap()
}

fn ask(header: &impl Serialize, parts: &[&[u8]]) -> Vec<u8> {
    [hello(PROTOCOL), wire::encode(header, parts).unwrap()].concat()
}

fn append() -> Ask {
    Ask { number: 0, question: Question::Append { run: run("victim"), expected: 0 } }
}

/// Whole messages that make no sense.
fn senseless() -> Vec<Vec<u8>> {
    let question = |question| Ask { number: 0, question };
    vec![
        ask(&append(), &[]),
        ask(&question(Question::Put), &[]),
        ask(&question(Question::Put), &[b"a", b"b"]),
        ask(&question(Question::Runs), &[b"a"]),
        // A message of the first version.
        ask(&serde_json::json!({"Claim": {"number": 0, "run": "victim"}}), &[]),
        ask(
            &serde_json::json!({"number": 0, "question": {"Append": {"run": "../x", "expected": 0}}}),
            &[b"x"],
        ),
        ask(&serde_json::json!({"number": -1, "question": "Runs"}), &[]),
        ask(&serde_json::json!({"number": 0, "question": "Runs", "more": 1}), &[]),
        ask(&serde_json::json!({"Get": {"digest": "/etc/passwd"}}), &[]),
        ask(&serde_json::json!([[[[]]]]), &[]),
    ]
}

/// What a client says that does not keep to the messages, or stops in the midst of one.
fn nonsense() -> Vec<Vec<u8>> {
    let whole = ask(&append(), &[b"evil", b"decision"]);
    let mut said = vec![
        vec![],
        vec![0],
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        u32::MAX.to_be_bytes().to_vec(),
        [&u32::MAX.to_be_bytes()[..], &noise(1, 100_000)].concat(),
        [hello(PROTOCOL), u32::MAX.to_be_bytes().to_vec()].concat(),
        // As much as is allowed is announced, and does not come.
        [hello(PROTOCOL), u32::try_from(LIMIT).unwrap().to_be_bytes().to_vec(), noise(2, 5_000)].concat(),
        hello(PROTOCOL),
        hello(PROTOCOL + 1),
        [hello(PROTOCOL), hello(PROTOCOL)].concat(),
        [hello(PROTOCOL), noise(3, 70_000)].concat(),
    ];
    said.extend(senseless());
    said.extend((5..whole.len()).step_by(3).map(|cut| whole[..cut].to_vec()));
    said.extend((10..30).map(|seed| noise(seed, 1 << (seed % 16))));
    said
}

/// Says something, and waits for the end of the connection, or not.
async fn say(socket: &Path, said: &[u8], wait: bool) {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    // It may be sent away before it has said all.
    let _sent_away = stream.write_all(said).await;
    if wait {
        let _ended = stream.shutdown().await;
        let answered = time::timeout(LONG, stream.read_to_end(&mut Vec::new())).await;
        assert!(answered.is_ok(), "a client that has ended is not let go");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_ends_its_own_connection_and_harms_nobody() {
    let held = held().await;
    let good = held.attach().await;
    for (number, said) in (0..).zip(nonsense()) {
        say(held.socket(), &said, number % 3 != 0).await;
        good.append(&run("good"), number, b"x", &[b"d".to_vec()]).await.unwrap();
    }
    held.await_clients(1).await;
    assert_eq!(good.runs().await.unwrap(), [run("good")], "a half message does nothing");
    let count = good.read(&run("good")).await.unwrap().len() as u64;
    assert_eq!(good.ledger_head().await.unwrap().unwrap().count, count);
    held.opened.log.claim(&run("victim")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_makes_no_sense_is_sent_away() {
    let held = held().await;
    for (number, said) in senseless().into_iter().enumerate() {
        let mut stream = UnixStream::connect(held.socket()).await.unwrap();
        stream.write_all(&said).await.unwrap();
        let ended = time::timeout(LONG, stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "message {number} was put up with");
    }
    assert_eq!(held.opened.log.runs().await.unwrap(), []);
}

/// More than are served at once, and each of them keeps its place for seconds if nobody takes it away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_who_say_nothing_keep_nobody_waiting() {
    let held = held().await;
    let mut idle = Vec::new();
    for _ in 0..600 {
        idle.push(UnixStream::connect(held.socket()).await.unwrap());
    }
    for _ in 0..5 {
        let attached = time::timeout(Duration::from_secs(2), held.attach()).await;
        attached.expect("it is served at once").runs().await.unwrap();
    }
    // Whoever has said nothing for longest is sent away for it, and not only after seconds.
    let ended = time::timeout(Duration::from_secs(2), idle[0].read(&mut [0])).await;
    assert!(matches!(ended, Ok(Ok(0) | Err(_))), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_too_many_is_sent_away_at_once_and_served_when_there_is_room() {
    let held = held().await;
    let mut served = Vec::new();
    for _ in 0..CLIENTS {
        served.push(held.attach().await);
    }
    let refused = time::timeout(Duration::from_secs(2), RemoteStore::connect(held.dir.path())).await;
    assert!(matches!(refused, Ok(Err(StoreError::HolderGone))), "{refused:?}");
    served[7].runs().await.unwrap();
    served.pop();
    held.await_clients(CLIENTS - 1).await;
    held.attach().await.runs().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_clients_of_whom_half_are_rude_are_served() {
    const CLIENTS: usize = 50;
    const EACH: u64 = 20;
    let held = Arc::new(held().await);
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let held = Arc::clone(&held);
        clients.spawn(async move {
            if number % 2 == 0 {
                let remote = held.attach().await;
                for position in 0..EACH {
                    let run = run(&format!("run-{number}"));
                    remote.append(&run, position, b"x", &[vec![b'd'; 5000]]).await.unwrap();
                }
            } else {
                for said in nonsense().into_iter().skip(number) {
                    say(held.socket(), &said, false).await;
                }
            }
        });
    }
    clients.join_all().await;
    held.await_clients(0).await;
    let entries = held.opened.log.decisions(0, 10_000).await.unwrap();
    assert_eq!(entries.len() as u64, CLIENTS as u64 / 2 * EACH);
    assert_eq!(held.opened.log.runs().await.unwrap().len(), CLIENTS / 2);
}

/// One that does not read what it is told, of all runs there are, keeps nobody from working.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_nothing_keeps_nobody_waiting() {
    let held = held().await;
    let mut deaf = UnixStream::connect(held.socket()).await.unwrap();
    deaf.write_all(&hello(PROTOCOL)).await.unwrap();
    held.await_clients(1).await;
    held.opened.log.append(&run("big"), 0, &vec![b'x'; 100_000], &[]).await.unwrap();
    let read = Ask { number: 1, question: Question::Read { run: run("big") } };
    let read = wire::encode(&read, &[]).unwrap();
    // More questions than are worked on at once, and than the socket holds.
    for _ in 0..500 {
        let asked = time::timeout(Duration::from_millis(20), deaf.write_all(&read)).await;
        if asked.is_err() {
            break;
        }
    }
    // Until nothing more fits between the two. If that takes longer, this shows less.
    time::sleep(Duration::from_secs(2)).await;
    let good = held.attach().await;
    for position in 0..2000 {
        // One may be on its way already.
        let name = if position == 5 { "missed" } else { "good" };
        good.append(&run(name), if position > 5 { position - 1 } else { position % 5 }, b"x", &[])
            .await
            .unwrap();
    }
    // Once it listens, it is told even what was forgotten meanwhile.
    time::timeout(LONG, async {
        wire::read::<Hello>(&mut deaf, LIMIT).await.unwrap().unwrap();
        loop {
            match wire::read::<Told>(&mut deaf, LIMIT).await.unwrap().unwrap().0 {
                Told::Changed { run } if run.as_str() == "missed" => break,
                Told::Changed { .. } | Told::Answer { .. } => {}
            }
        }
    })
    .await
    .expect("it hears of every change");
}
