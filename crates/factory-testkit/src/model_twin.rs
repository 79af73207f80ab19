//! A model endpoint that plays every role from a script: real HTTP on a loopback port, and answers that are tool calls.
//!
//! It speaks what a run needs of the OpenAI API: `POST /v1/chat/completions` without streaming, and `GET /v1/models`. A
//! role is recognised by how its instructions begin. What it says depends on the conversation that it is sent, not on
//! how often it was asked: a try that was killed and begun again is answered as it was the first time.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// The name by which the endpoint knows its model.
pub const MODEL: &str = "twin";

/// How often an answer that hangs looks whether it still has to.
const LOOK: Duration = Duration::from_millis(10);

/// A role that a request can come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Makes the plan.
    Planner,
    /// Cuts the plan into tasks.
    Tasks,
    /// Makes the change.
    Implementer,
    /// Judges the change.
    Reviewer,
    /// Puts sentences of scenarios in other words.
    Evaluator,
}

impl Role {
    /// The role that instructions address. The planner has two sets of them, which differ after the first sentence.
    fn of(instructions: &str) -> Option<Self> {
        let first = instructions.lines().next().unwrap_or_default();
        if first.starts_with("You are the planner.") {
            Some(if first.contains("cut it into tasks") { Self::Tasks } else { Self::Planner })
        } else if first.starts_with("You are the implementer.") {
            Some(Self::Implementer)
        } else if first.starts_with("You are the reviewer.") {
            Some(Self::Reviewer)
        } else if first.starts_with("You are the evaluator.") {
            Some(Self::Evaluator)
        } else {
            None
        }
    }
}

/// A tool call, which is one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The tool's name.
    pub name: String,
    /// Its arguments.
    pub arguments: Value,
}

impl Call {
    /// Any call.
    pub fn new(name: &str, arguments: Value) -> Self {
        Self { name: name.to_owned(), arguments }
    }

    /// Runs a command.
    pub fn bash(command: &str) -> Self {
        Self::new("bash", json!({ "command": command }))
    }

    /// Replaces a passage of a file, or makes one if `old` is empty.
    pub fn edit(path: &str, old: &str, new: &str) -> Self {
        Self::new("edit", json!({ "path": path, "old": old, "new": new }))
    }

    /// Hands in the work.
    pub fn submit(work: Value) -> Self {
        Self::new("submit", work)
    }
}

/// What the roles do. Each has a list of sessions, and each session a list of calls; the last session is repeated for
/// ever, and so is the last call of a session.
#[derive(Debug, Clone, Default)]
pub struct Script {
    sessions: HashMap<Role, Vec<Vec<Call>>>,
}

impl Script {
    /// The sessions of a role. The implementer's are its attempts, told apart by what they are given: one that is begun
    /// again is the same. Those of the others are counted as they begin.
    #[must_use]
    pub fn with(mut self, role: Role, sessions: Vec<Vec<Call>>) -> Self {
        self.sessions.insert(role, sessions);
        self
    }

    /// A plan, tasks and a review that serve these requirements, and the implementer's attempts.
    pub fn serving(requirements: &[&str], attempts: Vec<Vec<Call>>) -> Self {
        let coverage: Vec<Value> = requirements
            .iter()
            .map(|id| json!({ "requirement": id, "status": "covered", "evidence": "service.py:1" }))
            .collect();
        Self::default()
            .with(
                Role::Planner,
                vec![vec![
                    Call::new("list", json!({})),
                    Call::submit(json!({
                        "summary": "One handler more.",
                        "steps": [{ "title": "Answer", "detail": "In the handler.", "files": ["service.py"],
                                    "requirements": requirements }],
                        "risks": [],
                    })),
                ]],
            )
            .with(
                Role::Tasks,
                vec![vec![Call::submit(json!({ "tasks": [
                    { "id": "T1", "title": "Answer", "done_when": "It answers.", "requirements": requirements,
                      "depends_on": [] },
                ] }))]],
            )
            .with(Role::Implementer, attempts)
            .with(
                Role::Reviewer,
                vec![vec![Call::submit(json!({
                    "summary": "Everything is there.", "coverage": coverage, "findings": [],
                }))]],
            )
    }

    fn call(&self, role: Role, session: usize, step: usize) -> Option<&Call> {
        let sessions = self.sessions.get(&role)?;
        let calls = sessions.get(session).or_else(|| sessions.last())?;
        calls.get(step).or_else(|| calls.last())
    }
}

/// What goes wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status, with an error body as OpenAI writes them.
    Status(u16),
    /// No answer until the fault is mended.
    Hang,
    /// Status 200 with a body that is no completion.
    Garbage,
    /// The connection is closed without an answer.
    Close,
}

/// A request for a completion, as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Whose it was, if its instructions are known.
    pub role: Option<Role>,
    /// Which of the role's sessions it belongs to, from 0.
    pub session: usize,
    /// How many answers the conversation held already.
    pub step: usize,
    /// The body.
    pub body: Value,
}

impl Seen {
    /// All that was sent in messages, as one text.
    pub fn text(&self) -> String {
        let messages = self.body["messages"].as_array().map_or(&[][..], Vec::as_slice);
        messages.iter().map(|message| format!("{}\n", readable(message))).collect()
    }
}

/// Everything that a message says, tool calls too.
fn readable(message: &Value) -> String {
    let said = message["content"].as_str().unwrap_or_default();
    let calls = message["tool_calls"].as_array().map_or(&[][..], Vec::as_slice);
    let arguments = calls.iter().filter_map(|call| call["function"]["arguments"].as_str());
    std::iter::once(said).chain(arguments).collect::<Vec<_>>().join("\n")
}

/// The endpoint. It is gone when this is dropped.
#[derive(Debug)]
pub struct ModelTwin {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    runtime: Option<Runtime>,
}

#[derive(Debug, Default)]
struct State {
    script: Script,
    fault: Option<(Option<Role>, Fault)>,
    seen: Vec<Seen>,
    /// The session that each conversation of the implementer's belongs to, by its opening.
    openings: Vec<String>,
    begun: HashMap<Role, usize>,
}

impl ModelTwin {
    /// Starts it on a free port of the loopback, with threads of its own.
    ///
    /// # Errors
    /// When the system gives no port or no thread.
    pub fn start(script: Script) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State { script, ..State::default() }));
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                // A client that goes away is what some tests are about.
                tokio::spawn(async move { serve(stream, &state).await.ok() });
            }
        });
        Ok(Self { address, state, runtime: Some(runtime) })
    }

    /// What `OPENAI_BASE_URL` has to be.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Every request for a completion so far, those that met a fault too.
    pub fn requests(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// The requests of a role.
    pub fn requests_of(&self, role: Role) -> Vec<Seen> {
        self.requests().into_iter().filter(|seen| seen.role == Some(role)).collect()
    }

    /// From now on the roles do this.
    pub fn play(&self, script: Script) {
        self.state().script = script;
    }

    /// From now on every answer has this fault.
    pub fn break_down(&self, fault: Fault) {
        self.state().fault = Some((None, fault));
    }

    /// From now on every answer to this role has this fault.
    pub fn break_down_for(&self, role: Role, fault: Fault) {
        self.state().fault = Some((Some(role), fault));
    }

    /// From now on answers have no fault.
    pub fn mend(&self) {
        self.state().fault = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for ModelTwin {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What is sent back.
enum Reply {
    Json(u16, Value),
    Garbage,
    Hang,
    Close,
}

impl State {
    /// Notes a request; the answer is [`State::reply`] of the number.
    fn note(&mut self, body: Value) -> usize {
        let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let instructions = messages.first().and_then(|first| first["content"].as_str()).unwrap_or_default();
        let role = Role::of(instructions);
        let step = messages.iter().filter(|message| message["role"] == "assistant").count();
        let opening: String = messages
            .iter()
            .take_while(|message| message["role"] != "assistant")
            .map(|message| format!("{}\n", readable(message)))
            .collect();
        let session = role.map_or(0, |role| self.session(role, step, opening));
        self.seen.push(Seen { role, session, step, body });
        self.seen.len() - 1
    }

    /// What is answered to a request that was noted, as things stand now.
    fn reply(&self, noted: usize) -> Reply {
        let Seen { role, session, step, .. } = self.seen[noted];
        match &self.fault {
            Some((only, fault)) if only.is_none() || *only == role => return fault.reply(),
            Some(_) | None => {}
        }
        let call = role.and_then(|role| self.script.call(role, session, step));
        match call {
            Some(call) => Reply::Json(200, completion(call, step)),
            None => Reply::Json(400, error("the script has no such role")),
        }
    }

    fn session(&mut self, role: Role, step: usize, opening: String) -> usize {
        if role == Role::Implementer {
            return self.openings.iter().position(|known| *known == opening).unwrap_or_else(|| {
                self.openings.push(opening);
                self.openings.len() - 1
            });
        }
        let begun = self.begun.entry(role).or_default();
        if step == 0 {
            *begun += 1;
        }
        begun.saturating_sub(1)
    }
}

impl Fault {
    fn reply(&self) -> Reply {
        match self {
            Fault::Status(status) => Reply::Json(*status, error("the twin was told to refuse")),
            Fault::Hang => Reply::Hang,
            Fault::Garbage => Reply::Garbage,
            Fault::Close => Reply::Close,
        }
    }
}

fn error(message: &str) -> Value {
    json!({ "error": { "message": message, "type": "twin", "param": null, "code": null } })
}

/// One completion, as <https://platform.openai.com/docs/api-reference/chat/object> describes it.
fn completion(call: &Call, step: usize) -> Value {
    json!({
        "id": format!("chatcmpl-{step}"), "object": "chat.completion", "created": 1, "model": MODEL,
        "choices": [{ "index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": null, "tool_calls": [{
                "id": format!("call_{step}"), "type": "function",
                "function": { "name": call.name, "arguments": call.arguments.to_string() },
            }],
        } }],
        "usage": { "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100 },
    })
}

async fn serve(mut stream: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let Some((target, body)) = read(&mut stream).await? else {
        return Ok(());
    };
    let reply = match target.as_str() {
        "GET /v1/models" => Reply::Json(
            200,
            json!({ "object": "list", "data": [
                { "id": MODEL, "object": "model", "created": 1, "owned_by": "factory" },
            ] }),
        ),
        "POST /v1/chat/completions" => match serde_json::from_slice(&body) {
            Ok(body) => {
                let noted = locked(state).note(body);
                loop {
                    let reply = locked(state).reply(noted);
                    match reply {
                        Reply::Hang => tokio::time::sleep(LOOK).await,
                        Reply::Json(..) | Reply::Garbage | Reply::Close => break reply,
                    }
                }
            }
            Err(_) => Reply::Json(400, error("the body is not JSON")),
        },
        _ => Reply::Json(404, error("there is nothing here")),
    };
    let (status, body) = match reply {
        Reply::Json(status, body) => (status, body.to_string()),
        Reply::Garbage => (200, "<html>It works!</html>".to_owned()),
        Reply::Hang | Reply::Close => return Ok(()),
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} Twin\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// Method and path, and the body; `None` if the client went away before that.
async fn read(stream: &mut TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = head_end + length.unwrap_or(0);
    while bytes.len() < whole {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let target = head.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(Some((target, bytes.split_off(head_end))))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    /// Status and body.
    fn ask(twin: &ModelTwin, method: &str, path: &str, body: &Value) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(twin.address).unwrap();
        let body = body.to_string();
        write!(stream, "{method} {path} HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    fn build(correction: Option<&str>, answers: usize) -> Value {
        let mut messages = vec![json!({ "role": "system", "content": "You are the implementer. You …" })];
        messages.extend(correction.map(|text| json!({ "role": "user", "content": text })));
        for _ in 0..answers {
            messages.push(json!({ "role": "assistant", "content": "" }));
        }
        json!({ "model": MODEL, "messages": messages })
    }

    fn called(twin: &ModelTwin, body: &Value) -> String {
        let (status, body) = ask(twin, "POST", "/v1/chat/completions", body).unwrap();
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap().to_owned()
    }

    #[test]
    fn an_attempt_that_is_begun_again_is_answered_as_before() {
        let attempts = vec![vec![Call::bash("a"), Call::bash("b")], vec![Call::bash("c")]];
        let twin = ModelTwin::start(Script::serving(&["R1"], attempts)).unwrap();
        assert!(called(&twin, &build(None, 0)).contains("\"a\""));
        assert!(called(&twin, &build(None, 1)).contains("\"b\""));
        assert!(called(&twin, &build(None, 0)).contains("\"a\""));
        assert!(called(&twin, &build(Some("again"), 0)).contains("\"c\""));
        assert!(called(&twin, &build(Some("and again"), 0)).contains("\"c\""));
        let sessions: Vec<usize> = twin.requests_of(Role::Implementer).iter().map(|s| s.session).collect();
        assert_eq!(sessions, [0, 0, 0, 1, 2]);
    }

    #[test]
    fn it_breaks_down_as_it_is_told_to() {
        let twin = ModelTwin::start(Script::serving(&["R1"], vec![vec![Call::bash("a")]])).unwrap();
        let ask = || ask(&twin, "POST", "/v1/chat/completions", &build(None, 0));
        twin.break_down(Fault::Status(401));
        assert_eq!(ask().unwrap().0, 401);
        twin.break_down(Fault::Garbage);
        assert!(serde_json::from_str::<Value>(&ask().unwrap().1).is_err());
        twin.break_down(Fault::Close);
        assert_eq!(ask(), None);
        twin.break_down_for(Role::Planner, Fault::Close);
        assert_eq!(ask().unwrap().0, 200);
        twin.mend();
        assert_eq!(ask().unwrap().0, 200);
        assert_eq!(twin.requests().len(), 5);
    }

    #[test]
    fn it_lists_its_model() {
        let twin = ModelTwin::start(Script::default()).unwrap();
        let (status, body) = ask(&twin, "GET", "/v1/models", &Value::Null).unwrap();
        assert_eq!((status, body.contains(MODEL)), (200, true));
        assert_eq!(ask(&twin, "GET", "/", &Value::Null).unwrap().0, 404);
    }
}
