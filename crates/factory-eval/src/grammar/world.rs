//! Sentences about what surrounds the service: time, the mail server, its process, its files, commands.

use std::time::Duration;

use super::context::Context;
use super::pattern::{Pattern, Text};
use super::predicate::Said;
use crate::plan::{Action, Check, Fault, Period, Stop};

/// The longest that a scenario can really wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

static PASSES: Pattern = Pattern::new(
    r"(?:(?:another|after|once|when|a further|in) )?{by:duration}(?: (?:more|further|of time))?,? (?:later|pass|passes|passed|elapse|elapses|elapsed|go by|goes by|went by|(?:has|is) (?:passed|elapsed|gone by|gone|over|past)|after that|afterwards|after|is over)",
);
static AFTER: Pattern = Pattern::new(
    r"after (?:another )?{by:duration}|it is {by_too:duration} later|the next (?P<next>day|week|hour|minute)(?: (?:begins|comes))?",
);
static TRAVELS: Pattern = Pattern::new(
    r"(?:(?:I|we) )?(?:(?:time )?travels?|jumps?|fast[- ]forwards?|moves?|skips?|goes?|advances?)(?: time)?(?: (?:forwards?|ahead))?(?: (?:by|to))? {by:duration}(?: (?P<back>back|into the past|backwards?))?(?: (?:into the future|forwards?|ahead|later|from now|in the future))?(?: in time)?",
);
static BACK: Pattern = Pattern::new(
    r"(?:(?:I|we) )?(?:(?:time )?travels?|jumps?|moves?|goes?|turns?)(?: (?:the )?(?:time|clock))? (?:back|backwards?)\b.*",
);
static CLOCK: Pattern = Pattern::new(
    r"(?:the )?(?:service's |system )?(?:clock|time) (?:moves?|is moved|goes|is set|advances?|is advanced|jumps?|is put|is turned)(?: forwards?| ahead| on)?(?: by)? {by:duration}(?: forwards?| ahead| on| later)?|I (?:move|advance|set) the clock (?:forwards? |ahead |on )?by {by_too:duration}",
);
static WAITS: Pattern = Pattern::new(
    r"(?:(?:I|we|the client|the user) )?(?:really )?(?:waits?|paus(?:e|es)|sleeps?)(?: for)? {by:duration}(?: in real time)?",
);
static MAIL_SERVER: Pattern = Pattern::new(
    r"(?:the |a )?mail(?: server)? (?:server )?(?P<what>(?:is |goes |comes |works?|does not |cannot |refuses? |rejects? |hangs?|accepts? |never |takes ).*|hangs?|works?(?: again)?)",
);
static RESTART: Pattern = Pattern::new(
    r"(?:(?:I|we) restart (?:the )?(?:service|server|application|app)|(?:the )?(?:service|server|application|app)(?: is)? (?P<how>restarted|restarts|stopped and (?:is )?started(?: again)?|killed and (?:is )?(?:re)?started(?: again)?|killed|crashes and (?:is )?(?:re)?started(?: again)?)(?: on the same (?:data|database))?)",
);
static RUNS: Pattern = Pattern::new(
    r"(?:the |a )?(?:fresh |running |freshly started )*(?:service|server|application|app|api)(?: is)?(?: (?:running|up|ready|started|freshly started|reachable|up and running))?(?: and (?:ready|running))?",
);
static FILES: Pattern = Pattern::new(
    r"(?:(?P<no>no|none of the) (?:database )?files?(?: (?:under|in|below|of) (?:the )?(?:scratch|data|service's|database)(?: (?:directory|folder|files))?)? (?:contains?|holds?|mentions?|has) {value:value}|(?:the )?(?:database|data|scratch)(?: files?| directory| folder)* does not (?:contain|hold|mention) {other:value}|(?:a|some) file(?: (?:under|in|below) (?:the )?(?:scratch|data)(?: (?:directory|folder))?)? contains {third:value})(?: in any (?:form|encoding))?",
);

/// A sentence about the surroundings.
pub(crate) fn world(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    time(text, context)
        .or_else(|| mail_server(text))
        .or_else(|| process(text, context))
        .or_else(|| files(text, context))
}

fn time(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    if let Some(found) = WAITS.apply(text) {
        return Some(match found.fixed_duration("by") {
            Some(wait) if wait <= LONGEST_WAIT => Ok(vec![Action::Wait(wait)]),
            Some(_) => Err("this is too long to really wait: say `… pass`, which moves the clock".to_owned()),
            None => Err("a time to wait has to be written out".to_owned()),
        });
    }
    if BACK.matches(text) {
        return Some(Err("the clock only moves forward".to_owned()));
    }
    let found = PASSES.apply(text).or_else(|| CLOCK.apply(text)).or_else(|| AFTER.apply(text));
    let found = found.or_else(|| TRAVELS.apply(text))?;
    if found.get("back").is_some() {
        return Some(Err("the clock only moves forward".to_owned()));
    }
    let next = found.get("next").map(|next| {
        Ok(Period::Fixed(match next.to_lowercase().as_str() {
            "minute" => Duration::from_secs(60),
            "hour" => Duration::from_secs(3600),
            "day" => Duration::from_secs(86_400),
            _ => Duration::from_secs(7 * 86_400),
        }))
    });
    let period = match found.period("by").or_else(|| found.period("by_too")).or(next)? {
        Ok(period) => period,
        Err(why) => return Some(Err(why)),
    };
    if let Period::Remembered { number, .. } = &period
        && let Some(name) = number.names().find(|name| !context.knows(name))
    {
        return Some(Err(format!("nothing called `{name}` has been remembered")));
    }
    if period == Period::Fixed(Duration::ZERO) {
        return Some(Err("no time passes".to_owned()));
    }
    context.acted = true;
    Some(Ok(vec![Action::Advance(period)]))
}

fn mail_server(text: Text<'_>) -> Said<Vec<Action>> {
    let found = MAIL_SERVER.apply(text)?;
    if !text.skeleton.to_lowercase().contains("mail server") {
        return None;
    }
    let what = found.get("what")?.to_lowercase();
    let fault = match what.trim_end_matches(" again").trim() {
        "is down"
        | "goes down"
        | "is unreachable"
        | "is not reachable"
        | "is unavailable"
        | "is not available"
        | "is away"
        | "is off"
        | "is gone"
        | "is stopped"
        | "does not run"
        | "is not running"
        | "refuses connections"
        | "is offline"
        | "refuses all connections"
        | "refuses every connection"
        | "cannot be reached"
        | "does not is reached"
        | "goes away" => Fault::Down,
        "rejects mail"
        | "rejects mails"
        | "rejects all mail"
        | "rejects all mails"
        | "rejects every mail"
        | "rejects every recipient"
        | "rejects all recipients"
        | "refuses mail"
        | "refuses all mail"
        | "refuses every mail"
        | "does not accept mail"
        | "does not accept mails"
        | "accepts no mail"
        | "rejects them"
        | "takes no mail" => Fault::Reject,
        "hangs" | "hang" | "does not answer" | "never answers" | "is hanging" | "does not respond"
        | "never responds" => Fault::Hang,
        "is up" | "comes back" | "is back" | "works" | "is running" | "is reachable" | "is available"
        | "comes up" | "is online" | "is there" | "is present" | "accepts mail" | "accepts all mail"
        | "accepts mails" | "is started" => Fault::None,
        _ => return Some(Err("the mail server can be down, reject all mail, hang, or come back".to_owned())),
    };
    Some(Ok(vec![Action::MailServer(fault)]))
}

fn process(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    if let Some(found) = RESTART.apply(text) {
        let how = found.get("how").unwrap_or_default().to_lowercase();
        if how == "killed" {
            return Some(Err(
                "say `the service is killed and started again`: nothing can be asked of a dead one"
                    .to_owned(),
            ));
        }
        let stop =
            if how.starts_with("killed") || how.starts_with("crashes") { Stop::Killed } else { Stop::Asked };
        context.acted = true;
        return Some(Ok(vec![Action::Restart(stop)]));
    }
    // A fresh service is what every scenario begins with, so saying so does nothing.
    (RUNS.matches(text) && !context.acted).then(|| Ok(Vec::new()))
}

fn files(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let found = FILES.apply(text)?;
    let (text, not) = match (found.template("value", context), found.template("other", context)) {
        (Some(text), _) | (None, Some(text)) => (text, true),
        (None, None) => (found.template("third", context)?, false),
    };
    Some(Ok(vec![Action::Check(Check::Files { text, not })]))
}
