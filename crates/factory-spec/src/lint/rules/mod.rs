//! The rules, a file each. What a rule flags and what it leaves alone stands in `rules/CODE` of this crate.

use std::ops::Range;

use super::finding::Report;
use super::rule::{Debt, Family, Rule, Tier, examples};
use super::subject::{Form, Subject};
use crate::prose::phrase::{self, Phrases};
use crate::prose::statement::{Sentence, Statement};
use crate::prose::token::{self, Kind};
use crate::prose::{ears, measure, words};
use crate::scenario::Keyword;

mod aggregate;
mod ambiguous_count;
mod and_or;
mod as_usual;
mod change_without_mechanism;
pub(crate) mod contradiction;
mod correct_without_value;
mod ears_form;
mod escape_clause;
mod implementation;
mod implied_flow;
mod leaky_step;
mod limit_bounds;
mod limit_unit;
mod open_list;
mod open_question;
mod prescribed_fix;
mod presence_without_value;
mod pronoun_subject;
mod propriety;
mod several_goals;
mod state_without_origin;
mod tautology;
mod time_without_start;
mod two_modals;
mod undefined_abbreviation;
mod unmeasured_quality;
mod untested_requirement;
mod unused_parameter;
mod vague_count;

/// All rules that look at one text, in no particular order.
pub(super) static ALL: [&Rule; 34] = [
    &ambiguous_count::RULE,
    &and_or::RULE,
    &as_usual::RULE,
    &change_without_mechanism::RULE,
    &correct_without_value::RULE,
    &ears_form::ORDER,
    &ears_form::IF_THEN,
    &ears_form::WHEN_THEN,
    &escape_clause::RULE,
    &implementation::RULE,
    &implied_flow::RULE,
    &leaky_step::RULE,
    &limit_bounds::RULE,
    &limit_unit::RULE,
    &open_list::RULE,
    &open_question::RULE,
    &prescribed_fix::RULE,
    &presence_without_value::RULE,
    &pronoun_subject::RULE,
    &propriety::RULE,
    &several_goals::RULE,
    &state_without_origin::RULE,
    &tautology::RULE,
    &time_without_start::RULE,
    &two_modals::RULE,
    &undefined_abbreviation::RULE,
    &unmeasured_quality::RULE,
    &untested_requirement::RULE,
    &vague_count::RULE,
    &contradiction::RULE,
    &aggregate::UNREACHABLE,
    &aggregate::OWNERLESS,
    &aggregate::UNKNOWN,
    &unused_parameter::RULE,
];

impl<'a> Subject<'a> {
    /// The sentences whose words matter: those that demand something, and those of scenarios.
    fn sentences(&self) -> impl Iterator<Item = &Sentence<'a>> {
        // What MAY be done limits nobody, however it is said.
        let is_leave = |statement: &&Statement<'a>| {
            statement.clauses.modal.is_some_and(|at| statement.sentence.text(at) == "MAY")
        };
        let demands =
            self.statements.iter().filter(move |one| !is_leave(one)).map(|statement| &statement.sentence);
        demands.chain(self.steps.iter().map(|step| &step.sentence))
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
