//! Work that is sent back: by the holdouts, by the project's own checks, by the reviewer; and what is told of why.

use factory_testkit::model_twin::{Call, Role};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::fixture::{APPROVE, BRANCH, World, building, mended, right, submit, wrong};
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python(
            "a_failed_holdout_is_told_as_an_id_and_a_class",
            a_failed_holdout_is_told_as_an_id_and_a_class,
        ),
        with_python("three_wrong_builds_are_not_merged", three_wrong_builds_are_not_merged),
        with_python("red_checks_on_the_base_stop_before_any_model_call", red_checks_on_the_base),
        with_python("red_checks_on_the_patch_are_told_with_their_log", red_checks_on_the_patch),
        with_python("a_blocking_finding_goes_back_to_the_implementer", a_blocking_finding_goes_back),
        with_python("a_patch_of_protected_files_is_refused", a_patch_of_protected_files_is_refused),
    ]
}

/// Prints whatever is in the checkout, and in its history.
pub(crate) fn show_everything() -> Call {
    Call::bash(
        "find . -type f -not -path './.git/*' -exec head -c 3000 {} +; git log --all --patch; git config --list; env; \
         ls -la .. ../..",
    )
}

/// What is sent at the start of an attempt besides specification, plan and tasks.
fn told(world: &World, attempt: usize) -> Vec<String> {
    let requests = world.twin().requests_of(Role::Implementer);
    let opening = requests.iter().find(|request| request.session == attempt && request.step == 0).unwrap();
    let messages = opening.body["messages"].as_array().unwrap();
    messages[2..].iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

fn a_failed_holdout_is_told_as_an_id_and_a_class() {
    let first = [vec![show_everything()], wrong()].concat();
    let second = [vec![show_everything()], mended()].concat();
    let world = World::new(building(vec![first, second]));
    let ran = world.run(&[APPROVE]).ends_with(0);
    ran.says("2 of 3 scenarios passed").says("R2 wrong status (one)");
    world.assert_merged();
    world.assert_no_process();
    world.assert_no_checkout();

    let told = told(&world, 1);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("Scenarios that you cannot see"), "{told:?}");
    assert_eq!(
        told[1],
        "- R2: the status of an answer, or an exit code, was another than required (one case)"
    );
    world.assert_holdouts_stayed_hidden();
    let shown = world.json(&["runs", "show"]);
    assert_eq!((&shown["stages"][3]["id"], &shown["stages"][3]["attempts"]), (&json!("build"), &json!(2)));
    assert!(!world.git(&["show", &format!("{BRANCH}:service.py")]).contains("\"hello \" +"));
}

fn three_wrong_builds_are_not_merged() {
    // Each differs from the one before, so that none is refused for changing nothing.
    let again = |n: u32| vec![Call::bash(&format!("echo '# {n}' >> service.py")), submit("It greets.")];
    let world = World::new(building(vec![wrong(), again(2), again(3)]));
    let ran = world.run(&[APPROVE]).ends_with(4).says("waits at the gate verify:escalation.");
    ran.says("no try is left; 2 of 3 scenarios passed").says("finding R2:wrong_status");
    assert_eq!(world.branches(), ["main"]);
    assert_eq!(world.json(&["runs", "show"])["stages"][3]["attempts"], 3);
    world.factory(&["gate", "reject", "--because", "three times is enough"]).ends_with(0);
    assert_eq!(world.json(&["runs", "list"])[0]["state"], "rejected");
    assert_eq!(world.branches(), ["main"]);
    world.factory(&["runs", "resume"]).ends_with(2).says("there is no run that is not finished");
    world.assert_no_process();
    world.assert_no_checkout();
}

fn red_checks_on_the_base() {
    let world = World::with_files(building(vec![right()]), &[("broken", "")]);
    let ran = world.run(&[APPROVE]).ends_with(1).says("failed at spec (baseline red)");
    let ran = ran.says("these checks fail: tests").says("the end of what check tests printed");
    ran.says("  │ AssertionError: the file that breaks everything is there\n").never_says("line 900 of what");
    assert_eq!(world.twin().requests().len(), 0);
    assert_eq!(world.branches(), ["main"]);
    world
        .factory(&["runs", "logs", "--stage", "spec"])
        .ends_with(0)
        .says("before any work, on the untouched base")
        .says("── check tests ──")
        .says("  │ line 1199 of what went wrong\n")
        .says("  │ AssertionError: the file that breaks everything is there\n");
    world.factory(&["doctor"]).ends_with(0);
}

fn red_checks_on_the_patch() {
    let mut first = right();
    first.insert(0, Call::bash("touch broken"));
    let second = vec![Call::bash("rm broken"), submit("Nothing is broken any more.")];
    let world = World::new(building(vec![first, second]));
    world.run(&[APPROVE]).ends_with(0).says("the project's own checks fail");
    world.assert_merged();
    let told = told(&world, 1);
    assert!(told[0].contains("The project's own checks did not pass."), "{told:?}");
    assert!(told[1].starts_with("Check `tests` failed:\nexit status 1\n"), "{told:?}");
    assert!(told[1].contains("line 1199 of what went wrong\n"), "{told:?}");
    assert!(told[1].contains("the file that breaks everything is there"), "{told:?}");
    assert!(!told[1].contains("line 3 of what went wrong"), "only the end of a long log is shown");
    world.factory(&["runs", "logs", "--stage", "build"]).ends_with(0).says("line 3 of what went wrong");
    let shown = world.json(&["runs", "show"]);
    assert_eq!((&shown["stages"][3]["attempts"], &shown["stages"][5]["attempts"]), (&json!(2), &json!(1)));
}

fn a_blocking_finding_goes_back() {
    let review = |findings: Value| {
        let row = |id: &str| json!({ "requirement": id, "status": "covered", "evidence": "service.py:9" });
        vec![Call::submit(json!({
            "summary": "Read.", "coverage": [row("R1"), row("R2")], "findings": findings,
        }))]
    };
    let finding = json!({ "severity": "blocking", "file": "service.py", "line": 9, "requirement": "R2",
        "message": "Strangers are greeted." });
    let script = building(vec![wrong(), mended()])
        .with(Role::Reviewer, vec![review(json!([finding])), review(json!([]))]);
    let world = World::new(script);
    world.run(&[APPROVE]).ends_with(0).says("the reviewer objects");
    let told = told(&world, 1);
    assert!(told[0].contains("- blocking, service.py:9 (R2): Strangers are greeted."), "{told:?}");
    assert_eq!(world.json(&["runs", "show"])["stages"][5]["attempts"], 1);
    world.assert_merged();
}

fn a_patch_of_protected_files_is_refused() {
    let mut first = right();
    first.insert(0, Call::bash("sed -i s/check.py/true/ factory.toml"));
    let world = World::new(building(vec![first.clone(), first]));
    let ran = world.run(&[APPROVE]).ends_with(4).says("waits at the gate build:escalation.");
    ran.says("bad patch").says("factory.toml");
    assert_eq!(world.branches(), ["main"]);
}
