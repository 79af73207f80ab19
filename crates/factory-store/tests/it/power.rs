//! A device that loses its power: a file system in a file, which is shut down without writing out what it has in
//! memory, and mounted again.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use factory_store::Store;

use crate::child::{self, runtime, say};
use crate::records::{self, ALONE, kept};

/// How often the power is cut.
const CUTS: u64 = 16;

/// `EXT4_IOC_SHUTDOWN`, with `EXT4_GOING_FLAGS_NOLOGFLUSH`: not even the journal is written. Python is here wherever
/// the tests run, and this crate has no other use for calls of the system without types.
const SHUT_DOWN: &str = r#"
import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack("I", 2))
"#;

/// That this user can make a file system in a file and shut it down.
#[derive(Clone, Copy)]
pub(crate) struct Power;

impl Power {
    /// `None` when there is no way.
    pub(crate) fn probe() -> Option<Self> {
        let base = tempfile::tempdir().ok()?;
        let mut probe = Self.command("power-probe", base.path());
        let done = probe.stdout(Stdio::null()).stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success()).then_some(Self)
    }

    /// This program, where what it mounts ends with it.
    fn command(self, role: &str, base: &Path) -> Command {
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount"]).arg(std::env::current_exe().unwrap());
        child::configured(unshare, role, base)
    }
}

pub(crate) fn survives_cuts(power: Power) {
    let base = tempfile::tempdir().unwrap();
    let said = child::finish(power.command("power", base.path()));
    assert_eq!(said.lines().last(), Some(format!("{CUTS} cuts").as_str()), "{said}");
}

/// Fails unless a file system can be made here, and refuses to be written once it is shut down.
pub(crate) fn play_probe(base: &Path) {
    let device = Device::make(base, 16);
    device.mount();
    std::fs::write(device.dir.join("before"), "x").unwrap();
    device.shut_down();
    assert!(std::fs::write(device.dir.join("after"), "x").is_err());
    device.unmount();
}

/// Has a store appended to on a device of its own, cuts the power, and looks what is left, again and again.
pub(crate) fn play_power(base: &Path) {
    let device = Device::make(base, 256);
    let store = device.dir.join("store");
    let mut acknowledged = HashMap::new();
    let mut large = 0;
    for cut in 0..CUTS {
        device.mount();
        let mut child = child::command("append", &store).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        // Now and then it is cut off while the store is opened, or made.
        if cut % 4 != 3 {
            lines.read_line(&mut said).unwrap();
            assert!(!said.is_empty(), "it ended by itself");
        }
        let listener = thread::spawn(move || {
            while lines.read_line(&mut said).unwrap() > 0 {}
            said
        });
        thread::sleep(Duration::from_millis(cut * 37 % 150));
        device.shut_down();
        thread::sleep(Duration::from_millis(20));
        child.kill().unwrap();
        child.wait().unwrap();
        let said = listener.join().unwrap();
        records::note(&said, &mut acknowledged);
        device.unmount();

        device.mount();
        let opened = Store::open(&store).unwrap();
        let there = runtime().block_on(kept(&*opened.log, &acknowledged));
        drop(opened);
        device.unmount();
        large = (0..records::RUNS)
            .filter_map(|number| there.get(records::run(number).as_str()))
            .map(|count| count / 7)
            .sum();
        say(&format!("cut {cut}: {} promised, {} there", sum(&acknowledged), sum(&there)));
    }
    assert!(sum(&acknowledged) > CUTS && acknowledged.contains_key(ALONE), "{acknowledged:?}");
    assert!(large > CUTS, "{large} records were too large for the log");
    say(&format!("{CUTS} cuts"));
}

fn sum(counts: &HashMap<String, u64>) -> u64 {
    counts.values().sum()
}

/// A file system in a file.
struct Device {
    file: PathBuf,
    dir: PathBuf,
}

impl Device {
    fn make(base: &Path, mebibytes: u64) -> Self {
        let device = Self { file: base.join("device"), dir: base.join("mounted") };
        std::fs::create_dir(&device.dir).unwrap();
        File::create(&device.file).unwrap().set_len(mebibytes << 20).unwrap();
        run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&device.file));
        device
    }

    fn mount(&self) {
        run(Command::new("mount").args(["-o", "loop"]).args([&self.file, &self.dir]));
    }

    fn unmount(&self) {
        run(Command::new("umount").arg(&self.dir));
    }

    fn shut_down(&self) {
        run(Command::new("python3").args(["-c", SHUT_DOWN]).arg(&self.dir));
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
