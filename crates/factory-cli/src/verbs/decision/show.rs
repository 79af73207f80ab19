//! `factory decision show`: whole entries.

use factory_core::ledger::entry::LedgerEntry;
use factory_engine::ledger::Kept;
use serde::Serialize;

use crate::args::ListFormat;
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use crate::verbs::runs::choose;

/// An entry for machines.
#[derive(Serialize)]
struct Whole<'a> {
    position: u64,
    hash: &'a str,
    entry: &'a LedgerEntry,
}

pub(super) async fn show(which: &str, format: ListFormat) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let store = choose::store(&place).await?;
    let kept = super::all(&store).await?;
    let chosen = choose(&kept, which)?;
    let whole: Vec<Whole<'_>> = chosen
        .iter()
        .map(|kept| Whole { position: kept.position, hash: kept.hash.as_str(), entry: &kept.entry })
        .collect();
    match format {
        ListFormat::Json => output::text(&super::json(&whole)),
        ListFormat::Human => {
            for (kept, whole) in chosen.iter().zip(&whole) {
                output::line(&super::list::line(&super::row(kept.position, &kept.hash, &kept.entry)));
                output::text(&super::json(whole));
            }
        }
    }
    Ok(Exit::Clean)
}

/// The entry at a position, or all of a run.
fn choose<'a>(kept: &'a [Kept], which: &str) -> Result<Vec<&'a Kept>, CliError> {
    if let Ok(position) = which.parse::<u64>() {
        let found = kept.iter().find(|kept| kept.position == position);
        let found = found.ok_or_else(|| {
            CliError::usage(format!("there is no entry {position}"))
                .hint(format!("the ledger has {} entries, from 0", kept.len()))
        })?;
        return Ok(vec![found]);
    }
    let run = super::run_named(kept, which)?;
    let is_of = |kept: &&Kept| factory_core::ledger::export::jsonl::run_of(&kept.entry) == Some(&run);
    Ok(kept.iter().filter(is_of).collect())
}
