//! What a value becomes so that a predicate that held of it cannot hold any more. Nothing is answered where that is not sure.

use regex::Regex;
use serde_json::{Value, json};

use crate::plan::{Kind, Measure, Predicate, Range};

/// Text that is of no kind but text.
const ODD: &str = "~ ~";

/// Texts of which the predicate does not hold, where it held of `seen`. That there is no text at all is not among them.
pub(super) fn of_text(predicate: &Predicate, seen: &str) -> Vec<String> {
    match predicate {
        Predicate::Equals(_) | Predicate::Exactly(_) => vec![format!("{seen}~")],
        Predicate::NotEquals(Value::String(text)) if !text.contains('{') => vec![text.clone()],
        Predicate::Contains(text) => {
            let literal = text.source();
            let mut changed = vec![String::new()];
            if text.is_literal() && !literal.is_empty() && !"~".contains(literal) {
                changed.push(seen.replace(literal, "~"));
            }
            changed.retain(|changed| literal.is_empty() || !text.is_literal() || !changed.contains(literal));
            changed
        }
        Predicate::ContainsNot(text) if text.is_literal() => vec![format!("{seen}{}", text.source())],
        Predicate::StartsWith(text) if !text.source().starts_with('~') => vec![format!("~{seen}")],
        Predicate::EndsWith(text) if !text.source().ends_with('~') => vec![format!("{seen}~")],
        Predicate::Matches(pattern) => {
            let Ok(pattern) = Regex::new(pattern) else { return Vec::new() };
            ["", ODD].into_iter().filter(|text| !pattern.is_match(text)).map(str::to_owned).collect()
        }
        Predicate::Is(kind) => match kind {
            Kind::String => Vec::new(),
            Kind::Number
            | Kind::Integer
            | Kind::PositiveInteger
            | Kind::NonNegativeInteger
            | Kind::Boolean
            | Kind::Null
            | Kind::Array
            | Kind::Object
            | Kind::Json
            | Kind::Empty
            | Kind::Uuid
            | Kind::Timestamp
            | Kind::Email
            | Kind::Url
            | Kind::Base64Url
            | Kind::Hexadecimal => vec![ODD.to_owned()],
        },
        Predicate::IsNot(Kind::Empty) => vec![String::new()],
        Predicate::Number(range) => {
            beyond(*range).map(|number| number.to_string()).into_iter().chain([ODD.to_owned()]).collect()
        }
        Predicate::Length(Measure::Characters, count) => {
            let longer = count.max.map(|max| "~".repeat(max + 1));
            longer.into_iter().chain((count.min > 0).then(String::new)).collect()
        }
        Predicate::Length(Measure::Elements | Measure::DecodedBytes, count) => {
            (count.min > 0).then(String::new).into_iter().collect()
        }
        Predicate::Present
        | Predicate::Missing
        | Predicate::NotEquals(_)
        | Predicate::Includes(_)
        | Predicate::ContainsNot(_)
        | Predicate::StartsWith(_)
        | Predicate::EndsWith(_)
        | Predicate::MatchesNot(_)
        | Predicate::IsNot(_) => Vec::new(),
    }
}

/// Whether the predicate does not hold where there is no text at all.
pub(super) fn asks_for_some(predicate: &Predicate) -> bool {
    matches!(
        predicate,
        Predicate::Present
            | Predicate::Equals(_)
            | Predicate::Exactly(_)
            | Predicate::Contains(_)
            | Predicate::StartsWith(_)
            | Predicate::EndsWith(_)
            | Predicate::Matches(_)
    )
}

/// The same for a member of a JSON body.
pub(super) fn of_json(predicate: &Predicate, seen: &Value) -> Vec<Value> {
    match (predicate, seen) {
        (Predicate::Equals(_) | Predicate::Exactly(_), _) => vec![other(seen), of_another_type(seen)],
        (Predicate::NotEquals(value), _) if !value.to_string().contains('{') => vec![value.clone()],
        (Predicate::Contains(_), Value::Array(_)) => vec![json!([])],
        (Predicate::Is(Kind::String), _) => vec![json!(7)],
        (Predicate::Is(_), _) => vec![json!(ODD)],
        (Predicate::IsNot(Kind::Empty), _) => vec![json!("")],
        (Predicate::IsNot(Kind::Null), _) => vec![Value::Null],
        (Predicate::Number(range), _) => {
            beyond(*range).map(|number| json!(number)).into_iter().chain([json!(ODD)]).collect()
        }
        (Predicate::Length(Measure::Elements, count), _) if count.min > 0 => vec![json!([])],
        (_, Value::String(text)) => of_text(predicate, text).into_iter().map(Value::String).collect(),
        _ => Vec::new(),
    }
}

/// A number outside of a range, if it has a bound.
fn beyond(range: Range) -> Option<f64> {
    range.max.map(|(max, _)| max + 1.0).or_else(|| range.min.map(|(min, _)| min - 1.0))
}

/// Another value of the same type, as far as the type has another.
pub(super) fn other(value: &Value) -> Value {
    match value {
        Value::Null => json!(false),
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(number.as_f64().unwrap_or(0.0) + 1.0),
        Value::String(text) => json!(format!("{text}~")),
        Value::Array(items) => json!([items.as_slice(), &[json!("~")]].concat()),
        Value::Object(_) => json!({ "~": "~" }),
    }
}

/// A value of another type, which does not read like this one either.
pub(super) fn of_another_type(value: &Value) -> Value {
    match value {
        Value::String(text) if text == "7" => json!(8),
        Value::String(_) => json!(7),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => json!(ODD),
    }
}

/// JSON pointers (RFC 6901) to all members of objects, at any depth.
pub(super) fn members(json: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    collect(json, String::new(), &mut found);
    found
}

fn collect<'a>(json: &'a Value, at: String, found: &mut Vec<(String, &'a Value)>) {
    match json {
        Value::Object(members) => {
            for (name, member) in members {
                let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                found.push((pointer.clone(), member));
                collect(member, pointer, found);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                collect(item, format!("{at}/{place}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A path such as `a.b[0]` or `$.a` as a JSON pointer.
pub(super) fn pointer(path: &str) -> String {
    let path = path.strip_prefix('$').unwrap_or(path);
    let steps = path.split(['.', '[', ']']).filter(|step| !step.is_empty());
    steps.map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::plan::{Count, Template};
    use crate::run::{Thing, judge};

    /// Each change has to break what held.
    #[test]
    fn no_change_leaves_the_predicate_true() {
        let between = Range { min: Some((1.0, true)), max: Some((5.0, true)) };
        let texts = [
            (Predicate::Equals(json!("abc")), "abc"),
            (Predicate::Equals(json!(3)), "3"),
            (Predicate::Exactly(Template::new("abc")), "abc"),
            (Predicate::NotEquals(json!("x")), "abc"),
            (Predicate::Contains(Template::new("b")), "abc"),
            (Predicate::ContainsNot(Template::new("x")), "abc"),
            (Predicate::StartsWith(Template::new("a")), "abc"),
            (Predicate::EndsWith(Template::new("c")), "abc"),
            (Predicate::Matches("^[a-c]+$".to_owned()), "abc"),
            (Predicate::Is(Kind::PositiveInteger), "3"),
            (Predicate::Is(Kind::Base64Url), "abcd"),
            (Predicate::Is(Kind::Empty), ""),
            (Predicate::IsNot(Kind::Empty), "abc"),
            (Predicate::Number(between), "3"),
            (Predicate::Length(Measure::Characters, Count::exactly(3)), "abc"),
        ];
        let values = BTreeMap::new();
        for (predicate, seen) in &texts {
            judge(Thing::Text(seen), predicate, &values).unwrap();
            let changes = of_text(predicate, seen);
            assert!(!changes.is_empty(), "{predicate:?}");
            for changed in changes {
                assert!(
                    judge(Thing::Text(&changed), predicate, &values).is_err(),
                    "{predicate:?}: {changed:?}"
                );
            }
        }
        let members = [
            (Predicate::Equals(json!("abc")), json!("abc")),
            (Predicate::Equals(json!(3)), json!(3)),
            (Predicate::Equals(json!([1])), json!([1])),
            (Predicate::Is(Kind::String), json!("abc")),
            (Predicate::Is(Kind::Array), json!([])),
            (Predicate::IsNot(Kind::Empty), json!("abc")),
            (Predicate::IsNot(Kind::Null), json!(1)),
            (Predicate::Number(between), json!(3)),
            (Predicate::Length(Measure::Elements, Count::exactly(1)), json!([1])),
            (Predicate::StartsWith(Template::new("a")), json!("abc")),
        ];
        for (predicate, seen) in &members {
            judge(Thing::Json(seen), predicate, &values).unwrap();
            let changes = of_json(predicate, seen);
            assert!(!changes.is_empty(), "{predicate:?}");
            for changed in changes {
                assert!(
                    judge(Thing::Json(&changed), predicate, &values).is_err(),
                    "{predicate:?}: {changed}"
                );
            }
        }
    }

    #[test]
    fn members_are_named_by_pointers() {
        let json = json!({"a": {"b/c": [1, {"d": 2}]}});
        let names: Vec<String> = members(&json).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(names, ["/a", "/a/b~1c", "/a/b~1c/1/d"]);
        assert!(names.iter().all(|name| json.pointer(name).is_some()));
        assert_eq!(
            (pointer("$.a.b[0]").as_str(), pointer("items[2].id").as_str()),
            ("/a/b/0", "/items/2/id")
        );
    }
}
