//! Work that a person has done again: what they write is what whoever does it is told.

use factory_testkit::model_twin::{Call, Role};
use libtest_mimic::Trial;

use crate::fixture::{APPROVE, BRANCH, PIPELINE, World, building, mended, right, submit, wrong};
use crate::gates::waits_at;
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        case("a_plan_is_made_again_with_the_note_in_sight", a_plan_is_made_again),
        with_python("a_patch_is_made_again_before_the_merge", a_patch_is_made_again),
        with_python("a_build_is_made_again_with_the_note_and_the_feedback", a_build_is_made_again),
    ]
}

const NOTE: &str = "Keep a table of greetings, one row for each language.";

fn a_plan_is_made_again() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    let retry = |note: &[&str], because: &str| {
        world.factory(&[&["gate", "retry", "plan", "--because", because, "--resume"], note].concat())
    };
    // Without anything new to say, the same plan would come again.
    retry(&[], "the plan forgets languages").ends_with(2).says("--note");
    for empty in ["", "  ", "again", "please"] {
        retry(&["--note", empty], "the plan forgets languages").ends_with(2).says("error: ");
    }
    assert!(world.events("gate_decided").is_empty());
    retry(&["--note", NOTE], "the plan forgets languages").ends_with(4).says("a person asks: Keep a table");
    waits_at(&world, "plan:exit");

    let asked = world.twin().requests_of(Role::Planner);
    let saw = |session: usize| {
        let opening = asked.iter().find(|seen| seen.session == session && seen.step == 0).unwrap();
        opening.text().contains(NOTE)
    };
    assert_eq!((saw(0), saw(1)), (false, true));
    let decided = world.events("gate_decided");
    assert_eq!((&decided[0]["decision"], &decided[0]["note"]), (&"retried".into(), &NOTE.into()));
    // The plan has had its two tries and one more, and can be approved as any other.
    world.factory(&["gate", "approve", "--because", "languages are in it now"]).ends_with(0);
}

fn a_build_is_made_again() {
    let world = World::with_pipeline(building(vec![wrong(), mended()]), PIPELINE);
    let stuck = world.run(&[APPROVE]).ends_with(4).says("waits at the gate verify:escalation.");
    let line = stuck.after("Go on:");
    let line = line.replacen('…', "Do not greet strangers.", 1).replace('…', "one more try is cheap");
    let line = format!("{line} '{APPROVE}'");
    crate::process::run(world.command("sh", &["-c", &line])).ends_with(0).says("is merged.");
    world.assert_merged();
    let asked = world.twin().requests_of(Role::Implementer);
    let second = asked.iter().find(|seen| seen.session == 1 && seen.step == 0).unwrap().text();
    assert!(second.contains("Do not greet strangers.") && second.contains("R2"), "{second}");
    assert!(!asked[0].text().contains("Do not greet strangers."));
    world.assert_holdouts_stayed_hidden();
    world.assert_no_process();
}

fn a_patch_is_made_again() {
    let second = vec![Call::bash("echo '# greets' >> service.py"), submit("It says what it does.")];
    let world = World::new(building(vec![right(), second]));
    world.run(&[]).ends_with(4);
    let resume = |args: &[&str]| {
        world.factory(&[&["gate"], args, &["--because", "comments are missing there", "--resume"]].concat())
    };
    resume(&["approve", "plan"]).ends_with(4);
    world.factory(&["gate", "show", "merge"]).ends_with(0);
    resume(&["retry", "merge", "--note", "Say in a comment what it does."]).ends_with(4);
    waits_at(&world, "merge:entry");
    assert_eq!(world.branches(), ["main"]);
    let told = world.twin().requests_of(Role::Implementer);
    let told = told.iter().find(|seen| seen.session == 1 && seen.step == 0).unwrap().text();
    assert!(told.contains("Say in a comment what it does."), "{told}");
    // What was looked at is not what is there now.
    resume(&["approve", "merge"])
        .ends_with(2)
        .says("has changed since you looked")
        .says("factory gate show merge");
    assert_eq!(world.branches(), ["main"]);
    world.factory(&["gate", "show", "merge"]).ends_with(0);
    resume(&["approve", "merge"]).ends_with(0);
    world.assert_merged();
    assert!(world.git(&["show", &format!("{BRANCH}:service.py")]).contains("# greets"));
}
