//! `factory decision verify`: the ledger held against itself, the runs' logs, the checkpoints, the commits and the
//! signatures; or an export against itself and what is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use factory_core::ids::{Digest, GitOid, RunId};
use factory_core::ledger::entry::LedgerEntry;
use factory_core::ledger::export::jsonl::{self, Reading};
use factory_engine::ledger::{self, Examined};
use factory_engine::port::store::BlobStore;
use factory_store::Opened;
use factory_workspace::{Project, signing};

use self::anchors::{Held, Runs};
use self::report::Report;
use self::signatures::Signatures;
use crate::args::ListFormat;
use crate::checkpoint::{self, Checkpoint};
use crate::config::place::{self, Place};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{archive, output};

mod anchors;
mod report;
mod signatures;

/// The ledger of the project here.
pub(super) async fn here(format: ListFormat) -> Result<Exit, CliError> {
    let place = Place::here()?;
    let mut report = Report::default();
    let signatures = Signatures::new(signing::allowed_signers(place.project.root()));
    let store = archive::open(&place).await?;
    let examined = match &store {
        Some(store) => ledger::examine(store.log.as_ref()).await?,
        None => Examined { kept: Vec::new(), count: 0, runs: 0, faults: Vec::new() },
    };
    for fault in &examined.faults {
        report.finding(fault.position(), "ledger", fault.to_string());
    }
    let hashes: BTreeMap<u64, Digest> =
        examined.kept.iter().map(|kept| (kept.position, kept.hash.clone())).collect();
    let held = Held { first: hashes.get(&0).cloned(), hashes, count: examined.count, is_whole: true };
    report.checked.entries = examined.kept.len();
    report.checked.runs = examined.runs;
    report.held(&held);
    let checkpoints = checkpoint::all(&place)
        .map_err(|error| CliError::usage("the checkpoints cannot be read").because(&error))?;
    for (path, checkpoint) in checkpoints {
        let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        anchors::checkpoint(&name, checkpoint, &held, &signatures, &mut report);
    }
    let mut runs = Runs::default();
    if let Some(store) = &store {
        runs.named = named(examined.kept.iter().map(|kept| &kept.entry));
        runs.merged = merged(store, &mut report).await?;
    }
    anchors::commits(&place.project, &held, &runs, &mut report)?;
    if let Some(store) = &store {
        for kept in &examined.kept {
            if let Some((_, digest)) = jsonl::signed(&kept.entry) {
                let text = text(store.blobs.as_ref(), digest).await;
                signatures.decision(kept.position, &kept.entry, text, &mut report);
            }
        }
    }
    Ok(finish(report, &signatures, format))
}

async fn text(blobs: &dyn BlobStore, digest: &Digest) -> Result<String, String> {
    let bytes = blobs.get(digest).await.map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}

/// The runs that entries name.
fn named<'a>(entries: impl Iterator<Item = &'a LedgerEntry>) -> BTreeSet<RunId> {
    entries.filter_map(jsonl::run_of).cloned().collect()
}

/// The commits that the runs of this store have merged.
async fn merged(store: &Opened, report: &mut Report) -> Result<BTreeMap<GitOid, RunId>, CliError> {
    let mut merged = BTreeMap::new();
    for (run, history) in archive::all(store).await? {
        // A log that cannot be read is named already.
        let Ok(history) = history else { continue };
        match archive::merge(store.blobs.as_ref(), &history.state).await {
            Ok(merge) => merged.extend(merge.map(|merge| (merge.commit, run))),
            Err(error) => report.finding(None, &format!("run {run}"), error.to_string().replace('\n', ";")),
        }
    }
    Ok(merged)
}

/// An export, without any store. In a project, its commits and allowed signers count, too.
pub(super) fn export(file: &Path, format: ListFormat) -> Result<Exit, CliError> {
    let bytes = fs::read(file)
        .map_err(|error| CliError::usage(format!("{} cannot be read", file.display())).because(&error))?;
    let directory = place::current_dir()?;
    let project = Project::discover(&directory).ok();
    let signatures = Signatures::new(signing::allowed_signers(&directory));
    let mut report = Report::default();
    let reading: Reading<Checkpoint> = jsonl::read(&bytes);
    for fault in &reading.faults {
        report.finding(fault.position(), "export", fault.to_string());
    }
    let hashes: BTreeMap<u64, Digest> =
        reading.entries.iter().map(|read| (read.position, read.hash.clone())).collect();
    let extract: Option<&RunId> = reading.header.as_ref().and_then(|header| header.run.as_ref());
    let count = match (&reading.header, extract) {
        (Some(header), Some(_)) => header.count,
        (Some(_), None) | (None, _) => hashes.last_key_value().map_or(0, |(last, _)| last + 1),
    };
    let first = match (&reading.header, extract) {
        (Some(header), Some(_)) => header.first.clone(),
        (Some(_), None) | (None, _) => hashes.get(&0).cloned(),
    };
    let held = Held { first, hashes, count, is_whole: extract.is_none() };
    report.checked.entries = reading.entries.len();
    report.held(&held);
    if let Some(run) = extract {
        report.note(format!(
            "this is an extract of the run {run}: that nothing was left out of it cannot be shown"
        ));
    }
    let checkpoints = reading.header.map_or(Vec::new(), |header| header.checkpoints);
    for (index, checkpoint) in checkpoints.into_iter().enumerate() {
        let name = format!("{} of the header", index + 1);
        anchors::checkpoint(&name, checkpoint.of_known_form(), &held, &signatures, &mut report);
    }
    if let Some(project) = &project {
        let named = named(reading.entries.iter().map(|read| &read.entry));
        anchors::commits(project, &held, &Runs { named, ..Runs::default() }, &mut report)?;
    }
    for read in &reading.entries {
        let text = read.signature.clone().ok_or_else(|| "it is not in the export".to_owned());
        signatures.decision(read.position, &read.entry, text, &mut report);
    }
    Ok(finish(report, &signatures, format))
}

fn finish(mut report: Report, signatures: &Signatures, format: ListFormat) -> Exit {
    report.keys(signatures.allowed());
    match format {
        ListFormat::Json => output::text(&super::json(&report.sorted())),
        ListFormat::Human => output::text(&report.sorted().screen()),
    }
    report.exit()
}
