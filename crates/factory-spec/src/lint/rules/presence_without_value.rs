//! G202: something is there, whatever it is.

use super::*;

pub(super) static RULE: Rule = Rule {
    code: "G202",
    name: "presence-without-value",
    tier: Tier::Warning,
    family: Family::Scenario,
    debt: Some(Debt::Underspecified),
    why: "A check that something is there passes for any value, also a wrong one.",
    bad: examples!("G202").0,
    good: examples!("G202").1,
    check: Some(check),
};

/// Things that have a value.
fn is_data(word: &str) -> bool {
    matches!(
        word,
        "field"
            | "fields"
            | "key"
            | "property"
            | "attribute"
            | "header"
            | "token"
            | "id"
            | "identifier"
            | "value"
            | "timestamp"
            | "message"
            | "error"
            | "body"
            | "payload"
            | "link"
            | "url"
            | "code"
            | "total"
            | "amount"
            | "price"
            | "count"
            | "date"
            | "list"
            | "column"
            | "parameter"
            | "cookie"
            | "uuid"
            | "reference"
            | "response"
            | "result"
            | "results"
            | "data"
            | "details"
            | "metadata"
            | "number"
            | "balance"
            | "status"
            | "reason"
            | "warning"
    )
}

/// Things whose name is no value.
fn is_container(word: &str) -> bool {
    matches!(
        word,
        "field"
            | "fields"
            | "key"
            | "property"
            | "attribute"
            | "header"
            | "column"
            | "parameter"
            | "cookie"
            | "value"
    )
}

static HAS: Phrases = Phrases::new(&[
    "contain|contains|contained|include|includes|has|have|returns|return|shows|show|displays|display|get|gets|receive|receives|see|carries",
]);

static IS_THERE: Phrases = Phrases::new(&[
    "is|are|be present|returned|displayed|shown|populated|included|available|set|defined|there <end>",
    "is|are|be not empty|null|blank|none|undefined|nil <end>",
    "exists|exist <end>",
]);

fn check(subject: &Subject<'_>, report: &mut Report) {
    // Elsewhere scenarios illustrate a requirement, and are not what decides.
    if !matches!(subject.form, Form::Scenarios | Form::Steps) {
        return;
    }
    for step in subject
        .steps
        .iter()
        .filter(|step| (step.keyword == Some(Keyword::Then) || step.in_definition) && !step.has_data)
    {
        let sentence = &step.sentence;
        if has_value(sentence) {
            continue;
        }
        if let Some(range) = thing(sentence) {
            let words = said(sentence, &range);
            report
                .add(sentence.place(range), format!("`{words}` may have any value"))
                .help("say which value, or what is known of it");
        }
    }
}

/// Whether the sentence says what the value is: a number, a comparison, a text that is no name of a field.
fn has_value(sentence: &Sentence<'_>) -> bool {
    (0..sentence.tokens.len()).any(|at| {
        // `"token" field` and `field "token"` are names; `message "Saved"` is a value.
        let named = at > 0 && is_container(sentence.word(at - 1)) || is_data(sentence.word(at + 1));
        match sentence.kind(at) {
            Some(Kind::Number) => true,
            Some(Kind::Quoted | Kind::Code) => !named,
            Some(Kind::Mark) => matches!(sentence.text(at), "{" | "<" | "=" | ":" | "/" | "$"),
            Some(Kind::Word) => {
                matches!(
                    sentence.word(at),
                    "equal"
                        | "equals"
                        | "equalling"
                        | "matching"
                        | "matches"
                        | "same"
                        | "of"
                        | "no"
                        | "not"
                        | "saying"
                        | "with"
                        | "stating"
                        | "only"
                        | "exactly"
                        | "as"
                        | "that"
                        | "whose"
                        | "from"
                        | "for"
                        | "non-empty"
                        | "valid"
                        | "like"
                        | "reading"
                        | "containing"
                        | "least"
                        | "about"
                        | "where"
                        | "without"
                        | "named"
                        | "called"
                        | "indicating"
                        | "when"
                        | "if"
                ) && !(sentence.word(at) == "not"
                    && matches!(
                        sentence.word(at + 1),
                        "empty" | "null" | "blank" | "none" | "undefined" | "nil"
                    ))
            }
            None => false,
        }
    })
}

fn thing(sentence: &Sentence<'_>) -> Option<Range<usize>> {
    for at in 0..sentence.tokens.len() {
        if let Some(range) = IS_THERE.at(sentence, at) {
            let head = (0..at).rev().find(|one| {
                sentence.kind(*one) == Some(Kind::Word)
                    && !words::is_adverb(sentence.word(*one))
                    && words::modal(sentence.word(*one)).is_none()
            });
            if head.is_some_and(|head| is_data(sentence.word(head)))
                || (0..at).any(|one| {
                    sentence.kind(one) == Some(Kind::Quoted) && is_data(sentence.word(one + 1))
                        || is_data(sentence.word(one)) && sentence.kind(one + 1) == Some(Kind::Quoted)
                })
            {
                return Some(range);
            }
        }
        if HAS.at(sentence, at).is_some()
            && matches!(sentence.word(at + 1), "a" | "an" | "the" | "some" | "its")
        {
            // The end of the noun group: `a new reset token`, `a "token" field`.
            let mut last = at + 2;
            while matches!(sentence.kind(last), Some(Kind::Quoted | Kind::Code))
                || sentence.kind(last) == Some(Kind::Word) && words::may_name(sentence.word(last))
            {
                last += 1;
            }
            // `shows a message in the inbox` says where, which is no value.
            let closes =
                phrase::is_end(sentence, last) || matches!(sentence.word(last), "in" | "on" | "to" | "at");
            let ends_in_data = last > at + 2
                && (is_data(sentence.word(last - 1))
                    || last > at + 3
                        && is_data(sentence.word(last - 2))
                        && matches!(sentence.kind(last - 1), Some(Kind::Quoted | Kind::Code)));
            if closes && ends_in_data {
                return Some(at..last);
            }
        }
    }
    None
}
