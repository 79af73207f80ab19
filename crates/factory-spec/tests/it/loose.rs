//! Scenarios in loose Markdown.

use factory_spec::{Keyword, Severity, Tag, parse_scenarios, position, render};

use crate::support::{SCENARIOS, errors, found, steps};

const NAME: &str = "holdout/feature-password-reset.md";

#[test]
fn a_good_file_is_read_without_a_finding() {
    let (scenarios, diagnostics) = parse_scenarios(SCENARIOS, NAME);
    assert_eq!(found(SCENARIOS, &diagnostics), []);
    let ids: Vec<&str> = scenarios.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "password-reset/a-token-works-once",
            "password-reset/unknown-addresses-look-the-same",
            "password-reset/the-database-is-gone",
        ]
    );
    assert!(scenarios.iter().all(|one| one.file == NAME));
}

#[test]
fn steps_have_their_sentences_blocks_and_tables() {
    let (scenarios, _) = parse_scenarios(SCENARIOS, NAME);
    let first = &scenarios[0];
    assert_eq!(first.name, "A token works once");
    assert_eq!(first.covers, ["R3", "R1", "R8"]);
    assert_eq!(first.tags, [Tag::Critical]);
    assert_eq!(first.description, "Someone clicks the link in the mail twice.");
    assert_eq!(
        steps(first),
        [
            "Given the service is running",
            "Given an account for \"ann@example.test\"",
            "Given a token that was mailed to it",
            "When the client sends `POST /reset-password` with",
            "Then the status is 200",
            "When the same request is sent again",
            "Then the status is 410",
            "Then the body has these fields:",
        ]
    );
    let doc = first.steps[3].doc_string.as_ref().unwrap();
    assert_eq!(doc.media.as_deref(), Some("json"));
    assert_eq!(doc.text, "{\"token\": \"${token}\", \"password\": \"Abcdefghij12\"}");
    assert_eq!(
        first.steps[7].table,
        Some(vec![
            vec!["field".to_owned(), "value".to_owned()],
            vec!["error".to_owned(), "größer als 0".to_owned()],
        ])
    );
}

#[test]
fn spans_cover_heading_and_steps_with_what_belongs_to_them() {
    let (scenarios, _) = parse_scenarios(SCENARIOS, NAME);
    let text = |span: &std::ops::Range<usize>| &SCENARIOS[span.clone()];
    let first = &scenarios[0];
    assert!(text(&first.span).starts_with("## Scenario: A token works once\n"));
    assert!(text(&first.span).ends_with("| error | größer als 0 |"));
    assert_eq!(
        text(&first.steps[3].span),
        "When the client sends `POST /reset-password` with\n```json\n\
         {\"token\": \"${token}\", \"password\": \"Abcdefghij12\"}\n```"
    );
    assert_eq!(text(&first.steps[0].span), "Given the service is running");
    let second = &scenarios[1];
    assert_eq!(text(&second.steps[1].span), "**Given** no account for \"bob@example.test\"");
    assert_eq!(text(&second.steps[2].span), "**When** the client asks for a reset\n  of that address");
    assert_eq!(position(SCENARIOS, second.steps[2].span.start).column, 3);
}

#[test]
fn list_items_with_bold_keywords_and_fenced_gherkin_are_scenarios_too() {
    let (scenarios, _) = parse_scenarios(SCENARIOS, NAME);
    assert_eq!(
        steps(&scenarios[1]),
        [
            "Given the service is running",
            "Given no account for \"bob@example.test\"",
            "When the client asks for a reset of that address",
            "Then the status is 202",
            "Then no mail is sent",
        ]
    );
    assert_eq!(scenarios[1].tags, []);
    assert_eq!(scenarios[2].tags, [Tag::Destructive, Tag::Other("slow".to_owned())]);
    assert!(scenarios[2].has_tag(&Tag::Destructive) && !scenarios[2].has_tag(&Tag::Critical));
    // The background of the file holds for the fenced scenario as well.
    assert_eq!(scenarios[2].steps[0].text, "the service is running");
    assert_eq!(scenarios[2].steps.len(), 4);
}

#[test]
fn line_ends_do_not_matter() {
    let source = SCENARIOS.replace('\n', "\r\n");
    let (windows, diagnostics) = parse_scenarios(&source, NAME);
    assert_eq!(found(&source, &diagnostics), []);
    let (unix, _) = parse_scenarios(SCENARIOS, NAME);
    for (windows, unix) in windows.iter().zip(&unix) {
        assert_eq!(steps(windows), steps(unix));
        assert_eq!(windows.steps[2].table, unix.steps[2].table);
        assert_eq!(windows.steps[3].doc_string, unix.steps[3].doc_string);
        let (a, b) = (&source[windows.span.clone()], &SCENARIOS[unix.span.clone()]);
        assert_eq!(a.replace("\r\n", "\n"), b);
    }
}

/// The steps of the only scenario of a source without errors.
fn only(source: &str) -> Vec<String> {
    let (scenarios, diagnostics) = parse_scenarios(source, "a.md");
    assert_eq!(errors(source, &diagnostics), [], "{source}");
    assert_eq!(scenarios.len(), 1, "{source}");
    steps(&scenarios[0])
}

#[test]
fn every_dress_of_a_scenario_gives_the_same_steps() {
    let expected = ["Given a user", "When they post", "Then it is 200", "Then a mail goes out"];
    for source in [
        "# Scenario: x\n\nGiven a user\nWhen they post\nThen it is 200\nAnd a mail goes out\n",
        "#### scenario 12: x\n\nGiven a user\n\nWhen they post\n\nThen it is 200\n\nAnd a mail goes out",
        "# Scenario: x\n- Given a user\n- When they post\n- Then it is 200\n- And a mail goes out\n",
        "# Scenario: x\n1. given a user\n2. when they post\n3. then it is 200\n4. and a mail goes out\n",
        "# Scenario: x\n**Given** a user  \n**When** they post  \n**Then** it is 200  \n**And** a mail goes out\n",
        "# Scenario: x\n**Given:** a user\n**When:** they post\n**Then:** it is 200\n**And:** a mail goes out\n",
        "# Scenario: x\n### Given\na user\n### When\nthey post\n### Then\nit is 200\n### And\na mail goes out\n",
        "# Scenario: x\n**Given**\n- a user\n\n**When**\n- they post\n\n**Then**\n- it is 200\n- a mail goes out\n",
        "# Scenario: x\nGiven a\nuser\nWhen they\n\npost\nThen it\nis 200\nBut a mail\ngoes out\n",
        "# Example: x\n> Given a user\n> When they post\n> Then it is 200\n> And a mail goes out\n",
        "Scenario: x\n\nGiven a user\nWhen they post\nThen it is 200\nAnd a mail goes out\n",
        "Some words.\n\n**Scenario: x**\n\nGiven a user\nWhen they post\nThen it is 200\nAnd a mail goes out\n",
        "Scenario: x\n-----------\n\nGiven a user\nWhen they post\nThen it is 200\nAnd a mail goes out\n",
        "# Scenario: x\n```gherkin\nGiven a user\nWhen they post\nThen it is 200\nAnd a mail goes out\n```\n",
        "```gherkin\nScenario: x\nGiven a user\nWhen they post\nThen it is 200\nAnd a mail goes out\n```\n",
        "# Feature: f\n## Scenario: x\n### Setup\nGiven a user\n### Test\nWhen they post\nThen it is 200\nAnd a mail goes out\n# Notes\nNone.\n",
    ] {
        assert_eq!(only(source), expected, "{source}");
    }
}

#[test]
fn a_lower_case_word_goes_on_with_the_sentence() {
    assert_eq!(
        only("# Scenario: x\nWhen they post\nand wait\nThen it is 200\n"),
        ["When they post and wait", "Then it is 200"]
    );
}

#[test]
fn items_below_a_sentence_are_part_of_it() {
    assert_eq!(
        only("# Scenario: x\nGiven these users:\n- ann\n- bob\nWhen they post\nThen it is 200\n"),
        ["Given these users: ann; bob", "When they post", "Then it is 200"]
    );
}

#[test]
fn only_the_first_row_of_dashes_is_layout() {
    let source = "# Scenario: x\nWhen a\n| a |\n|:-:|\n|---|\nThen b\n";
    let (scenarios, diagnostics) = parse_scenarios(source, "a.md");
    assert_eq!(found(source, &diagnostics), []);
    assert_eq!(scenarios[0].steps[0].table.as_ref().unwrap(), &[["a"], ["---"]]);
}

#[test]
fn what_is_before_the_first_step_describes_the_scenario() {
    let source = "# Scenario: x\n\nIt is slow.\n\n| a | b |\n\n```\n# Scenario: y\n```\n\nWhen a\nThen b\n\n---\n\nA note.\n";
    let (scenarios, diagnostics) = parse_scenarios(source, "a.md");
    assert_eq!(diagnostics, []);
    assert_eq!(scenarios.len(), 1);
    assert_eq!(scenarios[0].description, "It is slow.\n\n| a | b |\n\n# Scenario: y\n\n\nA note.");
    assert_eq!(scenarios[0].steps[1].text, "b");
}

#[test]
fn tags_stand_before_or_below_the_heading_and_covers_adds_up() {
    let source = "Covers: R9\n\n@vault\n# Scenario: a\n@R2 @critical\nWhen a\nThen b\n**Covers:** R3, r2\n\n@destructive\n\n# Scenario: b\nWhen a\nThen b\n";
    let (scenarios, diagnostics) = parse_scenarios(source, "a.md");
    assert_eq!(diagnostics, []);
    assert_eq!(scenarios[0].tags, [Tag::Vault, Tag::Critical]);
    assert_eq!(scenarios[0].covers, ["R9", "R2", "R3"]);
    assert_eq!(scenarios[1].tags, [Tag::Destructive]);
    assert_eq!(scenarios[1].covers, ["R9"]);
}

#[test]
fn comments_hide_steps_and_code_does_not_comment() {
    let source =
        "# Scenario: x\nWhen a <!-- ø\nThen hidden\n--> and\nThen `<!--` is sent\n```\n<!-- kept\n```\n";
    let (scenarios, diagnostics) = parse_scenarios(source, "a.md");
    assert_eq!(diagnostics, []);
    assert_eq!(steps(&scenarios[0]), ["When a and", "Then `<!--` is sent"]);
    assert_eq!(scenarios[0].steps[1].doc_string.as_ref().unwrap().text, "<!-- kept");
}

#[test]
fn names_give_unique_ids() {
    let source = "# Scenario: A b\nWhen a\nThen b\n# Scenario: a-b!\nWhen a\nThen b\n# Scenario: 日本\nWhen a\nThen b\n";
    let (scenarios, diagnostics) = parse_scenarios(source, "x/001-Spec.feature.md");
    assert_eq!(diagnostics, []);
    let ids: Vec<&str> = scenarios.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids[..2], ["spec/a-b", "spec/a-b-2"]);
    assert!(ids[2].starts_with("spec/scenario-"));
}

#[test]
fn what_is_wrong_is_an_error_at_its_place() {
    for (source, expected) in [
        ("", vec![("G001", "")]),
        ("# Notes\n\nNothing.\n", vec![("G001", "")]),
        ("# Scenario: x\nGiven a\nThen b\n", vec![("G002", "# Scenario: x")]),
        ("# Scenario: x\nGiven a\nWhen b\n", vec![("G003", "# Scenario: x")]),
        ("# Scenario: x\n", vec![("G002", "# Scenario: x"), ("G003", "# Scenario: x")]),
        ("# Scenario:\nWhen a\nThen b\n", vec![("G015", "# Scenario:")]),
        ("# Scenario: x\nWhen a\n**Then**\n", vec![("G004", "**Then**")]),
        ("# Scenario: x\nAnd a\nWhen b\nThen c\n", vec![("G012", "And a")]),
        ("# Scenario: x\nWhenn a\nThen c\n", vec![("G006", "Whenn a")]),
        ("# Scenario: x\nWhen a\n- Tehn c\nThen d\n", vec![("G006", "- Tehn c")]),
        ("# Scenaro: x\nWhen a\nThen c\n", vec![("G006", "# Scenaro: x")]),
        (
            "# Scenario: x\nWhen a\nThen b\n# Scenario: x\nWhen a\nThen b\n# Scenario: x\nWhen a\nThen b\n",
            vec![("G007", "# Scenario: x")],
        ),
        ("# Scenario: x\nWhen a\n```\nThen b\n", vec![("G003", "# Scenario: x"), ("G008", "```")]),
        ("# Scenario: x\nWhen a\n|a|b|\n|-|-|\n|ø|\nThen b\n", vec![("G009", "|ø|")]),
        ("# Scenario: x\nWhen a\n|a|b|\n|-|\nThen b\n", vec![("G009", "|-|")]),
        ("# Scenario: x\nWhen a\n|a|\n\n|b|\nThen b\n", vec![("G005", "|b|")]),
        ("# Scenario: x\nWhen a\n```\n```\n```\n```\nThen b\n", vec![("G005", "```")]),
        (
            "# Scenario Outline: o\nWhen <a>\nThen b\n## Examples:\n|a|\n|1|\n# Scenario: x\nWhen a\nThen b\n",
            vec![("G010", "# Scenario Outline: o")],
        ),
        ("# Rule: r\n## Scenario: x\nWhen a\nThen b\n", vec![("G010", "# Rule: r")]),
        ("# Scenario: x\nWhen <a>\nThen b\n\n### Examples:\n| a |\n", vec![("G010", "### Examples:")]),
        ("# Scenario: x\nWhen a\nThen b\nExamples:\n| a |\n", vec![("G010", "Examples:")]),
        ("# Scenario: x\nWhen a\nThen b\n\n@critical\n", vec![("G013", "@critical")]),
        ("@critical\n# Other\n# Scenario: x\nWhen a\nThen b\n", vec![("G013", "@critical")]),
        ("# Scenario: x\nCovers: login\nWhen a\nThen b\n", vec![("G014", "login")]),
        ("# Scenario: x\nWhen a\nThen b\n# End\nCovers: R1\n", vec![("G014", "Covers: R1")]),
        ("# Background\nGiven a\n", vec![("G016", "# Background")]),
        (
            "# Background\nGiven a\n# Background:\nGiven b\n# Scenario: x\nWhen a\nThen b\n",
            vec![("G016", "# Background:")],
        ),
        (
            "# Background\nGiven\n# Scenario: x\nWhen a\nThen b\n# Scenario: y\nWhen a\nThen b\n",
            vec![("G004", "Given")],
        ),
        ("# Scenario: x\nWhen a\nThen b\n<!-- é", vec![("G017", "<!--")]),
        (
            "# Scenario 1 - x\nWhen a\nThen b\n# Scenario: y\nWhen a\nThen b\n",
            vec![("G006", "# Scenario 1 - x")],
        ),
        ("```gherkin\nBackground:\nGiven a\n```\n", vec![("G016", "Background:")]),
        ("```gherkin\nGiven a\n```\n", vec![("G005", "Given a")]),
    ] {
        let (_, diagnostics) = parse_scenarios(source, "a.md");
        assert_eq!(errors(source, &diagnostics), expected, "{source}");
    }
}

#[test]
fn prose_outside_is_no_error_but_a_sentence_of_a_step_is_a_warning() {
    let source = "When in doubt, ask.\n\n# Scenario: x\nWhen a\nThen b\n\n# Rules of the house\n\nThe end.\n\nThen it rains.\n";
    let (scenarios, diagnostics) = parse_scenarios(source, "a.md");
    assert_eq!(found(source, &diagnostics), [("G101", "When in doubt, ask."), ("G101", "Then it rains.")]);
    assert!(diagnostics.iter().all(|one| one.severity == Severity::Warning));
    assert_eq!(scenarios[0].steps.len(), 2);
}

#[test]
fn an_error_names_line_and_text() {
    let source = "# Scenario: x\nWhen a\nThen b\n\n## Scenario Outline: größer\n";
    let (_, diagnostics) = parse_scenarios(source, "a.md");
    assert_eq!(
        render(&diagnostics, "holdout/a.md", source),
        "\
error[G010]: `## Scenario Outline: größer` is not supported
 --> holdout/a.md:5:1
  |
5 | ## Scenario Outline: größer
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write a scenario for every example
"
    );
}

#[test]
fn scenarios_survive_json() {
    let (scenarios, _) = parse_scenarios(SCENARIOS, NAME);
    let json = serde_json::to_string(&scenarios).unwrap();
    assert_eq!(serde_json::from_str::<Vec<factory_spec::Scenario>>(&json).unwrap(), scenarios);
    assert_eq!(scenarios[0].steps[3].keyword, Keyword::When);
    assert!(json.contains(r#""keyword":"when""#) && json.contains(r#""tags":["critical"]"#));
}
