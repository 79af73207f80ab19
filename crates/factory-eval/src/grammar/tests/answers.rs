//! Sentences about answers: status, headers, bodies, fields, and answers beside each other.

use std::time::Duration;

use serde_json::json;

use super::{all_mean, burst_means, check, status, text};
use crate::plan::{
    Action, AnswerRef, Check, Count, Kind, Measure, Parts, Predicate, Range, Since, StatusPattern, Tally,
};

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
