//! A device that is full, or fails, or may not be written.

use std::collections::HashMap;
use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use factory_engine::port::store::{BlobStore as _, EventLog, Position, StoreError};
use factory_store::Store;
use nix::mount::{self, MsFlags};
use nix::sys::statvfs;

use crate::child::{self, explained, runtime, say};
use crate::records::{self, RUNS, agreement, decisions, kept, record, run};

/// How this user can mount something that nobody else sees.
#[derive(Clone)]
pub(crate) struct Mounts {
    /// Arguments of `unshare`.
    arguments: &'static [&'static str],
}

impl Mounts {
    /// `None` when there is no way.
    pub(crate) fn probe() -> Option<Self> {
        let base = tempfile::tempdir().ok()?;
        [&["--mount"][..], &["--user", "--map-root-user", "--mount"]]
            .into_iter()
            .map(|arguments| Self { arguments })
            .find(|mounts| {
                let mut probe = mounts.command(base.path(), "64k", Path::new("true"));
                probe
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .is_ok_and(|status| status.success())
            })
    }

    /// Runs `program` with a new device of `size` mounted at `base`, for it alone.
    fn command(&self, base: &Path, size: &str, program: &Path) -> Command {
        // The second `mount` shows that the device can be changed, as the cases do.
        let script = r#"
            mount -t tmpfs -o size="$1" none "$2" && mount -t tmpfs -o remount,size="$1" none "$2" && exec "$3""#;
        let mut command = Command::new("unshare");
        command.args(self.arguments).args(["sh", "-c", script, "sh", size]).arg(base).arg(program);
        command
    }

    fn play(&self, role: &str, size: &str) -> String {
        let base = tempfile::tempdir().unwrap();
        let command = self.command(base.path(), size, &std::env::current_exe().unwrap());
        child::finish(child::configured(command, role, base.path()))
    }
}

pub(crate) fn refuses_when_full(mounts: &Mounts) {
    let said = mounts.play("fill", "20m");
    assert!(said.ends_with("\nkept\n"), "{said}");
}

pub(crate) fn refuses_read_only(mounts: &Mounts) {
    let said = mounts.play("read-only", "64m");
    assert_eq!(said, "the store cannot be opened: Read-only file system (os error 30)\n".repeat(2));
}

/// How many times the space runs out in the midst of a write.
const SHORTAGES: usize = 36;

pub(crate) fn survives_running_out(mounts: &Mounts) {
    let said = mounts.play("exhaust", "256m");
    let last = said.lines().last();
    assert_eq!(last, Some(format!("ran out {SHORTAGES} times").as_str()), "{said}");
}

/// The limits on the size of files at which a write fails, in blocks of 512 bytes.
const LIMITS: [u32; 8] = [4096, 4103, 4211, 4318, 4500, 4777, 5120, 6001];

/// Such a limit is one that no look at the free space foretells.
pub(crate) fn stops_after_a_failed_write() {
    for limit in LIMITS {
        let base = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        let script = format!(r#"trap "" XFSZ; ulimit -f {limit}; exec "$0""#);
        shell.args(["-c", &script]).arg(std::env::current_exe().unwrap());
        let said = child::finish(child::configured(shell, "fail", base.path()));
        assert!(said.ends_with("\nclosed\n"), "{said}");
        let mut acknowledged = HashMap::new();
        records::note(&said, &mut acknowledged);

        let store = Store::open(base.path()).unwrap();
        child::runtime().block_on(async {
            let there = kept(&*store.log, &acknowledged).await;
            for number in 0..RUNS {
                let run = run(number);
                let promised = acknowledged[run.as_str()];
                for read in
                    said.lines().filter_map(|line| line.strip_prefix(&format!("{run} is read up to ")))
                {
                    assert_eq!(read, promised.to_string(), "what was acknowledged is read, and nothing else");
                }
                let next = there[run.as_str()];
                store.log.append(&run, next, &record(&run, next), &decisions(&run, next)).await.unwrap();
            }
            agreement(&*store.log).await;
        });
    }
}

/// Under a limit on the size of files: appends until a write fails.
pub(crate) fn play_fail(base: &Path) {
    let store = Store::open(base).unwrap();
    let log: Arc<dyn EventLog> = Arc::clone(&store.log) as _;
    runtime().block_on(async {
        let text = explained(&records::append_all(&log, &records::said()).await);
        assert!(text.contains("the store cannot be written: an append failed half way"), "{text}");
        for number in 0..RUNS {
            let run = run(number);
            // The database may not be able to read any more either.
            match log.read(&run).await {
                Ok(records) => say(&format!("{run} is read up to {}", records.len())),
                Err(StoreError::Io { action: "read", .. }) => {}
                Err(other) => panic!("{}", explained(&other)),
            }
            for expected in 0..200 {
                let error = log.append(&run, expected, b"after it", &[]).await.unwrap_err();
                assert_eq!(explained(&error), text, "the store has stopped for good");
            }
        }
        let error = log.append_decisions(&[b"after it".to_vec()]).await.unwrap_err();
        assert_eq!(explained(&error), text, "the store has stopped for good");
    });
    drop((log, store));
    say("closed");
}

/// On a device of its own, mounted at `base`: appends until it is full, makes room, fills it to the last byte.
pub(crate) fn play_fill(base: &Path) {
    let dir = base.join("store");
    let run = run(0);
    let full = |error: StoreError| assert!(matches!(error, StoreError::Full(_)), "{}", explained(&error));
    let runtime = runtime();
    let store = Store::open(&dir).unwrap();
    let log: Arc<dyn EventLog> = Arc::clone(&store.log) as _;
    let there = runtime.block_on(async {
        full(records::append_all(&log, &records::said()).await);
        let there = agreement(&*log).await;
        let count = there[run.as_str()];
        assert!(count > 0, "there was no room from the beginning");
        full(log.append(&run, count, b"x", &[]).await.unwrap_err());
        full(log.append(&run, count, b"x", &[b"x".to_vec()]).await.unwrap_err());
        full(log.append_decisions(&[b"x".to_vec()]).await.unwrap_err());
        full(store.blobs.put(b"x").await.unwrap_err());
        let stale = log.append(&run, count - 1, b"x", &[b"x".to_vec()]).await.unwrap_err();
        assert!(matches!(stale, StoreError::Conflict { actual, .. } if actual == count));
        assert_eq!(agreement(&*log).await, there);

        remount(base, "size=64m");
        log.append(&run, count, &record(&run, count), &decisions(&run, count)).await.unwrap();
        let after = agreement(&*log).await;
        assert_eq!(after[run.as_str()], count + 1);
        // What does not fit as a whole is not begun.
        let much = vec![vec![b'x'; 4096]; 16 * 1024];
        full(log.append(&run, count + 1, b"x", &much).await.unwrap_err());
        assert_eq!(agreement(&*log).await, after);
        after
    });

    let ballast = base.join("ballast");
    let mut file = File::create(&ballast).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    let count = there[run.as_str()];
    runtime.block_on(async {
        full(log.append(&run, count, b"x", &[b"x".to_vec()]).await.unwrap_err());
        assert_eq!(agreement(&*log).await, there);
    });
    drop((log, store));
    match Store::open(&dir) {
        Ok(store) => assert_eq!(runtime.block_on(agreement(&*store.log)), there),
        Err(error) => full(error),
    }

    drop(file);
    std::fs::remove_file(&ballast).unwrap();
    let store = Store::open(&dir).unwrap();
    runtime.block_on(async {
        assert_eq!(agreement(&*store.log).await, there);
        store.log.append(&run, count, &record(&run, count), &decisions(&run, count)).await.unwrap();
        agreement(&*store.log).await;
    });
    say("kept");
}

/// On a device of its own, mounted at `base`: appends while somebody else takes all the space and gives it back, again
/// and again, until that hits a write which had been begun; then opens the store again. Many times, and each time
/// another number of bytes is left.
pub(crate) fn play_exhaust(base: &Path) {
    let dir = base.join("store");
    let runtime = runtime();
    let mut promised = HashMap::new();
    for shortage in 0..SHORTAGES {
        let store = Store::open(&dir).unwrap();
        let log: Arc<dyn EventLog> = Arc::clone(&store.log) as _;
        let there = runtime.block_on(kept(&*log, &promised));
        let (tell, notes) = records::noted();
        let enough = AtomicBool::new(false);
        let error = thread::scope(|scope| {
            scope.spawn(|| take_and_give(base, shortage as u64 % 6 * 4096, &enough));
            // However this ends.
            let _enough = Raised(&enough);
            runtime.block_on(records::append_patiently(&log, &there, &tell))
        });
        let text = explained(&error);
        assert!(text.contains("an append failed half way"), "{text}");
        promised.extend(notes.lock().unwrap().drain());
        drop((log, store));

        let store = Store::open(&dir).unwrap();
        let total = runtime.block_on(kept(&*store.log, &promised)).values().sum::<Position>();
        say(&format!("{shortage}: {total} are kept, {text}"));
        drop(store);
        if total > 2000 {
            // The looks shall not become longer and longer.
            std::fs::remove_dir_all(&dir).unwrap();
            promised.clear();
        }
    }
    say(&format!("ran out {SHORTAGES} times"));
}

/// Is raised when this is dropped.
struct Raised<'a>(&'a AtomicBool);

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Takes all the space but for `left` bytes and gives it back, until it is enough. The device is made smaller at once:
/// to fill it would take so long that the store sees it coming.
fn take_and_give(base: &Path, left: u64, enough: &AtomicBool) {
    let resize = |size: u64| {
        let options = format!("size={size}");
        mount::mount(Some("none"), base, Some("tmpfs"), MsFlags::MS_REMOUNT, Some(options.as_str()))
    };
    let device = || statvfs::statvfs(base).unwrap();
    let all = device().blocks() * device().fragment_size();
    let mut round = 0;
    while !enough.load(Ordering::Relaxed) {
        round += 1;
        thread::sleep(Duration::from_micros(500 + round * 377 % 5_000));
        let now = device();
        // More may be in use by now: then nothing is taken this time.
        let _taken = resize((now.blocks() - now.blocks_free()) * now.fragment_size() + left);
        thread::sleep(Duration::from_millis(3));
        resize(all).unwrap();
    }
}

/// On a device of its own, mounted at `base`.
pub(crate) fn play_read_only(base: &Path) {
    let dir = base.join("store");
    drop(Store::open(&dir).unwrap());
    remount(base, "ro");
    for place in [dir, base.join("another")] {
        let error = Store::open(&place).unwrap_err();
        assert!(matches!(error, StoreError::Io { action: "opened", .. }), "{error:?}");
        say(&explained(&error));
    }
}

/// How to start a program without the rights of the system's owner, who may write everywhere.
#[derive(Clone, Copy)]
pub(crate) struct Plain {
    /// Whether this process has them.
    lower: bool,
}

/// The user nobody.
const NOBODY: u32 = 65534;

impl Plain {
    /// `None` when there is no way.
    pub(crate) fn probe() -> Option<Self> {
        let plain = Self { lower: nix::unistd::geteuid().is_root() };
        let mut probe = child::configured(plain.command(), "nothing", Path::new("/"));
        let started = probe.stderr(Stdio::null()).status();
        started.is_ok_and(|status| status.success()).then_some(plain)
    }

    /// The command that starts this program so.
    pub(crate) fn command(self) -> Command {
        let program = std::env::current_exe().unwrap();
        if !self.lower {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command
            .args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"])
            .arg(program);
        command
    }

    /// Makes the file or directory belong to who is started so.
    fn give(self, path: &Path) {
        if self.lower {
            chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
}

pub(crate) fn refuses_without_permission(plain: Plain) {
    let base = tempfile::tempdir().unwrap();
    plain.give(base.path());
    let said = child::finish(child::configured(plain.command(), "not-permitted", base.path()));
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    for line in lines {
        assert!(line.starts_with("the store cannot be opened: Permission denied (os error 13)"), "{line}");
    }
    // The one who cleans up is not held up by what is left of that.
    let _left = std::fs::set_permissions(base.path(), Permissions::from_mode(0o700));
}

/// Without the rights to write everywhere.
pub(crate) fn play_not_permitted(base: &Path) {
    let mode = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let refused = |place: &Path| {
        let error = Store::open(place).err().unwrap();
        assert!(matches!(error, StoreError::Io { action: "opened", .. }), "{error:?}");
        say(&explained(&error));
    };
    // Nothing is there yet.
    let empty = base.join("empty");
    std::fs::create_dir(&empty).unwrap();
    mode(&empty, 0o500);
    refused(&empty);
    refused(&empty.join("missing"));

    // One of the first version: its directory may not be changed, but it would have to be.
    let old = base.join("old");
    drop(Store::open(&old).unwrap());
    std::fs::write(old.join("format"), "1\n").unwrap();
    mode(&old, 0o500);
    refused(&old);
    assert_eq!(std::fs::read_to_string(old.join("format")).unwrap(), "1\n");

    // All of it is for reading only.
    mode(&old, 0o700);
    drop(Store::open(&old).unwrap());
    mode(&old.join("lock"), 0o400);
    mode(&old, 0o500);
    refused(&old);
    mode(&old, 0o700);
    mode(&empty, 0o700);
}

/// Changes the device that is mounted at `base`. Type and source are given so that `mount` does not take over options
/// that only the outside understands, such as the numbers of users.
fn remount(base: &Path, option: &str) {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", &format!("remount,{option}"), "none"]).arg(base);
    assert!(mount.status().unwrap().success());
}
