//! A107: a range that does not say whether its ends belong to it.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "A107",
    name: "limit-without-bounds",
    tier: Tier::Warning,
    family: Family::Ambiguity,
    debt: Some(Debt::AmbiguousCount),
    why: "“Between 1 and 10” has 10 in it for one reader and not for another; tests are written at exactly these values.",
    bad: examples!("A107").0,
    good: examples!("A107").1,
    check: Some(check),
};

// A number that is only about right.
static ROUGH: Phrases = Phrases::new(&["about|approximately|around|roughly|circa|nearly|almost <number>"]);

static RANGES: Phrases = Phrases::new(&[
    "between <number> <unit>|<noun>? and <number>",
    "between <number> <noun>? <noun>? and <number>",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    for statement in &subject.statements {
        let sentence = &statement.sentence;
        let tolerates = |at: usize| {
            matches!(sentence.text(at), "±" | "+/-")
                || matches!(sentence.word(at), "tolerance" | "deviation" | "margin")
        };
        if !(0..sentence.tokens.len()).any(tolerates) {
            for range in ROUGH.all(sentence).into_iter().filter(|range| range.start >= sentence.main) {
                let words = said(sentence, &range);
                report
                    .add(sentence.place(range), format!("`{words}` does not say how far off it may be"))
                    .help("give the least and the most");
            }
        }
        let says = |word: &str| {
            matches!(
                word,
                "inclusive"
                    | "inclusively"
                    | "exclusive"
                    | "exclusively"
                    | "included"
                    | "including"
                    | "excluded"
                    | "excluding"
                    | "inclusivity"
                    | "endpoints"
                    | "ends"
                    | "both"
            )
        };
        if (0..sentence.tokens.len()).any(|at| says(sentence.word(at))) {
            continue;
        }
        for range in RANGES.all(sentence) {
            let last = sentence.text(range.end - 1);
            // Of what is measured finely, the end itself never occurs.
            let unit = sentence.word(range.end);
            let is_fine = measure::is_unit(unit) && !matches!(unit, "times" | "days" | "x")
                || matches!(unit, "am" | "pm" | "o'clock")
                || last.contains(':')
                || (last.contains('.') && !last.ends_with(".0"));
            let is_choice = measure::is_number(sentence, range.start + 1)
                && sentence.kind(range.start + 1) == Some(Kind::Word);
            if !is_fine && !is_choice {
                let words = said(sentence, &range);
                report
                    .add(
                        sentence.place(range.clone()),
                        format!("`{words}` does not say whether the ends belong to it"),
                    )
                    .help("write `at least … and at most …`, or add `inclusive`");
            }
        }
    }
}
