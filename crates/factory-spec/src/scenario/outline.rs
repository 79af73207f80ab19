//! Outlines: whether their parameters and their columns belong together, and a scenario for each row.

use std::collections::{HashMap, HashSet};

use super::draft::{Draft, DraftExamples, DraftStep};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::gherkin::{self, Filling, LABEL};

/// What is checked of an outline, whichever form it is written in.
pub(super) struct Outline<'a> {
    /// The line that opens it.
    pub(super) heading: Span,
    /// Its name and all texts of its steps, with their places.
    pub(super) texts: Vec<(&'a str, Span)>,
    pub(super) examples: Vec<Columns<'a>>,
}

/// What is checked of a table of examples.
pub(super) struct Columns<'a> {
    /// The line that opens it.
    pub(super) heading: Span,
    /// The names, with their places.
    pub(super) names: Vec<(&'a str, Span)>,
    /// How many scenarios it gives.
    pub(super) rows: usize,
}

impl Outline<'_> {
    /// Adds what is wrong.
    pub(super) fn check(&self, diagnostics: &mut Vec<Diagnostic>) {
        if self.examples.is_empty() {
            diagnostics.push(
                Diagnostic::new(Code::MissingExamples, self.heading.clone(), "this outline has no examples")
                    .with_help("add `Examples:` with a table, or write `Scenario:`"),
            );
            return;
        }
        // How many of the tables have a column of this name.
        let mut columns: HashMap<&str, usize> = HashMap::new();
        for table in &self.examples {
            for name in table.names.iter().map(|(name, _)| *name).collect::<HashSet<_>>() {
                *columns.entry(name).or_default() += 1;
            }
        }
        let tables = self.examples.iter().filter(|table| !table.names.is_empty()).count();
        let mut used = HashSet::new();
        let mut reported = HashSet::new();
        for (text, place) in &self.texts {
            for parameter in gherkin::parameters(text) {
                let name = &text[parameter.start + 1..parameter.end - 1];
                used.insert(name);
                let is_known = columns.get(name).copied().unwrap_or_default() == tables;
                if !is_known && reported.insert(name) {
                    diagnostics.push(self.unknown(name, place));
                }
            }
        }
        for columns in &self.examples {
            if columns.rows == 0 {
                diagnostics.push(
                    Diagnostic::new(
                        Code::MissingExamples,
                        columns.heading.clone(),
                        "these examples have no rows",
                    )
                    .with_help("write the names in the first row and an example in each row below"),
                );
            }
            for (name, place) in columns.names.iter().filter(|(name, _)| !used.contains(name)) {
                let message = format!("nothing uses the column `{name}`");
                diagnostics.push(
                    Diagnostic::new(Code::UnusedColumn, place.clone(), message)
                        .with_help(format!("write `<{name}>` in a step, or take the column out")),
                );
            }
        }
    }

    fn unknown(&self, name: &str, place: &Span) -> Diagnostic {
        let columns = self.examples.iter().flat_map(|columns| &columns.names).map(|(column, _)| *column);
        let near = columns
            // Comparing takes the product of the lengths, and columns are few and short.
            .take(100)
            .filter(|column| (4..40).contains(&column.len()) && name.len() < 40)
            .find(|column| *column != name && strsim::osa_distance(column, name) <= 2);
        match near {
            Some(column) => {
                let message = format!("`<{name}>` is no column of the examples");
                Diagnostic::new(Code::MisspelledParameter, place.clone(), message)
                    .with_help(format!("write `<{column}>`"))
            }
            None => {
                let message = format!("`<{name}>` has no value in all of the examples");
                Diagnostic::new(Code::UnknownParameter, place.clone(), message)
                    .with_help("give it a column, or leave it if it is meant as it is written")
            }
        }
    }
}

/// The scenarios of a draft: itself, or one for each row of its examples.
pub(super) fn expand(draft: Draft, filling: &mut Filling, diagnostics: &mut Vec<Diagnostic>) -> Vec<Draft> {
    if !draft.outline && draft.examples.is_empty() {
        return vec![draft];
    }
    outline(&draft).check(diagnostics);
    let mut made: Vec<Draft> = Vec::new();
    for examples in &draft.examples {
        let Some((names, rows)) = examples.rows.split_first() else {
            continue;
        };
        for row in rows {
            let mut values = HashMap::new();
            for (name, value) in names.cells.iter().zip(&row.cells) {
                values.entry(name.as_str()).or_insert(value.as_str());
            }
            let copy = !made.is_empty();
            made.push(example(&draft, examples, &values, copy, filling));
            if let Err(found) = filling.check(&draft.heading) {
                diagnostics.push(found);
                return made;
            }
        }
    }
    made
}

fn outline(draft: &Draft) -> Outline<'_> {
    let mut texts = vec![(draft.name.as_str(), draft.heading.clone())];
    for step in &draft.steps {
        texts.push((&step.text, step.line.clone()));
        texts.extend(step.table.iter().flatten().flatten().map(|cell| (cell.as_str(), step.line.clone())));
        texts.extend(step.doc_string.iter().map(|doc| (doc.text.as_str(), step.line.clone())));
    }
    let columns =
        |examples: &'_ DraftExamples| (examples.heading.clone(), examples.rows.len().saturating_sub(1));
    let examples = draft
        .examples
        .iter()
        .map(|examples| {
            let (heading, rows) = columns(examples);
            let first = examples.rows.first();
            let names = first
                .map(|row| row.cells.iter().map(|cell| (cell.as_str(), row.span.clone())).collect())
                .unwrap_or_default();
            Columns { heading, names, rows }
        })
        .collect();
    Outline { heading: draft.heading.clone(), texts, examples }
}

fn example(
    draft: &Draft,
    examples: &DraftExamples,
    values: &HashMap<&str, &str>,
    copy: bool,
    filling: &mut Filling,
) -> Draft {
    let mut made =
        Draft::new(&filling.fill(&draft.name, values), draft.heading.clone(), draft.labels.clone());
    made.labels.extend(examples.labels.clone());
    filling.count(made.labels.len() * LABEL);
    made.description.clone_from(&draft.description);
    filling.count(draft.description.iter().map(String::len).sum());
    made.end = draft.end;
    made.broken = draft.broken;
    made.rule = draft.rule;
    made.copy = copy;
    made.background.clone_from(&draft.background);
    made.steps = draft.steps.iter().map(|step| filled(step, values, filling)).collect();
    made
}

fn filled(step: &DraftStep, values: &HashMap<&str, &str>, filling: &mut Filling) -> DraftStep {
    let mut step = step.clone();
    filling.count(size_of::<DraftStep>());
    let cells = step.table.iter_mut().flatten().flatten();
    let doc =
        step.doc_string.iter_mut().flat_map(|doc| std::iter::once(&mut doc.text).chain(doc.media.as_mut()));
    for text in std::iter::once(&mut step.text).chain(cells).chain(doc) {
        *text = filling.fill(text, values).into_owned();
    }
    step
}
