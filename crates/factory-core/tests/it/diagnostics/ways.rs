//! Where runs begin, and how they come to a merge.

use super::{GOVERNED, added, assert_said, change, doubted, edited, good, said};

const ENTRY: &str = "entry = { feature = \"spec\", bug = \"spec\" }";

#[test]
fn no_entry() {
    assert_said(&[(ENTRY, "entry = {}")], &["{}: the pipeline has no entry, so no run could begin"]);
    assert_said(&[(ENTRY, "")], &[": a pipeline needs `entry`"]);
}

#[test]
fn an_entry_that_does_not_exist() {
    assert_said(
        &[("bug = \"spec\"", "bug = \"spek\"")],
        &["\"spek\": entry names the stage `spek`, which does not exist (did you mean `spec`?)"],
    );
}

#[test]
fn an_entry_in_the_middle_has_all_that_it_needs() {
    for first in ["plan", "build"] {
        good(&edited(&[("bug = \"spec\"", &format!("hotfix = \"{first}\""))]));
    }
    assert_said(
        &[("bug = \"spec\"", "hotfix = \"tasks\"")],
        &["\"tasks\": a hotfix that begins at `tasks` comes to `tasks` without the plan that it needs"],
    );
    assert_said(
        &[("bug = \"spec\"", "remediation = \"review\"")],
        &[
            "\"review\": a remediation that begins at `review` comes to `review` without the build that it needs",
            "\"review\": a remediation that begins at `review` comes to `verify` without the build that it needs",
            "\"review\": a remediation that begins at `review` comes to `merge` without the build that it needs",
        ],
    );
    assert_said(
        &[("bug = \"spec\"", "hotfix = \"merge\"")],
        &[
            "\"merge\": a hotfix that begins at `merge` comes to `merge` without the build that it needs",
            "\"merge\": a hotfix that begins at `merge` comes to `merge` without the verify that it needs",
        ],
    );
}

#[test]
fn an_entry_that_never_comes_to_a_merge() {
    assert_eq!(
        said(&change(GOVERNED, &[("hotfix = \"build\"", "hotfix = \"lessons\"")])),
        [
            "\"lessons\": a hotfix that begins at `lessons` never comes to a merge",
            "\"lessons\": a hotfix that begins at `lessons` comes to `lessons` without the build that it needs",
            "\"lessons\": a hotfix that begins at `lessons` comes to `lessons` without the merge that it needs"
        ]
    );
}

#[test]
fn a_stage_that_is_never_reached() {
    assert_said(
        &[("feature = \"spec\", bug = \"spec\"", "hotfix = \"build\"")],
        &[
            "\"plan\": the stage `plan` is never reached from an entry",
            "\"tasks\": the stage `tasks` is never reached from an entry",
        ],
    );
}

#[test]
fn exactly_one_specification() {
    let island = "[[stage]]\nid = \"island\"\nmakes = \"spec\"\nrole = \"none\"\n";
    assert_eq!(
        said(&added("spec", "", island)),
        ["\"island\": a pipeline has exactly one stage that makes a spec; this one has 2"]
    );
}

#[test]
fn exactly_one_merge() {
    let feature = edited(&[]);
    let (without, merge) = feature.rsplit_once("[[stage]]").unwrap();
    assert_eq!(
        said(without),
        ["\"verify\": a pipeline has exactly one stage that makes a merge; this one has 0"]
    );
    let twice = format!("{feature}\n[[stage]]{}", merge.replace("id = \"merge\"", "id = \"merge-again\""));
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
    assert_said(
        &[("needs = [\"build\", \"review\", \"verify\"]", "needs = [\"build\", \"review\"]")],
        &[UNVERIFIED],
    );
}

/// A second build, with a review and a verification of its own, side by side with the first.
fn second(review: &str, verify: &str) -> String {
    format!(
        "
[[stage]]
id = \"build-b\"
makes = \"build\"
role = \"implementer\"
needs = [\"spec\", \"plan\", \"tasks\"]

[[stage]]
id = \"verify-b\"
makes = \"verify\"
role = \"evaluator\"
needs = [\"spec\", \"{review}\"]
{verify}

[[stage]]
id = \"merge\""
    )
}

#[test]
fn a_merge_of_another_build_than_policy_has_passed() {
    // The verification with a gate judges the first build; what is merged is the second, judged without a gate.
    assert_said(
        &[
            ("[[stage]]\nid = \"merge\"", &second("build-b", "")),
            ("needs = [\"build\", \"review\", \"verify\"]", "needs = [\"build-b\", \"verify-b\"]"),
        ],
        &[UNVERIFIED],
    );
    // The gate is there, but the build is the other one.
    assert_said(
        &[
            ("[[stage]]\nid = \"merge\"", &second("build-b", "exit_gate = \"policy\"")),
            (
                "needs = [\"build\", \"review\", \"verify\"]",
                "needs = [\"build\", \"review\", \"verify\", \"verify-b\"]",
            ),
        ],
        &[
            "\"merge\": `merge` needs two stages that make a verify",
            "\"build\": `merge` takes the build of `build`, but `verify-b` judges that of `build-b`",
        ],
    );
    assert_said(
        &[
            ("[[stage]]\nid = \"merge\"", &second("build", "exit_gate = \"policy\"")),
            ("needs = [\"build\", \"review\", \"verify\"]", "needs = [\"build-b\", \"review\", \"verify\"]"),
        ],
        &[
            "\"build-b\": `merge` takes the build of `build-b`, but `review` judges that of `build`",
            "\"build-b\": `merge` takes the build of `build-b`, but `verify` judges that of `build`",
        ],
    );
}

/// A review beside the way to the merge keeps nothing back, whatever its gate says.
#[test]
fn a_gate_that_the_merge_does_not_wait_for() {
    let security = "
[[stage]]
id = \"security\"
makes = \"review\"
role = \"reviewer\"
needs = [\"spec\", \"build\"]
exit_gate = \"policy\"
returns_to = \"build\"
";
    assert_eq!(
        doubted(&added("spec", "", security)),
        [
            "\"policy\": `merge` does not wait for the gate after `security` (add `security` to what `merge` needs)"
        ]
    );
    let waits = "needs = [\"build\", \"review\", \"verify\", \"security\"]";
    good(&change(&added("spec", "", security), &[("needs = [\"build\", \"review\", \"verify\"]", waits)]));
    let advisory = security.replace(
        "exit_gate = \"policy\"\nreturns_to = \"build\"",
        "zone = \"advisory\"\nexit_gate = \"human\"",
    );
    good(&added("spec", "", &advisory));
}
