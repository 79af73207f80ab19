//! Gates and the people who decide at them.

use factory_core::pipeline::model::{Edge, GateRule};

use super::{added, good, said, stage};

const ANN: &str = "[authority.owners]\npeople = [\"ann\"]\n";

#[track_caller]
fn assert_said_of(end: &str, expected: &[&str]) {
    assert_eq!(said(&added("spec", "", end)), expected);
}

#[test]
fn all_that_a_gate_can_ask_for() {
    let key = format!("SHA256:{}", "aB9+/".repeat(9).split_at(43).0);
    let end = format!(
        "[authority.owners]\npeople = [\"ann\", \"ben\"]\nkeys = [\"{key}\"]\n[[gate]]\nat = \"merge:entry\"\nauthority = \
         \"owners\"\napprovals = 3\nnot_requester = true\ntimeout = \"48h\"\n"
    );
    let pipeline = good(&added("spec", "", &end));
    let expected = GateRule {
        authority: Some("owners".to_owned()),
        approvals: 3,
        not_requester: true,
        timeout_seconds: Some(48 * 3600),
        when: Vec::new(),
    };
    assert_eq!(stage(&pipeline, "merge").rule(Edge::Entry), expected);
    assert_eq!(pipeline.authorities["owners"].keys, [key]);
}

#[test]
fn a_group_that_does_not_exist() {
    let gate = |group: &str| format!("{ANN}[[gate]]\nat = \"merge:entry\"\nauthority = \"{group}\"\n");
    assert_said_of(&gate("owner"), &["\"owner\": there is no group `owner` (did you mean `owners`?)"]);
    assert_said_of(
        &gate("auditors"),
        &["\"auditors\": there is no group `auditors` (`[authority.auditors]` would say who is in it)"],
    );
}

#[test]
fn a_group_in_which_nobody_is() {
    for group in ["[authority.owners]\n", "[authority.owners]\npeople = []\nkeys = []\n"] {
        assert_said_of(group, &["owners: nobody is in the group `owners`, so nobody could decide"]);
    }
}

#[test]
fn a_group_that_is_none() {
    assert_said_of(
        "[authority]\nowners = [\"ann\"]\n[[gate]]\nat = \"plan:exit\"\nauthority = \"owners\"\n",
        &["[\"ann\"]: `owners` is a table, not a list"],
    );
    assert_said_of(
        "[authority.\"The owners\"]\npeople = [\"ann\"]\n",
        &["\"The owners\": `The owners` is not a group's name (lower-case letters, digits and hyphens)"],
    );
}

#[test]
fn a_member_that_is_none() {
    assert_said_of(
        "[authority.owners]\npeople = [\"ann\", \"\", \"Ben B\", \"ann\"]\nkeys = [\"ssh-ed25519 AAAA\", \"SHA256:a bc\"]\n",
        &[
            "\"\": a person is named by the login on the machine, in one word",
            "\"Ben B\": a person is named by the login on the machine, in one word",
            "\"ann\": `ann` is in the group `owners` twice",
            "\"ssh-ed25519 AAAA\": a key is named by its fingerprint, `SHA256:…` (`ssh-keygen -lf KEY.pub` \
             prints it)",
            "\"SHA256:a bc\": a key is named by its fingerprint, `SHA256:…` (`ssh-keygen -lf KEY.pub` \
             prints it)",
        ],
    );
}

#[test]
fn approvals_that_cannot_be() {
    let gate = |at: &str, approvals: &str| {
        format!("{ANN}[[gate]]\nat = \"{at}\"\nauthority = \"owners\"\napprovals = {approvals}\n")
    };
    for approvals in ["0", "11", "-2"] {
        assert_said_of(
            &gate("merge:entry", approvals),
            &[&format!("{approvals}: approvals is a number between 1 and 10")],
        );
    }
    assert_said_of(
        &gate("merge:entry", "2"),
        &["2: 2 people have to approve, but the group `owners` has only 1"],
    );
    assert_said_of(
        "[authority.owners]\npeople = [\"ann\", \"ann\"]\n[[gate]]\nat = \"merge:entry\"\nauthority = \"owners\"\n\
         approvals = 2\n",
        &[
            "\"ann\": `ann` is in the group `owners` twice",
            "2: 2 people have to approve, but the group `owners` has only 1",
        ],
    );
    for at in ["build:escalation", "build:budget"] {
        assert_said_of(
            &format!("[[gate]]\nat = \"{at}\"\napprovals = 2\n"),
            &["2: where a stage is stuck, one person decides"],
        );
    }
    good(&added("spec", "", "[[gate]]\nat = \"merge:entry\"\napprovals = 2\n"));
}

#[test]
fn a_text_that_names_no_gate() {
    let gate = |at: &str| format!("[[gate]]\nat = \"{at}\"\n");
    assert_said_of(&gate("merge"), &["\"merge\": `merge` is not a gate, such as `plan:exit`"]);
    assert_said_of(
        &gate("merge:enter"),
        &["\"merge:enter\": `merge:enter` is not a gate, such as `plan:exit` (did you mean `merge:entry`?)"],
    );
    assert_said_of(
        &gate("merg:entry"),
        &["\"merg:entry\": the gate names the stage `merg`, which does not exist (did you mean `merge`?)"],
    );
}

#[test]
fn a_gate_that_is_not_there() {
    for (at, why) in [
        ("build:entry", "its stage has no `entry_gate = \"human\"`"),
        ("build:exit", "its stage has no `exit_gate = \"human\"`"),
        ("verify:exit", "policy decides there, and nobody is asked"),
        ("spec:escalation", "its stage has no `on_exhausted = \"escalate\"`"),
        ("merge:budget", "its stage asks no model"),
    ] {
        assert_said_of(
            &format!("[[gate]]\nat = \"{at}\"\ntimeout = \"1h\"\n"),
            &[&format!("\"{at}\": there is no gate `{at}`: {why}")],
        );
    }
    let lessons = "
[[stage]]
id = \"lessons\"
makes = \"lessons\"
role = \"reviewer\"
needs = [\"spec\", \"build\", \"merge\"]

[[gate]]
at = \"lessons:escalation\"
";
    assert_said_of(
        lessons,
        &[
            "\"lessons:escalation\": there is no gate `lessons:escalation`: nobody is asked about what comes after the \
           merge",
        ],
    );
    for at in ["plan:exit", "merge:entry", "build:escalation", "verify:budget", "merge:escalation"] {
        good(&added("spec", "", &format!("[[gate]]\nat = \"{at}\"\ntimeout = \"1h\"\n")));
    }
}

#[test]
fn a_gate_that_is_described_twice() {
    assert_said_of(
        "[[gate]]\nat = \"plan:exit\"\n[[gate]]\nat = \"plan:exit\"\ntimeout = \"soon\"\n",
        &[
            "\"plan:exit\": the gate `plan:exit` is described twice",
            "\"soon\": a timeout is a number with `s`, `m` or `h`, such as `48h`",
        ],
    );
}

/// What is wrong with one gate hides nothing of it or of the others.
#[test]
fn several_gates() {
    assert_said_of(
        "[[gate]]\nat = \"paln:exit\"\napprovals = 99\nauthority = \"owners\"\n[[gate]]\napprovals = 0\ntimeout = 3\n",
        &[
            "\"paln:exit\": the gate names the stage `paln`, which does not exist (did you mean `plan`?)",
            "99: approvals is a number between 1 and 10",
            "\"owners\": there is no group `owners` (`[authority.owners]` would say who is in it)",
            "[[gate]]: a gate needs `at`",
            "0: approvals is a number between 1 and 10",
            "3: `timeout` is a text, not a whole number",
        ],
    );
}
