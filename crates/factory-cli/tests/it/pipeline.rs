//! `factory pipeline`: what there is, what it does, and everything that is wrong with it.

use std::fs;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::case;
use crate::fixture::{World, write};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        case("every_shipped_pipeline_is_built_in_and_in_order", built_in),
        case("everything_that_is_wrong_with_a_pipeline_is_said_with_its_place", findings),
        case("the_findings_as_json", findings_as_json),
        case("what_is_doubtful_is_found_and_can_be_used", doubtful),
        case("a_pipeline_that_passes_for_another_is_refused", misnamed),
        case("a_pipeline_that_cannot_be_found_is_a_mistake_of_the_command_line", not_found),
        case("pipelines_are_drawn_as_text_and_as_graphs", drawn),
        case("the_pipelines_of_the_project_are_listed_beside_those_that_are_built_in", listed),
        case("pipelines_can_be_looked_at_outside_of_any_project", outside),
    ]
}

fn world() -> World {
    World::without_model()
}

const ODD: &str = r#"schema = 1
name = "odd"
entry = { feature = "spec" }

[[stage]]
id = "spec"
makes = "spec"
role = "none"

[[stage]]
id = "build"
makes = "build"
role = "implementr"
needs = ["spec", "buld"]
timout = "1h"

[[stage]]
id = "merge"
makes = "merge"
role = "none"
needs = ["build"]
"#;

const BESIDE: &str = r#"
[[stage]]
id = "security"
makes = "review"
role = "reviewer"
needs = ["spec", "build"]
exit_gate = "policy"
returns_to = "build"
"#;

/// The shipped pipeline `feature` by another name, with this at its end.
fn like_feature(name: &str, end: &str) -> String {
    let feature = include_str!("../../../../pipelines/feature.toml");
    format!("{}\n{end}", feature.replace("name = \"feature\"", &format!("name = \"{name}\"")))
}

fn built_in() {
    let world = world();
    let checked = world.factory(&["pipeline", "check"]).ends_with(0);
    let lines: Vec<&str> = checked.out.lines().collect();
    assert_eq!(
        lines,
        [
            "bug (built in): is in order",
            "feature (built in): is in order",
            "governed (built in): is in order"
        ]
    );
    assert_eq!(checked.err, "");
    for name in ["bug", "feature", "governed"] {
        world
            .factory(&["pipeline", "check", name])
            .ends_with(0)
            .says(&format!("{name} (built in): is in order"));
    }
}

fn findings() {
    let world = world();
    world.write("pipelines/odd.toml", ODD);
    world.write("pipelines/fine.toml", &like_feature("fine", ""));
    world.write("pipelines/notes.txt", "no pipeline");
    let checked = world.factory(&["pipeline", "check"]).ends_with(1);
    let is_odd = |line: &&str| line.starts_with("pipelines/odd.toml:");
    let places: Vec<String> = checked.out.lines().filter(is_odd).map(str::to_owned).collect();
    assert_eq!(
        places,
        [
            "pipelines/odd.toml:13:8: `role` is `planner`, `implementer`, `reviewer`, `evaluator` or `none`, not \
             `implementr`",
            "pipelines/odd.toml:14:18: needs names the stage `buld`, which does not exist",
            "pipelines/odd.toml:15:1: a stage has no key `timout`",
            "pipelines/odd.toml:18:6: `merge` can be reached without a verify stage that has `exit_gate = \"policy\"`",
            "pipelines/odd.toml: cannot be used; 4 findings",
        ]
    );
    checked
        .says("    | role = \"implementr\"\n    did you mean `implementer`?")
        .says("    | timout = \"1h\"\n    did you mean `timeout`?")
        .says("pipelines/fine.toml: is in order")
        .says("feature (built in): is in order")
        .never_says("notes");
    // One by name, one by file; what is wrong with another is not looked at.
    world.factory(&["pipeline", "check", "fine", "pipelines/fine.toml"]).ends_with(0).never_says("odd");
    world.factory(&["pipeline", "check", "fine", "odd"]).ends_with(1);
    // A run says the same of it.
    let ran = world.run(&["--pipeline", "odd", "--dry-run"]);
    for place in &places[..4] {
        assert!(ran.err.contains(place), "{ran}");
    }
    // A file that replaces the built-in one, and cannot be read as text.
    fs::write(world.project().join("pipelines/feature.toml"), [0xff, 0xfe, b'\n']).unwrap();
    let checked = world.factory(&["pipeline", "check"]).ends_with(1);
    checked
        .says("pipelines/feature.toml: cannot be used; 1 finding")
        .says("fine.toml: is in order")
        .says("odd.toml:15:1:");
}

fn findings_as_json() {
    let world = world();
    world.write("pipelines/odd.toml", ODD);
    world.write("pipelines/beside.toml", &like_feature("beside", BESIDE));
    let ran = world.factory(&["pipeline", "check", "--format", "json"]).ends_with(1);
    let checked: Value = serde_json::from_str(&ran.out).unwrap();
    let states: Vec<(&str, &str)> = checked
        .as_array()
        .unwrap()
        .iter()
        .map(|checked| (checked["id"].as_str().unwrap(), checked["state"].as_str().unwrap()))
        .collect();
    assert_eq!(
        states,
        [("beside", "doubtful"), ("bug", "ok"), ("feature", "ok"), ("governed", "ok"), ("odd", "refused")]
    );
    let odd = &checked[4];
    assert_eq!(odd["from"], "pipelines/odd.toml");
    let finding = &odd["findings"][1];
    assert_eq!((&finding["line"], &finding["column"]), (&Value::from(14), &Value::from(18)));
    let place = |key: &str| usize::try_from(finding[key].as_u64().unwrap()).unwrap();
    assert_eq!(&ODD[place("start")..place("end")], "\"buld\"");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["message"], "needs names the stage `buld`, which does not exist");
    assert_eq!(odd["findings"][2]["help"], "did you mean `timeout`?");
    assert_eq!(checked[0]["findings"][0]["severity"], "warning");
    assert_eq!(checked[1]["findings"], Value::Array(Vec::new()));
}

fn doubtful() {
    let world = world();
    world.write("pipelines/beside.toml", &like_feature("beside", BESIDE));
    let checked = world.factory(&["pipeline", "check", "beside"]).ends_with(1);
    checked
        .says("warning: `merge` does not wait for the gate after `security`")
        .says("add `security` to what `merge` needs")
        .says("pipelines/beside.toml: can be used; 1 finding");
    world.factory(&["pipeline", "show", "beside"]).ends_with(0);
}

fn misnamed() {
    let world = world();
    world.write("pipelines/quick.toml", &like_feature("feature", ""));
    let place = include_str!("../../../../pipelines/feature.toml")
        .lines()
        .position(|line| line.starts_with("name = "))
        .unwrap();
    let place =
        format!("pipelines/quick.toml:{}:8: the pipeline's name is not that of its file, `quick`", place + 1);
    let ran = world.factory(&["pipeline", "check"]).ends_with(1).says(&place);
    ran.says("name = \"quick\", or rename the file").says("pipelines/quick.toml: cannot be used; 1 finding");
    for asked in ["quick", "pipelines/quick.toml"] {
        world.factory(&["pipeline", "check", asked]).ends_with(1).says(&place);
        world.factory(&["pipeline", "show", asked]).ends_with(2).says(&place);
    }
    world.run(&["--pipeline", "quick", "--dry-run"]).ends_with(2).says(&place);
    world.factory(&["pipeline", "list"]).ends_with(0).says("factory pipeline check quick");
    world.write("pipelines/quick.toml", &like_feature("quick", ""));
    world.factory(&["pipeline", "check"]).ends_with(0);

    world.write("pipelines/Quick Fix.toml", &like_feature("quick", ""));
    let ran = world.factory(&["pipeline", "check"]).ends_with(1);
    ran.says("pipelines/Quick Fix.toml:")
        .says("`Quick Fix` is not a pipeline's name")
        .says("rename the file");
    world.run(&["--pipeline", "Quick Fix", "--dry-run"]).ends_with(2).says("is not a pipeline's name");
    // What is named twice wrongly is said once.
    world.write("pipelines/Quick Fix.toml", &like_feature("Quick Fix", ""));
    world.factory(&["pipeline", "check"]).ends_with(1).says("Quick Fix.toml: cannot be used; 1 finding");
}

fn not_found() {
    let world = world();
    for verb in ["check", "show"] {
        world
            .factory(&["pipeline", verb, "featur"])
            .ends_with(2)
            .says("there is no pipeline `featur`")
            .says("did you mean `feature`? there are: bug, feature, governed");
        world
            .factory(&["pipeline", verb, "nowhere/x.toml"])
            .ends_with(2)
            .says("nowhere/x.toml cannot be read");
        world.factory(&["pipeline", verb, ".hidden"]).ends_with(2).says("is not the name of a pipeline");
    }
    world.factory(&["pipeline", "show", "--format", "picture"]).ends_with(2).says("possible values");
    // What cannot be used is not drawn.
    world.write("pipelines/odd.toml", ODD);
    let shown = world.factory(&["pipeline", "show", "odd"]).ends_with(2);
    assert_eq!(shown.out, "");
    shown.says("the pipeline pipelines/odd.toml cannot be used").says("pipelines/odd.toml:15:1:");
}

fn drawn() {
    let world = world();
    for (format, expected) in [
        ("text", include_str!("../../../factory-core/tests/fixtures/pipelines/governed.txt")),
        ("human", include_str!("../../../factory-core/tests/fixtures/pipelines/governed.txt")),
        ("dot", include_str!("../../../factory-core/tests/fixtures/pipelines/governed.dot")),
        ("mermaid", include_str!("../../../factory-core/tests/fixtures/pipelines/governed.mmd")),
    ] {
        let shown = world.factory(&["pipeline", "show", "governed", "--format", format]).ends_with(0);
        assert_eq!(shown.out, expected, "{format}");
    }
    let shown = world.factory(&["pipeline", "show"]).ends_with(0);
    assert!(shown.out.starts_with("pipeline feature\n"), "{shown}");
    let json = world.json(&["pipeline", "show", "bug"]);
    assert_eq!((&json["name"], json["stages"].as_array().unwrap().len()), (&Value::from("bug"), 6));
    // A file of the project comes before one that is built in.
    world.write("pipelines/feature.toml", &like_feature("feature", BESIDE));
    let shown = world.factory(&["pipeline", "show", "feature"]).ends_with(0);
    assert!(shown.out.starts_with("pipeline feature\n") && shown.out.contains("\nsecurity\n"), "{shown}");
}

fn listed() {
    let world = world();
    world.write("pipelines/odd.toml", ODD);
    world.write("pipelines/bug.toml", &like_feature("bug", ""));
    let listed = world.factory(&["pipeline", "list"]).ends_with(0);
    let names: Vec<&str> = listed.out.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(
        names,
        ["pipelines/bug.toml", "feature (built in)", "governed (built in)", "pipelines/odd.toml"]
    );
    listed
        .says("  stages  spec, plan, tasks, build, review, verify, merge\n  begins  feature at spec, bug at spec\n")
        .says("  cannot be used; `factory pipeline check odd`\n");
    let json = world.json(&["pipeline", "list"]);
    assert_eq!(json[0]["id"], "bug");
    assert_eq!(json[2]["begins"][3]["kind"], "hotfix");
    assert_eq!(json[2]["begins"][3]["stage"], "build");
    assert_eq!(json[3]["state"], "refused");
    assert_eq!(json[3]["stages"], Value::Array(Vec::new()));
}

fn outside() {
    let world = world();
    let elsewhere = world.root().join("elsewhere");
    write(&elsewhere.join("odd.toml"), ODD);
    let run = |args: &[&str]| {
        let mut command = world.command(crate::fixture::FACTORY, args);
        command.current_dir(&elsewhere);
        crate::process::run(command)
    };
    run(&["pipeline", "check"]).ends_with(0).says("governed (built in): is in order").never_says("odd");
    run(&["pipeline", "check", "odd.toml"]).ends_with(1).says("odd.toml:14:18:");
    run(&["pipeline", "show", "bug"]).ends_with(0).says("pipeline bug");
    // From a folder below the project, its pipelines are found.
    world.write("pipelines/odd.toml", ODD);
    let mut command = world.command(crate::fixture::FACTORY, &["pipeline", "check", "odd"]);
    command.current_dir(world.project().join("specs"));
    crate::process::run(command).ends_with(1).says("pipelines/odd.toml:14:18:");
}
