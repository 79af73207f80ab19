//! `factory init` as a whole, in temporary repositories.

use std::fs;
use std::path::{Path, PathBuf};

use factory_eval::grammar::Phrases;
use factory_eval::suite::HoldoutSuite;
use factory_workspace::create_repository;
use tempfile::TempDir;

use super::*;
use crate::config::project::ProjectConfig;
use crate::config::toml_file;

/// A repository `work/project` with these files and one commit; the holdouts go to `work/project-holdouts`.
fn repository(files: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let work = survey::tests::folder(&[]);
    let project = work.path().canonicalize().unwrap().join("project");
    fs::create_dir(&project).unwrap();
    for (path, text) in files {
        let path = project.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    create_repository(&project, "Begin").unwrap();
    (work, project)
}

fn args(dir: &Path) -> InitArgs {
    InitArgs { dir: dir.to_owned(), holdouts: None, dry_run: false }
}

/// All files below a folder with their text, without git's own.
fn contents(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(".git") {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn names(folder: &Path) -> Vec<String> {
    contents(folder).into_iter().map(|(name, _)| name).collect()
}

const SERVICE: [(&str, &str); 3] = [
    (
        "package.json",
        r#"{"scripts": {"test": "node --test", "start": "node server.js"}, "dependencies": {"express": "5"}}"#,
    ),
    ("package-lock.json", "{}"),
    ("server.js", "app.get('/health', up); app.listen(process.env.PORT)"),
];

#[test]
fn everything_is_written_and_a_second_time_nothing() {
    let (work, project) = repository(&SERVICE);
    assert_eq!(init(&args(&project)).unwrap(), Exit::Clean);
    let after = contents(work.path());
    let expected = [
        "project-holdouts/README.md",
        "project-holdouts/first/asked.md",
        "project-holdouts/first/read-only.md",
        "project-holdouts/first/restart.md",
        "project/.factory/.gitignore",
        "project/.factory/local.toml",
        "project/factory.toml",
        "project/package-lock.json",
        "project/package.json",
        "project/server.js",
        "project/specs/feature-first.md",
    ];
    assert_eq!(names(work.path()), expected);
    let config: ProjectConfig =
        toml_file::parse(&fs::read_to_string(project.join("factory.toml")).unwrap(), "factory.toml").unwrap();
    assert_eq!(config.check[0].command, "npm test");
    config.deploy().unwrap().check().unwrap();
    HoldoutSuite::load(&work.path().join("project-holdouts").join(first::SLUG), None).unwrap();
    let local = LocalConfig::read(&project.join(STORE)).unwrap();
    assert_eq!(local.holdouts.unwrap(), project.parent().unwrap().join("project-holdouts"));

    init(&args(&project)).unwrap();
    assert_eq!(contents(work.path()), after);
}

#[test]
fn what_exists_is_kept() {
    let (work, project) = repository(&SERVICE);
    fs::write(project.join("factory.toml"), "mine").unwrap();
    let first = work.path().join("project-holdouts/first");
    fs::create_dir_all(&first).unwrap();
    fs::write(first.join("asked.md"), "mine too").unwrap();
    init(&args(&project)).unwrap();
    assert_eq!(fs::read_to_string(project.join("factory.toml")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(first.join("asked.md")).unwrap(), "mine too");
    assert!(!first.join("restart.md").exists(), "a suite of somebody's own gets none of ours");
}

#[test]
fn what_is_missing_is_added() {
    let (work, project) = repository(&SERVICE);
    init(&args(&project)).unwrap();
    let missing = work.path().join("project-holdouts/first/restart.md");
    fs::remove_file(&missing).unwrap();
    init(&args(&project)).unwrap();
    assert!(missing.is_file());
}

#[test]
fn who_has_specifications_gets_no_first_one() {
    let (work, project) = repository(&[("specs/feature-login.md", "# Feature: x")]);
    init(&args(&project)).unwrap();
    assert_eq!(
        names(work.path()),
        [
            "project-holdouts/README.md",
            "project/.factory/.gitignore",
            "project/.factory/local.toml",
            "project/factory.toml",
            "project/specs/feature-login.md",
        ]
    );
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_it_would() {
    let (work, project) = repository(&SERVICE);
    let before = contents(work.path());
    let args = InitArgs { dry_run: true, ..args(&project) };
    init(&args).unwrap();
    assert_eq!(contents(work.path()), before);
    assert!(!work.path().join("project-holdouts").exists());

    let target = Target::find(&args).unwrap();
    let survey = Survey::of(&project).unwrap();
    let proposals = proposals(&survey);
    let drafts = drafts(&target, &survey, &proposals).unwrap();
    let outcomes = vec![Outcome::Written; drafts.len()];
    let text = report(&args, &target, &survey, &proposals, &drafts, &outcomes);
    assert!(text.contains("would write  specs/feature-first.md"), "{text}");
    assert!(text.contains("    command = \"npm test\""), "{text}");
}

#[test]
fn a_subdirectory_is_a_project_of_its_own_with_holdouts_outside_the_repository() {
    let (work, project) = repository(&[("services/mail/go.mod", "module mail"), ("package.json", "{}")]);
    init(&args(&project.join("services/mail"))).unwrap();
    assert!(project.join("services/mail/factory.toml").is_file());
    assert!(!project.join("factory.toml").exists());
    assert!(work.path().join("mail-holdouts/first/asked.md").is_file());
}

#[test]
fn a_repository_without_a_commit_will_do() {
    let (_work, project) = repository(&[("tool.py", "print(1)")]);
    let git = project.join(".git");
    fs::remove_dir_all(&git).unwrap();
    fs::create_dir_all(git.join("objects")).unwrap();
    fs::create_dir_all(git.join("refs/heads")).unwrap();
    fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let args = args(&project);
    let target = Target::find(&args).unwrap();
    assert!(!target.has_commit);
    init(&args).unwrap();
    let survey = Survey::of(&project).unwrap();
    assert!(next(&target, &survey, &[]).contains("no commit yet"));
}

#[test]
fn places_that_will_not_do_are_refused_with_the_way_out() {
    let (work, project) = repository(&[]);
    let refused = |args: InitArgs| init(&args).unwrap_err().to_string();

    let inside = refused(InitArgs { holdouts: Some(project.join("holdouts")), ..args(&project) });
    assert!(inside.contains("inside the repository") && inside.contains("outside of"), "{inside}");
    let around = refused(InitArgs { holdouts: Some(work.path().to_owned()), ..args(&project) });
    assert!(around.contains("the project is inside the holdout folder"), "{around}");
    let missing = refused(args(&project.join("nowhere")));
    assert!(missing.contains("nowhere does not exist"), "{missing}");
    let no_repository = refused(args(work.path()));
    assert!(
        no_repository.contains("not in a git repository") && no_repository.contains("git init"),
        "{no_repository}"
    );
    assert_eq!(names(&project), Vec::<String>::new(), "nothing was written");

    fs::write(project.join("specs"), "a file").unwrap();
    let unwritable = refused(args(&project));
    assert!(unwritable.contains("/specs cannot be written"), "{unwritable}");
}

#[test]
fn holdouts_that_are_configured_are_not_moved() {
    let (work, project) = repository(&SERVICE);
    let place = work.path().canonicalize().unwrap().join("elsewhere");
    init(&InitArgs { holdouts: Some(place.clone()), ..args(&project) }).unwrap();
    assert!(place.join("first/asked.md").is_file());
    init(&args(&project)).unwrap();
    assert!(!work.path().join("project-holdouts").exists(), "the configured folder is used again");
    let other = InitArgs { holdouts: Some(work.path().join("third")), ..args(&project) };
    let error = init(&other).unwrap_err().to_string();
    assert!(error.contains("elsewhere already"), "{error}");
}

#[test]
fn the_first_specification_can_be_worked_from() {
    for proposals in [Vec::new(), every_kind(false), every_kind(true)] {
        let first = first::first(&proposals).unwrap();
        let (document, diagnostics) = factory_spec::parse_spec(&first.spec);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        assert!(document.requirements.len() >= 3);
        assert!(!first.spec.contains('%'), "{}", first.spec);
        for (name, text) in &first.scenarios {
            let (scenarios, diagnostics) = factory_spec::parse_scenarios(text, name);
            assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
            for scenario in &scenarios {
                if let Err(errors) = factory_eval::grammar::compile(scenario, &Phrases::default()) {
                    panic!("{name}: {errors:?}");
                }
            }
            for covered in scenarios.iter().flat_map(|scenario| &scenario.covers) {
                assert!(document.requirement(covered).is_some(), "{name} covers {covered}");
            }
        }
    }
}

fn every_kind(serves: bool) -> Vec<Proposal> {
    let files: &[(&str, &str)] = if serves { &SERVICE } else { &[("Cargo.toml", "[package]\nname = 'x'")] };
    proposals(&survey::tests::survey(files))
}

#[test]
fn projects_below_are_named() {
    let survey = survey::tests::survey(&[("backend/pyproject.toml", ""), ("web/app/package.json", "{}")]);
    assert_eq!(manifests_below(&survey), ["backend", "web/app"]);
}
