//! Words in a row: what a text has in common with a holdout, however it is laid out.

use std::collections::{BTreeSet, HashMap, HashSet};

/// How many words. Of unrelated documents one in 700 has eight in a row in common with scenarios; fewer words are common
/// coin, more are broken by a single change.
const WORDS: usize = 8;

/// All rows of words in a text, each as a number.
pub(super) fn shingles(text: &str) -> Vec<u64> {
    let row = |row: &[u64]| row.iter().fold(SEED, |so_far, word| mixed(so_far, *word));
    words(text).windows(WORDS).map(row).collect()
}

/// The words in lower case, each as a number: letters and digits. What a program's text writes with a backslash is no part
/// of them.
fn words(text: &str) -> Vec<u64> {
    let mut words = Vec::with_capacity(text.len() / 6);
    let mut word = None;
    let mut chars = text.chars().peekable();
    while let Some(one) = chars.next() {
        if one.is_alphanumeric() {
            let lower = one.to_lowercase();
            word = Some(lower.fold(word.unwrap_or(SEED), |so_far, letter| mixed(so_far, letter.into())));
            continue;
        }
        if one == '\\' {
            chars.next_if(|next| matches!(next, 'n' | 'r' | 't'));
        }
        words.extend(word.take());
    }
    words.extend(word);
    words
}

/// Where a number begins, and how more goes into it: FNV-1a. Who wants two rows to have one number can have a false alarm.
const SEED: u64 = 0xcbf2_9ce4_8422_2325;

fn mixed(so_far: u64, more: u64) -> u64 {
    (so_far ^ more).wrapping_mul(0x0000_0100_0000_01b3)
}

/// Rows of words, each with whose it is.
#[derive(Debug, Default)]
pub(super) struct Rows {
    owners: HashMap<u64, usize>,
}

impl Rows {
    /// Adds what a holdout says.
    pub(super) fn add(&mut self, owner: usize, text: &str) {
        self.owners.extend(shingles(text).into_iter().map(|row| (row, owner)));
    }

    /// Whose words stand in the text, if they are not public.
    pub(super) fn find(&self, text: &str, public: &HashSet<u64>) -> BTreeSet<usize> {
        let rows = shingles(text).into_iter().filter(|row| !public.contains(row));
        rows.filter_map(|row| self.owners.get(&row).copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_and_marks_do_not_matter() {
        let text = "When the client sends GET /hello, Then the status is 200.";
        assert_eq!(shingles(text).len(), 4);
        for same in [
            "# when the client\n#   sends get hello then\n# THE STATUS IS 200",
            "\"When the client sends GET\\n/hello\\tThen the status is 200\"",
            "when_the-client.sends(get, hello) { then; the; status; is: 200 }",
        ] {
            assert_eq!(shingles(same), shingles(text), "{same}");
        }
        assert!(shingles("only seven words are not enough here").is_empty());
        assert_ne!(shingles(&text.replace("hello", "bye")), shingles(text));
    }
}
