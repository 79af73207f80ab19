//! `factory decision`: the ledger of everything that people and policy have decided.

mod checkpoint;
mod export;
mod list;
mod rollback;
mod show;
mod sql;
mod stats;
mod verify;

use std::io::{self, IsTerminal as _};

use factory_core::ids::{Digest, RunId};
use factory_core::ledger::entry::LedgerEntry;
use factory_core::ledger::export::row::{self, Row};
use factory_core::ledger::export::{Placed, jsonl};
use factory_core::plain;
use factory_engine::ledger::{self, Kept};
use factory_store::Opened;

use crate::args::decision::DecisionVerb;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;

pub(crate) async fn decision(verb: DecisionVerb) -> Result<Exit, CliError> {
    match verb {
        DecisionVerb::List(args) => list::list(&args).await,
        DecisionVerb::Show { which, format } => show::show(&which, format).await,
        DecisionVerb::Verify { file: None, format } => verify::here(format).await,
        DecisionVerb::Verify { file: Some(file), format } => verify::export(&file, format),
        DecisionVerb::Checkpoint => checkpoint::checkpoint().await,
        DecisionVerb::Export(args) => export::export(&args).await,
        DecisionVerb::Sql(args) => sql::sql(&args).await,
        DecisionVerb::Stats(args) => stats::stats(&args).await,
        DecisionVerb::Rollback(args) => rollback::rollback(&args).await,
    }
}

fn row(position: u64, hash: &Digest, entry: &LedgerEntry) -> Row {
    row::of(Placed { position, hash, entry })
}

fn rows<'a>(kept: impl IntoIterator<Item = &'a Kept>) -> Vec<Row> {
    kept.into_iter().map(|kept| row(kept.position, &kept.hash, &kept.entry)).collect()
}

/// Every entry of the ledger.
async fn all(store: &Opened) -> Result<Vec<Kept>, CliError> {
    Ok(ledger::read(store.log.as_ref()).await?)
}

/// The run that `given` begins, among those that the ledger names: a run whose log is lost is still in it.
fn run_named(kept: &[Kept], given: &str) -> Result<RunId, CliError> {
    let mut matching: Vec<&RunId> = kept.iter().filter_map(|kept| jsonl::run_of(&kept.entry)).collect();
    matching.retain(|run| run.as_str().starts_with(given));
    matching.sort();
    matching.dedup();
    match matching.as_slice() {
        [run] => Ok((*run).clone()),
        [] => Err(CliError::usage(format!("no run in the ledger begins with `{}`", plain(given)))
            .hint("`factory decision list` shows all decisions")),
        several => match several.iter().find(|run| run.as_str() == given) {
            Some(exact) => Ok((*exact).clone()),
            None => {
                let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
                Err(CliError::usage(format!("{} runs begin with `{given}`", ids.len())).hint(ids.join("\n")))
            }
        },
    }
}

/// Text for a terminal, on one line: what would not show is shown as its code.
fn plain(text: &str) -> String {
    plain::line(text)
}

/// The beginning of a text on one line, and how long it is if that is not all of it.
fn beginning(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => plain::line(text),
        Some((end, _)) => format!("{}… ({} bytes)", plain::line(&text[..end]), text.len()),
    }
}

/// Text of many lines for a terminal. In JSON, in whose strings alone such characters can be, it means the same.
fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_layout = matches!(c, '\n' | '\t') || (c == '\r' && rest.peek() == Some(&'\n'));
        if is_layout || !plain::is_hidden(c) {
            harmless.push(c);
            continue;
        }
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            harmless.push_str(&format!("\\u{unit:04x}"));
        }
    }
    harmless
}

/// Prints what is for programs. What a person sees must not move their cursor; what a program reads is exact.
fn print_data(text: &str) {
    if io::stdout().is_terminal() {
        output::raw(&harmless(text));
    } else {
        output::raw(text);
    }
}

/// A JSON document for a terminal or a program.
fn json<T: serde::Serialize>(value: &T) -> String {
    let text = serde_json::to_string_pretty(value).expect("what is printed holds only what JSON can say");
    format!("{}\n", harmless(&text))
}
