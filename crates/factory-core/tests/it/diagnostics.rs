//! Everything that can be wrong with a pipeline: what is said, and of which words of the file.

mod conditions;
mod form;
mod graph;
mod limits;
mod mutation;
mod people;
mod shipped;
mod ways;
mod zones;

use factory_core::ids::StageId;
use factory_core::pipeline::model::{Pipeline, Stage};
use factory_core::pipeline::read::{self, Diagnostic};

const FEATURE: &str = include_str!("../../../../pipelines/feature.toml");
const BUG: &str = include_str!("../../../../pipelines/bug.toml");
const GOVERNED: &str = include_str!("../../../../pipelines/governed.toml");

/// The shipped pipeline `feature` with some words replaced.
fn edited(edits: &[(&str, &str)]) -> String {
    change(FEATURE, edits)
}

fn change(source: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(source.to_owned(), |source, (from, to)| {
        assert_eq!(source.matches(from).count(), 1, "{from:?} stands exactly once in the pipeline");
        source.replace(from, to)
    })
}

/// The shipped pipeline `feature` with these lines added to a stage, and these at the end.
fn added(stage: &str, lines: &str, end: &str) -> String {
    let id = format!("id = \"{stage}\"\n");
    format!("{}\n{end}", edited(&[(&id, &format!("{id}{lines}\n"))]))
}

/// What is said of a pipeline, each as `words of the file: message (help)`.
#[track_caller]
fn said(source: &str) -> Vec<String> {
    let diagnostics = read::read(source).expect_err("something is wrong");
    assert!(!diagnostics.is_empty());
    assert!(diagnostics.is_sorted_by_key(|d| d.span.start), "in the order of the file");
    diagnostics.iter().map(|diagnostic| say(source, diagnostic)).collect()
}

fn say(source: &str, diagnostic: &Diagnostic) -> String {
    let help = diagnostic.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{}: {}{help}", &source[diagnostic.span.clone()], diagnostic.message)
}

/// What is doubtful about a pipeline, though it can be used.
#[track_caller]
fn doubted(source: &str) -> Vec<String> {
    let findings = read::examine(source);
    assert!(findings.pipeline.is_some(), "{:#?}", findings.wrong);
    findings.doubtful.iter().map(|diagnostic| say(source, diagnostic)).collect()
}

#[track_caller]
fn assert_said(edits: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(said(&edited(edits)), expected);
}

/// A pipeline that is in order, beyond doubt.
#[track_caller]
fn good(source: &str) -> Pipeline {
    let findings = read::examine(source);
    assert!(findings.doubtful.is_empty(), "{:#?}", findings.doubtful);
    findings.pipeline.unwrap_or_else(|| panic!("{:#?}", findings.wrong))
}

fn id(name: &str) -> StageId {
    name.parse().unwrap()
}

fn stage<'p>(pipeline: &'p Pipeline, name: &str) -> &'p Stage {
    pipeline.stage(&id(name)).unwrap()
}

#[test]
fn all_that_is_wrong_is_said_at_once_in_the_order_of_the_file() {
    assert_said(
        &[
            ("bug = \"spec\"", "bug = \"spek\""),
            ("min_pass_percent = 90", "min_pass_percent = 900"),
            ("base_moved = \"rebase\"", "base_moved = \"rebased\""),
            ("role = \"reviewer\"", "role = \"planner\""),
            ("needs = [\"spec\", \"plan\"]", "needs = [\"spec\", \"plam\"]"),
            ("attempts = 3", "attempts = 30"),
            ("on_exhausted = \"escalate\"", "on_exhausted = true"),
            ("id = \"verify\"", "id = \"verify\"\nloud = true"),
            ("role = \"evaluator\"\n", ""),
            ("timeout = \"5m\"", "timeout = \"5 m\""),
        ],
        &[
            "\"spek\": entry names the stage `spek`, which does not exist (did you mean `spec`?)",
            "900: min_pass_percent is a share between 1 and 100",
            "\"rebased\": `base_moved` is `rebase` or `ignore`, not `rebased` (did you mean `rebase`?)",
            "\"plam\": needs names the stage `plam`, which does not exist (did you mean `plan`?)",
            "30: attempts is a number between 1 and 10",
            "true: `on_exhausted` is a text, not `true` or `false`",
            "\"planner\": a review is made by the role `reviewer`, not by `planner`",
            "[[stage]]: a stage needs `role`",
            "loud: a stage has no key `loud` (it has `id`, `makes`, `role`, `zone`, `needs`, `when`, `entry_gate`, \
             `exit_gate`, `attempts`, `on_exhausted`, `timeout`, `soak`, `budget_usd`, `budget_tokens` and `returns_to`)",
            "\"5 m\": a timeout is a number with `s`, `m` or `h`, such as `30m`",
        ],
    );
}
