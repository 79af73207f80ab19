//! Measures the evaluator: what it observes of a candidate is changed on the way, one thing a run, and the scenario has to fail.
//!
//! Two kinds of tamperings. Those that are *aimed* follow from an assertion, and are such that it cannot hold any more: one that
//! passes is a defect of the evaluator. They alone count for its fidelity. All others follow from what was observed,
//! whether anything is said about it or not: what passes there shows which assertion is missing.

mod aim;
mod changes;
mod sweep;

use std::sync::Arc;

use factory_engine::port::evaluator::EvaluatorError;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::assess::Prepared;
use crate::run::{AnswerChange, CommandChange, MailChange, RowsChange, Seam, Tampering};
use crate::scorecard::Outcome;
use crate::scoring::{self, Source};
use crate::suite::Compiled;

/// How often a run is made again that says nothing.
const TRIES: usize = 3;

/// Which observations are tampered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Answers and mails.
    pub responses: bool,
    /// What commands leave, files, databases and the log.
    pub state: bool,
    /// Only what is asserted.
    pub asserted_only: bool,
}

/// What came of the tamperings with one scenario. It quotes it.
pub struct Sabotaged {
    /// The scenario's place among those that were given.
    pub place: usize,
    /// Why nothing can be said: it does not pass without tampering. Nothing if it does.
    pub unusable: Option<String>,
    /// Each tampering and what came of it.
    pub attempts: Vec<Attempt>,
}

/// One tampering.
pub struct Attempt {
    /// What was changed, in words.
    pub what: String,
    /// The sentence whose assertion cannot hold any more; nothing if none was aimed at.
    pub asserted: Option<String>,
    /// What came of it.
    pub end: End,
}

/// What came of a tampering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The scenario failed, as it should.
    Noticed,
    /// It passed.
    Missed,
    /// Its runs say nothing.
    Unscored,
}

/// A tampering, and the place of the sentence that it is aimed at.
struct Planned {
    tampering: Tampering,
    aimed_at: Option<usize>,
}

impl Reach {
    fn includes(self, tampering: &Tampering) -> bool {
        match tampering {
            Tampering::Answer(..) | Tampering::Mail(..) | Tampering::InventMail(..) => self.responses,
            Tampering::Command(..)
            | Tampering::Content(..)
            | Tampering::Folder(_)
            | Tampering::Files(_)
            | Tampering::Log(_)
            | Tampering::Rows(..) => self.state,
        }
    }
}

/// Tampers with every scenario that passes, `parallel` runs at a time.
///
/// # Errors
/// [`EvaluatorError::Infrastructure`] when a run breaks down.
pub async fn sabotage(
    prepared: &Prepared,
    scenarios: &[Arc<Compiled>],
    reach: Reach,
    parallel: usize,
) -> Result<Vec<Sabotaged>, EvaluatorError> {
    let places = Arc::new(Semaphore::new(parallel.max(1)));
    let mut all = Vec::new();
    for (place, compiled) in scenarios.iter().enumerate() {
        let one = match &prepared.source {
            Ok(source) => attack(place, compiled, source, reach, &places).await?,
            Err(blame) if !prepared.is_reachable() => unusable(place, blame.evidence.clone()),
            Err(blame) => unusable(place, format!("it could not be deployed: {}", blame.evidence)),
        };
        all.push(one);
    }
    Ok(all)
}

fn unusable(place: usize, why: String) -> Sabotaged {
    Sabotaged { place, unusable: Some(why), attempts: Vec::new() }
}

async fn attack(
    place: usize,
    compiled: &Arc<Compiled>,
    source: &Arc<Source>,
    reach: Reach,
    places: &Arc<Semaphore>,
) -> Result<Sabotaged, EvaluatorError> {
    let (untouched, seen) = run(compiled, source, None).await;
    let seen = match (why_not(&untouched), seen) {
        (None, Some(seen)) => seen,
        (why, _) => return Ok(unusable(place, why.unwrap_or_else(|| "it was not run".to_owned()))),
    };
    let mut planned = aim::aimed(compiled.plan.reveal(), &seen);
    if !reach.asserted_only {
        for tampering in sweep::all(&seen) {
            if planned.iter().all(|known| known.tampering != tampering) {
                planned.push(Planned { tampering, aimed_at: None });
            }
        }
    }
    planned.retain(|planned| reach.includes(&planned.tampering));
    let mut running = JoinSet::new();
    for (order, one) in planned.iter().enumerate() {
        let (compiled, source, places) = (Arc::clone(compiled), Arc::clone(source), Arc::clone(places));
        let tampering = one.tampering.clone();
        running.spawn(async move {
            // The semaphore is never closed, so a place comes.
            let _place = places.acquire().await;
            let (outcome, _) = run(&compiled, &source, Some(tampering)).await;
            let end = match outcome {
                Outcome::Passed => End::Missed,
                Outcome::Failed { .. } => End::Noticed,
                Outcome::Lost { .. } => End::Unscored,
            };
            (order, end)
        });
    }
    let mut ends = vec![End::Unscored; planned.len()];
    while let Some(run) = running.join_next().await {
        let (order, end) = run.map_err(|error| EvaluatorError::Infrastructure {
            detail: "a scenario run broke down".to_owned(),
            source: Some(Box::new(error)),
        })?;
        ends[order] = end;
    }
    // Whoever fails by itself by now may have done so all along, and would seem to have noticed everything.
    let (untouched, _) = run(compiled, source, None).await;
    if let Some(why) = why_not(&untouched) {
        return Ok(unusable(place, format!("it passed before the tamperings and not after them: {why}")));
    }
    let sentences = &compiled.scenario.reveal().steps;
    let attempts = planned.iter().zip(ends).map(|(planned, end)| Attempt {
        what: in_words(&planned.tampering, &seen),
        asserted: planned.aimed_at.and_then(|at| sentences.get(at)).map(|sentence| sentence.text.clone()),
        end,
    });
    Ok(Sabotaged { place, unusable: None, attempts: attempts.collect() })
}

/// Runs a scenario with a tampering or without; again, if the run says nothing.
async fn run(compiled: &Compiled, source: &Source, tampering: Option<Tampering>) -> (Outcome, Option<Seam>) {
    let mut tried = 0;
    loop {
        tried += 1;
        let seam = tampering.clone().map_or_else(Seam::default, Seam::tampering);
        let (record, seen) = scoring::run_once(compiled, source, seam).await;
        if !matches!(record.outcome, Outcome::Lost { .. }) || tried == TRIES {
            return (record.outcome, seen);
        }
    }
}

/// Why a run did not pass; nothing if it did.
fn why_not(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Passed => None,
        Outcome::Failed { sentence, message, .. } => {
            Some(format!("{}: {message}", sentence.as_deref().unwrap_or("no sentence")))
        }
        Outcome::Lost { message, .. } => Some(message.clone()),
    }
}

/// What a tampering changes. Things are counted from 1.
fn in_words(tampering: &Tampering, seen: &Seam) -> String {
    match tampering {
        Tampering::Answer(at, change) => {
            let what = match change {
                AnswerChange::Status(status) => {
                    let was = seen.answers.get(*at).map_or(0, |answer| answer.status);
                    format!("status {was} becomes {status}")
                }
                AnswerChange::RemoveHeader(name) => format!("header {name} removed"),
                AnswerChange::SetHeader(name, value) => format!("header {name} becomes `{value}`"),
                AnswerChange::DuplicateHeader(name) => format!("header {name} doubled"),
                AnswerChange::RemoveMember(pointer) => format!("field {pointer} removed"),
                AnswerChange::SetMember(pointer, value) => format!("field {pointer} becomes {value}"),
                AnswerChange::ExtraMember => "a field more".to_owned(),
                AnswerChange::SetBody(text) if text.is_empty() => "body emptied".to_owned(),
                AnswerChange::SetBody(text) => format!("body becomes `{text}`"),
                AnswerChange::AppendToBody(text) => format!("body followed by `{text}`"),
                AnswerChange::TruncateBody => "body cut in half".to_owned(),
                AnswerChange::Delay(by) => format!("{by:?} later"),
            };
            format!("answer {}: {what}", at + 1)
        }
        Tampering::Mail(at, change) => {
            let what = match change {
                MailChange::Drop => "lost".to_owned(),
                MailChange::Double => "doubled".to_owned(),
                MailChange::Readdress => "to somebody else".to_owned(),
                MailChange::SetSubject(text) => format!("subject becomes `{text}`"),
                MailChange::SetText(text) => format!("text becomes `{text}`"),
                MailChange::SetSender(text) => format!("sender becomes `{text}`"),
                MailChange::SetRaw(text) => format!("source becomes `{text}`"),
                MailChange::Link => "another link".to_owned(),
            };
            format!("mail {}: {what}", at + 1)
        }
        Tampering::InventMail(_, to) => format!("a mail to {to} that nobody sent"),
        Tampering::Command(at, change) => {
            let what = match change {
                CommandChange::Exit => "another exit code".to_owned(),
                CommandChange::SetStdout(text) => format!("standard output becomes `{text}`"),
                CommandChange::SetStderr(text) => format!("standard error becomes `{text}`"),
                CommandChange::AppendToStdout => "more on standard output".to_owned(),
            };
            format!("command {}: {what}", at + 1)
        }
        Tampering::Rows(query, change) => {
            let what = match change {
                RowsChange::Drop => "a row less".to_owned(),
                RowsChange::Add => "a row more".to_owned(),
                RowsChange::Set(value) => format!("the value becomes {value}"),
            };
            format!("query {}: {what}", query + 1)
        }
        Tampering::Content(look, text) => {
            let what = text.as_ref().map_or("gone".to_owned(), |text| format!("becomes `{text}`"));
            format!("file {}: {what}", look + 1)
        }
        Tampering::Folder(look) => format!("look {} for a folder: turned around", look + 1),
        Tampering::Files(look) => format!("look {} into files: turned around", look + 1),
        Tampering::Log(look) => format!("look {} into the log: turned around", look + 1),
    }
}
