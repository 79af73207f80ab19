//! Sentences that assert something of a subject: `the status is 202`, `each answer has the header X`, `3 answers are 200`.

use super::context::Context;
use super::pattern::{Pattern, Text, bounded};
use super::predicate::{self, Said};
use super::subject::{self, Subject};
use crate::plan::{Action, AnswerRef, Check, Kind, MailPart, Predicate, StatusPattern, Tally};

static STATUS_IS: Pattern = Pattern::new(
    r"(?:is|equals|has|is same-as)(?P<not> not)? (?:one of |either |any of |in )?(?:a )?{statuses:statuses}",
);
static ANSWERS: Pattern = Pattern::new(
    r"(?:(?:it|(?:the |a )?(?:service|server|api|app|application|endpoint|request)|{of:answer}) )?(?:(?:answers?|responds?|replies|returns?|yields?|gives?|is answered|is rejected|is refused|is accepted)(?: back)?(?: with)?|->|→)(?: ~status)? (?P<not>not )?(?:either |one of )?(?:a |an )?{statuses:statuses}",
);
static ANSWER_STATUS: Pattern = Pattern::new(
    r"(?:is|has|carries|comes with)(?P<not> not)?(?: ~status)?(?: of)? (?:either |one of )?(?:a |an )?{statuses:statuses}",
);
static HAS_HEADER: Pattern = Pattern::new(
    r"(?P<verb>has|carries|contains|includes|does not have|does not has|does not contain|does not include|does not carry|has no|carries no|contains no) ~(?:header {name:word}|{other:word} header)(?:(?::| (?:with ~value|of|set to|equal to|with|that is)) {value:value}| (?:that |which |with ~value that ){rest:any})?",
);
static HAS_BODY: Pattern = Pattern::new(r"(?:has|carries|contains) ~(?:json )?body (?:of )?{value:value}");
static NO_BODY: Pattern = Pattern::new(r"(?:has|carries) (?:no|an empty) body");
static HAS_FIELDS: Pattern = Pattern::new(
    r"(?:has|contains|includes|consists of) (?P<only>only |exactly )?~(?:json )?(?:(?P<only_too>only) )?fields? {names:any}",
);
static HAS_FIELD_NOT: Pattern = Pattern::new(
    r"(?:does not (?:have|has|contain|include)|has no|contains no) ~(?:json )?field {name:word}",
);
static WITHIN: Pattern = Pattern::new(
    r"(?:arrives?|comes?|is (?:there|given|sent|received|complete)|takes|is answered)(?: in| after)? (?:within|in less than|less than|at most|no later than|no longer than|under) {duration:duration}",
);
static MAIL_FROM: Pattern = Pattern::new(r"(?:is|comes) (?:sent )?(?:from|by) {value:text}");
static MAIL_TO: Pattern = Pattern::new(r"(?:is|goes) (?:sent |addressed )?to {value:text}");
static MAIL_SUBJECT: Pattern = Pattern::new(r"has ~subject {value:text}");
static LOG_NOT: Pattern = Pattern::new(
    r"(?:does not|never) (?:contains?|includes?|shows?|mentions?|has) {value:value}(?: in any (?:form|encoding))?(?: anywhere)?",
);
static LOG_HAS: Pattern = Pattern::new(r"(?:contains|includes|shows|mentions|has) {value:value}");
static RECIPIENT: Pattern = Pattern::new(r"is (?:exactly )?{value:text}");

/// A sentence, or a part of one that speaks of the subject before it.
pub(crate) fn assertion(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    if let Some(found) = ANSWERS.apply(text) {
        let of = found.get("of").map_or(AnswerRef::Current, |piece| subject::answer(piece, text));
        if let Err(why) = subject::check_answer(&of, context) {
            return Some(Err(why));
        }
        context.subject = Some(Subject::Answer(of.clone()));
        return Some(Ok(vec![status(of, found.statuses("statuses")?, found.get("not").is_some())]));
    }
    let with_subject = subject::split(text, context).map(|found| {
        let (subject, rest) = found?;
        said(&subject, rest, context).map(|result| result.map(|actions| (subject, actions))).transpose()
    });
    match with_subject {
        Some(Ok(Some((subject, actions)))) => {
            context.subject = Some(subject);
            Some(Ok(actions))
        }
        Some(Err(why)) => Some(Err(why)),
        Some(Ok(None)) | None => {
            let subject = context.subject.clone()?;
            said(&subject, text, context)
        }
    }
}

fn status(of: AnswerRef, any_of: Vec<StatusPattern>, not: bool) -> Action {
    Action::Check(Check::Status { of, any_of, not })
}

/// What `rest` says of `subject`.
fn said(subject: &Subject, rest: Text<'_>, context: &Context<'_>) -> Said<Vec<Action>> {
    let specific = match subject {
        Subject::Status(of) => {
            let found = STATUS_IS.apply(rest)?;
            return Some(Ok(vec![status(
                of.clone(),
                found.statuses("statuses")?,
                found.get("not").is_some(),
            )]));
        }
        Subject::Answer(of) => answer(of, rest, context),
        Subject::Body(of) => fields(of, rest),
        Subject::Mail(to) => mail(to.clone(), rest, context),
        Subject::Log => return log(rest, context),
        Subject::MailPart(MailPart::Recipient, to) => RECIPIENT.apply(rest).map(|found| {
            let value = found.template("value", context).ok_or("this name is not remembered")?;
            Ok(vec![Action::Check(Check::Mail(MailPart::Recipient, to.clone(), Predicate::Exactly(value)))])
        }),
        Subject::Header(..)
        | Subject::Field(..)
        | Subject::MailPart(..)
        | Subject::Link(_)
        | Subject::Value(_)
        | Subject::Exit
        | Subject::Output(_) => None,
    };
    specific.or_else(|| {
        let predicates = predicate::predicate(rest, context)?;
        Some(predicates.map(|all| all.into_iter().map(|one| Action::Check(subject.check(one))).collect()))
    })
}

fn answer(of: &AnswerRef, rest: Text<'_>, context: &Context<'_>) -> Said<Vec<Action>> {
    if let Some(found) = ANSWER_STATUS.apply(rest) {
        return Some(Ok(vec![status(of.clone(), found.statuses("statuses")?, found.get("not").is_some())]));
    }
    if let Some(found) = WITHIN.apply(rest) {
        return Some(match found.fixed_duration("duration") {
            Some(limit) => Ok(vec![Action::Check(Check::Within(of.clone(), limit))]),
            None => Err("a time limit has to be written out".to_owned()),
        });
    }
    if let Some(found) = HAS_HEADER.apply(rest) {
        let name = found.word("name").or_else(|| found.word("other"))?;
        let verb = found.get("verb")?.to_lowercase();
        let negated = verb.contains("not") || verb.ends_with(" no");
        let header = Subject::Header(of.clone(), name);
        let present = if negated { Predicate::Missing } else { Predicate::Present };
        let predicates = match (found.get("value"), found.piece("rest")) {
            (None, None) => vec![present],
            (Some(_), _) | (_, Some(_)) if negated => {
                return Some(Err("say `the header … is not …` or `the header … is missing`".to_owned()));
            }
            (Some(_), _) => vec![Predicate::Equals(found.value("value", context)?)],
            (None, Some(more)) => match predicate::predicate(more, context)? {
                Ok(predicates) => predicates,
                Err(why) => return Some(Err(why)),
            },
        };
        return Some(Ok(predicates.into_iter().map(|one| Action::Check(header.check(one))).collect()));
    }
    if NO_BODY.matches(rest) {
        return Some(Ok(vec![Action::Check(Check::Body(of.clone(), Predicate::Is(Kind::Empty)))]));
    }
    if let Some(found) = HAS_BODY.apply(rest) {
        let value = found.value("value", context)?;
        return Some(Ok(vec![Action::Check(Check::Body(of.clone(), Predicate::Equals(value)))]));
    }
    fields(of, rest)
}

fn fields(of: &AnswerRef, rest: Text<'_>) -> Said<Vec<Action>> {
    if let Some(found) = HAS_FIELD_NOT.apply(rest) {
        return Some(Ok(vec![Action::Check(Check::Field(
            of.clone(),
            found.word("name")?,
            Predicate::Missing,
        ))]));
    }
    let found = HAS_FIELDS.apply(rest)?;
    let names = names(found.piece("names")?)?;
    let only = found.get("only").is_some() || found.get("only_too").is_some();
    Some(Ok(vec![Action::Check(Check::Fields { of: of.clone(), names, only })]))
}

/// `a, b and "c"` as names; nothing if anything else is among them.
pub(crate) fn names(text: Text<'_>) -> Option<Vec<String>> {
    static WORD: Pattern = Pattern::new(r"~{name:word}");
    let list = text.skeleton.replace(", and ", ", ").replace(" and ", ", ").replace(" or ", ", ");
    list.split(", ")
        .map(|piece| WORD.apply(Text { skeleton: piece.trim(), literals: text.literals })?.word("name"))
        .collect()
}

fn mail(to: Option<crate::plan::Template>, rest: Text<'_>, context: &Context<'_>) -> Said<Vec<Action>> {
    let check = |part, predicate| Some(Ok(vec![Action::Check(Check::Mail(part, to.clone(), predicate))]));
    if let Some(found) = MAIL_FROM.apply(rest) {
        let sender = found.value("value", context)?;
        return check(MailPart::From, Predicate::Equals(sender));
    }
    if let Some(found) = MAIL_TO.apply(rest) {
        let recipient = found.value("value", context)?;
        return check(MailPart::Recipient, Predicate::Equals(recipient));
    }
    let found = MAIL_SUBJECT.apply(rest)?;
    let subject = found.value("value", context)?;
    check(MailPart::Subject, Predicate::Equals(subject))
}

fn log(rest: Text<'_>, context: &Context<'_>) -> Said<Vec<Action>> {
    if let Some(found) = LOG_NOT.apply(rest) {
        let text = found.template("value", context)?;
        return Some(Ok(vec![Action::Check(Check::Log { text, not: true })]));
    }
    let found = LOG_HAS.apply(rest)?;
    let text = found.template("value", context)?;
    Some(Ok(vec![Action::Check(Check::Log { text, not: false })]))
}

static FIRST: Pattern = Pattern::new(
    r"(?:there (?:is|are) )?(?:{quantifier:quantifier} )?{count:count} (?:of )?(?:(?:the|these|those) )?(?:[0-9]+ |two |three |ten )?(?:answers?|requests?|them|ones)(?: is| has| answers?| with)?(?: answered)?(?: with)?(?: ~status)? {statuses:statuses}(?P<rest>(?:,| and|;).*)?",
);
static NEXT: Pattern = Pattern::new(
    r"(?:, and|,|;| and) ?(?:{quantifier:quantifier} )?{count:count}(?: of them)?(?: answers?| requests?| others)?(?: is| has| with)?(?: answered)?(?: with)?(?: ~status)? {statuses:statuses}(?P<rest>(?:,| and|;).*)?",
);
static OTHERS: Pattern = Pattern::new(
    r"(?:, and|,|;| and) ?(?:all )?(?:of )?(?:the )?(?:others?|rest|remaining(?: ones| answers)?|other [a-z0-9]+(?: answers| ones)?)(?: is| has)?(?: all)?(?: answered)?(?: with)?(?: ~status)? {statuses:statuses}",
);
static SEQUENCE: Pattern = Pattern::new(
    r"(?:the )?(?:answers|statuses|status of the answers)(?: have| has| is)?(?: in (?:this )?order)?(?: the)?(?: status(?:es)?)?(?: is)?:? (?P<list>[1-5]\d\d(?:(?:, and |, | and |, then | then )[1-5]\d\d)+)(?: in (?:this|that) order)?",
);

/// `exactly one of the answers has status 200 and the others 410`; `the answers are 202, 202 and 429`.
pub(crate) fn several(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    if let Some(found) = SEQUENCE.apply(text) {
        let statuses: Vec<u16> = found
            .get("list")?
            .split(|each: char| !each.is_ascii_digit())
            .filter_map(|word| word.parse().ok())
            .collect();
        let Some(sent) = &context.sent else { return Some(Err("no request has been sent yet".to_owned())) };
        if !sent.ordered {
            return Some(Err(
                "answers to requests sent at the same time have no order: say how many have which status"
                    .to_owned(),
            ));
        }
        if sent.answers != statuses.len() {
            return Some(Err(format!("there are {} answers, not {}", sent.answers, statuses.len())));
        }
        return Some(Ok(vec![Action::Check(Check::Sequence(statuses))]));
    }
    let found = FIRST.apply(text)?;
    let Some(sent) = &context.sent else { return Some(Err("no request has been sent yet".to_owned())) };
    let all = sent.answers;
    let mut counts = vec![Tally {
        count: bounded(found.get("quantifier"), found.count("count")?),
        any_of: found.statuses("statuses")?,
    }];
    let mut others = None;
    let mut rest = found.get("rest");
    while let Some(piece) = rest.take() {
        // The piece begins with its separator, which `Text::piece` would trim the space of.
        let text = Text { skeleton: piece, literals: text.literals };
        if let Some(found) = OTHERS.apply(text) {
            others = Some(found.statuses("statuses")?);
        } else if let Some(found) = NEXT.apply(text) {
            counts.push(Tally {
                count: bounded(found.get("quantifier"), found.count("count")?),
                any_of: found.statuses("statuses")?,
            });
            rest = found.get("rest");
        } else {
            return None;
        }
    }
    if let Some(tally) = counts.iter().find(|tally| tally.count.min > all) {
        return Some(Err(format!(
            "there are only {all} answers, so {} cannot have one status",
            tally.count.min
        )));
    }
    if others.is_none()
        && counts.iter().all(|tally| tally.count.min == 0 && tally.count.max.is_none_or(|max| max >= all))
    {
        return Some(Err("this cannot fail: it holds for any answers".to_owned()));
    }
    Some(Ok(vec![Action::Check(Check::Tally { counts, others })]))
}
