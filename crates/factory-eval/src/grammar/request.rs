//! Sentences that send requests: once, again, several times, at the same time.

use super::clauses::{self, Extras};
use super::context::{Context, Sent};
use super::pattern::{Pattern, Text};
use super::predicate::Said;
use crate::plan::{Action, AnswerRef, Body, Check, Request, Template};

/// Requests in one sentence at most: a burst is to find races, not to measure load.
const MAX_REQUESTS: usize = 200;

const ACTOR: &str = r"(?:(?P<clients>[0-9]+|two|three|four|five|ten|twenty) (?:clients|users|visitors)|(?P<actor>(?:the |a |an |another |that )?(?:[\w'-]+|⟦[qhe]\d+⟧)(?: [\w'-]+)?))";

static WITH_METHOD: Pattern = Pattern::with_part(
    concat!(
        r"(?:@ )??",
        r"(?:(?:then|again|also|now) )?(?:(?:sends?|makes?|issues?|does|do|performs?|submits?|calls?|requests?|tries|try|fires?|executes?|uses?|invokes?|creates?|sending|sent)(?: to)? )?",
        r"(?:(?:a|an|the|another|one|a new|a second|a further) )?(?:(?P<number>{count:count}) )?(?:(?P<burst>concurrent|parallel|simultaneous) )?(?P<kind>(?:unauthenticated|anonymous|authenticated|new|http|rest|simple) )*",
        r"(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)s?(?: requests?| calls?)?",
        r"(?: is (?:sent|made|issued|submitted))?(?: (?P<times>{often:count} times|twice|again))?(?: (?:to|on|for|at|of|against))? ~(?:(?:path|endpoint|link|resource|address) )?{path:path}(?: (?:endpoint|resource)\b)?(?P<rest>.*)",
    ),
    ACTOR,
);
/// The clauses between the method and the path; they are read as if they came after it.
static WITH_METHOD_LATE: Pattern = Pattern::new(
    r"(?P<head>.*?\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)(?: request)?) (?P<clauses>(?:with|containing|using|carrying) .+?)(?: is (?:sent|made|issued|submitted))? (?:to|on|at|against) (?P<path>(?:(?:the )?(?:path|endpoint) )?⟦[pq]\d+⟧)(?P<rest>.*)",
);
/// `I POST the following JSON to /users`: what is sent stands before where.
static BODY_FIRST: Pattern = Pattern::new(
    r"(?:(?P<actor>(?:the |a |an |another |that )?(?:[\w'-]+|⟦[qhe]\d+⟧)) )?(?P<method>POST|PUT|PATCH|DELETE|sends?|submits?|submitting)s? (?P<what>(?:~(?:(?:following|request|raw|json|body|text|form|data|fields|document) ?)+)?(?:⟦[jqh]\d+⟧)?(?: as json| as (?:~)?(?:json )?body)?) (?:to|at) (?:~(?:path|endpoint) )?{path:path}(?: endpoint)?(?P<rest>.*)",
);
static NO_METHOD: Pattern = Pattern::new(
    r"(?:(?P<actor>(?:the |a |an |another |that )?(?:[\w'-]+|⟦[qhe]\d+⟧)) (?:requests?|gets?|fetch(?:es)?|visits?|opens?|reads?|asks for|calls?|goes to|go to|is (?:on|at)|navigates? to|browses? to|hits?|access(?:es)?|loads?|retrieves?|quer(?:y|ies)|invokes?|looks? up|(?:sends?|makes?) ~(?:http )?request (?:to|for|at|against)) ~(?:(?:endpoint|page|path|resource|link) )?{path:path}(?: (?:endpoint|page|resource)\b)?|{other:path} is (?:requested|fetched|visited|opened|read|called))(?P<rest>.*)",
);
static SAME: Pattern = Pattern::new(concat!(
    r"(?:(?P<actor>(?:the |a |an )?[\w'-]+) (?:sends?|repeats?|resends?|retr(?:y|ies)|makes?|issues?|tries) )?",
    r"(?:(?P<count>[0-9]+|two|three|four|five|six|seven|eight|nine|ten|twenty|hundred) (?:more )?(?:(?:such|of these|of those|of the same|identical|equal|more|further) )*requests?",
    r"|(?:the |that |this |exactly )*(?:same |last |previous |very |identical )*request|it|(?:another|one more|a further) such request|such a request|another one)",
    r"(?P<rest>(?: (?:is|has|again|once|twice|[0-9]|two|three|four|five|ten|at|with|by|->|answers|and|in)\b.*)?)",
));
static THESE: Pattern = Pattern::new(
    r"(?:~(?:client|service|user) (?:sends|makes)|I send|we send)?(?:~following|these|the following) requests(?: is)?(?: (?:sent|made|issued))? at the same time|(?:at the same time,? )?(?:these|the following) requests is (?:sent|made|issued)(?: at the same time)?",
);
/// Words that are no actors: they turn the sentence around.
const NOBODY: &[&str] =
    &["no", "not", "never", "nobody", "none", "without", "if", "unless", "neither", "nor", "no one"];

/// A sentence that sends something.
pub(crate) fn request(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    if THESE.matches(text) {
        return Some(these(context));
    }
    let (request, rest, start) = match head(text) {
        Some(Ok(head)) => head,
        Some(Err(why)) => return Some(Err(why)),
        None => return same(text, context).or_else(|| late(text, context)),
    };
    let extras = match clauses::read(text.piece(&rest), context, start)? {
        Ok(extras) => extras,
        Err(why) => return Some(Err(why)),
    };
    Some(send(vec![request], extras, context))
}

/// `a POST request with {…} is sent to /users` as `a POST request /users with {…}`.
fn late(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let found = WITH_METHOD_LATE.apply(text)?;
    let get = |hole: &str| found.get(hole).unwrap_or_default();
    let skeleton = format!("{} {} {}{}", get("head"), get("path"), get("clauses"), get("rest"));
    if WITH_METHOD_LATE.matches(text.piece(&skeleton)) {
        return None;
    }
    request(Text { skeleton: &skeleton, literals: text.literals }, context)
}

/// The request, what follows its path, and what was said before it.
type Head = (Request, String, Extras);

fn head(text: Text<'_>) -> Said<Head> {
    let plain = |method: &str, path: String| Request {
        method: method.to_uppercase(),
        path: Template::new(path),
        headers: Vec::new(),
        body: Body::None,
    };
    if let Some(found) = BODY_FIRST.apply(text)
        && found
            .get("what")
            .is_some_and(|what| ["⟦", "following", "form"].iter().any(|word| what.contains(word)))
    {
        if is_nobody(found.get("actor")) {
            return None;
        }
        let method = match found.get("method")?.to_lowercase().as_str() {
            "send" | "submit" | "sends" | "submits" | "submitting" => "POST".to_owned(),
            other => other.to_uppercase(),
        };
        let request = plain(&method, found.word("path")?);
        let what = found.get("what")?;
        // A bare text is the body.
        let body = if what.starts_with("⟦q") || what.starts_with("⟦h") { "the body " } else { "" };
        // The `with` before a table says nothing that has not been said.
        let rest = found.get("rest").filter(|rest| rest.trim() != "with").unwrap_or_default();
        return Some(Ok((request, format!("with {body}{what}{rest}"), Extras::default())));
    }
    if let Some(found) = WITH_METHOD.apply(text) {
        if is_nobody(found.get("actor")) {
            return None;
        }
        let mut times = match found.get("times").map(str::to_lowercase).as_deref() {
            Some("twice") => Some(2),
            Some("again") | None => None,
            Some(_) => Some(found.count("often")?),
        };
        for hole in ["count", "clients"] {
            let number = found.get(hole).map(str::to_lowercase);
            if let Some(number) = number.filter(|number| !matches!(number.as_str(), "a" | "an" | "one")) {
                if times.is_some() {
                    return Some(Err("it is said twice how often".to_owned()));
                }
                times = Some(super::pattern::count(&number)?);
            }
        }
        let mut start = Extras::with_times(times);
        start.together = found.get("burst").is_some();
        let kind = found.get("kind").unwrap_or_default().to_lowercase();
        if kind.contains("unauthenticated") || kind.contains("anonymous") {
            start.without_authorization = true;
        }
        let path = found.word("path")?;
        return Some(Ok((plain(found.get("method")?, path), found.get("rest")?.to_owned(), start)));
    }
    let found = NO_METHOD.apply(text)?;
    if is_nobody(found.get("actor")) {
        return None;
    }
    let path = found.word("path").or_else(|| found.word("other"))?;
    if !path.starts_with('/') && !path.starts_with("http") && !path.starts_with("{url}") {
        return None;
    }
    Some(Ok((plain("GET", path), found.get("rest")?.to_owned(), Extras::default())))
}

pub(crate) fn is_nobody(actor: Option<&str>) -> bool {
    actor.is_some_and(|actor| actor.to_lowercase().split(' ').any(|word| NOBODY.contains(&word)))
}

fn same(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let found = SAME.apply(text)?;
    let rest = found.get("rest")?;
    // `it is a string` and the like are no requests.
    let repeats = ["sent", "made", "repeated", "issued", "again", "times", "twice"];
    let lower = text.skeleton.to_lowercase();
    if !repeats.iter().any(|word| lower.split([' ', ',']).any(|each| each == *word))
        && found.get("actor").is_none()
    {
        return None;
    }
    if is_nobody(found.get("actor")) {
        return None;
    }
    let times = found.count("count");
    let extras = match clauses::read(text.piece(rest), context, Extras::with_times(times))? {
        Ok(extras) => extras,
        Err(why) => return Some(Err(why)),
    };
    let Some(sent) = &context.sent else {
        return Some(Err("no request has been sent that could be sent again".to_owned()));
    };
    let [request] = sent.requests.as_slice() else {
        return Some(Err(
            "several different requests were sent last, so none of them is the same one".to_owned()
        ));
    };
    let request = request.clone();
    if context.prepared.unused {
        return Some(Err(
            "something was prepared since the request was sent, so it would not be the same one".to_owned(),
        ));
    }
    Some(again(vec![request], extras, context))
}

/// The doc string under the sentence has a request on each line.
fn these(context: &mut Context<'_>) -> Result<Vec<Action>, String> {
    let Some((lines, _)) = context.attached.doc.take() else {
        return Err("a doc string with one request on each line has to follow".to_owned());
    };
    let mut requests = Vec::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let lexed = super::lex::lex(line)?;
        let skeleton = super::words::normalise(&lexed.skeleton);
        let text = Text { skeleton: &skeleton, literals: &lexed.literals };
        let (request, rest, _) = head(text).ok_or_else(|| format!("this line is no request: {line}"))??;
        let extras = clauses::read(text.piece(&rest), context, Extras::default())
            .ok_or_else(|| format!("the end of this line is not understood: {line}"))??;
        if extras.times.is_some() || extras.together || extras.expects.is_some() {
            return Err(format!("a line can only be a request, without a number or an answer: {line}"));
        }
        requests.push(clauses::prepared(extras.onto(request)?, &extras, context)?);
    }
    context.prepared.sent();
    if requests.len() < 2 {
        return Err("at least two requests are needed".to_owned());
    }
    finish(requests, 1, true, None, context)
}

fn send(requests: Vec<Request>, extras: Extras, context: &mut Context<'_>) -> Result<Vec<Action>, String> {
    let times = extras.times.unwrap_or(1);
    let together = extras.together;
    let expects = extras.expects.clone();
    let requests = requests
        .into_iter()
        .map(|request| clauses::prepared(extras.onto(request)?, &extras, context))
        .collect::<Result<Vec<_>, _>>()?;
    context.prepared.sent();
    if together && times < 2 {
        return Err("one request cannot be sent at the same time as itself: say how many".to_owned());
    }
    finish(requests, times, together, expects, context)
}

/// The same requests once more, which have been prepared already.
fn again(requests: Vec<Request>, extras: Extras, context: &mut Context<'_>) -> Result<Vec<Action>, String> {
    let times = extras.times.unwrap_or(1);
    let requests = requests.into_iter().map(|request| extras.onto(request)).collect::<Result<Vec<_>, _>>()?;
    if extras.together && times < 2 {
        return Err("one request cannot be sent at the same time as itself: say how many".to_owned());
    }
    finish(requests, times, extras.together, extras.expects, context)
}

fn finish(
    requests: Vec<Request>,
    times: usize,
    together: bool,
    expects: Option<(Vec<crate::plan::StatusPattern>, bool)>,
    context: &mut Context<'_>,
) -> Result<Vec<Action>, String> {
    let answers = requests.len() * times;
    if answers == 0 || answers > MAX_REQUESTS {
        return Err(format!("between 1 and {MAX_REQUESTS} requests can be sent in one sentence"));
    }
    for request in &requests {
        let path = request.path.source();
        if !path.starts_with('/') && !path.starts_with("http://") && !path.starts_with("{") {
            return Err(format!("`{path}` is no path: it begins with `/`"));
        }
    }
    context.sent = Some(Sent { requests: requests.clone(), answers, ordered: !together });
    context.acted = true;
    context.last = Some(super::context::Act::Request);
    context.opened = false;
    context.subject = Some(super::subject::Subject::Answer(AnswerRef::Current));
    let times = u32::try_from(times).map_err(|_| "this is too often".to_owned())?;
    let mut actions = vec![Action::Send { requests, times, together }];
    if let Some((any_of, not)) = expects {
        let of = if answers > 1 { AnswerRef::Each } else { AnswerRef::Current };
        actions.push(Action::Check(Check::Status { of, any_of, not }));
    }
    Ok(actions)
}
