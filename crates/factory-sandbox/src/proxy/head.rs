//! The head of a request to the proxy: `CONNECT host:port HTTP/1.1` (or 1.0), header lines, an empty line, and nothing else.
//!
//! Stricter than RFC 9112 wherever that leaves a choice, because what two readers understand differently is how requests
//! are smuggled: lines end with CR LF and with nothing else, no line is folded, every byte is printable ASCII, nothing
//! stands before the request line or after the head, and no body is announced. `Host` may be left out; if it is there, it
//! names the target, with or without the port.

use super::target::{Target, TargetFault};

/// The most bytes of a head, the empty line included.
pub(super) const HEAD_BYTES: usize = 8 * 1024;
/// The most header lines.
pub(super) const HEADER_LINES: usize = 64;

const METHOD: &str = "CONNECT ";
/// A tunnel is the same in both; clients of Python up to 3.11 ask in the older one.
const VERSIONS: [&str; 2] = [" HTTP/1.1", " HTTP/1.0"];

/// What a head says so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// Nothing wrong yet, but more has to come.
    Partial,
    /// A tunnel to this target is asked for.
    Connect(Target),
}

/// Why a head is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum HeadFault {
    #[error("the request head is longer than {HEAD_BYTES} bytes")]
    TooLong,
    #[error("the request has more than {HEADER_LINES} header lines")]
    TooManyLines,
    #[error("a line of the request head does not end with CR LF")]
    LineEnd,
    #[error("the request head holds a byte that is not printable ASCII")]
    Byte,
    #[error("only CONNECT is understood")]
    Method,
    #[error("only HTTP/1.1 and HTTP/1.0 are understood")]
    Version,
    #[error("the target is no host:port")]
    Target(#[source] TargetFault),
    #[error("a header line is folded")]
    Folded,
    #[error("a header line is malformed")]
    Header,
    #[error("there is more than one Host header")]
    HostTwice,
    #[error("the Host header names another host than the target")]
    HostDisagrees,
    #[error("a CONNECT request has no body")]
    Body,
    #[error("there is more after the request head, before the answer")]
    Early,
}

/// Reads the beginning of a connection. What was refused once stays refused, however much follows.
pub(super) fn read(bytes: &[u8]) -> Result<Head, HeadFault> {
    let within = &bytes[..bytes.len().min(HEAD_BYTES)];
    let mut rest = within;
    let mut target: Option<Target> = None;
    let mut hosts = 0;
    let mut lines = 0;
    while let Some((line, after)) = next_line(rest)? {
        rest = after;
        match &target {
            None => target = Some(request_line(line)?),
            Some(asked) if line.is_empty() => {
                let length = within.len() - rest.len();
                return if bytes.len() == length {
                    Ok(Head::Connect(asked.clone()))
                } else {
                    Err(HeadFault::Early)
                };
            }
            Some(asked) => {
                lines += 1;
                if lines > HEADER_LINES {
                    return Err(HeadFault::TooManyLines);
                }
                header(line, asked, &mut hosts)?;
            }
        }
    }
    if bytes.len() >= HEAD_BYTES { Err(HeadFault::TooLong) } else { Ok(Head::Partial) }
}

/// The next line without its end, and what follows it; `None` as long as it has no end.
fn next_line(bytes: &[u8]) -> Result<Option<(&str, &[u8])>, HeadFault> {
    let Some(end) = bytes.iter().position(|byte| !matches!(byte, 0x20..=0x7e)) else {
        return Ok(None);
    };
    match (bytes[end], bytes.get(end + 1)) {
        (b'\r', Some(b'\n')) => {}
        (b'\r', None) => return Ok(None),
        (b'\r', Some(_)) | (b'\n', _) => return Err(HeadFault::LineEnd),
        _ => return Err(HeadFault::Byte),
    }
    let line = std::str::from_utf8(&bytes[..end]).map_err(|_| HeadFault::Byte)?;
    Ok(Some((line, &bytes[end + 2..])))
}

fn request_line(line: &str) -> Result<Target, HeadFault> {
    let rest = line.strip_prefix(METHOD).ok_or(HeadFault::Method)?;
    let target = VERSIONS.iter().find_map(|version| rest.strip_suffix(version)).ok_or(HeadFault::Version)?;
    Target::requested(target).map_err(HeadFault::Target)
}

fn header(line: &str, target: &Target, hosts: &mut usize) -> Result<(), HeadFault> {
    if line.starts_with(' ') {
        return Err(HeadFault::Folded);
    }
    let (name, value) = line.split_once(':').ok_or(HeadFault::Header)?;
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(HeadFault::Header);
    }
    let value = value.trim_matches(' ');
    match name.to_ascii_lowercase().as_str() {
        "host" => {
            *hosts += 1;
            if *hosts > 1 {
                return Err(HeadFault::HostTwice);
            }
            let host = value.to_ascii_lowercase();
            if host != target.text() && host != target.host_text() {
                return Err(HeadFault::HostDisagrees);
            }
        }
        "transfer-encoding" => return Err(HeadFault::Body),
        "content-length" if value != "0" => return Err(HeadFault::Body),
        _ => {}
    }
    Ok(())
}

/// A character of a header's name (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "CONNECT Allowed.example:443 HTTP/1.1\r\nHost: allowed.example:443\r\nX-Y: z w\r\n\r\n";

    fn refused(text: &str) -> HeadFault {
        read(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_head_is_partial_until_its_last_byte() {
        for end in 0..GOOD.len() {
            assert_eq!(read(&GOOD.as_bytes()[..end]), Ok(Head::Partial), "{end}");
        }
        let target = Target::parse("allowed.example:443").unwrap();
        assert_eq!(read(GOOD.as_bytes()), Ok(Head::Connect(target)));
    }

    #[test]
    fn the_host_header_agrees_or_is_left_out() {
        let with = |header: &str| {
            read(format!("CONNECT a.example:443 HTTP/1.1\r\n{header}\r\n").as_bytes()).map(|_| ())
        };
        for fine in ["", "Host: a.example:443\r\n", "HOST:A.example\r\n", "Content-Length: 0\r\n"] {
            assert_eq!(with(fine), Ok(()), "{fine:?}");
        }
        for (header, fault) in [
            ("Host: b.example:443\r\n", HeadFault::HostDisagrees),
            ("Host: a.example:80\r\n", HeadFault::HostDisagrees),
            ("Host: \r\n", HeadFault::HostDisagrees),
            ("Host: a.example\r\nHost: a.example\r\n", HeadFault::HostTwice),
            ("Content-Length: 5\r\n", HeadFault::Body),
            ("Transfer-Encoding: chunked\r\n", HeadFault::Body),
            ("no colon\r\n", HeadFault::Header),
            (": nothing\r\n", HeadFault::Header),
            ("Host : a.example\r\n", HeadFault::Header),
        ] {
            assert_eq!(with(header), Err(fault), "{header:?}");
        }
    }

    #[test]
    fn the_bounds_hold_to_the_byte() {
        let start = "CONNECT a.example:443 HTTP/1.1\r\n";
        let lines = |count: usize| format!("{start}{}\r\n", "A: b\r\n".repeat(count));
        assert!(matches!(read(lines(HEADER_LINES).as_bytes()), Ok(Head::Connect(_))));
        assert_eq!(refused(&lines(HEADER_LINES + 1)), HeadFault::TooManyLines);

        let padded = |length: usize| {
            let padding = length - start.len() - "A: \r\n\r\n".len();
            format!("{start}A: {}\r\n\r\n", "b".repeat(padding))
        };
        assert!(matches!(read(padded(HEAD_BYTES).as_bytes()), Ok(Head::Connect(_))));
        assert_eq!(refused(&padded(HEAD_BYTES + 1)), HeadFault::TooLong);
        assert_eq!(refused(&"C".repeat(HEAD_BYTES)), HeadFault::TooLong);
    }
}
