//! The ways in which a token can be written down so that a machine can read it back.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// What a token looks like.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    /// Where upper and lower case are the same.
    pub(super) any_case: BTreeSet<Vec<u8>>,
    /// Where they are not.
    pub(super) exact: BTreeSet<Vec<u8>>,
}

/// All of its spellings: as it is, backwards, in hexadecimal, and in both kinds of base64 wherever in a text it begins.
/// Percent-encoding and white space in between are taken out of texts instead.
pub(super) fn spellings(token: &str) -> Spellings {
    let mut found = Spellings::default();
    found.any_case.insert(token.as_bytes().to_vec());
    found.any_case.insert(token.bytes().rev().collect());
    for cased in [token.to_owned(), token.to_lowercase(), token.to_uppercase()] {
        let reversed: String = cased.chars().rev().collect();
        for text in [cased, reversed] {
            found.any_case.insert(hex(text.as_bytes()));
            for before in 0..3 {
                found.exact.extend(base64(text.as_bytes(), before));
            }
        }
    }
    found
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// What stands in base64 for these bytes and for nothing besides them, where `before` bytes come first.
fn base64(bytes: &[u8], before: usize) -> [Vec<u8>; 2] {
    let padded = [&vec![0; before][..], bytes].concat();
    // Six bits to a character: those that a byte before or after has a part in are left out.
    let from = (before * 8).div_ceil(6);
    let to = padded.len() * 8 / 6;
    [STANDARD.encode(&padded), URL_SAFE.encode(&padded)].map(|text| text.as_bytes()[from..to].to_vec())
}

/// The text with what percent signs stand for.
pub(super) fn without_percent(bytes: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                plain.extend(u8::try_from(high * 16 + low));
                at += 3;
            }
            _ => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    plain
}

/// The text without white space, also where a program's text writes it down with a backslash.
pub(super) fn without_space(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = *byte == b'\\' && matches!(bytes.get(at + 1), Some(b'n' | b'r' | b't'));
        if escaped {
            at += 1;
        } else if !byte.is_ascii_whitespace() {
            plain.push(*byte);
        }
        at += 1;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_what_all_surroundings_have_in_common() {
        let token = b"canary-7f3a91c0d2";
        for before in 0..3 {
            let [standard, safe] = base64(token, before);
            for (left, right) in [(b'x', b'y'), (0, 255), (b'\n', b' ')] {
                let text = [&vec![left; before][..], token, &[right]].concat();
                for (encoded, part) in [(STANDARD.encode(&text), &standard), (URL_SAFE.encode(&text), &safe)]
                {
                    assert!(encoded.contains(std::str::from_utf8(part).unwrap()), "{before}: {encoded}");
                }
            }
            assert!(standard.len() >= 20, "nothing is left out that need not be");
        }
    }

    #[test]
    fn what_only_separates_is_taken_out() {
        assert_eq!(without_percent(b"a%2Db%2dc%zz%4"), b"a-b-c%zz%4");
        assert_eq!(without_space(b"a \r\n\tb\\nc\\\\d"), b"abc\\\\d");
    }
}
