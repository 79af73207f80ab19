//! The door to a model: what a program in a sandbox gets through it, and what it does not.

mod maker;

use std::net::TcpListener as StdTcpListener;
use std::time::Duration;

use factory_agents::model::door::{Door, DoorLimits, DoorPlan, DoorUse, KeyHeader};
use factory_agents::model::{Endpoint, Secret};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time;

use self::maker::Maker;
use crate::support::trial;

const KEY: &str = "sk-a-key-that-nobody-may-see";
/// Longer than anything here takes; a test that gets there has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("door::the_key_is_added_outside", the_key_is_added_outside),
        trial("door::the_key_goes_where_the_plan_says", the_key_goes_where_the_plan_says),
        trial("door::the_key_is_in_no_answer", the_key_is_in_no_answer),
        trial(
            "door::an_answer_that_cannot_be_searched_is_refused",
            an_answer_that_cannot_be_searched_is_refused,
        ),
        trial("door::other_paths_and_methods_do_not_pass", other_paths_and_methods_do_not_pass),
        trial("door::no_request_changes_where_it_goes", no_request_changes_where_it_goes),
        trial("door::a_request_behind_another_is_not_heard", a_request_behind_another_is_not_heard),
        trial("door::a_stream_comes_as_it_is_said", a_stream_comes_as_it_is_said),
        trial("door::refusals_of_the_endpoint_pass", refusals_of_the_endpoint_pass),
        trial("door::a_redirect_is_not_followed", a_redirect_is_not_followed),
        trial("door::a_request_that_is_too_long_is_refused", a_request_that_is_too_long_is_refused),
        trial("door::a_request_that_is_too_slow_is_refused", a_request_that_is_too_slow_is_refused),
        trial("door::an_answer_that_is_too_long_breaks_off", an_answer_that_is_too_long_breaks_off),
        trial("door::silence_and_absence_are_told_apart", silence_and_absence_are_told_apart),
        trial("door::calls_beyond_the_limit_wait", calls_beyond_the_limit_wait),
        trial("door::it_closes_with_its_handle", it_closes_with_its_handle),
    ]
}

fn plan(maker: &Maker) -> DoorPlan {
    let mut endpoint = Endpoint::new(format!("http://{}/v1", maker.address), "echo");
    endpoint.api_key = Some(Secret::new(KEY));
    endpoint.timeout = PATIENCE;
    DoorPlan::to(&endpoint)
}

fn open(plan: DoorPlan) -> (Door, u16) {
    let listener = StdTcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (Door::open(listener, plan).unwrap(), port)
}

async fn opened() -> (Maker, Door, u16) {
    let maker = Maker::start(KEY).await;
    let (door, port) = open(plan(&maker));
    (maker, door, port)
}

async fn send(port: u16, request: impl AsRef<[u8]>) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_ref()).await.unwrap();
    stream
}

/// What comes back, whole, and however it ends.
async fn raw(port: u16, request: impl AsRef<[u8]>) -> String {
    let mut stream = send(port, request).await;
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = time::timeout(PATIENCE, stream.read(&mut buffer)).await.unwrap() {
        bytes.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(bytes).unwrap()
}

/// A request for a completion, with more header lines.
fn completion(headers: &str, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: model\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn asks(model: &str) -> Value {
    json!({ "model": model, "messages": ["hello"] })
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("")
}

/// The body of an answer in chunks, put together.
fn body(answer: &str) -> String {
    let (head, mut rest) = answer.split_once("\r\n\r\n").unwrap();
    if !head.contains("transfer-encoding: chunked") {
        return rest.to_owned();
    }
    let mut body = String::new();
    while let Some((length, after)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        body.push_str(&after[..length]);
        rest = &after[length + 2..];
    }
    body
}

async fn the_key_is_added_outside() {
    let (maker, door, port) = opened().await;
    let theirs = "Authorization: Bearer theirs\r\nx-api-key: theirs\r\napi-key: theirs\r\nCookie: a=theirs\r\n\
                  Proxy-Authorization: Basic theirs\r\nX-Forwarded-For: theirs\r\nX-Own: 1\r\n";
    for headers in ["", theirs] {
        let answer = raw(port, completion(headers, &asks("echo"))).await;
        assert_eq!(status(&answer), "200", "{answer}");
        assert!(body(&answer).contains(r#""said":["hello"]"#), "{answer}");
    }
    let models = raw(port, "GET /v1/models?limit=3 HTTP/1.1\r\nHost: model\r\n\r\n").await;
    assert!(body(&models).contains(r#"{"id":"echo"}"#), "{models}");

    let seen = maker.seen();
    for seen in &seen {
        assert_eq!(seen.header("authorization"), [format!("Bearer {KEY}")]);
        assert_eq!(seen.header("host"), [maker.address.as_str()]);
        assert!(!seen.head.contains("theirs"), "{}", seen.head);
    }
    assert_eq!(seen[1].header("x-own"), ["1"]);
    assert_eq!(seen[1].body, asks("echo"));
    assert!(seen[2].head.starts_with("GET /v1/models?limit=3 HTTP/1.1\r\n"), "{}", seen[2].head);

    assert_eq!(door.base_path(), "/v1");
    let sent = u64::try_from(asks("echo").to_string().len()).unwrap();
    let used = door.close().await;
    assert_eq!((used.calls, used.refused, used.bytes_out), (3, 0, 2 * sent));
    assert!(used.bytes_in > 60, "{used:?}");
}

async fn the_key_goes_where_the_plan_says() {
    let maker = Maker::start(KEY).await;
    let named = DoorPlan { key_header: KeyHeader::Named("x-api-key".to_owned()), ..plan(&maker) };
    let (_door, port) = open(named);
    let answer = raw(port, completion("x-api-key: theirs\r\nAuthorization: theirs\r\n", &asks("echo"))).await;
    assert_eq!(status(&answer), "200", "{answer}");
    let seen = &maker.seen()[0];
    assert_eq!((seen.header("x-api-key"), seen.header("authorization")), (vec![KEY], vec![]));

    let (_door, port) = open(DoorPlan { key: None, ..plan(&maker) });
    let answer = raw(port, completion("Authorization: theirs\r\n", &asks("echo"))).await;
    assert_eq!(status(&answer), "401", "{answer}");
    assert!(maker.seen()[1].header("authorization").is_empty());
}

async fn the_key_is_in_no_answer() {
    let (maker, door, port) = opened().await;
    let answer = raw(port, completion("", &asks("mirror"))).await;
    assert_eq!(status(&answer), "200", "{answer}");
    assert!(!answer.contains(KEY) && !body(&answer).contains(KEY), "{answer}");
    assert!(body(&answer).contains("authorization: Bearer [redacted]\r\n"), "{}", body(&answer));
    assert!(answer.contains("x-echo: your key is [redacted]\r\n"), "{answer}");
    for gone in ["set-cookie", "tracked", "keep-alive", "x-hop"] {
        assert!(!answer.contains(gone), "{gone} in {answer}");
    }
    assert!(maker.seen()[0].head.contains(KEY));
    assert!(!format!("{door:?} {:?}", plan(&maker)).contains(KEY));
}

async fn an_answer_that_cannot_be_searched_is_refused() {
    let (maker, _door, port) = opened().await;
    let answer = raw(port, completion("Accept-Encoding: gzip\r\n", &asks("packed"))).await;
    assert_eq!(status(&answer), "502", "{answer}");
    assert!(!answer.contains("who knows"), "{answer}");
    assert_eq!(maker.seen()[0].header("accept-encoding"), ["identity"]);
}

async fn other_paths_and_methods_do_not_pass() {
    let (maker, door, port) = opened().await;
    let requests = [
        "GET / HTTP/1.1",
        "GET /v1 HTTP/1.1",
        "GET /admin HTTP/1.1",
        "GET /v1/admin HTTP/1.1",
        "GET /models HTTP/1.1",
        "GET /v1/models/../admin HTTP/1.1",
        "GET /v1/models/.. HTTP/1.1",
        "GET /v1/models/%2e%2e/admin HTTP/1.1",
        "GET /v1/models/..%2fadmin HTTP/1.1",
        "GET /v1/models%2f..%2fadmin HTTP/1.1",
        "GET /v1/models/..\\admin HTTP/1.1",
        "GET /v1/models/..;/admin HTTP/1.1",
        "GET /v1/models/ HTTP/1.1",
        "GET /v1/models2 HTTP/1.1",
        "GET /v1//models HTTP/1.1",
        "GET //v1/models HTTP/1.1",
        "GET //evil.example/v1/models HTTP/1.1",
        "GET /V1/models HTTP/1.1",
        "GET /v1/../v1/models HTTP/1.1",
        "GET /v1/./models HTTP/1.1",
        "GET /v1/chat/completions HTTP/1.1",
        "POST /v1/chat/completions/x HTTP/1.1",
        "POST /v1/chat/completions/../../../admin HTTP/1.1",
        "POST /v1/models HTTP/1.1",
        "DELETE /v1/models/echo HTTP/1.1",
        "HEAD /v1/models HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "PROPFIND /v1/models HTTP/1.1",
    ];
    for line in requests {
        let answer = raw(port, format!("{line}\r\nHost: model\r\n\r\n")).await;
        assert_eq!(status(&answer), "403", "{line}: {answer}");
    }
    assert!(maker.seen().is_empty(), "{:?}", maker.seen());
    let refused = u64::try_from(requests.len()).unwrap();
    assert_eq!(door.close().await, DoorUse { refused, ..DoorUse::default() });
}

async fn no_request_changes_where_it_goes() {
    let (maker, _door, port) = opened().await;
    let evil = Maker::start(KEY).await;
    let at = &evil.address;
    for request in [
        format!("GET http://{at}/v1/models HTTP/1.1\r\nHost: {at}\r\n\r\n"),
        format!("GET http://{}/v1/models HTTP/1.1\r\nHost: {at}\r\n\r\n", maker.address),
        format!("CONNECT {at} HTTP/1.1\r\nHost: {at}\r\n\r\n"),
        format!("GET @{at}/v1/models HTTP/1.1\r\nHost: model\r\n\r\n"),
        format!("GET /v1@{at}/models HTTP/1.1\r\nHost: model\r\n\r\n"),
        format!("GET //{at}/v1/models HTTP/1.1\r\nHost: model\r\n\r\n"),
    ] {
        let answer = raw(port, &request).await;
        assert!(matches!(status(&answer), "400" | "403"), "{request}: {answer}");
    }
    assert!(maker.seen().is_empty(), "{:?}", maker.seen());
    // A host is only a header, and is not sent on.
    let request = format!(
        "GET /v1/models HTTP/1.1\r\nHost: {at}\r\nHost: {at}\r\nX-Forwarded-Host: {at}\r\nForwarded: host={at}\r\n\r\n"
    );
    assert_eq!(status(&raw(port, request).await), "200");
    assert!(!maker.seen()[0].head.contains(at), "{}", maker.seen()[0].head);
    assert!(evil.seen().is_empty());
}

async fn a_request_behind_another_is_not_heard() {
    let (maker, _door, port) = opened().await;
    let second = completion("", &asks("stream"));
    let answer = raw(port, format!("{}{second}", completion("", &asks("echo")))).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    // Two lengths: whichever the door believes, the endpoint is given one body of one length.
    let chunked = "POST /v1/chat/completions HTTP/1.1\r\nHost: model\r\nContent-Length: 4\r\n\
                   Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let answer = raw(port, format!("{chunked}{second}")).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    for seen in maker.seen() {
        assert!(seen.header("transfer-encoding").is_empty() && seen.header("content-length").len() == 1);
        assert_ne!(seen.body["model"], "stream");
    }
}

async fn a_stream_comes_as_it_is_said() {
    let (maker, _door, port) = opened().await;
    let mut stream = send(port, completion("Accept: text/event-stream\r\n", &asks("stream"))).await;
    let mut answer = Vec::new();
    // The maker says the rest only when the first piece has arrived here.
    while !answer.windows(11).any(|window| window == b"data: one\n\n") {
        assert_ne!(time::timeout(PATIENCE, stream.read_buf(&mut answer)).await.unwrap().unwrap(), 0);
    }
    maker.go_on();
    time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.contains("content-type: text/event-stream\r\n"), "{answer}");
    assert_eq!(body(&answer), "data: one\n\ndata: two\n\n");
}

async fn refusals_of_the_endpoint_pass() {
    let (maker, _door, port) = opened().await;
    let broken = raw(port, completion("", &asks("broken"))).await;
    assert_eq!((status(&broken), body(&broken).contains("it broke")), ("500", true), "{broken}");
    maker.set_quota(0);
    let spent = raw(port, completion("", &asks("echo"))).await;
    assert_eq!((status(&spent), body(&spent).contains("quota is spent")), ("429", true), "{spent}");
    assert!(spent.contains("retry-after: 7\r\n"), "{spent}");

    let (_door, port) = open(DoorPlan { key: Some(Secret::new("sk-another-key")), ..plan(&maker) });
    let wrong = raw(port, completion("", &asks("echo"))).await;
    assert_eq!((status(&wrong), body(&wrong).contains("wrong key")), ("401", true), "{wrong}");
}

async fn a_redirect_is_not_followed() {
    let (maker, _door, port) = opened().await;
    let answer = raw(port, completion("", &asks("moved"))).await;
    assert_eq!(status(&answer), "307", "{answer}");
    assert_eq!(maker.seen().len(), 1);
}

fn limited(maker: &Maker, limits: impl FnOnce(DoorLimits) -> DoorLimits) -> (Door, u16) {
    let plan = plan(maker);
    open(DoorPlan { limits: limits(plan.limits), ..plan })
}

async fn a_request_that_is_too_long_is_refused() {
    let maker = Maker::start(KEY).await;
    let (door, port) = limited(&maker, |limits| DoorLimits { body_bytes: 100, ..limits });
    let long = json!({ "model": "echo", "messages": ["x".repeat(100)] });
    let announced = raw(port, completion("", &long)).await;
    assert_eq!(status(&announced), "413", "{announced}");
    let chunks = "32\r\n".to_owned() + &"x".repeat(50) + "\r\n";
    let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: model\r\nTransfer-Encoding: chunked\r\n\r\n";
    let surprise = raw(port, format!("{head}{}0\r\n\r\n", chunks.repeat(3))).await;
    assert_eq!(status(&surprise), "413", "{surprise}");
    assert!(maker.seen().is_empty());
    assert_eq!(door.close().await, DoorUse { refused: 2, ..DoorUse::default() });
}

async fn a_request_that_is_too_slow_is_refused() {
    let maker = Maker::start(KEY).await;
    let short = Duration::from_millis(50);
    let (_door, port) = limited(&maker, |limits| DoorLimits { head_time: short, body_time: short, ..limits });
    let head = raw(port, "POST /v1/chat/completions HTTP/1.1\r\nHost: mo").await;
    assert!(matches!(status(&head), "" | "408"), "{head}");
    let request = completion("", &asks("echo"));
    let body = raw(port, &request[..request.len() - 1]).await;
    assert_eq!(status(&body), "408", "{body}");
    assert!(maker.seen().is_empty());
}

async fn an_answer_that_is_too_long_breaks_off() {
    let maker = Maker::start(KEY).await;
    let (door, port) = limited(&maker, |limits| DoorLimits { answer_bytes: 10, ..limits });
    let answer = raw(port, completion("", &asks("mirror"))).await;
    assert_eq!(status(&answer), "200", "{answer}");
    assert!(!answer.ends_with("0\r\n\r\n"), "it looks complete: {answer}");
    assert!(!answer.contains("authorization"), "{answer}");
    assert_eq!(door.close().await.calls, 1);
}

async fn silence_and_absence_are_told_apart() {
    let maker = Maker::start(KEY).await;
    let short = Duration::from_millis(200);
    let (_door, port) = limited(&maker, |limits| DoorLimits { answer_time: short, ..limits });
    let silent = raw(port, completion("", &asks("silent"))).await;
    assert_eq!(status(&silent), "504", "{silent}");

    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (_door, port) = open(DoorPlan { base_url: format!("http://{nowhere}/v1"), ..plan(&maker) });
    let absent = raw(port, completion("", &asks("echo"))).await;
    assert_eq!(status(&absent), "502", "{absent}");
    for answer in [silent, absent] {
        assert!(!answer.contains(KEY) && !answer.contains("127.0.0.1"), "{answer}");
    }
}

async fn calls_beyond_the_limit_wait() {
    let maker = Maker::start(KEY).await;
    let (_door, port) = limited(&maker, |limits| DoorLimits { calls: 1, ..limits });
    let mut first = send(port, completion("", &asks("stream"))).await;
    let mut answer = Vec::new();
    while !answer.windows(11).any(|window| window == b"data: one\n\n") {
        assert_ne!(time::timeout(PATIENCE, first.read_buf(&mut answer)).await.unwrap().unwrap(), 0);
    }
    let second = tokio::spawn(raw(port, completion("", &asks("echo"))));
    // It has had the time to be heard, if it were.
    time::sleep(Duration::from_millis(100)).await;
    assert_eq!(maker.seen().len(), 1);
    maker.go_on();
    assert_eq!(status(&second.await.unwrap()), "200");
}

async fn it_closes_with_its_handle() {
    let (_maker, door, port) = opened().await;
    let mut stream = send(port, completion("", &asks("stream"))).await;
    let mut answer = Vec::new();
    while !answer.windows(11).any(|window| window == b"data: one\n\n") {
        assert_ne!(time::timeout(PATIENCE, stream.read_buf(&mut answer)).await.unwrap().unwrap(), 0);
    }
    drop(door);
    let _ = time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    assert!(!answer.ends_with(b"0\r\n\r\n"), "the answer looks complete");
    // The listener is closed before the calls are cut.
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "nobody listens");
}
