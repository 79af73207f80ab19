//! The form from which every hash can be computed again: a header, then one entry a line with its exact bytes.
//!
//! A whole export begins with entry 0 and has no gaps. An extract has the entries of one run; where an entry does not
//! follow the one in the line before, its line has the hash that it was linked to, so that each entry can still be held
//! against its hash. That nothing was left out of an extract cannot be shown.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::link;
use crate::event::{Event, Proof};
use crate::ids::{Digest, RunId, Timestamp};
use crate::ledger::entry::{Decided, LedgerEntry};

/// The version of the form. A newer one is refused.
pub const SCHEMA: u32 = 1;

/// What the header says that the file is.
const EXPORT: &str = "factory decision ledger";

/// The first line. `C` is a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header<C> {
    /// What the file is.
    export: String,
    /// Version of the form; see [`SCHEMA`].
    schema: u32,
    /// How many entries the ledger had.
    pub count: u64,
    /// The hash of its last entry; none of an empty one.
    pub head: Option<Digest>,
    /// The hash of its first entry.
    pub first: Option<Digest>,
    /// Of an extract: the run that it is of.
    pub run: Option<RunId>,
    /// When it was written.
    pub exported_at: Timestamp,
    /// The version of factory that wrote it.
    pub factory: String,
    /// The checkpoints that there were.
    pub checkpoints: Vec<C>,
}

impl<C> Header<C> {
    /// The header of a ledger of no entries that nobody has made checkpoints of.
    pub fn new(exported_at: Timestamp, factory: String) -> Self {
        Self {
            export: EXPORT.to_owned(),
            schema: SCHEMA,
            count: 0,
            head: None,
            first: None,
            run: None,
            exported_at,
            factory,
            checkpoints: Vec::new(),
        }
    }
}

/// An entry to be written.
#[derive(Debug, Clone)]
pub struct Exact<'a> {
    /// Where it stands, from 0.
    pub position: u64,
    /// Its hash.
    pub hash: Digest,
    /// The hash before it; none of the first.
    pub previous: Option<Digest>,
    /// Its exact bytes.
    pub bytes: &'a [u8],
    /// Of a decision that was signed: the signature's text.
    pub signature: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    position: u64,
    hash: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(borrow)]
    entry: &'a RawValue,
}

/// An entry that cannot be written so that its exact bytes can be read again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {0} is not JSON on one line")]
pub struct NotExportable(pub u64);

/// The whole file.
///
/// # Errors
/// [`NotExportable`] names the first entry whose bytes are none that this factory would have written.
pub fn write<C: Serialize>(header: &Header<C>, entries: &[Exact<'_>]) -> Result<String, NotExportable> {
    const JSON: &str = "headers and lines hold only what JSON can say";
    let mut text = serde_json::to_string(header).expect(JSON);
    text.push('\n');
    let mut before: Option<u64> = None;
    for exact in entries {
        let bad = || NotExportable(exact.position);
        let entry: &RawValue = serde_json::from_slice(exact.bytes).map_err(|_| bad())?;
        // Space around the value would be lost, and a line break would end the line.
        if entry.get().as_bytes() != exact.bytes || entry.get().contains(['\n', '\r']) {
            return Err(bad());
        }
        let follows = exact.position == before.map_or(0, |before| before + 1);
        let line = Line {
            position: exact.position,
            hash: exact.hash.clone(),
            previous: exact.previous.clone().filter(|_| !follows),
            signature: exact.signature.clone(),
            entry,
        };
        text.push_str(&serde_json::to_string(&line).expect(JSON));
        text.push('\n');
        before = Some(exact.position);
    }
    Ok(text)
}

/// What is wrong with an export, or with one line of it. Lines count from 1, entries from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing can be said of the rest.
    #[error("line 1 is no header of an export: {0}")]
    Header(String),
    /// Not a line of an export.
    #[error("line {line} cannot be read: {detail}")]
    Line {
        /// The line.
        line: usize,
        /// Why.
        detail: String,
    },
    /// The last line has no end: something was cut off.
    #[error("the file ends in the middle of line {0}")]
    Cut(usize),
    /// An entry is missing, is there twice, or stands elsewhere.
    #[error("line {line} has entry {found} where entry {expected} was expected")]
    Order {
        /// The line.
        line: usize,
        /// What should be there.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The bytes are not those that were hashed, or not after this entry.
    #[error("entry {position} is not what was written: its bytes and the hash before it give {computed}")]
    Hash {
        /// The entry.
        position: u64,
        /// The hash that they give.
        computed: Digest,
    },
    /// What the header says does not hold.
    #[error("the header says that {what} is {said}, and it is {found}")]
    Summary {
        /// `the number of entries` and the like.
        what: &'static str,
        /// What it says.
        said: String,
        /// What is so.
        found: String,
    },
    /// A line has a signature, and its entry says of none.
    #[error("entry {0} has a signature, and is no decision that was signed")]
    NotSigned(u64),
    /// An extract has something of another run.
    #[error("entry {position} is not of the run {run}")]
    OtherRun {
        /// The entry.
        position: u64,
        /// The run of the extract.
        run: RunId,
    },
}

impl Fault {
    /// The entry that it is about, if it is about one.
    pub fn position(&self) -> Option<u64> {
        match self {
            Fault::Hash { position, .. } | Fault::OtherRun { position, .. } | Fault::NotSigned(position) => {
                Some(*position)
            }
            Fault::Order { expected, .. } => Some(*expected),
            Fault::Header(_) | Fault::Line { .. } | Fault::Cut(_) | Fault::Summary { .. } => None,
        }
    }
}

/// An entry that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Where it says that it stands.
    pub position: u64,
    /// The hash that it says it has.
    pub hash: Digest,
    /// The entry.
    pub entry: LedgerEntry,
    /// The signature's text, of a decision that was signed.
    pub signature: Option<String>,
}

/// An export as far as it can be read.
#[derive(Debug, Clone)]
pub struct Reading<C> {
    /// The first line.
    pub header: Option<Header<C>>,
    /// The entries that can be read.
    pub entries: Vec<Read>,
    /// What is wrong, in the order of the lines.
    pub faults: Vec<Fault>,
}

/// Reads an export and holds each entry against its hash, and all of them against the header. Goes on after a fault, as
/// if that line's hash were right, so that every line is judged by itself.
pub fn read<C: DeserializeOwned>(bytes: &[u8]) -> Reading<C> {
    let mut reading = Reading { header: None, entries: Vec::new(), faults: Vec::new() };
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate();
    let first = lines.next().map_or(&b""[..], |(_, line)| line);
    match header(first) {
        Ok(header) => reading.header = Some(header),
        Err(why) => {
            reading.faults.push(Fault::Header(why));
            return reading;
        }
    }
    let run = reading.header.as_ref().and_then(|header| header.run.clone());
    let mut before: Option<(u64, Digest)> = None;
    for (index, line) in lines {
        let line = Numbered { number: index + 1, bytes: line };
        if let Some(read) = entry(&line, run.as_ref(), before.as_ref(), &mut reading.faults) {
            before = Some((read.position, read.hash.clone()));
            reading.entries.extend(read.entry.map(|entry| Read {
                position: read.position,
                hash: read.hash,
                entry,
                signature: read.signature,
            }));
        }
    }
    if !bytes.ends_with(b"\n") {
        reading.faults.push(Fault::Cut(bytes.split(|byte| *byte == b'\n').count()));
    }
    summary(&mut reading, before.as_ref());
    reading
}

fn header<C: DeserializeOwned>(line: &[u8]) -> Result<Header<C>, String> {
    #[derive(Deserialize)]
    struct SchemaOnly {
        export: String,
        schema: u32,
    }
    let what: SchemaOnly = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if what.export != EXPORT {
        return Err(format!("it is a `{}`", what.export));
    }
    if what.schema != SCHEMA {
        return Err(format!("it has format version {}, this factory knows {SCHEMA}", what.schema));
    }
    serde_json::from_slice(line).map_err(|error| error.to_string())
}

struct Numbered<'a> {
    number: usize,
    bytes: &'a [u8],
}

/// A line whose place in the chain is known, whether or not its entry can be read.
struct Linked {
    position: u64,
    hash: Digest,
    signature: Option<String>,
    entry: Option<LedgerEntry>,
}

fn entry(
    line: &Numbered<'_>,
    run: Option<&RunId>,
    before: Option<&(u64, Digest)>,
    faults: &mut Vec<Fault>,
) -> Option<Linked> {
    let bad = |detail: String| Fault::Line { line: line.number, detail };
    let read: Line<'_> = match serde_json::from_slice(line.bytes) {
        Ok(read) => read,
        Err(error) => {
            faults.push(bad(error.to_string()));
            return None;
        }
    };
    let expected = before.map_or(0, |(position, _)| position.saturating_add(1));
    let in_order = if run.is_some() { read.position >= expected } else { read.position == expected };
    if !in_order {
        faults.push(Fault::Order { line: line.number, expected, found: read.position });
    }
    let follows = read.position == expected;
    let previous = match (follows, run) {
        (false, Some(_)) => read.previous.as_ref(),
        // Without a run there are no gaps: what stands in the line before is what it was linked to.
        (true, _) | (false, None) => before.map(|(_, hash)| hash),
    };
    let computed = link(previous, read.entry.get().as_bytes());
    if computed != read.hash {
        faults.push(Fault::Hash { position: read.position, computed });
    }
    let entry = match LedgerEntry::from_bytes(read.entry.get().as_bytes()) {
        Ok(entry) => {
            if run.is_some_and(|run| run_of(&entry) != Some(run)) {
                faults.extend(run.map(|run| Fault::OtherRun { position: read.position, run: run.clone() }));
            }
            if read.signature.is_some() && signed(&entry).is_none() {
                faults.push(Fault::NotSigned(read.position));
            }
            Some(entry)
        }
        Err(error) => {
            faults.push(bad(error.to_string()));
            None
        }
    };
    Some(Linked { position: read.position, hash: read.hash, signature: read.signature, entry })
}

/// The run that an entry is about.
pub fn run_of(entry: &LedgerEntry) -> Option<&RunId> {
    match &entry.decided {
        Decided::Request(request) => Some(&request.run),
        Decided::Run { run, .. } => Some(run),
        Decided::Trust(_) => None,
    }
}

/// The fingerprint of the key that a decision was signed with, and the digest of the signature's text.
pub fn signed(entry: &LedgerEntry) -> Option<(&str, &Digest)> {
    let Decided::Run { event, .. } = &entry.decided else { return None };
    let Event::GateDecided(decided) = event.as_ref() else { return None };
    match &decided.by.proof {
        Proof::Signed { fingerprint, signature } => Some((fingerprint, signature)),
        Proof::Unauthenticated => None,
    }
}

fn summary<C>(reading: &mut Reading<C>, last: Option<&(u64, Digest)>) {
    let Some(header) = &reading.header else { return };
    let found = last.map_or(0, |(position, _)| position.saturating_add(1));
    let wrong = |what: &'static str, said: String, found: String| Fault::Summary { what, said, found };
    let hash = |hash: Option<&Digest>| hash.map_or("none".to_owned(), ToString::to_string);
    let mut faults = Vec::new();
    if header.run.is_some() {
        if found > header.count {
            faults.push(wrong(
                "the number of entries",
                header.count.to_string(),
                format!("at least {found}"),
            ));
        }
    } else {
        if header.count != found {
            faults.push(wrong("the number of entries", header.count.to_string(), found.to_string()));
        }
        let head = last.map(|(_, hash)| hash);
        if header.head.as_ref() != head {
            faults.push(wrong("the last hash", hash(header.head.as_ref()), hash(head)));
        }
        let first = reading.entries.first().filter(|read| read.position == 0).map(|read| &read.hash);
        if header.first.as_ref() != first {
            faults.push(wrong("the first hash", hash(header.first.as_ref()), hash(first)));
        }
    }
    reading.faults.extend(faults);
}
