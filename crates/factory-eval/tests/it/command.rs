//! Candidates that are no services: commands, their files, their databases, their clock.

use factory_core::feedback::FailureClass::*;
use factory_engine::port::evaluator::EvaluatorError;
use factory_eval::config::ClockChoice;

use crate::bench::Bench;
use crate::cases::{Case, Needs};

pub(crate) const ALL: &[Case] = &[
    ("a_command_is_judged_without_a_service", Needs::Python, commands),
    ("a_command_has_fresh_files_and_cannot_change_the_project", Needs::Python, fresh_files),
    ("a_database_is_asked_and_filled", Needs::Python, databases),
    ("a_services_database_is_filled_before_it_runs", Needs::Python, service_database),
    ("a_commands_clock_moves_by_its_hook", Needs::Python, clock_by_hook),
    ("a_commands_clock_moves_by_libfaketime", Needs::LibFaketime, clock_by_library),
    ("requests_to_no_service_are_refused_when_the_plan_is_made", Needs::Python, no_service),
    ("commands_that_misbehave_are_named", Needs::Python, misbehaving),
    ("databases_that_lead_elsewhere_are_not_followed", Needs::Python, hostile_databases),
    ("a_value_that_is_not_there_is_not_the_candidates_fault", Needs::Python, value_missing),
];

const DEPLOY: &str = r#"
build = "mkdir out && cp bin/notes out/ && chmod +x out/notes"
path = ["out"]
scratch_mib = 16
"#;

fn bench() -> Bench {
    Bench::of(&[("bin/notes", include_str!("notes.py"))], DEPLOY)
}

fn passes(scenario: &str) {
    let judged = bench().judge(scenario).unwrap();
    assert_eq!(judged.failures(), [], "{}", judged.messages(0));
    assert_eq!(judged.verify.passed, 1);
}

const COMMANDS: &str = r#"# Scenario: Notes
Given a fresh word called word
When I run `notes add {word}`
Then the exit code is 0 and the output is "added 1"
When I run `notes add -` with this input:
"""
first
second
"""
Then the output is "added 2"
When I run `notes list`
Then the output contains "1 {word}" and the output contains "3 second"
When I run `notes add -` with the input ""
Then the exit code is 1 and standard error contains "nothing to add"
When I run `notes fly`
Then the exit code is 1 and standard output is empty
"#;

fn commands() {
    passes(COMMANDS);
    let wrong = COMMANDS.replace("\"added 2\"", "\"added 3\"");
    assert_eq!(bench().judge(&wrong).unwrap().failures(), [(0, WrongContent)]);
}

fn fresh_files() {
    passes(
        "# Scenario: Clean\n\nWhen I run `ls -A; cat $HOME/kept`\nThen standard output is empty\n\
         When I run `notes add a; ls; echo x > $HOME/kept`\nThen the output contains \"notes.db\"\n\
         When I run `ls`\nThen the output contains \"notes.db\"\n\
         When I run `echo broken > \"$(command -v notes)\"`\nThen the exit code is not 0\n\
         When I run `notes list`\nThen the output is \"1 a\"\n\
         When I run `notes daemon`\nThen the exit code is 0\n",
    );
}

const DATABASES: &str = r#"# Scenario: Rows
Given the database "notes.db" is seeded by:
"""
create table notes (id integer primary key, text text not null);
insert into notes values (7, 'it''s'), (8, 'old');
"""
And a fresh word called word
When I run `notes list`
Then the output is "7 it's\n8 old"
When I run `notes add {word}`
Then the database "notes.db" query "select count(*) from notes" returns 3
And the database "notes.db" query "select id from notes where text = '{word}'" returns 9
And the query "select text from notes where id > 100" on the database "notes.db" returns no rows
And the database "notes.db" query "select id, text from notes where id < 9 order by id" returns the rows:
| 7 | it's |
| 8 | old  |
When I run `notes list`
Then the output contains "9 {word}"
"#;

fn databases() {
    passes(DATABASES);
    for (right, wrong, class) in [
        ("returns 3", "returns 4", WrongContent),
        ("returns no rows", "returns 1 row", WrongContent),
        ("| 8 | old  |", "| 8 | new  |", WrongContent),
        ("select count(*) from notes", "select count(*) from nowhere", MissingEffect),
        (
            "And the query \"select text from notes where id > 100\" on the database \"notes.db\"",
            "And the query \"select text from notes where id > 100\" on the database \"other.db\"",
            MissingEffect,
        ),
    ] {
        let judged = bench().judge(&DATABASES.replace(right, wrong)).unwrap();
        assert_eq!(judged.failures(), [(0, class)], "{wrong}: {}", judged.messages(0));
    }
}

/// A service that reads its database when it starts.
const SHELF: &str = r#"
import http.server, os, sqlite3
kept = sqlite3.connect(os.environ["DATA"], check_same_thread=False)
kept.execute("create table if not exists books (title text)")
titles = [row[0] for row in kept.execute("select title from books")]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kept.execute("insert into books values ('asked')")
        kept.commit()
        body = ",".join(titles).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"#;

fn service_database() {
    let deploy = "command = 'python3 shelf.py'\nready = 'tcp'\n[env]\nPORT = '${port}'\nDATA = '${scratch}/books.db'\n";
    let scenario = "# Scenario: Books\n\nGiven the database \"books.db\" is seeded by \"insert into books values ('Emma')\"\n\
                    When GET / is sent\nThen the body is exactly \"Emma\"\n\
                    And the database \"books.db\" query \"select count(*) from books\" returns 2\n";
    let judged = Bench::of(&[("shelf.py", SHELF)], deploy).judge(scenario).unwrap();
    assert_eq!(judged.failures(), [], "{}", judged.messages(0));
}

const LATER: &str = "# Scenario: Later\n\nWhen I run `notes now`\nThen the output is an integer\n\
    And the output is remembered as before\nWhen 61 minutes pass\n\
    And I run `test $(($(notes now) - {before})) -ge 3660`\nThen the exit code is 0\n";

fn clock_by_hook() {
    let mut bench = bench();
    bench.config.env.insert("OFFSET".to_owned(), "${clock.offset_file}".to_owned());
    let judged = bench.judge(LATER).unwrap();
    assert_eq!(judged.failures(), [], "{}", judged.messages(0));
    assert_eq!(judged.card.clock, "moved by the project's own hook");
    let still = LATER.replace("When 61 minutes pass\nAnd", "When");
    assert_eq!(bench.judge(&still).unwrap().failures(), [(0, WrongStatus)]);
}

fn clock_by_library() {
    let mut bench = bench();
    bench.config.clock = ClockChoice::LibFaketime;
    let judged = bench.judge(LATER).unwrap();
    assert_eq!(judged.failures(), [], "{}", judged.messages(0));
}

fn no_service() {
    for sentences in [
        "When GET /a is sent\nThen the status is 200",
        "When the service is restarted\nThen the log does not contain \"x\"",
    ] {
        let error = bench().outlook(&format!("# Scenario: Nobody\n\n{sentences}\n")).unwrap_err();
        assert!(matches!(error, EvaluatorError::Uncompiled { .. }), "{error}");
    }
}

fn misbehaving() {
    for (command, class, evidence) in [
        ("notes kill-all`\nAnd I run `notes list", NoAnswer, "a command has ended all that ran beside it"),
        ("notes sleep", NoAnswer, "did not end in time"),
        ("notes print", NoAnswer, "did not end in time"),
        ("notes fill", UnwantedEffect, "it has written more than 16 MiB"),
    ] {
        let scenario = format!(
            "# Scenario: Bad\n\nWhen I run `{command}`\nThen the exit code is 0\n\n# Scenario: Good\n\nWhen I run `notes list`\nThen the exit code is 0\n"
        );
        let mut bench = bench();
        bench.config.command_timeout_seconds = 8;
        let judged = bench.judge(&scenario).unwrap();
        assert_eq!(judged.failures(), [(0, class)], "{command}: {}", judged.messages(0));
        assert!(judged.messages(0).contains(evidence), "{command}: {}", judged.messages(0));
    }
    let deep = "# Scenario: Deep\n\nGiven a fresh token called secret\nWhen I run `notes deep`\nThen no file under the scratch directory contains {secret}\n";
    let judged = bench().judge(deep).unwrap();
    assert_eq!(judged.failures(), [(0, UnwantedEffect)]);
    assert!(judged.messages(0).contains("folders go deeper than 64"), "{}", judged.messages(0));
    // Who may read everything is not kept from looking.
    let locked = deep.replace("notes deep", "notes lock");
    let bench = bench();
    let failures = bench.judge(&locked).unwrap().failures();
    assert!(failures.is_empty() || failures == [(0, UnwantedEffect)], "{failures:?}");
    assert_eq!(std::fs::read_dir(bench.path("scratch")).unwrap().count(), 0, "it is removed all the same");
}

fn hostile_databases() {
    for (command, evidence) in [
        ("notes link", "cannot be used"),
        ("mkfifo notes.db", "it is no plain file"),
        ("echo 'this is no database, whatever its name says, and long enough' > notes.db", "cannot be used"),
        ("notes hold", "it is being written all the time"),
    ] {
        let scenario = format!(
            "# Scenario: Elsewhere\n\nWhen I run `{command}`\nThen the database \"notes.db\" query \"select count(*) from notes\" returns 1\n"
        );
        let judged = bench().judge(&scenario).unwrap();
        assert_eq!(judged.failures(), [(0, WrongContent)], "{command}: {}", judged.messages(0));
        assert!(judged.messages(0).contains(evidence), "{command}: {}", judged.messages(0));
    }
    // A value that the candidate chooses is no SQL.
    passes(
        "# Scenario: Bound\n\nWhen I run `notes add \"' or 1 = 1 --\"`\nThen the exit code is 0\n\
         When I run `echo \"' or 1 = 1 --\"`\nThen the output is remembered as chosen\n\
         And the database \"notes.db\" query \"select count(*) from notes where text = 'x' or text = '{chosen}'\" returns 1\n",
    );
}

fn value_missing() {
    let judged = bench().judge("# Scenario: N\n\nWhen I run `echo {n}`\nThen the exit code is 0\n").unwrap();
    assert_eq!((judged.verify.failed, judged.verify.inconclusive), (0, 1), "{}", judged.messages(0));
    assert!(judged.messages(0).contains("`{n}` has no value here"), "{}", judged.messages(0));
}
