//! A maker of models on the loopback: it knows its key, has a quota, keeps what it was asked, and can be told to stop in
//! the middle of a stream.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

/// What the maker remembers.
struct State {
    key: String,
    quota: u32,
    models: BTreeSet<String>,
    seen: Vec<Seen>,
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Seen {
    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

/// The maker. It is gone when this is dropped.
pub(crate) struct Maker {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
    /// Each permit lets one stream that has stopped go on.
    go_on: Arc<Semaphore>,
    task: JoinHandle<()>,
}

impl Maker {
    pub(crate) async fn start(key: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let models = ["echo", "mirror", "stream", "broken"].map(str::to_owned).into();
        let state = Arc::new(Mutex::new(State { key: key.to_owned(), quota: 100, models, seen: Vec::new() }));
        let go_on = Arc::new(Semaphore::new(0));
        let (shared, gate) = (Arc::clone(&state), Arc::clone(&go_on));
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (shared, gate) = (Arc::clone(&shared), Arc::clone(&gate));
                // A client that gives up is what some tests are about.
                connections.spawn(async move { serve(stream, &shared, &gate).await.ok() });
            }
        });
        Self { address, state, go_on, task }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    pub(crate) fn set_quota(&self, quota: u32) {
        self.state.lock().unwrap().quota = quota;
    }

    pub(crate) fn go_on(&self) {
        self.go_on.add_permits(1);
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What one request gets: a status, headers, and a body in pieces, with a stop before the piece of that number.
struct Reply {
    status: u16,
    headers: Vec<String>,
    pieces: Vec<Vec<u8>>,
    stop_before: Option<usize>,
}

impl Reply {
    fn json(status: u16, body: &Value) -> Self {
        let headers = vec!["content-type: application/json".to_owned()];
        Self { status, headers, pieces: vec![body.to_string().into_bytes()], stop_before: None }
    }

    fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "error": { "message": message } }))
    }
}

impl State {
    fn reply(&mut self, seen: Seen) -> Reply {
        let line = seen.head.lines().next().unwrap().to_owned();
        self.seen.push(seen.clone());
        let (method, path) = line.rsplit_once(' ').unwrap().0.split_once(' ').unwrap();
        let authorized = seen.header("authorization") == [format!("Bearer {}", self.key)]
            || seen.header("x-api-key") == [self.key.as_str()];
        if !authorized {
            return Reply::error(401, "wrong key");
        }
        match (method, path.split('?').next().unwrap()) {
            ("GET", "/v1/models") => {
                let models: Vec<Value> = self.models.iter().map(|id| json!({ "id": id })).collect();
                Reply::json(200, &json!({ "data": models }))
            }
            ("POST", "/v1/chat/completions") => self.complete(&seen),
            // Whoever gets here got past the door.
            _ => Reply::json(200, &json!({ "admin": "everything" })),
        }
    }

    fn complete(&mut self, seen: &Seen) -> Reply {
        if self.quota == 0 {
            let mut reply = Reply::error(429, "quota is spent");
            reply.headers.push("retry-after: 7".to_owned());
            return reply;
        }
        self.quota -= 1;
        match seen.body["model"].as_str().unwrap_or("") {
            "echo" => Reply::json(200, &json!({ "said": seen.body["messages"], "left": self.quota })),
            "mirror" => Reply {
                status: 200,
                headers: vec![
                    format!("x-echo: your key is {}", self.key),
                    format!("x-{}: 1", self.key),
                    "set-cookie: tracked=yes".to_owned(),
                    "keep-alive: timeout=5".to_owned(),
                    "connection: close, x-hop".to_owned(),
                    "x-hop: 1".to_owned(),
                ],
                // Byte by byte, so that the key is cut everywhere.
                pieces: seen.head.bytes().map(|byte| vec![byte]).collect(),
                stop_before: None,
            },
            "stream" => Reply {
                status: 200,
                headers: vec!["content-type: text/event-stream".to_owned()],
                pieces: vec![b"data: one\n\n".to_vec(), b"data: two\n\n".to_vec()],
                stop_before: Some(1),
            },
            "packed" => Reply {
                status: 200,
                headers: vec!["content-encoding: gzip".to_owned()],
                pieces: vec![b"who knows".to_vec()],
                stop_before: None,
            },
            "moved" => Reply {
                status: 307,
                headers: vec![format!("location: http://{}/admin", seen.header("host")[0])],
                pieces: Vec::new(),
                stop_before: None,
            },
            "silent" => Reply { status: 200, headers: Vec::new(), pieces: Vec::new(), stop_before: Some(0) },
            other if self.models.contains(other) => Reply::error(500, "it broke"),
            other => Reply::error(404, &format!("no model {other}")),
        }
    }
}

async fn serve(mut stream: TcpStream, state: &Mutex<State>, gate: &Semaphore) -> std::io::Result<()> {
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
    let mut seen = Seen { head, body: Value::Null };
    let length: usize = seen.header("content-length").first().map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head_end + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    }
    seen.body = serde_json::from_slice(&bytes[head_end..]).unwrap_or(Value::Null);
    let reply = state.lock().unwrap().reply(seen);
    let mut head = format!("HTTP/1.1 {} Some\r\ntransfer-encoding: chunked\r\n", reply.status);
    for header in &reply.headers {
        head.push_str(&format!("{header}\r\n"));
    }
    if !reply.headers.iter().any(|header| header.starts_with("connection:")) {
        head.push_str("connection: close\r\n");
    }
    if reply.stop_before == Some(0) {
        gate.acquire().await.unwrap().forget();
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).await?;
    for (number, piece) in reply.pieces.iter().enumerate() {
        if reply.stop_before == Some(number) {
            gate.acquire().await.unwrap().forget();
        }
        stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        stream.write_all(piece).await?;
        stream.write_all(b"\r\n").await?;
    }
    stream.write_all(b"0\r\n\r\n").await?;
    stream.shutdown().await
}
