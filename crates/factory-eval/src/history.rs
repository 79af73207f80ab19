//! How scenarios have fared over time: what scorecards and measurements of the evaluator say of them, by their keys. All of it
//! is in the evaluator's folder, and never leaves its side.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use factory_core::ids::{Digest, ScenarioKey};
use serde::{Deserialize, Serialize};

use crate::key::EvaluatorKey;
use crate::sabotage::{End, Sabotaged};
use crate::score::Verdict;
use crate::scorecard::{Outcome, Scorecard};
use crate::suite::Compiled;

/// The folder of measurements, in that of the scorecards.
const FIDELITY: &str = "fidelity";
/// The version of a measurement's form.
const VERSION: u32 = 1;

/// One evaluation of one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// When it was kept.
    pub at: SystemTime,
    /// Which scenario; nothing of the vault, whose scorecards name none.
    pub key: ScenarioKey,
    /// What its runs said.
    pub verdict: Verdict,
    /// Runs that passed.
    pub passed: u32,
    /// Runs that failed.
    pub failed: u32,
}

/// The newest measurement of one scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fidelity {
    /// Which scenario.
    pub key: ScenarioKey,
    /// Tamperings with what it asserts.
    pub tampered: u32,
    /// How many of them passed.
    pub passed: u32,
    /// How many others passed: assertions that it lacks.
    pub missing: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Measurement {
    version: u32,
    scenarios: Vec<Fidelity>,
}

/// All that is kept.
#[derive(Debug, Default)]
pub struct History {
    /// Evaluations, the oldest first.
    pub past: Vec<Past>,
    /// Measurements, the oldest first.
    pub fidelity: Vec<(SystemTime, Fidelity)>,
    /// Files that cannot be read, with why. They hide nothing else.
    pub damaged: Vec<(PathBuf, String)>,
}

impl History {
    /// Reads all scorecards and measurements in the evaluator's folder; nothing is there where there is no folder.
    ///
    /// # Errors
    /// When a folder is there and cannot be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut history = History::default();
        for (path, at) in documents(folder)? {
            match card(folder, &path) {
                Ok(card) => history.past.extend(card.scenarios.iter().filter_map(|score| {
                    let count = |is: fn(&Outcome) -> bool| {
                        let count = score.runs.iter().filter(|run| is(&run.outcome)).count();
                        u32::try_from(count).unwrap_or(u32::MAX)
                    };
                    Some(Past {
                        at,
                        key: score.key.clone()?,
                        verdict: score.verdict,
                        passed: count(|outcome| matches!(outcome, Outcome::Passed)),
                        failed: count(|outcome| matches!(outcome, Outcome::Failed { .. })),
                    })
                })),
                Err(error) => history.damaged.push((path, error.to_string())),
            }
        }
        for (path, at) in documents(&folder.join(FIDELITY))? {
            match measurement(&path) {
                Ok(measured) => history.fidelity.extend(measured.into_iter().map(|one| (at, one))),
                Err(error) => history.damaged.push((path, error.to_string())),
            }
        }
        Ok(history)
    }

    /// The evaluations of a scenario, the oldest first.
    pub fn of<'a>(&'a self, key: &'a ScenarioKey) -> impl Iterator<Item = &'a Past> {
        self.past.iter().filter(move |past| past.key == *key)
    }

    /// The newest measurement of a scenario.
    pub fn fidelity_of(&self, key: &ScenarioKey) -> Option<&Fidelity> {
        self.fidelity.iter().rev().map(|(_, one)| one).find(|one| one.key == *key)
    }
}

/// The JSON documents of a folder with the times of their making, the oldest first.
fn documents(folder: &Path) -> io::Result<Vec<(PathBuf, SystemTime)>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            // One that vanishes meanwhile, or has no time, is the oldest.
            let at = path.metadata().and_then(|metadata| metadata.modified());
            found.push((path, at.unwrap_or(SystemTime::UNIX_EPOCH)));
        }
    }
    found.sort_by(|one, other| (one.1, &one.0).cmp(&(other.1, &other.0)));
    Ok(found)
}

fn card(folder: &Path, path: &Path) -> io::Result<Scorecard> {
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let digest: Digest = name.parse().map_err(|_| invalid("its name is not that of a scorecard"))?;
    Scorecard::load(folder, &digest)
}

fn measurement(path: &Path) -> io::Result<Vec<Fidelity>> {
    let measured: Measurement = serde_json::from_slice(&std::fs::read(path)?)?;
    match measured.version {
        VERSION => Ok(measured.scenarios),
        _ => Err(invalid("the measurement has an unknown version")),
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

/// Keeps a measurement of these scenarios in the evaluator's folder, without a word of them.
///
/// # Errors
/// When it cannot be written.
pub fn keep_fidelity(folder: &Path, scenarios: &[Arc<Compiled>], found: &[Sabotaged]) -> io::Result<()> {
    let key = EvaluatorKey::open(folder)?;
    let measured = found.iter().filter(|found| found.unusable.is_none()).filter_map(|found| {
        let scenario = scenarios.get(found.place)?.scenario.reveal();
        let count = |asserted: bool, ends: &[End]| {
            let attempts = found.attempts.iter();
            let count =
                attempts.filter(|it| it.asserted.is_some() == asserted && ends.contains(&it.end)).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        Some(Fidelity {
            key: key.scenario(scenario),
            tampered: count(true, &[End::Noticed, End::Missed]),
            passed: count(true, &[End::Missed]),
            missing: count(false, &[End::Missed]),
        })
    });
    let bytes = serde_json::to_vec_pretty(&Measurement { version: VERSION, scenarios: measured.collect() })?;
    let folder = folder.join(FIDELITY);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    // The same figures twice are one file, and its time is that of the second.
    let path = folder.join(format!("{}.json", Digest::of(&bytes)));
    let unfinished = path.with_extension("tmp");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scorecard::{RunRecord, ScenarioScore};

    #[test]
    fn a_damaged_file_is_named_and_hides_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(History::read(&folder.path().join("none")).unwrap().past.is_empty());
        let key: ScenarioKey = Digest::of(b"scenario").as_str().parse().unwrap();
        let mut card = Scorecard::new(Digest::of(b"patch"), "moved by nobody".to_owned());
        card.scenarios.push(ScenarioScore {
            id: "a/a".to_owned(),
            name: "A".to_owned(),
            covers: Vec::new(),
            critical: false,
            verdict: Verdict::Passed,
            class: None,
            key: Some(key.clone()),
            burnt: false,
            runs: vec![RunRecord { milliseconds: 1, outcome: Outcome::Passed, place: None }],
        });
        card.save(folder.path()).unwrap();
        let bad = folder.path().join(format!("{}.json", Digest::of(b"other")));
        std::fs::write(&bad, "{}").unwrap();
        std::fs::write(folder.path().join("stray.json"), "nonsense").unwrap();
        let found = Sabotaged { place: 0, unusable: None, attempts: Vec::new() };
        keep_fidelity(folder.path(), &[], &[found]).unwrap();
        std::fs::write(folder.path().join("fidelity/bad.json"), "{\"version\": 9}").unwrap();
        let history = History::read(folder.path()).unwrap();
        assert_eq!(
            history.of(&key).map(|past| (past.verdict, past.passed)).collect::<Vec<_>>(),
            [(Verdict::Passed, 1)]
        );
        let damaged: Vec<_> = history.damaged.iter().map(|(path, _)| path.file_name().unwrap()).collect();
        assert_eq!(damaged.len(), 3, "{damaged:?}");
        assert!(damaged.contains(&bad.file_name().unwrap()));
    }
}
