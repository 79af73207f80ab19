//! Everything that can be wrong with a pipeline: what is said, and of which words of the file.

use factory_core::pipeline::model::{EntryType, ExitGate};
use factory_core::pipeline::read;
use factory_testkit::samples;

/// The shipped pipeline with some words replaced.
fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(samples::FEATURE.to_owned(), |source, (from, to)| {
        assert_eq!(source.matches(from).count(), 1, "{from:?} stands exactly once in the pipeline");
        source.replace(from, to)
    })
}

/// What is said of a pipeline, each as `words of the file: message (help)`.
fn said(source: &str) -> Vec<String> {
    let diagnostics = read::read(source).expect_err("something is wrong");
    let say = |d: &read::Diagnostic| {
        let help = d.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}: {}{help}", &source[d.span.clone()], d.message)
    };
    diagnostics.iter().map(say).collect()
}

#[track_caller]
fn assert_said(edits: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(said(&edited(edits)), expected);
}

#[test]
fn the_shipped_pipeline_is_in_order() {
    let pipeline = read::read(samples::FEATURE).unwrap();
    assert_eq!(pipeline.name, "feature");
    assert_eq!(pipeline.policy.min_pass_percent, 90);
    assert_eq!(pipeline.entry[&EntryType::Feature], samples::stage("spec"));
    assert_eq!(pipeline.entry[&EntryType::Bug], samples::stage("spec"));
    let order: Vec<&str> = pipeline.stages.iter().map(|stage| stage.id.as_str()).collect();
    assert_eq!(order, ["spec", "plan", "tasks", "build", "review", "verify", "merge"]);
    let verify = pipeline.stage(&samples::stage("verify")).unwrap();
    assert_eq!((verify.attempts, verify.timeout_seconds), (2, 3600));
    assert_eq!((verify.exit_gate, &verify.returns_to), (ExitGate::Policy, &Some(samples::stage("build"))));
}

#[test]
fn what_is_not_said_has_a_default() {
    let source = edited(&[
        ("attempts = 2\ntimeout = \"30m\"\n\n[[stage]]\nid = \"tasks\"", "\n[[stage]]\nid = \"tasks\""),
        (
            "[policy]\nmin_pass_percent = 90        # of the holdout scenarios, at the gate after `verify`\n",
            "",
        ),
    ]);
    let pipeline = read::read(&source).unwrap();
    let plan = pipeline.stage(&samples::stage("plan")).unwrap();
    assert_eq!((plan.attempts, plan.timeout_seconds), (1, 1800));
    assert_eq!(pipeline.policy.min_pass_percent, 90);
}

#[test]
fn stages_may_stand_in_any_order() {
    let (head, rest) = samples::FEATURE.split_once("[[stage]]").unwrap();
    let mut stages: Vec<String> =
        rest.split("[[stage]]").map(|stage| format!("[[stage]]{stage}\n")).collect();
    stages.reverse();
    let pipeline = read::read(&format!("{head}{}", stages.concat())).unwrap();
    for (at, stage) in pipeline.stages.iter().enumerate() {
        let before = &pipeline.stages[..at];
        assert!(stage.needs.iter().all(|need| before.iter().any(|s| s.id == *need)), "{}", stage.id);
    }
}

#[test]
fn an_unknown_format() {
    assert_said(
        &[("schema = 1", "schema = 2"), ("min_pass_percent = 90", "min_pass_percent = 0")],
        &["2: pipeline format 2 is not known; this factory reads format 1"],
    );
}

#[test]
fn no_stages() {
    let head = samples::FEATURE.split("[[stage]]").next().unwrap();
    assert_eq!(said(head), ["\"feature\": the pipeline has no stages"]);
}

#[test]
fn a_share_that_is_none() {
    for percent in ["0", "101"] {
        let edit = format!("min_pass_percent = {percent}");
        let message = format!("{percent}: min_pass_percent is a share between 1 and 100");
        assert_said(&[("min_pass_percent = 90", &edit)], &[&message]);
    }
}

#[test]
fn a_stage_id_that_is_none() {
    let messages = said(&edited(&[("id = \"merge\"", "id = \"Merge!\"")]));
    assert_eq!(messages, ["\"Merge!\": `Merge!` is not a stage id (lower-case letters, digits and hyphens)"]);
}

#[test]
fn two_stages_of_one_name() {
    let second = "[[stage]]\nid = \"plan\"\nmakes = \"plan\"\nrole = \"planner\"\nneeds = [\"spec\"]\n\n[[stage]]\nid = \"build\"";
    let messages = said(&edited(&[("[[stage]]\nid = \"build\"", second)]));
    assert!(messages.contains(&"\"plan\": there are two stages named `plan`".to_owned()), "{messages:?}");
}

#[test]
fn a_need_that_does_not_exist() {
    assert_said(
        &[("needs = [\"spec\", \"plan\"]", "needs = [\"spec\", \"plann\", \"plan\"]")],
        &["\"plann\": needs names the stage `plann`, which does not exist (did you mean `plan`?)"],
    );
    assert_said(
        &[("needs = [\"spec\", \"plan\"]", "needs = [\"spec\", \"zebra\", \"plan\"]")],
        &["\"zebra\": needs names the stage `zebra`, which does not exist"],
    );
}

#[test]
fn a_cycle() {
    for need in ["[\"spec\", \"tasks\"]", "[\"spec\", \"plan\"]"] {
        let messages = said(&edited(&[(
            "makes = \"plan\"\nrole = \"planner\"\nneeds = [\"spec\"]",
            &format!("makes = \"plan\"\nrole = \"planner\"\nneeds = {need}"),
        )]));
        assert_eq!(messages.len(), 1, "{messages:?}");
        let end = "needs itself, through others: work goes back by `returns_to`, not by `needs`";
        assert!(messages[0].ends_with(end), "{messages:?}");
    }
}

#[test]
fn a_cycle_does_not_hide_what_else_is_wrong() {
    let messages = said(&edited(&[
        (
            "makes = \"plan\"\nrole = \"planner\"\nneeds = [\"spec\"]",
            "makes = \"plan\"\nrole = \"planner\"\nneeds = [\"spec\", \"tasks\"]",
        ),
        ("timeout = \"5m\"", "timeout = \"soon\""),
    ]));
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(messages[0].contains("needs itself"), "{messages:?}");
    assert!(messages[1].starts_with("\"soon\""), "{messages:?}");
}

#[test]
fn a_role_that_does_not_make_such_a_thing() {
    assert_said(
        &[("role = \"reviewer\"", "role = \"implementer\"")],
        &["\"implementer\": a review is made by the role `reviewer`, not by `implementer`"],
    );
}

#[test]
fn an_artifact_that_is_missing() {
    assert_said(
        &[("needs = [\"spec\", \"build\"]", "needs = [\"build\"]")],
        &["\"review\": the stage `review` makes a review and so needs a stage that makes a spec"],
    );
}

#[test]
fn an_artifact_that_is_there_twice() {
    let second = "[[stage]]\nid = \"plan-b\"\nmakes = \"plan\"\nrole = \"planner\"\nneeds = [\"spec\"]\n\n[[stage]]\nid = \"tasks\"";
    assert_said(
        &[
            ("[[stage]]\nid = \"tasks\"", second),
            ("needs = [\"spec\", \"plan\"]", "needs = [\"spec\", \"plan\", \"plan-b\"]"),
        ],
        &["\"tasks\": the stage `tasks` needs two stages that make a plan"],
    );
}

#[test]
fn an_implementer_that_would_see_what_the_evaluator_made() {
    let messages = said(&edited(&[(
        "needs = [\"spec\", \"plan\", \"tasks\"]",
        "needs = [\"spec\", \"plan\", \"tasks\", \"verify\"]",
    )]));
    let expected = "\"implementer\": the implementer's stage `build` needs the evaluator's artifact; only feedback may go \
                    there, by `returns_to`";
    assert!(messages.contains(&expected.to_owned()), "{messages:?}");
}

#[test]
fn a_policy_gate_for_which_there_is_no_policy() {
    assert_said(
        &[("exit_gate = \"human\"", "exit_gate = \"policy\"")],
        &["\"plan\": there is no policy for a plan: use `exit_gate = \"human\"` or none"],
    );
}

#[test]
fn a_gate_that_would_show_nothing() {
    assert_said(
        &[("makes = \"spec\"", "makes = \"spec\"\nentry_gate = \"human\"")],
        &["\"spec\": a gate before the stage `spec` would show nothing, since it needs nothing"],
    );
}

#[test]
fn attempts_that_are_none_or_too_many() {
    for attempts in ["0", "11"] {
        let message = format!("{attempts}: attempts is a number between 1 and 10");
        assert_said(&[("attempts = 3", &format!("attempts = {attempts}"))], &[&message]);
    }
    assert!(read::read(&edited(&[("attempts = 3", "attempts = 10")])).is_ok());
}

#[test]
fn a_timeout_that_is_none() {
    for timeout in [
        "",
        "5",
        "m",
        "0m",
        "5 m",
        "5min",
        "-5m",
        "1.5h",
        "5µ",
        "99999999999999999999h",
        "9999999999999999999h",
    ] {
        let message = format!("\"{timeout}\": a timeout is a number with `s`, `m` or `h`, such as `30m`");
        assert_said(&[("timeout = \"5m\"", &format!("timeout = \"{timeout}\""))], &[&message]);
    }
    for (timeout, seconds) in [("90s", 90), ("24h", 86_400)] {
        let source = edited(&[("timeout = \"5m\"", &format!("timeout = \"{timeout}\""))]);
        let pipeline = read::read(&source).unwrap();
        assert_eq!(pipeline.stages.last().unwrap().timeout_seconds, seconds);
    }
}

const REVIEW_RETURNS: &str = "needs = [\"spec\", \"build\"]\nexit_gate = \"policy\"\nreturns_to = \"build\"";

#[test]
fn work_that_would_go_back_nowhere() {
    assert_said(
        &[(REVIEW_RETURNS, "needs = [\"spec\", \"build\"]\nexit_gate = \"policy\"\nreturns_to = \"biuld\"")],
        &["\"biuld\": returns_to names the stage `biuld`, which does not exist (did you mean `build`?)"],
    );
}

#[test]
fn work_that_would_go_forward() {
    assert_said(
        &[(REVIEW_RETURNS, "needs = [\"spec\", \"build\"]\nexit_gate = \"policy\"\nreturns_to = \"verify\"")],
        &[
            "\"verify\": `review` cannot return work to `verify`, which does not come before it",
            "\"verify\": work can only be returned to an implementer's stage",
        ],
    );
}

#[test]
fn work_that_would_go_back_to_its_own_stage() {
    let messages =
        said(&edited(&[(REVIEW_RETURNS, &REVIEW_RETURNS.replace("to = \"build\"", "to = \"review\""))]));
    assert_eq!(
        messages[0],
        "\"review\": `review` cannot return work to `review`, which does not come before it"
    );
}

#[test]
fn a_way_back_without_a_limit() {
    let limit = "attempts = 3                 # work that comes back from review or verify counts too\n";
    let needs = |id: &str| {
        format!(
            "\"build\": `{id}` returns work to `build`, so `build` must say how many `attempts` it has: a cycle needs a limit"
        )
    };
    assert_said(&[(limit, "")], &[&needs("review"), &needs("verify")]);
}

#[test]
fn a_way_back_that_is_never_taken() {
    assert_said(
        &[(REVIEW_RETURNS, "needs = [\"spec\", \"build\"]\nreturns_to = \"build\"")],
        &["\"build\": `review` returns work but has no `exit_gate = \"policy\"` that could fail"],
    );
}

#[test]
fn no_entry() {
    let messages = said(&edited(&[("entry = { feature = \"spec\", bug = \"spec\" }", "entry = {}")]));
    assert_eq!(messages[0], "{}: the pipeline has no entry, so no run could begin");
    assert_eq!(messages[1], "\"spec\": the stage `spec` is never reached from an entry");
}

#[test]
fn an_entry_that_does_not_exist() {
    assert_said(
        &[("bug = \"spec\"", "bug = \"spek\"")],
        &["\"spek\": entry names the stage `spek`, which does not exist (did you mean `spec`?)"],
    );
}

#[test]
fn an_entry_in_the_middle() {
    assert_said(
        &[("bug = \"spec\"", "bug = \"plan\"")],
        &["\"plan\": a run cannot begin at `plan`, which needs artifacts of other stages"],
    );
}

#[test]
fn a_stage_that_is_never_reached() {
    let island = "[[stage]]\nid = \"island\"\nmakes = \"spec\"\nrole = \"none\"\n\n[[stage]]\nid = \"tasks\"";
    assert_said(
        &[("[[stage]]\nid = \"tasks\"", island)],
        &["\"island\": the stage `island` is never reached from an entry"],
    );
}

#[test]
fn no_merge() {
    let without = samples::FEATURE.rsplit_once("[[stage]]").unwrap().0;
    assert_eq!(
        said(without),
        ["\"verify\": a pipeline has exactly one stage that makes a merge; this one has 0"]
    );
}

#[test]
fn two_merges() {
    let (_, merge) = samples::FEATURE.rsplit_once("[[stage]]").unwrap();
    let twice =
        format!("{}\n[[stage]]{}", samples::FEATURE, merge.replace("id = \"merge\"", "id = \"merge-again\""));
    assert_eq!(
        said(&twice),
        ["\"merge-again\": a pipeline has exactly one stage that makes a merge; this one has 2"]
    );
}

const VERIFY_GATE: &str =
    "needs = [\"spec\", \"build\", \"review\"]\nexit_gate = \"policy\"\nreturns_to = \"build\"";
const UNVERIFIED: &str =
    "\"merge\": `merge` can be reached without a verify stage that has `exit_gate = \"policy\"`";

#[test]
fn a_merge_that_no_policy_has_passed() {
    for gate in ["", "exit_gate = \"human\""] {
        let verify = format!("needs = [\"spec\", \"build\", \"review\"]\n{gate}");
        assert_said(&[(VERIFY_GATE, &verify)], &[UNVERIFIED]);
    }
}

#[test]
fn a_merge_of_another_build_than_policy_has_passed() {
    // The verification with a gate judges the first build; what is merged is a second one, judged without a gate.
    let second = "\
[[stage]]
id = \"build-b\"
makes = \"build\"
role = \"implementer\"
needs = [\"spec\", \"plan\", \"tasks\", \"review-b\"]

[[stage]]
id = \"review-b\"
makes = \"review\"
role = \"reviewer\"
needs = [\"spec\", \"build\", \"verify\"]

[[stage]]
id = \"verify-b\"
makes = \"verify\"
role = \"evaluator\"
needs = [\"spec\", \"build-b\"]

[[stage]]
id = \"merge\"";
    assert_said(
        &[
            ("[[stage]]\nid = \"merge\"", second),
            ("needs = [\"build\", \"review\", \"verify\"]", "needs = [\"build-b\", \"verify-b\"]"),
        ],
        &[UNVERIFIED],
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once_in_the_order_of_the_file() {
    assert_said(
        &[
            ("bug = \"spec\"", "bug = \"spek\""),
            ("min_pass_percent = 90", "min_pass_percent = 900"),
            ("role = \"reviewer\"", "role = \"planner\""),
            ("needs = [\"spec\", \"plan\"]", "needs = [\"spec\", \"plam\"]"),
            ("attempts = 3", "attempts = 30"),
            ("timeout = \"5m\"", "timeout = \"5 m\""),
        ],
        &[
            "\"spek\": entry names the stage `spek`, which does not exist (did you mean `spec`?)",
            "900: min_pass_percent is a share between 1 and 100",
            "\"tasks\": the stage `tasks` makes a tasks and so needs a stage that makes a plan",
            "\"plam\": needs names the stage `plam`, which does not exist (did you mean `plan`?)",
            "30: attempts is a number between 1 and 10",
            "\"planner\": a review is made by the role `reviewer`, not by `planner`",
            "\"5 m\": a timeout is a number with `s`, `m` or `h`, such as `30m`",
        ],
    );
}

#[test]
fn a_file_of_another_form() {
    assert_said(
        &[(
            "returns_to = \"build\"\nattempts = 2\ntimeout = \"1h\"\n\n[[stage]]\nid = \"verify\"",
            "return_to = \"build\"\n\n[[stage]]\nid = \"verify\"",
        )],
        &[
            "return_to: unknown field `return_to`, expected one of `id`, `makes`, `role`, `needs`, `entry_gate`, \
           `exit_gate`, `attempts`, `timeout`, `returns_to` (did you mean `returns_to`?)",
        ],
    );
    assert_said(
        &[("role = \"reviewer\"", "role = \"reviewr\"")],
        &[
            "\"reviewr\": unknown variant `reviewr`, expected one of `planner`, `implementer`, `reviewer`, `evaluator`, \
           `none` (did you mean `reviewer`?)",
        ],
    );
    assert_said(
        &[("bug = \"spec\"", "bugs = \"spec\"")],
        &[
            "bugs: unknown variant `bugs`, expected one of `feature`, `bug`, `remediation`, `hotfix` (did you mean `bug`?)",
        ],
    );
    for (from, to, found) in [
        ("attempts = 3", "attempts = \"three\"", "invalid type"),
        ("attempts = 3", "attempts = -1", "invalid value"),
        ("makes = \"merge\"\n", "", "missing field `makes`"),
        ("schema = 1\n", "", "missing field `schema`"),
        ("schema = 1", "schema = ", ""),
    ] {
        let messages = said(&edited(&[(from, to)]));
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert!(messages[0].contains(found), "{messages:?}");
    }
}
