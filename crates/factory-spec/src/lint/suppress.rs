//! Comments that allow a finding, with a reason: `<!-- lint: allow A101 because … -->`, or `# lint: allow G204 because …`
//! in Gherkin and TOML. One beside text is about that item or paragraph, one on a line of its own about the next;
//! `allow-file` is about the whole file.

use super::catalogue;
use super::finding::{Finding, Report};
use crate::diagnostic::Span;
use crate::line::{self, Line};

/// How many comments before a finding are asked whether they are about it.
const NEAR: usize = 64;
/// How many lines of a paragraph before a comment it is about.
const LINES: usize = 200;

/// One comment.
struct Allowance {
    codes: Vec<(String, Span, bool)>,
    covers: Span,
}

/// What is left of the findings, and what is wrong with the comments, as reports of L001, L002 and L003.
pub(crate) fn apply(source: &str, findings: Vec<Finding>) -> (Vec<Finding>, [Report; 3]) {
    let mut reports = [Report::default(), Report::default(), Report::default()];
    if !source.contains("lint: allow") {
        return (findings, reports);
    }
    let mut allowances = allowances(source, &mut reports);
    allowances.sort_by_key(|one| one.covers.start);
    let kept = findings
        .into_iter()
        .filter(|finding| {
            let mut allowed = false;
            // Comments stand in order; the nearest ones before a finding are about it, and those about the whole file.
            let near = allowances.partition_point(|one| one.covers.start <= finding.span.start);
            for allowance in &mut allowances[near.saturating_sub(NEAR)..near] {
                let covers =
                    allowance.covers.start <= finding.span.start && finding.span.start < allowance.covers.end;
                for (code, _, used) in
                    allowance.codes.iter_mut().filter(|(code, ..)| covers && *code == finding.code)
                {
                    debug_assert_eq!(*code, finding.code);
                    *used = true;
                    allowed = true;
                }
            }
            !allowed
        })
        .collect();
    for (code, span, _) in allowances.iter().flat_map(|one| &one.codes).filter(|(.., used)| !used) {
        reports[2]
            .add(span.clone(), format!("{code} is allowed here and not found here"))
            .help("take it out of the comment");
    }
    (kept, reports)
}

fn allowances(source: &str, reports: &mut [Report; 3]) -> Vec<Allowance> {
    let lines = line::lines(source);
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(at) = line.text.find("lint: allow") else { continue };
        let opener = line.text[..at].trim_end();
        let before = match opener.strip_suffix("<!--").or_else(|| opener.strip_suffix('#')) {
            Some(before) => before.trim(),
            None => continue,
        };
        let words = &line.text[at + "lint: allow".len()..];
        let words = words.split("-->").next().unwrap_or_default();
        let start = line.start + at;
        let (whole_file, words) = match words.strip_prefix("-file") {
            Some(words) => (true, words),
            None => (false, words),
        };
        let (list, reason) = words.split_once(" because ").unwrap_or((words, ""));
        if reason.split_whitespace().count() < 2 {
            reports[0]
                .add(start..start + "lint: allow".len(), "a finding is allowed without a reason, so it stays")
                .help("write `lint: allow CODE because …` with the reason");
            continue;
        }
        let covers =
            if whole_file { 0..source.len() + 1 } else { covered(&lines, index, !before.is_empty()) };
        let mut codes = Vec::new();
        for word in list.split([',', ' ']).filter(|word| !word.is_empty()) {
            let offset = start + (word.as_ptr().addr() - line.text[at..].as_ptr().addr());
            let place = offset..offset + word.len();
            if catalogue::explain(word).is_some() {
                codes.push((word.to_ascii_uppercase(), place, false));
            } else {
                let near =
                    catalogue::nearest(word).map_or(String::new(), |near| format!("did you mean {near}? "));
                reports[1]
                    .add(place, format!("there is no rule {word}"))
                    .help(format!("{near}`factory spec explain` lists all of them"));
            }
        }
        found.push(Allowance { codes, covers });
    }
    found
}

/// The item or paragraph around a comment, or the next one.
fn covered(lines: &[Line<'_>], index: usize, beside_text: bool) -> Span {
    let is_item = |line: &Line<'_>| {
        let text = line.trimmed();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        text.starts_with(['-', '*', '+', '#', '|']) || (digits > 0 && text[digits..].starts_with(['.', ')']))
    };
    let blank = |at: usize| lines.get(at).is_none_or(|line| line.trimmed().is_empty());
    let (mut first, mut last);
    if beside_text {
        first = index;
        while first > 0 && index - first < LINES && !is_item(&lines[first]) && !blank(first - 1) {
            first -= 1;
        }
        last = index;
    } else {
        first = (index + 1..lines.len()).find(|at| !blank(*at)).unwrap_or(index);
        last = first;
    }
    while last - first < 2 * LINES && !blank(last + 1) && !is_item(&lines[last + 1]) {
        last += 1;
    }
    lines[first].start..lines[last].start + lines[last].text.len() + 1
}
