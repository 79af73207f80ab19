//! One sentence: which rule it is for, or how it falls into parts.

use super::context::{Attached, Context};
use super::lex::{self, Lexed};
use super::pattern::{Pattern, Text};
use super::predicate::Said;
use super::{answers, compare, data, mail, memory, phrases, request, words, world};
use crate::plan::Action;

/// Parts that a sentence may fall into; more is no sentence.
const MAX_PARTS: usize = 12;

static LEADING_TIME: Pattern = Pattern::new(
    r"(?P<time>(?:after (?:another )?{by:duration}|(?:another )?{by_too:duration} (?:later|after that|afterwards))),? {rest:any}",
);

/// Compiles one sentence; phrases of the project first.
///
/// # Errors
/// Why it is not understood or cannot be meant.
pub(crate) fn compile(source: &str, context: &mut Context<'_>, depth: usize) -> Result<Vec<Action>, String> {
    if let Some(steps) = context.phrases.expand(source) {
        if depth >= phrases::MAX_DEPTH {
            return Err(format!(
                "phrases of `steps.toml` use each other more than {} deep",
                phrases::MAX_DEPTH
            ));
        }
        let mut actions = Vec::new();
        for step in steps {
            let inner = compile(&step, context, depth + 1)
                .map_err(|why| format!("in the step `{step}` of its phrase: {why}"))?;
            actions.extend(inner);
        }
        return Ok(actions);
    }
    let Lexed { skeleton, literals } = lex::lex(source)?;
    let skeleton = words::normalise(&skeleton);
    if skeleton.is_empty() {
        return Err("there is no sentence".to_owned());
    }
    let text = Text { skeleton: &skeleton, literals: &literals };
    let mut reasons = Vec::new();
    let actions = parts(text, context, depth, MAX_PARTS, &mut reasons)
        .ok_or_else(|| reasons.into_iter().next().unwrap_or_else(|| "no rule understands it".to_owned()))?;
    if !context.attached.is_empty() {
        context.attached = Attached::default();
        return Err("the doc string or table under it belongs to nothing".to_owned());
    }
    names_are_known(&actions, context)?;
    Ok(actions)
}

/// The whole as one rule, or a first part and the rest. Of the reasons why not, the first is the best.
fn parts(
    text: Text<'_>,
    context: &mut Context<'_>,
    depth: usize,
    left: usize,
    reasons: &mut Vec<String>,
) -> Option<Vec<Action>> {
    let mut attempt = context.clone();
    match rule(text, &mut attempt) {
        Some(Ok(actions)) => {
            *context = attempt;
            return Some(actions);
        }
        Some(Err(why)) => reasons.push(why),
        None => {}
    }
    if left <= 1 {
        return None;
    }
    if let Some(found) = LEADING_TIME.apply(text) {
        let mut attempt = context.clone();
        if let Some(Ok(mut actions)) = world::world(found.piece("time")?, &mut attempt)
            && let Some(rest) = parts(found.piece("rest")?, &mut attempt, depth, left - 1, reasons)
        {
            actions.extend(rest);
            *context = attempt;
            return Some(actions);
        }
    }
    for (at, length) in joints(text.skeleton) {
        let mut attempt = context.clone();
        let Some(Ok(mut actions)) = part(text, &text.skeleton[..at], &mut attempt, depth) else { continue };
        let rest = words::normalise(&text.skeleton[at + length..]);
        let rest = Text { skeleton: &rest, literals: text.literals };
        let Some(more) = parts(rest, &mut attempt, depth, left - 1, reasons) else { continue };
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
    Some(compile(skeleton, context, depth + 1))
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

/// The rules, by topic; the first that is about the text decides.
fn rule(text: Text<'_>, context: &mut Context<'_>) -> Said<Vec<Action>> {
    memory::memory(text, context)
        .or_else(|| data::data(text, context))
        .or_else(|| world::world(text, context))
        .or_else(|| answers::several(text, context))
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
