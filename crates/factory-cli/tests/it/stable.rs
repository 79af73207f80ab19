//! What is decided on stays what it was: the run keeps its pipeline, and reasons are texts that people can read.

use libtest_mimic::Trial;

use crate::fixture::{APPROVE, PIPELINE, World, building, right};
use crate::{case, with_python};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_pipeline_that_is_edited_changes_no_run_under_way", an_edited_pipeline),
        case("reasons_that_nobody_could_read_are_refused", unreadable_reasons),
    ]
}

fn an_edited_pipeline() {
    let world = World::with_pipeline(building(vec![right()]), PIPELINE);
    world.run(&[]).ends_with(4);
    let begun = world.events("run_started")[0]["pipeline"].clone();
    // Without the gate before the merge, and with another after the plan.
    let edited = PIPELINE.replace("entry_gate = \"human\"", "entry_gate = \"none\"");
    let rule = "\n[[gate]]\nat = \"plan:exit\"\nauthority = \"leads\"\n\n[authority.leads]\npeople = [\"nobody-here\"]\n";
    world.write("pipelines/feature.toml", &format!("{edited}{rule}"));
    world.commit("Other rules");
    let approve = ["gate", "approve", "plan", "--because", "the plan is small enough", "--resume"];
    world.factory(&approve).ends_with(4).says("waits at the gate merge:entry.");
    world.write("pipelines/feature.toml", "no pipeline at all");
    world.factory(&["runs", "show"]).ends_with(0);
    assert_eq!(world.events("run_started")[0]["pipeline"], begun);
    world.factory(&["gate", "reject", "--because", "the rules have changed"]).ends_with(0);
    world.run(&[APPROVE, "--allow-dirty"]).ends_with(2).says("pipelines/feature.toml");
}

fn unreadable_reasons() {
    let world = World::new(building(vec![right()]));
    world.run(&[]).ends_with(4);
    let before = world.json(&["runs", "logs"]);
    let approve = |reason: &str| world.factory(&["gate", "approve", "plan", "--because", reason]);
    // No longer argument is taken by the system itself.
    approve(&"word ".repeat(20_000))
        .ends_with(2)
        .says("100000 bytes long")
        .says("put the long version into a file");
    approve("all read \u{1b}[2J and right").ends_with(2).says("does not show (U+001B)");
    approve("read it \u{202e}thgir si ti").ends_with(2).says("U+202E");
    for nothing in ["lgtm", "ok", "looks good to me", "yes", "👍", "\u{200b}\u{200b}"] {
        approve(nothing).ends_with(2).says("needs a reason");
    }
    assert_eq!(world.json(&["runs", "logs"]), before);
    approve("both requirements are served,\nand the risk is small").ends_with(0);
}
