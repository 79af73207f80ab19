//! Going on although something is wrong: only where a verdict is stuck, and only by naming all that it says.

use libtest_mimic::Trial;

use crate::fixture::{APPROVE, BRANCH, PIPELINE, World, building, wrong};
use crate::gates::waits_at;
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![with_python("an_override_names_each_finding_and_merges", an_override_names_each_finding)]
}

fn an_override_names_each_finding() {
    let world = World::with_pipeline(building(vec![wrong()]), PIPELINE);
    world.run(&[]).ends_with(4);
    let decide = |args: &[&str]| {
        let because = ["--because", "strangers are greeted until the next release", "--resume", APPROVE];
        world.factory(&[&["gate"], args, &because].concat())
    };
    // Where nothing is wrong, there is nothing to override.
    decide(&["override", "plan", "--finding", "R2:wrong_status"]).ends_with(2).says("cannot be overridden");
    decide(&["approve", "plan"]).ends_with(4).says("waits at the gate verify:escalation.");

    decide(&["override"]).ends_with(2).says("--finding");
    for findings in [
        &["--finding", "R1:wrong_status"][..],
        &["--finding", "R2:wrong_status", "--finding", "R1:wrong_status"],
        &["--finding", "R2"],
    ] {
        decide(&[&["override"], findings].concat()).ends_with(2).says("each finding: R2:wrong_status");
    }
    decide(&["override", "--finding", ""]).ends_with(2);
    decide(&["approve"]).ends_with(2).says("something is wrong");
    waits_at(&world, "verify:escalation");
    assert_eq!(world.branches(), ["main"]);

    decide(&["override", "--finding", "R2:wrong_status"]).ends_with(0).says("is merged.");
    world.assert_merged();
    let shown = world.factory(&["runs", "show"]).ends_with(0).says("overridden (R2:wrong_status)");
    shown.says("the evaluator had not passed it");
    assert!(world.git(&["show", &format!("{BRANCH}:service.py")]).contains("\"hello \" +"));
    world.assert_no_process();
}
