//! What a translator is told and asked.

use std::fmt::Write as _;

use factory_core::ids::Digest;
use factory_spec::{Scenario, Step};

use super::Question;
use crate::grammar::{Phrases, Rewritten};

const INSTRUCTIONS: &str = include_str!("../../prompts/translate.md");
/// How the question is put; raised when that changes.
const FORM: &str = "question 1";

/// The digest of what a translator is told. What was said to other words may be another answer.
pub fn digest() -> Digest {
    Digest::of([INSTRUCTIONS, FORM].join("\0").as_bytes())
}

/// Asks for the sentences at these places.
pub(super) fn question(
    scenario: &Scenario,
    phrases: &Phrases,
    known: &Rewritten,
    wanted: &[usize],
) -> Question {
    let mut asked = String::new();
    if !phrases.background().trim().is_empty() {
        asked.push_str(&format!("Notes on the project:\n\n{}\n\n", phrases.background().trim()));
    }
    if !phrases.source().trim().is_empty() {
        asked.push_str(&format!(
            "The project's own sentences, which can be used:\n\n{}\n\n",
            phrases.source().trim()
        ));
    }
    asked.push_str(&format!("The scenario: {}\n\n", scenario.name));
    for (place, step) in scenario.steps.iter().enumerate() {
        shown(&mut asked, place, step, known.get(&place), wanted.contains(&place));
    }
    let numbers: Vec<String> = wanted.iter().map(|place| (place + 1).to_string()).collect();
    asked.push_str(&format!("\nNo rule can read: {}.", numbers.join(", ")));
    Question { instructions: INSTRUCTIONS.trim().to_owned(), asked }
}

fn shown(asked: &mut String, place: usize, step: &Step, known: Option<&Vec<String>>, is_wanted: bool) {
    let mark = if is_wanted { "   <- no rule can read this" } else { "" };
    // Writing to a string cannot fail.
    let _ = writeln!(asked, "{}. {} {}{mark}", place + 1, step.keyword, step.text);
    if let Some(block) = &step.doc_string {
        let _ = writeln!(asked, "   \"\"\"\n{}\n   \"\"\"", block.text);
    }
    for row in step.table.iter().flatten() {
        let _ = writeln!(asked, "   | {} |", row.join(" | "));
    }
    for sentence in known.into_iter().flatten() {
        let _ = writeln!(asked, "   in other words: {sentence}");
    }
}
