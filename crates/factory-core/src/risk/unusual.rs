//! Paths that cannot be trusted to be what they look like, or to be the same file everywhere.
//!
//! What is allowed is listed, so that anything unknown counts as unusual. The mixing of scripts follows the idea of
//! Unicode Technical Standard 39 (its “highly restrictive” level), with far smaller tables.

/// The longest path and the longest part of one, in bytes, that Linux can open.
const LONGEST_PATH: usize = 4096;
const LONGEST_PART: usize = 255;

/// Families of letters that may stand in one word together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    EastAsian,
    /// Any other, by its place in the table.
    Other(usize),
}

/// Letters and marks outside ASCII that a path may have. Gaps are on purpose: invisible characters, letters that look like
/// ASCII (`ı`, `ſ`, full width, mathematical), punctuation, and marks that are put on top of another letter.
const LETTERS: &[(char, char, Script)] = &[
    ('\u{00c0}', '\u{00d6}', Script::Latin),
    ('\u{00d8}', '\u{00f6}', Script::Latin),
    ('\u{00f8}', '\u{0130}', Script::Latin),
    ('\u{0132}', '\u{0148}', Script::Latin),
    ('\u{014a}', '\u{017e}', Script::Latin),
    ('\u{0218}', '\u{021b}', Script::Latin),
    ('\u{1e00}', '\u{1eff}', Script::Latin),
    ('\u{0386}', '\u{0386}', Script::Greek),
    ('\u{0388}', '\u{03ce}', Script::Greek),
    ('\u{0400}', '\u{0481}', Script::Cyrillic),
    ('\u{048a}', '\u{052f}', Script::Cyrillic),
    ('\u{0531}', '\u{0556}', Script::Other(0)),
    ('\u{0561}', '\u{0586}', Script::Other(0)),
    ('\u{05d0}', '\u{05ea}', Script::Other(1)),
    ('\u{0620}', '\u{065f}', Script::Other(2)),
    ('\u{066e}', '\u{06d3}', Script::Other(2)),
    ('\u{0900}', '\u{0963}', Script::Other(3)),
    ('\u{0980}', '\u{09e3}', Script::Other(4)),
    ('\u{0b80}', '\u{0be3}', Script::Other(5)),
    ('\u{0c00}', '\u{0c63}', Script::Other(6)),
    ('\u{0e01}', '\u{0e3a}', Script::Other(7)),
    ('\u{0e40}', '\u{0e4e}', Script::Other(7)),
    ('\u{10a0}', '\u{10ff}', Script::Other(8)),
    ('\u{1200}', '\u{135a}', Script::Other(9)),
    ('\u{3005}', '\u{3005}', Script::EastAsian),
    ('\u{3041}', '\u{3096}', Script::EastAsian),
    ('\u{30a1}', '\u{30fe}', Script::EastAsian),
    ('\u{3105}', '\u{312f}', Script::EastAsian),
    ('\u{3400}', '\u{4dbf}', Script::EastAsian),
    ('\u{4e00}', '\u{9fff}', Script::EastAsian),
    ('\u{ac00}', '\u{d7a3}', Script::EastAsian),
    ('\u{20000}', '\u{2a6df}', Script::EastAsian),
];

/// Greek and Cyrillic letters that look like a Latin one.
const LOOKALIKES: &str = "асеорхуіјѕԁԛԝһӏАВСЕНІЈКМОРЅТХУԌԚԜӀονιαρυκνΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";

/// Why the path is unusual, if it is; one line without control characters.
pub(super) fn problem(path: &str) -> Option<String> {
    if path.is_empty() {
        return Some("the path is empty".to_owned());
    }
    if path.len() > LONGEST_PATH {
        return Some(format!("the path is {} bytes long", path.len()));
    }
    if path.starts_with(['/', '~', '-']) {
        let first = path.chars().next().unwrap_or_default();
        return Some(format!("the path begins with `{first}`"));
    }
    path.chars().find_map(bad_character).or_else(|| path.split('/').find_map(bad_part))
}

fn bad_character(c: char) -> Option<String> {
    let shown = u32::from(c);
    if c.is_ascii_control() {
        Some(format!("it has the control character U+{shown:04X}"))
    } else if matches!(c, '\\' | ':' | '<' | '>' | '"' | '|' | '?' | '*') {
        Some(format!("it has `{c}`, which means something else on other systems"))
    } else if !c.is_ascii() && script(c).is_none() {
        Some(format!("it has U+{shown:04X}, which is no letter of a known script or looks like another one"))
    } else {
        None
    }
}

fn bad_part(part: &str) -> Option<String> {
    if matches!(part, "" | "." | "..") {
        return Some("it is not normalized: a part is empty, `.` or `..`".to_owned());
    }
    if part.len() > LONGEST_PART {
        return Some(format!("a part of it is {} bytes long", part.len()));
    }
    if part.starts_with(' ') || part.ends_with([' ', '.']) {
        return Some(
            "a part begins or ends with a space, or ends with a dot: some systems drop it".to_owned(),
        );
    }
    if part.eq_ignore_ascii_case(".git") {
        return Some("it is inside `.git`".to_owned());
    }
    // `GIT~1` and `FACTOR~1.TOM` are other names of `.git` and `factory.toml` on some file systems.
    if part.as_bytes().windows(2).any(|two| two[0] == b'~' && two[1].is_ascii_digit()) {
        return Some("a part looks like a shortened name of another file".to_owned());
    }
    if mixed(part) {
        return Some("letters of different scripts stand in one word".to_owned());
    }
    if disguised(part) {
        return Some("all its letters are Greek or Cyrillic ones that look Latin".to_owned());
    }
    None
}

fn script(c: char) -> Option<Script> {
    LETTERS.iter().find(|(first, last, _)| (*first..=*last).contains(&c)).map(|(_, _, script)| *script)
}

/// Whether one word has letters of scripts that do not belong together. East Asian ones go with Latin.
fn mixed(part: &str) -> bool {
    if part.is_ascii() {
        return false;
    }
    part.split(|c: char| c.is_ascii() && !c.is_ascii_alphabetic()).any(|word| {
        let mut scripts =
            word.chars().filter_map(|c| if c.is_ascii() { Some(Script::Latin) } else { script(c) });
        let Some(first) = scripts.next() else { return false };
        let with_latin = |script| matches!(script, Script::Latin | Script::EastAsian);
        scripts.any(|other| other != first && !(with_latin(first) && with_latin(other)))
    })
}

/// Whether there are Greek or Cyrillic letters, and all of them look like Latin ones.
fn disguised(part: &str) -> bool {
    if part.is_ascii() {
        return false;
    }
    let mut foreign =
        part.chars().filter(|&c| matches!(script(c), Some(Script::Greek | Script::Cyrillic))).peekable();
    foreign.peek().is_some() && foreign.all(|c| LOOKALIKES.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_of_many_languages_are_usual() {
        for path in [
            "src/main.rs",
            "app/[id]/(group)/+page@.svelte",
            "a b/c.txt",
            "routes/$user.tsx",
            ".hidden/..rc",
            "docs/Überblick.md",
            "docs/șțiri.md",
            "文档/说明v2.md",
            "テスト/ログイン画面.md",
            "한국어/설명.md",
            "отчёт/новый-file.md",
            "αρχείο/σημείωση.txt",
            "हिन्दी/पाठ.md",
            "ไทย/ข้อความ.md",
            "العربية/نص.md",
            "עברית.md",
        ] {
            assert_eq!(problem(path), None, "{path}");
        }
    }

    #[test]
    fn what_is_not_what_it_looks_like_is_found() {
        for (path, part) in [
            ("", "empty"),
            ("/etc/passwd", "begins with `/`"),
            ("~/.ssh/config", "begins with `~`"),
            ("-rf", "begins with `-`"),
            ("a//b", "not normalized"),
            ("a/", "not normalized"),
            ("./a", "not normalized"),
            ("src/../factory.toml", "not normalized"),
            ("a/..", "not normalized"),
            ("a\0b", "U+0000"),
            ("a\nb", "U+000A"),
            ("a\u{7f}", "U+007F"),
            ("a\u{85}", "U+0085"),
            ("a\\b", "`\\`"),
            ("C:x", "`:`"),
            ("factory.toml.", "ends with a dot"),
            ("factory.toml ", "ends with a space"),
            (" a", "begins"),
            (".git/config", "inside `.git`"),
            ("sub/.GIT/hooks/pre-commit", "inside `.git`"),
            ("GIT~1/config", "shortened"),
            ("src/\u{0430}uth.rs", "different scripts"),
            ("f\u{0430}ctory.toml", "different scripts"),
            ("src/l\u{03bf}gin.rs", "different scripts"),
            ("\u{0441}\u{043e}\u{0440}\u{0443}.rs", "look Latin"),
            ("paſſword.rs", "U+017F"),
            ("ıd_rsa", "U+0131"),
            ("\u{212a}eys", "U+212A"),
            ("ａuth.rs", "U+FF41"),
            ("𝐚uth.rs", "U+1D41A"),
            ("au\u{301}th.rs", "U+0301"),
            ("au\u{200b}th.rs", "U+200B"),
            ("au\u{ad}th.rs", "U+00AD"),
            ("sr\u{202e}cod.exe", "U+202E"),
            ("src\u{2215}auth.rs", "U+2215"),
            ("\u{feff}factory.toml", "U+FEFF"),
        ] {
            let found = problem(path).unwrap_or_default();
            assert!(found.contains(part), "{path:?}: {found:?}");
            assert!(!found.chars().any(char::is_control), "{found:?}");
        }
        assert!(problem(&"x/".repeat(3000)).unwrap().contains("6000 bytes"));
        assert!(problem(&"x".repeat(256)).unwrap().contains("256 bytes"));
        assert_eq!(problem(&"x".repeat(255)), None);
    }
}
