//! Looks a path up in the rules. What has no wildcard is found by its name, so that the work for a path grows with its
//! length and not with the table.

use std::collections::BTreeMap;

use super::pattern;
use super::table::{By, RULES, Rule};
use super::words::{self, Words};

/// An entry of a rule that fits a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) rule: &'static Rule,
    /// The entry, as the table has it.
    pub(super) entry: &'static str,
}

/// The rules, arranged for looking up.
#[derive(Debug, Default)]
pub(super) struct Tables {
    names: Entries,
    words: Entries,
    /// `a+b`, by their first word.
    phrases: BTreeMap<&'static str, Vec<(Vec<&'static str>, Hit)>>,
    /// By their first part.
    below: BTreeMap<&'static str, Vec<Below>>,
}

/// What is compared with one name or word.
#[derive(Debug, Default)]
struct Entries {
    exact: BTreeMap<&'static str, Vec<Hit>>,
    /// For each rule its entries with `*` or `!`, in order.
    globs: Vec<Vec<Glob>>,
}

/// An entry with `*` or `!`.
#[derive(Debug)]
struct Glob {
    hit: Hit,
    /// Whether it says that the rule does not hold.
    not: bool,
    /// Without the `!`.
    glob: &'static str,
    /// Its ends, by which nearly all are ruled out.
    ends: (u8, u8),
}

impl Glob {
    fn new(hit: Hit) -> Self {
        let glob = hit.entry.trim_start_matches('!');
        Self { hit, not: hit.entry.starts_with('!'), glob, ends: ends(glob) }
    }

    fn fits(&self, text: &str, (first, last): (u8, u8)) -> bool {
        (self.ends.0 == b'*' || self.ends.0 == first)
            && (self.ends.1 == b'*' || self.ends.1 == last)
            && pattern::matches(self.glob, text)
    }
}

/// The first and the last byte; zeros if there are none.
fn ends(text: &str) -> (u8, u8) {
    let bytes = text.as_bytes();
    (bytes.first().copied().unwrap_or_default(), bytes.last().copied().unwrap_or_default())
}

#[derive(Debug)]
struct Below {
    from_top: bool,
    rest: Vec<&'static str>,
    hit: Hit,
}

impl Tables {
    /// Arranges the built-in rules.
    pub(super) fn new() -> Self {
        let mut tables = Self::default();
        for rule in RULES {
            let hits = rule.is.split_whitespace().map(|entry| Hit { rule, entry });
            match rule.by {
                By::Name => tables.names.add(hits),
                By::Word => {
                    let (phrases, words): (Vec<Hit>, Vec<Hit>) =
                        hits.partition(|hit| hit.entry.contains('+'));
                    tables.words.add(words.into_iter());
                    phrases.into_iter().for_each(|hit| tables.add_phrase(hit));
                }
                By::Below => hits.for_each(|hit| tables.add_below(hit)),
            }
        }
        tables
    }

    fn add_phrase(&mut self, hit: Hit) {
        let mut words = hit.entry.split('+');
        let first = words.next().unwrap_or_default();
        self.phrases.entry(first).or_default().push((words.collect(), hit));
    }

    fn add_below(&mut self, hit: Hit) {
        let from_top = hit.entry.starts_with('/');
        let mut parts = hit.entry.trim_start_matches('/').split('/');
        let first = parts.next().unwrap_or_default();
        self.below.entry(first).or_default().push(Below { from_top, rest: parts.collect(), hit });
    }

    /// Every rule that fits, whatever the change is. `parts` is the path in small letters, cut at `/`.
    pub(super) fn hits(&self, path: &str, parts: &[String]) -> Vec<Hit> {
        let mut hits = Vec::new();
        if let Some(name) = parts.last() {
            self.names.look_up(name, &mut hits);
        }
        for (at, part) in parts.iter().enumerate() {
            let fits = |below: &&Below| {
                (at == 0 || !below.from_top)
                    && parts.len() - at > below.rest.len()
                    && below
                        .rest
                        .iter()
                        .zip(&parts[at + 1..])
                        .all(|(glob, part)| pattern::matches(glob, part))
            };
            let here = self.below.get(part.as_str()).into_iter().flatten();
            hits.extend(here.filter(fits).map(|below| below.hit));
        }
        for part in path.split('/') {
            self.look_up_words(&words::split(part), &mut hits);
        }
        hits
    }

    fn look_up_words(&self, words: &Words, hits: &mut Vec<Hit>) {
        for word in words.parts.iter().chain(&words.joined) {
            self.words.look_up(word, hits);
            // `jwt2` and `sso1` are about what `jwt` and `sso` are about.
            let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
            if bare.len() < word.len() && !bare.is_empty() {
                self.words.look_up(bare, hits);
            }
        }
        for (at, word) in words.parts.iter().enumerate() {
            for (rest, hit) in self.phrases.get(word.as_str()).into_iter().flatten() {
                let after = words.parts.iter().skip(at + 1).map(String::as_str);
                if after.take(rest.len()).eq(rest.iter().copied()) {
                    hits.push(*hit);
                }
            }
        }
    }
}

impl Entries {
    fn add(&mut self, hits: impl Iterator<Item = Hit>) {
        let (globs, exact): (Vec<Hit>, Vec<Hit>) = hits.partition(|hit| hit.entry.contains(['*', '!']));
        for hit in exact {
            self.exact.entry(hit.entry).or_default().push(hit);
        }
        if !globs.is_empty() {
            self.globs.push(globs.into_iter().map(Glob::new).collect());
        }
    }

    fn look_up(&self, text: &str, hits: &mut Vec<Hit>) {
        hits.extend(self.exact.get(text).into_iter().flatten().copied());
        let ends = ends(text);
        for globs in &self.globs {
            let first = globs.iter().find(|glob| glob.fits(text, ends));
            hits.extend(first.filter(|glob| !glob.not).map(|glob| glob.hit));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looking an exact entry up by its name is right only if no `!` of its row fits it too.
    #[test]
    fn no_row_contradicts_itself() {
        for rule in RULES {
            let (nots, entries): (Vec<&str>, Vec<&str>) =
                rule.is.split_whitespace().partition(|entry| entry.starts_with('!'));
            for entry in entries.iter().filter(|entry| !entry.contains('*')) {
                assert!(!nots.iter().any(|not| pattern::matches(&not[1..], entry)), "{entry}");
            }
        }
    }

    #[test]
    fn every_entry_is_written_as_it_is_compared() {
        for rule in RULES {
            assert!(!rule.why.is_empty());
            for entry in rule.is.split_whitespace() {
                assert_eq!(entry, entry.to_lowercase());
                let twice = rule.is.split_whitespace().filter(|other| *other == entry).count();
                assert_eq!(twice, 1, "{entry} stands twice in one row");
                match rule.by {
                    By::Name => assert!(!entry.contains(['/', '+']), "{entry}"),
                    By::Below => assert!(!entry.contains(['!', '+']) && !entry.ends_with('/'), "{entry}"),
                    By::Word => assert!(
                        entry.chars().all(|c| c.is_alphanumeric() || matches!(c, '*' | '!' | '+'))
                            && !(entry.contains('+') && entry.contains(['*', '!'])),
                        "{entry}"
                    ),
                }
            }
        }
    }
}
