//! `factory pipeline check`: everything that is wrong with pipelines, each with its place.

use std::path::Path;

use factory_core::pipeline::read::{Diagnostic, Findings};
use serde::Serialize;

use crate::args::ListFormat;
use crate::args::pipeline::CheckArgs;
use crate::config::pipeline::{self, Source};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{output, story};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// Nothing is wrong with it.
    Ok,
    /// It can be used, and something in it is seldom meant.
    Doubtful,
    /// It cannot be used.
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Severity {
    Error,
    Warning,
}

/// One pipeline that was looked at.
#[derive(Debug, Serialize)]
struct Checked {
    id: String,
    state: State,
    /// Where it is, in words.
    from: String,
    findings: Vec<Finding>,
    #[serde(skip)]
    excerpts: Vec<String>,
}

/// One thing that was found. Lines and columns count from 1, in characters; `start` and `end` are bytes.
#[derive(Debug, Serialize)]
struct Finding {
    severity: Severity,
    message: String,
    help: Option<String>,
    line: usize,
    column: usize,
    start: usize,
    end: usize,
}

pub(super) fn check(project: &Path, args: &CheckArgs) -> Result<Exit, CliError> {
    let checked: Vec<Checked> = if args.pipelines.is_empty() {
        super::all(project).into_iter().map(|(name, source)| found(name, source)).collect()
    } else {
        let named = args.pipelines.iter().map(|asked| super::named(project, asked));
        named.map(|source| Ok(look(&source?))).collect::<Result<_, CliError>>()?
    };
    match args.format {
        ListFormat::Json => output::json(&checked),
        ListFormat::Human => output::text(&human(&checked)),
    }
    let clean = checked.iter().all(|checked| checked.state == State::Ok);
    Ok(if clean { Exit::Clean } else { Exit::Failed })
}

/// A file that is there and cannot be read keeps the others from nothing.
fn found(name: String, source: Result<Source, CliError>) -> Checked {
    match source {
        Ok(source) => look(&source),
        Err(error) => {
            let from = format!("pipelines/{name}.toml");
            let unread = Diagnostic { span: 0..0, message: "the file cannot be read".to_owned(), help: None };
            let findings = vec![finding("", Severity::Error, &unread)];
            Checked { id: name, state: State::Refused, from, findings, excerpts: vec![error.to_string()] }
        }
    }
}

fn look(source: &Source) -> Checked {
    let Findings { pipeline, wrong, doubtful } = pipeline::examine(source);
    let state = match pipeline {
        None => State::Refused,
        Some(_) if doubtful.is_empty() => State::Ok,
        Some(_) => State::Doubtful,
    };
    let errors = wrong.iter().map(|found| (Severity::Error, found));
    let mut all: Vec<(Severity, &Diagnostic)> =
        errors.chain(doubtful.iter().map(|found| (Severity::Warning, found))).collect();
    all.sort_by_key(|(_, found)| found.span.start);
    let excerpt = |(severity, found): &(Severity, &Diagnostic)| {
        let label = match severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        pipeline::excerpt(&source.shown, &source.text, label, found)
    };
    Checked {
        id: source.id.clone(),
        state,
        from: source.shown.clone(),
        excerpts: all.iter().map(excerpt).collect(),
        findings: all.iter().map(|(severity, found)| finding(&source.text, *severity, found)).collect(),
    }
}

fn finding(text: &str, severity: Severity, found: &Diagnostic) -> Finding {
    let place = factory_spec::position(text, found.span.start);
    Finding {
        severity,
        message: found.message.clone(),
        help: found.help.clone(),
        line: place.line,
        column: place.column,
        start: found.span.start,
        end: found.span.end,
    }
}

fn human(checked: &[Checked]) -> String {
    let mut text = String::new();
    for checked in checked {
        for excerpt in &checked.excerpts {
            text.push_str(&format!("{excerpt}\n"));
        }
        let state = match checked.state {
            State::Ok => "is in order".to_owned(),
            State::Doubtful => format!("can be used; {}", count(checked)),
            State::Refused => format!("cannot be used; {}", count(checked)),
        };
        text.push_str(&format!("{}: {state}\n", story::one_line(&checked.from)));
    }
    text
}

fn count(checked: &Checked) -> String {
    match checked.findings.len() {
        1 => "1 finding".to_owned(),
        n => format!("{n} findings"),
    }
}
