//! Looks at one text with all rules.

use super::catalogue;
use super::finding::{Finding, Report};
use super::rule::Tier;
use super::rules::contradiction::{self, Demand};
use super::selection::Selection;
use super::subject::{Form, Subject};
use super::suppress;
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
    for one in diagnostics {
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
