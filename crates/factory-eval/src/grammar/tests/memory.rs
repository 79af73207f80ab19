//! Sentences that remember, and sentences about what was remembered; phrases of a project; what is refused.

use serde_json::{Value, json};

use super::{all_mean, burst, check, request, rich, send, text};
use crate::grammar::context::Context;
use crate::grammar::phrases::Phrases;
use crate::grammar::sentence;
use crate::plan::{Action, AnswerRef, Body, Check, Count, Fresh, Kind, LinkPart, Measure, Predicate, Source};

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
    assert!(String::from(sentence::compile("for ever", &mut context, 0).unwrap_err()).contains("deep"));
    let _: Value = serde_json::to_value(&actions).unwrap();
}
