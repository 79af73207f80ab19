//! What follows the path of a request: body, headers, credentials, how often, and what the answer has to be.

use hyper::header::HeaderName;
use serde_json::Value;

use super::context::Context;
use super::pattern::{Pattern, Text, restore};
use super::predicate::Said;
use super::prepare;
use crate::plan::{Body, Request, StatusPattern, Template};

/// Bytes that `a body of N bytes` may have.
const MAX_BODY: f64 = 64.0 * 1024.0 * 1024.0;

/// What the clauses say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extras {
    body: Option<Body>,
    headers: Vec<(String, Template)>,
    query: Option<Template>,
    method: Option<String>,
    pub(crate) without_authorization: bool,
    pub(crate) times: Option<usize>,
    pub(crate) together: bool,
    pub(crate) expects: Option<(Vec<StatusPattern>, bool)>,
}

impl Extras {
    pub(crate) fn with_times(times: Option<usize>) -> Self {
        Extras { times, ..Extras::default() }
    }

    /// The request with everything that the clauses add.
    pub(crate) fn onto(&self, mut request: Request) -> Result<Request, String> {
        if let Some(method) = &self.method {
            request.method.clone_from(method);
        }
        if self.without_authorization {
            request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("Authorization"));
        }
        if let Some(body) = &self.body {
            if request.body != Body::None && self.is_new(&request) {
                return Err("there are two bodies".to_owned());
            }
            request.body = body.clone();
        }
        for (name, value) in &self.headers {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                return Err(format!("`{name}` cannot be the name of a header"));
            }
            request.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            request.headers.push((name.clone(), value.clone()));
        }
        if let Some(query) = &self.query {
            let path = request.path.source();
            let joint = if path.contains('?') { '&' } else { '?' };
            request.path = Template::new(format!("{path}{joint}{}", query.source()));
        }
        if request.body != Body::None
            && matches!(request.method.as_str(), "GET" | "HEAD")
            && self.body.is_none()
        {
            return Err("this request has a body and no method: say POST, PUT or PATCH".to_owned());
        }
        Ok(request)
    }

    fn is_new(&self, request: &Request) -> bool {
        self.body.as_ref() != Some(&request.body)
    }

    fn set_body(&mut self, body: Body) -> Result<(), String> {
        if self.body.is_some() {
            return Err("there are two bodies".to_owned());
        }
        self.body = Some(body);
        Ok(())
    }
}

/// The request with what sentences before have prepared; what it says itself goes before that.
///
/// # Errors
/// There are two bodies.
pub(crate) fn prepared(
    mut request: Request,
    extras: &Extras,
    context: &Context<'_>,
) -> Result<Request, String> {
    for (name, value) in &context.prepared.headers {
        let is_left_out = extras.without_authorization && name.eq_ignore_ascii_case("Authorization");
        if !is_left_out && !request.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            request.headers.push((name.clone(), value.clone()));
        }
    }
    if context.prepared.body != Body::None {
        if request.body != Body::None || extras.body.is_some() {
            return Err("there are two bodies: one was prepared".to_owned());
        }
        request.body = context.prepared.body.clone();
    }
    if !context.prepared.query.is_empty() {
        let path = request.path.source();
        let joint = if path.contains('?') { '&' } else { '?' };
        request.path = Template::new(format!("{path}{joint}{}", context.prepared.query.join("&")));
    }
    Ok(request)
}

static SENT: Pattern = Pattern::new(
    r"(?:is )?(?:sent|made|issued|called|requested|performed|submitted|repeated|tried)(?P<rest>.*)",
);
static AGAIN: Pattern = Pattern::new(r"(?:again|once more|one more time|another time|once)(?P<rest>.*)");
static TIMES: Pattern = Pattern::new(
    r"(?:(?:another |an? (?:further |additional ))?{count:count} (?:more |further )?times?|(?P<twice>twice)|by {clients:count} clients)(?: more)?(?: in a row| one after (?:the other|another)| in sequence| sequentially)?(?P<rest>.*)",
);
static TOGETHER: Pattern = Pattern::new(r"(?:all )?at the same time(?P<rest>.*)");
static JSON: Pattern = Pattern::new(
    r"(?:(?:with|using|carrying|containing|including|and) )?~(?:(?:request|json|body|data|document|object|following|payload) )*(?::|is|=)? ?{value:json}(?: as (?:the |its )?(?:json )?(?:body|json))?(?P<rest>.*)",
);
static TEXT: Pattern = Pattern::new(
    r"(?:(?:with|using|carrying|containing|and) )?~(?:(?:following|request|malformed|broken|invalid|raw|plain|text|json) )*(?:body|text|json|data):? (?:text )?{value:quoted}(?: as (?:the |its )?body)?(?P<rest>.*)",
);
static SIZED: Pattern =
    Pattern::new(r"(?:with )?~body (?:of|with|that has) (?:exactly )?{number:number} bytes(?P<rest>.*)");
static NO_BODY: Pattern =
    Pattern::new(r"(?:without (?:a |any )?body|with (?P<empty>an empty|no) body)(?P<rest>.*)");
static FORM: Pattern = Pattern::new(
    r"(?:with|as|in) ~form(?: data| body| fields| parameters)? (?P<form>⟦q\d+⟧|[^ ⟦]+=\S*)(?P<rest>.*)",
);
static QUERY: Pattern =
    Pattern::new(r"(?:with )?~query(?: string)? (?P<query>⟦q\d+⟧|[^ ⟦]+=\S*)(?P<rest>.*)");
static BEARER: Pattern = Pattern::new(
    r"(?:as|with|using|authori[sz]ed (?:with|by|as)|authenticated (?:with|by|as)|by) ~(?:session |access |authori[sz]ation )?bearer(?: token)? (?P<token>⟦[qhe]\d+⟧|(?:the )?[A-Za-z_][\w-]*)(?P<rest>.*)",
);
static BEARER_LAST: Pattern = Pattern::new(
    r"(?:as|with|using|authori[sz]ed (?:with|by|as)|authenticated (?:with|by|as)) (?:(?:the )?(?:session|token|session token|access token) )?(?P<token>⟦h\d+⟧|the [A-Za-z_][\w-]*)(?: as (?:the |a )?bearer(?: token)?)(?P<rest>.*)",
);
static HEADER: Pattern = Pattern::new(
    r"(?:with|and|using|plus)?(?: ?~(?:further |additional |forged )?headers?)? ?(?P<name>[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*):? (?:set to |of |= ?|is )?(?P<value>⟦[qhe]\d+⟧)(?P<rest>.*)",
);
static HEADER_NAMED: Pattern = Pattern::new(
    r"(?:with|and|using|plus) ~(?:(?:http |request )?headers? (?P<name>⟦q\d+⟧)|(?P<other>⟦q\d+⟧|[\w-]+) (?:request )?header)(?: (?:set to|with ~value(?: of)?|equal to|of|as|=|to|is|with))? (?P<value>⟦[qhe]\d+⟧)(?P<rest>.*)",
);
static HEADER_RAW: Pattern = Pattern::new(
    r"(?:with|and|using|plus)?(?: ?~(?:further |additional |forged )?headers?)? ?(?P<name>[A-Za-z][A-Za-z0-9-]*): (?P<value>[^,;]+?)(?P<rest>(?:,| and | ->|;).*)?",
);
static HEADER_QUOTED: Pattern = Pattern::new(r"(?:with|and|using)? ?~headers? {value:quoted}(?P<rest>.*)");
static EXPECTS: Pattern = Pattern::new(
    r"(?:(?:which|that|it) )?(?:->|→|=>|(?:answers?|is answered|is rejected|is refused|is accepted|returns?|responds?|yields?|gives?|results in|fails|succeeds)(?: (?:with|as))?) ?(?P<not>not )?(?:~(?:http )?status (?:of )?)?(?:a |an )?(?:either )?{statuses:statuses}(?: error| status| answer)*(?P<rest>.*)",
);
static METHOD: Pattern = Pattern::new(
    r"(?:using|with|by) (?:~(?:http )?method |~http |the )?(?P<method>GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)(?: method)?(?P<rest>(?: .*|,.*)?)",
);
static PARAMETER: Pattern = Pattern::new(
    r"(?:with|and) ~query param(?:eter)? {name:word} (?:set to|=|as|with ~value|of|equal to) (?P<value>⟦[qhep]\d+⟧)(?P<rest>.*)",
);
static ACCEPTING: Pattern = Pattern::new(r"accepting (?P<value>⟦q\d+⟧|[\w/+.-]+)(?P<rest>.*)");
static BASIC: Pattern = Pattern::new(
    r"(?:with|using|as) (?:~(?:http )?basic auth(?:entication)?(?: credentials)?(?: as)? )?(?P<name>~user(?:name)? )?(?P<user>⟦[qhe]\d+⟧) (?:and|with) (?P<word>~password )?(?P<password>⟦[qh]\d+⟧)(?P<rest>.*)",
);
static TOKEN: Pattern =
    Pattern::new(r"with ~(?:access |session |auth )?token (?P<token>⟦[qh]\d+⟧)(?P<rest>(?:,| and).*)?");
static WITHOUT: Pattern = Pattern::new(
    r"without (?:(?:any |an? |the )?(?:authentication|authori[sz]ation|credentials|(?:bearer |access )?token|authorization header)|being (?:logged in|authenticated))(?P<rest>.*)",
);
static ATTACHED: Pattern = Pattern::new(
    r"(?:(?:with|using|and|containing) )?~(?:following )*(?P<what>json|json body|request body|body|text|text body|fields|json fields|(?:request )?headers?|form(?: param(?:eter)?s| data| fields| values)?|data|query (?:string )?param(?:eter)?s|param(?:eter)?s)|with(?: this| the following)?|~following",
);
static JOINT: Pattern = Pattern::new(r"(?:,? ?(?:and|but|then)\b|,|;) ?(?P<rest>.+)");

/// Reads clauses until nothing is left. Nothing: something is left that is no clause.
pub(crate) fn read(text: Text<'_>, context: &mut Context<'_>, mut extras: Extras) -> Said<Extras> {
    let mut rest = text;
    let mut headers_open = false;
    while !rest.skeleton.is_empty() {
        let next = match clause(rest, context, &mut extras, &mut headers_open) {
            Some(next) => next,
            None => {
                let after = JOINT.apply(rest)?.piece("rest")?;
                clause(after, context, &mut extras, &mut headers_open)?
            }
        };
        match next {
            Ok(next) => rest = next,
            Err(why) => return Some(Err(why)),
        }
    }
    if !context.attached.is_empty()
        && let Err(why) = attach(None, context, &mut extras)
    {
        return Some(Err(why));
    }
    Some(Ok(extras))
}

/// One clause at the start of `text`; what follows it.
fn clause<'a>(
    text: Text<'a>,
    context: &mut Context<'_>,
    extras: &mut Extras,
    headers_open: &mut bool,
) -> Said<Text<'a>> {
    if let Some(found) = EXPECTS.apply(text) {
        extras.expects = Some((found.statuses("statuses")?, found.get("not").is_some()));
        return Some(Ok(found.piece("rest")?));
    }
    for pattern in [&SENT, &AGAIN] {
        if let Some(found) = pattern.apply(text) {
            return Some(Ok(found.piece("rest")?));
        }
    }
    if let Some(found) = TOGETHER.apply(text) {
        extras.together = true;
        return Some(Ok(found.piece("rest")?));
    }
    if let Some(found) = TIMES.apply(text) {
        let count = if found.get("twice").is_some() {
            Some(2)
        } else {
            found.count("count").or_else(|| found.count("clients"))
        };
        extras.times = count;
        return Some(Ok(found.piece("rest")?));
    }
    if let Some(body) = body(text) {
        return Some(body.and_then(|(body, rest)| extras.set_body(body).map(|()| rest)));
    }
    if let Some(found) = QUERY.apply(text) {
        extras.query = Some(Template::new(restore(text, found.get("query")?).trim_start_matches('?')));
        return Some(Ok(found.piece("rest")?));
    }
    if let Some(found) = BEARER_LAST.apply(text).or_else(|| BEARER.apply(text)) {
        let piece = found.get("token")?;
        let token = restore(text, piece);
        let bare = token.strip_prefix("the ").unwrap_or(&token);
        let token = match (piece.contains('⟦'), context.knows(bare)) {
            (true, _) => token,
            (false, true) => format!("{{{bare}}}"),
            (false, false) => return Some(Err(format!("nothing called `{bare}` has been remembered"))),
        };
        extras.headers.push(("Authorization".to_owned(), Template::new(format!("Bearer {token}"))));
        return Some(Ok(found.piece("rest")?));
    }
    if let Some(header) = header(text, extras, *headers_open) {
        *headers_open = true;
        return Some(header);
    }
    if let Some(found) = METHOD.apply(text) {
        extras.method = Some(found.get("method")?.to_uppercase());
        return Some(Ok(found.piece("rest")?));
    }
    if let Some(found) = PARAMETER.apply(text) {
        let value = restore(text, found.get("value")?);
        let pair = prepare::pair(&found.word("name")?, &value);
        let before = extras.query.as_ref().map(|query| format!("{}&", query.source())).unwrap_or_default();
        extras.query = Some(Template::new(format!("{before}{pair}")));
        return Some(Ok(found.piece("rest")?));
    }
    if let Some(found) = ACCEPTING.apply(text) {
        extras.headers.push(("Accept".to_owned(), Template::new(restore(text, found.get("value")?))));
        return Some(Ok(found.piece("rest")?));
    }
    if let Some(found) = WITHOUT.apply(text) {
        extras.without_authorization = true;
        return Some(Ok(found.piece("rest")?));
    }
    if let Some(found) = TOKEN.apply(text) {
        let token = found.template("token", context)?;
        let value = Template::new(format!("Bearer {}", token.source()));
        extras.headers.push(("Authorization".to_owned(), value));
        return Some(Ok(found.piece("rest").unwrap_or(text.piece(""))));
    }
    if let Some(found) = BASIC.apply(text)
        && (found.get("word").is_some() || text.skeleton.to_lowercase().contains("basic auth"))
    {
        let basic = prepare::basic(&found.template("user", context)?, &found.template("password", context)?);
        return Some(basic.and_then(|value| {
            extras.headers.push(("Authorization".to_owned(), value));
            found.piece("rest").ok_or_else(|| "nothing follows".to_owned())
        }));
    }
    let found = ATTACHED.apply(text)?;
    if context.attached.is_empty() {
        return Some(Err("a doc string or a table has to follow".to_owned()));
    }
    let what = found.get("what").map(str::to_lowercase);
    Some(attach(what.as_deref(), context, extras).map(|()| text.piece("")))
}

fn body<'a>(text: Text<'a>) -> Said<(Body, Text<'a>)> {
    if let Some(found) = JSON.apply(text) {
        return Some(Ok((Body::Json(found.json("value")?.clone()), found.piece("rest")?)));
    }
    if let Some(found) = SIZED.apply(text) {
        let number = found.number("number")?;
        if !(0.0..=MAX_BODY).contains(&number) || number.fract() != 0.0 {
            return Some(Err("a body has up to 67,108,864 bytes".to_owned()));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was checked above"
        )]
        let bytes = number as u64;
        return Some(Ok((Body::Bytes(bytes), found.piece("rest")?)));
    }
    if let Some(found) = NO_BODY.apply(text) {
        let body = match found.get("empty").map(str::to_lowercase).as_deref() {
            Some("an empty") => text_body(String::new(), None),
            _ => Body::None,
        };
        return Some(Ok((body, found.piece("rest")?)));
    }
    if let Some(found) = FORM.apply(text) {
        let form = Template::new(restore(text, found.get("form")?));
        let media = "application/x-www-form-urlencoded".to_owned();
        return Some(Ok((Body::Text { text: form, media }, found.piece("rest")?)));
    }
    let found = TEXT.apply(text)?;
    Some(Ok((text_body(found.word("value")?, None), found.piece("rest")?)))
}

/// Several headers may follow one another once the word has been said.
fn header<'a>(text: Text<'a>, extras: &mut Extras, open: bool) -> Said<Text<'a>> {
    let said = open || text.skeleton.to_lowercase().contains("header");
    let is_article = |word: &str| ["the", "a", "an", "this", "that"].contains(&word.to_lowercase().as_str());
    let named = HEADER_NAMED.apply(text).filter(|found| !found.get("other").is_some_and(is_article));
    if let Some(found) = named {
        let name = found.word("name").or_else(|| found.word("other"))?;
        extras.headers.push((name, Template::new(restore(text, found.get("value")?))));
        return Some(Ok(found.piece("rest")?));
    }
    if let Some(found) = HEADER_QUOTED.apply(text) {
        let line = found.word("value")?;
        let Some((name, value)) = line.split_once(':') else {
            return Some(Err("a header is written `Name: value`".to_owned()));
        };
        extras.headers.push((name.trim().to_owned(), Template::new(value.trim())));
        return Some(Ok(found.piece("rest")?));
    }
    let found = HEADER
        .apply(text)
        .filter(|found| {
            said || found.get("name").is_some_and(|name| name.contains('-') || name == "Authorization")
        })
        .or_else(|| HEADER_RAW.apply(text))?;
    let name = found.get("name")?.to_owned();
    if name.eq_ignore_ascii_case("header") || name.eq_ignore_ascii_case("headers") {
        return None;
    }
    extras.headers.push((name, Template::new(restore(text, found.get("value")?.trim()))));
    // `rest` begins with what joins it to the next clause.
    Some(Ok(found.piece("rest").unwrap_or(text.piece(""))))
}

/// Takes the doc string or the table that stands under the sentence.
fn attach(what: Option<&str>, context: &mut Context<'_>, extras: &mut Extras) -> Result<(), String> {
    let is_headers = what.is_some_and(|what| what.contains("header"));
    if let Some((text, media)) = context.attached.doc.take() {
        if is_headers {
            return Err("headers are written as a table".to_owned());
        }
        return extras.set_body(text_body(text, media.as_deref()));
    }
    let pairs = context.attached.pairs()?;
    match what {
        _ if is_headers => {
            extras.headers.extend(pairs.into_iter().map(|(name, value)| (name, Template::new(value))));
            Ok(())
        }
        Some(what) if what.starts_with("form") => extras.set_body(prepare::form(&pairs)),
        Some(what) if what.starts_with("query") => {
            let all: Vec<_> = pairs.iter().map(|(name, value)| prepare::pair(name, value)).collect();
            extras.query = Some(Template::new(all.join("&")));
            Ok(())
        }
        Some(what) if what.starts_with("param") => Err(
            "these can be parameters of the query, of a form, or fields of JSON: say `with the query parameters`, `with the form parameters` or `with the fields`"
                .to_owned(),
        ),
        _ => {
            let members = pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
            extras.set_body(Body::Json(Value::Object(members)))
        }
    }
}

/// Text that looks like JSON is sent as JSON, also if it is broken.
pub(crate) fn text_body(text: String, media: Option<&str>) -> Body {
    let json = match media {
        Some(media) => media.to_lowercase().contains("json"),
        None => text.trim_start().starts_with(['{', '[']),
    };
    let media = match media {
        _ if json => "application/json",
        Some(media) if media.contains('/') => media,
        Some(_) | None => "text/plain; charset=utf-8",
    };
    Body::Text { text: Template::new(text), media: media.to_owned() }
}
