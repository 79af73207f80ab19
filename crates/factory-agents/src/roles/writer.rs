//! A role without tools: it is told something, asked something, and hands in a list. What it is about is its caller's to say.

use std::sync::Arc;

use factory_core::ids::{Attempt, EffectId};
use factory_engine::port::agents::{AgentFailed, Answered};
use factory_engine::port::model::{Message, ModelClient};
use factory_engine::port::observer::Unwatched;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::roots::Roots;
use crate::session::{Limits, Session};

/// What it is called where it fails.
const ROLE: &str = "evaluator";
/// How often a writer is asked in one session: the answer, a reminder to hand it in, two repairs, and a tool that is none.
const STEPS: u32 = 6;

/// A role that puts sentences in other words. It has no tools: it reads nothing, runs nothing, changes nothing.
pub struct Writer {
    model: Arc<dyn ModelClient>,
    limits: Limits,
}

/// What a writer hands in. It cannot be printed, for it may quote a secret of its caller.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// One for each sentence that was asked about.
    pub sentences: Vec<WrittenSentence>,
}

/// What stands for one sentence.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrittenSentence {
    /// The number of the sentence.
    pub sentence: u32,
    /// The sentences that stand for it; none if it is unclear.
    pub steps: Vec<String>,
    /// What one would have to know; only if there are no steps.
    #[serde(default)]
    pub unclear: Option<String>,
}

impl Writer {
    /// A writer that asks this model.
    pub fn new(model: Arc<dyn ModelClient>) -> Self {
        Self { model, limits: Limits { steps: STEPS, ..Limits::default() } }
    }

    /// Has something written. Nobody watches: what is asked may be a secret of its caller.
    ///
    /// # Errors
    /// [`AgentFailed`], also if `judge` refuses what was written and what was mended.
    pub async fn write(
        &self,
        instructions: &str,
        asked: &str,
        judge: impl Fn(&Written) -> Result<(), String> + Send + Sync,
    ) -> Result<Answered<Written>, AgentFailed> {
        let effect = EffectId {
            run: ROLE.parse().expect("the id is of the right form"),
            stage: ROLE.parse().expect("the id is of the right form"),
            attempt: Attempt::FIRST,
        };
        let session = Session {
            role: ROLE,
            effect: &effect,
            model: self.model.as_ref(),
            observer: &Unwatched,
            limits: self.limits,
            roots: Roots::none(),
            tools: Vec::new(),
        };
        let messages =
            vec![Message::System { text: instructions.to_owned() }, Message::User { text: asked.to_owned() }];
        session.run(messages, judge).await
    }
}
