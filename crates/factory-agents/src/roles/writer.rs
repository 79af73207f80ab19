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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use factory_core::ids::Usage;
    use factory_engine::port::agents::AgentError;
    use factory_engine::port::model::{Answer, CallSite, Completion, ModelError, ModelRequest, ToolCall};

    use super::*;

    /// Says one thing after the other, and the last one for ever.
    struct Scripted {
        answers: Vec<Answer>,
        seen: Mutex<Vec<ModelRequest>>,
    }

    #[async_trait]
    impl ModelClient for Scripted {
        async fn complete(&self, _: &CallSite, request: &ModelRequest) -> Result<Completion, ModelError> {
            let mut seen = self.seen.lock().unwrap();
            let answer = self.answers.get(seen.len()).or(self.answers.last()).cloned();
            seen.push(request.clone());
            let usage = Usage { calls: 1, ..Usage::default() };
            Ok(Completion { answer: answer.ok_or(ModelError::NotConfigured)?, model: "m".to_owned(), usage })
        }
    }

    fn calls(name: &str, arguments: &str) -> Answer {
        let (id, name, arguments) = ("1".to_owned(), name.to_owned(), arguments.to_owned());
        Answer { text: None, tool_calls: vec![ToolCall { id, name, arguments }] }
    }

    fn submits(step: &str) -> Answer {
        calls("submit", &format!("{{\"sentences\":[{{\"sentence\":1,\"steps\":[{step:?}]}}]}}"))
    }

    /// What comes of these answers, and what was sent for them. Only `right` is right.
    async fn written(answers: Vec<Answer>) -> (Result<Answered<Written>, AgentFailed>, Vec<ModelRequest>) {
        let model = Arc::new(Scripted { answers, seen: Mutex::default() });
        let writer = Writer::new(Arc::clone(&model) as Arc<dyn ModelClient>);
        let judge = |written: &Written| match written.sentences[0].steps[0].as_str() {
            "right" => Ok(()),
            _ => Err("this is not right".to_owned()),
        };
        let written = writer.write("what stands", "what is asked", judge).await;
        let seen = model.seen.lock().unwrap().clone();
        (written, seen)
    }

    #[tokio::test]
    async fn it_can_hand_in_and_nothing_else() {
        let prose = Answer { text: Some("right".to_owned()), tool_calls: Vec::new() };
        let answers = vec![prose, calls("bash", "{\"command\":\"id\"}"), submits("wrong"), submits("right")];
        let (made, seen) = written(answers).await;
        let made = made.unwrap();
        assert_eq!(
            (made.usage.calls, made.value.sentences[0].steps.as_slice()),
            (4, &["right".to_owned()][..])
        );
        let tools = seen.iter().flat_map(|request| &request.tools);
        assert!(tools.clone().all(|tool| tool.name == "submit") && tools.count() == 4);
        let told = format!("{:?}", seen[3].messages);
        assert!(told.contains("There is no tool `bash`") && told.contains("this is not right"), "{told}");
    }

    #[tokio::test]
    async fn what_stays_wrong_is_no_answer() {
        let wrong = || submits("wrong");
        let (made, seen) = written(vec![wrong(), wrong(), wrong(), submits("right")]).await;
        let reason = made.err().unwrap().reason;
        assert!(
            matches!(&reason, AgentError::Unusable { detail, .. } if detail == "this is not right"),
            "{reason}"
        );
        assert_eq!(seen.len(), 3, "two repairs");
        let (made, seen) = written(vec![calls("read", "{\"path\":\"a\"}"), calls("list", "{}")]).await;
        assert!(matches!(made.err().unwrap().reason, AgentError::Limit { .. }));
        assert!(seen.len() <= 6, "{}", seen.len());
    }
}
