//! `factory decision list`

use factory_core::ids::Timestamp;
use factory_core::ledger::export::row::{Actor, Row};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};

use crate::args::ListFormat;
use crate::args::decision::ListArgs;
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{archive, output, story};

/// As much of a reason as stands on a line, in characters.
const REASON: usize = 160;

pub(super) async fn list(args: &ListArgs) -> Result<Exit, CliError> {
    let since = args.since.as_deref().map(moment).transpose()?;
    let place = Place::here()?;
    let kept = match archive::open(&place).await? {
        Some(store) => super::all(&store).await?,
        None => Vec::new(),
    };
    let run = args.run.as_deref().map(|given| super::run_named(&kept, given)).transpose()?;
    let mut rows = super::rows(&kept);
    rows.retain(|row| {
        run.as_ref().is_none_or(|run| row.run.as_ref() == Some(run))
            && since.is_none_or(|since| row.at_ms >= since.0)
            && args.by.as_deref().is_none_or(|by| row.by.login() == by)
    });
    match args.format {
        ListFormat::Json => output::text(&super::json(&rows)),
        ListFormat::Human if rows.is_empty() => output::line("no decisions"),
        ListFormat::Human => {
            for row in &rows {
                output::line(&line(row));
            }
        }
    }
    Ok(Exit::Clean)
}

/// A decision on one line.
pub(super) fn line(row: &Row) -> String {
    let run = row.run.as_ref().map_or("-", |run| run.as_str());
    let at = row.gate.as_deref().or(row.stage.as_ref().map(|stage| stage.as_str()));
    let at = at.map_or(String::new(), |at| format!(" {}", super::plain(at)));
    let mut line = format!(
        "{:>5}  {}  {run}  {}{at}: {}",
        row.position,
        story::moment(Timestamp(row.at_ms)),
        who(&row.by),
        super::plain(&row.what),
    );
    if !row.because.is_empty() {
        line.push_str(&format!(" because {}", super::beginning(&row.because, REASON)));
    }
    let more: Vec<String> = remarks(row);
    if !more.is_empty() {
        line.push_str(&format!(" ({})", more.join("; ")));
    }
    line
}

fn who(actor: &Actor) -> String {
    match actor {
        Actor::Person { login, signed_with: Some(_), .. } => format!("{} (signed)", super::plain(login)),
        Actor::Person { login, signed_with: None, .. } => super::plain(login),
        Actor::Policy | Actor::Factory => actor.kind().to_owned(),
    }
}

/// How long it took, and what was known.
fn remarks(row: &Row) -> Vec<String> {
    let mut remarks = Vec::new();
    remarks.extend(row.waited_ms.map(|ms| format!("waited {}", story::duration(ms))));
    remarks.extend(row.via.filter(|via| *via == "in_advance").map(|_| "in advance, unseen".to_owned()));
    remarks.extend(row.verdict.as_ref().map(|verdict| {
        let passed = if verdict.passed { "passed" } else { "not passed" };
        let shown = if verdict.shown { "seen" } else { "not seen" };
        format!("verdict {passed}, {shown}")
    }));
    remarks.extend(row.risk.map(|risk| format!("{} risk", risk.as_str())));
    remarks.extend(row.note.as_ref().map(|note| format!("note: {}", super::beginning(note, REASON))));
    remarks
}

/// A day or a moment, or how long ago.
pub(super) fn moment(text: &str) -> Result<Timestamp, CliError> {
    let at = text
        .parse::<jiff::Timestamp>()
        .ok()
        .or_else(|| Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::system()).ok()?.timestamp()))
        .or_else(|| Some(Zoned::now().checked_sub(text.parse::<Span>().ok()?.abs()).ok()?.timestamp()));
    let at = at.ok_or_else(|| {
        CliError::usage(format!("`{}` is no moment", super::plain(text)))
            .hint("--since 2026-07-01, --since 2026-07-01T12:00:00Z, or --since 7d")
    })?;
    Ok(Timestamp(u64::try_from(at.as_millisecond()).unwrap_or(0)))
}
