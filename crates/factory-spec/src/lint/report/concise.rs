//! A line for each finding: `path:line:column: CODE message`.

use super::{Lines, Reported};

pub(super) fn render(texts: &[Reported<'_>]) -> String {
    let mut shown = String::new();
    for text in texts {
        let lines = Lines::new(text.source);
        for finding in text.findings {
            let (line, column) = lines.place(finding.span.start);
            let mend = if finding.fix.is_empty() { "" } else { " [fixable]" };
            shown.push_str(&format!(
                "{}:{line}:{column}: {} {}{mend}\n",
                text.path, finding.code, finding.message
            ));
        }
    }
    shown
}
