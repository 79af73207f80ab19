//! What source files must and must not hold.

use super::{Crate, Source, code};

/// The most lines of production code in a file.
const MOST_LINES: usize = 600;

/// The only crate that may contain `unsafe`.
const MAY_BE_UNSAFE: &str = "factory-sandbox";

/// Words that the core's code must not contain, with what they would bring in.
const IMPURE: [(&str, &str); 10] = [
    ("fs", "files"),
    ("env", "the environment"),
    ("SystemTime", "a clock"),
    ("Instant", "a clock"),
    ("async", "waiting"),
    ("await", "waiting"),
    ("thread", "threads"),
    ("process", "processes"),
    ("net", "the network"),
    ("rand", "randomness"),
];

fn sources(crates: &[Crate]) -> impl Iterator<Item = (&str, &Source)> {
    crates.iter().flat_map(|of| of.sources.iter().map(|source| (of.name.as_str(), source)))
}

/// Production code: what stands under `src`, but for files of tests alone.
fn is_production(source: &Source) -> bool {
    let tests = source.path.ends_with("/tests.rs") || source.path.contains("/tests/");
    source.path.starts_with("src/") && !tests
}

/// Every file begins with what it is for.
pub fn openings(crates: &[Crate]) -> Vec<String> {
    let silent = sources(crates).filter(|(_, source)| !source.text.starts_with("//!"));
    silent.map(|(name, source)| format!("{name}: {} does not begin with `//!`", source.path)).collect()
}

/// No file is too long to be read in one go.
pub fn lengths(crates: &[Crate]) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, source) in sources(crates).filter(|(_, source)| is_production(source)) {
        let lines = code::production(&source.text).lines().count();
        if lines > MOST_LINES {
            broken.push(format!("{name}: {} has {lines} lines, more than {MOST_LINES}", source.path));
        }
    }
    broken
}

/// `unsafe` stands in one crate only.
pub fn unsafety(crates: &[Crate]) -> Vec<String> {
    let others = sources(crates).filter(|(name, _)| *name != MAY_BE_UNSAFE);
    let unsafe_ones =
        others.filter(|(_, source)| code::words(&source.text).iter().any(|word| word == "unsafe"));
    unsafe_ones.map(|(name, source)| format!("{name}: {} contains `unsafe`", source.path)).collect()
}

/// The core touches nothing: no files, no environment, no clock, no randomness, no waiting.
pub fn purity(crates: &[Crate]) -> Vec<String> {
    let mut broken = Vec::new();
    let core = sources(crates).filter(|(name, source)| *name == "factory-core" && is_production(source));
    for (name, source) in core {
        let words = code::words(code::production(&source.text));
        for (word, what) in IMPURE {
            if words.iter().any(|found| found == word) {
                broken.push(format!(
                    "{name}: {} contains `{word}`: the core knows nothing of {what}",
                    source.path
                ));
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crate_with(name: &str, path: &str, text: &str) -> [Crate; 1] {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        [Crate { name: name.to_owned(), ships: Vec::new(), tests: Vec::new(), sources: vec![source] }]
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is_for() {
        for text in ["", "use std::fmt;\n", "// Comment\n", "\n//! Late\n", "#![allow(x)]\n//! Late\n"] {
            let broken = openings(&crate_with("factory-eval", "tests/it/main.rs", text));
            assert_eq!(broken, ["factory-eval: tests/it/main.rs does not begin with `//!`"], "{text:?}");
        }
        assert!(openings(&crate_with("factory-eval", "src/lib.rs", "//! Says it.\n")).is_empty());
    }

    #[test]
    fn a_file_that_is_too_long() {
        let lines = |count: usize| "//\n".repeat(count);
        let broken = lengths(&crate_with("factory-eval", "src/run.rs", &lines(601)));
        assert_eq!(broken, ["factory-eval: src/run.rs has 601 lines, more than 600"]);
        assert!(lengths(&crate_with("factory-eval", "src/run.rs", &lines(600))).is_empty());
        let tested = format!("{}#[cfg(test)]\n{}", lines(600), lines(600));
        assert!(
            lengths(&crate_with("factory-eval", "src/run.rs", &tested)).is_empty(),
            "tests may be longer"
        );
        for path in ["tests/it/run.rs", "src/run/tests.rs", "src/tests/run.rs"] {
            assert!(lengths(&crate_with("factory-eval", path, &lines(601))).is_empty(), "{path}");
        }
    }

    #[test]
    fn code_that_is_unsafe() {
        let text = "//! Safe.\nfn f() { unsafe { g() } }\n";
        let broken = unsafety(&crate_with("factory-store", "src/disk.rs", text));
        assert_eq!(broken, ["factory-store: src/disk.rs contains `unsafe`"]);
        assert!(unsafety(&crate_with("factory-sandbox", "src/wire.rs", text)).is_empty());
        let said = "//! Nothing unsafe.\n#![forbid(unsafe_code)]\nconst A: &str = \"unsafe\";\n";
        assert!(unsafety(&crate_with("factory-store", "src/disk.rs", said)).is_empty());
    }

    #[test]
    fn a_core_that_touches_something() {
        for (text, word) in [
            ("use std::fs;", "fs"),
            ("use std::{env, fmt};", "env"),
            ("fn now() -> u64 { std::time::SystemTime::now() }", "SystemTime"),
            ("let a = Instant::now();", "Instant"),
            ("async fn f() {}", "async"),
            ("let a = rand::random();", "rand"),
            ("std::thread::sleep(x);", "thread"),
            ("std::net::TcpStream::connect(x)", "net"),
            ("std::process::exit(1)", "process"),
        ] {
            let broken = purity(&crate_with("factory-core", "src/decide.rs", text));
            assert_eq!(broken.len(), 1, "{text}: {broken:?}");
            assert!(
                broken[0].starts_with(&format!("factory-core: src/decide.rs contains `{word}`")),
                "{broken:?}"
            );
            assert!(purity(&crate_with("factory-engine", "src/engine.rs", text)).is_empty(), "others may");
            assert!(
                purity(&crate_with("factory-core", "tests/it/main.rs", text)).is_empty(),
                "its tests may"
            );
            let tested = format!("//! Decides.\n#[cfg(test)]\nmod tests {{ {text} }}");
            assert!(
                purity(&crate_with("factory-core", "src/decide.rs", &tested)).is_empty(),
                "its unit tests may"
            );
        }
    }
}
