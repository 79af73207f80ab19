//! Sentences that remember something: an answer, a part of one, a link of a mail, a value made anew.

use super::context::{Context, Origin};
use super::pattern::{Pattern, Text};
use super::predicate::Said;
use super::subject::{self, Subject};
use crate::plan::{Action, AnswerRef, Capture, Fresh, LinkPart, Source};

static AS: Pattern = Pattern::new(
    r"(?:(?:I|we|the client|the user) )?(?:remember|save|store|keep|note|capture|call|name|take|extract|grab|record)s? {what:any}? (?:as|under the name|into|in|to) ~(?:global )?(?:name |variable )?{name:word}(?: in (?:the )?(?:scenario|global) scope| for later(?: use)?)?",
);
static IS_CALLED: Pattern = Pattern::new(
    r"(?P<what>.+?) is (?:remembered|saved|stored|kept|noted|captured|called|named|known|taken|extracted)(?: (?:as|under the name|under|in|to))?(?: the)?(?: variable| name)? {name:word}",
);
static CALL: Pattern =
    Pattern::new(r"(?:(?:I|we) )?(?:call|name) (?P<what>(?:the |that |this )?answer) {name:word}");
static FRESH: Pattern = Pattern::new(
    r"(?:there is )?(?:a |an )?(?:fresh|random|new|unique|generated|some)(?: (?:unique|random|unknown))? (?P<kind>email address|mail address|address|email|password|token|word|name|text)(?: (?:called|named|as|is called|known as))? {name:word}",
);
static FROM_MAIL: Pattern = Pattern::new(
    r"(?:(?:the )?(?:(?:query )?parameter {parameter:word}|{word:word}(?: parameter| query parameter)?) (?:from|of|in) )?(?:the |that )?(?:first )?link (?:from|of|in) (?:the |that )?(?:last |newest |latest )?mail(?: to {to:value})?",
);
static MATCH: Pattern = Pattern::new(
    r"(?:the )?(?:part|text|first part) (?:of|in) (?:the |that )?mail(?:'s text)? (?:matching|that matches) (?:the )?(?:regular expression |pattern )?{pattern:quoted}",
);

static FROM_ANSWER: Pattern = Pattern::new(
    r"(?:~value of ~?)?(?:~)?(?:field )?(?P<name>⟦q\d+⟧)(?: field)?(?: (?:from|of|in) ~(?:json )?(?:answer|body|json))?",
);
static VALUE_OF: Pattern = Pattern::new(r"~value of {rest:any}");

/// A sentence that remembers.
pub(crate) fn memory(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    if let Some(found) = FRESH.apply(text) {
        let name = found.word("name")?;
        let kind = match found.get("kind")?.to_lowercase().as_str() {
            "password" => Fresh::Password,
            "token" => Fresh::Token,
            "word" | "name" | "text" => Fresh::Word,
            _ => Fresh::Email,
        };
        return Some(context.remember(&name, Origin::Own).map(|()| vec![Action::Fresh { name, kind }]));
    }
    let found = CALL.apply(text).or_else(|| IS_CALLED.apply(text)).or_else(|| AS.apply(text))?;
    let name = found.word("name")?;
    let what = found.piece("what")?;
    let source = match source(what, context)? {
        Ok(source) => source,
        Err(why) => return Some(Err(why)),
    };
    let Some(from) = source else {
        context.answers.insert(name.clone());
        return Some(Ok(vec![Action::NameAnswer(name)]));
    };
    Some(context.remember(&name, Origin::Observed).map(|()| vec![Action::Capture(Capture { name, from })]))
}

/// Where the value comes from. The inner nothing: it is the answer as a whole.
fn source(what: Text<'_>, context: &mut Context<'_>) -> Said<Option<Source>> {
    if let Some(found) = FROM_MAIL.apply(what) {
        let to = match found.get("to") {
            Some(_) => Some(found.template("to", context)?),
            None => None,
        };
        if to.is_none() && !context.mail {
            return Some(Err("no sentence has found a mail yet: say to whom".to_owned()));
        }
        let part = match found.word("parameter").or_else(|| found.word("word")) {
            Some(name) if matches!(name.as_str(), "path") => LinkPart::Path,
            Some(name) if matches!(name.as_str(), "host") => LinkPart::Host,
            Some(name) => LinkPart::Parameter(name),
            None => LinkPart::Whole,
        };
        // Where the mail is named, it and its link are the current ones from here on.
        context.mail = true;
        context.link = true;
        return Some(Ok(Some(Source::Link(part, to))));
    }
    if let Some(found) = MATCH.apply(what) {
        if !context.mail {
            return Some(Err("no sentence has found a mail yet".to_owned()));
        }
        let pattern = found.word("pattern")?;
        if let Err(error) = regex::Regex::new(&pattern) {
            return Some(Err(format!("this is not a regular expression: {error}")));
        }
        return Some(Ok(Some(Source::MailMatch(pattern))));
    }
    if let Some(found) = FROM_ANSWER.apply(what) {
        let of = AnswerRef::Current;
        if let Err(why) = subject::check_answer(&of, context) {
            return Some(Err(why));
        }
        return Some(Ok(Some(Source::Field(of, found.word("name")?))));
    }
    let what = VALUE_OF.apply(what).and_then(|found| found.piece("rest")).unwrap_or(what);
    let (subject, rest) = match subject::split(what, context)? {
        Ok(found) => found,
        Err(why) => return Some(Err(why)),
    };
    if !rest.skeleton.is_empty() {
        return None;
    }
    Some(match subject {
        Subject::Answer(AnswerRef::Current) => Ok(None),
        Subject::Answer(_) => Err("only the answer to the last request can get a name".to_owned()),
        other => match other.source() {
            Some(
                Source::Header(AnswerRef::Each, _)
                | Source::Body(AnswerRef::Each)
                | Source::Field(AnswerRef::Each, _),
            ) => Err("one name cannot stand for several values".to_owned()),
            Some(source) => Ok(Some(source)),
            None => Err("this cannot be remembered".to_owned()),
        },
    })
}
