//! Text with `{names}` in it, filled in when a plan runs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::Serialize;
use serde_json::Value;

/// `{name}` or `{repeat:text:count}`. Braces around anything else are literal.
static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{(?:repeat:(?P<text>[^{}:]*):(?P<count>\d{1,7})|(?P<name>[A-Za-z_][A-Za-z0-9_-]*))\}")
        .expect("the pattern is fixed")
});

/// Text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Template(String);

impl Template {
    /// Takes the text as it stands.
    pub fn new(text: impl Into<String>) -> Self {
        Template(text.into())
    }

    /// The text with its placeholders.
    pub fn source(&self) -> &str {
        &self.0
    }

    /// The names that it uses, in order, repeated as often as used.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        PLACEHOLDER.captures_iter(&self.0).filter_map(|found| found.name("name")).map(|name| name.as_str())
    }

    /// Whether it is a single name and nothing else.
    pub fn sole_name(&self) -> Option<&str> {
        let found = PLACEHOLDER.captures(&self.0)?;
        (found.get(0)?.len() == self.0.len()).then(|| found.name("name").map(|name| name.as_str()))?
    }

    /// Whether nothing has to be filled in by what is known only when the plan runs.
    pub fn is_literal(&self) -> bool {
        self.names().next().is_none()
    }

    /// The text with values in place of names; a name that has none stays as it is.
    pub fn fill(&self, values: &BTreeMap<String, String>) -> String {
        fill(&self.0, values).into_owned()
    }
}

/// Fills placeholders in `text`.
pub(crate) fn fill<'a>(text: &'a str, values: &BTreeMap<String, String>) -> Cow<'a, str> {
    PLACEHOLDER.replace_all(text, |found: &Captures<'_>| {
        if let (Some(text), Some(count)) = (found.name("text"), found.name("count")) {
            return text.as_str().repeat(count.as_str().parse().unwrap_or(0));
        }
        let name = found.name("name").map_or("", |name| name.as_str());
        values.get(name).cloned().unwrap_or_else(|| found[0].to_owned())
    })
}

/// Fills placeholders in the strings of a JSON value, names of members too.
pub(crate) fn fill_json(value: &Value, values: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text, values).into_owned()),
        Value::Array(items) => items.iter().map(|item| fill_json(item, values)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (fill(name, values).into_owned(), fill_json(member, values)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// The names that part of a plan fills in. Plans are plain data: whatever holds text in them is a string in their JSON form,
/// so nothing can be missed.
///
/// # Errors
/// When it has no JSON form.
pub(crate) fn names_used(part: &impl Serialize) -> serde_json::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut value = serde_json::to_value(part)?;
    forget_patterns(&mut value);
    json_names(&value, &mut names);
    Ok(names)
}

/// Takes regular expressions out, whose braces mean something else. They are never filled in.
fn forget_patterns(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for pattern in ["matches", "matches_not", "mail_match"] {
                members.remove(pattern);
            }
            members.values_mut().for_each(forget_patterns);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_patterns),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The names used in the strings of a JSON value.
fn json_names(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::String(text) => names.extend(Template::new(text.as_str()).names().map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| json_names(item, names)),
        Value::Object(members) => {
            for (name, member) in members {
                names.extend(Template::new(name.as_str()).names().map(str::to_owned));
                json_names(member, names);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_names_and_repeats_and_leaves_other_braces() {
        let values = BTreeMap::from([("token".to_owned(), "abc".to_owned())]);
        let template = Template::new("a{token}b{ token }{other}{repeat:xy:3}{}");
        assert_eq!(template.fill(&values), "aabcb{ token }{other}xyxyxy{}");
        assert_eq!(template.names().collect::<Vec<_>>(), ["token", "other"]);
        assert_eq!(Template::new("{token}").sole_name(), Some("token"));
        assert_eq!(Template::new("{token}x").sole_name(), None);
        assert!(Template::new("{repeat:x:2}").is_literal() && !template.is_literal());
    }

    #[test]
    fn a_value_is_not_filled_again() {
        let values = BTreeMap::from([("a".to_owned(), "{b}".to_owned()), ("b".to_owned(), "no".to_owned())]);
        assert_eq!(Template::new("{a}").fill(&values), "{b}");
    }

    #[test]
    fn fills_json_strings_only() {
        let values = BTreeMap::from([("n".to_owned(), "1".to_owned())]);
        let value = serde_json::json!({"a{n}": ["{n}", 2, null]});
        assert_eq!(fill_json(&value, &values), serde_json::json!({"a1": ["1", 2, null]}));
        let mut names = Vec::new();
        json_names(&value, &mut names);
        assert_eq!(names, ["n", "n"]);
    }
}
