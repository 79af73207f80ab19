//! E103: two demands in one.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "E103",
    name: "two-modals",
    tier: Tier::Warning,
    family: Family::Ears,
    debt: Some(Debt::MixedConcern),
    why: "A requirement with two demands is half met by whatever meets one of them: a scenario cannot say which failed.",
    bad: examples!("E103").0,
    good: examples!("E103").1,
    check: Some(check),
};

fn check(subject: &Subject<'_>, report: &mut Report) {
    for statement in &subject.statements {
        let (sentence, Some(first)) = (&statement.sentence, statement.clauses.modal) else { continue };
        // What may be done besides limits nothing.
        if statement.strength.is_none_or(|strength| strength == words::Strength::May) {
            continue;
        }
        if let Some(second) = (first + 1..sentence.tokens.len()).find(|at| is_second(sentence, first, *at)) {
            let (one, other) = (sentence.text(first), sentence.text(second));
            let message = if sentence.word(first) == sentence.word(second) {
                format!("a second {other} in one requirement")
            } else {
                format!("{one} and {other} in one requirement")
            };
            report.add(sentence.place(second..second + 1), message).help("make it a requirement of its own");
        }
    }
}

/// Whether a modal verb demands something more of the same subject: `… and shall …`, or stands beside the first one.
fn is_second(sentence: &Sentence<'_>, first: usize, at: usize) -> bool {
    if !ears::is_demand(sentence, at) {
        return false;
    }
    let Some(strength) = words::modal(sentence.word(at)) else { return false };
    // `must be what it shall be`: beside each other they are a slip.
    if at == first + 1 || at == first + 2 && sentence.word(first + 1) == "/" {
        return true;
    }
    if strength == words::Strength::May {
        return false;
    }
    // A prohibition beside a demand says the same from its other side.
    let is_negated = |at: usize| matches!(sentence.word(at + 1), "not" | "never" | "neither");
    let before = (first..at).rev().find(|one| ears::is_demand(sentence, *one)).unwrap_or(first);
    if is_negated(at) != is_negated(before) {
        return false;
    }
    let before = sentence.word(at - 1);
    let joined = matches!(before, "and" | "or")
        || matches!(before, "also" | "then" | "additionally")
            && matches!(sentence.word(at - 2), "and" | "or")
        || matches!(before, "it" | "they") && sentence.word(at - 2) == "and";
    // `or must` offers a choice within one demand.
    joined && before != "or" && !in_relative(sentence, first, at)
}

/// Whether the verb goes on with a clause about something else: `a token that must be new and must be …`.
fn in_relative(sentence: &Sentence<'_>, first: usize, at: usize) -> bool {
    (first + 1..at).any(|one| {
        matches!(sentence.word(one), "that" | "which" | "who" | "whose") && ears::is_demand(sentence, one + 1)
    })
}
