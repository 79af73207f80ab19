//! What a sentence speaks of: the status, a header, the body, a field, a mail, a link, a remembered value, an output.

use super::context::{Context, Origin};
use super::pattern::{Found, Pattern, Text, literal};
use crate::plan::{AnswerRef, Check, LinkPart, MailPart, OutputPart, Predicate, Source, Template};

/// Something that predicates can be asked of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Subject {
    Answer(AnswerRef),
    Status(AnswerRef),
    Header(AnswerRef, String),
    Body(AnswerRef),
    Field(AnswerRef, String),
    Mail(Option<Template>),
    MailPart(MailPart, Option<Template>),
    Link(LinkPart),
    Value(String),
    Exit,
    Output(OutputPart),
    File(Template),
    Log,
}

static STATUS: Pattern = Pattern::new(r"~(?:answer's |answer )?status(?: of {of:answer})?(?: {rest:any})?");
static HEADER: Pattern = Pattern::new(
    r"~(?:answer's |answer )?(?:headers? {name:word}|{other:word} (?:answer )?header)(?: (?:of|in) {of:answer})?(?: {rest:any})?",
);
static BODY: Pattern = Pattern::new(
    r"~(?:answer's |answer )?(?:(?:json |whole |entire )*body|json(?: array| list| object)?)(?: of {of:answer})?(?: {rest:any})?",
);
static FIELD: Pattern = Pattern::new(
    r"~(?:value of ~)?(?:answer's |body's |answer |body )?(?:json )?(?:(?:field (?:array |list |object )?|array |list )(?P<name>⟦[pqh]\d+⟧)|field (?P<bare>[\pL_$][\w$.\[\]-]*)|{other:quoted} (?:json )?(?:field|array|list))(?: (?:of|in) (?:the (?:json )?body of |the (?:json )?body in )?(?:(?:the )?(?:json )?body|{of:answer}))?(?: {rest:any})?",
);
static MAIL_PART: Pattern = Pattern::new(
    r"(?:(?:(?:the |that |this )?(?:last |newest |latest )?mail(?: to {to:text})?'s|its) (?:plain )?|~)(?:mail )?(?P<part>subject|text|sender|recipient|source)(?: of (?:the |that )?(?:last |newest |latest )?mail(?: to {other:text})?)?(?: {rest:any})?",
);
static MAIL: Pattern = Pattern::new(r"~(?:last |newest |latest )?mail(?: to {to:text})?(?: {rest:any})?");
static LINK: Pattern = Pattern::new(
    r"~(?:first )?link(?:'s)?(?: in (?:the |that )?mail)?(?:(?: (?:query )?parameter {name:word})| {other:word} (?:query )?parameter| (?P<part>path|host|query string|query))?(?: {rest:any})?",
);
static PART_OF_LINK: Pattern = Pattern::new(
    r"~(?:(?:query )?parameter {name:word}|{other:word} (?:query )?parameter|(?P<part>path|host|query string|query)) (?:of|in|from) ~link(?: {rest:any})?",
);
static EXIT: Pattern = Pattern::new(
    r"~(?:command's |command |process )?exit (?:code|status)(?: of ~(?:command|process|program))?(?: {rest:any})?",
);
static OUTPUT: Pattern = Pattern::new(
    r"~(?:(?:command|program|process|console|terminal)(?:'s)? )?(?:output (?:on|to|in) (?:the )?)?(?P<which>stdout|stderr|standard output|standard error|error output|output)(?: (?:of|from) (?:~(?:last )?(?:command|program|process)(?: ⟦q\d+⟧)?|⟦q\d+⟧))?(?: {rest:any})?",
);
static LOG: Pattern = Pattern::new(
    r"~(?:service's |application's |server's )?logs?(?: file| output)?(?: of the (?:service|application|server))?(?: {rest:any})?",
);
static ANSWER: Pattern = Pattern::new(r"{of:answer}(?P<possessive>'s)?(?: {rest:any})?");
static IT: Pattern = Pattern::new(r"(?:it|they|each)(?: {rest:any})?");
static VALUE: Pattern = Pattern::new(r"~{name:word}(?: {rest:any})?");
static NAMED_VALUE: Pattern = Pattern::new(
    r"~(?:value of ~)?(?:(?:remembered|captured|stored|saved|scope|global) )*[a-z]+ {name:word}(?: {rest:any})?",
);

/// A subject at the start of `text`, and what is said of it. Nothing if there is none; an error if it cannot be meant.
pub(crate) fn split<'a>(
    text: Text<'a>,
    context: &Context<'_>,
) -> Option<Result<(Subject, Text<'a>), String>> {
    let found = find(text, context)?;
    Some(found.and_then(|(subject, rest)| Ok((check(subject, context)?, rest))))
}

fn find<'a>(text: Text<'a>, context: &Context<'_>) -> Option<Result<(Subject, Text<'a>), String>> {
    let rest = |found: &Found<'a>| found.piece("rest").unwrap_or(text.piece(""));
    if let Some(found) = STATUS.apply(text) {
        return Some(Ok((Subject::Status(of(&found, text)), rest(&found))));
    }
    if let Some(found) = PART_OF_LINK.apply(text).or_else(|| LINK.apply(text)) {
        return Some(Ok((Subject::Link(link_part(&found)), rest(&found))));
    }
    if let Some(found) = MAIL_PART.apply(text)
        && (found.get("part")?.to_lowercase() != "text"
            || text.skeleton.to_lowercase().contains("mail")
            || text.skeleton.starts_with("its"))
    {
        let part = match found.get("part")?.to_lowercase().as_str() {
            "subject" => MailPart::Subject,
            "sender" => MailPart::From,
            "recipient" => MailPart::Recipient,
            "source" => MailPart::Raw,
            _ => MailPart::Text,
        };
        let to = found.template("to", context).or_else(|| found.template("other", context));
        return Some(Ok((Subject::MailPart(part, to), rest(&found))));
    }
    if let Some(found) = MAIL.apply(text) {
        return Some(Ok((Subject::Mail(found.template("to", context)), rest(&found))));
    }
    if let Some(file) = super::files::split(text, context) {
        return Some(file);
    }
    if let Some(found) = FIELD.apply(text) {
        let name = found.word("name").or_else(|| found.word("bare")).or_else(|| found.word("other"))?;
        return Some(Ok((Subject::Field(of(&found, text), name), rest(&found))));
    }
    if let Some(found) = BODY.apply(text) {
        let is_mail = matches!(context.subject, Some(Subject::Mail(_) | Subject::MailPart(..)));
        if is_mail && text.skeleton.to_lowercase().starts_with("its ") {
            return Some(Ok((Subject::MailPart(MailPart::Text, None), rest(&found))));
        }
        return Some(Ok((Subject::Body(of(&found, text)), rest(&found))));
    }
    // `the answer has header "x"` is about the answer, and about no header called “has”.
    let is_name = |found: &Found<'_>| {
        let verbs = ["has", "contains", "includes", "carries", "no", "is", "not"];
        found.get("other").is_none_or(|other| !verbs.contains(&other.to_lowercase().as_str()))
    };
    if let Some(found) = HEADER.apply(text).filter(is_name) {
        let name = found.word("name").or_else(|| found.word("other"))?;
        return Some(Ok((Subject::Header(of(&found, text), name), rest(&found))));
    }
    if let Some(found) = EXIT.apply(text) {
        return Some(Ok((Subject::Exit, rest(&found))));
    }
    if let Some(found) = OUTPUT.apply(text) {
        return Some(Ok((Subject::Output(super::command::part(found.get("which"))), rest(&found))));
    }
    if let Some(found) = LOG.apply(text) {
        return Some(Ok((Subject::Log, rest(&found))));
    }
    if let Some(found) = ANSWER.apply(text)
        && found.get("possessive").is_none()
        && found.get("of").is_some_and(|of| of.contains("answer") || of.contains("request"))
    {
        return Some(Ok((Subject::Answer(of(&found, text)), rest(&found))));
    }
    for pattern in [&NAMED_VALUE, &VALUE] {
        if let Some(found) = pattern.apply(text)
            && let Some(name) = found.word("name")
            && context.names.contains_key(&name)
        {
            return Some(Ok((Subject::Value(name), rest(&found))));
        }
    }
    if let Some(found) = IT.apply(text)
        && let Some(subject) = &context.subject
    {
        return Some(Ok((subject.clone(), rest(&found))));
    }
    let found = ANSWER.apply(text)?;
    let which = of(&found, text);
    if found.get("possessive").is_some() {
        // `each answer's body …`: the rest names the part, this the answer.
        return Some(find(rest(&found), context)?.map(|(subject, rest)| (subject.with_answer(which), rest)));
    }
    Some(Ok((Subject::Answer(which), rest(&found))))
}

impl Subject {
    fn with_answer(self, of: AnswerRef) -> Subject {
        match self {
            Subject::Answer(_) => Subject::Answer(of),
            Subject::Status(_) => Subject::Status(of),
            Subject::Header(_, name) => Subject::Header(of, name),
            Subject::Body(_) => Subject::Body(of),
            Subject::Field(_, name) => Subject::Field(of, name),
            other @ (Subject::Mail(_)
            | Subject::MailPart(..)
            | Subject::Link(_)
            | Subject::Value(_)
            | Subject::Exit
            | Subject::Output(_)
            | Subject::File(_)
            | Subject::Log) => other,
        }
    }

    /// The check that the subject satisfies `predicate`.
    pub(crate) fn check(&self, predicate: Predicate) -> Check {
        match self.clone() {
            Subject::Answer(of) | Subject::Body(of) | Subject::Status(of) => Check::Body(of, predicate),
            Subject::Header(of, name) => Check::Header(of, name, predicate),
            Subject::Field(of, name) => Check::Field(of, name, predicate),
            Subject::Mail(to) => Check::Mail(MailPart::Text, to, predicate),
            Subject::MailPart(part, to) => Check::Mail(part, to, predicate),
            Subject::Link(part) => Check::Link(part, predicate),
            Subject::Value(name) => Check::Value(Template::new(format!("{{{name}}}")), predicate),
            Subject::Exit => Check::Exit(predicate),
            Subject::Output(part) => Check::Output(part, predicate),
            Subject::File(path) => Check::File(path, predicate),
            // Only reached by predicates that `super::answers` has not taken, which it refuses for logs.
            Subject::Log => Check::Output(OutputPart::Both, predicate),
        }
    }

    /// Where its value comes from, if it can be remembered.
    pub(crate) fn source(&self) -> Option<Source> {
        match self.clone() {
            Subject::Header(of, name) => Some(Source::Header(of, name)),
            Subject::Body(of) => Some(Source::Body(of)),
            Subject::Field(of, name) => Some(Source::Field(of, name)),
            Subject::Link(part) => Some(Source::Link(part, None)),
            Subject::Output(part) => Some(Source::Output(part)),
            Subject::Answer(_)
            | Subject::Status(_)
            | Subject::Mail(_)
            | Subject::MailPart(..)
            | Subject::Value(_)
            | Subject::Exit
            | Subject::File(_)
            | Subject::Log => None,
        }
    }
}

fn link_part(found: &Found<'_>) -> LinkPart {
    match found.get("part").map(str::to_lowercase).as_deref() {
        Some("path") => LinkPart::Path,
        Some("host") => LinkPart::Host,
        Some(_) => LinkPart::Query,
        None => {
            found.word("name").or_else(|| found.word("other")).map_or(LinkPart::Whole, LinkPart::Parameter)
        }
    }
}

fn of(found: &Found<'_>, text: Text<'_>) -> AnswerRef {
    found.get("of").map_or(AnswerRef::Current, |piece| answer(piece, text))
}

/// Which answer the words mean.
pub(crate) fn answer(piece: &str, text: Text<'_>) -> AnswerRef {
    let named = piece.rsplit(' ').next().and_then(|last| literal(text, last));
    if let Some(literal) = named {
        let name = match literal {
            super::lex::Literal::Quoted(name) | super::lex::Literal::Name(name) => name.clone(),
            other @ (super::lex::Literal::Json(_)
            | super::lex::Literal::Path(_)
            | super::lex::Literal::Address(_)) => {
                format!("{other:?}")
            }
        };
        return AnswerRef::Named(name);
    }
    let lower = piece.to_lowercase();
    let words: Vec<&str> = lower.split(' ').collect();
    if matches!(words.first(), Some(&("each" | "every" | "all" | "both"))) {
        return AnswerRef::Each;
    }
    for word in words {
        let place = match word {
            "last" => return AnswerRef::Last,
            "first" => 1,
            "second" => 2,
            "third" => 3,
            "fourth" => 4,
            "fifth" => 5,
            "sixth" => 6,
            _ => match word.trim_end_matches(|each: char| each.is_ascii_lowercase()).parse::<usize>() {
                Ok(place) => place,
                Err(_) => continue,
            },
        };
        return AnswerRef::At(place.saturating_sub(1));
    }
    AnswerRef::Current
}

/// Whether the subject is there to be spoken of.
///
/// # Errors
/// Why it is not.
pub(crate) fn check(subject: Subject, context: &Context<'_>) -> Result<Subject, String> {
    match &subject {
        Subject::Answer(of)
        | Subject::Status(of)
        | Subject::Header(of, _)
        | Subject::Body(of)
        | Subject::Field(of, _) => {
            check_answer(of, context)?;
        }
        Subject::Mail(to) | Subject::MailPart(_, to) => {
            if to.is_none() && !context.mail {
                return Err("no sentence has found a mail yet: say to whom, or how many there are".to_owned());
            }
        }
        Subject::Link(_) => {
            if !context.link && !context.mail {
                return Err("no sentence has found a mail with a link yet".to_owned());
            }
        }
        Subject::Value(name) => {
            if context.names.get(name) == Some(&Origin::Own) {
                return Err(format!(
                    "`{name}` was made by the scenario itself, so this says nothing of the service"
                ));
            }
        }
        Subject::Exit | Subject::Output(_) => {
            if !context.command {
                return Err("no command has been run yet".to_owned());
            }
        }
        Subject::File(_) | Subject::Log => {}
    }
    Ok(subject)
}

/// Whether an answer can be meant.
///
/// # Errors
/// Why not.
pub(crate) fn check_answer(of: &AnswerRef, context: &Context<'_>) -> Result<(), String> {
    if let AnswerRef::Named(name) = of {
        return if context.answers.contains(name) {
            Ok(())
        } else {
            Err(format!("no answer is called \"{name}\""))
        };
    }
    let Some(sent) = &context.sent else {
        return Err("no request has been sent yet".to_owned());
    };
    match of {
        AnswerRef::Current if sent.answers > 1 => Err(format!(
            "there are {} answers: say `each answer`, `the last answer` or `exactly 1 of the answers`",
            sent.answers
        )),
        AnswerRef::At(place) if *place >= sent.answers => {
            Err(format!("there are only {} answers", sent.answers))
        }
        AnswerRef::At(_) | AnswerRef::Last if !sent.ordered && sent.answers > 1 => {
            Err("answers to requests sent at the same time have no order".to_owned())
        }
        AnswerRef::Current | AnswerRef::Each | AnswerRef::At(_) | AnswerRef::Last | AnswerRef::Named(_) => {
            Ok(())
        }
    }
}
