//! Files that a specification names in backticks.

use std::collections::HashSet;

use pulldown_cmark::Event;

use super::document::{Reference, SpecDocument};
use super::outline::{Content, Located};
use crate::diagnostic::{Code, Diagnostic};

/// Endings that make a file of a name without a slash; without this list `user.name` would be one.
const EXTENSIONS: &[&str] = &[
    "adoc",
    "bash",
    "bat",
    "c",
    "cc",
    "cfg",
    "conf",
    "cpp",
    "cs",
    "css",
    "csv",
    "dart",
    "env",
    "erl",
    "ex",
    "exs",
    "feature",
    "go",
    "gradle",
    "graphql",
    "h",
    "hpp",
    "hs",
    "html",
    "ini",
    "ipynb",
    "java",
    "js",
    "json",
    "jsonl",
    "jsx",
    "kt",
    "kts",
    "lock",
    "lua",
    "md",
    "mjs",
    "ml",
    "mod",
    "php",
    "pl",
    "properties",
    "proto",
    "ps1",
    "py",
    "pyi",
    "rb",
    "rs",
    "rst",
    "scala",
    "scss",
    "sh",
    "sql",
    "svelte",
    "swift",
    "tf",
    "toml",
    "ts",
    "tsx",
    "txt",
    "vue",
    "xml",
    "yaml",
    "yml",
    "zig",
];

/// First parts of media types, which look like paths.
const MEDIA: [&str; 8] = ["application", "audio", "font", "image", "message", "multipart", "text", "video"];

/// Warns of every referenced file for which `exists` says no. Paths are given as written, relative to the
/// project.
pub fn check_references(document: &SpecDocument, exists: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
    document
        .references
        .iter()
        .filter(|reference| !exists(&reference.path))
        .map(|reference| {
            let message = format!("`{}` does not exist", reference.path);
            Diagnostic::new(Code::MissingReference, reference.span.clone(), message)
                .with_help("paths are relative to the project; name files that the change can build on")
        })
        .collect()
}

/// The paths among the code spans of `events`, each once.
pub(super) fn references(source: &str, events: &[Located<'_>]) -> Vec<Reference> {
    let mut references: Vec<Reference> = Vec::new();
    let mut seen = HashSet::new();
    for (event, range) in events {
        let Event::Code(code) = event else { continue };
        let Some(path) = path(code) else { continue };
        let Some(offset) = source[range.clone()].find(path) else {
            continue;
        };
        if seen.insert(path.to_owned()) {
            let start = range.start + offset;
            references.push(Reference { path: path.to_owned(), span: start..start + path.len() });
        }
    }
    references
}

/// The code spans of some sections, each once.
pub(super) fn code<'a>(sections: impl Iterator<Item = &'a Content<'a>>) -> Vec<String> {
    let mut spans: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for (event, _) in sections.flat_map(|content| &content.events) {
        if let Event::Code(code) = event
            && seen.insert(code.to_string())
        {
            spans.push(code.to_string());
        }
    }
    spans
}

/// The relative path that `code` is, without a line number (`src/a.rs:12`, `src/a.rs#L12`) or a final slash.
fn path(code: &str) -> Option<&str> {
    let code = code.trim();
    let path = code.split_once('#').map_or(code, |(path, _)| path);
    let path =
        path.trim_end_matches(|character: char| character.is_ascii_digit() || ":-".contains(character));
    // Nothing but digits after a colon is a line number; `a-1` keeps its ending.
    let path = match code.as_bytes().get(path.len()) {
        Some(b':' | b'#') => path,
        _ => code,
    };
    let slashed = path;
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_plain = |character: char| character.is_alphanumeric() || "./_-+@".contains(character);
    if path.is_empty()
        || path.starts_with(['/', '-', '@'])
        || !path.chars().all(is_plain)
        || !path.contains(char::is_alphabetic)
    {
        return None;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension =
        name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension);
    match slashed.split_once('/') {
        None => extension.is_some_and(|extension| EXTENSIONS.contains(&extension)),
        Some((first, rest)) if MEDIA.contains(&first) => extension.is_some() && !rest.contains('+'),
        Some((first, _)) => !first.is_empty(),
    }
    .then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_recognized() {
        for (code, expected) in [
            ("src/auth/reset.rs", "src/auth/reset.rs"),
            ("src/auth/reset.rs:42", "src/auth/reset.rs"),
            ("src/auth/reset.rs:42-50", "src/auth/reset.rs"),
            ("src/auth/reset.rs#L10", "src/auth/reset.rs"),
            ("src/auth/", "src/auth"),
            ("mail/", "mail"),
            ("./src/auth", "./src/auth"),
            ("../other/x.py", "../other/x.py"),
            ("migrations/2024-01", "migrations/2024-01"),
            ("README.md", "README.md"),
            (".github/workflows/ci.yml", ".github/workflows/ci.yml"),
            ("docs/größe.md", "docs/größe.md"),
            ("text/helper.rs", "text/helper.rs"),
        ] {
            assert_eq!(path(code), Some(expected), "{code}");
        }
    }

    #[test]
    fn other_code_is_not_a_path() {
        for code in [
            "POST /auth/reset",
            "/auth/reset",
            "https://example.com/a.md",
            "application/json",
            "application/problem+json",
            "user.name",
            "v1.2.3",
            "1.5",
            "1/2",
            "@scope/package",
            "--flag/x",
            "src/**/*.rs",
            "{\"a\": 1}",
            "reset_token",
            ".env",
            "",
            "/",
            "users/<id>",
        ] {
            assert_eq!(path(code), None, "{code}");
        }
    }
}
