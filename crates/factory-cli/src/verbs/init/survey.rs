//! What is in a project's folder, as far as it tells how the project is set up, checked and started.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of the project's own.
const FOREIGN: [&str; 10] = [
    "node_modules",
    "target",
    "venv",
    "env",
    "vendor",
    "dist",
    "build",
    "site-packages",
    "__pycache__",
    "third_party",
];

const MOST_FILES: usize = 5_000;
const DEEPEST: usize = 8;
/// A source file above this size was generated.
const LARGEST_SOURCE_BYTES: u64 = 256 * 1024;

/// Endings of files in which a service would be written.
const SOURCES: [&str; 9] = ["rs", "py", "js", "mjs", "cjs", "ts", "mts", "tsx", "go"];

/// Paths at which services say that they are up, the usual ones first.
const HEALTH: [&str; 9] =
    ["/health", "/healthz", "/ready", "/readyz", "/livez", "/api/health", "/api/healthz", "/ping", "/status"];

/// A look at a project's files, taken once.
#[derive(Debug)]
pub(super) struct Survey {
    directory: PathBuf,
    /// Relative to the project, with `/`, sorted.
    files: Vec<String>,
    sources: Vec<Source>,
    /// Lines of `.gitignore` that name a file of the project's folder.
    ignored: Vec<String>,
}

#[derive(Debug)]
struct Source {
    path: String,
    text: String,
}

impl Survey {
    /// Looks at a folder. Links are not followed, and folders of dependencies and build results are left out.
    pub(super) fn of(directory: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        walk(directory, "", DEEPEST, &mut files)?;
        files.sort();
        let sources = files
            .iter()
            .filter(|path| path.rsplit_once('.').is_some_and(|(_, ending)| SOURCES.contains(&ending)))
            .filter_map(|path| {
                let full = directory.join(path);
                let small = fs::metadata(&full).is_ok_and(|data| data.len() <= LARGEST_SOURCE_BYTES);
                let text = if small { fs::read_to_string(&full).ok()? } else { return None };
                Some(Source { path: path.clone(), text })
            })
            .collect();
        let ignored = fs::read_to_string(directory.join(".gitignore")).unwrap_or_default();
        let ignored = ignored.lines().map(|line| line.trim().trim_start_matches('/').to_owned()).collect();
        Ok(Self { directory: directory.to_owned(), files, sources, ignored })
    }

    /// Whether there is such a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.files.binary_search_by(|file| file.as_str().cmp(path)).is_ok()
    }

    /// Whether there is such a file and `.gitignore` does not name it: only what is committed is in a checkout.
    pub(super) fn has_committed(&self, path: &str) -> bool {
        self.has(path) && !self.ignored.iter().any(|line| line == path)
    }

    /// All files.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// The files in the project's folder itself.
    pub(super) fn top(&self) -> impl Iterator<Item = &str> {
        self.files().filter(|path| !path.contains('/'))
    }

    /// The text of a file, if it is there and is text.
    pub(super) fn read(&self, path: &str) -> Option<String> {
        if self.has(path) { fs::read_to_string(self.directory.join(path)).ok() } else { None }
    }

    /// Source files with one of these endings, and their text.
    pub(super) fn sources(&self, endings: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        self.sources
            .iter()
            .filter(move |source| source.path.rsplit_once('.').is_some_and(|(_, e)| endings.contains(&e)))
            .map(|source| (source.path.as_str(), source.text.as_str()))
    }

    /// Whether a source file with one of these endings, tests left out, has this word with no letter, digit or `_` at its sides.
    pub(super) fn mentions(&self, endings: &[&str], word: &str) -> bool {
        self.sources(endings).any(|(path, text)| !is_test(path) && has_word(text, word))
    }

    /// The path at which the service seems to say that it is up.
    pub(super) fn health(&self, endings: &[&str]) -> Option<&'static str> {
        let quoted = |path: &str| ['"', '\'', '`'].map(|quote| format!("{quote}{path}{quote}"));
        HEALTH.into_iter().find(|path| {
            let forms = quoted(path);
            self.sources(endings).any(|(_, text)| forms.iter().any(|form| text.contains(form.as_str())))
        })
    }

    /// The folder.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

/// Whether a file is one of tests, by its name or its folder.
pub(super) fn is_test(path: &str) -> bool {
    let folder =
        path.split('/').any(|part| matches!(part, "test" | "tests" | "__tests__" | "spec" | "testdata"));
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    folder
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem == "conftest"
        || name.contains(".test.")
        || name.contains(".spec.")
}

fn has_word(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(inside)
            && !text[at + word.len()..].chars().next().is_some_and(inside)
    })
}

fn walk(directory: &Path, prefix: &str, depth: usize, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if files.len() >= MOST_FILES {
            return Ok(());
        }
        let kind = entry.file_type()?;
        if kind.is_file() {
            files.push(format!("{prefix}{name}"));
        } else if kind.is_dir() && depth > 0 && !name.starts_with('.') && !FOREIGN.contains(&name) {
            // A folder that may not be read says nothing about the project.
            let _ = walk(&entry.path(), &format!("{prefix}{name}/"), depth - 1, files);
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
pub(super) mod tests {
    use std::ops::Deref;

    use tempfile::TempDir;

    use super::*;

    /// A folder with these files.
    pub(in crate::verbs::init) fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    /// A look at a folder that lives as long as the look.
    pub(in crate::verbs::init) struct Looked {
        survey: Survey,
        _folder: TempDir,
    }

    impl Deref for Looked {
        type Target = Survey;

        fn deref(&self) -> &Survey {
            &self.survey
        }
    }

    /// A look at a folder with these files.
    pub(in crate::verbs::init) fn survey(files: &[(&str, &str)]) -> Looked {
        let folder = folder(files);
        Looked { survey: Survey::of(folder.path()).unwrap(), _folder: folder }
    }

    #[test]
    fn what_others_wrote_is_not_looked_at() {
        let survey = survey(&[
            ("src/main.py", "x"),
            ("node_modules/a/index.js", "PORT"),
            (".venv/lib/x.py", "PORT"),
            ("a.txt", ""),
        ]);
        assert_eq!(survey.files().collect::<Vec<_>>(), ["a.txt", "src/main.py"]);
        assert!(!survey.mentions(&SOURCES, "PORT"));
    }

    #[test]
    fn a_word_is_found_whole_and_outside_tests() {
        let survey = survey(&[("a.py", "os.environ['PORT']"), ("tests/b.py", "HOST"), ("c.py", "SMTP_HOST")]);
        assert!(survey.mentions(&["py"], "PORT"));
        assert!(!survey.mentions(&["py"], "HOST"));
        assert!(!survey.mentions(&["rs"], "PORT"));
    }

    #[test]
    fn the_health_path_is_the_one_that_is_written_in_quotes() {
        assert_eq!(survey(&[("a.py", "'/healthz' and \"/ping\"")]).health(&["py"]), Some("/healthz"));
        assert_eq!(survey(&[("a.py", "see https://x/health for more")]).health(&["py"]), None);
    }

    #[test]
    fn a_file_that_git_ignores_is_not_committed() {
        let survey = survey(&[("Cargo.lock", ""), (".gitignore", "/target\n/Cargo.lock\n")]);
        assert!(survey.has("Cargo.lock"));
        assert!(!survey.has_committed("Cargo.lock"));
    }
}
