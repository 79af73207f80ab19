//! A model endpoint on the loopback: real HTTP, with answers that a test decides.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the endpoint does with one request.
pub(crate) enum Reply {
    /// A whole answer: status, headers, body.
    Whole(u16, Vec<(&'static str, String)>, String),
    /// An answer that is announced as longer than it is.
    BrokenOff(String),
    /// Nothing at all.
    Silence,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Whole(status, vec![("content-type", "application/json".to_owned())], body.to_string())
    }

    /// A chat completion with one text and some calls (name, arguments).
    pub(crate) fn says(text: Option<&str>, calls: &[(&str, Value)]) -> Self {
        let calls: Vec<Value> = calls
            .iter()
            .enumerate()
            .map(|(index, (name, arguments))| {
                json!({ "id": format!("call-{index}"), "type": "function",
                        "function": { "name": name, "arguments": arguments.to_string() } })
            })
            .collect();
        Self::json(
            200,
            &json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "twin-2026-01-01",
                "choices": [{ "index": 0, "finish_reason": "stop",
                              "message": { "role": "assistant", "content": text, "tool_calls": calls } }],
                "usage": { "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100 },
            }),
        )
    }
}

/// One request as it arrived.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Value,
}

/// The endpoint. It is gone when this is dropped.
pub(crate) struct Endpoint {
    pub(crate) base_url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Endpoint {
    /// Answers each request by `decide`, which is given the request's number from 0 and its body.
    pub(crate) async fn start(decide: impl FnMut(usize, &Value) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let decide = Arc::new(Mutex::new(decide));
        let noted = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (noted, decide) = (Arc::clone(&noted), Arc::clone(&decide));
                connections.spawn(async move {
                    // A client that gives up is what some tests are about.
                    let _ = serve(stream, |request| {
                        let mut noted = noted.lock().unwrap();
                        let reply = (decide.lock().unwrap())(noted.len(), &request.body);
                        noted.push(request);
                        reply
                    })
                    .await;
                });
            }
        });
        Self { base_url, seen, task }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, decide: impl FnOnce(Seen) -> Reply) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let length: usize = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse().unwrap())
        })
        .unwrap_or(0);
    while bytes.len() < head_end + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    }
    let body = serde_json::from_slice(&bytes[head_end..]).unwrap_or(Value::Null);
    let (status, headers, body, announced) = match decide(Seen { head, body }) {
        Reply::Silence => {
            tokio::time::sleep(Duration::from_secs(600)).await;
            return Ok(());
        }
        Reply::Whole(status, headers, body) => {
            let length = body.len();
            (status, headers, body, length)
        }
        Reply::BrokenOff(body) => {
            let length = body.len() + 10;
            (200, Vec::new(), body, length)
        }
    };
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let answer = format!(
        "HTTP/1.1 {status} Some\r\n{headers}content-length: {announced}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
