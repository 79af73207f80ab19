//! Collects a stream in bounded memory: its head, its tail, and a count of what was dropped between them.

use std::collections::VecDeque;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes asked for in one read; the default capacity of a pipe.
const CHUNK: usize = 64 * 1024;

/// The kept part of one output stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    head: Vec<u8>,
    tail: Vec<u8>,
    dropped: u64,
}

impl Captured {
    /// The first bytes; together with [`Captured::tail`] the whole stream if nothing was dropped.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The bytes kept after the head; they end with the stream's last byte unless the limit was 0.
    pub fn tail(&self) -> &[u8] {
        &self.tail
    }

    /// How many bytes between head and tail were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The stream for reading: invalid UTF-8 replaced, and a line in brackets where bytes were dropped.
    pub fn text(&self) -> String {
        if self.dropped == 0 {
            // Joined first, because a character may sit astride the two.
            let whole = [self.head.as_slice(), self.tail.as_slice()].concat();
            return String::from_utf8_lossy(&whole).into_owned();
        }
        format!(
            "{}\n[{} bytes dropped]\n{}",
            String::from_utf8_lossy(&self.head),
            self.dropped,
            String::from_utf8_lossy(&self.tail)
        )
    }
}

/// A stream being collected: the first half of the limit goes to the head, the rest is a window over the newest bytes.
#[derive(Debug)]
pub(crate) struct Capture {
    head: Vec<u8>,
    head_limit: usize,
    tail: VecDeque<u8>,
    tail_limit: usize,
    dropped: u64,
}

impl Capture {
    /// Keeps at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        let head_limit = limit / 2;
        Self {
            head: Vec::new(),
            head_limit,
            tail: VecDeque::new(),
            tail_limit: limit - head_limit,
            dropped: 0,
        }
    }

    /// Reads until the stream ends; no stream is an empty one. What was read so far is kept if this is dropped.
    pub(crate) async fn fill(&mut self, stream: Option<impl AsyncRead + Unpin>) -> io::Result<()> {
        let Some(mut stream) = stream else {
            return Ok(());
        };
        let mut chunk = vec![0; CHUNK];
        loop {
            match stream.read(&mut chunk).await? {
                0 => return Ok(()),
                count => self.push(&chunk[..count]),
            }
        }
    }

    pub(crate) fn finish(self) -> Captured {
        Captured { head: self.head, tail: self.tail.into(), dropped: self.dropped }
    }

    fn push(&mut self, bytes: &[u8]) {
        let to_head = bytes.len().min(self.head_limit - self.head.len());
        let (head, rest) = bytes.split_at(to_head);
        self.head.extend_from_slice(head);
        let (passed_by, newest) = rest.split_at(rest.len().saturating_sub(self.tail_limit));
        let pushed_out = (self.tail.len() + newest.len()).saturating_sub(self.tail_limit);
        self.tail.drain(..pushed_out);
        self.tail.extend(newest);
        self.dropped += (passed_by.len() + pushed_out) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The stream 0, 1, 2, … pushed in pieces of the given size.
    fn captured(limit: usize, length: u8, piece: usize) -> Captured {
        let stream: Vec<u8> = (0..length).collect();
        let mut capture = Capture::new(limit);
        for bytes in stream.chunks(piece) {
            capture.push(bytes);
        }
        capture.finish()
    }

    #[test]
    fn keeps_everything_up_to_the_limit() {
        for piece in 1..=12 {
            let kept = captured(10, 10, piece);
            assert_eq!(kept.head(), [0, 1, 2, 3, 4]);
            assert_eq!(kept.tail(), [5, 6, 7, 8, 9]);
            assert_eq!(kept.dropped(), 0);
        }
    }

    #[test]
    fn keeps_head_and_tail_and_counts_the_rest_whatever_the_pieces() {
        for piece in 1..=100 {
            let kept = captured(7, 100, piece);
            assert_eq!(kept.head(), [0, 1, 2], "pieces of {piece}");
            assert_eq!(kept.tail(), [96, 97, 98, 99], "pieces of {piece}");
            assert_eq!(kept.dropped(), 93, "pieces of {piece}");
        }
    }

    #[test]
    fn a_limit_of_nothing_counts_everything() {
        let kept = captured(0, 100, 9);
        assert_eq!(kept, Captured { dropped: 100, ..Captured::default() });
    }

    #[test]
    fn text_joins_a_character_cut_in_two_and_marks_a_gap() {
        let mut whole = Capture::new(4);
        whole.push("aé".as_bytes());
        whole.push(b"b");
        assert_eq!(whole.finish().text(), "aéb");
        let mut cut = Capture::new(4);
        cut.push(b"abcdefgh");
        assert_eq!(cut.finish().text(), "ab\n[4 bytes dropped]\ngh");
    }
}
