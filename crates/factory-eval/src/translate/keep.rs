//! Translations that were accepted, in a folder of the evaluator. They say what scenarios say, so it is closed to others.
//!
//! A file is named after all that its translation depends on: the scenario's words, the grammar's version, `steps.toml` and what
//! it refers to, the model, and what that was told. It also holds the digest of the plan that came of it, so that a
//! translation whose sentences have come to mean something else is not used, whatever the reason.

use std::fs::{DirBuilder, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use factory_core::ids::Digest;
use factory_spec::Scenario;
use serde::{Deserialize, Serialize};

use super::{Translation, prompt};
use crate::grammar::{self, Phrases, Rewritten};
use crate::plan::Plan;

/// The folder's name, inside of the evaluator's.
const FOLDER: &str = "translations";
/// The shape of a file.
const VERSION: u32 = 1;
/// Bytes of a file at most: it holds sentences.
const LARGEST: u64 = 4 << 20;

/// What was kept of the translations by one model.
#[derive(Debug, Clone)]
pub struct Translations {
    folder: PathBuf,
    model: String,
}

/// A file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    /// Of what follows, as it is written.
    digest: Digest,
    kept: Kept,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    key: Digest,
    model: String,
    sentences: Vec<Sentence>,
    /// The digest of the whole plan.
    plan: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentence {
    /// From 0.
    place: usize,
    sentence: String,
    steps: Vec<String>,
}

impl Kept {
    pub(super) fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).expect("sentences and digests are JSON"))
    }
}

impl Translations {
    /// Those of a model, kept inside the evaluator's folder.
    pub fn of(evaluator: &Path, model: &str) -> Self {
        Translations { folder: evaluator.join(FOLDER), model: model.to_owned() }
    }

    /// The model.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What was kept for a scenario, with its plan. Nothing if nothing was, or if its sentences mean something else by now.
    ///
    /// # Errors
    /// What is wrong with the file, which is named. It quotes nothing of it.
    pub(super) fn recall(
        &self,
        scenario: &Scenario,
        phrases: &Phrases,
    ) -> Result<Option<(Translation, Plan)>, String> {
        let key = key(&self.model, scenario, phrases);
        let path = self.path(&key);
        let wrong = |what: &str| format!("{} {what}; remove it to have the model asked anew", path.display());
        let bytes = match read(&path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(error) => return Err(wrong(&format!("cannot be read: {error}"))),
        };
        let kept = opened(&bytes).map_err(wrong)?;
        if kept.key != key || kept.model != self.model {
            return Err(wrong("is of another scenario or model"));
        }
        let fits = |sentence: &Sentence| {
            scenario.steps.get(sentence.place).is_some_and(|step| step.text == sentence.sentence)
        };
        if !kept.sentences.iter().all(fits) {
            return Err(wrong("is of other sentences"));
        }
        let sentences: Rewritten =
            kept.sentences.into_iter().map(|sentence| (sentence.place, sentence.steps)).collect();
        let plan = match grammar::compile_rewritten(scenario, phrases, &sentences) {
            Ok(plan) if digest_of(&plan) == kept.plan => plan,
            Ok(_) | Err(_) => return Ok(None),
        };
        Ok(Some((Translation { model: kept.model, sentences }, plan)))
    }

    /// Keeps a translation, whole or not at all.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub(super) fn keep(
        &self,
        scenario: &Scenario,
        phrases: &Phrases,
        sentences: &Rewritten,
        plan: &Plan,
    ) -> io::Result<()> {
        let key = key(&self.model, scenario, phrases);
        let sentence = |(place, steps): (&usize, &Vec<String>)| Sentence {
            place: *place,
            sentence: scenario.steps[*place].text.clone(),
            steps: steps.clone(),
        };
        let kept = Kept {
            key: key.clone(),
            model: self.model.clone(),
            sentences: sentences.iter().map(sentence).collect(),
            plan: digest_of(plan),
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        std::fs::set_permissions(&self.folder, Permissions::from_mode(0o700))?;
        let file = File { version: VERSION, digest: kept.digest(), kept };
        let mut written =
            tempfile::Builder::new().permissions(Permissions::from_mode(0o600)).tempfile_in(&self.folder)?;
        written.write_all(&serde_json::to_vec_pretty(&file)?)?;
        written.as_file().sync_all()?;
        written.persist(self.path(&key))?;
        Ok(())
    }

    fn path(&self, key: &Digest) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() && metadata.len() <= LARGEST => std::fs::read(path).map(Some),
        Ok(_) => Err(io::Error::new(ErrorKind::InvalidData, "it is no file of sentences")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn opened(bytes: &[u8]) -> Result<Kept, &'static str> {
    /// Read first, so that a newer file is called newer rather than damaged.
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let damaged = "is damaged";
    let Version { version } = serde_json::from_slice(bytes).map_err(|_| damaged)?;
    if version != VERSION {
        return Err("has a form that this factory does not know");
    }
    let File { digest, kept, .. } = serde_json::from_slice(bytes).map_err(|_| damaged)?;
    if kept.digest() == digest { Ok(kept) } else { Err(damaged) }
}

/// All that a translation depends on.
fn key(model: &str, scenario: &Scenario, phrases: &Phrases) -> Digest {
    let sentences: Vec<_> = scenario
        .steps
        .iter()
        .map(|step| {
            let block = step.doc_string.as_ref().map(|block| (&block.media, &block.text));
            (step.keyword, &step.text, block, &step.table)
        })
        .collect();
    let all = (
        ("translation", VERSION, grammar::VERSION, prompt::digest()),
        model,
        (&scenario.name, sentences),
        (phrases.source(), phrases.background()),
    );
    Digest::of(&serde_json::to_vec(&all).expect("texts and numbers are JSON"))
}

fn digest_of(plan: &Plan) -> Digest {
    Digest::of(&serde_json::to_vec(plan).expect("a plan is plain data"))
}
