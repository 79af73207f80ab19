//! `factory scenario plan`: what scenarios do, and which sentences are not understood. It shows all of a scenario, to the
//! person who may read it anyway.

use factory_eval::catalogue::Entry;
use factory_eval::grammar::Phrases;
use factory_eval::plan::Plan;
use serde::Serialize;

use super::chosen::{self, Chosen};
use crate::args::ListFormat;
use crate::args::scenario::{Which, Words};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{output, story};

/// What `--format json` prints.
#[derive(Serialize)]
struct Report<'a> {
    /// Version of this form.
    schema: u32,
    scenarios: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    name: &'a str,
    file: String,
    line: usize,
    /// Nothing if a sentence could not be compiled.
    plan: Option<&'a Plan>,
    /// The sentences that a model has put in other words.
    translations: Vec<TranslationRow<'a>>,
    problems: Vec<ProblemRow<'a>>,
    /// Why it cannot be run against a service that runs already, if so.
    needs_deployment: Option<&'static str>,
}

#[derive(Serialize)]
struct TranslationRow<'a> {
    /// As in the plan: from 0.
    sentence: usize,
    steps: &'a [String],
    model: &'a str,
}

#[derive(Serialize)]
struct ProblemRow<'a> {
    line: usize,
    column: usize,
    /// In bytes of the file.
    span: std::ops::Range<usize>,
    sentence: &'a str,
    why: &'a str,
}

pub(super) async fn plan(which: &Which, words: &Words, format: ListFormat) -> Result<Exit, CliError> {
    let chosen = chosen::choose(which, words)?.translated().await;
    chosen.warn();
    let catalogue = &chosen.catalogue;
    match format {
        ListFormat::Human => output::text(&catalogue.entries.iter().map(shown).collect::<String>()),
        ListFormat::Json => {
            output::json(&Report { schema: 1, scenarios: catalogue.entries.iter().map(row).collect() });
        }
    }
    Ok(exit(&chosen))
}

/// What a model said, as the text of a `steps.toml`.
pub(super) async fn phrases(which: &Which, words: &Words) -> Result<Exit, CliError> {
    let chosen = chosen::choose(which, words)?.translated().await;
    let said = chosen.catalogue.entries.iter().flat_map(|entry| {
        let rows = translations(entry).into_iter();
        rows.map(|row| (entry.scenario().steps[row.sentence].text.as_str(), row.steps))
    });
    let text = Phrases::text_of(said).ok_or_else(|| {
        CliError::failed("a sentence cannot be a phrase as it stands").hint("write a pattern for it yourself")
    })?;
    output::line(text.trim_end());
    chosen.catalogue.entries.iter().flat_map(chosen::problems).for_each(|line| output::note_line(&line));
    Ok(exit(&chosen))
}

/// Tells what is wrong with them together, and how many have no plan.
fn exit(chosen: &Chosen) -> Exit {
    let catalogue = &chosen.catalogue;
    let contradictions = chosen.contradictions();
    contradictions.iter().for_each(|line| output::note_line(line));
    let broken = catalogue.entries.iter().filter(|entry| entry.compiled.is_err()).count();
    if broken + catalogue.unparsable.len() + contradictions.len() == 0 {
        return Exit::Clean;
    }
    if broken > 0 {
        output::note_line(&format!("{broken} of {} scenarios cannot be compiled", catalogue.entries.len()));
    }
    Exit::Usage
}

/// The plan of an entry. The one place where a plan is revealed to be shown.
fn revealed(entry: &Entry) -> Option<&Plan> {
    entry.compiled.as_ref().ok().map(|compiled| compiled.plan.reveal())
}

fn translations(entry: &Entry) -> Vec<TranslationRow<'_>> {
    let translation = entry.compiled.as_ref().ok().and_then(|compiled| compiled.translation.as_ref());
    let Some(translation) = translation.map(|translation| translation.reveal()) else { return Vec::new() };
    let rows = translation.sentences.iter();
    rows.map(|(place, steps)| TranslationRow { sentence: *place, steps, model: &translation.model }).collect()
}

fn row(entry: &Entry) -> Row<'_> {
    let (scenario, plan) = (entry.scenario(), revealed(entry));
    let problems = entry.compiled.as_ref().err().into_iter().flat_map(|broken| &broken.problems);
    Row {
        id: &scenario.id,
        name: &scenario.name,
        file: entry.file.display().to_string(),
        line: entry.line(),
        plan,
        translations: translations(entry),
        problems: problems
            .map(|problem| ProblemRow {
                line: problem.place.line,
                column: problem.place.column,
                span: problem.error.span.clone(),
                sentence: &problem.error.sentence,
                why: &problem.error.why,
            })
            .collect(),
        needs_deployment: plan.and_then(Plan::needs_deployment),
    }
}

fn shown(entry: &Entry) -> String {
    let scenario = entry.scenario();
    let mut text = format!(
        "{}  {}  ({}:{})\n",
        story::one_line(&scenario.id),
        story::one_line(&scenario.name),
        entry.file.display(),
        entry.line()
    );
    if let Some(plan) = revealed(entry) {
        for (place, sentence) in scenario.steps.iter().enumerate() {
            text.push_str(&format!("  {:?} {}\n", sentence.keyword, story::one_line(&sentence.text)));
            text.extend(chosen::other_words(entry, place).iter().map(|line| format!("    {line}\n")));
            let steps = plan.steps.iter().filter(|step| step.sentence == place);
            text.extend(steps.map(|step| format!("      {}\n", story::one_line(&step.action.to_string()))));
        }
        if let Some(what) = plan.needs_deployment() {
            text.push_str(&format!("  needs a deployment of its own: {what}\n"));
        }
    }
    text.extend(chosen::problems(entry).iter().map(|line| format!("  {line}\n")));
    text.push('\n');
    text
}
