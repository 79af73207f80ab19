//! `factory decision export`: the ledger for other programs.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use factory_core::artifact::Body;
use factory_core::ids::RunId;
use factory_core::ledger::entry::{Decided, LedgerEntry};
use factory_core::ledger::export::row::{Kind, Row};
use factory_core::ledger::export::{csv, intoto, jsonl, ocel};
use factory_engine::ledger::{self, Kept};
use factory_engine::port::clock::{Clock as _, SystemClock};
use factory_engine::port::store::{BlobStore, StoredRecord};
use factory_store::Opened;

use crate::args::decision::{ExportArgs, ExportFormat};
use crate::checkpoint::{self, Checkpoint};
use crate::config::place::Place;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{archive, output};

pub(super) async fn export(args: &ExportArgs) -> Result<Exit, CliError> {
    let place = Place::here()?;
    // A project in which nothing was ever run has a ledger, too: an empty one.
    let store = archive::open(&place).await?;
    let stored = match &store {
        Some(store) => ledger::stored(store.log.as_ref()).await?,
        None => Vec::new(),
    };
    let kept = decoded(&stored)?;
    let run = args.run.as_deref().map(|given| super::run_named(&kept, given)).transpose()?;
    let ledger = Ledger { store: store.as_ref(), stored: &stored, kept: &kept, run: run.as_ref() };
    let text = match args.format {
        ExportFormat::Jsonl => whole(&place, &ledger).await?,
        ExportFormat::Csv => csv::write(&ledger.rows().await),
        ExportFormat::InToto => statements(&ledger).await?,
        ExportFormat::Ocel => {
            let log = ocel::log(&ledger.rows().await, &specs(&kept));
            serde_json::to_string_pretty(&log).expect("event logs hold only what JSON can say") + "\n"
        }
    };
    match &args.output {
        Some(path) => write(path, &text)?,
        None => super::print_data(&text),
    }
    Ok(Exit::Clean)
}

/// The ledger, and which of it is wanted.
struct Ledger<'a> {
    /// None where nothing was ever run: then there are no entries either.
    store: Option<&'a Opened>,
    stored: &'a [StoredRecord],
    kept: &'a [Kept],
    run: Option<&'a RunId>,
}

impl<'a> Ledger<'a> {
    /// What is wanted as rows. The end of a merged run gets the commit that its merge names, as long as that is there.
    async fn rows(&self) -> Vec<Row> {
        let mut rows = super::rows(self.chosen());
        let Some(store) = self.store else { return rows };
        for row in rows.iter_mut().filter(|row| row.kind == Kind::End) {
            let [merge] = row.about.as_slice() else { continue };
            if let Ok(Body::Merge(merge)) = archive::artifact(store.blobs.as_ref(), merge).await {
                row.commit = Some(merge.commit);
            }
        }
        rows
    }

    fn chosen(&self) -> impl Iterator<Item = &'a Kept> {
        let run = self.run;
        self.kept.iter().filter(move |kept| run.is_none() || jsonl::run_of(&kept.entry) == run)
    }
}

fn decoded(stored: &[StoredRecord]) -> Result<Vec<Kept>, CliError> {
    let decode = |record: &StoredRecord| {
        let entry = LedgerEntry::from_bytes(&record.bytes).map_err(|error| {
            CliError::failed(format!("the entry {} cannot be exported", record.position))
                .because(&error)
                .hint("`factory decision verify` says what is wrong with the ledger")
        })?;
        Ok(Kept { position: record.position, hash: record.hash.clone(), entry })
    };
    stored.iter().map(decode).collect()
}

/// The specification's file of each run.
fn specs(kept: &[Kept]) -> BTreeMap<String, String> {
    let spec = |kept: &Kept| match &kept.entry.decided {
        Decided::Request(request) => Some((request.run.to_string(), request.spec.clone())),
        Decided::Run { .. } | Decided::Trust(_) => None,
    };
    kept.iter().filter_map(spec).collect()
}

async fn whole(place: &Place, ledger: &Ledger<'_>) -> Result<String, CliError> {
    let mut header = jsonl::Header::new(SystemClock.now(), env!("CARGO_PKG_VERSION").to_owned());
    header.count = ledger.stored.last().map_or(0, |last| last.position + 1);
    header.head = ledger.stored.last().map(|last| last.hash.clone());
    header.first = ledger.stored.first().map(|first| first.hash.clone());
    header.run = ledger.run.cloned();
    header.checkpoints = checkpoints(place)?;
    let mut entries = Vec::new();
    for kept in ledger.chosen() {
        let at = usize::try_from(kept.position).expect("all entries are in memory");
        let previous = at.checked_sub(1).map(|before| ledger.stored[before].hash.clone());
        entries.push(jsonl::Exact {
            position: kept.position,
            hash: kept.hash.clone(),
            previous,
            bytes: &ledger.stored[at].bytes,
            signature: match ledger.store {
                Some(store) => signature(store.blobs.as_ref(), &kept.entry).await,
                None => None,
            },
        });
    }
    jsonl::write(&header, &entries)
        .map_err(|error| CliError::failed("the ledger cannot be exported").because(&error))
}

/// Those that can be read; the others are said to be left out.
fn checkpoints(place: &Place) -> Result<Vec<Checkpoint>, CliError> {
    let all = checkpoint::all(place)
        .map_err(|error| CliError::failed("the checkpoints cannot be read").because(&error))?;
    let mut found = Vec::new();
    for (path, checkpoint) in all {
        match checkpoint {
            Ok(checkpoint) => found.push(checkpoint),
            Err(why) => output::note_line(&super::plain(&format!("left out: {}: {why}", path.display()))),
        }
    }
    Ok(found)
}

/// The signature's text. One that is lost is not in the export, which whoever verifies it is told.
async fn signature(blobs: &dyn BlobStore, entry: &LedgerEntry) -> Option<String> {
    let (_, digest) = jsonl::signed(entry)?;
    String::from_utf8(blobs.get(digest).await.ok()?).ok()
}

/// A statement for each merged run, by the place of its first decision.
async fn statements(ledger: &Ledger<'_>) -> Result<String, CliError> {
    let text = match (ledger.store, ledger.stored.first(), ledger.stored.last()) {
        (Some(store), Some(first), Some(last)) => {
            let within = intoto::Within { count: last.position + 1, head: &last.hash, first: &first.hash };
            merged(store, ledger, &within).await?
        }
        (_, None, _) | (_, _, None) | (None, _, _) => String::new(),
    };
    if text.is_empty() {
        output::note_line("no run has been merged, so there is nothing to attest");
    }
    Ok(text)
}

async fn merged(
    store: &Opened,
    ledger: &Ledger<'_>,
    within: &intoto::Within<'_>,
) -> Result<String, CliError> {
    let mut text = String::new();
    for kept in ledger.chosen() {
        let Decided::Request(request) = &kept.entry.decided else { continue };
        let run = &request.run;
        let state = factory_engine::history::read(store.log.as_ref(), run).await?.state;
        let Some(merge) = archive::merge(store.blobs.as_ref(), &state).await? else { continue };
        let of_run = ledger.kept.iter().filter(|kept| jsonl::run_of(&kept.entry) == Some(run));
        let decisions: Vec<Row> = super::rows(of_run);
        let landed = intoto::Landed {
            run,
            branch: &merge.branch,
            commit: &merge.commit,
            spec: &request.spec,
            source: &request.source,
        };
        text.push_str(&intoto::statement(&landed, within, &decisions));
        text.push('\n');
    }
    Ok(text)
}

/// Writes a new file: an export that is there may be the only copy of a ledger that is gone.
fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let failed =
        |error: io::Error| CliError::usage(format!("{} cannot be written", path.display())).because(&error);
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}
