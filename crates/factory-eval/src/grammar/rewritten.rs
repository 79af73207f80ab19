//! Sentences of the grammar that stand for a sentence which no rule is about. Nobody who wrote the scenario wrote them, so
//! they are held to more than a person's: they keep what the sentence names, do what its keyword says, and assert nothing
//! that holds for nearly any candidate.

use std::collections::BTreeMap;

use factory_spec::{Keyword, Scenario, Step};

use super::context::Context;
use super::{named, sentence, strict};
use crate::plan::{Action, Check};

/// Sentences in other words, by the places of those that they stand for, from 0.
pub type Rewritten = BTreeMap<usize, Vec<String>>;

/// Sentences that may stand for one.
const MOST_SENTENCES: usize = 12;
/// Bytes that each of them may have.
const LONGEST: usize = 4096;

/// Compiles what stands for a sentence.
///
/// # Errors
/// What is wrong with it, in words for whoever wrote it.
pub(super) fn compile(
    scenario: &Scenario,
    index: usize,
    sentences: &[String],
    context: &mut Context<'_>,
) -> Result<Vec<Action>, String> {
    let step = &scenario.steps[index];
    has_a_shape(sentences)?;
    let before = (context.prepared.clone(), context.shell.clone());
    let mut actions = Vec::new();
    for sentence in sentences {
        let made = sentence::compile(sentence, context, 0);
        actions.extend(made.map_err(|why| format!("`{sentence}`: {}", String::from(why)))?);
    }
    if !context.typed.is_empty() {
        context.typed.clear();
        return Err("say what is typed with the command: run `…` with the input \"…\"".to_owned());
    }
    let prepares = before != (context.prepared.clone(), context.shell.clone());
    named::all_kept(step, sentences)?;
    does_its_part(step, &actions, prepares)?;
    strict::judge(scenario, step, &actions, context.phrases)?;
    Ok(actions)
}

fn has_a_shape(sentences: &[String]) -> Result<(), String> {
    if sentences.is_empty() || sentences.len() > MOST_SENTENCES {
        return Err(format!("one sentence becomes 1 to {MOST_SENTENCES}"));
    }
    match sentences.iter().find(|sentence| sentence.len() > LONGEST || sentence.contains(char::is_control)) {
        Some(_) => Err(format!("a sentence is one line of up to {LONGEST} bytes")),
        None => Ok(()),
    }
}

/// What an action is to the sentence that it comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Something is done to the candidate, or time goes by.
    Acts,
    /// Something is put where the candidate, or a check, finds it.
    Arranges,
    /// Something gets a name.
    Notes,
    /// Something is asserted.
    Asserts,
}

fn part(action: &Action) -> Part {
    match action {
        Action::Send { .. } | Action::Run(_) | Action::Advance(_) | Action::Wait(_) | Action::Restart(_) => {
            Part::Acts
        }
        Action::Seed { .. }
        | Action::WriteFile { .. }
        | Action::MakeFolder(_)
        | Action::RemoveFile(_)
        | Action::MailServer(_)
        | Action::Fresh { .. } => Part::Arranges,
        Action::MailWindow | Action::NameAnswer(_) | Action::Capture(_) => Part::Notes,
        Action::Check(_) => Part::Asserts,
    }
}

/// `Then` asserts, and makes nothing of what it asserts; `When` does something; `Given` does or arranges something.
fn does_its_part(step: &Step, actions: &[Action], prepares: bool) -> Result<(), String> {
    let has = |wanted: Part| actions.iter().any(|action| part(action) == wanted);
    let last = |wanted: Part| actions.iter().rposition(|action| part(action) == wanted);
    match step.keyword {
        Keyword::Then if has(Part::Arranges) => {
            Err("under Then nothing is written, seeded or made anew: what is looked at would be the scenario's own"
                .to_owned())
        }
        Keyword::Then if !has(Part::Asserts) => Err("under Then something has to be asserted".to_owned()),
        Keyword::Then if last(Part::Acts) > last(Part::Asserts) => {
            Err("under Then nothing checks what the last of these does".to_owned())
        }
        Keyword::When if !has(Part::Acts) && !has(Part::Arranges) && !prepares => {
            Err("under When something has to be done".to_owned())
        }
        Keyword::Given if !has(Part::Acts) && !has(Part::Arranges) && !prepares => {
            Err("under Given something has to be done or arranged".to_owned())
        }
        Keyword::Given | Keyword::When | Keyword::Then => Ok(()),
    }
}

/// What is asserted.
pub(super) fn checks(actions: &[Action]) -> impl Iterator<Item = &Check> {
    actions.iter().filter_map(|action| match action {
        Action::Check(check) => Some(check),
        Action::Send { .. }
        | Action::Run(_)
        | Action::Seed { .. }
        | Action::WriteFile { .. }
        | Action::MakeFolder(_)
        | Action::RemoveFile(_)
        | Action::Advance(_)
        | Action::Wait(_)
        | Action::MailServer(_)
        | Action::Restart(_)
        | Action::MailWindow
        | Action::NameAnswer(_)
        | Action::Capture(_)
        | Action::Fresh { .. } => None,
    })
}
