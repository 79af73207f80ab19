//! `factory spec`: looked at, mended, explained, audited, begun, imported, shown and triaged, as people do it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use libtest_mimic::Trial;

use crate::fixture::{FACTORY, SPEC, World, building, right};
use crate::process;
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        case("a_new_specification_passes", a_new_specification_passes),
        case("findings_have_a_place_and_an_exit_status", findings),
        case("what_can_be_mended_is_mended", mended),
        case("a_project_chooses_its_rules", configured),
        case("a_bug_that_prescribes_its_fix_is_not_run", prescribed),
        case("every_code_is_explained", explained),
        case("debt_is_counted_for_each_scenario", audited),
        case("a_model_reads_specifications_and_no_scenarios", second_reader),
        case("specifications_of_others_are_imported", imported),
        case("a_change_is_triaged_by_what_the_repository_tells", triaged),
        with_python("the_matrix_has_plan_tasks_scenarios_and_evidence", matrix),
    ]
}

fn a_new_specification_passes() {
    let world = World::without_model();
    let made = world.factory(&["spec", "new", "Orders can be cancelled"]).ends_with(0);
    assert!(made.out.trim_end().ends_with("specs/feature-orders-can-be-cancelled.md"), "{made}");
    world.factory(&["spec", "new", "--bug", "Mails are lost"]).ends_with(0);
    let files = ["specs/feature-orders-can-be-cancelled.md", "specs/bug-mails-are-lost.md"];
    world
        .factory(&["spec", "lint", "--preview", files[0], files[1]])
        .ends_with(0)
        .says("2 files: 0 errors, 0 warnings");
    world
        .factory(&["spec", "new", "Orders can be cancelled"])
        .ends_with(2)
        .says("nothing that is there is overwritten");
}

fn findings() {
    let world = World::without_model();
    world.write("docs/r.md", "# Requirements\n\n1. The system shall be fast.\n");
    let shown = world.factory(&["spec", "lint", "docs"]).ends_with(1);
    assert!(shown.out.contains("warning[A102]: `fast` has no measure\n --> docs/r.md:3:24"), "{shown}");
    world.factory(&["spec", "lint", "docs", "--ignore", "A102"]).ends_with(0);
    let rows = world.factory(&["spec", "lint", "docs", "--format", "json"]).ends_with(1);
    let rows: serde_json::Value = serde_json::from_str(&rows.out).unwrap();
    assert_eq!(rows[0]["code"], "A102");
    world.factory(&["spec", "lint", "nowhere.md"]).ends_with(2).says("nowhere.md cannot be read");
    world.factory(&["spec", "lint", "docs", "--select", "A99"]).ends_with(2).says("names the rule `A99`");
    fs::write(world.project().join("docs/bytes.md"), b"# x\n\xff\n").unwrap();
    world.factory(&["spec", "lint", "docs/bytes.md"]).ends_with(1).says("G024");
}

fn mended() {
    let world = World::without_model();
    world.write(
        "docs/r.md",
        "1. WHEN a is sent THEN the system SHALL stop.\n2. IF b fails, the system SHALL stop.\n",
    );
    world.factory(&["spec", "lint", "docs/r.md"]).ends_with(1).says("2 can be mended by --fix");
    world.factory(&["spec", "lint", "docs/r.md", "--fix"]).ends_with(0).says("2 mended");
    let text = fs::read_to_string(world.project().join("docs/r.md")).unwrap();
    assert_eq!(
        text,
        "1. WHEN a is sent, the system SHALL stop.\n2. IF b fails, THEN the system SHALL stop.\n"
    );
}

fn configured() {
    let world = World::without_model();
    world.write("docs/r.md", "1. The system shall be fast and/or cheap.\n");
    let config = fs::read_to_string(world.project().join("factory.toml")).unwrap();
    world.write("factory.toml", &format!("{config}\n[lint]\nignore = [\"A102\"]\n"));
    world.factory(&["spec", "lint", "docs/r.md"]).ends_with(0);
    world.write("factory.toml", &format!("{config}\n[lint]\nignore = [\"A102\"]\npreview = true\n"));
    world.factory(&["spec", "lint", "docs/r.md"]).ends_with(1).says("A108");
    world.write("factory.toml", &format!("{config}\n[lint]\nignore = [\"A1O2\"]\n"));
    world.factory(&["spec", "lint", "docs/r.md"]).ends_with(2).says("did you mean A102?");
    world.write("factory.toml", &format!("{config}\n[lint]\nexclude = [\"docs\"]\n"));
    world.factory(&["spec", "lint", "docs"]).ends_with(0).says("nothing to look at");
}

fn prescribed() {
    let world = World::new(building(vec![right()]));
    world.write(
        "specs/bug-x.md",
        "# Bug: x\n\n## Symptom\n\nIt is slow.\n\n## Reproduction\n\n1. Start it.\n\n## Expected\n\n1. It MUST end.\n\n## Edge Cases\n\n- None.\n\n## Proposed fix\n\nAdd a cache.\n",
    );
    world
        .factory(&["run", "specs/bug-x.md"])
        .ends_with(3)
        .says("error[S010]: section `Proposed fix` prescribes the fix");
}

fn explained() {
    let world = World::without_model();
    let list = world.factory(&["spec", "explain"]).ends_with(0);
    for line in list.out.lines() {
        let code = &line[..4];
        assert!(list.out.matches(code).count() == 1, "{code}");
    }
    world.factory(&["spec", "explain", "g204"]).ends_with(0).says("time-without-start").says("left alone:");
    world.factory(&["spec", "explain", "escape-clause"]).ends_with(0).says("A101");
    world.factory(&["spec", "explain", "A1O1"]).ends_with(2).says("did you mean A101?");
}

fn audited() {
    let world = World::without_model();
    world.write("s/a.md", "# Scenario: A\n\nGiven an order exists\nWhen GET /a is sent\nThen the status is 200\n\n# Scenario: B\n\nWhen GET /b is sent\nThen the status is 200\n");
    world.write(
        "s/steps.toml",
        "[[step]]\npattern = 'the cart is checked'\nsteps = ['the total is correct']\n",
    );
    let shown = world.factory(&["spec", "audit", "s"]).ends_with(1);
    assert!(
        shown.out.contains("2 scenarios owe 2, 1 of it in step definitions: 1.00 for each scenario"),
        "{shown}"
    );
    assert!(shown.out.contains("implicit flow      1"), "{shown}");
}

fn imported() {
    let world = World::without_model();
    world.write("kit/spec.md", "# Feature Specification: Log in\n\n### User Story 1 - Log in (Priority: P1)\n\nA person logs in.\n\n1. **Given** a user named \"ann\", **When** the password is sent, **Then** the status is 200\n\n### Functional Requirements\n\n- **FR-001**: System MUST answer 200\n");
    let scenarios = world.root().join("taken");
    let flag = scenarios.to_str().unwrap();
    world
        .factory(&["spec", "import", "kit/spec.md", "--scenarios", flag])
        .ends_with(0)
        .says("1 requirements");
    world.factory(&["spec", "lint", "specs/feature-log-in.md", "--select", "S0"]).ends_with(0);
    world.factory(&["scenario", "list", flag]).says("log-in-1");
    world.write("openspec/changes/add-code/proposal.md", "## Why\n\nPasswords leak.\n");
    world.write("openspec/changes/add-code/specs/auth/spec.md", "## ADDED Requirements\n\n### Requirement: Code\n\nThe system SHALL ask for a code.\n\n#### Scenario: Asked\n\n- **WHEN** a user logs in\n- **THEN** the status is 401\n");
    world.factory(&["spec", "import", "openspec/changes/add-code"]).ends_with(0).says("--scenarios DIR");
    let text = fs::read_to_string(world.project().join("specs/feature-add-code.md")).unwrap();
    assert!(text.contains("1. The system SHALL ask for a code.\n"), "{text}");
    world.factory(&["spec", "import", "factory.toml"]).ends_with(2).says("neither a spec.md");
}

fn triaged() {
    let world = World::without_model();
    world.write("ui/label.py", "LABEL = 'x'\n");
    for count in 0..6 {
        world.write("ui/label.py", &format!("LABEL = '{count}'\n"));
        world.commit("label");
    }
    world
        .factory(&["spec", "triage", "set the LABEL in ui/label.py to \"Cart\""])
        .ends_with(0)
        .says("skip it")
        .says("6 of the newest");
    world.write("migrations/7_orders.sql", "drop table x;\n");
    world
        .factory(&[
            "spec",
            "triage",
            "migrate the orders of all customers and delete the old schema as appropriate",
            "--path",
            "migrations/7_orders.sql",
        ])
        .ends_with(0)
        .says("spec it")
        .says("the text speaks of");
    world.factory(&["spec", "triage", "x", "--path", "gone.py"]).ends_with(2).says("there is no gone.py");
}

fn matrix() {
    let world = World::new(building(vec![right()]));
    world.factory(&["spec", "show", SPEC]).ends_with(0).says("R1");
    world.run(&["--approve-because", "the plan was read in a test"]).ends_with(0);
    let ran = world.factory(&["spec", "show", "--matrix", SPEC]);
    for what in ["newest run", "plan ", "task ", "scenario ", "reviewed: covered"] {
        assert!(ran.out.contains(what), "{what}: {ran}");
    }
}

/// An endpoint that gives one answer, and hands back what it was asked.
fn one_answer(text: &str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let body = serde_json::json!({
        "id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    })
    .to_string();
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut piece = [0; 4096];
        loop {
            let count = stream.read(&mut piece).unwrap();
            asked.extend_from_slice(&piece[..count]);
            let text = String::from_utf8_lossy(&asked).to_ascii_lowercase();
            let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                length.is_some_and(|length| body.len() >= length.trim().parse::<usize>().unwrap())
            });
            if whole || count == 0 {
                break;
            }
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        String::from_utf8_lossy(&asked).into_owned()
    });
    (url, served)
}

fn second_reader() {
    let world = World::without_model();
    world.write("s/feature-x.md", "# Feature: x\n\n## Goal\n\nOrders stay.\n\n## Requirements\n\n1. The service MUST keep eligible orders.\n");
    world.write(
        "s/secret.md",
        "# Scenario: Nobody may know this\n\nWhen GET /a is sent\nThen the status is 200\n",
    );
    let (url, served) = one_answer(
        r#"[{"class": "undefined term", "quote": "eligible orders", "why": "One takes all of a year."}, {"class": "undefined term", "quote": "nowhere at all", "why": "x"}]"#,
    );
    let mut command = world.command(FACTORY, &["spec", "audit", "s", "--model", "m"]);
    command.env("OPENAI_BASE_URL", url).env("OPENAI_API_KEY", "k");
    let ran = process::run(command);
    assert!(
        ran.out
            .contains("s/feature-x.md:9:26: M103 a second reader: One takes all of a year (undefined term)"),
        "{ran}"
    );
    assert!(ran.err.contains("1 remarks of the model quote nothing"), "{ran}");
    let asked = served.join().unwrap();
    assert!(asked.contains("eligible orders") && !asked.contains("Nobody may know this"), "{asked}");
}
