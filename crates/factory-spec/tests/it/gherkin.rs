//! Gherkin files.

use factory_spec::{Tag, parse_scenarios};

use crate::support::{FEATURE, errors, found, steps};

#[test]
fn a_feature_file_is_read_without_a_finding() {
    let (scenarios, diagnostics) = parse_scenarios(FEATURE, "holdout/sessions.feature");
    assert_eq!(found(FEATURE, &diagnostics), []);
    let [first, second] = &scenarios[..] else {
        panic!("two scenarios, not {}", scenarios.len());
    };
    assert_eq!(first.id, "sessions/a-reset-ends-sessions");
    assert_eq!(first.description, "Two devices are logged in.");
    assert_eq!(first.covers, ["R14", "R2"]);
    assert_eq!(first.tags, [Tag::Critical]);
    assert_eq!(
        steps(first),
        [
            "Given an account for \"ann@example.test\"",
            "Given a second session",
            "When the password is reset",
            "Then these requests are refused:",
            "Then \"GET /health\" is answered 200",
        ]
    );
    let doc = first.steps[2].doc_string.as_ref().unwrap();
    assert_eq!((doc.media.as_deref(), doc.text.as_str()), (Some("json"), "{\"token\": \"größe\"}"));
    assert_eq!(first.steps[3].table.as_ref().unwrap()[1], ["GET /me", "401"]);
    assert_eq!(second.covers, ["R14"]);
    assert_eq!(second.steps.len(), 3);
    assert_eq!(
        &FEATURE[first.steps[2].span.clone()],
        "When the password is reset\n      \"\"\"json\n      {\"token\": \"größe\"}\n      \"\"\""
    );
    assert!(FEATURE[second.span.clone()].starts_with("Example: Others stay logged in\n"));
    assert!(FEATURE[second.span.clone()].ends_with("is open"));
}

#[test]
fn line_ends_do_not_matter() {
    let source = FEATURE.replace('\n', "\r\n");
    let (windows, diagnostics) = parse_scenarios(&source, "sessions.feature");
    assert_eq!(found(&source, &diagnostics), []);
    let (unix, _) = parse_scenarios(FEATURE, "sessions.feature");
    assert_eq!(steps(&windows[0]), steps(&unix[0]));
    assert_eq!(windows[0].steps[2].doc_string, unix[0].steps[2].doc_string);
    assert_eq!(windows[0].steps[3].table, unix[0].steps[3].table);
}

#[test]
fn bare_gherkin_in_markdown_is_gherkin() {
    for source in [FEATURE.to_owned(), FEATURE.replace("Feature: Sessions\n", "")] {
        let (scenarios, _) = parse_scenarios(&source, "sessions.md");
        // In Gherkin `# the ordinary case` is a comment; in Markdown it would be a heading.
        assert_eq!(scenarios.len(), 2, "{source}");
    }
}

/// A feature with this body.
fn feature(body: &str) -> String {
    format!("Feature: f\n\n{body}")
}

#[test]
fn descriptions_comments_and_blank_lines_are_not_steps() {
    let source = feature(
        "  Words, and \\\"\\\"\\\" too.\n\nScenario: x\n  # one\n  Some words\n\n  more words\n  # two\n\n  When a\n  # three\n\n  | a |\n\n  # four\n  | b |\n  Then b\n",
    );
    let (scenarios, diagnostics) = parse_scenarios(&source, "a.feature");
    assert_eq!(found(&source, &diagnostics), []);
    assert_eq!(scenarios[0].description, "Some words\n\nmore words");
    assert_eq!(scenarios[0].steps[0].table.as_ref().unwrap().len(), 2);
}

#[test]
fn a_step_may_have_a_table_and_a_doc_string() {
    let source = feature("Scenario: x\nWhen a\n```\nScenario: y\n# z\n@t\n```\n| a |\nThen b\n");
    let (scenarios, diagnostics) = parse_scenarios(&source, "a.feature");
    assert_eq!(found(&source, &diagnostics), []);
    assert_eq!(scenarios.len(), 1);
    let step = &scenarios[0].steps[0];
    assert_eq!(step.doc_string.as_ref().unwrap().text, "Scenario: y\n# z\n@t");
    assert_eq!(step.table.as_ref().unwrap(), &[["a"]]);
}

#[test]
fn and_goes_on_from_the_background() {
    let source = feature("Background:\nGiven a\nScenario: x\nAnd b\nWhen c\nThen d\nBut e\n");
    let (scenarios, diagnostics) = parse_scenarios(&source, "a.feature");
    assert_eq!(found(&source, &diagnostics), []);
    assert_eq!(steps(&scenarios[0]), ["Given a", "Given b", "When c", "Then d", "Then e"]);
}

#[test]
fn covers_lines_hold_for_the_file_the_rule_or_the_scenario() {
    let source =
        feature("Covers: R1\nScenario: x\nCovers: R2\nWhen a\nThen b\nScenario: y\nWhen a\nThen b\n");
    let (scenarios, diagnostics) = parse_scenarios(&source, "a.feature");
    assert_eq!(found(&source, &diagnostics), []);
    assert_eq!(scenarios[0].covers, ["R1", "R2"]);
    assert_eq!(scenarios[1].covers, ["R1"]);
}

#[test]
fn what_is_wrong_is_an_error_at_its_place() {
    const GOOD: &str = "Scenario: good\nWhen a\nThen b\n";
    for (body, expected) in [
        ("", vec![("G001", "")]),
        ("  Only words.\n", vec![("G001", "")]),
        ("Scenario: x\nGiven a\nThen b\n", vec![("G002", "Scenario: x")]),
        ("Scenario: x\nWhen a\n", vec![("G003", "Scenario: x")]),
        ("Scenario: x\n* a\n* b\n", vec![("G002", "Scenario: x"), ("G003", "Scenario: x")]),
        ("Scenario:\nWhen a\nThen b\n", vec![("G015", "Scenario:")]),
        ("Scenario: x\nWhen\nThen b\n", vec![("G004", "When")]),
        ("Scenario: x\nBut a\nWhen a\nThen b\n", vec![("G012", "But a")]),
        // A lone misspelled keyword before the first step would be a description.
        ("Scenario: x\n  Whenn é\n  When a\n  Then b\n", vec![("G006", "Whenn é")]),
        ("Scenario: x\n  Whenn a\n", vec![("G006", "Whenn a")]),
        ("Scenario: x\nWhen a\nThne b\n", vec![("G006", "Thne b")]),
        ("Scenario: x\nWHEN a\nThen b\n", vec![("G006", "WHEN a")]),
        ("Scenario: x\nWhen a\nThen: b\n", vec![("G006", "Then: b")]),
        ("Scenaro: x\nWhen a\nThen b\n", vec![("G006", "Scenaro: x")]),
        ("Scenario: x\nWhen a\nand b\nThen c\n", vec![("G005", "and b")]),
        ("Scenario: x\nWhen a\nThen b\n\nsomething else\n", vec![("G005", "something else")]),
        ("Scenario: x\n| a |\nWhen a\nThen b\n", vec![("G005", "| a |")]),
        ("Scenario: x\n\"\"\"\nWhen a\nThen b\n", vec![("G005", "\"\"\"")]),
        ("Scenario: x\nWhen a\n\"\"\"\n\"\"\"\n```\n```\nThen b\n", vec![("G005", "```"), ("G005", "```")]),
        ("Scenario: x\nWhen a\n|a|\n\"\"\"\n\"\"\"\n|b|\nThen b\n", vec![("G005", "|b|")]),
        ("Scenario: x\nWhen a\nThen b\n\"\"\"\n", vec![("G008", "\"\"\"")]),
        ("Scenario: x\nWhen a\n|a|b|\n|c|\nThen b\n", vec![("G009", "|c|")]),
        ("Scenario: x\nWhen a\n|a|b|\n|c|d|e|\n|f|g|\nThen b\n", vec![("G009", "|c|d|e|")]),
        ("Scenario: x\nWhen a\nThen b\nScenario: x\nWhen a\nThen b\n", vec![("G007", "Scenario: x")]),
        ("Scenario Outline: o\nWhen a\nThen b\n", vec![("G018", "Scenario Outline: o")]),
        ("Scenario Outline: o\nWhen <a>\nThen b\nExamples: e\n|a|\n", vec![("G018", "Examples: e")]),
        ("Scenario: x\nWhen a\nThen b\nScenarios: e\n", vec![("G018", "Scenarios: e")]),
        (
            "Scenario Outline: o\nWhen <emial>\nThen b\nExamples:\n|email|\n|1|\n",
            vec![("G020", "When <emial>")],
        ),
        ("Scenario Outline: o\nWhen <a>\nThen b\nExamples:\n|a|\n|1|2|\n", vec![("G009", "|1|2|")]),
        ("Scenario Outline: o\nWhen <a>\nThen b\nExamples:\n|a|\n|1|\n\nThen c\n", vec![("G005", "Then c")]),
        (
            "Background:\nGiven a\nExamples:\n|a|\n|1|\nScenario: x\nWhen a\nThen b\n",
            vec![("G005", "Examples:")],
        ),
        ("Rule: r\nBackground:\nGiven a\n", vec![("G016", "Background:")]),
        ("Scenario: x\nWhen a\nThen b\nBackground:\nGiven c\n", vec![("G016", "Background:")]),
        ("@crtical\nScenario: x\nWhen a\nThen b\n", vec![("G019", "@crtical")]),
        ("@valut @slow @fault\nScenario: x\nWhen a\nThen b\n", vec![("G019", "@valut")]),
        ("@a tag\nScenario: x\nWhen a\nThen b\n", vec![("G013", "@a tag")]),
        ("Scenario: x\nWhen a\nThen b\n@end\n", vec![("G013", "@end")]),
        ("Scenario: x\n@late\nWhen a\nThen b\n", vec![("G013", "@late")]),
        ("@a\nBackground:\nGiven a\nScenario: x\nWhen a\nThen b\n", vec![("G013", "@a")]),
        ("Scenario: x\nCovers: the login\nWhen a\nThen b\n", vec![("G014", "the"), ("G014", "login")]),
        ("Background:\nGiven a\n", vec![("G016", "Background:")]),
        (
            "Background:\nGiven a\nBackground: b\nGiven c\nScenario: x\nWhen a\nThen b\n",
            vec![("G016", "Background: b")],
        ),
        ("Scenario: x\nWhen a\nThen b\nFeature: g\n", vec![("G005", "Feature: g")]),
    ] {
        let source = feature(body);
        let (_, diagnostics) = parse_scenarios(&source, "a.feature");
        assert_eq!(errors(&source, &diagnostics), expected, "{source}");
        // The error does not hide what follows it.
        let source = format!("{source}{GOOD}");
        let (scenarios, _) = parse_scenarios(&source, "a.feature");
        let swallowed = ["\"\"\"\n", "@end\n"].iter().any(|end| body.ends_with(end));
        assert!(swallowed || scenarios.iter().any(|one| one.name == "good"), "{source}");
    }
}

#[test]
fn tags_of_other_tools_are_no_errors() {
    for path in ["a.feature", "a.md"] {
        let heading = if path == "a.md" { "# " } else { "" };
        let source = format!("@smoke @fault @critic @JIRA-7\n{heading}Scenario: x\nWhen a\nThen b\n");
        let (scenarios, diagnostics) = parse_scenarios(&source, path);
        assert_eq!(errors(&source, &diagnostics), [], "{path}");
        let near: Vec<_> = diagnostics.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(
            near,
            ["`@fault` looks like `@vault` and is not", "`@critic` looks like `@critical` and is not"]
        );
        assert_eq!(scenarios[0].tags.len(), 4, "{path}");
        let (_, diagnostics) = parse_scenarios(&source.replace("fault", "valut"), path);
        assert_eq!(diagnostics[0].code.as_str(), "G019", "{path}");
        assert!(factory_spec::has_errors(&diagnostics), "{path}");
    }
}

#[test]
fn a_name_is_given_once_in_a_rule() {
    let source = "Rule: a\nScenario: x\nWhen a\nThen b\nRule: b\nScenario: x\nWhen a\nThen c\n";
    let twice = format!("{source}Scenario: x\nWhen a\nThen d\n");
    let headings = |source: &str| source.replace("Rule", "# Rule").replace("Scenario", "## Scenario");
    for (path, source, twice) in
        [("a.feature", source.to_owned(), twice.clone()), ("a.md", headings(source), headings(&twice))]
    {
        let (scenarios, diagnostics) = parse_scenarios(&source, path);
        assert_eq!(found(&source, &diagnostics), [], "{path}");
        assert_eq!(scenarios.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["a/x", "a/x-2"]);
        let (_, diagnostics) = parse_scenarios(&twice, path);
        assert_eq!(diagnostics.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["G007"], "{path}");
        assert!(diagnostics[0].span.start > source.len() - 10, "{path}");
    }
}

#[test]
fn lines_before_the_feature_are_refused() {
    let source = "\ninvalid line here\n\nFeature: f\nScenario: x\nWhen a\nThen b\n";
    let (_, diagnostics) = parse_scenarios(source, "a.feature");
    assert_eq!(errors(source, &diagnostics), [("G005", "invalid line here")]);
}

#[test]
fn every_spoken_language_has_keywords() {
    let source = "# language: fr\nFonctionnalité: f\nContexte:\nSoit a\nScénario: x\nQuand b\nAlors c\nEt que d\nMais qu'e\n";
    for path in ["a.feature", "a.md"] {
        let (scenarios, diagnostics) = parse_scenarios(source, path);
        assert_eq!(found(source, &diagnostics), [], "{path}");
        assert_eq!(steps(&scenarios[0]), ["Given a", "When b", "Then c", "Then d", "Then e"]);
    }
    let source = "# language: ja\n機能: f\nシナリオ: x\nもしa\nならばb\n";
    assert_eq!(steps(&parse_scenarios(source, "a.feature").0[0]), ["When a", "Then b"]);
    let source = "# Scenario: x\n```gherkin\n# language: de\nSzenario: y\nWenn a\nDann b\n```\n";
    let (scenarios, _) = parse_scenarios(source, "a.md");
    assert_eq!(steps(&scenarios[1]), ["When a", "Then b"]);
}

#[test]
fn a_language_that_is_not_known_is_refused() {
    let source = "# language: fx\nFonctionnalité: f\nScénario: x\n";
    let (_, diagnostics) = parse_scenarios(source, "a.feature");
    assert_eq!(errors(source, &diagnostics), [("G011", "# language: fx")]);
    let source = "# language: de\nFunktionalitaet: f\n\nSzenari: x\n";
    let (_, diagnostics) = parse_scenarios(source, "a.feature");
    assert_eq!(errors(source, &diagnostics), [("G005", "Funktionalitaet: f"), ("G006", "Szenari: x")]);
    let source = "#language:en\nScenario: x\nWhen a\nThen b\n";
    assert_eq!(parse_scenarios(source, "a.feature").1, []);
}

#[test]
fn outlines_rules_and_backgrounds_become_scenarios() {
    let source = "@R1\nFeature: f\n\nBackground:\nGiven a\n\n@R2\nRule: r\nBackground:\nGiven b\n\n@slow\n\
        Scenario Outline: the <x>\nWhen <x> is sent\n\"\"\"<x>\n{<x>}\n\"\"\"\nThen there is\n|<x>|\n\n\
        @critical\nExamples:\n|x|\n|1|\n|<x>|\n\n@vault\nExamples: more\n|x|\n|3|\n";
    let (scenarios, diagnostics) = parse_scenarios(source, "a.feature");
    assert_eq!(found(source, &diagnostics), []);
    let ids: Vec<&str> = scenarios.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["a/the-1", "a/the-x", "a/the-3"]);
    assert_eq!(steps(&scenarios[0]), ["Given a", "Given b", "When 1 is sent", "Then there is"]);
    let doc = scenarios[0].steps[2].doc_string.as_ref().unwrap();
    assert_eq!((doc.media.as_deref(), doc.text.as_str()), (Some("1"), "{1}"));
    assert_eq!(scenarios[0].steps[3].table.as_ref().unwrap(), &[["1"]]);
    // A value is not looked through for parameters.
    assert_eq!(scenarios[1].steps[2].text, "<x> is sent");
    assert_eq!(scenarios[1].covers, ["R1", "R2"]);
    let slow = Tag::Other("slow".to_owned());
    assert_eq!(scenarios[1].tags, [slow.clone(), Tag::Critical]);
    assert_eq!(scenarios[2].tags, [slow, Tag::Vault]);
}

#[test]
fn columns_and_parameters_that_do_not_meet_are_noticed() {
    let source = feature(
        "Scenario Outline: o\nWhen <a> and <html>\nThen b\nExamples:\n| a | left over |\n| 1 | 2 |\n",
    );
    let (scenarios, diagnostics) = parse_scenarios(&source, "a.feature");
    assert_eq!(found(&source, &diagnostics), [("G102", "When <a> and <html>"), ("G103", "left over")]);
    assert_eq!(scenarios[0].steps[0].text, "1 and <html>");
}

#[test]
fn a_small_text_does_not_become_an_endless_one() {
    let steps = "When <a> and then some more words to copy\n".repeat(10_000);
    let rows = "| x |\n".repeat(10_000);
    let source = feature(&format!("Scenario Outline: o\n{steps}Then b\nExamples:\n| a |\n{rows}"));
    let loose = format!("# Scenario Outline: o\n{steps}Then b\n## Examples:\n| a |\n{rows}");
    let background = format!("Background:\n{}", "Given a\n".repeat(10_000));
    let scenarios: String = (0..10_000).map(|n| format!("Scenario: {n}\nWhen a\nThen b\n")).collect();
    let both = format!("{background}{scenarios}");
    for (source, path) in [(source, "a.feature"), (loose, "a.md"), (both, "a.feature")] {
        let (_, diagnostics) = parse_scenarios(&source, path);
        let codes: Vec<&str> = diagnostics.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(codes, ["G021"], "{path}");
    }
}

#[test]
fn marks_that_are_no_text_are_refused_or_do_not_matter() {
    for (character, code) in [('\0', "G022"), ('\u{fffd}', "G022"), ('\u{202e}', "G022")] {
        let source = feature(&format!("Scenario: x\nWhen a{character}\nThen b\n"));
        let (_, diagnostics) = parse_scenarios(&source, "a.feature");
        assert_eq!(errors(&source, &diagnostics), [(code, character.to_string().as_str())]);
    }
    let plain = feature("\tScenario: x\n\t\tWhen a\n\t\t\t|b|\n\tThen b\n");
    let (expected, _) = parse_scenarios(&plain, "a.feature");
    for source in [format!("\u{feff}{plain}"), plain.replace('\n', "\r\n"), plain.replace('\t', "  ")] {
        let (scenarios, diagnostics) = parse_scenarios(&source, "a.feature");
        assert_eq!(diagnostics, [], "{source:?}");
        assert_eq!(steps(&scenarios[0]), steps(&expected[0]));
        assert_eq!(scenarios[0].steps[0].table, expected[0].steps[0].table);
    }
}

#[test]
fn steps_before_every_scenario_are_noticed() {
    let source = feature("Given our users\nScenario: x\nWhen a\nThen b\n");
    let (_, diagnostics) = parse_scenarios(&source, "a.feature");
    assert_eq!(found(&source, &diagnostics), [("G101", "Given our users")]);
}
