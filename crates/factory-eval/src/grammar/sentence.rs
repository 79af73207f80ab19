//! One sentence: which rule it is for, or how it falls into parts.

use super::context::{Attached, Context};
use super::lex::{self, Lexed, Literal};
use super::pattern::{Pattern, Text};
use super::predicate::Said;
use super::{
    answers, command, compare, data, files, mail, memory, nearest, phrases, prepare, request, voice, words,
    world,
};
use crate::plan::Action;

/// Parts that a sentence may fall into; more is no sentence.
const MAX_PARTS: usize = 12;
/// Bytes of words, literals apart, and places where a sentence could fall apart. Every rule is tried at each of them.
const MOST_WORDS: usize = 600;
const MOST_JOINTS: usize = 40;
/// How often the rules are tried on a sentence and its parts. One that falls apart in many ways could be tried for ever.
const MOST_TRIES: usize = 600;
/// Bytes that a sentence may have. Most of them are a JSON body.
const LONGEST: usize = 256 * 1024;

/// What was learned while a sentence was tried.
#[derive(Default)]
struct Search {
    /// Why it is not understood; the first is the best.
    reasons: Vec<String>,
    tries: usize,
}

impl Search {
    /// Whether the rules may be tried once more.
    fn goes_on(&mut self) -> bool {
        self.tries += 1;
        self.tries <= MOST_TRIES
    }
}

static LEADING_TIME: Pattern = Pattern::new(
    r"(?P<time>(?:after (?:another )?{by:duration}|(?:another )?{by_too:duration} (?:later|after that|afterwards))),? {rest:any}",
);

/// Why a sentence has no steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No rule is about it.
    Unknown(String),
    /// A rule is, and says why it cannot be meant so.
    Wrong(String),
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Refusal::Wrong(why)
    }
}

impl From<Refusal> for String {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown(why) | Refusal::Wrong(why) => why,
        }
    }
}

/// Compiles one sentence; phrases of the project first.
///
/// # Errors
/// Why it is not understood or cannot be meant.
pub(crate) fn compile(source: &str, context: &mut Context<'_>, depth: usize) -> Result<Vec<Action>, Refusal> {
    if let Some(steps) = context.phrases.expand(source) {
        if depth >= phrases::MAX_DEPTH {
            let deepest = phrases::MAX_DEPTH;
            return Err(format!("phrases of `steps.toml` use each other more than {deepest} deep").into());
        }
        let mut actions = Vec::new();
        for step in steps {
            let inner = compile(&step, context, depth + 1)
                .map_err(|why| format!("in the step `{step}` of its phrase: {}", String::from(why)))?;
            actions.extend(inner);
        }
        return Ok(actions);
    }
    if source.len() > LONGEST {
        return Err(format!(
            "a sentence has up to {LONGEST} bytes; what is longer belongs into a doc string"
        )
        .into());
    }
    let Lexed { skeleton, literals } = lex::lex(source)?;
    if skeleton.len() > MOST_WORDS {
        return Err(too_long());
    }
    let skeleton = words::normalise(&skeleton);
    if skeleton.is_empty() {
        return Err(Refusal::Wrong("there is no sentence".to_owned()));
    }
    if skeleton.len() > 2 * MOST_WORDS || joints(&skeleton).len() > MOST_JOINTS {
        return Err(too_long());
    }
    let mut search = Search::default();
    let actions = with_attached(&skeleton, literals, context, depth, &mut search);
    context.attached = Attached::default();
    let actions = actions.ok_or_else(|| match search.reasons.into_iter().next() {
        Some(why) => Refusal::Wrong(why),
        None => Refusal::Unknown(nearest::unknown(&skeleton)),
    })?;
    names_are_known(&actions, context)?;
    Ok(actions)
}

fn too_long() -> Refusal {
    Refusal::Wrong("this is too long for one sentence: make several of it".to_owned())
}

/// The sentence with what stands under it: taken by a rule, or as the value that the sentence ends with.
fn with_attached(
    skeleton: &str,
    mut literals: Vec<Literal>,
    context: &mut Context<'_>,
    depth: usize,
    search: &mut Search,
) -> Option<Vec<Action>> {
    let mut attempt = context.clone();
    let text = Text { skeleton, literals: &literals };
    if let Some(actions) = parts(text, &mut attempt, depth, MAX_PARTS, search) {
        if attempt.attached.is_empty() {
            *context = attempt;
            return Some(actions);
        }
        search.reasons.insert(0, "the doc string or table under it belongs to nothing".to_owned());
    }
    let (doc, _) = context.attached.doc.take()?;
    let is_json = doc.trim_start().starts_with(['{', '[']);
    let mut readings = Vec::new();
    if is_json && let Ok(json) = lex::json(&doc) {
        readings.push(Literal::Json(json));
    }
    readings.push(Literal::Quoted(doc));
    for reading in readings {
        let kind = if matches!(reading, Literal::Json(_)) { 'j' } else { 'q' };
        let longer = format!("{skeleton} {}", lex::marker(kind, literals.len()));
        literals.push(reading);
        let mut attempt = context.clone();
        attempt.doc = Some(literals.len() - 1);
        let text = Text { skeleton: &longer, literals: &literals };
        if let Some(actions) = parts(text, &mut attempt, depth, MAX_PARTS, search) {
            *context = Context { doc: None, ..attempt };
            return Some(actions);
        }
        literals.pop();
    }
    None
}

/// The whole as one rule, or a first part and the rest. Of the reasons why not, the first is the best.
fn parts(
    text: Text<'_>,
    context: &mut Context<'_>,
    depth: usize,
    left: usize,
    search: &mut Search,
) -> Option<Vec<Action>> {
    if !search.goes_on() {
        return None;
    }
    let mut attempt = context.clone();
    match rule(text, &mut attempt) {
        Some(Ok(actions)) => {
            *context = attempt;
            return Some(actions);
        }
        Some(Err(why)) => search.reasons.push(why),
        None => {}
    }
    if left <= 1 {
        return None;
    }
    if let Some(found) = LEADING_TIME.apply(text) {
        let mut attempt = context.clone();
        if let Some(Ok(mut actions)) = world::world(found.piece("time")?, &mut attempt)
            && let Some(rest) = parts(found.piece("rest")?, &mut attempt, depth, left - 1, search)
        {
            actions.extend(rest);
            *context = attempt;
            return Some(actions);
        }
    }
    for (at, length) in joints(text.skeleton) {
        if !search.goes_on() {
            return None;
        }
        let mut attempt = context.clone();
        let Some(Ok(mut actions)) = part(text, &text.skeleton[..at], &mut attempt, depth) else { continue };
        let rest = words::normalise(&text.skeleton[at + length..]);
        let rest = Text { skeleton: &rest, literals: text.literals };
        let Some(more) = parts(rest, &mut attempt, depth, left - 1, search) else { continue };
        actions.extend(more);
        *context = attempt;
        return Some(actions);
    }
    None
}

/// The first part of a sentence, which may be a phrase of its own.
fn part(text: Text<'_>, skeleton: &str, context: &mut Context<'_>, depth: usize) -> Said<Vec<Action>> {
    let piece = text.piece(skeleton);
    if skeleton.contains(lex::OPEN) || context.phrases.expand(skeleton).is_none() {
        return rule(piece, context);
    }
    Some(compile(skeleton, context, depth + 1).map_err(String::from))
}

/// Where a sentence may fall apart: position and length of what joins the parts.
fn joints(skeleton: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = [", and ", ", but ", ", then ", "; ", " and ", " but ", ", "]
        .iter()
        .flat_map(|joint| skeleton.match_indices(joint).map(|(at, joint)| (at, joint.len())))
        .collect();
    // The longest of those that begin at one place.
    found.sort_by_key(|(at, length)| (*at, std::cmp::Reverse(*length)));
    found.dedup_by_key(|(at, _)| *at);
    found
}

/// The rules, by topic; the first that is about the text decides. What none is about is turned around and tried again.
fn rule(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    let why = match straight(text, context) {
        Some(Ok(actions)) => return Some(Ok(actions)),
        Some(Err(why)) => Some(Err(why)),
        None => None,
    };
    let turned = match voice::turn(text.skeleton, context) {
        Ok(turned) => turned,
        Err(why) => return Some(Err(why)),
    };
    let found = turned.iter().find_map(|skeleton| {
        // Each half of a sentence that was turned into two.
        let mut attempt = context.clone();
        let mut actions = Vec::new();
        for half in skeleton.split(" and ") {
            match straight(text.piece(half), &mut attempt)? {
                Ok(more) => actions.extend(more),
                Err(why) => return Some(Err(why)),
            }
        }
        *context = attempt;
        Some(Ok(actions))
    });
    match (found, why) {
        (Some(Ok(actions)), _) => Some(Ok(actions)),
        (found, why) => why.or(found),
    }
}

fn straight(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    memory::memory(text, context)
        .or_else(|| data::data(text, context))
        .or_else(|| prepare::prepare(text, context))
        .or_else(|| command::command(text, context))
        .or_else(|| files::files(text, context))
        .or_else(|| world::world(text, context))
        .or_else(|| answers::several(text, context))
        .or_else(|| answers::tabled(text, context))
        .or_else(|| compare::comparison(text, context))
        .or_else(|| request::request(text, context))
        .or_else(|| mail::mail(text, context))
        .or_else(|| answers::assertion(text, context))
}

/// Every `{name}` that is used has been remembered.
fn names_are_known(actions: &[Action], context: &Context<'_>) -> Result<(), String> {
    let names = crate::plan::names_used(&actions).map_err(|error| error.to_string())?;
    match names.iter().find(|name| !context.knows(name)) {
        Some(name) => Err(format!("nothing called `{name}` has been remembered")),
        None => Ok(()),
    }
}
