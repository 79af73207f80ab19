//! A105: a count or a frequency without a number.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "A105",
    name: "vague-count",
    tier: Tier::Warning,
    family: Family::Ambiguity,
    debt: Some(Debt::AmbiguousCount),
    why: "“Several” is three for one reader and ten for another; a check needs the number or its limits.",
    bad: examples!("A105").0,
    good: examples!("A105").1,
    check: Some(check),
};

static COUNTS: Phrases = Phrases::new(&[
    "several|numerous|various|countless <noun>",
    "several|numerous|various of",
    "a few|couple|handful|variety|multitude|range|lot|bunch|plethora of",
    "a few <noun>",
    "a|an large|small|limited|reasonable|certain|significant|sufficient|huge|wide|broad|adequate|high|low|moderate|great number|amount|quantity|variety|range of",
    "lots of",
    "a number of",
    "large|small|huge|vast|significant|massive amounts|numbers|quantities of",
    "many <noun>",
    "many of the",
    "most <noun> <end>",
    "support|supports|supporting|provide|offer multiple <noun>",
    "on a regular|periodic|frequent basis",
    "at regular|frequent|appropriate|suitable intervals",
    "most of the|our|its",
    "with|by|for|on|in|to|under most <noun>",
    "most users|people|customers|cases|situations",
    "certain <noun>",
    "some kind|sort|form|type|level|degree of",
    "for|after|in|within some|a time|while <end>",
    "a|some short|brief|limited|certain period|time|while|amount|delay",
    "from time to time",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    for sentence in subject.sentences() {
        if measure::is_explained(sentence) {
            continue;
        }
        let from = sentence.main;
        for range in COUNTS.all(sentence) {
            let mut range = without_end(sentence, range);
            // The preposition only shows that `most` is no superlative.
            range.start += usize::from(sentence.word(range.start + 1) == "most" && range.len() == 3);
            if range.start >= from && !is_named(sentence, range.start) {
                let words = said(sentence, &range);
                report
                    .add(sentence.place(range), format!("`{words}` has no number"))
                    .help("give the number, or the least and the most");
            }
        }
        for at in from.max(1)..sentence.tokens.len() {
            if sentence.word(at) == "some" && takes_some(sentence, at) {
                let words = said(sentence, &(at..at + 2));
                report
                    .add(sentence.place(at..at + 2), format!("`{words}` has no number"))
                    .help("say which, or how many");
            }
        }
        for at in from..sentence.tokens.len() {
            if is_frequency(sentence, at) {
                let word = sentence.word(at);
                report
                    .add(sentence.place(at..at + 1), format!("`{word}` does not say how often"))
                    .help("give the interval, or what sets it off");
            }
        }
    }
}

/// `how many`, `as many as`, `one-to-many`, `429 too many requests`, `make certain`.
fn is_named(sentence: &Sentence<'_>, at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |before| sentence.word(before));
    let number = sentence.word(at) == "a" && sentence.word(at + 1) == "number";
    let range = sentence.word(at) == "a" && sentence.word(at + 1) == "range";
    matches!(
        before,
        "how" | "that" | "as" | "too" | "so" | "one" | "make" | "is" | "are" | "be" | "the" | "not" | "at"
    ) && !number
        || sentence.word(at) == "many" && matches!(sentence.word(at + 1), "to" | "as")
        || sentence.word(at) == "most" && is_quality(sentence.word(at + 1))
        || sentence.word(at) == "most" && words::is_adverb(sentence.word(at + 1))
        || range && (at + 2..sentence.tokens.len()).any(|one| measure::is_number(sentence, one))
}

/// Whether `most` before it makes a superlative: `most recent`, `most common`.
fn is_quality(word: &str) -> bool {
    const ENDINGS: [&str; 13] =
        ["ent", "ant", "ar", "ive", "ful", "al", "ous", "able", "ible", "ic", "ed", "ing", "on"];
    ENDINGS.iter().any(|ending| word.ends_with(ending)) || words::is_adverb(word)
}

fn is_frequency(sentence: &Sentence<'_>, at: usize) -> bool {
    matches!(
        sentence.word(at),
        "periodically"
            | "frequently"
            | "regularly"
            | "occasionally"
            | "often"
            | "routinely"
            | "sometimes"
            | "rarely"
    ) && !(at > 0 && matches!(sentence.word(at - 1), "how" | "as" | "more" | "less"))
        && sentence.word(at + 1) != "than"
        && !measure::is_measured(sentence)
        && sentence.kind(at) == Some(Kind::Word)
}

/// `shows some information`: what is acted on is left open.
fn takes_some(sentence: &Sentence<'_>, at: usize) -> bool {
    let verb = matches!(
        words::stem(sentence.word(at - 1)),
        "display"
            | "displa"
            | "show"
            | "provid"
            | "support"
            | "includ"
            | "stor"
            | "contain"
            | "hav"
            | "has"
            | "giv"
            | "offer"
            | "collect"
    ) || sentence.word(at - 1) == "have";
    verb && words::may_name(sentence.word(at + 1))
        && !matches!(sentence.word(at + 1), "kind" | "sort" | "form" | "type" | "level" | "degree")
}
