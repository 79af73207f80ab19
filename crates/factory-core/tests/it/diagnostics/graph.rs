//! What stages need, who performs them, and what goes back.

use super::{FEATURE, added, assert_said, change, edited, good, said};

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
    assert_said(
        &[("needs = [\"spec\", \"plan\"]", "needs = [\"spec\", \"task\", \"plan\"]")],
        &["\"task\": needs names the stage `task`, which does not exist"],
    );
}

#[test]
fn a_need_that_is_named_twice() {
    assert_said(
        &[("needs = [\"spec\", \"plan\"]", "needs = [\"spec\", \"plan\", \"spec\"]")],
        &["\"spec\": `tasks` needs `spec` twice"],
    );
}

const PLAN: &str = "makes = \"plan\"\nrole = \"planner\"\nneeds = [\"spec\"]";
const HELP: &str = "(work goes back by `returns_to`, which has a limit, and not by `needs`)";

#[test]
fn cycles() {
    for (needs, expected) in [
        ("[\"spec\", \"plan\"]", "\"plan\": `plan` needs itself"),
        (
            "[\"spec\", \"tasks\"]",
            "\"tasks\": stages need each other in a circle: `plan` needs `tasks`, which needs `plan`",
        ),
        (
            "[\"spec\", \"merge\"]",
            "\"merge\": stages need each other in a circle: `plan` needs `merge`, which needs `build`, which needs `plan`",
        ),
    ] {
        let edit = PLAN.replace("[\"spec\"]", needs);
        assert_said(&[(PLAN, &edit)], &[&format!("{expected} {HELP}")]);
    }
}

#[test]
fn several_cycles_and_whatever_else_is_wrong() {
    assert_said(
        &[
            (PLAN, &PLAN.replace("[\"spec\"]", "[\"spec\", \"tasks\", \"plan\"]")),
            ("needs = [\"spec\", \"build\"]", "needs = [\"spec\", \"build\", \"merge\"]"),
            ("timeout = \"5m\"", "timeout = \"soon\""),
        ],
        &[
            &format!(
                "\"tasks\": stages need each other in a circle: `plan` needs `tasks`, which needs `plan` {HELP}"
            ),
            &format!("\"plan\": `plan` needs itself {HELP}"),
            &format!(
                "\"merge\": stages need each other in a circle: `review` needs `merge`, which needs `review` {HELP}"
            ),
            "\"soon\": a timeout is a number with `s`, `m` or `h`, such as `30m`",
        ],
    );
}

#[test]
fn a_role_that_does_not_make_such_a_thing() {
    assert_said(
        &[("role = \"reviewer\"", "role = \"implementer\""), ("role = \"evaluator\"", "role = \"none\"")],
        &[
            "\"implementer\": a review is made by the role `reviewer`, not by `implementer`",
            "\"none\": a verify is made by the role `evaluator`, not by `none`",
        ],
    );
}

#[test]
fn an_artifact_that_is_used_and_not_made() {
    assert_said(
        &[("needs = [\"spec\", \"build\"]", "needs = [\"build\"]")],
        &["\"review\": `review` makes a review and so needs a stage that makes a spec"],
    );
    assert_said(
        &[("needs = [\"spec\", \"plan\"]", "needs = []")],
        &[
            "\"tasks\": `tasks` makes tasks and so needs a stage that makes a spec",
            "\"tasks\": `tasks` makes tasks and so needs a stage that makes a plan",
            "\"tasks\": the stage `tasks` is never reached from an entry",
        ],
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
        &["\"tasks\": `tasks` needs two stages that make a plan"],
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
    assert!(messages.contains(&expected.to_owned()), "{messages:#?}");
}

#[test]
fn an_implementer_that_would_see_it_through_somebody_else() {
    let second = "
[[stage]]
id = \"recon\"
makes = \"recon\"
role = \"planner\"
needs = [\"spec\", \"verify\"]

[[stage]]
id = \"build-b\"
makes = \"build\"
role = \"implementer\"
needs = [\"spec\", \"recon\"]
";
    assert_eq!(
        said(&added("spec", "", second)),
        [
            "\"implementer\": the implementer's stage `build-b` needs `recon`, which was made from the evaluator's \
          `verify`; only feedback may go there, by `returns_to`"
        ]
    );
}

#[test]
fn a_gate_that_is_about_nothing() {
    assert_said(
        &[("exit_gate = \"human\"", "exit_gate = \"policy\"")],
        &["\"policy\": there is no policy for a plan: use `exit_gate = \"human\"` or none"],
    );
    assert_eq!(
        said(&added("spec", "entry_gate = \"human\"\nsoak = \"1h\"", "")),
        [
            "\"human\": a gate before `spec` would show nothing, since it needs nothing",
            "\"1h\": a soak before `spec` waits for nothing, since it needs nothing"
        ]
    );
    assert_eq!(
        said(&added("merge", "exit_gate = \"human\"", "")),
        ["\"human\": a gate after `merge` comes too late: use `entry_gate = \"human\"`"]
    );
}

const REVIEW_RETURNS: &str = "needs = [\"spec\", \"build\"]\nexit_gate = \"policy\"\nreturns_to = \"build\"";

#[test]
fn work_that_would_go_back_nowhere() {
    let to = |target: &str| REVIEW_RETURNS.replace("to = \"build\"", &format!("to = \"{target}\""));
    assert_said(
        &[(REVIEW_RETURNS, &to("biuld"))],
        &["\"biuld\": returns_to names the stage `biuld`, which does not exist (did you mean `build`?)"],
    );
    assert_said(
        &[(REVIEW_RETURNS, &to("verify"))],
        &[
            "\"verify\": `review` cannot return work to `verify`, which does not come before it",
            "\"verify\": work can only be returned to an implementer's stage",
        ],
    );
    assert_said(
        &[(REVIEW_RETURNS, &to("review"))],
        &[
            "\"review\": `review` cannot return work to `review`, which does not come before it",
            "\"review\": work can only be returned to an implementer's stage",
        ],
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

/// What is merged is merged: nothing comes back from after it.
#[test]
fn a_way_back_from_after_the_merge() {
    let late = "
[[stage]]
id = \"late\"
makes = \"review\"
role = \"reviewer\"
needs = [\"spec\", \"build\", \"merge\"]
entry_gate = \"human\"
exit_gate = \"policy\"
returns_to = \"build\"
";
    assert_eq!(
        said(&added("spec", "", late)),
        ["\"build\": `late` cannot return work: it comes after `merge`, and what is merged is merged"]
    );
    let good_one = late.replace("returns_to = \"build\"\n", "");
    good(&added("spec", "", &good_one));
}

/// Two reviews may judge one build side by side; the order of the file decides which comes first.
#[test]
fn stages_side_by_side_keep_the_order_of_the_file() {
    let source = change(
        FEATURE,
        &[
            (
                "[[stage]]\nid = \"review\"",
                "[[stage]]\nid = \"style\"\nmakes = \"review\"\nrole = \"reviewer\"\nneeds = [\"spec\", \"build\"]\n\n[[stage]]\nid = \"review\"",
            ),
            (
                "needs = [\"build\", \"review\", \"verify\"]",
                "needs = [\"build\", \"review\", \"style\", \"verify\"]",
            ),
        ],
    );
    let order: Vec<String> = good(&source).stages.iter().map(|stage| stage.id.to_string()).collect();
    assert_eq!(order, ["spec", "plan", "tasks", "build", "style", "review", "verify", "merge"]);
}
