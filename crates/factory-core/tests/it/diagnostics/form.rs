//! Files that are no TOML, and tables that say something else than they may.

use factory_core::pipeline::read;

use super::{added, assert_said, edited, said};

#[test]
fn an_unknown_format_is_all_that_is_said() {
    assert_said(
        &[("schema = 1", "schema = 2"), ("min_pass_percent = 90", "min_pass_percent = 0")],
        &["2: pipeline format 2 is not known; this factory reads format 1"],
    );
}

#[test]
fn an_empty_file() {
    assert_eq!(
        said(""),
        [
            ": a pipeline needs `schema`",
            ": a pipeline needs `name`",
            ": a pipeline needs `entry`",
            ": the pipeline has no stages"
        ]
    );
}

#[test]
fn no_stages() {
    let feature = edited(&[]);
    let head = feature.split("[[stage]]").next().unwrap();
    assert_eq!(
        said(head),
        ["\"feature\": the pipeline has no stages"],
        "that the entries name none follows from that"
    );
}

#[test]
fn stages_that_are_no_list() {
    let source = "schema = 1\nname = \"x\"\nentry = { feature = \"a\" }\n[stage]\nid = \"a\"\n";
    assert_eq!(
        said(source),
        [
            "\"a\": entry names the stage `a`, which does not exist",
            "[stage]: `stage` is a list of tables, not a table (write `[[stage]]`)"
        ]
    );
}

#[test]
fn an_unknown_key() {
    assert_said(
        &[("[policy]", "[polcy]")],
        &["polcy: a pipeline has no key `polcy` (did you mean `policy`?)"],
    );
    assert_said(
        &[("min_pass_percent", "min_pass_precent")],
        &["min_pass_precent: the policy has no key `min_pass_precent` (did you mean `min_pass_percent`?)"],
    );
    assert_said(
        &[(
            "returns_to = \"build\"\nattempts = 2\ntimeout = \"1h\"\n\n[[stage]]\nid = \"verify\"",
            "return_to = \"build\"\n\n[[stage]]\nid = \"verify\"",
        )],
        &["return_to: a stage has no key `return_to` (did you mean `returns_to`?)"],
    );
    let gate = "[[gate]]\nat = \"merge:entry\"\ndeciders = \"me\"\napproval = 2\n";
    assert_eq!(
        said(&added("spec", "", gate)),
        [
            "deciders: a gate has no key `deciders` (it has `at`, `authority`, `approvals`, `not_requester`, `timeout` and `when`)",
            "approval: a gate has no key `approval` (did you mean `approvals`?)"
        ]
    );
    assert_eq!(
        said(&added(
            "review",
            "",
            "[stage.limits]\nmost = 1\n[authority.a]\npeople = [\"a\"]\npersons = \"b\"\n"
        )),
        [
            "limits: a stage has no key `limits` (it has `id`, `makes`, `role`, `zone`, `needs`, `when`, `entry_gate`, \
             `exit_gate`, `attempts`, `on_exhausted`, `timeout`, `soak`, `budget_usd`, `budget_tokens` and `returns_to`)",
            "persons: a group has no key `persons` (it has `people` and `keys`)"
        ]
    );
}

#[test]
fn a_word_that_is_none_of_those_that_can_stand_there() {
    assert_said(
        &[("role = \"reviewer\"", "role = \"reviewr\"")],
        &[
            "\"reviewr\": `role` is `planner`, `implementer`, `reviewer`, `evaluator` or `none`, not `reviewr` (did you \
           mean `reviewer`?)",
        ],
    );
    assert_said(
        &[("bug = \"spec\"", "bugs = \"spec\"")],
        &[
            "bugs: the kind of a run is `feature`, `bug`, `remediation` or `hotfix`, not `bugs` (did you mean `bug`?)",
        ],
    );
    assert_said(
        &[("makes = \"tasks\"", "makes = \"songs\"")],
        &[
            "\"songs\": `makes` is `spec`, `design`, `tests`, `recon`, `plan`, `tasks`, `build`, `review`, `verify`, \
           `merge` or `lessons`, not `songs`",
        ],
    );
    assert_said(
        &[("exit_gate = \"human\"", "exit_gate = \"humna\"\nentry_gate = \"policy\"")],
        &[
            "\"humna\": `exit_gate` is `none`, `policy` or `human`, not `humna` (did you mean `human`?)",
            "\"policy\": `entry_gate` is `none` or `human`, not `policy`",
        ],
    );
    assert_eq!(
        said(&added("merge", "zone = \"gaurded\"", "")),
        [
            "\"gaurded\": `zone` is `supervised`, `autonomous`, `guarded` or `advisory`, not `gaurded` (did you mean \
          `guarded`?)"
        ]
    );
}

#[test]
fn a_value_of_another_kind() {
    for (from, to, expected) in [
        ("attempts = 3", "attempts = \"three\"", "\"three\": `attempts` is a whole number, not a text"),
        ("attempts = 3", "attempts = 3.5", "3.5: `attempts` is a whole number, not a fraction"),
        ("attempts = 3", "attempts = [3]", "[3]: `attempts` is a whole number, not a list"),
        (
            "attempts = 3",
            "attempts = 99999999999999999999",
            "99999999999999999999: `attempts` is a number beyond all bounds",
        ),
        ("name = \"feature\"", "name = 1979-05-27", "1979-05-27: `name` is a text, not a date"),
        ("timeout = \"5m\"", "timeout = 300", "300: `timeout` is a text, not a whole number"),
        (
            "id = \"tasks\"",
            "id = \"tasks\"\nbudget_usd = \"5\"",
            "\"5\": `budget_usd` is a number, not a text",
        ),
        ("[policy]", "[policy]\nplateau = 3", "3: `plateau` is a table, not a whole number"),
        (
            "[policy]",
            "gate = { at = \"plan:exit\" }\n[policy]",
            "{ at = \"plan:exit\" }: `gate` is a list of tables, \
          not a table (write `[[gate]]`)",
        ),
        (
            "id = \"tasks\"",
            "id = \"tasks\"\nwhen = \"always\"",
            "\"always\": `when` is a list of tables, not a text (write `when = [{ stage = \"…\", field = \"…\", \
             at_least = … }]`)",
        ),
    ] {
        assert_said(&[(from, to)], &[expected]);
    }
    assert_said(
        &[("needs = [\"spec\", \"plan\"]", "needs = \"plan\"")],
        &["\"plan\": `needs` is a list of texts, not a text (write `[\"plan\"]`)"],
    );
    assert_said(
        &[("needs = [\"spec\", \"plan\"]", "needs = [\"spec\", 3, { a = 1 }]")],
        &[
            "3: `needs` is a list of texts, and this is a whole number",
            "{ a = 1 }: `needs` is a list of texts, and this is a table",
        ],
    );
}

#[test]
fn something_that_is_missing() {
    for (from, to, expected) in [
        ("schema = 1\n", "", ": a pipeline needs `schema`"),
        ("name = \"feature\"\n", "", ": a pipeline needs `name`"),
        ("makes = \"merge\"\n", "", "[[stage]]: a stage needs `makes`"),
        ("role = \"reviewer\"\n", "", "[[stage]]: a stage needs `role`"),
        (
            "[policy]",
            "[policy]\nplateau = { window = 2 }",
            "{ window = 2 }: a plateau needs `min_gain_percent`",
        ),
    ] {
        assert_said(&[(from, to)], &[expected]);
    }
    assert_eq!(said(&added("spec", "", "[[gate]]\napprovals = 2\n")), ["[[gate]]: a gate needs `at`"]);
    assert_eq!(
        said(&added("tasks", "when = [{}]", "")),
        [
            "{}: a condition needs `stage`",
            "{}: a condition needs `field`",
            "{}: a condition has exactly one of `at_least`, `at_most` and `is`"
        ]
    );
}

/// What only follows from something unreadable is not said.
#[test]
fn one_slip_is_one_diagnostic() {
    for (from, to) in [
        ("role = \"evaluator\"", "role = \"evaluater\""),
        ("makes = \"verify\"", "makes = \"verifyy\""),
        ("makes = \"build\"", "makes = 7"),
        ("makes = \"spec\"", "makes = \"sepc\""),
        ("needs = [\"spec\", \"plan\", \"tasks\"]", "needs = 1"),
        ("needs = [\"build\", \"review\", \"verify\"]", "needs = [\"build\", \"review\", 1]"),
        ("needs = [\"build\", \"review\", \"verify\"]", "needs = [\"build\", \"review\", \"verifi\"]"),
        ("entry = { feature = \"spec\", bug = \"spec\" }", "entry = \"spec\""),
        ("feature = \"spec\"", "feature = [\"spec\"]"),
        (
            "needs = [\"spec\", \"build\", \"review\"]\nexit_gate = \"policy\"",
            "needs = [\"spec\", \"build\", \"review\"]\nexit_gate = \"polcy\"",
        ),
    ] {
        let said = said(&edited(&[(from, to)]));
        assert_eq!(said.len(), 1, "{to}: {said:#?}");
    }
}

#[test]
fn text_that_is_no_toml() {
    assert_said(&[("schema = 1", "schema 1")], &[": key with no value, expected `=`"]);
    assert_eq!(
        said(&edited(&[
            ("attempts = 3", "attempts = 3 3"),
            ("timeout = \"5m\"", "timeout = \"5m"),
            ("1h\"\n\n[[stage]]\nid = \"verify\"", "1h\"\n\n[[stage]\nid = \"verify\"")
        ]))
        .len(),
        3,
        "the first of each line"
    );
    assert_eq!(said("schema = 1\nname = \"æ\\q\"\n").len(), 1);
}

/// A key that is there twice and a text without quotes leave no doubt about the rest of the file.
#[test]
fn slips_after_which_everything_else_is_said_too() {
    assert_said(
        &[
            ("role = \"reviewer\"", "role = reviewer"),
            ("needs = [\"spec\", \"plan\"]", "needs = [\"spec\", \"plam\"]"),
            ("entry_gate = \"human\"", "entry_gate = \"human\"\nneeds = []"),
            ("timeout = \"5m\"", "timeout = \"5 m\""),
        ],
        &[
            "\"plam\": needs names the stage `plam`, which does not exist (did you mean `plan`?)",
            "reviewer: string values must be quoted (put it between `\"` and `\"`)",
            "needs: `needs` is there twice",
            "\"5 m\": a timeout is a number with `s`, `m` or `h`, such as `30m`",
        ],
    );
    assert_said(
        &[("name = \"feature\"", "name = ")],
        &[": string values must be quoted (put it between `\"` and `\"`)"],
    );
}

#[test]
fn a_name_that_is_none() {
    assert_said(
        &[("name = \"feature\"", "name = \"New Feature\"")],
        &["\"New Feature\": `New Feature` is not a pipeline's name (lower-case letters, digits and hyphens)"],
    );
    assert_said(
        &[("id = \"merge\"", "id = \"Merge!\"")],
        &["\"Merge!\": `Merge!` is not a stage id (lower-case letters, digits and hyphens)"],
    );
    let long = "x".repeat(81);
    let said = said(&edited(&[("name = \"feature\"", &format!("name = \"{long}\\u001b[2J\""))]));
    assert_eq!(said.len(), 1);
    let message = said[0].rsplit_once("\": ").unwrap().1;
    assert!(message.starts_with(&format!("`{}…`", "x".repeat(60))), "{message}");
}

#[test]
fn two_stages_of_one_name() {
    let second = "[[stage]]\nid = \"plan\"\nmakes = \"plan\"\nrole = \"planner\"\nneeds = [\"spec\"]\n\n[[stage]]\nid = \"build\"";
    assert_said(&[("[[stage]]\nid = \"build\"", second)], &["\"plan\": there are two stages named `plan`"]);
}

/// Whatever stands in the file, what is said of it is one line and moves no cursor.
#[test]
fn names_that_would_do_more_than_be_read() {
    let nasty = "a\\u001b[2J\\nb\\u202e";
    let source = edited(&[
        ("id = \"tasks\"", &format!("id = \"{nasty}\"")),
        ("needs = [\"spec\", \"plan\", \"tasks\"]", &format!("needs = [\"spec\", \"{nasty}\", \"{nasty}\"]")),
        ("bug = \"spec\"", &format!("\"{nasty}\" = \"spec\", bug = \"{nasty}\"")),
    ]);
    let diagnostics = read::read(&source).unwrap_err();
    assert!(diagnostics.len() >= 4, "{diagnostics:#?}");
    for diagnostic in diagnostics {
        let said = format!("{}{}", diagnostic.message, diagnostic.help.unwrap_or_default());
        assert!(!said.contains(['\u{1b}', '\n', '\u{202e}']), "{said:?}");
    }
}

#[test]
fn a_file_that_is_far_too_long() {
    let source = format!("{}\n#{}", edited(&[]), " ".repeat(64 * 1024));
    assert_eq!(said(&source), [": a pipeline has at most 64 KiB"]);
}

#[test]
fn more_stages_than_anybody_can_follow() {
    let more: String = (0..50)
        .map(|n| {
            format!(
                "[[stage]]\nid = \"recon-{n}\"\nmakes = \"recon\"\nrole = \"planner\"\nneeds = [\"spec\"]\n"
            )
        })
        .collect();
    assert_eq!(
        said(&added("spec", "", &more)),
        ["\"recon-43\": a pipeline has at most 50 stages; this one has 57"]
    );
}
