//! Sentences and what they mean. Each group has one meaning and many ways to say it.

mod answers;
mod corpus;
mod memory;
mod reference;
mod requests;
mod rewritten;
mod robust;
mod short;
mod world;

use serde_json::json;

use super::context::{Act, Context, Origin, Sent};
use super::phrases::Phrases;
use super::sentence;
use crate::plan::{Action, AnswerRef, Body, Check, Request, StatusPattern, Template};

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
    for name in ["token", "session", "wait", "first", "second", "link", "name", "id", "secret"] {
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
    context.last = Some(Act::Request);
    context.then = true;
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
