//! SARIF 2.1.0 (OASIS, 2020): one run with the rules that spoke and a result for each finding.

use serde_json::{Value, json};

use super::{Lines, Reported};
use crate::lint::catalogue;
use crate::lint::rule::Tier;

fn level(tier: Tier) -> &'static str {
    match tier {
        Tier::Error => "error",
        Tier::Warning => "warning",
        Tier::Preview => "note",
    }
}

pub(super) fn render(texts: &[Reported<'_>]) -> String {
    let mut codes: Vec<&str> =
        texts.iter().flat_map(|text| text.findings).map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes
        .iter()
        .filter_map(|code| catalogue::find(code))
        .map(|rule| {
            json!({
                "id": rule.code,
                "name": rule.name,
                "shortDescription": { "text": rule.name.replace('-', " ") },
                "fullDescription": { "text": rule.why },
                "defaultConfiguration": { "level": level(rule.tier) },
            })
        })
        .collect();
    let mut results = Vec::new();
    for text in texts {
        let lines = Lines::new(text.source);
        for finding in text.findings {
            let (line, column) = lines.place(finding.span.start);
            let (end_line, end_column) = lines.place(finding.span.end);
            results.push(json!({
                "ruleId": finding.code,
                "ruleIndex": codes.binary_search(&finding.code).unwrap_or_default(),
                "level": level(finding.tier),
                "message": { "text": finding.message },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": uri(text.path) },
                    "region": {
                        "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column,
                    },
                } }],
            }));
        }
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "columnKind": "unicodeCodePoints",
            "tool": { "driver": { "name": "factory", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
        }],
    });
    format!("{}\n", serde_json::to_string_pretty(&log).expect("the log is plain data"))
}

/// A relative path as a URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
