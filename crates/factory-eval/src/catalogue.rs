//! Scenarios that a person names by file or folder, each with its plan or with what keeps it from having one. Unlike a
//! [`HoldoutSuite`](crate::suite::HoldoutSuite) it is there although something in it cannot be used. It quotes scenarios, so
//! none of it can be printed or serialized.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use factory_core::feedback::Holdout;
use factory_spec::{LineColumn, Scenario, parse_scenarios, position};

use crate::config::DeployConfig;
use crate::grammar::{self, CompileError, PhraseError, Phrases};
use crate::suite::{Compiled, Unparsable, files, of_no_service};

/// Bytes at most that say what the candidate is: all of it is sent with each question.
const MOST_BACKGROUND: usize = 64 * 1024;

/// All that was named.
pub struct Catalogue {
    /// The scenarios, in the order of the arguments and of the paths in a folder.
    pub entries: Vec<Entry>,
    /// Files that are not what scenarios look like. What could be read of them is among the entries.
    pub unparsable: Vec<Unparsable>,
    /// Files that can be used and have something in them that a person should look at.
    pub warnings: Vec<Unparsable>,
}

/// One scenario.
pub struct Entry {
    /// Its file, as it was named or found.
    pub file: PathBuf,
    /// Its plan, or the sentences that no plan can be made of.
    pub compiled: Result<Arc<Compiled>, Uncompilable>,
    /// The phrases that its sentences may use.
    pub(crate) phrases: Arc<Phrases>,
    /// Whether what was kept for it cannot be used, which a person has to look at.
    pub(crate) is_damaged: bool,
    // All of its file, in which places are found.
    pub(crate) source: Arc<str>,
}

/// A scenario without a plan.
pub struct Uncompilable {
    /// The scenario.
    pub scenario: Holdout<Scenario>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// A sentence that cannot be compiled.
pub struct Problem {
    /// Where it begins.
    pub place: LineColumn,
    /// What it says, and what is wrong with it.
    pub error: CompileError,
}

/// Why there is nothing to look at.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A file or folder cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file with phrases cannot be used.
    #[error("`{}` cannot be used", path.display())]
    Phrases {
        /// Which.
        path: PathBuf,
        /// Why.
        source: PhraseError,
    },
}

impl Entry {
    /// The scenario, whether it has a plan or not.
    pub fn scenario(&self) -> &Scenario {
        match &self.compiled {
            Ok(compiled) => compiled.scenario.reveal(),
            Err(uncompilable) => uncompilable.scenario.reveal(),
        }
    }

    /// The line that its heading is in, from 1.
    pub fn line(&self) -> usize {
        position(&self.source, self.scenario().span.start).line
    }

    /// The line that one of its sentences begins in, from 1; the sentences are counted from 0.
    pub fn line_of(&self, sentence: usize) -> Option<usize> {
        let step = self.scenario().steps.get(sentence)?;
        Some(position(&self.source, step.span.start).line)
    }
}

impl Catalogue {
    /// Reads the files and all `.md` and `.feature` files below the folders. Phrases are those of the nearest `steps.toml`: from
    /// a file's own folder up to the folder that was named.
    ///
    /// # Errors
    /// [`CatalogueError`].
    pub fn read(named: &[PathBuf]) -> Result<Self, CatalogueError> {
        let mut catalogue = Catalogue { entries: Vec::new(), unparsable: Vec::new(), warnings: Vec::new() };
        let mut phrases = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for path in named {
            let io = |source| CatalogueError::Io { path: path.clone(), source };
            let (root, found) = match path.metadata().map_err(io)?.is_dir() {
                true => (path.clone(), files(path).map_err(io)?),
                // A file with no folder before it is in the current one.
                false => (path.parent().map(Path::to_owned).unwrap_or_default(), vec![path.clone()]),
            };
            for file in found {
                if seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
                    let phrases = nearest(&file, &root, &mut phrases)?;
                    catalogue.take(&file, &root, &phrases)?;
                }
            }
        }
        Ok(catalogue)
    }

    fn take(&mut self, file: &Path, root: &Path, phrases: &Arc<Phrases>) -> Result<(), CatalogueError> {
        let bytes =
            std::fs::read(file).map_err(|source| CatalogueError::Io { path: file.to_owned(), source })?;
        let source = match factory_spec::decode(bytes) {
            Ok(source) => source,
            Err(broken) => {
                let (file, findings) = (file.display().to_string(), vec![broken.finding]);
                self.unparsable.push(Unparsable { file, source: broken.text, findings });
                return Ok(());
            }
        };
        let relative = file.strip_prefix(root).unwrap_or(file).to_string_lossy().into_owned();
        let (scenarios, findings) = parse_scenarios(&source, &relative);
        let source: Arc<str> = source.into();
        for scenario in scenarios {
            let compiled = match grammar::compile(&scenario, phrases) {
                Ok(plan) => {
                    let (scenario, plan) = (Holdout::new(scenario), Holdout::new(plan));
                    let source = Holdout::new(Arc::clone(&source));
                    Ok(Arc::new(Compiled { scenario, plan, translation: None, source }))
                }
                Err(errors) => {
                    let problems = problems(&source, errors);
                    Err(Uncompilable { scenario: Holdout::new(scenario), problems })
                }
            };
            let (file, phrases, source) = (file.to_owned(), Arc::clone(phrases), Arc::clone(&source));
            self.entries.push(Entry { file, compiled, phrases, is_damaged: false, source });
        }
        if !findings.is_empty() {
            let is_broken = factory_spec::has_errors(&findings);
            let (file, source) = (file.display().to_string(), source.to_string());
            let all = if is_broken { &mut self.unparsable } else { &mut self.warnings };
            all.push(Unparsable { file, source, findings });
        }
        Ok(())
    }

    /// The same, for a candidate that is deployed so: where no service is started, a scenario that asks something of one has
    /// no plan.
    #[must_use]
    pub fn deployed_by(mut self, config: &DeployConfig) -> Self {
        if config.is_service() {
            return self;
        }
        for entry in &mut self.entries {
            let Ok(compiled) = &entry.compiled else { continue };
            let problems = of_no_service(compiled);
            if !problems.is_empty() {
                let scenario = Holdout::new(compiled.scenario.reveal().clone());
                entry.compiled = Err(Uncompilable { scenario, problems });
            }
        }
        self
    }

    /// How many scenarios have sentences that no rule is about.
    pub fn unknown(&self) -> usize {
        self.entries.iter().filter(|entry| entry.is_unknown()).count()
    }

    /// How many sentences stand in other words.
    pub fn translated(&self) -> usize {
        let compiled = self.entries.iter().filter_map(|entry| entry.compiled.as_ref().ok());
        let translations = compiled.filter_map(|compiled| compiled.translation.as_ref());
        translations.map(|translation| translation.reveal().sentences.len()).sum()
    }

    /// An id that two of the scenarios have, if there is one: nothing could be said of either by it.
    pub fn duplicate(&self) -> Option<&str> {
        let mut seen = BTreeSet::new();
        self.entries.iter().map(|entry| entry.scenario().id.as_str()).find(|id| !seen.insert(*id))
    }
}

fn problems(source: &str, errors: Vec<CompileError>) -> Vec<Problem> {
    let problem = |error: CompileError| Problem { place: position(source, error.span.start), error };
    errors.into_iter().map(problem).collect()
}

/// The phrases that a file's sentences may use.
fn nearest(
    file: &Path,
    root: &Path,
    known: &mut BTreeMap<PathBuf, Arc<Phrases>>,
) -> Result<Arc<Phrases>, CatalogueError> {
    let folders = file.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
    let Some(path) = folders.map(|folder| folder.join("steps.toml")).find(|path| path.is_file()) else {
        return Ok(Arc::default());
    };
    if let Some(phrases) = known.get(&path) {
        return Ok(Arc::clone(phrases));
    }
    let text =
        std::fs::read_to_string(&path).map_err(|source| CatalogueError::Io { path: path.clone(), source })?;
    let phrases =
        Phrases::parse(&text).map_err(|source| CatalogueError::Phrases { path: path.clone(), source })?;
    let phrases = Arc::new(with_background(phrases, &path)?);
    known.insert(path, Arc::clone(&phrases));
    Ok(phrases)
}

/// The phrases with what stands in the files that they refer to.
fn with_background(phrases: Phrases, path: &Path) -> Result<Phrases, CatalogueError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut background = String::new();
    for file in phrases.about() {
        let path = folder.join(file);
        let text = note(&path, folder, MOST_BACKGROUND.saturating_sub(background.len()));
        background.push_str(text.map_err(|source| CatalogueError::Io { path, source })?.trim());
        background.push_str("\n\n");
    }
    Ok(phrases.with_background(background))
}

/// A file below a folder. It is sent to a model, and who wrote the scenarios need not be who runs them: so it is no other file.
fn note(path: &Path, folder: &Path, most: usize) -> io::Result<String> {
    let refused = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, why);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if !path.canonicalize()?.starts_with(folder.canonicalize()?) {
        return Err(refused("a file of `about` is in the folder of `steps.toml` or below it"));
    }
    if path.metadata()?.len() > most as u64 {
        return Err(refused(&format!("the files of `about` have at most {MOST_BACKGROUND} bytes together")));
    }
    std::fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\n# Scenario: One\n\nGiven a thing\nWhen GET /a is sent\nThen the status is 200\n";

    #[test]
    fn what_cannot_be_used_hides_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        let good = write("deep/a.md", GOOD);
        write("deep/steps.toml", "[[step]]\npattern = 'a thing'\nsteps = []\n");
        let stray = write("b.md", &GOOD.replace("One", "Two"));
        write("c.md", "# Scenario: Three\n\nWhen GET /a is sent\n");
        let all = Catalogue::read(&[folder.path().to_owned(), good.clone()]).unwrap();
        let shown: Vec<(&str, usize, bool)> = all
            .entries
            .iter()
            .filter(|entry| !entry.file.ends_with("c.md"))
            .map(|entry| (entry.scenario().id.as_str(), entry.line(), entry.compiled.is_ok()))
            .collect();
        assert_eq!(shown, [("b/two", 2, false), ("a/one", 2, true)], "each once, with the phrases beside it");
        assert_eq!(all.unparsable.len(), 1);
        let alone = Catalogue::read(&[stray]).unwrap();
        let problems = &alone.entries[0].compiled.as_ref().err().unwrap().problems;
        assert_eq!((problems.len(), problems[0].place.line), (1, 4));
        assert_eq!(problems[0].error.sentence, "a thing");
        assert!(matches!(Catalogue::read(&["/nonexistent/x".into()]), Err(CatalogueError::Io { .. })));
        assert_eq!(Catalogue::read(std::slice::from_ref(&good)).unwrap().duplicate(), None);
        assert_eq!(
            [0, 1, 2, 3].map(|place| all.entries.last().unwrap().line_of(place)),
            [Some(4), Some(5), Some(6), None]
        );
        write("other/a.md", &GOOD.replace("Given a thing\n", ""));
        assert_eq!(Catalogue::read(&[folder.path().to_owned()]).unwrap().duplicate(), Some("a/one"));
    }

    #[test]
    fn what_a_person_should_look_at_keeps_nothing_from_running() {
        let folder = tempfile::tempdir().unwrap();
        let asks = GOOD.replace("Given a thing\n", "");
        std::fs::write(folder.path().join("a.md"), &asks).unwrap();
        std::fs::write(folder.path().join("b.md"), asks.replace("One\n", "Two\n@vaults\n")).unwrap();
        let all = Catalogue::read(&[folder.path().to_owned()]).unwrap();
        assert!(all.unparsable.is_empty() && all.entries.iter().all(|entry| entry.compiled.is_ok()));
        let [Unparsable { file, findings, .. }] = all.warnings.as_slice() else {
            panic!("one has a warning")
        };
        assert!(file.ends_with("b.md") && findings[0].code.to_string() == "G104", "{file}: {findings:?}");
    }

    #[test]
    fn what_is_said_of_the_candidate_stands_beside_the_scenarios() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("inside");
        std::fs::create_dir_all(inside.join("deep")).unwrap();
        let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
        write("inside/a.md", GOOD);
        write("inside/deep/api.txt", "GET /a answers.\n");
        write("secret.txt", "secret");
        std::os::unix::fs::symlink("../secret.txt", inside.join("link.txt")).unwrap();
        let read = |about: &str| {
            write("inside/steps.toml", &format!("about = [{about}]\n"));
            Catalogue::read(std::slice::from_ref(&inside))
        };
        let known = read("'deep/api.txt'").unwrap();
        assert_eq!(known.entries[0].phrases.background(), "GET /a answers.\n\n");
        let secret = folder.path().join("secret.txt").display().to_string();
        for odd in ["'../secret.txt'", "'link.txt'", &format!("'{secret}'"), "'none.txt'", "'deep'"] {
            assert!(matches!(read(odd), Err(CatalogueError::Io { .. })), "{odd}");
        }
        write("inside/long.txt", &"x".repeat(MOST_BACKGROUND - 5));
        assert!(read("'long.txt'").is_ok());
        assert!(read("'deep/api.txt', 'long.txt'").is_err());
    }

    #[test]
    fn where_no_service_is_started_a_request_has_no_plan() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.md");
        let asks = GOOD.replace("Given a thing\n", "");
        let runs = asks.replace("One", "Two").replace("GET /a is sent", "I run `a`");
        std::fs::write(&path, asks + &runs.replace("status", "exit code")).unwrap();
        let read = |config: &str| {
            let all = Catalogue::read(std::slice::from_ref(&path)).unwrap();
            all.deployed_by(&toml::from_str(config).unwrap())
        };
        assert!(read("command = 'serve'").entries.iter().all(|entry| entry.compiled.is_ok()));
        let all = read("");
        assert!(all.entries[1].compiled.is_ok(), "a command needs no service");
        let problems = &all.entries[0].compiled.as_ref().err().unwrap().problems;
        assert_eq!((problems.len(), problems[0].place.line), (1, 4));
        assert_eq!(problems[0].error.sentence, "GET /a is sent");
        assert!(problems[0].error.why.contains("`[deploy] command` is missing"));
    }
}
