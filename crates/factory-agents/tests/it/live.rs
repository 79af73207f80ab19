//! The live model against an endpoint that misbehaves.

use std::time::Duration;

use factory_agents::model::{Endpoint as Described, OpenAiModel, Price, Secret};
use factory_core::ids::Attempt;
use factory_engine::port::model::{
    Answer, CallSite, Completion, Message, ModelClient, ModelError, ModelRequest, ToolCall, ToolSpec,
};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, Reply};
use crate::support::trial;

const KEY: &str = "a-key-that-nobody-may-see";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("live::an_answer_with_tool_calls_comes_back", an_answer_with_tool_calls_comes_back),
        trial("live::without_a_key_none_is_sent", without_a_key_none_is_sent),
        trial("live::usage_without_a_price_is_unpriced", usage_without_a_price_is_unpriced),
        trial(
            "live::a_wrong_key_is_refused_at_once_and_not_shown",
            a_wrong_key_is_refused_at_once_and_not_shown,
        ),
        trial(
            "live::too_many_requests_with_an_integer_code_pass",
            too_many_requests_with_an_integer_code_pass,
        ),
        trial("live::every_passing_status_is_tried_again", every_passing_status_is_tried_again),
        trial("live::a_spent_quota_is_not_tried_again", a_spent_quota_is_not_tried_again),
        trial("live::a_wait_beyond_the_budget_is_not_begun", a_wait_beyond_the_budget_is_not_begun),
        trial("live::a_storm_of_errors_ends_with_the_budget", a_storm_of_errors_ends_with_the_budget),
        trial("live::silence_ends_with_the_timeout", silence_ends_with_the_timeout),
        trial("live::nobody_listening_is_unreachable", nobody_listening_is_unreachable),
        trial("live::a_broken_connection_is_tried_again", a_broken_connection_is_tried_again),
        trial("live::garbage_is_named", garbage_is_named),
        trial("live::a_redirect_is_not_followed", a_redirect_is_not_followed),
    ]
}

fn described(base_url: &str) -> Described {
    Described {
        api_key: Some(Secret::new(KEY)),
        timeout: Duration::from_secs(20),
        retry_budget: Duration::from_secs(20),
        price: Some(Price { input: 1_000_000, output: 10_000_000 }),
        ..Described::new(base_url, "a-model")
    }
}

fn request() -> ModelRequest {
    let call = ToolCall { id: "c1".to_owned(), name: "look".to_owned(), arguments: "{}".to_owned() };
    ModelRequest {
        messages: vec![
            Message::System { text: "be brief".to_owned() },
            Message::User { text: "look".to_owned() },
            Message::Observation { text: "it rains".to_owned() },
            Message::Assistant(Answer { text: None, tool_calls: vec![call] }),
            Message::Tool { call_id: "c1".to_owned(), text: "seen".to_owned() },
        ],
        tools: vec![ToolSpec {
            name: "look".to_owned(),
            description: "Looks.".to_owned(),
            parameters: json!({ "type": "object" }),
        }],
    }
}

async fn ask(endpoint: Described) -> Result<Completion, ModelError> {
    let site = CallSite { stage: "plan".parse().unwrap(), attempt: Attempt::FIRST, ordinal: 1 };
    OpenAiModel::new(endpoint).unwrap().complete(&site, &request()).await
}

/// Answers with `replies` in order, and then with success.
async fn scripted(replies: Vec<Reply>) -> Endpoint {
    let mut replies = replies.into_iter();
    Endpoint::start(move |_, _| replies.next().unwrap_or_else(|| Reply::says(Some("done"), &[]))).await
}

fn refusal(status: u16, message: &str, code: Value) -> Reply {
    Reply::json(
        status,
        &json!({ "error": { "message": message, "type": "error", "param": null, "code": code } }),
    )
}

async fn an_answer_with_tool_calls_comes_back() {
    let endpoint = Endpoint::start(|_, _| {
        Reply::says(Some("one moment"), &[("look", json!({ "at": "x" })), ("submit", json!({}))])
    })
    .await;
    let completion = ask(described(&endpoint.base_url)).await.unwrap();
    assert_eq!(completion.answer.text.as_deref(), Some("one moment"));
    let calls: Vec<_> = completion
        .answer
        .tool_calls
        .iter()
        .map(|call| (call.name.as_str(), call.arguments.as_str()))
        .collect();
    assert_eq!(calls, [("look", r#"{"at":"x"}"#), ("submit", "{}")]);
    assert_eq!(completion.model, "twin-2026-01-01");
    assert_eq!(
        (completion.usage.calls, completion.usage.input_tokens, completion.usage.output_tokens),
        (1, 1000, 100)
    );
    assert_eq!(completion.usage.micro_usd, Some(2000));

    let seen = endpoint.seen();
    assert!(seen[0].head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{}", seen[0].head);
    assert!(seen[0].head.contains(&format!("authorization: Bearer {KEY}\r\n")), "{}", seen[0].head);
    assert_eq!(
        seen[0].body,
        json!({
            "model": "a-model",
            "stream": false,
            "messages": [
                { "role": "system", "content": "be brief" },
                { "role": "user", "content": "look" },
                { "role": "user", "content": "it rains" },
                { "role": "assistant", "content": null, "tool_calls": [
                    { "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{}" } },
                ] },
                { "role": "tool", "tool_call_id": "c1", "content": "seen" },
            ],
            "tools": [{ "type": "function", "function":
                { "name": "look", "description": "Looks.", "parameters": { "type": "object" } } }],
        })
    );
}

async fn without_a_key_none_is_sent() {
    let endpoint = scripted(Vec::new()).await;
    let keyless = Described { api_key: None, ..described(&endpoint.base_url) };
    assert_eq!(ask(keyless).await.unwrap().answer.text.as_deref(), Some("done"));
    assert!(!endpoint.seen()[0].head.to_ascii_lowercase().contains("authorization"));
}

async fn usage_without_a_price_is_unpriced() {
    let endpoint = scripted(Vec::new()).await;
    let free = Described { price: None, ..described(&endpoint.base_url) };
    assert_eq!(ask(free).await.unwrap().usage.micro_usd, None);
    let silent = json!({ "choices": [{ "message": { "content": "x" } }] });
    let endpoint = scripted(vec![Reply::json(200, &silent)]).await;
    let completion = ask(described(&endpoint.base_url)).await.unwrap();
    assert_eq!((completion.usage.calls, completion.usage.micro_usd), (1, None));
    assert_eq!(completion.model, "a-model");
}

async fn a_wrong_key_is_refused_at_once_and_not_shown() {
    let quoting = format!("Incorrect API key provided: {KEY}.\nFind yours elsewhere.");
    let endpoint = scripted(vec![refusal(401, &quoting, json!("invalid_api_key"))]).await;
    let error = ask(described(&endpoint.base_url)).await.unwrap_err();
    let ModelError::Refused { status: 401, message, .. } = &error else { panic!("{error:?}") };
    assert_eq!(message, "Incorrect API key provided: [key]. Find yours elsewhere.");
    assert!(!format!("{error} {error:?}").contains(KEY));
    assert_eq!(endpoint.seen().len(), 1);
}

async fn too_many_requests_with_an_integer_code_pass() {
    let endpoint =
        scripted(vec![refusal(429, "slow down", json!(429)), refusal(429, "slow down", json!(429))]).await;
    assert_eq!(ask(described(&endpoint.base_url)).await.unwrap().answer.text.as_deref(), Some("done"));
    assert_eq!(endpoint.seen().len(), 3);
}

async fn every_passing_status_is_tried_again() {
    for status in [408, 409, 429, 500, 502, 503, 529] {
        let body = "upstream says no".to_owned();
        let endpoint =
            scripted(vec![Reply::Whole(status, vec![("retry-after", "0.1".to_owned())], body)]).await;
        assert!(ask(described(&endpoint.base_url)).await.is_ok(), "{status}");
        assert_eq!(endpoint.seen().len(), 2, "{status}");
    }
    for status in [400, 403, 404, 413, 422] {
        let endpoint = scripted(vec![Reply::Whole(status, Vec::new(), "no".to_owned())]).await;
        let error = ask(described(&endpoint.base_url)).await.unwrap_err();
        let ModelError::Refused { status: told, message, .. } = &error else { panic!("{error:?}") };
        assert_eq!((*told, message.as_str()), (status, "no"));
        assert_eq!(endpoint.seen().len(), 1, "{status}");
    }
}

async fn a_spent_quota_is_not_tried_again() {
    let endpoint = scripted(vec![refusal(429, "pay first", json!("insufficient_quota"))]).await;
    let error = ask(described(&endpoint.base_url)).await.unwrap_err();
    assert!(matches!(error, ModelError::Refused { status: 429, .. }), "{error:?}");
    assert_eq!(endpoint.seen().len(), 1);
}

async fn a_wait_beyond_the_budget_is_not_begun() {
    let wait = vec![("retry-after", "3600".to_owned())];
    let endpoint = scripted(vec![Reply::Whole(429, wait, "later".to_owned())]).await;
    let error = ask(described(&endpoint.base_url)).await.unwrap_err();
    assert!(matches!(error, ModelError::Refused { status: 429, .. }), "{error:?}");
}

async fn a_storm_of_errors_ends_with_the_budget() {
    let endpoint =
        Endpoint::start(|_, _| Reply::Whole(500, Vec::new(), "<html>oh no</html>".to_owned())).await;
    let brief = Described { retry_budget: Duration::from_millis(600), ..described(&endpoint.base_url) };
    let error = ask(brief).await.unwrap_err();
    let ModelError::Refused { status: 500, message, .. } = &error else { panic!("{error:?}") };
    assert_eq!(message, "<html>oh no</html>");
    assert_eq!(endpoint.seen().len(), 2, "the second pause would end after the budget");
}

async fn silence_ends_with_the_timeout() {
    let endpoint = Endpoint::start(|_, _| Reply::Silence).await;
    let brief = Described { timeout: Duration::from_millis(300), ..described(&endpoint.base_url) };
    let error = ask(brief).await.unwrap_err();
    let ModelError::Unreachable { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.to_string(), "no answer within 0.3 s");
    assert_eq!(endpoint.seen().len(), 1);
}

async fn nobody_listening_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let brief = Described { retry_budget: Duration::from_millis(300), ..described(&base_url) };
    let error = ask(brief).await.unwrap_err();
    let ModelError::Unreachable { endpoint, .. } = &error else { panic!("{error:?}") };
    assert_eq!(endpoint, &base_url);
    assert!(!format!("{error:?}").contains(KEY));
}

async fn a_broken_connection_is_tried_again() {
    let endpoint = scripted(vec![Reply::BrokenOff(r#"{"choices":[{"mess"#.to_owned())]).await;
    assert_eq!(ask(described(&endpoint.base_url)).await.unwrap().answer.text.as_deref(), Some("done"));
    assert_eq!(endpoint.seen().len(), 2);
}

async fn garbage_is_named() {
    for (body, told) in [
        ("<!DOCTYPE html><title>Sign in</title>", "Sign in"),
        (r#"{"choices":[{"message":{"content":"#, "EOF"),
        (r#"{"object":"list"}"#, "no choices"),
        (r#"{"error":{"message":"overloaded"}}"#, "overloaded"),
        (r#"{"choices":[{"message":{"content":7}}]}"#, "invalid type"),
        ("", "EOF"),
    ] {
        let endpoint = scripted(vec![Reply::Whole(200, Vec::new(), body.to_owned())]).await;
        let error = ask(described(&endpoint.base_url)).await.unwrap_err();
        let ModelError::Garbage { detail, .. } = &error else { panic!("{error:?}") };
        assert!(detail.contains(told), "{detail}");
        assert_eq!(endpoint.seen().len(), 1);
    }
    let long = format!("{}{KEY}", "x ".repeat(2000));
    let endpoint = scripted(vec![Reply::Whole(200, Vec::new(), long)]).await;
    let error = ask(described(&endpoint.base_url)).await.unwrap_err();
    assert!(error.to_string().len() < 500 && !error.to_string().contains(KEY));
}

async fn a_redirect_is_not_followed() {
    let there = vec![("location", "/v1/elsewhere".to_owned())];
    let endpoint = scripted(vec![Reply::Whole(302, there, String::new())]).await;
    let error = ask(described(&endpoint.base_url)).await.unwrap_err();
    assert!(matches!(error, ModelError::Refused { status: 302, .. }), "{error:?}");
    assert_eq!(endpoint.seen().len(), 1);
}
