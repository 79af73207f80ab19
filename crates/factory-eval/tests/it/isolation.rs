//! Runs at the same time do not see each other: neither files nor ports nor mails.

use crate::bench::{Bench, SCENARIOS};
use crate::cases::{Case, Needs};

pub(crate) const ALL: &[Case] = &[
    ("runs_at_the_same_time_keep_their_files_ports_and_mails_apart", Needs::Python, apart),
    ("a_run_cannot_find_the_others", Needs::Python, hidden),
    ("many_runs_of_many_scenarios_at_once_are_all_right", Needs::Python, many),
];

/// Waits until as many of it as MEET says are there, if it can see that, and looks for the others.
const SPY: &str = r#"
import http.server, json, os, smtplib, socket, time
PORT, SCRATCH, MEET = int(os.environ["PORT"]), os.environ["SCRATCH"], os.environ.get("MEET")
KEPT = os.path.join(SCRATCH, "kept")

def meet():
    open(os.path.join(MEET, str(PORT)), "w").close()
    until = time.monotonic() + 20
    while time.monotonic() < until and len(os.listdir(MEET)) < 2:
        time.sleep(0.01)
    return len(os.listdir(MEET))

def ports():
    found = []
    for line in open("/proc/net/tcp").readlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        port = int(local.split(":")[1], 16)
        if state != "0A" or port in (PORT, int(os.environ["SMTP_PORT"])):
            continue
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                found.append(port)
    return found

def others():
    try:
        siblings = os.listdir(os.path.dirname(os.path.dirname(SCRATCH)))
    except OSError:
        return []
    return [name for name in siblings if name.startswith("run-") and name not in SCRATCH]

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        word = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if MEET:
            meet()
        with open(KEPT, "a") as file:
            file.write(word)
        with smtplib.SMTP("127.0.0.1", int(os.environ["SMTP_PORT"]), "me.test", timeout=5) as smtp:
            smtp.sendmail("me@a.test", ["you@a.test"], f"Subject: {word}\r\n\r\n{word}")
        self.answer({"here": len(os.listdir(MEET)) if MEET else 0})
    def do_GET(self):
        if self.path == "/spy":
            return self.answer({"ports": ports(), "others": others()})
        self.answer({"kept": open(KEPT).read(), "files": os.listdir(SCRATCH)})
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
"#;

const DEPLOY: &str = "command = 'python3 spy.py'\nready = 'tcp'\n[env]\nPORT = '${port}'\nSCRATCH = '${scratch}'\nSMTP_PORT = '${smtp.port}'\n";

fn scenarios(more: &str) -> String {
    let one = |name: &str| {
        format!(
            "# Scenario: {name}\n\nGiven a fresh word called word\nWhen POST /keep is sent with the body \"{{word}}\"\nThen the status is 200{more}\n\
             And exactly 1 mail is sent in total\nAnd the mail's subject is \"{{word}}\"\nWhen GET /kept is sent\n\
             Then the field \"kept\" is \"{{word}}\" and the field \"files\" is [\"kept\"]\n\n"
        )
    };
    one("One") + &one("Two")
}

fn apart() {
    let mut bench = Bench::of(&[("spy.py", SPY)], DEPLOY);
    // They share what a candidate can share when nothing confines it, so that they can wait for each other.
    bench.confined = false;
    let meet = bench.path("meet");
    std::fs::create_dir(&meet).unwrap();
    bench.config.env.insert("MEET".to_owned(), meet.display().to_string());
    let judged = bench.judge(&scenarios("\nAnd the field \"here\" is at least 2")).unwrap();
    assert_eq!(judged.failures(), [], "{}", judged.messages(0));
    assert_eq!(judged.verify.passed, 2, "two runs were there at once, and each saw its own things only");
}

fn hidden() {
    let bench = Bench::of(&[("spy.py", SPY)], DEPLOY);
    if !bench.is_confined() {
        return;
    }
    let spy = |name: &str| {
        format!(
            "# Scenario: {name}\n\nWhen GET /spy is sent\nThen the status is 200\nAnd the field \"ports\" is [] and the field \"others\" is []\n\n"
        )
    };
    let text = [spy("Spy"), spy("Other"), scenarios("")].concat();
    let judged = bench.judge(&text).unwrap();
    assert_eq!(
        judged.failures(),
        [],
        "{}",
        judged.failures().first().map_or(String::new(), |(at, _)| judged.messages(*at))
    );
}

fn many() {
    // Each of these scenarios under four names, so that sixteen of them are under way.
    let text: String = (0..4)
        .map(|round| SCENARIOS.replace("# Scenario: ", &format!("# Scenario: Round {round}. ")))
        .collect();
    let mut bench = Bench::new("");
    bench.parallel = 16;
    let judged = bench.judge(&text).unwrap();
    assert_eq!(judged.verify.passed, 16, "{:?}", judged.failures());
}
