//! A108: “and/or”.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "A108",
    name: "and-or",
    tier: Tier::Preview,
    family: Family::Ambiguity,
    debt: Some(Debt::Underspecified),
    why: "“A and/or B” allows three systems. Say which of them is enough, or write “A, B or both”.",
    bad: examples!("A108").0,
    good: examples!("A108").1,
    check: Some(check),
};

fn check(subject: &Subject<'_>, report: &mut Report) {
    for sentence in subject.sentences() {
        for at in 0..sentence.tokens.len() {
            if sentence.word(at) == "and" && sentence.text(at + 1) == "/" && sentence.word(at + 2) == "or" {
                report
                    .add(sentence.place(at..at + 3), "`and/or` allows either and both")
                    .help("write `A, B or both`, or say which is enough");
            }
        }
    }
}
