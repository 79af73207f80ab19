//! G208: “correct”, without the value.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "G208",
    name: "correct-without-value",
    tier: Tier::Warning,
    family: Family::Scenario,
    debt: Some(Debt::Underspecified),
    why: "“The total is correct” asks whoever writes the check what is correct; that was to be said here.",
    bad: examples!("G208").0,
    good: examples!("G208").1,
    check: Some(check),
};

static CORRECT: Phrases = Phrases::new(&[
    "is|are|be|looks|look|was|were <adverb>? correct|right|accurate|proper|appropriate|reasonable|sensible|ok|okay|fine|good <end>",
    "is|are|be|was|were as expected|intended|desired|usual <end>",
    "is|are|be|was|were <adverb>? calculated|computed|updated|displayed|shown|saved|stored|rendered|applied|processed|handled|formatted|returned|set correctly|properly|appropriately|accurately",
    "is|are|be|was|were|gets correctly|properly|appropriately|accurately|adequately <participle>",
    "the|a|an correct|right|expected|appropriate|proper <noun> is|are",
    "the|a|an correct|right|expected|appropriate|proper <noun> <noun>? is|are",
    "see|sees|contain|contains|has|have|show|shows|display|displays|return|returns|get|gets|receive|receives the|a|an correct|right|expected|appropriate|proper <noun> <noun>? <end>",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    for step in subject.steps_of(&[Keyword::Then]).filter(|step| !step.has_data) {
        let sentence = &step.sentence;
        let has_value = (0..sentence.tokens.len()).any(|at| {
            matches!(sentence.kind(at), Some(Kind::Number | Kind::Quoted | Kind::Code))
                || matches!(sentence.text(at), ":" | "{" | "<")
        });
        if has_value {
            continue;
        }
        for range in CORRECT.all(sentence) {
            let words = said(sentence, &range);
            report
                .add(sentence.place(range), format!("`{words}` does not say which value"))
                .help("write the value that is expected");
        }
    }
}
