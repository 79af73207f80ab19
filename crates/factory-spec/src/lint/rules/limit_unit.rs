//! A106: a limit without a unit.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "A106",
    name: "limit-without-unit",
    tier: Tier::Warning,
    family: Family::Ambiguity,
    debt: Some(Debt::Underspecified),
    why: "A bare number is seconds for one reader and milliseconds for another.",
    bad: examples!("A106").0,
    good: examples!("A106").1,
    check: Some(check),
};

/// Things that are measured, in whatever unit.
fn has_dimension(word: &str) -> bool {
    matches!(
        word,
        "timeout"
            | "timeouts"
            | "latency"
            | "delay"
            | "duration"
            | "interval"
            | "ttl"
            | "lifetime"
            | "time"
            | "age"
            | "speed"
            | "bandwidth"
            | "temperature"
            | "pressure"
            | "weight"
            | "distance"
            | "voltage"
            | "memory"
            | "storage"
            | "throughput"
            | "uptime"
            | "expiry"
            | "period"
            | "backoff"
            | "lag"
            | "filesize"
    )
}

// What joins a limit to its number.
static LIMITS: Phrases = Phrases::new(&[
    "within|under|exceed|exceeds|exceeding <number>",
    "at most|least <number>",
    "less|more|greater|lower|fewer|longer|shorter|higher|faster|slower than <number>",
    "no|not more|less|longer|greater|later than <number>",
    "up to <number>",
    "a maximum|minimum of <number>",
    "be|is|of|to|below|above|over|after|every <number>",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    for sentence in subject.sentences() {
        for range in LIMITS.all(sentence) {
            let number = range.end - 1;
            if sentence.kind(number) != Some(Kind::Number) || !is_bare(sentence, number) {
                continue;
            }
            let first = sentence.word(range.start);
            // `within 5` is a time or a distance; the others need something that has a dimension.
            let timed = matches!(first, "within" | "after") && !sentence.text(number).contains('.');
            let measured = (0..range.start).rev().take(6).any(|at| has_dimension(sentence.word(at)));
            let text = sentence.text(number);
            let is_clock_or_version = text.contains(':') || text.matches('.').count() > 1;
            if (timed || measured) && !is_clock_or_version {
                report
                    .add(sentence.place(number..number + 1), format!("`{text}` has no unit"))
                    .help("say of what: seconds, bytes, requests");
            }
        }
    }
}

/// Whether nothing behind the number says what it counts.
fn is_bare(sentence: &Sentence<'_>, number: usize) -> bool {
    let next = number + 1;
    let word = sentence.word(next);
    if measure::is_unit(word) || words::may_name(word) {
        return false;
    }
    match sentence.kind(next) {
        None => true,
        Some(Kind::Mark) => {
            // `5-10 seconds`, `5%`, `$5`.
            matches!(sentence.text(next), "." | "," | ";" | ")")
                && !matches!(sentence.text(number.saturating_sub(1)), "$" | "€" | "£" | "#")
        }
        Some(Kind::Word) => {
            matches!(word, "when" | "if" | "for" | "after" | "under" | "while" | "during" | "at" | "unless")
        }
        Some(Kind::Number | Kind::Code | Kind::Quoted) => false,
    }
}
