//! What `factory decision stats` and its siblings take over a store whose ledger has a million decisions, as whole
//! commands: opening the store, reading, folding, figures, printing.
//!
//! `cargo bench -p factory-cli --bench million` prints the figures; `docs/performance.md` says how to read them.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use factory_core::ids::Timestamp;
use factory_core::ledger::entry::{Decided, LedgerEntry};
use factory_engine::port::store::EventLog as _;
use factory_store::Store;
use tokio::runtime::Runtime;

const DECISIONS: usize = 1_000_000;
/// As many entries as are written with one sync.
const AT_ONCE: usize = 10_000;
const CONFIGURATION: &str = "schema = 1\n\n[project]\nname = \"bench\"\n\n[deploy]\ncommand = \"true\"\n";
/// A ledger of some three hundred runs, which is written over and over.
const FIXTURE: &str = include_str!("../../factory-core/tests/fixtures/statistics/ledger.jsonl");

fn main() {
    // `cargo test --benches` runs benches with this flag, and would wait for minutes.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    // On the same disk as everything else that is built, because a temporary directory may be memory.
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let project = place.path();
    let who = ["-c", "user.name=Bench", "-c", "user.email=bench@example.test"];
    for arguments in [&["init", "--quiet"][..], &["commit", "--quiet", "--allow-empty", "--message", "first"]]
    {
        let git = Process::new("git").args(who).args(arguments).current_dir(project).status();
        assert!(git.expect("git runs").success());
    }
    fs::write(project.join("factory.toml"), CONFIGURATION).expect("space on the disk");
    let bytes = fill(&project.join(".factory"));
    println!("{DECISIONS} decisions, {} MB of entries", bytes / 1_000_000);

    let yardstick = median(|| read_all(&project.join(".factory")));
    println!("yardstick, reading the store's files: {:.2} s", yardstick.as_secs_f64());
    for arguments in
        [&["decision", "stats"][..], &["decision", "stats", "--by", "month"], &["trust", "status"]]
    {
        let first = timed(|| factory(project, arguments));
        let again = median(|| factory(project, arguments));
        println!(
            "factory {}: {:.2} s at first, {:.2} s again, {:.1} yardsticks",
            arguments.join(" "),
            first.as_secs_f64(),
            again.as_secs_f64(),
            again.as_secs_f64() / yardstick.as_secs_f64()
        );
    }
}

/// Writes the ledger, and says how many bytes its entries have.
fn fill(dir: &Path) -> usize {
    let runtime = Runtime::new().expect("a runtime");
    let store = Store::open(dir).expect("a store");
    let decode = |line: &str| LedgerEntry::from_bytes(line.as_bytes()).expect("a fixture is sound");
    let fixture: Vec<LedgerEntry> = FIXTURE.lines().map(decode).collect();
    let span = fixture.last().expect("a fixture has entries").at.since(fixture[0].at);
    let copies = (0_u64..).flat_map(|copy| fixture.iter().map(move |entry| (copy, entry)));
    let mut renamed = copies.filter_map(|(copy, entry)| later(entry, copy, copy * span)).take(DECISIONS);
    let mut bytes = 0;
    loop {
        let some: Vec<Vec<u8>> = renamed.by_ref().take(AT_ONCE).map(|entry| entry.to_bytes()).collect();
        if some.is_empty() {
            return bytes;
        }
        bytes += some.iter().map(Vec::len).sum::<usize>();
        runtime.block_on(store.log.append_decisions(&some)).expect("they are kept");
    }
}

/// The same decision of another run; nothing of a change of trust, which comes once.
fn later(entry: &LedgerEntry, copy: u64, after_ms: u64) -> Option<LedgerEntry> {
    let mut entry = entry.clone();
    entry.at = Timestamp(entry.at.0 + after_ms);
    let run = match &mut entry.decided {
        Decided::Request(request) => &mut request.run,
        Decided::Run { run, .. } => run,
        Decided::Trust(_) => return None,
    };
    *run = format!("{run}-{copy}").parse().expect("still a run id");
    Some(entry)
}

fn factory(project: &Path, arguments: &[&str]) {
    let mut factory = Process::new(env!("CARGO_BIN_EXE_factory"));
    let ended = factory.args(arguments).current_dir(project).stdout(Stdio::null()).status();
    assert!(ended.expect("it runs").success());
}

fn read_all(dir: &Path) {
    for entry in fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry")) {
        let kind = entry.file_type().expect("it is there");
        if kind.is_dir() {
            read_all(&entry.path());
        } else if kind.is_file() {
            let mut bytes = Vec::new();
            fs::File::open(entry.path())
                .and_then(|mut file| file.read_to_end(&mut bytes))
                .expect("it is read");
        }
    }
}

fn timed(mut what: impl FnMut()) -> Duration {
    let begin = Instant::now();
    what();
    begin.elapsed()
}

fn median(mut what: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..5).map(|_| timed(&mut what)).collect();
    times.sort();
    times[times.len() / 2]
}
