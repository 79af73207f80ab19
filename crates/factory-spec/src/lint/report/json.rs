//! A JSON document: a list of findings with path, place and fix.

use serde::Serialize;

use super::{Lines, Reported};
use crate::lint::finding::Edit;
use crate::lint::rule::{Debt, Tier};

/// Lines and columns count from 1, in characters; `start` and `end` are bytes.
#[derive(Serialize)]
struct Row<'a> {
    path: &'a str,
    code: &'a str,
    tier: Tier,
    message: &'a str,
    help: Option<&'a str>,
    debt: Option<Debt>,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start: usize,
    end: usize,
    text: &'a str,
    fix: &'a [Edit],
}

pub(super) fn render(texts: &[Reported<'_>]) -> String {
    let mut rows = Vec::new();
    for text in texts {
        let lines = Lines::new(text.source);
        for finding in text.findings {
            let (line, column) = lines.place(finding.span.start);
            let (end_line, end_column) = lines.place(finding.span.end);
            rows.push(Row {
                path: text.path,
                code: finding.code,
                tier: finding.tier,
                message: &finding.message,
                help: finding.help.as_deref(),
                debt: finding.debt,
                line,
                column,
                end_line,
                end_column,
                start: finding.span.start,
                end: finding.span.end,
                text: text.source.get(finding.span.clone()).unwrap_or_default(),
                fix: &finding.fix,
            });
        }
    }
    format!("{}\n", serde_json::to_string_pretty(&rows).expect("rows are plain data"))
}
