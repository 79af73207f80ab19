//! Writing results to standard output, and notes to standard error. Whatever is written for people passes
//! [`plain::lines`] here, so that no text of others moves the cursor, hides or turns what is read. A reader that goes
//! away (`| head`) ends the output, not the work: `println!` and `eprintln!` would panic.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::PoisonError;

use factory_core::plain;
use serde::Serialize;

/// The first error of standard output, other than that its reader has gone.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints text; what is hidden in it is shown as its code.
pub(crate) fn text(text: &str) {
    raw(&plain::lines(text));
}

/// Prints text to the letter. For programs only: exports, and patches that git applies.
pub(crate) fn raw(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        lose(error);
    }
}

/// Remembers that something was not printed. A closed pipe is the reader's decision.
pub(crate) fn lose(error: io::Error) {
    if error.kind() != io::ErrorKind::BrokenPipe {
        LOST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Why something was not printed that should have been, if so.
pub(crate) fn lost() -> Option<io::Error> {
    LOST.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Prints a line.
pub(crate) fn line(line: &str) {
    text(&format!("{line}\n"));
}

/// Prints text to standard error; what is hidden in it is shown as its code.
pub(crate) fn note(text: &str) {
    // Without standard error there is nobody to tell.
    let _ = Notes.write_all(text.as_bytes());
}

/// Prints a line to standard error.
pub(crate) fn note_line(line: &str) {
    note(&format!("{line}\n"));
}

/// Standard error for people: what is hidden in each piece that is written is shown as its code.
pub(crate) struct Notes;

impl Write for Notes {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let mut err = io::stderr().lock();
        err.write_all(plain::lines(&String::from_utf8_lossy(piece)).as_bytes())?;
        err.flush()?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Prints a JSON document over several lines.
pub(crate) fn json<T: Serialize>(value: &T) {
    let text = serde_json::to_string_pretty(value).expect("what is printed holds only what JSON can say");
    raw(&format!("{}\n", plain::json(&text)));
}

/// Prints a JSON document on one line.
pub(crate) fn json_line<T: Serialize>(value: &T) {
    let text = serde_json::to_string(value).expect("what is printed holds only what JSON can say");
    raw(&format!("{}\n", plain::json(&text)));
}
