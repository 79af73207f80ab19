//! From the bytes of a file to its text, or to what is shown of a file that is none.

use crate::diagnostic::{Code, Diagnostic};

/// The bytes of a file that are no text in UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecodable {
    /// The text as far as it can be read, to show the finding in.
    pub text: String,
    /// Where the bytes are in `text`; its message has their offset in the file.
    pub finding: Diagnostic,
}

/// The text of a file. A byte order mark of UTF-8 stays in it.
///
/// # Errors
/// When the bytes are not UTF-8, with the first place where they are not.
pub fn decode(bytes: Vec<u8>) -> Result<String, Box<Undecodable>> {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let bytes = error.as_bytes();
    let (text, place, message) = match utf16(bytes) {
        Some(text) => (text, 0..0, "this file is in UTF-16, and is read as UTF-8".to_owned()),
        None => {
            // What is before the first wrong byte is kept as it is, so that its offset stays.
            let at = error.utf8_error().valid_up_to();
            let message = format!("byte {at} of the file is not UTF-8");
            (
                String::from_utf8_lossy(bytes).into_owned(),
                at..at + char::REPLACEMENT_CHARACTER.len_utf8(),
                message,
            )
        }
    };
    let finding = Diagnostic::new(Code::NotUtf8, place, message).with_help("save the file as UTF-8");
    Err(Box::new(Undecodable { text, finding }))
}

/// The text of bytes that start with a byte order mark of UTF-16.
fn utf16(bytes: &[u8]) -> Option<String> {
    let unit = match bytes.get(..2)? {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    Some(char::decode_utf16(units).map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LineColumn, position};

    #[test]
    fn bytes_that_are_not_utf8_have_a_place() {
        assert_eq!(decode("é\u{feff}".into()), Ok("é\u{feff}".to_owned()));
        for (bytes, byte, place) in [
            (&b"Scenario: x\nWhen caf\xe9\nThen \xff\n"[..], 20, LineColumn { line: 2, column: 9 }),
            (b"\xc3\xa9\n\xc3\xa9\xc3", 5, LineColumn { line: 2, column: 2 }),
            (b"\x80", 0, LineColumn { line: 1, column: 1 }),
        ] {
            let Undecodable { text, finding } =
                *decode(bytes.to_vec()).expect_err("these bytes are not UTF-8");
            assert_eq!((finding.code.as_str(), finding.span.start), ("G024", byte));
            assert_eq!(&text[finding.span.clone()], "\u{fffd}");
            assert_eq!(position(&text, finding.span.start), place);
            assert_eq!(finding.message, format!("byte {byte} of the file is not UTF-8"));
        }
    }

    #[test]
    fn utf16_is_named_in_either_order() {
        let text = "Scenario: æ 𝄞\n";
        let little: Vec<u8> =
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> =
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        // Half of a pair, half of a surrogate, and nothing.
        let cut = little[..little.len() - 1].to_vec();
        for (bytes, shown) in [
            (little, text),
            (big, text),
            (cut, "Scenario: æ 𝄞"),
            (b"\xff\xfe\x00\xd8".to_vec(), "\u{fffd}"),
            (b"\xff\xfe".to_vec(), ""),
        ] {
            let found = decode(bytes).expect_err("these bytes are not UTF-8");
            assert_eq!(found.text, shown);
            assert_eq!(found.finding.message, "this file is in UTF-16, and is read as UTF-8");
            assert_eq!((found.finding.code.as_str(), found.finding.span), ("G024", 0..0));
        }
    }
}
