//! A101: a clause that lets the builder off, whatever happens.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "A101",
    name: "escape-clause",
    tier: Tier::Warning,
    family: Family::Ambiguity,
    debt: Some(Debt::Underspecified),
    why: "“Where possible” and “as needed” name no condition: whoever builds it decides, and no check can fail. \
          Name the condition, or demand it without one.",
    bad: examples!("A101").0,
    good: examples!("A101").1,
    check: Some(check),
};

// A condition without a subject: `if possible`, not `if it is possible to …`.
static CLAUSES: Phrases = Phrases::new(&[
    "if|when|where|wherever|whenever|as|unless <adverb>? possible|feasible|practical|practicable|practicably|reasonable|necessary|needed|appropriate|required|applicable|convenient|impractical|impracticable|infeasible|desirable <end>",
    "if|when|where|wherever|whenever|as at? all? possible <end>",
    "as much|many|little|few <noun> <noun>? as <adverb>? possible|feasible|practical|practicable|reasonable|necessary",
    "as far|much|often|many|closely|well as <adverb>? possible|feasible|practical|practicable|reasonable|necessary",
    "so|as far as <adverb>? possible|feasible|practical|practicable|reasonable",
    "to the <adverb>? maximum|greatest|largest|fullest? extent possible|feasible|practical|practicable|reasonable",
    "to the extent possible|feasible|practical|practicable|reasonable",
    "at the|its|their discretion",
    "on|with|using a|an|the? best|reasonable effort|efforts|effort-basis",
    "on a|an? best-effort basis",
    "as the case may be",
    "as may be necessary|required|needed|appropriate",
    "whenever|wherever|where|if|when deemed|considered|found necessary|appropriate|fit|useful",
]);

// A demand that holds usually is met by whatever happens.
static HEDGES: Phrases = Phrases::new(&[
    "shall|must|should|will typically|usually|generally|normally|ideally|preferably|mostly|possibly|perhaps|probably",
]);

// A demand to try is met by trying.
static TRYING: Phrases = Phrases::new(&[
    "shall|must|should|will|to try|attempt|strive|endeavour|endeavor|aim|seek to",
    "shall|must|should|will make|use|take every|all|an|reasonable|best|its reasonable|possible|best? effort|efforts|attempt|steps",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    for sentence in subject.sentences() {
        for range in CLAUSES.all(sentence) {
            // `as required by law` and `as needed for …` name who decides.
            let range = without_end(sentence, range);
            // `as fast as possible` is a quality.
            let compares = range.start > 1
                && sentence.word(range.start) == "as"
                && sentence.word(range.start - 2) == "as";
            if range.start == 0 && sentence.word(0) == "as" || compares {
                continue;
            }
            let words = said(sentence, &range);
            report
                .add(sentence.place(range), format!("`{words}` leaves it to the builder"))
                .help("name the condition, or leave the clause out");
        }
        for range in HEDGES.all(sentence) {
            let word = sentence.word(range.start + 1);
            report
                .add(
                    sentence.place(range.start + 1..range.end),
                    format!("`{word}` leaves the exceptions to the builder"),
                )
                .help("demand it always, or name the exceptions");
        }
        for range in TRYING.all(sentence) {
            // `retries up to 3 times` says when the trying ends.
            if measure::is_measured(sentence)
                || sentence.word(range.start) == "to" && !follows_modal(sentence, range.start)
            {
                continue;
            }
            report
                .add(sentence.place(range.start + 1..range.end), "a demand to try is met by trying")
                .help("demand the result, and say what happens when it cannot be had");
        }
    }
}

fn follows_modal(sentence: &Sentence<'_>, at: usize) -> bool {
    at > 0 && matches!(sentence.word(at - 1), "have" | "need" | "needs" | "has")
}
