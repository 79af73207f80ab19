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
        ("# Scenario Outline: o\nWhen a\nThen b\n", vec![("G018", "# Scenario Outline: o")]),
        ("# Scenario: x\nWhen <a>\nThen b\n\n### Examples:\n| a |\n", vec![("G018", "### Examples:")]),
        ("# Scenario: x\nWhen a\nThen b\nExamples:\n", vec![("G018", "Examples:")]),
        (
            "# Scenario: x\nWhen <a>\nThen b\n## Examples:\n| a |\n|---|\n| 1 | 2 |\n\nThen c\n",
            vec![("G009", "| 1 | 2 |"), ("G005", "Then c")],
        ),
        ("# Examples:\n| a |\n# Scenario: x\nWhen a\nThen b\n", vec![("G005", "# Examples:")]),
        (
            "# Scenario: x\nWhen a\nThen b\n# Rule: r\n## Background\nGiven a\n",
            vec![("G016", "## Background")],
        ),
        ("@crtical\n# Scenario: x\nWhen a\nThen b\n", vec![("G019", "crtical")]),
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
    let source = "# Scenario: x\nWhen a\nThen b\n\n## Scenario Outline: größer\nWhen a\nThen b\n";
    let (_, diagnostics) = parse_scenarios(source, "a.md");
    assert_eq!(
        render(&diagnostics, "holdout/a.md", source),
        "\
error[G018]: this outline has no examples
 --> holdout/a.md:5:1
  |
5 | ## Scenario Outline: größer
  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: add `Examples:` with a table, or write `Scenario:`
"
    );
}

#[test]
fn outlines_and_rules_are_read_in_markdown_too() {
    let source = "# Background\nGiven a\n\n# Scenario: first\nWhen w\nThen t\n\n@R2\n# Rule: r\nCovers: R3\n\n## Background\nGiven b\n\n\
        ## Scenario Outline: the <x>\n\n- When <x> is sent\n- Then there is\n\n  | <x> |\n  |-----|\n\n@critical\n### Examples: some\n\nOf many.\n\n\
        | x |\n|---|\n| 1 |\n| 2 |\n\n# Rule: s\n## Scenario: last\nWhen w\nThen t\n";
    let (scenarios, diagnostics) = parse_scenarios(source, "a.md");
    assert_eq!(found(source, &diagnostics), []);
    let names: Vec<&str> = scenarios.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["first", "the 1", "the 2", "last"]);
    assert_eq!(steps(&scenarios[0]), ["Given a", "When w", "Then t"]);
    assert_eq!(steps(&scenarios[2]), ["Given a", "Given b", "When 2 is sent", "Then there is"]);
    assert_eq!(scenarios[2].steps[3].table.as_ref().unwrap(), &[["2"]]);
    assert_eq!(
        (&scenarios[2].covers[..], &scenarios[2].tags[..]),
        (&["R2".to_owned(), "R3".to_owned()][..], &[Tag::Critical][..])
    );
    assert_eq!(steps(&scenarios[3]), ["Given a", "When w", "Then t"]);
    assert!(scenarios[3].covers.is_empty());
}

#[test]
fn gherkin_in_markdown_is_read_as_gherkin_does_if_its_steps_are_items() {
    let source = "# Feature: f\n\nWords.\n\n`@R1` `@critical`\n## Scenario Outline: o\n\n* Given <a>:\n\n| for | people |\n\n  | b |\n  | - |\n* When c\n  ```json\n  {}\n  ```\n* Then d\n\n### Examples:\n\n  | a |\n  | - |\n  | 1 |\n";
    let (scenarios, diagnostics) = parse_scenarios(source, "x.feature.md");
    assert_eq!(found(source, &diagnostics), []);
    assert_eq!(steps(&scenarios[0]), ["Given 1:", "When c", "Then d"]);
    assert_eq!(scenarios[0].steps[0].table.as_ref().unwrap(), &[["b"]]);
    assert_eq!(scenarios[0].steps[1].doc_string.as_ref().unwrap().text, "{}");
    assert_eq!(
        (&scenarios[0].covers[..], &scenarios[0].tags[..]),
        (&["R1".to_owned()][..], &[Tag::Critical][..])
    );
    // A step that is no item would be passed over: then the file is loose Markdown, which reads it.
    let loose = format!("{source}\n## Scenario: y\nWhen e\nThen f\n");
    let (scenarios, _) = parse_scenarios(&loose, "x.feature.md");
    assert_eq!(scenarios.last().map(steps), Some(vec!["When e".to_owned(), "Then f".to_owned()]));
}

#[test]
fn numbered_scenarios_have_preconditions_and_steps() {
    let source = "# Orders\n\n@R4\n## SCN-001: An order is counted\n\nSome words.\n\n### Preconditions\n\n- a user\n- a shop\n  that is open\n\n### Steps\n\n1. `POST /orders (state=open)` -> 201, the count is 1\n2. GET /orders (state=open) → 200\n3. the client waits\n\n**Expected:**\n\n- no mail is sent\n\n---\n\n**SCN-002: Refused**\nPreconditions: none\nSteps:\n1. Given a closed shop\n2. POST /orders -> 409\nCovers: R5\n";
    let (scenarios, diagnostics) = parse_scenarios(source, "a.md");
    assert_eq!(found(source, &diagnostics), []);
    assert_eq!(scenarios[0].id, "a/scn-001-an-order-is-counted");
    assert_eq!(
        steps(&scenarios[0]),
        [
            "Given a user",
            "Given a shop that is open",
            r#"When POST /orders with {"state": "open"}"#,
            "Then the status is 201",
            "Then the count is 1",
            "When GET /orders?state=open",
            "Then the status is 200",
            "When the client waits",
            "Then no mail is sent",
        ]
    );
    assert_eq!(scenarios[0].covers, ["R4"]);
    assert_eq!(scenarios[0].description, "Some words.");
    assert_eq!(&source[scenarios[0].steps[4].span.clone()], "the count is 1");
    assert_eq!(steps(&scenarios[1]), ["Given a closed shop", "When POST /orders", "Then the status is 409"]);
    assert_eq!(scenarios[1].covers, ["R5"]);
}

#[test]
fn what_is_wrong_in_a_numbered_scenario_is_an_error_at_its_place() {
    for (source, expected) in [
        ("# SCN-1: x\n## Steps\n1. POST /x\n", vec![("G003", "# SCN-1: x")]),
        ("# SCN-1: x\nSteps:\n1. POST /x ->\n", vec![("G023", "POST /x ->")]),
        ("# SCN-1: x\nSteps:\n1. -> 200\n", vec![("G023", "-> 200")]),
        ("# SCN-1: x\nSteps:\n1. POST /x -> 200, , b\n", vec![("G023", "POST /x -> 200, , b")]),
        ("# SCN-1:\nSteps:\n1. POST /x -> 200\n", vec![("G015", "# SCN-1:")]),
        (
            "# SCN-1: x\nSteps:\n1. POST /x -> 200\n# SCN-1: y\nSteps:\n1. POST /x -> 200\n",
            vec![("G007", "# SCN-1: y")],
        ),
    ] {
        let (_, diagnostics) = parse_scenarios(source, "a.md");
        assert_eq!(errors(source, &diagnostics), expected, "{source}");
    }
}

#[test]
fn scenarios_survive_json() {
    let (scenarios, _) = parse_scenarios(SCENARIOS, NAME);
    let json = serde_json::to_string(&scenarios).unwrap();
    assert_eq!(serde_json::from_str::<Vec<factory_spec::Scenario>>(&json).unwrap(), scenarios);
    assert_eq!(scenarios[0].steps[3].keyword, Keyword::When);
    assert!(json.contains(r#""keyword":"when""#) && json.contains(r#""tags":["critical"]"#));
}
