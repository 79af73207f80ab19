//! Sending requests and keeping answers.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::Method;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use url::{Position, Url};

use super::state::{Failure, failed, lost};
use crate::attribution::{Blame, Cause};
use crate::plan::{self, Body, Request};
use factory_core::feedback::FailureClass;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a body at most, so that a candidate cannot fill the memory.
const MAX_BODY: usize = 16 * 1024 * 1024;
/// Bytes of all bodies at most that one sentence brings.
const MAX_BODIES: usize = 64 * 1024 * 1024;

/// How much room the answers to one sentence have together.
#[derive(Clone)]
pub(crate) struct Room {
    taken: Arc<AtomicUsize>,
}

impl Room {
    pub(crate) fn new() -> Self {
        Room { taken: Arc::default() }
    }

    /// Takes room for so many bytes, if there is as much left.
    fn take(&self, bytes: usize) -> bool {
        self.taken.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= MAX_BODIES
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In the order received, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) took: Duration,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The header's value; several of one name joined as RFC 9110 has it.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// Makes a request of a template, to the service at `base`. It says that it comes from `agent`.
pub(crate) fn prepare(
    base: &str,
    agent: &str,
    request: &Request,
    values: &BTreeMap<String, String>,
) -> Result<Prepared, Failure> {
    let path = request.path.fill(values);
    let url = if path.starts_with('/') { format!("{base}{path}") } else { path };
    // A link in a mail that leads elsewhere is not followed.
    if url != base && !url.strip_prefix(base).is_some_and(|rest| rest.starts_with(['/', '?', '#'])) {
        return Err(failed(
            FailureClass::WrongContent,
            format!("`{url}` does not lead to the service at {base}"),
        ));
    }
    let bad = |what: &str| lost(Cause::Impossible, format!("the request cannot be made: {what}"));
    // As a browser does: what a path cannot hold is encoded, and a fragment stays here.
    let url = Url::parse(&url).map_err(|_| bad("its address"))?;
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| bad("its method"))?;
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_str(host).map_err(|_| bad("its host"))?);
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(USER_AGENT, HeaderValue::from_str(agent).map_err(|_| bad("its agent"))?);
    let body = match &request.body {
        Body::None => Bytes::new(),
        Body::Json(value) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            plan::fill_json(value, values).to_string().into()
        }
        Body::Text { text, media } => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(media).map_err(|_| bad("its content type"))?);
            text.fill(values).into()
        }
        Body::Bytes(count) => vec![b'x'; usize::try_from(*count).map_err(|_| bad("its size"))?].into(),
    };
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("the name of a header"))?;
        let value = HeaderValue::from_bytes(value.fill(values).as_bytes())
            .map_err(|_| bad("the value of a header"))?;
        headers.insert(name, value);
    }
    let mut prepared = hyper::Request::builder().method(method).uri(target);
    if let Some(all) = prepared.headers_mut() {
        *all = headers;
    }
    prepared.body(Full::new(body)).map_err(|_| bad("its address"))
}

/// A request that can be sent.
pub(crate) type Prepared = hyper::Request<Full<Bytes>>;

/// Waits for a connection, as long as an answer may take in all: a service that takes none may let it wait for ever.
pub(crate) async fn connected(
    dialling: impl Future<Output = std::io::Result<TcpStream>>,
    begun: Instant,
) -> std::io::Result<TcpStream> {
    let left = TIMEOUT.saturating_sub(begun.elapsed());
    tokio::time::timeout(left, dialling).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

/// Sends a request over a connection of its own and reads all of the answer. No redirect is followed, no cookie kept.
pub(crate) async fn send(
    connection: std::io::Result<TcpStream>,
    request: Prepared,
    room: Room,
) -> Result<Answer, Failure> {
    let begun = Instant::now();
    let answered = tokio::time::timeout(TIMEOUT, exchange(connection, request, &room)).await;
    let no_answer = |cause: Cause, why: &str| {
        Failure::Failed(FailureClass::NoAnswer, Blame::new(cause, format!("no answer: {why}")))
    };
    let (status, headers, body) = match answered {
        Ok(Ok(answer)) => answer,
        Ok(Err(Broken::TooLarge)) => {
            let evidence =
                format!("the body has more than {MAX_BODY} bytes, or all have more than {MAX_BODIES}");
            return Err(Failure::Failed(FailureClass::WrongContent, Blame::new(Cause::TooLarge, evidence)));
        }
        Ok(Err(Broken::NotHttp(why))) => {
            return Err(no_answer(Cause::NotHttp, &format!("what came is not HTTP: {why}")));
        }
        Ok(Err(Broken::TooSlow)) | Err(_) => {
            return Err(no_answer(Cause::TooSlow, &format!("it was not whole within {TIMEOUT:?}")));
        }
        Ok(Err(Broken::Off(why))) => return Err(no_answer(Cause::NoAnswer, &why)),
    };
    Ok(Answer { status, headers, body, took: begun.elapsed() })
}

/// Whether the service answers at this path with anything but an error of its own.
pub(crate) async fn looks_ready(connection: std::io::Result<TcpStream>, port: u16, path: &str) -> bool {
    let request = hyper::Request::get(path).header(HOST, format!("127.0.0.1:{port}"));
    let Ok(request) = request.header(ACCEPT, "*/*").body(Full::new(Bytes::new())) else { return false };
    let answered =
        tokio::time::timeout(Duration::from_secs(2), exchange(connection, request, &Room::new())).await;
    matches!(answered, Ok(Ok((status, ..))) if status < 500)
}

/// Why an answer is not whole.
enum Broken {
    TooLarge,
    TooSlow,
    /// It is no answer by RFC 9112.
    NotHttp(String),
    /// There is no connection, or it ended.
    Off(String),
}

impl From<hyper::Error> for Broken {
    fn from(error: hyper::Error) -> Self {
        let why = chain(&error);
        // A body whose chunks are none is an I/O error of this kind to the library; the system has none like it.
        let garbled = std::error::Error::source(&error)
            .and_then(|source| source.downcast_ref::<std::io::Error>())
            .is_some_and(|error| matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData));
        if error.is_parse() || garbled { Broken::NotHttp(why) } else { Broken::Off(why) }
    }
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::TimedOut => Broken::TooSlow,
            _ => Broken::Off(error.to_string()),
        }
    }
}

async fn exchange(
    connection: std::io::Result<TcpStream>,
    request: Prepared,
    room: &Room,
) -> Result<(u16, Vec<(String, String)>, Vec<u8>), Broken> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(connection?)).await?;
    // Ends with the answer, since the sender is dropped here; aborted with the set if that never comes.
    let mut driving = JoinSet::new();
    driving.spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let mut incoming = response.into_body();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        if let Ok(chunk) = frame?.into_data() {
            if body.len() + chunk.len() > MAX_BODY || !room.take(chunk.len()) {
                return Err(Broken::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
    }
    Ok((status, headers, body))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
