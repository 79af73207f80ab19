//! EARS, the easy approach to requirements syntax (Mavin and others, 2009): the clauses of a demand.
//!
//! `WHILE state, WHEN trigger, the system SHALL response`; `IF trouble, THEN the system SHALL response`; `WHERE feature`.

use super::statement::Sentence;
use super::token::Kind;
use super::words;

/// The clauses of a sentence, as indices of its tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Clauses {
    /// The words that begin conditions, before the main clause.
    pub(crate) conditions: Vec<usize>,
    /// `then` before the main clause.
    pub(crate) then: Option<usize>,
    /// Where the main clause begins.
    pub(crate) main: usize,
    /// The modal verb of the main clause.
    pub(crate) modal: Option<usize>,
}

/// The forms of EARS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Ubiquitous,
    Event,
    State,
    Optional,
    Unwanted,
    Complex,
}

impl Form {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Form::Ubiquitous => "ubiquitous",
            Form::Event => "event",
            Form::State => "state",
            Form::Optional => "optional",
            Form::Unwanted => "unwanted",
            Form::Complex => "complex",
        }
    }
}

/// The words that begin a condition of EARS, and its form.
pub(crate) fn keyword(word: &str) -> Option<Form> {
    Some(match word {
        "when" | "whenever" | "once" | "upon" | "after" => Form::Event,
        "while" | "during" => Form::State,
        "where" => Form::Optional,
        "if" => Form::Unwanted,
        _ => return None,
    })
}

/// Finds the clauses of a sentence.
pub(crate) fn clauses(sentence: &Sentence<'_>) -> Clauses {
    let mut clauses = Clauses::default();
    let count = sentence.tokens.len();
    if keyword(sentence.word(0)).is_some() {
        clauses.conditions.push(0);
        let modal = (1..count).find(|at| is_demand(sentence, *at));
        let bound = modal.unwrap_or(count);
        clauses.then = (1..bound).rev().find(|at| sentence.word(*at) == "then");
        // The last comma before the modal verb whose clause is no further condition.
        let comma = (1..bound).rev().find(|at| sentence.text(*at) == "," && starts_clause(sentence, *at + 1));
        clauses.main = clauses.then.map(|at| at + 1).or(comma.map(|at| at + 1)).unwrap_or(0);
        for at in 1..clauses.main {
            let joined = sentence.text(at - 1) == "," || sentence.word(at - 1) == "and";
            if joined && keyword(sentence.word(at)).is_some() {
                clauses.conditions.push(at);
            }
        }
    }
    clauses.modal = (clauses.main..count)
        .find(|at| is_demand(sentence, *at) && !in_relative(sentence, clauses.main, *at));
    clauses
}

/// Whether the token is a modal verb, and not a noun (`a must`, `a can`) or a month.
pub(crate) fn is_demand(sentence: &Sentence<'_>, at: usize) -> bool {
    sentence.kind(at) == Some(Kind::Word)
        && words::modal(sentence.word(at)).is_some()
        && !(at > 0 && matches!(sentence.word(at - 1), "a" | "an"))
        && (sentence.word(at) != "may" || sentence.text(at) != "May" || at == 0)
}

/// Whether the modal verb belongs to `which`, `that` or `who` before it.
fn in_relative(sentence: &Sentence<'_>, from: usize, modal: usize) -> bool {
    modal > from + 1
        && matches!(sentence.word(modal - 1), "which" | "who" | "that")
        && (modal + 1..sentence.tokens.len()).any(|at| is_demand(sentence, at))
}

fn starts_clause(sentence: &Sentence<'_>, at: usize) -> bool {
    keyword(sentence.word(at)).is_none()
        && !matches!(sentence.word(at), "and" | "or" | "which" | "who" | "but")
}

/// The form that a demand has; none without a modal verb.
pub(crate) fn form(sentence: &Sentence<'_>, clauses: &Clauses) -> Option<Form> {
    clauses.modal?;
    let mut kinds: Vec<Form> =
        clauses.conditions.iter().filter_map(|at| keyword(sentence.word(*at))).collect();
    kinds.dedup();
    Some(match kinds.as_slice() {
        [] => Form::Ubiquitous,
        [one] => *one,
        _ => Form::Complex,
    })
}
