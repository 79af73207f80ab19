//! Sentences that prepare requests to come: headers, credentials, a body, parameters of the query.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderName;

use super::clauses;
use super::context::{Context, Prepared};
use super::pattern::{Pattern, Text, restore};
use super::predicate::Said;
use crate::plan::{Action, Body, Template};

const DO: &str = r"(?:(?:I|we|the client|the user) )?(?:also )?(?:sets?|adds?|uses?|has|defines?|specif(?:y|ies)|provides?|includes?|supply|supplies|given?)";

static HEADER: Pattern = Pattern::with_part(
    r"(?:@) ~(?:valid |custom |http |additional )*(?:request )?(?:header (?P<name>⟦q\d+⟧|[\w-]+)|(?P<other>⟦q\d+⟧|[\w-]+) (?:request )?header) ?(?:to|with ~value(?: of)?|equal to|set to|as|with|is|=|:|of) ?(?P<value>⟦[qhep]\d+⟧|[^⟦ ]+(?: [^⟦ ]+)?)",
    DO,
);
static HEADER_IS: Pattern = Pattern::new(
    r"~(?P<request>request )?(?:(?P<other>⟦q\d+⟧|[\w-]+) (?P<request_too>request )?header|(?:request )?header (?P<name>⟦q\d+⟧|[\w-]+)) (?:is|equals)(?: set to)? (?P<value>⟦[qhep]\d+⟧|[^⟦ ]+)",
);
static HEADER_LINE: Pattern = Pattern::with_part(r"(?:@) ~(?:request )?header (?P<line>⟦q\d+⟧)", DO);
static HEADERS: Pattern = Pattern::with_part(
    r"(?:(?:@) )?~(?:following )?(?:http )?(?:request )?headers(?: to| is| as| is set| is present)?(?: ~following)?",
    DO,
);
static BODY_TYPE: Pattern = Pattern::with_part(
    r"(?:(?:@) ~(?:request )?Content-Type header (?:to|of|as) |~(?:request )?Content-Type header (?:of ~request )?is )(?P<value>⟦q\d+⟧|[\w/+.-]+)",
    DO,
);
static BODY: Pattern = Pattern::with_part(
    r"(?:(?:@) ~(?:following )?(?:(?:request|json) )*body(?: (?:to|as|with|is|of))?|~(?:(?:following|json) )*request (?:json )?body(?: is)?|~(?:following )?json body(?: is)?)(?: ~(?:following )?(?:json )?)? ?(?P<value>⟦[jq]\d+⟧)",
    DO,
);
static PARAMETER: Pattern = Pattern::with_part(
    r"(?:(?:@) ~(?:request )?query (?:string )?param(?:eter)? {name:word} (?:to|with ~value|as|=|equal to)|~(?:request )?query (?:string )?param(?:eter)? {other:word} is(?: set to)?) (?P<value>⟦[qhep]\d+⟧|[\w.-]+)",
    DO,
);
static PARAMETERS: Pattern = Pattern::with_part(
    r"(?:(?:@) )?~(?:following )?(?:request )?query (?:string )?param(?:eter)?s(?: to| is| is set| is present)?",
    DO,
);
static FORM: Pattern = Pattern::with_part(
    r"(?:(?:@) )?~(?:following )?(?:request )?form (?:param(?:eter)?s|fields|data|values)(?: to| is| is set| is present)?",
    DO,
);
static BEARER: Pattern = Pattern::new(
    r"(?:I|we|the client|the user) (?:is (?:authenticated|authori[sz]ed|logged in) (?:with|using|by)|authenticates? (?:with|using)|authori[sz]e (?:with|using)|sets?|uses?|has) ~(?:valid )?(?:bearer token|access token|bearer|token)(?: (?:to|as))? (?P<token>⟦[qh]\d+⟧)",
);
static BASIC: Pattern = Pattern::new(
    r"(?:I|we|the client|the user) (?:(?:is )?(?:authenticat(?:ing|ed|es?)|logged in)(?: with basic auth(?:entication)?)? as|(?:has|sets?|uses?) ~(?:http )?basic auth(?:entication)?(?: credentials?)?(?: (?:with|as|for))?) ~(?:user(?:name)? )?(?P<user>⟦[qhe]\d+⟧) (?:and|with)(?: ~)?(?:password )?(?P<password>⟦[qh]\d+⟧)",
);
static NOBODY: Pattern = Pattern::new(
    r"(?:I|we|the client|the user) (?:is (?:not (?:authenticated|logged in|authori[sz]ed|signed in)|(?:an? )?(?:anonymous|unauthenticated)(?: (?:user|client|visitor))?|logged out)|(?:has|uses?) no (?:authentication|credentials|token))",
);
static WITHOUT: Pattern = Pattern::new(
    r"(?:I|we|the client|the user) (?:removes?|unset|clear|deletes?|drop) ~(?:request )?(?:header (?P<name>⟦q\d+⟧|[\w-]+)|(?P<other>⟦q\d+⟧|[\w-]+) header)",
);

/// A sentence that prepares something. Under `Then` nothing is prepared.
pub(crate) fn prepare(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    if context.then {
        return None;
    }
    let changed = headers(text, context)
        .or_else(|| credentials(text, context))
        .or_else(|| parameters(text, context))
        .or_else(|| body(text, context))?;
    Some(changed.map(|()| Vec::new()))
}

fn headers(text: Text<'_>, context: &mut Context<'_>) -> Said<()> {
    if HEADERS.matches(text) && context.attached.table.is_some() {
        let pairs = match context.attached.pairs() {
            Ok(pairs) => pairs,
            Err(why) => return Some(Err(why)),
        };
        return Some(
            pairs
                .into_iter()
                .try_for_each(|(name, value)| context.prepared.header(&name, Template::new(value))),
        );
    }
    if let Some(found) = HEADER_LINE.apply(text) {
        let line = found.word("line")?;
        let (name, value) = line.split_once(':')?;
        return Some(context.prepared.header(name.trim(), Template::new(value.trim())));
    }
    if let Some(found) = BODY_TYPE.apply(text) {
        let value = restore(text, found.get("value")?);
        return Some(context.prepared.header("Content-Type", Template::new(value)));
    }
    if let Some(found) = WITHOUT.apply(text) {
        let name = found.word("name").or_else(|| found.word("other"))?;
        context.prepared.without(&name);
        return Some(Ok(()));
    }
    let found = HEADER.apply(text).or_else(|| HEADER_IS.apply(text))?;
    let name = found.word("name").or_else(|| found.word("other"))?;
    if matches!(name.to_lowercase().as_str(), "header" | "the" | "request") {
        return None;
    }
    let value = restore(text, found.get("value")?);
    Some(context.prepared.header(&name, Template::new(value)))
}

fn credentials(text: Text<'_>, context: &mut Context<'_>) -> Said<()> {
    if NOBODY.matches(text) {
        context.prepared.without("Authorization");
        return Some(Ok(()));
    }
    if let Some(found) = BEARER.apply(text) {
        let token = found.template("token", context)?;
        let value = Template::new(format!("Bearer {}", token.source()));
        return Some(context.prepared.header("Authorization", value));
    }
    let found = BASIC.apply(text)?;
    let value = basic(&found.template("user", context)?, &found.template("password", context)?);
    Some(value.and_then(|value| context.prepared.header("Authorization", value)))
}

/// The value of `Authorization` for a user and a password, which must be known now.
///
/// # Errors
/// One of them is known only when the plan runs.
pub(crate) fn basic(user: &Template, password: &Template) -> Result<Template, String> {
    if !user.is_literal() || !password.is_literal() {
        return Err("basic authentication takes a user and a password that are written out".to_owned());
    }
    let pair = format!("{}:{}", user.source(), password.source());
    Ok(Template::new(format!("Basic {}", STANDARD.encode(pair))))
}

fn parameters(text: Text<'_>, context: &mut Context<'_>) -> Said<()> {
    if let Some(found) = PARAMETER.apply(text) {
        let name = found.word("name").or_else(|| found.word("other"))?;
        let value = restore(text, found.get("value")?);
        context.prepared.query.push(pair(&name, &value));
        context.prepared.unused = true;
        return Some(Ok(()));
    }
    let is_form = FORM.matches(text);
    if !is_form && !PARAMETERS.matches(text) || context.attached.table.is_none() {
        return None;
    }
    let pairs = match context.attached.pairs() {
        Ok(pairs) => pairs,
        Err(why) => return Some(Err(why)),
    };
    if is_form {
        return Some(context.prepared.body(form(&pairs)));
    }
    context.prepared.query.extend(pairs.iter().map(|(name, value)| pair(name, value)));
    context.prepared.unused = true;
    Some(Ok(()))
}

fn body(text: Text<'_>, context: &mut Context<'_>) -> Said<()> {
    let found = BODY.apply(text)?;
    let body = match found.json("value") {
        Some(json) => Body::Json(json.clone()),
        None => clauses::text_body(found.word("value")?, None),
    };
    Some(context.prepared.body(body))
}

/// A form of these fields.
pub(crate) fn form(pairs: &[(String, String)]) -> Body {
    let fields: Vec<_> = pairs.iter().map(|(name, value)| pair(name, value)).collect();
    let media = "application/x-www-form-urlencoded".to_owned();
    Body::Text { text: Template::new(fields.join("&")), media }
}

/// `name=value`, percent-encoded but for the braces of remembered names.
pub(crate) fn pair(name: &str, value: &str) -> String {
    let encode = |text: &str| {
        let mut encoded = String::new();
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~{}".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                encoded.push_str(&format!("%{byte:02X}"));
            }
        }
        encoded
    };
    format!("{}={}", encode(name), encode(value))
}

impl Prepared {
    fn header(&mut self, name: &str, value: Template) -> Result<(), String> {
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(format!("`{name}` cannot be the name of a header"));
        }
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.without.retain(|known| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value));
        self.unused = true;
        Ok(())
    }

    fn without(&mut self, name: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.without.retain(|known| !known.eq_ignore_ascii_case(name));
        self.without.push(name.to_owned());
    }

    /// A request has carried it: body and query are gone, headers stay.
    pub(crate) fn sent(&mut self) {
        self.body = Body::None;
        self.query.clear();
        self.unused = false;
    }

    fn body(&mut self, body: Body) -> Result<(), String> {
        if self.body != Body::None {
            return Err("a body was prepared already, and no request has been sent since".to_owned());
        }
        self.body = body;
        self.unused = true;
        Ok(())
    }
}
