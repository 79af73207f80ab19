//! Services that misbehave: each comes to an end, by name, as the candidate's own doing, and the rest of the run goes on.

use factory_core::feedback::FailureClass::{self, *};
use factory_eval::score::Verdict;
use factory_eval::scorecard::Outcome;

use crate::bench::{Bench, Judged};
use crate::cases::{Case, Needs};

pub(crate) const ALL: &[Case] = &[
    ("answers_that_are_none_are_named_and_the_run_goes_on", Needs::Python, answers),
    ("what_never_ends_is_bounded", Needs::Python, endless),
    ("slow_answers_are_given_up", Needs::Python, slow),
    ("bad_starts_are_named", Needs::Python, starts),
    ("a_service_that_ignores_sigterm_is_killed_and_that_is_said", Needs::Python, sigterm),
    ("nothing_that_forked_is_left", Needs::Python, forks),
    ("builds_that_fail_hang_or_print_without_end", Needs::Python, builds),
    ("two_hundred_requests_at_once", Needs::Python, burst),
];

const DEPLOY: &str = r#"
command = "python3 hostile.py"
ready = "tcp"
scratch_mib = 16
[env]
PORT = "${port}"
SCRATCH = "${scratch}"
"#;

fn bench(mode: &str) -> Bench {
    let mut bench = Bench::of(&[("hostile.py", include_str!("hostile.py"))], DEPLOY);
    bench.config.env.insert("MODE".to_owned(), mode.to_owned());
    bench
}

/// One scenario for each path, which wants a 200.
fn wants(paths: &[&str]) -> String {
    let scenario = |path: &&str| {
        let name = path.trim_start_matches('/');
        format!(
            "# Scenario: It {name}\n\nWhen GET {path} is sent\nThen the status is 200 and the body is exactly \"ok\"\n\n"
        )
    };
    paths.iter().map(scenario).collect()
}

/// What happened to the scenario of each path: its class, and a part of what its runs say.
fn happened(judged: &Judged, expected: &[(&str, FailureClass, &str)]) {
    for (place, (path, class, evidence)) in expected.iter().enumerate() {
        let score = &judged.card.scenarios[place];
        assert_eq!(score.class, Some(*class), "{path}: {}", judged.messages(place));
        assert_eq!(score.verdict, Verdict::Failed, "{path} counts against the candidate");
        for run in &score.runs {
            let Outcome::Failed { message, .. } = &run.outcome else {
                panic!("{path}: {}", judged.messages(place))
            };
            assert!(message.contains(evidence), "{path}: {message}");
        }
    }
}

fn answers() {
    let expected = [
        ("/no-utf8", WrongContent, "body"),
        ("/garbage", NoAnswer, "what came is not HTTP"),
        ("/no-status-line", NoAnswer, "what came is not HTTP"),
        ("/many-headers", NoAnswer, "what came is not HTTP"),
        ("/two-lengths", NoAnswer, "what came is not HTTP"),
        ("/bad-chunks", NoAnswer, "what came is not HTTP"),
        ("/loop", WrongStatus, "it leads to /loop, and redirects are not followed"),
        ("/dies", NoAnswer, "the service has ended (exit status 9)"),
        ("/breaks-off", NoAnswer, "no answer"),
    ];
    let mut paths: Vec<&str> = expected.iter().map(|(path, ..)| *path).collect();
    paths.push("/ok");
    let judged = bench("").judge(&wants(&paths)).unwrap();
    happened(&judged, &expected);
    assert_eq!((judged.verify.passed, judged.verify.failed), (1, 9), "the last one is right");
}

fn endless() {
    let expected = [
        ("/endless-chunks", WrongContent, "the body has more than"),
        ("/endless-length", WrongContent, "the body has more than"),
        ("/endless-headers", NoAnswer, "what came is not HTTP"),
        ("/fills", UnwantedEffect, "it has written more than 16 MiB"),
    ];
    let mut paths: Vec<&str> = expected.iter().map(|(path, ..)| *path).collect();
    paths.push("/prints");
    let judged = bench("").judge(&wants(&paths)).unwrap();
    happened(&judged, &expected);
    assert_eq!(judged.verify.passed, 1, "printing is no failure: {}", judged.messages(4));
    // What the candidate got rid of, of the ten gibibytes that it has, and what this process ever held of them.
    for place in 0..3 {
        let messages = judged.messages(place);
        let sent = messages.lines().filter_map(|line| line.strip_prefix("sent ")?.parse::<u64>().ok()).max();
        assert!(sent.unwrap_or(0) < 64, "{sent:?} MiB were taken");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let most: u64 = most.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(most < 1 << 20, "{most} KiB of memory");
}

fn slow() {
    let expected = [
        ("/stays-open", NoAnswer, "it was not whole within"),
        ("/dribbles", NoAnswer, "it was not whole within"),
        ("/silent", NoAnswer, "it was not whole within"),
    ];
    let paths: Vec<&str> = expected.iter().map(|(path, ..)| *path).collect();
    happened(&bench("").judge(&wants(&paths)).unwrap(), &expected);
}

fn starts() {
    for (mode, evidence) in
        [("listens_twice", "it says that its port is taken"), ("fills", "it has written more than 16 MiB")]
    {
        let judged = bench(mode).judge(&wants(&["/ok"])).unwrap();
        assert_eq!(judged.failures(), [(0, NotDeployable)], "{mode}: {}", judged.messages(0));
        assert!(judged.messages(0).contains(evidence), "{mode}: {}", judged.messages(0));
    }
    // A daemon ends with the process that made it.
    let judged = bench("daemonizes").judge(&wants(&["/ok"])).unwrap();
    assert_eq!(judged.failures(), [(0, NotDeployable)], "{}", judged.messages(0));
    let mut missing = bench("");
    missing.config.command = Some("no-such-program-at-all hostile.py".to_owned());
    let judged = missing.judge(&wants(&["/ok"])).unwrap();
    assert_eq!(judged.failures(), [(0, NotDeployable)]);
    assert!(
        judged.messages(0).contains("the program of `[deploy] command` is not found"),
        "{}",
        judged.messages(0)
    );
    // Ready by a path, of one that takes no connections at all.
    let mut deaf = bench("never_accepts");
    deaf.config.ready = "/ok".to_owned();
    deaf.config.ready_timeout_seconds = 1;
    let judged = deaf.judge(&wants(&["/ok"])).unwrap();
    assert!(judged.messages(0).contains("not ready in time"), "{}", judged.messages(0));
}

fn sigterm() {
    let scenario = "# Scenario: It goes\n\nWhen the service is restarted\nAnd GET /ok is sent\nThen the status is 200\n\
                    And the log does not contain \"of SIGTERM, and was killed\"\n";
    assert_eq!(bench("").judge(scenario).unwrap().failures(), []);
    let judged = bench("ignores_sigterm").judge(scenario).unwrap();
    assert_eq!(judged.failures(), [(0, UnwantedEffect)], "{}", judged.messages(0));
    assert!(judged.messages(0).contains("[it did not end within 3s of SIGTERM, and was killed]"));
}

fn forks() {
    let mut bench = bench("");
    let mark = format!("mark-{}-{:?}", std::process::id(), std::time::Instant::now())
        .replace([' ', '{', '}', ':'], "-");
    bench.config.command = Some(format!("python3 hostile.py {mark}"));
    let judged = bench.judge(&wants(&["/forks"])).unwrap();
    assert_eq!(judged.verify.passed, 1, "{}", judged.messages(0));
    let left = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        lines.filter(|line| String::from_utf8_lossy(line).contains(&mark)).count()
    };
    // They have been killed, and may take a moment to be gone.
    for _ in 0..500 {
        if left() == 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{} processes are left", left());
}

fn builds() {
    let judge = |line: &str, seconds: u64| {
        let mut bench = bench("");
        bench.config.build = Some(line.to_owned());
        bench.config.build_timeout_seconds = seconds;
        bench.judge(&wants(&["/ok"])).unwrap()
    };
    for (line, seconds, evidence) in [
        ("echo broken; exit 3", 60, "the build failed (exit status 3)\nbroken"),
        ("kill -9 $$", 60, "the build failed (killed by signal 9)"),
        ("sleep 1000", 1, "the build failed (timed out)"),
        ("yes | head -c 1000000000; exit 4", 60, "the build failed (exit status 4)"),
    ] {
        let judged = judge(line, seconds);
        assert_eq!(judged.failures(), [(0, NotDeployable)], "{line}");
        let messages = judged.messages(0);
        assert!(messages.contains(evidence) && messages.len() < 20_000, "{line}: {messages}");
    }
    let judged = judge("yes | head -c 100000000", 60);
    assert_eq!(judged.verify.passed, 1, "much output is no failure: {}", judged.messages(0));
}

fn burst() {
    let scenario =
        "# Scenario: Many\n\nWhen GET /ok is sent 200 times at the same time\nThen each answer is 200\n";
    let judged = bench("").judge(scenario).unwrap();
    assert_eq!(judged.verify.passed, 1, "{}", judged.messages(0));
    // One of them is enough to fail it.
    let mixed =
        "# Scenario: Many\n\nWhen GET /{n} is sent 200 times at the same time\nThen each answer is 200\n";
    assert_eq!(bench("").judge(mixed).unwrap().failures(), [(0, WrongStatus)]);
}
