//! What is damaged in a store, for whoever asks the doctor: every record is read, and everything that records refer to.

use std::io::ErrorKind;
use std::path::Path;

use factory_core::ids::RunId;
use factory_engine::port::store::StoreError;
use factory_eval::scorecard::Scorecard;
use factory_store::{Damage, Examination, Soundness, Store};
use serde::Serialize;

use crate::error::CliError;
use crate::evaluation::SCORECARDS;

/// What helps where nothing is wrong but that something which records refer to is gone: what is left of the store is all
/// there is.
pub(super) const LACKS: &str = "bring them back from a copy of .factory; without one, what they held is lost, and a run that \
                                needs it is blocked: factory runs cancel RUN";

/// One thing that is damaged.
#[derive(Debug, Serialize)]
pub(super) struct Damaged {
    /// What it is: a run's id, `ledger`, `blob …`, `scorecard …` or `store`.
    pub(super) what: String,
    /// The first record that cannot be read, counted from 0.
    pub(super) record: Option<u64>,
    /// How many records there should be, if that is known.
    pub(super) of: Option<u64>,
    /// How many of them a new store would have.
    pub(super) saved: Option<u64>,
    /// The runs that refer to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) runs: Vec<String>,
    pub(super) reason: String,
    /// Whether it is no part of the store proper.
    #[serde(skip)]
    pub(super) is_scorecard: bool,
}

/// All that was found.
pub(super) struct Look {
    pub(super) found: Examination,
    pub(super) damaged: Vec<Damaged>,
}

impl Look {
    /// Looks at all of the store in `dir`.
    pub(super) async fn at(dir: &Path) -> Result<Result<Self, StoreError>, CliError> {
        let dir = dir.to_owned();
        let look = move || {
            let found = Store::examine(&dir)?;
            let mut damaged = damaged(&found);
            damaged.extend(scorecards(&found, &dir.join(SCORECARDS)));
            Ok(Self { found, damaged })
        };
        let done = tokio::task::spawn_blocking(look).await;
        done.map_err(|error| CliError::failed("the store could not be looked at").because(&error))
    }

    /// What a store that is whole has in it, in words.
    pub(super) fn counts(&self) -> String {
        let records: u64 = self.found.runs.values().map(|run| run.whole).sum();
        let decisions = self.found.ledger.whole;
        format!("{} runs with {records} records, and {decisions} decisions", self.found.runs.len())
    }
}

/// What the examination has found, a row for each.
pub(super) fn damaged(found: &Examination) -> Vec<Damaged> {
    let whole = |what: &str, reason: &str| Damaged {
        what: what.to_owned(),
        record: None,
        of: None,
        saved: None,
        runs: Vec::new(),
        reason: reason.to_owned(),
        is_scorecard: false,
    };
    let chain = |what: String, soundness: &Soundness, damage: &Damage| Damaged {
        record: Some(damage.position),
        of: soundness.counted,
        saved: Some(soundness.salvageable),
        ..whole(&what, &damage.reason)
    };
    let mut all: Vec<Damaged> = found.general.iter().map(|reason| whole("store", reason)).collect();
    let chains = found.runs.iter().map(|(run, soundness)| (run.to_string(), soundness));
    for (what, soundness) in chains.chain([("ledger".to_owned(), &found.ledger)]) {
        all.extend(soundness.damage.as_ref().map(|damage| chain(what, soundness, damage)));
    }
    for blob in &found.blobs {
        let of = blob.of.as_ref().map_or(String::new(), |of| format!(" ({of})"));
        let what = format!("blob {}{of}", blob.digest.short());
        all.push(Damaged { runs: names(&blob.runs), ..whole(&what, &blob.reason) });
    }
    all
}

/// The evaluator's scorecards that are not there or not what was written. What is in them is said to nobody.
fn scorecards(found: &Examination, folder: &Path) -> Vec<Damaged> {
    let looked = found.scorecards.iter().filter_map(|(digest, runs)| {
        let reason = match Scorecard::load(folder, digest) {
            Ok(_) => return None,
            Err(error) if error.kind() == ErrorKind::NotFound => "it is missing",
            Err(_) => "it cannot be read, or is not what was written",
        };
        let what = format!("scorecard {}", digest.short());
        let (record, of, saved) = (None, None, None);
        Some(Damaged {
            what,
            record,
            of,
            saved,
            runs: names(runs),
            reason: reason.to_owned(),
            is_scorecard: true,
        })
    });
    looked.collect()
}

fn names<'a>(runs: impl IntoIterator<Item = &'a RunId>) -> Vec<String> {
    runs.into_iter().map(ToString::to_string).collect()
}

/// A row as a line: what, where and why.
pub(super) fn line(damaged: &Damaged) -> String {
    let place = match (damaged.record, damaged.of) {
        (Some(record), Some(of)) => format!(", record {record} of {of}"),
        (Some(record), None) => format!(", record {record}"),
        (None, _) => String::new(),
    };
    let runs =
        if damaged.runs.is_empty() { String::new() } else { format!(", of {}", damaged.runs.join(", ")) };
    format!("DAMAGED {}{place}{runs}: {}", damaged.what, damaged.reason)
}
