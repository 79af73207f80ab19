//! T102: a convention that is nowhere written.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "T102",
    name: "as-usual",
    tier: Tier::Warning,
    family: Family::Terms,
    debt: Some(Debt::UndefinedTerm),
    why: "“As usual” and “under normal conditions” refer to what the reader is supposed to know; each knows another one.",
    bad: examples!("T102").0,
    good: examples!("T102").1,
    check: Some(check),
};

static USUAL: Phrases = Phrases::new(&[
    "as usual|normal|always <end>",
    "in the usual|normal|standard|customary|conventional way|manner|fashion",
    "the usual|customary <noun>",
    "normal|regular|usual business|office|working|operating hours|days|circumstances",
    "under|in|during normal|typical|regular|usual|ordinary|average|standard circumstances|conditions|load|operation|operations|usage|use|situations",
    "a|an|the? typical|average|ordinary|normal user|users|customer|customers",
    "industry standard|standards|best-practices",
    "industry-standard <noun>",
    "follow|follows|following|per|according the|to? best practices",
    "common sense",
    "major|popular|common|modern web? browsers|platforms|devices|databases",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    for sentence in subject.sentences() {
        if measure::is_explained(sentence) {
            continue;
        }
        for range in USUAL.all(sentence) {
            let range = without_end(sentence, range);
            let words = said(sentence, &range);
            report
                .add(sentence.place(range), format!("`{words}` is nowhere defined"))
                .help("say what it is, or refer to the text that does");
        }
    }
}
