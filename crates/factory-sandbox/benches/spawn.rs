//! What confining a command costs: `/bin/true` by a plain spawn, under a keeper alone, in both profiles, and by bubblewrap
//! where that is installed. All in turn, so that whatever else the machine does meets all of them; figures are medians.
//!
//! `cargo bench -p factory-sandbox --bench spawn`

use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use factory_sandbox::{Command, Launcher, Profile, Sandbox};
use tokio::runtime::{Builder, Runtime};

/// How often each is done.
const ROUNDS: usize = 200;

/// As bubblewrap is used for the same purpose: no network, no capabilities, an allowlist of the system's folders.
const BUBBLEWRAP: [&str; 24] = [
    "--unshare-all",
    "--cap-drop",
    "ALL",
    "--die-with-parent",
    "--new-session",
    "--clearenv",
    "--ro-bind",
    "/usr",
    "/usr",
    "--symlink",
    "usr/bin",
    "/bin",
    "--symlink",
    "usr/lib",
    "/lib",
    "--symlink",
    "usr/lib64",
    "/lib64",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    "--tmpfs",
    "/tmp",
];

type Way = (&'static str, Box<dyn Fn(&Runtime) -> bool>);

fn main() {
    factory_sandbox::enter_if_helper();
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let launched = |launcher: Launcher| -> Box<dyn Fn(&Runtime) -> bool> {
        Box::new(move |runtime| {
            runtime.block_on(launcher.run(Command::new("/bin/true"))).is_ok_and(|done| done.end.success())
        })
    };
    let plain =
        |program: &'static str, arguments: &'static [&'static str]| -> Box<dyn Fn(&Runtime) -> bool> {
            Box::new(move |_| {
                let mut process = Process::new(program);
                process.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
                process.output().is_ok_and(|output| output.status.success())
            })
        };
    let mut bubblewrap: Vec<&str> = BUBBLEWRAP.to_vec();
    bubblewrap.push("/bin/true");
    let ways: Vec<Way> = vec![
        ("plain spawn", plain("/bin/true", &[])),
        ("keeper alone", launched(Launcher::new())),
        ("profile A", launched(Launcher::new().confined(Sandbox::new(Profile::Namespaces)))),
        ("profile B", launched(Launcher::new().confined(Sandbox::new(Profile::Landlock)))),
        ("bubblewrap", plain("bwrap", bubblewrap.leak())),
    ];
    let ways: Vec<Way> = ways
        .into_iter()
        .filter(|(name, run)| {
            let works = run(&runtime);
            if !works {
                println!("{name}: not run, it does not work on this machine");
            }
            works
        })
        .collect();
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); ways.len()];
    for _ in 0..ROUNDS {
        for ((_, run), times) in ways.iter().zip(&mut times) {
            let begun = Instant::now();
            assert!(run(&runtime), "it worked before");
            times.push(begun.elapsed());
        }
    }
    let medians: Vec<Duration> = times.iter_mut().map(|times| median(times)).collect();
    for ((name, _), time) in ways.iter().zip(&medians) {
        let ratio = time.as_secs_f64() / medians[0].as_secs_f64();
        println!("{name:<13} {:>6.2} ms  {ratio:>5.1} x plain", time.as_secs_f64() * 1e3);
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
