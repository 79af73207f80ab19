//! Sentences that assert something of a subject: `the status is 202`, `each answer has the header X`, `3 answers are 200`.

use super::context::Context;
use super::pattern::{Pattern, Text, bounded};
use super::predicate::{self, Said};
use super::subject::{self, Subject};
use crate::plan::{Action, AnswerRef, Check, Kind, MailPart, Predicate, StatusPattern, Tally};

static STATUS_IS: Pattern = Pattern::new(
    r"(?:is|equals|equal|has|is same-as|does (?P<not_too>not) equal)(?P<not> not)? (?:one of |either |any of |in )?(?:a |the )?{statuses:codes}(?: range)?",
);
static ANSWERS: Pattern = Pattern::new(
    r"(?:(?:it|(?:the |a )?(?:service|server|api|app|application|endpoint|request)|{of:answer}) )?(?:(?:answers?|responds?|replies|returns?|yields?|gives?|fails?|succeeds?|is answered|is rejected|is refused|is accepted|is denied)(?: back)?(?: (?:with|as))?|->|→)(?: ~(?:http )?status(?: of)?)? (?P<not>not )?(?:either |one of )?(?:a |an |the )?(?:http )?{statuses:statuses}(?: status| error| answer)*(?: with ~status (?P<again>[1-5]\d\d))?",
);
static ANSWER_STATUS: Pattern = Pattern::new(
    r"(?:is|has|carries|comes with)(?P<not> not)?(?: ~status)?(?: of)? (?:either |one of )?(?:a |an )?{statuses:statuses}(?: status| error| answer)*",
);
static SUCCEEDS: Pattern = Pattern::new(r"(?P<not>does not )?succeeds?");
static IS_QUOTED: Pattern = Pattern::new(r"is (?:not )?(?:same-as )?{value:quoted}");
static BETWEEN_CODES: Pattern =
    Pattern::new(r"is (?:between|in the range(?: of)?) (?P<low>[1-5])00 (?:and|to) (?P<high>[1-5])99");
/// `the value of "a.b" is 3`: a field, or something remembered of that name.
fn value_of(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    static VALUE_OF: Pattern = Pattern::new(r"~value of {name:quoted} {rest:any}");
    let found = VALUE_OF.apply(text)?;
    let name = found.word("name")?;
    if context.names.contains_key(&name) {
        return Some(Err(format!(
            "this can mean a field or what was remembered: say `the field \"{name}\"` or `{{{name}}}`"
        )));
    }
    let subject = Subject::Field(AnswerRef::Current, name);
    let subject = match subject::check(subject, context) {
        Ok(subject) => subject,
        Err(why) => return Some(Err(why)),
    };
    let said = said(&subject, found.piece("rest")?, context)?;
    context.subject = Some(subject);
    Some(said)
}

static HAS_HEADER: Pattern = Pattern::new(
    r"(?P<verb>has|carries|contains|includes|does not have|does not has|does not contain|does not include|does not carry|has no|carries no|contains no) ~(?:header {name:word}|{other:word} header)(?:(?::| (?:with ~value(?: of)?|of|set to|equal to|with|that is|same-as)) {value:value}| (?:that |which |with ~value that ){rest:any})?",
);
static HAS_BODY: Pattern = Pattern::new(r"(?:has|carries|contains) ~(?:json )?body (?:of )?{value:value}");
static NO_BODY: Pattern = Pattern::new(r"(?:has|carries) (?:no|an empty) body");
static HAS_FIELDS: Pattern = Pattern::new(
    r"(?:has|contains|includes|consists of) (?P<only>only |exactly )?~(?:following )?(?:json )?(?:(?P<only_too>only) )?(?:fields? {names:any}|{single:quoted} field)",
);
static HAS_FIELD_NOT: Pattern = Pattern::new(
    r"(?:does not (?:have|has|contain|include)|has no|contains no) ~(?:json )?(?:field {name:word}|{other:quoted} field)",
);
static WITHIN: Pattern = Pattern::new(
    r"(?:arrives?|comes?|is (?:there|given|sent|received|complete)|takes?|is answered)(?: in| after)? (?:within|in less than|less than|at most|no later than|no longer than|under) {duration:duration}",
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
        let any_of = found.statuses("statuses")?;
        if let Some(again) = found.get("again")
            && super::pattern::statuses(text, again)? != any_of
        {
            return None;
        }
        return Some(Ok(vec![status(of, any_of, found.get("not").is_some())]));
    }
    if let Some(said) = value_of(text, context) {
        return Some(said);
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
            if let Some(found) = BETWEEN_CODES.apply(rest) {
                if found.get("low") != found.get("high") {
                    return None;
                }
                let class = StatusPattern::Class(found.get("low")?.parse().ok()?);
                return Some(Ok(vec![status(of.clone(), vec![class], false)]));
            }
            let found = STATUS_IS.apply(rest)?;
            let not = found.get("not").or_else(|| found.get("not_too")).is_some();
            return Some(Ok(vec![status(of.clone(), found.statuses("statuses")?, not)]));
        }
        Subject::Answer(of) => answer(of, rest, context),
        Subject::Body(of) => fields(of, rest, context),
        Subject::Mail(to) => mail(to.clone(), rest, context),
        Subject::File(path) => super::files::is_there(rest)
            .map(|predicate| Ok(vec![Action::Check(Check::File(path.clone(), predicate))])),
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
    if let Some(found) = SUCCEEDS.apply(rest) {
        let not = found.get("not").is_some();
        return Some(Ok(vec![status(of.clone(), vec![StatusPattern::Class(2)], not)]));
    }
    if let Some(found) = IS_QUOTED.apply(rest)
        && let Some(quoted) = found.word("value")
        && super::pattern::status_of(&quoted).is_some()
    {
        return Some(Err(format!(
            "this can mean the status or the body: say `the status is {quoted}` or `the body is \"{quoted}\"`"
        )));
    }
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
        // `the header "Name: value"` says both in one.
        let (name, line) = match name.split_once(':') {
            Some((name, value)) => (name.trim().to_owned(), Some(value.trim().to_owned())),
            None => (name, None),
        };
        let header = Subject::Header(of.clone(), name);
        if let Some(value) = line {
            let predicate =
                if negated { Predicate::NotEquals(value.into()) } else { Predicate::Equals(value.into()) };
            return Some(Ok(vec![Action::Check(header.check(predicate))]));
        }
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
    fields(of, rest, context)
}

static FIELD_IS: Pattern = Pattern::new(
    r"(?:has|contains|includes) ~(?:json )?(?:field {name:word}|{other:quoted}(?: field)?) (?:with ~value(?: of)?|equal to|same-as|set to|of|that is|that equals|whose value is|with) (?:~(?:number|string) )?{value:value}",
);

/// The field of a JSON body with a value: `has "a.b" equal to 3`.
fn fields(of: &AnswerRef, rest: Text<'_>, context: &Context<'_>) -> Said<Vec<Action>> {
    if let Some(found) = FIELD_IS.apply(rest) {
        let name = found.word("name").or_else(|| found.word("other"))?;
        let value = Predicate::Equals(found.value("value", context)?);
        return Some(Ok(vec![Action::Check(Check::Field(of.clone(), name, value))]));
    }
    if let Some(found) = HAS_FIELD_NOT.apply(rest) {
        return Some(Ok(vec![Action::Check(Check::Field(
            of.clone(),
            found.word("name").or_else(|| found.word("other"))?,
            Predicate::Missing,
        ))]));
    }
    let found = HAS_FIELDS.apply(rest)?;
    let names = names(found.piece("names").or_else(|| found.piece("single"))?)?;
    let only = found.get("only").is_some() || found.get("only_too").is_some();
    Some(Ok(vec![Action::Check(Check::Fields { of: of.clone(), names, only })]))
}

static HEADERS_ARE: Pattern = Pattern::new(
    r"(?:(?:the )?(?:answer )?headers (?:is|has|contains?|includes?|is same-as)|(?:the )?answer (?:has|contains|includes) (?:the )?(?:following )?headers)(?: ~following)?",
);
static FIELDS_ARE: Pattern = Pattern::new(
    r"(?:(?:the )?(?:answer )?(?:json )?fields (?:is|is same-as)|(?:the )?(?:answer|body|json body) (?:has|contains|includes) (?:the )?(?:following )?(?:json )?fields)",
);

/// Headers or fields that stand in the table under the sentence, with their values or, as a single column, by name.
pub(crate) fn tabled(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let is_headers = HEADERS_ARE.matches(text);
    if !is_headers && !FIELDS_ARE.matches(text) || context.attached.table.is_none() {
        return None;
    }
    if let Err(why) = subject::check_answer(&AnswerRef::Current, context) {
        return Some(Err(why));
    }
    let table = context.attached.table.take()?;
    if table.iter().all(|row| row.len() == 1) {
        let names: Vec<String> = table.into_iter().flatten().collect();
        return Some(Ok(if is_headers {
            let check = |name| Action::Check(Check::Header(AnswerRef::Current, name, Predicate::Present));
            names.into_iter().map(check).collect()
        } else {
            vec![Action::Check(Check::Fields { of: AnswerRef::Current, names, only: false })]
        }));
    }
    context.attached.table = Some(table);
    Some(context.attached.pairs().map(|pairs| {
        let check = |(name, value): (String, String)| {
            if is_headers {
                let value = Predicate::Equals(value.into());
                return Action::Check(Check::Header(AnswerRef::Current, name, value));
            }
            // A cell is JSON where it reads as that: a number, a boolean, something quoted.
            let value = serde_json::from_str(&value).unwrap_or_else(|_| value.into());
            Action::Check(Check::Field(AnswerRef::Current, name, Predicate::Equals(value)))
        };
        pairs.into_iter().map(check).collect()
    }))
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
    r"(?:there (?:is|are) )?(?:{quantifier:quantifier} )?{count:count} (?:of )?(?:(?:the|these|those) )?(?:[0-9]+ |two |three |ten )?(?:answers?|requests?|them|ones)(?: is| has| answers?| returns?| fails?| succeeds?| responds?| gets?| with)?(?: (?:answered|rejected|refused))?(?: (?:with|as))?(?: ~(?:http )?status(?: of)?)? {statuses:statuses}(?P<rest>(?:,| and|;).*)?",
);
static NEXT: Pattern = Pattern::new(
    r"(?:, and|,|;| and) ?(?:{quantifier:quantifier} )?{count:count}(?: of them)?(?: answers?| requests?| others)?(?: is| has| answers?| returns?| fails?| succeeds?| responds?| gets?| with)?(?: (?:answered|rejected|refused))?(?: (?:with|as))?(?: ~(?:http )?status(?: of)?)? {statuses:statuses}(?P<rest>(?:,| and|;).*)?",
);
static OTHERS: Pattern = Pattern::new(
    r"(?:, and|,|;| and) ?(?:all )?(?:of )?(?:the )?(?:others?(?: answers| requests| ones)?|rest|remaining(?: ones| answers)?|other [a-z0-9]+(?: answers| ones)?)(?: is| has| answers?| returns?| fails?| succeeds?| responds?| gets?| with)?(?: (?:answered|rejected|refused))?(?: (?:with|as))?(?: ~(?:http )?status(?: of)?)?(?: all)? {statuses:statuses}",
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
