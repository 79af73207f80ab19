//! No text makes a parser panic, and every span lies on character boundaries: seeded mutations of the samples.

use factory_spec::{Diagnostic, check_references, parse_scenarios, parse_spec, position, render, slug};

use crate::support::{FEATURE, SCENARIOS, SPEC};

const ROUNDS: usize = 4000;

/// Pieces that are likely to meet a branch.
const PIECES: [&str; 58] = [
    "\n",
    "\r\n",
    "\r",
    "\t",
    "    ",
    "\u{feff}",
    "\u{a0}",
    "é",
    "日本",
    "🦀",
    "\u{301}",
    "\0",
    "# ",
    "## ",
    "# Feature:",
    "# Bug:",
    "## Requirements\n",
    "1. ",
    "99999999999999999999. ",
    "R1: ",
    "- ",
    "* ",
    "> ",
    "**",
    "`",
    "```",
    "```gherkin\n",
    "~~~",
    "\"\"\"",
    "<!--",
    "-->",
    "<é",
    ">",
    "|",
    "|-|",
    "\\",
    "---\n",
    "@R1",
    "@",
    "Covers: ",
    "Scenario: ",
    "# Scenario Outline: x\n",
    "Background:\n",
    "Scenario Outline: <a>\n",
    "Examples:\n| a |\n| 1 |\n",
    "## Examples:\n",
    "<a>",
    "Rule: r\n",
    "# Rule: r\n",
    "# language: ja\n",
    "もし",
    "SCN-1: x\n",
    "Steps:\n",
    " -> 200, ",
    "* Given ",
    "Given ",
    "Whenn ",
    "And",
];

/// An outline in a rule, in another language.
const OUTLINES: &str = "# language: fr\n@R1\nFonctionnalité: f\nContexte:\nSoit a\nRègle: r\n\
    Plan du scénario: <é>\nQuand <é>\n\"\"\"<é>\n<é>\n\"\"\"\nAlors b\n| <é> |\n@x\nExemples:\n| é | \\n |\n| 1 | <é> |\n";

/// Xorshift: the same mutations on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % limit.max(1)
    }

    /// A character boundary of `text`.
    fn boundary(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    fn mutate(&mut self, text: &mut String) {
        let (a, b) = (self.boundary(text), self.boundary(text));
        let (from, to) = (a.min(b), a.max(b));
        match self.below(6) {
            0 => text.truncate(to),
            1 => {
                // Take out little, else nothing is left after some rounds.
                let to = (from..=to).rev().find(|&at| text.is_char_boundary(at) && at <= from + 20);
                text.replace_range(from..to.unwrap_or(from), "");
            }
            2 => {
                let copy: String = text[from..to].chars().take(60).collect();
                text.insert_str(self.boundary(text), &copy);
            }
            3 => *text = text.replace('\n', "\r\n"),
            _ => text.insert_str(from, PIECES[self.below(PIECES.len())]),
        }
    }
}

fn check_diagnostics(source: &str, diagnostics: &[Diagnostic], shown: bool) {
    for one in diagnostics {
        assert!(source.get(one.span.clone()).is_some(), "{one:?} in {source:?}");
        assert!(position(source, one.span.start) <= position(source, one.span.end));
    }
    if shown {
        assert_eq!(render(diagnostics, "a.md", source).is_empty(), diagnostics.is_empty());
    }
}

fn fuzz_spec(source: &str, shown: bool) {
    let (spec, mut diagnostics) = parse_spec(source);
    diagnostics.extend(check_references(&spec, &|_| false));
    check_diagnostics(source, &diagnostics, shown);
    assert!(source.get(spec.title_span.clone()).is_some());
    for requirement in &spec.requirements {
        assert!(source.get(requirement.span.clone()).is_some(), "{requirement:?} in {source:?}");
        assert!(!requirement.text.contains('\n') && !requirement.id.is_empty());
    }
    for reference in &spec.references {
        assert_eq!(source[reference.span.clone()], reference.path);
    }
    assert!(!slug(&spec.title).is_empty());
}

fn fuzz_scenarios(source: &str, path: &str, shown: bool) {
    let (scenarios, diagnostics) = parse_scenarios(source, path);
    check_diagnostics(source, &diagnostics, shown);
    assert!(!scenarios.is_empty() || !diagnostics.is_empty());
    let mut ids: Vec<&str> = scenarios.iter().map(|one| one.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), scenarios.len());
    for scenario in &scenarios {
        assert!(source.get(scenario.span.clone()).is_some(), "{scenario:?} in {source:?}");
        for step in &scenario.steps {
            assert!(source.get(step.span.clone()).is_some(), "{step:?} in {source:?}");
            assert!(!step.text.contains('\n'));
        }
    }
}

/// Runs `check` on many mutations of `sample`; the flag says whether to render as well, which is slower.
fn run(sample: &str, seed: u64, check: impl Fn(&str, bool)) {
    let mut random = Random(seed);
    for round in 0..ROUNDS {
        let mut text = sample.to_owned();
        for _ in 0..=random.below(8) {
            random.mutate(&mut text);
        }
        check(&text, round % 8 == 0);
    }
}

#[test]
fn specifications_never_panic() {
    run(SPEC, 0x5eed_0001, fuzz_spec);
    run("# Bug: é\n## Expected\n- R1 MUST <x>\n", 0x5eed_0002, fuzz_spec);
}

#[test]
fn loose_scenarios_never_panic() {
    run(SCENARIOS, 0x5eed_0003, |text, shown| fuzz_scenarios(text, "a.md", shown));
}

#[test]
fn gherkin_never_panics() {
    run(FEATURE, 0x5eed_0004, |text, shown| fuzz_scenarios(text, "a.feature", shown));
    run(FEATURE, 0x5eed_0005, |text, shown| fuzz_scenarios(text, "a.md", shown));
    run(OUTLINES, 0x5eed_0007, |text, shown| fuzz_scenarios(text, "a.feature", shown));
}

#[test]
fn random_pieces_never_panic() {
    let mut random = Random(0x5eed_0006);
    for round in 0..ROUNDS {
        let text: String = (0..random.below(30)).map(|_| PIECES[random.below(PIECES.len())]).collect();
        fuzz_spec(&text, round % 8 == 0);
        fuzz_scenarios(&text, "a.md", round % 8 == 0);
        fuzz_scenarios(&text, "a.feature", false);
        fuzz_scenarios(&text, "a.feature.md", false);
    }
}
