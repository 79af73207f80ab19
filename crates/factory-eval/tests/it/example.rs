//! The example that is no service, as it is before its feature: every holdout has something to find.

use std::path::{Path, PathBuf};

use factory_eval::score::Verdict;

use crate::bench::Bench;
use crate::cases::{Case, Needs};

pub(crate) const ALL: &[Case] =
    &[("holdouts_of_the_todo_example_fail_before_the_feature", Needs::Cargo, base)];

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn base() {
    let bench = Bench::project(&repository("examples/todo-cli"), &repository("scenarios-holdout/todo-cli"));
    let judged = bench.judge_holdouts().unwrap();
    assert!(judged.card.scenarios.len() >= 15);
    let scores = || judged.card.scenarios.iter();
    let others: Vec<_> = scores()
        .filter(|score| score.verdict != Verdict::Failed)
        .map(|score| (score.name.as_str(), score.verdict))
        .collect();
    assert_eq!(others, [], "of {}", scores().count());
    for place in 0..scores().count() {
        assert!(!judged.messages(place).contains("could not be deployed"), "{}", judged.messages(place));
    }
    // Every requirement of the specification has a scenario.
    let specification = repository("examples/todo-cli/specs/feature-due-dates.md");
    let specification = std::fs::read_to_string(specification).unwrap();
    let requirements = specification.split("## Requirements").nth(1).unwrap().split("\n## ").next().unwrap();
    let count =
        requirements.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit())).count();
    for number in 1..=count {
        let id = format!("R{number}");
        assert!(scores().any(|score| score.covers.contains(&id)), "{id} has no scenario");
    }
    assert_eq!(count, 12);
}
