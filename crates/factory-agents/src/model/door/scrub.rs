//! A key's bytes taken out of a stream, wherever its pieces begin and end.

use crate::model::secret::Secret;

const REDACTED: &[u8] = b"[redacted]";

/// Lets a stream through but for one key. Only what may be the key's beginning is held back, so that a stream whose
/// pieces matter as they come is not delayed.
#[derive(Debug)]
pub(super) struct Scrubber {
    key: Option<Secret>,
    /// The longest end of what came that is a beginning of the key.
    held: Vec<u8>,
}

impl Scrubber {
    /// One for this key; without a key, or with an empty one, everything passes.
    pub(super) fn new(key: Option<Secret>) -> Self {
        let key = key.filter(|key| !key.expose().is_empty());
        Self { key, held: Vec::new() }
    }

    /// What can be passed on when these bytes have come.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Some(key) = &self.key else {
            return bytes.to_vec();
        };
        let key = key.expose().as_bytes();
        let mut rest = std::mem::take(&mut self.held);
        rest.extend_from_slice(bytes);
        let mut passed = Vec::with_capacity(rest.len());
        let mut from = 0;
        while let Some(at) = rest[from..].windows(key.len()).position(|window| window == key) {
            passed.extend_from_slice(&rest[from..from + at]);
            passed.extend_from_slice(REDACTED);
            from += at + key.len();
        }
        let rest = &rest[from..];
        let longest = rest.len().min(key.len() - 1);
        let held = (1..=longest).rev().find(|&length| rest.ends_with(&key[..length])).unwrap_or(0);
        passed.extend_from_slice(&rest[..rest.len() - held]);
        self.held = rest[rest.len() - held..].to_vec();
        passed
    }

    /// What is left when the stream has ended.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// The same for bytes that are complete.
    pub(super) fn whole(key: Option<&Secret>, bytes: &[u8]) -> Vec<u8> {
        let mut scrubber = Self::new(key.cloned());
        let mut passed = scrubber.push(bytes);
        passed.extend(scrubber.finish());
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces(key: &str, pieces: &[&[u8]]) -> String {
        let mut scrubber = Scrubber::new(Some(Secret::new(key)));
        let mut passed: Vec<u8> = pieces.iter().flat_map(|piece| scrubber.push(piece)).collect();
        passed.extend(scrubber.finish());
        String::from_utf8(passed).unwrap()
    }

    #[test]
    fn the_key_goes_however_it_is_cut() {
        let text = b"a sk-sk-secret! sk-secret sk-secretsk-secret sk-secre";
        let without = "a sk-[redacted]! [redacted] [redacted][redacted] sk-secre";
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(in_pieces("sk-secret", &pieces), without, "cut at {first} and {second}");
            }
        }
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(in_pieces("sk-secret", &single), without);
    }

    #[test]
    fn a_key_that_overlaps_itself() {
        for cut in 0..=9 {
            let text = b"aabaabaab";
            assert_eq!(in_pieces("aabaab", &[&text[..cut], &text[cut..]]), "[redacted]aab", "cut at {cut}");
        }
    }

    #[test]
    fn what_cannot_be_the_key_is_not_held_back() {
        let mut scrubber = Scrubber::new(Some(Secret::new("sk-secret")));
        assert_eq!(scrubber.push(b"data: one\n\n"), b"data: one\n\n");
        assert_eq!(scrubber.push(b"data: sk-se"), b"data: ");
        assert_eq!(scrubber.push(b"t\n\n"), b"sk-set\n\n");
    }

    #[test]
    fn without_a_key_everything_passes() {
        assert_eq!(Scrubber::whole(None, b"sk-secret"), b"sk-secret");
        assert_eq!(Scrubber::whole(Some(&Secret::new("")), b"sk-secret"), b"sk-secret");
    }
}
