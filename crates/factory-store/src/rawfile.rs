//! Reads keys and values out of the file of sled 0.34.7 without sled, which opens no file that has one bad byte in what
//! it needs. What is found here may be old, half written or garbled: it has to be proved otherwise.
//!
//! The file is a row of segments of 512 KiB, each with a header of 20 bytes (its sequence number, inverted, in bytes 4 to
//! 11, least significant first) and messages after that: four bytes of checksum, a kind, the length of the contents, the
//! segment's number, the page's number, the contents. A node is `next, merging child, merging, prefix length, low key,
//! high key, 0, number of keys, keys, values`; a link that sets a key is `0, key, value`. Keys lack the prefix of their
//! page, which is the beginning of its low key. Numbers are of one to nine bytes; keys and values have their lengths
//! before them.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Bytes of a segment.
pub(crate) const SEGMENT: usize = 512 * 1024;
/// Bytes of its header.
pub(crate) const SEGMENT_HEADER: usize = 20;

/// No message begins so near to the end of a segment.
const RED_ZONE: usize = 32;

const NODE: u8 = 8;
const LINK: u8 = 10;
const LAST_KIND: u8 = 11;

/// Shows `found` every key with every value that it may have had, the oldest first.
pub(crate) fn scan(path: &Path, mut found: impl FnMut(&[u8], &[u8])) -> io::Result<()> {
    let file = File::open(path)?;
    let mut segments = Vec::new();
    for index in 0..file.metadata()?.len().div_ceil(SEGMENT as u64) {
        let segment = read(&file, index)?;
        segments.push((sequence(&segment), index));
    }
    segments.sort_unstable();

    let mut prefixes: HashMap<u64, BTreeSet<Vec<u8>>> = HashMap::new();
    for &(number, index) in &segments {
        let segment = read(&file, index)?;
        for message in messages(&segment, number) {
            if let Some(node) = message.node() {
                prefixes.entry(message.page).or_default().insert(node.prefix.to_vec());
            }
        }
    }
    let every: BTreeSet<Vec<u8>> = prefixes.values().flatten().cloned().collect();
    for &(number, index) in &segments {
        let segment = read(&file, index)?;
        for message in messages(&segment, number) {
            if let Some(node) = message.node() {
                for (rest, value) in node.pairs {
                    found(&[node.prefix, rest].concat(), value);
                }
            } else if let Some((rest, value)) = message.link() {
                for prefix in prefixes.get(&message.page).unwrap_or(&every) {
                    found(&[prefix.as_slice(), rest].concat(), value);
                }
            }
        }
    }
    Ok(())
}

/// One segment; the last may be shorter.
pub(crate) fn read(file: &File, index: u64) -> io::Result<Vec<u8>> {
    let mut segment = vec![0; SEGMENT];
    let mut length = 0;
    while length < SEGMENT {
        match file.read_at(&mut segment[length..], index * SEGMENT as u64 + length as u64) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A device that cannot read one place may read others: here are zeros.
            Err(_) => length = (length / 4096 + 1) * 4096,
        }
    }
    segment.truncate(length.min(SEGMENT));
    Ok(segment)
}

/// The number of a segment, if its header can be right.
pub(crate) fn sequence(segment: &[u8]) -> Option<u64> {
    let inverted = i64::from_le_bytes(*segment.get(4..)?.first_chunk()?);
    let start = u64::try_from(inverted ^ i64::MAX).ok()?;
    (start % SEGMENT as u64 == 0).then_some(start / SEGMENT as u64)
}

struct Message<'a> {
    kind: u8,
    segment: u64,
    page: u64,
    contents: &'a [u8],
    /// Bytes of all of it.
    length: usize,
}

/// What seems to be a message of this segment.
fn messages(segment: &[u8], number: Option<u64>) -> Vec<Message<'_>> {
    let mut messages = Vec::new();
    let mut at = SEGMENT_HEADER;
    while at < segment.len() {
        let message = Message::parse(&segment[at..])
            .filter(|message| number.is_none_or(|number| number == message.segment))
            .filter(|message| message.is_exact() || message.is_followed(segment, at + message.length));
        match message {
            Some(message) => {
                at += message.length;
                messages.push(message);
            }
            // Something here is damaged: the next one is where one is found.
            None => at += 1,
        }
    }
    messages
}

impl<'a> Message<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes.get(4..)?;
        let kind = take(&mut rest, 1)?[0];
        let length = usize::try_from(number(&mut rest)?).ok()?;
        let segment = number(&mut rest)?;
        let page = number(&mut rest)?;
        let contents = take(&mut rest, length)?;
        let known = (1..=LAST_KIND).contains(&kind);
        known.then_some(Self { kind, segment, page, contents, length: bytes.len() - rest.len() })
    }

    /// Whether it is nothing but a node, or a link that sets a key.
    fn is_exact(&self) -> bool {
        self.node().is_some_and(|node| node.exact) || self.link().is_some()
    }

    /// Whether another of the same segment begins where it ends, or nothing does.
    fn is_followed(&self, segment: &[u8], end: usize) -> bool {
        let rest = &segment[end..];
        rest.len() < RED_ZONE
            || rest[..RED_ZONE].iter().all(|byte| *byte == 0)
            || Message::parse(rest).is_some_and(|next| next.segment == self.segment)
    }

    /// As much of a leaf as can be read.
    fn node(&self) -> Option<Node<'a>> {
        if self.kind != NODE {
            return None;
        }
        let mut rest = self.contents;
        let (_next, _merging_child) = (number(&mut rest)?, number(&mut rest)?);
        let (_merging, prefix) = (take(&mut rest, 1)?, take(&mut rest, 1)?[0]);
        let (low, _high) = (sized(&mut rest)?, sized(&mut rest)?);
        let prefix = low.get(..usize::from(prefix))?;
        if take(&mut rest, 1)? != [0] {
            return None;
        }
        let count = number(&mut rest)?;
        let mut keys = Vec::new();
        for _ in 0..count {
            keys.push(sized(&mut rest)?);
        }
        let mut pairs = Vec::new();
        for key in keys {
            let Some(value) = sized(&mut rest) else { break };
            pairs.push((key, value));
        }
        let exact = rest.is_empty() && pairs.len() as u64 == count;
        Some(Node { prefix, pairs, exact })
    }

    /// The key that a link sets, and its value.
    fn link(&self) -> Option<(&'a [u8], &'a [u8])> {
        let mut rest = self.contents;
        if self.kind != LINK || take(&mut rest, 1)? != [0] {
            return None;
        }
        let (key, value) = (sized(&mut rest)?, sized(&mut rest)?);
        rest.is_empty().then_some((key, value))
    }
}

struct Node<'a> {
    /// What its keys begin with.
    prefix: &'a [u8],
    /// The rest of each key, and its value.
    pairs: Vec<(&'a [u8], &'a [u8])>,
    /// Whether that is all of it.
    exact: bool,
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(rest)?).ok()?;
    take(rest, length)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let first = take(rest, 1)?[0];
    Some(match first {
        0..=240 => u64::from(first),
        241..=248 => 240 + 256 * (u64::from(first) - 241) + u64::from(take(rest, 1)?[0]),
        249 => {
            let bytes = take(rest, 2)?;
            2288 + 256 * u64::from(bytes[0]) + u64::from(bytes[1])
        }
        250..=255 => {
            let bytes = take(rest, usize::from(first) - 247)?;
            bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_sled_writes_them() {
        for (bytes, expected) in [
            (&[0][..], 0),
            (&[240], 240),
            (&[241, 0], 240),
            (&[248, 255], 2287),
            (&[249, 0, 0], 2288),
            (&[249, 255, 255], 67823),
            (&[250, 1, 2, 3], 0x03_0201),
            (&[255, 1, 0, 0, 0, 0, 0, 0, 0x80], 0x8000_0000_0000_0001),
        ] {
            let mut rest = bytes;
            assert_eq!((number(&mut rest), rest.len()), (Some(expected), 0), "{bytes:?}");
            assert_eq!(number(&mut &bytes[..bytes.len() - 1]), None);
        }
    }

    /// Whatever is written through sled is found in its file, whichever way it came there.
    #[test]
    fn everything_in_a_database_is_found_in_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut expected = std::collections::HashSet::new();
        for round in 0..3 {
            let database = sled_open(dir.path());
            for number in 0..400u32 {
                let key = format!("r/run-{}/e/{round}{number:03}", number % 7).into_bytes();
                let value = vec![b'a' + u8::try_from(number % 26).unwrap(); number as usize * 10];
                database.insert(key.clone(), value.clone()).unwrap();
                expected.insert((key, value));
            }
            database.flush().unwrap();
        }
        let mut found = std::collections::HashSet::new();
        scan(&dir.path().join("db"), |key, value| {
            found.insert((key.to_vec(), value.to_vec()));
        })
        .unwrap();
        let missing = expected.difference(&found).count();
        assert_eq!(missing, 0, "of {}", expected.len());
    }

    fn sled_open(dir: &Path) -> sled::Db {
        // Its threads can hold its lock for a moment after it was dropped.
        for _ in 0..500 {
            if let Ok(database) = sled::Config::new().path(dir).open() {
                return database;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        sled::Config::new().path(dir).open().unwrap()
    }

    #[test]
    fn noise_is_read_without_harm() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("db");
        let mut state = 1_u64;
        let noise: Vec<u8> = (0..700_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        for length in [0, 1, 19, 20, 21, 700_000] {
            std::fs::write(&path, &noise[..length]).unwrap();
            scan(&path, |_, _| {}).unwrap();
        }
    }
}
