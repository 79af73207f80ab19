//! The rules, a file each. What a rule flags and what it leaves alone stands in `rules/CODE` of this crate.

use std::ops::Range;

use super::finding::Report;
use super::rule::{Debt, Family, Rule, Tier, examples};
use super::subject::{Form, StepSentence, Subject};
use crate::prose::phrase::{self, Phrases};
use crate::prose::statement::{Sentence, Statement};
use crate::prose::token::{self, Kind};
use crate::prose::{ears, measure, words};
use crate::scenario::Keyword;

mod and_or;
pub(crate) mod contradiction;
mod escape_clause;
mod limit_bounds;
mod limit_unit;
mod open_list;
mod propriety;
mod unmeasured_quality;
mod vague_count;

/// All rules that look at one text, in no particular order.
pub(super) static ALL: [&Rule; 9] = [
    &escape_clause::RULE,
    &unmeasured_quality::RULE,
    &propriety::RULE,
    &open_list::RULE,
    &vague_count::RULE,
    &limit_unit::RULE,
    &limit_bounds::RULE,
    &and_or::RULE,
    &contradiction::RULE,
];

impl<'a> Subject<'a> {
    /// The sentences whose words matter: those that demand something, and those of scenarios.
    fn sentences(&self) -> impl Iterator<Item = &Sentence<'a>> {
        let demands = self.statements.iter().map(|statement| &statement.sentence);
        demands.chain(self.steps.iter().map(|step| &step.sentence))
    }

    /// Where the demand begins in a sentence: what stands in conditions before it describes the world, not the system.
    fn demand_from(&self, sentence: &Sentence<'_>) -> usize {
        if sentence.tokens.is_empty() { 0 } else { ears::clauses(sentence).main }
    }
}

/// Some tokens as they are written, on one line.
fn said(sentence: &Sentence<'_>, range: &Range<usize>) -> String {
    let text = &sentence.source[sentence.place(range.clone())];
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "")
}

/// The range; a pattern's `<end>` takes no token, so it is as it is, but never empty.
fn without_end(sentence: &Sentence<'_>, range: Range<usize>) -> Range<usize> {
    let last = range.end.min(sentence.tokens.len()).max(range.start + 1);
    range.start..last
}
