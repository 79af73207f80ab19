//! A whole scenario: its sentences one after another, and whether the plan checks anything.

use factory_spec::{Keyword, Scenario, Span};

use super::context::{Attached, Context};
use super::phrases::Phrases;
use super::rewritten::{self, Rewritten};
use super::sentence::{self, Refusal};
use super::vacuity;
use crate::plan::{Action, Check, Plan, PlanStep, Template};

/// A sentence that cannot become steps. It quotes the scenario, so it is for whoever may read that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{sentence}`: {why}")]
pub struct CompileError {
    /// The sentence, or the scenario's name if no single one is to blame.
    pub sentence: String,
    /// Where it is in its file, in bytes.
    pub span: Span,
    /// What is wrong with it.
    pub why: String,
    /// Whether that is all: no rule is about it, so that other words may say what it means.
    pub is_unknown: bool,
}

/// Compiles a scenario. All sentences are tried, so that all errors come at once.
///
/// # Errors
/// One [`CompileError`] for each sentence that no rule understands or that cannot fail.
pub fn compile(scenario: &Scenario, phrases: &Phrases) -> Result<Plan, Vec<CompileError>> {
    compile_rewritten(scenario, phrases, &Rewritten::new())
}

/// Compiles a scenario some of whose sentences stand in other words. Those count only where no rule is about the sentence
/// itself, and they may say less than a person may: see [`Rewritten`].
///
/// # Errors
/// As [`compile`].
pub fn compile_rewritten(
    scenario: &Scenario,
    phrases: &Phrases,
    rewritten: &Rewritten,
) -> Result<Plan, Vec<CompileError>> {
    let mut context = Context::new(phrases);
    let mut steps = Vec::new();
    let mut errors = Vec::new();
    let mut before = None;
    let mut prepared = None;
    for (index, step) in scenario.steps.iter().enumerate() {
        if step.keyword == Keyword::When && before.is_some_and(|keyword| keyword != Keyword::When) {
            steps.push(PlanStep { sentence: index, action: Action::MailWindow });
        }
        before = Some(step.keyword);
        context.then = step.keyword == Keyword::Then;
        context.attached = Attached {
            doc: step.doc_string.as_ref().map(|doc| (doc.text.clone(), doc.media.clone())),
            table: step.table.clone(),
        };
        let was_unused = unused(&context);
        let compiled = one(scenario, index, rewritten, &mut context).and_then(|actions| {
            vacuity::refuse_idle(&actions)?;
            type_in(&mut context, &mut steps)?;
            Ok(actions)
        });
        if unused(&context) && !was_unused {
            prepared = Some(index);
        }
        match compiled {
            Ok(actions) => {
                for action in actions {
                    // What is sent after mails were looked at, other than under `Then`, is a new beginning for mails.
                    if step.keyword != Keyword::Then
                        && matches!(action, Action::Send { .. })
                        && is_mail_checked(&steps)
                    {
                        steps.push(PlanStep { sentence: index, action: Action::MailWindow });
                    }
                    steps.push(PlanStep { sentence: index, action });
                }
            }
            Err(refusal) => {
                let is_unknown = matches!(refusal, Refusal::Unknown(_));
                let (sentence, span) = (step.text.clone(), step.span.clone());
                errors.push(CompileError { sentence, span, why: refusal.into(), is_unknown });
                assume(&step.text, &mut context);
            }
        }
    }
    if let (true, true, Some(index)) = (errors.is_empty(), unused(&context), prepared) {
        let step = &scenario.steps[index];
        errors.push(CompileError {
            sentence: step.text.clone(),
            span: step.span.clone(),
            why: "nothing that follows uses this: no request is sent, or no command is run".to_owned(),
            is_unknown: false,
        });
    }
    if errors.is_empty() {
        errors = vacuity::unchecked(scenario, &steps);
    }
    if errors.is_empty() { Ok(Plan { steps }) } else { Err(errors) }
}

/// One sentence: as it stands, or in the words that stand for it if no rule is about it.
fn one(
    scenario: &Scenario,
    index: usize,
    rewritten: &Rewritten,
    context: &mut Context<'_>,
) -> Result<Vec<Action>, Refusal> {
    let mut attempt = context.clone();
    let compiled = sentence::compile(&scenario.steps[index].text, &mut attempt, 0);
    match (&compiled, rewritten.get(&index)) {
        (Err(Refusal::Unknown(_)), Some(sentences)) => {
            Ok(rewritten::compile(scenario, index, sentences, context)?)
        }
        (Ok(_) | Err(_), _) => {
            *context = attempt;
            compiled
        }
    }
}

/// Whether something is prepared that nothing has used.
fn unused(context: &Context<'_>) -> bool {
    context.prepared.unused || context.shell.unused
}

/// Gives what a sentence types, with a line break each, to the command that was run just before it.
fn type_in(context: &mut Context<'_>, steps: &mut [PlanStep]) -> Result<(), String> {
    let typed = std::mem::take(&mut context.typed);
    if typed.is_empty() {
        return Ok(());
    }
    let Some(PlanStep { action: Action::Run(command), .. }) = steps.last_mut() else {
        return Err("no command was run just before this, so nothing reads what is typed".to_owned());
    };
    let before = command.input.as_ref().map(Template::source).unwrap_or_default();
    let lines: String = typed.iter().map(|line| format!("{line}\n")).collect();
    command.input = Some(Template::new(format!("{before}{lines}")));
    Ok(())
}

/// Whether mails have been looked at since they were last counted anew.
fn is_mail_checked(steps: &[PlanStep]) -> bool {
    steps
        .iter()
        .rev()
        .take_while(|step| step.action != Action::MailWindow)
        .any(|step| matches!(step.action, Action::Check(Check::Mails { .. })))
}

/// A sentence that failed may have been meant to remember something; what follows should not be blamed for that.
fn assume(text: &str, context: &mut Context<'_>) {
    let last = text.trim_end_matches(['.', ':', '"', '`']).rsplit([' ', '"', '`']).next().unwrap_or_default();
    if text.contains("remember") || text.contains("called") || text.contains(" as ") {
        // Not being a name is no second error.
        let _ = context.remember(last.trim_matches(['{', '}']), super::context::Origin::Observed);
        context.answers.insert(last.to_owned());
    }
    context.acted = true;
}
