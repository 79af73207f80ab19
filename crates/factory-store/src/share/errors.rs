//! Errors of the store on their way to another process.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{Position, StoreError};
use serde::{Deserialize, Serialize};

/// [`StoreError`], with the texts of its causes in place of these.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum WireError {
    Conflict { expected: Position, actual: Position },
    Held { holder: String },
    Driven { run: RunId, holder: String },
    HolderGone,
    Damaged { what: String, detail: String },
    Newer { found: u32, known: u32 },
    NoBlob { digest: Digest },
    Full { causes: Vec<String> },
    Io { action: String, causes: Vec<String> },
}

impl From<StoreError> for WireError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { expected, actual } => WireError::Conflict { expected, actual },
            StoreError::Held { holder } => WireError::Held { holder },
            StoreError::Driven { run, holder } => WireError::Driven { run, holder },
            StoreError::HolderGone => WireError::HolderGone,
            StoreError::Damaged { what, detail } => WireError::Damaged { what, detail },
            StoreError::Newer { found, known } => WireError::Newer { found, known },
            StoreError::NoBlob(digest) => WireError::NoBlob { digest },
            StoreError::Full(source) => WireError::Full { causes: texts(&source) },
            StoreError::Io { action, source } => {
                WireError::Io { action: action.to_owned(), causes: texts(source.as_ref()) }
            }
        }
    }
}

impl From<WireError> for StoreError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Conflict { expected, actual } => StoreError::Conflict { expected, actual },
            WireError::Held { holder } => StoreError::Held { holder },
            WireError::Driven { run, holder } => StoreError::Driven { run, holder },
            WireError::HolderGone => StoreError::HolderGone,
            WireError::Damaged { what, detail } => StoreError::Damaged { what, detail },
            WireError::Newer { found, known } => StoreError::Newer { found, known },
            WireError::NoBlob { digest } => StoreError::NoBlob(digest),
            WireError::Full { causes } => {
                StoreError::Full(io::Error::new(ErrorKind::StorageFull, Cause::chain(causes)))
            }
            WireError::Io { action, causes } => {
                let action = match action.as_str() {
                    "opened" => "opened",
                    "read" => "read",
                    _ => "written",
                };
                StoreError::Io { action, source: Box::new(Cause::chain(causes)) }
            }
        }
    }
}

/// The texts of an error and of all that is behind it.
fn texts(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(error.to_string());
        source = error.source();
    }
    texts
}

/// An error that happened in another process.
#[derive(Debug)]
struct Cause {
    text: String,
    source: Option<Box<Cause>>,
}

impl Cause {
    fn chain(texts: Vec<String>) -> Self {
        let chained = texts
            .into_iter()
            .rev()
            .fold(None, |source: Option<Cause>, text| Some(Cause { text, source: source.map(Box::new) }));
        chained.unwrap_or_else(|| Cause { text: "no reason was given".to_owned(), source: None })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn every_error_arrives_as_it_was_sent() {
        let run: RunId = "r-1".parse().unwrap();
        let errors = [
            StoreError::Conflict { expected: Position::MAX, actual: 3 },
            StoreError::Held { holder: "7".to_owned() },
            StoreError::Driven { run, holder: "8".to_owned() },
            StoreError::HolderGone,
            StoreError::Damaged { what: "the ledger".to_owned(), detail: "it is \"gone\"\n".to_owned() },
            StoreError::Newer { found: 4, known: 2 },
            StoreError::NoBlob(Digest::of(b"x")),
            StoreError::Full(io::Error::from_raw_os_error(28)),
            StoreError::Io { action: "opened", source: Box::new(Outer(io::Error::other("inner"))) },
            StoreError::Io { action: "read", source: "a".into() },
            StoreError::Io { action: "written", source: "b".into() },
        ];
        for error in errors {
            let kind = std::mem::discriminant(&error);
            let sent = texts(&error);
            let json = serde_json::to_string(&WireError::from(error)).unwrap();
            let arrived = StoreError::from(serde_json::from_str::<WireError>(&json).unwrap());
            assert_eq!(std::mem::discriminant(&arrived), kind, "{json}");
            assert_eq!(texts(&arrived), sent, "{json}");
        }
    }
}
