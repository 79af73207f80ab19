//! A text as rules see it.

use super::definitions::{self, Definition};
use crate::diagnostic::{Diagnostic, Span};
use crate::prose::markdown::Markdown;
use crate::prose::statement::{self, Sentence, Statement};
use crate::prose::token;
use crate::scenario::{Keyword, Scenario};
use crate::spec::SpecDocument;
use crate::{parse_scenarios, parse_spec};

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A specification in this project's form.
    Spec,
    /// Spec Kit's `spec.md`.
    SpecKit,
    /// OpenSpec's specifications and changes.
    OpenSpec,
    /// Given/When/Then.
    Scenarios,
    /// Phrases of scenarios: `steps.toml`.
    Steps,
    /// States and transitions: `# Aggregate: …`.
    Aggregate,
    /// Any other text in Markdown.
    Prose,
}

/// A text with what was understood of it.
pub(crate) struct Subject<'a> {
    pub(crate) form: Form,
    pub(crate) source: &'a str,
    pub(crate) prose: &'a Markdown,
    pub(crate) statements: Vec<Statement<'a>>,
    /// The sentences of scenarios and of step definitions.
    pub(crate) steps: Vec<StepSentence<'a>>,
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) spec: Option<SpecDocument>,
    /// The phrases of a file of step definitions.
    pub(crate) definitions: Vec<Definition>,
    /// Words that everybody knows in this project.
    pub(crate) terms: &'a [String],
}

/// A sentence of a scenario.
pub(crate) struct StepSentence<'a> {
    pub(crate) sentence: Sentence<'a>,
    /// None where a step definition does not say.
    pub(crate) keyword: Option<Keyword>,
    /// Index of its scenario, or of its step definition.
    pub(crate) scenario: usize,
    /// Whether a table or a block of text belongs to it.
    pub(crate) has_data: bool,
    /// Whether its words are those of a step definition.
    pub(crate) in_definition: bool,
}

/// Finds out what kind of text it is.
pub(crate) fn form(path: &str, source: &str, prose: &Markdown) -> Form {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    if name == "steps.toml" {
        return Form::Steps;
    }
    if name.ends_with(".feature") || name.ends_with(".feature.md") {
        return Form::Scenarios;
    }
    let lower = |text: &str| text.trim().to_ascii_lowercase();
    let headings: Vec<String> = prose.headings.iter().map(|heading| lower(&heading.text)).collect();
    let has = |names: &[&str]| headings.iter().any(|heading| names.contains(&heading.trim_end_matches(':')));
    let starts = |start: &str| headings.iter().any(|heading| heading.starts_with(start));
    let title = prose.headings.iter().position(|heading| heading.level == 1).map(|at| headings[at].as_str());
    let title = title.unwrap_or_default();
    if starts("aggregate:") && !has(&["requirements", "goal"]) {
        return Form::Aggregate;
    }
    if title.starts_with("feature specification") {
        return Form::SpecKit;
    }
    if starts("requirement:")
        || ["added", "modified", "removed", "renamed"]
            .iter()
            .any(|kind| has(&[&format!("{kind} requirements")]))
    {
        return Form::OpenSpec;
    }
    let is_spec = has(&["goal"]) && has(&["requirements"])
        || has(&["symptom"]) && has(&["expected", "expected behaviour", "expected behavior"]);
    if !is_spec && (starts("scenario") || starts("scn-") || opens_scenario(source)) {
        return Form::Scenarios;
    }
    if is_spec || title.starts_with("feature:") || title.starts_with("bug:") || source.trim().is_empty() {
        return Form::Spec;
    }
    Form::Prose
}

/// Whether a line is `Scenario: …`, `Feature: …` or the like, as in Gherkin without a heading.
fn opens_scenario(source: &str) -> bool {
    let lines =
        || source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', '@']));
    let opens = |line: &str| {
        ["Scenario:", "Scenario Outline:", "Example:"].iter().any(|opener| line.starts_with(opener))
    };
    lines().any(opens) && lines().any(|line| line.starts_with("Then "))
}

impl<'a> Subject<'a> {
    /// Reads a text, and says what its parsers found.
    pub(crate) fn read(
        path: &str,
        source: &'a str,
        lower: &'a str,
        prose: &'a Markdown,
        terms: &'a [String],
    ) -> (Self, Vec<Diagnostic>) {
        let form = form(path, source, prose);
        let mut subject = Subject {
            form,
            source,
            prose,
            statements: Vec::new(),
            steps: Vec::new(),
            scenarios: Vec::new(),
            spec: None,
            definitions: Vec::new(),
            terms,
        };
        let mut diagnostics = Vec::new();
        match form {
            Form::Spec => {
                let (document, found) = parse_spec(source);
                subject.spec = Some(document);
                diagnostics = found;
            }
            Form::Scenarios => (subject.scenarios, diagnostics) = parse_scenarios(source, path),
            Form::OpenSpec | Form::SpecKit => {
                let (scenarios, found) = parse_scenarios(source, path);
                subject.scenarios = scenarios;
                // Of a file of requirements only what it says of its scenarios counts.
                diagnostics =
                    found.into_iter().filter(|one| matches!(one.code.as_str(), "G002" | "G003")).collect();
            }
            Form::Steps => subject.definitions = definitions::read(source),
            Form::Aggregate | Form::Prose => {}
        }
        if matches!(form, Form::Spec | Form::SpecKit | Form::OpenSpec | Form::Prose) {
            subject.statements = statement::statements(prose);
        }
        if form == Form::Spec {
            subject.name_requirements();
        }
        subject.steps = steps(source, lower, &subject.scenarios);
        subject.steps.extend(defined(source, lower, &subject.definitions));
        (subject, diagnostics)
    }

    /// Gives statements the ids that the parser of specifications found.
    fn name_requirements(&mut self) {
        let Some(spec) = &self.spec else { return };
        for statement in &mut self.statements {
            let start = statement.sentence.tokens[0].start;
            let at = spec.requirements.partition_point(|one| one.span.start <= start);
            let own = at.checked_sub(1).map(|at| &spec.requirements[at]).filter(|one| start < one.span.end);
            statement.id = own.map(|one| one.id.clone());
        }
    }

    /// The sentences of steps with one of these keywords.
    pub(crate) fn steps_of(&self, keywords: &'static [Keyword]) -> impl Iterator<Item = &StepSentence<'a>> {
        self.steps.iter().filter(|step| step.keyword.is_none_or(|keyword| keywords.contains(&keyword)))
    }
}

fn steps<'a>(source: &'a str, lower: &'a str, scenarios: &[Scenario]) -> Vec<StepSentence<'a>> {
    let mut found: Vec<StepSentence<'a>> = Vec::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        for step in &scenario.steps {
            let Some(place) = sentence(source, step.span.clone()) else { continue };
            // Examples and backgrounds give the same sentence several times.
            let before = found.last().map_or(0, |last| last.sentence.tokens[0].start);
            if place.start <= before
                && found.iter().any(|other| other.sentence.tokens[0].start == place.start)
            {
                continue;
            }
            let tokens = token::tokens(source, place.clone(), &code(source, place.clone()));
            if tokens.is_empty() {
                continue;
            }
            found.push(StepSentence {
                sentence: Sentence::new(source, lower, tokens),
                keyword: Some(step.keyword),
                scenario: index,
                has_data: step.doc_string.is_some() || step.table.is_some(),
                in_definition: false,
            });
        }
    }
    found
}

/// The sentences of step definitions.
fn defined<'a>(source: &'a str, lower: &'a str, definitions: &[Definition]) -> Vec<StepSentence<'a>> {
    let mut found = Vec::new();
    for (index, definition) in definitions.iter().enumerate() {
        for place in &definition.places {
            let tokens = token::tokens(source, place.clone(), &code(source, place.clone()));
            if !tokens.is_empty() {
                found.push(StepSentence {
                    sentence: Sentence::new(source, lower, tokens),
                    keyword: None,
                    scenario: index,
                    has_data: false,
                    in_definition: true,
                });
            }
        }
    }
    found
}

/// The place of a step's sentence: behind its keyword, up to its table or block.
fn sentence(source: &str, span: Span) -> Option<Span> {
    let whole = source.get(span.clone())?;
    let end = whole.find("\n\n").unwrap_or(whole.len());
    let end = ["\n|", "\"\"\"", "```"].iter().filter_map(|mark| whole[..end].find(mark)).min().unwrap_or(end);
    let text = &whole[..end];
    let lead = text.find(char::is_alphanumeric).unwrap_or(0);
    let rest = &text[lead..];
    let length = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let is_keyword =
        ["given", "when", "then", "and", "but"].iter().any(|word| rest[..length].eq_ignore_ascii_case(word));
    let start = if is_keyword { span.start + lead + length } else { span.start };
    let place = crate::text::trim(source, start..span.start + end);
    let inner = source[place.clone()].trim_start_matches(['*', '_', ':', ',', ' ', '\n']);
    let place = place.end - inner.len()..place.end;
    (!place.is_empty()).then_some(place)
}

/// The places between backticks.
pub(crate) fn code(source: &str, span: Span) -> Vec<Span> {
    let mut found = Vec::new();
    let mut ticks = source[span.clone()].match_indices('`').map(|(at, _)| span.start + at);
    while let (Some(open), Some(close)) = (ticks.next(), ticks.next()) {
        found.push(open..close + 1);
    }
    found
}
