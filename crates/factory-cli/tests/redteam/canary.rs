//! Canaries: random words, and the forms in which an attack may carry one out.

use std::fs::File;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// A word that stands nowhere else.
#[derive(Clone, Debug)]
pub(crate) struct Canary {
    pub(crate) word: String,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Canary {
    pub(crate) fn random() -> Self {
        let mut bytes = [0; 12];
        File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::of(format!("canary{hex}"))
    }

    pub(crate) fn of(word: String) -> Self {
        let reversed: String = word.chars().rev().collect();
        let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![
            ("as it is", word.clone().into_bytes()),
            ("reversed", reversed.into_bytes()),
            ("in hexadecimal", hex.to_uppercase().into_bytes()),
            ("in hexadecimal", hex.into_bytes()),
        ];
        forms.push(("in capitals", word.to_uppercase().into_bytes()));
        for lower in [true, false] {
            let percent: String = word.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let percent = if lower { percent } else { percent.to_uppercase() };
            forms.push(("percent-encoded", percent.into_bytes()));
        }
        for before in 0..3 {
            // Whatever stands before and after it, these characters are the same.
            let padded = [vec![0; before], word.clone().into_bytes()].concat();
            let whole = padded.len() / 3 * 4;
            let text = STANDARD_NO_PAD.encode(&padded);
            forms.push(("in base 64", text.as_bytes()[(before * 8).div_ceil(6)..whole].to_vec()));
        }
        Self { word, forms }
    }

    /// In which form it is there, if it is.
    pub(crate) fn find(&self, text: &[u8]) -> Option<&'static str> {
        let found = self.forms.iter().find(|(_, form)| contains(text, form));
        found.map(|(name, _)| *name)
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == word[0]) {
        rest = &rest[at..];
        if rest.starts_with(word) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

/// Every form is found, wherever it stands, and nothing is found where there is none.
pub(crate) fn forms_are_found() {
    let canary = Canary::random();
    let surrounded = |text: &str| [b"\x00ab\xff", text.as_bytes(), b"xyz\n"].concat();
    let reversed: String = canary.word.chars().rev().collect();
    let hex: String = canary.word.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(canary.find(&surrounded(&canary.word)), Some("as it is"));
    assert_eq!(canary.find(&surrounded(&reversed)), Some("reversed"));
    assert_eq!(canary.find(&surrounded(&hex)), Some("in hexadecimal"));
    assert_eq!(canary.find(&surrounded(&canary.word.to_uppercase())), Some("in capitals"));
    let percent: String = canary.word.bytes().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(canary.find(&surrounded(&percent)), Some("percent-encoded"));
    for before in ["", "a", "ab", "abc", "abcd"] {
        let text = STANDARD_NO_PAD.encode(format!("{before}{}{before}", canary.word));
        assert_eq!(canary.find(&surrounded(&text)), Some("in base 64"), "{before}");
    }
    assert_eq!(canary.find(&surrounded(&Canary::random().word)), None);
    assert_eq!(canary.find(&surrounded(&canary.word[1..])), None);
}
