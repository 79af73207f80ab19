//! Which paths are hidden, which a patch may touch, and what a path may look like at all. Which are protected is said in
//! [`factory_core::protected`].
//!
//! Paths are relative to the repository's root, with `/`, as bytes: git does not promise UTF-8. Comparisons are made on
//! folded names.

use factory_core::protected::{self, fold, is_within};
use factory_engine::port::workspace::WorkspaceError;

use crate::error;

/// The factory's own folder in a project: records, never part of a checkout or a patch.
const OWN_FOLDER: &str = ".factory";

/// Whether a single name would reach git's own folder on some file system.
pub(crate) fn is_git_folder(name: &[u8]) -> bool {
    let folded = fold(name);
    folded == ".git" || folded == "git~1"
}

/// Whether a file of that name holds a licence. Not with an ending from which scenarios are read.
pub(crate) fn is_licence(name: &[u8]) -> bool {
    let folded = fold(name);
    let name = folded.strip_suffix(".txt").unwrap_or(&folded);
    matches!(name, "licence" | "license" | "unlicense" | "copying" | "copying.lesser" | "notice")
        || name.strip_prefix("license-").is_some_and(|which| !which.contains('.'))
}

/// What is said of paths in one project.
#[derive(Debug, Clone)]
pub(crate) struct PathRules {
    /// Folded, without a slash at the end.
    holdouts: Vec<String>,
    /// Empty, or the project's folder without a slash at the end.
    subdirectory: String,
    /// Protected paths that the specification names, as [`protected::named`] gives them.
    named: Vec<String>,
}

impl PathRules {
    /// `holdouts` are files or folders relative to the repository's root; `subdirectory` is the project's, or empty.
    pub(crate) fn new(holdouts: &[String], subdirectory: &str) -> Self {
        let holdouts = holdouts
            .iter()
            .map(|path| fold(path.trim_start_matches("./").trim_matches('/').as_bytes()))
            .filter(|path| !path.is_empty())
            .collect();
        Self { holdouts, subdirectory: subdirectory.to_owned(), named: Vec::new() }
    }

    /// The same, for a specification that names these protected paths.
    pub(crate) fn naming(&self, named: &[String]) -> Self {
        Self { named: named.to_vec(), ..self.clone() }
    }

    /// Whether no checkout may hold this path: a holdout, something inside one, or the factory's own folder.
    pub(crate) fn hides(&self, path: &[u8]) -> bool {
        let folded = fold(path);
        folded.split('/').any(|name| name == OWN_FOLDER)
            || self.holdouts.iter().any(|holdout| is_within(&folded, holdout))
    }

    /// Whether the content of a file at this path is kept out of checkouts under every name: that of what is hidden, but for
    /// licences. Those are the same everywhere, and no scenario is read from them.
    pub(crate) fn holds_back(&self, path: &[u8]) -> bool {
        self.hides(path) && !is_licence(path.rsplit(|byte| *byte == b'/').next().unwrap_or(path))
    }

    /// Whether a holdout is somewhere below this folder. The factory's own folder is not looked for: it may be anywhere.
    pub(crate) fn is_above_hidden(&self, folder: &[u8]) -> bool {
        let folded = fold(folder);
        self.holdouts.iter().any(|holdout| is_within(holdout, &folded))
    }

    /// The path as text, if a patch may write or delete it.
    ///
    /// # Errors
    /// [`WorkspaceError::BadPatch`]
    pub(crate) fn check<'a>(&self, path: &'a [u8]) -> Result<&'a str, WorkspaceError> {
        let bad = |reason: &str| Err(error::bad_patch(path, reason));
        let Ok(text) = std::str::from_utf8(path) else {
            return bad("has a name that is not UTF-8");
        };
        if text.chars().any(char::is_control) {
            return bad("has a control character in its name");
        }
        if text.split('/').any(|name| matches!(name, "" | "." | "..")) {
            return bad("is not a path inside the repository");
        }
        if !self.subdirectory.is_empty() && !is_within(text, &self.subdirectory) {
            return bad("is outside the project's folder");
        }
        if self.hides(path) || protected::is_closed(text) {
            return bad("is protected: no implementer may change it");
        }
        if protected::is_protected(text, &self.subdirectory) && !protected::is_named(&self.named, text) {
            return bad("is protected: no implementer may change it unless the specification names it");
        }
        Ok(text)
    }
}

/// Why a symbolic link of the tree cannot be kept, if it cannot.
///
/// A target may climb only at its beginning. Below a link's own folder, which is a real one, `..` means what it says;
/// after another link it would not (`a -> .` makes `a/..` the parent of the root).
pub(crate) fn link_problem(link: &[u8], target: &[u8], rules: &PathRules) -> Option<&'static str> {
    if target.is_empty() || target.starts_with(b"/") {
        return Some("the symbolic link leaves the tree");
    }
    let mut place: Vec<&[u8]> = link.split(|b| *b == b'/').collect();
    place.pop();
    let mut descended = false;
    for name in target.split(|b| *b == b'/') {
        match name {
            b"" | b"." => {}
            b".." if descended => return Some("the symbolic link's target goes down and up again"),
            b".." => {
                if place.pop().is_none() {
                    return Some("the symbolic link leaves the tree");
                }
            }
            name => {
                descended = true;
                place.push(name);
            }
        }
    }
    if place.iter().any(|name| is_git_folder(name)) {
        return Some("the symbolic link points into git's own folder");
    }
    if rules.hides(&place.join(&b'/')) {
        return Some("the symbolic link points at something that the checkout does not show");
    }
    None
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn rules() -> PathRules {
        PathRules::new(&["holdouts/".into(), "./app/Straße.md".into()], "")
    }

    #[test]
    fn holdouts_are_hidden_under_every_spelling_of_their_name() {
        for path in
            ["holdouts", "holdouts/a/b", "HoldOuts/x", "hold\u{200c}outs/x", "ｈoldouts/x", "app/STRASSE.md"]
        {
            assert!(rules().hides(path.as_bytes()), "{path}");
        }
        for path in ["holdouts2", "holdout", "app/holdouts/x", "app", "app/strase.md"] {
            assert!(!rules().hides(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn a_licence_is_hidden_and_its_content_is_not_held_back() {
        for path in ["holdouts/LICENSE", "holdouts/a/licence.txt", "HoldOuts/COPYING", "holdouts/LICENSE-MIT"]
        {
            assert!(rules().hides(path.as_bytes()) && !rules().holds_back(path.as_bytes()), "{path}");
        }
        for path in
            ["holdouts/LICENSE.md", "holdouts/license-a.feature", "holdouts/LICENSE/a", "holdouts/mylicense"]
        {
            assert!(rules().holds_back(path.as_bytes()), "{path}");
        }
        assert!(!rules().holds_back(b"LICENSE"));
    }

    #[test]
    fn a_composed_and_a_decomposed_name_are_the_same() {
        let rules = PathRules::new(&["caf\u{e9}".into()], "");
        assert!(rules.hides("cafe\u{301}/x".as_bytes()));
    }

    #[test]
    fn the_own_folder_is_hidden_everywhere() {
        assert!(rules().hides(b".factory/store"));
        assert!(rules().hides(b"sub/.Factory"));
        assert!(!rules().hides(b".factoryx"));
    }

    #[test]
    fn protected_paths_are_named() {
        for path in [
            "AGENTS.md",
            "sub/agents.md",
            "CLAUDE.md",
            ".codex/config.toml",
            ".claude/settings.json",
            ".git/config",
            "sub/.git",
            ".GIT/hooks/x",
            ".g\u{200c}it/config",
            "git~1/config",
            ".gitignore",
            "a/.gitattributes",
            ".github/workflows/ci.yml",
            ".gitlab-ci.yml",
            "Jenkinsfile",
            "factory.toml",
            "sub/factory.toml",
            "pipelines/feature.toml",
            "skills/a/SKILL.md",
            "Specs/x.md",
            "specs",
            "holdouts/x",
        ] {
            let error = rules().check(path.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("protected") && error.contains(path), "{path}: {error}");
        }
        for path in [
            "src/specs/x.rs",
            "git/x",
            "agents.mdx",
            "src/pipelines.rs",
            "skillset/x",
            "gitignore",
            "a b/ü.txt",
        ] {
            assert_eq!(rules().check(path.as_bytes()).unwrap(), path);
        }
    }

    #[test]
    fn what_the_specification_names_is_taken_but_never_what_is_hidden_or_closed() {
        let named = [".github/workflows/ci.yml", "AGENTS.md", "skills/", "holdouts/", ".git/", ".factory/x"]
            .map(str::to_owned);
        let rules = rules().naming(&named);
        for path in [".github/workflows/ci.yml", "agents.md", "skills/a/SKILL.md"] {
            assert_eq!(rules.check(path.as_bytes()).unwrap(), path);
        }
        for path in [
            ".github/workflows/ship.yml",
            "sub/AGENTS.md",
            "CLAUDE.md",
            "holdouts/x",
            "Holdouts/y",
            ".git/config",
            ".git./config",
            ".factory/x",
        ] {
            assert!(rules.check(path.as_bytes()).is_err(), "{path}");
        }
        // The project ends where it ends, whatever is named.
        let inner = PathRules::new(&[], "app").naming(&named);
        assert!(inner.check(b".github/workflows/ci.yml").is_err());
    }

    #[test]
    fn strange_paths_are_no_patch() {
        for path in ["", "/etc/passwd", "a//b", "../x", "a/../b", "./a", "a/", "a\nb", "a\u{7f}"] {
            assert!(rules().check(path.as_bytes()).is_err(), "{path:?}");
        }
        assert!(rules().check(b"a\xff").is_err());
    }

    #[test]
    fn a_project_in_a_subdirectory_bounds_its_patches() {
        let rules = PathRules::new(&[], "services/mail");
        assert!(rules.check(b"services/mail/src/a.rs").is_ok());
        for path in
            ["README.md", "services/mailer/a.rs", "services/mail/specs/x.md", "services/mail/skills/a"]
        {
            assert!(rules.check(path.as_bytes()).is_err(), "{path}");
        }
    }

    #[test]
    fn links_may_stay_in_the_tree_only() {
        let problem = |link: &str, target: &str| link_problem(link.as_bytes(), target.as_bytes(), &rules());
        for (link, target) in
            [("l", "a/b"), ("l", "."), ("a/l", "../b"), ("a/b/l", "../../c"), ("l", "./a//b/")]
        {
            assert_eq!(problem(link, target), None, "{link} -> {target}");
        }
        for (link, target) in [
            ("l", "/etc/passwd"),
            ("l", ".."),
            ("a/l", "../../b"),
            ("l", "a/../../b"),
            ("l", "a/../b"),
            ("l", ""),
            ("l", ".git/config"),
            ("a/l", "../.GIT"),
            ("l", "holdouts/a"),
            ("a/l", "../HOLDOUTS"),
        ] {
            assert!(problem(link, target).is_some(), "{link} -> {target}");
        }
    }
}
