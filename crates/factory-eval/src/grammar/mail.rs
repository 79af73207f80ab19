//! Sentences that count mails and links.

use std::time::Duration;

use super::context::Context;
use super::pattern::{Found, Pattern, Text, bounded};
use super::predicate::{self, Said};
use super::subject::Subject;
use crate::plan::{Action, Check, Count, LinkPart, MailPart, Predicate, Since, Template};

static MAILS: Pattern = Pattern::new(concat!(
    r"(?:there is |(?P<only>only )|(?:the )?(?:service|server|application) (?:sends|mails|delivers) |(?P<negative>(?:the )?(?:service|server|application) does not (?:send|mail|deliver) (?:any |a )?))?",
    r"(?:(?:{quantifier:quantifier} )?(?P<number>(?:the )?[0-9]+|an?|one|two|three|four|five|six|seven|eight|nine|ten|no|any)?(?P<further> (?:further|more|other|additional|new|second|third|other new)| ?another)? ?)?mails?(?: (?:to|for) (?P<to_whom>⟦[qhep]\d+⟧|the [A-Za-z_][\w-]*))?",
    r"(?: (?:is|has|does)?(?: ?(?:sent|delivered|received|arrives?|arrived|comes?|mailed|goes|go|going|exists?|reach(?:es)?|been sent|there)))?",
    r"(?: out)?(?:(?: (?:to|for|at|reaches|by))? (?P<to>⟦[qhep]\d+⟧|the [A-Za-z_][\w-]*|anybody|anyone|nobody))?",
    r"(?: (?:within|in less than|no later than|for|during|in) {within:duration})?(?P<total>,? (?:in total|altogether|in all|overall|since the start))?(?: (?:within|in less than|no later than|after) {within_too:duration})?",
));
static RECEIVES: Pattern = Pattern::new(
    r"(?P<to>⟦[qhep]\d+⟧|the [A-Za-z_][\w-]*) (?P<verb>receives?|gets?|is sent|has|does not receive|does not get|does not receives|does not have|does not has)(?: (?:{quantifier:quantifier} )?(?P<number>[0-9]+|an?|one|two|three|four|five|no|any))?(?P<further> (?:further|more|other|additional|new|second)| ?another)? mails?(?: within {within:duration})?(?P<total> in total| altogether| in all)?",
);
static NOTHING: Pattern = Pattern::new(
    r"(?:nothing is (?:mailed|sent by mail)|no one is mailed|nobody is mailed|the (?:mailbox|inbox) is empty)(?: to (?P<to>⟦[qhep]\d+⟧))?(?: within {within:duration})?",
);
static LINKS: Pattern = Pattern::new(
    r"(?:(?:the |that )?(?:last |newest )?mail(?:'s text)?(?: to {to:value})?|it|its text) (?:contains|has|includes|does not (?P<not>contain|has|have|include)) (?:(?:{quantifier:quantifier} )?(?P<number>an?|any|one|two|three|no|[0-9]+) )?links?(?: (?:(?:whose|with ~|that has ~) ?(?P<part>path|host|query)? ?(?:(?:query )?parameter {parameter:word})? ?(?:(?P<bare>⟦[qp]\d+⟧)|{predicate:any})|to {target:path}|that {whole:any}))?",
);
/// `a mail with the subject "x" is sent to y`, in any order.
static WITH: Pattern = Pattern::new(
    r"(?:(?P<to>⟦[qhep]\d+⟧) (?:receives|receive|gets|is sent) an? mail|an? mail(?P<early> with ~subject (?P<subject_early>⟦[qh]\d+⟧)| (?:containing|with ~text) (?P<text_early>⟦[qh]\d+⟧))? (?:is (?:sent|delivered)|arrives|goes) (?:to|at) (?P<to_too>⟦[qhep]\d+⟧)|(?:I|we|the user) (?:receives?|gets?) an? mail at (?P<at>⟦[qhep]\d+⟧))(?: with ~subject (?P<subject>⟦[qh]\d+⟧)| (?:containing|with ~text) (?P<text>⟦[qh]\d+⟧))?",
);
static OPENS: Pattern = Pattern::new(
    r"(?:(?P<who>⟦[qhep]\d+⟧)|I|they|we|he|she|(?:the )?user) opens? ~(?:last |newest )?mail(?: (?:to|for) (?P<to>⟦[qhep]\d+⟧))?",
);
static ALONE: Pattern = Pattern::new(
    r"(?:the |that )?link is (?:followed by|ended by|ends at) (?:white ?space|a space|a line break)(?: or (?:by )?the end(?: of the (?:text|mail))?)?|(?:the |that )?link stands alone",
);

/// A sentence about how many mails or links there are.
pub(crate) fn mail(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    if let Some(found) = LINKS.apply(text)
        && let Some(said) = links(&found, context)
    {
        return Some(said);
    }
    if let Some(said) = opened(text, context).or_else(|| with(text, context)) {
        return Some(said);
    }
    if ALONE.matches(text) {
        if !context.link && !context.mail {
            return Some(Err("no sentence has found a mail with a link yet".to_owned()));
        }
        return Some(Ok(vec![Action::Check(Check::LinkStandsAlone)]));
    }
    if let Some(found) = NOTHING.apply(text) {
        return counted(&found, Count::exactly(0), false, context);
    }
    if let Some(found) = RECEIVES.apply(text) {
        let negative = found.get("verb")?.to_lowercase().starts_with("does not");
        let further = found.get("further").is_some();
        let count = quantity(&found, further)?;
        return counted(&found, if negative { Count::exactly(0) } else { count }, further, context);
    }
    let found = MAILS.apply(text)?;
    // `the mail`, alone or with something to be said of it, is a subject and no number.
    let mut words = text.skeleton.split(' ');
    let first = words.next()?.to_lowercase();
    let further = found.get("further").is_some();
    let negative = found.get("negative").is_some();
    if matches!(first.as_str(), "mail" | "mails")
        || (first == "the" && found.get("number").is_none() && !negative)
    {
        return None;
    }
    let count = if negative { Count::exactly(0) } else { quantity(&found, further)? };
    counted(&found, count, further, context)
}

/// A mail is opened: it is the one that is spoken of from here on, and it has to be there.
fn opened(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let found = OPENS.apply(text)?;
    let to = found.template("who", context).or_else(|| found.template("to", context));
    if !context.acted {
        return Some(Err("nothing has been done yet that could have sent a mail".to_owned()));
    }
    if to.is_none() && !context.mail {
        return Some(Err("no sentence has found a mail yet: say to whom".to_owned()));
    }
    context.mail = true;
    context.link = true;
    context.opened = true;
    context.subject = Some(Subject::Mail(None));
    Some(Ok(vec![Action::Check(Check::Mail(MailPart::Text, to, Predicate::Present))]))
}

/// That a mail comes, and what its subject or its text is.
fn with(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let found = WITH.apply(text)?;
    let to = ["to", "to_too", "at"].iter().find_map(|hole| found.template(hole, context));
    let subject = found.value("subject", context).or_else(|| found.value("subject_early", context));
    let contained = found.template("text", context).or_else(|| found.template("text_early", context));
    let (part, predicate) = match (subject, contained, found.get("at").is_some()) {
        (Some(subject), None, _) => (MailPart::Subject, Some(Predicate::Equals(subject))),
        (None, Some(text), _) => (MailPart::Text, Some(Predicate::Contains(text))),
        (None, None, true) => (MailPart::Text, None),
        _ => return None,
    };
    if !context.acted {
        return Some(Err("nothing has been done yet that could have sent a mail".to_owned()));
    }
    context.mail = true;
    context.link = true;
    context.subject = Some(Subject::Mail(None));
    let count = Count { min: 1, max: None };
    let mut actions =
        vec![Action::Check(Check::Mails { to: to.clone(), count, since: Since::Window, within: None })];
    actions.extend(predicate.map(|predicate| Action::Check(Check::Mail(part, to, predicate))));
    Some(Ok(actions))
}

/// `a mail` is at least one, `one mail` and `1 mail` are exactly one, `another mail` is at least one more.
fn quantity(found: &Found<'_>, further: bool) -> Option<Count> {
    let number = match found.get("number").map(str::to_lowercase).as_deref() {
        None if further => return Some(Count { min: 1, max: None }),
        None => return None,
        Some("a" | "an" | "any") if found.get("quantifier").is_none() => {
            return Some(Count { min: 1, max: None });
        }
        Some(number) => super::pattern::count(number.trim_start_matches("the "))?,
    };
    Some(bounded(found.get("quantifier"), number))
}

fn counted(found: &Found<'_>, count: Count, further: bool, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let to = match found.get("to_whom").or_else(|| found.get("to")).map(str::to_lowercase).as_deref() {
        None | Some("anybody" | "anyone" | "nobody") => None,
        Some(_) => Some(found.template("to_whom", context).or_else(|| found.template("to", context))?),
    };
    let within: Option<Duration> =
        found.fixed_duration("within").or_else(|| found.fixed_duration("within_too"));
    if !context.acted {
        return Some(Err("nothing has been done yet that could have sent a mail".to_owned()));
    }
    if count.min == 0 && count.max.is_none() {
        return Some(Err("this holds for any number of mails".to_owned()));
    }
    let since = match (further, found.get("total").is_some()) {
        (true, _) => Since::LastCheck,
        (false, true) => Since::Start,
        (false, false) => Since::Window,
    };
    if count.max != Some(0) {
        context.mail = true;
        context.link = true;
        context.subject = Some(Subject::Mail(None));
    }
    Some(Ok(vec![Action::Check(Check::Mails { to, count, since, within })]))
}

fn links(found: &Found<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let to: Option<Template> = match found.get("to") {
        Some(_) => Some(found.template("to", context)?),
        None => None,
    };
    if to.is_none() && !context.mail {
        return Some(Err("no sentence has found a mail yet: say to whom".to_owned()));
    }
    let number = found.get("number").map(str::to_lowercase);
    let count = match (number.as_deref(), found.get("not").is_some()) {
        (_, true) | (Some("no"), _) => Count::exactly(0),
        (None | Some("a" | "an" | "any"), _) if found.get("quantifier").is_none() => {
            Count { min: 1, max: None }
        }
        (Some(number), _) => bounded(found.get("quantifier"), super::pattern::count(number)?),
        (None, _) => return None,
    };
    let which = if found.get("target").is_some() {
        Some((LinkPart::Path, Predicate::Equals(found.value("target", context)?)))
    } else if let Some(whole) = found.piece("whole") {
        Some((LinkPart::Whole, sole(whole, context)?))
    } else {
        let part = match (found.get("part").map(str::to_lowercase).as_deref(), found.word("parameter")) {
            (_, Some(name)) => Some(LinkPart::Parameter(name)),
            (Some("path"), None) => Some(LinkPart::Path),
            (Some("host"), None) => Some(LinkPart::Host),
            (Some(_), None) => Some(LinkPart::Query),
            (None, None) => None,
        };
        match (part, found.get("bare"), found.piece("predicate")) {
            (Some(part), Some(_), _) => Some((part, Predicate::Equals(found.value("bare", context)?))),
            (Some(part), None, Some(predicate)) => Some((part, sole(predicate, context)?)),
            (None, None, None) => None,
            _ => return None,
        }
    };
    context.mail = true;
    context.link = count.max != Some(0);
    let said = vec![Action::Check(Check::Links { to, count, which })];
    // What follows without a subject speaks of the mail, not of the link.
    context.subject = Some(Subject::Mail(None));
    Some(Ok(said))
}

fn sole(text: Text<'_>, context: &Context<'_>) -> Option<Predicate> {
    match predicate::predicate(text, context)?.ok()?.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}
