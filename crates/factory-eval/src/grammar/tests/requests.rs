//! Sentences that send requests.

use serde_json::json;

use super::{all_mean, request, rich, send, status, text};
use crate::grammar::context::Attached;
use crate::grammar::phrases::Phrases;
use crate::grammar::sentence;
use crate::plan::{Action, AnswerRef, Body};

#[test]
fn requests() {
    let forgot = send(request("POST", "/forgot-password", Body::Json(json!({"email": "ann@example.test"}))));
    all_mean(
        &[forgot],
        &[
            r#"POST /forgot-password is sent with {"email": "ann@example.test"}"#,
            r#"POST /forgot-password with {"email": "ann@example.test"}"#,
            r#"POST /forgot-password {"email": "ann@example.test"}"#,
            r#"I POST to /forgot-password with JSON {"email": "ann@example.test"}"#,
            r#"I POST {"email": "ann@example.test"} to /forgot-password"#,
            r#"the client sends POST /forgot-password with the JSON body {"email": "ann@example.test"}."#,
            r#"Ann sends {"email": "ann@example.test"} to /forgot-password"#,
            r#"a POST request is made to /forgot-password with the body {"email": "ann@example.test"}"#,
            r#"a visitor makes a POST request to /forgot-password with body {"email": "ann@example.test"}"#,
            r#"someone POSTs {"email": "ann@example.test"} to /forgot-password"#,
            r#"the service receives POST /forgot-password with {"email": "ann@example.test"}"#,
        ],
    );
    all_mean(
        &[send(request("GET", "/me", Body::None))],
        &[
            "GET /me is sent",
            "the client sends GET /me",
            "I request \"/me\"",
            "I GET /me",
            "/me is requested",
            "a GET request is sent to /me",
            "Ann opens /me",
        ],
    );
    let mut me = request("GET", "/me", Body::None);
    me.headers = vec![("Authorization".to_owned(), text("Bearer {session}"))];
    all_mean(
        &[send(me)],
        &[
            "the client sends GET /me as bearer {session}",
            "GET /me with header Authorization: Bearer {session}",
            "GET /me is sent with the header \"Authorization: Bearer {session}\"",
            "GET /me with bearer token {session}",
            "GET /me is sent with the bearer token session",
            "GET /me is requested with the token {session} as bearer",
            "GET /me authorized with the bearer token {session}",
            "GET /me is sent with the header Authorization \"Bearer {session}\"",
        ],
    );
}

#[test]
fn clauses() {
    let mut forged = request("POST", "/x", Body::Json(json!({"a": "{token}", "b": [1, "{ann}"]})));
    forged.headers =
        vec![("Host".to_owned(), text("evil.test")), ("X-Forwarded-Host".to_owned(), text("evil.test"))];
    all_mean(
        &[send(forged)],
        &[
            r#"POST /x is sent with {"a": {token}, "b": [1, "{ann}"]} and the headers Host: evil.test and X-Forwarded-Host: evil.test"#,
            r#"POST /x with the headers Host: "evil.test" and X-Forwarded-Host: "evil.test", with JSON {"a": "{token}", "b": [1, {ann}]}"#,
            r#"POST /x with the header Host "evil.test" and the header X-Forwarded-Host "evil.test" and the body {"a": "{token}", "b": [1, {ann}]}"#,
        ],
    );
    let broken = Body::Text { text: text(r#"{"email": "#), media: "application/json".to_owned() };
    all_mean(
        &[send(request("POST", "/x", broken))],
        &[
            r#"POST /x is sent with the body "{\"email\": ""#,
            r#"POST /x with the malformed JSON `{"email": `"#,
            r#"POST /x with the invalid JSON body '{"email": '"#,
        ],
    );
    let form = Body::Text {
        text: text("email=ann@example.test&x=1"),
        media: "application/x-www-form-urlencoded".to_owned(),
    };
    all_mean(&[send(request("POST", "/x", form))], &["POST /x with the form email=ann@example.test&x=1"]);
    all_mean(
        &[send(request("POST", "/x", Body::Bytes(16_385)))],
        &["POST /x is sent with a body of 16,385 bytes", "POST /x with a body of exactly 16385 bytes"],
    );
    all_mean(
        &[send(request("POST", "/x", Body::None))],
        &["POST /x is sent without a body", "POST /x is sent with no body", "POST /x"],
    );
    let long = Body::Json(json!({"password": "Ab1{repeat:x:9997}"}));
    all_mean(&[send(request("POST", "/x", long))], &[r#"POST /x with {"password": "Ab1{repeat:x:9997}"}"#]);
}

#[test]
fn requests_with_their_answer() {
    let login = request("POST", "/login", Body::Json(json!({"p": "x"})));
    all_mean(
        &[send(login), Action::Check(status(AnswerRef::Current, &[200]))],
        &[
            r#"POST /login with {"p": "x"} answers 200"#,
            r#"POST /login with {"p": "x"} is answered 200"#,
            r#"POST /login with {"p": "x"} is answered with status 200"#,
            r#"POST /login with {"p": "x"} returns 200"#,
            r#"POST /login {"p": "x"} -> 200"#,
            r#"POST /login with {"p": "x"} and the status is 200"#,
            r#"POST /login should be answered with 200 with {"p": "x"}"#,
        ],
    );
}

#[test]
fn several_requests() {
    let last = || request("POST", "/last", Body::Json(json!({"a": 1})));
    all_mean(
        &[send(last())],
        &[
            "the same request is sent again",
            "that request is sent again",
            "the client repeats the same request",
            "the request is repeated",
            "another such request is sent",
            "it is sent again",
        ],
    );
    all_mean(
        &[Action::Send { requests: vec![last()], times: 3, together: false }],
        &[
            "that request is sent 3 more times",
            "the same request is sent three times",
            "3 such requests are sent",
            "the same request is sent 3 times in a row",
            "the request is repeated 3 times",
        ],
    );
    all_mean(
        &[Action::Send { requests: vec![last()], times: 10, together: true }],
        &[
            "10 such requests are sent at the same time",
            "the same request is sent 10 times at the same time",
            "ten of these requests are sent simultaneously",
            "the same request is sent 10 times in parallel",
            "the same request is sent by 10 clients at once",
        ],
    );
    let numbered = request("POST", "/x", Body::Json(json!({"id": "{n}"})));
    all_mean(
        &[Action::Send { requests: vec![numbered], times: 10, together: true }],
        &[
            r#"POST /x is sent 10 times at the same time with {"id": "{n}"}"#,
            r#"POST /x is sent 10 times with {"id": {n}} concurrently"#,
        ],
    );
}

#[test]
fn attached_bodies() {
    let phrases = Phrases::default();
    let mut context = rich(&phrases);
    context.attached.doc = Some((r#"{"token": "{token}"}"#.to_owned(), Some("json".to_owned())));
    let body = Body::Text { text: text(r#"{"token": "{token}"}"#), media: "application/json".to_owned() };
    let actions = sentence::compile("POST /x is sent with body:", &mut context, 0).unwrap();
    assert_eq!(actions, [send(request("POST", "/x", body))]);

    let table = Some(vec![vec!["email".to_owned(), "a@b.test".to_owned()]]);
    for sentence in ["POST /x is sent with the fields:", "POST /x is sent with:", "POST /x"] {
        context.attached = Attached { doc: None, table: table.clone() };
        let actions = sentence::compile(sentence, &mut context, 0).unwrap();
        assert_eq!(
            actions,
            [send(request("POST", "/x", Body::Json(json!({"email": "a@b.test"}))))],
            "{sentence}"
        );
    }
    context.attached = Attached { doc: None, table };
    assert!(
        sentence::compile("the status is 200", &mut context, 0).is_err(),
        "a table that belongs to nothing"
    );

    context.attached.doc = Some(("POST /a with {\"x\": 1}\n\nGET /b as bearer {session}\n".to_owned(), None));
    let actions = sentence::compile("these requests are sent at the same time:", &mut context, 0).unwrap();
    let [Action::Send { requests, times: 1, together: true }] = actions.as_slice() else {
        panic!("{actions:?}")
    };
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].headers.len(), 1);
    assert!(
        sentence::compile("the status is 200", &mut context, 0).is_err(),
        "two answers, and none is meant"
    );
}
