//! What goes over the socket: frames, and the messages in them.
//!
//! A frame is the number of bytes that follow, a JSON header with the number of its bytes before it, and any number of
//! parts, each with the number of its bytes before it. Numbers of bytes are u32, most significant byte first.

use std::io::{self, ErrorKind};

use factory_core::ids::{Digest, RunId};
use factory_engine::port::store::{LedgerHead, Position};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::errors::WireError;

/// The version of the messages. The hello of every version looks the same. In the first, claims were messages.
pub(super) const PROTOCOL: u32 = 2;

/// Bytes of the largest frame, which bounds a blob, and a record with its decisions, and nothing else.
#[cfg(not(test))]
pub(super) const LIMIT: usize = 256 * 1024 * 1024;
#[cfg(test)]
pub(super) const LIMIT: usize = 6 * 1024 * 1024;

/// Bytes of the largest frame before the other side has said what it is.
pub(super) const HELLO_LIMIT: usize = 1024;

/// How many bytes of records are put into one answer, at least; the rest follows in others.
pub(super) const CHUNK: usize = 1024 * 1024;

/// The first thing that each side says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hello {
    /// The version of the messages that it knows.
    pub(super) factory_store: u32,
    /// Its process id.
    pub(super) process: u32,
}

/// What a client says after that: a question, whose answer has the same number. Questions are worked on at the same time.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    pub(super) number: u64,
    pub(super) question: Question,
}

/// What can be asked: the methods of the two traits that need the database or the blobs. Bytes are parts.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Question {
    /// The parts are the record and its decisions.
    Append {
        run: RunId,
        expected: Position,
    },
    Read {
        run: RunId,
    },
    Position {
        run: RunId,
    },
    Runs,
    /// The parts are the decisions.
    AppendDecisions,
    Decisions {
        from: Position,
        most: usize,
    },
    LedgerHead,
    /// The part is the blob.
    Put,
    Get {
        digest: Digest,
    },
}

impl Question {
    /// Whether so many parts belong to it.
    pub(super) fn has(&self, parts: usize) -> bool {
        match self {
            Question::Append { .. } => parts > 0,
            Question::AppendDecisions => true,
            Question::Put => parts == 1,
            Question::Read { .. }
            | Question::Position { .. }
            | Question::Runs
            | Question::Decisions { .. }
            | Question::LedgerHead
            | Question::Get { .. } => parts == 0,
        }
    }
}

/// What the holder says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Told {
    /// The answer to the question with this number.
    Answer { number: u64, answer: Answer },
    /// A record was appended to this run.
    Changed { run: RunId },
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Answer {
    Position(Position),
    /// Some records that follow each other, each with its hash here and its bytes as a part.
    Records {
        first: Position,
        hashes: Vec<Digest>,
        /// Whether another answer with the records after these comes.
        more: bool,
    },
    Runs(Vec<RunId>),
    Head(Option<Head>),
    Kept(Digest),
    /// The part is the blob.
    Blob,
    Failed(WireError),
}

/// [`LedgerHead`] on the wire.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    count: Position,
    hash: Digest,
}

impl From<LedgerHead> for Head {
    fn from(LedgerHead { count, hash }: LedgerHead) -> Self {
        Self { count, hash }
    }
}

impl From<Head> for LedgerHead {
    fn from(Head { count, hash }: Head) -> Self {
        Self { count, hash }
    }
}

/// The bytes of a frame.
///
/// # Errors
/// When it would be larger than [`LIMIT`].
pub(super) fn encode(header: &impl Serialize, parts: &[&[u8]]) -> io::Result<Vec<u8>> {
    let header = serde_json::to_vec(header)?;
    let length = 4 + header.len() + parts.iter().map(|part| 4 + part.len()).sum::<usize>();
    if length > LIMIT {
        let text = format!(
            "{length} bytes are too many for one message between processes, which has {LIMIT} at most"
        );
        return Err(io::Error::new(ErrorKind::FileTooLarge, text));
    }
    let mut frame = Vec::with_capacity(4 + length);
    let number = |frame: &mut Vec<u8>, of: usize| {
        frame.extend_from_slice(&u32::try_from(of).expect("it is within the limit").to_be_bytes());
    };
    number(&mut frame, length);
    number(&mut frame, header.len());
    frame.extend_from_slice(&header);
    for part in parts {
        number(&mut frame, part.len());
        frame.extend_from_slice(part);
    }
    Ok(frame)
}

/// The next frame of at most `limit` bytes; `None` when the other side has ended after a whole one. Memory is taken
/// for what has come, not for what is announced.
pub(super) async fn read<H: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
    limit: usize,
) -> io::Result<Option<(H, Vec<Vec<u8>>)>> {
    let mut length = Vec::new();
    from.take(4).read_to_end(&mut length).await?;
    if length.is_empty() {
        return Ok(None);
    }
    let length = match <[u8; 4]>::try_from(length) {
        Ok(length) => u32::from_be_bytes(length) as usize,
        Err(_) => return Err(ErrorKind::UnexpectedEof.into()),
    };
    if length > limit {
        return Err(senseless());
    }
    let mut frame = Vec::new();
    from.take(length as u64).read_to_end(&mut frame).await?;
    if frame.len() < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    decode(&frame).map(Some)
}

fn decode<H: DeserializeOwned>(frame: &[u8]) -> io::Result<(H, Vec<Vec<u8>>)> {
    let (header, mut rest) = sized(frame).ok_or_else(senseless)?;
    let header = serde_json::from_slice(header)?;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (part, after) = sized(rest).ok_or_else(senseless)?;
        parts.push(part.to_vec());
        rest = after;
    }
    Ok((header, parts))
}

/// The bytes whose number stands before them, and what comes after.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

pub(super) fn senseless() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the message makes no sense")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn back(frame: &[u8], limit: usize) -> io::Result<Option<(Hello, Vec<Vec<u8>>)>> {
        read(&mut &frame[..], limit).await
    }

    #[tokio::test]
    async fn what_is_encoded_is_read_and_nothing_else_is() {
        let hello = || Hello { factory_store: 7, process: 1 };
        for parts in [&[][..], &[&b""[..]], &[&b"one"[..], b"", &[0; 70_000]]] {
            let frame = encode(&hello(), parts).unwrap();
            let (header, read) = back(&frame, LIMIT).await.unwrap().unwrap();
            assert_eq!((header, read), (hello(), parts.iter().map(|part| part.to_vec()).collect()));
        }
        let frame = encode(&hello(), &[b"one", b""]).unwrap();
        assert!(back(&[], LIMIT).await.unwrap().is_none());
        for cut in 1..frame.len() {
            assert!(back(&frame[..cut], LIMIT).await.is_err(), "cut at {cut}");
        }
        back(&frame, frame.len() - 4).await.unwrap().unwrap();
        assert!(back(&frame, frame.len() - 5).await.is_err(), "it is above the limit");
        for (place, value) in [(0, 1), (3, 1), (7, 1), (7, 255), (8, b'!'), (frame.len() - 8, 200)] {
            let mut changed = frame.clone();
            changed[place] = value;
            assert!(back(&changed, LIMIT).await.is_err(), "{value} at {place}");
        }
    }

    #[test]
    fn too_large_a_frame_is_not_made() {
        let half = vec![0; LIMIT / 2];
        let error = encode(&(), &[&half, &half]).unwrap_err();
        assert!(error.to_string().contains("too many for one message"), "{error}");
    }
}
