//! One role at work: ask the model, run the tools it calls, show it what they said, until it submits.

use std::time::{Duration, Instant};

use factory_core::ids::{EffectId, Usage};
use factory_engine::port::agents::{AgentError, AgentFailed, Answered};
use factory_engine::port::model::{Answer, CallSite, Message, ModelClient, ModelRequest, ToolCall, ToolSpec};
use factory_engine::port::observer::{Observer, Progress};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::prompts;
use crate::roots::Roots;
use crate::submission::{SUBMIT, Submission};
use crate::tools::{Tool, ToolError};

/// How often an unusable answer may be mended.
const REPAIRS: u32 = 2;
/// The same call this often in a row is no longer run.
const SAME_CALLS: u32 = 3;
/// How much of a call's arguments is shown to whoever watches.
const SUMMARY_CHARS: usize = 100;

/// The bounds of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How often the model is asked.
    pub steps: u32,
    /// How long it all takes, waiting for the model included.
    pub wall: Duration,
    /// How much of what a tool printed the model is shown: its head and its tail, in bytes.
    pub output_bytes: usize,
}

impl Default for Limits {
    /// Sixty steps, two hours, 16 KiB.
    fn default() -> Self {
        Self { steps: 60, wall: Duration::from_secs(2 * 60 * 60), output_bytes: 16 * 1024 }
    }
}

/// Everything a role works with.
pub(crate) struct Session<'a> {
    pub(crate) role: &'static str,
    pub(crate) effect: &'a EffectId,
    pub(crate) model: &'a dyn ModelClient,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) limits: Limits,
    pub(crate) roots: Roots,
    pub(crate) tools: Vec<Box<dyn Tool + 'a>>,
}

impl Session<'_> {
    /// Works until a submission satisfies its schema and `validate`.
    pub(crate) async fn run<T: JsonSchema + DeserializeOwned>(
        &self,
        messages: Vec<Message>,
        validate: impl Fn(&T) -> Result<(), String>,
    ) -> Result<Answered<T>, AgentFailed> {
        let mut usage = Usage::default();
        match self.converse(messages, validate, &mut usage).await {
            Ok(value) => Ok(Answered { value, usage }),
            Err(reason) => Err(AgentFailed { usage, reason }),
        }
    }

    async fn converse<T: JsonSchema + DeserializeOwned>(
        &self,
        messages: Vec<Message>,
        validate: impl Fn(&T) -> Result<(), String>,
        usage: &mut Usage,
    ) -> Result<T, AgentError> {
        let started = Instant::now();
        let submission = Submission::<T>::new();
        let mut tools: Vec<ToolSpec> = self.tools.iter().map(|tool| tool.spec()).collect();
        tools.push(submission.spec());
        let mut request = ModelRequest { messages, tools };
        let mut repairs = 0;
        let mut reminded = false;
        let mut repeats = Repeats::default();

        for ordinal in 1..=self.limits.steps {
            let answer = self.ask(ordinal, &request, started, usage).await?;
            request.messages.push(Message::Assistant(answer.clone()));
            if answer.tool_calls.is_empty() {
                if reminded {
                    repair(&mut repairs, "it answered without calling `submit`")?;
                }
                reminded = true;
                request.messages.push(Message::User { text: prompts::REMINDER.to_owned() });
            }
            for call in &answer.tool_calls {
                let text = if call.name == SUBMIT {
                    match submission.read(&call.arguments, &validate) {
                        Ok(value) => return Ok(value),
                        Err(detail) => {
                            repair(&mut repairs, &detail)?;
                            format!("This was not accepted:\n{detail}\nMend it and call `submit` again.")
                        }
                    }
                } else if repeats.note(call) < SAME_CALLS {
                    self.use_tool(call, started).await?
                } else if repeats.count == SAME_CALLS {
                    "Not run: this is the same call for the third time in a row. Do something else."
                        .to_owned()
                } else {
                    return Err(self.limit(format!("it made the same call {} times in a row", repeats.count)));
                };
                request.messages.push(Message::Tool { call_id: call.id.clone(), text });
            }
        }
        Err(self.limit(format!("{} steps", self.limits.steps)))
    }

    async fn ask(
        &self,
        ordinal: u32,
        request: &ModelRequest,
        started: Instant,
        usage: &mut Usage,
    ) -> Result<Answer, AgentError> {
        let site = CallSite { stage: self.effect.stage.clone(), attempt: self.effect.attempt, ordinal };
        let asked = tokio::time::timeout(self.time_left(started)?, self.model.complete(&site, request)).await;
        let completion = asked.map_err(|_| self.out_of_time())?.map_err(AgentError::Model)?;
        *usage = usage.plus(completion.usage);
        self.observer.progress(Progress::ModelCall { usage: completion.usage });
        Ok(completion.answer)
    }

    /// What the tool said, in words for the model. A call that makes no sense is answered, not failed.
    async fn use_tool(&self, call: &ToolCall, started: Instant) -> Result<String, AgentError> {
        self.observer.progress(Progress::Tool { summary: summary(call) });
        let Some(tool) = self.tools.iter().find(|tool| tool.spec().name == call.name) else {
            return Ok(format!("There is no tool `{}`.", call.name));
        };
        let written = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
        let arguments: Value = match serde_json::from_str(written) {
            Ok(arguments) => self.roots.show_in(arguments),
            Err(error) => return Ok(format!("The arguments are not JSON: {error}.")),
        };
        match tool.call(arguments, self.time_left(started)?).await {
            Ok(text) => Ok(self.roots.hide(&text)),
            Err(ToolError::Refused(reason)) => Ok(self.roots.hide(&format!("Refused: {reason}."))),
            Err(ToolError::Broken(source)) => Err(AgentError::Tool(source)),
        }
    }

    fn time_left(&self, started: Instant) -> Result<Duration, AgentError> {
        let left = self.limits.wall.saturating_sub(started.elapsed());
        if left.is_zero() { Err(self.out_of_time()) } else { Ok(left) }
    }

    fn out_of_time(&self) -> AgentError {
        self.limit(format!("{} s", self.limits.wall.as_secs()))
    }

    fn limit(&self, limit: String) -> AgentError {
        AgentError::Limit { role: self.role, limit }
    }
}

/// Allows one more repair, or none.
fn repair(repairs: &mut u32, detail: &str) -> Result<(), AgentError> {
    if *repairs == REPAIRS {
        return Err(AgentError::Unusable { repairs: REPAIRS, detail: detail.to_owned() });
    }
    *repairs += 1;
    Ok(())
}

/// The last call, and how often it was made in a row.
#[derive(Default)]
struct Repeats {
    last: Option<(String, String)>,
    count: u32,
}

impl Repeats {
    fn note(&mut self, call: &ToolCall) -> u32 {
        let this = (call.name.clone(), call.arguments.clone());
        self.count = if self.last.as_ref() == Some(&this) { self.count + 1 } else { 1 };
        self.last = Some(this);
        self.count
    }
}

/// The tool and the first of its arguments, on one line.
fn summary(call: &ToolCall) -> String {
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    let first = ["command", "path"].iter().find_map(|name| arguments[name].as_str()).unwrap_or("");
    let line = first.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(SUMMARY_CHARS).collect();
    format!("{} {cut}", call.name).trim_end().to_owned()
}
