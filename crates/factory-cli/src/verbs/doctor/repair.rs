//! `factory doctor --repair`: looks at every record, and where one is damaged makes a new store of all that is whole. The
//! damaged store is left as it is; whoever asked puts the new one in its place.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use factory_engine::port::store::StoreError;
use factory_store::{Damage, Examination, Imported, Soundness, Store};
use serde::Serialize;

use crate::args::ListFormat;
use crate::config::place::{self, Place, STORE};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{invocation, output};

/// What was found, and what was saved.
#[derive(Debug, Serialize)]
struct Report {
    damaged: bool,
    findings: Vec<Finding>,
    saved: Option<Saved>,
}

/// One thing that is damaged.
#[derive(Debug, Serialize)]
struct Finding {
    /// What it is: a run's id, `ledger`, `blob …` or `store`.
    what: String,
    /// The first record that cannot be read, counted from 0.
    record: Option<u64>,
    /// How many records there should be, if that is known.
    of: Option<u64>,
    /// How many of them are in the new store.
    saved: Option<u64>,
    reason: String,
}

/// The new store.
#[derive(Debug, Serialize)]
struct Saved {
    to: PathBuf,
    runs: usize,
    records: u64,
    decisions: u64,
    blobs: usize,
    /// The command that puts it in the place of the damaged one.
    next: String,
}

pub(crate) async fn repair(place: &Place, to: Option<&Path>, format: ListFormat) -> Result<Exit, CliError> {
    let dir = place.store();
    if ["format", "store"].iter().all(|name| !dir.join(name).exists()) {
        let report = Report { damaged: false, findings: Vec::new(), saved: None };
        tell(&report, "there are no runs yet", format);
        return Ok(Exit::Clean);
    }
    let found = blocking({
        let dir = dir.clone();
        move || Store::examine(&dir)
    })
    .await?;
    if found.is_sound() {
        let records: u64 = found.runs.values().map(|run| run.whole).sum();
        let decisions = found.ledger.whole;
        let whole = format!("{} runs with {records} records, and {decisions} decisions", found.runs.len());
        let report = Report { damaged: false, findings: Vec::new(), saved: None };
        tell(&report, &format!("nothing is damaged: {whole}"), format);
        return Ok(Exit::Clean);
    }
    let to = destination(place, to)?;
    let exported = blocking({
        let (dir, whole) = (dir.clone(), to.join("whole"));
        move || Store::export_whole(&dir, &whole)
    })
    .await?;
    let imported = blocking({
        let (whole, new) = (to.join("whole"), to.join(STORE));
        move || Store::import(&whole, &new)
    })
    .await?;
    copy_the_rest(&dir, &to.join(STORE)).map_err(|error| cannot_write(&to, &error))?;
    let report = Report {
        damaged: true,
        findings: findings(&exported.found),
        saved: Some(saved(place, to, imported)),
    };
    tell(&report, "", format);
    Ok(Exit::Failed)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, CliError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| CliError::failed("the store could not be looked at").because(&error))??)
}

fn cannot_write(to: &Path, error: &io::Error) -> CliError {
    CliError::failed(format!("{} cannot be written", to.display()))
        .because(error)
        .hint("make room, or name another directory: --to DIR")
}

/// A directory of this user's alone that git leaves out, new or empty.
fn destination(place: &Place, to: Option<&Path>) -> Result<PathBuf, CliError> {
    let to = match to {
        Some(to) => place::current_dir()?.join(to),
        None => {
            let project = place.project.directory();
            let name = |n: u32| if n == 1 { format!("{STORE}-saved") } else { format!("{STORE}-saved-{n}") };
            let mut free = (1..10_000).map(|n| project.join(name(n))).filter(|dir| !dir.exists());
            free.next().unwrap_or_else(|| project.join(name(1)))
        }
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&to)
        .map_err(|error| cannot_write(&to, &error))?;
    let mut there = fs::read_dir(&to).map_err(|error| cannot_write(&to, &error))?;
    if there.next().is_some() {
        return Err(CliError::usage(format!("there is something in {} already", to.display()))
            .hint("name a directory that is empty or does not exist: --to DIR"));
    }
    fs::write(to.join(".gitignore"), "*\n").map_err(|error| cannot_write(&to, &error))?;
    Ok(to)
}

/// What lies beside the records in a project's folder and is no part of the store: this machine's configuration,
/// scorecards, checkpoints.
fn copy_the_rest(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let own = ["store", "blobs", "lock", "format"].iter().any(|name| entry.file_name() == *name);
        if own || target.exists() {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            fs::DirBuilder::new().mode(0o700).create(&target)?;
            copy_the_rest(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn findings(found: &Examination) -> Vec<Finding> {
    let whole = |what: &str, reason: &str| Finding {
        what: what.to_owned(),
        record: None,
        of: None,
        saved: None,
        reason: reason.to_owned(),
    };
    let chain = |what: String, soundness: &Soundness, damage: &Damage| Finding {
        what,
        record: Some(damage.position),
        of: soundness.counted,
        saved: Some(soundness.salvageable),
        reason: damage.reason.clone(),
    };
    let mut all: Vec<Finding> = found.general.iter().map(|reason| whole("store", reason)).collect();
    let chains = found.runs.iter().map(|(run, soundness)| (run.to_string(), soundness));
    for (what, soundness) in chains.chain([("ledger".to_owned(), &found.ledger)]) {
        all.extend(soundness.damage.as_ref().map(|damage| chain(what, soundness, damage)));
    }
    for blob in &found.blobs {
        let of = blob.of.as_ref().map_or(String::new(), |of| format!(" ({of})"));
        all.push(whole(&format!("blob {}{of}", blob.digest.short()), &blob.reason));
    }
    all
}

fn saved(place: &Place, to: PathBuf, imported: Imported) -> Saved {
    let Imported { runs, records, decisions, blobs } = imported;
    let word = |path: PathBuf| invocation::quoted(&path);
    let damaged = {
        let project = place.project.directory();
        let name =
            |n: u32| format!("{STORE}-damaged{}", if n == 1 { String::new() } else { format!("-{n}") });
        let mut free = (1..10_000).map(|n| project.join(name(n))).filter(|dir| !dir.exists());
        free.next().unwrap_or_else(|| project.join(name(1)))
    };
    let (old, new) = (word(place.store()), word(to.join(STORE)));
    let next = format!("mv {old} {} && mv {new} {old}", word(damaged));
    Saved { to, runs, records, decisions, blobs, next }
}

fn tell(report: &Report, sound: &str, format: ListFormat) {
    if format == ListFormat::Json {
        output::json(report);
        return;
    }
    if !sound.is_empty() {
        output::line(sound);
    }
    for Finding { what, record, of, saved, reason } in &report.findings {
        let saved = saved.map_or(String::new(), |saved| format!("; the first {saved} are saved"));
        let place = match (record, of) {
            (Some(record), Some(of)) => format!(", record {record} of {of}"),
            (Some(record), None) => format!(", record {record}"),
            (None, _) => String::new(),
        };
        output::line(&format!("DAMAGED {what}{place}: {reason}{saved}"));
    }
    let Some(Saved { to, runs, records, decisions, blobs, next }) = &report.saved else { return };
    output::line(&format!(
        "\nsaved in {}: {runs} runs with {records} records, {decisions} decisions, {blobs} blobs.\nThe damaged store is as \
         it was. A run that has lost records stands where its last whole one left it.\nGo on with what was saved: {next}",
        to.display()
    ));
}
