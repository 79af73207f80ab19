//! Confined commands: that they work, that they are in the profile asked for, and what reaches them and they reach. What
//! hostile ones try is in the red team of the `factory` program.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use factory_sandbox::{
    Command, Contact, End, Finished, Launcher, Limits, Network, Profile, Sandbox, SandboxError,
};
use libtest_mimic::Trial;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::tools::{alive, pids, shell, trial, until};

/// A service of one connection after the other, which answers in capitals.
const SHOUT: &str = r"
import socket, sys
server = socket.create_server(('127.0.0.1', int(sys.argv[1])))
print('ready', flush=True)
while True:
    peer, _ = server.accept()
    with peer:
        peer.sendall(peer.recv(100).upper())
";

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for profile in Profile::ALL {
        let mut add = |name: &str, test: Test| trials.push(confined(profile, name, test));
        add("works", |p, s| Box::pin(works(p, s)));
        add("ends_are_reported", |p, s| Box::pin(ends_are_reported(p, s)));
        add("input_and_output_pass", |p, s| Box::pin(input_and_output_pass(p, s)));
        add("files_are_the_callers", |p, s| Box::pin(files_are_the_callers(p, s)));
        add("only_what_is_named_can_be_opened", |p, s| Box::pin(only_what_is_named_can_be_opened(p, s)));
        add("what_is_read_only_stays_so", |p, s| Box::pin(what_is_read_only_stays_so(p, s)));
        add("missing_program_and_directory_are_named", |p, s| Box::pin(missing_are_named(p, s)));
        add("no_privilege_is_left", |p, s| Box::pin(no_privilege_is_left(p, s)));
        add("limits_hold", |p, s| Box::pin(limits_hold(p, s)));
        add("nothing_outlives_it", |p, s| Box::pin(nothing_outlives_it(p, s)));
        add("a_service_is_reached_and_stopped", |p, s| Box::pin(a_service_is_reached_and_stopped(p, s)));
        add("doors_lead_out", |p, s| Box::pin(doors_lead_out(p, s)));
        add("only_named_hosts_are_reached", |p, s| Box::pin(only_named_hosts_are_reached(p, s)));
        add("commands_run_beside_a_service", |p, s| Box::pin(commands_run_beside_a_service(p, s)));
        add("what_is_hidden_is_hidden", |p, s| Box::pin(what_is_hidden_is_hidden(p, s)));
        add("host_network_is_the_hosts", |p, s| Box::pin(host_network_is_the_hosts(p, s)));
        add("interpreters_run", |p, s| Box::pin(interpreters_run(p, s)));
    }
    let spaces = trial("confined::A::spaces_are_its_own", spaces_are_its_own);
    let files = trial("confined::A::files_in_memory_are_limited", files_in_memory_are_limited);
    let ignored = !possible(Profile::Namespaces);
    trials.extend([spaces, files].map(|trial| trial.with_ignored_flag(ignored)));
    trials
}

type Test = for<'a> fn(Profile, &'a Path) -> std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A test in one profile; where the machine lacks that, it is listed as not run.
fn confined(profile: Profile, name: &str, test: Test) -> Trial {
    let name: &'static str = Box::leak(format!("confined::{}::{name}", profile.letter()).into_boxed_str());
    trial(name, async move |scratch: &Path| test(profile, scratch).await)
        .with_ignored_flag(!possible(profile))
}

/// Whether this machine lets a command be confined so.
fn possible(profile: Profile) -> bool {
    crate::tools::block_on(factory_sandbox::Launcher::new().confined(Sandbox::new(profile)).try_out()).is_ok()
}

fn launcher(profile: Profile) -> Launcher {
    Launcher::new().confined(Sandbox::new(profile))
}

async fn run(profile: Profile, line: &str, scratch: &Path) -> Finished {
    launcher(profile).run(shell(line, scratch).write(scratch)).await.unwrap()
}

async fn output(profile: Profile, line: &str, scratch: &Path) -> String {
    let finished = run(profile, line, scratch).await;
    assert_eq!((finished.stderr.text().as_str(), finished.end), ("", End::Exited(0)), "{line}");
    finished.stdout.text()
}

/// A port that nobody used a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

async fn works(profile: Profile, scratch: &Path) {
    let seen = output(profile, "pwd; echo a > made; cat made; mkdir d; mv made d/", scratch).await;
    assert_eq!(seen, format!("{}\na\n", scratch.display()));
    assert_eq!(fs::read_to_string(scratch.join("d/made")).unwrap(), "a\n");
}

async fn ends_are_reported(profile: Profile, scratch: &Path) {
    assert_eq!(run(profile, "exit 7", scratch).await.end, End::Exited(7));
    assert_eq!(run(profile, "kill -9 $$", scratch).await.end, End::Signalled(9));
    let limits = Limits { wall: Duration::from_millis(200), ..Limits::default() };
    let slow = launcher(profile).run(shell("sleep 60", scratch).write(scratch).limits(limits)).await.unwrap();
    assert_eq!(slow.end, End::TimedOut);
}

async fn input_and_output_pass(profile: Profile, scratch: &Path) {
    let input: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let command = shell("cat; echo err >&2", scratch).write(scratch).stdin(input.clone());
    let finished = launcher(profile).run(command).await.unwrap();
    assert!([finished.stdout.head(), finished.stdout.tail()].concat() == input);
    assert_eq!(finished.stderr.text(), "err\n");
}

async fn files_are_the_callers(profile: Profile, scratch: &Path) {
    use std::os::unix::fs::MetadataExt;
    output(profile, "mkdir d; echo x > d/f; chmod 700 d", scratch).await;
    let mine = fs::metadata(scratch).unwrap();
    let made = fs::metadata(scratch.join("d/f")).unwrap();
    assert_eq!((made.uid(), made.gid()), (mine.uid(), mine.gid()));
}

async fn only_what_is_named_can_be_opened(profile: Profile, scratch: &Path) {
    let elsewhere = tempfile::tempdir().unwrap();
    let secret = elsewhere.path().join("secret");
    fs::write(&secret, "CANARY").unwrap();
    let line = format!("cat {0}; ls {1}; echo x > {1}/new", secret.display(), elsewhere.path().display());
    let finished = run(profile, &line, scratch).await;
    assert!(!finished.stdout.text().contains("CANARY") && !finished.stdout.text().contains("secret"));
    assert!(!elsewhere.path().join("new").exists());
    let named = launcher(profile).run(shell(&line, scratch).write(scratch).read(&secret)).await.unwrap();
    assert!(named.stdout.text().starts_with("CANARY"), "{named:?}");
}

async fn what_is_read_only_stays_so(profile: Profile, scratch: &Path) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), "old").unwrap();
    let line = format!(
        "cd {}; cat f; echo new > f; rm f; touch g; mv f h; ln f i; truncate -s0 f",
        folder.path().display()
    );
    let seen = launcher(profile).run(shell(&line, scratch).write(scratch).read(folder.path())).await.unwrap();
    assert_eq!(seen.stdout.text(), "old");
    assert_eq!(fs::read_to_string(folder.path().join("f")).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

async fn missing_are_named(profile: Profile, scratch: &Path) {
    let error = launcher(profile)
        .run(Command::new("/no/such/program").cwd(scratch).write(scratch))
        .await
        .unwrap_err();
    assert!(matches!(error, SandboxError::ProgramNotFound { .. }), "{error:?}");
    let error = launcher(profile)
        .run(shell("true", scratch).cwd(scratch.join("none")).write(scratch))
        .await
        .unwrap_err();
    assert!(matches!(error, SandboxError::DirectoryMissing { .. }), "{error:?}");
}

async fn no_privilege_is_left(profile: Profile, scratch: &Path) {
    let line = "import ctypes; libc = ctypes.CDLL(None); print(libc.prctl(3), [libc.prctl(23, n) for n in range(40)].count(1))
print(libc.mount(b'none', b'/', b'tmpfs', 0, None), libc.unshare(0x10000000))";
    let seen = output(profile, &format!("python3 -c \"{line}\""), scratch).await;
    // Dumpable like any program; no capability to be had back by executing; no mount, no namespace.
    assert_eq!(seen.lines().last(), Some("-1 -1"));
    if fs::read_to_string("/proc/self/status").unwrap().contains("CapEff:\t000001ffffffffff") {
        assert_eq!(seen.lines().next(), Some("1 0"), "no capability is in the bounding set");
    }
}

async fn limits_hold(profile: Profile, scratch: &Path) {
    let limits = Limits { memory_bytes: Some(200 << 20), file_bytes: Some(1000), ..Limits::default() };
    let command = |line: &str| shell(line, scratch).write(scratch).limits(limits);
    let memory = launcher(profile).run(command("python3 -c 'x = bytearray(400 << 20)'")).await.unwrap();
    assert!(memory.stderr.text().contains("MemoryError"), "{memory:?}");
    // Each alone stays below the limit.
    let many = "for i in 1 2 3; do python3 -c 'x = bytearray(120 << 20); input()' < /dev/full & done; wait";
    let many = many.replace("input()", "import time; time.sleep(30)");
    let many = launcher(profile).run(command(&many)).await.unwrap();
    assert_eq!(many.end, End::Signalled(9));
    let file = launcher(profile).run(command("head -c 2000 /dev/zero > large")).await.unwrap();
    assert!(!file.end.success());
    assert_eq!(fs::metadata(scratch.join("large")).unwrap().len(), 1000);
}

/// Files in memory are no process's, so that they have a limit of their own: what the command may have altogether, at most.
async fn files_in_memory_are_limited(scratch: &Path) {
    let limits = Limits { memory_bytes: Some(96 << 20), ..Limits::default() };
    let line =
        "df -k /tmp /dev/shm | awk 'NR > 1 { print $2 }'; head -c 200M /dev/zero > /tmp/a; wc -c < /tmp/a";
    let command = shell(line, scratch).write(scratch).limits(limits);
    let finished = launcher(Profile::Namespaces).run(command).await.unwrap();
    assert_eq!(finished.stdout.text(), format!("{}\n{}\n{}\n", 96 << 10, 24 << 10, 96 << 20), "{finished:?}");
    let usual = output(Profile::Namespaces, "df -k /tmp /dev/shm | awk 'NR > 1 { print $2 }'", scratch).await;
    assert_eq!(usual, format!("{}\n{}\n", 1 << 20, 256 << 10));
}

async fn nothing_outlives_it(profile: Profile, scratch: &Path) {
    // The ids inside are others than outside, so the processes are found by what they were given.
    let mark = format!("outlives-{}-{}", process::id(), profile.letter());
    let line =
        format!("for i in 1 2 3; do setsid sh -c 'sleep 300; : {mark}' > /dev/null 2>&1 & done; sleep 0.1");
    run(profile, &line, scratch).await;
    until("all are gone", || !command_lines().iter().any(|line| line.contains(&mark))).await;
}

fn command_lines() -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let own = process::id().to_string();
    let others = entries.filter(|entry| entry.file_name().to_string_lossy() != own);
    others
        .filter_map(|entry| {
            Some(String::from_utf8_lossy(&fs::read(entry.path().join("cmdline")).ok()?).into_owned())
        })
        .collect()
}

async fn a_service_is_reached_and_stopped(profile: Profile, scratch: &Path) {
    fs::write(scratch.join("shout.py"), SHOUT).unwrap();
    let port = free_port();
    let command = shell(&format!("exec python3 shout.py {port}"), scratch).write(scratch).port(port);
    let log = scratch.join("log");
    let mut service = launcher(profile).start(command, &log).await.unwrap();
    until("it is ready", || fs::read_to_string(&log).unwrap().contains("ready")).await;
    for _ in 0..3 {
        let mut peer = service.dial(port).await.unwrap();
        peer.write_all(b"hello").await.unwrap();
        let mut answer = String::new();
        peer.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "HELLO");
    }
    assert!(service.dial(free_port()).await.is_err(), "nobody listens there");
    // In a namespace it is nowhere on the machine's loopback.
    let outside = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
    assert_eq!(outside.is_err(), profile == Profile::Namespaces);
    assert_eq!(service.ended().unwrap(), None);
    assert_eq!(service.stop().await.unwrap(), End::Signalled(15));
}

async fn doors_lead_out(profile: Profile, scratch: &Path) {
    let port = free_port();
    let closed = free_port();
    let command = shell(
        &format!(
            "python3 -c \"import socket; s = socket.create_connection(('127.0.0.1', {port})); s.sendall(b'knock'); print(s.recv(9).decode())
try: socket.create_connection(('127.0.0.1', {closed})); print('open')
except OSError: print('closed')\""
        ),
        scratch,
    );
    let command = command.write(scratch).door(port, |listener| {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        tokio::spawn(async move {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut heard = [0; 5];
            peer.read_exact(&mut heard).await.unwrap();
            heard.reverse();
            peer.write_all(&heard).await.unwrap();
        });
    });
    // Somebody on the machine's loopback whom nobody inside may reach.
    let stranger = std::net::TcpListener::bind(("127.0.0.1", closed)).unwrap();
    let finished = launcher(profile).run(command).await.unwrap();
    drop(stranger);
    assert_eq!(finished.stdout.text(), "kconk\nclosed\n", "{finished:?}");
}

/// Asks the proxy that the variable names for a tunnel to each of the arguments, and says hello through it.
const TUNNELS: &str = r"
import os, socket, sys
proxy = os.environ['https_proxy'].split('//')[1].split(':')
for target in sys.argv[1:]:
    tunnel = socket.create_connection((proxy[0], int(proxy[1])))
    tunnel.sendall(f'CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n'.encode())
    print(tunnel.recv(1000).split()[1].decode())
    tunnel.sendall(b'hello')
    if target == sys.argv[1]:
        print(tunnel.recv(9).decode())
print(sorted(name for name in os.environ if name.lower().endswith('_proxy')))
";

/// The variables by which programs are told of the proxy: none for plain HTTP, which it does not take.
const TOLD: &str = "['HTTPS_PROXY', 'NO_PROXY', 'https_proxy', 'no_proxy']\n";

async fn only_named_hosts_are_reached(profile: Profile, scratch: &Path) {
    fs::write(scratch.join("tunnels.py"), TUNNELS).unwrap();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let open = listener.local_addr().unwrap().port();
    let stranger = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let closed = stranger.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut heard = [0; 5];
        peer.read_exact(&mut heard).unwrap();
        peer.write_all(b"yes").unwrap();
    });
    let line = format!("python3 tunnels.py 127.0.0.1:{open} 127.0.0.1:{closed} example.test:443");
    let command = shell(&line, scratch).write(scratch).allow(&[format!("127.0.0.1:{open}")]).unwrap();
    let finished = launcher(profile).run(command).await.unwrap();
    assert_eq!(finished.stdout.text(), format!("200\nyes\n403\n403\n{TOLD}"), "{finished:?}");
    answering.join().unwrap();
    let contact = |target: String, allowed| Contact { target, allowed, times: 1 };
    let asked = [
        contact(format!("127.0.0.1:{open}"), true),
        contact(format!("127.0.0.1:{closed}"), false),
        contact("example.test:443".to_owned(), false),
    ];
    assert_eq!(finished.hosts, asked);
    let told =
        format!("hosts reached: 127.0.0.1:{open}; hosts refused: 127.0.0.1:{closed}, example.test:443");
    assert_eq!(finished.contacts(), Some(told));
    let error = shell("true", scratch).allow(&["*.example:443".to_owned()]).unwrap_err();
    assert!(error.to_string().contains("list of hosts"), "{error}");
}

async fn commands_run_beside_a_service(profile: Profile, scratch: &Path) {
    fs::write(scratch.join("shout.py"), SHOUT).unwrap();
    let port = free_port();
    let command = shell(&format!("exec python3 shout.py {port}"), scratch).write(scratch).port(port);
    let log = scratch.join("log");
    let service = launcher(profile).start(command, &log).await.unwrap();
    until("it is ready", || fs::read_to_string(&log).unwrap().contains("ready")).await;
    let line = format!(
        "echo err >&2; python3 -c \"import socket, sys; s = socket.create_connection(('127.0.0.1', {port})); s.sendall(sys.stdin.buffer.read()); print(s.recv(9).decode())\"; exit 5"
    );
    let finished = service.run_beside(shell(&line, scratch).stdin("beside")).await.unwrap();
    assert_eq!((finished.end, finished.stdout.text().as_str()), (End::Exited(5), "BESIDE\n"), "{finished:?}");
    assert_eq!(finished.stderr.text(), "err\n");
    let limits = Limits { wall: Duration::from_millis(200), ..Limits::default() };
    let slow = service.run_beside(shell("echo $$ > pids; sleep 60", scratch).limits(limits)).await.unwrap();
    assert_eq!(slow.end, End::TimedOut);
    // Whoever gives up in the middle of a question leaves no answer behind that the next one would take for its own.
    let nobody = free_port();
    for _ in 0..20 {
        let given_up = tokio::time::timeout(Duration::ZERO, service.dial(nobody)).await;
        assert!(given_up.is_err() || given_up.is_ok_and(|dialled| dialled.is_err()));
        let given_up =
            tokio::time::timeout(Duration::ZERO, service.run_beside(shell("sleep 60", scratch))).await;
        assert!(given_up.is_err());
        let mut peer = service.dial(port).await.unwrap();
        peer.write_all(b"still").await.unwrap();
        let mut answer = String::new();
        peer.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "STILL");
    }
    let missing = service.run_beside(Command::new("/no/such")).await;
    assert!(matches!(missing, Err(SandboxError::ProgramNotFound { .. })), "{missing:?}");
    if profile == Profile::Landlock {
        // The ids are the machine's.
        let pids = pids(scratch, 1).await;
        until("it was killed", || !pids.iter().copied().any(alive)).await;
    }
    drop(service);
}

async fn what_is_hidden_is_hidden(profile: Profile, scratch: &Path) {
    let open = tempfile::tempdir().unwrap();
    let hidden: PathBuf = open.path().join("deep/holdouts");
    fs::create_dir_all(&hidden).unwrap();
    fs::write(hidden.join("a"), "CANARY").unwrap();
    fs::write(open.path().join("deep/seen"), "seen").unwrap();
    let sandbox = Sandbox::new(profile).read([open.path()]).hide([&hidden]);
    let line = format!(
        "cat {0}/deep/seen; ls -A {0}/deep/holdouts; cat {0}/deep/holdouts/a; touch {0}/deep/holdouts/b",
        open.path().display()
    );
    let finished = Launcher::new().confined(sandbox).run(shell(&line, scratch).write(scratch)).await;
    match profile {
        Profile::Namespaces => assert_eq!(finished.unwrap().stdout.text(), "seen"),
        Profile::Landlock => {
            assert!(matches!(finished, Err(SandboxError::CannotHide { .. })), "{finished:?}");
        }
    }
    assert_eq!(fs::read_dir(&hidden).unwrap().count(), 1);
    // Named for all commands, it stays hidden; what one command is given inside of it is seen.
    let sandbox = Sandbox::new(profile).read([&hidden, &hidden.join("a")]).hide([&hidden]);
    let confined = Launcher::new().confined(sandbox);
    let line = format!("cat {0}/a; ls -A {0}", hidden.display());
    let finished = confined.run(shell(&line, scratch).write(scratch)).await.unwrap();
    assert_eq!(finished.stdout.text(), "");
    let given = confined.run(shell(&line, scratch).write(scratch).read(hidden.join("a"))).await.unwrap();
    assert!(given.stdout.text().starts_with("CANARY"), "{given:?}");
}

async fn host_network_is_the_hosts(profile: Profile, scratch: &Path) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut heard = [0; 2];
        peer.read_exact(&mut heard).unwrap();
        peer.write_all(b"ok").unwrap();
    });
    let line = format!(
        "python3 -c \"import socket; s = socket.create_connection(('127.0.0.1', {port})); s.sendall(b'hi'); print(s.recv(9).decode())\""
    );
    let command = shell(&line, scratch).write(scratch).network(Network::Host);
    let finished = launcher(profile).run(command).await.unwrap();
    assert_eq!(finished.stdout.text(), "ok\n", "{finished:?}");
    answering.join().unwrap();
}

/// The toolchains that are on this machine's `PATH` run, wherever they are.
async fn interpreters_run(profile: Profile, scratch: &Path) {
    for (program, line, expected) in [
        ("python3", "python3 -c 'import ssl, json, ctypes, os; print(os.cpu_count() > 0)'", "True"),
        ("node", "node -e 'console.log(require(\"os\").cpus().length > 0 || process.env.B)'", "true"),
        ("cargo", "cargo --version > /dev/null && rustc --version > /dev/null && echo yes", "yes"),
        ("go", "go version > /dev/null && echo yes", "yes"),
        ("git", "git init -q r && git -C r status --short && echo yes", "yes"),
    ] {
        let here = process::Command::new("sh")
            .arg("-c")
            .arg(format!("command -v {program}"))
            .arg0("sh")
            .output()
            .unwrap();
        if here.status.success() {
            assert_eq!(
                output(profile, &format!("B=true {line}"), scratch).await.trim(),
                expected,
                "{program}"
            );
        }
    }
}

async fn spaces_are_its_own(scratch: &Path) {
    let line = "id -u; for n in user mnt pid net ipc uts cgroup; do readlink /proc/self/ns/$n; done; ls -A /tmp; cat /proc/net/dev | wc -l";
    let inside = output(Profile::Namespaces, line, scratch).await;
    let inside: Vec<&str> = inside.lines().collect();
    assert_eq!(inside[0], "1000");
    for (line, name) in inside[1..8].iter().zip(["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"]) {
        assert_ne!(*line, fs::read_link(format!("/proc/self/ns/{name}")).unwrap().to_str().unwrap());
    }
    // The temporary folder holds the test's own folder at most; two lines of headings and one interface.
    assert_eq!(inside.last(), Some(&"3"), "{inside:?}");
}
