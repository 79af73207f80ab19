//! What cannot work is refused before anything starts, with the place and the way out.

use std::fs;

use libtest_mimic::Trial;

use crate::case;
use crate::fixture::{APPROVE, FACTORY, FACTORY_TOML, SPEC, World, building, right};
use crate::process::{self, Ran};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        case("specifications_that_cannot_be_read_or_used", specifications),
        case("places_that_are_no_project", places),
        case("a_dirty_tree_is_refused_with_its_files", a_dirty_tree),
        case("pipelines_that_do_not_exist_or_make_no_sense", pipelines),
        case("configuration_files_with_mistakes", configuration),
        case("holdouts_that_cannot_be_used", holdouts),
        case("a_model_that_is_not_there", model),
        case("recordings_that_cannot_be_used", recordings),
    ]
}

fn world() -> World {
    World::new(building(vec![right()]))
}

/// Nothing has begun: no request, no run, no branch.
fn nothing_began(world: &World) {
    if let Some(twin) = &world.twin {
        assert_eq!(twin.requests().len(), 0);
    }
    assert!(!world.store().join("store").exists(), "there is a store");
    assert!(!world.root().join("cache").exists(), "there is a cache");
}

/// Every error is a sentence with a way out, and no more than that.
#[track_caller]
fn refused(ran: Ran, status: i32) -> Ran {
    let ran = ran.ends_with(status).says("error: ").says("\n  next: ");
    assert_eq!(ran.out, "", "errors go to standard error: {ran}");
    ran
}

fn specifications() {
    let world = world();
    let run = |spec: &str| world.factory(&["run", spec, APPROVE]);
    refused(run("specs/nothing.md"), 2).says("specs/nothing.md").says("No such file");
    refused(run("specs"), 2).says("the specification specs cannot be read").says("directory");
    fs::write(world.project().join("specs/latin.md"), b"# Feature: caf\xe9\n").unwrap();
    let ran = run("specs/latin.md").ends_with(2);
    ran.says("specs/latin.md is not UTF-8 text");

    world.write("specs/prose.md", "# Feature: A wish\n\n## Goal\n\nSomething nicer.\n");
    refused(run("specs/prose.md"), 3).says("specs/prose.md:").says("equirement");
    world.write("specs/empty.md", "");
    refused(run("specs/empty.md"), 3).says("specs/empty.md:");
    let spec = fs::read_to_string(world.project().join(SPEC)).unwrap();
    world.write("specs/lost.md", &spec.replace("`service.py` is the whole", "`nowhere.py` is the whole"));
    let ran = world.factory(&["run", "specs/lost.md", "--dry-run", "--allow-dirty"]);
    ran.ends_with(0).says("specs/lost.md:9:").says("`nowhere.py` does not exist");
    nothing_began(&world);
}

fn places() {
    let world = world();
    let plain = world.root().join("plain");
    crate::fixture::write(&plain.join("x.md"), &fs::read_to_string(world.project().join(SPEC)).unwrap());
    let factory = |place: &std::path::Path, args: &[&str]| {
        let mut command = world.command(FACTORY, args);
        command.current_dir(place);
        process::run(command)
    };
    let git = |args: &[&str]| {
        let mut command = world.command("git", args);
        command.current_dir(&plain);
        process::run(command).ends_with(0);
    };
    for args in [&["run", "x.md"][..], &["runs", "list"], &["gate", "list"]] {
        refused(factory(&plain, args), 2).says("git init");
    }
    git(&["init", "--quiet"]);
    refused(factory(&plain, &["run", "x.md"]), 2).says("git commit");
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=x"]);
    refused(factory(&plain, &["run", "x.md"]), 2).says("has no factory.toml").says("factory init");

    let bare = world.root().join("bare");
    world.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    let spec = world.project().join(SPEC);
    fs::copy(spec, bare.join("x.md")).unwrap();
    refused(factory(&bare, &["run", "x.md"]), 2).says("bare");

    let mut command = world.command(FACTORY, &["run", SPEC]);
    command.env("FACTORY_CACHE_DIR", world.project().join("cache"));
    process::run(command).ends_with(2).says("inside the repository");
    nothing_began(&World::new(building(vec![])));
}

fn a_dirty_tree() {
    let world = world();
    world.write("notes.txt", "x");
    world.write("check.py", "pass\n");
    fs::remove_file(world.project().join("service.py")).unwrap();
    world.write("a dir/ein Straßenname.txt", "x");
    let ran = refused(world.run(&[APPROVE]), 2).says("notes.txt").says("check.py").says("service.py");
    ran.says("a dir/ein Straßenname.txt").says("--allow-dirty").never_says("local.toml");
    nothing_began(&world);
    world.run(&["--allow-dirty", "--dry-run"]).ends_with(0);

    world.git(&["checkout", "--quiet", "."]);
    for left in ["notes.txt", "a dir"] {
        let path = world.project().join(left);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    // The specification itself may be new or changed: its text is kept with the run.
    let spec = fs::read_to_string(world.project().join(SPEC)).unwrap();
    world.write("specs/new.md", &spec);
    world.factory(&["run", "specs/new.md", "--dry-run"]).ends_with(0);
    refused(world.run(&["--dry-run"]), 2).says("specs/new.md");
    fs::remove_file(world.project().join("specs/new.md")).unwrap();
    world.write(SPEC, &format!("{spec}\n"));
    world.run(&["--dry-run"]).ends_with(0);
}

fn pipelines() {
    let world = world();
    let run = |name: &str| world.run(&[APPROVE, "--pipeline", name]);
    refused(run("featur"), 2).says("there is no pipeline `featur`").says("did you mean `feature`?");
    refused(run("../secrets"), 2).says("is not the name of a pipeline");
    world.write(
        "pipelines/odd.toml",
        r#"schema = 1
name = "odd"
entry = { feature = "spec" }

[[stage]]
id = "spec"
makes = "spec"
role = "none"

[[stage]]
id = "build"
makes = "build"
role = "implementer"
needs = ["spec", "dessign"]

[[stage]]
id = "merge"
makes = "merge"
role = "none"
needs = ["build"]
"#,
    );
    world.commit("A pipeline");
    let ran = run("odd").ends_with(2).says("the pipeline pipelines/odd.toml cannot be used");
    // All that is wrong with it is said at once, each with its line.
    let places: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("pipelines/odd.toml:")).collect();
    assert!(places.len() >= 2, "{ran}");
    ran.says("pipelines/odd.toml:14:").says("dessign").says("verif");
    world.write("pipelines/feature.toml", "schema = 1\nname = \n");
    world.commit("A broken one in the place of the shipped one");
    run("feature").ends_with(2).says("pipelines/feature.toml:2:");
    nothing_began(&world);
}

fn configuration() {
    let world = world();
    let with = |text: &str| {
        world.write("factory.toml", text);
        world.run(&[APPROVE, "--allow-dirty"])
    };
    let ran = refused(with(&FACTORY_TOML.replace("command = \"python3 -S check.py\"", "comand = \"x\"")), 2);
    ran.says("factory.toml:8:1: unknown field `comand`").says("did you mean `command`?");
    refused(with(&FACTORY_TOML.replace("ready = ", "redy = ")), 2).says("redy").says("ready");
    with("schema = 1\n[deploy\n").ends_with(2).says("factory.toml:2:");
    refused(with(&FACTORY_TOML.replace("schema = 1", "schema = 2")), 2).says("has format 2");
    let (before, _) = FACTORY_TOML.split_once("[deploy]").unwrap();
    refused(with(before), 2).says("has no [deploy]").says("factory init");
    with(&FACTORY_TOML.replace("${port}", "${prot}")).ends_with(2).says("unknown placeholder `${prot}`");
    with(&FACTORY_TOML.replace("ready = \"/health\"", "ready = \"health\""))
        .ends_with(2)
        .says("`ready` is `health`");
    let twice = format!("{FACTORY_TOML}\n[[check]]\nname = \"tests\"\ncommand = \"true\"\n");
    with(&twice).ends_with(2).says("two checks named `tests`");
    fs::remove_file(world.project().join("factory.toml")).unwrap();
    refused(world.run(&[APPROVE, "--allow-dirty"]), 2).says("has no factory.toml").says("factory init");

    world.write("factory.toml", FACTORY_TOML);
    world.write(".factory/local.toml", "schema = 1\nholdout = \"x\"\n");
    let ran = refused(world.run(&[APPROVE]), 2);
    ran.says("local.toml:2:1: unknown field `holdout`").says("did you mean `holdouts`?");
    nothing_began(&world);
}

fn holdouts() {
    let world = world();
    let run = || world.run(&[APPROVE]);
    world.write_holdout(
        "odd.md",
        "# Scenario: Rocinante\nCovers: R1\n\nWhen GET /hello is sent\nThen the moon is made of cheese\n",
    );
    refused(run(), 2).says("odd.md").says("the moon is made of cheese").says("docs/scenarios.md");
    world.write_holdout("odd.md", "# Scenario: Rocinante\nCovers: R1\n\nWhen GET /hello is sent\n");
    refused(run(), 2).says("odd.md");
    world.write_holdout("odd.md", "no scenario at all\n");
    refused(run(), 2);
    world.write_holdout("steps.toml", "[[step]]\npattern = 1\n");
    refused(run(), 2).says("steps.toml");
    fs::remove_dir_all(world.holdouts()).unwrap();
    refused(run(), 2).says(world.holdouts().to_str().unwrap()).says("does not exist").says("--holdouts DIR");
    fs::create_dir(world.holdouts()).unwrap();
    refused(run(), 2).says("there are no scenarios in it");
    world.write(".factory/local.toml", "schema = 1\n");
    refused(run(), 2).says("no holdout scenarios are configured").says("factory init");
    refused(world.run(&[APPROVE, "--holdouts", "nowhere"]), 2).says("nowhere does not exist");
    nothing_began(&world);
}

fn model() {
    let world = world();
    let without = |variables: &[&str], args: &[&str]| {
        let mut command = world.command(FACTORY, &[&["run", SPEC, APPROVE], args].concat());
        for variable in variables {
            command.env_remove(variable);
        }
        process::run(command)
    };
    let nothing = without(&["OPENAI_API_KEY", "OPENAI_BASE_URL"], &[]);
    refused(nothing, 2).says("no model is configured").says("OPENAI_API_KEY").says("--model NAME");
    refused(without(&["FACTORY_MODEL"], &[]), 2).says("no model is named").says("--model NAME");
    let with = |variable: &str, value: &str| {
        let mut command = world.command(FACTORY, &["run", SPEC, APPROVE]);
        command.env(variable, value);
        process::run(command)
    };
    with("OPENAI_BASE_URL", "localhost:1").ends_with(2).says("not an http or https URL");
    with("OPENAI_BASE_URL", "http://me:pw@localhost:1").ends_with(2).says("credentials").never_says("pw@");
    for variable in ["FACTORY_MODEL_TIMEOUT_SECONDS", "FACTORY_MODEL_RETRY_SECONDS"] {
        with(variable, "soon").ends_with(2).says(variable).says("soon");
    }
    assert_eq!(world.twin().requests().len(), 0);
    assert_eq!(world.json(&["runs", "list"]), serde_json::json!([]));
}

fn recordings() {
    let world = World::without_model();
    let replay = |name: &str| world.run(&[APPROVE, "--replay", name]);
    replay("../none.jsonl").ends_with(2).says("none.jsonl cannot be used").says("No such file");
    for (text, problem) in [
        ("", "it is empty"),
        ("garbage\n", ":1"),
        ("{\"schema\":9}\n", ":1"),
        ("{\"schema\":1", "not complete"),
    ] {
        crate::fixture::write(&world.root().join("odd.jsonl"), text);
        replay("../odd.jsonl").ends_with(2).says("odd.jsonl").says(problem);
    }
    assert_eq!(world.json(&["runs", "list"]), serde_json::json!([]));
}
