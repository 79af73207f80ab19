//! G204: a time that does not say from when it counts.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "G204",
    name: "time-without-start",
    tier: Tier::Warning,
    family: Family::Scenario,
    debt: Some(Debt::Underspecified),
    why: "“After 30 minutes” counts from the login for one reader and from the last request for another; both build it, and \
          one scenario fails for each.",
    bad: examples!("G204").0,
    good: examples!("G204").1,
    check: Some(check),
};

/// Changes that happen by themselves, so that nothing but the text says what starts the clock.
fn is_change(word: &str) -> bool {
    const VERBS: [&str; 29] = [
        "expir",
        "releas",
        "lock",
        "unlock",
        "retr",
        "delet",
        "remov",
        "renew",
        "refresh",
        "clos",
        "purg",
        "archiv",
        "revok",
        "invalid",
        "cancel",
        "suspend",
        "disabl",
        "enabl",
        "reset",
        "retain",
        "kept",
        "keep",
        "evict",
        "block",
        "unblock",
        "escalat",
        "deactivat",
        "drop",
        "fre",
    ];
    let stem = words::stem(word);
    VERBS.iter().any(|verb| stem == *verb || word == *verb)
        || matches!(
            word,
            "available" | "logged" | "valid" | "invalid" | "timed" | "times" | "fails" | "stops"
        )
}

fn check(subject: &Subject<'_>, report: &mut Report) {
    for step in subject.steps_of(&[Keyword::Then, Keyword::Given]) {
        look(&step.sentence, step.keyword == Some(Keyword::Then), false, report);
    }
    for statement in &subject.statements {
        // A trigger before the demand is the start.
        if statement.clauses.conditions.is_empty() {
            look(&statement.sentence, false, true, report);
        }
    }
}

/// `after_action`: something was done in the step before, which an answer is expected to.
fn look(sentence: &Sentence<'_>, after_action: bool, is_demand: bool, report: &mut Report) {
    let durations = measure::durations(sentence);
    for duration in &durations {
        let lead = duration.number.checked_sub(1).map_or("", |at| sentence.word(at));
        let lead2 = duration.number.checked_sub(2).map_or("", |at| sentence.word(at));
        let first = match lead {
            "within" | "after" | "in" => duration.number - 1,
            "than" if matches!(lead2, "later" | "more" | "less" | "longer") => duration.number - 2,
            _ => continue,
        };
        if measure::is_anchored(sentence, duration) {
            continue;
        }
        let changes = (0..first).any(|at| is_change(sentence.word(at)));
        // `lasts longer than 5 seconds` has its own start; so has an answer to what was done.
        let counts = match lead {
            "after" => changes || after_action || is_demand,
            "within" | "in" => changes,
            _ => lead2 == "later",
        };
        let answers = (0..first).any(|at| {
            matches!(
                words::stem(sentence.word(at)),
                "arriv"
                    | "answer"
                    | "respond"
                    | "repl"
                    | "receiv"
                    | "return"
                    | "appear"
                    | "see"
                    | "display"
                    | "show"
                    | "sent"
                    | "send"
            )
        });
        if counts && (changes || !answers) {
            let place = sentence.place(first..duration.unit + 1);
            let words = said(sentence, &(first..duration.unit + 1));
            report
                .add(place, format!("`{words}` does not say from when it counts"))
                .help("name the start: `30 minutes after the last request`");
        }
    }
}
