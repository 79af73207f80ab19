//! What a signature is for, and its text.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD as STANDARD, BASE64_STANDARD_NO_PAD as STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::error::SigningError;

/// The first and the last line of a signature's text.
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// The longest text that is looked at, in bytes. That of the largest RSA key that OpenSSH takes has some 6,000.
const LONGEST: usize = 64 * 1024;

/// What a signature is for. The names are part of what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Namespace {
    /// The head of a log at some moment: `factory-checkpoint`.
    Checkpoint,
    /// What a person decided at a gate: `factory-decision`.
    Decision,
}

impl Namespace {
    /// As `ssh-keygen -n` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Namespace::Checkpoint => "factory-checkpoint",
            Namespace::Decision => "factory-decision",
        }
    }
}

/// The armored text of a signature. That it has the form of one says nothing about whether it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature(String);

impl Signature {
    /// The text, which ends with a newline.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Signature {
    /// The key that it names and what it says to be for, read from the text itself and from no program's answer: the
    /// fingerprint as `ssh-keygen -l` shows it, and the namespace. The form is that of OpenSSH's `PROTOCOL.sshsig`.
    ///
    /// # Errors
    /// [`SigningError::NotASignature`]
    pub(super) fn names(&self) -> Result<(String, String), SigningError> {
        let wrong = SigningError::NotASignature {
            reason: "what is between its first and last line has another form",
        };
        self.read_names().ok_or(wrong)
    }

    fn read_names(&self) -> Option<(String, String)> {
        let inner = self.0.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
        let encoded: String = inner.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let bytes = STANDARD.decode(encoded).ok()?;
        let rest = bytes.strip_prefix(b"SSHSIG\0\0\0\x01")?;
        let (key, rest) = field(rest)?;
        let (namespace, _) = field(rest)?;
        let fingerprint = format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(key)));
        Some((fingerprint, String::from_utf8(namespace.to_vec()).ok()?))
    }
}

/// A string of the SSH protocol: four bytes of its length, then that. And what comes after it.
fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(4)?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    rest.split_at_checked(usize::try_from(length).ok()?)
}

impl FromStr for Signature {
    type Err = SigningError;

    fn from_str(text: &str) -> Result<Self, SigningError> {
        let wrong = |reason| Err(SigningError::NotASignature { reason });
        if text.len() > LONGEST {
            return wrong("it is too long");
        }
        let text = text.trim();
        let Some(inner) = text.strip_prefix(BEGIN) else { return wrong("it has another first line") };
        let Some(inner) = inner.strip_suffix(END) else { return wrong("its last line is missing") };
        let is_body = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '\r' | '\n');
        if !inner.starts_with(['\r', '\n']) || !inner.ends_with('\n') || !inner.chars().all(is_body) {
            return wrong("it has something other than base64 between its first and last line");
        }
        Ok(Self(format!("{text}\n")))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at once")]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_of_a_signature_is_taken() {
        let good = format!("{BEGIN}\nU1NIU0lH\n{END}\n");
        assert_eq!(good.parse::<Signature>().unwrap().as_str(), good);
        assert_eq!(format!("\n {good} ").parse::<Signature>().unwrap().to_string(), good);
        for bad in [
            "",
            BEGIN,
            &good[..good.len() - 2],
            &good[1..],
            &good.repeat(2),
            &good.replace("U1", "U 1"),
            &good.replace('\n', ""),
        ] {
            assert!(matches!(bad.parse::<Signature>(), Err(SigningError::NotASignature { .. })), "{bad}");
        }
        let long = format!("{BEGIN}\n{}\n{END}\n", "A".repeat(LONGEST));
        assert!(long.parse::<Signature>().unwrap_err().to_string().contains("too long"));
    }
}
