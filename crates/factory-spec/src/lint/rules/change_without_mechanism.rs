//! G206: something is released, and nobody says by what.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "G206",
    name: "change-without-mechanism",
    tier: Tier::Warning,
    family: Family::Scenario,
    debt: Some(Debt::ImplicitFlow),
    why: "What is released, unlocked or cleaned up is so by a request, a timer or a worker. Which one decides when it can be \
          seen, and what a scenario has to wait for.",
    bad: examples!("G206").0,
    good: examples!("G206").1,
    check: Some(check),
};

static CHANGES: Phrases = Phrases::new(&[
    "is|are|be|gets|get|been|was|were <adverb>? released|freed|unlocked|reclaimed|purged|reaped|restocked|reinstated|unblocked|rolled-back",
    "is|are|be|gets|get|been|was|were <adverb>? cleaned up",
    "is|are|be|gets|get|been|was|were <adverb>? returned|put|given back? to the? inventory|stock|pool|queue",
    "becomes|become <adverb>? available again",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    for step in subject.steps_of(&[Keyword::Then]) {
        look(&step.sentence, report);
    }
    for statement in &subject.statements {
        if statement.clauses.conditions.is_empty() {
            look(&statement.sentence, report);
        }
    }
}

fn look(sentence: &Sentence<'_>, report: &mut Report) {
    let tells = (0..sentence.tokens.len()).any(|at| {
        let word = sentence.word(at);
        let measures = matches!(word, "by" | "on" | "in" | "at") && (measure::is_number(sentence, at + 1) || sentence.text(at + 1) == "$");
        matches!(
            word,
            "by" | "via" | "through" | "when" | "because" | "using" | "once" | "if" | "as" | "on" | "upon" | "after" | "before" | "not"
                | "until" | "without"
        ) && !measures
            // `after 15 minutes` says when, and not by what.
            && !(word == "after" && measure::is_number(sentence, at + 1))
    });
    if tells {
        return;
    }
    for range in CHANGES.all(sentence) {
        report
            .add(sentence.place(range), "nothing says what does this")
            .help("name the request, the timer or the worker: `is released by the expiry job`");
    }
}
