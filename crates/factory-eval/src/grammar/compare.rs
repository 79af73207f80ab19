//! Sentences that compare answers with each other, and remembered values with each other.

use super::answers;
use super::context::{Context, Origin};
use super::pattern::{Pattern, Text};
use super::predicate::Said;
use super::subject::{self, Subject};
use crate::plan::{Action, AnswerRef, Check, Parts, Template};

const EVERYTHING: Parts = Parts { status: true, headers: true, body: true };

static LISTED: Pattern = Pattern::new(
    r"(?P<subject>(?:~(?:last )?two answers|both(?: of)?(?: the)? answers|(?:all|each)(?: of)?(?: the)?(?: [0-9]+)? answers|(?:the )?answers)) ?(?P<names>⟦q\d+⟧(?:(?:, and|,| and) ⟦q\d+⟧)*)? ?(?P<how>is identical|is same-as each other|is the same|is alike|is equal|is indistinguishable|does not differ|equal each other|differs?|is different|is not identical|is not the same)(?P<rest>.*)",
);
static PAIR: Pattern = Pattern::new(
    r"(?:the )?answer(?: (?:called )?(?P<first>⟦q\d+⟧))? (?P<how>is same-as|is identical|is exactly like|equals|does not differ from|differs from|is different from|is not same-as) (?:to )?(?:the )?(?:answer )?(?:called )?(?P<second>⟦q\d+⟧)(?P<rest>.*)",
);
static SAME_PARTS: Pattern = Pattern::new(
    r"(?P<subject>(?:~(?:last )?two answers|both(?: of)?(?: the)? answers|(?:all|each)(?: of)?(?: the)?(?: [0-9]+)? answers|(?:the )?answers)) ?(?P<names>⟦q\d+⟧(?:(?:, and|,| and) ⟦q\d+⟧)*)? ?(?:has|share) (?:exactly )?(?:(?:the|an?) )?(?P<how>same|identical|equal|different) (?P<parts>(?:(?:status|headers?|body|bodies|and|the|,) ?)+)(?P<rest>.*)",
);
static PARTS_OF: Pattern = Pattern::new(
    r"(?:the )?(?P<part>status|headers|body|bodies|statuses) of (?:the )?(?:answers? )?(?P<first>⟦q\d+⟧) and (?:(?:the )?(?:status|headers|body) )?(?:of )?(?:the )?(?:answer )?(?P<second>⟦q\d+⟧) (?P<how>is the same|is identical|is equal|is alike|does not differ|differs?|is different)(?P<rest>.*)",
);
static EXCEPT: Pattern = Pattern::new(
    r",? ?(?:apart from|except(?: for)?|but for|other than|ignoring|save for|aside from|disregarding|besides) ~(?:headers? )?{names:any}",
);
static VALUES: Pattern = Pattern::new(
    r"~(?:(?:tokens|values of|values|links|passwords|two|texts) )*(?P<names>(?:⟦[qh]\d+⟧|[A-Za-z_][\w-]*)(?:(?:, and|,| and) (?:the )?(?:⟦[qh]\d+⟧|[A-Za-z_][\w-]*))+) (?:is |all )*(?P<how>differs?|different|the same|equal|identical|not the same|not equal|distinct|does not differ|alike)(?: from (?:one another|each other))?",
);
static VALUE_PAIR: Pattern = Pattern::new(
    r"~(?:token |value |link )?(?P<first>⟦[qh]\d+⟧|[A-Za-z_][\w-]*) (?P<how>is same-as|equals|is not same-as|differs from|is different from|is other than|does not equal|is not) (?:the )?(?:token |value |link )?(?P<second>⟦[qh]\d+⟧|[A-Za-z_][\w-]*)",
);

/// A comparison.
pub(crate) fn comparison(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    answers_alike(text, context).or_else(|| values_alike(text, context))
}

fn differs(how: &str) -> bool {
    let how = how.to_lowercase();
    let not = how.contains("not ");
    let differ = how.contains("differ") || how.contains("distinct");
    // `is not the same` differs, `does not differ` is the same.
    not != differ
}

fn answers_alike(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    if let Some(found) = SAME_PARTS.apply(text) {
        let words = found.get("parts")?.to_lowercase();
        let parts = Parts {
            status: words.contains("status"),
            headers: words.contains("header"),
            body: words.contains("bod"),
        };
        let answers = listed(found.get("names"), found.get("subject")?, text);
        return Some(alike(answers, parts, found.piece("rest")?, differs(found.get("how")?), context));
    }
    if let Some(found) = LISTED.apply(text) {
        let answers = listed(found.get("names"), found.get("subject")?, text);
        return Some(alike(answers, EVERYTHING, found.piece("rest")?, differs(found.get("how")?), context));
    }
    if let Some(found) = PARTS_OF.apply(text) {
        let part = found.get("part")?.to_lowercase();
        let parts = Parts {
            status: part.starts_with("status"),
            headers: part == "headers",
            body: part.starts_with("bod"),
        };
        let answers =
            vec![subject::answer(found.get("first")?, text), subject::answer(found.get("second")?, text)];
        return Some(alike(answers, parts, found.piece("rest")?, differs(found.get("how")?), context));
    }
    let found = PAIR.apply(text)?;
    // `the answer equals "x"` where no answer has that name speaks of its body.
    if found.get("first").is_none() && !context.answers.contains(&found.word("second")?) {
        return None;
    }
    let first = found.get("first").map_or(AnswerRef::Current, |piece| subject::answer(piece, text));
    let answers = vec![first, subject::answer(found.get("second")?, text)];
    Some(alike(answers, EVERYTHING, found.piece("rest")?, differs(found.get("how")?), context))
}

fn listed(names: Option<&str>, subject: &str, text: Text<'_>) -> Vec<AnswerRef> {
    match names.and_then(|names| answers::names(text.piece(names))) {
        Some(names) => names.into_iter().map(AnswerRef::Named).collect(),
        None if subject.to_lowercase().contains("answers") => vec![AnswerRef::Each],
        None => vec![AnswerRef::Current],
    }
}

fn alike(
    mut answers: Vec<AnswerRef>,
    mut parts: Parts,
    rest: Text<'_>,
    differ: bool,
    context: &mut Context<'_>,
) -> Result<Vec<Action>, String> {
    // `both answers`, where exactly two have names and none is a group: those two.
    let group = context.sent.as_ref().map_or(0, |sent| sent.answers);
    if answers == [AnswerRef::Each] && group < 2 {
        let named: Vec<_> = context.answers.iter().cloned().map(AnswerRef::Named).collect();
        if named.len() != 2 {
            return Err("say which answers: `the answers \"a\" and \"b\" are …`".to_owned());
        }
        answers = named;
    }
    for answer in &answers {
        subject::check_answer(answer, context)?;
    }
    if answers != [AnswerRef::Each]
        && (answers.len() < 2 || answers.iter().enumerate().any(|(at, one)| answers[..at].contains(one)))
    {
        return Err("an answer is always the same as itself".to_owned());
    }
    let mut except = Vec::new();
    if !rest.skeleton.is_empty() {
        let Some(names) = EXCEPT.apply(rest).and_then(|found| {
            let piece = found.get("names")?;
            let piece =
                piece.strip_suffix(" headers").or_else(|| piece.strip_suffix(" header")).unwrap_or(piece);
            answers::names(rest.piece(piece))
        }) else {
            return Err(format!("`{}` is not understood; `apart from the header Date` is", rest.skeleton));
        };
        for name in names {
            match name.to_lowercase().as_str() {
                "status" => parts.status = false,
                "body" => parts.body = false,
                "headers" => parts.headers = false,
                name => except.push(name.to_owned()),
            }
        }
    }
    if !(parts.status || parts.headers || parts.body) {
        return Err("nothing is left to compare".to_owned());
    }
    context.subject = Some(Subject::Answer(AnswerRef::Current));
    Ok(vec![Action::Check(Check::SameAnswers { answers, parts, except, differ })])
}

fn values_alike(text: Text<'_>, context: &Context<'_>) -> Said<Vec<Action>> {
    let (names, how) = if let Some(found) = VALUES.apply(text) {
        (answers::names(found.piece("names")?)?, found.get("how")?.to_owned())
    } else {
        let found = VALUE_PAIR.apply(text)?;
        (vec![found.word("first")?, found.word("second")?], found.get("how")?.to_owned())
    };
    if !names.iter().all(|name| context.names.contains_key(name)) {
        return None;
    }
    if names.iter().enumerate().any(|(at, name)| names[..at].contains(name)) {
        return Some(Err("a value is always the same as itself".to_owned()));
    }
    if names.iter().all(|name| context.names.get(name) == Some(&Origin::Own)) {
        return Some(Err(
            "all of these were made by the scenario itself, so this says nothing of the service".to_owned(),
        ));
    }
    let differ = if how.eq_ignore_ascii_case("is not") { true } else { differs(&how) };
    let values = names.into_iter().map(|name| Template::new(format!("{{{name}}}"))).collect();
    Some(Ok(vec![Action::Check(Check::SameValues { values, differ })]))
}

#[cfg(test)]
mod tests {
    use super::differs;

    #[test]
    fn reads_negations() {
        for how in
            ["differ", "is different", "differs from", "is not the same", "is not identical", "distinct"]
        {
            assert!(differs(how), "{how}");
        }
        for how in ["is the same", "does not differ", "is identical", "is alike", "same"] {
            assert!(!differs(how), "{how}");
        }
    }
}
