//! A holdout's canary in what the implementer makes: the run stands in quarantine until a person names what was found.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use factory_testkit::model_twin::Call;
use libtest_mimic::Trial;

use crate::fixture::{APPROVE, BRANCH, HOLDOUTS, World, building, right};
use crate::gates::waits_at;
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_canary_in_a_patch_waits_for_a_person_who_names_it", a_canary_in_a_patch),
        with_python("nothing_of_a_holdout_is_sent_to_a_model", nothing_of_a_holdout_is_sent),
    ]
}

const CANARY: &str = "7f3a91c0d2e4b6a8-dulcinea";

/// A project with a canary in one of its holdouts.
fn with_canary(world: &World) {
    let (name, text) = HOLDOUTS[1];
    world.write_holdout(name, &format!("<!-- canary: {CANARY} -->\n{text}"));
}

/// An attempt that puts a file beside what it should make.
fn hiding(path: &str, text: &str) -> Vec<Call> {
    let mut attempt = right();
    attempt.insert(0, Call::bash(&format!("printf '%s\\n' '{text}' > {path}")));
    attempt
}

fn a_canary_in_a_patch() {
    let hidden = STANDARD.encode(format!("the token was {CANARY}, says the log"));
    let world = World::new(building(vec![hiding("notes.txt", &hidden)]));
    with_canary(&world);
    let ran = world.run(&[APPROVE]).ends_with(4).says("waits at the gate build:escalation.");
    let ran = ran.says("in quarantine: a tripwire went off").says("finding canary:notes.txt");
    let ran = ran.says("finding canary:message");
    waits_at(&world, "build:escalation");
    ran.never_says(CANARY);
    world.factory(&["runs", "logs"]).ends_with(0).never_says(CANARY);
    let shown = world.factory(&["gate", "show"]).ends_with(0).never_says(CANARY);
    shown.says("It can be decided: retry, override or reject.");
    world.factory(&["runs", "show"]).ends_with(0).says("in quarantine");

    let opened = world.events("gate_opened").pop().unwrap();
    let detail = opened["escalation"]["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("a canary of the holdouts in notes.txt (scenario "), "{detail}");

    // Nothing in advance passes it, and it is neither approved nor overridden by who names half of it.
    world.factory(&["runs", "resume", APPROVE]).ends_with(4);
    let decide = |args: &[&str]| {
        let because = ["--because", "the file is an example that we wrote", "--resume", APPROVE];
        world.factory(&[&["gate"], args, &because].concat())
    };
    decide(&["approve"]).ends_with(2).says("something is wrong");
    decide(&["override", "--finding", "canary:notes.txt"]).ends_with(2).says("each finding: canary:message");
    waits_at(&world, "build:escalation");
    assert_eq!(world.branches(), ["main"]);

    // Whoever reads the patch is shown what was let go.
    decide(&["override", "--finding", "canary:notes.txt", "--finding", "canary:message"]).ends_with(0);
    world.assert_merged();
    assert!(world.git(&["show", &format!("{BRANCH}:notes.txt")]).contains(&hidden));
    world.assert_no_process();
}

fn nothing_of_a_holdout_is_sent() {
    // It has come into the project in a spelling that nobody searches for, and would go out with the output of a tool.
    let attempt = [vec![Call::bash("tr a-z n-za-m < hint.txt")], right()].concat();
    let turned = |letter: char| match letter {
        'a'..='m' => char::from(letter as u8 + 13),
        'n'..='z' => char::from(letter as u8 - 13),
        other => other,
    };
    let hint: String = CANARY.chars().map(turned).collect();
    let hint = format!("gur grfgf ybbx sbe {hint}\n");
    let world = World::with_files(building(vec![attempt]), &[("hint.txt", &hint)]);
    with_canary(&world);
    let ran = world.run(&[APPROVE]).ends_with(1);
    let ran = ran.says("a canary of the holdouts would have gone out with the output of a tool");
    assert_eq!(world.state(), "blocked");
    for request in world.twin().requests() {
        assert!(!request.body.to_string().contains(CANARY));
    }
    ran.never_says(CANARY);
    world.assert_no_process();
}
