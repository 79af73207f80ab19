//! Looks for a secret in bytes, also where it was encoded in a way that anyone can undo.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// Secrets that decode to fewer bytes are only looked for as they are written: so few occur by chance.
const FEWEST_DECODED: usize = 12;
/// Fewer characters of base64 than this occur by chance.
const FEWEST_BASE64: usize = 10;

/// The forms that a secret is looked for in: as it is, percent-encoded, hexadecimal, base64, reversed; and, where it is
/// itself base64url, the bytes that it stands for and their hexadecimal form.
pub(crate) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let mut forms = vec![
        bytes.to_vec(),
        percent(bytes).into_bytes(),
        hex(bytes).into_bytes(),
        hex(bytes).to_uppercase().into_bytes(),
        STANDARD.encode(bytes).into_bytes(),
        STANDARD_NO_PAD.encode(bytes).into_bytes(),
        URL_SAFE.encode(bytes).into_bytes(),
        URL_SAFE_NO_PAD.encode(bytes).into_bytes(),
        bytes.iter().rev().copied().collect(),
    ];
    for shift in 1..=2 {
        forms.extend(inside_base64(&STANDARD_NO_PAD, bytes, shift));
        forms.extend(inside_base64(&URL_SAFE_NO_PAD, bytes, shift));
    }
    forms.extend(inside_base64(&STANDARD_NO_PAD, bytes, 0));
    forms.extend(inside_base64(&URL_SAFE_NO_PAD, bytes, 0));
    if let Ok(decoded) = URL_SAFE_NO_PAD.decode(bytes)
        && decoded.len() >= FEWEST_DECODED
    {
        forms.push(hex(&decoded).into_bytes());
        forms.push(hex(&decoded).to_uppercase().into_bytes());
        forms.push(STANDARD_NO_PAD.encode(&decoded).into_bytes());
        forms.push(decoded);
    }
    forms.sort();
    forms.dedup();
    forms
}

/// The characters that base64 surely has for `bytes` when `shift` bytes (modulo 3) stand before them and others may follow;
/// `None` if they are so few that they occur by chance.
fn inside_base64(alphabet: &impl base64::Engine, bytes: &[u8], shift: usize) -> Option<Vec<u8>> {
    let mut shifted = vec![0; shift];
    shifted.extend_from_slice(bytes);
    let encoded = alphabet.encode(&shifted);
    // A character stands for six bits; those at the edges mix with the neighbours.
    let first = (shift * 8).div_ceil(6);
    let last = shifted.len() * 8 / 6;
    let sure = encoded.as_bytes().get(first..last)?;
    (sure.len() >= FEWEST_BASE64).then(|| sure.to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn percent(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(*byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Whether any form occurs in `haystack`.
pub(crate) fn occurs(forms: &[Vec<u8>], haystack: &[u8]) -> bool {
    forms.iter().any(|form| !form.is_empty() && haystack.windows(form.len()).any(|window| window == form))
}

/// The first file under `folder` that contains one of the forms.
///
/// # Errors
/// When a file cannot be read, other than because it is gone.
pub(crate) fn in_files(forms: &[Vec<u8>], folder: &Path) -> std::io::Result<Option<String>> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if let Some(found) = in_files(forms, &entry.path())? {
                return Ok(Some(found));
            }
        } else if kind.is_file() {
            match std::fs::read(entry.path()) {
                Ok(bytes) if occurs(forms, &bytes) => {
                    return Ok(Some(entry.file_name().to_string_lossy().into_owned()));
                }
                Ok(_) => {}
                // Journals come and go.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_found_wherever_the_secret_stands_in_what_was_encoded() {
        let forms = forms("secret-123");
        for around in ["", "x", "xx", "xxx", "user:"] {
            for after in ["", "z", "zz", "zzz"] {
                let text = STANDARD.encode(format!("{around}secret-123{after}"));
                assert!(occurs(&forms, text.as_bytes()), "{around:?} {after:?}: {text}");
            }
        }
        assert!(!occurs(&forms, STANDARD.encode("secret-124").as_bytes()));
    }

    #[test]
    fn finds_a_secret_in_many_forms() {
        let secret = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA";
        let forms = forms(secret);
        let decoded = URL_SAFE_NO_PAD.decode(secret).unwrap();
        for hidden in [
            secret.to_owned(),
            secret.chars().rev().collect(),
            hex(secret.as_bytes()),
            STANDARD.encode(secret),
            hex(&decoded),
            hex(&decoded).to_uppercase(),
            STANDARD.encode(&decoded),
        ] {
            assert!(occurs(&forms, format!("x{hidden}y").as_bytes()), "{hidden}");
        }
        assert!(occurs(&forms, &[b"\0", decoded.as_slice(), b"\0"].concat()));
        assert!(!occurs(&forms, &secret.as_bytes()[1..]));
        assert!(occurs(&super::forms("a b/c"), b"x=a%20b%2Fc"));
    }

    #[test]
    fn looks_into_folders() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::write(folder.path().join("deep/x.db-wal"), b"..secret-token..").unwrap();
        assert_eq!(in_files(&forms("secret-token"), folder.path()).unwrap().as_deref(), Some("x.db-wal"));
        assert_eq!(in_files(&forms("other-token"), folder.path()).unwrap(), None);
    }
}
