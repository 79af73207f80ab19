//! The reader of request heads under arbitrary bytes, held against a second opinion.

use super::allowed::Allowed;
use super::head::{self, HEAD_BYTES, Head};

/// What a request must begin with to get through the list below, in lower case.
const ONLY: &[u8] = b"connect allowed.example:443 http/1.1\r\n";

/// Reads `data` as a request head and checks what must hold for any bytes. Called by the tests with damaged heads, and by
/// the cargo-fuzz target in `fuzz/` with whatever it comes up with.
///
/// # Panics
/// When the reader is wrong: it lets through what the list does not hold to the byte, takes a head that has no end or
/// more than one, changes its mind as more bytes come, or reads a target that is not its own spelling.
pub fn fuzz_proxy_head(data: &[u8]) {
    let Ok(read) = head::read(data) else {
        return;
    };
    // What is fine as a whole was not refused, and not complete, at any point before.
    for end in (0..data.len()).rev().take(64).chain([data.len() / 2]).filter(|end| *end < data.len()) {
        assert_eq!(head::read(&data[..end]), Ok(Head::Partial), "a prefix of {end} bytes");
    }
    let Head::Connect(target) = read else {
        assert!(data.len() < HEAD_BYTES, "an endless head is waited for");
        return;
    };
    assert!(data.len() <= HEAD_BYTES, "a head beyond the bound");
    assert!(data.ends_with(b"\r\n\r\n"), "a head without an end");
    assert_eq!(data.windows(4).filter(|window| *window == b"\r\n\r\n").count(), 1, "two heads in one");
    assert!(data.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0x20..=0x7e)), "a byte that is no text");

    let line = format!("connect {target} http/1.1\r\n");
    assert!(data.to_ascii_lowercase().starts_with(line.as_bytes()), "{target} was not asked for");
    let again = Allowed::of([target.text()]).map(|allowed| allowed.lists(&target));
    assert_eq!(again, Ok(true), "{target} is not its own spelling");

    let listed = Allowed::of(["allowed.example:443"]).is_ok_and(|allowed| allowed.lists(&target));
    assert_eq!(listed, data.to_ascii_lowercase().starts_with(ONLY), "{target} and the list");
}
