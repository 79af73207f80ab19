//! Looks at one text with all rules.

use super::finding::{Finding, Report};
use super::rule::Tier;
use super::rules::contradiction::{self, Demand};
use super::selection::Selection;
use super::subject::{Form, Subject};
use super::suppress;
use super::{catalogue, definitions};
use crate::diagnostic::{Code, Diagnostic};
use crate::prose::markdown;
use crate::scenario::Scenario;
use crate::spec::{SpecDocument, check_references};
use crate::text;

/// What was found in a text.
#[derive(Debug)]
pub struct Linted {
    /// What kind of text it is.
    pub form: Form,
    /// Sorted by place.
    pub findings: Vec<Finding>,
    /// The specification, if it is one.
    pub spec: Option<SpecDocument>,
    /// Its scenarios, if it has some.
    pub scenarios: Vec<Scenario>,
    /// What it demands, to be held against other texts.
    pub(crate) demands: Vec<Demand>,
}

/// Looks at a text. `path` decides with the text what kind it is; `exists` says whether a file is there that a
/// specification names.
pub fn lint(path: &str, source: &str, selection: &Selection, exists: &dyn Fn(&str) -> bool) -> Linted {
    let whole = text::without_bom(source);
    let source = whole.as_ref();
    let prose =
        markdown::read(if path.ends_with(".toml") || path.ends_with(".feature") { "" } else { source });
    let lower = source.to_ascii_lowercase();
    let (mut subject, mut diagnostics) = Subject::read(path, source, &lower, &prose, &selection.terms);
    if let Some(spec) = &subject.spec {
        diagnostics.extend(check_references(spec, exists));
    }
    let mut findings = Vec::new();
    for one in once(diagnostics) {
        let Some(rule) = catalogue::find(one.code.as_str()) else { continue };
        if let Some(tier) = selection.tier(rule.code, rule.tier) {
            findings.push(Finding {
                code: rule.code,
                tier,
                span: one.span,
                message: one.message,
                help: one.help,
                fix: Vec::new(),
                debt: rule.class(),
            });
        }
    }
    for rule in catalogue::rules() {
        if let (Some(check), Some(tier)) = (rule.check, selection.tier(rule.code, rule.tier)) {
            let mut report = Report::default();
            check(&subject, &mut report);
            add(report, rule.code, tier, &mut findings);
        }
    }
    drop_contained(&mut findings);
    drop_defined(&subject, &selection.phrases, &mut findings);
    let (mut findings, reports) = suppress::apply(source, findings);
    for (report, code) in reports.into_iter().zip(["L001", "L002", "L003"]) {
        if let Some(tier) = catalogue::find(code).and_then(|rule| selection.tier(code, rule.tier)) {
            add(report, code, tier, &mut findings);
        }
    }
    findings.sort_by(|a, b| (a.span.start, a.span.end, a.code).cmp(&(b.span.start, b.span.end, b.code)));
    findings.dedup_by(|a, b| a.code == b.code && a.span == b.span);
    Linted {
        form: subject.form,
        findings,
        spec: subject.spec.take(),
        scenarios: std::mem::take(&mut subject.scenarios),
        demands: contradiction::demands(&subject.statements),
    }
}

/// What is said of most requirements of a text, or of none, is a habit of its writer: it is said once.
fn once(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let habits = [Code::UnstatedLevel, Code::UnnumberedRequirement];
    let mut kept: Vec<Diagnostic> = Vec::new();
    let mut more = [0_usize; 2];
    let mut first = [None; 2];
    for one in diagnostics {
        match habits.iter().position(|habit| *habit == one.code) {
            Some(which) if first[which].is_some() => more[which] += 1,
            habit => {
                if let Some(which) = habit {
                    first[which] = Some(kept.len());
                }
                kept.push(one);
            }
        }
    }
    for (at, more) in first.into_iter().zip(more) {
        if let Some(at) = at.filter(|_| more > 0) {
            kept[at].message.push_str(&format!("; the same holds for {more} more"));
        }
    }
    kept
}

/// What a step definition defines is looked for there.
fn drop_defined(subject: &Subject<'_>, phrases: &[String], findings: &mut Vec<Finding>) {
    if phrases.is_empty() || findings.is_empty() {
        return;
    }
    let of_step =
        |code: &str| matches!(code.as_bytes().first(), Some(b'A' | b'T' | b'I')) || code.starts_with("G2");
    let is_defined = |at: usize| {
        let steps = subject.steps.iter().map(|step| step.sentence.span());
        let step = steps.into_iter().find(|span| span.start <= at && at < span.end);
        step.is_some_and(|span| {
            phrases.iter().any(|pattern| definitions::is_phrase(pattern, &subject.source[span.clone()]))
        })
    };
    findings.retain(|one| !of_step(one.code) || !is_defined(one.span.start));
}

/// Of two findings about ambiguous words of which one holds the other, the longer says more.
fn drop_contained(findings: &mut Vec<Finding>) {
    let is_about_words = |code: &str| code.starts_with('A') || code.starts_with('T');
    let mut spans: Vec<(usize, usize)> = findings
        .iter()
        .filter(|one| is_about_words(one.code))
        .map(|one| (one.span.start, one.span.end))
        .collect();
    spans.sort_by_key(|(start, end)| (*start, std::cmp::Reverse(*end)));
    let mut widest: Vec<(usize, usize)> = Vec::new();
    for (start, end) in spans {
        if widest.last().is_none_or(|(_, last)| end > *last) {
            widest.push((start, end));
        }
    }
    findings.retain(|one| {
        let at = widest.partition_point(|(start, _)| *start <= one.span.start);
        let holder = at.checked_sub(1).map(|at| widest[at]);
        !is_about_words(one.code)
            || holder.is_none_or(|(start, end)| {
                (start, end) == (one.span.start, one.span.end) || one.span.end > end
            })
    });
}

/// Makes findings of what a rule reported.
pub(crate) fn add(report: Report, code: &'static str, tier: Tier, findings: &mut Vec<Finding>) {
    let debt = catalogue::find(code).and_then(|rule| rule.class());
    findings.extend(report.found.into_iter().map(|found| Finding {
        code,
        tier,
        span: found.span,
        message: found.message,
        help: found.help,
        fix: found.fix,
        debt,
    }));
}

/// The finding about a file that is no text.
pub fn undecodable(broken: &crate::Undecodable) -> Finding {
    let one = &broken.finding;
    Finding {
        code: one.code.as_str(),
        tier: Tier::Error,
        span: one.span.clone(),
        message: one.message.clone(),
        help: one.help.clone(),
        fix: Vec::new(),
        debt: None,
    }
}

/// The form of EARS that a demand has: `ubiquitous`, `event`, `state`, `optional`, `unwanted` or `complex`; `free` if it has
/// no modal verb.
pub fn form_of(demand: &str) -> &'static str {
    use crate::prose::statement::Sentence;
    use crate::prose::{ears, token};
    let lower = demand.to_ascii_lowercase();
    let code = super::subject::code(demand, 0..demand.len());
    let tokens = token::tokens(demand, 0..demand.len(), &code);
    let Some(first) = token::sentences(demand, &tokens).into_iter().next() else { return "free" };
    let sentence = Sentence::new(demand, &lower, tokens[first].to_vec());
    ears::form(&sentence, &ears::clauses(&sentence)).map_or("free", ears::Form::as_str)
}
