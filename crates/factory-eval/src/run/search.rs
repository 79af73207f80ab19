//! Looks for a secret in bytes, also where it was encoded in a way that anyone can undo.

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::files;

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

/// Bytes of one file that are searched. What a candidate may write is bounded too, but a file can have holes.
const MOST_BYTES: u64 = 4 << 30;
/// Folders within folders that are searched.
const DEEPEST: usize = 64;

fn searcher(forms: &[Vec<u8>]) -> io::Result<AhoCorasick> {
    let forms = forms.iter().filter(|form| !form.is_empty());
    AhoCorasick::new(forms).map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))
}

/// Whether any form occurs in `haystack`.
pub(crate) fn occurs(forms: &[Vec<u8>], haystack: &[u8]) -> bool {
    forms.iter().any(|form| !form.is_empty()) && searcher(forms).is_ok_and(|forms| forms.is_match(haystack))
}

/// The first file under `folder` that contains one of the forms. Files are read in pieces, links are not followed.
///
/// # Errors
/// When a file cannot be read, other than because it is gone, or is too large, or folders go too deep.
pub(crate) fn in_files(forms: &[Vec<u8>], folder: &Path) -> io::Result<Option<String>> {
    if forms.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    let searcher = searcher(forms)?;
    let mut waiting = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = waiting.pop() {
        if depth > DEEPEST {
            return Err(io::Error::other(format!("folders go deeper than {DEEPEST}")));
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                waiting.push((entry.path(), depth + 1));
            } else if kind.is_file() && in_file(&searcher, &entry.path())? {
                return Ok(Some(entry.file_name().to_string_lossy().into_owned()));
            }
        }
    }
    Ok(None)
}

fn in_file(searcher: &AhoCorasick, path: &Path) -> io::Result<bool> {
    let file = match files::open_plain(path) {
        // Journals come and go.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    if file.metadata()?.len() > MOST_BYTES {
        return Err(io::Error::other(format!("a file is larger than {MOST_BYTES} bytes")));
    }
    searcher.stream_find_iter(file.take(MOST_BYTES)).next().transpose().map(|found| found.is_some())
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
        // Across the pieces in which a file is read.
        let large = [vec![b'.'; 3 * 64 * 1024 - 3], b"other-token".to_vec(), vec![b'.'; 9]].concat();
        std::fs::write(folder.path().join("deep/large"), large).unwrap();
        assert_eq!(in_files(&forms("other-token"), folder.path()).unwrap().as_deref(), Some("large"));
    }

    #[test]
    fn what_has_no_end_is_refused_and_not_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::File::create(folder.path().join("hole")).unwrap().set_len(1 << 42).unwrap();
        assert!(in_files(&forms("secret-token"), folder.path()).is_err());
        std::fs::remove_file(folder.path().join("hole")).unwrap();
        std::os::unix::fs::symlink("/", folder.path().join("link")).unwrap();
        assert_eq!(in_files(&forms("secret-token"), folder.path()).unwrap(), None);
        let deep: std::path::PathBuf = std::iter::repeat_n("d", DEEPEST + 2).collect();
        std::fs::create_dir_all(folder.path().join(deep)).unwrap();
        assert!(in_files(&forms("secret-token"), folder.path()).is_err());
    }
}
