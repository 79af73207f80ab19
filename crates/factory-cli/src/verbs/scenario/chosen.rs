//! Which scenarios a verb is about.

use std::path::PathBuf;
use std::sync::Arc;

use factory_eval::catalogue::{Catalogue, Entry};
use factory_eval::contradiction;
use factory_eval::suite::Compiled;
use factory_spec::{Scenario, Tag};

use super::subject::Tried;
use crate::args::scenario::{Which, Words};
use crate::config::place::Place;
use crate::error::CliError;
use crate::translator::{self, Evaluator};
use crate::{output, story};

/// The scenarios that are meant, and where they were looked for.
pub(super) struct Chosen {
    pub(super) catalogue: Catalogue,
    pub(super) named: Vec<PathBuf>,
    evaluator: Option<Evaluator>,
}

/// Reads what is named, or the project's holdouts. Only the latter needs a project.
pub(super) fn choose(which: &Which, words: &Words) -> Result<Chosen, CliError> {
    let named = match which.files.as_slice() {
        [] => match (&which.holdouts, Place::here()) {
            (_, Ok(place)) => vec![place.all_holdouts(which.holdouts.as_deref())?],
            (Some(folder), Err(_)) => vec![folder.clone()],
            (None, Err(error)) => return Err(error.hint("or name files of scenarios")),
        },
        files => files.to_vec(),
    };
    let mut catalogue = Catalogue::read(&named)
        .map_err(|error| CliError::usage("the scenarios cannot be read").because(&error))?;
    for file in &catalogue.unparsable {
        output::note(&factory_spec::render(&file.findings, &file.file, &file.source));
    }
    let there_were = catalogue.entries.len();
    catalogue.entries.retain(|entry| is_meant(entry.scenario(), which));
    if catalogue.entries.is_empty() && catalogue.unparsable.is_empty() {
        let places: Vec<String> = named.iter().map(|path| path.display().to_string()).collect();
        return Err(match there_were {
            0 => CliError::usage(format!("there are no scenarios in {}", places.join(", ")))
                .hint("docs/scenarios.md says how they are written"),
            count => CliError::usage(format!("none of the {count} scenarios is meant"))
                .hint("`factory scenario list` names them; loosen --filter or --tag"),
        });
    }
    let place = Place::here().ok();
    let evaluator = Evaluator::named(place.as_ref(), words.model.as_deref());
    if let Some(evaluator) = &evaluator {
        evaluator.recall(&mut catalogue);
    }
    Ok(Chosen { catalogue, named, evaluator })
}

fn is_meant(scenario: &Scenario, which: &Which) -> bool {
    let wanted = which.filter.as_ref().map(|text| text.to_lowercase());
    let contains = |text: &str| wanted.as_ref().is_none_or(|wanted| text.to_lowercase().contains(wanted));
    let has = |tag: &String| {
        let tag = tag.trim_start_matches('@');
        scenario.tags.iter().any(|known: &Tag| known.as_str() == tag)
            || scenario.covers.iter().any(|id| id.eq_ignore_ascii_case(tag))
    };
    (contains(&scenario.id) || contains(&scenario.name))
        && (which.tag.is_empty() || which.tag.iter().any(has))
}

impl Chosen {
    /// The same, where the evaluator's model, if there is one, has been asked about what no rule reads.
    pub(super) async fn translated(mut self) -> Self {
        if let Some(evaluator) = &self.evaluator {
            evaluator.translate(&mut self.catalogue).await;
            if let Some(told) = evaluator.told(&self.catalogue) {
                output::note_line(&told);
            }
        }
        self
    }

    /// Shows what a person should look at in files that can be used, to whoever looks at scenarios.
    pub(super) fn warn(&self) {
        for file in &self.catalogue.warnings {
            output::note(&factory_spec::render(&file.findings, &file.file, &file.source));
        }
    }

    /// The same scenarios, as what is tried so can be asked about.
    pub(super) fn for_subject(self, tried: &Tried) -> Result<Self, CliError> {
        let Chosen { catalogue, named, evaluator } = self;
        let catalogue = match tried.deployed()? {
            Some(config) => catalogue.deployed_by(config),
            None => catalogue,
        };
        Ok(Chosen { catalogue, named, evaluator })
    }

    /// The compiled scenarios; an error, with every problem shown, if any is not.
    pub(super) fn compiled(&self) -> Result<Vec<Arc<Compiled>>, CliError> {
        let broken = self.show_problems() + self.catalogue.unparsable.len();
        if broken > 0 {
            return Err(CliError::usage("some scenarios cannot be run").hint(translator::HINT));
        }
        if let Some(id) = self.catalogue.duplicate() {
            return Err(CliError::usage(format!("two of the scenarios have the id {id}"))
                .hint("rename one, or name the files of one of them only"));
        }
        Ok(self.catalogue.entries.iter().filter_map(|entry| entry.compiled.as_ref().ok().cloned()).collect())
    }

    /// The pairs of sentences that nothing can satisfy both of, a line each.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let with_plan = |entry: &&Entry| entry.compiled.is_ok();
        let entries: Vec<&Entry> = self.catalogue.entries.iter().filter(with_plan).collect();
        let compiled: Vec<Arc<Compiled>> =
            entries.iter().filter_map(|entry| entry.compiled.as_ref().ok().cloned()).collect();
        let told = |(scenario, sentence): (usize, usize)| {
            let entry = entries[scenario];
            let line = entry.line_of(sentence).unwrap_or_else(|| entry.line());
            let text = entry.scenario().steps.get(sentence).map_or("", |step| step.text.as_str());
            format!("{}:{line}: {}", entry.file.display(), story::one_line(text))
        };
        let pairs = contradiction::find(&compiled).into_iter();
        pairs
            .map(|pair| {
                let (one, other) = (told(pair.one), told(pair.other));
                format!(
                    "specification: after the same steps nothing can satisfy both\n    {one}\n    {other}"
                )
            })
            .collect()
    }

    /// Shows what keeps scenarios from having a plan, and says how many there are.
    fn show_problems(&self) -> usize {
        let broken = self.catalogue.entries.iter().filter(|entry| entry.compiled.is_err());
        broken.inspect(|entry| problems(entry).iter().for_each(|line| output::note_line(line))).count()
    }
}

/// What stands for a sentence that no rule reads, a line for each of its own; nothing where it is read as it stands.
pub(super) fn other_words(entry: &Entry, sentence: usize) -> Vec<String> {
    let translation = entry.compiled.as_ref().ok().and_then(|compiled| compiled.translation.as_ref());
    let Some(translation) = translation.map(|translation| translation.reveal()) else { return Vec::new() };
    let Some(steps) = translation.sentences.get(&sentence) else { return Vec::new() };
    let by = format!("in the words of {}:", story::one_line(&translation.model));
    [by].into_iter().chain(steps.iter().map(|step| format!("  {}", story::one_line(step)))).collect()
}

/// What is wrong with a scenario, a line for each place and each reason.
pub(super) fn problems(entry: &Entry) -> Vec<String> {
    let Err(uncompilable) = &entry.compiled else { return Vec::new() };
    let lines = uncompilable.problems.iter().flat_map(|problem| {
        let place = format!("{}:{}:{}", entry.file.display(), problem.place.line, problem.place.column);
        [format!("{place}: {}", problem.error.sentence), format!("    {}", problem.error.why)]
    });
    lines.collect()
}
