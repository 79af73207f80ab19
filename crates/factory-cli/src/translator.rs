//! Sentences of scenarios that no rule reads, put in other words by a model. What it is asked quotes scenarios: it goes to the
//! endpoint and nowhere else. It passes no recording, for that may be given to anybody, and none of the tripwires that keep
//! holdouts from models, for this one has to see them. It comes before a run and is no part of its log.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use factory_agents::model::OpenAiModel;
use factory_agents::roles::{Writer, Written};
use factory_core::ids::Usage;
use factory_engine::port::agents::{AgentError, AgentFailed};
use factory_eval::catalogue::Catalogue;
use factory_eval::translate::{Answer, Judge, NoAnswer, Question, Translations, Translator, Unreachable};

use crate::config::place::Place;
use crate::error::CliError;
use crate::evaluation::SCORECARDS;
use crate::{output, story, wiring};

/// What to do where no rule reads a sentence and no model may be asked.
pub(crate) const HINT: &str = "docs/scenarios.md lists the sentences that are understood; steps.toml adds your own; a model \
     can put others in their words, if you name one in .factory/local.toml ([evaluator] model)";

/// The evaluator's model, and what was kept of its translations.
pub(crate) struct Evaluator {
    model: String,
    kept: Option<Translations>,
}

impl Evaluator {
    /// The model that a person has named, by flag, variable or on this machine; nothing if nobody has. A repository cannot
    /// name one: scenarios are sent to it.
    pub(crate) fn named(place: Option<&Place>, flag: Option<&str>) -> Option<Self> {
        let local = || place?.local.evaluator.as_ref()?.model.clone();
        let named = || wiring::variable("FACTORY_EVALUATOR_MODEL").or_else(local);
        let model = flag.map(str::to_owned).or_else(named).filter(|name| !name.trim().is_empty())?;
        let store = place.map(Place::store).filter(|store| store.is_dir());
        let kept = store.map(|store| Translations::of(&store.join(SCORECARDS), &model));
        Some(Self { model, kept })
    }

    /// What was kept, where there is a place for it.
    pub(crate) fn kept(&self) -> Option<&Translations> {
        self.kept.as_ref()
    }

    /// Takes what was kept, and asks nobody.
    pub(crate) fn recall(&self, catalogue: &mut Catalogue) {
        if let Some(kept) = &self.kept {
            catalogue.recall(kept);
        }
    }

    /// Takes what was kept, and asks for the rest. If that cannot be, the reason is told, and the rest has no plan.
    pub(crate) async fn translate(&self, catalogue: &mut Catalogue) {
        self.recall(catalogue);
        let missing = catalogue.unknown();
        // Nobody is asked about what cannot be used anyway.
        let sound = catalogue.unparsable.is_empty() && catalogue.duplicate().is_none();
        if missing > 0
            && sound
            && let Err(error) = self.ask(catalogue, missing).await
        {
            output::note_line(&error.to_string());
        }
    }

    async fn ask(&self, catalogue: &mut Catalogue, missing: usize) -> Result<(), CliError> {
        let Self { model, kept } = self;
        let unusable = |error: &dyn Error| {
            CliError::usage("the evaluator's model cannot be asked")
                .because(error)
                .hint("mend that, and give the same command again; what was translated so far is kept")
        };
        let live = OpenAiModel::new(wiring::endpoint(Some(model))?).map_err(|error| unusable(&error))?;
        let have = if missing == 1 { "1 scenario has" } else { &format!("{missing} scenarios have") };
        output::note_line(&format!("{have} sentences that no rule reads: {model} is asked for other words"));
        if kept.is_none() {
            output::note_line("what it says is not kept, for there is no project with a .factory/ here");
        }
        let translator = ModelTranslator { writer: Writer::new(Arc::new(live)), usage: Mutex::default() };
        let asked = catalogue.translate(&translator, model, kept.as_ref()).await;
        let usage = translator.used();
        if usage.calls > 0 {
            output::note_line(&format!("  used: {}", story::cost(usage)));
        }
        match asked {
            Ok(_) => Ok(()),
            Err(error @ Unreachable::Translator(_)) => Err(unusable(&error)),
            Err(error @ Unreachable::Keep(_)) => {
                Err(CliError::failed("translations cannot be kept").because(&error))
            }
        }
    }

    /// What whoever relies on it should know; nothing if no sentence stands in its words.
    pub(crate) fn told(&self, catalogue: &Catalogue) -> Option<String> {
        let count = catalogue.translated();
        (count > 0).then(|| {
            let sentences =
                if count == 1 { "1 sentence stands" } else { &format!("{count} sentences stand") };
            format!("{sentences} in the words of {}: `factory scenario plan` shows them", self.model)
        })
    }
}

/// A model as a translator.
struct ModelTranslator {
    writer: Writer,
    usage: Mutex<Usage>,
}

impl ModelTranslator {
    fn used(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, usage: Usage) {
        let mut sum = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        *sum = sum.plus(usage);
    }
}

#[async_trait]
impl Translator for ModelTranslator {
    async fn translate(&self, question: &Question, judge: &Judge<'_>) -> Result<Vec<Answer>, NoAnswer> {
        let Question { instructions, asked } = question;
        let written = self.writer.write(instructions, asked, |written| judge(&answers(written))).await;
        match written {
            Ok(answered) => {
                self.add(answered.usage);
                Ok(answers(&answered.value))
            }
            Err(AgentFailed { usage, reason }) => {
                self.add(usage);
                Err(match reason {
                    AgentError::Model(error) => NoAnswer::Unreachable(Box::new(error)),
                    AgentError::Tool(error) => NoAnswer::Unreachable(error),
                    other @ (AgentError::Unusable { .. } | AgentError::Limit { .. }) => {
                        NoAnswer::Unusable(other.to_string())
                    }
                })
            }
        }
    }
}

fn answers(written: &Written) -> Vec<Answer> {
    let answer = |of: &factory_agents::roles::WrittenSentence| Answer {
        sentence: usize::try_from(of.sentence).unwrap_or(usize::MAX),
        steps: of.steps.clone(),
        unclear: of.unclear.clone(),
    };
    written.sentences.iter().map(answer).collect()
}
