//! What was asked of a proxy, on record.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How many requests of each kind, allowed and refused, are kept one by one. Each kind has its own room, so that a flood
/// of refusals pushes no use out.
const KEPT: usize = 1024;
/// How much of a text that the sandbox chose is kept, in characters.
const TARGET_CHARS: usize = 300;

/// One request to a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// `host:port` in lower case; of a malformed request its beginning, escaped. Printable ASCII that the sandbox chose.
    pub target: String,
    /// Whether a connection was permitted. It may still have failed; then nothing went through.
    pub allowed: bool,
    /// Bytes from the sandbox to the target.
    pub bytes_out: u64,
    /// Bytes from the target to the sandbox.
    pub bytes_in: u64,
}

/// What was asked of a proxy so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accesses {
    /// The requests, the earliest first: at most 1024 allowed and as many refused ones.
    pub list: Vec<Access>,
    /// How many more there were. Their bytes are in the sums below.
    pub dropped: u64,
    /// Bytes from the sandbox to all targets.
    pub bytes_out: u64,
    /// Bytes from all targets to the sandbox.
    pub bytes_in: u64,
}

/// The list while it grows. Clones are one list.
#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    entries: Mutex<Entries>,
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
}

#[derive(Debug, Default)]
struct Entries {
    list: Vec<Entry>,
    allowed: usize,
    refused: usize,
    dropped: u64,
}

#[derive(Debug)]
struct Entry {
    target: String,
    allowed: bool,
    bytes: Arc<Bytes>,
}

#[derive(Debug, Default)]
struct Bytes {
    out: AtomicU64,
    r#in: AtomicU64,
}

/// Where an allowed request counts its bytes: at once, so that a tunnel that is cut off has counted all the same.
#[derive(Debug, Clone)]
pub(super) struct Meter {
    log: Log,
    bytes: Arc<Bytes>,
}

impl Log {
    /// Notes a request that may connect.
    pub(super) fn allow(&self, target: &str) -> Meter {
        let bytes = Arc::new(Bytes::default());
        self.note(target, true, Arc::clone(&bytes));
        Meter { log: self.clone(), bytes }
    }

    /// Notes a request that may not.
    pub(super) fn refuse(&self, target: &str) {
        self.note(target, false, Arc::default());
    }

    fn note(&self, target: &str, allowed: bool, bytes: Arc<Bytes>) {
        let mut entries = self.0.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = if allowed { &mut entries.allowed } else { &mut entries.refused };
        if *kept == KEPT {
            entries.dropped += 1;
            return;
        }
        *kept += 1;
        let target = target.escape_default().take(TARGET_CHARS).collect();
        entries.list.push(Entry { target, allowed, bytes });
    }

    /// All of it, as it stands.
    pub(super) fn read(&self) -> Accesses {
        let entries = self.0.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let list = entries.list.iter().map(|entry| Access {
            target: entry.target.clone(),
            allowed: entry.allowed,
            bytes_out: entry.bytes.out.load(Ordering::Relaxed),
            bytes_in: entry.bytes.r#in.load(Ordering::Relaxed),
        });
        Accesses {
            list: list.collect(),
            dropped: entries.dropped,
            bytes_out: self.0.bytes_out.load(Ordering::Relaxed),
            bytes_in: self.0.bytes_in.load(Ordering::Relaxed),
        }
    }
}

impl Meter {
    /// Bytes went from the sandbox to the target.
    pub(super) fn sent(&self, count: u64) {
        self.bytes.out.fetch_add(count, Ordering::Relaxed);
        self.log.0.bytes_out.fetch_add(count, Ordering::Relaxed);
    }

    /// Bytes went from the target to the sandbox.
    pub(super) fn received(&self, count: u64) {
        self.bytes.r#in.fetch_add(count, Ordering::Relaxed);
        self.log.0.bytes_in.fetch_add(count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_pushes_no_use_out() {
        let log = Log::default();
        for _ in 0..KEPT + 5 {
            log.refuse("evil.example:443");
        }
        let meter = log.allow("allowed.example:443");
        meter.sent(7);
        meter.received(9);
        let read = log.read();
        assert_eq!((read.list.len(), read.dropped), (KEPT + 1, 5));
        let used = read.list.last().unwrap();
        assert_eq!((used.target.as_str(), used.allowed), ("allowed.example:443", true));
        assert_eq!((used.bytes_out, used.bytes_in), (7, 9));
    }

    #[test]
    fn what_is_dropped_still_counts() {
        let log = Log::default();
        for _ in 0..=KEPT {
            log.allow("allowed.example:443").sent(1);
        }
        let read = log.read();
        assert_eq!((read.list.len(), read.dropped), (KEPT, 1));
        assert_eq!(read.bytes_out, u64::try_from(KEPT).unwrap() + 1);
    }

    #[test]
    fn a_text_from_the_sandbox_is_tamed() {
        let log = Log::default();
        log.refuse("a\x1b[31m\r\n\u{202e}é");
        log.refuse(&"x".repeat(TARGET_CHARS * 2));
        let list = log.read().list;
        assert_eq!(list[0].target, "a\\u{1b}[31m\\r\\n\\u{202e}\\u{e9}");
        assert_eq!(list[1].target.len(), TARGET_CHARS);
    }
}
