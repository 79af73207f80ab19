//! Rows for spreadsheets: RFC 4180 (<https://www.rfc-editor.org/rfc/rfc4180>), with what a spreadsheet would take for a
//! formula made harmless (<https://owasp.org/www-community/attacks/CSV_Injection>).

use super::row::{Actor, Row};
use crate::ids::Digest;

/// The columns, in order.
pub const COLUMNS: [&str; 25] = [
    "position",
    "hash",
    "at",
    "at_ms",
    "kind",
    "run",
    "record",
    "stage",
    "gate",
    "what",
    "by",
    "login",
    "name",
    "email",
    "signed_with",
    "because",
    "via",
    "note",
    "waited_ms",
    "verdict_passed",
    "verdict_shown",
    "risk",
    "findings",
    "about",
    "commit",
];

/// The header and all rows.
pub fn write(rows: &[Row]) -> String {
    let mut text = String::new();
    line(&mut text, COLUMNS.map(str::to_owned));
    for row in rows {
        line(&mut text, fields(row));
    }
    text
}

fn fields(row: &Row) -> [String; 25] {
    let word = |text: Option<String>| text.unwrap_or_default();
    let (name, email, signed_with) = match &row.by {
        Actor::Person { name, email, signed_with, .. } => (name.clone(), email.clone(), signed_with.clone()),
        Actor::Policy | Actor::Factory => (None, None, None),
    };
    let verdict = row.verdict.as_ref();
    [
        row.position.to_string(),
        row.hash.to_string(),
        row.at.clone(),
        row.at_ms.to_string(),
        row.kind.as_str().to_owned(),
        word(row.run.as_ref().map(ToString::to_string)),
        word(row.record.map(|record| record.to_string())),
        word(row.stage.as_ref().map(ToString::to_string)),
        word(row.gate.clone()),
        row.what.clone(),
        row.by.kind().to_owned(),
        row.by.login().to_owned(),
        word(name),
        word(email),
        word(signed_with),
        row.because.clone(),
        word(row.via.map(str::to_owned)),
        word(row.note.clone()),
        word(row.waited_ms.map(|ms| ms.to_string())),
        word(verdict.map(|verdict| verdict.passed.to_string())),
        word(verdict.map(|verdict| verdict.shown.to_string())),
        word(row.risk.map(|risk| risk.as_str().to_owned())),
        row.findings.iter().map(|finding| finding.as_str()).collect::<Vec<_>>().join("; "),
        row.about.iter().map(Digest::as_str).collect::<Vec<_>>().join("; "),
        word(row.commit.as_ref().map(ToString::to_string)),
    ]
}

/// Writes one record of texts.
pub fn line(text: &mut String, fields: impl IntoIterator<Item = String>) {
    values(text, fields.into_iter().map(|value| (value, false)));
}

/// Writes one record of values, and whether each is a number: those are no formulas, also below zero.
pub fn values(text: &mut String, fields: impl IntoIterator<Item = (String, bool)>) {
    for (index, (value, is_number)) in fields.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&if is_number { value } else { field(&value) });
    }
    text.push_str("\r\n");
}

/// One field: an apostrophe in front of what would be a formula, control characters but line breaks and tabs replaced, and
/// quotes where they are needed.
pub fn field(value: &str) -> String {
    let clean: String = value
        .chars()
        .map(|c| if c.is_control() && !matches!(c, '\n' | '\r' | '\t') { '\u{FFFD}' } else { c })
        .collect();
    // Spreadsheets look past spaces, and take wide forms for the usual ones.
    let begins = clean.trim_start_matches([' ', '\u{A0}']).chars().next();
    let is_formula = begins.is_some_and(|c| {
        matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' | '\u{FFFD}')
    });
    let clean = if is_formula { format!("'{clean}") } else { clean };
    if clean.contains(['"', ',', '\n', '\r', '\t', ';', '\''])
        || clean.starts_with(' ')
        || clean.ends_with(' ')
    {
        format!("\"{}\"", clean.replace('"', "\"\""))
    } else {
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text() {
        for (value, written) in [
            ("=1+1", "\"'=1+1\""),
            ("  =1+1", "\"'  =1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("\n=1", "\"'\n=1\""),
            ("＝1", "\"'＝1\""),
            ("\u{1b}=1", "\"'\u{FFFD}=1\""),
            ("1=1", "1=1"),
        ] {
            assert_eq!(field(value), written, "{value:?}");
        }
    }

    #[test]
    fn what_would_end_a_field_is_quoted() {
        assert_eq!(field("say \"no\", twice\r\nor so"), "\"say \"\"no\"\", twice\r\nor so\"");
        // A quote cannot open a new field, in which a formula would begin.
        assert_eq!(field("x\",\"=1"), "\"x\"\",\"\"=1\"");
        assert_eq!(field(""), "");
        assert_eq!(field("\u{1b}[2J\u{9b}0m"), "\"'\u{FFFD}[2J\u{FFFD}0m\"");
        let mut text = String::new();
        line(&mut text, ["a".to_owned(), "b".to_owned()]);
        assert_eq!(text, "a,b\r\n");
    }
}
