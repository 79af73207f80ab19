//! Values: made anew, found in JSON, shown as text.

use std::fs::File;
use std::io::{self, Read};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regex::Regex;
use serde_json::Value;

use crate::plan::Fresh;

/// A value that nobody can know.
///
/// # Errors
/// When the system gives no random numbers.
pub(crate) fn fresh(kind: Fresh) -> io::Result<String> {
    Ok(match kind {
        Fresh::Email => format!("{}@example.test", letters(12)?),
        // One of each kind first, so that no rule for passwords can refuse it by chance.
        Fresh::Password => format!("Ab1{}", alphanumeric(13)?),
        Fresh::Token => URL_SAFE_NO_PAD.encode(random(32)?),
        Fresh::Word => letters(12)?,
    })
}

fn random(count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn letters(count: usize) -> io::Result<String> {
    Ok(random(count)?.into_iter().map(|byte| char::from(b'a' + byte % 26)).collect())
}

fn alphanumeric(count: usize) -> io::Result<String> {
    const ALPHABET: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    Ok(random(count)?
        .into_iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]))
        .collect())
}

/// The value at a path such as `a.b[0]` or `$.a`.
pub(crate) fn field<'a>(json: &'a Value, path: &str) -> Option<&'a Value> {
    static STEP: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?:\[(\d+)\]|\.?([^.\[\]]+))").expect("the pattern is fixed"));
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut at = json;
    while !rest.is_empty() {
        let step = STEP.captures(rest)?;
        at = match (step.get(1), step.get(2)) {
            (Some(index), _) => at.get(index.as_str().parse::<usize>().ok()?)?,
            (None, Some(name)) => at.get(name.as_str())?,
            (None, None) => return None,
        };
        rest = &rest[step.get(0)?.end()..];
    }
    Some(at)
}

/// A string as it is, anything else as JSON.
pub(crate) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// The first group of the first match, or all of the match.
pub(crate) fn find(pattern: &str, text: &str) -> Option<String> {
    let found = Regex::new(pattern).ok()?.captures(text)?;
    found.get(1).or_else(|| found.get(0)).map(|part| part.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_fields() {
        let json = serde_json::json!({"a": {"b": [1, {"c": "x"}]}, "d-e": 2});
        assert_eq!(field(&json, "a.b[0]"), Some(&serde_json::json!(1)));
        assert_eq!(field(&json, "$.a.b[1].c"), Some(&serde_json::json!("x")));
        assert_eq!(field(&json, "d-e"), Some(&serde_json::json!(2)));
        for missing in ["b", "a.b[2]", "a.b.c", "a[0]"] {
            assert_eq!(field(&json, missing), None, "{missing}");
        }
    }

    #[test]
    fn fresh_values_differ_and_look_as_they_should() {
        for kind in [Fresh::Email, Fresh::Password, Fresh::Token, Fresh::Word] {
            assert_ne!(fresh(kind).unwrap(), fresh(kind).unwrap());
        }
        assert_eq!(fresh(Fresh::Token).unwrap().len(), 43);
        assert_eq!(fresh(Fresh::Password).unwrap().len(), 16);
        assert!(fresh(Fresh::Email).unwrap().ends_with("@example.test"));
    }
}
