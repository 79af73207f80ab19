//! Workflow commands, as GitHub documents them: a line for each finding, with what would end it escaped.

use super::{Lines, Reported};
use crate::lint::rule::Tier;

pub(super) fn render(texts: &[Reported<'_>]) -> String {
    let mut shown = String::new();
    for text in texts {
        let lines = Lines::new(text.source);
        for finding in text.findings {
            let (line, column) = lines.place(finding.span.start);
            let (end_line, end_column) = lines.place(finding.span.end);
            let command = match finding.tier {
                Tier::Error => "error",
                Tier::Warning => "warning",
                Tier::Preview => "notice",
            };
            let help = finding.help.as_ref().map_or(String::new(), |help| format!("\n{help}"));
            shown.push_str(&format!(
                "::{command} file={},line={line},col={column},endLine={end_line},endColumn={end_column},title={}::{}\n",
                property(text.path),
                finding.code,
                data(&format!("{}{help}", finding.message)),
            ));
        }
    }
    shown
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
