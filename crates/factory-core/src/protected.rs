//! Paths that belong to people: instructions for the next session, what the project's CI runs, pipelines, specifications.
//!
//! A patch that touches one is refused, unless the public specification names the path. Then it is taken, and a person
//! decides on it before it can be merged, whatever the pipeline says ([`crate::decide`]). Comparisons are made on folded
//! names, because a file system that ignores case or Unicode form would open the one file under the other's name.

use unicode_normalization::UnicodeNormalization;

use crate::artifact::Patch;

/// Names that are protected wherever they stand. Everything that begins with `.git` is added to these.
const PROTECTED_NAMES: [&str; 25] = [
    "factory.toml",
    "agents.md",
    "agents.override.md",
    "claude.md",
    "gemini.md",
    ".agents",
    ".aider.conf.yml",
    ".claude",
    ".codex",
    ".cursor",
    ".cursorrules",
    ".mcp.json",
    ".appveyor.yml",
    ".buildkite",
    ".ci",
    ".circleci",
    ".cirrus.yml",
    ".drone.yml",
    ".travis.yml",
    ".woodpecker",
    ".woodpecker.yml",
    "appveyor.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "jenkinsfile",
];

/// Folders of the project, or of the repository, that belong to people.
const PROTECTED_FOLDERS: [&str; 3] = ["pipelines", "skills", "specs"];

/// The factory's own folder in a project, and git's; `git~1` is what some file systems call that.
const CLOSED_NAMES: [&str; 3] = [".factory", ".git", "git~1"];

/// A name by which two paths are the same file somewhere: compatibility-decomposed, without characters that file systems
/// ignore, upper case then lower case (which approximates full case folding: `ß` and `SS` meet). Bytes that are not UTF-8
/// are replaced.
pub fn fold(path: &[u8]) -> String {
    String::from_utf8_lossy(path)
        .nfkd()
        .filter(|c| !is_ignorable(*c))
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .nfkd()
        .collect()
}

/// The code points that HFS+ leaves out of comparisons, as git's `is_hfs_dotgit` lists them, and the soft hyphen.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

/// Whether a path is that folder, or in it. Both are folded, or neither.
pub fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a path, relative to the repository's root, is protected in a project in the folder `project`, which is empty
/// where that is the root.
pub fn is_protected(path: &str, project: &str) -> bool {
    let folded = fold(path.as_bytes());
    let in_project = match project {
        "" => folded.as_str(),
        folder => folded.strip_prefix(&fold(folder.as_bytes())).unwrap_or(&folded).trim_start_matches('/'),
    };
    folded
        .split('/')
        .any(|name| name.starts_with(".git") || is_closed_name(name) || PROTECTED_NAMES.contains(&name))
        || PROTECTED_FOLDERS.iter().any(|folder| is_within(&folded, folder) || is_within(in_project, folder))
}

/// Whether no patch may touch a path, whoever names it: git's own folder and the factory's.
pub fn is_closed(path: &str) -> bool {
    fold(path.as_bytes()).split('/').any(is_closed_name)
}

/// Some file systems leave out dots and blanks at the end, and read a colon as the beginning of something else.
fn is_closed_name(folded: &str) -> bool {
    let name = folded.split_once(':').map_or(folded, |(name, _)| name);
    CLOSED_NAMES.contains(&name.trim_end_matches(['.', ' ']))
}

/// The protected paths among what a specification has in backticks, which are relative to the project; what comes out is
/// relative to the repository's root. A slash at the end stays, and makes a folder of it. What leads out of the project is
/// left out, and so is what no patch may touch.
pub fn named<'a>(code: impl IntoIterator<Item = &'a str>, project: &str) -> Vec<String> {
    let mut named: Vec<String> = Vec::new();
    for code in code {
        let code = code.trim();
        let code = code.strip_prefix("./").unwrap_or(code);
        let bare = code.strip_suffix('/').unwrap_or(code);
        if bare.split('/').any(|name| matches!(name, "" | "." | "..")) || bare.chars().any(char::is_control) {
            continue;
        }
        let path = if project.is_empty() { code.to_owned() } else { format!("{project}/{code}") };
        let bare = path.strip_suffix('/').unwrap_or(&path);
        if is_protected(bare, project) && !is_closed(bare) && !named.contains(&path) {
            named.push(path);
        }
    }
    named
}

/// Whether a path is among those that a specification names, as [`named`] gives them: the very path, or in a folder.
pub fn is_named(named: &[String], path: &str) -> bool {
    let folded = fold(path.as_bytes());
    named.iter().any(|one| match one.strip_suffix('/') {
        Some(folder) => {
            folded.strip_prefix(&fold(folder.as_bytes())).is_some_and(|rest| rest.starts_with('/'))
        }
        None => fold(one.as_bytes()) == folded,
    })
}

/// The protected paths that a patch writes or deletes, in its order: those that are protected in every project, and those
/// that the specification names. Of a file that is moved, both paths are changes of the patch.
pub fn touched(patch: &Patch, named: &[String]) -> Vec<String> {
    let paths = patch.changes.iter().map(|file| &file.path);
    paths.filter(|path| is_protected(path, "") || is_named(named, path)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{Change, FileChange};

    #[test]
    fn a_specification_opens_what_it_names_and_nothing_else() {
        let spans = [
            ".github/workflows/ci.yml",
            "./AGENTS.md",
            "src/app.py",
            "POST /specs",
            "skills/",
            ".claude",
            ".git/config",
            ".git",
            ".git./hooks",
            ".gıt/config",
            "git~1/config",
            ".factory/local.toml",
            "sub/.factory/x",
            "../specs/x.md",
            "/specs/x.md",
            "specs//x.md",
            "specs/../.github/x",
            "Jenkinsfile",
            "Jenkinsfile",
        ];
        let opened = named(spans, "");
        assert_eq!(
            opened,
            [".github/workflows/ci.yml", "AGENTS.md", "skills/", ".claude", "Jenkinsfile"].map(str::to_owned)
        );
        for path in [
            ".github/workflows/ci.yml",
            ".GitHub/Workflows/CI.yml",
            "agents.md",
            "skills/a/SKILL.md",
            "Skills/b",
            ".claude",
            "jenkinsfile",
        ] {
            assert!(is_named(&opened, path), "{path}");
        }
        // A folder without a slash is a file's name, and a file is no folder.
        for path in [
            ".github/workflows/ship.yml",
            ".github",
            "sub/AGENTS.md",
            "skills",
            "skillset/x",
            ".claude/x",
            "",
        ] {
            assert!(!is_named(&opened, path), "{path}");
        }
    }

    #[test]
    fn names_are_relative_to_the_project() {
        let opened = named(["specs/x.md", ".github/workflows/ci.yml", "AGENTS.md"], "services/mail");
        assert_eq!(opened[0], "services/mail/specs/x.md");
        assert!(is_named(&opened, "services/mail/.github/workflows/ci.yml"));
        assert!(!is_named(&opened, ".github/workflows/ci.yml") && !is_named(&opened, "AGENTS.md"));
    }

    #[test]
    fn both_ends_of_a_move_are_touched() {
        let change = |path: &str, change| FileChange { path: path.to_owned(), change };
        let content = crate::ids::Digest::of(b"x");
        let written = || Change::Written { content: content.clone(), executable: false, existed: false };
        let patch = Patch {
            changes: vec![
                change("AGENTS.md", Change::Deleted),
                change("docs/agents.txt", written()),
                change("docs/deploy.txt", written()),
                change("specs/moved.md", written()),
            ],
        };
        assert_eq!(touched(&patch, &[]), ["AGENTS.md", "specs/moved.md"]);
        assert_eq!(
            touched(&patch, &["docs/deploy.txt".to_owned()]),
            ["AGENTS.md", "docs/deploy.txt", "specs/moved.md"]
        );
    }

    #[test]
    fn what_is_closed_stays_closed_under_every_spelling() {
        for path in [
            ".git",
            "a/.GIT/config",
            ".g\u{200c}it/x",
            ".git./x",
            ".git /x",
            ".git::$INDEX/x",
            "GIT~1/x",
            ".Factory/x",
        ] {
            assert!(is_closed(path) && is_protected(path, ""), "{path}");
        }
        for path in [".gitignore", ".github/x", "git", ".factoryx", "factory.toml"] {
            assert!(!is_closed(path), "{path}");
        }
    }
}
