//! X103: what one requirement demands, another forbids.

use std::collections::HashMap;

use super::*;
use crate::diagnostic::Span;

pub(super) static RULE: Rule = Rule {
    code: "X103",
    name: "contradiction",
    tier: Tier::Warning,
    family: Family::Traceability,
    debt: Some(Debt::Underspecified),
    why: "Of two requirements of which one demands what the other forbids, one is broken by whatever is built.",
    bad: examples!("X103").0,
    good: examples!("X103").1,
    check: Some(check),
};

/// A demand, and what it comes down to.
#[derive(Debug, Clone)]
pub(crate) struct Demand {
    pub(crate) span: Span,
    /// The stems of its words that name something, but for the negation, sorted.
    pub(crate) key: Vec<String>,
    pub(crate) negated: bool,
}

/// What some statements demand.
pub(crate) fn demands(statements: &[Statement<'_>]) -> Vec<Demand> {
    statements.iter().filter_map(demand).collect()
}

fn demand(statement: &Statement<'_>) -> Option<Demand> {
    let sentence = &statement.sentence;
    let modal = statement.clauses.modal?;
    // `can` and `may` allow; `may not` is read both ways.
    let strength = words::modal(sentence.word(modal))?;
    let negated = matches!(sentence.word(modal + 1), "not" | "never")
        || matches!(sentence.word(modal), "cannot" | "mustn't" | "shan't" | "won't" | "can't");
    if strength == words::Strength::May && !negated {
        return None;
    }
    let mut key: Vec<String> = (0..sentence.tokens.len())
        .filter(|at| *at != modal && sentence.kind(*at) != Some(Kind::Mark))
        .map(|at| sentence.word(at))
        .filter(|word| {
            !words::is_determiner(word)
                && !matches!(*word, "not" | "never" | "then" | "be" | "always" | "ever")
        })
        .map(|word| words::stem(word).to_owned())
        .collect();
    // A single verb says too little to be the same thing twice.
    if key.len() < 3 {
        return None;
    }
    key.sort_unstable();
    key.dedup();
    Some(Demand { span: sentence.span(), key, negated })
}

fn check(subject: &Subject<'_>, report: &mut Report) {
    let mut seen: HashMap<Vec<String>, (Demand, Option<&str>)> = HashMap::new();
    for statement in &subject.statements {
        let Some(found) = demand(statement) else { continue };
        let (first, id) =
            seen.entry(found.key.clone()).or_insert_with(|| (found.clone(), statement.id.as_deref()));
        if first.negated != found.negated {
            let other = id.map_or_else(|| "an earlier sentence".to_owned(), str::to_owned);
            report
                .add(found.span, format!("this is the opposite of {other}"))
                .help("decide which one holds, or say when each does");
        }
    }
}
