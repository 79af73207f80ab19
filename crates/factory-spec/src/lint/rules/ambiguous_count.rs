//! G203: a number of tries that can be counted in two ways.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "G203",
    name: "ambiguous-count",
    tier: Tier::Warning,
    family: Family::Scenario,
    debt: Some(Debt::AmbiguousCount),
    why: "“Retried 3 times” is 3 requests for whoever counts all of them and 4 for whoever counts the first apart.",
    bad: examples!("G203").0,
    good: examples!("G203").1,
    check: Some(check),
};

static COUNTS: Phrases = Phrases::new(&[
    "retry|retries|retried|retrying|resent|resend|resends|repeated|redelivered|reattempted <word>? <word>? <word>? <word>? <number> times|more?",
    "retry|retries|retried|retrying|resent|resend|resends|repeated|redelivered|reattempted <word>? <word>? <word>? <word>? once|twice|thrice",
    "biweekly|bi-weekly|bimonthly|bi-monthly",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    let steps = subject.steps.iter().map(|step| (&step.sentence, true));
    let demands = subject.statements.iter().map(|statement| (&statement.sentence, false));
    for (sentence, is_step) in steps.chain(demands) {
        let says_total = (0..sentence.tokens.len()).any(|at| {
            matches!(
                sentence.word(at),
                "total"
                    | "altogether"
                    | "including"
                    | "overall"
                    | "excluding"
                    | "additional"
                    | "further"
                    | "initial"
                    | "original"
                    | "first"
                    | "besides"
                    | "counting"
                    | "attempts"
                    | "more"
            )
        });
        for range in COUNTS.all(sentence) {
            let is_word = sentence.word(range.start).starts_with("bi");
            let last = sentence.word(range.end - 1);
            // What a requirement tells the system to do is counted from there.
            let counts = is_word || is_step && matches!(last, "times" | "once" | "twice" | "thrice");
            // `every 5 seconds`, `after 3 failures` are no counts of tries.
            let passes_word =
                (range.start..range.end).any(|at| matches!(sentence.word(at), "every" | "within" | "at"));
            if counts && !says_total && !passes_word {
                let words = said(sentence, &range);
                let message = if is_word {
                    format!("`{words}` is twice in one or once in two")
                } else {
                    format!("`{words}`: with the first one, or without it")
                };
                report
                    .add(sentence.place(range), message)
                    .help("count all of them: `3 requests in total`, or name the first apart");
            }
        }
    }
}
