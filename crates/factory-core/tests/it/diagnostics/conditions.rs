//! Conditions of stages and of gates.

use factory_core::pipeline::condition::{Condition, Field, Test, Value};
use factory_core::pipeline::model::Edge;
use factory_core::risk::RiskClass;

use super::{added, good, id, said, stage};

/// A review of risky patches beside the usual one, with this condition.
fn risky(condition: &str) -> String {
    let security = format!(
        "
[[stage]]
id = \"security\"
makes = \"review\"
role = \"reviewer\"
needs = [\"spec\", \"build\"]
when = [{condition}]
"
    );
    added("spec", "", &security)
}

#[test]
fn each_kind_of_value() {
    for (condition, field, test, value) in [
        (
            "{ stage = \"build\", field = \"risk\", at_least = \"high\" }",
            Field::Risk,
            Test::AtLeast,
            Value::Risk(RiskClass::High),
        ),
        (
            "{ stage = \"build\", field = \"files\", at_most = 4 }",
            Field::Files,
            Test::AtMost,
            Value::Count(4),
        ),
        ("{ stage = \"plan\", field = \"steps\", is = 0 }", Field::Steps, Test::Is, Value::Count(0)),
    ] {
        let pipeline = good(&risky(condition));
        let about = if field == Field::Steps { "plan" } else { "build" };
        let expected = Condition { stage: id(about), field, test, value };
        assert_eq!(stage(&pipeline, "security").when, [expected]);
    }
    let late = "
[[stage]]
id = \"more\"
makes = \"review\"
role = \"reviewer\"
needs = [\"spec\", \"build\", \"verify\"]
when = [{ stage = \"verify\", field = \"critical_passed\", is = false }]
";
    let pipeline = good(&added("spec", "", late));
    assert_eq!(stage(&pipeline, "more").when[0].value, Value::Flag(false));
}

#[test]
fn a_condition_on_a_stage_that_is_not_known_there() {
    let on = |stage: &str| format!("{{ stage = \"{stage}\", field = \"passed\", at_least = 1 }}");
    assert_eq!(
        said(&risky(&on("verfy"))),
        ["\"verfy\": the condition names the stage `verfy`, which does not exist (did you mean `verify`?)"]
    );
    assert_eq!(
        said(&risky(&on("verify"))),
        ["\"verify\": `verify` does not come before `security`, so nothing is known of it there"]
    );
    assert_eq!(
        said(&risky("{ stage = \"security\", field = \"blocking\", at_least = 1 }")),
        ["\"security\": `security` does not come before `security`, so nothing is known of it there"]
    );
}

#[test]
fn a_field_that_the_artifact_does_not_have() {
    let on =
        |stage: &str, field: &str| format!("{{ stage = \"{stage}\", field = \"{field}\", at_least = 1 }}");
    assert_eq!(
        said(&risky(&on("build", "rissk"))),
        ["\"rissk\": a build has no field `rissk`; there is `files` and `risk` (did you mean `risk`?)"]
    );
    assert_eq!(
        said(&risky(&on("build", "steps"))),
        ["\"steps\": a build has no field `steps`; there is `files` and `risk`"]
    );
    assert_eq!(
        said(&risky(&on("nowhere", "blokcing"))),
        [
            "\"nowhere\": the condition names the stage `nowhere`, which does not exist",
            "\"blokcing\": no artifact has a field `blokcing` (did you mean `blocking`?)"
        ]
    );
    let recon = "
[[stage]]
id = \"recon\"
makes = \"recon\"
role = \"planner\"
needs = [\"spec\"]

[[stage]]
id = \"again\"
makes = \"recon\"
role = \"planner\"
needs = [\"spec\", \"recon\"]
when = [{ stage = \"recon\", field = \"places\", at_most = 3 }]
";
    assert_eq!(
        said(&added("spec", "", recon)),
        ["\"places\": nothing of a recon can be asked for, and so no `places`"]
    );
}

#[test]
fn a_value_of_another_type() {
    for (test, expected) in [
        (
            "field = \"risk\", at_least = 3",
            "3: `risk` is compared with `\"low\"`, `\"medium\"` or `\"high\"`",
        ),
        (
            "field = \"risk\", at_least = \"hgih\"",
            "\"hgih\": `risk` is compared with `\"low\"`, `\"medium\"` or `\"high\"` (did you mean `high`?)",
        ),
        (
            "field = \"files\", at_most = \"many\"",
            "\"many\": `files` is compared with a whole number from 0 up",
        ),
        ("field = \"files\", at_most = -1", "-1: `files` is compared with a whole number from 0 up"),
        (
            "field = \"files\", at_most = 4294967296",
            "4294967296: `files` is compared with a whole number from 0 up",
        ),
        ("field = \"files\", is = 1.5", "1.5: `files` is compared with a whole number from 0 up"),
        ("field = \"files\", is = true", "true: `files` is compared with a whole number from 0 up"),
        ("field = \"files\", is = [1]", "[1]: `is` is a plain value, not a list"),
    ] {
        assert_eq!(said(&risky(&format!("{{ stage = \"build\", {test} }}"))), [expected]);
    }
    let late = |test: &str| {
        let stage = format!(
            "
[[stage]]
id = \"more\"
makes = \"review\"
role = \"reviewer\"
needs = [\"spec\", \"build\", \"verify\"]
when = [{{ stage = \"verify\", field = \"critical_passed\", {test} }}]
"
        );
        said(&added("spec", "", &stage))
    };
    assert_eq!(late("is = \"yes\""), ["\"yes\": `critical_passed` is compared with `true` or `false`"]);
    assert_eq!(late("at_least = true"), ["true: `critical_passed` is compared by `is`"]);
}

#[test]
fn a_condition_with_no_comparison_or_several() {
    let two = "{ stage = \"build\", field = \"files\", at_least = 1, at_most = 3 }";
    let none = "{ stage = \"build\", field = \"files\" }";
    for condition in [two, none] {
        assert_eq!(
            said(&risky(condition)),
            [format!("{condition}: a condition has exactly one of `at_least`, `at_most` and `is`")]
        );
    }
    good(&risky(
        "{ stage = \"build\", field = \"files\", at_least = 1 }, { stage = \"build\", field = \"files\", at_most = 3 }",
    ));
}

const FEW: &str = "when = [{ stage = \"spec\", field = \"requirements\", at_least = 3 }]";
const FEW_TABLE: &str = "{ stage = \"spec\", field = \"requirements\", at_least = 3 }";

#[test]
fn what_others_cannot_work_without_cannot_be_left_out() {
    for (stage, needing) in [("plan", "tasks"), ("build", "review"), ("verify", "merge")] {
        assert_eq!(
            said(&added(stage, FEW, "")),
            [format!("{FEW_TABLE}: `{stage}` cannot be left out: `{needing}` cannot work without it")]
        );
    }
    assert_eq!(
        said(&added("merge", FEW, "")),
        [format!("{FEW_TABLE}: `merge` cannot be left out: a run ends in a merge")]
    );
    good(&added("tasks", FEW, ""));
    good(&added("review", FEW, ""));
}

#[test]
fn conditions_of_a_gate() {
    let gate = |at: &str, condition: &str| format!("[[gate]]\nat = \"{at}\"\nwhen = [{condition}]\n");
    let steps = "{ stage = \"plan\", field = \"steps\", at_least = 5 }";
    // After a stage, what it has made itself is known.
    let pipeline = good(&added("spec", "", &gate("plan:exit", steps)));
    assert_eq!(stage(&pipeline, "plan").rule(Edge::Exit).when.len(), 1);
    good(&added(
        "spec",
        "",
        &gate("merge:entry", "{ stage = \"build\", field = \"risk\", at_least = \"high\" }"),
    ));
    assert_eq!(
        said(&added(
            "spec",
            "",
            &gate("plan:exit", "{ stage = \"build\", field = \"files\", at_least = 5 }")
        )),
        ["\"build\": `build` does not come before `plan`, so nothing is known of it there"]
    );
    for edge in ["escalation", "budget"] {
        assert_eq!(
            said(&added("spec", "", &gate(&format!("tasks:{edge}"), steps))),
            [format!("{steps}: a gate where a stage is stuck has no conditions: it is always asked")]
        );
    }
}
