//! Items as JSON, for other programs.

use crate::clock;
use crate::store::Item;

/// An array with one object for each item, on one line.
pub fn items(items: &[&Item]) -> String {
    let objects: Vec<String> = items.iter().map(|item| object(item)).collect();
    format!("[{}]\n", objects.join(","))
}

fn object(item: &Item) -> String {
    format!(
        r#"{{"id":{},"text":{},"done":{},"added":{}}}"#,
        item.id,
        string(&item.text),
        item.done,
        string(&clock::date(clock::day(item.added)))
    )
}

/// A text in quotation marks.
fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    #[test]
    fn texts_are_quoted() {
        assert_eq!(super::string("a \"b\" \\ é\u{1}"), r#""a \"b\" \\ é\u0001""#);
    }
}
