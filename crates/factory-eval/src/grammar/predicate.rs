//! What a thing can be asked: `is a non-empty string`, `contains "x"`, `is at most 3`.

use serde_json::Value;

use super::context::Context;
use super::pattern::{Pattern, Text, bounded};
use crate::plan::{Count, Kind, Measure, Predicate, Range, Template};

/// What a rule says: nothing if it is not about this, or what it means, or why that is wrong.
pub(crate) type Said<T> = Option<Result<T, String>>;

static NOTHING_IS: Pattern =
    Pattern::new(r"(?:is|has) (?P<not>not )?(?P<kind>present|missing|empty|non-empty|nonempty|filled|blank)");
static HAS_IT: Pattern = Pattern::new(r"is (?:not missing|defined)");
static CONTAINS: Pattern = Pattern::new(
    r"(?:contains?|includes?|mentions?|has|quotes?|shows?) ~(?:following |text |string |word |phrase |line |element |json |object |subset )*{value:value}(?: anywhere| somewhere| in it| as an element)?",
);
static CONTAINS_NOT: Pattern = Pattern::new(
    r"(?:does not (?:contains|contain|include|mention|have|quote|show|reveal|leak|expose|repeat)|never contains|is free of|has no) ~(?:text |string |word |phrase |element )*{value:value}(?: anywhere)?",
);
static STARTS: Pattern = Pattern::new(r"(?:starts?|begins?) with ~(?:text )?{value:text}");
static ENDS: Pattern = Pattern::new(r"ends? (?:with|in) ~(?:text )?{value:text}");
static MATCHES: Pattern = Pattern::new(
    r"(?P<not>does not )?match(?:es)? ~(?:regular expression |pattern |regexp? )?{value:quoted}",
);
static MATCHES_JSON: Pattern = Pattern::new(r"match(?:es)? ~(?:following )?(?:json )?{value:json}");
static EXACTLY: Pattern =
    Pattern::new(r"(?:is|equals?|contains?) (?:exactly|literally) ~(?:text |string )?{value:text}");
static EQUALS: Pattern = Pattern::new(
    r"(?:is|equals?|is same-as|has ~(?:value|body|contents|content)(?: of)?|is exactly|equals exactly|contains exactly|is exactly same-as|reads?) ~(?:following |text |string |json |object |value |number )*{value:value}",
);
static EQUALS_NOT: Pattern = Pattern::new(
    r"(?:is not|does not equal|is not same-as|differs from|is different from|is other than|is different to) ~(?:text |string |value )*{value:value}",
);
static KIND: Pattern = Pattern::new(
    r"(?:is|has|consists? (?:only |solely )?of|is written in|is valid|is well-formed|is encoded as|is encoded in|is formatted as) (?P<not>not )?(?:only )?(?:in )?(?:an? )?(?P<filled>non-empty |nonempty |filled )?(?:valid |well-formed |json |decimal )*(?P<kind>[a-z0-9 ()_.-]+?)(?: values?| characters| digits| format| body| document)*",
);
static BETWEEN: Pattern = Pattern::new(
    r"(?:is|lies) (?:a number |an integer )?(?:between|from) {low:number} (?:and|to) {high:number}(?: (?:seconds?|minutes?|bytes|characters))?(?: inclusive)?",
);
static BOUND: Pattern = Pattern::new(
    r"is (?:a number |an integer )?(?P<how>at least|no less than|not less than|>=|at most|no more than|not more than|not greater than|no greater than|up to|<=|more than|greater than|larger than|higher than|above|over|>|less than|smaller than|lower than|fewer than|below|under|<) {number:number}(?: (?:seconds?|minutes?|bytes))?",
);
static LENGTH: Pattern = Pattern::new(
    r"(?:is|has|contains?|consists? of|counts)(?: ~(?:length|size) of| an? (?:json )?(?:array|list) (?:with|of|containing))? (?:{quantifier:quantifier} )?{count:count} (?P<unit>characters?|letters?|elements?|items?|entries|entry|fields)(?: long| in length)?(?P<base> (?:of|in) base64url(?: alphabet)?)?",
);
static DECODES: Pattern = Pattern::new(
    r"(?:decodes to|holds|carries|encodes|is|has) (?:{quantifier:quantifier} )?{count:count} (?:random )?bytes(?: (?:of|in|as) base64url| when decoded)?(?: without padding)?",
);

/// Reads a predicate that is all of `text`.
pub(crate) fn predicate(text: Text<'_>, context: &Context<'_>) -> Said<Vec<Predicate>> {
    simple(text, context)
        .map(|predicate| predicate.map(|one| vec![one]))
        .or_else(|| length(text))
        .or_else(|| equality(text, context))
        .or_else(|| kind(text))
}

fn simple(text: Text<'_>, context: &Context<'_>) -> Said<Predicate> {
    if let Some(found) = NOTHING_IS.apply(text) {
        let negated = found.get("not").is_some();
        return Some(Ok(match (found.get("kind")?.to_lowercase().as_str(), negated) {
            ("present", false) | ("missing", true) => Predicate::Present,
            ("present", true) | ("missing", false) => Predicate::Missing,
            ("empty" | "blank", false) | ("non-empty" | "nonempty" | "filled", true) => {
                Predicate::Is(Kind::Empty)
            }
            _ => Predicate::IsNot(Kind::Empty),
        }));
    }
    if HAS_IT.matches(text) {
        return Some(Ok(Predicate::Present));
    }
    if let Some(found) = MATCHES.apply(text) {
        let source = found.word("value")?;
        if let Err(error) = regex::Regex::new(&source) {
            return Some(Err(format!("this is not a regular expression: {error}")));
        }
        let negated = found.get("not").is_some();
        return Some(Ok(if negated { Predicate::MatchesNot(source) } else { Predicate::Matches(source) }));
    }
    if let Some(found) = BETWEEN.apply(text) {
        let range =
            Range { min: Some((found.number("low")?, true)), max: Some((found.number("high")?, true)) };
        return Some(Ok(Predicate::Number(range)));
    }
    if let Some(found) = BOUND.apply(text) {
        let number = found.number("number")?;
        let (min, max) = match found.get("how")?.to_lowercase().as_str() {
            "at least" | "no less than" | "not less than" | ">=" => (Some((number, true)), None),
            "at most" | "no more than" | "not more than" | "not greater than" | "no greater than"
            | "up to" | "<=" => (None, Some((number, true))),
            "more than" | "greater than" | "larger than" | "higher than" | "above" | "over" | ">" => {
                (Some((number, false)), None)
            }
            _ => (None, Some((number, false))),
        };
        return Some(Ok(Predicate::Number(Range { min, max })));
    }
    if let Some(found) = STARTS.apply(text) {
        return Some(Ok(Predicate::StartsWith(found.template("value", context)?)));
    }
    if let Some(found) = ENDS.apply(text) {
        return Some(Ok(Predicate::EndsWith(found.template("value", context)?)));
    }
    None
}

fn length(text: Text<'_>) -> Said<Vec<Predicate>> {
    if let Some(found) = DECODES.apply(text) {
        let count = bounded(found.get("quantifier"), found.count("count")?);
        return Some(Ok(vec![Predicate::Length(Measure::DecodedBytes, count)]));
    }
    let found = LENGTH.apply(text)?;
    let count = bounded(found.get("quantifier"), found.count("count")?);
    let unit = found.get("unit")?.to_lowercase();
    let measure =
        if unit.starts_with('c') || unit.starts_with('l') { Measure::Characters } else { Measure::Elements };
    let mut all = vec![Predicate::Length(measure, count)];
    if found.get("base").is_some() {
        all.push(Predicate::Is(Kind::Base64Url));
    }
    Some(Ok(all))
}

fn equality(text: Text<'_>, context: &Context<'_>) -> Said<Vec<Predicate>> {
    if let Some(found) = EXACTLY.apply(text) {
        return Some(Ok(vec![Predicate::Exactly(found.template("value", context)?)]));
    }
    if let Some(found) = EQUALS_NOT.apply(text)
        && let Some(value) = found.value("value", context)
    {
        return Some(Ok(vec![Predicate::NotEquals(value)]));
    }
    if let Some(found) = EQUALS.apply(text)
        && let Some(value) = found.value("value", context)
    {
        return Some(Ok(vec![Predicate::Equals(value)]));
    }
    if let Some(found) = CONTAINS_NOT.apply(text)
        && let Some(value) = found.template("value", context)
    {
        return Some(match found.json("value") {
            Some(_) => {
                Err("say which field must not have which value instead of JSON that must not be contained"
                    .to_owned())
            }
            None => Ok(vec![Predicate::ContainsNot(value)]),
        });
    }
    if let Some(found) = MATCHES_JSON.apply(text) {
        return Some(Ok(vec![Predicate::Equals(found.json("value")?.clone())]));
    }
    let found = CONTAINS.apply(text)?;
    if let Some(json) = found.json("value") {
        return Some(Ok(vec![Predicate::Includes(json.clone())]));
    }
    Some(Ok(vec![Predicate::Contains(found.template("value", context)?)]))
}

static EMPTY_LIST: Pattern = Pattern::new(r"(?:is|has) (?P<not>not )?an? empty (?:json )?(?:list|array)");
static HAS_JSON: Pattern = Pattern::new(r"contains? (?:an? )?(?:valid |well-formed )?json");

fn kind(text: Text<'_>) -> Said<Vec<Predicate>> {
    if let Some(found) = EMPTY_LIST.apply(text) {
        if found.get("not").is_some() {
            return Some(Err("say how many elements it has at least".to_owned()));
        }
        return Some(Ok(vec![Predicate::Length(Measure::Elements, Count::exactly(0))]));
    }
    if HAS_JSON.matches(text) {
        return Some(Ok(vec![Predicate::Is(Kind::Json)]));
    }
    let found = KIND.apply(text)?;
    let kind = match found.get("kind")?.to_lowercase().trim() {
        "string" | "text" => Kind::String,
        "number" => Kind::Number,
        "integer" | "whole number" => Kind::Integer,
        "positive integer" | "positive whole number" | "positive number" => Kind::PositiveInteger,
        "non-negative integer" | "nonnegative integer" => Kind::NonNegativeInteger,
        "boolean" | "bool" => Kind::Boolean,
        "array" | "list" => Kind::Array,
        "object" => Kind::Object,
        "json" => Kind::Json,
        "uuid" | "guid" => Kind::Uuid,
        "timestamp" | "iso 8601" | "iso 8601 timestamp" | "iso 8601 date" | "iso 8601 time"
        | "iso-8601 timestamp" | "rfc 3339 timestamp" | "date and time" => Kind::Timestamp,
        "email address" | "mail address" | "email" | "address" => Kind::Email,
        "url" | "http url" | "link" | "uri" => Kind::Url,
        "base64url" | "base64url text" | "base64url without padding" | "base64url characters" => {
            Kind::Base64Url
        }
        "hexadecimal" | "hex" => Kind::Hexadecimal,
        _ => return None,
    };
    let filled = found.get("filled").is_some();
    Some(match (found.get("not").is_some(), filled) {
        (true, true) => Err("say what it is instead of what it is not".to_owned()),
        (true, false) => Ok(vec![Predicate::IsNot(kind)]),
        (false, true) => Ok(vec![Predicate::Is(kind), Predicate::IsNot(Kind::Empty)]),
        (false, false) => Ok(vec![Predicate::Is(kind)]),
    })
}

/// Why a predicate cannot fail, if it cannot.
pub(crate) fn idle(predicate: &Predicate) -> Option<&'static str> {
    let empty = |template: &Template| template.source().is_empty();
    let all = |range: &Range| range.min.is_none() && range.max.is_none();
    let any = |count: &Count| count.min == 0 && count.max.is_none();
    match predicate {
        Predicate::Contains(text) | Predicate::StartsWith(text) | Predicate::EndsWith(text)
            if empty(text) =>
        {
            Some("every text contains the empty text")
        }
        Predicate::ContainsNot(text) if empty(text) => {
            Some("no text is without the empty text, so this fails always")
        }
        Predicate::Includes(Value::Object(members)) if members.is_empty() => {
            Some("every object has at least no fields")
        }
        Predicate::Matches(source) if finds_everything(source) => {
            Some("this regular expression matches everything")
        }
        Predicate::Number(range) if all(range) => Some("every number is in this range"),
        Predicate::Length(_, count) if any(count) => Some("everything is at least that long"),
        Predicate::Present
        | Predicate::Missing
        | Predicate::Equals(_)
        | Predicate::NotEquals(_)
        | Predicate::Exactly(_)
        | Predicate::Includes(_)
        | Predicate::Contains(_)
        | Predicate::ContainsNot(_)
        | Predicate::StartsWith(_)
        | Predicate::EndsWith(_)
        | Predicate::Matches(_)
        | Predicate::MatchesNot(_)
        | Predicate::Is(_)
        | Predicate::IsNot(_)
        | Predicate::Number(_)
        | Predicate::Length(..) => None,
    }
}

/// Tried on texts that have nothing in common.
fn finds_everything(source: &str) -> bool {
    regex::Regex::new(source)
        .is_ok_and(|regex| ["", "a", "7 Ω\n", "<{}>"].iter().all(|text| regex.is_match(text)))
}
