//! Every rule on every crate. That each rule can fail is shown beside it, on crates that are made up.

use std::path::Path;
use std::sync::LazyLock;

use factory_testkit::architecture::{self, Crate, dependencies, sources};

static WORKSPACE: LazyLock<Vec<Crate>> =
    LazyLock::new(|| architecture::read(Path::new(env!("CARGO_MANIFEST_DIR"))));

#[track_caller]
fn assert_kept(rule: fn(&[Crate]) -> Vec<String>) {
    let broken = rule(&WORKSPACE);
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn the_whole_workspace_is_read() {
    let find =
        |name: &str| WORKSPACE.iter().find(|of| of.name == name).unwrap_or_else(|| panic!("{name} is there"));
    for name in ["factory-core", "factory-engine", "factory-store", "factory-sandbox", "factory-cli"] {
        assert!(
            find(name).sources.iter().any(|source| source.path.starts_with("src/")),
            "{name} has sources"
        );
    }
    let (engine, testkit) = (find("factory-engine"), find("factory-testkit"));
    assert!(engine.ships.contains(&"factory-core".to_owned()));
    assert!(engine.tests.contains(&"factory-testkit".to_owned()));
    assert!(testkit.sources.iter().any(|source| source.path == "tests/it/architecture.rs"));
}

#[test]
fn dependencies_point_one_way() {
    assert_kept(dependencies::direction);
}

#[test]
fn nobody_knows_what_it_must_not() {
    assert_kept(dependencies::ignorance);
}

#[test]
fn the_testkit_is_not_shipped() {
    assert_kept(dependencies::testkit_is_not_shipped);
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    assert_kept(sources::openings);
}

#[test]
fn no_file_is_too_long() {
    assert_kept(sources::lengths);
}

#[test]
fn only_the_sandbox_is_unsafe() {
    assert_kept(sources::unsafety);
}

#[test]
fn the_core_touches_nothing() {
    assert_kept(sources::purity);
}
