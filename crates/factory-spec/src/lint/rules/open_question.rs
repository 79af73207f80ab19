//! S111: a question that is still open.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "S111",
    name: "open-question",
    tier: Tier::Warning,
    family: Family::Structure,
    debt: Some(Debt::Underspecified),
    why: "A question that is marked as open is answered by whoever builds the change, without being asked.",
    bad: examples!("S111").0,
    good: examples!("S111").1,
    check: Some(check),
};

static OPEN: Phrases = Phrases::new(&[
    "needs clarification",
    "to be determined|decided|defined|confirmed|announced|specified|clarified <end>",
    "yet to be determined|decided|defined|confirmed|specified|clarified",
    "tbc|tbd|tba <end>",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    if matches!(subject.form, Form::Scenarios | Form::Steps | Form::Prose) && subject.statements.is_empty() {
        return;
    }
    let text = &subject.prose.text;
    for block in &subject.prose.blocks {
        // Most texts have none of these words; looking for them is cheaper than cutting every block.
        let lower = &subject.prose.lower[block.span.clone()];
        if !["clarif", "to be ", "tbc", "tbd", "tba"].iter().any(|part| lower.contains(part)) {
            continue;
        }
        let tokens = token::tokens(text, block.span.clone(), &subject.prose.code);
        let sentence = Sentence::new(text, &subject.prose.lower, tokens);
        for range in OPEN.all(&sentence) {
            let shouted = sentence.text(range.start).chars().all(|c| c.is_uppercase());
            let is_clarification = sentence.word(range.start) == "needs";
            // S103 finds TBD in specifications.
            let again = subject.form == Form::Spec && sentence.text(range.start) == "TBD";
            let is_word = sentence.word(range.start) == "to" || sentence.word(range.start) == "yet";
            if !again && (is_word || shouted) && (!is_clarification || shouted) {
                let words = said(&sentence, &range);
                report
                    .add(sentence.place(range), format!("`{words}`: this is still open"))
                    .help("decide it, or say under Non-Goals that it is left out");
            }
        }
    }
}
