//! Verdicts as JUnit XML, in the form that CI systems read.

use factory_eval::score::Verdict;

use super::report::{Report, Row};

/// The document. What failed is a failure; what says nothing is an error, never a pass and never skipped.
pub(super) fn xml(report: &Report) -> String {
    let rows = &report.scenarios;
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let time = seconds(rows.iter().map(|row| row.milliseconds).sum());
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\" time=\"{time}\"",
        rows.len(),
        report.failed,
        report.inconclusive
    );
    text.push_str(&format!("<testsuites {counts}>\n"));
    text.push_str(&format!("  <testsuite name=\"{}\" {counts}>\n", escaped(&report.subject)));
    text.extend(rows.iter().map(case));
    text.push_str("  </testsuite>\n</testsuites>\n");
    text
}

fn case(row: &Row) -> String {
    // Where somebody has to look: at the sentence that failed.
    let line = row.reasons.iter().find_map(|reason| reason.line).unwrap_or(row.line);
    let open = format!(
        "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"{}\"",
        escaped(row.id.split('/').next().unwrap_or_default()),
        escaped(&row.name),
        escaped(&row.file),
        line,
        seconds(row.milliseconds)
    );
    let element = match row.verdict {
        Verdict::Passed => return format!("{open}/>\n"),
        Verdict::Failed | Verdict::Flaky => "failure",
        Verdict::Inconclusive => "error",
    };
    let reasons = row.reasons.iter().map(|reason| {
        let sentence = reason.sentence.as_ref().map(|sentence| format!("{sentence}\n")).unwrap_or_default();
        format!("{sentence}{}\n{}", reason.found, reason.log)
    });
    let kind = row.class.unwrap_or(row.verdict.as_str());
    let message = format!(
        "{}: {} of {} runs passed",
        row.verdict.as_str(),
        row.runs.passed,
        row.runs.passed + row.runs.failed
    );
    format!(
        "{open}>\n      <{element} type=\"{kind}\" message=\"{}\">{}</{element}>\n    </testcase>\n",
        escaped(&message),
        escaped(&reasons.collect::<Vec<_>>().join("\n"))
    )
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// Text as XML 1.0 may hold it, in an element or in an attribute. Characters that it may not hold are shown as U+FFFD.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' => safe.push(character),
            '\u{FFFE}' | '\u{FFFF}' => safe.push('\u{FFFD}'),
            other if other.is_control() => safe.push('\u{FFFD}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_an_element() {
        assert_eq!(escaped("a<b>&\"c\u{1b}[0m\n"), "a&lt;b&gt;&amp;&quot;c\u{FFFD}[0m\n");
        assert_eq!(seconds(61_005), "61.005");
    }
}
