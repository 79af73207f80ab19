//! From the tree to scenarios that can be run: backgrounds in front, a scenario for each row of examples.
//!
//! Gherkin calls the result “pickles”. What a row says is put in once and not looked through again, and what is
//! copied in all is bounded, so that a small text cannot become an endless one.

use std::borrow::Cow;
use std::collections::HashMap;

use super::ast::{Background, Cell, Document, Row, Scenario, Step, StepKind, Tag};
use crate::diagnostic::{Code, Diagnostic, Span};

/// How many bytes backgrounds and examples may add to a text. A step counts at least [`STEP`].
const COPIED: usize = 32 << 20;

/// What a copied step takes beside its text, about.
const STEP: usize = 64;

/// What a copied tag or requirement takes, about.
pub(crate) const LABEL: usize = 64;

/// A scenario that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pickle<'a> {
    /// The scenario it is made of.
    pub scenario: &'a Scenario,
    /// The row of examples whose values it has.
    pub row: Option<&'a Row>,
    /// The name, with the values.
    pub name: String,
    /// The spoken language of the text.
    pub language: &'a str,
    /// The tags of the feature, the rule, the scenario and the examples.
    pub tags: Vec<&'a Tag>,
    /// What the `Covers: …` lines of the same name.
    pub covers: Vec<&'a str>,
    /// The steps of the backgrounds, then the scenario's own; none if it has no own.
    pub steps: Vec<PickleStep<'a>>,
}

/// A step that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickleStep<'a> {
    /// The step it is made of.
    pub step: &'a Step,
    /// True for a step of a background, which takes no values.
    pub background: bool,
    /// What the step is for; a conjunction is what the step before it is.
    pub kind: StepKind,
    /// The sentence, with the values.
    pub text: Cow<'a, str>,
    /// The cells of the table, with the values.
    pub table: Vec<Vec<Cow<'a, str>>>,
    /// The block of text and what it is, with the values.
    pub doc_string: Option<(Cow<'a, str>, Option<Cow<'a, str>>)>,
}

/// The scenarios of a tree, in order. If they would be too much, those that fit and what is wrong.
pub fn pickles(document: &Document) -> (Vec<Pickle<'_>>, Option<Diagnostic>) {
    let mut found = Vec::new();
    let mut filling = Filling::default();
    let Some(feature) = &document.feature else {
        return (found, None);
    };
    let around = Around {
        language: &feature.language,
        tags: feature.header.tags.iter().collect(),
        covers: feature.header.covers.iter().map(String::as_str).collect(),
        background: feature.background.iter().collect(),
    };
    let mut wrong = around.pickles(&feature.scenarios, &mut filling, &mut found).err();
    for rule in &feature.rules {
        if wrong.is_some() {
            break;
        }
        let mut around = around.clone();
        around.tags.extend(&rule.header.tags);
        around.covers.extend(rule.header.covers.iter().map(String::as_str));
        around.background.extend(&rule.background);
        wrong = around.pickles(&rule.scenarios, &mut filling, &mut found).err();
    }
    (found, wrong)
}

/// What scenarios have from the feature and the rule that they are in.
#[derive(Debug, Clone)]
struct Around<'a> {
    language: &'a str,
    tags: Vec<&'a Tag>,
    covers: Vec<&'a str>,
    background: Vec<&'a Background>,
}

impl<'a> Around<'a> {
    fn pickles(
        &self,
        scenarios: &'a [Scenario],
        filling: &mut Filling,
        found: &mut Vec<Pickle<'a>>,
    ) -> Result<(), Diagnostic> {
        for scenario in scenarios {
            if scenario.examples.is_empty() {
                found.push(self.pickle(scenario, &[], None, filling));
            }
            for examples in &scenario.examples {
                let mut rows = examples.rows.iter();
                let Some(names) = rows.next() else {
                    continue;
                };
                for row in rows {
                    let mut pickle = self.pickle(scenario, &names.cells, Some(row), filling);
                    let labels = scenario.header.tags.len() + examples.header.tags.len();
                    filling.count(labels * LABEL);
                    pickle.tags.extend(&examples.header.tags);
                    found.push(pickle);
                    filling.check(&scenario.header.span)?;
                }
            }
            filling.check(&scenario.header.span)?;
        }
        Ok(())
    }

    fn pickle(
        &self,
        scenario: &'a Scenario,
        names: &'a [Cell],
        row: Option<&'a Row>,
        filling: &mut Filling,
    ) -> Pickle<'a> {
        let values = values(names, row);
        let mut steps = Vec::new();
        let mut last = StepKind::Unknown;
        if !scenario.steps.is_empty() {
            let nothing = HashMap::new();
            for step in self.background.iter().flat_map(|background| &background.steps) {
                filling.count(step_size(step));
                steps.push(pickle_step(step, true, &mut last, &nothing, filling));
            }
            for step in &scenario.steps {
                filling.count(if row.is_some() { STEP } else { 0 });
                steps.push(pickle_step(step, false, &mut last, &values, filling));
            }
        }
        let mut tags = self.tags.clone();
        tags.extend(&scenario.header.tags);
        let mut covers = self.covers.clone();
        covers.extend(scenario.header.covers.iter().map(String::as_str));
        filling.count((self.tags.len() + self.covers.len()) * LABEL);
        Pickle {
            scenario,
            row,
            name: filling.fill(&scenario.header.name, &values).into_owned(),
            language: self.language,
            tags,
            covers,
            steps,
        }
    }
}

/// What a background's step adds to each scenario.
fn step_size(step: &Step) -> usize {
    let cells: usize =
        step.table.iter().flat_map(|row| &row.cells).map(|cell| cell.value.len() + size_of::<String>()).sum();
    STEP + step.text.len() + cells + step.doc_string.as_ref().map_or(0, |doc| doc.content.len())
}

fn values<'a>(names: &'a [Cell], row: Option<&'a Row>) -> HashMap<&'a str, &'a str> {
    let mut values = HashMap::new();
    for (name, value) in names.iter().zip(row.iter().flat_map(|row| &row.cells)) {
        values.entry(name.value.as_str()).or_insert(value.value.as_str());
    }
    values
}

fn pickle_step<'a>(
    step: &'a Step,
    background: bool,
    last: &mut StepKind,
    values: &HashMap<&str, &str>,
    filling: &mut Filling,
) -> PickleStep<'a> {
    if step.kind != StepKind::Conjunction {
        *last = step.kind;
    }
    let mut fill = |text: &'a str| filling.fill(text, values);
    PickleStep {
        step,
        background,
        kind: *last,
        text: fill(&step.text),
        table: step
            .table
            .iter()
            .map(|row| row.cells.iter().map(|cell| fill(&cell.value)).collect())
            .collect(),
        doc_string: step
            .doc_string
            .as_ref()
            .map(|doc| (fill(&doc.content), doc.media.as_deref().map(&mut fill))),
    }
}

/// A step outside of any example, as it is written.
pub(crate) fn as_written(step: &Step) -> PickleStep<'_> {
    pickle_step(step, false, &mut StepKind::Unknown, &HashMap::new(), &mut Filling::default())
}

/// Puts values in, and counts what that adds.
#[derive(Debug, Default)]
pub(crate) struct Filling {
    copied: usize,
}

impl Filling {
    /// Counts bytes that are copied.
    pub(crate) fn count(&mut self, bytes: usize) {
        self.copied = self.copied.saturating_add(bytes);
    }

    /// True if too much was copied.
    pub(crate) fn is_full(&self) -> bool {
        self.copied > COPIED
    }

    /// What is wrong at `span` if too much was copied. What was filled since is not whole.
    pub(crate) fn check(&self, span: &Span) -> Result<(), Diagnostic> {
        if !self.is_full() {
            return Ok(());
        }
        let limit = COPIED >> 20;
        let message = format!("with backgrounds and examples put in, this text is over {limit} MiB larger");
        Err(Diagnostic::new(Code::TooManyExamples, span.clone(), message)
            .with_help("write fewer examples, or several files"))
    }

    /// `text` with each `<name>` that has a value replaced by it.
    pub(crate) fn fill<'t>(&mut self, text: &'t str, values: &HashMap<&str, &str>) -> Cow<'t, str> {
        if values.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut filled = String::new();
        let mut rest = 0;
        for place in parameters(text) {
            let Some(value) = values.get(&text[place.start + 1..place.end - 1]) else {
                continue;
            };
            if self.is_full() {
                break;
            }
            filled.push_str(&text[rest..place.start]);
            filled.push_str(value);
            self.count(value.len() + place.start - rest);
            rest = place.end;
        }
        self.count(text.len() - rest);
        if rest == 0 {
            return Cow::Borrowed(text);
        }
        filled.push_str(&text[rest..]);
        Cow::Owned(filled)
    }
}

/// The places of `<name>`s in a text, with their angle brackets. A name has no brackets.
pub(crate) fn parameters(text: &str) -> impl Iterator<Item = Span> {
    let mut open = None;
    text.match_indices(['<', '>']).filter_map(move |(at, bracket)| {
        if bracket == "<" {
            open = Some(at);
            return None;
        }
        open.take().map(|start| start..at + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_in_once() {
        let values = HashMap::from([("a", "<b>"), ("b", "x"), ("", "empty")]);
        let mut filling = Filling::default();
        for (text, expected) in [
            ("<a>", "<b>"),
            ("<<b>>", "<x>"),
            ("1 < 2, <b> > <c>", "1 < 2, x > <c>"),
            ("<>", "empty"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(filling.fill(text, &values), expected);
        }
    }

    #[test]
    fn copies_are_bounded() {
        let large = "x".repeat(1 << 20);
        let text = "<a>".repeat(1 << 20);
        let mut filling = Filling::default();
        let filled = filling.fill(&text, &HashMap::from([("a", large.as_str())]));
        assert!(filled.len() < COPIED + (8 << 20));
        assert_eq!(filling.check(&(0..1)).map_err(|found| found.code), Err(Code::TooManyExamples));
    }
}
