//! A device that is full, or fails, or may not be written.

use std::path::Path;
use std::process::{Command, Stdio};

use factory_engine::port::store::{EventLog as _, Position};
use factory_store::Store;

use crate::child;

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

/// The limit on the size of files is one that no look at the free space foretells.
pub(crate) fn stops_after_a_failed_write() {
    let base = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"trap "" XFSZ; ulimit -f 4096; exec "$0""#]).arg(std::env::current_exe().unwrap());
    let said = child::finish(child::configured(shell, "fail", base.path()));
    assert!(said.ends_with("\nclosed\n"), "{said}");

    let store = Store::open(base.path()).unwrap();
    child::runtime().block_on(async {
        for number in 0..child::RUNS {
            let run = child::run(number);
            let lines = said.lines().filter_map(|line| line.strip_prefix(&format!("{run} ")));
            let (read, acknowledged): (Vec<_>, Vec<_>) =
                lines.partition(|line| line.starts_with("is read up to "));
            let acknowledged = acknowledged.len();
            assert!(acknowledged > 0, "nothing was appended to {run}");
            if let [read] = read[..] {
                let expected = format!("is read up to {acknowledged}");
                assert_eq!(read, expected, "what was acknowledged is read, and nothing else");
            }
            let there = child::checked(&store, &run).await;
            assert!(
                there >= acknowledged as Position,
                "{acknowledged} records of {run} were acknowledged, {there} are there"
            );
            store.log.append(&run, there, &child::record(&run, there)).await.unwrap();
            assert_eq!(child::checked(&store, &run).await, there + 1);
        }
    });
}
