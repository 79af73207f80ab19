//! Applies the changes that findings bring along.

use super::finding::{Edit, Finding};

/// The source with all fixes of `findings`, and how many findings were mended. Of two that touch, the first is taken;
/// the other may be found again.
pub fn fixed(source: &str, findings: &[Finding]) -> (String, usize) {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut mended = 0;
    for finding in findings.iter().filter(|finding| !finding.fix.is_empty()) {
        let touches = |edit: &Edit| {
            taken.iter().any(|other| edit.span.start <= other.span.end && other.span.start <= edit.span.end)
        };
        let fits = finding.fix.iter().all(|edit| source.get(edit.span.clone()).is_some() && !touches(edit));
        if fits {
            taken.extend(&finding.fix);
            mended += 1;
        }
    }
    taken.sort_by_key(|edit| edit.span.start);
    let mut text = String::with_capacity(source.len());
    let mut from = 0;
    for edit in taken {
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
