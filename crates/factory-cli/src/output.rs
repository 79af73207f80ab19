//! Writing results to standard output, and notes to standard error. A reader that goes away (`| head`) ends the output,
//! not the work: `println!` and `eprintln!` would panic.

use std::io::{self, Write};

use serde::Serialize;

/// Prints text as it is.
pub(crate) fn text(text: &str) {
    let mut out = io::stdout().lock();
    // A closed pipe is the reader's decision.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints a line.
pub(crate) fn line(line: &str) {
    text(&format!("{line}\n"));
}

/// Prints text as it is to standard error.
pub(crate) fn note(text: &str) {
    let mut err = io::stderr().lock();
    // A closed pipe is the reader's decision.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// Prints a line to standard error.
pub(crate) fn note_line(line: &str) {
    note(&format!("{line}\n"));
}

/// Prints a JSON document over several lines.
pub(crate) fn json<T: Serialize>(value: &T) {
    line(&serde_json::to_string_pretty(value).expect("what is printed holds only what JSON can say"));
}

/// Prints a JSON document on one line.
pub(crate) fn json_line<T: Serialize>(value: &T) {
    line(&serde_json::to_string(value).expect("what is printed holds only what JSON can say"));
}
