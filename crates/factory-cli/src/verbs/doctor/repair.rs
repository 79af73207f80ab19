//! `factory doctor --repair`: looks at every record, and where one is damaged makes a new store of all that is whole. The
//! damaged store is left as it is; whoever asked puts the new one in its place.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use factory_engine::port::store::StoreError;
use factory_store::{Imported, Store};
use serde::Serialize;

use super::damage::{self, Damaged, Look};
use crate::args::ListFormat;
use crate::config::place::{self, Place, STORE};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{invocation, output};

/// What was found, and what was saved.
#[derive(Debug, Serialize)]
struct Report {
    damaged: bool,
    findings: Vec<Damaged>,
    saved: Option<Saved>,
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
    let look = Look::at(&dir).await??;
    if look.damaged.is_empty() {
        let report = Report { damaged: false, findings: Vec::new(), saved: None };
        tell(&report, &format!("nothing is damaged: {}", look.counts()), format);
        return Ok(Exit::Clean);
    }
    if look.found.only_lacks_blobs() {
        // A new store would lack the same.
        tell(&Report { damaged: true, findings: look.damaged, saved: None }, "", format);
        return Ok(Exit::Failed);
    }
    let lost = look.damaged.into_iter().filter(|damaged| damaged.is_scorecard);
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
        findings: damage::damaged(&exported.found).into_iter().chain(lost).collect(),
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
    for damaged in &report.findings {
        let saved = match (damaged.saved, damaged.record) {
            (None, _) => String::new(),
            (Some(0), _) => "; none of its records is saved".to_owned(),
            // What the database does not give any more is looked for in its file, one record after the other.
            (Some(saved), Some(record)) if saved > record => {
                format!(
                    "; in the database's file the first {saved} records were found all the same, and are saved"
                )
            }
            (Some(saved), _) => format!("; the {saved} before it are saved"),
        };
        output::line(&format!("{}{saved}", damage::line(damaged)));
    }
    if report.damaged && report.saved.is_none() {
        output::line(&format!("\nA new store would lack the same, so none is made: {}.", damage::LACKS));
    }
    let Some(Saved { to, runs, records, decisions, blobs, next }) = &report.saved else { return };
    output::line(&format!(
        "\nsaved in {}: {runs} runs with {records} records, {decisions} decisions, {blobs} blobs.\nThe damaged store is as \
         it was. A run that has lost records stands where its last whole one left it.\nGo on with what was saved: {next}",
        to.display()
    ));
}
