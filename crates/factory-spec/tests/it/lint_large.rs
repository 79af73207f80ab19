//! The linter comes to the end of large and lopsided texts, and no text makes it panic.

use factory_spec::Colour;
use factory_spec::lint::{self, Format, Reported, Selection};

use crate::support::{FEATURE, SCENARIOS, SPEC};

/// How large each text is, in bytes, about. What looked back at all before for each word would not come to its end.
const SIZE: usize = 1 << 16;

fn fill(piece: &str) -> String {
    piece.repeat(SIZE / piece.len())
}

fn everything() -> Selection {
    Selection { preview: true, ..Selection::default() }
}

#[test]
fn every_shape_is_looked_at_to_its_end() {
    let spec =
        |requirements: &str| format!("# Feature: x\n\n## Goal\n\ny\n\n## Requirements\n\n{requirements}");
    for (path, source) in [
        ("words.md", spec(&format!("1. The system shall {}", fill("often ")))),
        ("times.md", spec(&format!("1. The lock shall expire {}", fill("within 5 seconds ")))),
        ("lists.md", spec(&format!("1. The system shall show a, {}", fill("etc, ")))),
        ("brackets.md", spec(&format!("1. The system shall {}", fill("(a etc ")))),
        ("qualities.md", spec(&format!("1. The system shall be {}", fill("fast and ")))),
        ("modals.md", spec(&format!("1. The system {}", fill("that must ")))),
        ("quotes.md", spec(&format!("1. The system shall show {}", fill("\"")))),
        ("code.md", spec(&format!("1. The system shall show {}", fill("`a` ")))),
        ("stars.md", spec(&format!("1. The system shall {}", fill("**a *b ")))),
        ("aliases.md", spec(&fill("1. WHEN a is done THEN the system SHALL stop\n"))),
        ("ifs.md", spec(&fill("1. IF a is done, the system SHALL stop\n"))),
        ("opposites.md", spec(&fill("1. The system MUST log all. The system MUST NOT log all.\n"))),
        (
            "comments.md",
            spec(&fill("1. The system MUST be fast. <!-- lint: allow A102 because it is so -->\n")),
        ),
        ("comments in a line.md", spec(&fill("fast <!-- lint: allow A102 because it is so -->\n"))),
        ("reasons.md", spec(&fill("<!-- lint: allow A102 -->\n"))),
        (
            "states.md",
            format!(
                "# Aggregate: x\n\n## States\n\n{}## Transitions\n\n{}",
                fill("- a\n"),
                fill("- b -> c\n")
            ),
        ),
        ("open.md", format!("# X\n\n## ADDED Requirements\n\n{}", fill("### Requirement: a\n\n"))),
        ("cells.md", format!("# Requirements\n\n| a |\n|---|\n{}", fill("| The system shall be fast |\n"))),
        (
            "steps.feature",
            format!("Feature: f\nScenario: x\n{}Then b\n", fill("When an order exists within 5 seconds\n")),
        ),
        (
            "examples.feature",
            format!(
                "Feature: f\nScenario Outline: x\nWhen <a>\nThen b exists\nExamples:\n|a|\n{}",
                fill("|1|\n")
            ),
        ),
        ("steps.toml", fill("[[step]]\npattern = '{a}{b}'\nsteps = ['the total is correct']\n")),
        ("one line.md", fill("x")),
        ("quoted.md", fill("> ")),
    ] {
        let linted = lint::lint(path, &source, &everything(), &|_| false);
        for finding in &linted.findings {
            assert!(source.get(finding.span.clone()).is_some(), "{path}: {finding:?}");
        }
        lint::across(&[(path, &source, &linted)], &everything());
        let (_, mended) = lint::fixed(&source, &linted.findings);
        assert!(mended <= linted.findings.len());
    }
}

#[test]
fn no_text_makes_the_linter_panic() {
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % below
    };
    let seeds: Vec<String> = [SPEC, FEATURE, SCENARIOS]
        .into_iter()
        .map(str::to_owned)
        .chain(lint::all().into_iter().map(|rule| rule.bad))
        .filter(|text| !text.is_empty())
        .collect();
    let pieces = [
        "\n",
        "`",
        "**",
        "é",
        "日本",
        "🦀",
        "\u{feff}",
        "\"",
        "(",
        "WHEN ",
        "THEN ",
        "IF ",
        "SHALL ",
        "must ",
        "etc.",
        "1. ",
        "# ",
        "## ",
        "- ",
        "|",
        "<!-- lint: allow A101 because x y -->",
        "5",
        "within 5 s",
        "->",
        "[[step]]",
        "'",
        "\u{301}",
        "…",
        "##### Scenario: ",
    ];
    for _ in 0..500 {
        let mut text: Vec<char> = seeds[random(seeds.len())].chars().collect();
        for _ in 0..=random(6) {
            let at = random(text.len() + 1);
            match random(3) {
                0 => text.truncate(at),
                1 => drop(text.drain(at..(at + random(20)).min(text.len()))),
                _ => drop(text.splice(at..at, pieces[random(pieces.len())].chars())),
            }
        }
        let source: String = text.into_iter().collect();
        let path = ["a.md", "a.feature", "steps.toml"][random(3)];
        let linted = lint::lint(path, &source, &everything(), &|_| true);
        let reported = Reported { path, source: &source, findings: &linted.findings };
        for format in [Format::Full, Format::Concise, Format::Json, Format::Github, Format::Sarif] {
            lint::render(&[reported], format, Colour::Plain);
        }
        lint::fixed(&source, &linted.findings);
    }
}
