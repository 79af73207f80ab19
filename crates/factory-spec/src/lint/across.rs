//! What only several texts together show: requirements without scenarios, scenarios without requirements, and what one
//! text demands and another forbids.

use std::collections::{BTreeSet, HashMap};

use super::check::{self, Linted};
use super::finding::{Finding, Report};
use super::selection::Selection;
use super::subject::Form;
use super::{catalogue, suppress};

/// One text of several.
type Text<'a> = (&'a str, &'a str, &'a Linted);

/// The findings of several texts, given as path, source and what was found in each, in that order. Scenarios belong to
/// a specification if their folder is named like it, or if there is only one specification.
pub fn across(texts: &[Text<'_>], selection: &Selection) -> Vec<Vec<Finding>> {
    let mut reports: Vec<HashMap<&'static str, Report>> = texts.iter().map(|_| HashMap::new()).collect();
    coverage(texts, &mut reports);
    opposites(texts, &mut reports);
    let finished = reports.into_iter().zip(texts).map(|(reports, (_, source, _))| {
        let mut findings = Vec::new();
        for (code, report) in reports {
            let rule = catalogue::find(code);
            if let Some(tier) = rule.and_then(|rule| selection.tier(code, rule.tier)) {
                check::add(report, code, tier, &mut findings);
            }
        }
        let (mut findings, _) = suppress::apply(source, findings);
        findings.sort_by_key(|finding| (finding.span.start, finding.code));
        findings
    });
    finished.collect()
}

fn slug_of(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    crate::slug(name.split('.').next().unwrap_or(name))
}

fn coverage(texts: &[Text<'_>], reports: &mut [HashMap<&'static str, Report>]) {
    let of_form = |form: Form| (0..texts.len()).filter(move |at| texts[*at].2.form == form);
    let specs: Vec<usize> = of_form(Form::Spec).collect();
    let suites: Vec<usize> = of_form(Form::Scenarios).collect();
    // The short names of each suite's file and folders.
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for &suite in &suites {
        let names: BTreeSet<String> = texts[suite].0.split(['/', '\\']).map(slug_of).collect();
        for name in names {
            by_name.entry(name).or_default().push(suite);
        }
    }
    for &spec in &specs {
        let (path, _, linted) = texts[spec];
        let own: Vec<usize> = match specs.len() {
            1 => suites.clone(),
            _ => by_name.get(&slug_of(path)).cloned().unwrap_or_default(),
        };
        let covered: BTreeSet<&str> = own
            .iter()
            .flat_map(|at| &texts[*at].2.scenarios)
            .flat_map(|scenario| scenario.covers.iter().map(String::as_str))
            .collect();
        // Where no scenario names a requirement, nothing is said of any.
        if covered.is_empty() {
            continue;
        }
        let Some(document) = &linted.spec else { continue };
        let known: BTreeSet<String> =
            document.requirements.iter().map(|requirement| requirement.id.to_ascii_uppercase()).collect();
        for requirement in &document.requirements {
            if !covered.contains(requirement.id.to_ascii_uppercase().as_str()) {
                let report = reports[spec].entry("X101").or_default();
                let place = crate::text::first_line(texts[spec].1, requirement.span.clone());
                report
                    .add(place, format!("no scenario covers {}", requirement.id))
                    .help(format!("write one with `Covers: {}`", requirement.id));
            }
        }
        for at in own {
            let (_, source, linted) = texts[at];
            for scenario in &linted.scenarios {
                let place = crate::text::first_line(source, scenario.span.clone());
                if scenario.covers.is_empty() {
                    let report = reports[at].entry("X102").or_default();
                    report
                        .add(place, format!("scenario `{}` covers no requirement", scenario.name))
                        .help("name what it checks: `Covers: R1`");
                } else if let Some(unknown) = scenario.covers.iter().find(|id| !known.contains(*id)) {
                    let report = reports[at].entry("X104").or_default();
                    report.add(place, format!("{path} has no requirement {unknown}"));
                }
            }
        }
    }
}

fn opposites(texts: &[Text<'_>], reports: &mut [HashMap<&'static str, Report>]) {
    let mut first = HashMap::new();
    for (at, (path, _, linted)) in texts.iter().enumerate() {
        if !matches!(linted.form, Form::Spec | Form::SpecKit | Form::OpenSpec) {
            continue;
        }
        for demand in &linted.demands {
            let (first_at, earlier) = first.entry(&demand.key).or_insert((at, demand));
            if *first_at != at && earlier.negated != demand.negated {
                let other = texts[*first_at].0;
                let report = reports[at].entry("X105").or_default();
                report
                    .add(demand.span.clone(), format!("{path} and {other} demand the opposite"))
                    .help("decide which one holds, or say when each does");
            }
        }
    }
}
