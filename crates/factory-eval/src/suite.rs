//! The holdouts of a project: found, parsed and compiled. None of these types can be printed or serialized.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use factory_core::feedback::Holdout;
use factory_engine::port::evaluator::EvaluatorError;
use factory_spec::{Diagnostic, Scenario, Step, position};

use crate::catalogue::{Catalogue, CatalogueError, Entry, Problem, Uncompilable};
use crate::config::DeployConfig;
use crate::contradiction;
use crate::grammar::{CompileError, PhraseError};
use crate::plan::Plan;
use crate::translate::{Translation, Translations};

/// A scenario and its plan.
pub struct Compiled {
    /// The scenario as it was written.
    pub scenario: Holdout<Scenario>,
    /// What it does.
    pub plan: Holdout<Plan>,
    /// What stands for sentences of it that no rule is about, if there are such.
    pub translation: Option<Holdout<Translation>>,
    // All of its file, in which places are found.
    pub(crate) source: Holdout<Arc<str>>,
}

/// All scenarios of a folder, compiled. Nothing in it may reach an implementer.
pub struct HoldoutSuite {
    scenarios: Vec<Arc<Compiled>>,
}

/// Why holdouts cannot be used. What is quoted in the fields is for people who may see holdouts; the texts of the errors
/// themselves quote nothing, and neither does their `Debug`.
#[derive(thiserror::Error)]
pub enum SuiteError {
    /// The folder or a file in it cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no scenario.
    #[error("there are no scenarios in it")]
    Empty,
    /// `steps.toml` cannot be used.
    #[error("its `steps.toml` cannot be used")]
    Phrases(#[from] PhraseError),
    /// Some files are not what scenarios look like.
    #[error("{} of its files cannot be parsed", files.len())]
    Unparsable {
        /// File, source and findings.
        files: Vec<Unparsable>,
    },
    /// Two scenarios have one id.
    #[error("two of its scenarios have the same id")]
    Duplicate {
        /// The id.
        id: String,
        /// The files that both are in.
        files: [String; 2],
    },
    /// Some scenarios want different things in the same situation, so that no candidate can satisfy all of them.
    #[error("{} pairs of its scenarios want different things after the same steps, which nothing can satisfy", pairs.len())]
    Contradicting {
        /// The ids of each two.
        pairs: Vec<[String; 2]>,
    },
    /// Some sentences cannot be compiled.
    #[error("{} of its sentences cannot be compiled", count(scenarios))]
    Uncompiled {
        /// The scenarios with such sentences.
        scenarios: Vec<Uncompiled>,
    },
}

/// A file that cannot be parsed, or has something in it to look at.
pub struct Unparsable {
    /// Relative to the folder; in a catalogue as it was named or found.
    pub file: String,
    /// Its text, to show findings in.
    pub source: String,
    /// What is wrong.
    pub findings: Vec<Diagnostic>,
}

/// A scenario that cannot be compiled.
pub struct Uncompiled {
    /// Its file, relative to the folder.
    pub file: String,
    /// Its id.
    pub id: String,
    /// The sentences and why.
    pub problems: Vec<Problem>,
}

fn count(scenarios: &[Uncompiled]) -> usize {
    scenarios.iter().map(|scenario| scenario.problems.len()).sum()
}

impl From<CatalogueError> for SuiteError {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::Io { path, source } => SuiteError::Io { path, source },
            CatalogueError::Phrases { source, .. } => SuiteError::Phrases(source),
        }
    }
}

impl fmt::Debug for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl SuiteError {
    /// The error without anything that a scenario says.
    pub fn into_evaluator_error(self, folder: &Path) -> EvaluatorError {
        let place = folder.display().to_string();
        match self {
            SuiteError::Uncompiled { scenarios } => {
                EvaluatorError::Uncompiled { place, count: count(&scenarios) }
            }
            other @ (SuiteError::Io { .. }
            | SuiteError::Empty
            | SuiteError::Phrases(_)
            | SuiteError::Unparsable { .. }
            | SuiteError::Contradicting { .. }
            | SuiteError::Duplicate { .. }) => EvaluatorError::Holdouts { place, detail: other.to_string() },
        }
    }
}

impl HoldoutSuite {
    /// Reads all `.md` and `.feature` files below `folder` in the order of their paths, `README.md` left out, and compiles
    /// them with the phrases of the nearest `steps.toml`, as a [`Catalogue`] does. Where no rule is about a sentence, what was
    /// kept of translations is taken; nobody is asked.
    ///
    /// # Errors
    /// [`SuiteError`], with everything that is wrong and not only the first.
    pub fn load(folder: &Path, kept: Option<&Translations>) -> Result<Self, SuiteError> {
        let mut catalogue = Catalogue::read(&[folder.to_owned()])?;
        if let Some(kept) = kept {
            catalogue.recall(kept);
        }
        Self::of(catalogue, folder)
    }

    /// The scenarios of a folder that have been read.
    ///
    /// # Errors
    /// As [`HoldoutSuite::load`].
    pub fn of(catalogue: Catalogue, folder: &Path) -> Result<Self, SuiteError> {
        let Catalogue { entries, unparsable, warnings: _ } = catalogue;
        if !unparsable.is_empty() {
            let relative = |file: Unparsable| {
                let within =
                    Path::new(&file.file).strip_prefix(folder).map(|within| within.display().to_string());
                Unparsable { file: within.unwrap_or(file.file), ..file }
            };
            return Err(SuiteError::Unparsable { files: unparsable.into_iter().map(relative).collect() });
        }
        if entries.is_empty() {
            return Err(SuiteError::Empty);
        }
        unique(entries.iter().map(Entry::scenario))?;
        let mut scenarios = Vec::new();
        let mut uncompiled = Vec::new();
        for entry in entries {
            match entry.compiled {
                Ok(compiled) => scenarios.push(compiled),
                Err(Uncompilable { scenario, problems }) => {
                    let Scenario { file, id, .. } = scenario.reveal().clone();
                    uncompiled.push(Uncompiled { file, id, problems });
                }
            }
        }
        if !uncompiled.is_empty() {
            return Err(SuiteError::Uncompiled { scenarios: uncompiled });
        }
        let id = |place: usize| scenarios[place].scenario.reveal().id.clone();
        let pairs =
            contradiction::find(&scenarios).into_iter().map(|pair| [id(pair.one.0), id(pair.other.0)]);
        let pairs: Vec<[String; 2]> = pairs.collect();
        if !pairs.is_empty() {
            return Err(SuiteError::Contradicting { pairs });
        }
        Ok(HoldoutSuite { scenarios })
    }

    /// The same, for a candidate that is deployed so.
    ///
    /// # Errors
    /// [`SuiteError::Uncompiled`] with the sentences that ask something of a service where none is started.
    pub fn deployed_by(self, config: &DeployConfig) -> Result<Self, SuiteError> {
        if config.is_service() {
            return Ok(self);
        }
        let mut uncompiled = Vec::new();
        for compiled in &self.scenarios {
            let (scenario, problems) = (compiled.scenario.reveal(), of_no_service(compiled));
            if !problems.is_empty() {
                uncompiled.push(Uncompiled {
                    file: scenario.file.clone(),
                    id: scenario.id.clone(),
                    problems,
                });
            }
        }
        if uncompiled.is_empty() { Ok(self) } else { Err(SuiteError::Uncompiled { scenarios: uncompiled }) }
    }

    /// The scenarios, in order.
    pub fn scenarios(&self) -> &[Arc<Compiled>] {
        &self.scenarios
    }

    /// Whether any scenario moves the clock.
    pub fn moves_clock(&self) -> bool {
        self.scenarios.iter().any(|compiled| compiled.plan.reveal().moves_clock())
    }
}

/// The sentences that ask something of a service, as problems for a candidate that starts none.
pub(crate) fn of_no_service(compiled: &Compiled) -> Vec<Problem> {
    let scenario = compiled.scenario.reveal();
    let sentences = compiled.plan.reveal().of_a_service();
    let steps = sentences.into_iter().filter_map(|place| scenario.steps.get(place));
    let why = "`[deploy] command` is missing, so there is no service that this could be about";
    let problem = |step: &Step| {
        let (sentence, span, why) = (step.text.clone(), step.span.clone(), why.to_owned());
        let place = position(compiled.source.reveal(), span.start);
        Problem { place, error: CompileError { sentence, span, why, is_unknown: false } }
    };
    steps.map(problem).collect()
}

fn unique<'a>(scenarios: impl Iterator<Item = &'a Scenario>) -> Result<(), SuiteError> {
    let mut seen: BTreeMap<&str, &Scenario> = BTreeMap::new();
    for scenario in scenarios {
        if let Some(other) = seen.insert(&scenario.id, scenario) {
            return Err(SuiteError::Duplicate {
                id: scenario.id.clone(),
                files: [other.file.clone(), scenario.file.clone()],
            });
        }
    }
    Ok(())
}

/// The files of scenarios below a folder, in the order of their paths.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    Ok(files)
}

/// The text of one of [`files`].
///
/// # Errors
/// When it cannot be read or is not UTF-8; then the error says where, and nothing of what it says.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    factory_spec::decode(std::fs::read(path)?).map_err(|broken| {
        let why = format!("{}: {}", path.display(), broken.finding.message);
        io::Error::new(io::ErrorKind::InvalidData, why)
    })
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "md" || extension == "feature")
            && entry.file_name() != "README.md"
        {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        folder_of_bytes(&files)
    }

    fn folder_of_bytes(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    const GOOD: &str = "# Scenario: One\n\nGiven a thing\nWhen GET /a is sent\nThen the status is 200\n";
    const STEPS: &str = "[[step]]\npattern = 'a thing'\nsteps = []\n";

    #[test]
    fn loads_all_files_in_order() {
        let folder = folder(&[
            ("b.md", &GOOD.replace("One", "Two")),
            ("a/x.md", GOOD),
            ("README.md", "# Nothing"),
            ("notes.txt", "nothing"),
            ("steps.toml", STEPS),
        ]);
        let suite = HoldoutSuite::load(folder.path(), None).unwrap();
        let names: Vec<&str> =
            suite.scenarios().iter().map(|compiled| compiled.scenario.reveal().name.as_str()).collect();
        assert_eq!(names, ["One", "Two"]);
        assert!(!suite.moves_clock());
    }

    #[test]
    fn the_nearest_phrases_count() {
        let other = "[[step]]\npattern = 'another thing'\nsteps = []\n";
        let folder = folder(&[("deep/a.md", GOOD), ("deep/steps.toml", STEPS), ("steps.toml", other)]);
        assert!(HoldoutSuite::load(folder.path(), None).is_ok());
        std::fs::remove_file(folder.path().join("deep/steps.toml")).unwrap();
        assert!(matches!(HoldoutSuite::load(folder.path(), None), Err(SuiteError::Uncompiled { .. })));
    }

    #[test]
    fn a_candidate_that_is_no_service_cannot_be_asked_like_one() {
        let command = GOOD.replace("GET /a is sent", "I run `a`").replace("status", "exit code");
        let folder =
            folder(&[("a.md", &command.replace("One", "Two")), ("b.md", GOOD), ("steps.toml", STEPS)]);
        let load = |config: &str| {
            let suite = HoldoutSuite::load(folder.path(), None).unwrap();
            suite.deployed_by(&toml::from_str(config).unwrap())
        };
        assert!(load("command = 'serve'").is_ok());
        let Err(SuiteError::Uncompiled { scenarios }) = load("") else { panic!("a request to nobody") };
        let problems = &scenarios[0].problems;
        assert_eq!((scenarios.len(), scenarios[0].file.as_str(), problems.len()), (1, "b.md", 1));
        assert_eq!((problems[0].place.line, problems[0].error.sentence.as_str()), (4, "GET /a is sent"));
        assert!(problems[0].error.why.contains("`[deploy] command` is missing"));
    }

    #[test]
    fn a_file_that_is_not_utf8_is_a_finding_with_its_place() {
        let utf16: Vec<u8> = format!("\u{feff}{GOOD}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let folder = folder_of_bytes(&[
            ("a.md", GOOD.as_bytes()),
            ("b.feature", b"Scenario: x\nWhen caf\xe9 is sent\nThen secret\n"),
            ("c.feature", &utf16),
        ]);
        let error = HoldoutSuite::load(folder.path(), None).err().unwrap();
        assert_eq!(error.to_string(), "2 of its files cannot be parsed");
        let SuiteError::Unparsable { files } = error else { panic!("they cannot be parsed") };
        let shown: Vec<String> =
            files.iter().map(|file| factory_spec::render(&file.findings, &file.file, &file.source)).collect();
        assert!(shown[0].starts_with("error[G024]: byte 20 of the file is not UTF-8\n"), "{}", shown[0]);
        assert!(shown[0].contains("b.feature:2:9\n"), "{}", shown[0]);
        assert!(shown[1].starts_with("error[G024]: this file is in UTF-16"), "{}", shown[1]);
        assert!(shown.iter().all(|text| text.contains("save the file as UTF-8")));
    }

    #[test]
    fn says_what_is_wrong_without_quoting_it() {
        let shown = |files: &[(&str, &str)]| {
            let folder = folder(files);
            let error = HoldoutSuite::load(folder.path(), None).err().unwrap();
            assert_eq!(format!("{error:?}"), error.to_string());
            let error = error.into_evaluator_error(folder.path());
            error.to_string().replace(&folder.path().display().to_string(), "PLACE")
        };
        assert_eq!(shown(&[]), "the holdouts at PLACE cannot be used: there are no scenarios in it");
        assert_eq!(
            shown(&[("a.md", "# Scenario: secret\n\nWhen GET /secret is sent\n")]),
            "the holdouts at PLACE cannot be used: 1 of its files cannot be parsed"
        );
        assert_eq!(
            shown(&[("a.md", GOOD), ("b.md", &GOOD.replace("One", "Two"))]),
            "2 sentences of the holdouts at PLACE cannot be compiled"
        );
        assert_eq!(
            shown(&[("a.md", GOOD), ("steps.toml", "secret")]),
            "the holdouts at PLACE cannot be used: its `steps.toml` cannot be used"
        );
        assert_eq!(
            shown(&[
                ("a.md", GOOD),
                ("b.md", &GOOD.replace("One", "Two").replace("200", "404")),
                ("steps.toml", STEPS)
            ]),
            "the holdouts at PLACE cannot be used: 1 pairs of its scenarios want different things after the same \
             steps, which nothing can satisfy"
        );
        let missing = HoldoutSuite::load(Path::new("/nonexistent/holdouts"), None).err().unwrap();
        assert!(matches!(missing, SuiteError::Io { .. }));
    }
}
