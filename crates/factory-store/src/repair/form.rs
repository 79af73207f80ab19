//! The form of an export: a directory with these in it.
//!
//! | name | what |
//! |---|---|
//! | `export.json` | the version of this form, and where each of the others ends |
//! | `runs/<run>.jsonl` | the records of a run, one on each line |
//! | `ledger.jsonl` | the decisions of the project, one on each line |
//! | `blobs/` | blobs as a store keeps them, by SHA-256 |

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{Position, StoredRecord};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::chain::Chain;

/// The version of this form.
pub(super) const VERSION: u32 = 1;

/// What stands in `export.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// The version of the form.
    pub(super) export: u32,
    /// Each run of which there is a record.
    pub(super) runs: BTreeMap<RunId, End>,
    /// The ledger, unless it is empty.
    pub(super) ledger: Option<End>,
}

/// Where a file of lines ends: a chain does not show that its last records are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// How many lines there are.
    pub(super) count: Position,
    /// The hash of the last.
    pub(super) hash: Digest,
    /// Why there are no more, if there should be.
    pub(super) damage: Option<String>,
}

/// One record. Exactly one of its last two fields is there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    position: Position,
    hash: Digest,
    /// The record itself, where it is JSON on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    record: Option<Box<RawValue>>,
    /// Its bytes, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// A record as a line without its end.
pub(super) fn to_line(record: &StoredRecord) -> Vec<u8> {
    let json = json(&record.bytes);
    let base64 = if json.is_none() { Some(STANDARD.encode(&record.bytes)) } else { None };
    let line = Line { position: record.position, hash: record.hash.clone(), record: json, base64 };
    serde_json::to_vec(&line).expect("a line can be JSON")
}

/// The record on a line, or why it is none. That its hash is right is not looked at.
pub(super) fn from_line(line: &[u8]) -> Result<StoredRecord, String> {
    let Line { position, hash, record, base64 } =
        serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let bytes = match (record, base64) {
        (Some(record), None) => record.get().as_bytes().to_vec(),
        (None, Some(text)) => STANDARD.decode(text).map_err(|error| error.to_string())?,
        (Some(_), Some(_)) | (None, None) => return Err("it has not one form of the record".to_owned()),
    };
    Ok(StoredRecord { position, bytes, hash })
}

/// The bytes as JSON that will be exactly these bytes again.
fn json(bytes: &[u8]) -> Option<Box<RawValue>> {
    let text = std::str::from_utf8(bytes).ok()?;
    // A missing field is `null` as well.
    if text == "null" || text.contains(['\n', '\r']) {
        return None;
    }
    let value: Box<RawValue> = serde_json::from_str(text).ok()?;
    Some(value).filter(|value| value.get() == text)
}

/// The file of a chain.
pub(super) fn path_of(dir: &Path, chain: &Chain) -> PathBuf {
    match chain {
        Chain::Run(run) => dir.join("runs").join(format!("{run}.jsonl")),
        Chain::Ledger => dir.join("ledger.jsonl"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_comes_back_exactly_and_json_can_be_read() {
        let records: [(&[u8], bool); 14] = [
            (b"", false),
            (b"null", false),
            (b"{\"a\":1}", true),
            (b"{ \"a\" : 1.0e5,  \"b\":\"\\u0041\" }", true),
            (b" {}", false),
            (b"{}\n", false),
            (b"{\"a\":\n1}", false),
            (b"\"text\"", true),
            (b"12345678901234567890123", true),
            (b"[1,2", false),
            (b"plain", false),
            ("{\"ü\":\"\u{2028}\"}".as_bytes(), true),
            (&[0, 255, 128], false),
            (b"{\"a\":1,\"a\":2}", true),
        ];
        for (bytes, is_json) in records {
            let record = StoredRecord { position: 7, bytes: bytes.to_vec(), hash: Digest::of(bytes) };
            let line = to_line(&record);
            let text = std::str::from_utf8(&line).unwrap();
            assert!(!text.contains('\n'));
            assert_eq!(text.contains("\"record\":"), is_json, "{text}");
            assert_eq!(text.contains("\"base64\":"), !is_json, "{text}");
            assert_eq!(from_line(&line).unwrap(), record, "{text}");
        }
    }

    #[test]
    fn what_is_no_line_is_refused() {
        let hash = Digest::of(b"x");
        for rest in ["", ",\"record\":1,\"base64\":\"\"", ",\"base64\":\"?\"", ",\"record\":1,\"more\":2"] {
            let line = format!("{{\"position\":0,\"hash\":\"{hash}\"{rest}}}");
            assert!(from_line(line.as_bytes()).is_err(), "{line}");
        }
    }
}
