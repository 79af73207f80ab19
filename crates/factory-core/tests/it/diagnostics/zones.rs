//! What zones promise.

use super::{GOVERNED, added, change, good, said};

#[test]
fn a_supervised_stage_is_approved_each_time() {
    assert_eq!(
        said(&added("tasks", "zone = \"supervised\"", "")),
        [
            "\"supervised\": a person approves what a supervised stage makes: `tasks` needs `exit_gate = \"human\"`"
        ]
    );
    assert_eq!(
        said(&added("merge", "zone = \"supervised\"", "")),
        ["\"supervised\": a merge cannot be taken back: `merge` can be `guarded`, and not `supervised`"]
    );
    let steps = "{ stage = \"plan\", field = \"steps\", at_least = 5 }";
    let gate = format!("[[gate]]\nat = \"plan:exit\"\nwhen = [{steps}]\n");
    assert_eq!(
        said(&added("plan", "zone = \"supervised\"", &gate)),
        [format!(
            "{steps}: a person is asked each time at `plan:exit`, since `plan` is supervised: it has no conditions"
        )]
    );
    good(&added("plan", "zone = \"supervised\"", ""));
}

#[test]
fn an_autonomous_stage_asks_nobody_unless_it_is_stuck() {
    for stage in ["plan", "merge"] {
        assert_eq!(
            said(&added(stage, "zone = \"autonomous\"", "")),
            [format!(
                "\"autonomous\": an autonomous stage asks nobody unless it is stuck: `{stage}` cannot have a human gate"
            )]
        );
    }
    let escalates = |stage: &str| {
        format!(
            "\"autonomous\": an autonomous stage asks a person when it is stuck: `{stage}` needs `on_exhausted = \
             \"escalate\"`"
        )
    };
    assert_eq!(
        said(&added("tasks", "zone = \"autonomous\"\non_exhausted = \"fail\"", "")),
        [escalates("tasks")]
    );
    assert_eq!(said(&added("spec", "zone = \"autonomous\"", "")), [escalates("spec")], "it fails by default");
    good(&added("spec", "zone = \"autonomous\"\non_exhausted = \"escalate\"", ""));
    good(&added("tasks", "zone = \"autonomous\"", ""));
}

#[test]
fn a_guarded_stage_waits_for_a_person_each_time() {
    assert_eq!(
        said(&added("build", "zone = \"guarded\"", "")),
        [
            "\"guarded\": a person approves before a guarded stage starts: `build` needs `entry_gate = \"human\"`"
        ]
    );
    let high = "{ stage = \"build\", field = \"risk\", at_least = \"high\" }";
    let gate = format!("[[gate]]\nat = \"merge:entry\"\nwhen = [{high}]\n");
    assert_eq!(
        said(&added("merge", "zone = \"guarded\"", &gate)),
        [format!(
            "{high}: a person is asked each time at `merge:entry`, since `merge` is guarded: it has no conditions"
        )]
    );
    good(&added("merge", "zone = \"guarded\"", ""));
}

#[test]
fn an_advisory_stage_only_proposes() {
    assert_eq!(
        said(&added("tasks", "zone = \"advisory\"", "")),
        ["\"advisory\": an advisory stage only proposes: `build` cannot need `tasks`"]
    );
    assert_eq!(
        said(&added("merge", "zone = \"advisory\"", "")),
        ["\"advisory\": an advisory stage only proposes: `merge` cannot merge"]
    );
    let beside = "
[[stage]]
id = \"style\"
makes = \"review\"
role = \"reviewer\"
zone = \"advisory\"
needs = [\"spec\", \"build\"]
exit_gate = \"policy\"
returns_to = \"build\"
";
    assert_eq!(
        said(&added("spec", "", beside)),
        ["\"advisory\": an advisory stage only proposes: `style` cannot return work"]
    );
    good(&change(
        GOVERNED,
        &[(
            "needs = [\"spec\", \"build\", \"review\", \"verify\", \"merge\"]",
            "needs = [\"spec\", \"build\", \"merge\"]",
        )],
    ));
}
