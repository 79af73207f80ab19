//! Chat completions as they travel: our requests and answers in the endpoint's JSON.
//!
//! Format: the `chat/completions` call of the OpenAI API, without streaming. Endpoints differ in what they leave out,
//! so reading is lenient where nothing is lost by it: unknown fields, absent ids, arguments as an object.

use factory_engine::port::model::{Answer, Message, ModelRequest, ToolCall};
use serde::Deserialize;
use serde_json::{Value, json};

/// The body of a request.
pub(super) fn request(model: &str, request: &ModelRequest) -> Value {
    let messages: Vec<Value> = request.messages.iter().map(message).collect();
    let mut body = json!({ "model": model, "messages": messages, "stream": false });
    if !request.tools.is_empty() {
        body["tools"] = request
            .tools
            .iter()
            .map(|tool| {
                json!({
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters,
                    },
                })
            })
            .collect();
    }
    body
}

fn message(message: &Message) -> Value {
    match message {
        Message::System { text } => json!({ "role": "system", "content": text }),
        Message::User { text } | Message::Observation { text } => json!({ "role": "user", "content": text }),
        Message::Tool { call_id, text } => {
            json!({ "role": "tool", "tool_call_id": call_id, "content": text })
        }
        Message::Assistant(answer) => {
            // An assistant message with neither text nor calls is refused by most endpoints.
            let text = answer.text.as_deref().or_else(|| answer.tool_calls.is_empty().then_some(""));
            let mut body = json!({ "role": "assistant", "content": text });
            if !answer.tool_calls.is_empty() {
                body["tool_calls"] = answer
                    .tool_calls
                    .iter()
                    .map(|call| {
                        json!({
                            "id": call.id,
                            "type": "function",
                            "function": { "name": call.name, "arguments": call.arguments },
                        })
                    })
                    .collect();
            }
            body
        }
    }
}

/// The body of an answer with status 200.
#[derive(Deserialize)]
pub(super) struct Response {
    pub(super) model: Option<String>,
    choices: Option<Vec<Choice>>,
    pub(super) usage: Option<Tokens>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
    tool_calls: Option<Vec<Called>>,
}

#[derive(Deserialize)]
struct Called {
    id: Option<String>,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    arguments: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) prompt_tokens: u64,
    #[serde(default)]
    pub(super) completion_tokens: u64,
}

impl Response {
    /// What the model said, or what is wrong with the answer.
    pub(super) fn answer(&mut self) -> Result<Answer, String> {
        if let Some(error) = &self.error {
            return Err(format!("an error with status 200: {error}"));
        }
        let Some(choice) = self.choices.take().and_then(|choices| choices.into_iter().next()) else {
            return Err("it has no choices".to_owned());
        };
        let calls = choice.message.tool_calls.unwrap_or_default();
        let tool_calls = calls
            .into_iter()
            .enumerate()
            .map(|(position, call)| ToolCall {
                id: call.id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{}", position + 1)),
                name: call.function.name,
                arguments: match call.function.arguments {
                    None | Some(Value::Null) => "{}".to_owned(),
                    Some(Value::String(text)) => text,
                    Some(other) => other.to_string(),
                },
            })
            .collect();
        Ok(Answer { text: choice.message.content.filter(|text| !text.is_empty()), tool_calls })
    }
}

/// What an error body says: `error.message`, `error`, `message` or `detail` of its JSON, or else the body itself.
pub(super) fn error_text(body: &str) -> String {
    let Ok(json) = serde_json::from_str::<Value>(body) else {
        return body.to_owned();
    };
    [json.pointer("/error/message"), json.get("error"), json.get("message"), json.get("detail")]
        .into_iter()
        .flatten()
        .find_map(Value::as_str)
        .map_or_else(|| body.to_owned(), str::to_owned)
}

/// The ids in a list of models; `None` if it is no such list.
pub(super) fn model_ids(list: &Value) -> Option<Vec<&str>> {
    list.get("data")?.as_array()?.iter().map(|model| model.get("id")?.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Answer, String> {
        serde_json::from_str::<Response>(text).unwrap().answer()
    }

    #[test]
    fn an_answer_may_leave_out_ids_and_write_arguments_as_an_object() {
        let answer = read(
            r#"{"choices":[{"message":{"role":"assistant","content":"","tool_calls":[
                {"function":{"name":"bash","arguments":{"command":"ls"}}},
                {"id":"x","function":{"name":"submit","arguments":null}}]}}],"extra":1}"#,
        )
        .unwrap();
        assert_eq!(answer.text, None);
        assert_eq!(answer.tool_calls[0].id, "call_1");
        assert_eq!(answer.tool_calls[0].arguments, r#"{"command":"ls"}"#);
        assert_eq!(answer.tool_calls[1].arguments, "{}");
    }

    #[test]
    fn what_is_not_an_answer_is_named() {
        assert_eq!(read(r#"{"choices":[]}"#).unwrap_err(), "it has no choices");
        assert!(read(r#"{"error":{"message":"overloaded"}}"#).unwrap_err().contains("overloaded"));
    }

    #[test]
    fn error_bodies_of_several_makers_are_understood() {
        for body in [
            r#"{"error":{"message":"no","code":429}}"#,
            r#"{"error":"no"}"#,
            r#"{"message":"no"}"#,
            r#"{"detail":"no"}"#,
            "no",
        ] {
            assert_eq!(error_text(body), "no");
        }
    }
}
