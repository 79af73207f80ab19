//! Reading a pipeline from TOML. See `docs/pipelines.md` for the format.
//!
//! `table` reads typed values out of tables, `file` the tables of a pipeline; what they mean together is found out by
//! [`super::check`]. Each goes on after what is wrong, so that all of it is said at once.

pub(in crate::pipeline) mod file;
pub(in crate::pipeline) mod table;

use std::ops::Range;

use toml::de::{DeTable, Error};

use self::table::Reader;
use super::check;
use super::model::Pipeline;
use super::plain;

/// The version of the pipeline format that this crate reads.
pub const PIPELINE_SCHEMA: u32 = 1;

/// The longest time that a pipeline can speak of: a year of 365 days, in seconds.
pub(super) const LONGEST_SECONDS: u64 = 365 * 24 * 3600;

/// The longest file that is read, in bytes.
const LONGEST_FILE: usize = 64 * 1024;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Bytes of the file that it is about; empty where something is missing from the file as a whole.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Names in messages are the file's, and may hold anything.
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, help: Option<String>) -> Self {
        Self {
            span,
            message: plain::one_line(&message.into()),
            help: help.map(|help| plain::one_line(&help)),
        }
    }
}

/// What was found in a pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// The pipeline, if nothing is wrong with it.
    pub pipeline: Option<Pipeline>,
    /// Everything that is wrong with it, in the order of the file.
    pub wrong: Vec<Diagnostic>,
    /// What can be meant, and seldom is.
    pub doubtful: Vec<Diagnostic>,
}

/// Reads and checks a pipeline.
///
/// # Errors
/// Everything that is wrong with it, at once and in the order of the file. Where the file is no TOML, only that is
/// said, since whatever else is found in it may be the parser's guess.
pub fn read(source: &str) -> Result<Pipeline, Vec<Diagnostic>> {
    let findings = examine(source);
    findings.pipeline.ok_or(findings.wrong)
}

/// Reads and checks a pipeline, as [`read`] does, and says also what is doubtful.
pub fn examine(source: &str) -> Findings {
    if source.len() > LONGEST_FILE {
        let message = format!("a pipeline has at most {} KiB", LONGEST_FILE / 1024);
        return refused(vec![Diagnostic::new(0..0, message, None)]);
    }
    let (document, errors) = DeTable::parse_recoverable(source);
    let syntax = syntax(source, &errors);
    if !errors.iter().all(is_recovered) {
        return refused(syntax);
    }
    let mut reader = Reader::default();
    let file = reader.pipeline(document.get_ref());
    let mut findings = match file {
        None => refused(reader.diagnostics),
        Some(file) => check::check(&file, reader.diagnostics),
    };
    if !syntax.is_empty() {
        findings.pipeline = None;
        findings.wrong = merged(source, syntax, findings.wrong);
    }
    findings
}

fn refused(wrong: Vec<Diagnostic>) -> Findings {
    Findings { pipeline: None, wrong, doubtful: Vec::new() }
}

/// What is wrong as TOML, and what else is. What the parser made up in place of something unreadable is not the file's.
fn merged(source: &str, syntax: Vec<Diagnostic>, others: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let line = |at: usize| source.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
    let taken: Vec<usize> = syntax.iter().map(|known| line(known.span.start)).collect();
    let mut all = syntax;
    all.extend(others.into_iter().filter(|other| !taken.contains(&line(other.span.start))));
    all.sort_by_key(|diagnostic| diagnostic.span.start);
    all
}

const TWICE: &str = "duplicate key";
const UNQUOTED: &str = "string values must be quoted";

/// Whether the rest of the file can be read as it is meant, although this is wrong.
fn is_recovered(error: &Error) -> bool {
    error.message() == TWICE || error.message().starts_with(UNQUOTED)
}

/// What is wrong with the file as TOML: the first error of each line, since the others follow from it.
fn syntax(source: &str, errors: &[Error]) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    let place =
        |error: &Error| error.span().map_or(0..0, |at| floor(source, at.start)..floor(source, at.end));
    let mut errors: Vec<_> = errors.iter().map(|error| (place(error), error)).collect();
    errors.sort_by_key(|(span, _)| span.start);
    for (span, error) in errors {
        let known = found.last().is_some_and(|last| {
            let between = last.span.end.min(span.start)..span.start.max(last.span.end);
            !source[between].contains('\n')
        });
        if known {
            continue;
        }
        let (message, help) = match error.message() {
            TWICE => (format!("`{}` is there twice", table::shown(&source[span.clone()])), None),
            message if message.starts_with(UNQUOTED) => {
                (UNQUOTED.to_owned(), Some("put it between `\"` and `\"`".to_owned()))
            }
            message => (message.trim_end().to_owned(), None),
        };
        found.push(Diagnostic::new(span, message, help));
    }
    found
}

/// The beginning of the character that the byte belongs to.
fn floor(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A duration such as `90s`, `30m` or `24h`, in seconds.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| digits)?;
    number.checked_mul(factor).filter(|&n| n > 0)
}
