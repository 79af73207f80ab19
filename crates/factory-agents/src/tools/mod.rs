//! What a role can do besides talk.

mod bash;
mod confine;
mod edit;
mod files;
#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

use async_trait::async_trait;
use factory_engine::port::model::ToolSpec;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use bash::{Bash, tells_end};
pub(crate) use edit::Edit;
pub(crate) use files::{List, Read};

/// Why a tool has nothing to show.
#[derive(Debug)]
pub(crate) enum ToolError {
    /// The call makes no sense or is not allowed. The model is told.
    Refused(String),
    /// The tool itself does not work.
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

/// A tool that a model can call.
#[async_trait]
pub(crate) trait Tool: Send + Sync {
    /// What the model is told of it.
    fn spec(&self) -> ToolSpec;

    /// Runs it, for no longer than `time`.
    async fn call(&self, arguments: Value, time: Duration) -> Result<String, ToolError>;
}

/// The description of a tool whose arguments are `A`.
fn spec<A: JsonSchema>(name: &str, description: &str) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: description.to_owned(),
        parameters: crate::submission::schema::<A>(),
    }
}

fn arguments<A: DeserializeOwned>(arguments: Value) -> Result<A, ToolError> {
    serde_json::from_value(arguments)
        .map_err(|error| ToolError::Refused(format!("the arguments do not fit: {error}")))
}
