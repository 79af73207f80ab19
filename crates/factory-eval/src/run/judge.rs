//! Whether a thing satisfies a predicate.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex::Regex;
use serde_json::Value;

use super::values;
use crate::plan::{self, Kind, Measure, Predicate};

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Thing<'a> {
    /// It is not there.
    Missing,
    /// Text, which may read as a number.
    Text(&'a str),
    /// A body: text, or the JSON that it is.
    Body(&'a str),
    /// JSON.
    Json(&'a Value),
}

impl Thing<'_> {
    fn text(self) -> String {
        match self {
            Thing::Missing => String::new(),
            Thing::Text(text) | Thing::Body(text) => text.to_owned(),
            Thing::Json(value) => values::as_text(value),
        }
    }

    fn json(self) -> Option<Value> {
        match self {
            Thing::Missing => None,
            Thing::Text(text) | Thing::Body(text) => serde_json::from_str(text).ok(),
            Thing::Json(value) => Some(value.clone()),
        }
    }

    fn number(self) -> Option<f64> {
        match self {
            Thing::Missing => None,
            Thing::Text(text) | Thing::Body(text) => {
                text.trim().parse().ok().filter(|number: &f64| number.is_finite())
            }
            Thing::Json(value) => value.as_f64(),
        }
    }

    fn shown(self) -> String {
        const KEPT: usize = 500;
        match self {
            Thing::Missing => "nothing".to_owned(),
            Thing::Text(_) | Thing::Body(_) | Thing::Json(_) => {
                format!("`{}`", self.text().chars().take(KEPT).collect::<String>())
            }
        }
    }
}

/// Judges. A thing that is missing satisfies nothing but `missing`: what is said about it would be said about nothing.
///
/// # Errors
/// How it is instead.
pub(crate) fn judge(
    thing: Thing<'_>,
    predicate: &Predicate,
    values: &BTreeMap<String, String>,
) -> Result<(), String> {
    let missing = matches!(thing, Thing::Missing);
    let text = || thing.text();
    let holds = match predicate {
        Predicate::Missing => missing,
        _ if missing => false,
        Predicate::Present => true,
        Predicate::Equals(expected) => equals(thing, expected, values),
        Predicate::NotEquals(expected) => !equals(thing, expected, values),
        Predicate::Exactly(expected) => text() == expected.fill(values),
        Predicate::Includes(expected) => {
            thing.json().is_some_and(|actual| includes(&actual, &plan::fill_json(expected, values)))
        }
        Predicate::Contains(expected) => contains(thing, &expected.fill(values)),
        Predicate::ContainsNot(expected) => !contains(thing, &expected.fill(values)),
        Predicate::StartsWith(expected) => text().starts_with(&expected.fill(values)),
        Predicate::EndsWith(expected) => text().ends_with(&expected.fill(values)),
        Predicate::Matches(pattern) => Regex::new(pattern).is_ok_and(|regex| regex.is_match(&text())),
        Predicate::MatchesNot(pattern) => Regex::new(pattern).is_ok_and(|regex| !regex.is_match(&text())),
        Predicate::Is(kind) => is(thing, *kind),
        Predicate::IsNot(kind) => !is(thing, *kind),
        Predicate::Number(range) => thing.number().is_some_and(|number| range.holds(number)),
        Predicate::Length(measure, count) => {
            length(thing, *measure).is_some_and(|length| count.holds(length))
        }
    };
    if holds {
        return Ok(());
    }
    Err(format!("{}, required: {predicate}", thing.shown()))
}

fn equals(thing: Thing<'_>, expected: &Value, values: &BTreeMap<String, String>) -> bool {
    let filled = plan::fill_json(expected, values);
    match (thing, &filled) {
        (Thing::Missing, _) => false,
        (Thing::Json(Value::String(actual)), Value::String(expected)) => actual == expected,
        // A remembered value is text, also if it was remembered from a number.
        (Thing::Json(actual), Value::String(text)) if *expected != filled => values::as_text(actual) == *text,
        (Thing::Json(actual), _) => same(actual, &filled),
        (Thing::Text(actual), Value::String(expected)) => actual == expected,
        (Thing::Body(actual), Value::String(expected)) => {
            actual == expected || serde_json::from_str::<Value>(actual).is_ok_and(|json| json == filled)
        }
        (Thing::Text(_), Value::Number(expected)) => thing.number() == expected.as_f64(),
        (Thing::Text(actual) | Thing::Body(actual), _) => {
            serde_json::from_str::<Value>(actual).is_ok_and(|actual| same(&actual, &filled))
        }
    }
}

/// Equal as JSON, where 3 and 3.0 are one number.
fn same(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Number(actual), Value::Number(expected)) => {
            actual == expected || actual.as_f64() == expected.as_f64()
        }
        (Value::Array(actual), Value::Array(expected)) => {
            actual.len() == expected.len()
                && actual.iter().zip(expected).all(|(actual, expected)| same(actual, expected))
        }
        (Value::Object(actual), Value::Object(expected)) => {
            actual.len() == expected.len()
                && expected
                    .iter()
                    .all(|(name, expected)| actual.get(name).is_some_and(|actual| same(actual, expected)))
        }
        _ => actual == expected,
    }
}

fn includes(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => expected
            .iter()
            .all(|(name, expected)| actual.get(name).is_some_and(|actual| includes(actual, expected))),
        (Value::Array(actual), Value::Array(expected)) => {
            actual.len() == expected.len()
                && actual.iter().zip(expected).all(|(actual, expected)| includes(actual, expected))
        }
        _ => same(actual, expected),
    }
}

fn contains(thing: Thing<'_>, expected: &str) -> bool {
    match thing {
        Thing::Missing => false,
        Thing::Text(text) | Thing::Body(text) => text.contains(expected),
        Thing::Json(Value::Array(items)) => items.iter().any(|item| values::as_text(item) == expected),
        Thing::Json(Value::Object(members)) => members.contains_key(expected),
        Thing::Json(value) => values::as_text(value).contains(expected),
    }
}

fn is(thing: Thing<'_>, kind: Kind) -> bool {
    static UUID: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"));
    static TIMESTAMP: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^\d{4}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])[Tt ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-6]\d(?:[.,]\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)$",
        )
    });
    static EMAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$"));
    static URL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^https?://[^\s/]+\S*$"));
    let json = match thing {
        Thing::Json(value) => Some(value.clone()),
        Thing::Body(text) => serde_json::from_str(text).ok(),
        Thing::Text(_) | Thing::Missing => None,
    };
    let is_text = match thing {
        Thing::Text(_) | Thing::Body(_) => true,
        Thing::Json(value) => value.is_string(),
        Thing::Missing => false,
    };
    let text = thing.text();
    let integer = thing.number().filter(|number| {
        // `1e3` and `1.0` are integers in JSON, but not where all is text.
        number.fract() == 0.0
            && (matches!(thing, Thing::Json(_))
                || text.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit()))
    });
    match kind {
        Kind::String => is_text,
        Kind::Number => thing.number().is_some(),
        Kind::Integer => integer.is_some(),
        Kind::PositiveInteger => integer.is_some_and(|number| number > 0.0),
        Kind::NonNegativeInteger => integer.is_some_and(|number| number >= 0.0),
        Kind::Boolean => {
            json.is_some_and(|json| json.is_boolean()) || (matches!(thing, Thing::Text("true" | "false")))
        }
        Kind::Null => json.is_some_and(|json| json.is_null()),
        Kind::Array => json.is_some_and(|json| json.is_array()),
        Kind::Object => json.is_some_and(|json| json.is_object()),
        Kind::Json => thing.json().is_some(),
        Kind::Empty => match thing {
            Thing::Missing => false,
            Thing::Text(text) | Thing::Body(text) => text.is_empty(),
            Thing::Json(Value::String(text)) => text.is_empty(),
            Thing::Json(Value::Array(items)) => items.is_empty(),
            Thing::Json(Value::Object(members)) => members.is_empty(),
            Thing::Json(value) => value.is_null(),
        },
        Kind::Uuid => is_text && UUID.is_match(&text),
        Kind::Timestamp => is_text && TIMESTAMP.is_match(&text),
        Kind::Email => is_text && EMAIL.is_match(&text),
        Kind::Url => is_text && URL.is_match(&text),
        // A length of 4n + 1 stands for no bytes.
        Kind::Base64Url => {
            is_text
                && !text.is_empty()
                && text.len() % 4 != 1
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        }
        Kind::Hexadecimal => is_text && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
    }
}

fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("the pattern is fixed")
}

fn length(thing: Thing<'_>, measure: Measure) -> Option<usize> {
    match measure {
        Measure::Characters => match thing {
            Thing::Text(text) | Thing::Body(text) => Some(text.chars().count()),
            Thing::Json(value) => value.as_str().map(|text| text.chars().count()),
            Thing::Missing => None,
        },
        Measure::Elements => match thing.json()? {
            Value::Array(items) => Some(items.len()),
            Value::Object(members) => Some(members.len()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        },
        Measure::DecodedBytes => URL_SAFE_NO_PAD.decode(thing.text()).ok().map(|bytes| bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::{Count, Range, Template};

    fn holds(thing: Thing<'_>, predicate: Predicate) -> bool {
        let values = BTreeMap::from([("a".to_owned(), "x".to_owned()), ("three".to_owned(), "3".to_owned())]);
        judge(thing, &predicate, &values).is_ok()
    }

    #[test]
    fn what_is_missing_satisfies_nothing_else() {
        for predicate in [
            Predicate::Present,
            Predicate::NotEquals(json!("x")),
            Predicate::ContainsNot(Template::new("x")),
            Predicate::IsNot(Kind::Empty),
            Predicate::MatchesNot("x".to_owned()),
            Predicate::Equals(Value::Null),
            Predicate::Is(Kind::Empty),
        ] {
            assert!(!holds(Thing::Missing, predicate.clone()), "{predicate:?}");
        }
        assert!(holds(Thing::Missing, Predicate::Missing));
        assert!(!holds(Thing::Text(""), Predicate::Missing));
    }

    #[test]
    fn equality_is_that_of_the_thing() {
        assert!(holds(Thing::Text("x"), Predicate::Equals(json!("{a}"))));
        assert!(holds(Thing::Text("60"), Predicate::Equals(json!(60))));
        assert!(!holds(Thing::Text("60 s"), Predicate::Equals(json!(60))));
        assert!(!holds(Thing::Json(&json!("3")), Predicate::Equals(json!(3))));
        assert!(holds(Thing::Json(&json!(3.0)), Predicate::Equals(json!(3))));
        assert!(holds(Thing::Json(&json!(3)), Predicate::Equals(json!("{three}"))));
        assert!(!holds(Thing::Json(&json!(3)), Predicate::Equals(json!("3"))));
        assert!(holds(
            Thing::Body("{\"b\": [1], \"a\": \"x\"}\n"),
            Predicate::Equals(json!({"a": "{a}", "b": [1]}))
        ));
        assert!(!holds(Thing::Body("{\"b\": [1], \"a\": \"x\"}"), Predicate::Equals(json!({"a": "x"}))));
        assert!(holds(Thing::Body("{\"b\": [1], \"a\": \"x\"}"), Predicate::Includes(json!({"a": "x"}))));
        assert!(!holds(Thing::Body("{\"b\": [1, 2]}"), Predicate::Includes(json!({"b": [1]}))));
        assert!(!holds(Thing::Body("not json"), Predicate::Includes(json!({"b": [1]}))));
        assert!(holds(Thing::Json(&json!(["x", "y"])), Predicate::Contains(Template::new("{a}"))));
        assert!(!holds(Thing::Json(&json!(["xx"])), Predicate::Contains(Template::new("x"))));
    }

    #[test]
    fn kinds() {
        let table: &[(Thing<'_>, Kind, bool)] = &[
            (Thing::Text("12"), Kind::PositiveInteger, true),
            (Thing::Text("0"), Kind::PositiveInteger, false),
            (Thing::Text("1.0"), Kind::Integer, false),
            (Thing::Text("1e3"), Kind::Integer, false),
            (Thing::Text("-3"), Kind::Integer, true),
            (Thing::Text("nan"), Kind::Number, false),
            (Thing::Text("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), Kind::Uuid, true),
            (Thing::Text("2026-11-20T21:00:00Z"), Kind::Timestamp, true),
            (Thing::Text("2026-11-20"), Kind::Timestamp, false),
            (Thing::Text("2026-13-20T21:00:00Z"), Kind::Timestamp, false),
            (Thing::Text("a@b.test"), Kind::Email, true),
            (Thing::Text("a@b"), Kind::Email, false),
            (Thing::Text("ab-_"), Kind::Base64Url, true),
            (Thing::Text("ab-_x"), Kind::Base64Url, false),
            (Thing::Text("ab+/"), Kind::Base64Url, false),
            (Thing::Text(""), Kind::Base64Url, false),
            (Thing::Body(""), Kind::Empty, true),
            (Thing::Body("{}"), Kind::Object, true),
            (Thing::Body("[]"), Kind::Object, false),
        ];
        for (thing, kind, expected) in table {
            assert_eq!(is(*thing, *kind), *expected, "{thing:?} {kind:?}");
        }
        assert!(!is(Thing::Json(&json!(12)), Kind::String));
        assert!(is(Thing::Json(&json!(null)), Kind::Null));
    }

    #[test]
    fn sizes() {
        let at_least = |min| Count { min, max: None };
        assert!(holds(Thing::Text("äöü"), Predicate::Length(Measure::Characters, Count::exactly(3))));
        let long = "A".repeat(43);
        assert!(holds(Thing::Text(&long), Predicate::Length(Measure::DecodedBytes, at_least(32))));
        assert!(!holds(Thing::Text(&long[1..]), Predicate::Length(Measure::DecodedBytes, at_least(32))));
        assert!(holds(Thing::Json(&json!([1, 2])), Predicate::Length(Measure::Elements, Count::exactly(2))));
        let between = Range { min: Some((1.0, true)), max: Some((2.0, false)) };
        assert!(
            holds(Thing::Text("1"), Predicate::Number(between))
                && !holds(Thing::Text("2"), Predicate::Number(between))
        );
        assert!(!holds(Thing::Json(&json!("1")), Predicate::Number(between)));
    }
}
