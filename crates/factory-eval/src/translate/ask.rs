//! Asks for translations of what nothing was kept of, and takes those that pass.

use std::sync::Arc;

use factory_core::feedback::Holdout;
use factory_spec::Scenario;

use super::{Answer, NoAnswer, Translation, Translations, Translator, prompt};
use crate::catalogue::{Catalogue, Entry, Uncompilable};
use crate::grammar::{self, CompileError, Phrases, Rewritten};
use crate::plan::Plan;
use crate::suite::Compiled;

/// How often a scenario is asked about: what was put in other words can show that another sentence cannot be read.
const MOST_ROUNDS: usize = 3;

/// What became of asking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// How many scenarios were asked about.
    pub scenarios: usize,
    /// How many of them have a plan now.
    pub translated: usize,
}

/// Why nobody was asked any further.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// The translator cannot be asked.
    #[error("the model that would put sentences in other words cannot be asked")]
    Translator(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What it said cannot be kept.
    #[error("the evaluator's folder cannot be written")]
    Keep(#[from] std::io::Error),
}

impl Catalogue {
    /// Takes what was kept of translations, for scenarios that have no plan. A file that is damaged is a problem of its
    /// scenario.
    pub fn recall(&mut self, kept: &Translations) {
        for entry in self.entries.iter_mut().filter(|entry| entry.is_unknown() && !entry.is_damaged) {
            let found = kept.recall(entry.scenario(), &entry.phrases);
            match found {
                Ok(Some((translation, plan))) => entry.translated(translation, plan),
                Ok(None) => {}
                Err(why) => {
                    entry.blame(|error| error.is_unknown, &why);
                    entry.is_damaged = true;
                }
            }
        }
    }

    /// Asks for all that has sentences which no rule is about, one scenario after the other, and keeps what is accepted.
    ///
    /// # Errors
    /// [`Unreachable`]; what was accepted before is kept.
    pub async fn translate(
        &mut self,
        translator: &dyn Translator,
        model: &str,
        keep: Option<&Translations>,
    ) -> Result<Asked, Unreachable> {
        let mut asked = Asked::default();
        for entry in self.entries.iter_mut().filter(|entry| entry.is_unknown() && !entry.is_damaged) {
            asked.scenarios += 1;
            let outcome = ask(entry.scenario(), &entry.phrases, translator).await;
            match outcome {
                Ok((sentences, plan)) => {
                    if let Some(keep) = keep {
                        keep.keep(entry.scenario(), &entry.phrases, &sentences, &plan)?;
                    }
                    entry.translated(Translation { model: model.to_owned(), sentences }, plan);
                    asked.translated += 1;
                }
                Err(Failed::Unreachable(source)) => return Err(Unreachable::Translator(source)),
                Err(Failed::Unclear(unclear)) => {
                    for (place, why) in unclear {
                        let span = entry.scenario().steps[place].span.clone();
                        let why = format!("{model} cannot say it in other words: {why}");
                        entry.blame(|error| error.span == span, &why);
                    }
                }
                Err(Failed::Unusable(why)) => {
                    let why = format!("{model} was asked, and what it said cannot be used: {why}");
                    entry.blame(|error| error.is_unknown, &why);
                }
            }
        }
        Ok(asked)
    }
}

impl Entry {
    /// Whether there are sentences that other words could stand for.
    pub(crate) fn is_unknown(&self) -> bool {
        let broken = self.compiled.as_ref().err();
        broken.is_some_and(|broken| broken.problems.iter().any(|problem| problem.error.is_unknown))
    }

    fn translated(&mut self, translation: Translation, plan: Plan) {
        let (scenario, plan) = (Holdout::new(self.scenario().clone()), Holdout::new(plan));
        let translation = Some(Holdout::new(translation));
        let source = Holdout::new(Arc::clone(&self.source));
        self.compiled = Ok(Arc::new(Compiled { scenario, plan, translation, source }));
    }

    fn blame(&mut self, whom: impl Fn(&CompileError) -> bool, why: &str) {
        let Err(Uncompilable { problems, .. }) = &mut self.compiled else { return };
        for problem in problems.iter_mut().filter(|problem| whom(&problem.error)) {
            problem.error.why.push_str("; ");
            problem.error.why.push_str(why);
        }
    }
}

enum Failed {
    Unreachable(Box<dyn std::error::Error + Send + Sync>),
    /// By the places of sentences.
    Unclear(Vec<(usize, String)>),
    Unusable(String),
}

async fn ask(
    scenario: &Scenario,
    phrases: &Phrases,
    translator: &dyn Translator,
) -> Result<(Rewritten, Plan), Failed> {
    let mut known = Rewritten::new();
    for _ in 0..MOST_ROUNDS {
        let wanted = match grammar::compile_rewritten(scenario, phrases, &known) {
            Ok(plan) => return Ok((known, plan)),
            Err(errors) => places(scenario, errors.iter().filter(|error| error.is_unknown)),
        };
        let question = prompt::question(scenario, phrases, &known, &wanted);
        let judge = |answers: &[Answer]| judge(scenario, phrases, &known, &wanted, answers);
        let answers = match translator.translate(&question, &judge).await {
            Ok(answers) => answers,
            Err(NoAnswer::Unreachable(source)) => return Err(Failed::Unreachable(source)),
            Err(NoAnswer::Unusable(why)) => return Err(Failed::Unusable(why)),
        };
        // Whoever answers is not trusted to have asked.
        judge(&answers).map_err(Failed::Unusable)?;
        let unclear: Vec<_> = answers.iter().filter_map(unclear).collect();
        if !unclear.is_empty() {
            return Err(Failed::Unclear(unclear));
        }
        known.extend(answers.into_iter().map(|answer| (answer.sentence - 1, answer.steps)));
    }
    match grammar::compile_rewritten(scenario, phrases, &known) {
        Ok(plan) => Ok((known, plan)),
        Err(_) => Err(Failed::Unusable("again and again something is left that no rule can read".to_owned())),
    }
}

fn unclear(answer: &Answer) -> Option<(usize, String)> {
    let why = answer.unclear.as_ref()?;
    Some((answer.sentence.checked_sub(1)?, why.trim().to_owned()))
}

/// Where the sentences stand that errors are about, from 0.
fn places<'a>(scenario: &Scenario, errors: impl Iterator<Item = &'a CompileError>) -> Vec<usize> {
    errors.filter_map(|error| place(scenario, error)).collect()
}

fn place(scenario: &Scenario, error: &CompileError) -> Option<usize> {
    scenario.steps.iter().position(|step| step.span == error.span && step.text == error.sentence)
}

/// What is wrong with answers, in words for whoever gave them.
fn judge(
    scenario: &Scenario,
    phrases: &Phrases,
    known: &Rewritten,
    wanted: &[usize],
    answers: &[Answer],
) -> Result<(), String> {
    let mut numbers: Vec<usize> = answers.iter().map(|answer| answer.sentence).collect();
    numbers.sort_unstable();
    if numbers != wanted.iter().map(|place| place + 1).collect::<Vec<_>>() {
        let wanted: Vec<String> = wanted.iter().map(|place| (place + 1).to_string()).collect();
        return Err(format!(
            "say something of each of these sentences, once, and of no other: {}",
            wanted.join(", ")
        ));
    }
    for Answer { sentence, steps, unclear } in answers {
        match unclear.as_ref().map(|why| why.trim()) {
            Some("") => return Err(format!("sentence {sentence}: say what is unclear")),
            Some(_) if !steps.is_empty() => {
                return Err(format!("sentence {sentence}: what is unclear has no steps"));
            }
            Some(_) | None => {}
        }
    }
    if answers.iter().any(|answer| answer.unclear.is_some()) {
        return Ok(());
    }
    let mut all = known.clone();
    all.extend(answers.iter().map(|answer| (answer.sentence - 1, answer.steps.clone())));
    let Err(errors) = grammar::compile_rewritten(scenario, phrases, &all) else { return Ok(()) };
    // What still cannot be read is asked about next; what can be read and is wrong may be so because of these words.
    let wrong = errors.iter().filter(|error| {
        !error.is_unknown || place(scenario, error).is_none_or(|place| all.contains_key(&place))
    });
    let told: Vec<String> = wrong
        .map(|error| match place(scenario, error) {
            Some(place) => format!("sentence {}: {}", place + 1, error.why),
            None => error.why.clone(),
        })
        .collect();
    if told.is_empty() { Ok(()) } else { Err(told.join("\n")) }
}
