//! What an evaluation found, in full. It quotes scenarios and candidates, so it stays in a folder of the evaluator that
//! only its user can open; results refer to it by digest.
//!
//! None of these types can be printed or serialized, so that nothing of them gets into a log, a prompt or a store by the
//! way. [`Scorecard::save`] alone writes one down, and says there what is written.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use factory_core::feedback::FailureClass;
use factory_core::ids::{Digest, ScenarioKey};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::attribution::Cause;
use crate::score::Verdict;

/// The version of the file's shape that is written.
const VERSION: u32 = 1;

/// All that one evaluation found.
#[derive(PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scorecard {
    /// The shape's version.
    pub version: u32,
    /// The patch that was deployed.
    pub patch: Digest,
    /// How the clock was moved, in words.
    pub clock: String,
    /// The scenarios, in the suite's order, but for those of the vault.
    pub scenarios: Vec<ScenarioScore>,
    /// Those of the vault, where it was opened.
    #[serde(default)]
    pub vault: Vec<ScenarioScore>,
    /// Those that did not pass, run again on the commit that the patch was made on, where that could make a difference.
    #[serde(default)]
    pub base: Vec<ScenarioScore>,
}

/// What one scenario showed.
#[derive(PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioScore {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The requirement ids that it names, as written.
    pub covers: Vec<String>,
    /// Whether it must pass.
    pub critical: bool,
    /// What its runs say.
    pub verdict: Verdict,
    /// How it failed: the most frequent way, and of equally frequent ones the first.
    pub class: Option<FailureClass>,
    /// How it is named outside; not of the vault, of which nothing is told.
    #[serde(default)]
    pub key: Option<ScenarioKey>,
    /// Whether it has revealed too much to count.
    #[serde(default)]
    pub burnt: bool,
    /// Its runs, in order.
    pub runs: Vec<RunRecord>,
}

/// One run of a scenario.
#[derive(PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// The sentence that it stopped at, from 0. Not written down: the scenario may be another by the time it is read.
    #[serde(skip)]
    pub place: Option<usize>,
}

/// How a run ended.
#[derive(PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// Every step succeeded.
    Passed,
    /// A step did not, and the candidate is at fault.
    Failed {
        /// In which way.
        class: FailureClass,
        /// The sentence; nothing if it was not even deployed.
        sentence: Option<String>,
        /// What was there and what should have been.
        message: String,
        /// What happened, by name; it says who has to change something. Earlier scorecards do not know.
        #[serde(default)]
        cause: Option<Cause>,
        /// The end of the service's log.
        log: String,
    },
    /// The machine was at fault; the run says nothing.
    Lost {
        /// What went wrong.
        message: String,
        /// The same by name. Earlier scorecards do not know.
        #[serde(default)]
        cause: Option<Cause>,
    },
}

impl Scorecard {
    /// An empty one.
    pub(crate) fn new(patch: Digest, clock: String) -> Self {
        let (scenarios, vault, base) = (Vec::new(), Vec::new(), Vec::new());
        Scorecard { version: VERSION, patch, clock, scenarios, vault, base }
    }

    /// Writes it into `folder`, which is made if it is missing and closed to other users. The digest names the file.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn save(&self, folder: &Path) -> io::Result<Digest> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
        let bytes = serde_json::to_vec_pretty(&self.written_down())?;
        let digest = Digest::of(&bytes);
        let path = path(folder, &digest);
        // Renamed into place, so that a crash leaves no half of one.
        let unfinished = path.with_extension("tmp");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(unfinished, path)?;
        Ok(digest)
    }

    /// What the file holds; [`Scorecard::load`] reads exactly this.
    fn written_down(&self) -> Value {
        let Scorecard { version, patch, clock, scenarios, vault, base } = self;
        let all =
            |scores: &[ScenarioScore]| scores.iter().map(ScenarioScore::written_down).collect::<Vec<_>>();
        let (scenarios, vault, base) = (all(scenarios), all(vault), all(base));
        json!({
            "version": version, "patch": patch, "clock": clock,
            "scenarios": scenarios, "vault": vault, "base": base,
        })
    }

    /// Reads one back, for a person who may see it.
    ///
    /// # Errors
    /// When it is not there, or is not what was written.
    pub fn load(folder: &Path, digest: &Digest) -> io::Result<Self> {
        let bytes = std::fs::read(path(folder, digest))?;
        if Digest::of(&bytes) != *digest {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the scorecard is not what was written"));
        }
        let card: Scorecard = serde_json::from_slice(&bytes)?;
        if card.version != VERSION {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the scorecard has an unknown version"));
        }
        Ok(card)
    }
}

impl ScenarioScore {
    fn written_down(&self) -> Value {
        let ScenarioScore { id, name, covers, critical, verdict, class, key, burnt, runs } = self;
        let runs: Vec<Value> = runs.iter().map(RunRecord::written_down).collect();
        json!({
            "id": id, "name": name, "covers": covers, "critical": critical, "verdict": verdict, "class": class,
            "key": key, "burnt": burnt, "runs": runs,
        })
    }
}

impl RunRecord {
    fn written_down(&self) -> Value {
        let RunRecord { milliseconds, outcome, place: _ } = self;
        let outcome = match outcome {
            Outcome::Passed => json!("passed"),
            Outcome::Failed { class, sentence, message, cause, log } => json!({ "failed": {
                "class": class, "sentence": sentence, "message": message, "cause": cause, "log": log,
            } }),
            Outcome::Lost { message, cause } => json!({ "lost": { "message": message, "cause": cause } }),
        };
        json!({ "milliseconds": milliseconds, "outcome": outcome })
    }
}

fn path(folder: &Path, digest: &Digest) -> PathBuf {
    folder.join(format!("{digest}.json"))
}

/// The most frequent class of the failed runs; of equally frequent ones the first.
pub(crate) fn class(runs: &[RunRecord]) -> Option<FailureClass> {
    let classes: Vec<FailureClass> = runs
        .iter()
        .filter_map(|run| match &run.outcome {
            Outcome::Failed { class, .. } => Some(*class),
            Outcome::Passed | Outcome::Lost { .. } => None,
        })
        .collect();
    let frequency = |class: &FailureClass| classes.iter().filter(|other| *other == class).count();
    // `max_by_key` takes the last of equals, so the order is turned around.
    classes.iter().rev().max_by_key(|class| frequency(class)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_saved_for_its_user_alone_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("deep/scorecards");
        let outcomes = [
            Outcome::Passed,
            Outcome::Failed {
                class: FailureClass::WrongStatus,
                sentence: Some("the status is 200".to_owned()),
                message: "500".to_owned(),
                cause: Some(Cause::Observed),
                log: "trace".to_owned(),
            },
            Outcome::Failed {
                class: FailureClass::NotDeployable,
                sentence: None,
                message: String::new(),
                cause: None,
                log: String::new(),
            },
            Outcome::Lost { message: "no port".to_owned(), cause: None },
        ];
        let runs =
            outcomes.into_iter().map(|outcome| RunRecord { milliseconds: 7, outcome, place: None }).collect();
        let mut card = Scorecard::new(Digest::of(b"patch"), "moved by nobody".to_owned());
        card.scenarios.push(ScenarioScore {
            id: "a".to_owned(),
            name: "A".to_owned(),
            covers: vec!["R1".to_owned()],
            critical: true,
            verdict: Verdict::Flaky,
            class: Some(FailureClass::WrongStatus),
            key: None,
            burnt: true,
            runs,
        });
        let digest = card.save(&folder).unwrap();
        assert!(Scorecard::load(&folder, &digest).unwrap() == card, "it is read as it was written");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&path(&folder, &digest))), (0o700, 0o600));
        std::fs::write(path(&folder, &digest), b"{}").unwrap();
        assert!(Scorecard::load(&folder, &digest).is_err());
    }

    #[test]
    fn a_scorecard_of_an_earlier_factory_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let written = concat!(
            r#"{"version":1,"patch":"0000000000000000000000000000000000000000000000000000000000000000","clock":"c","#,
            r#""scenarios":[{"id":"a","name":"A","covers":["R1"],"critical":false,"verdict":"failed","#,
            r#""class":"no_answer","runs":[{"milliseconds":1,"outcome":"passed"},{"milliseconds":2,"outcome":"#,
            r#"{"failed":{"class":"no_answer","sentence":null,"message":"m","log":"l"}}}]}]}"#
        );
        let digest = Digest::of(written.as_bytes());
        std::fs::write(path(folder.path(), &digest), written).unwrap();
        assert_eq!(Scorecard::load(folder.path(), &digest).unwrap().scenarios[0].runs.len(), 2);
    }

    #[test]
    fn the_most_frequent_failure_names_the_class() {
        let failed = |class| RunRecord {
            place: None,
            milliseconds: 1,
            outcome: Outcome::Failed {
                class,
                sentence: None,
                message: String::new(),
                cause: None,
                log: String::new(),
            },
        };
        let passed = RunRecord { milliseconds: 1, outcome: Outcome::Passed, place: None };
        assert_eq!(class(&[passed]), None);
        use FailureClass::{NoAnswer, WrongStatus};
        assert_eq!(class(&[failed(NoAnswer), failed(WrongStatus)]), Some(NoAnswer));
        assert_eq!(class(&[failed(NoAnswer), failed(WrongStatus), failed(WrongStatus)]), Some(WrongStatus));
    }
}
