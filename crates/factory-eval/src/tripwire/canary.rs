//! Searching for canaries.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, BuildError};
use regex::Regex;

use super::spelling;

static CANARY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"canary:\s*([A-Za-z0-9-]{16,})(?:\s|-->|$)").expect("the pattern is fixed"));

/// The canaries in the comments of a scenario file, each with the place where it begins.
pub(super) fn canaries(text: &str, is_markdown: bool) -> Vec<(usize, String)> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let is_comment = if is_markdown { line.contains("<!--") } else { line.trim_start().starts_with('#') };
        if let Some(token) = CANARY.captures(line).filter(|_| is_comment).and_then(|of| of.get(1)) {
            // In Markdown the end of the comment may touch the token.
            let token = token.as_str().trim_end_matches('-');
            found.push((at, token.to_owned()));
        }
        at += line.len();
    }
    found
}

/// Finds tokens in all their spellings.
#[derive(Debug)]
pub(super) struct Searcher {
    any_case: AhoCorasick,
    exact: AhoCorasick,
    /// Whose each pattern is: first of those without case, then of the others.
    owners: [Vec<usize>; 2],
}

impl Searcher {
    /// A searcher for these tokens.
    ///
    /// # Errors
    /// When they are too many.
    pub(super) fn new(tokens: &[String]) -> Result<Self, BuildError> {
        let (mut any_case, mut exact) = (Vec::new(), Vec::new());
        let mut owners = [Vec::new(), Vec::new()];
        for (owner, token) in tokens.iter().enumerate() {
            let spellings = spelling::spellings(token);
            owners[0].extend(spellings.any_case.iter().map(|_| owner));
            owners[1].extend(spellings.exact.iter().map(|_| owner));
            any_case.extend(spellings.any_case);
            exact.extend(spellings.exact);
        }
        Ok(Self {
            any_case: AhoCorasickBuilder::new().ascii_case_insensitive(true).build(any_case)?,
            exact: AhoCorasick::new(exact)?,
            owners,
        })
    }

    /// The tokens that stand in the bytes, by number.
    pub(super) fn find(&self, bytes: &[u8]) -> BTreeSet<usize> {
        let squeezed = spelling::without_space(bytes);
        let mut found = self.spelt(bytes);
        found.extend(self.spelt(&squeezed));
        if bytes.contains(&b'%') {
            found.extend(self.spelt(&spelling::without_percent(bytes)));
            found.extend(self.spelt(&spelling::without_space(&spelling::without_percent(&squeezed))));
        }
        found
    }

    fn spelt(&self, text: &[u8]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for (searcher, owners) in [&self.any_case, &self.exact].into_iter().zip(&self.owners) {
            found.extend(searcher.find_overlapping_iter(text).map(|hit| owners[hit.pattern().as_usize()]));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

    use super::*;

    const TOKEN: &str = "7f3A91c0-d2e4b6a8>?";
    const OTHER: &str = "00112233445566778899aabbccddeeff";

    fn is_found(text: &[u8]) -> bool {
        let searcher = Searcher::new(&[OTHER.to_owned(), TOKEN.to_owned()]).unwrap();
        let found = searcher.find(text);
        assert!(!found.contains(&0), "nobody has written the other one");
        found.contains(&1)
    }

    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_token_is_found_in_every_spelling() {
        let reversed: String = TOKEN.chars().rev().collect();
        let percent: String = TOKEN.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let mut spellings = vec![
            TOKEN.to_owned(),
            TOKEN.to_uppercase(),
            TOKEN.to_lowercase(),
            reversed.clone(),
            reversed.to_lowercase(),
            hex(TOKEN),
            hex(TOKEN).to_uppercase(),
            hex(&reversed),
            hex(&TOKEN.to_lowercase()),
            percent.clone(),
            percent.to_lowercase(),
            TOKEN.replace('-', "%2d"),
        ];
        for before in ["", "x", "xy", "xyz"] {
            for after in ["", "x", "xy"] {
                let text = format!("{before}{TOKEN}{after}");
                spellings.push(STANDARD.encode(&text));
                spellings.push(STANDARD_NO_PAD.encode(text.to_lowercase()));
                spellings.push(URL_SAFE_NO_PAD.encode(&text));
            }
        }
        for spelling in &spellings {
            assert!(is_found(spelling.as_bytes()), "{spelling}");
            let within = format!("const X: &str = \"a{spelling}b\";");
            assert!(is_found(within.as_bytes()), "{within}");
            for gap in [" ", "\n", "\r\n", "\\n", "\t"] {
                let broken: Vec<&str> =
                    spelling.as_bytes().chunks(7).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
                assert!(is_found(broken.join(gap).as_bytes()), "{spelling} with {gap:?}");
            }
            assert!(is_found(&[&[0xff, 0x00], spelling.as_bytes(), &[0xfe]].concat()), "in bytes");
        }
    }

    #[test]
    fn what_is_not_the_token_is_not_found() {
        for text in [
            "".to_owned(),
            TOKEN[..TOKEN.len() - 1].to_owned(),
            TOKEN.replace('9', "8"),
            hex(&TOKEN[1..]),
            STANDARD.encode(&TOKEN[2..TOKEN.len() - 2]),
            // Case means something in base64.
            STANDARD.encode(TOKEN).to_lowercase(),
            "# canary: of another project, 0123456789abcdef".to_owned(),
        ] {
            assert!(!is_found(text.as_bytes()), "{text}");
        }
        assert!(Searcher::new(&[]).unwrap().find(TOKEN.as_bytes()).is_empty());
    }

    #[test]
    fn canaries_stand_in_comments() {
        let tokens = |text: &str, is_markdown| -> Vec<String> {
            canaries(text, is_markdown).into_iter().map(|(_, token)| token).collect()
        };
        let feature = "# canary: 0123456789abcdef\nFeature: F\n  # canary:  fedcba9876543210-x\n  When canary: 00000000000000000\n";
        assert_eq!(tokens(feature, false), ["0123456789abcdef", "fedcba9876543210-x"]);
        let markdown = "# canary: 0123456789abcdef\n<!-- canary: fedcba9876543210 -->\n<!--canary: 00000000000000001-->\n";
        assert_eq!(tokens(markdown, true), ["fedcba9876543210", "00000000000000001"]);
        assert!(tokens("# canary: tooshort\n# canary: with_an_underscore_in_it\n", false).is_empty());
    }
}
