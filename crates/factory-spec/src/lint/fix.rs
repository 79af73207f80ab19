//! Applies the changes that findings bring along.

use std::collections::BTreeMap;

use super::finding::{Edit, Finding};

/// The source with all fixes of `findings`, and how many findings were mended. Of two that touch, the first is taken;
/// the other may be found again.
pub fn fixed(source: &str, findings: &[Finding]) -> (String, usize) {
    let mut taken: BTreeMap<usize, &Edit> = BTreeMap::new();
    let mut mended = 0;
    for finding in findings.iter().filter(|finding| !finding.fix.is_empty()) {
        let touches = |edit: &Edit| {
            let before = taken.range(..=edit.span.end).next_back();
            before.is_some_and(|(_, other)| edit.span.start <= other.span.end)
        };
        let fits = finding.fix.iter().all(|edit| source.get(edit.span.clone()).is_some() && !touches(edit));
        if fits {
            taken.extend(finding.fix.iter().map(|edit| (edit.span.start, edit)));
            mended += 1;
        }
    }
    let mut text = String::with_capacity(source.len());
    let mut from = 0;
    for edit in taken.into_values() {
        if edit.span.start < from {
            continue;
        }
        text.push_str(&source[from..edit.span.start]);
        text.push_str(&edit.text);
        from = edit.span.end;
    }
    text.push_str(&source[from..]);
    (text, mended)
}
