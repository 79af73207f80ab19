//! The numbered form: `SCN-001: title`, preconditions, and numbered steps such as
//! `POST /orders (state=open) -> 201, the count is 1`.

use super::draft::Draft;
use super::keyword::StepKeyword;
use super::loose;
use crate::diagnostic::{Code, Diagnostic};
use crate::line::Line;

/// The part of a numbered scenario that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Before the first section: what stands there describes the scenario.
    Description,
    /// What must be so before.
    Preconditions,
    /// What is done, with what is seen.
    Steps,
    /// What must be seen in the end.
    Expected,
}

const SECTIONS: [(&str, Section); 9] = [
    ("preconditions", Section::Preconditions),
    ("precondition", Section::Preconditions),
    ("steps", Section::Steps),
    ("expected", Section::Expected),
    ("expected result", Section::Expected),
    ("expected results", Section::Expected),
    ("expected outcome", Section::Expected),
    ("postconditions", Section::Expected),
    ("postcondition", Section::Expected),
];

/// The title of a line such as `SCN-001: title`: its number, and the name of the scenario, which has the number.
pub(super) fn title(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_matches(['*', ' ']);
    let digits = text.strip_prefix("SCN-")?;
    let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    let number = &text[.."SCN-".len() + end];
    let rest = text[number.len()..].trim_start();
    let name = [":", "-", "–", "—"].iter().find_map(|mark| rest.strip_prefix(mark))?;
    let is_title = end > 0;
    is_title.then(|| (number, if name.trim_matches(['*', ' ']).is_empty() { "" } else { text }))
}

/// The section that a line opens, and what stands behind its colon.
pub(super) fn section(text: &str) -> Option<(Section, &str)> {
    let text = text.trim_matches(['*', '_', ' ']);
    let (head, rest) = text.split_once(':').unwrap_or((text, ""));
    let head = head.trim_matches(['*', '_', ' ']);
    let found = SECTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(head));
    found.map(|(_, section)| (*section, rest.trim_matches(['*', '_', ' '])))
}

/// Adds the steps of `item`, a part of `line`.
pub(super) fn item(
    draft: &mut Draft,
    section: Section,
    line: &Line<'_>,
    item: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let span = line.span_of(item);
    if let Some(step) = loose::step(item, true) {
        draft.step(step.keyword, &loose::without_strong(step.text), span);
        return;
    }
    let plain = match section {
        Section::Description => return,
        Section::Preconditions => {
            let nothing =
                ["none", "-", "n/a"].iter().any(|word| item.trim_end_matches('.').eq_ignore_ascii_case(word));
            if !nothing {
                draft.step(StepKeyword::Given, &loose::without_strong(item), span);
            }
            return;
        }
        Section::Expected => StepKeyword::Then,
        Section::Steps => StepKeyword::When,
    };
    let arrow = ["->", "→", "=>"].iter().find_map(|arrow| item.split_once(arrow));
    let Some((request, outcomes)) = arrow.filter(|_| section == Section::Steps) else {
        draft.step(plain, &loose::without_strong(item), span);
        return;
    };
    let outcomes = parts(outcomes);
    if request.trim().is_empty() || outcomes.iter().any(|outcome| outcome.is_empty()) {
        draft.broken = true;
        diagnostics.push(
            Diagnostic::new(
                Code::BadStep,
                span,
                "something is missing before, behind or between the arrow and the commas",
            )
            .with_help("write `POST /path (name=value) -> 200, what is seen`"),
        );
        return;
    }
    draft.step(StepKeyword::When, &sentence(request.trim().trim_matches('`')), line.span_of(request.trim()));
    for outcome in outcomes {
        let is_status = outcome.len() == 3 && outcome.bytes().all(|byte| byte.is_ascii_digit());
        let text = if is_status { format!("the status is {outcome}") } else { outcome.to_owned() };
        draft.step(StepKeyword::Then, &text, line.span_of(outcome));
    }
}

/// The parts between commas that are in no quotes and no brackets, trimmed.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut quoted, mut start) = (0_usize, false, 0);
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// A request with its values as the sentence that says it: `POST /x (a=b)` sends JSON, `GET /x (a=b)` asks for `/x?a=b`.
fn sentence(request: &str) -> String {
    let said = || {
        let (head, values) = request.strip_suffix(')')?.split_once(" (")?;
        let method = head.split(' ').next()?;
        let pairs: Option<Vec<(&str, &str)>> =
            parts(values).into_iter().map(|pair| pair.split_once('=')).collect();
        let pairs = pairs?;
        match method {
            "GET" | "HEAD" | "DELETE" => {
                let query: Vec<String> =
                    pairs.iter().map(|(name, value)| format!("{}={}", name.trim(), value.trim())).collect();
                let mark = if head.contains('?') { '&' } else { '?' };
                Some(format!("{head}{mark}{}", query.join("&")))
            }
            "POST" | "PUT" | "PATCH" => {
                let fields: Vec<String> = pairs
                    .iter()
                    .map(|(name, value)| {
                        format!("{}: {}", serde_json::json!(name.trim()), json(value.trim()))
                    })
                    .collect();
                Some(format!("{head} with {{{}}}", fields.join(", ")))
            }
            _ => None,
        }
    };
    said().unwrap_or_else(|| request.to_owned())
}

/// A value as JSON: what is JSON already stays, all else is text.
fn json(value: &str) -> serde_json::Value {
    serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_have_a_number() {
        assert_eq!(title("SCN-001: A reset"), Some(("SCN-001", "SCN-001: A reset")));
        assert_eq!(title("**SCN-12 — A reset**"), Some(("SCN-12", "SCN-12 — A reset")));
        assert_eq!(title("SCN-1:"), Some(("SCN-1", "")));
        for text in ["SCN-: x", "SCN-001", "SCN-001 is slow", "scn-1: x"] {
            assert_eq!(title(text), None, "{text}");
        }
    }

    #[test]
    fn sections_wear_several_dresses() {
        assert_eq!(section("**Preconditions:** a user"), Some((Section::Preconditions, "a user")));
        assert_eq!(section("STEPS"), Some((Section::Steps, "")));
        assert_eq!(section("Expected result:"), Some((Section::Expected, "")));
        assert_eq!(section("Steps to take: x"), None);
    }

    #[test]
    fn values_of_a_request_are_said() {
        assert_eq!(
            sentence("POST /x (state=open, n=3, ok=true, who=\"a, b\")"),
            r#"POST /x with {"state": "open", "n": 3, "ok": true, "who": "a, b"}"#
        );
        assert_eq!(sentence("GET /x (a=b)"), "GET /x?a=b");
        assert_eq!(sentence("GET /x?c=d (a=b, e=f)"), "GET /x?c=d&a=b&e=f");
        assert_eq!(sentence("POST /x (a b)"), "POST /x (a b)");
        assert_eq!(parts("200, {\"a\": [1, 2]}, x"), ["200", "{\"a\": [1, 2]}", "x"]);
    }
}
