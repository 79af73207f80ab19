//! Counting and choosing mails.

use std::sync::Arc;
use std::time::Duration;

use factory_core::feedback::FailureClass;
use factory_twin::Mail;

use super::state::{Failure, State, failed, lost};
use crate::attribution::Cause;
use crate::plan::{Count, Since, Template};

/// How long a mail that must come may take, unless the sentence says otherwise.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it has to be quiet after the last answer and the last mail before “no mail” is believed. A candidate that sends
/// from a background thread does so within milliseconds; one that delays longer is caught by `within`.
const QUIET: Duration = Duration::from_millis(400);
/// The same before mails are counted anew, where only a mail that is already on its way has to be let in.
const SETTLE: Duration = Duration::from_millis(50);

/// From here on mails are counted anew.
pub(crate) async fn open_window(state: &mut State) {
    state.target.smtp().wait_until_quiet(state.acted, SETTLE, PATIENCE).await;
    state.window = all(state).len();
    state.found.clear();
}

/// Judges how many mails there are, and makes the newest of them the current one.
pub(crate) async fn count(
    state: &mut State,
    to: Option<&Template>,
    count: Count,
    since: Since,
    within: Option<Duration>,
) -> Result<(), Failure> {
    let to = to.map(|to| to.fill(&state.values));
    let from = match since {
        Since::Start => 0,
        Since::Window | Since::LastCheck => state.window,
    };
    let found = state.found.clone();
    let counts = |mail: &&Arc<Mail>| {
        mail.order >= from
            && to.as_ref().is_none_or(|to| mail.goes_to(to))
            && !(since == Since::LastCheck && found.contains(&mail.order))
    };
    let smtp = state.target.smtp();
    if count.min > 0 {
        let enough = |mails: &[Arc<Mail>]| {
            state.seam.mails(mails.to_vec(), true).iter().filter(counts).count() >= count.min
        };
        if smtp.wait_for(enough, within.unwrap_or(PATIENCE)).await.is_none() {
            return Err(failed(
                FailureClass::MissingEffect,
                format!(
                    "{} where at least {} had to come; all mails: {}",
                    matching(state, counts).len(),
                    count.min,
                    list(state)
                ),
            ));
        }
    } else if let Some(within) = within {
        tokio::time::sleep_until((state.acted + within).into()).await;
    }
    if count.max.is_some() {
        smtp.wait_until_quiet(state.acted, QUIET, PATIENCE).await;
    }
    let matching = matching(state, counts);
    if !count.holds(matching.len()) {
        return Err(failed(
            FailureClass::UnwantedEffect,
            format!("{} where {count} could come; all mails: {}", matching.len(), list(state)),
        ));
    }
    state.seam.counted.push(matching.iter().map(|mail| mail.order).collect());
    // “A mail arrives” speaks for one mail, not for all that are there: “no further mail” after it means a second, too.
    let spoken_for = if count.max.is_none() { count.min } else { matching.len() };
    state.found.extend(matching.iter().rev().take(spoken_for).map(|mail| mail.order));
    if let Some(newest) = matching.last() {
        state.mail = Some(Arc::clone(newest));
        state.link = None;
    }
    Ok(())
}

/// All mails, as the evaluator sees them.
pub(crate) fn all(state: &State) -> Vec<Arc<Mail>> {
    state.seam.mails(state.target.smtp().mails(), false)
}

/// All mails, as the evaluator sees them where it counts.
fn counted(state: &State) -> Vec<Arc<Mail>> {
    state.seam.mails(state.target.smtp().mails(), true)
}

fn matching(state: &State, counts: impl Fn(&&Arc<Mail>) -> bool) -> Vec<Arc<Mail>> {
    counted(state).iter().filter(|mail| counts(mail)).cloned().collect()
}

fn list(state: &State) -> String {
    let mails = all(state);
    let lines: Vec<String> = mails
        .iter()
        .map(|mail| format!("#{} to {} “{}”", mail.order, mail.recipients.join(", "), mail.subject))
        .collect();
    format!("[{}], counted from #{}", lines.join("; "), state.window)
}

/// Makes the newest mail to an address the current one.
pub(crate) fn select(state: &mut State, to: &Template) -> Result<(), Failure> {
    let address = to.fill(&state.values);
    let mails = all(state);
    let newest = mails.iter().rev().find(|mail| mail.goes_to(&address));
    let newest = newest.ok_or_else(|| {
        failed(FailureClass::MissingEffect, format!("there is no mail to {address}; {}", list(state)))
    })?;
    if state.mail.as_ref().is_none_or(|mail| mail.order != newest.order) {
        state.mail = Some(Arc::clone(newest));
        state.link = None;
    }
    Ok(())
}

/// The mail that sentences speak of.
pub(crate) fn current(state: &State) -> Result<Arc<Mail>, Failure> {
    state.mail.clone().ok_or_else(|| lost(Cause::Plan, "the plan speaks of a mail that no step has found"))
}
