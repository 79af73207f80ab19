//! A104: a list without an end.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "A104",
    name: "open-list",
    tier: Tier::Warning,
    family: Family::Ambiguity,
    debt: Some(Debt::Underspecified),
    why: "A list that ends in “etc.” or “and so on” is complete for nobody: each reader goes on with another member.",
    bad: examples!("A104").0,
    good: examples!("A104").1,
    check: Some(check),
};

static ENDS: Phrases = Phrases::new(&[
    "etc|etcetera|et-cetera",
    "et cetera|al",
    "and|or so on|forth",
    "and|or the like",
    "and|or more <end>",
    "and|or others <end>",
    "and|or similar <end>",
    "and|or similar|related <noun> <end>",
    "and|or any|some|all? other|others|additional|further <adverb>? relevant|necessary|similar|appropriate|related|required|applicable|such|useful|suitable|important <noun>",
    "and|or other|others <noun> <end>",
    "and|or whatever|anything else <end>",
    "and many|much more <end>",
    "including|includes|include but|, but? is|are? not be? limited|restricted to",
    "including , but not limited to",
    "including|includes without limitation",
    "among|amongst others|other things",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    for sentence in subject.sentences() {
        for range in ENDS.all(sentence) {
            let range = without_end(sentence, range);
            if is_example(sentence, range.start) || is_whole(sentence, &range) {
                continue;
            }
            let words = said(sentence, &range);
            report
                .add(sentence.place(range), format!("`{words}` leaves the list open"))
                .help("list all of them, or say what they have in common");
        }
    }
}

/// `a user and other users` is no list: one has a comma before its last member.
fn is_whole(sentence: &Sentence<'_>, range: &Range<usize>) -> bool {
    let bare = sentence.word(range.start + 1) == "other"
        && range.len() == 3
        && !matches!(sentence.word(range.end - 1), "things" | "stuff");
    bare && !(range.start.saturating_sub(5)..range.start).any(|at| sentence.text(at) == ",")
}

/// Whether it stands in brackets that begin with `e.g.`: those only illustrate.
fn is_example(sentence: &Sentence<'_>, at: usize) -> bool {
    let open = (0..at).rev().find(|one| matches!(sentence.text(*one), "(" | ")"));
    open.is_some_and(|open| {
        sentence.text(open) == "("
            && (sentence.word(open + 1) == "e"
                || sentence.word(open + 1) == "eg"
                || sentence.word(open + 1) == "for")
    })
}
