//! From the tree of a text of Gherkin to drafts, and what the grammar does not refuse but people do not mean.

use std::collections::{HashMap, HashSet};

use super::draft::{Draft, DraftExamples, DraftRow, DraftStep};
use super::finish;
use super::label::{self, Labels};
use super::outline::{Columns, Outline};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::gherkin::{self, Background, Entry, Examples, Feature, Flavour, Parsed, Pickle, Scenario, Tag};
use crate::line::Line;

/// The scenarios of a whole text, with their backgrounds in front.
pub(super) fn document(
    lines: &[Line<'_>],
    flavour: Flavour,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Draft> {
    let (parsed, broken) = read(lines, flavour, Entry::Document, diagnostics);
    drafts(&parsed, &broken, diagnostics)
}

/// The scenarios of a text that starts with steps of `draft`, which gets them.
pub(super) fn steps(lines: &[Line<'_>], draft: &mut Draft, diagnostics: &mut Vec<Diagnostic>) -> Vec<Draft> {
    let (mut parsed, broken) = read(lines, Flavour::Classic, Entry::Steps, diagnostics);
    if let Some(feature) = &mut parsed.document.feature
        && !feature.scenarios.is_empty()
    {
        let first = feature.scenarios.remove(0);
        draft.broken |= broken.contains(&first.header.span.start);
        draft.end = first.header.end;
        draft.labels.covers.extend(first.header.covers.iter().cloned());
        for step in &first.steps {
            draft.steps.push(DraftStep::new(&gherkin::as_written(step)));
        }
        for examples in &first.examples {
            let labels = labels(&examples.header.tags.iter().collect::<Vec<_>>(), &[]);
            let rows = examples.rows.iter().map(|row| DraftRow {
                span: row.span.clone(),
                cells: row.cells.iter().map(|cell| cell.value.clone()).collect(),
            });
            let heading = examples.header.span.clone();
            draft.examples.push(DraftExamples { heading, labels, rows: rows.collect(), ruled: true });
        }
    }
    drafts(&parsed, &broken, diagnostics)
}

/// Parses, looks at descriptions, and tells which parts are broken.
fn read<'a>(
    lines: &[Line<'a>],
    flavour: Flavour,
    entry: Entry,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Parsed<'a>, HashSet<usize>) {
    let mut parsed = gherkin::parse_lines(lines, flavour, entry);
    let mut broken = std::mem::take(&mut parsed.broken);
    diagnostics.append(&mut parsed.diagnostics);
    for prose in &parsed.prose {
        if let Some(found) = gherkin::described(prose, parsed.language) {
            if found.severity == Severity::Error {
                broken.insert(prose.part);
            }
            diagnostics.push(found);
        }
    }
    (parsed, broken)
}

fn drafts(parsed: &Parsed<'_>, broken: &HashSet<usize>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Draft> {
    let Some(feature) = &parsed.document.feature else {
        return Vec::new();
    };
    let mut broken_rules = HashSet::new();
    let mut rules = HashMap::new();
    let is_broken = |background: &Option<Background>| {
        background.as_ref().is_some_and(|background| broken.contains(&background.header.span.start))
    };
    let all_broken = is_broken(&feature.background);
    let in_rules = feature.rules.iter().map(|rule| rule.scenarios.len()).sum::<usize>();
    check_background(&feature.background, feature.scenarios.len() + in_rules, diagnostics);
    for scenario in &feature.scenarios {
        check_outline(scenario, diagnostics);
    }
    for (number, rule) in feature.rules.iter().enumerate() {
        check_background(&rule.background, rule.scenarios.len(), diagnostics);
        for scenario in &rule.scenarios {
            check_outline(scenario, diagnostics);
            rules.insert(scenario.header.span.start, number);
            if is_broken(&rule.background) {
                broken_rules.insert(scenario.header.span.start);
            }
        }
    }
    let tags = tags(feature);
    diagnostics.extend(tags.filter_map(|tag| label::misspelled(&tag.name[1..], &tag.span)));
    let (pickles, too_many) = gherkin::pickles(&parsed.document);
    diagnostics.extend(too_many);
    let mut last = None;
    pickles
        .iter()
        .map(|pickle| {
            let start = pickle.scenario.header.span.start;
            let mut draft = draft(pickle);
            draft.broken = all_broken || broken.contains(&start) || broken_rules.contains(&start);
            draft.rule = rules.get(&start).copied();
            draft.copy = last.replace(start) == Some(start);
            draft
        })
        .collect()
}

/// The tags of a feature and of all that is in it.
fn tags(feature: &Feature) -> impl Iterator<Item = &Tag> {
    let in_rules = feature.rules.iter().flat_map(|rule| &rule.scenarios);
    let scenarios = feature.scenarios.iter().chain(in_rules).flat_map(|scenario| {
        std::iter::once(&scenario.header).chain(scenario.examples.iter().map(|examples| &examples.header))
    });
    let headers = std::iter::once(&feature.header)
        .chain(feature.rules.iter().map(|rule| &rule.header))
        .chain(scenarios);
    headers.flat_map(|header| &header.tags)
}

fn draft(pickle: &Pickle<'_>) -> Draft {
    let header = &pickle.scenario.header;
    let mut draft = Draft::new(&pickle.name, header.span.clone(), labels(&pickle.tags, &pickle.covers));
    draft.description = header.description.lines().map(|line| line.trim().to_owned()).collect();
    draft.end = header.end;
    for step in &pickle.steps {
        let steps = if step.background { &mut draft.background } else { &mut draft.steps };
        steps.push(DraftStep::new(step));
    }
    draft
}

fn labels(tags: &[&Tag], covers: &[&str]) -> Labels {
    let mut labels = Labels { tags: Vec::new(), covers: covers.iter().map(|id| (*id).to_owned()).collect() };
    for tag in tags {
        labels.tag(&tag.name[1..]);
    }
    labels
}

/// Checks the steps of a background, and that there is something for it to be in front of.
fn check_background(background: &Option<Background>, scenarios: usize, diagnostics: &mut Vec<Diagnostic>) {
    let Some(background) = background else {
        return;
    };
    if scenarios == 0 {
        diagnostics.push(Diagnostic::new(
            Code::BadBackground,
            background.header.span.clone(),
            "this background belongs to no scenario",
        ));
    }
    let mut draft = Draft::new("", background.header.span.clone(), Labels::default());
    draft.steps = background.steps.iter().map(|step| DraftStep::new(&gherkin::as_written(step))).collect();
    finish::check_steps(&draft, diagnostics);
}

fn check_outline(scenario: &Scenario, diagnostics: &mut Vec<Diagnostic>) {
    if !scenario.outline && scenario.examples.is_empty() {
        return;
    }
    let mut texts = vec![(scenario.header.name.as_str(), scenario.header.span.clone())];
    for step in &scenario.steps {
        texts.push((&step.text, step.span.clone()));
        texts.extend(
            step.table.iter().flat_map(|row| &row.cells).map(|cell| (cell.value.as_str(), cell.span.clone())),
        );
        texts.extend(step.doc_string.iter().map(|doc| (doc.content.as_str(), doc.span.clone())));
    }
    let examples = scenario.examples.iter().map(columns).collect();
    Outline { heading: scenario.header.span.clone(), texts, examples }.check(diagnostics);
}

fn columns(examples: &Examples) -> Columns<'_> {
    let names = examples
        .rows
        .first()
        .map(|row| row.cells.iter().map(|cell| (cell.value.as_str(), cell.span.clone())).collect());
    Columns {
        heading: examples.header.span.clone(),
        names: names.unwrap_or_default(),
        rows: examples.rows.len().saturating_sub(1),
    }
}
