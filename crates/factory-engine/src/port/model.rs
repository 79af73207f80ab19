//! One call to a model, in our own words: requests, answers, and what can go wrong. Adapters translate.

use async_trait::async_trait;
use factory_core::ids::{Attempt, StageId, Usage};
use serde::{Deserialize, Serialize};

/// Where in a run a call is made. Recordings are keyed by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallSite {
    /// The stage.
    pub stage: StageId,
    /// Which try at it.
    pub attempt: Attempt,
    /// The how-manieth call of that try, from 1.
    pub ordinal: u32,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRequest {
    /// The conversation so far, the system prompt first.
    pub messages: Vec<Message>,
    /// The tools that the model may call.
    pub tools: Vec<ToolSpec>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    /// The standing instructions.
    System {
        /// The text.
        text: String,
    },
    /// What the model is asked. Part of what a recording must match.
    User {
        /// The text.
        text: String,
    },
    /// Something observed while the run went on, such as a failing check's output: sent as a user message. It may
    /// differ from one machine to the next, so a recording reports a difference instead of missing.
    Observation {
        /// The text.
        text: String,
    },
    /// What the model answered.
    Assistant(Answer),
    /// What a tool answered. Observed, too.
    Tool {
        /// The call it answers.
        call_id: String,
        /// What the tool printed.
        text: String,
    },
}

/// What a model said in one turn.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Its text, if any.
    pub text: Option<String>,
    /// The tools that it wants called.
    pub tool_calls: Vec<ToolCall>,
}

/// One tool call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The endpoint's id for the call.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments as the model wrote them: JSON, if it kept to the rules.
    pub arguments: String,
}

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// What it does, in a sentence or two.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: serde_json::Value,
}

/// An answer with its price.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// What the model said.
    pub answer: Answer,
    /// The model that answered, as the endpoint names it.
    pub model: String,
    /// What the call used.
    pub usage: Usage,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Nobody listens, or the connection broke, until the time for retries was over.
    #[error("the model endpoint {endpoint} cannot be reached")]
    Unreachable {
        /// Its base URL.
        endpoint: String,
        /// What the connection said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The endpoint refused: wrong key, unknown model, request too long, or too many requests for too long.
    #[error("the model endpoint {endpoint} answered {status}: {message}")]
    Refused {
        /// Its base URL.
        endpoint: String,
        /// The HTTP status.
        status: u16,
        /// What it said, cut to a line.
        message: String,
    },
    /// The endpoint answered something that is not a chat completion.
    #[error("the model endpoint {endpoint} answered what is not a chat completion: {detail}")]
    Garbage {
        /// Its base URL.
        endpoint: String,
        /// What was wrong with it, with the first of the text.
        detail: String,
    },
    /// The recording holds no answer to this request.
    #[error("the recording {cassette} holds no answer for {site}: {difference}")]
    Miss {
        /// The recording's file.
        cassette: String,
        /// The call.
        site: String,
        /// What differs from the nearest recorded request.
        difference: String,
    },
    /// The recording cannot be read or written.
    #[error("the recording {cassette} cannot be used: {detail}")]
    Cassette {
        /// The recording's file.
        cassette: String,
        /// What is wrong, with the line.
        detail: String,
    },
    /// A tripwire found something of the holdouts in the request, which was not sent.
    #[error("a request was not sent to the model: {found} would have gone out with {place}")]
    Withheld {
        /// What was found, in words.
        found: &'static str,
        /// Where in the request.
        place: String,
    },
    /// No model is configured.
    #[error("no model is configured")]
    NotConfigured,
}

/// A model that can be asked.
#[async_trait]
pub trait ModelClient: Send + Sync {
    /// Asks once; retries of a broken connection happen inside.
    ///
    /// # Errors
    /// [`ModelError`].
    async fn complete(&self, site: &CallSite, request: &ModelRequest) -> Result<Completion, ModelError>;
}
