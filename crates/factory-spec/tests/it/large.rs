//! Large and lopsided files are read to their end, in whatever shape they are.

use factory_spec::{has_errors, parse_scenarios};

use crate::support::steps;

/// How large each file is, in bytes, about. A parser that looks back at all that it has read for each line would
/// not come to the end of these.
const SIZE: usize = 1 << 18;

/// `piece` as often as it fits.
fn fill(piece: &str) -> String {
    piece.repeat(SIZE / piece.len())
}

/// `piece` with a number in place of each `~`, as often as it fits.
fn numbered(piece: &str) -> String {
    (0..SIZE / (piece.len() + 4)).map(|number| piece.replace('~', &number.to_string())).collect()
}

const END: &str = "\nScenario: last\nWhen a\nThen b\n";

/// Names and texts, `.feature` or `.md` in the name.
fn shapes() -> Vec<(&'static str, String)> {
    vec![
        ("one line.feature", format!("Feature: f\n{}{END}", fill("x"))),
        ("one line of tags.feature", format!("Feature: f\n{}{END}", numbered("@tag~ "))),
        ("lines of tags.feature", format!("Feature: f\n{}{END}", numbered("@tag~\n"))),
        ("lines of tags.md", format!("{}{END}", numbered("@tag~\n\n"))),
        ("scenarios.feature", format!("Feature: f\n{}{END}", numbered("Scenario: ~\nWhen a\nThen b\n"))),
        ("scenarios.md", format!("{}{END}", numbered("# Scenario: ~\nWhen a\nThen b\n"))),
        (
            "scenarios of one name.feature",
            format!("Feature: f\n{}{END}", fill("Scenario: x\nWhen a\nThen b\n")),
        ),
        (
            "rules.feature",
            format!("Feature: f\n{}\nRule: r{END}", numbered("Rule: ~\nBackground:\nGiven a\n")),
        ),
        ("rules.md", format!("{}\n# Rule: r{END}", numbered("# Rule: ~\n## Background\nGiven a\n"))),
        ("one row.feature", format!("Feature: f\nScenario: x\nWhen a\n|{}\nThen b\n{END}", fill("a|"))),
        ("rows.feature", format!("Feature: f\nScenario: x\nWhen a\n{}Then b\n{END}", fill("|a|b|\n"))),
        (
            "columns.feature",
            format!("Feature: f\nScenario: x\nWhen <a>\nThen b\nExamples:\n|{}\n|1|\n{END}", numbered("c~|")),
        ),
        (
            "parameters and columns.feature",
            format!(
                "Feature: f\nScenario: x\nWhen {}\nThen b\nExamples:\n|{}\n|{}\n{END}",
                numbered("<p~>"),
                numbered("c~|"),
                numbered("v~|")
            ),
        ),
        ("covers.md", format!("# Scenario: x\n{}When a\nThen b\n{END}", numbered("Covers: R~\n"))),
        (
            "parameters.feature",
            format!("Feature: f\nScenario: x\nWhen {}\nThen b\nExamples:\n|a|\n|1|\n{END}", numbered("<p~>")),
        ),
        (
            "brackets.feature",
            format!("Feature: f\nScenario: x\nWhen {}\nThen b\nExamples:\n|a|\n|1|\n{END}", fill("<")),
        ),
        (
            "doc string.feature",
            format!("Feature: f\nScenario: x\nWhen a\n\"\"\"\n{}\"\"\"\nThen b\n{END}", fill("```\n")),
        ),
        ("open doc strings.feature", format!("Feature: f\nScenario: x\nWhen a\n{}", fill("\"\"\"\n```\n"))),
        ("blank lines.feature", format!("Feature: f\n{}{END}", fill(" \n"))),
        ("comments.feature", format!("Feature: f\n{}{END}", fill("# c\n"))),
        ("refused lines.feature", format!("Feature: f\nScenario: x\nWhen a\n{}{END}", fill("and b\n"))),
        ("misspelled words.feature", format!("Feature: f\nScenario: x\n{}{END}", fill("Whenn a\n"))),
        ("stars.md", format!("# Scenario: x\nWhen {}\nThen b\n{END}", fill(" **a *b"))),
        ("open codes.md", format!("# Scenario: x\nWhen {}\nThen b\n{END}", fill("`<!--"))),
        ("open comments.md", format!("# Scenario: x\nWhen a\nThen b\n{}", fill("` <!--\n"))),
        ("quotes.md", format!("# Scenario: x\nWhen a\n{}b\nThen b\n{END}", fill("> "))),
        ("headings.md", format!("{}{END}", fill("# a\n###### b\n"))),
        ("fences.md", format!("{}{END}", fill("```gherkin\nGiven a\n```\n"))),
        ("items.md", format!("# Scenario: x\nWhen a:\n{}\nThen b\n{END}", fill("- a\n"))),
        ("steps.feature.md", format!("# Feature: f\n## Scenario: x\n{}* Then b\n", fill("* When a\n"))),
        ("arrows.md", format!("# SCN-1: x\nSteps:\n1. GET /x -> 200{}\n{END}", fill(", b"))),
        ("numbers.md", format!("{}{END}", numbered("# SCN-~: x\nSteps:\n1. GET /x -> 200\n"))),
    ]
}

#[test]
fn every_shape_is_read_to_its_end() {
    for (name, text) in shapes() {
        let (scenarios, diagnostics) = parse_scenarios(&text, name);
        let end_is_open = name.starts_with("open") || name == "steps.feature.md";
        let last = scenarios.last().map(|one| one.name.as_str());
        assert!(end_is_open || last == Some("last"), "{name}: {last:?}");
        assert!(diagnostics.len() <= SIZE, "{name}");
        let is_good = [
            "scenarios.",
            "rows",
            "one row",
            "doc string",
            "blank",
            "comments.",
            "items",
            "steps",
            "numbers",
            "arrows",
        ];
        if is_good.iter().any(|start| name.starts_with(start)) {
            assert!(!has_errors(&diagnostics), "{name}: {:?}", diagnostics.first());
        }
    }
}

#[test]
fn tags_of_a_whole_file_are_copied_within_bounds() {
    let tags = numbered("@tag~ ");
    let scenarios = numbered("Scenario: ~\nWhen a\nThen b\n");
    let rows = format!("Scenario Outline: x\nWhen <a>\nThen b\nExamples:\n|a|\n{}", fill("|1|\n"));
    for (path, source) in [
        ("a.feature", format!("{tags}\nFeature: f\n{scenarios}")),
        ("a.feature", format!("Feature: f\n{tags}\n{rows}")),
        ("a.md", format!("{tags}\n# Feature: f\n{}", scenarios.replace("Scenario", "# Scenario"))),
        (
            "a.md",
            format!("# Feature: f\n{tags}\n{}", rows.replace("Sc", "# Sc").replace("Examples", "# Examples")),
        ),
    ] {
        let (scenarios, diagnostics) = parse_scenarios(&source, path);
        assert!(
            diagnostics.iter().any(|one| one.code.as_str() == "G021"),
            "{path}: {:?}",
            diagnostics.first()
        );
        let copied: usize = scenarios.iter().map(|one| one.tags.len()).sum();
        assert!(copied < 2 << 20, "{path}: {copied}");
    }
}

#[test]
fn a_hundred_thousand_scenarios_are_all_there() {
    let source: String =
        (0..100_000).map(|number| format!("Scenario: {number}\nWhen a\nThen {number}\n")).collect();
    let (scenarios, diagnostics) = parse_scenarios(&source, "a.feature");
    assert_eq!(diagnostics, []);
    assert_eq!(scenarios.len(), 100_000);
    assert_eq!(steps(&scenarios[99_999]), ["When a", "Then 99999"]);
}
