//! Sentences about mails, links, time, commands and what else surrounds the service.

use std::time::Duration;

use serde_json::json;

use super::{all_mean, check, request, send, text};
use crate::grammar::context::Context;
use crate::grammar::phrases::Phrases;
use crate::grammar::sentence;
use crate::plan::{
    Action, Body, Check, Count, Fault, Kind, LinkPart, MailPart, OutputPart, Period, Predicate, Since, Stop,
};

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
        &[Action::Run(crate::plan::Command::new(text("ls -l")))],
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
