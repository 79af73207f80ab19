//! Sentences and what they mean. Each group has one meaning and many ways to say it.

use std::time::Duration;

use serde_json::{Value, json};

use super::context::{Attached, Context, Origin, Sent};
use super::phrases::Phrases;
use super::sentence;
use crate::plan::{
    Action, AnswerRef, Body, Check, Count, Fault, Fresh, Kind, LinkPart, MailPart, Measure, OutputPart,
    Parts, Period, Predicate, Range, Request, Since, Source, StatusPattern, Stop, Tally, Template,
};

fn text(source: &str) -> Template {
    Template::new(source)
}

fn request(method: &str, path: &str, body: Body) -> Request {
    Request { method: method.to_owned(), path: text(path), headers: Vec::new(), body }
}

fn send(request: Request) -> Action {
    Action::Send { requests: vec![request], times: 1, together: false }
}

/// A context in which everything that can be spoken of is there.
fn rich(phrases: &Phrases) -> Context<'_> {
    let mut context = Context::new(phrases);
    for name in ["token", "session", "wait", "first", "second", "link"] {
        context.names.insert(name.to_owned(), Origin::Observed);
    }
    context.names.insert("ann".to_owned(), Origin::Own);
    context.answers.extend(["known".to_owned(), "unknown".to_owned()]);
    context.sent = Some(Sent {
        requests: vec![request("POST", "/last", Body::Json(json!({"a": 1})))],
        answers: 1,
        ordered: true,
    });
    context.acted = true;
    context.mail = true;
    context.link = true;
    context.command = true;
    context
}

fn in_order(phrases: &Phrases) -> Context<'_> {
    burst(phrases, true)
}

fn at_once(phrases: &Phrases) -> Context<'_> {
    burst(phrases, false)
}

fn burst(phrases: &Phrases, ordered: bool) -> Context<'_> {
    let mut context = rich(phrases);
    context.sent = context.sent.map(|sent| Sent { answers: 10, ordered, ..sent });
    context
}

#[track_caller]
fn all_mean(meaning: &[Action], sentences: &[&str]) {
    mean(rich, meaning, sentences);
}

#[track_caller]
fn burst_means(meaning: &[Action], ordered: bool, sentences: &[&str]) {
    mean(if ordered { in_order } else { at_once }, meaning, sentences);
}

/// All that fail are shown, so that a rule is mended once.
#[track_caller]
fn mean(context: for<'a> fn(&'a Phrases) -> Context<'a>, meaning: &[Action], sentences: &[&str]) {
    let phrases = Phrases::default();
    let mut wrong = String::new();
    for sentence in sentences {
        match sentence::compile(sentence, &mut context(&phrases), 0) {
            Ok(actions) if actions == meaning => {}
            other => wrong.push_str(&format!("{sentence}\n    {other:?}\n")),
        }
    }
    assert!(wrong.is_empty(), "expected {meaning:?}\n{wrong}");
}

#[track_caller]
fn check(check: Check, sentences: &[&str]) {
    all_mean(&[Action::Check(check)], sentences);
}

fn status(of: AnswerRef, codes: &[u16]) -> Check {
    Check::Status { of, any_of: codes.iter().map(|code| StatusPattern::Exactly(*code)).collect(), not: false }
}

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

#[test]
fn statuses() {
    check(
        status(AnswerRef::Current, &[410]),
        &[
            "the status is 410",
            "the response status should be 410",
            "it answers 410",
            "the service responds with 410",
            "the service must answer with status 410",
            "the answer is 410",
            "the answer has the status 410",
            "the HTTP status code equals 410",
            "the request is rejected with 410",
            "the reply has status code 410",
            "it is answered 410",
        ],
    );
    check(
        status(AnswerRef::Current, &[200, 422]),
        &[
            "the status is 200 or 422",
            "the status is one of 200, 422",
            "it answers 200 or 422",
            "the status is either 200 or 422",
        ],
    );
    check(
        Check::Status { of: AnswerRef::Current, any_of: vec![StatusPattern::Exactly(200)], not: true },
        &[
            "the status is not 200",
            "the response status should not be 200",
            "the status isn't 200",
            "the answer is not 200",
        ],
    );
    check(
        Check::Status { of: AnswerRef::Current, any_of: vec![StatusPattern::Class(2)], not: false },
        &["the status is 2xx", "it answers 2xx"],
    );
    check(
        status(AnswerRef::Named("known".to_owned()), &[202]),
        &["the status of \"known\" is 202", "the answer \"known\" is 202"],
    );
    check(
        Check::Within(AnswerRef::Current, Duration::from_secs(2)),
        &[
            "the response arrives within 2 seconds",
            "the answer comes in less than 2 s",
            "the answer takes at most two seconds",
        ],
    );
}

#[test]
fn statuses_of_several() {
    burst_means(
        &[Action::Check(status(AnswerRef::Each, &[202]))],
        false,
        &[
            "each answer is 202",
            "all answers have status 202",
            "every response has the status 202",
            "each of the answers is 202",
            "all 10 answers are 202",
            "each request is answered 202",
            "all of them are answered 202",
        ],
    );
    let one = Tally { count: Count::exactly(1), any_of: vec![StatusPattern::Exactly(200)] };
    burst_means(
        &[Action::Check(Check::Tally { counts: vec![one], others: Some(vec![StatusPattern::Exactly(410)]) })],
        false,
        &[
            "exactly one of the answers has status 200 and the others 410",
            "exactly 1 of the 10 answers is 200, and all the others are 410",
            "one answer is 200 and the rest are 410",
            "exactly one request is answered 200 and the others are answered 410",
            "exactly one of them has status 200 and the others have status 410",
        ],
    );
    let tally =
        |count, code| Tally { count: Count::exactly(count), any_of: vec![StatusPattern::Exactly(code)] };
    burst_means(
        &[Action::Check(Check::Tally { counts: vec![tally(3, 202), tally(7, 429)], others: None })],
        false,
        &[
            "exactly 3 answers are 202 and 7 answers are 429",
            "exactly 3 of the answers have status 202 and exactly 7 have status 429",
            "3 answers have the status 202, and 7 the status 429",
        ],
    );
    burst_means(
        &[Action::Check(status(AnswerRef::Last, &[429]))],
        true,
        &[
            "the last answer is 429",
            "the status of the last answer is 429",
            "the last request is answered 429",
        ],
    );
    burst_means(
        &[Action::Check(status(AnswerRef::At(1), &[202]))],
        true,
        &["the second answer is 202", "the 2nd answer has status 202"],
    );
}

#[test]
fn headers() {
    let header = |predicate| Check::Header(AnswerRef::Current, "Retry-After".to_owned(), predicate);
    check(
        header(Predicate::Present),
        &[
            "the header Retry-After is present",
            "the header \"Retry-After\" exists",
            "the Retry-After header is present",
            "the answer has the header Retry-After",
            "the response must have a Retry-After header",
            "the answer has a header Retry-After",
        ],
    );
    check(
        header(Predicate::Missing),
        &[
            "the header Retry-After is absent",
            "the header Retry-After is missing",
            "the answer has no header Retry-After",
            "the answer does not have the header Retry-After",
            "the header Retry-After isn't present",
        ],
    );
    check(
        header(Predicate::Is(Kind::PositiveInteger)),
        &[
            "the header Retry-After is a positive integer",
            "the Retry-After header should be a positive integer",
        ],
    );
    let range = Range { min: Some((1790.0, true)), max: Some((1800.0, true)) };
    check(
        header(Predicate::Number(range)),
        &[
            "the header Retry-After is between 1790 and 1800",
            "the header Retry-After is between 1,790 and 1,800 seconds",
        ],
    );
    check(
        header(Predicate::Equals(json!("60"))),
        &["the header Retry-After equals \"60\"", "the answer has the header Retry-After: \"60\""],
    );
    check(header(Predicate::Equals(json!(60))), &["the header Retry-After is 60"]);
    all_mean(
        &[
            Action::Check(header(Predicate::Is(Kind::PositiveInteger))),
            Action::Check(header(Predicate::Number(Range { min: None, max: Some((1800.0, true)) }))),
        ],
        &["the header Retry-After is a positive integer and is at most 1800"],
    );
}

#[test]
fn bodies_and_fields() {
    let body = |predicate| Check::Body(AnswerRef::Current, predicate);
    check(
        body(Predicate::Equals(json!({"status": "accepted"}))),
        &[
            r#"the body is {"status": "accepted"}"#,
            r#"the response body should be {"status": "accepted"}"#,
            r#"the JSON body equals {"status": "accepted"}"#,
            r#"the answer has the body {"status": "accepted"}"#,
            r#"the body is exactly {"status": "accepted"}"#,
        ],
    );
    check(
        body(Predicate::Includes(json!({"status": "ok"}))),
        &[
            r#"the body includes {"status": "ok"}"#,
            r#"the body contains the JSON {"status": "ok"}"#,
            r#"the answer contains {"status": "ok"}"#,
        ],
    );
    check(body(Predicate::Exactly(text("ok"))), &["the body is exactly \"ok\""]);
    check(
        body(Predicate::Contains(text("ok"))),
        &["the body contains \"ok\"", "the body contains the text \"ok\""],
    );
    check(
        body(Predicate::ContainsNot(text("{token}"))),
        &[
            "the body does not contain {token}",
            "the body must not contain the token",
            "the body does not contain \"{token}\"",
            "the response should not contain {token}",
        ],
    );
    check(body(Predicate::Is(Kind::Empty)), &["the body is empty", "the answer has no body"]);
    check(body(Predicate::Is(Kind::Object)), &["the body is a JSON object", "the body is an object"]);
    let fields =
        |only| Check::Fields { of: AnswerRef::Current, names: vec!["a".to_owned(), "b".to_owned()], only };
    check(
        fields(false),
        &[
            "the body has the fields a and b",
            "the body has the fields \"a\" and \"b\"",
            "the answer has fields a, b",
        ],
    );
    check(fields(true), &["the body has only the fields a and b", "the body has exactly the fields a and b"]);
    let field = |name: &str, predicate| Check::Field(AnswerRef::Current, name.to_owned(), predicate);
    check(
        field("a.b[0]", Predicate::Equals(json!(3))),
        &["field `a.b[0]` equals 3", "the field a.b[0] is 3", "the JSON field \"a.b[0]\" should be 3"],
    );
    check(
        field("error", Predicate::Missing),
        &["the field error is missing", "the body has no field error", "the JSON field \"error\" is absent"],
    );
    check(
        field("items", Predicate::Length(Measure::Elements, Count::exactly(3))),
        &["the field items has 3 elements", "the field \"items\" contains exactly three elements"],
    );
    check(
        field("email", Predicate::Equals(json!("{ann}"))),
        &[
            "the field email is {ann}",
            "the JSON property \"email\" equals \"{ann}\"",
            "the field email of the answer is the ann",
        ],
    );
    let both = [Predicate::Is(Kind::String), Predicate::IsNot(Kind::Empty)];
    all_mean(
        &both.map(|one| Action::Check(field("error", one))),
        &[
            "the JSON field \"error\" is a non-empty string",
            "the field error is a string and is not empty",
            "the field \"error\" of the body is a non-empty string",
        ],
    );
}

#[test]
fn naming_and_comparing_answers() {
    all_mean(
        &[Action::NameAnswer("x".to_owned())],
        &[
            "the answer is called \"x\"",
            "remember the answer as \"x\"",
            "the response is remembered as x",
            "I remember this response as \"x\"",
        ],
    );
    let named = || vec![AnswerRef::Named("known".to_owned()), AnswerRef::Named("unknown".to_owned())];
    let all = Parts { status: true, headers: true, body: true };
    check(
        Check::SameAnswers { answers: named(), parts: all, except: vec!["date".to_owned()], differ: false },
        &[
            "the answers \"known\" and \"unknown\" are identical apart from the Date header",
            "the answers \"known\" and \"unknown\" are the same except for Date",
            "the answer \"known\" is identical to \"unknown\" apart from the header Date",
            "both answers are the same apart from Date",
            "the responses \"known\" and \"unknown\" must be identical, except for the header Date",
        ],
    );
    check(
        Check::SameAnswers {
            answers: named(),
            parts: Parts { status: true, headers: false, body: true },
            except: Vec::new(),
            differ: false,
        },
        &[
            "the answers \"known\" and \"unknown\" have the same status and body",
            "the answers \"known\" and \"unknown\" share the same status and the body",
        ],
    );
    check(
        Check::SameAnswers {
            answers: named(),
            parts: Parts { status: false, headers: false, body: true },
            except: Vec::new(),
            differ: false,
        },
        &[
            "the body of \"known\" and the body of \"unknown\" are the same",
            "the answers \"known\" and \"unknown\" have the same body",
        ],
    );
    check(
        Check::SameAnswers { answers: named(), parts: all, except: Vec::new(), differ: true },
        &["the answers \"known\" and \"unknown\" differ"],
    );
}

#[test]
fn counting_mails() {
    let mails =
        |to: Option<&str>, count, since, within| Check::Mails { to: to.map(text), count, since, within };
    let ann = Some("ann@example.test");
    let window = Since::Window;
    check(
        mails(ann, Count::exactly(1), window, None),
        &[
            "exactly 1 mail is sent to \"ann@example.test\"",
            "exactly one mail is sent to ann@example.test",
            "one e-mail has been sent to \"ann@example.test\"",
            "exactly one email arrives for \"ann@example.test\"",
            "the service sends exactly one mail to ann@example.test",
            "\"ann@example.test\" receives exactly 1 mail",
            "there is exactly one mail to \"ann@example.test\"",
        ],
    );
    check(
        mails(Some("{ann}"), Count::exactly(0), window, None),
        &[
            "no mail is sent to {ann}",
            "no mails are sent to \"{ann}\"",
            "the service does not send any mail to {ann}",
            "{ann} receives no mail",
            "no mail arrives at {ann}",
            "no email was sent to {ann}",
        ],
    );
    check(
        mails(None, Count::exactly(0), window, None),
        &["no mail is sent", "no mail arrives", "nothing is mailed"],
    );
    check(
        mails(None, Count::exactly(0), Since::LastCheck, None),
        &["no further mail arrives", "no other mail is sent", "no more mails are sent"],
    );
    check(
        mails(ann, Count { min: 1, max: None }, window, Some(Duration::from_secs(5))),
        &[
            "a mail to \"ann@example.test\" arrives within 5 seconds",
            "a mail arrives for \"ann@example.test\" within 5 seconds",
            "a mail is sent to ann@example.test within five seconds",
        ],
    );
    check(
        mails(None, Count::exactly(3), Since::Start, None),
        &["3 mails are sent in total", "exactly three mails are sent in all"],
    );
    check(
        mails(ann, Count { min: 0, max: Some(3) }, window, None),
        &[
            "at most 3 mails are sent to ann@example.test",
            "no more than three mails are sent to \"ann@example.test\"",
        ],
    );
    check(
        mails(ann, Count { min: 1, max: None }, Since::LastCheck, None),
        &["another mail is sent to ann@example.test", "a second mail arrives for ann@example.test"],
    );
}

#[test]
fn reading_mails_and_links() {
    check(
        Check::Mail(MailPart::Subject, None, Predicate::Contains(text("password"))),
        &[
            "its subject contains \"password\"",
            "the mail's subject contains \"password\"",
            "the subject of the mail contains \"password\"",
        ],
    );
    check(
        Check::Mail(MailPart::Text, None, Predicate::Contains(text("{url}"))),
        &[
            "the mail contains \"{url}\"",
            "the mail's text contains \"{url}\"",
            "the text of the mail contains {url}",
        ],
    );
    check(
        Check::Mail(MailPart::From, None, Predicate::Equals(json!("a@b.test"))),
        &["the mail is from a@b.test"],
    );
    check(
        Check::Links { to: None, count: Count::exactly(1), which: None },
        &[
            "the mail contains exactly one link",
            "it contains exactly 1 link",
            "the mail has exactly one link",
            "the mail's text contains exactly one URL",
        ],
    );
    let path = Some((LinkPart::Path, Predicate::Equals(json!("/reset-password"))));
    check(
        Check::Links { to: None, count: Count { min: 1, max: None }, which: path },
        &[
            "the mail contains a link whose path is /reset-password",
            "the mail contains a link with path /reset-password",
            "the mail contains a link to /reset-password",
            "it has a link whose path is \"/reset-password\"",
        ],
    );
    let whole = |predicate| Check::Link(LinkPart::Whole, predicate);
    check(
        whole(Predicate::StartsWith(text("{url}/reset-password?token="))),
        &[
            "the link starts with \"{url}/reset-password?token=\"",
            "that link must begin with `{url}/reset-password?token=`",
        ],
    );
    check(
        whole(Predicate::Equals(json!("{url}/r?token={token}"))),
        &["the link is \"{url}/r?token={token}\"", "the link equals \"{url}/r?token={token}\""],
    );
    check(
        Check::Link(LinkPart::Parameter("token".to_owned()), Predicate::Is(Kind::Base64Url)),
        &[
            "the link's query parameter \"token\" is base64url",
            "the query parameter token of the link consists of base64url characters",
            "the link's token parameter is base64url",
        ],
    );
    check(
        Check::Link(LinkPart::Path, Predicate::Equals(json!("/reset-password"))),
        &["the link's path is /reset-password", "the path of the link is \"/reset-password\""],
    );
    check(Check::LinkStandsAlone, &["the link is followed by white space or the end of the text"]);
}

#[test]
fn remembering() {
    let capture = |name: &str, from| Action::Capture(crate::plan::Capture { name: name.to_owned(), from });
    let parameter = || LinkPart::Parameter("token".to_owned());
    all_mean(
        &[capture("token", Source::Link(parameter(), None))],
        &[
            "the link's query parameter \"token\" is remembered as token",
            "the link's query parameter token is remembered as \"token\"",
            "remember the query parameter token of the link as \"token\"",
            "the token parameter of that link is remembered as token",
            "remember the token from the link in the mail as \"token\"",
        ],
    );
    all_mean(
        &[capture("token", Source::Link(parameter(), Some(text("ann@example.test"))))],
        &[
            "remember the token from the link in the last mail to \"ann@example.test\" as \"token\"",
            "I remember the token of the link in the mail to ann@example.test as token",
        ],
    );
    all_mean(
        &[capture("session", Source::Field(AnswerRef::Current, "token".to_owned()))],
        &[
            "the field \"token\" is remembered as session",
            "remember the field token of the answer as \"session\"",
            "the JSON field token of the response is saved as session",
            "I save the field \"token\" as \"session\"",
        ],
    );
    all_mean(
        &[capture("wait", Source::Header(AnswerRef::Current, "Retry-After".to_owned()))],
        &["the header Retry-After is remembered as wait", "remember the Retry-After header as \"wait\""],
    );
    all_mean(
        &[capture("url2", Source::Link(LinkPart::Whole, None))],
        &["the link is remembered as url2", "remember that link as url2"],
    );
    let fresh = |name: &str, kind| Action::Fresh { name: name.to_owned(), kind };
    all_mean(
        &[fresh("bob", Fresh::Email)],
        &["a fresh email address called bob", "a random address \"bob\"", "a fresh mail address named bob"],
    );
    all_mean(
        &[fresh("secret", Fresh::Password)],
        &["a fresh password called secret", "a new random password called \"secret\""],
    );
}

#[test]
fn remembered_values() {
    let value = |predicate| Check::Value(text("{token}"), predicate);
    let long = || value(Predicate::Length(Measure::Characters, Count { min: 43, max: None }));
    check(
        long(),
        &[
            "the token has at least 43 characters",
            "the token \"token\" is at least 43 characters long",
            "{token} is at least 43 characters",
        ],
    );
    all_mean(
        &[Action::Check(long()), Action::Check(value(Predicate::Is(Kind::Base64Url)))],
        &[
            "the token \"token\" is at least 43 characters of base64url",
            "the token has at least 43 characters and is base64url",
            "the token {token} has at least 43 characters and consists only of base64url characters",
        ],
    );
    check(
        value(Predicate::Length(Measure::DecodedBytes, Count { min: 32, max: None })),
        &[
            "the token decodes to at least 32 bytes of base64url",
            "the token \"token\" is at least 32 bytes in base64url",
        ],
    );
    check(
        value(Predicate::Matches("^[A-Za-z0-9_-]{43,}$".to_owned())),
        &[
            "the token matches \"^[A-Za-z0-9_-]{43,}$\"",
            "the token matches the regular expression `^[A-Za-z0-9_-]{43,}$`",
        ],
    );
    let pair = |differ| Check::SameValues { values: vec![text("{first}"), text("{second}")], differ };
    check(
        pair(true),
        &[
            "the tokens first and second differ",
            "the tokens \"first\" and \"second\" are different",
            "{first} and {second} differ from each other",
            "the token first is not the token second",
            "the token first differs from the token second",
        ],
    );
    check(
        pair(false),
        &[
            "the tokens first and second are the same",
            "{first} equals {second}",
            "the values first and second are identical",
        ],
    );
}

#[test]
fn time() {
    let minutes = |count: u64| [Action::Advance(Period::Fixed(Duration::from_secs(60 * count)))];
    all_mean(
        &minutes(61),
        &[
            "61 minutes pass",
            "61 minutes have elapsed",
            "61 minutes have passed",
            "61 minutes later",
            "after 61 minutes",
            "an hour and one minute pass",
            "1 hour and 1 minute have passed",
            "the clock moves forward by 1 hour and 1 minute",
            "the clock is moved forward by 61 minutes",
            "1h 1min pass",
            "another 61 minutes go by",
        ],
    );
    let almost = Duration::from_secs(59 * 60 + 50);
    all_mean(
        &[Action::Advance(Period::Fixed(almost))],
        &[
            "59 minutes and 50 seconds later",
            "59 minutes, 50 seconds pass",
            "3590 seconds pass",
            "3,590 seconds have elapsed",
        ],
    );
    let remembered = Period::Remembered { number: text("{wait}"), unit: Duration::from_secs(1) };
    all_mean(&[Action::Advance(remembered)], &["{wait} seconds pass", "{wait} seconds later"]);
    all_mean(
        &[Action::Wait(Duration::from_secs(2))],
        &["I wait 2 seconds", "the client waits for two seconds"],
    );
    let mut both = minutes(61).to_vec();
    both.push(send(request("GET", "/me", Body::None)));
    all_mean(
        &both,
        &[
            "61 minutes later GET /me is sent",
            "after 61 minutes, GET /me is sent",
            "61 minutes pass and the client sends GET /me",
        ],
    );
}

#[test]
fn surroundings() {
    for (fault, sentences) in [
        (
            Fault::Down,
            &[
                "the mail server is down",
                "the mail server is unreachable",
                "the SMTP server refuses connections",
                "the mail server goes down",
            ][..],
        ),
        (
            Fault::None,
            &[
                "the mail server comes back",
                "the mail server is up again",
                "the mail server works again",
                "the mail server is back",
            ],
        ),
        (Fault::Reject, &["the mail server rejects all mail", "the mail server rejects every recipient"]),
        (Fault::Hang, &["the mail server hangs", "the mail server does not answer"]),
    ] {
        all_mean(&[Action::MailServer(fault)], sentences);
    }
    all_mean(
        &[Action::Restart(Stop::Asked)],
        &[
            "the service is restarted",
            "the service restarts",
            "I restart the service",
            "the service is stopped and started again",
        ],
    );
    all_mean(
        &[Action::Restart(Stop::Killed)],
        &["the service is killed and started again", "the service crashes and is restarted"],
    );
    check(
        Check::Log { text: text("{token}"), not: true },
        &[
            "the log does not contain {token}",
            "the log must not contain the token",
            "the service's log never contains \"{token}\"",
        ],
    );
    check(
        Check::Files { text: text("{token}"), not: true },
        &[
            "no file under the scratch directory contains {token}",
            "the database files do not contain {token}",
            "the database file does not contain the token",
            "no database file contains {token}",
        ],
    );
    all_mean(
        &[Action::Run(text("ls -l"))],
        &["the command `ls -l` is run", "I run `ls -l`", "the user runs the command \"ls -l\""],
    );
    check(Check::Exit(Predicate::Equals(json!(0))), &["the exit code is 0", "the exit status should be 0"]);
    check(
        Check::Output(OutputPart::Both, Predicate::Contains(text("x"))),
        &["the output contains \"x\"", "the command's output contains \"x\""],
    );
    check(
        Check::Output(OutputPart::Stderr, Predicate::Is(Kind::Empty)),
        &["standard error is empty", "stderr is empty"],
    );
    let phrases = Phrases::default();
    assert_eq!(sentence::compile("the service is running", &mut Context::new(&phrases), 0).unwrap(), []);
}

#[test]
fn joined_sentences() {
    let field = |predicate| Action::Check(Check::Field(AnswerRef::Current, "error".to_owned(), predicate));
    all_mean(
        &[
            Action::Check(status(AnswerRef::Current, &[429])),
            field(Predicate::Is(Kind::String)),
            field(Predicate::IsNot(Kind::Empty)),
        ],
        &[
            "the status is 429 and the JSON field \"error\" is a non-empty string",
            "it answers 429, and the field error is a string and is not empty",
        ],
    );
    all_mean(
        &[
            Action::Check(Check::Mails {
                to: Some(text("{ann}")),
                count: Count::exactly(1),
                since: Since::Window,
                within: None,
            }),
            Action::Check(Check::Links { to: None, count: Count::exactly(1), which: None }),
        ],
        &["exactly 1 mail is sent to {ann} and it contains exactly one link"],
    );
}

#[test]
fn what_is_refused() {
    let phrases = Phrases::default();
    let refused = [
        // Not understood.
        "the moon is full",
        "nobody sends POST /x",
        "no POST /x is sent",
        "POST /x is sent with {\"a\": 1} backwards",
        "the status is 202 (exactly once)",
        "the status is perhaps 202",
        "the answer is polite",
        "exactly one of the answers is 200 and the others are fine",
        "GET me",
        // Names that are not there.
        "POST /x with {\"a\": \"{nothing}\"}",
        "the body does not contain {nothing}",
        "the answers \"known\" and \"other\" are the same",
        "GET /me as bearer nothing",
        "the field token is remembered as url",
        // About the scenario's own values.
        "the address ann is base64url",
        "the value ann has 12 characters",
        // Bad literals.
        "the body is {\"a\": }",
        "the token matches \"(\"",
        "the body contains \"open",
        "wait 2 hours",
        "0 seconds pass",
        "POST /x is sent 1000 times",
    ];
    for sentence in refused {
        assert!(sentence::compile(sentence, &mut rich(&phrases), 0).is_err(), "{sentence}");
    }
    for sentence in ["the status is 202", "the last answer is 202", "the answers are 202, 202 and 429"] {
        assert!(sentence::compile(sentence, &mut burst(&phrases, false), 0).is_err(), "{sentence}");
    }
    for sentence in [
        "the status is 202",
        "no mail is sent",
        "the same request is sent again",
        "its subject is \"x\"",
        "the exit code is 0",
        "the link's path is /x",
    ] {
        assert!(sentence::compile(sentence, &mut Context::new(&phrases), 0).is_err(), "{sentence}");
    }
}

#[test]
fn phrases_stand_for_sentences() {
    let phrases = Phrases::parse(
        r#"
        [[step]]
        pattern = 'a registered user "{email}"'
        steps = ['POST /register with {"email": "{email}"}', 'the status is 201']
        [[step]]
        pattern = 'two users'
        steps = ['a registered user "a@b.test"', 'a registered user "c@d.test"']
        [[step]]
        pattern = 'for ever'
        steps = ['for ever']
        "#,
    )
    .unwrap();
    let actions = sentence::compile("two users", &mut Context::new(&phrases), 0).unwrap();
    assert_eq!(actions.len(), 4);
    assert_eq!(actions[2], send(request("POST", "/register", Body::Json(json!({"email": "c@d.test"})))));
    let mut context = rich(&phrases);
    let actions = sentence::compile("a registered user \"{ann}\"", &mut context, 0).unwrap();
    assert_eq!(actions[0], send(request("POST", "/register", Body::Json(json!({"email": "{ann}"})))));
    assert!(sentence::compile("for ever", &mut context, 0).unwrap_err().contains("deep"));
    let _: Value = serde_json::to_value(&actions).unwrap();
}

/// A sentence of the reference and what stands under it.
struct Shown {
    sentence: String,
    attached: Attached,
}

/// The sentences that the reference shows: the columns of its indented lines that begin with a keyword, but for
/// explanations after `#`.
fn reference() -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut lines = include_str!("../../../../docs/scenarios.md").lines().peekable();
    while let Some(line) = lines.next() {
        let keywords = ["Given ", "When ", "Then ", "And "];
        let sentences = keywords.iter().find_map(|keyword| line.strip_prefix("    ")?.strip_prefix(keyword));
        let Some(sentences) = sentences else { continue };
        let mut attached = Attached::default();
        if lines.next_if(|next| next.trim().starts_with("\"\"\"")).is_some() {
            let inner: Vec<&str> =
                std::iter::from_fn(|| lines.next().map(str::trim).filter(|line| *line != "\"\"\"")).collect();
            attached.doc = Some((inner.join("\n"), None));
        }
        while let Some(row) = lines.next_if(|next| next.trim().starts_with('|')) {
            let cells = row.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
            attached.table.get_or_insert_default().push(cells);
        }
        let columns = sentences
            .split("   ")
            .map(str::trim)
            .filter(|column| !column.is_empty() && !column.starts_with('#'));
        shown.extend(columns.map(|column| Shown { sentence: column.to_owned(), attached: attached.clone() }));
    }
    shown
}

fn four(phrases: &Phrases) -> Context<'_> {
    let mut context = in_order(phrases);
    context.sent = context.sent.map(|sent| Sent { answers: 4, ..sent });
    context
}

#[test]
fn the_reference_shows_what_is_understood() {
    let phrases = Phrases::default();
    let contexts: [for<'a> fn(&'a Phrases) -> Context<'a>; 4] = [rich, in_order, at_once, four];
    let shown = reference();
    assert!(shown.len() > 100, "{} sentences are not all", shown.len());
    let mut wrong = String::new();
    for Shown { sentence, attached } in shown {
        let errors: Vec<String> = contexts
            .iter()
            .filter_map(|context| {
                let mut context = context(&phrases);
                context.attached = attached.clone();
                sentence::compile(&sentence, &mut context, 0).err()
            })
            .collect();
        if errors.len() == contexts.len() {
            wrong.push_str(&format!("{sentence}: {errors:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
