//! The evaluator's key: 32 random bytes beside the scorecards. With it scenarios get names that tell nothing of them, and
//! runs get a canary of their own.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use factory_core::ids::{Digest, RunId, ScenarioKey};
use factory_spec::Scenario;

/// The file's name in the folder of scorecards.
const FILE: &str = "key";
/// How many bytes the key has.
const BYTES: usize = 32;
/// How many characters a canary has.
const CANARY: usize = 32;

/// The key. It cannot be printed.
#[derive(Clone)]
pub struct EvaluatorKey([u8; BYTES]);

impl EvaluatorKey {
    /// The key in the folder of scorecards, which is made when needed, as is the key.
    ///
    /// # Errors
    /// When it can be neither read nor made, or is not of the right length.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => return Self::of(&bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
        // Whole or not at all, and never in the place of one that somebody else has made in the meantime.
        let mut file =
            tempfile::Builder::new().permissions(Permissions::from_mode(0o600)).tempfile_in(folder)?;
        file.write_all(&random()?)?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(&path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.error),
        }
        Self::of(&std::fs::read(&path)?)
    }

    fn of(bytes: &[u8]) -> io::Result<Self> {
        let wrong = |_| io::Error::new(ErrorKind::InvalidData, "the evaluator's key is not one");
        bytes.try_into().map(Self).map_err(wrong)
    }

    /// The name of a scenario: it follows from its sentences, with their tables and blocks, and from nothing else. A
    /// scenario that is renamed or moved keeps its name, one whose sentences change gets another.
    ///
    /// # Panics
    /// Never: a digest is of the form of a key.
    pub fn scenario(&self, scenario: &Scenario) -> ScenarioKey {
        let mut said = Vec::new();
        for step in &scenario.steps {
            let block = step.doc_string.as_ref().map(|block| (&block.media, &block.text));
            let sentence = (step.keyword, &step.text, block, &step.table);
            said.extend(serde_json::to_vec(&sentence).expect("sentences hold only what JSON can say"));
            said.push(b'\n');
        }
        self.digest("scenario", &said).as_str().parse().expect("a digest has the same digits")
    }

    /// The canary of a run: what the evaluator sends to its candidates, and nobody else knows.
    pub fn canary(&self, run: &RunId) -> String {
        self.digest("run", run.as_str().as_bytes()).as_str()[..CANARY].to_owned()
    }

    /// What is keyed has a fixed length in front of it and a purpose, so that nothing can stand for something else.
    fn digest(&self, purpose: &str, text: &[u8]) -> Digest {
        Digest::of(&[&self.0[..], purpose.as_bytes(), b"\0", text].concat())
    }
}

/// A canary for a scenario that has none yet.
///
/// # Errors
/// When the system has no random numbers.
pub fn fresh_canary() -> io::Result<String> {
    Ok(Digest::of(&random()?).as_str()[..CANARY].to_owned())
}

fn random() -> io::Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(text: &str) -> Scenario {
        let (scenarios, findings) = factory_spec::parse_scenarios(text, "a.feature");
        assert!(!factory_spec::has_errors(&findings), "{findings:?}");
        scenarios.into_iter().next().unwrap()
    }

    const TEXT: &str =
        "Feature: F\n  Scenario: One\n    When the client sends GET /a\n    Then the status is 200\n";

    #[test]
    fn is_made_once_and_for_its_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("deep/evaluator");
        let first = EvaluatorKey::open(&folder).unwrap();
        let again = EvaluatorKey::open(&folder).unwrap();
        assert_eq!(first.0, again.0);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(FILE))), (0o700, 0o600));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left behind");
        let other = tempfile::tempdir().unwrap();
        assert_ne!(EvaluatorKey::open(other.path()).unwrap().0, first.0);
        std::fs::write(folder.join(FILE), b"short").unwrap();
        assert!(EvaluatorKey::open(&folder).is_err());
    }

    #[test]
    fn a_scenario_is_named_by_what_it_says() {
        let key = EvaluatorKey([7; BYTES]);
        let name = |text: &str| key.scenario(&scenario(text));
        assert_eq!(name(TEXT), name(&TEXT.replace("One", "Two")), "a new title reveals nothing new");
        assert_eq!(name(TEXT), name(&TEXT.replace("    When", "    # canary: 0123456789abcdef\n    When")));
        assert_ne!(name(TEXT), name(&TEXT.replace("200", "201")));
        assert_ne!(name(TEXT), EvaluatorKey([8; BYTES]).scenario(&scenario(TEXT)), "it is keyed");
    }

    #[test]
    fn every_run_and_every_scenario_has_a_canary_of_its_own() {
        let key = EvaluatorKey([7; BYTES]);
        let (one, two) = (key.canary(&"a-b1".parse().unwrap()), key.canary(&"a-b2".parse().unwrap()));
        assert_eq!((one.len(), one == two), (CANARY, false));
        assert_ne!(fresh_canary().unwrap(), fresh_canary().unwrap());
    }
}
